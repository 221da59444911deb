//! What must hold for every record and for all sealed bytes, by a second writing of the manual's
//! chapter on the record format: for the fuzz targets, the replay of their corpus, and the records
//! in `tests/records`.
#![allow(dead_code)] // each of them calls a part

use std::fmt::Write as _;
use std::time::Duration;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use secondfactor::account::{Account, Actor, Attempt, DeviceId, DeviceStatus, Submission};
use secondfactor::codes::{ManualClock, Secret, Totp, UnixTime};
use secondfactor::sealing::SealError;
use secondfactor::store::{Committed, MemoryStore, Swap};
use secondfactor::{
    AccountId, Code, Error, Event, Keyring, Label, Mfa, NewDevice, Proof, RecoveryCode, SealingKey,
};
use sha2::Sha256;

pub(crate) type Key = [u8; SealingKey::LEN];

const ACCOUNT: &str = "alice";
pub(crate) const FORMAT: u8 = 1;
/// Format, key id, nonce.
pub(crate) const HEADER_LEN: usize = 1 + 8 + 24;
const TAG_LEN: usize = 16;
pub(crate) const ACTIVE: Key = [7; SealingKey::LEN];
pub(crate) const RETIRED: Key = [9; SealingKey::LEN];
const NONCE: [u8; 24] = *b"a nonce that is not used";
/// The plaintext of an account without devices: none of them, the next one's id, no wrong codes, no
/// resynchronization, no epoch but the first, none confirmed.
pub(crate) const EMPTY: [u8; 21] = [
    0xa6, 0x00, 0x80, 0x01, 0x01, 0x02, 0xa4, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x03, 0xf4, 0x03,
    0x00, 0x06, 0x00, 0x07, 0xf4,
];
/// The one of the seeds in the corpus, so that a right code is known.
const SECRET: &[u8; 20] = b"12345678901234567890";
/// Another one of the seeds.
pub(crate) const RECOVERY_CODE: &str = "00000-00000-00000-00000-00000";

/// The time in eight bytes, then a record's plaintext: it is refused, or does not change by being
/// read and written; every command then has an answer at that time, what it writes opens, and a
/// code that has let in lets in no second time.
pub(crate) fn record(input: &[u8]) {
    let Some((now, plaintext)) = input.split_first_chunk() else {
        return;
    };
    let now = UnixTime::from_secs(u64::from_le_bytes(*now));
    let sealed = seal(FORMAT, &ACTIVE, plaintext);
    let account = match Account::open(&alice(), &sealed, &keyring()) {
        Ok(account) => account,
        Err(Error::Record(_)) => return,
        Err(error) => panic!("{error}"),
    };
    let (status, seen) = (account.status(now), format!("{account:?}"));
    let written = account.reseal(&keyring()).seal(&keyring()).unwrap();
    let again = open(&written);
    assert_eq!(again.status(now), status);
    assert_eq!(format!("{again:?}"), seen);
    let written_again = again.reseal(&keyring()).seal(&keyring()).unwrap();
    assert_eq!(plaintext_of(&written), plaintext_of(&written_again));

    let secret = Secret::from_bytes(SECRET).unwrap();
    let later = UnixTime::from_secs(now.as_secs().saturating_add(30));
    let [right, next] = [now, later].map(|time| Totp::new(&secret).at(time).unwrap());
    let wrong: Code = "00000000".parse().unwrap();
    let again = || open(&written);
    for code in [right, wrong] {
        verify_twice(&written, code, now);
        verify_again(&written, code, now);
        for device in status.devices() {
            answered(again().confirm(device.id(), code, now));
            answered(again().confirm_pair(device.id(), [code, next], now));
            answered(again().resync(device.id(), [code, next], now));
        }
    }
    if let Some((after, Ok(verified))) = answered(again().verify(right, now)) {
        change(&after, verified.as_ref(), now);
    }
    let recovery_code: RecoveryCode = RECOVERY_CODE.parse().unwrap();
    if let Some((after, Ok(recovered))) = answered(again().redeem(&recovery_code, now)) {
        assert!(
            answered(open(&after).redeem(&recovery_code, now))
                .is_none_or(|(_, answer)| answer.is_err()),
            "twice"
        );
        change(&after, recovered.as_ref(), now);
    }
    answered(again().enroll(label(), now));
    operate(&written, now);
}

fn label() -> Label {
    Label::new("another").unwrap()
}

/// What needs no proof.
fn operate(record: &[u8], now: UnixTime) {
    let bob = Actor::new("bob").unwrap();
    answered(open(record).danger_unlock_unproven(&bob, now));
    for device in open(record).status(now).devices() {
        answered(open(record).danger_revoke_unproven(&bob, device.id(), now));
    }
    let lifetime = Duration::from_secs(3600);
    let issue = open(record).danger_issue_temporary_code_unproven(&bob, lifetime, now);
    if let Some((after, Ok(code))) = answered(issue) {
        redeem_temporary(&after, &code, now);
    }
    let imported = || NewDevice::totp(label()).with_secret(Secret::from_bytes(&[8; 20]).unwrap());
    if let Some((after, Ok(()))) =
        answered(open(record).danger_import_unproven(&bob, [imported()], None, now))
    {
        let again = answered(open(&after).danger_import_unproven(&bob, [imported()], None, now));
        assert!(
            again.is_some_and(|(_, answer)| answer.is_ok()),
            "an import, repeated"
        );
    }
}

/// A temporary code works once, whatever the record says, and ends with new recovery codes.
fn redeem_temporary(record: &[u8], code: &RecoveryCode, now: UnixTime) {
    let (after, redeemed) = answered(open(record).redeem(code, now)).unwrap();
    let redeemed = redeemed.unwrap();
    let again = answered(open(&after).redeem(code, now));
    assert!(again.is_none_or(|(_, answer)| answer.is_err()), "twice");
    let present = open(&after).status(now).recovery_set();
    assert_eq!(redeemed.recovery_set(), present);
    let issued = open(record).status(now).temporary_code_until();
    assert!(issued.is_some_and(|until| until > now || now == UnixTime::from_secs(u64::MAX)));
}

/// Every change by this proof.
fn change(record: &[u8], proof: &Proof, now: UnixTime) {
    answered(open(record).enroll_another(proof, label(), now));
    let present = open(record).status(now).recovery_set();
    answered(open(record).issue_recovery_codes(proof, present, now));
    keep(record, proof, &[], now);
    for device in open(record).status(now).devices() {
        let id = device.id();
        answered(open(record).rotate(proof, id, Duration::from_secs(60), now));
        answered(open(record).rename(proof, id, label(), now));
        answered(open(record).suspend(proof, id, now));
        answered(open(record).resume(proof, id, now));
        answered(open(record).revoke(proof, id, now));
        keep(record, proof, &[id], now);
    }
}

/// Nothing else is left, and once more leaves the same.
fn keep(record: &[u8], proof: &Proof, devices: &[DeviceId], now: UnixTime) {
    let Some((kept, Ok(renewed))) = answered(open(record).keep_only(proof, devices, now)) else {
        return;
    };
    let status = open(&kept).status(now);
    let left: Vec<DeviceId> = status.devices().iter().map(DeviceStatus::id).collect();
    assert_eq!(left, devices);
    assert_eq!(status.recovery_codes_left(), 0);
    let Some(renewed) = renewed else { return };
    let Some((again, Ok(Some(_)))) = answered(open(&kept).keep_only(renewed, devices, now)) else {
        panic!("it is not kept again by the proof that was given for it");
    };
    assert_eq!(open(&again).status(now), status);
}

fn verify_twice(record: &[u8], submission: impl Into<Submission<Code>>, now: UnixTime) {
    let submission = submission.into();
    let Ok(mut attempt) = open(record).verify(submission.clone(), now) else {
        return;
    };
    let after = attempt.seal(&keyring()).unwrap();
    let mut has_drifted = false;
    let see = |event: &Event| has_drifted |= matches!(event, Event::DriftMoved { .. });
    // If the window moves on, the same digits may by chance be those of its new step.
    if attempt.reveal_with(receipt(&after), see).is_ok() && !has_drifted {
        let again = answered(open(&after).verify(submission, now));
        assert!(
            again.is_none_or(|(_, answer)| answer.is_err()),
            "a code has let in twice"
        );
    }
}

/// The receipt of a store that has committed these bytes.
fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

/// The same form gets the same answer, and no other one does.
fn verify_again(record: &[u8], code: Code, now: UnixTime) {
    let in_form = |form: &str| {
        let submission =
            Submission::new(code).with_form(b"the session's id", form.parse().unwrap());
        submission.unwrap()
    };
    let [form, another] = ["1", "2"].map(|digit| digit.repeat(32));
    let Some((after, Ok(first))) = answered(open(record).verify(in_form(&form), now)) else {
        return;
    };
    let drifts = |record: &[u8]| -> Vec<i64> {
        let status = open(record).status(now);
        status.devices().iter().map(DeviceStatus::drift).collect()
    };
    let has_moved = drifts(record) != drifts(&after);
    let Some((after, Ok(again))) = answered(open(&after).verify(in_form(&form), now)) else {
        panic!("a retry got another answer");
    };
    assert_eq!((again.at(), again.device()), (first.at(), first.device()));
    for other in [Submission::new(code), in_form(&another)] {
        let refused = answered(open(&after).verify(other, now));
        // If the window moved on, the same digits may by chance be those of its new step.
        assert!(
            has_moved || refused.is_none_or(|(_, answer)| answer.is_err()),
            "another form got an answer"
        );
    }
}

/// Refused at once, or committed and revealed.
fn answered<T>(judged: Result<Attempt<T>, Error>) -> Option<(Vec<u8>, Result<T, Error>)> {
    let mut attempt = judged.ok()?;
    let sealed = attempt.seal(&keyring()).unwrap();
    let _account = open(&sealed);
    Some((sealed.clone(), attempt.reveal(receipt(&sealed))))
}

/// Any bytes in the place of a sealed record or a token; and the input as edits of a good one.
pub(crate) fn sealed(input: &[u8]) {
    let opened = Account::open(&alice(), input, &keyring());
    match (unseal(ACCOUNT, &[ACTIVE, RETIRED], input), opened) {
        (Ok(_), Ok(_) | Err(Error::Record(_))) => {}
        (Err(expected), Err(Error::Seal(error))) => {
            assert!(expected.is(error), "{error:?}, and not {expected:?}")
        }
        (expected, opened) => panic!("{:?}, and not {:?}", opened.err(), expected.err()),
    }

    let good = seal(FORMAT, &ACTIVE, &EMPTY);
    assert_eq!(
        Account::open(&alice(), &good, &keyring())
            .unwrap()
            .status(UnixTime::from_secs(0))
            .devices()
            .len(),
        0
    );
    let edited = edit(&good, input);
    if edited != good {
        let opened = Account::open(&alice(), &edited, &keyring());
        assert!(
            matches!(opened, Err(Error::Seal(_))),
            "an edited record opens"
        );
    }
    let bob = Account::open(&AccountId::new("bob").unwrap(), &good, &keyring());
    assert!(
        matches!(bob, Err(Error::Seal(SealError::Forged))),
        "another account's record opens"
    );

    no_token(input);
    no_token(&edited);
}

/// Nothing that was sealed as a record is a token, and neither is any text.
fn no_token(bytes: &[u8]) {
    let mfa = Mfa::new(MemoryStore::new(), keyring())
        .with_clock(ManualClock::new(UnixTime::from_secs(0)));
    let is_refused = |token: &str| {
        matches!(
            mfa.open_verified(&alice(), b"session", token, Duration::MAX),
            Err(Error::Token)
        ) && matches!(
            mfa.open_proof(&alice(), b"session", token),
            Err(Error::Token)
        )
    };
    assert!(
        std::str::from_utf8(bytes).map_or(true, is_refused),
        "text is a token"
    );
    if let Ok(secret) = Secret::from_weak_bytes(bytes) {
        assert!(
            is_refused(&secret.expose_base32()),
            "a record is taken for a token"
        );
    }
}

/// Three bytes are one edit: what to do, where, and a byte.
fn edit(good: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for edit in edits.chunks_exact(3) {
        let [what, at, byte] = edit else { continue };
        let at = usize::from(*at).checked_rem(bytes.len()).unwrap_or(0);
        match what % 5 {
            0 | 1 => bytes
                .get_mut(at)
                .into_iter()
                .for_each(|there| *there ^= byte),
            2 => bytes.insert(at, *byte),
            3 if !bytes.is_empty() => _ = bytes.remove(at),
            _ => bytes.truncate(bytes.len().saturating_sub(usize::from(*byte))),
        }
    }
    bytes
}

fn alice() -> AccountId {
    AccountId::new(ACCOUNT).unwrap()
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&ACTIVE)).with_retired(SealingKey::from_bytes(&RETIRED))
}

fn open(sealed: &[u8]) -> Account {
    Account::open(&alice(), sealed, &keyring()).unwrap()
}

/// The first bytes of a hash of the key, and of a context that is empty here.
fn key_id(key: &Key) -> [u8; 8] {
    let mut hmac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).unwrap();
    hmac.update(b"secondfactor sealing key id");
    *hmac.finalize().into_bytes().first_chunk().unwrap()
}

/// Each part behind its length: the text, the header, the empty context, the account, and no
/// session.
fn associated_data(header: &[u8], account: &str) -> Vec<u8> {
    let parts = [b"secondfactor record", header, b"", account.as_bytes(), b""];
    let with_length = |part: &[u8]| [&(part.len() as u64).to_be_bytes(), part].concat();
    parts.into_iter().flat_map(with_length).collect()
}

/// A record of alice with this plaintext.
pub(crate) fn seal(format: u8, key: &Key, plaintext: &[u8]) -> Vec<u8> {
    let header = [&[format][..], &key_id(key), &NONCE].concat();
    let payload = Payload {
        msg: plaintext,
        aad: &associated_data(&header, ACCOUNT),
    };
    let cipher = XChaCha20Poly1305::new(key.into());
    let ciphertext = cipher.encrypt(&XNonce::from(NONCE), payload).unwrap();
    [header, ciphertext].concat()
}

/// Why sealed bytes do not open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Malformed,
    UnknownFormat(u8),
    UnknownKey([u8; 8]),
    Forged,
}

impl Refusal {
    fn is(self, error: SealError) -> bool {
        match (self, error) {
            (Self::UnknownFormat(this), SealError::UnknownFormat { format, .. }) => this == format,
            (Self::UnknownKey(this), SealError::UnknownKey { id, .. }) => {
                let hex = this.iter().fold(String::new(), |mut hex, byte| {
                    write!(hex, "{byte:02x}").unwrap();
                    hex
                });
                hex == id.to_string()
            }
            (Self::Malformed, SealError::Malformed) | (Self::Forged, SealError::Forged) => true,
            _ => false,
        }
    }
}

/// The plaintext of an account's record that one of these keys has sealed.
pub(crate) fn unseal(account: &str, keys: &[Key], sealed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (format, rest) = sealed.split_first().ok_or(Refusal::Malformed)?;
    if *format != FORMAT {
        return Err(Refusal::UnknownFormat(*format));
    }
    let id = *rest.first_chunk().ok_or(Refusal::Malformed)?;
    let mut known = keys.iter().filter(|key| key_id(key) == id);
    let key = known.next().ok_or(Refusal::UnknownKey(id))?;
    let (header, body) = sealed
        .split_at_checked(HEADER_LEN)
        .ok_or(Refusal::Malformed)?;
    if body.len() < TAG_LEN {
        return Err(Refusal::Malformed);
    }
    let nonce: [u8; 24] = *header.last_chunk().unwrap();
    let payload = Payload {
        msg: body,
        aad: &associated_data(header, account),
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&nonce.into(), payload)
        .map_err(|_| Refusal::Forged)
}

fn plaintext_of(sealed: &[u8]) -> Vec<u8> {
    unseal(ACCOUNT, &[ACTIVE], sealed).unwrap()
}
