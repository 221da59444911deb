//! How second factors have failed elsewhere, tried on this one. The manual's chapter on attacks says which test answers
//! which attack; `tests/manual.rs` checks that it names them all.
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
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
mod support;

mod enrollment;
