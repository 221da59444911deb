//! An account with active devices.

use secondfactor::account::{Account, Attempt};
use secondfactor::codes::{Secret, Totp, UnixTime};
use secondfactor::store::{Committed, Swap};
use secondfactor::{AccountId, Code, Confirmed, Error, Keyring, Label, NewDevice, SealingKey};

pub(crate) const KEY: [u8; 32] = [7; 32];

pub(crate) fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&KEY))
}

pub(crate) fn code(secret: &Secret, time: UnixTime) -> Code {
    Totp::new(secret).at(time).expect("after T0")
}

pub(crate) fn open(id: &AccountId, record: &[u8]) -> Account {
    Account::open(id, record, &keyring()).expect("sealed here")
}

/// The receipt of a store that has committed these bytes.
fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

/// Returns the sealed record, and what the attempt reveals when a store has committed it.
pub(crate) fn commit<T>(mut attempt: Attempt<T>) -> (Vec<u8>, Result<T, Error>) {
    let record = attempt.seal(&keyring()).expect("random bytes");
    let revealed = attempt.reveal(receipt(&record));
    (record, revealed)
}

/// Returns the record of an account with an active device for each secret, and the last device's proof.
/// All devices are confirmed at `time`.
pub(crate) fn record(id: &AccountId, secrets: &[Secret], time: UnixTime) -> (Vec<u8>, Confirmed) {
    let mut last: Option<(Vec<u8>, Confirmed)> = None;
    for (number, secret) in secrets.iter().enumerate() {
        let label = Label::new(format!("phone {number}")).expect("a label");
        let device = NewDevice::totp(label).with_secret(secret.duplicate());
        let attempt = match &last {
            None => Account::new(id.clone()).enroll(device, time),
            Some((record, proof)) => open(id, record).enroll_another(proof, device, time),
        };
        let (record, enrollment) = commit(attempt.expect("a new device"));
        let device = enrollment.expect("enrolled").device();
        let attempt = open(id, &record).confirm(device, code(secret, time), time);
        let (record, proof) = commit(attempt.expect("judged"));
        last = Some((record, proof.expect("the right code")));
    }
    last.expect("a secret")
}
