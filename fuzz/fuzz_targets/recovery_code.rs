//! See `tests/support/recovery_checks.rs`.
#![no_main]

#[path = "../../tests/support/recovery_checks.rs"]
mod recovery_checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| recovery_checks::recovery_code(input));
