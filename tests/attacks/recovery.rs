//! Recovery codes: raced, used again, guessed.

use secondfactor::{Account, Denial, Error, Lock, RecoveryCode};

use crate::support::*;

fn other_code() -> RecoveryCode {
    secondfactor::RecoveryCodes::generate().unwrap().into_iter().next().unwrap()
}

/// Judges wrong recovery codes, each as soon as it may be, until none is judged any more.
fn exhaust(mut account: Account, mut now: secondfactor::UnixTime) -> (Account, secondfactor::UnixTime, usize) {
    let mut judged = 0;
    loop {
        match account.status(now).recovery_lock() {
            Lock::Open => {
                let (next, verdict) = commit(account.redeem(&other_code(), now).unwrap());
                assert_eq!(crate::denial(verdict), Denial::Mismatch);
                (account, judged) = (next, judged + 1);
            }
            Lock::Until(then) => now = then,
            _ => return (account, now, judged),
        }
    }
}

/// A hundred wrong ones void the set. Replenishing it would hand out codes that nobody ever judges.
#[test]
fn a_guessed_at_set_of_codes_is_void_until_a_new_one_is_issued() {
    let (account, phone) = crate::with_phone();
    let (account, verdict) = commit(account.verify(code(&phone.secret, NOW, 0), NOW).unwrap());
    let (account, codes) = commit(account.issue_recovery_codes(&verdict.unwrap(), NOW).unwrap());
    let good = codes.unwrap().into_iter().next().unwrap();

    let (account, now, judged) = exhaust(account, NOW);
    assert_eq!(judged, 100);
    let (sealed, verdict) = commit(account.verify(code(&phone.secret, now, 0), now).unwrap());
    let proof = verdict.unwrap();
    let mut attempt = sealed.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let open = || Account::open(&alice(), &body, &keyring()).unwrap();
    assert!(matches!(open().redeem(&good, now), Err(Error::Denied(Denial::Disabled))));
    assert!(matches!(open().replenish_recovery_codes(&proof, now), Err(Error::NoRecoveryCodes)));
    let (account, codes) = commit(open().issue_recovery_codes(&proof, now).unwrap());
    assert!(commit(account.redeem(codes.unwrap().iter().next().unwrap(), now).unwrap()).1.is_ok());
}
