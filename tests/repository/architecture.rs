//! The house's directions: a module uses what stands before it in the list, and nothing behind it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in their order, each with its files in theirs. A room uses earlier rooms by their names, a file the earlier
/// files of its room by theirs.
const HOUSE: [(&str, &str); 11] = [
    (
        "codes",
        "typed range random algorithm digits constant_time code counter time window parameters mac secret_error base32 \
         secret_text secret hotp totp clock",
    ),
    (
        "provisioning",
        "key_uri/error key_uri/repair key_uri/percent key_uri/names key_uri/value key_uri/build \
         key_uri/parse key_uri migration/error migration/wire migration/payload migration/import migration/export \
         migration qr token/error token/value token/text token pam/users_file pam/google_authenticator pam csv/error csv/columns csv/row csv/read csv pskc/error \
         pskc/file pskc/xml pskc/date pskc/policy pskc/encryption pskc/key pskc/read pskc",
    ),
    ("account_id", ""),
    ("sealing", "key error key_file purpose keyring"),
    (
        "store",
        "block_on limit report contract any memory table_names sqlite/error sqlite/files sqlite/turns sqlite postgresql postgres/error \
         postgres/sql postgres/last_user postgres/connection postgres/check postgres redis/connections redis sqlx/error sqlx/taken \
         sqlx/adapter sqlx/postgres sqlx/mysql sqlx/sqlite conformance/bench conformance/laws conformance",
    ),
    (
        "account",
        "credential form_id relocation device/id device/session browser/id browser/cookie browser/recognized browser/side label actor origin diagnosis \
         profile guess_bound policy recovery/set_id stale proof proved voucher event wait denial \
         record_error error clock answer throttle browser/entry browser/list device/drift device/new_device device/entry device/searching \
         device/enrollment recovery/code recovery/codes recovery/set recovery/temporary submission state browser/status record/answer record/throttle record/relocation record/voucher record/no_value \
         record/device record/recovery record/temporary record/browser record attempt judge status commands/check_proof commands/sides commands/remember \
         commands/browsers commands/enroll \
         commands/confirm commands/change_devices commands/issue_recovery_codes commands/redeem commands/relocate \
         commands/verify commands/resync commands/temporary_code commands/unproven trace",
    ),
    ("sign_in", "note requirement limits stage state"),
    (
        "mfa",
        "judge check login manage browsers needs_code relocate sweep token stage unproven blocking",
    ),
    ("serialize", ""),
    ("manual", ""),
    ("lib", ""),
];

#[test]
fn modules_use_only_what_stands_before_them() {
    let mut edges = 0;
    for (file, code) in sources() {
        let user = place(&file).unwrap_or_else(|| panic!("{file} is not in the list"));
        for path in paths(&file, &code) {
            let used = place(&path)
                .unwrap_or_else(|| panic!("{file}: {path} names no file of its own room"));
            assert!(used <= user, "{file} uses {path}, which stands behind it");
            edges += usize::from(used != user);
        }
    }
    assert!(edges > 200, "the walk found {edges} edges");
}

/// Where a module stands. The own file of a room or folder only declares and re-exports, and stands behind all files.
fn place(module: &str) -> Option<(usize, usize)> {
    let (room, file) = module.split_once('/').unwrap_or((module, ""));
    let at = HOUSE.iter().position(|(name, _)| *name == room)?;
    let mut files = HOUSE[at].1.split(' ');
    match files.position(|known| known == file || file.starts_with(&format!("{known}/"))) {
        Some(place) => Some((at, place)),
        None if HOUSE[at].1.contains(&format!("{file}/")) => Some((at, usize::MAX)),
        None => file.is_empty().then_some((at, usize::MAX)),
    }
}

/// The modules that a file names by `crate::` and `super::`: of another room the room, of its own the file.
fn paths(file: &str, code: &str) -> Vec<String> {
    let folders: Vec<&str> = file.split('/').collect();
    let mut found = Vec::new();
    for (prefix, depth) in [("crate::", 0), ("super::", folders.len() - 1)] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)) {
                continue;
            }
            let rest = code[at + prefix.len()..].split("::").map(first_word);
            let names = folders[..depth].iter().copied().chain(rest);
            let modules: Vec<&str> = names
                .take_while(|name| name.starts_with(|c: char| c.is_lowercase()))
                .collect();
            match modules.first() {
                Some(room) if *room == folders[0] => found.push(modules.join("/")),
                Some(room) => found.push((*room).to_owned()),
                None => {} // a name in a text
            }
        }
    }
    found
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap()
}

/// Every file of the library by its module path, without comments and unit tests.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            match entry.is_dir() {
                true if entry.ends_with("tests") => {}
                true => walk(&entry, files),
                false => files.push(entry),
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&source, &mut files);
    let rust = files.iter().filter(|file| {
        file.extension().is_some_and(|end| end == "rs") && !file.ends_with("tests.rs")
    });
    rust.map(|file| {
        let name = file.strip_prefix(&source).unwrap().with_extension("");
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code: Vec<&str> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        (name.to_str().unwrap().to_owned(), code.join("\n"))
    })
    .collect()
}

#[test]
fn verdicts_leave_constant_time_in_one_module() {
    let leaving = sources().into_iter().filter(|(_, code)| {
        let is_converted = code
            .lines()
            .any(|line| line.contains("ct_") && line.contains(".into()"));
        is_converted
            || ["bool::from(", "unwrap_u8", "CtOption"]
                .into_iter()
                .any(|name| code.contains(name))
    });
    // Two codes are equal or not for callers alone.
    let leaving: BTreeSet<String> = leaving.map(|(file, _)| file).collect();
    assert_eq!(
        leaving,
        BTreeSet::from(["codes/code", "codes/constant_time"].map(str::to_owned))
    );
}
