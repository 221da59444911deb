//! The manual names tests: they must be there; its chapters must name every attack, every demand of the standards and
//! every limit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn chapter(name: &str) -> String {
    fs::read_to_string(root("src/manual").join(name)).unwrap()
}

/// The tests that a chapter names: `` `module::name` ``, in lower case.
fn named(chapter: &str) -> BTreeSet<(String, String)> {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    let spans = chapter.split('`').skip(1).step_by(2).filter_map(|span| span.split_once("::"));
    let tests = spans.filter(|(file, name)| is_name(file) && is_name(name));
    tests.map(|(file, name)| (file.to_owned(), name.to_owned())).collect()
}

/// The source of a file or folder.
fn text_of(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| text_of(&path))
        .collect()
}

/// A module of some test crate: a file, or a folder. A crate may have the name of one of its modules.
fn source_of(module: &str) -> String {
    if module == "src" {
        return text_of(&root("src"));
    }
    let crates = fs::read_dir(root("tests")).unwrap().map(|entry| entry.unwrap().path());
    let places = crates.flat_map(|folder| [folder.join(module).with_extension("rs"), folder.join(module)]);
    let found: Vec<PathBuf> = places.filter(|place| place.exists()).collect();
    assert_eq!(found.len(), 1, "{module}: {found:?}");
    text_of(&found[0])
}

/// Functions under `#[test]`, with parameters if they are properties.
fn tests_in(source: &str) -> BTreeSet<String> {
    let after = source.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ").map(|(_, rest)| rest));
    after.filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned())).collect()
}

#[test]
fn every_test_that_the_manual_names_is_there() {
    let mut count = 0;
    for name in ["attacks.md", "record_format.md", "standards.md"] {
        for (file, test) in named(&chapter(name)) {
            assert!(tests_in(&source_of(&file)).contains(&test), "{name}: there is no test {file}::{test}");
            count += 1;
        }
    }
    assert!(count > 100, "the walk found {count} tests");
}

#[test]
fn every_attack_has_its_row() {
    let chapter = chapter("attacks.md");
    let rows = |letter: char, last: u32| (1..=last).map(move |n| format!("| {letter}{n} |"));
    for row in rows('T', 22).chain(rows('R', 16)) {
        let line = chapter.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("no row {row}"));
        assert!(line.contains("::") || line.contains("open") || line.contains("duty"), "{line}");
    }
    let classes = chapter.split_once("# Classes of failure").unwrap().1.split_once("# Traps").unwrap().0;
    assert_eq!(classes.lines().filter(|line| line.starts_with("| ")).count(), 2 + 23, "with the head of the table");
}

#[test]
fn every_attack_that_is_tested_is_named() {
    let named: BTreeSet<String> = ["attacks.md", "standards.md"]
        .iter()
        .flat_map(|name| named(&chapter(name)))
        .filter(|(file, _)| file == "attacks")
        .map(|(_, test)| test)
        .collect();
    let tested = tests_in(&source_of("attacks"));
    let forgotten: Vec<_> = tested.difference(&named).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
    assert!(tested.len() > 50);
}

/// What the standards demand, by the ids that the chapter gives it: letter and how many.
const REQUIREMENTS: [(char, u32); 12] = [
    ('H', 20), // RFC 4226
    ('T', 18), // RFC 6238
    ('B', 3),  // RFC 4648
    ('U', 6),  // Key URI Format
    ('P', 2),  // RFC 6030
    ('O', 1),  // RFC 6287
    ('N', 32), // NIST SP 800-63B-4
    ('A', 21), // OWASP ASVS 5.0
    ('C', 4),  // OWASP cheat sheet
    ('D', 4),  // PCI DSS 4.0.1
    ('F', 4),  // NIST SP 800-131A, FIPS
    ('G', 1),  // FIDO
];

#[test]
fn every_requirement_has_its_row_once() {
    let chapter = chapter("standards.md");
    let (tables, duties) = chapter.split_once("# What is left to the application").unwrap();
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| id |") && !line.starts_with("| ---"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();

    let mut ids: Vec<&str> = rows.iter().flat_map(|row| row[0].split(", ")).collect();
    ids.sort_unstable();
    let mut expected: Vec<String> = REQUIREMENTS
        .iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |number| format!("{letter}-{number:02}")))
        .collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);

    for row in &rows {
        let [id, _, _, kept, shown] = row[..] else { panic!("{row:?}") };
        let answered =
            !named(shown).is_empty() || ["not offered", "not kept", "yours: "].iter().any(|word| kept.contains(word));
        assert!(answered, "{id}: no test, and neither out of reach nor the application's");
        let numbers = kept.split_once("yours: ").map_or("", |(_, numbers)| numbers);
        for number in numbers.split(", ").filter(|number| !number.is_empty()) {
            assert!(
                duties.lines().any(|line| line.starts_with(&format!("{number}. "))),
                "{id}: there is no duty {number}"
            );
        }
    }
}

/// The limits: file, a line of it, and the beginning of their row in the chapter on defaults. A number that changes, or
/// is new, has to be explained there.
const LIMITS: [(&str, &str, &str); 39] = [
    ("policy.rs", "window: Window::DEFAULT,", "| window | one step each way;"),
    ("policy.rs", "look_ahead: LookAhead::POLICY,", "| look-ahead of HOTP | 5 counters;"),
    ("policy.rs", "max_devices: 8,", "| devices | 8,"),
    ("policy.rs", "free_tries: 5,", "| free tries | 5 |"),
    ("policy.rs", "first_wait: Duration::from_secs(30),", "| waits | 30 s, doubled each time,"),
    ("policy.rs", "max_wait: Duration::from_secs(3600),", "| waits | 30 s, doubled each time, up to an hour |"),
    ("policy.rs", "max_failures: 100,", "| failures in a row | 100,"),
    ("policy.rs", "rotation_grace: Duration::ZERO,", "| grace of a rotated secret | none;"),
    (
        "policy.rs",
        "MAX_ROTATION_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);",
        "| grace of a rotated secret | none; 7 days",
    ),
    ("policy.rs", "MAX_FAILURES: u8 = 100;", "| failures in a row | 100,"),
    ("policy.rs", "MAX_DEVICES: u8 = 8;", "| devices | 8,"),
    (
        "policy.rs",
        "PRESSURE: Drain = Drain { burst: 15, interval: Duration::from_secs(DAY / PRESSURE_A_DAY) };",
        "| pressure | 15 at once,",
    ),
    ("policy.rs", "PRESSURE_A_DAY: u64 = 10;", "| pressure | 15 at once, one more every 2 h 24 min,"),
    (
        "policy.rs",
        "RESYNCS: Drain = Drain { burst: 3, interval: Duration::from_secs(DAY / 3) };",
        "| its budget | 3 at once, one more every 8 hours |",
    ),
    ("totp.rs", "DEFAULT: Self = Self { past: 1, future: 1 };", "| window | one step each way;"),
    ("totp.rs", "MAX_STEPS: u8 = 10;", "| window | one step each way; 10 at most,"),
    (
        "hotp.rs",
        "DEFAULT: Self = Self(10);",
        "| look-ahead of HOTP | 5 counters; 100 for a pair; 10 without an account |",
    ),
    ("hotp.rs", "POLICY: Self = Self(5);", "| look-ahead of HOTP | 5 counters;"),
    ("hotp.rs", "MAX: Self = Self(100);", "| look-ahead of HOTP | 5 counters; 100 for a pair;"),
    ("time.rs", "DEFAULT: Self = Self(NonZero::<u16>::MIN.saturating_add(29));", "| period | 30 s;"),
    ("secret.rs", "MIN_LEN: usize = 16;", "| secret, imported | 16 to"),
    ("secret.rs", "MAX_LEN: usize = 128;", "| secret, imported | 16 to 128 bytes |"),
    ("key_uri.rs", "MAX_NAME_LEN: usize = 128;", "| key URI | names of 128 bytes;"),
    ("key_uri.rs", "MAX_URI_LEN: usize = 4096;", "| key URI | names of 128 bytes; 4096 bytes"),
    ("account.rs", "CLOCK_TOLERANCE: Duration = Duration::from_secs(5);", "| clocks of servers | 5 s apart |"),
    ("account/account_id.rs", "MAX_LEN: usize = 1024;", "| account id | 1024 bytes |"),
    ("account/device.rs", "PENDING_LIFETIME: Duration = Duration::from_secs(10 * 60);", "| to confirm | 10 min,"),
    ("account/device.rs", "PENDING_TRIES: u8 = 5;", "| to confirm | 10 min, 5 tries |"),
    (
        "account/drift.rs",
        "MAX_LEARNED: i8 = 4;",
        "| drift, learned | by one after two logins off centre in the same direction, 4 at most |",
    ),
    ("account/drift.rs", "RESYNC_STEPS: i16 = 120;", "| resynchronization | two codes in a row within 120 steps"),
    ("account/drift.rs", "PROVISIONAL: Duration = Duration::from_secs(24 * 3600);", "| its life | a day,"),
    ("account/label.rs", "MAX_CHARS: usize = 64;", "| label | 64 characters |"),
    ("account/new_device.rs", "MIN_PERIOD: u16 = 15;", "| period | 30 s; 15 to"),
    ("account/new_device.rs", "MAX_PERIOD: u16 = 120;", "| period | 30 s; 15 to 120 s"),
    ("account/proof.rs", "SENSITIVE: Duration = Duration::from_secs(5 * 60);", "| a proof is fresh | 5 min |"),
    ("account/proof.rs", "SESSION_IDLE: Duration = Duration::from_secs(3600);", "| session | 1 h idle,"),
    (
        "account/proof.rs",
        "SESSION: Duration = Duration::from_secs(24 * 3600);",
        "| session | 1 h idle, 24 h over all |",
    ),
    ("account/recovery_code.rs", "COUNT: usize = 10;", "Ten of 115 secret bits each."),
    ("mfa.rs", "TRIES: usize = 8;", "| swaps | 8 tries,"),
];

#[test]
fn every_limit_has_its_reason() {
    let chapter = chapter("defaults.md");
    for (file, declared, row) in LIMITS {
        let source = fs::read_to_string(root("src").join(file)).unwrap();
        assert!(
            source.lines().any(|line| line.ends_with(declared)),
            "{file}: there is no line {declared:?}: has it changed?"
        );
        assert!(chapter.lines().any(|line| line.starts_with(row)), "defaults.md: no line begins with {row:?}");
    }
}

#[test]
fn every_constant_of_an_account_is_a_limit_or_none() {
    let not_limits = ["NEW: Self", "EMPTY: Self", "SYMBOLS:", "GROUP:", "ALPHABET:", "DAY:", "MOST:", "CODES:"];
    let profiles = ["DEFAULT: Self", "ASVS: Self", "NIST: Self", "PCI: Self"]; // their fields are
    let folder =
        fs::read_dir(root("src/account")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // The numbers of a record are those of its format; tests have their own.
    let others = ["record", "record.rs", "tests.rs"];
    let inside = folder.filter(|name| !others.contains(&name.as_str())).map(|name| format!("account/{name}"));
    let mut count = 0;
    for file in inside.chain(["policy.rs", "account.rs", "mfa.rs"].map(str::to_owned)) {
        let source = fs::read_to_string(root("src").join(&file)).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        let declarations = code.lines().filter_map(|line| line.split_once("const ").map(|(_, rest)| rest));
        for constant in declarations.filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase())) {
            count += 1;
            let known = LIMITS.iter().any(|(place, declared, _)| *place == file && *declared == constant)
                || not_limits.iter().chain(&profiles).any(|name| constant.starts_with(name));
            assert!(known, "{file}: {constant}: the chapter on defaults has to say why");
        }
        if file == "policy.rs" {
            let fields = code.split_once("pub const DEFAULT: Self = Self {").unwrap().1.split_once('}').unwrap().0;
            for field in fields.lines().map(str::trim).filter(|line| !line.is_empty()) {
                assert!(LIMITS.iter().any(|(_, declared, _)| *declared == field), "{field}: why?");
            }
        }
    }
    assert!(count > 20, "the walk found {count} constants");
}

#[test]
fn every_chapter_is_part_of_the_documentation() {
    let module = fs::read_to_string(root("src/manual.rs")).unwrap();
    for entry in fs::read_dir(root("src/manual")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".md").unwrap();
        assert!(module.contains(&format!("include_str!(\"manual/{name}\")")), "{name}");
        assert!(module.contains(&format!("pub mod {stem} {{}}")), "{name}");
    }
}
