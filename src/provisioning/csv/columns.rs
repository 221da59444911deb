//! What the columns of a table mean.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::CsvError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Serial,
    Secret,
    Kind,
    Digits,
    Period,
    Counter,
    /// The period of TOTP, the counter of HOTP.
    Moving,
    Algorithm,
    /// The type in some tables, the hash in others.
    KindOrAlgorithm,
    Manufacturer,
    Model,
    Owner,
}

/// How vendors and servers call them, in lower case and without blanks.
const NAMES: [(&str, Column); 35] = [
    ("serialnumber", Column::Serial),
    ("serial", Column::Serial),
    ("serialno", Column::Serial),
    ("tokenserial", Column::Serial),
    ("tokenserialnumber", Column::Serial),
    ("sn", Column::Serial),
    ("secretkey", Column::Secret),
    ("secret", Column::Secret),
    ("seed", Column::Secret),
    ("key", Column::Secret),
    ("otpkey", Column::Secret),
    ("type", Column::Kind),
    ("tokentype", Column::Kind),
    ("digits", Column::Digits),
    ("otplength", Column::Digits),
    ("otplen", Column::Digits),
    ("otpdigits", Column::Digits),
    ("codelength", Column::Digits),
    ("responselength", Column::Digits),
    ("timeinterval", Column::Period),
    ("interval", Column::Period),
    ("period", Column::Period),
    ("timestep", Column::Period),
    ("step", Column::Period),
    ("counter", Column::Counter),
    ("movingfactor", Column::Counter),
    ("hash", Column::Algorithm),
    ("hashfunction", Column::Algorithm),
    ("hashlib", Column::Algorithm),
    ("algorithm", Column::KindOrAlgorithm),
    ("manufacturer", Column::Manufacturer),
    ("model", Column::Model),
    ("upn", Column::Owner),
    ("username", Column::Owner),
    ("user", Column::Owner),
];

/// Without a header: LinOTP, privacyIDEA and NetIQ agree on this order.
const PLAIN: [Option<Column>; 6] = [
    Some(Column::Serial),
    Some(Column::Secret),
    Some(Column::Kind),
    Some(Column::Digits),
    Some(Column::Moving),
    Some(Column::Algorithm),
];

/// The "traditional" log of Yubico's personalization tool: type, time, slot, id, .., secret, .., the
/// digits as the twelfth, and others.
const YUBICO: [Option<Column>; 12] = [
    Some(Column::Kind),
    None,
    None,
    Some(Column::Serial),
    None,
    Some(Column::Secret),
    None,
    None,
    None,
    None,
    None,
    Some(Column::Digits),
];

pub(super) enum Layout {
    /// The first line names the columns. Those that are not known here are passed over.
    Header(Vec<Option<Column>>),
    Plain,
}

impl Layout {
    /// Says what the first line means. It is a header if it names the column of the secrets.
    pub(super) fn read(first: &[&str]) -> Result<Self, CsvError> {
        let columns: Vec<Option<Column>> = first.iter().map(|name| column(name)).collect();
        let count = |column| {
            columns
                .iter()
                .filter(|known| **known == Some(column))
                .count()
        };
        if count(Column::Secret) == 0 {
            return Ok(Self::Plain);
        }
        let is_twice = NAMES.into_iter().any(|(_, column)| count(column) > 1);
        match is_twice || count(Column::Serial) == 0 {
            true => Err(CsvError::Header),
            false => Ok(Self::Header(columns)),
        }
    }

    /// Returns the columns of a row, and whether it may have more.
    pub(super) fn of(&self, row: &[&str]) -> (&[Option<Column>], bool) {
        match self {
            Self::Header(columns) => (columns, false),
            Self::Plain if row.first().is_some_and(|first| is_yubico(first)) => (&YUBICO, true),
            Self::Plain => (&PLAIN, false),
        }
    }
}

fn is_yubico(kind: &str) -> bool {
    [
        "oath-hotp",
        "yubico otp",
        "static password",
        "challenge-response",
    ]
    .into_iter()
    .any(|known| kind.trim().eq_ignore_ascii_case(known))
}

fn column(name: &str) -> Option<Column> {
    let name: String = (name.chars())
        .filter(|c| !c.is_ascii_whitespace() && !"_-".contains(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    NAMES
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, column)| column)
}
