//! The reasons why a right device shows a wrong code.

use std::fmt;

use crate::codes::{Code, Parameters, Period, Secret, Totp, UnixTime, Window};

/// Says what seems to be wrong with a device that showed a wrong code when it was to be confirmed.
/// Tell the owner.
///
/// A guess can look like any of these now and then, so this only explains a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The device's clock is off. The owner sets it. If it is off by an hour at most, the owner can
    /// confirm by two codes in a row instead.
    ///
    /// Up to an hour every step is looked at, and up to 14 hours the whole quarters of an hour, as the
    /// zones of the world are apart: a phone in the wrong zone, or set to local time as if it were
    /// UTC.
    ///
    /// It is found only for a device that names its session
    /// ([`NewDevice::in_session`](crate::NewDevice::in_session)). Without one, a guesser would learn
    /// when the code that they guessed is right.
    ClockOff {
        /// It is off by so many steps, which are positive if the clock is fast.
        steps: i64,
        /// A step takes so long.
        period: Period,
    },
    /// The app ignored the hash it was told, and took SHA-1.
    IgnoredAlgorithm,
    /// The app ignored the number of digits it was told, and shows six.
    IgnoredDigits,
    /// The app ignored the period it was told, and took 30 seconds.
    IgnoredPeriod,
    /// The app ignored more than one of these.
    IgnoredSettings,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockOff { steps, period } => {
                let direction = if steps.is_negative() { "slow" } else { "fast" };
                let secs = steps.unsigned_abs().saturating_mul(period.as_secs().into());
                write!(
                    f,
                    "the device's clock is {direction} by about {}",
                    Span(secs)
                )
            }
            Self::IgnoredAlgorithm => f.write_str("the app ignores the hash algorithm"),
            Self::IgnoredDigits => f.write_str("the app ignores the number of digits"),
            Self::IgnoredPeriod => f.write_str("the app ignores the period"),
            Self::IgnoredSettings => f.write_str("the app ignores the key's settings"),
        }
    }
}

/// Shows so many seconds as people say it.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOUR: u64 = 60;
        let minutes = self.0.saturating_add(30) / 60;
        // Beyond an hour only whole quarters of one are known.
        let (hours, minutes) = match minutes {
            0..2 => return counted(f, self.0, "second"),
            2..=HOUR => return counted(f, minutes, "minute"),
            _ => {
                let minutes = (minutes.saturating_add(7) / 15).saturating_mul(15);
                (minutes / HOUR, minutes % HOUR)
            }
        };
        counted(f, hours, "hour")?;
        if minutes > 0 {
            f.write_str(" ")?;
            counted(f, minutes, "minute")?;
        }
        Ok(())
    }
}

fn counted(f: &mut fmt::Formatter<'_>, count: u64, unit: &str) -> fmt::Result {
    let plural = if count == 1 { "" } else { "s" };
    write!(f, "{count} {unit}{plural}")
}

/// Finds which of its parameters the device ignored, if its code is right without them.
pub(super) fn ignored(
    secret: &Secret,
    told: Parameters,
    code: Code,
    now: UnixTime,
) -> Option<Diagnosis> {
    let period = told.period()?;
    let default = Parameters::DEFAULT;
    let with = |period, algorithm, digits| {
        Parameters::totp(period)
            .with_algorithm(algorithm)
            .with_digits(digits)
    };
    let usual = (default.algorithm(), default.digits(), Period::DEFAULT);
    let cases = [
        (
            with(period, usual.0, told.digits()),
            Diagnosis::IgnoredAlgorithm,
        ),
        (
            with(period, told.algorithm(), usual.1),
            Diagnosis::IgnoredDigits,
        ),
        (
            with(usual.2, told.algorithm(), told.digits()),
            Diagnosis::IgnoredPeriod,
        ),
        (with(period, usual.0, usual.1), Diagnosis::IgnoredSettings),
        (
            with(usual.2, usual.0, told.digits()),
            Diagnosis::IgnoredSettings,
        ),
        (
            with(usual.2, told.algorithm(), usual.1),
            Diagnosis::IgnoredSettings,
        ),
        (default, Diagnosis::IgnoredSettings),
    ];
    let mut others = cases
        .into_iter()
        .filter(|(parameters, _)| *parameters != told);
    let shows = |parameters| {
        let totp = Totp::from_parameters(secret, parameters).ok()?;
        totp.verify(code, now, Window::DEFAULT, None)
    };
    others
        .find(|(parameters, _)| shows(*parameters).is_some())
        .map(|(_, diagnosis)| diagnosis)
}
