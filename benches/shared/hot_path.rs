//! Our codes beside their floors, for one hash function.
//!
//! The verified code is a wrong one. Then every contender computes the whole window, also a contender
//! that ends at a right code.

use std::hint::black_box;

use secondfactor::Code;
use secondfactor::codes::{Algorithm, Parameters, Secret, Totp, UnixTime, Window};

use super::group::Group;
use super::{OURS, floors};

pub(crate) const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// The middle of a step.
pub(crate) const NOW: u64 = 1_700_000_025;
/// No step or counter that a contender looks at has this code.
pub(crate) const WRONG: &str = "000000";

const STEP: u64 = NOW / 30;

pub(crate) fn secret() -> Secret {
    Secret::from_base32(BASE32).expect("Base32")
}

fn totp(secret: &Secret, algorithm: Algorithm) -> Totp {
    let parameters = Parameters::DEFAULT.with_algorithm(algorithm);
    Totp::from_parameters(secret, parameters).expect("of TOTP")
}

pub(crate) fn code(algorithm: Algorithm, secs: u64) -> Code {
    totp(&secret(), algorithm)
        .at(UnixTime::from_secs(secs))
        .expect("after T0")
}

fn accepts(totp: &Totp, typed: &str) -> bool {
    let now = UnixTime::from_secs(NOW);
    typed
        .parse()
        .is_ok_and(|code| totp.verify(code, now, Window::DEFAULT, None).is_some())
}

/// Starts from the text of the secret, as a login does.
pub(crate) fn accepts_once(algorithm: Algorithm, base32: &str, typed: &str) -> bool {
    Secret::from_base32(base32).is_ok_and(|secret| accepts(&totp(&secret, algorithm), typed))
}

pub(crate) fn generate(algorithm: Algorithm) -> Group {
    let mut group = Group::new(format!("generate, {}", algorithm.name()));
    floors::add_compressions(&mut group, algorithm, 2);
    floors::add_hmac(&mut group, algorithm, secret().expose_bytes(), STEP, 1);
    let totp = totp(&secret(), algorithm);
    group.add(OURS, move || {
        black_box(&totp).at(UnixTime::from_secs(black_box(NOW)))
    });
    group
}

pub(crate) fn verify(algorithm: Algorithm) -> Group {
    let mut group = Group::new(format!("verify, {}", algorithm.name()));
    floors::add_compressions(&mut group, algorithm, 6);
    floors::add_hmac(&mut group, algorithm, secret().expose_bytes(), STEP - 1, 3);
    let totp = totp(&secret(), algorithm);
    group.add(OURS, move || accepts(black_box(&totp), black_box(WRONG)));
    group
}

pub(crate) fn once(algorithm: Algorithm) -> Group {
    assert!(
        !accepts_once(algorithm, BASE32, WRONG),
        "{OURS} accepts a wrong code"
    );
    let mut group = Group::new(format!("from Base32 and verify, {}", algorithm.name()));
    floors::add_compressions(&mut group, algorithm, 8);
    group.add(OURS, move || {
        accepts_once(algorithm, black_box(BASE32), black_box(WRONG))
    });
    group
}
