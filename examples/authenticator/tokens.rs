//! The command that lists the tokens in a vendor's file.

use std::ffi::OsStr;

use crate::Message;

/// What opens an encrypted file.
#[cfg_attr(
    not(all(feature = "pskc", feature = "csv")),
    expect(dead_code, reason = "nothing reads files")
)]
pub(crate) enum Key {
    Shared(Vec<u8>),
    Password(String),
}

pub(crate) fn key(text: &str) -> Result<Key, Message> {
    let text = match text {
        "-" => crate::first_line()?,
        text => text.to_owned(),
    };
    let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.filter(|bytes| matches!(bytes.len(), 16 | 24 | 32));
    bytes
        .map(Key::Shared)
        .ok_or_else(|| "--key is 32, 48 or 64 hexadecimal digits".into())
}

fn digit(symbol: u8) -> Option<u8> {
    char::from(symbol)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// The first line of the file.
pub(crate) fn password(file: impl AsRef<OsStr>) -> Result<Key, Message> {
    let text = std::fs::read_to_string(file.as_ref())
        .map_err(|_| "the file with the password can't be read")?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Key::Password(line.to_owned()))
}

#[cfg(not(all(feature = "pskc", feature = "csv")))]
pub(crate) fn list(_: &OsStr, _: Option<&Key>, _: bool) -> Result<String, Message> {
    Err("tokens needs to be built with --features pskc,csv".into())
}

#[cfg(all(feature = "pskc", feature = "csv"))]
pub(crate) use table::list;

#[cfg(all(feature = "pskc", feature = "csv"))]
mod table {
    use std::ffi::OsStr;

    use secondfactor::codes::{MovingFactor, Parameters, UnixTime};
    use secondfactor::provisioning::{PskcKey, Token, TokenError};

    use super::Key;
    use crate::Message;
    use crate::uris::explain;

    type Tokens = Vec<Result<Token, TokenError>>;

    const COLUMNS: [&str; 10] = [
        "serial",
        "type",
        "hash",
        "digits",
        "period/counter",
        "drift",
        "bits",
        "manufacturer",
        "owner",
        "until",
    ];

    /// A table of what is in the file. A key that can't be used has its reason in its row.
    pub(crate) fn list(
        path: &OsStr,
        key: Option<&Key>,
        show_secret: bool,
    ) -> Result<String, Message> {
        let file = std::fs::read(path).map_err(|_| "the file can't be read")?;
        let tokens = read(&file, key)?;
        if tokens.is_empty() {
            return Err("there is no token in the file".into());
        }
        if let Some(Err(error)) = tokens.first() {
            if tokens.iter().all(Result::is_err) {
                return Err(format!("no token can be used: {}", explain(error.reason())));
            }
        }
        let mut header: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
        header.extend(show_secret.then(|| "secret".to_owned()));
        let rows = tokens.iter().map(|token| match token {
            Ok(token) => row(token, show_secret),
            Err(error) => bad_row(error),
        });
        Ok(aligned(&[vec![header], rows.collect()].concat()))
    }

    /// XML begins with `<`. Everything else is a table, of TOTP tokens unless it says otherwise.
    fn read(file: &[u8], key: Option<&Key>) -> Result<Tokens, Message> {
        let start = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        if start.trim_ascii_start().starts_with(b"<") {
            let key = match key {
                Some(Key::Shared(key)) => PskcKey::Shared(key),
                Some(Key::Password(password)) => PskcKey::Password(password),
                None => PskcKey::None,
            };
            return Token::read_pskc(file, key).map_err(|error| explain(&error));
        }
        if key.is_some() {
            return Err("a table is not encrypted".into());
        }
        Token::read_csv(file, Parameters::DEFAULT).map_err(|error| explain(&error))
    }

    fn row(token: &Token, show_secret: bool) -> Vec<String> {
        let parameters = token.parameters();
        let (kind, moving) = match parameters.moving_factor() {
            MovingFactor::Time(period) => ("totp", period.as_secs().to_string()),
            MovingFactor::Counter(counter) => ("hotp", counter.to_string()),
            _ => ("unknown", "-".into()),
        };
        let name = |name: Option<&str>| name.unwrap_or("-").to_owned();
        let bits = token.secret().expose_bytes().len().saturating_mul(8);
        let mut row = vec![
            name(token.serial()),
            kind.into(),
            parameters.algorithm().to_string(),
            parameters.digits().count().to_string(),
            moving,
            token.drift().to_string(),
            bits.to_string(),
            name(token.manufacturer()),
            name(token.owner()),
            token.expiry().map_or_else(|| "-".into(), day),
        ];
        row.extend(show_secret.then(|| token.secret().expose_base32().to_string()));
        row
    }

    fn bad_row(error: &TokenError) -> Vec<String> {
        let name = match error.serial() {
            Some(serial) => serial.to_owned(),
            None => format!("entry {}", error.number()),
        };
        vec![name, format!("can't be used: {}", explain(error.reason()))]
    }

    /// The day in UTC (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    #[allow(clippy::arithmetic_side_effects)] // a u64 of seconds has fewer days
    fn day(time: UnixTime) -> String {
        let days = time.as_secs() / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        format!("{:04}-{month:02}-{day:02}", year + era * 400 + next)
    }

    /// The rows with their columns below each other. A reason takes no part in that.
    fn aligned(rows: &[Vec<String>]) -> String {
        let width = |column: usize| {
            let cells = rows.iter().filter(|row| row.len() > 2 || column == 0);
            let widths = cells
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..=COLUMNS.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let padded: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
