//! What an account is allowed, each number with its source, and what that leaves to a guesser.

use std::time::Duration;

use crate::{LookAhead, Window};

/// The limits of a second factor: how wide, how often, how long.
///
/// The default is for everyone; [`ASVS`](Self::ASVS), [`NIST`](Self::NIST) and [`PCI`](Self::PCI) are for those who
/// answer to these standards. A change that would leave more than one guess in a thousand is refused, so every `Policy`
/// there is keeps that bound.
///
/// ```
/// use secondfactor::{Policy, Window};
///
/// let strict = Policy::DEFAULT.with_window(Window::EXACT)?;
/// assert!(strict.guess_bound().per_day() < Policy::DEFAULT.guess_bound().per_day());
/// assert!(Policy::DEFAULT.with_window(Window::new(10, 10)?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    window: Window,
    look_ahead: LookAhead,
    max_devices: u8,
    free_tries: u8,
    first_wait: Duration,
    max_wait: Duration,
    max_failures: u8,
    rotation_grace: Duration,
}

impl Policy {
    /// * Window: one step each way. RFC 6238 section 5.2: at most one for the delay; one more for clocks that differ.
    /// * Look-ahead of a HOTP token: 5 counters. RFC 4226 section 7.4: as few as possible.
    /// * Devices: 8, as AWS allows; NIST SP 800-63B-4 section 4.1.2.1 encourages more than one.
    /// * Five wrong codes are free, then waits from 30 seconds, doubled each time, up to an hour, and after 100 in a row
    ///   none is judged any more (NIST SP 800-63B-4 section 3.2.2: waits such as these, at most 100).
    /// * A rotated secret ends when the new one is confirmed.
    pub const DEFAULT: Self = Self {
        window: Window::DEFAULT,
        look_ahead: LookAhead::POLICY,
        max_devices: 8,
        free_tries: 5,
        first_wait: Duration::from_secs(30),
        max_wait: Duration::from_secs(3600),
        max_failures: 100,
        rotation_grace: Duration::ZERO,
    }
    .asserted();

    /// OWASP ASVS 5.0, 6.5.5: a code lives for 30 seconds, so only the present step counts. Clocks that differ cost
    /// their owners a second try, and drift, which shows off centre only, is not learned: what is off is resynchronized.
    pub const ASVS: Self = Self { window: Window::EXACT, ..Self::DEFAULT }.asserted();

    /// NIST SP 800-63B-4, sections 3.1.4.2 and 3.2.2: the default keeps them.
    pub const NIST: Self = Self::DEFAULT;

    /// PCI DSS 4.0.1, 8.3.4: locked for 30 minutes after at most 10 wrong codes. One step back, for the delay, none
    /// forward.
    pub const PCI: Self = Self {
        window: Window::PAST,
        free_tries: 10,
        first_wait: Duration::from_secs(30 * 60),
        max_wait: Duration::from_secs(30 * 60),
        ..Self::DEFAULT
    }
    .asserted();

    /// The longest grace of a rotated secret: 7 days.
    pub const MAX_ROTATION_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);
    /// The greatest number of failures in a row (NIST SP 800-63B-4 section 3.2.2).
    pub const MAX_FAILURES: u8 = 100;
    /// The greatest number of devices.
    pub const MAX_DEVICES: u8 = 8;

    /// With other steps accepted around the present one.
    ///
    /// # Errors
    /// Over the guess bound.
    pub const fn with_window(mut self, window: Window) -> Result<Self, PolicyError> {
        self.window = window;
        self.checked()
    }

    /// With another look-ahead for HOTP devices.
    ///
    /// # Errors
    /// Over the guess bound.
    pub const fn with_look_ahead(mut self, look_ahead: LookAhead) -> Result<Self, PolicyError> {
        self.look_ahead = look_ahead;
        self.checked()
    }

    /// With another limit of devices, 1 to [`MAX_DEVICES`](Self::MAX_DEVICES), those that wait to be confirmed included.
    ///
    /// # Errors
    /// Out of range.
    pub const fn with_max_devices(mut self, devices: u8) -> Result<Self, PolicyError> {
        if devices == 0 || devices > Self::MAX_DEVICES {
            return Err(PolicyError::Devices);
        }
        self.max_devices = devices;
        self.checked()
    }

    /// With other waits: none for `free_tries` wrong codes in a row, then `first`, doubled each time, up to `longest`.
    /// Whole seconds count.
    ///
    /// # Errors
    /// `first` is under a second or over `longest`, or `longest` is over a day.
    pub const fn with_waits(mut self, free_tries: u8, first: Duration, longest: Duration) -> Result<Self, PolicyError> {
        if first.as_secs() == 0 || first.as_secs() > longest.as_secs() || longest.as_secs() > DAY {
            return Err(PolicyError::Waits);
        }
        self.free_tries = free_tries;
        self.first_wait = first;
        self.max_wait = longest;
        self.checked()
    }

    /// With fewer failures in a row before no code is judged any more, 1 to [`MAX_FAILURES`](Self::MAX_FAILURES).
    ///
    /// # Errors
    /// Out of range.
    pub const fn with_max_failures(mut self, failures: u8) -> Result<Self, PolicyError> {
        if failures == 0 || failures > Self::MAX_FAILURES {
            return Err(PolicyError::Failures);
        }
        self.max_failures = failures;
        self.checked()
    }

    /// With a time for which a rotated secret still works beside the new one, up to
    /// [`MAX_ROTATION_GRACE`](Self::MAX_ROTATION_GRACE). Whole seconds count.
    ///
    /// # Errors
    /// Over 7 days.
    pub const fn with_rotation_grace(mut self, grace: Duration) -> Result<Self, PolicyError> {
        if grace.as_secs() > Self::MAX_ROTATION_GRACE.as_secs() {
            return Err(PolicyError::RotationGrace);
        }
        self.rotation_grace = grace;
        self.checked()
    }

    /// How long nothing is judged after so many wrong codes in a row.
    ///
    /// ```
    /// use std::time::Duration;
    /// use secondfactor::Policy;
    /// let waits = [4, 5, 6, 12].map(|failures| Policy::DEFAULT.wait_after(failures).as_secs());
    /// assert_eq!(waits, [0, 30, 60, 3600]);
    /// ```
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(u32::from(self.free_tries)) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(factor).min(self.max_wait)
    }

    /// What is left to somebody who knows the password and guesses codes of one TOTP device with six digits.
    #[must_use]
    pub const fn guess_bound(&self) -> GuessBound {
        GuessBound { candidates: self.totp_candidates(), max_failures: self.max_failures }
    }

    /// The same for one HOTP device with six digits.
    #[must_use]
    pub const fn hotp_guess_bound(&self) -> GuessBound {
        GuessBound { candidates: self.hotp_candidates(), max_failures: self.max_failures }
    }

    /// The steps around the present that are accepted.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The counters beyond the expected one that are tried.
    #[must_use]
    pub const fn look_ahead(&self) -> LookAhead {
        self.look_ahead
    }

    /// How many devices an account may have, those that wait included.
    #[must_use]
    pub const fn max_devices(&self) -> u8 {
        self.max_devices
    }

    /// How many wrong codes in a row are free of a wait.
    #[must_use]
    pub const fn free_tries(&self) -> u8 {
        self.free_tries
    }

    /// The longest wait between two tries.
    #[must_use]
    pub const fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// After how many wrong codes in a row none is judged any more.
    #[must_use]
    pub const fn max_failures(&self) -> u8 {
        self.max_failures
    }

    /// How long a rotated secret still works beside the new one.
    #[must_use]
    pub const fn rotation_grace(&self) -> Duration {
        self.rotation_grace
    }

    const fn totp_candidates(&self) -> u64 {
        (self.window.past() as u64).saturating_add(self.window.future() as u64).saturating_add(1)
    }

    const fn hotp_candidates(&self) -> u64 {
        (self.look_ahead.get() as u64).saturating_add(1)
    }

    const fn checked(self) -> Result<Self, PolicyError> {
        if self.guess_bound().is_over() || self.hotp_guess_bound().is_over() {
            return Err(PolicyError::GuessBound);
        }
        Ok(self)
    }

    /// For the profiles above: a number that is off does not compile.
    const fn asserted(self) -> Self {
        assert!(self.checked().is_ok());
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const DAY: u64 = 24 * 3600;

/// A leaky bucket that a success does not empty: it takes [`burst`](Self::burst), and one drains each
/// [`interval`](Self::interval).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drain {
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
}

/// Wrong codes, over a longer time: 10 a day. So a guesser who rides on the owner's daily logins, which reset the
/// count of failures in a row, has no more than 3665 guesses in a year.
pub(crate) const PRESSURE: Drain = Drain { burst: 15, interval: Duration::from_secs(DAY / PRESSURE_A_DAY) };
const PRESSURE_A_DAY: u64 = 10;

/// Resynchronizations: 3 at once and 3 more a day, as each one tries many steps.
pub(crate) const RESYNCS: Drain = Drain { burst: 3, interval: Duration::from_secs(DAY / 3) };

/// The chance that a guesser succeeds with one device that shows six digits: how many guesses are judged, times how many
/// codes each may hit, over 10^6. An account with n devices offers n times as much.
///
/// With the default policy, for TOTP: a guess hits one of 3 steps. In any 24 hours at most 25 are judged (15 at once,
/// 10 more as they drain): 7.5e-5. If the owner never comes by, 100 are judged in all: 3e-4. If the owner logs in every
/// day and so resets the count, 3665 in a year: 1.1 %.
///
/// ```
/// use secondfactor::Policy;
/// let bound = Policy::DEFAULT.guess_bound();
/// assert_eq!(bound.per_day(), 7.5e-5);
/// assert_eq!(bound.until_disabled(), 3e-4);
/// assert!(bound.per_year_beside_the_owner() < 0.011);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessBound {
    candidates: u64,
    max_failures: u8,
}

impl GuessBound {
    /// The most that a policy may leave: one in a thousand, in a day and in all.
    pub const MOST: f64 = 1e-3;
    /// The number of codes with six digits.
    const CODES: u64 = 1_000_000;

    /// In any 24 hours.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        self.chance(Self::guesses_in(1))
    }

    /// From the first guess until no more are judged, if the owner never logs in meanwhile.
    #[must_use]
    pub fn until_disabled(&self) -> f64 {
        self.chance(u64::from(self.max_failures))
    }

    /// In a year, if the owner logs in so often that failures in a row never count.
    #[must_use]
    pub fn per_year_beside_the_owner(&self) -> f64 {
        self.chance(Self::guesses_in(365))
    }

    const fn guesses_in(days: u64) -> u64 {
        (PRESSURE.burst as u64).saturating_add(days.saturating_mul(PRESSURE_A_DAY))
    }

    #[allow(clippy::cast_precision_loss)] // small numbers
    fn chance(&self, guesses: u64) -> f64 {
        guesses.saturating_mul(self.candidates) as f64 / Self::CODES as f64
    }

    const fn is_over(&self) -> bool {
        let most = Self::CODES / 1000;
        Self::guesses_in(1).saturating_mul(self.candidates) > most
            || (self.max_failures as u64).saturating_mul(self.candidates) > most
    }
}

/// Why there is no such [`Policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too many guesses, or too many codes that a guess may hit: more than one in a thousand.
    #[error("a guesser would have a chance of more than one in a thousand")]
    GuessBound,
    /// The number of devices.
    #[error("the limit of devices must be 1 to 8")]
    Devices,
    /// The waits.
    #[error("waits must be 1 second to a day, the first not above the longest")]
    Waits,
    /// The number of failures.
    #[error("the limit of failures must be 1 to 100")]
    Failures,
    /// The grace.
    #[error("the grace of a rotated secret must be at most 7 days")]
    RotationGrace,
}
