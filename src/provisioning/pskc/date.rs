//! Dates of XML Schema (`dateTime`), as Unix times.

use crate::codes::UnixTime;
use crate::provisioning::token::number;

/// Reads `2006-05-01T00:00:00Z`, perhaps with a fraction of a second and an offset. Without either
/// it is UTC (RFC 6030 section 4.2.1). A date before 1970 is 1970.
pub(super) fn date(text: &str) -> Option<UnixTime> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (day, time) = text.split_once('T')?;
    let mut parts = day.splitn(3, '-');
    let year = field(parts.next()?, 4)?;
    let (month, day) = (field(parts.next()?, 2)?, field(parts.next()?, 2)?);
    let (time, offset) = split_offset(time)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    number(fraction)?;
    let mut parts = time.splitn(3, ':').map(|part| field(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || hour > 24 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days(year, month, day)
        .saturating_mul(86_400)
        .saturating_add(hour.saturating_mul(3600))
        .saturating_add(minute.saturating_mul(60))
        .saturating_add(second)
        .saturating_sub(offset);
    Some(UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn field(text: &str, digits: usize) -> Option<i64> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_decimal && text.len() == digits).then(|| text.parse().ok())?
}

/// Splits off `Z`, `+01:00` or nothing, as seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else {
        return Some((time, 0));
    };
    let (time, offset) = time.split_at_checked(at)?;
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':')?;
    let (hours, minutes) = (field(hours, 2)?, field(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours
        .saturating_mul(3600)
        .saturating_add(minutes.saturating_mul(60));
    Some((
        time,
        if sign == "-" {
            seconds.saturating_neg()
        } else {
            seconds
        },
    ))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts the days from 1970-01-01 in the Gregorian calendar.
#[allow(clippy::arithmetic_side_effects)] // a year has four digits
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let months = (1..month).map(|month| days_in(year, month)).sum::<i64>();
    (year - 1970) * 365 + leap_days - 477 + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        let read = |text| date(text).map(UnixTime::as_secs);
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("2000-03-01T00:00:00", 951_868_800),
            (" 2006-05-01T00:00:00.123Z\n", 1_146_441_600),
            ("2006-05-01T02:00:00+02:00", 1_146_441_600),
            ("2006-04-30T19:30:00-04:30", 1_146_441_600),
            ("2037-12-31T24:00:00Z", 2_145_916_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "2006-05-01",
            "2006-05-01T",
            "2006-05-01 00:00:00Z",
            "2006-13-01T00:00:00Z",
            "2006-02-29T00:00:00Z",
            "2006-05-00T00:00:00Z",
            "2006-05-01T25:00:00Z",
            "2006-05-01T00:60:00Z",
            "2006-05-01T00:00:60Z",
            "2006-05-01T00:00Z",
            "2006-05-01T00:00:00+15:00",
            "2006-05-01T00:00:00+1",
            "+2006-05-01T00:00:00Z",
            "20060-05-01T00:00:00Z",
            "2006-5-1T00:00:00Z",
            "2006-05-01T00:00:00.Z",
            "2006-05-01T-1:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
