//! What is told of an account: in order, after the commit, and nothing secret.

use std::collections::BTreeSet;
use std::time::Duration;

use secondfactor::{DeviceId, Error, Event, KeyId, MemoryStore, UnixTime};

use crate::support::*;

#[test]
fn a_life_is_told_in_order() {
    let Login { mfa, clock, secret, proof, device } = Login::new(MemoryStore::new());
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
    let expected = [
        Event::EnrollmentBegun { device: other },
        Event::ConfirmationFailed { device: other, diagnosis: None },
        Event::DeviceConfirmed { device: other },
        Event::Verified { device, failures_before: 0, after_lock: false },
        Event::ReplayRefused,
        Event::Renamed { device: other },
        Event::Suspended { device: other },
        Event::Resumed { device: other },
        Event::Revoked { device: other, label: label("pad") },
        Event::RecoveryCodesIssued { count: 10 },
        Event::ClockRegressed { last: NOW },
        Event::UnlockedUnproven,
        Event::OptedOut,
    ];
    assert_eq!(log.events(), expected);
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
        let regressed = log.events().iter().filter(|event| matches!(event, Event::ClockRegressed { .. })).count();
        assert_eq!(regressed, expected, "{seconds} s");
    }
}

/// OWASP ASVS 6.3.5: attempts that were wrong after a right password, and a success after them.
#[test]
fn an_attack_is_told_to_the_owner() {
    let Login { mfa, clock, secret, device, .. } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    for _ in 0..6 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    let until = NOW.saturating_add(STEP);
    clock.set(until);
    let _verified = run(mfa.verify(&alice(), code(&secret, until, 0))).unwrap();
    let told: Vec<Event> = log.events().into_iter().filter(Event::notify_owner).collect();
    assert_eq!(
        told,
        [Event::Locked { failures: 5, until }, Event::Verified { device, failures_before: 5, after_lock: true }]
    );
    assert!(log.events().contains(&Event::Throttled { retry_at: until }));
}

/// Four wrong codes are no lock yet.
#[test]
fn a_login_after_the_free_tries_is_no_login_after_a_lock() {
    let Login { mfa, secret, device, .. } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    for _ in 0..4 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    assert_eq!(log.events().last(), Some(&Event::Verified { device, failures_before: 4, after_lock: false }));
}

/// With no tries that are free, a login without failures is an ordinary one all the same.
#[test]
fn a_login_without_failures_is_never_one_after_a_lock() {
    let policy = secondfactor::Policy::DEFAULT.with_waits(0, STEP, STEP).unwrap();
    let Login { mfa, clock, secret, device, .. } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.with_policy(policy).on_event(log.handler());
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    assert_eq!(log.events(), [Event::Verified { device, failures_before: 0, after_lock: false }]);
    let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    clock.advance(STEP);
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 1))).unwrap();
    assert_eq!(log.events().last(), Some(&Event::Verified { device, failures_before: 1, after_lock: true }));
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

    impl secondfactor::Store for Broken {
        type Error = Cut;

        async fn load(&self, account: &secondfactor::AccountId) -> Result<Option<secondfactor::Stored>, Cut> {
            Ok(self.0.load(account).await.unwrap())
        }

        async fn swap(
            &self,
            _: &secondfactor::AccountId,
            _: Option<secondfactor::Version>,
            _: &[u8],
        ) -> Result<secondfactor::Swap, Cut> {
            Err(Cut)
        }

        async fn remove(
            &self,
            _: &secondfactor::AccountId,
            _: secondfactor::Version,
        ) -> Result<secondfactor::Swap, Cut> {
            Err(Cut)
        }
    }

    let log = Log::default();
    let mfa = secondfactor::Mfa::new(Broken(MemoryStore::new()), keyring()).on_event(log.handler());
    assert!(matches!(run(mfa.enroll(&alice(), label("phone"))), Err(Error::Store(_))));
    assert_eq!(log.events(), []);
}

#[test]
fn names_are_stable_and_differ() {
    let device: DeviceId = "1".parse().unwrap();
    let (time, key, gone) = (NOW, KeyId::new(1), || label("phone"));
    let all = [
        (Event::EnrollmentBegun { device }, "enrollment_begun", false),
        (Event::ConfirmationFailed { device, diagnosis: None }, "confirmation_failed", false),
        (Event::DeviceConfirmed { device }, "device_confirmed", true),
        (Event::Rotated { old: device, new: device, ends: time }, "rotated", true),
        (Event::Retired { device, label: gone() }, "retired", false),
        (Event::Rebound { device }, "rebound", true),
        (Event::Verified { device, failures_before: 0, after_lock: false }, "verified", false),
        (Event::Mismatch { failures: 1 }, "mismatch", false),
        (Event::ReplayRefused, "replay_refused", true),
        (Event::Throttled { retry_at: time }, "throttled", false),
        (Event::Locked { failures: 5, until: time }, "locked", true),
        (Event::Disabled, "disabled", true),
        (Event::RefusedDisabled, "refused_disabled", false),
        (Event::DriftSuspected { device, steps: 9 }, "drift_suspected", false),
        (Event::DriftMoved { device, steps: 1 }, "drift_moved", false),
        (Event::Resynchronized { device }, "resynchronized", true),
        (Event::ResyncFailed { device }, "resync_failed", false),
        (Event::Renamed { device }, "renamed", false),
        (Event::Suspended { device }, "suspended", true),
        (Event::Resumed { device }, "resumed", true),
        (Event::Revoked { device, label: gone() }, "revoked", true),
        (Event::RevokedUnproven { device, label: gone() }, "revoked_unproven", true),
        (Event::OptedOut, "opted_out", true),
        (Event::OptedOutUnproven, "opted_out_unproven", true),
        (Event::UnlockedUnproven, "unlocked_unproven", true),
        (Event::RecoveryCodesIssued { count: 10 }, "recovery_codes_issued", true),
        (Event::RecoveryCodesReplenished { count: 1 }, "recovery_codes_replenished", true),
        (Event::Recovered { left: 9 }, "recovered", true),
        (Event::RecoveryMismatch { failures: 1 }, "recovery_mismatch", true),
        (Event::RecoveryDisabled, "recovery_disabled", true),
        (Event::Resealed { from: key, to: key }, "resealed", false),
        (Event::ClockRegressed { last: time }, "clock_regressed", false),
    ];
    let names: BTreeSet<&str> = all.iter().map(|(event, ..)| event.code()).collect();
    assert_eq!(names.len(), all.len());
    for (event, code, notify) in all {
        assert_eq!((event.code(), event.notify_owner()), (code, notify));
        let about = format!("{event:?}").contains("DeviceId");
        assert_eq!(event.device(), about.then_some(device), "{code}");
    }
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
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let mfa = mfa.on_event(secondfactor::trace_event);
    tracing::subscriber::with_default(subscriber, || {
        let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
        let _refused = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
    });
    let log = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].contains("INFO secondfactor") && lines[0].contains("verified") && lines[0].contains("alice"));
    assert!(lines[1].contains("WARN secondfactor") && lines[1].contains("replay_refused"));
    assert!(!log.contains(&code(&secret, NOW, 0).to_string()));
}

#[test]
fn the_handler_gets_the_account_and_the_time() {
    let Login { mfa, clock, secret, .. } = Login::new(MemoryStore::new());
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = std::sync::Arc::clone(&seen);
    let mfa = mfa.on_event(move |account, at, event| sink.lock().unwrap().push((account.clone(), at, event.code())));
    clock.advance(Duration::from_secs(7));
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 0)));
    assert_eq!(*seen.lock().unwrap(), [(alice(), NOW.saturating_add(Duration::from_secs(7)), "verified")]);
}
