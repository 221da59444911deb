//! Proofs that prove nothing any more.

use secondfactor::{Error, MemoryStore, Proof};

use crate::support::*;

fn is_stale<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale(_)))
}

/// A thief logs in with the phone; the owner suspends or revokes it with the tablet. The thief's login is still fresh.
#[test]
fn a_device_that_was_taken_away_proves_nothing() {
    for revoke in [false, true] {
        let Login { mfa, secret, device: phone, proof, .. } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let owner = run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
        let thief = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
        assert_eq!(thief.device(), phone);

        match revoke {
            true => run(mfa.revoke(&owner, phone)).unwrap(),
            false => run(mfa.suspend(&owner, phone)).unwrap(),
        }
        assert!(is_stale(run(mfa.enroll_another(&thief, label("thief's")))));
        assert!(is_stale(run(mfa.resume(&thief, phone))), "resumed by itself");
        assert!(is_stale(run(mfa.rotate(&thief, tablet.device()))));
        assert!(is_stale(run(mfa.revoke(&thief, tablet.device()))));
        assert!(is_stale(run(mfa.issue_recovery_codes(&thief))));
        assert!(is_stale(run(mfa.opt_out(&thief))));
        // Nor does the confirmation of the same device, nor a token of that login.
        assert!(is_stale(run(mfa.enroll_another(&proof, label("thief's")))));
        let token = mfa.token(&thief, b"session").unwrap();
        let again = mfa.open_token(&alice(), b"session", &token).unwrap();
        assert!(is_stale(run(mfa.opt_out(&again))));
        // The owner's does.
        assert!(run(mfa.enroll_another(&owner, label("new phone"))).is_ok());
    }
}

/// Device ids begin anew when an account opts in again.
#[test]
fn a_proof_from_before_an_opt_out_proves_nothing_after_it() {
    let Login { mfa, clock, secret, device, proof } = Login::new(MemoryStore::new());
    let old = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    run(mfa.opt_out(&proof)).unwrap();

    clock.advance(STEP);
    let now = NOW.saturating_add(STEP);
    let again = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    assert_eq!(again.device(), device);
    let fresh = run(mfa.confirm(&alice(), again.device(), code(again.secret(), now, 0))).unwrap();
    assert!(is_stale(run(mfa.enroll_another(&old, label("tablet")))));
    assert!(is_stale(run(mfa.enroll_another(&proof, label("tablet")))));
    assert!(run(mfa.enroll_another(&fresh, label("tablet"))).is_ok());
}

#[test]
fn another_accounts_proof_proves_nothing() {
    fn refused(mfa: &secondfactor::Mfa<MemoryStore, impl secondfactor::Clock>, proof: &impl Proof) -> bool {
        // The account is the proof's own: there is no way to name another one.
        matches!(run(mfa.enroll_another(proof, label("tablet"))), Err(Error::NotEnrolled))
    }
    let Login { proof: bobs, .. } = Login::new(MemoryStore::new());
    let (account, _) = crate::with_phone();
    assert!(matches!(commit_as_bob().enroll_another(&bobs, label("tablet"), NOW), Err(Error::ForeignProof)));
    assert!(account.enroll_another(&bobs, label("tablet"), NOW).is_ok(), "the same account, the same device");
    let empty = secondfactor::Mfa::new(MemoryStore::new(), keyring()).with_clock(secondfactor::ManualClock::new(NOW));
    assert!(refused(&empty, &bobs));
}

fn commit_as_bob() -> secondfactor::Account {
    secondfactor::Account::new(account("bob"))
}
