//! What is told of an account: in order, after the commit, and nothing secret.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{DeviceId, DeviceState, Enrollment, FormId, Submission};
use secondfactor::codes::{Clock as _, Secret, UnixTime};
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{
    AccountId, Confirmed, Error, Event, Keyring, Mfa, NewDevice, Policy, Proof, SealingKey,
};

use crate::support::*;

fn verified(device: DeviceId, failures: u32, after_lock: bool, idle: Option<Duration>) -> String {
    format!(
        "Verified {{ device: {device:?}, failures_before: {failures}, after_lock: {after_lock}, idle: {idle:?}, browser: None }}"
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
    let _codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    clock.set(UnixTime::from_secs(NOW.as_secs() - 100));
    run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    clock.set(NOW);
    let fresh = run(mfa.verify(&alice(), code(&secret, NOW, 1))).unwrap();
    run(mfa.opt_out(&fresh)).unwrap();
    assert_eq!(
        (device.to_string(), other.to_string()),
        ("1".into(), "2".into())
    );
    let expected = [
        "EnrollmentBegun { device: DeviceId(2) }",
        "ConfirmationFailed { device: DeviceId(2), diagnosis: None }",
        "DeviceConfirmed { device: DeviceId(2), serial: None }",
        "Verified { device: DeviceId(1), failures_before: 0, after_lock: false, idle: None, browser: None }",
        "ReplayRefused { is_first: true }",
        "Renamed { device: DeviceId(2), before: Label(\"tablet\"), label: Label(\"pad\") }",
        "Suspended { device: DeviceId(2), codes_by: None }",
        "Resumed { device: DeviceId(2) }",
        "Revoked { device: DeviceId(2), label: Label(\"pad\"), serial: None }",
        "RecoveryCodesIssued { count: 10 }",
        "ClockRegressed { last: UnixTime(1700000010) }",
        "UnlockedUnproven { actor: Actor(Label(\"bob, help desk\")) }",
        "Verified { device: DeviceId(1), failures_before: 0, after_lock: false, idle: Some(0ns), browser: None }",
        "OptedOut",
    ];
    assert_eq!(log.shown(), expected);
}

/// Servers' clocks differ by some seconds.
/// When the events say that rotated devices end.
fn told_ends(log: &Log) -> Vec<(Option<DeviceId>, UnixTime)> {
    let ends = |event: &Event| match event {
        Event::Rotated { old, ends, .. } => Some((Some(*old), *ends)),
        Event::Retired { device, .. } => Some((Some(*device), UnixTime::from_secs(0))),
        _ => None,
    };
    log.events().iter().filter_map(ends).collect()
}

/// One more rotation takes the place of the one that was enrolled first, and not of itself.
#[test]
fn a_rotation_ends_when_it_is_told_to_end() {
    let log = Log::default();
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let policy = Policy::builder().max_devices(2).build().unwrap();
    let mfa = mfa.with_policy(policy).on_event(log.handler());
    let rotate = |proof: &Confirmed, old: DeviceId| {
        let new = run(mfa.rotate(proof, old, STEP)).unwrap();
        let shown = code(new.secret(), NOW, 0);
        (
            new.device(),
            run(mfa.confirm(&alice(), new.device(), shown)).unwrap(),
        )
    };
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let shown = code(tablet.secret(), NOW, 0);
    let by_tablet = run(mfa.confirm(&alice(), tablet.device(), shown)).unwrap();
    let (second, by_second) = rotate(&by_tablet, tablet.device());
    let (_third, by_third) = rotate(&by_second, second);
    let (_new_phone, _) = rotate(&by_third, device);

    let end = NOW.saturating_add(STEP);
    let gone = (Some(tablet.device()), UnixTime::from_secs(0));
    assert_eq!(
        told_ends(&log),
        [
            (Some(tablet.device()), end),
            (Some(second), end),
            gone,
            (Some(device), end)
        ]
    );
    let devices = run(mfa.devices(&alice())).unwrap();
    let retiring = devices
        .iter()
        .filter(|one| matches!(one.state(), DeviceState::Retiring { until, .. } if until == end));
    assert!(retiring.map(|one| one.id()).eq([device, second]));
}

/// A disabled account is bound to the new device alone, whatever the grace.
#[test]
fn a_rotation_that_binds_an_account_again_has_no_grace() {
    let (store, log) = (Arc::new(MemoryStore::new()), Log::default());
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(Arc::clone(&store));
    for _ in 0..3 {
        let _wrong = run(mfa.verify(&alice(), wrong_code(&secret, NOW))).unwrap_err();
    }
    let policy = Policy::builder().max_failures(3).build().unwrap();
    let mfa = Mfa::new(store, keyring())
        .with_clock(clock)
        .with_policy(policy)
        .on_event(log.handler());
    let new = run(mfa.rotate(&proof, device, STEP)).unwrap();
    let shown = code(new.secret(), NOW, 0);
    let _confirmed = run(mfa.confirm(&alice(), new.device(), shown)).unwrap();
    let told: Vec<_> = log.events().iter().map(Event::code).collect();
    let [begun, told @ ..] = &told[..] else {
        panic!("nothing is told")
    };
    assert_eq!(*begun, "enrollment_begun");
    assert_eq!(told, ["device_confirmed", "rotated", "retired", "rebound"]);
    assert_eq!(told_ends(&log)[0], (Some(device), NOW));
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 1);
}

#[test]
fn a_clock_goes_back_by_more_than_five_seconds_or_it_is_no_event() {
    for (seconds, expected) in [(5, 0), (6, 1)] {
        let Login { mfa, clock, .. } = Login::new(MemoryStore::new());
        let log = Log::default();
        let mfa = mfa.on_event(log.handler());
        clock.set(UnixTime::from_secs(NOW.as_secs() - seconds));
        run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
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
            format!("Locked {{ failures: 5, until: {until:?}, browser: None }}"),
            verified(device, 5, true, None)
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
    assert_eq!(log.shown().last(), Some(&verified(device, 4, false, None)));
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
    assert_eq!(log.shown(), [verified(device, 0, false, None)]);
    let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    clock.advance(STEP);
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW, 1))).unwrap();
    assert_eq!(
        log.shown().last(),
        Some(&verified(device, 1, true, Some(STEP)))
    );
}

#[test]
fn every_handler_is_told() {
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    let (log, mail) = (Log::default(), Log::default());
    let mfa = mfa.on_event(log.handler()).on_event(mail.handler());
    run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    let [Event::UnlockedUnproven { actor, .. }] = &log.events()[..] else {
        panic!("{:?}", log.events())
    };
    assert_eq!(*actor, operator());
    assert_eq!(mail.events(), log.events());
}

#[derive(Debug, thiserror::Error)]
#[error("the line is cut")]
struct Cut;

/// Writes nothing.
struct Broken(Arc<MemoryStore>);

impl Store for Broken {
    type Error = Cut;

    async fn check(&self) -> Result<Report, Cut> {
        Err(Cut)
    }

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

/// It may be written or not, so the handlers hear of that alone.
#[test]
fn of_a_write_that_failed_nothing_is_told_but_the_interruption() {
    let log = Log::default();
    let mfa = Mfa::new(Broken(Arc::default()), keyring()).on_event(log.handler());
    assert!(matches!(
        run(mfa.enroll(&alice(), label("phone"))),
        Err(Error::Store(_))
    ));
    assert_eq!(
        log.shown(),
        ["Interrupted { events: [EnrollmentBegun { device: DeviceId(1) }] }"]
    );
    assert!(!log.events()[0].notify_owner());

    let store = Arc::new(MemoryStore::new());
    let Login { proof, clock, .. } = Login::new(Arc::clone(&store));
    let log = Log::default();
    let mfa = Mfa::new(Broken(store), keyring())
        .with_clock(clock)
        .on_event(log.handler());
    assert!(matches!(run(mfa.opt_out(&proof)), Err(Error::Store(_))));
    assert_eq!(log.shown(), ["Interrupted { events: [OptedOut] }"]);
    assert!(log.events()[0].notify_owner());
}

/// A device that was idle for long is one that its owner may have lost.
#[test]
fn a_login_tells_for_how_long_its_device_was_idle() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let year = Duration::from_secs(365 * 24 * 3600);
    for (wait, idle) in [
        (Duration::ZERO, None),
        (STEP, Some(STEP)),
        (year, Some(year)),
    ] {
        clock.advance(wait);
        let _verified = run(mfa.verify(&alice(), code(&secret, clock.now(), 0))).unwrap();
        assert_eq!(log.shown().last(), Some(&verified(device, 0, false, idle)));
    }
}

/// A life in which everything happens that can be told.
pub(crate) fn everything_that_is_told() -> Vec<Event> {
    let (log, store) = (Log::default(), Arc::new(MemoryStore::new()));
    let login = Login::new(Arc::clone(&store));
    let policy = Policy::NIST.to_builder();
    let policy = policy.waits(2, STEP, STEP).max_failures(3);
    let mfa = login.mfa.with_policy(policy.build().unwrap());
    let life = Life(Login {
        mfa: mfa.on_event(log.handler()),
        ..login
    });
    life.come_and_go();
    life.log_in();
    let proof = life.mend();
    life.end(store, &log, &proof);
    browse(&log);
    log.events()
}

/// A browser is known, trusted, guessed in, and forgotten.
fn browse(log: &Log) {
    let day = Duration::from_secs(24 * 3600);
    let policy = Policy::builder()
        .max_failures(50)
        .trust(day)
        .build()
        .unwrap();
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let mfa = mfa.with_policy(policy).on_event(log.handler());
    let submission = Submission::new(code(&secret, clock.now(), 0));
    let submission = submission.remember_browser(label("Firefox"));
    let mut verified = run(mfa.verify(&alice(), submission)).unwrap();
    let cookie = verified.take_browser_cookie().unwrap().expose_value();
    let browser = verified.browser().unwrap();
    run(mfa.trust_browser(&verified, browser, day)).unwrap();
    let _recognized = run(mfa.recognize(&alice(), Some(&cookie))).unwrap();
    for _ in 0..10 {
        let wrong = Submission::new(wrong_code(&secret, clock.now()));
        let wrong = wrong.in_browser(Some(&cookie));
        let _refused = run(mfa.verify(&alice(), wrong)).unwrap_err();
        clock.advance(Duration::from_secs(3600));
    }
    let fresh = run(mfa.verify(&alice(), code(&secret, clock.now(), 0))).unwrap();
    run(mfa.password_changed(&fresh, None)).unwrap();
}

struct Life(Login<Arc<MemoryStore>>);

impl Life {
    fn confirm(&self, new: &Enrollment) -> Confirmed {
        let code = code(new.secret(), self.0.clock.now(), 0);
        run(self.0.mfa.confirm(&alice(), new.device(), code)).unwrap()
    }

    fn guess(&self, secret: &Secret) {
        let wrong = wrong_code(secret, self.0.clock.now());
        let _refused = run(self.0.mfa.verify(&alice(), wrong)).unwrap_err();
    }

    fn come_and_go(&self) {
        let Login { mfa, proof, .. } = &self.0;
        let tablet = run(mfa.enroll_another(proof, label("tablet"))).unwrap();
        let wrong = wrong_code(tablet.secret(), NOW);
        let _refused = run(mfa.confirm(&alice(), tablet.device(), wrong)).unwrap_err();
        self.confirm(&tablet);
        run(mfa.rename(proof, tablet.device(), label("pad"))).unwrap();
        run(mfa.suspend(proof, tablet.device())).unwrap();
        run(mfa.resume(proof, tablet.device())).unwrap();
        run(mfa.revoke(proof, tablet.device())).unwrap();
    }

    /// By a clock that is fast too.
    fn log_in(&self) {
        let Login {
            mfa, clock, secret, ..
        } = &self.0;
        let verify = |steps| run(mfa.verify(&alice(), code(secret, clock.now(), steps)));
        let form: FormId = "1".repeat(32).parse().unwrap();
        let code_now = Submission::new(code(secret, clock.now(), 0));
        let submission = code_now.with_form(b"the session's id", form).unwrap();
        let twice = [(); 2].map(|()| run(mfa.verify(&alice(), submission.clone())));
        let _verified = twice.map(|verified| verified.unwrap());
        let _replayed = [(); 2].map(|()| verify(0).unwrap_err());
        for _ in 0..2 {
            clock.advance(STEP * 2);
            let _verified = verify(1).unwrap();
        }
        let _far_off = verify(9).unwrap_err();
        self.guess(secret);
        self.guess(secret);
        clock.advance(STEP);
        let _after_a_lock = verify(1).unwrap();
        self.guess(secret);
        run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
        let pairs = [
            [wrong_code(secret, NOW); 2],
            [20, 21].map(|at| code(secret, clock.now(), at)),
        ];
        let resynced = pairs.map(|pair| run(mfa.resync(&alice(), self.0.device, pair)).is_ok());
        assert_eq!(resynced, [false, true]);
    }

    /// Recovery codes, a rotation by one of them, an operator who lets a device go; too many wrong
    /// codes, and a new device that is kept alone.
    fn mend(&self) -> Proof {
        let Login {
            mfa, clock, proof, ..
        } = &self.0;
        let codes = run(mfa.issue_recovery_codes(proof, None)).unwrap();
        let _forgotten = run(mfa.enroll_another(proof, label("watch"))).unwrap();
        let first = codes.iter().next().unwrap();
        let recovered = run(mfa.redeem(&alice(), first)).unwrap();
        for _ in 0..3 {
            clock.advance(STEP);
            let _used = run(mfa.redeem(&alice(), first)).unwrap_err();
        }
        let next = run(mfa.rotate(&recovered, self.0.device, STEP)).unwrap();
        let proof = self.confirm(&next);
        let spare = run(mfa.enroll_another(&proof, label("spare"))).unwrap();
        self.confirm(&spare);
        clock.advance(STEP);
        run(mfa.danger_revoke_unproven(&alice(), &operator(), spare.device())).unwrap();
        for _ in 0..4 {
            self.guess(next.secret());
            clock.advance(STEP);
        }
        let last = run(mfa.enroll_another(&proof, label("last"))).unwrap();
        let proof = self.confirm(&last);
        run(mfa.keep_only(&proof, &[last.device()]))
            .unwrap()
            .unwrap()
    }

    /// Another key, a server without it, a clock that goes back, a line that is cut, and the ways
    /// out and in.
    fn end(&self, store: Arc<MemoryStore>, log: &Log, proof: &Proof) {
        let Login {
            mfa, clock, secret, ..
        } = &self.0;
        let new_key = || {
            let new = Keyring::new(SealingKey::from_bytes(&[9; 32]));
            new.with_retired(SealingKey::from_bytes(&[7; 32]))
        };
        let resealing = Mfa::new(Arc::clone(&store), new_key())
            .with_clock(Arc::clone(clock))
            .on_event(log.handler());
        run(resealing.reseal(&alice())).unwrap();
        let _unreadable = run(mfa.status(&alice())).unwrap_err();
        run(resealing.opt_out(proof)).unwrap();
        let _begun = run(resealing.enroll(&alice(), label("phone"))).unwrap();
        clock.set(clock.now().saturating_sub(Duration::from_secs(100)));
        run(resealing.danger_unlock_unproven(&alice(), &operator())).unwrap();
        run(resealing.danger_opt_out_unproven(&alice(), &operator())).unwrap();
        let phone = NewDevice::totp(label("phone")).with_secret(secret.duplicate());
        run(resealing.danger_import_unproven(&alice(), &operator(), vec![phone], None)).unwrap();
        let issue = || {
            let lifetime = Duration::from_secs(600);
            run(resealing.danger_issue_temporary_code_unproven(&alice(), &operator(), lifetime))
        };
        let (_ended, code) = (issue().unwrap(), issue().unwrap());
        let _recovered = run(resealing.redeem(&alice(), &code)).unwrap();
        run(resealing.danger_withdraw_temporary_code_unproven(&alice(), &operator())).unwrap();
        let moved = account("user-1");
        run(resealing.danger_move_unproven(&operator(), &alice(), &moved)).unwrap();
        run(resealing.danger_move_unproven(&operator(), &moved, &alice())).unwrap();
        let cut = Mfa::new(Broken(store), new_key()).on_event(log.handler());
        let _unknown = run(cut.danger_unlock_unproven(&alice(), &operator())).unwrap_err();
    }
}

/// Code, whether the owner must hear of it, whether it is about a device.
const EVENTS: [(&str, bool, bool); 53] = [
    ("enrollment_begun", false, true),
    ("confirmation_failed", false, true),
    ("device_confirmed", true, true),
    ("rotated", true, true),
    ("retired", false, true),
    ("rebound", true, true),
    ("verified", false, true),
    ("verified", true, true),
    ("answered_again", false, true),
    ("mismatch", false, false),
    ("replay_refused", true, false),
    ("replay_refused", false, false),
    ("throttled", false, false),
    ("locked", true, false),
    ("disabled", true, false),
    ("known_browsers_closed", true, false),
    ("browser_closed", true, false),
    ("browser_remembered", true, false),
    ("browser_forgotten", true, false),
    ("browser_trusted", true, false),
    ("recognized", false, false),
    ("password_changed", true, false),
    ("refused_disabled", false, false),
    ("drift_suspected", false, true),
    ("drift_moved", false, true),
    ("resynchronized", true, true),
    ("resync_failed", false, true),
    ("renamed", true, true),
    ("suspended", true, true),
    ("resumed", true, true),
    ("revoked", true, true),
    ("enrollment_ended", false, true),
    ("kept_only", true, false),
    ("imported", true, true),
    ("revoked_unproven", true, true),
    ("opted_out", true, false),
    ("opted_out_unproven", true, false),
    ("unlocked_unproven", true, false),
    ("moved_away", false, false),
    ("moved_here", true, false),
    ("recovery_codes_issued", true, false),
    ("recovery_codes_voided", true, false),
    ("recovered", true, false),
    ("recovery_mismatch", true, false),
    ("recovery_disabled", true, false),
    ("temporary_code_issued", true, false),
    ("temporary_code_redeemed", true, false),
    ("temporary_code_withdrawn", true, false),
    ("temporary_code_ended", false, false),
    ("resealed", false, false),
    ("interrupted", true, false),
    ("unreadable", false, false),
    ("clock_regressed", false, false),
];

#[test]
fn names_are_stable_and_differ() {
    let told = everything_that_is_told();
    let seen: BTreeSet<_> = (told.iter())
        .map(|event| (event.code(), event.notify_owner(), event.device().is_some()))
        .collect();
    assert_eq!(seen, EVENTS.into(), "each of them happens, and no other");
    let table = include_str!("../../src/account/event/table.rs");
    let rows: BTreeSet<&str> = (table.split("Row(\"").skip(1))
        .filter_map(|row| row.split('"').next())
        .collect();
    assert_eq!(
        rows,
        EVENTS.map(|(code, ..)| code).into(),
        "each row of the table happens"
    );
    let mut names = BTreeMap::new();
    for event in &told {
        let text = shown(event);
        let is_about = event
            .device()
            .is_none_or(|id| text.contains(&format!("{id:?}")));
        assert!(is_about, "{text}");
        let name = text.split(' ').next().unwrap().to_owned();
        let code = names.entry(name).or_insert(event.code());
        assert_eq!(*code, event.code());
    }
    let codes: BTreeSet<&str> = told.iter().map(Event::code).collect();
    assert_eq!(names.len(), codes.len(), "no two have one name");
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
