//! Points in time and spans, in words.

use secondfactor::codes::UnixTime;

/// In the order of `civil`.
const MONTHS: [&str; 12] = [
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
    "January",
    "February",
];

/// "24 November 2026, 22:53 UTC".
pub(crate) fn date(at: UnixTime) -> String {
    let minutes = at.as_secs() / 60;
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    let (year, month, day) = civil(minutes / 60 / 24);
    format!("{day} {month} {year}, {hour:02}:{minute:02} UTC")
}

/// The date of a day after 1 January 1970, by Howard Hinnant's `civil_from_days`: years begin in March, so that the day of a
/// leap year is the last one.
#[allow(clippy::arithmetic_side_effects)] // days are few, and a part is no more than the whole
fn civil(days: u64) -> (u64, &'static str, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + u64::from(month >= 10);
    let name = MONTHS.iter().zip(0..).find(|(_, number)| *number == month);
    (year, name.map_or("", |(name, _)| name), day)
}

pub(crate) fn ago(at: UnixTime, now: UnixTime) -> String {
    match now.saturating_since(at).as_secs() {
        0..60 => "just now".to_owned(),
        secs => format!("{} ago", span(secs)),
    }
}

/// Rounded up, so that nobody comes back too early.
pub(crate) fn span(secs: u64) -> String {
    let (count, unit) = match secs {
        0..=120 => (secs, "second"),
        121..=7_200 => (secs.div_ceil(60), "minute"),
        7_201..=172_800 => (secs.div_ceil(3_600), "hour"),
        _ => (secs.div_ceil(86_400), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
