//! Clocks that move: the server's, and the phone's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secondfactor::codes::UnixTime;
use secondfactor::store::MemoryStore;
use secondfactor::{Denial, Error, Event};

use super::{denial, is_throttled, wait};
use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);

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
    // Not even one that was not used: the watermark is an hour ahead. The next wrong code tells the operator.
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

/// A lock that was written by a clock far ahead must not hold until then; nor does it vanish for one a little ahead.
/// Attacks: R8.
#[test]
fn setting_the_clock_back_keeps_nobody_locked_for_longer_than_the_wait() {
    for (back, is_locked) in [
        (HOUR / 2, true),
        (HOUR * 2, false),
        (HOUR * 24 * 365, false),
    ] {
        let Login {
            mfa, clock, secret, ..
        } = Login::new(MemoryStore::new());
        let wrong = wrong_code(&secret, NOW);
        for _ in 0..5 {
            assert_eq!(denial(run(mfa.verify(&alice(), wrong))), Denial::Mismatch);
        }
        let before = NOW.saturating_sub(back);
        clock.set(before);
        let result = run(mfa.verify(&alice(), wrong_code(&secret, before)));
        match is_locked {
            true => assert!(wait(result, before) <= 2 * 3600),
            // Once: its charge is dated anew. It doubles the wait, or fills a pressure that no clock can have written.
            false => {
                assert_eq!(denial(result), Denial::Mismatch);
                assert!([60, 8640].contains(&wait(
                    run(mfa.verify(&alice(), wrong_code(&secret, before))),
                    before
                )));
            }
        }
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
        match denial(run(mfa.verify(&alice(), wrong_code(&secret, now)))) {
            Denial::Mismatch => judged += 1,
            Denial::Disabled => disabled = true,
            _ => {}
        }
    }
    assert!(disabled && judged == 100, "{judged}");
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
            denial(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
            Denial::Mismatch
        );
    }
    assert!(is_throttled(run(
        mfa.verify(&alice(), code(&secret, NOW, 0))
    )));
    let jumped = NOW.saturating_add(HOUR * 24 * 30);
    clock.set(jumped);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, NOW, 0)))),
        Denial::Mismatch
    );
    // Set right again, after the wait of that sixth: the owner is let in.
    let right = NOW.saturating_add(HOUR);
    clock.set(right);
    assert!(run(mfa.verify(&alice(), code(&secret, right, 0))).is_ok());
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
