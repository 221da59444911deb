//! The record at rest: what a thief or an editor of the database gets.

use proptest::prelude::*;
use secondfactor::{
    Account, Committed, Error, KeyId, Keyring, MemoryStore, Mfa, NewDevice, SealError, SealingKey, Secret, Store,
};

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
    assert_eq!(open(&sealed_record().0).unwrap().status(NOW).devices().len(), 1);
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
        assert!(matches!(open(&sealed[..len]), Err(Error::Seal(_))), "length {len}");
    }
    assert!(matches!(open(&[&sealed[..], &[0]].concat()), Err(Error::Seal(SealError::Forged))));
}

#[test]
fn another_accounts_record_does_not_open() {
    let (sealed, _) = sealed_record();
    for other in ["bob", "alic", "alice ", "Alice", "alice\0", "\u{e1}lice", "a\u{301}lice"] {
        let opened = Account::open(&account(other), &sealed, &keyring());
        assert!(matches!(opened, Err(Error::Seal(SealError::Forged))), "{other:?}");
    }
}

#[test]
fn errors_say_what_the_operator_must_know() {
    let (sealed, _) = sealed_record();
    let error = |sealed: &[u8], keyring: &Keyring| Account::open(&alice(), sealed, keyring).unwrap_err().to_string();
    let other = |id| Keyring::new(KeyId::new(id), SealingKey::from_bytes(&[8; 32]));
    assert_eq!(error(&[], &keyring()), "not a sealed record");
    assert_eq!(error(&[&[9], &sealed[1..]].concat(), &keyring()), "sealed in the unknown format 9");
    assert_eq!(error(&sealed, &other(2)), "sealed by the unknown key 1");
    assert_eq!(error(&sealed, &other(1)), "the sealed record was changed, or belongs to another account");
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
            .enroll(NewDevice::totp(label("phone")).with_secret(Secret::from_bytes(&[1; 20]).unwrap()), NOW)
            .unwrap()
    };
    let [one, other] = [account(), account()].map(|mut attempt| attempt.seal(&keyring()).unwrap());
    assert_eq!(one.len(), other.len());
    assert_ne!(one[5..29], other[5..29], "the nonce");
    assert_ne!(one[29..], other[29..]);
}

#[test]
fn a_retired_key_opens_and_the_active_one_seals() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { clock, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let new = || SealingKey::from_bytes(&[9; 32]);
    let both = Keyring::new(KeyId::new(2), new()).with_retired(KeyId::new(1), SealingKey::from_bytes(&[7; 32]));
    let mfa = Mfa::new(std::sync::Arc::clone(&store), both).with_clock(clock);
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());

    let stored = run(store.load(&alice())).unwrap().unwrap();
    assert!(Account::open(&alice(), stored.body(), &Keyring::new(KeyId::new(2), new())).is_ok());
    assert!(matches!(open(stored.body()), Err(Error::Seal(SealError::UnknownKey { id })) if id == KeyId::new(2)));
}

#[test]
fn a_receipt_fits_the_last_sealing_only() {
    let mut attempt = Account::new(alice()).enroll(label("phone"), NOW).unwrap();
    let first = attempt.seal(&keyring()).unwrap();
    let _last = attempt.seal(&keyring()).unwrap();
    assert!(matches!(attempt.reveal(Committed::attest(&first)), Err(Error::ForeignReceipt)));
}

/// What an account has, and neither secrets nor the hashes of recovery codes.
#[test]
fn an_account_shows_nothing_secret() {
    let shown = format!("{:?}", open(include_bytes!("../records/format-3.bin")).unwrap());
    let (_, recovery) = shown.split_once("recovery: Some(").unwrap();
    assert!(recovery.starts_with("Recovery { issued: UnixTime(0), codes: 10, throttle: Throttle {"), "{recovery}");
    assert_eq!(shown.matches("Secret(..)").count(), 2);
    assert!(!shown.contains("salt"));
}

#[test]
fn a_duplicate_of_a_keyring_has_all_its_keys() {
    let (record, _) = sealed_record();
    let other = || SealingKey::from_bytes(&[9; SealingKey::LEN]);
    let ring = Keyring::new(KeyId::new(2), other()).with_retired(KeyId::new(1), SealingKey::from_bytes(&[7; 32]));
    let again = ring.duplicate();
    assert_eq!(again.active_id(), KeyId::new(2));
    let resealed = Account::open(&alice(), &record, &again).unwrap().reseal(&again).seal(&again).unwrap();
    assert!(Account::open(&alice(), &resealed, &ring).is_ok());
}

/// Records of every release open in every later one. `tests/records` holds one of each format, sealed by the test key
/// for "alice", with the codes that must not pass again.
#[test]
fn records_of_earlier_formats_open() {
    let mut count = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/records")).unwrap() {
        let path = entry.unwrap().path();
        let account =
            open(&std::fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        for steps in [-1, 0] {
            let account = open(&std::fs::read(&path).unwrap()).unwrap();
            assert!(matches!(account.verify(code(&secret, NOW, steps), NOW), Err(Error::Denied(_))), "a used code");
        }
        assert_eq!(account.status(NOW).devices().len(), 2);
        assert!(account.verify(code(&secret, NOW, 1), NOW).is_ok());
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn format_3_holds_what_format_2_does_in_fewer_bytes() {
    let [two, three] = [&include_bytes!("../records/format-2.bin")[..], include_bytes!("../records/format-3.bin")];
    let account = open(two).unwrap();
    assert_eq!(format!("{account:?}"), format!("{:?}", open(three).unwrap()));
    let resealed = account.reseal(&keyring()).seal(&keyring()).unwrap();
    assert_eq!(resealed.len(), three.len());
    assert!(three.len() < two.len());
}

proptest! {
    #[test]
    fn any_bytes_are_a_seal_error(bytes: Vec<u8>, head in prop::option::of(prop::sample::select(vec![[1, 0, 0, 0, 1], [3, 0, 0, 0, 1]]))) {
        let bytes = [head.map_or(Vec::new(), |head| head.to_vec()), bytes].concat();
        prop_assert!(matches!(open(&bytes), Err(Error::Seal(_))));
    }
}
