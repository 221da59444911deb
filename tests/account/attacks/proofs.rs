//! Proofs that no longer prove anything.

use std::time::Duration;

use secondfactor::account::{Account, Stale};
use secondfactor::sealing::SealError;
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Error, Keyring, Mfa, SealingKey, Verified};

use crate::recovery_set;
use crate::support::*;

fn has_ended<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale(Stale::Ended)))
}

fn is_too_old<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale(Stale::TooOld)))
}

/// A thief logs in with the phone; the owner suspends or revokes it with the tablet. The thief's login is still fresh.
/// Attacks: "removal by others, or without proof".
#[test]
fn a_device_that_was_taken_away_proves_nothing() {
    for revoke in [false, true] {
        let Login {
            mfa,
            secret,
            device: phone,
            proof,
            ..
        } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let owner =
            run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
        let thief = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
        assert_eq!(thief.device(), phone);

        match revoke {
            true => run(mfa.revoke(&owner, phone)).unwrap(),
            false => run(mfa.suspend(&owner, phone)).unwrap(),
        }
        assert!(has_ended(run(mfa.enroll_another(&thief, label("thief's")))));
        assert!(
            has_ended(run(mfa.resume(&thief, phone))),
            "resumed by itself"
        );
        assert!(has_ended(run(mfa.rotate(
            &thief,
            tablet.device(),
            Duration::ZERO
        ))));
        assert!(has_ended(run(mfa.revoke(&thief, tablet.device()))));
        assert!(has_ended(run(mfa.keep_only(&thief, &[tablet.device()]))));
        assert!(has_ended(run(mfa.issue_recovery_codes(&thief, None))));
        assert!(has_ended(run(mfa.opt_out(&thief))));
        assert!(has_ended(run(mfa.stands(&thief))));
        // Nor does the confirmation of the same device, nor a token of that login.
        assert!(has_ended(run(mfa.enroll_another(&proof, label("thief's")))));
        let token = mfa.seal_proof(&thief, b"session").unwrap();
        let again = mfa
            .open_verified(&alice(), b"session", &token, Verified::SESSION)
            .unwrap();
        assert!(has_ended(run(mfa.opt_out(&again))));
        // The owner's does.
        assert!(run(mfa.enroll_another(&owner, label("new phone"))).is_ok());
    }
}

/// Device ids begin anew when an account opts in again.
/// Attacks: "removal by others, or without proof".
#[test]
fn a_proof_from_before_an_opt_out_proves_nothing_after_it() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    let old = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    run(mfa.opt_out(&proof)).unwrap();

    clock.advance(STEP);
    let now = NOW.saturating_add(STEP);
    let again = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    assert_eq!(again.device(), device);
    let fresh = run(mfa.confirm(&alice(), again.device(), code(again.secret(), now, 0))).unwrap();
    assert!(has_ended(run(mfa.enroll_another(&old, label("tablet")))));
    assert!(has_ended(run(mfa.enroll_another(&proof, label("tablet")))));
    assert!(run(mfa.enroll_another(&fresh, label("tablet"))).is_ok());
}

/// A thief has redeemed a code of a stolen sheet; the owner reads of it and issues new codes. The thief's proof is fresh.
/// Attacks: "removal by others, or without proof".
#[test]
fn a_recovery_code_of_a_set_that_was_issued_anew_proves_nothing() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    let stolen = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let thief = run(mfa.redeem(&alice(), stolen.iter().next().unwrap())).unwrap();
    let token = mfa.seal_proof(&thief, b"session").unwrap();

    clock.advance(Duration::from_secs(6));
    let owner = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let fresh = run(mfa.issue_recovery_codes(&owner, recovery_set(&mfa))).unwrap();
    assert!(has_ended(run(mfa.enroll_another(&thief, label("thief's")))));
    assert!(has_ended(run(mfa.issue_recovery_codes(&thief, None))));
    assert!(has_ended(run(mfa.opt_out(&thief))));
    let again = mfa.open_proof(&alice(), b"session", &token).unwrap();
    assert!(has_ended(run(mfa.revoke(&again, device))));

    // To issue a set by such a proof is one of the steps of mending, and not the last.
    let recovered = run(mfa.redeem(&alice(), fresh.iter().next().unwrap())).unwrap();
    clock.advance(Duration::from_secs(60));
    let _codes = run(mfa.issue_recovery_codes(&recovered, recovery_set(&mfa))).unwrap();
    assert!(run(mfa.enroll_another(&recovered, label("new phone"))).is_ok());
}

/// Nor does one of a set that went with an opt-out.
/// Attacks: "removal by others, or without proof".
#[test]
fn a_recovery_code_from_before_an_opt_out_proves_nothing_after_it() {
    let Login {
        mfa, clock, proof, ..
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let old = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    run(mfa.opt_out(&proof)).unwrap();

    clock.advance(STEP);
    let again = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    let now = NOW.saturating_add(STEP);
    let fresh = run(mfa.confirm(&alice(), again.device(), code(again.secret(), now, 0))).unwrap();
    assert!(
        has_ended(run(mfa.enroll_another(&old, label("tablet")))),
        "there is no set"
    );
    let _codes = run(mfa.issue_recovery_codes(&fresh, recovery_set(&mfa))).unwrap();
    assert!(
        has_ended(run(mfa.enroll_another(&old, label("tablet")))),
        "another set"
    );
}

/// Through `Mfa` there is no way to name another account than the proof's own; `Account` compares.
/// Attacks: "removal by others, or without proof".
#[test]
fn another_accounts_proof_proves_nothing() {
    let Login { proof, device, .. } = Login::new(MemoryStore::new());
    let bob = || Account::new(account("bob"));
    let is_foreign = |error: Option<Error>| matches!(error, Some(Error::ForeignProof));
    assert!(is_foreign(
        bob().enroll_another(&proof, label("tablet"), NOW).err()
    ));
    assert!(is_foreign(
        bob().rotate(&proof, device, Duration::ZERO, NOW).err()
    ));
    assert!(is_foreign(
        bob().rename(&proof, device, label("mine"), NOW).err()
    ));
    assert!(is_foreign(bob().suspend(&proof, device, NOW).err()));
    assert!(is_foreign(bob().resume(&proof, device, NOW).err()));
    assert!(is_foreign(bob().revoke(&proof, device, NOW).err()));
    assert!(is_foreign(bob().keep_only(&proof, &[device], NOW).err()));
    assert!(is_foreign(
        bob().issue_recovery_codes(&proof, None, NOW).err()
    ));
    assert!(is_foreign(bob().check_session(&proof, NOW).err()));
    assert!(is_foreign(bob().check_proof(&proof, NOW).err()));
}

/// Five minutes, and not a second more: what changes the second factor is for who has just shown it.
/// Attacks: "removal by others, or without proof".
#[test]
fn an_old_proof_proves_nothing() {
    let Login {
        mfa,
        clock,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    clock.advance(Verified::SENSITIVE);
    assert!(run(mfa.rename(&proof, device, label("old phone"))).is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(is_too_old(run(mfa.enroll_another(&proof, label("tablet")))));
    assert!(is_too_old(run(mfa.rotate(&proof, device, Duration::ZERO))));
    assert!(is_too_old(run(mfa.rename(&proof, device, label("mine")))));
    assert!(is_too_old(run(mfa.suspend(&proof, device))));
    assert!(is_too_old(run(mfa.resume(&proof, device))));
    assert!(is_too_old(run(mfa.revoke(&proof, device))));
    assert!(is_too_old(run(mfa.keep_only(&proof, &[device]))));
    assert!(is_too_old(run(mfa.issue_recovery_codes(&proof, None))));
    assert!(is_too_old(run(mfa.opt_out(&proof))));
}

/// The token of a login, in another session, for another account, edited, or sealed by a key that is gone.
/// Attacks: "half logged in; other ways to log in".
#[test]
fn a_token_opens_for_its_account_session_and_key_only() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    let opened = mfa
        .open_verified(&alice(), b"session", &token, Verified::SESSION)
        .unwrap();
    assert_eq!(
        (opened.account(), opened.device(), opened.at()),
        (&alice(), verified.device(), NOW)
    );

    let is_refused = |account, session: &[u8], token: &str| {
        matches!(
            mfa.open_verified(&account, session, token, Verified::SESSION),
            Err(Error::Token)
        )
    };
    assert!(is_refused(account("bob"), b"session", &token));
    assert!(is_refused(alice(), b"another", &token));
    assert!(is_refused(alice(), b"", &token));
    // No end of a name passes as the beginning of a session.
    assert!(is_refused(account("alices"), b"ession", &token));
    assert!(is_refused(account("alic"), b"esession", &token));
    for at in 0..token.len() {
        let edited: String = token
            .char_indices()
            .map(|(n, c)| {
                if n != at {
                    c
                } else if c == 'A' {
                    'B'
                } else {
                    'A'
                }
            })
            .collect();
        assert!(is_refused(alice(), b"session", &edited), "symbol {at}");
    }
    let other = Keyring::new(SealingKey::from_bytes(&[8; 32]));
    let elsewhere = Mfa::new(MemoryStore::new(), other).with_clock(clock);
    assert!(matches!(
        elsewhere.open_verified(&alice(), b"session", &token, Verified::SESSION),
        Err(Error::Token)
    ));
}

/// Both are sealed by the same keys.
/// Attacks: "half logged in; other ways to log in".
#[test]
fn a_record_is_no_token_and_a_token_is_no_record() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let record = run(store.load(&alice())).unwrap().unwrap();
    let alphabet = base32::Alphabet::Rfc4648 { padding: false };
    let text = base32::encode(alphabet, record.body());
    assert!(matches!(
        mfa.open_verified(&alice(), b"session", &text, Verified::SESSION),
        Err(Error::Token)
    ));
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    let token = base32::decode(alphabet, &token).unwrap();
    assert!(matches!(
        Account::open(&alice(), &token, &keyring()),
        Err(Error::Seal(SealError::Forged))
    ));
}
