//! Clocks that move: the server's, and the phone's.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secondfactor::account::{Account, DeviceId, Stale};
use secondfactor::codes::{Counter, Hotp, UnixTime};
use secondfactor::store::MemoryStore;
use secondfactor::{Denial, Error, Event, NewDevice, Proof, RecoveryCodes};

use super::{denial, is_throttled, kind, wait};
use crate::stage::{Held, Stage};
use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The server's clock is set back to when the code was fresh, and it is used again.
/// Attacks: "a clock that moved"; R8.
#[test]
fn setting_the_clock_back_does_not_bring_a_code_back() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let regressed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&regressed);
    let mfa = mfa.on_event(move |_, _, event| {
        seen.fetch_or(
            matches!(event, Event::ClockRegressed { .. }),
            Ordering::Relaxed,
        );
    });
    let used = code(&secret, NOW, 0);
    assert!(run(mfa.verify(&alice(), used)).is_ok());
    let later = NOW.saturating_add(HOUR);
    clock.set(later);
    assert!(run(mfa.verify(&alice(), code(&secret, later, 0))).is_ok());
    clock.set(NOW);
    assert_eq!(denial(run(mfa.verify(&alice(), used))), Denial::Replayed);
    // Not even one that was not used: the watermark is an hour ahead.
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, NOW, 1)))),
        Denial::Replayed
    );
    assert_eq!(
        denial(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
        Denial::Mismatch
    );
    assert!(regressed.load(Ordering::Relaxed));
}

/// A lock that was written by a clock far ahead must not hold until then. Nor does it vanish.
/// Attacks: R8.
#[test]
fn setting_the_clock_back_keeps_everybody_locked_for_the_wait_and_nobody_for_longer() {
    for back in [HOUR / 2, HOUR * 2, HOUR * 24 * 365] {
        let Login {
            mfa, clock, secret, ..
        } = Login::new(MemoryStore::new());
        let wrong = wrong_code(&secret, NOW);
        for _ in 0..5 {
            assert_eq!(kind(run(mfa.verify(&alice(), wrong))), Denial::Mismatch);
        }
        let before = NOW.saturating_sub(back);
        clock.set(before);
        let guess = |now| run(mfa.verify(&alice(), wrong_code(&secret, now)));
        assert_eq!(wait(guess(before), before), 30);
        let last = before.saturating_add(Duration::from_secs(29));
        clock.set(last);
        assert_eq!(wait(guess(last), last), 1);
        clock.set(before.saturating_add(STEP));
        assert_eq!(kind(guess(before.saturating_add(STEP))), Denial::Mismatch);
    }
}

/// Each step back may end a lock, but not the count: a clock that swings gives no more than the hundred.
/// Attacks: R8.
#[test]
fn a_swinging_clock_gives_no_guess_beyond_the_hundred() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let (mut judged, mut disabled) = (0, false);
    for swing in 0..600_u32 {
        let now = if swing % 2 == 0 {
            NOW
        } else {
            NOW.saturating_add(HOUR * 24 * 365)
        };
        clock.set(now);
        match kind(run(mfa.verify(&alice(), wrong_code(&secret, now)))) {
            Denial::Mismatch => judged += 1,
            Denial::Disabled => disabled = true,
            _ => {}
        }
    }
    assert!(disabled && judged == 80, "{judged}");
}

/// Locks end early, once. The owner's right codes lie outside the window, so nothing is burned that they still need.
/// Attacks: R9.
#[test]
fn a_clock_that_jumps_forward_does_not_poison_the_watermark() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    for _ in 0..5 {
        assert_eq!(
            kind(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
            Denial::Mismatch
        );
    }
    assert!(is_throttled(run(
        mfa.verify(&alice(), code(&secret, NOW, 0))
    )));
    let jumped = NOW.saturating_add(HOUR * 24 * 30);
    clock.set(jumped);
    assert_eq!(
        kind(run(mfa.verify(&alice(), code(&secret, NOW, 0)))),
        Denial::Mismatch
    );
    // Set right again: after the wait of that sixth the owner is let in.
    let right = NOW.saturating_add(HOUR);
    clock.set(right);
    assert_eq!(
        wait(run(mfa.verify(&alice(), code(&secret, right, 0))), right),
        60
    );
    clock.advance(STEP * 2);
    assert!(run(mfa.verify(&alice(), code(&secret, right, 2))).is_ok());
}

/// Attacks: R8.
#[test]
fn a_proof_or_token_from_the_future_is_refused_when_the_clock_is_set_back() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    clock.set(NOW.saturating_sub(Duration::from_secs(6)));
    assert!(matches!(run(mfa.opt_out(&proof)), Err(Error::Stale(_))));
    assert!(matches!(
        mfa.open_verified(
            &alice(),
            b"session",
            &token,
            secondfactor::Verified::SESSION
        ),
        Err(Error::Stale(_))
    ));
    let now = NOW.saturating_sub(Duration::from_secs(6));
    assert!(verified.require_within(HOUR, now).is_err());
    clock.set(NOW.saturating_sub(Duration::from_secs(5)));
    assert!(
        mfa.open_verified(
            &alice(),
            b"session",
            &token,
            secondfactor::Verified::SESSION
        )
        .is_ok(),
        "servers differ by seconds"
    );
}

/// The end of time and its beginning, for every command that computes with it.
/// Attacks: "arithmetic".
#[test]
fn no_time_makes_a_command_panic_or_let_a_code_in_twice() {
    for secs in [
        0,
        1,
        29,
        30,
        3600,
        u64::from(u32::MAX) + 1,
        1 << 53,
        u64::MAX - 30,
        u64::MAX,
    ] {
        let time = UnixTime::from_secs(secs);
        let Login {
            mfa,
            clock,
            secret,
            device,
            ..
        } = Login::new(MemoryStore::new());
        clock.set(time);
        let shown = secondfactor::codes::Totp::new(&secret).at(time).unwrap();
        let first = run(mfa.verify(&alice(), shown)).is_ok();
        assert!(run(mfa.verify(&alice(), shown)).is_err());
        // Before the watermark nothing passes, after it each code once.
        assert_eq!(first, time > NOW, "{secs}");
        let _judged = run(mfa.resync(&alice(), device, [shown, shown]));
        let _status = run(mfa.status(&alice())).unwrap();
        for _ in 0..6 {
            let _judged = run(mfa.verify(&alice(), wrong_code_at_any(&secret, time)));
        }
    }
}

fn wrong_code_at_any(secret: &secondfactor::codes::Secret, time: UnixTime) -> secondfactor::Code {
    let shown = secondfactor::codes::Totp::new(secret).at(time).unwrap();
    if shown == "000000".parse().unwrap() {
        "000001".parse().unwrap()
    } else {
        "000000".parse().unwrap()
    }
}

/// Attacks: C1.
#[test]
fn codes_issued_by_a_fast_clock_work_after_it_is_right() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let printed = stage.issue(&by_phone);
    stage.clock.set(NOW.saturating_add(DAY));
    let recovered = stage.redeem(&printed[0]).unwrap();
    let codes = stage.issue(&recovered);

    stage.clock.set(NOW.saturating_add(HOUR));
    for code in &codes {
        let recovered = stage.redeem(code).unwrap();
        run(stage.mfa.rename(&recovered, phone.id, label("phone"))).unwrap();
        run(stage.mfa.stands(&recovered)).unwrap();
        stage.wait(STEP);
    }
    // What was redeemed by the fast clock proves nothing.
    let old = run(stage.mfa.rename(&recovered, phone.id, label("phone")));
    assert!(matches!(old, Err(Error::Stale(_))));
}

/// Attacks: C2.
#[test]
fn a_device_enrolled_by_a_fast_clock_proves_after_it_is_right() {
    let stage = Stage::empty();
    stage.wait(DAY * 365);
    let secret = super::known_secret();
    let at = |counter| Hotp::new(&secret).at(Counter::new(counter));
    let token = NewDevice::hotp(label("token"), Counter::new(0)).with_secret(secret.duplicate());
    let token = run(stage.mfa.enroll(&alice(), token)).unwrap().device();
    let early = run(stage.mfa.confirm(&alice(), token, at(0))).unwrap();

    stage.clock.set(NOW);
    let verified = run(stage.mfa.verify(&alice(), at(1))).unwrap();
    assert_eq!(stage.issue(&verified).len(), 10);
    stage.six_minutes();
    let verified = run(stage.mfa.verify(&alice(), at(2))).unwrap();
    assert!(stage.enroll(&verified, label("phone")).is_ok());
    assert!(matches!(
        stage.enroll(&early, label("tablet")),
        Err(Error::Stale(_))
    ));
}

/// Attacks: C3.
#[test]
fn failures_written_by_a_fast_clock_do_not_come_back() {
    // As fast as they are judged, and all at once: then the pressure is full.
    for is_unlocked in [false, true] {
        let (stage, phone, _) = Stage::with_phone();
        stage.clock.set(NOW.saturating_add(DAY * 30));
        let mut judged = 0;
        while judged < 15 {
            let wrong = wrong_code(&phone.secret, stage.now());
            match kind(run(stage.mfa.verify(&alice(), wrong))) {
                Denial::Mismatch => judged += 1,
                Denial::Throttled { .. } if is_unlocked => {
                    run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
                }
                Denial::Throttled { retry_at, .. } => stage.clock.set(retry_at),
                other => panic!("{other:?}"),
            }
        }

        stage.clock.set(NOW.saturating_add(HOUR));
        let first = run(stage.mfa.verify(&alice(), stage.shows(&phone)));
        assert!(wait(first, stage.now()) <= 2 * 3600 + 24 * 60);
        stage.wait(Duration::from_secs(2 * 3600 + 24 * 60));
        for day in 0..=40 {
            let verified = run(stage.mfa.verify(&alice(), stage.shows(&phone)));
            assert!(verified.is_ok(), "day {day}: {verified:?}");
            stage.wait(DAY);
        }
    }
}

/// Attacks: C4.
#[test]
fn a_proof_from_the_future_never_becomes_fresh() {
    type Command = fn(&Stage, &Held, &Held);
    let commands: [(&str, Command); 5] = [
        ("login", |stage, _, tablet| {
            assert!(stage.log_in(tablet).is_ok())
        }),
        ("wrong code", |stage, _, tablet| {
            let wrong = wrong_code(&tablet.secret, stage.now());
            assert!(run(stage.mfa.verify(&alice(), wrong)).is_err());
        }),
        ("replay", |stage, phone, _| {
            let result = run(stage.mfa.verify(&alice(), stage.shows(phone)));
            assert_eq!(denial(result), Denial::Replayed);
        }),
        ("refused at once", |stage, phone, _| {
            assert!(run(stage.mfa.enroll(&alice(), label("mine"))).is_err());
            assert!(stage.confirm(phone).is_err());
        }),
        ("unlock", |stage, _, _| {
            run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
        }),
    ];
    for (name, command) in commands {
        let (stage, phone, tablet) = Stage::with_two();
        stage.clock.set(NOW.saturating_add(HOUR));
        let early = stage.log_in(&phone).unwrap();
        let codes = stage.issue(&early);
        let redeemed = stage.redeem(&codes[0]).unwrap();
        let token = stage.mfa.seal_proof(&early, b"session").unwrap();

        stage.clock.set(NOW.saturating_add(STEP));
        stage.told();
        command(&stage, &phone, &tablet);
        let regressed = stage.told_codes().contains(&"clock_regressed");
        assert!(regressed, "{name}: the operator is told");
        stage
            .clock
            .set(NOW.saturating_add(HOUR + Duration::from_secs(60)));
        for proof in [early.as_ref(), redeemed.as_ref()] {
            assert!(proof.require_within(proof.lifetime(), stage.now()).is_ok());
            let result = stage.enroll(proof, label("thief's"));
            assert!(matches!(result, Err(Error::Stale(Stale::Ended))), "{name}");
        }
        let again = stage.mfa.open_proof(&alice(), b"session", &token).unwrap();
        let result = run(stage.mfa.stands(&again));
        assert!(matches!(result, Err(Error::Stale(Stale::Ended))), "{name}");
        // Those of today stand.
        let owner = stage.log_in(&tablet).unwrap();
        assert!(stage.enroll(&owner, label("watch")).is_ok());
    }
}

/// How many guesses are judged in a day, by servers whose clocks are so many seconds behind. They
/// take turns.
fn guesses_in_a_day(behind: &[u64]) -> usize {
    let (account, phone) = super::with_phone();
    let shown: HashSet<String> = (-10..=3000)
        .map(|steps| code(&phone.secret, NOW, steps).to_string())
        .collect();
    let mut wrong = (0..).map(|n| format!("{n:06}"));
    let wrong = wrong.find(|wrong| !shown.contains(wrong)).unwrap();
    let wrong = wrong.parse::<secondfactor::Code>().unwrap();

    let mut attempt = account.reseal(&keyring());
    let mut body = attempt.seal(&keyring()).unwrap();
    let mut judged = 0;
    for seconds in (0..24 * 3600).step_by(30) {
        let now = NOW.saturating_add(Duration::from_secs(60 + seconds));
        for behind in behind {
            let now = now.saturating_sub(Duration::from_secs(*behind));
            let account = Account::open(&alice(), &body, &keyring()).unwrap();
            let Ok(mut attempt) = account.verify(wrong, now) else {
                continue;
            };
            body = attempt.seal(&keyring()).unwrap();
            match kind(attempt.reveal(receipt(&body))) {
                Denial::Mismatch => judged += 1,
                Denial::Throttled { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    judged
}

/// Attacks: C5.
#[test]
fn servers_that_differ_give_no_guesses() {
    let with_one = guesses_in_a_day(&[0]);
    assert!(with_one > 15, "the simulation guesses: {with_one}");
    for behind in [[0, 6], [0, 5]] {
        let with_two = guesses_in_a_day(&behind);
        assert!(
            with_two <= with_one + 1,
            "{behind:?}: {with_two} {with_one}"
        );
    }
}

/// What is refused at once changes nothing, but that it is remembered. Only what reads leaves it.
/// Attacks: R8.
#[test]
fn every_refusal_notes_a_clock_that_went_back() {
    type Call = fn(&Stage, &Proof, &Held) -> Result<(), Error>;
    const NONE: fn() -> DeviceId = || "9".parse().unwrap();
    let refused: [(&str, Call); 17] = [
        ("enroll", |s, _, _| {
            run(s.mfa.enroll(&alice(), label("x"))).map(drop)
        }),
        ("enroll_another", |s, proof, _| {
            s.enroll(proof, label("x")).map(drop)
        }),
        ("confirm", |s, _, phone| s.confirm(phone).map(drop)),
        ("confirm_pair", |s, _, phone| {
            let codes = [s.shows(phone); 2];
            run(s.mfa.confirm_pair(&alice(), phone.id, codes)).map(drop)
        }),
        ("verify", |s, _, phone| {
            let used = code(&phone.secret, NOW, 0);
            let _replay = run(s.mfa.verify(&alice(), used)).map(drop);
            run(s.mfa.verify(&alice(), used)).map(drop)
        }),
        ("resync", |s, _, phone| {
            run(s.mfa.resync(&alice(), NONE(), [s.shows(phone); 2]))
        }),
        ("rotate", |s, proof, phone| {
            s.rotate(proof, phone, HOUR).map(drop)
        }),
        ("issue_recovery_codes", |s, proof, _| {
            run(s.mfa.issue_recovery_codes(proof, None)).map(drop)
        }),
        ("redeem", |s, _, _| {
            let codes = RecoveryCodes::generate().unwrap();
            s.redeem(codes.iter().next().unwrap()).map(drop)
        }),
        ("rename", |s, proof, phone| {
            run(s.mfa.rename(proof, phone.id, label("x")))
        }),
        ("suspend", |s, proof, phone| {
            run(s.mfa.suspend(proof, phone.id))
        }),
        ("resume", |s, proof, phone| {
            run(s.mfa.resume(proof, phone.id))
        }),
        ("revoke", |s, proof, phone| {
            run(s.mfa.revoke(proof, phone.id))
        }),
        ("keep_only", |s, proof, phone| {
            run(s.mfa.keep_only(proof, &[phone.id])).map(drop)
        }),
        ("opt_out", |s, proof, _| run(s.mfa.opt_out(proof))),
        ("danger_import_unproven", |s, _, _| {
            let new = NewDevice::totp(label("x"));
            run(s
                .mfa
                .danger_import_unproven(&alice(), &operator(), vec![new], None))
        }),
        ("danger_revoke_unproven", |s, _, _| {
            run(s.mfa.danger_revoke_unproven(&alice(), &operator(), NONE()))
        }),
    ];
    let reads: [(&str, Call); 4] = [
        ("status", |s, _, _| run(s.mfa.status(&alice())).map(drop)),
        ("devices", |s, _, _| run(s.mfa.devices(&alice())).map(drop)),
        ("check_proof", |s, proof, _| run(s.mfa.check_proof(proof))),
        ("stands", |s, proof, _| run(s.mfa.stands(proof))),
    ];
    let calls = refused.iter().map(|call| (call, true));
    for ((name, call), notes) in calls.chain(reads.iter().map(|call| (call, false))) {
        let (stage, phone, confirmed) = Stage::with_phone();
        let proof = confirmed.into();
        stage.clock.set(NOW.saturating_sub(HOUR));
        stage.told();
        let answer = call(&stage, &proof, &phone);
        assert!(answer.is_err() || !notes, "{name}");
        let told = stage.told_codes();
        assert_eq!(told.contains(&"clock_regressed"), notes, "{name}: {told:?}");
        // The clock is right again, and the proof of before is one of another epoch.
        stage.clock.set(NOW);
        let stands = run(stage.mfa.check_proof(&proof));
        let has_ended = matches!(stands, Err(Error::Stale(Stale::Ended)));
        assert!(has_ended == notes && stands.is_err() == notes, "{name}");
    }
}
