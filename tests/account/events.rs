//! What is told of an account: in order, after the commit, and nothing secret.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{DeviceId, Enrollment};
use secondfactor::codes::{Clock as _, UnixTime};
use secondfactor::store::{MemoryStore, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Error, Event, Keyring, Mfa, Policy, SealingKey};

use crate::support::*;

fn verified(device: DeviceId, failures_before: u32, after_lock: bool) -> String {
    format!(
        "Verified {{ device: {device:?}, failures_before: {failures_before}, after_lock: {after_lock} }}"
    )
}

#[test]
fn a_life_is_told_in_order() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let other: DeviceId = "2".parse().unwrap();
    let new = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let _refused = run(mfa.confirm(&alice(), other, wrong_code(new.secret(), NOW)));
    run(mfa.confirm(&alice(), other, code(new.secret(), NOW, 0))).unwrap();
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let _refused = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
    run(mfa.rename(&proof, other, label("pad"))).unwrap();
    run(mfa.suspend(&proof, other)).unwrap();
    run(mfa.resume(&proof, other)).unwrap();
    run(mfa.revoke(&proof, other)).unwrap();
    let _codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    clock.set(UnixTime::from_secs(NOW.as_secs() - 100));
    run(mfa.danger_unlock_unproven(&alice())).unwrap();
    clock.set(NOW);
    run(mfa.opt_out(&proof)).unwrap();
    assert_eq!(
        (device.to_string(), other.to_string()),
        ("1".into(), "2".into())
    );
    let expected = [
        "EnrollmentBegun { device: DeviceId(2) }",
        "ConfirmationFailed { device: DeviceId(2), diagnosis: None }",
        "DeviceConfirmed { device: DeviceId(2) }",
        "Verified { device: DeviceId(1), failures_before: 0, after_lock: false }",
        "ReplayRefused",
        "Renamed { device: DeviceId(2) }",
        "Suspended { device: DeviceId(2) }",
        "Resumed { device: DeviceId(2) }",
        "Revoked { device: DeviceId(2), label: Label(\"pad\") }",
        "RecoveryCodesIssued { count: 10 }",
        "ClockRegressed { last: UnixTime(1700000010) }",
        "UnlockedUnproven",
        "OptedOut",
    ];
    assert_eq!(log.shown(), expected);
}

/// Servers' clocks differ by some seconds.
#[test]
fn a_clock_goes_back_by_more_than_five_seconds_or_it_is_no_event() {
    for (seconds, expected) in [(5, 0), (6, 1)] {
        let Login { mfa, clock, .. } = Login::new(MemoryStore::new());
        let log = Log::default();
        let mfa = mfa.on_event(log.handler());
        clock.set(UnixTime::from_secs(NOW.as_secs() - seconds));
        run(mfa.danger_unlock_unproven(&alice())).unwrap();
        let regressed = log
            .events()
            .iter()
            .filter(|event| matches!(event, Event::ClockRegressed { .. }))
            .count();
        assert_eq!(regressed, expected, "{seconds} s");
    }
}

/// OWASP ASVS 6.3.5: attempts that were wrong after a right password, and a success after them.
#[test]
fn an_attack_is_told_to_the_owner() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    for _ in 0..6 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    let until = NOW.saturating_add(STEP);
    clock.set(until);
    let _verified = run(mfa.verify(&alice(), code(&secret, until, 0))).unwrap();
    let told: Vec<String> = log
        .events()
        .into_iter()
        .filter(Event::notify_owner)
        .map(|event| format!("{event:?}"))
        .collect();
    assert_eq!(
        told,
        [
            format!("Locked {{ failures: 5, until: {until:?} }}"),
            verified(device, 5, true)
        ]
    );
    assert!(
        log.shown()
            .contains(&format!("Throttled {{ retry_at: {until:?} }}"))
    );
}

/// Four wrong codes are no lock yet.
#[test]
fn a_login_after_the_free_tries_is_no_login_after_a_lock() {
    let Login {
        mfa,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    for _ in 0..4 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    assert_eq!(log.shown().last(), Some(&verified(device, 4, false)));
}

/// With no tries that are free, a login without failures is an ordinary one all the same.
#[test]
fn a_login_without_failures_is_never_one_after_a_lock() {
    let policy = Policy::builder().waits(0, STEP, STEP).build().unwrap();
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.with_policy(policy).on_event(log.handler());
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    assert_eq!(log.shown(), [verified(device, 0, false)]);
    let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    clock.advance(STEP);
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 1))).unwrap();
    assert_eq!(log.shown().last(), Some(&verified(device, 1, true)));
}

#[test]
fn every_handler_is_told() {
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    let (log, mail) = (Log::default(), Log::default());
    let mfa = mfa.on_event(log.handler()).on_event(mail.handler());
    run(mfa.danger_unlock_unproven(&alice())).unwrap();
    assert_eq!(log.events(), [Event::UnlockedUnproven]);
    assert_eq!(mail.events(), log.events());
}

#[test]
fn nothing_is_told_before_it_is_committed() {
    #[derive(Debug, thiserror::Error)]
    #[error("the line is cut")]
    struct Cut;

    struct Broken(MemoryStore);

    impl Store for Broken {
        type Error = Cut;

        async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Cut> {
            Ok(self.0.load(account).await.unwrap())
        }

        async fn swap(&self, _: &AccountId, _: Option<Version>, _: &[u8]) -> Result<Swap, Cut> {
            Err(Cut)
        }

        async fn remove(&self, _: &AccountId, _: Version) -> Result<Swap, Cut> {
            Err(Cut)
        }
    }

    let log = Log::default();
    let mfa = Mfa::new(Broken(MemoryStore::new()), keyring()).on_event(log.handler());
    assert!(matches!(
        run(mfa.enroll(&alice(), label("phone"))),
        Err(Error::Store(_))
    ));
    assert_eq!(log.events(), []);
}

/// A life in which everything happens that can be told.
pub(crate) fn everything_that_is_told() -> Vec<Event> {
    let (log, store) = (Log::default(), Arc::new(MemoryStore::new()));
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device: phone,
    } = Login::new(Arc::clone(&store));
    let policy = Policy::builder()
        .waits(2, STEP, STEP)
        .max_failures(3)
        .rotation_grace(STEP)
        .build()
        .unwrap();
    let mfa = mfa.with_policy(policy).on_event(log.handler());
    let confirm = |new: &Enrollment| {
        let code = code(new.secret(), clock.now(), 0);
        run(mfa.confirm(&alice(), new.device(), code)).unwrap()
    };
    let guess =
        |secret| _ = run(mfa.verify(&alice(), wrong_code(secret, clock.now()))).unwrap_err();
    let log_in = |secret, steps| {
        let code = code(secret, clock.now(), steps);
        run(mfa.verify(&alice(), code))
    };

    // Devices come and go.
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let wrong = wrong_code(tablet.secret(), NOW);
    let _refused = run(mfa.confirm(&alice(), tablet.device(), wrong)).unwrap_err();
    confirm(&tablet);
    run(mfa.rename(&proof, tablet.device(), label("pad"))).unwrap();
    run(mfa.suspend(&proof, tablet.device())).unwrap();
    run(mfa.resume(&proof, tablet.device())).unwrap();
    run(mfa.revoke(&proof, tablet.device())).unwrap();

    // Logins, of a clock that is fast too.
    let _verified = log_in(&secret, 0).unwrap();
    let _replayed = log_in(&secret, 0).unwrap_err();
    for _ in 0..2 {
        clock.advance(STEP * 2);
        let _verified = log_in(&secret, 1).unwrap();
    }
    let _far_off = log_in(&secret, 9).unwrap_err();
    guess(&secret);
    guess(&secret);
    run(mfa.danger_unlock_unproven(&alice())).unwrap();
    let pairs = [
        [wrong_code(&secret, NOW); 2],
        [20, 21].map(|at| code(&secret, clock.now(), at)),
    ];
    let resynced = pairs.map(|pair| run(mfa.resync(&alice(), phone, pair)).is_ok());
    assert_eq!(resynced, [false, true]);

    // Recovery codes.
    let codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    let first = codes.iter().next().unwrap();
    let recovered = run(mfa.redeem(&alice(), first)).unwrap();
    for _ in 0..3 {
        clock.advance(STEP);
        let _used = run(mfa.redeem(&alice(), first)).unwrap_err();
    }

    // A rotation, and an operator who lets the rest go; too many wrong codes, and a new device.
    let next = run(mfa.rotate(&recovered, phone)).unwrap();
    let proof = confirm(&next);
    let spare = run(mfa.enroll_another(&proof, label("spare"))).unwrap();
    confirm(&spare);
    clock.advance(STEP);
    run(mfa.danger_revoke_unproven(&alice(), spare.device())).unwrap();
    for _ in 0..4 {
        guess(next.secret());
        clock.advance(STEP);
    }
    let last = run(mfa.enroll_another(&proof, label("last"))).unwrap();
    let proof = confirm(&last);

    // Another key, a clock that goes back, and the ways out.
    let new_key = Keyring::new(SealingKey::from_bytes(&[9; 32]));
    let new_key = new_key.with_retired(SealingKey::from_bytes(&[7; 32]));
    let resealing = Mfa::new(store, new_key)
        .with_clock(Arc::clone(&clock))
        .on_event(log.handler());
    run(resealing.reseal(&alice())).unwrap();
    clock.set(clock.now().saturating_sub(Duration::from_secs(100)));
    run(resealing.danger_unlock_unproven(&alice())).unwrap();
    clock.advance(Duration::from_secs(100));
    run(resealing.opt_out(&proof)).unwrap();
    let _begun = run(resealing.enroll(&alice(), label("phone"))).unwrap();
    run(resealing.danger_opt_out_unproven(&alice())).unwrap();
    log.events()
}

/// Code, whether the owner must hear of it, whether it is about a device.
const EVENTS: [(&str, bool, bool); 31] = [
    ("enrollment_begun", false, true),
    ("confirmation_failed", false, true),
    ("device_confirmed", true, true),
    ("rotated", true, true),
    ("retired", false, true),
    ("rebound", true, true),
    ("verified", false, true),
    ("mismatch", false, false),
    ("replay_refused", true, false),
    ("throttled", false, false),
    ("locked", true, false),
    ("disabled", true, false),
    ("refused_disabled", false, false),
    ("drift_suspected", false, true),
    ("drift_moved", false, true),
    ("resynchronized", true, true),
    ("resync_failed", false, true),
    ("renamed", false, true),
    ("suspended", true, true),
    ("resumed", true, true),
    ("revoked", true, true),
    ("revoked_unproven", true, true),
    ("opted_out", true, false),
    ("opted_out_unproven", true, false),
    ("unlocked_unproven", true, false),
    ("recovery_codes_issued", true, false),
    ("recovered", true, false),
    ("recovery_mismatch", true, false),
    ("recovery_disabled", true, false),
    ("resealed", false, false),
    ("clock_regressed", false, false),
];

#[test]
fn names_are_stable_and_differ() {
    let told = everything_that_is_told();
    for event in &told {
        let seen = (event.code(), event.notify_owner(), event.device().is_some());
        assert!(EVENTS.contains(&seen), "{seen:?}");
        let shown = format!("{event:?}");
        let is_about = event
            .device()
            .is_none_or(|id| shown.contains(&format!("{id:?}")));
        assert!(is_about, "{shown}");
    }
    let told: BTreeSet<&str> = told.iter().map(Event::code).collect();
    assert_eq!(
        told,
        EVENTS.map(|(code, ..)| code).into(),
        "each of them happens"
    );
    let names: BTreeSet<String> = (everything_that_is_told().iter())
        .map(|event| format!("{event:?}").split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), told.len(), "no two have one name");
}

#[cfg(feature = "tracing")]
#[test]
fn tracing_gets_every_event() {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let mfa = mfa.on_event(secondfactor::account::trace_event);
    tracing::subscriber::with_default(subscriber, || {
        let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
        let _refused = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
    });
    let log = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(
        lines[0].contains("INFO secondfactor")
            && lines[0].contains("verified")
            && lines[0].contains("alice")
    );
    assert!(lines[1].contains("WARN secondfactor") && lines[1].contains("replay_refused"));
    assert!(!log.contains(&code(&secret, NOW, 0).to_string()));
}

#[test]
fn the_handler_gets_the_account_and_the_time() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let mfa = mfa.on_event(move |account, at, event| {
        sink.lock()
            .unwrap()
            .push((account.clone(), at, event.code()))
    });
    clock.advance(Duration::from_secs(7));
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
    assert_eq!(
        *seen.lock().unwrap(),
        [(
            alice(),
            NOW.saturating_add(Duration::from_secs(7)),
            "verified"
        )]
    );
}
