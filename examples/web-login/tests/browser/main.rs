//! The site in a real browser: every flow and every attack, with a phone that is none of ours.
//!
//! The tests need Chromium and its driver, a PostgreSQL and a Redis: `scripts/browser` starts those and runs all of them,
//! `scripts/browser replay` those with "replay" in their names. `cargo test` alone ignores them and says so.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)] // a test fails by panicking, and says where its browsers stood

mod harness;
mod people;
mod phone;
mod tour;

mod access;
mod cross_site;
mod demand;
mod devices;
mod enrolment;
mod freshness;
mod known;
mod limits;
mod login;
mod look;
mod operation;
mod operator;
mod recovery;
mod screenshots;
mod secrecy;
mod servers;
mod sessions;
mod standing;
mod twice;
