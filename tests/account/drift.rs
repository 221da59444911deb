//! Clocks that are off: learned, bounded, resynchronized.

use std::time::Duration;

use secondfactor::codes::{UnixTime, Window};
use secondfactor::store::MemoryStore;
use secondfactor::{Code, Denial, Error, Policy};

use crate::support::*;

type Server = secondfactor::Mfa<MemoryStore>;

fn drift(mfa: &Server) -> i64 {
    run(mfa.devices(&alice())).unwrap()[0].drift()
}

/// A time a whole number of steps after `NOW`.
fn step(n: u32) -> UnixTime {
    NOW.saturating_add(STEP * n)
}

#[test]
fn drift_follows_a_clock_as_long_as_the_present_step_stays_in_the_window() {
    for (past, future, most) in [(1, 1, 1), (2, 2, 2), (4, 5, 4), (5, 4, 4)] {
        for direction in [1, -1] {
            let Login {
                mfa, clock, secret, ..
            } = Login::new(MemoryStore::new());
            let window = Window::new(past, future).unwrap();
            let mfa = mfa.with_policy(Policy::builder().window(window).build().unwrap());
            let mut off = 0;
            // Every 20 steps it loses or gains one more, as soon as it is followed.
            for n in 1..40_u32 {
                clock.set(step(n * 20));
                if drift(&mfa) == off {
                    off += direction;
                }
                assert!(run(mfa.verify(&alice(), code(&secret, step(n * 20), off))).is_ok());
            }
            assert_eq!(drift(&mfa), most * direction, "{window:?}");
            clock.set(step(1000));
            assert!(run(mfa.verify(&alice(), code(&secret, step(1000), 0))).is_ok());
        }
    }
}

#[test]
fn one_success_off_centre_moves_nothing() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    for (n, off) in [(10, 1), (20, 0), (30, 1), (40, -1), (50, 1)] {
        clock.set(step(n));
        assert!(run(mfa.verify(&alice(), code(&secret, step(n), off))).is_ok());
        assert_eq!(drift(&mfa), 0);
    }
}

/// It would follow whoever types late, and could not come back.
#[test]
fn a_window_open_on_one_side_teaches_nothing() {
    for (past, future, off) in [(1, 0, -1), (0, 1, 1)] {
        let Login {
            mfa, clock, secret, ..
        } = Login::new(MemoryStore::new());
        let window = Window::new(past, future).unwrap();
        let policy = Policy::builder().window(window).build().unwrap();
        let mfa = mfa.with_policy(policy);
        for n in [10, 20, 30, 40] {
            clock.set(step(n));
            assert!(run(mfa.verify(&alice(), code(&secret, step(n), off))).is_ok());
            assert_eq!(drift(&mfa), 0, "past {past}, future {future}");
        }
    }
}

#[test]
fn resync_takes_two_codes_in_a_row_and_stays_once_a_login_confirms_it() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    clock.set(step(200));
    let shown = |time, at: i64| code(&secret, time, at - 60);
    assert!(run(mfa.verify(&alice(), shown(step(200), 0))).is_err());
    run(mfa.resync(&alice(), device, [shown(step(200), 0), shown(step(200), 1)])).unwrap();
    assert_eq!(drift(&mfa), -59);
    // It was no login, and both codes are burned.
    assert!(run(mfa.verify(&alice(), shown(step(200), 1))).is_err());
    clock.set(step(202));
    assert!(run(mfa.verify(&alice(), shown(step(202), 0))).is_ok());
    clock.set(step(202).saturating_add(Duration::from_secs(3 * 24 * 3600)));
    assert_eq!(drift(&mfa), -59);
}

#[test]
fn resync_is_reverted_after_a_day_without_a_login() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    clock.set(step(200));
    run(mfa.resync(
        &alice(),
        device,
        [code(&secret, step(200), -60), code(&secret, step(200), -59)],
    ))
    .unwrap();
    clock.set(step(200).saturating_add(Duration::from_secs(24 * 3600)));
    assert_eq!(drift(&mfa), -59);
    clock.advance(Duration::from_secs(1));
    assert_eq!(drift(&mfa), 0);
}

#[test]
fn resync_is_judged_three_times_a_day_apart_from_logins() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let wrong = wrong_code(&secret, NOW);
    let guess = || run(mfa.resync(&alice(), device, [wrong, wrong]));
    for _ in 0..2 {
        assert!(matches!(guess(), Err(Error::Denied(Denial::Mismatch))));
    }
    let in_eight_hours = NOW.saturating_add(Duration::from_secs(8 * 3600));
    let Err(Error::Denied(Denial::Locked { retry_at, .. })) = guess() else {
        panic!("the third one begins a wait")
    };
    assert_eq!(retry_at, in_eight_hours);
    let Err(Error::Denied(Denial::Throttled { retry_at, .. })) = guess() else {
        panic!("a fourth one was judged")
    };
    assert_eq!(retry_at, in_eight_hours);
    // Not even the right ones.
    let right = [code(&secret, NOW, 0), code(&secret, NOW, 1)];
    assert!(matches!(
        run(mfa.resync(&alice(), device, right)),
        Err(Error::Denied(Denial::Throttled { .. }))
    ));
    // Logins are not blocked by that, nor resyncs by wrong codes at a login.
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    clock.set(retry_at);
    for _ in 0..6 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, retry_at)));
    }
    let right = [code(&secret, retry_at, 0), code(&secret, retry_at, 1)];
    assert!(run(mfa.resync(&alice(), device, right)).is_ok());
}

#[test]
fn only_an_active_device_is_resynchronized() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let codes: [Code; 2] = [code(&secret, NOW, 0), code(&secret, NOW, 1)];
    assert!(matches!(
        run(mfa.resync(&alice(), "7".parse().unwrap(), codes)),
        Err(Error::UnknownDevice)
    ));
    let pending = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let codes = [
        code(pending.secret(), NOW, 0),
        code(pending.secret(), NOW, 1),
    ];
    assert!(matches!(
        run(mfa.resync(&alice(), pending.device(), codes)),
        Err(Error::UnknownDevice)
    ));
}

#[test]
fn a_suspected_drift_is_an_event_and_no_answer() {
    let Login {
        mfa,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let result = run(mfa.verify(&alice(), code(&secret, NOW, 9)));
    assert!(matches!(result, Err(Error::Denied(Denial::Mismatch))));
    assert_eq!(
        log.shown(),
        [
            "Mismatch { failures: 1, browser: None }".to_owned(),
            format!("DriftSuspected {{ device: {device:?}, steps: 9 }}"),
        ]
    );
}

/// Row 10 of the races: the phone was fast, then its clock was put right.
#[test]
fn a_clock_put_right_locks_its_owner_out_for_minutes_only() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    for n in [10, 20, 30, 40] {
        clock.set(step(n));
        let off = drift(&mfa) + 1;
        assert!(run(mfa.verify(&alice(), code(&secret, step(n), off))).is_ok());
    }
    assert_eq!(drift(&mfa), 1);
    clock.set(step(50));
    assert!(run(mfa.verify(&alice(), code(&secret, step(50), 2))).is_ok());
    let resync = |n| {
        clock.set(step(n));
        run(mfa.resync(
            &alice(),
            device,
            [code(&secret, step(n), 0), code(&secret, step(n), 1)],
        ))
    };
    assert!(matches!(resync(52), Err(Error::Denied(Denial::Mismatch))));
    resync(53).unwrap();
}

/// A hardware token whose clock is off by so many steps, as its vendor's file says.
#[cfg(feature = "pskc")]
mod tokens {
    use secondfactor::NewDevice;
    use secondfactor::provisioning::{PskcKey, Token};

    use super::*;

    fn token(steps: i64, period: u16) -> Token {
        let file = format!(
            "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'><KeyPackage><Key Id='1' \
             Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:totp'><AlgorithmParameters><ResponseFormat Length='6' \
             Encoding='DECIMAL'/></AlgorithmParameters><Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\
             </PlainValue></Secret><TimeInterval><PlainValue>{period}</PlainValue></TimeInterval><TimeDrift>\
             <PlainValue>{steps}</PlainValue></TimeDrift></Data></Key></KeyPackage></KeyContainer>"
        );
        let mut tokens = Token::read_pskc(file.as_bytes(), PskcKey::None).unwrap();
        tokens.remove(0).unwrap()
    }

    fn device(steps: i64) -> NewDevice {
        NewDevice::from_token(label("token"), &token(steps, 30)).unwrap()
    }

    fn server() -> (Server, std::sync::Arc<secondfactor::codes::ManualClock>) {
        let clock = std::sync::Arc::new(secondfactor::codes::ManualClock::new(NOW));
        let mfa = Server::new(MemoryStore::new(), keyring()).with_clock(clock.clone());
        (mfa, clock)
    }

    #[test]
    fn the_drift_in_a_vendors_file_is_the_first_one() {
        for steps in [-120, -4, 0, 4, 120] {
            let (mfa, clock) = server();
            let enrollment = run(mfa.enroll(&alice(), device(steps))).unwrap();
            let secret = token(0, 30).secret().duplicate();
            assert!(
                run(mfa.confirm(&alice(), enrollment.device(), code(&secret, NOW, steps))).is_ok()
            );
            assert_eq!(drift(&mfa), steps);
            clock.set(step(10));
            assert!(run(mfa.verify(&alice(), code(&secret, step(10), steps + 1))).is_ok());
        }
    }

    #[test]
    fn an_import_burns_what_a_drifting_token_would_log_in_with() {
        let secret = token(0, 30).secret().duplicate();
        for steps in [-4, 0, 4] {
            let (mfa, clock) = server();
            run(mfa.danger_import_unproven(&alice(), &operator(), vec![device(steps)], None))
                .unwrap();
            for window in -1..=1 {
                let old = code(&secret, NOW, steps + window);
                let replay = run(mfa.verify(&alice(), old));
                assert!(
                    matches!(replay, Err(Error::Denied(Denial::Replayed))),
                    "{steps}"
                );
            }
            clock.set(step(10));
            assert!(run(mfa.verify(&alice(), code(&secret, step(10), steps))).is_ok());
        }
    }

    #[test]
    fn a_token_that_no_device_can_be_is_refused() {
        let refused = |steps, period| {
            let error = NewDevice::from_token(label("token"), &token(steps, period)).unwrap_err();
            error.to_string()
        };
        let far = "drift of a device in periods, either way, must be 0 to 122";
        assert_eq!(
            (refused(123, 30), refused(-123, 30)),
            (far.into(), far.into())
        );
        assert_eq!(refused(i64::from(i32::MIN), 60), far.replace("122", "62"));
        assert_eq!(
            refused(0, 121),
            "period of a device in seconds must be 15 to 120"
        );
        assert!(NewDevice::from_token(label("token"), &token(-122, 30)).is_ok());
    }
}
