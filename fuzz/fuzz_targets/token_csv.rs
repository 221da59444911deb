//! See `tests/support/token_checks.rs`.
#![no_main]

#[path = "../../tests/support/token_checks.rs"]
mod token_checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_checks::token_csv(input));
