//! What is wrong with a device whose code is wrong.

use std::fmt;

use crate::{Algorithm, Code, Digits, Period, Secret, Totp, UnixTime, Window};

/// What seems to be wrong with a device that showed a wrong code when it was to be confirmed: tell the owner.
///
/// A guess can look like any of these now and then, so this explains and never lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Diagnosis {
    /// The device's clock is off by so many steps; it is fast if positive. Set it, or confirm by two codes in a row.
    ClockOff {
        /// How many.
        steps: i64,
        /// How long a step takes.
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
                write!(f, "the device's clock is {direction} by about {secs} seconds")
            }
            Self::IgnoredAlgorithm => f.write_str("the app ignores the hash algorithm"),
            Self::IgnoredDigits => f.write_str("the app ignores the number of digits"),
            Self::IgnoredPeriod => f.write_str("the app ignores the period"),
            Self::IgnoredSettings => f.write_str("the app ignores the key's settings"),
        }
    }
}

/// What a device was told.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) period: Period,
}

impl Settings {
    /// Which of them the device ignored, if its code is right without them.
    pub(super) fn ignored(self, secret: &Secret, code: Code, now: UnixTime) -> Option<Diagnosis> {
        let Self { algorithm, digits, period } = self;
        let cases = [
            (Algorithm::Sha1, digits, period, Diagnosis::IgnoredAlgorithm),
            (algorithm, Digits::Six, period, Diagnosis::IgnoredDigits),
            (algorithm, digits, Period::DEFAULT, Diagnosis::IgnoredPeriod),
            (Algorithm::Sha1, Digits::Six, period, Diagnosis::IgnoredSettings),
            (Algorithm::Sha1, digits, Period::DEFAULT, Diagnosis::IgnoredSettings),
            (algorithm, Digits::Six, Period::DEFAULT, Diagnosis::IgnoredSettings),
            (Algorithm::Sha1, Digits::Six, Period::DEFAULT, Diagnosis::IgnoredSettings),
        ];
        let told = (algorithm, digits, period);
        let mut others =
            cases.into_iter().filter(|(algorithm, digits, period, _)| (*algorithm, *digits, *period) != told);
        others
            .find(|(algorithm, digits, period, _)| {
                let totp = Totp::new_for(secret, *algorithm).with_digits(*digits).with_period(*period);
                totp.verify(code, now, Window::DEFAULT, None).is_some()
            })
            .map(|(.., diagnosis)| diagnosis)
    }
}
