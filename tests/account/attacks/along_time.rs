//! What a reviewer found who followed a thief along time. "Attacks:" names the rows.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use secondfactor::account::{Diagnosis, Lock};
use secondfactor::codes::{Clock as _, ManualClock, Secret, UnixTime};
use secondfactor::{Code, Denial, Error, Event, Label, Mfa, NewDevice, Policy, RecoveryCodes};

use super::denial;
use crate::stage::{Held, Slow, Stage, active};
use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A phone's account on a slow database, and a thief that hangs up.
struct HangingUp {
    store: Arc<Slow>,
    mfa: Mfa<Arc<Slow>>,
    clock: Arc<ManualClock>,
    phone: Held,
    log: Log,
}

impl HangingUp {
    fn new() -> Self {
        let (store, clock) = (Arc::<Slow>::default(), Arc::new(ManualClock::new(NOW)));
        let log = Log::default();
        let mfa = Mfa::new(Arc::clone(&store), keyring())
            .with_clock(Arc::clone(&clock))
            .on_event(log.handler());
        let phone = Held::new(&run(mfa.enroll(&alice(), label("phone"))).unwrap());
        run(mfa.confirm(&alice(), phone.id, code(&phone.secret, NOW, 0))).unwrap();
        clock.advance(HOUR);
        Self {
            store,
            mfa,
            clock,
            phone,
            log,
        }
    }

    fn shows(&self, device: &Held) -> Code {
        code(&device.secret, self.clock.now(), 0)
    }

    /// The server drops the call when the client has gone. Returns what the owner was told.
    fn hang_up<T>(&self, call: impl Future<Output = T>) -> Vec<&'static str> {
        use std::task::{Context, Poll, Waker};
        let before = self.log.events().len();
        self.store.is_hanging.store(true, Ordering::SeqCst);
        let mut call = Box::pin(call);
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(poll, Poll::Pending));
        drop(call);
        self.store.is_hanging.store(false, Ordering::SeqCst);
        let told = self.log.events();
        let mine = told[before..].iter().filter(|event| event.notify_owner());
        mine.map(Event::code).collect()
    }
}

/// Attacks: Z1.
#[test]
fn a_thief_that_hangs_up_is_told() {
    let thief = HangingUp::new();
    let (mfa, told) = (&thief.mfa, ["interrupted"]);
    let seen = thief.shows(&thief.phone);
    let proof = run(mfa.verify(&alice(), seen)).unwrap();
    // A code that is used a second time is told once, and this was the time.
    assert_eq!(thief.hang_up(mfa.verify(&alice(), seen)), told);
    let mine = Held::new(&run(mfa.enroll_another(&proof, label("mine"))).unwrap());
    let id = alice();
    let confirmation = mfa.confirm(&id, mine.id, thief.shows(&mine));
    assert_eq!(thief.hang_up(confirmation), told);
    thief.clock.advance(STEP);
    let proof = run(mfa.verify(&alice(), thief.shows(&mine))).unwrap();
    assert_eq!(thief.hang_up(mfa.keep_only(&proof, &[mine.id])), told);
    thief.clock.advance(STEP);
    // An ordinary login is none of the owner's troubles, cut off or not.
    assert!(
        thief
            .hang_up(mfa.verify(&alice(), thief.shows(&mine)))
            .is_empty()
    );
    thief.clock.advance(STEP);
    let proof = run(mfa.verify(&alice(), thief.shows(&mine))).unwrap();
    assert_eq!(thief.hang_up(mfa.opt_out(&proof)), told);
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));

    let thief = HangingUp::new();
    let lock = || run(thief.mfa.status(&alice())).unwrap().lock();
    let (mut guesses, mut told) = (0, Vec::new());
    while lock() != Lock::Disabled {
        if let Lock::Until(time) = lock() {
            thief.clock.set(time);
        }
        let wrong = wrong_code(&thief.phone.secret, thief.clock.now());
        told = thief.hang_up(thief.mfa.verify(&alice(), wrong));
        guesses += 1;
        assert_eq!(told.len(), usize::from(guesses >= 5), "{guesses}");
    }
    assert_eq!(told, ["interrupted"]);
}

fn diagnosis<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<Diagnosis> {
    match denial(result) {
        Denial::Unconfirmed(diagnosis) => Some(diagnosis),
        _ => None,
    }
}

/// Attacks: Z2.
#[test]
fn a_guesser_without_the_session_learns_no_later_step() {
    let stage = Stage::empty();
    let open = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    let bound = NewDevice::totp(label("pad")).in_session(b"of the owner");
    let bound = Held::new(&run(stage.mfa.enroll(&alice(), bound)).unwrap());
    let later = |device: &Held| code(&device.secret, stage.now(), 40);
    stage.told();
    let guessed = run(stage.mfa.confirm(&alice(), open.id, later(&open)));
    assert_eq!(diagnosis(guessed), None);
    let is_silent = |event: &Event| {
        matches!(
            event,
            Event::ConfirmationFailed {
                diagnosis: None,
                ..
            }
        )
    };
    assert!(stage.told().iter().all(is_silent));
    let pending = bound.id.in_session(b"of the owner");
    let shown = run(stage.mfa.confirm(&alice(), pending, later(&bound)));
    assert!(matches!(
        diagnosis(shown),
        Some(Diagnosis::ClockOff { steps: 40, .. })
    ));
}

/// Attacks: Z3.
#[test]
fn a_film_of_the_phone_ends_with_keep_only() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let sheet = stage.issue(&by_phone);
    stage.wait(2 * HOUR);
    let begin = stage.now().as_secs() - 3600;
    let filmed = |step: u64| code(&phone.secret, UnixTime::from_secs(begin + 30 * step), 0);
    run(stage.mfa.resync(&alice(), phone.id, [filmed(0), filmed(1)])).unwrap();
    let _thief = run(stage.mfa.verify(&alice(), filmed(2))).unwrap();

    stage.wait(STEP);
    let recovered = stage.redeem(&sheet[0]).unwrap();
    stage.keep(&recovered, &[&phone]);
    let mut film = (0..=121).map(filmed);
    assert!(!film.any(|seen| run(stage.mfa.verify(&alice(), seen)).is_ok()));
    let pairs = (0..120).map(|step| [filmed(step), filmed(step + 1)]);
    for pair in pairs.rev().take(3) {
        assert!(run(stage.mfa.resync(&alice(), phone.id, pair)).is_err());
    }
    stage.wait(DAY);
    assert_eq!(stage.log_in(&phone).unwrap().device(), phone.id);
}

/// Attacks: Z3.
#[test]
fn what_is_kept_by_its_own_proof_keeps_its_offset() {
    let (stage, phone, tablet) = Stage::with_two();
    stage.wait(HOUR);
    for device in [&phone, &tablet] {
        let pair = [-21, -20].map(|steps| code(&device.secret, stage.now(), steps));
        run(stage.mfa.resync(&alice(), device.id, pair)).unwrap();
    }
    stage.wait(STEP);
    let slow = |device: &Held| {
        run(stage
            .mfa
            .verify(&alice(), code(&device.secret, stage.now(), -20)))
    };
    let owner = slow(&tablet).unwrap();
    stage.keep(&owner, &[&phone, &tablet]);
    stage.wait(STEP);
    assert!(slow(&tablet).is_ok());
    assert_eq!(denial(slow(&phone)), Denial::Mismatch);
    assert!(stage.log_in(&phone).is_ok());
}

/// Attacks: Z4.
#[test]
fn an_old_entry_ends_with_the_new_one_of_its_phone() {
    for how in 0..4 {
        let (stage, phone, tablet) = Stage::with_two();
        let owner = stage.log_in(&phone).unwrap();
        let new = stage.rotate(&owner, &phone, 7 * DAY).unwrap();
        stage.confirm(&new).unwrap();
        stage.wait(HOUR);
        let owner = stage.log_in(&tablet).unwrap();
        assert!(stage.log_in(&phone).is_ok());
        stage.told();
        match how {
            0 => run(stage.mfa.suspend(&owner, new.id)).unwrap(),
            1 => run(stage.mfa.revoke(&owner, new.id)).unwrap(),
            2 => run(stage
                .mfa
                .danger_revoke_unproven(&alice(), &operator(), new.id))
            .unwrap(),
            // One more rotation, without a grace.
            _ => {
                let newer = stage.rotate(&owner, &new, Duration::ZERO).unwrap();
                stage.confirm(&newer).unwrap();
            }
        }
        let told = stage.told();
        let is_it = |event: &Event| event.code() == "retired" && event.device() == Some(phone.id);
        assert_eq!(told.iter().filter(|event| is_it(event)).count(), 1, "{how}");
        assert!(!stage.has(&phone), "{how}");
        assert_eq!(denial(stage.log_in(&phone)), Denial::Mismatch, "{how}");
    }
}

/// Attacks: Z5.
#[test]
fn a_rotation_tells_whose_label_it_takes() {
    let (stage, phone, tablet) = Stage::with_two();
    let phished = stage.log_in(&tablet).unwrap();
    let thiefs = stage.rotate(&phished, &phone, 7 * DAY).unwrap();
    stage.told();
    stage.confirm(&thiefs).unwrap();
    let told = stage.told();
    let rotated = told.iter().find(|event| event.code() == "rotated").unwrap();
    assert!(format!("{rotated:?}").contains("phone"), "{rotated:?}");
    let devices = run(stage.mfa.devices(&alice())).unwrap();
    let thiefs = devices
        .iter()
        .find(|device| device.id() == thiefs.id)
        .unwrap();
    let by_tablet = secondfactor::account::VouchedBy::Device(tablet.id);
    assert_eq!(thiefs.vouched_by().by(), by_tablet);
}

/// Wrong codes until the account is disabled, whatever the waits.
fn disable(stage: &Stage, phone: &Held) {
    loop {
        match run(stage.mfa.status(&alice())).unwrap().lock() {
            Lock::Disabled => return,
            Lock::Until(time) => stage.clock.set(time),
            _ => {
                let wrong = wrong_code(&phone.secret, stage.now());
                assert!(run(stage.mfa.verify(&alice(), wrong)).is_err());
            }
        }
    }
}

/// Attacks: Z6.
#[test]
fn wrong_codes_take_no_device_away() {
    let (mut stage, phone, _) = Stage::with_phone();
    stage.mfa = stage
        .mfa
        .with_policy(Policy::builder().max_failures(5).build().unwrap());
    stage.wait(HOUR);
    let owner = stage.log_in(&phone).unwrap();
    let tablet = stage.enroll(&owner, label("tablet")).unwrap();
    disable(&stage, &phone);
    stage.told();
    let confirmed = stage.confirm(&tablet).unwrap();
    assert_eq!(stage.told_codes(), ["device_confirmed"]);
    assert_eq!(stage.devices(), active(["phone", "tablet"]));
    assert_eq!(denial(stage.log_in(&tablet)), Denial::Disabled);

    // The owner begins again, and this is what binds the account again.
    let again = stage.rotate(&confirmed, &tablet, 7 * DAY).unwrap();
    stage.confirm(&again).unwrap();
    assert_eq!(stage.devices(), active(["tablet"]));
    assert!(stage.told_codes().contains(&"rebound"));
    assert!(stage.log_in(&again).is_ok());
}

/// Attacks: Z7.
#[test]
fn a_login_after_two_wrong_codes_is_told() {
    let (stage, phone, _) = Stage::with_phone();
    for (wrong, is_told) in [(0, false), (1, false), (2, true), (4, true)] {
        stage.wait(DAY);
        for _ in 0..wrong {
            let wrong = wrong_code(&phone.secret, stage.now());
            assert!(run(stage.mfa.verify(&alice(), wrong)).is_err());
        }
        stage.told();
        let _verified = stage.log_in(&phone).unwrap();
        assert_eq!(stage.told()[0].notify_owner(), is_told, "{wrong}");
    }
}

/// Attacks: Z8.
#[test]
fn late_relays_do_not_walk_the_window_away_after_a_late_resynchronization() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(HOUR);
    let at = |steps| code(&phone.secret, stage.now(), steps);
    run(stage.mfa.resync(&alice(), phone.id, [at(-2), at(-1)])).unwrap();
    stage.wait(HOUR);
    let _verified = run(stage.mfa.verify(&alice(), at(0))).unwrap();
    for late in [-1, -1, -2, -2, -1, -1] {
        stage.wait(HOUR);
        let _relayed = run(stage.mfa.verify(&alice(), at(late)));
        stage.wait(HOUR);
        let present = run(stage.mfa.verify(&alice(), at(0)));
        assert!(present.is_ok(), "{late}");
    }
    stage.wait(HOUR);
    for late in [-1, -1, -2, -2] {
        stage.wait(HOUR);
        let _relayed = run(stage.mfa.verify(&alice(), at(late)));
    }
    stage.wait(HOUR);
    assert!(run(stage.mfa.verify(&alice(), at(0))).is_ok());
}

/// Attacks: Z9.
#[test]
fn a_one_sided_window_stays_where_it_is() {
    let (mut stage, phone, _) = Stage::with_phone();
    let at = |stage: &Stage, steps| code(&phone.secret, stage.now(), steps);
    for _ in 0..2 {
        stage.wait(HOUR);
        let _fast = run(stage.mfa.verify(&alice(), at(&stage, 1))).unwrap();
    }
    stage.mfa = stage.mfa.with_policy(Policy::PCI);
    stage.wait(HOUR);
    let none_forward = run(stage.mfa.verify(&alice(), at(&stage, 1)));
    assert_eq!(denial(none_forward), Denial::Mismatch);
    assert!(run(stage.mfa.verify(&alice(), at(&stage, -1))).is_ok());
}

/// Attacks: Z10.
#[test]
fn an_unlock_is_one_of_recovery_codes_too() {
    let (stage, _, by_phone) = Stage::with_phone();
    // The only one that closes them.
    let stage = stage.with_policy(Policy::NIST);
    let sheet = stage.issue(&by_phone);
    let other = RecoveryCodes::generate().unwrap();
    let wrong = other.iter().next().unwrap();
    let lock = || run(stage.mfa.status(&alice())).unwrap().recovery_lock();
    while lock() != Lock::Disabled {
        if let Lock::Until(time) = lock() {
            stage.clock.set(time);
        }
        assert!(stage.redeem(wrong).is_err());
    }
    run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    stage.wait(DAY);
    assert!(stage.redeem(&sheet[0]).is_ok());
}

/// Attacks: Z11.
#[test]
fn what_a_suspended_phone_has_shown_is_no_pair_after_it_is_resumed() {
    let (stage, phone, tablet) = Stage::with_two();
    let owner = stage.log_in(&tablet).unwrap();
    run(stage.mfa.suspend(&owner, phone.id)).unwrap();
    stage.wait(DAY);
    let found = stage.now();
    let seen = |step: i64| code(&phone.secret, found, step);
    stage.wait(110 * STEP);
    let owner = stage.log_in(&tablet).unwrap();
    run(stage.mfa.resume(&owner, phone.id)).unwrap();
    let resync = run(stage.mfa.resync(&alice(), phone.id, [seen(0), seen(1)]));
    assert_eq!(denial(resync), Denial::Mismatch);
    assert!(run(stage.mfa.verify(&alice(), stage.shows(&phone))).is_err());
    assert!(stage.log_in(&phone).is_ok());
}

/// Attacks: Z12.
#[test]
fn one_key_in_two_spellings_is_one_secret() {
    let stage = Stage::empty();
    let token = |name: &str, bytes: &[u8]| {
        NewDevice::totp(label(name)).with_secret(Secret::from_bytes(bytes).unwrap())
    };
    let first = run(stage.mfa.enroll(&alice(), token("a", &[9; 20]))).unwrap();
    let confirmed = stage.confirm(&Held::new(&first)).unwrap();
    let padded = [&[9; 20][..], &[0; 3]].concat();
    let long = stage.enroll(&confirmed, token("long", &[7; 65])).unwrap();
    stage.confirm(&long).unwrap();
    use sha1::Digest as _;
    let hashed = sha1::Sha1::digest([7; 65]);
    for same in [&padded[..], &hashed[..]] {
        let again = stage.enroll(&confirmed, token("b", same));
        assert!(matches!(again, Err(Error::DuplicateSecret)), "{same:?}");
    }
    assert!(stage.enroll(&confirmed, token("c", &[9; 21])).is_ok());
}

/// Attacks: Z13.
#[test]
fn a_rotation_may_be_called_as_its_device_again() {
    let (stage, phone, tablet) = Stage::with_two();
    let owner = stage.log_in(&phone).unwrap();
    let new = stage.rotate(&owner, &phone, Duration::ZERO).unwrap();
    let rename = |name: &str| run(stage.mfa.rename(&owner, new.id, Label::new(name).unwrap()));
    rename("x").unwrap();
    assert!(matches!(rename("tablet"), Err(Error::LabelTaken)));
    rename("phone").unwrap();
    stage.confirm(&new).unwrap();
    assert_eq!(stage.devices(), active(["tablet", "phone"]));
    assert!(stage.has(&tablet));
}

/// Attacks: Z14.
#[test]
fn an_offset_found_by_a_confirmation_is_final() {
    let stage = Stage::empty();
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    let at = |steps| code(&phone.secret, stage.now(), steps);
    run(stage.mfa.confirm_pair(&alice(), phone.id, [at(50), at(51)])).unwrap();
    stage.wait(7 * DAY);
    assert!(run(stage.mfa.verify(&alice(), at(51))).is_ok());
}

/// Attacks: Z15.
#[test]
fn an_empty_session_id_is_no_session() {
    let stage = Stage::empty();
    let phone = NewDevice::totp(label("phone")).in_session(b"");
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), phone)).unwrap());
    let confirm = |pending| run(stage.mfa.confirm(&alice(), pending, stage.shows(&phone)));
    let result = confirm(phone.id.in_session(b""));
    assert!(matches!(result, Err(Error::UnknownDevice)));
    assert!(matches!(
        confirm(phone.id.into()),
        Err(Error::UnknownDevice)
    ));
}
