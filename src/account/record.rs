//! The record as bytes: CBOR maps with numbered fields (RFC 8949).
//!
//! A field's number is never given to another meaning. A new field is optional and has a value that means "as before",
//! and raises the format in `seal.rs`.

use minicbor::{CborLen, Decode, Encode};

use super::device::{Device, State};
use super::{Account, AccountId, DeviceId, Label};
use crate::{Algorithm, Digits, Error, Keyring, Period, Secret, Step, UnixTime};

/// The record opened, but what it holds makes no sense: nothing is guessed, nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not the fields of a record.
    #[error("the account's record is malformed")]
    Malformed,
    /// A field has a value that this release does not know.
    #[error("the account's record has an unknown or impossible value")]
    Value,
}

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
struct Record<'b> {
    #[b(0)]
    devices: Vec<DeviceRecord<'b>>,
    #[n(1)]
    next_device: u32,
    #[n(2)]
    failures: u32,
}

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
struct DeviceRecord<'b> {
    #[n(0)]
    id: u32,
    #[b(1)]
    label: &'b str,
    /// 0: TOTP.
    #[n(2)]
    kind: u8,
    #[cbor(b(3), with = "minicbor::bytes")]
    secret: &'b [u8],
    /// 1: SHA-1, 2: SHA-256, 3: SHA-512.
    #[n(4)]
    algorithm: u8,
    #[n(5)]
    digits: u8,
    #[n(6)]
    period: u16,
    #[n(7)]
    created: u64,
    /// 0: pending, 1: active.
    #[n(8)]
    state: u8,
    /// Of a pending device.
    #[n(9)]
    tries: u8,
    /// Of an active device.
    #[n(10)]
    last_used: Option<u64>,
    #[n(11)]
    watermark: Option<u64>,
}

pub(super) fn seal(account: &Account, keyring: &Keyring) -> Result<Vec<u8>, Error> {
    let record = Record {
        devices: account.devices.iter().map(DeviceRecord::of).collect(),
        next_device: account.next_device,
        failures: account.failures,
    };
    keyring.seal(&account.id, minicbor::len(&record), |bytes| {
        minicbor::encode(&record, bytes).map_err(|_| RecordError::Malformed)
    })
}

pub(super) fn decode(id: &AccountId, bytes: &[u8]) -> Result<Account, RecordError> {
    let record: Record<'_> = minicbor::decode(bytes).map_err(|_| RecordError::Malformed)?;
    let devices = record.devices.iter().map(DeviceRecord::device).collect::<Option<Vec<_>>>();
    let devices = devices.ok_or(RecordError::Value)?;
    let ids_grow = devices.is_sorted_by(|one, next| one.id < next.id);
    if !ids_grow || devices.last().is_some_and(|last| last.id.get() >= record.next_device) {
        return Err(RecordError::Value);
    }
    Ok(Account { id: id.clone(), devices, next_device: record.next_device, failures: record.failures })
}

const TOTP: u8 = 0;
const PENDING: u8 = 0;
const ACTIVE: u8 = 1;

impl<'b> DeviceRecord<'b> {
    fn of(device: &'b Device) -> Self {
        let (state, tries, last_used) = match device.state {
            State::Pending { tries } => (PENDING, tries, None),
            State::Active { last_used } => (ACTIVE, 0, last_used),
        };
        Self {
            id: device.id.get(),
            label: device.label.as_str(),
            kind: TOTP,
            secret: device.secret.expose_bytes(),
            algorithm: match device.algorithm {
                Algorithm::Sha1 => 1,
                Algorithm::Sha256 => 2,
                Algorithm::Sha512 => 3,
            },
            digits: device.digits.count(),
            period: device.period.as_secs(),
            created: device.created.as_secs(),
            state,
            tries,
            last_used: last_used.map(UnixTime::as_secs),
            watermark: device.watermark.map(Step::get),
        }
    }

    fn device(&self) -> Option<Device> {
        let state = match (self.kind, self.state) {
            (TOTP, PENDING) => State::Pending { tries: self.tries },
            (TOTP, ACTIVE) => State::Active { last_used: self.last_used.map(UnixTime::from_secs) },
            _ => return None,
        };
        Some(Device {
            id: DeviceId::new(self.id),
            label: Label::new(self.label).ok()?,
            secret: Secret::from_weak_bytes(self.secret).ok()?,
            algorithm: match self.algorithm {
                1 => Algorithm::Sha1,
                2 => Algorithm::Sha256,
                3 => Algorithm::Sha512,
                _ => return None,
            },
            digits: Digits::from_count(self.digits)?,
            period: Period::from_secs(self.period).ok()?,
            created: UnixTime::from_secs(self.created),
            state,
            watermark: self.watermark.map(Step::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Result<Account, RecordError> {
        super::decode(&AccountId::new("alice").unwrap(), bytes)
    }

    fn device() -> DeviceRecord<'static> {
        DeviceRecord {
            id: 1,
            label: "phone",
            kind: TOTP,
            secret: &[1; 20],
            algorithm: 1,
            digits: 6,
            period: 30,
            created: 1_700_000_000,
            state: ACTIVE,
            tries: 0,
            last_used: Some(1_700_000_000),
            watermark: Some(56_666_666),
        }
    }

    fn encode(devices: Vec<DeviceRecord<'_>>, next_device: u32) -> Vec<u8> {
        minicbor::to_vec(Record { devices, next_device, failures: 0 }).unwrap()
    }

    #[test]
    fn a_record_comes_back() {
        let bytes = encode(vec![device(), DeviceRecord { id: 2, state: PENDING, tries: 3, ..device() }], 3);
        let account = decode(&bytes).unwrap();
        let again = account.devices.iter().map(DeviceRecord::of).collect();
        // A pending device has not been used.
        let bytes =
            encode(vec![device(), DeviceRecord { id: 2, state: PENDING, tries: 3, last_used: None, ..device() }], 3);
        assert_eq!(encode(again, account.next_device), bytes);
    }

    #[test]
    fn a_field_of_a_later_release_is_no_obstacle_to_the_codec() {
        let mut bytes = encode(Vec::new(), 1);
        assert_eq!(bytes[0], 0xa3, "a map of three");
        bytes[0] = 0xa4;
        bytes.extend([0x18, 200, 0x63, b'n', b'e', b'w']);
        assert!(decode(&bytes).is_ok());
    }

    #[test]
    fn impossible_values_are_refused() {
        let bad = [
            DeviceRecord { kind: 9, ..device() },
            DeviceRecord { state: 9, ..device() },
            DeviceRecord { algorithm: 0, ..device() },
            DeviceRecord { algorithm: 4, ..device() },
            DeviceRecord { digits: 5, ..device() },
            DeviceRecord { digits: 9, ..device() },
            DeviceRecord { period: 0, ..device() },
            DeviceRecord { period: 3601, ..device() },
            DeviceRecord { secret: &[], ..device() },
            DeviceRecord { secret: &[1; 129], ..device() },
            DeviceRecord { label: "", ..device() },
            DeviceRecord { id: 7, ..device() },
        ];
        for (n, device) in bad.into_iter().enumerate() {
            assert_eq!(decode(&encode(vec![device], 7)).unwrap_err(), RecordError::Value, "value {n}");
        }
        assert_eq!(decode(&encode(vec![device(), device()], 7)).unwrap_err(), RecordError::Value, "one id twice");
        assert_eq!(decode(&[]).unwrap_err(), RecordError::Malformed);
        assert_eq!(decode(&[0xa0]).unwrap_err(), RecordError::Malformed);
        assert_eq!(RecordError::Malformed.to_string(), "the account's record is malformed");
        assert_eq!(RecordError::Value.to_string(), "the account's record has an unknown or impossible value");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let _judged = decode(&bytes);
            let mut edited = encode(vec![device()], 2);
            let at = at.index(edited.len());
            edited[at] = byte;
            let _judged = decode(&edited);
        }
    }
}
