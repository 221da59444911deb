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

mod drift;
mod enrollment;
mod proofs;
mod recovery;

use secondfactor::{Account, Denial, Error};
use support::*;

fn denial<T: std::fmt::Debug>(result: Result<T, Error>) -> Denial {
    match result {
        Err(Error::Denied(denial)) => denial,
        other => panic!("not a denial: {other:?}"),
    }
}

/// An account whose phone was confirmed by the code of the step before `NOW`, and the phone.
fn with_phone() -> (Account, Phone) {
    let (account, enrollment) = commit(Account::new(alice()).enroll(label("phone"), NOW).unwrap());
    let enrollment = enrollment.unwrap();
    let phone = Phone { id: enrollment.device(), secret: enrollment.secret().duplicate() };
    let (account, proof) = commit(account.confirm(phone.id, code(&phone.secret, NOW, -1), NOW).unwrap());
    let _confirmed = proof.unwrap();
    (account, phone)
}

struct Phone {
    id: secondfactor::DeviceId,
    secret: secondfactor::Secret,
}
