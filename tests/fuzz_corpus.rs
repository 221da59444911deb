//! The inputs of the fuzz targets, replayed: what fuzzing has found once stays found.
#![cfg(all(feature = "mfa", feature = "migration"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a test fails by panicking

#[path = "support/checks.rs"]
mod checks;
#[path = "model/commands.rs"]
mod commands;
#[path = "model/device.rs"]
mod device;
#[path = "model/devices.rs"]
mod devices;
#[path = "model/dice.rs"]
mod dice;
#[path = "model/faulty.rs"]
mod faulty;
#[path = "model/forms.rs"]
mod forms;
#[path = "model/leaks.rs"]
mod leaks;
#[path = "model/logins.rs"]
mod logins;
#[path = "model/naive.rs"]
mod naive;
#[path = "model/prover.rs"]
mod prover;
#[path = "support/record_checks.rs"]
mod record_checks;
#[path = "model/recovery.rs"]
mod recovery;
#[path = "support/recovery_checks.rs"]
mod recovery_checks;
mod support;
#[path = "model/world.rs"]
mod world;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use world::World;

type Check = fn(&[u8]);

#[test]
fn every_input_holds() {
    let targets: [(&str, Check); 9] = [
        ("uri_strict", checks::uri_strict),
        ("uri_lenient", checks::uri_lenient),
        ("migration", checks::migration),
        ("base32", checks::base32),
        ("code", checks::code),
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
                let log = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                println!("{}", log.join("\n"));
            }
        }
    }
    let log = Shown(Arc::default());
    World::play(input, &log.0);
}
