//! What must hold between the files of this repository: source, manual, tests and the inputs of fuzzing.
//!
//! The package leaves this out: it has no inputs of fuzzing.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // small numbers

mod architecture;
#[cfg(all(
    feature = "mfa",
    feature = "migration",
    feature = "pskc",
    feature = "csv"
))]
mod fuzz_corpus;
mod manual;
#[cfg(all(
    feature = "mfa",
    feature = "migration",
    feature = "pskc",
    feature = "csv"
))]
#[path = "../account/model/mod.rs"]
mod model;
#[cfg(all(
    feature = "mfa",
    feature = "migration",
    feature = "pskc",
    feature = "csv"
))]
#[allow(dead_code)] // a part is enough here
#[path = "../support/mod.rs"]
mod support;
