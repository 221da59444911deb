//! A device in the record.

use std::time::Duration;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{CborLen, Decode, Encode};

use super::answer::{AnswerRecord, to_answer};
use super::no_value::no_value;
use super::voucher;
use crate::account::credential::Credential;
use crate::account::device::drift::{Drift, Provisional};
use crate::account::device::entry::{Device, Pending, Replaced, State};
use crate::account::device::id::DeviceId;
use crate::account::label::Label;
use crate::account::voucher::Voucher;
use crate::codes::{Algorithm, Counter, Digits, Parameters, Period, Secret, UnixTime};

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct DeviceRecord<'b> {
    #[n(0)]
    pub(super) id: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) credential: [u8; Credential::LEN],
    #[b(2)]
    pub(super) label: &'b str,
    #[cbor(b(3), with = "minicbor::bytes")]
    pub(super) secret: &'b [u8],
    /// 2: SHA-256, 3: SHA-512; absent for SHA-1.
    #[n(4)]
    pub(super) algorithm: Option<u8>,
    /// Absent for six.
    #[n(5)]
    pub(super) digits: Option<u8>,
    /// Absent for 30 seconds, 0 for HOTP.
    #[n(6)]
    pub(super) period: Option<u16>,
    #[n(7)]
    pub(super) created: u64,
    #[n(8)]
    pub(super) vouched_by: Option<u8>,
    #[n(9)]
    pub(super) vouched_by_device: Option<u32>,
    /// 0: pending, 2: suspended, 3: retiring; absent for active.
    #[n(10)]
    pub(super) state: Option<u8>,
    #[n(11)]
    pub(super) pending: Option<PendingRecord>,
    /// Of a retiring device, in seconds.
    #[n(12)]
    pub(super) left: Option<u64>,
    #[n(13)]
    pub(super) last_used: Option<u64>,
    #[n(14)]
    pub(super) watermark: Option<u64>,
    #[n(15)]
    pub(super) replay_told: Option<u64>,
    #[n(16)]
    pub(super) drift: Option<DriftRecord>,
    #[n(17)]
    pub(super) answer: Option<AnswerRecord>,
    /// Of a retiring device.
    #[cbor(n(18), with = "minicbor::bytes")]
    pub(super) successor: Option<[u8; Credential::LEN]>,
    #[b(19)]
    pub(super) serial: Option<&'b str>,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct PendingRecord {
    /// In seconds.
    #[n(0)]
    pub(super) left: u64,
    #[n(1)]
    pub(super) tries: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) rests_on: Option<[u8; Credential::LEN]>,
    #[n(3)]
    pub(super) replaces: Option<ReplacedRecord>,
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(super) session: Option<[u8; 16]>,
    /// Absent for false.
    #[n(5)]
    pub(super) rebinds: Option<bool>,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct ReplacedRecord {
    #[n(0)]
    pub(super) device: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) credential: [u8; Credential::LEN],
    /// In seconds.
    #[n(2)]
    pub(super) grace: u64,
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
    pub(super) provisional: Option<ProvisionalRecord>,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct ProvisionalRecord {
    /// In seconds.
    #[n(0)]
    pub(super) left: u64,
    #[n(1)]
    pub(super) base: i16,
    #[n(2)]
    pub(super) learned: i8,
}

const SHA256: u8 = 2;
const SHA512: u8 = 3;
const HOTP: u16 = 0;
const PENDING: u8 = 0;
const SUSPENDED: u8 = 2;
const RETIRING: u8 = 3;
/// As in `Token::MAX_NAME_CHARS`, which is there with some features only.
const MAX_SERIAL_CHARS: usize = 128;

impl<C> Encode<C> for Device {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        DeviceRecord::from(self).encode(encoder, context)
    }
}

impl<C> CborLen<C> for Device {
    fn cbor_len(&self, context: &mut C) -> usize {
        DeviceRecord::from(self).cbor_len(context)
    }
}

impl<'b, C> Decode<'b, C> for Device {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        let record = DeviceRecord::decode(decoder, context)?;
        record.to_device().ok_or_else(no_value)
    }
}

impl<'b> From<&'b Device> for DeviceRecord<'b> {
    fn from(device: &'b Device) -> Self {
        let (state, pending, left) = match device.state {
            State::Pending(pending) => (Some(PENDING), Some(pending.into()), None),
            State::Active => (None, None, None),
            State::Suspended => (Some(SUSPENDED), None, None),
            State::Retiring { left, .. } => (Some(RETIRING), None, Some(left.as_secs())),
        };
        let successor = match device.state {
            State::Retiring { successor, .. } => Some(*successor.as_bytes()),
            _ => None,
        };
        let algorithm = match device.parameters.algorithm() {
            Algorithm::Sha1 => None,
            Algorithm::Sha256 => Some(SHA256),
            Algorithm::Sha512 => Some(SHA512),
        };
        let digits = device.parameters.digits();
        let period = device.parameters.period();
        let (vouched_by, vouched_by_device) = voucher::to_numbers(device.vouched_by.by());
        Self {
            id: device.id.get(),
            credential: *device.credential.as_bytes(),
            label: device.label.as_str(),
            secret: device.secret.expose_bytes(),
            algorithm,
            digits: (digits != Digits::Six).then(|| digits.count()),
            period: (period != Some(Period::DEFAULT)).then(|| period.map_or(HOTP, Period::as_secs)),
            created: device.vouched_by.at().as_secs(),
            vouched_by,
            vouched_by_device,
            state,
            pending,
            left,
            last_used: device.last_used.map(UnixTime::as_secs),
            watermark: device.watermark,
            replay_told: device.replay_told,
            drift: (device.drift != Drift::default()).then(|| device.drift.into()),
            answer: device.answer.map(AnswerRecord::from),
            successor,
            serial: device.serial.as_deref(),
        }
    }
}

impl DeviceRecord<'_> {
    /// `None` for a value that no release wrote.
    fn to_device(&self) -> Option<Device> {
        let state = match (self.state, self.pending, self.left, self.successor) {
            (Some(PENDING), Some(pending), None, None) => State::Pending(pending.to_pending()?),
            (None, None, None, None) => State::Active,
            (Some(SUSPENDED), None, None, None) => State::Suspended,
            (Some(RETIRING), None, Some(left), Some(successor)) => State::Retiring {
                left: Duration::from_secs(left),
                successor: Credential::from_bytes(successor),
            },
            _ => return None,
        };
        let parameters = self.to_parameters()?;
        let drift = self
            .drift
            .map_or_else(Drift::default, DriftRecord::to_drift);
        if !drift.is_possible(parameters.period().unwrap_or(Period::DEFAULT)) {
            return None;
        }
        Some(Device {
            id: DeviceId::new(self.id),
            credential: Credential::from_bytes(self.credential),
            label: Label::from_record(self.label)?,
            secret: Secret::from_weak_bytes(self.secret).ok()?,
            parameters,
            serial: self.to_serial()?,
            drift,
            vouched_by: Voucher::new(
                voucher::from_numbers(self.vouched_by, self.vouched_by_device)?,
                UnixTime::from_secs(self.created),
            ),
            state,
            last_used: self.last_used.map(UnixTime::from_secs),
            watermark: self.watermark,
            replay_told: self.replay_told,
            answer: to_answer(self.answer).ok()?,
        })
    }

    fn to_serial(&self) -> Option<Option<String>> {
        let is_possible =
            |serial: &str| !serial.is_empty() && serial.chars().count() <= MAX_SERIAL_CHARS;
        let serial = self.serial.map(ToOwned::to_owned);
        serial.as_deref().is_none_or(is_possible).then_some(serial)
    }

    fn to_parameters(&self) -> Option<Parameters> {
        let algorithm = match self.algorithm {
            None => Algorithm::Sha1,
            Some(SHA256) => Algorithm::Sha256,
            Some(SHA512) => Algorithm::Sha512,
            Some(_) => return None,
        };
        let digits = match self.digits {
            None => Digits::Six,
            Some(count) => Digits::from_count(count).filter(|digits| *digits != Digits::Six)?,
        };
        let parameters = match self.period {
            None => Parameters::totp(Period::DEFAULT),
            Some(HOTP) => Parameters::hotp(Counter::new(0)),
            Some(secs) => Parameters::totp(Period::from_secs(secs).ok()?),
        };
        Some(parameters.with_algorithm(algorithm).with_digits(digits))
    }
}

impl From<Pending> for PendingRecord {
    fn from(pending: Pending) -> Self {
        Self {
            left: pending.left.as_secs(),
            tries: pending.tries,
            rests_on: pending.rests_on.map(|credential| *credential.as_bytes()),
            replaces: pending.replaces.map(|replaced| ReplacedRecord {
                device: replaced.device.get(),
                credential: *replaced.credential.as_bytes(),
                grace: replaced.grace.as_secs(),
            }),
            session: pending.session,
            rebinds: pending.rebinds.then_some(true),
        }
    }
}

impl PendingRecord {
    /// `None` for a value that no release wrote.
    fn to_pending(self) -> Option<Pending> {
        (self.rebinds != Some(false)).then(|| Pending {
            left: Duration::from_secs(self.left),
            tries: self.tries,
            rests_on: self.rests_on.map(Credential::from_bytes),
            replaces: self.replaces.map(|replaced| Replaced {
                device: DeviceId::new(replaced.device),
                credential: Credential::from_bytes(replaced.credential),
                grace: Duration::from_secs(replaced.grace),
            }),
            session: self.session,
            rebinds: self.rebinds.is_some(),
        })
    }
}

impl From<Drift> for DriftRecord {
    fn from(drift: Drift) -> Self {
        let provisional = drift.provisional.map(|earlier| ProvisionalRecord {
            left: earlier.left.as_secs(),
            base: earlier.base,
            learned: earlier.learned,
        });
        Self {
            base: drift.base,
            learned: drift.learned,
            lean: drift.lean,
            provisional,
        }
    }
}

impl DriftRecord {
    fn to_drift(self) -> Drift {
        let provisional = self.provisional.map(|earlier| Provisional {
            left: Duration::from_secs(earlier.left),
            base: earlier.base,
            learned: earlier.learned,
        });
        Drift {
            base: self.base,
            learned: self.learned,
            lean: self.lean,
            provisional,
        }
    }
}
