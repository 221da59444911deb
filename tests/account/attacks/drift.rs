//! The window, walked away or held open.

use std::time::Duration;

use secondfactor::account::{Account, Lock};
use secondfactor::codes::{Counter, Hotp, UnixTime, Window};
use secondfactor::{Denial, Error, NewDevice, Policy};

use super::{Phone, denial, known_secret};
use crate::support::*;

/// Logs in by the code so many steps off, and says where the clock is taken to stand then.
fn login(account: Account, phone: &Phone, now: UnixTime, steps: i64) -> (Account, i64) {
    login_under(Policy::DEFAULT, account, phone, now, steps)
}

fn login_under(
    policy: Policy,
    account: Account,
    phone: &Phone,
    now: UnixTime,
    steps: i64,
) -> (Account, i64) {
    let account = account.with_policy(policy);
    let shown = code(&phone.secret, now, steps);
    let (account, verdict) = commit(account.verify(shown, now).unwrap());
    let _verified = verdict.unwrap();
    let account = account.with_policy(policy);
    let drift = account.status(now).devices()[0].drift();
    (account, drift)
}

fn at(steps: u32) -> UnixTime {
    NOW.saturating_add(STEP * steps)
}

/// With no step forward in the window, two codes typed late must not move it off the present: the owner would be out.
/// Attacks: T17.
#[test]
fn late_typing_does_not_walk_a_one_sided_window_away_from_the_owner() {
    let two_back = Window::new(2, 0).unwrap();
    let two_back = Policy::builder().window(two_back).build().unwrap();
    for policy in [Policy::PCI, two_back] {
        let (mut account, phone) = super::with_phone();
        for round in 1..=10 {
            let drift;
            (account, drift) = login_under(policy, account, &phone, at(10 * round), -1);
            assert_eq!(drift, 0);
        }
        let now = at(200);
        assert!(
            commit(
                account
                    .with_policy(policy)
                    .verify(code(&phone.secret, now, 0), now)
                    .unwrap()
            )
            .1
            .is_ok()
        );
    }
}

/// A phone that runs ever faster is followed by what the window has of steps back, and by four steps at most.
/// Attacks: T17.
#[test]
fn the_window_cannot_be_walked_off_the_present_step_nor_further_than_four_steps() {
    for (past, future, most) in [(1, 1, 1), (5, 4, 4)] {
        let window = Window::new(past, future).unwrap();
        let policy = Policy::builder().window(window).build().unwrap();
        let (mut account, phone) = super::with_phone();
        let mut drift = 0;
        for round in 1..=31 {
            let moved;
            (account, moved) = login_under(policy, account, &phone, at(10 * round), drift + 1);
            assert!(moved - drift <= 1);
            drift = moved;
        }
        assert_eq!(drift, most);
        let mut attempt = account.reseal(&keyring());
        let body = attempt.seal(&keyring()).unwrap();
        let now = at(1000);
        let judged = |steps: i64| {
            let account = Account::open(&alice(), &body, &keyring()).unwrap();
            let account = account.with_policy(policy);
            commit(
                account
                    .verify(code(&phone.secret, now, steps), now)
                    .unwrap(),
            )
            .1
        };
        assert!(judged(0).is_ok() && judged(most + i64::from(future)).is_ok());
        assert_eq!(
            denial(judged(most + i64::from(future) + 1)),
            Denial::Mismatch
        );
    }
}

/// The window is moved, never widened: a code lives no longer than without drift.
/// Attacks: T17.
#[test]
fn a_window_that_has_moved_is_as_narrow_as_before() {
    let (mut account, phone) = super::with_phone();
    (account, _) = login(account, &phone, at(10), 1);
    let drift;
    (account, drift) = login(account, &phone, at(20), 1);
    assert_eq!(drift, 1);
    let mut attempt = account.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let accepted: Vec<i64> = (-5..=5)
        .filter(|steps| {
            let account = Account::open(&alice(), &body, &keyring()).unwrap();
            commit(
                account
                    .verify(code(&phone.secret, at(30), *steps), at(30))
                    .unwrap(),
            )
            .1
            .is_ok()
        })
        .collect();
    assert_eq!(accepted, [0, 1, 2]);
}

/// The phone was fast, and then its clock is set right: its codes are refused until they are later than the last used
/// one, which the bound on drift makes short.
/// Attacks: R10.
#[test]
fn a_fast_phone_that_was_set_right_is_out_for_its_drift_and_not_for_a_day() {
    let (mut account, phone) = super::with_phone();
    (account, _) = login(account, &phone, at(10), 1);
    (account, _) = login(account, &phone, at(20), 1);
    (account, _) = login(account, &phone, at(30), 2);
    let mut attempt = account.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let accepted: Vec<u32> = (30..36)
        .filter(|step| {
            let account = Account::open(&alice(), &body, &keyring()).unwrap();
            match account.verify(code(&phone.secret, at(*step), 0), at(*step)) {
                Ok(attempt) => commit(attempt).1.is_ok(),
                Err(error) => {
                    assert!(matches!(error, Error::Denied(Denial::Replayed)));
                    false
                }
            }
        })
        .collect();
    assert_eq!(accepted, [33, 34, 35]);
}

#[test]
fn a_resynchronization_takes_two_unused_codes_in_a_row_and_no_others() {
    let (account, phone) = super::with_phone();
    let (account, _) = login(account, &phone, at(10), 0);
    let mut attempt = account.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let resync = |steps: [i64; 2]| {
        let account = Account::open(&alice(), &body, &keyring()).unwrap();
        let pair = steps.map(|steps| code(&phone.secret, at(10), steps));
        commit(account.resync(phone.id, pair, at(10)).unwrap()).1
    };
    for bad in [
        [0, 1],
        [-1, 0],
        [-100, -99],
        [2, 1],
        [1, 3],
        [1, 1],
        [122, 123],
        [500, 501],
    ] {
        assert_eq!(denial(resync(bad)), Denial::Mismatch, "{bad:?}");
    }
    for good in [[1, 2], [50, 51], [121, 122]] {
        assert!(resync(good).is_ok(), "{good:?}");
    }
}

/// Both codes are burned, it lets nobody in, and unless a login confirms it, it ends the next day.
/// Attacks: T17.
#[test]
fn a_resynchronization_is_no_login_and_ends_by_itself() {
    let (account, phone) = super::with_phone();
    let now = at(200);
    let pair = [-60, -59].map(|steps| code(&phone.secret, now, steps));
    let (account, resynchronized) = commit(account.resync(phone.id, pair, now).unwrap());
    resynchronized.unwrap();
    let mut attempt = account.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let open = || Account::open(&alice(), &body, &keyring()).unwrap();
    for used in pair {
        assert_eq!(denial(verdict(open().verify(used, now))), Denial::Replayed);
    }
    assert!(
        commit(open().verify(code(&phone.secret, now, -58), now).unwrap())
            .1
            .is_ok()
    );
    let next_day = now.saturating_add(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(open().status(now).devices()[0].drift(), -59);
    assert_eq!(open().status(next_day).devices()[0].drift(), 0);
    assert!(
        commit(
            open()
                .verify(code(&phone.secret, next_day, 0), next_day)
                .unwrap()
        )
        .1
        .is_ok()
    );
}

#[test]
fn each_profile_accepts_the_steps_that_it_says() {
    let accepted = |policy: Policy| -> Vec<i64> {
        (-3..=3)
            .filter(|steps| {
                let (account, phone) = super::with_phone();
                let attempt = account
                    .with_policy(policy)
                    .verify(code(&phone.secret, at(10), *steps), at(10))
                    .unwrap();
                commit(attempt).1.is_ok()
            })
            .collect()
    };
    assert_eq!(accepted(Policy::DEFAULT), [-1, 0, 1]);
    assert_eq!(accepted(Policy::NIST), [-1, 0, 1]);
    assert_eq!(accepted(Policy::ASVS), [0]);
    assert_eq!(accepted(Policy::PCI), [-1, 0]);
}

#[test]
fn pci_waits_half_an_hour_after_the_tenth() {
    let (mut account, phone) = super::with_phone();
    for n in 1..=10 {
        let attempt = account
            .with_policy(Policy::PCI)
            .verify(wrong_code(&phone.secret, NOW), NOW)
            .unwrap();
        account = commit(attempt).0.with_policy(Policy::PCI);
        let is_open = account.status(NOW).lock() == Lock::Open;
        assert_eq!(is_open, n < 10);
    }
    assert_eq!(
        account.status(NOW).lock(),
        Lock::Until(NOW.saturating_add(Duration::from_secs(1800)))
    );
}

/// Who phishes a code shows it some time after it was typed. As late as the server takes it, and
/// more than once a day: this must not move the window off the codes of the owner.
/// Attacks: D1.
#[test]
fn late_relays_do_not_walk_the_window_away() {
    const DAY: u64 = 24 * 3600;
    for late in [35, 45, 60, 70, 80] {
        let (account, phone) = super::with_phone();
        let mut attempt = account.reseal(&keyring());
        let mut body = attempt.seal(&keyring()).unwrap();
        // Takes the code that the phone showed then. Returns whether it was accepted.
        let mut relay = |typed: UnixTime, late: u64| {
            let now = typed.saturating_add(Duration::from_secs(late));
            let account = Account::open(&alice(), &body, &keyring()).unwrap();
            let Ok(mut attempt) = account.verify(code(&phone.secret, typed, 0), now) else {
                return false;
            };
            body = attempt.seal(&keyring()).unwrap();
            attempt.reveal(receipt(&body)).is_ok()
        };
        let day = |n: u64| NOW.saturating_add(Duration::from_secs(n * DAY));
        // Two that are a little late move it, then four in a day, then one a day for a month.
        for hours in 1..=6 {
            let typed = day(0).saturating_add(Duration::from_secs(hours * 3 * 3600));
            let accepted = relay(typed, if hours <= 2 { 35 } else { late });
            assert!(accepted || hours > 2);
        }
        for n in 1..=30 {
            relay(day(n), late);
        }
        assert!(
            relay(day(31), 0),
            "{late} s late: the present code of the owner"
        );
        assert!(relay(day(32), 0), "{late} s late: and the next day");
    }
}

/// A phone whose clock missed daylight saving, whatever the second in which the codes are typed,
/// and also one step late.
/// Attacks: D2.
#[test]
fn an_hour_of_daylight_saving_is_in_reach() {
    for off in [3600, 3610, -3600, -3610] {
        for second in 0..30 {
            for late in [0, 30] {
                let (account, phone) = super::with_phone();
                let now = at(1000).saturating_add(Duration::from_secs(second));
                let phones = |now: UnixTime| {
                    UnixTime::from_secs(now.as_secs().checked_add_signed(off).unwrap())
                };
                let typed = phones(now.saturating_sub(Duration::from_secs(late)));
                let pair = [-1, 0].map(|steps| code(&phone.secret, typed, steps));
                let (account, resynchronized) =
                    commit(account.resync(phone.id, pair, now).unwrap());
                assert!(
                    resynchronized.is_ok(),
                    "{off} s, second {second}, {late} s late"
                );
                let now = now.saturating_add(STEP * 2);
                let next = code(&phone.secret, phones(now), 0);
                assert!(verdict(account.verify(next, now)).is_ok());
            }
        }
    }
}

/// A token that was pressed in a pocket.
/// Attacks: D3.
#[test]
fn a_hundred_presses_are_in_reach() {
    for (pressed, is_in_reach) in [(100, true), (101, false)] {
        let token = NewDevice::hotp(label("token"), Counter::new(0)).with_secret(known_secret());
        let (account, enrollment) = commit(Account::new(alice()).enroll(token, NOW).unwrap());
        let token = enrollment.unwrap().device();
        let shows = |counter| Hotp::new(&known_secret()).at(Counter::new(counter));
        let (account, confirmed) = commit(account.confirm(token, shows(0), NOW).unwrap());
        let _confirmed = confirmed.unwrap();
        // Counter 1 is the next one. It was pressed so often beyond it.
        let pair = [1 + pressed, 2 + pressed].map(shows);
        let (account, resynchronized) = commit(account.resync(token, pair, NOW).unwrap());
        assert_eq!(resynchronized.is_ok(), is_in_reach, "{pressed} presses");
        let next = verdict(account.verify(shows(3 + pressed), NOW));
        assert_eq!(next.is_ok(), is_in_reach);
    }
}
