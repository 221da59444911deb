//! A device in the record.

use minicbor::{CborLen, Decode, Encode};

use crate::account::device::drift::{Drift, Provisional};
use crate::account::device::entry::{Device, State};
use crate::account::device::id::DeviceId;
use crate::account::label::Label;
use crate::codes::{Algorithm, Counter, Digits, Parameters, Period, Secret, UnixTime};

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct DeviceRecord<'b> {
    #[n(0)]
    pub(super) id: u32,
    #[b(1)]
    pub(super) label: &'b str,
    #[cbor(b(2), with = "minicbor::bytes")]
    pub(super) secret: &'b [u8],
    /// 1: SHA-1, 2: SHA-256, 3: SHA-512.
    #[n(3)]
    pub(super) algorithm: u8,
    #[n(4)]
    pub(super) digits: u8,
    /// Of TOTP; absent for HOTP.
    #[n(5)]
    pub(super) period: Option<u16>,
    #[n(6)]
    pub(super) created: u64,
    /// 0: pending, 1: active, 2: suspended, 3: retiring.
    #[n(7)]
    pub(super) state: u8,
    /// Of a pending device.
    #[n(8)]
    pub(super) tries: Option<u8>,
    /// Of a pending device.
    #[n(9)]
    pub(super) replaces: Option<u32>,
    /// Of a retiring device.
    #[n(10)]
    pub(super) until: Option<u64>,
    #[n(11)]
    pub(super) last_used: Option<u64>,
    #[n(12)]
    pub(super) watermark: Option<u64>,
    #[n(13)]
    pub(super) drift: Option<DriftRecord>,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct DriftRecord {
    #[n(0)]
    pub(super) base: i16,
    #[n(1)]
    pub(super) learned: i8,
    #[n(2)]
    pub(super) lean: i8,
    #[n(3)]
    pub(super) provisional_until: Option<u64>,
    #[n(4)]
    pub(super) base_before: Option<i16>,
    #[n(5)]
    pub(super) learned_before: Option<i8>,
}

const SHA1: u8 = 1;
const SHA256: u8 = 2;
const SHA512: u8 = 3;
const PENDING: u8 = 0;
pub(super) const ACTIVE: u8 = 1;
const SUSPENDED: u8 = 2;
const RETIRING: u8 = 3;

impl<'b> From<&'b Device> for DeviceRecord<'b> {
    fn from(device: &'b Device) -> Self {
        let (state, tries, replaces, until) = match device.state {
            State::Pending { tries, replaces } => (PENDING, Some(tries), replaces, None),
            State::Active => (ACTIVE, None, None, None),
            State::Suspended => (SUSPENDED, None, None, None),
            State::Retiring { until } => (RETIRING, None, None, Some(until)),
        };
        let algorithm = match device.parameters.algorithm() {
            Algorithm::Sha1 => SHA1,
            Algorithm::Sha256 => SHA256,
            Algorithm::Sha512 => SHA512,
        };
        Self {
            id: device.id.get(),
            label: device.label.as_str(),
            secret: device.secret.expose_bytes(),
            algorithm,
            digits: device.parameters.digits().count(),
            period: device.parameters.period().map(Period::as_secs),
            created: device.created.as_secs(),
            state,
            tries,
            replaces: replaces.map(DeviceId::get),
            until: until.map(UnixTime::as_secs),
            last_used: device.last_used.map(UnixTime::as_secs),
            watermark: device.watermark,
            drift: (device.drift != Drift::default()).then(|| device.drift.into()),
        }
    }
}

impl DeviceRecord<'_> {
    /// `None` for a value that no release wrote.
    pub(super) fn to_device(&self) -> Option<Device> {
        let state = match self.state {
            PENDING => State::Pending {
                tries: self.tries?,
                replaces: self.replaces.map(DeviceId::new),
            },
            ACTIVE => State::Active,
            SUSPENDED => State::Suspended,
            RETIRING => State::Retiring {
                until: UnixTime::from_secs(self.until?),
            },
            _ => return None,
        };
        let algorithm = match self.algorithm {
            SHA1 => Algorithm::Sha1,
            SHA256 => Algorithm::Sha256,
            SHA512 => Algorithm::Sha512,
            _ => return None,
        };
        let parameters = match self.period {
            Some(secs) => Parameters::totp(Period::from_secs(secs).ok()?),
            None => Parameters::hotp(Counter::new(0)),
        };
        Some(Device {
            id: DeviceId::new(self.id),
            label: Label::new(self.label).ok()?,
            secret: Secret::from_weak_bytes(self.secret).ok()?,
            parameters: parameters
                .with_algorithm(algorithm)
                .with_digits(Digits::from_count(self.digits)?),
            drift: self
                .drift
                .map_or(Some(Drift::default()), DriftRecord::into_drift)?,
            created: UnixTime::from_secs(self.created),
            state,
            last_used: self.last_used.map(UnixTime::from_secs),
            watermark: self.watermark,
        })
    }
}

impl From<Drift> for DriftRecord {
    fn from(drift: Drift) -> Self {
        Self {
            base: drift.base,
            learned: drift.learned,
            lean: drift.lean,
            provisional_until: drift.provisional.map(|earlier| earlier.until.as_secs()),
            base_before: drift.provisional.map(|earlier| earlier.base),
            learned_before: drift.provisional.map(|earlier| earlier.learned),
        }
    }
}

impl DriftRecord {
    fn into_drift(self) -> Option<Drift> {
        let provisional = match (
            self.provisional_until,
            self.base_before,
            self.learned_before,
        ) {
            (None, None, None) => None,
            (Some(until), Some(base), Some(learned)) => Some(Provisional {
                until: UnixTime::from_secs(until),
                base,
                learned,
            }),
            _ => return None,
        };
        let drift = Drift {
            base: self.base,
            learned: self.learned,
            lean: self.lean,
            provisional,
        };
        drift.is_possible().then_some(drift)
    }
}
