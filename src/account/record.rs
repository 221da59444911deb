//! The record as bytes: CBOR maps with numbered fields (RFC 8949).
//!
//! A field's number is never given to another meaning. A new field is optional and has a value that means "as before",
//! and raises the format in `seal.rs`.

mod recovery_codes;

use std::borrow::Cow;

use minicbor::{CborLen, Decode, Decoder, Encode};
use zeroize::Zeroizing;

use super::device::{Device, Kind, State};
use super::drift::{Drift, Provisional};
use super::recovery::{Hash, Recovery};
use super::throttle::{Bucket, Throttle};
use super::{Account, AccountId, DeviceId, Label};
use crate::seal::Purpose;
use crate::{Algorithm, Digits, Error, Keyring, Period, Secret, UnixTime};

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
    #[cbor(b(0), decode_with = "list")]
    devices: Vec<DeviceRecord<'b>>,
    #[n(1)]
    next_device: u32,
    #[n(2)]
    failures: u32,
    /// From here on since format 2.
    #[n(3)]
    last_failure: Option<u64>,
    #[n(4)]
    pressure: Option<u64>,
    #[n(5)]
    resyncs: Option<u64>,
    #[b(6)]
    recovery: Option<RecoveryRecord<'b>>,
    #[n(7)]
    last_change: Option<u64>,
}

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
struct RecoveryRecord<'b> {
    #[cbor(b(0), with = "minicbor::bytes")]
    salt: &'b [u8],
    #[cbor(n(1), with = "recovery_codes")]
    codes: Cow<'b, [(u8, Hash)]>,
    #[n(2)]
    failures: u32,
    #[n(3)]
    last_failure: Option<u64>,
    #[n(4)]
    pressure: Option<u64>,
    /// Since format 3.
    #[n(5)]
    issued: Option<u64>,
}

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
struct DeviceRecord<'b> {
    #[n(0)]
    id: u32,
    #[b(1)]
    label: &'b str,
    /// 0: TOTP, 1: HOTP. Since format 3 this and other fields are absent where they are what every app does.
    #[n(2)]
    kind: Option<u8>,
    #[cbor(b(3), with = "minicbor::bytes")]
    secret: &'b [u8],
    /// 1: SHA-1, 2: SHA-256, 3: SHA-512.
    #[n(4)]
    algorithm: Option<u8>,
    #[n(5)]
    digits: Option<u8>,
    /// Of TOTP.
    #[n(6)]
    period: Option<u16>,
    #[n(7)]
    created: u64,
    /// 0: pending, 1: active, 2: suspended, 3: retiring.
    #[n(8)]
    state: u8,
    /// Of a pending device.
    #[n(9)]
    tries: Option<u8>,
    #[n(10)]
    last_used: Option<u64>,
    #[n(11)]
    watermark: Option<u64>,
    /// From here on since format 2. Of a pending device.
    #[n(12)]
    replaces: Option<u32>,
    /// Of a retiring device.
    #[n(13)]
    until: Option<u64>,
    #[n(14)]
    drift: Option<DriftRecord>,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
struct DriftRecord {
    #[n(0)]
    base: i16,
    #[n(1)]
    learned: i8,
    #[n(2)]
    lean: i8,
    #[n(3)]
    provisional_until: Option<u64>,
    #[n(4)]
    base_before: Option<i16>,
    #[n(5)]
    learned_before: Option<i8>,
}

pub(super) fn seal(account: &Account, keyring: &Keyring) -> Result<Vec<u8>, Error> {
    let record = Record {
        devices: account.devices.iter().map(DeviceRecord::of).collect(),
        next_device: account.next_device,
        failures: account.throttle.failures,
        last_failure: account.throttle.last_failure.map(UnixTime::as_secs),
        pressure: bucket_record(account.throttle.pressure),
        resyncs: bucket_record(account.resyncs),
        recovery: account.recovery.as_ref().map(RecoveryRecord::of),
        last_change: account.last_change.map(UnixTime::as_secs),
    };
    keyring.seal(Purpose::Record(&account.id), minicbor::len(&record), |mut bytes| {
        minicbor::encode(&record, &mut bytes).map_err(|_| RecordError::Malformed)?;
        if bytes.is_empty() { Ok(()) } else { Err(RecordError::Malformed) }
    })
}

pub(super) fn decode(id: &AccountId, bytes: &[u8]) -> Result<Account, RecordError> {
    let record: Record<'_> = minicbor::decode(bytes).map_err(|_| RecordError::Malformed)?;
    let devices = all(&record.devices, DeviceRecord::device).ok_or(RecordError::Value)?;
    let ids_grow = devices.is_sorted_by(|one, next| one.id < next.id);
    if !ids_grow || devices.last().is_some_and(|last| last.id.get() >= record.next_device) {
        return Err(RecordError::Value);
    }
    let recovery = record.recovery.map(|recovery| recovery.recovery().ok_or(RecordError::Value)).transpose()?;
    Ok(Account {
        devices,
        next_device: record.next_device,
        throttle: throttle(record.failures, record.last_failure, record.pressure),
        resyncs: bucket(record.resyncs),
        recovery,
        last_change: record.last_change.map(UnixTime::from_secs),
        ..Account::new(id.clone())
    })
}

/// As `Vec` decodes itself, but with room for most lists at once: one that grows is moved again and again.
fn list<'b, C, T: Decode<'b, C>>(
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> Result<Vec<T>, minicbor::decode::Error> {
    let mut list = Vec::with_capacity(10);
    for item in decoder.array_iter_with(context)? {
        list.push(item?);
    }
    Ok(list)
}

/// As `collect` does, which does not know how many there will be.
fn all<R, T>(records: &[R], read: impl Fn(&R) -> Option<T>) -> Option<Vec<T>> {
    let mut list = Vec::with_capacity(records.len());
    for record in records {
        list.push(read(record)?);
    }
    Some(list)
}

const TOTP: u8 = 0;
const HOTP: u8 = 1;
const SHA1: u8 = 1;
const SHA256: u8 = 2;
const SHA512: u8 = 3;
const PENDING: u8 = 0;
const ACTIVE: u8 = 1;
const SUSPENDED: u8 = 2;
const RETIRING: u8 = 3;

impl<'b> DeviceRecord<'b> {
    fn of(device: &'b Device) -> Self {
        let (state, tries, replaces, until) = match device.state {
            State::Pending { tries, replaces } => (PENDING, tries, replaces, None),
            State::Active => (ACTIVE, 0, None, None),
            State::Suspended => (SUSPENDED, 0, None, None),
            State::Retiring { until } => (RETIRING, 0, None, Some(until)),
        };
        let (kind, period, drift) = match device.kind {
            Kind::Totp { period, drift } => (TOTP, period, DriftRecord::of(drift)),
            Kind::Hotp => (HOTP, Period::DEFAULT, None),
        };
        let algorithm = match device.algorithm {
            Algorithm::Sha1 => SHA1,
            Algorithm::Sha256 => SHA256,
            Algorithm::Sha512 => SHA512,
        };
        Self {
            id: device.id.get(),
            label: device.label.as_str(),
            kind: unless(TOTP, kind),
            secret: device.secret.expose_bytes(),
            algorithm: unless(SHA1, algorithm),
            digits: unless(Digits::Six.count(), device.digits.count()),
            period: unless(Period::DEFAULT.as_secs(), period.as_secs()),
            created: device.created.as_secs(),
            state,
            tries: unless(0, tries),
            last_used: device.last_used.map(UnixTime::as_secs),
            watermark: device.watermark,
            replaces: replaces.map(DeviceId::get),
            until: until.map(UnixTime::as_secs),
            drift,
        }
    }

    fn device(&self) -> Option<Device> {
        let state = match self.state {
            PENDING => State::Pending { tries: self.tries.unwrap_or(0), replaces: self.replaces.map(DeviceId::new) },
            ACTIVE => State::Active,
            SUSPENDED => State::Suspended,
            RETIRING => State::Retiring { until: UnixTime::from_secs(self.until?) },
            _ => return None,
        };
        let kind = match self.kind.unwrap_or(TOTP) {
            TOTP => Kind::Totp {
                period: self.period.map_or(Ok(Period::DEFAULT), Period::from_secs).ok()?,
                drift: self.drift.map_or(Some(Drift::default()), DriftRecord::drift)?,
            },
            HOTP => Kind::Hotp,
            _ => return None,
        };
        Some(Device {
            id: DeviceId::new(self.id),
            label: Label::recorded(self.label)?,
            secret: Secret::from_weak_bytes(self.secret).ok()?,
            algorithm: match self.algorithm.unwrap_or(SHA1) {
                SHA1 => Algorithm::Sha1,
                SHA256 => Algorithm::Sha256,
                SHA512 => Algorithm::Sha512,
                _ => return None,
            },
            digits: self.digits.map_or(Some(Digits::Six), Digits::from_count)?,
            kind,
            created: UnixTime::from_secs(self.created),
            state,
            last_used: self.last_used.map(UnixTime::from_secs),
            watermark: self.watermark,
        })
    }
}

/// What every authenticator app does is not worth its bytes: eight such devices took a twentieth of a login.
fn unless<T: PartialEq>(usual: T, value: T) -> Option<T> {
    (value != usual).then_some(value)
}

impl DriftRecord {
    fn of(drift: Drift) -> Option<Self> {
        (drift != Drift::default()).then(|| Self {
            base: drift.base,
            learned: drift.learned,
            lean: drift.lean,
            provisional_until: drift.provisional.map(|earlier| earlier.until.as_secs()),
            base_before: drift.provisional.map(|earlier| earlier.base),
            learned_before: drift.provisional.map(|earlier| earlier.learned),
        })
    }

    fn drift(self) -> Option<Drift> {
        let provisional = match (self.provisional_until, self.base_before, self.learned_before) {
            (None, None, None) => None,
            (Some(until), Some(base), Some(learned)) => {
                Some(Provisional { until: UnixTime::from_secs(until), base, learned })
            }
            _ => return None,
        };
        let drift = Drift { base: self.base, learned: self.learned, lean: self.lean, provisional };
        drift.is_possible().then_some(drift)
    }
}

impl<'b> RecoveryRecord<'b> {
    fn of(recovery: &'b Recovery) -> Self {
        Self {
            salt: &*recovery.salt,
            codes: Cow::Borrowed(&recovery.codes),
            failures: recovery.throttle.failures,
            last_failure: recovery.throttle.last_failure.map(UnixTime::as_secs),
            pressure: bucket_record(recovery.throttle.pressure),
            issued: unless(0, recovery.issued.as_secs()),
        }
    }

    fn recovery(self) -> Option<Recovery> {
        // A code that is there twice could be redeemed twice.
        let mut earlier = 0_u32;
        for (selector, _) in &*self.codes {
            let this = 1_u32.checked_shl((*selector).into())?;
            if earlier & this != 0 {
                return None;
            }
            earlier |= this;
        }
        Some(Recovery {
            issued: UnixTime::from_secs(self.issued.unwrap_or(0)),
            salt: Zeroizing::new(self.salt.try_into().ok()?),
            codes: self.codes.into_owned(),
            throttle: throttle(self.failures, self.last_failure, self.pressure),
        })
    }
}

fn throttle(failures: u32, last_failure: Option<u64>, pressure: Option<u64>) -> Throttle {
    Throttle { failures, last_failure: last_failure.map(UnixTime::from_secs), pressure: bucket(pressure) }
}

fn bucket(empty_at: Option<u64>) -> Bucket {
    empty_at.map_or(Bucket::EMPTY, |secs| Bucket { empty_at: UnixTime::from_secs(secs) })
}

fn bucket_record(bucket: Bucket) -> Option<u64> {
    (bucket != Bucket::EMPTY).then(|| bucket.empty_at.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> Result<Account, RecordError> {
        super::decode(&AccountId::new("alice").unwrap(), bytes)
    }

    const DRIFT: DriftRecord = DriftRecord {
        base: -120,
        learned: 4,
        lean: -1,
        provisional_until: Some(9),
        base_before: Some(7),
        learned_before: Some(-4),
    };

    fn device() -> DeviceRecord<'static> {
        DeviceRecord {
            id: 1,
            label: "phone",
            kind: None,
            secret: &[1; 20],
            algorithm: None,
            digits: None,
            period: None,
            created: 1_700_000_000,
            state: ACTIVE,
            tries: None,
            last_used: Some(1_700_000_000),
            watermark: Some(56_666_666),
            replaces: None,
            until: None,
            drift: None,
        }
    }

    fn encode(devices: Vec<DeviceRecord<'_>>, next_device: u32) -> Vec<u8> {
        let record = Record {
            devices,
            next_device,
            failures: 0,
            last_failure: None,
            pressure: None,
            resyncs: None,
            recovery: None,
            last_change: None,
        };
        minicbor::to_vec(record).unwrap()
    }

    #[test]
    fn a_record_comes_back() {
        let bytes = encode(
            vec![
                device(),
                DeviceRecord { id: 2, state: PENDING, tries: Some(3), replaces: Some(1), ..device() },
                DeviceRecord { id: 3, kind: Some(HOTP), state: SUSPENDED, ..device() },
                DeviceRecord { id: 4, state: RETIRING, until: Some(7), drift: Some(DRIFT), ..device() },
            ],
            5,
        );
        let account = decode(&bytes).unwrap();
        let again = account.devices.iter().map(DeviceRecord::of).collect();
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
            DeviceRecord { kind: Some(9), ..device() },
            DeviceRecord { state: 9, ..device() },
            DeviceRecord { algorithm: Some(0), ..device() },
            DeviceRecord { algorithm: Some(4), ..device() },
            DeviceRecord { digits: Some(5), ..device() },
            DeviceRecord { digits: Some(9), ..device() },
            DeviceRecord { period: Some(0), ..device() },
            DeviceRecord { period: Some(3601), ..device() },
            DeviceRecord { secret: &[], ..device() },
            DeviceRecord { secret: &[1; 129], ..device() },
            DeviceRecord { label: "", ..device() },
            DeviceRecord { id: 7, ..device() },
            DeviceRecord { state: RETIRING, ..device() },
            DeviceRecord { drift: Some(DriftRecord { base: 121, ..DRIFT }), ..device() },
            DeviceRecord { drift: Some(DriftRecord { learned: 5, ..DRIFT }), ..device() },
            DeviceRecord { drift: Some(DriftRecord { lean: 2, ..DRIFT }), ..device() },
            DeviceRecord { drift: Some(DriftRecord { base_before: None, ..DRIFT }), ..device() },
            DeviceRecord { drift: Some(DriftRecord { base_before: Some(i16::MIN), ..DRIFT }), ..device() },
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

    #[test]
    fn a_recovery_code_is_there_once() {
        let decode = |selectors: [u8; 2]| {
            let codes = selectors.map(|selector| (selector, [3; 32]));
            let recovery = RecoveryRecord {
                salt: &[1; 16],
                codes: Cow::Borrowed(&codes),
                failures: 0,
                last_failure: None,
                pressure: None,
                issued: None,
            };
            recovery.recovery()
        };
        assert!(decode([1, 0]).is_some());
        assert!(decode([1, 1]).is_none());
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
