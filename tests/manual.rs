//! The manual names tests: they must be there, and its chapter on attacks must name every attack.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a test fails by panicking

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn chapter(name: &str) -> String {
    fs::read_to_string(root("src/manual").join(name)).unwrap()
}

/// The tests that a chapter names: `` `file::name` ``, in lower case.
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

fn source_of(file: &str) -> String {
    let places = [root("tests").join(file).with_extension("rs"), root("tests").join(file)];
    let place = if file == "src" { Some(root("src")) } else { places.into_iter().find(|place| place.exists()) };
    text_of(&place.unwrap_or_else(|| panic!("there is no test program {file}")))
}

/// Functions under `#[test]`, with parameters if they are properties.
fn tests_in(source: &str) -> BTreeSet<String> {
    let after = source.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ").map(|(_, rest)| rest));
    after.filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned())).collect()
}

#[test]
fn every_test_that_the_manual_names_is_there() {
    let mut count = 0;
    for name in ["attacks.md", "standards.md"] {
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
