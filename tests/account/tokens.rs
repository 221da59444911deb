//! `Verified` over requests: how old it may be, and the sealed token.

use std::time::Duration;

use secondfactor::account::{ProofKind, Stale};
use secondfactor::codes::{Clock, UnixTime};
use secondfactor::store::MemoryStore;
use secondfactor::{Error, Keyring, Mfa, Proof, SealingKey, Verified};

use crate::support::*;

#[test]
fn a_verified_is_as_fresh_as_its_time_says() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let at = |secs| NOW.saturating_add(Duration::from_secs(secs));
    assert_eq!(verified.age(at(77)), Duration::from_secs(77));
    assert_eq!(
        verified.require_within(Verified::SENSITIVE, at(300)),
        Ok(())
    );
    assert_eq!(
        verified.require_within(Verified::SENSITIVE, at(301)),
        Err(Stale::TooOld)
    );
    assert_eq!(
        verified.require_within(Verified::SESSION_IDLE, at(3601)),
        Err(Stale::TooOld)
    );
    assert_eq!(
        verified.require_within(Verified::SESSION, at(24 * 3600)),
        Ok(())
    );
    assert_eq!(
        verified.require_within(Verified::SESSION, at(24 * 3600 + 1)),
        Err(Stale::TooOld)
    );
    assert_eq!(verified.require_within(Duration::ZERO, NOW), Ok(()));
    assert_eq!(
        verified.require_within(Duration::MAX, UnixTime::from_secs(u64::MAX)),
        Ok(())
    );
    // Servers' clocks may differ by five seconds.
    let before = |secs| UnixTime::from_secs(NOW.as_secs() - secs);
    assert_eq!(
        verified.require_within(Verified::SESSION, before(5)),
        Ok(())
    );
    assert_eq!(
        verified.require_within(Verified::SESSION, before(6)),
        Err(Stale::FromTheFuture)
    );
    let messages =
        [Stale::TooOld, Stale::FromTheFuture, Stale::Ended].map(|stale| stale.to_string());
    assert_eq!(
        messages,
        [
            "the second factor was proved too long ago: ask for another code",
            "the second factor was proved by a clock that is ahead: ask for another code",
            "what proved the second factor has ended: ask for another code",
        ]
    );
}

#[test]
fn a_token_opens_for_its_account_and_session_only() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session 1").unwrap();
    assert!(
        token.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "fit for a cookie"
    );
    assert_eq!(format!("{token:?}"), "SecretText(..)");

    clock.advance(Duration::from_secs(299));
    let again = mfa
        .open_verified(&alice(), b"session 1", &token, Verified::SESSION)
        .unwrap();
    assert_eq!(
        (again.account(), again.device(), again.at()),
        (&alice(), device, NOW)
    );
    // It is a proof like the first one.
    assert_eq!(again.as_ref().kind(), ProofKind::Code);
    run(mfa.rename(&again, device, label("my phone"))).unwrap();
    let proof = mfa.open_proof(&alice(), b"session 1", &token).unwrap();
    assert_eq!(format!("{proof:?}"), format!("{:?}", verified.as_ref()));

    let refused = |account: &str, session: &[u8], token: &str| {
        matches!(
            mfa.open_verified(
                &crate::support::account(account),
                session,
                token,
                Verified::SESSION
            ),
            Err(Error::Token)
        )
    };
    assert!(refused("alice", b"session 2", &token));
    assert!(refused("alice", b"", &token));
    assert!(refused("bob", b"session 1", &token));
    // What is one's end is not the other's beginning.
    assert!(refused("alicesession", b" 1", &token));
    assert!(refused("alic", b"esession 1", &token));
    for text in ["", "A", "nonsense!", "\u{131}", &"A".repeat(10_000)] {
        assert!(refused("alice", b"session 1", text), "{text:?}");
    }
    assert_eq!(
        Error::Token.to_string(),
        "the token is not valid here: ask for another code"
    );
}

#[test]
fn a_token_of_another_proof_is_no_verified() {
    let Login {
        mfa,
        clock,
        device,
        proof: confirmed,
        ..
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&confirmed, None)).unwrap();
    clock.advance(Duration::from_secs(60));
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    clock.advance(Duration::from_secs(60));

    let proofs: [(&Proof, &str); 2] = [
        (confirmed.as_ref(), "Confirmed"),
        (recovered.as_ref(), "Recovered"),
    ];
    for (proof, name) in proofs {
        let token = mfa.seal_proof(proof, b"session").unwrap();
        assert!(
            matches!(
                mfa.open_verified(&alice(), b"session", &token, Verified::SESSION),
                Err(Error::Token)
            ),
            "{name}"
        );
        assert!(
            matches!(
                mfa.open_proof(&alice(), b"another", &token),
                Err(Error::Token)
            ),
            "{name}"
        );
        let again = mfa.open_proof(&alice(), b"session", &token).unwrap();
        assert_eq!(format!("{again:?}"), format!("{proof:?}"));
        // It is a proof like the first one, and as old.
        run(mfa.rename(&again, device, label(name))).unwrap();
    }

    let token = mfa.seal_proof(&recovered, b"session").unwrap();
    clock.advance(Duration::from_secs(841));
    let old = mfa.open_proof(&alice(), b"session", &token).unwrap();
    assert_eq!(
        old.require_within(old.lifetime(), clock.now()),
        Err(Stale::TooOld)
    );
    assert!(matches!(
        run(mfa.rename(&old, device, label("phone 3"))),
        Err(Error::Stale(_))
    ));
}

#[test]
fn a_token_changed_anywhere_does_not_open() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap().to_string();
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = [&token[..at], other, &token[at + 1..]].concat();
        assert!(
            matches!(
                mfa.open_verified(&alice(), b"session", &changed, Verified::SESSION),
                Err(Error::Token)
            ),
            "symbol {at}"
        );
        assert!(
            matches!(
                mfa.open_verified(&alice(), b"session", &token[..at], Verified::SESSION),
                Err(Error::Token)
            ),
            "length {at}"
        );
    }
}

#[test]
fn a_token_from_the_future_is_refused() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    clock.set(UnixTime::from_secs(NOW.as_secs() - 6));
    assert!(matches!(
        mfa.open_verified(&alice(), b"session", &token, Verified::SESSION),
        Err(Error::Stale(_))
    ));
    assert!(matches!(
        mfa.open_proof(&alice(), b"session", &token),
        Err(Error::Stale(_))
    ));
    clock.advance(Duration::from_secs(1));
    assert!(
        mfa.open_proof(&alice(), b"session", &token).is_ok(),
        "servers' clocks may differ by five seconds"
    );
}

/// The second factor of last week is not that of this session.
#[test]
fn a_token_is_opened_up_to_an_age_and_not_beyond() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    clock.advance(Verified::SENSITIVE);
    assert!(
        mfa.open_verified(&alice(), b"session", &token, Verified::SENSITIVE)
            .is_ok()
    );
    clock.advance(Duration::from_secs(1));
    assert!(matches!(
        mfa.open_verified(&alice(), b"session", &token, Verified::SENSITIVE),
        Err(Error::Stale(_))
    ));
    assert!(
        mfa.open_verified(&alice(), b"session", &token, Verified::SESSION)
            .is_ok()
    );
}

/// Whoever has no session has no token: a cookie that is missing must not be the session of all.
#[test]
fn an_empty_session_has_no_token() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    assert!(matches!(mfa.seal_proof(&verified, b""), Err(Error::Token)));
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    assert!(matches!(
        mfa.open_verified(&alice(), b"", &token, Verified::SESSION),
        Err(Error::Token)
    ));
    assert!(matches!(
        mfa.open_proof(&alice(), b"", &token),
        Err(Error::Token)
    ));
}

#[test]
fn a_token_outlives_a_change_of_the_active_key_and_ends_with_its_own() {
    let Login {
        mfa, secret, clock, ..
    } = Login::new(MemoryStore::new());
    let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let token = mfa.seal_proof(&verified, b"session").unwrap();
    let new = || Keyring::new(SealingKey::from_bytes(&[9; 32]));
    let both = new().with_retired(SealingKey::from_bytes(&[7; 32]));
    let open = |keyring| {
        let mfa = Mfa::new(MemoryStore::new(), keyring).with_clock(std::sync::Arc::clone(&clock));
        mfa.open_verified(&alice(), b"session", &token, Verified::SESSION)
    };
    assert!(open(both).is_ok());
    assert!(matches!(open(new()), Err(Error::Token)));
}
