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

fn is_name(text: &str) -> bool {
    let fits = |c| matches!(c, 'a'..='z' | '0'..='9' | '_');
    !text.is_empty() && text.chars().all(fits)
}

/// The tests that a chapter names: `` `module::name` ``, in lower case.
fn named(chapter: &str) -> BTreeSet<(String, String)> {
    let spans = chapter
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|span| span.split_once("::"));
    let tests = spans.filter(|(file, name)| is_name(file) && is_name(name));
    tests
        .map(|(file, name)| (file.to_owned(), name.to_owned()))
        .collect()
}

/// The source of a file or folder.
fn text_of(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| text_of(&path))
        .collect()
}

/// A module of some test crate: a file, or a folder. A crate may have the name of one of its modules.
fn source_of(module: &str) -> String {
    match module {
        "src" => return text_of(&root("src")),
        "holes" => return text_of(&root("examples/axum-login/tests/holes.rs")),
        "web_login" => return text_of(&root("examples/web-login/tests")),
        _ => {}
    }
    let crates = fs::read_dir(root("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let places = crates.flat_map(|folder| {
        [
            folder.join(module).with_extension("rs"),
            folder.join(module),
        ]
    });
    let found: Vec<PathBuf> = places.filter(|place| place.exists()).collect();
    assert_eq!(found.len(), 1, "{module}: {found:?}");
    text_of(&found[0])
}

/// Functions under `#[test]`, with parameters if they are properties.
fn tests_in(source: &str) -> BTreeSet<String> {
    let after = source
        .split("#[test]")
        .skip(1)
        .filter_map(|rest| rest.split_once("fn ").map(|(_, rest)| rest));
    after
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn every_test_that_the_manual_names_is_there() {
    let mut count = 0;
    for name in [
        "attacks.md",
        "record_format.md",
        "standards.md",
        "../../examples/axum-login/README.md",
    ] {
        for (file, test) in named(&chapter(name)) {
            assert!(
                tests_in(&source_of(&file)).contains(&test),
                "{name}: there is no test {file}::{test}"
            );
            count += 1;
        }
    }
    assert!(count > 100, "the walk found {count} tests");
}

#[test]
fn every_mistake_of_copyists_names_a_test_that_is_there() {
    let readme = fs::read_to_string(root("examples/web-login/README.md")).unwrap();
    let (_, section) = readme.split_once("## The ten mistakes").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let tests = ["src", "tests"].map(|folder| text_of(&root("examples/web-login").join(folder)));
    let tests = tests_in(&tests.concat());
    let mistakes: Vec<&str> = section.split(". **").skip(1).collect();
    assert_eq!(mistakes.len(), 10);
    for mistake in mistakes {
        let spans = mistake.split('`').skip(1).step_by(2);
        let names: Vec<&str> = spans
            .filter(|span| span.contains('_') && is_name(span))
            .collect();
        assert!(!names.is_empty(), "{mistake}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}");
        }
    }
}

#[test]
fn every_attack_has_its_row() {
    let chapter = chapter("attacks.md");
    let rows = |letter: char, last: u32| (1..=last).map(move |n| format!("| {letter}{n} |"));
    for row in rows('T', 22).chain(rows('R', 16)) {
        let line = chapter
            .lines()
            .find(|line| line.starts_with(&row))
            .unwrap_or_else(|| panic!("no row {row}"));
        assert!(
            line.contains("::") || line.contains("open") || line.contains("duty"),
            "{line}"
        );
    }
    let classes = chapter
        .split_once("# Classes of failure")
        .unwrap()
        .1
        .split_once("# Traps")
        .unwrap()
        .0;
    assert_eq!(
        classes
            .lines()
            .filter(|line| line.starts_with("| "))
            .count(),
        2 + 23,
        "with the head of the table"
    );
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
const REQUIREMENTS: [(char, u32); 14] = [
    ('H', 20), // RFC 4226
    ('T', 18), // RFC 6238
    ('B', 3),  // RFC 4648
    ('U', 6),  // Key URI Format
    ('P', 3),  // RFC 6030
    ('O', 1),  // RFC 6287
    ('N', 41), // NIST SP 800-63B-4
    ('A', 28), // OWASP ASVS 5.0
    ('C', 4),  // OWASP cheat sheet
    ('D', 11), // PCI DSS 4.0.1
    ('F', 4),  // NIST SP 800-131A, FIPS
    ('G', 1),  // FIDO
    ('X', 1),  // FIDO CXF
    ('L', 1),  // NIS2
];
/// These numbers were not given.
const GAPS: [&str; 2] = ["N-40", "A-27"];

#[test]
fn every_requirement_has_its_row_once() {
    let (tables, login) = (chapter("standards.md"), chapter("login.md"));
    let (_, duties) = login.split_once("\n# The checklist\n").unwrap();
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| id |") && !line.starts_with("| ---")
        })
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();

    let mut ids: Vec<&str> = rows.iter().flat_map(|row| row[0].split(", ")).collect();
    ids.sort_unstable();
    let mut expected: Vec<String> = REQUIREMENTS
        .iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |number| format!("{letter}-{number:02}")))
        .filter(|id| !GAPS.contains(&id.as_str()))
        .collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);

    for row in &rows {
        let [id, _, _, kept, shown] = row[..] else {
            panic!("{row:?}")
        };
        let answered = !named(shown).is_empty()
            || ["not offered", "not kept", "yours: "]
                .iter()
                .any(|word| kept.contains(word));
        assert!(
            answered,
            "{id}: no test, and neither out of reach nor the application's"
        );
        let numbers = kept
            .split_once("yours: ")
            .map_or("", |(_, numbers)| numbers);
        for number in numbers.split(", ").filter(|number| !number.is_empty()) {
            assert!(
                duties
                    .lines()
                    .any(|line| line.starts_with(&format!("{number}. "))),
                "{id}: there is no duty {number}"
            );
        }
    }
}

#[test]
fn every_chapter_is_part_of_the_documentation() {
    let module = fs::read_to_string(root("src/manual.rs")).unwrap();
    for entry in fs::read_dir(root("src/manual")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".md").unwrap();
        assert!(
            module.contains(&format!("include_str!(\"manual/{name}\")")),
            "{name}"
        );
        assert!(module.contains(&format!("pub mod {stem} {{}}")), "{name}");
    }
}
