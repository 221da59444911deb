//! What happened, and nobody heard of it; or heard of it a thousand times.

use std::sync::Arc;

use secondfactor::account::Lock;
use secondfactor::store::MemoryStore;
use secondfactor::{Denial, Error, Event, Mfa, Policy};

use super::denial;
use crate::stage::Stage;
use crate::support::*;

/// The handler that writes the log has a bug, or its disk is full.
/// Attacks: E2.
#[test]
fn a_handler_that_panics_hides_nothing() {
    let store = Arc::new(MemoryStore::new());
    let Login { clock, secret, .. } = Login::new(Arc::clone(&store));
    let (log, mail) = (Log::default(), Log::default());
    let mfa = Mfa::new(store, keyring())
        .with_clock(Arc::clone(&clock))
        .on_event(|_, _, _| panic!("the disk is full"))
        .on_event(log.handler())
        .on_event(mail.handler());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    let wrong = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    assert_eq!(denial(wrong), Denial::Mismatch);
    clock.advance(STEP);
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 1))).unwrap();
    run(mfa.opt_out(&verified)).unwrap();
    let codes: Vec<_> = log.events().iter().map(Event::code).collect();
    assert_eq!(codes, ["verified", "mismatch", "verified", "opted_out"]);
    assert_eq!(mail.events(), log.events());
}

/// One write and one mail, and a line in the log for each.
/// Attacks: E3.
#[test]
fn a_replay_is_told_to_the_owner_once() {
    let (stage, phone, _) = Stage::with_phone();
    for _ in 0..2 {
        let used = stage.log_in(&phone).map(|_| stage.shows(&phone)).unwrap();
        let (writes, _) = (stage.writes(), stage.told());
        for _ in 0..1000 {
            let replayed = run(stage.mfa.verify(&alice(), used));
            assert_eq!(denial(replayed), Denial::Replayed);
        }
        let told = stage.told();
        assert_eq!(told.len(), 1000);
        assert!(told.iter().all(|event| event.code() == "replay_refused"));
        assert!(told[0].notify_owner());
        assert!(!told[1..].iter().any(Event::notify_owner));
        assert_eq!(stage.writes() - writes, 1);
    }
    // Not even the step before it: what was told is remembered as a height.
    let earlier = run(stage
        .mfa
        .verify(&alice(), code(&phone.secret, stage.now(), -1)));
    assert_eq!(denial(earlier), Denial::Replayed);
    assert!(!stage.told().iter().any(Event::notify_owner));
}

/// Attacks: E4.
#[test]
fn a_shrunk_cap_is_told() {
    let store = Arc::new(MemoryStore::new());
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(Arc::clone(&store));
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let others = secondfactor::RecoveryCodes::generate().unwrap();
    for other in others.iter().take(4) {
        let wrong = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
        assert_eq!(denial(wrong), Denial::Mismatch);
        assert_eq!(denial(run(mfa.redeem(&alice(), other))), Denial::Mismatch);
    }

    let log = Log::default();
    let policy = Policy::NIST.to_builder().max_failures(4);
    let policy = policy.build().unwrap();
    let mfa = Mfa::new(store, keyring())
        .with_clock(clock)
        .with_policy(policy)
        .on_event(log.handler());
    let status = run(mfa.status(&alice())).unwrap();
    assert_eq!(
        (status.lock(), status.recovery_lock()),
        (Lock::Disabled, Lock::Disabled)
    );
    let is_disabled = |result: Result<(), Error>| denial(result) == Denial::Disabled;
    let verify = || run(mfa.verify(&alice(), code(&secret, NOW, 0))).map(drop);
    let redeem = || run(mfa.redeem(&alice(), codes.iter().next().unwrap())).map(drop);
    assert!(is_disabled(verify()) && is_disabled(redeem()));
    assert_eq!(log.events(), [Event::Disabled, Event::RecoveryDisabled]);
    assert!(log.events().iter().all(Event::notify_owner));
    // Once.
    assert!(is_disabled(verify()) && is_disabled(redeem()));
    assert_eq!(
        log.events()[2..],
        [Event::RefusedDisabled, Event::RefusedDisabled]
    );
}
