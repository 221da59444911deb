//! The inputs of the fuzz targets, replayed: what fuzzing has found once stays found.
#![cfg(feature = "migration")]
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

#[path = "support/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

type Check = fn(&[u8]);

#[test]
fn every_input_holds() {
    let targets: [(&str, Check); 5] = [
        ("uri_strict", checks::uri_strict),
        ("uri_lenient", checks::uri_lenient),
        ("migration", checks::migration),
        ("base32", checks::base32),
        ("code", checks::code),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let folders = fs::read_dir(&corpus).unwrap().count();
    assert_eq!(folders, targets.len(), "a folder without a target");
    for (target, check) in targets {
        let mut inputs = 0;
        for file in fs::read_dir(corpus.join(target)).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display()); // shown if it fails
            check(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{target}: no input");
    }
}
