//! One row of a table.

use alloc::string::String;
use alloc::vec::Vec;

use super::columns::Column;
use crate::codes::{
    Algorithm, Counter, Digits, MovingFactor, Parameters, Period, Secret, SecretError,
};
use crate::provisioning::token::{Token, TokenPart, TokenReason, hex, name, number};

/// Holds the fields of a row with their meanings. Empty ones are not said.
pub(super) struct Row<'r> {
    fields: Vec<(Column, &'r str)>,
}

impl<'r> Row<'r> {
    pub(super) fn new(columns: &[Option<Column>], fields: &[&'r str]) -> Self {
        let said = |(column, field): (&Option<Column>, &&'r str)| {
            column
                .map(|column| (column, field.trim()))
                .filter(|(_, field)| !field.is_empty())
        };
        Self {
            fields: columns.iter().zip(fields).filter_map(said).collect(),
        }
    }

    fn get(&self, column: Column) -> Option<&'r str> {
        self.fields
            .iter()
            .find(|(known, _)| *known == column)
            .map(|(_, field)| *field)
    }

    fn number(&self, column: Column, part: TokenPart) -> Result<Option<u64>, TokenReason> {
        let read = |text| number(text).ok_or(TokenReason::Value { part });
        self.get(column).map(read).transpose()
    }

    fn name(&self, column: Column, part: TokenPart) -> Result<Option<String>, TokenReason> {
        self.get(column).map_or(Ok(None), |text| name(text, part))
    }

    /// Reads the token. What the row does not say is as in `defaults`.
    pub(super) fn token(&self, defaults: Parameters) -> Result<Token, TokenReason> {
        let part = TokenPart::Secret;
        let secret = self
            .get(Column::Secret)
            .ok_or(TokenReason::Missing { part })?;
        let part = TokenPart::Serial;
        let serial = self
            .name(Column::Serial, part)?
            .ok_or(TokenReason::Missing { part })?;
        // It would stand in lists and logs.
        if self.get(Column::Serial).is_some_and(looks_like_a_secret) {
            return Err(TokenReason::Value { part });
        }
        let secret = read_secret(secret).map_err(TokenReason::Secret)?;
        Ok(Token {
            serial: Some(serial),
            manufacturer: self.name(Column::Manufacturer, TokenPart::Manufacturer)?,
            model: self.name(Column::Model, TokenPart::Model)?,
            owner: self.name(Column::Owner, TokenPart::Owner)?,
            ..Token::new(secret, self.parameters(defaults)?)
        })
    }

    fn parameters(&self, defaults: Parameters) -> Result<Parameters, TokenReason> {
        let moving = self.number(Column::Moving, TokenPart::Counter)?;
        let period = self.number(Column::Period, TokenPart::Period)?;
        let counter = self.number(Column::Counter, TokenPart::Counter)?;
        let either = self.get(Column::KindOrAlgorithm);
        let (kind, hash) = match either.is_some_and(|text| is_totp(text).is_ok()) {
            true => (either, None),
            false => (None, either),
        };
        let is_totp = match (self.get(Column::Kind).or(kind), period, counter) {
            (Some(kind), ..) => is_totp(kind)?,
            (None, Some(_), None) => true,
            (None, None, Some(_)) => false,
            (None, None, None) => defaults.period().is_some(),
            (None, Some(_), Some(_)) => {
                return Err(TokenReason::Missing {
                    part: TokenPart::Kind,
                });
            }
        };
        let parameters = if is_totp {
            let default = defaults.period().unwrap_or_default();
            let bad = |_| TokenReason::Value {
                part: TokenPart::Period,
            };
            let read = |seconds| Period::from_secs(u16::try_from(seconds).unwrap_or(u16::MAX));
            let period = period.or(moving).map_or(Ok(default), read).map_err(bad)?;
            Parameters::totp(period)
        } else {
            let default = match defaults.moving_factor() {
                MovingFactor::Counter(counter) => counter,
                MovingFactor::Time(_) => Counter::new(0),
            };
            Parameters::hotp(counter.or(moving).map_or(default, Counter::new))
        };
        let algorithm = self
            .get(Column::Algorithm)
            .or(hash)
            .map(algorithm)
            .transpose()?;
        Ok(parameters
            .with_algorithm(algorithm.unwrap_or(defaults.algorithm()))
            .with_digits(self.digits()?.unwrap_or(defaults.digits())))
    }

    fn digits(&self) -> Result<Option<Digits>, TokenReason> {
        let part = TokenPart::Digits;
        let read = |count| u8::try_from(count).ok().and_then(Digits::from_count);
        let count = self.number(Column::Digits, part)?;
        count
            .map(|count| read(count).ok_or(TokenReason::Unsupported { part }))
            .transpose()
    }
}

/// Reads `totp`, or a name that ends so.
fn is_totp(kind: &str) -> Result<bool, TokenReason> {
    let kind = kind.rsplit([':', '#']).next().unwrap_or_default();
    let is_one_of = |names: [&str; 4]| names.iter().any(|name| kind.eq_ignore_ascii_case(name));
    match kind {
        _ if is_one_of(["totp", "oath-totp", "time", "timebased"]) => Ok(true),
        _ if is_one_of(["hotp", "oath-hotp", "event", "eventbased"]) => Ok(false),
        _ => Err(TokenReason::Unsupported {
            part: TokenPart::Kind,
        }),
    }
}

/// Reads `sha256`, `SHA-256`, or `hmacsha256`.
fn algorithm(text: &str) -> Result<Algorithm, TokenReason> {
    let name: String = (text.chars())
        .filter(|c| !"-_ ".contains(*c))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let name = name.strip_prefix("HMAC").unwrap_or(&name);
    [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.name() == name)
        .ok_or(TokenReason::Unsupported {
            part: TokenPart::Algorithm,
        })
}

/// Reads hexadecimal or Base32. Text that is both is hexadecimal: a random secret of 128 bits in
/// Base32 is all hexadecimal digits with a chance below 10^-10.
fn read_secret(text: &str) -> Result<Secret, SecretError> {
    match hex(text) {
        Some(bytes) => Secret::from_bytes(&bytes),
        None => Secret::from_base32(text),
    }
}

/// Serial numbers have fewer symbols than a secret of 128 bits, so the columns are exchanged.
fn looks_like_a_secret(serial: &str) -> bool {
    serial.len() >= 26 && read_secret(serial).is_ok()
}
