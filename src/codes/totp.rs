//! TOTP: codes from the time (RFC 6238).

use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use subtle::{Choice, ConstantTimeGreater};

use super::algorithm::Algorithm;
use super::code::Code;
use super::constant_time;
use super::counter::Counter;
use super::digits::Digits;
use super::hotp::Hotp;
use super::parameters::{MovingFactor, Parameters, WrongMovingFactor};
use super::secret::Secret;
use super::time::{Period, Step, UnixTime};
use super::window::Window;

/// Computes and checks codes from the time (RFC 6238).
///
/// The prover calls [`at`](Self::at), the verifier [`verify`](Self::verify). Nothing is remembered
/// here. For a login take [`Mfa`](crate::Mfa), which makes sure that a code works once.
///
/// ```
/// use secondfactor::codes::{Secret, Totp, UnixTime, Window};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let totp = Totp::new(&secret);
/// let now = UnixTime::from_secs(1_234_567_890);
///
/// let code = totp.at(now)?;
/// assert_eq!(code.to_string(), "005924");
///
/// let step = totp.verify(code, now, Window::DEFAULT, None).ok_or("wrong code")?;
/// // A code works once, if the next call gets the highest step accepted so far.
/// assert_eq!(totp.verify(code, now, Window::DEFAULT, Some(step)), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Totp {
    hotp: Hotp,
    period: Period,
    t0: UnixTime,
}

impl Totp {
    /// Sets up SHA-1, six digits and 30 seconds from the Unix epoch, which every authenticator app
    /// can do.
    #[must_use]
    #[inline]
    pub fn new(secret: &Secret) -> Self {
        Self::keyed(
            secret,
            Algorithm::default(),
            Digits::default(),
            Period::DEFAULT,
        )
    }

    /// Sets up the algorithm, digits and period of `parameters`.
    ///
    /// ```
    /// use secondfactor::codes::{Algorithm, Parameters, Secret, Totp, UnixTime};
    ///
    /// let secret = Secret::from_bytes(b"12345678901234567890123456789012")?;
    /// let totp = Totp::from_parameters(&secret, Parameters::DEFAULT.with_algorithm(Algorithm::Sha256))?;
    /// assert_eq!(totp.at(UnixTime::from_secs(1_234_567_890))?.to_string(), "819424");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WrongMovingFactor`] if the parameters are those of HOTP.
    pub fn from_parameters(
        secret: &Secret,
        parameters: Parameters,
    ) -> Result<Self, WrongMovingFactor> {
        match parameters.moving_factor() {
            MovingFactor::Time(period) => Ok(Self::keyed(
                secret,
                parameters.algorithm(),
                parameters.digits(),
                period,
            )),
            MovingFactor::Counter(_) => Err(WrongMovingFactor::new()),
        }
    }

    #[inline]
    fn keyed(secret: &Secret, algorithm: Algorithm, digits: Digits, period: Period) -> Self {
        Self {
            hotp: Hotp::keyed(secret, algorithm, digits),
            period,
            t0: UnixTime::from_secs(0),
        }
    }

    /// Begins step 0 at another time (RFC 6238 section 4.1, `T0`).
    #[must_use]
    pub const fn with_t0(mut self, t0: UnixTime) -> Self {
        self.t0 = t0;
        self
    }

    /// Computes the code at a time.
    ///
    /// # Errors
    /// [`BeforeT0`] if the time is before T0.
    pub fn at(&self, time: UnixTime) -> Result<Code, BeforeT0> {
        Ok(self.hotp.at(Counter::new(self.step_at(time)?.get())))
    }

    /// Returns the step that a time lies in.
    ///
    /// # Errors
    /// [`BeforeT0`] if the time is before T0.
    pub fn step_at(&self, time: UnixTime) -> Result<Step, BeforeT0> {
        let (step, _) = self.step_and_offset(time)?;
        Ok(Step::new(step))
    }

    /// Returns how long the code of a time is still shown: more than zero, at most the period.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use secondfactor::codes::{Secret, Totp, UnixTime};
    /// let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// let totp = Totp::new(&secret);
    /// assert_eq!(totp.remaining(UnixTime::from_secs(59))?, Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BeforeT0`] if the time is before T0.
    pub fn remaining(&self, time: UnixTime) -> Result<Duration, BeforeT0> {
        let (_, offset) = self.step_and_offset(time)?;
        Ok(Duration::from_secs(
            u64::from(self.period.as_secs()).saturating_sub(offset),
        ))
    }

    /// Finds the step in the `window` around `time` that `code` belongs to, if it is later than
    /// `last_used`.
    ///
    /// `last_used` is the highest step that was ever accepted for this secret. Store the step you
    /// get as the new one before you let anyone in, and in a way that lets only one of two servers
    /// win. That makes a code work once (RFC 6238 section 5.2: "The verifier MUST NOT accept the
    /// second attempt of the OTP after the successful validation").
    ///
    /// If two steps share the code, the later one is returned, so that neither passes again.
    ///
    /// Every step of the window is computed and compared in constant time, also those that were
    /// used. A time before T0 has no step, so the answer is `None`.
    #[must_use]
    pub fn verify(
        &self,
        code: Code,
        time: UnixTime,
        window: Window,
        last_used: Option<Step>,
    ) -> Option<Step> {
        let centre = self.step_at(time).ok()?.get();
        let first = centre.saturating_sub(u64::from(window.past()));
        let last = centre.saturating_add(u64::from(window.future()));
        let (is_match, step) = self.hotp.ct_last_match(code, first, last);
        let is_unused = last_used.map_or(Choice::from(1), |used| step.ct_gt(&used.get()));
        constant_time::found(is_match & is_unused, step).map(Step::new)
    }

    fn step_and_offset(&self, time: UnixTime) -> Result<(u64, u64), BeforeT0> {
        let since = time
            .as_secs()
            .checked_sub(self.t0.as_secs())
            .ok_or(BeforeT0(()))?;
        let period = NonZero::<u64>::from(self.period.non_zero());
        Ok((since / period, since % period))
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hotp, period, t0 } = self;
        f.debug_struct("Totp")
            .field("hotp", hotp)
            .field("period", period)
            .field("t0", t0)
            .finish()
    }
}

/// Says that a time is before T0, where the steps begin. It has no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time is before T0: no code")]
pub struct BeforeT0(());
