//! See `tests/support/record_checks.rs`.
#![no_main]

#[path = "../../tests/support/record_checks.rs"]
mod record_checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| record_checks::record(input));
