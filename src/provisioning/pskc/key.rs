//! One key of a PSKC file (RFC 6030 section 4).

use alloc::string::String;
use alloc::vec::Vec;

use roxmltree::Node;
use zeroize::Zeroizing;

use super::encryption::Opener;
use super::policy::{Dates, check_policy};
use super::xml::{Space, bytes, child, needed, text};
use crate::codes::{Algorithm, Counter, Digits, Parameters, Period, Secret};
use crate::provisioning::token::{Token, TokenPart, TokenReason, integer, name, number};

const PSKC: Space = Space::Pskc;

/// Holds what a package says about the device that its key is in.
#[derive(Clone, Default)]
pub(super) struct Device {
    pub(super) serial: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    owner: Option<String>,
    dates: Dates,
}

impl Device {
    pub(super) fn read(package: Node<'_, '_>) -> Result<Self, TokenReason> {
        let Some(info) = child(package, PSKC, "DeviceInfo", TokenPart::Structure)? else {
            return Ok(Self::default());
        };
        Ok(Self {
            serial: read_name(info, "SerialNo", TokenPart::Serial)?,
            manufacturer: read_name(info, "Manufacturer", TokenPart::Manufacturer)?,
            model: read_name(info, "Model", TokenPart::Model)?,
            owner: read_name(info, "UserId", TokenPart::Owner)?,
            dates: Dates::read(info)?,
        })
    }
}

fn read_name(
    node: Node<'_, '_>,
    element: &str,
    part: TokenPart,
) -> Result<Option<String>, TokenReason> {
    match child(node, PSKC, element, part)? {
        Some(node) => name(&text(node, part)?, part),
        None => Ok(None),
    }
}

/// Returns the key's id, which stands in for a serial number.
pub(super) fn id(key: Node<'_, '_>) -> Option<String> {
    name(key.attribute("Id").unwrap_or_default(), TokenPart::Serial).unwrap_or_default()
}

pub(super) fn read_key(
    key: Node<'_, '_>,
    device: Device,
    opener: &Opener,
) -> Result<Token, TokenReason> {
    let kind = Kind::read(key)?;
    let dates = device.dates.and(check_policy(key)?);
    let (algorithm, digits) = algorithm_parameters(key)?;
    let data = needed(key, PSKC, "Data", TokenPart::Secret)?;
    let value = |name, part| Value::read(data, name, part, opener);
    let part = TokenPart::Secret;
    let secret = value("Secret", part)?.ok_or(TokenReason::Missing { part })?;
    let secret = secret.into_bytes()?;
    let counter = value("Counter", TokenPart::Counter)?
        .map(Value::into_number)
        .transpose()?;
    let period = value("TimeInterval", TokenPart::Period)?
        .map(Value::into_number)
        .transpose()?;
    let drift = value("TimeDrift", TokenPart::Drift)?
        .map(Value::into_integer)
        .transpose()?;
    // The present time of the device when the file was written. Nothing follows from it.
    value("Time", TokenPart::Time)?
        .map(Value::into_number)
        .transpose()?;
    let parameters = match kind {
        // A token that was never pressed stands at 0. Some files don't say it.
        Kind::Hotp => Parameters::hotp(Counter::new(counter.unwrap_or(0))),
        Kind::Totp => Parameters::totp(period.map_or(Ok(Period::DEFAULT), to_period)?),
    };
    let bad_drift = |_| TokenReason::Value {
        part: TokenPart::Drift,
    };
    Ok(Token {
        secret: Secret::from_weak_bytes(&secret).map_err(TokenReason::Secret)?,
        parameters: parameters.with_algorithm(algorithm).with_digits(digits),
        drift: match kind {
            Kind::Hotp => 0,
            Kind::Totp => i32::try_from(drift.unwrap_or(0)).map_err(bad_drift)?,
        },
        serial: device.serial.or_else(|| id(key)),
        manufacturer: device.manufacturer,
        model: device.model,
        owner: read_name(key, "UserId", TokenPart::Owner)?.or(device.owner),
        start: dates.start,
        expiry: dates.expiry,
    })
}

fn to_period(seconds: u64) -> Result<Period, TokenReason> {
    let seconds = u16::try_from(seconds).unwrap_or(u16::MAX);
    Period::from_secs(seconds).map_err(|_| TokenReason::Value {
        part: TokenPart::Period,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Hotp,
    Totp,
}

impl Kind {
    /// Reads the algorithm's name, by RFC 6030 or by its drafts, which some vendors still write.
    fn read(key: Node<'_, '_>) -> Result<Self, TokenReason> {
        let part = TokenPart::Kind;
        let name = key
            .attribute("Algorithm")
            .ok_or(TokenReason::Missing { part })?;
        let known = [
            "urn:ietf:params:xml:ns:keyprov:pskc:",
            "urn:ietf:params:xml:ns:keyprov:pskc#",
            "http://www.ietf.org/keyprov/pskc#",
        ];
        match known
            .into_iter()
            .find_map(|prefix| name.strip_prefix(prefix))
        {
            Some("hotp") => Ok(Self::Hotp),
            Some("totp") => Ok(Self::Totp),
            _ => Err(TokenReason::Unsupported { part }),
        }
    }
}

/// Reads the hash function and the digits. Without a suite it is SHA-1. The digits must be there.
fn algorithm_parameters(key: Node<'_, '_>) -> Result<(Algorithm, Digits), TokenReason> {
    let part = TokenPart::Digits;
    let parameters = needed(key, PSKC, "AlgorithmParameters", part)?;
    let algorithm = match child(parameters, PSKC, "Suite", TokenPart::Algorithm)? {
        Some(suite) => suite_hash(&text(suite, TokenPart::Algorithm)?)?,
        None => Algorithm::Sha1,
    };
    let unsupported = TokenReason::Unsupported { part };
    if child(parameters, PSKC, "ChallengeFormat", part)?.is_some() {
        return Err(unsupported);
    }
    let format = needed(parameters, PSKC, "ResponseFormat", part)?;
    let is_decimal = format
        .attribute("Encoding")
        .is_none_or(|name| name == "DECIMAL");
    let has_check = format
        .attribute("CheckDigits")
        .or_else(|| format.attribute("CheckDigit"));
    if !is_decimal || !matches!(has_check, None | Some("false" | "0")) {
        return Err(unsupported);
    }
    let length = format
        .attribute("Length")
        .ok_or(TokenReason::Missing { part })?;
    let count = number(length).ok_or(TokenReason::Value { part })?;
    let digits = u8::try_from(count).ok().and_then(Digits::from_count);
    Ok((algorithm, digits.ok_or(unsupported)?))
}

/// Reads `HMAC-SHA256`, which is written as `SHA-256` and `sha256` too.
fn suite_hash(suite: &str) -> Result<Algorithm, TokenReason> {
    let letters: String = (suite.chars())
        .filter(|c| !c.is_ascii_whitespace() && !"-_".contains(*c))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let name = letters.strip_prefix("HMAC").unwrap_or(&letters);
    [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.name() == name || name.is_empty())
        .ok_or(TokenReason::Unsupported {
            part: TokenPart::Algorithm,
        })
}

/// Holds a value of the data: written out, or opened.
struct Value<'d, 'i> {
    part: TokenPart,
    form: Form<'d, 'i>,
}

enum Form<'d, 'i> {
    Plain(Node<'d, 'i>),
    Opened(Zeroizing<Vec<u8>>),
}

impl<'d, 'i> Value<'d, 'i> {
    fn read(
        data: Node<'d, 'i>,
        name: &str,
        part: TokenPart,
        opener: &Opener,
    ) -> Result<Option<Self>, TokenReason> {
        let Some(element) = child(data, PSKC, name, part)? else {
            return Ok(None);
        };
        let plain = child(element, PSKC, "PlainValue", part)?;
        let encrypted = child(element, PSKC, "EncryptedValue", part)?;
        let form = match (plain, encrypted) {
            (Some(plain), None) => Form::Plain(plain),
            (None, Some(value)) => Form::Opened(opener.open(element, value)?),
            (Some(_), Some(_)) => return Err(TokenReason::Twice { part }),
            (None, None) => return Err(TokenReason::Missing { part }),
        };
        Ok(Some(Self { part, form }))
    }

    fn into_bytes(self) -> Result<Zeroizing<Vec<u8>>, TokenReason> {
        match self.form {
            Form::Plain(node) => bytes(node, self.part),
            Form::Opened(opened) => Ok(opened),
        }
    }

    fn into_number(self) -> Result<u64, TokenReason> {
        let part = self.part;
        u64::try_from(self.into_wide()?).map_err(|_| TokenReason::Value { part })
    }

    fn into_integer(self) -> Result<i64, TokenReason> {
        let part = self.part;
        i64::try_from(self.into_wide()?).map_err(|_| TokenReason::Value { part })
    }

    /// Reads an integer: decimal text. An encrypted one may be its bytes, the highest first.
    fn into_wide(self) -> Result<i128, TokenReason> {
        let decimal = |text: &str| {
            number(text)
                .map(i128::from)
                .or(integer(text).map(i128::from))
        };
        let wide = match &self.form {
            Form::Plain(node) => decimal(&text(*node, self.part)?),
            Form::Opened(opened) => {
                let text = core::str::from_utf8(opened).ok();
                text.and_then(decimal)
                    .or_else(|| big_endian(opened, self.part))
            }
        };
        wide.ok_or(TokenReason::Value { part: self.part })
    }
}

/// Reads 1 to 8 bytes. Only a drift has a sign.
fn big_endian(bytes: &[u8], part: TokenPart) -> Option<i128> {
    if !(1..=8).contains(&bytes.len()) {
        return None;
    }
    let unsigned = bytes
        .iter()
        .fold(0_i128, |value, byte| (value << 8) | i128::from(*byte));
    let is_negative = part == TokenPart::Drift && bytes.first().is_some_and(|byte| *byte >= 0x80);
    let above = 1_i128.checked_shl(u32::try_from(bytes.len()).ok()?.saturating_mul(8))?;
    Some(if is_negative {
        unsigned.saturating_sub(above)
    } else {
        unsigned
    })
}
