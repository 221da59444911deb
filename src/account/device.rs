//! One authenticator of an account.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Denial;
use super::status::{DeviceState, DeviceStatus};
use crate::{Algorithm, Code, Digits, Period, Secret, Step, Totp, UnixTime, Window};

/// How long a device may wait to be confirmed.
const PENDING_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many codes may be tried to confirm it.
const PENDING_TRIES: u8 = 5;

/// A device of an account. Ids are never given twice within an account; they are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u32);

impl DeviceId {
    pub(super) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(super) const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DeviceId {
    type Err = std::num::ParseIntError;

    /// As `Display` writes it: for the way through a form or an address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What the owner calls a device: "phone". 1 to 64 characters, none of them a control character, no blank at the ends.
///
/// ```
/// use secondfactor::Label;
/// assert_eq!(Label::new("phone")?.as_str(), "phone");
/// assert!(Label::new("").is_err());
/// # Ok::<(), secondfactor::LabelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

impl Label {
    /// The greatest number of characters.
    pub const MAX_CHARS: usize = 64;

    /// A label with this text.
    ///
    /// # Errors
    /// Empty, too long, a control character, or a blank at an end.
    pub fn new(text: impl Into<String>) -> Result<Self, LabelError> {
        let text = text.into();
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LabelError::TooLong);
        }
        if text.contains(char::is_control) || text.trim() != text {
            return Err(LabelError::Character);
        }
        Ok(Self(text))
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// No text.
    #[error("the label is empty")]
    Empty,
    /// Over 64 characters.
    #[error("the label has more than 64 characters")]
    TooLong,
    /// A control character, or a blank at an end.
    #[error("the label has a control character, or a blank at an end")]
    Character,
}

#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) label: Label,
    pub(super) secret: Secret,
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) period: Period,
    pub(super) created: UnixTime,
    pub(super) state: State,
    /// The highest step ever accepted: only later ones count.
    pub(super) watermark: Option<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Pending { tries: u8 },
    Active { last_used: Option<UnixTime> },
}

/// A step in the window whose code was submitted; the last one, if there are more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    step: Step,
    /// In seconds, as periods differ.
    pub(super) distance: u64,
}

impl Device {
    pub(super) fn pending(id: DeviceId, label: Label, secret: Secret, now: UnixTime) -> Self {
        Self {
            id,
            label,
            secret,
            algorithm: Algorithm::default(),
            digits: Digits::default(),
            period: Period::default(),
            created: now,
            state: State::Pending { tries: 0 },
            watermark: None,
        }
    }

    pub(super) const fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    /// Whether it was not confirmed in time or in as many tries as there are. A clock that went back ends it as well.
    pub(super) fn has_expired(&self, now: UnixTime) -> bool {
        match self.state {
            State::Pending { tries } => {
                tries >= PENDING_TRIES || now < self.created || now.saturating_since(self.created) > PENDING_LIFETIME
            }
            State::Active { .. } => false,
        }
    }

    /// The match of a code in the window, used or not: every step is computed, whatever the watermark.
    pub(super) fn matching(&self, code: Code, now: UnixTime) -> Option<Match> {
        let totp =
            Totp::new(&self.secret).with_algorithm(self.algorithm).with_digits(self.digits).with_period(self.period);
        let centre = totp.step_at(now).ok()?;
        let step = totp.verify(code, now, Window::DEFAULT, None)?;
        let steps = step.get().abs_diff(centre.get());
        Some(Match { step, distance: steps.saturating_mul(u64::from(self.period.as_secs())) })
    }

    /// RFC 6238 section 5.2: MUST NOT accept the second attempt.
    pub(super) fn is_unused(&self, found: Match) -> bool {
        Some(found.step) > self.watermark
    }

    /// Accepts a match of an active device: burns its step.
    pub(super) fn accept(&mut self, found: Match, now: UnixTime) {
        self.burn(found);
        self.state = State::Active { last_used: Some(now) };
    }

    /// Activates a pending device by a code of it, whose step is burned; a wrong one costs a try.
    pub(super) fn confirm(&mut self, code: Code, now: UnixTime) -> Result<(), Denial> {
        match (self.matching(code, now), &mut self.state) {
            (Some(found), state) => {
                *state = State::Active { last_used: None };
                self.burn(found);
                return Ok(());
            }
            (None, State::Pending { tries }) => *tries = tries.saturating_add(1),
            (None, State::Active { .. }) => {}
        }
        Err(Denial::Mismatch)
    }

    fn burn(&mut self, found: Match) {
        self.watermark = self.watermark.max(Some(found.step));
    }

    pub(super) fn status(&self) -> DeviceStatus {
        let (state, last_used) = match self.state {
            State::Pending { .. } => (DeviceState::Pending, None),
            State::Active { last_used } => (DeviceState::Active, last_used),
        };
        DeviceStatus { id: self.id, label: self.label.clone(), state, created: self.created, last_used }
    }
}
