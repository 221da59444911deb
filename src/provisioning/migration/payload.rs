//! The message in a migration URI.
//!
//! ```text
//! message MigrationPayload {                       message OtpParameters {
//!   repeated OtpParameters otp_parameters = 1;       bytes secret = 1;
//!   int32 version = 2;                               string name = 2;
//!   int32 batch_size = 3;                            string issuer = 3;
//!   int32 batch_index = 4;                           Algorithm algorithm = 4;  // 1 SHA-1, 2 SHA-256, 3 SHA-512, 4 MD5
//!   int32 batch_id = 5;                              DigitCount digits = 5;    // 1 six, 2 eight
//! }                                                  OtpType type = 6;         // 1 HOTP, 2 TOTP
//!                                                    int64 counter = 7;
//!                                                  }
//! ```
//! Google has not published the message. All readers of its exports agree on this. 0 means
//! "unspecified", which an encoder leaves out. Other fields are skipped, such as field 8 of version
//! 2, an id of the key.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::error::MigrationError;
use super::wire::{Damaged, Field, Message, Value, push_bytes, push_varint};
use crate::codes::{Algorithm, Counter, Digits, MovingFactor, Parameters, Period, Secret};
use crate::provisioning::key_uri::{KeyUri, Leniency, Names, Repair, Span, UriError, UriPart};

/// An export has at most 256 parts.
pub(super) const MAX_PARTS: u16 = 256;

/// Holds the decoded message.
pub(super) struct Payload {
    pub(super) index: u16,
    pub(super) size: u16,
    pub(super) batch_id: i32,
    /// A key that can't be used does not hide the others.
    pub(super) keys: Vec<Result<(KeyUri, Vec<Repair>), MigrationError>>,
}

impl Payload {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, MigrationError> {
        let mut message = Message::new(bytes);
        let (mut version, mut size, mut index, mut batch_id) = (None, None, None, None);
        let mut keys = Vec::new();
        while let Some((field, position)) = next(&mut message)? {
            match (field.number, field.value) {
                (1, Value::Bytes(key)) => keys.push(decode_key(key)),
                (2, Value::Varint(value)) => once(&mut version, int32(value), position)?,
                (3, Value::Varint(value)) => once(&mut size, int32(value), position)?,
                (4, Value::Varint(value)) => once(&mut index, int32(value), position)?,
                (5, Value::Varint(value)) => once(&mut batch_id, int32(value), position)?,
                (1..=5, _) => return Err(MigrationError::Message { position }),
                _ => {}
            }
        }
        // Google writes 1 and 2. An encoder that does not say it writes 0.
        if !matches!(version.unwrap_or(0), 0..=2) {
            return Err(MigrationError::Version);
        }
        // An encoder that does not say it means a single part.
        let size = u16::try_from(size.unwrap_or(0))
            .map_err(|_| MigrationError::Part)?
            .max(1);
        let index = u16::try_from(index.unwrap_or(0)).map_err(|_| MigrationError::Part)?;
        if index >= size || size > MAX_PARTS {
            return Err(MigrationError::Part);
        }
        Ok(Self {
            index,
            size,
            batch_id: batch_id.unwrap_or(0),
            keys,
        })
    }
}

fn next<'m>(message: &mut Message<'m>) -> Result<Option<(Field<'m>, usize)>, MigrationError> {
    let position = message.position;
    match message.next() {
        Ok(field) => Ok(field.map(|field| (field, position))),
        Err(Damaged { position }) => Err(MigrationError::Message { position }),
    }
}

/// Refuses a field that is given twice, as it may be read either way.
fn once<T>(slot: &mut Option<T>, value: T, position: usize) -> Result<(), MigrationError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(MigrationError::Message { position }),
    }
}

/// Reads an `int32`, which is sent as 64 bits, sign-extended. A reader takes the low 32.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // as the format has it
const fn int32(value: u64) -> i32 {
    value as i32
}

/// Writes an `int32` as 64 bits.
#[allow(clippy::cast_sign_loss)] // as the format has it
const fn sign_extended(value: i32) -> u64 {
    value as i64 as u64
}

fn decode_key(message: Message<'_>) -> Result<(KeyUri, Vec<Repair>), MigrationError> {
    let fields = Fields::read(message)?;
    let mut leniency = Leniency::Lenient(Vec::new());
    let parameters = fields.parameters(&mut leniency)?;
    let secret = Secret::from_weak_bytes(fields.secret.unwrap_or_default())
        .map_err(|error| MigrationError::Key(UriError::Secret(error)))?;
    if secret.is_weak() {
        let part = UriPart::Secret;
        leniency
            .repair(Repair::WeakSecret, UriError::Missing { part })
            .map_err(MigrationError::Key)?;
    }
    let (name, issuer) = (
        Span::plain(fields.name.unwrap_or_default()),
        fields.issuer.filter(|issuer| !issuer.is_empty()),
    );
    let names =
        Names::read(name, issuer.map(Span::plain), &mut leniency).map_err(MigrationError::Key)?;
    Ok((
        KeyUri::from_parts(secret, names, parameters),
        leniency.into_repairs(),
    ))
}

/// Holds the fields of a key's message, each at most once.
#[derive(Default)]
struct Fields<'m> {
    secret: Option<&'m [u8]>,
    name: Option<&'m str>,
    issuer: Option<&'m str>,
    algorithm: Option<u64>,
    digits: Option<u64>,
    kind: Option<u64>,
    counter: Option<u64>,
}

impl<'m> Fields<'m> {
    fn read(mut message: Message<'m>) -> Result<Self, MigrationError> {
        let mut all = Self::default();
        while let Some((field, position)) = next(&mut message)? {
            match (field.number, field.value) {
                (1, Value::Bytes(value)) => once(&mut all.secret, value.rest, position)?,
                (2, Value::Bytes(value)) => once(&mut all.name, text(value)?, position)?,
                (3, Value::Bytes(value)) => once(&mut all.issuer, text(value)?, position)?,
                (4, Value::Varint(value)) => once(&mut all.algorithm, value, position)?,
                (5, Value::Varint(value)) => once(&mut all.digits, value, position)?,
                (6, Value::Varint(value)) => once(&mut all.kind, value, position)?,
                (7, Value::Varint(value)) => once(&mut all.counter, value, position)?,
                (1..=7, _) => return Err(MigrationError::Message { position }),
                _ => {}
            }
        }
        Ok(all)
    }

    /// Reads the parameters. An algorithm, a number of digits or a type that is not known is an
    /// error, never the default.
    fn parameters(&self, leniency: &mut Leniency) -> Result<Parameters, MigrationError> {
        let mut unspecified = |part| {
            let repaired = leniency.repair(Repair::Empty { part }, UriError::Missing { part });
            repaired.map_err(MigrationError::Key)
        };
        let unknown = |part| MigrationError::Value { part };
        let algorithm = match self.algorithm.unwrap_or(0) {
            0 => unspecified(UriPart::Algorithm).map(|()| Algorithm::default())?,
            1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            _ => return Err(unknown(UriPart::Algorithm)),
        };
        let digits = match self.digits.unwrap_or(0) {
            0 => unspecified(UriPart::Digits).map(|()| Digits::default())?,
            1 => Digits::Six,
            2 => Digits::Eight,
            _ => return Err(unknown(UriPart::Digits)),
        };
        let parameters = match self.kind.unwrap_or(0) {
            // A counter of 0 is not sent.
            1 => match i64::try_from(self.counter.unwrap_or(0)) {
                Ok(counter) => Parameters::hotp(Counter::new(counter.unsigned_abs())),
                Err(_) => return Err(unknown(UriPart::Counter)),
            },
            2 => Parameters::totp(Period::DEFAULT),
            _ => return Err(unknown(UriPart::Type)),
        };
        Ok(parameters.with_algorithm(algorithm).with_digits(digits))
    }
}

fn text(value: Message<'_>) -> Result<&str, MigrationError> {
    core::str::from_utf8(value.rest).map_err(|error| MigrationError::Message {
        position: value.position.saturating_add(error.valid_up_to()),
    })
}

/// Holds the message of one key.
pub(super) struct EncodedKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for EncodedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedKey(..)")
    }
}

/// Encodes the algorithm, the digits, and the type with its counter.
fn encode_parameters(parameters: Parameters) -> Result<(u64, u64, (u64, u64)), MigrationError> {
    let unsupported = |part| MigrationError::Unsupported { part };
    let algorithm = match parameters.algorithm() {
        Algorithm::Sha1 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512 => 3,
    };
    let digits = match parameters.digits() {
        Digits::Six => 1,
        Digits::Eight => 2,
        Digits::Seven => return Err(unsupported(UriPart::Digits)),
    };
    let kind = match parameters.moving_factor() {
        MovingFactor::Counter(counter) if i64::try_from(counter.get()).is_ok() => {
            (1, counter.get())
        }
        MovingFactor::Counter(_) => return Err(unsupported(UriPart::Counter)),
        MovingFactor::Time(Period::DEFAULT) => (2, 0),
        MovingFactor::Time(_) => return Err(unsupported(UriPart::Period)),
    };
    Ok((algorithm, digits, kind))
}

pub(super) fn encode_key(key: &KeyUri) -> Result<EncodedKey, MigrationError> {
    let (algorithm, digits, (kind, counter)) = encode_parameters(key.parameters())?;
    let issuer = key.issuer().unwrap_or_default();
    // As in a label, the issuer before a name with a colon says where the name begins.
    let name = match key.account() {
        account if account.contains(':') => alloc::format!("{issuer}:{account}"),
        account => String::from(account),
    };
    let secret = key.secret().expose_bytes();

    // The tags, the lengths and the numbers take 64 bytes at most.
    let length = secret
        .len()
        .saturating_add(name.len())
        .saturating_add(issuer.len())
        .saturating_add(64);
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    push_bytes(&mut message, 1, secret);
    push_bytes(&mut message, 2, name.as_bytes());
    if !issuer.is_empty() {
        push_bytes(&mut message, 3, issuer.as_bytes());
    }
    push_varint(&mut message, 4, algorithm);
    push_varint(&mut message, 5, digits);
    push_varint(&mut message, 6, kind);
    if kind == 1 {
        push_varint(&mut message, 7, counter);
    }
    Ok(EncodedKey(message))
}

pub(super) fn encode(
    keys: &[EncodedKey],
    size: usize,
    index: usize,
    batch_id: i32,
) -> Zeroizing<Vec<u8>> {
    let length = keys
        .iter()
        .map(|key| key.0.len().saturating_add(8))
        .sum::<usize>()
        .saturating_add(64);
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    for key in keys {
        push_bytes(&mut message, 1, &key.0);
    }
    push_varint(&mut message, 2, 1);
    push_varint(&mut message, 3, size.try_into().unwrap_or(u64::MAX));
    push_varint(&mut message, 4, index.try_into().unwrap_or(u64::MAX));
    push_varint(&mut message, 5, sign_extended(batch_id));
    message
}
