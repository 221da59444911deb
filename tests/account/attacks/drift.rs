//! The window, walked away or held open.

use std::time::Duration;

use secondfactor::account::{Account, Lock};
use secondfactor::codes::{UnixTime, Window};
use secondfactor::{Denial, Error, Policy};

use super::{Phone, denial};
use crate::support::*;

/// Logs in by the code so many steps off, and says where the clock is taken to stand then.
fn login(account: Account, phone: &Phone, now: UnixTime, steps: i64) -> (Account, i64) {
    let (account, verdict) = commit(
        account
            .verify(code(&phone.secret, now, steps), now)
            .unwrap(),
    );
    let _verified = verdict.unwrap();
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
            (account, drift) = login(account.with_policy(policy), &phone, at(10 * round), -1);
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

/// A phone that runs ever faster is followed for four steps and no further.
/// Attacks: T17.
#[test]
fn the_window_cannot_be_walked_further_than_four_steps() {
    let (mut account, phone) = super::with_phone();
    let (mut drift, mut round) = (0, 0);
    loop {
        round += 10;
        let now = at(round);
        let attempt = account
            .verify(code(&phone.secret, now, drift + 1), now)
            .unwrap();
        let (next, verdict) = commit(attempt);
        let _verified = verdict.unwrap();
        account = next;
        let moved = account.status(now).devices()[0].drift();
        assert!(moved - drift <= 1);
        drift = moved;
        if round > 300 {
            break;
        }
    }
    assert_eq!(drift, 4);
    // Off by six, it is a wrong code.
    let now = at(1000);
    assert_eq!(
        denial(commit(account.verify(code(&phone.secret, now, 6), now).unwrap()).1),
        Denial::Mismatch
    );
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
        [120, 121],
        [500, 501],
    ] {
        assert_eq!(denial(resync(bad)), Denial::Mismatch, "{bad:?}");
    }
    for good in [[1, 2], [50, 51], [119, 120]] {
        assert!(resync(good).is_ok(), "{good:?}");
    }
}

/// Both codes are burned, it lets nobody in, and unless a login bears it out it is over the next day.
/// Attacks: T17.
#[test]
fn a_resynchronization_is_no_login_and_ends_by_itself() {
    let (account, phone) = super::with_phone();
    let now = at(200);
    let pair = [-60, -59].map(|steps| code(&phone.secret, now, steps));
    let (account, verdict) = commit(account.resync(phone.id, pair, now).unwrap());
    verdict.unwrap();
    let mut attempt = account.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let open = || Account::open(&alice(), &body, &keyring()).unwrap();
    for used in pair {
        assert_eq!(denial(open().verify(used, now)), Denial::Replayed);
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
