//! Random sequences of commands, clocks, lost swaps and crashes, held against a small naive model
//! after each command.
//!
//! `SECONDFACTOR_MODEL_SEQUENCES` is how many, `SECONDFACTOR_MODEL_SEED` the first one's seed: a
//! failure prints its own, with all that happened before it. `scripts/soak` runs a hundred
//! thousand.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use crate::model::dice::Dice;
use crate::model::faulty::run_or_die;
use crate::model::leaks::Leaks;
use crate::model::naive::Said;
use crate::model::world::{Tally, World};

const SEQUENCES: u64 = 70;

/// What each command must have said in so many sequences.
const OFTEN: [(&str, &[Said]); 20] = {
    use Said::*;
    [
        ("verify", &[Yes, Mismatch, Replayed, Throttled, Disabled]),
        ("confirm", &[Yes, Mismatch, UnknownDevice]),
        ("confirm pair", &[Yes, Mismatch, EnrollmentExpired]),
        ("resync", &[Yes, Mismatch, Throttled]),
        ("redeem", &[Yes, Mismatch, Throttled, NoRecoveryCodes]),
        ("enroll", &[Yes, ProofRequired]),
        ("enroll another", &[Yes, TooOld, Ended]),
        ("rotate", &[Yes, TooOld, Ended, GraceTooLong]),
        ("revoke", &[Yes, LastDevice]),
        ("suspend", &[Yes, LastDevice]),
        ("keep only", &[Yes, LastDevice]),
        ("danger import", &[Yes, ProofRequired]),
        ("stands", &[Yes, Ended]),
        ("issue", &[Yes, Ended, OtherRecoveryCodes]),
        ("verify again", &[Yes]),
        ("confirm again", &[Yes]),
        ("redeem again", &[Yes]),
        ("recognize", &[Yes, CodeRequired]),
        ("trust", &[Yes, TrustRefused, UnknownBrowser]),
        ("password", &[Yes]),
    ]
};

/// What is too rare for a few.
const RARELY: [(&str, &[Said]); 27] = {
    use Said::*;
    [
        ("verify", &[NoDevice, NotEnrolled, StrangersClosed]),
        ("forget", &[Yes, UnknownBrowser]),
        ("forget all", &[Yes]),
        // Two that wait under one label, and both confirmed.
        ("confirm", &[LabelTaken, EnrollmentExpired]),
        ("resync", &[Disabled, UnknownDevice]),
        ("redeem", &[Disabled]),
        (
            "enroll another",
            &[FromTheFuture, TooManyDevices, LabelTaken, DuplicateSecret],
        ),
        ("resume", &[Yes, DeviceRequired, UnknownDevice]),
        ("rename", &[Yes, LabelTaken]),
        ("keep only", &[UnknownDevice, FromTheFuture]),
        (
            "danger import",
            &[SecretRequired, DuplicateSecret, LabelTaken, TooManyDevices],
        ),
        ("danger revoke", &[Yes, LastDevice]),
        ("issue temporary", &[Yes, TemporaryLifetime]),
        ("withdraw temporary", &[Yes, NoTemporaryCode]),
        ("stands", &[FromTheFuture]),
        ("opt out", &[Yes, Ended]),
        ("a proof of another epoch", &[Ended]),
        ("a proof of a retiring device", &[Ended]),
        ("a proof of a suspended device", &[Ended]),
        ("a proof of an ended redemption", &[Ended]),
        ("a proof of a device that is gone, or was resumed", &[Ended]),
        ("opting in ended", &[Ended]),
        ("what began it ended", &[Ended]),
        ("what it replaces ended", &[Ended]),
        ("confirm in another session", &[UnknownDevice]),
        ("an eleventh redemption", &[Ended]),
        ("a smaller cap", &[Disabled]),
    ]
};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

fn sequence(seed: u64, log: &Arc<Mutex<Vec<String>>>) -> Tally {
    let mut world = World::new(Dice::new(seed), Arc::clone(log));
    world.begin();
    for _ in 0..20 + world.dice.below(30) {
        world.step();
    }
    let servers = world.servers.each_ref().map(|(mfa, _)| mfa);
    world.leaks.check_debug(&servers, false);
    world.tally
}

/// All that can be said was said, or the sequences prove less than they seem to.
fn all_was_said(tally: &Tally, must: &[(&'static str, &[Said])]) {
    for (name, all) in must {
        for said in *all {
            assert!(tally.contains_key(&(name, *said)), "{name}: never {said:?}");
        }
    }
}

#[test]
fn random_sequences_agree_with_the_naive_model() {
    let (first, count) = (
        setting("SECONDFACTOR_MODEL_SEED", 0),
        setting("SECONDFACTOR_MODEL_SEQUENCES", SEQUENCES),
    );
    let mut tally = Tally::new();
    for seed in first..first + count {
        let log = Arc::new(Mutex::new(Vec::new()));
        match catch_unwind(AssertUnwindSafe(|| sequence(seed, &log))) {
            Ok(of_one) => of_one
                .into_iter()
                .for_each(|(what, count)| *tally.entry(what).or_default() += count),
            Err(panic) => {
                let log = log
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                eprintln!(
                    "{}\nSECONDFACTOR_MODEL_SEED={seed} SECONDFACTOR_MODEL_SEQUENCES=1",
                    log.join("\n")
                );
                resume_unwind(panic);
            }
        }
    }
    if count >= SEQUENCES {
        all_was_said(&tally, &OFTEN);
    }
    if count >= 100 * SEQUENCES {
        all_was_said(&tally, &RARELY);
    }
    println!("seeds {first}..{}:", first + count);
    tally
        .iter()
        .for_each(|((name, said), count)| println!("{count:>9} {name}: {said:?}"));
}

#[test]
fn a_server_that_dies_says_nothing() {
    assert_eq!(run_or_die(ready(1)), Some(1));
    assert_eq!(run_or_die(pending::<u32>()), None);
}

#[test]
fn what_is_printed_is_found() {
    let mut leaks = Leaks::default();
    leaks.hide_bytes(&[1, 2, 3, 4, 5, 60, 7], "AEBAGBAFHQDQ");
    leaks.hide_code("012345");
    leaks.hide_recovery_code("0ABCD-EFGHJ-KMNPQ-RSTVW-XYZ01");
    let printed = [
        "key 01020304053c07",
        "Secret([1, 2, 3, 4, 5, 60, 7])",
        "?secret=AEBAGBAFHQDQ",
        "code 012345.",
        "EFGHJ-KMNPQ",
    ];
    for text in printed {
        assert!(
            catch_unwind(AssertUnwindSafe(|| leaks.check(text, false))).is_err(),
            "{text}"
        );
    }
    leaks.check("at 1012345, code 0123456", false);
    leaks.check_debug(&(1, "x"), false);
}
