//! TOTP: codes from the time (RFC 6238).

use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use subtle::{Choice, ConstantTimeGreater};

use crate::{Algorithm, Code, Counter, Digits, Hotp, OutOfRange, Period, Secret, Step, UnixTime, declassify};

/// Codes from the time (RFC 6238): the prover's [`at`](Self::at) and the verifier's [`verify`](Self::verify).
///
/// This computes and compares; it remembers nothing. Behind a login you want `Mfa`, which sees to it
/// that a code works once.
///
/// ```
/// use secondfactor::{Secret, Totp, UnixTime, Window};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let totp = Totp::new(&secret);
/// let now = UnixTime::from_secs(1_234_567_890);
///
/// let code = totp.at(now)?;
/// assert_eq!(code.to_string(), "005924");
///
/// let step = totp.verify(code, now, Window::DEFAULT, None).ok_or("wrong code")?;
/// // A code works once: give the highest accepted step to the next call.
/// assert_eq!(totp.verify(code, now, Window::DEFAULT, Some(step)), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Totp<'s> {
    hotp: Hotp<'s>,
    period: Period,
    t0: UnixTime,
}

impl<'s> Totp<'s> {
    /// SHA-1, six digits, 30 seconds from the Unix epoch: what every authenticator app does.
    #[must_use]
    #[inline]
    pub fn new(secret: &'s Secret) -> Self {
        Self::new_for(secret, Algorithm::default())
    }

    /// The same by another hash.
    ///
    /// ```
    /// use secondfactor::{Algorithm, Secret, Totp, UnixTime};
    ///
    /// let secret = Secret::from_bytes(b"12345678901234567890123456789012")?;
    /// let totp = Totp::new_for(&secret, Algorithm::Sha256);
    /// assert_eq!(totp.at(UnixTime::from_secs(1_234_567_890))?.to_string(), "819424");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn new_for(secret: &'s Secret, algorithm: Algorithm) -> Self {
        Self { hotp: Hotp::new_for(secret, algorithm), period: Period::DEFAULT, t0: UnixTime::from_secs(0) }
    }

    /// With another hash. It sets up the key a second time: [`new_for`](Self::new_for) saves that.
    #[must_use]
    #[inline]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.hotp = self.hotp.with_algorithm(algorithm);
        self
    }

    /// With another number of digits.
    #[must_use]
    pub fn with_digits(mut self, digits: Digits) -> Self {
        self.hotp = self.hotp.with_digits(digits);
        self
    }

    /// With another length of the time step.
    #[must_use]
    pub const fn with_period(mut self, period: Period) -> Self {
        self.period = period;
        self
    }

    /// With another beginning of step 0 (RFC 6238 section 4.1, `T0`).
    #[must_use]
    pub const fn with_t0(mut self, t0: UnixTime) -> Self {
        self.t0 = t0;
        self
    }

    /// The code at a time.
    ///
    /// # Errors
    /// The time is before T0.
    pub fn at(&self, time: UnixTime) -> Result<Code, BeforeEpoch> {
        Ok(self.hotp.at(Counter::new(self.step_at(time)?.get())))
    }

    /// The step that a time lies in.
    ///
    /// # Errors
    /// The time is before T0.
    pub fn step_at(&self, time: UnixTime) -> Result<Step, BeforeEpoch> {
        let (step, _) = self.step_and_offset(time)?;
        Ok(Step::new(step))
    }

    /// How long the code of a time is still shown: more than zero, at most the period.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use secondfactor::{Secret, Totp, UnixTime};
    /// let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// let totp = Totp::new(&secret);
    /// assert_eq!(totp.remaining(UnixTime::from_secs(59))?, Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The time is before T0.
    pub fn remaining(&self, time: UnixTime) -> Result<Duration, BeforeEpoch> {
        let (_, offset) = self.step_and_offset(time)?;
        Ok(Duration::from_secs(u64::from(self.period.as_secs()).saturating_sub(offset)))
    }

    /// The step that `code` belongs to, if it is one of those in the `window` around `time` and later than
    /// `last_used`, the highest step that was ever accepted for this secret.
    ///
    /// Keep the step you get as the new `last_used`, before you let anyone in, and in a way that only one of two
    /// servers can: RFC 6238 section 5.2, "The verifier MUST NOT accept the second attempt of the OTP after the
    /// successful validation". If two steps share the code, the later one is returned, so that neither passes again.
    ///
    /// Every step of the window is computed and compared in constant time, also those already used. A time before T0
    /// has no step: `None`.
    #[must_use]
    pub fn verify(&self, code: Code, time: UnixTime, window: Window, last_used: Option<Step>) -> Option<Step> {
        let centre = self.step_at(time).ok()?.get();
        let first = centre.saturating_sub(u64::from(window.past));
        let last = centre.saturating_add(u64::from(window.future));
        let (is_match, step) = self.hotp.ct_last_match(code, first, last);
        let is_unused = last_used.map_or(Choice::from(1), |used| step.ct_gt(&used.get()));
        declassify::found(is_match & is_unused, step).map(Step::new)
    }

    fn step_and_offset(&self, time: UnixTime) -> Result<(u64, u64), BeforeEpoch> {
        let since = time.as_secs().checked_sub(self.t0.as_secs()).ok_or(BeforeEpoch)?;
        let period = NonZero::<u64>::from(self.period.non_zero());
        Ok((since / period, since % period))
    }
}

impl fmt::Debug for Totp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hotp, period, t0 } = self;
        f.debug_struct("Totp").field("hotp", hotp).field("period", period).field("t0", t0).finish()
    }
}

/// The time is before T0, where steps are counted from: it has no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time is before T0: no code")]
pub struct BeforeEpoch;

/// Which steps around the present a verifier accepts (RFC 6238 section 5.2).
///
/// The past covers the way from the prover's screen to the verifier, both cover clocks that differ. Each step is
/// another code that a guess can hit, and prolongs a code's life.
///
/// ```
/// use secondfactor::Window;
/// assert_eq!(Window::DEFAULT, Window::new(1, 1)?);
/// assert!(Window::new(11, 0).is_err());
/// # Ok::<(), secondfactor::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    past: u8,
    future: u8,
}

impl Window {
    /// Only the step of the present.
    pub const EXACT: Self = Self { past: 0, future: 0 };
    /// One step each way (RFC 6238 section 5.2 recommends at most one for the delay).
    pub const DEFAULT: Self = Self { past: 1, future: 1 };
    /// One step back, for the delay, none forward.
    #[cfg(feature = "mfa")]
    pub(crate) const PAST: Self = Self { past: 1, future: 0 };
    /// The most steps each way.
    pub const MAX_STEPS: u8 = 10;

    /// A window of `past` and `future` steps beside the present one.
    ///
    /// # Errors
    /// More than [`MAX_STEPS`](Self::MAX_STEPS) either way.
    pub const fn new(past: u8, future: u8) -> Result<Self, OutOfRange> {
        if past > Self::MAX_STEPS || future > Self::MAX_STEPS {
            return Err(OutOfRange::new("window in steps each way", 0, Self::MAX_STEPS as u64));
        }
        Ok(Self { past, future })
    }

    /// How many steps before the present one are accepted.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// How many steps after the present one are accepted.
    #[must_use]
    pub const fn future(self) -> u8 {
        self.future
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::DEFAULT
    }
}
