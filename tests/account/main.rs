//! What an account remembers, and what it makes of a submission.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![cfg(feature = "mfa")]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // small numbers

mod any_bytes;
mod any_text;
#[cfg(feature = "sqlite")]
mod attacks;
mod browser;
mod devices;
mod drift;
mod enrollment;
mod events;
mod flows;
mod model;
mod moving;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))] // the attacks use all of it
mod operators;
mod policy;
#[path = "../support/record_checks.rs"]
mod record_checks;
mod records;
mod recovery;
mod resealing;
mod sealing;
mod second_factor;
mod second_implementation;
mod sequences;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "csv")]
mod serials;
mod sign_in;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))] // the attacks use all of it
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod what_is_shown;

use secondfactor::account::RecoverySetId;
use secondfactor::{Denial, Error, Mfa, store::Store};

/// What new recovery codes of alice replace.
fn recovery_set<S: Store>(mfa: &Mfa<S>) -> Option<RecoverySetId> {
    let status = support::run(mfa.status(&support::alice()));
    status.unwrap().recovery_set()
}

/// The same, where it does not matter whether a wrong code begins a wait.
fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> Denial {
    match denial(result) {
        Denial::Locked { .. } => Denial::Mismatch,
        denial => denial,
    }
}

fn denial<T: std::fmt::Debug>(result: Result<T, Error>) -> Denial {
    match result {
        Err(Error::Denied(denial)) => denial,
        other => panic!("not a denial: {other:?}"),
    }
}
