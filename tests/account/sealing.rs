//! The record at rest: what a thief or an editor of the database gets.

use std::collections::BTreeSet;

use proptest::prelude::*;
use secondfactor::account::Account;
use secondfactor::codes::Secret;
use secondfactor::sealing::{KeyId, SealError};
use secondfactor::store::{Committed, MemoryStore, Store};
use secondfactor::{Error, Keyring, Mfa, NewDevice, SealingKey};

use crate::support::*;

/// A sealed record of an account with an active phone, and the phone's secret.
fn sealed_record() -> (Vec<u8>, Secret) {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let stored = run(store.load(&alice())).unwrap().unwrap();
    (stored.body().to_vec(), secret)
}

fn open(sealed: &[u8]) -> Result<Account, Error> {
    Account::open(&alice(), sealed, &keyring())
}

#[test]
fn a_sealed_record_opens_for_its_account_and_key() {
    assert_eq!(
        open(&sealed_record().0)
            .unwrap()
            .status(NOW)
            .devices()
            .len(),
        1
    );
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (sealed, _) = sealed_record();
    for bit in 0..sealed.len() * 8 {
        let mut edited = sealed.clone();
        edited[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(open(&edited), Err(Error::Seal(_))), "bit {bit}");
    }
}

#[test]
fn every_other_length_is_noticed() {
    let (sealed, _) = sealed_record();
    for len in 0..sealed.len() {
        assert!(
            matches!(open(&sealed[..len]), Err(Error::Seal(_))),
            "length {len}"
        );
    }
    assert!(matches!(
        open(&[&sealed[..], &[0]].concat()),
        Err(Error::Seal(SealError::Forged))
    ));
}

#[test]
fn another_accounts_record_does_not_open() {
    let (sealed, _) = sealed_record();
    for other in [
        "bob",
        "alic",
        "alice ",
        "Alice",
        "alice\0",
        "\u{e1}lice",
        "a\u{301}lice",
    ] {
        let opened = Account::open(&account(other), &sealed, &keyring());
        assert!(
            matches!(opened, Err(Error::Seal(SealError::Forged))),
            "{other:?}"
        );
    }
}

#[test]
fn errors_say_what_the_operator_must_know() {
    let (sealed, _) = sealed_record();
    let error = |sealed: &[u8], keyring: &Keyring| {
        Account::open(&alice(), sealed, keyring)
            .unwrap_err()
            .to_string()
    };
    let other = Keyring::new(SealingKey::from_bytes(&[8; 32]));
    assert_eq!(
        error(&[], &keyring()),
        "not a sealed record: restore it from a backup, or remove it"
    );
    assert_eq!(
        error(&[&[9], &sealed[1..]].concat(), &keyring()),
        "sealed in the unknown format 9: update this server, or restore the record from a backup"
    );
    let id = keyring().active_id();
    assert_eq!(
        error(&sealed, &other),
        format!("sealed by key {id}, which is not on the keyring: add it as a retired key")
    );
    let last = sealed.len() - 1;
    let edited = [&sealed[..last], &[sealed[last] ^ 1]].concat();
    assert_eq!(
        error(&edited, &keyring()),
        "the sealed record was changed, or belongs to another account: restore it from a backup"
    );
}

#[test]
fn neither_the_secret_nor_its_base32_lies_in_clear() {
    let (sealed, secret) = sealed_record();
    let holds = |needle: &[u8]| sealed.windows(needle.len()).any(|window| window == needle);
    assert!(!holds(&secret.expose_bytes()[..8]));
    assert!(!holds(&secret.expose_base32().as_bytes()[..8]));
    assert!(!holds(b"phone"));
}

#[test]
fn no_two_sealings_are_alike() {
    let account = || {
        Account::new(alice())
            .enroll(
                NewDevice::totp(label("phone")).with_secret(Secret::from_bytes(&[1; 20]).unwrap()),
                NOW,
            )
            .unwrap()
    };
    let [one, other] = [account(), account()].map(|mut attempt| attempt.seal(&keyring()).unwrap());
    assert_eq!(one.len(), other.len());
    assert_eq!(one[..9], other[..9], "format and key id");
    assert_ne!(one[9..33], other[9..33], "the nonce");
    assert_ne!(one[33..], other[33..]);
}

#[test]
fn a_retired_key_opens_and_the_active_one_seals() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { clock, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let new = || SealingKey::from_bytes(&[9; 32]);
    let both = Keyring::new(new()).with_retired(SealingKey::from_bytes(&[7; 32]));
    let mfa = Mfa::new(std::sync::Arc::clone(&store), both).with_clock(clock);
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());

    let stored = run(store.load(&alice())).unwrap().unwrap();
    assert!(Account::open(&alice(), stored.body(), &Keyring::new(new())).is_ok());
    let new_id = Keyring::new(new()).active_id();
    assert!(
        matches!(open(stored.body()), Err(Error::Seal(SealError::UnknownKey { id, .. })) if id == new_id)
    );
}

#[test]
fn a_receipt_fits_the_last_sealing_only() {
    let mut attempt = Account::new(alice()).enroll(label("phone"), NOW).unwrap();
    let first = attempt.seal(&keyring()).unwrap();
    let _last = attempt.seal(&keyring()).unwrap();
    assert!(matches!(
        attempt.reveal(receipt(&first)),
        Err(Error::ForeignReceipt)
    ));
}

#[test]
fn a_receipt_fits_what_the_account_was_opened_from_only() {
    let (loaded, _) = sealed_record();
    let others = [7; 64];
    for (replaced, fits) in [
        (Some(&loaded[..]), true),
        (Some(&others[..]), false),
        (None, false),
    ] {
        let account = open(&loaded).unwrap();
        let mut attempt = account.danger_unlock_unproven(&operator(), NOW).unwrap();
        let next = attempt.seal(&keyring()).unwrap();
        let revealed = attempt.reveal(Committed::attest(replaced, &next, 1).unwrap());
        match revealed {
            Ok(()) => assert!(fits),
            Err(error) => assert!(!fits && matches!(error, Error::ForeignReceipt), "{error:?}"),
        }
    }
}

/// The id is computed, so that nobody can give one to two keys, nor two to one.
#[test]
fn a_key_has_one_id_in_each_context() {
    let ring = |byte| Keyring::new(SealingKey::from_bytes(&[byte; 32]));
    let id = ring(7).active_id();
    assert_eq!(
        ring(7)
            .with_retired(SealingKey::from_bytes(&[9; 32]))
            .active_id(),
        id
    );
    assert_eq!(ring(7).with_context("").active_id(), id);
    let others = [
        ring(9).active_id(),
        ring(7).with_context("shop").active_id(),
        ring(7).with_context("shop, staging").active_id(),
    ];
    let all: BTreeSet<KeyId> = others.into_iter().chain([id]).collect();
    assert_eq!(all.len(), 4);
    let text = id.to_string();
    assert!(text.len() == 16 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
    assert_eq!(format!("{id:?}"), format!("KeyId({text})"));
}

/// Two applications that share a key, a database or both: a copied row lets nobody in.
#[test]
fn a_record_of_another_context_does_not_open() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let records = || std::sync::Arc::clone(&store);
    let body = || run(store.load(&alice())).unwrap().unwrap().body().to_vec();
    let (plain, shop) = (keyring, || keyring().with_context("shop"));
    assert!(Account::open(&alice(), &body(), &shop()).is_err());

    // Neither way, and the error names the key that is missing.
    let clock = std::sync::Arc::new(secondfactor::codes::ManualClock::new(NOW));
    let refused = Mfa::new(records(), shop()).with_clock(std::sync::Arc::clone(&clock));
    let result = run(refused.verify(&alice(), code(&secret, NOW, 0)));
    assert!(
        matches!(result, Err(Error::Seal(SealError::UnknownKey { id, .. })) if id == plain().active_id())
    );
    let enrolled = run(refused.enroll(&account("bob"), label("phone"))).unwrap();
    let moved = Mfa::new(records(), plain()).with_clock(clock);
    let result = run(moved.confirm(
        &account("bob"),
        enrolled.device(),
        code(enrolled.secret(), NOW, 0),
    ));
    assert!(
        matches!(result, Err(Error::Seal(SealError::UnknownKey { id, .. })) if id == shop().active_id())
    );
}

#[test]
fn a_duplicate_of_a_keyring_has_all_its_keys() {
    let (record, _) = sealed_record();
    let other = || SealingKey::from_bytes(&[9; SealingKey::LEN]);
    let ring = Keyring::new(other()).with_retired(SealingKey::from_bytes(&[7; 32]));
    let again = ring.duplicate();
    assert_eq!(again.active_id(), Keyring::new(other()).active_id());
    let resealed = Account::open(&alice(), &record, &again)
        .unwrap()
        .reseal(&again)
        .seal(&again)
        .unwrap();
    assert!(Account::open(&alice(), &resealed, &ring).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_a_seal_error(bytes: Vec<u8>, has_head: bool) {
        let head = sealed_record().0[..9].to_vec();
        let bytes = if has_head { [head, bytes].concat() } else { bytes };
        prop_assert!(matches!(open(&bytes), Err(Error::Seal(_))));
    }
}
