//! Recovery codes: issued, redeemed once, issued again, with a budget of their own.

use secondfactor::account::Lock;
use secondfactor::store::MemoryStore;
use secondfactor::{Denial, Error, Event, RecoveryCode, RecoveryCodes};

use crate::recovery_set;
use crate::support::*;

/// A code that is none of the account's.
fn wrong() -> RecoveryCode {
    RecoveryCodes::generate()
        .unwrap()
        .into_iter()
        .next()
        .unwrap()
}

#[test]
fn ten_are_issued_and_each_works_once() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.redeem(&alice(), &wrong())),
        Err(Error::NoRecoveryCodes)
    ));
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    assert_eq!(codes.count(), 10);
    assert_eq!((0..).zip(&codes).count(), 10);
    for (used, code) in codes.iter().enumerate() {
        assert_eq!(
            run(mfa.status(&alice())).unwrap().recovery_codes_left(),
            10 - used
        );
        let recovered = run(mfa.redeem(&alice(), code)).unwrap();
        assert_eq!(
            (recovered.account(), recovered.at(), recovered.codes_left()),
            (&alice(), NOW, 9 - used)
        );
        if recovered.codes_left() > 0 {
            assert!(matches!(
                run(mfa.redeem(&alice(), code)),
                Err(Error::Denied(Denial::Mismatch))
            ));
        }
    }
    assert!(matches!(
        run(mfa.redeem(&alice(), &codes.into_iter().next().unwrap())),
        Err(Error::NoRecoveryCodes)
    ));
}

#[test]
fn a_code_is_found_as_people_type_it() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let typed = codes
        .iter()
        .next()
        .unwrap()
        .expose_text()
        .to_lowercase()
        .replace('-', " ")
        .replace('0', "O");
    assert!(run(mfa.redeem(&alice(), &typed.parse().unwrap())).is_ok());
}

#[test]
fn issuing_again_voids_the_earlier_ones() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let void = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let codes: Vec<RecoveryCode> = run(mfa.issue_recovery_codes(&proof, recovery_set(&mfa)))
        .unwrap()
        .into_iter()
        .collect();
    for code in void.iter().take(3) {
        assert!(matches!(
            run(mfa.redeem(&alice(), code)),
            Err(Error::Denied(Denial::Mismatch))
        ));
    }
    // Whoever has redeemed one gets a whole set, and the rest of the old one is void too.
    let recovered = run(mfa.redeem(&alice(), &codes[4])).unwrap();
    assert_eq!(recovered.codes_left(), 9);
    let new = run(mfa.issue_recovery_codes(&recovered, recovered.recovery_set())).unwrap();
    assert_eq!(new.count(), 10);
    assert_eq!(run(mfa.status(&alice())).unwrap().recovery_codes_left(), 10);
    for code in &codes[4..6] {
        assert!(matches!(
            run(mfa.redeem(&alice(), code)),
            Err(Error::Denied(Denial::Mismatch))
        ));
    }
    assert!(run(mfa.redeem(&alice(), &new.into_iter().next().unwrap())).is_ok());
}

/// Ten of a set, and the one that issued it.
#[test]
fn an_eleventh_redemption_takes_the_place_of_the_oldest() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let before = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let issuing = run(mfa.redeem(&alice(), before.iter().next().unwrap())).unwrap();
    let codes = run(mfa.issue_recovery_codes(&issuing, issuing.recovery_set())).unwrap();
    let all: Vec<_> = (codes.iter().take(9))
        .map(|code| run(mfa.redeem(&alice(), code)).unwrap())
        .collect();
    let rename = |proof| run(mfa.rename(proof, device, label("phone")));
    rename(&issuing).unwrap();
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let last = run(mfa.redeem(&alice(), codes.iter().nth(9).unwrap())).unwrap();
    assert_eq!(
        log.shown(),
        [
            "Recovered { codes_left: 0 }",
            "RecoveryCodesVoided { codes: 0, redemptions: 1 }"
        ]
    );
    let rename = |proof| run(mfa.rename(proof, device, label("phone")));
    assert!(matches!(rename(&issuing), Err(Error::Stale(_))));
    all.iter()
        .chain([&last])
        .for_each(|one| rename(one).unwrap());
}

#[test]
fn the_two_budgets_never_block_each_other() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    for _ in 0..5 {
        assert!(matches!(
            run(mfa.redeem(&alice(), &wrong())),
            Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. }))
        ));
    }
    let status = run(mfa.status(&alice())).unwrap();
    assert_eq!(
        (status.lock(), status.recovery_lock()),
        (Lock::Open, Lock::Until(NOW.saturating_add(STEP)))
    );
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    // The success of one clears nothing of the other.
    assert!(matches!(
        run(mfa.redeem(&alice(), &wrong())),
        Err(Error::Denied(Denial::Throttled { .. }))
    ));

    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let again = run(mfa.issue_recovery_codes(&proof, recovery_set(&mfa))).unwrap();
    for _ in 0..6 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    assert!(run(mfa.redeem(&alice(), again.iter().next().unwrap())).is_ok());
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Denied(Denial::Throttled { .. }))
    ));
    drop(codes);
}

/// NIST SP 800-63B-4 section 3.2.2: disabled after 100, 20 of them for known browsers, until it is bound anew.
#[test]
fn a_disabled_account_is_bound_anew_by_a_recovery_code() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let codes: Vec<RecoveryCode> = run(mfa.issue_recovery_codes(&proof, None))
        .unwrap()
        .into_iter()
        .collect();
    let mut now = NOW;
    let judged = std::iter::from_fn(|| {
        let wrong = wrong_code(&secret, now);
        loop {
            match run(mfa.verify(&alice(), wrong)) {
                Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. })) => return Some(()),
                Err(Error::Denied(Denial::Throttled { retry_at, .. })) => {
                    clock.set(retry_at);
                    now = retry_at;
                    if code(&secret, now, 0) == wrong
                        || code(&secret, now, 1) == wrong
                        || code(&secret, now, -1) == wrong
                    {
                        clock.advance(STEP * 3);
                    }
                }
                Err(Error::Denied(Denial::Disabled)) => return None,
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(judged.count(), 80);
    assert!(log.events().contains(&Event::Disabled));
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, now, 0))),
        Err(Error::Denied(Denial::Disabled))
    ));
    let pair = [code(&secret, now, 0), code(&secret, now, 1)];
    assert!(matches!(
        run(mfa.resync(&alice(), device, pair)),
        Err(Error::Denied(Denial::Disabled))
    ));
    assert_eq!(run(mfa.status(&alice())).unwrap().lock(), Lock::Disabled);

    let recovered = run(mfa.redeem(&alice(), &codes[0])).unwrap();
    let new = run(mfa.enroll_another(&recovered, label("new phone"))).unwrap();
    run(mfa.confirm(&alice(), new.device(), code(new.secret(), now, 0))).unwrap();
    let rebound =
        |event: &Event| matches!(event, Event::Rebound { device, .. } if *device == new.device());
    assert!(log.events().iter().any(rebound));
    // The old phone is gone, and the pressure of the last days still counts.
    let ids: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(secondfactor::account::DeviceStatus::id)
        .collect();
    assert_eq!(ids, [new.device()]);
    clock.set(now.saturating_add(std::time::Duration::from_secs(24 * 3600)));
    let later = now.saturating_add(std::time::Duration::from_secs(24 * 3600));
    assert!(run(mfa.verify(&alice(), code(new.secret(), later, 0))).is_ok());
}

#[test]
fn an_operator_unlocks_and_the_owner_hears_of_it() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    for _ in 0..5 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret, NOW)));
    }
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Denied(Denial::Throttled { .. }))
    ));
    run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    assert!(log.events().last().unwrap().notify_owner());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    drop(clock);
}
