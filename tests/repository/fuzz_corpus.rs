//! The inputs of the fuzz targets, replayed: what fuzzing has found once stays found.

#[path = "../support/checks.rs"]
mod checks;
#[path = "../support/record_checks.rs"]
mod record_checks;
#[path = "../support/recovery_checks.rs"]
mod recovery_checks;
mod seeds;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::model::world::World;

type Check = fn(&[u8]);

#[test]
fn every_input_holds() {
    let targets: [(&str, Check); 10] = [
        ("uri_strict", checks::uri_strict),
        ("uri_lenient", checks::uri_lenient),
        ("migration", checks::migration),
        ("base32", checks::base32),
        ("code", checks::code),
        ("label", checks::label),
        ("record", record_checks::record),
        ("sealed", record_checks::sealed),
        ("recovery_code", recovery_checks::recovery_code),
        ("account", account),
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

/// The log is shown if it fails.
fn account(input: &[u8]) {
    struct Shown(Arc<Mutex<Vec<String>>>);
    impl Drop for Shown {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let log = self
                    .0
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                println!("{}", log.join("\n"));
            }
        }
    }
    let log = Shown(Arc::default());
    World::play(input, &log.0);
}
