//! What is in a file of tokens, as a table.

use secondfactor::codes::{MovingFactor, UnixTime};
use secondfactor::provisioning::{Token, TokenError};

use crate::Message;
use crate::uris::explain;

pub(crate) type Tokens = Vec<Result<Token, TokenError>>;

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

/// A table of the tokens. A key that can't be used has its reason in its row.
pub(crate) fn show(tokens: &Tokens, show_secret: bool) -> Result<String, Message> {
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
