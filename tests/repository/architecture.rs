//! The house's directions: which module may name which. Codes never mention accounts, adapters never mention codes,
//! only `mfa` mentions both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What a file, or a folder with its file, may use.
const MAY_USE: [(&str, &[&str]); 23] = [
    ("declassify", &[]),
    ("mac", &[]),
    ("code", &[]),
    ("time", &["error"]),
    ("secret", &["error", "mac"]),
    ("hotp", &["code", "declassify", "error", "mac", "secret"]),
    ("totp", &["code", "declassify", "error", "hotp", "mac", "secret", "time"]),
    ("key_uri", &["code", "hotp", "mac", "secret", "time", "totp"]),
    ("migration", &["code", "hotp", "key_uri", "mac", "secret", "time"]),
    ("qr", &["key_uri", "migration", "secret"]),
    ("error", &["account", "seal"]),
    ("seal", &["account", "declassify", "error", "secret"]),
    ("policy", &["hotp", "totp"]),
    ("event", &["account", "seal", "time"]),
    (
        "account",
        &[
            "code",
            "declassify",
            "error",
            "event",
            "hotp",
            "key_uri",
            "mac",
            "policy",
            "seal",
            "secret",
            "store",
            "time",
            "totp",
        ],
    ),
    ("token", &["account", "error", "seal", "secret", "time"]),
    ("runtime", &[]),
    ("serialize", &["account", "code", "seal", "time"]),
    ("store", &["account", "runtime"]),
    ("mfa", &["account", "code", "error", "event", "policy", "seal", "secret", "store", "time", "token"]),
    ("blocking", &["account", "code", "error", "mfa", "runtime", "secret", "store", "time"]),
    ("lib", &[]),
    ("manual", &[]),
];

#[test]
fn modules_use_only_what_they_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let owners = owners(&fs::read_to_string(source.join("lib.rs")).unwrap());
    let mut edges = 0;
    for (module, file) in files(&source) {
        if module == "lib" {
            continue;
        }
        let may_use =
            MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("{module}: not in the table"));
        let text = fs::read_to_string(&file).unwrap();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for name in names_of_this_crate(&code) {
            let used = owners.get(&name).cloned().unwrap_or(name);
            if used != module {
                edges += 1;
                assert!(may_use.1.contains(&used.as_str()), "{} uses {used}", file.display());
            }
        }
    }
    assert!(edges > 40, "the walk found {edges} edges");
}

#[test]
fn verdicts_leave_constant_time_in_one_module() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let leaving = files(&source).into_iter().filter(|(_, file)| {
        let text = fs::read_to_string(file).unwrap();
        let is_used = |name: &str| text.contains(name);
        let is_converted = text.lines().any(|line| line.contains("ct_") && line.contains(".into()"));
        is_converted || ["bool::from(", "unwrap_u8", "CtOption"].into_iter().any(is_used)
    });
    // Two codes are equal or not for callers alone.
    let leaving: BTreeSet<String> = leaving.map(|(module, _)| module).collect();
    assert_eq!(leaving, BTreeSet::from(["code", "declassify"].map(str::to_owned)));
}

/// Which module a re-exported name comes from, as `lib.rs` says.
fn owners(lib: &str) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for statement in lib.split(';').filter_map(|part| part.split_once("pub use ").map(|(_, path)| path)) {
        let (module, names) = statement.split_once("::").unwrap();
        for name in names.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| starts_upper(name)) {
            owners.insert(name.to_owned(), module.to_owned());
        }
    }
    owners
}

fn files(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => walk(&entry, files),
                false => files.push(entry),
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, &mut found);
    let sources = found.into_iter().filter(|file| file.extension().is_some_and(|ext| ext == "rs"));
    sources
        .map(|file| {
            let first = file.strip_prefix(folder).unwrap().iter().next().unwrap().to_str().unwrap();
            (first.trim_end_matches(".rs").to_owned(), file)
        })
        .collect()
}

/// The first name after each `crate::`, in `use` lists too.
fn names_of_this_crate(code: &str) -> Vec<String> {
    let ident = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &code[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(|item| ident(item.trim())).collect(),
                None => vec![ident(rest)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn starts_upper(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}
