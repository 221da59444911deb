//! Every limit of a second factor, each with its source. Some a policy sets, others are fixed.

mod browsers;

use std::time::Duration;

use super::guess_bound::GuessBound;
use super::profile::Profile;
use crate::codes::{LookAhead, Period, Window};

const DAY: u64 = 24 * 3600;

/// A pending device waits for 10 minutes to be confirmed.
pub(super) const PENDING_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Five codes may be tried to confirm it.
pub(super) const PENDING_TRIES: u8 = 5;
/// At most 4 steps are learned from logins beyond what a resynchronization found (RFC 6238 section
/// 6 asks for a limit).
pub(super) const MAX_LEARNED_STEPS: i8 = 4;
/// A resynchronization looks an hour each way, so that it finds a phone that missed daylight
/// saving. Two more steps are for the seconds of a step, and for codes that are typed one step
/// late.
///
/// It is a function of its own in the program too, as `scripts/constant-time` looks for divisions of
/// secrets.
#[inline(never)]
pub(super) const fn resync_steps(period: Period) -> i16 {
    #[allow(clippy::arithmetic_side_effects, clippy::cast_possible_wrap)]
    // a period has 5 to 3600 seconds
    {
        (3600 / period.as_secs()) as i16 + 2
    }
}
/// The zones of the world are whole quarters of an hour apart. A clock that stands in another one is
/// off by 14 hours at most.
pub(super) const ZONE_SECS: u64 = 15 * 60;
pub(super) const MAX_ZONES: u64 = 14 * 4;
/// The offset that a resynchronization found expires after 24 hours unless a login confirms it.
pub(super) const PROVISIONAL: Duration = Duration::from_secs(DAY);
/// Servers' clocks may differ by 5 seconds before one of them has gone back, or what it wrote is
/// from the future.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);
/// A code lets its bearer change the second factor for 5 minutes (OWASP ASVS 5.0, 7.5.1).
pub(super) const PROOF_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// A recovery code does so for 15 minutes, as the owner installs an app in between.
pub(super) const REDEMPTION_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// A submission that succeeded gets the same answer again for a minute.
pub(crate) const ANSWER_LIFETIME: Duration = Duration::from_secs(60);
/// At most ten redemptions of a set are remembered.
pub(super) const MAX_REDEMPTIONS: usize = 10;
/// At most eight browsers are known.
pub(super) const MAX_BROWSERS: usize = 8;
/// After ten wrong codes in a row a known browser is a stranger, until it verifies again.
pub(super) const MAX_BROWSER_FAILURES: u8 = 10;

/// Describes a leaky bucket that a success does not empty. It takes `burst`, and one drains each
/// `interval`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    pub(super) burst: u32,
    pub(super) interval: Duration,
}

impl Drain {
    pub(super) const fn full(self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }

    /// Returns how much may be in it before one more comes.
    pub(super) const fn room(self) -> Duration {
        self.full().saturating_sub(self.interval)
    }
}

/// Over a longer time 15 wrong codes are judged at once and 10 a day. So a guesser who uses the
/// owner's daily logins, which reset the count of failures in a row, has no more than 3665 guesses
/// in a year.
pub(super) const PRESSURE: Drain = Drain {
    burst: 15,
    interval: Duration::from_secs(DAY / PRESSURE_A_DAY),
};
const PRESSURE_A_DAY: u64 = 10;

/// 3 resynchronizations are judged at once and 3 more a day, as each one tries many steps.
pub(super) const RESYNCS: Drain = Drain {
    burst: 3,
    interval: Duration::from_secs(DAY / 3),
};

/// Sets the limits of a second factor: how wide, how often, how long.
///
/// [`DEFAULT`](Self::DEFAULT) is for everyone. [`ASVS`](Self::ASVS), [`NIST`](Self::NIST) and
/// [`PCI`](Self::PCI) are for applications that must meet these standards. Other limits come from a
/// [`PolicyBuilder`], which refuses limits that leave a stranger more than one chance in a thousand
/// in a day, or anybody until codes are disabled. So every `Policy` keeps that bound.
///
/// ```
/// use secondfactor::Policy;
/// use secondfactor::codes::Window;
///
/// let strict = Policy::builder().window(Window::EXACT).max_failures(50).build()?;
/// assert!(strict.guess_bound().per_day() < Policy::DEFAULT.guess_bound().per_day());
/// assert!(Policy::builder().window(Window::new(10, 10)?).build().is_err());
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
    max_trust: Duration,
    profile: Profile,
}

impl Policy {
    /// Suits everyone:
    ///
    /// * The window is one step each way. RFC 6238 section 5.2 wants at most one for the delay. The
    ///   other one is for clocks that differ.
    /// * The look-ahead of a HOTP token is 5 counters. RFC 4226 section 7.4 wants as few as
    ///   possible.
    /// * An account has up to 8 devices, as AWS allows. NIST SP 800-63B-4 section 4.1.2.1
    ///   encourages more than one.
    /// * Five wrong codes are free. Then waits double from 30 seconds to an hour, and after 100 in
    ///   a row none is judged (NIST SP 800-63B-4 section 3.2.2 names such waits, and at most 100).
    pub const DEFAULT: Self = Self {
        window: Window::DEFAULT,
        look_ahead: LookAhead::POLICY,
        max_devices: 8,
        free_tries: 5,
        first_wait: Duration::from_secs(30),
        max_wait: Duration::from_secs(3600),
        max_failures: 100,
        max_trust: Duration::ZERO,
        profile: Profile::Default,
    }
    .asserted();

    /// Keeps OWASP ASVS 5.0, 6.5.5: a code lives for 30 seconds, so only the present step is
    /// accepted.
    ///
    /// Clocks that differ cost their owners a second try. No drift is learned, because it shows
    /// only outside the present step. A device whose clock is off is resynchronized.
    pub const ASVS: Self = Self {
        window: Window::EXACT,
        profile: Profile::Asvs,
        ..Self::DEFAULT
    }
    .asserted();

    /// Keeps NIST SP 800-63B-4, sections 3.1.4.2 and 3.2.2: as the default, and recovery codes are
    /// closed after 100 wrong ones in a row too.
    pub const NIST: Self = Self {
        profile: Profile::Nist,
        ..Self::DEFAULT
    }
    .asserted();

    /// Keeps PCI DSS 4.0.1, 8.3.4: codes are locked for 30 minutes after at most 10 wrong ones, for
    /// known browsers too. The window has one step back for the delay, and none forward.
    pub const PCI: Self = Self {
        window: Window::PAST,
        free_tries: 10,
        first_wait: Duration::from_secs(30 * 60),
        max_wait: Duration::from_secs(30 * 60),
        profile: Profile::Pci,
        ..Self::DEFAULT
    }
    .asserted();

    /// A rotated secret has a grace of at most 7 days.
    pub const MAX_ROTATION_GRACE: Duration = Duration::from_secs(7 * DAY);
    /// A temporary code lives for at most 24 hours (NIST SP 800-63B-4 section 4.2.1.2; PCI DSS 4.0.1, 8.5.1 wants
    /// exceptions limited in time).
    pub const MAX_TEMPORARY_LIFETIME: Duration = Duration::from_secs(DAY);
    /// There are at most 100 failures in a row (NIST SP 800-63B-4 section 3.2.2).
    pub const MAX_FAILURES: u8 = 100;
    /// An account has at most 8 devices. Retiring ones, and a pending rotation of each, are beside
    /// them.
    pub const MAX_DEVICES: u8 = 8;

    /// Begins with the default limits, to change some of them.
    pub const fn builder() -> PolicyBuilder {
        Self::DEFAULT.to_builder()
    }

    /// Begins with these limits, to change some of them.
    pub const fn to_builder(self) -> PolicyBuilder {
        PolicyBuilder { policy: self }
    }

    /// Returns how long no code is judged after so many wrong codes in a row.
    ///
    /// ```
    /// use secondfactor::Policy;
    /// let waits = [4, 5, 6, 12].map(|failures| Policy::DEFAULT.wait_after(failures).as_secs());
    /// assert_eq!(waits, [0, 30, 60, 3600]);
    /// ```
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(u32::from(self.free_tries)) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(factor).min(self.max_wait)
    }

    /// Returns the chance of an attacker who knows the password and guesses codes of one TOTP
    /// device with six digits.
    #[must_use]
    pub const fn guess_bound(&self) -> GuessBound {
        let candidates = (self.window.past() as u64)
            .saturating_add(self.window.future() as u64)
            .saturating_add(1);
        self.bound(candidates)
    }

    /// Returns the chance of an attacker who knows the password and guesses codes of one HOTP
    /// device with six digits.
    #[must_use]
    pub const fn hotp_guess_bound(&self) -> GuessBound {
        self.bound((self.look_ahead.get() as u64).saturating_add(1))
    }

    const fn bound(&self, candidates: u64) -> GuessBound {
        GuessBound::new(
            candidates,
            [
                self.max_stranger_failures() as u64,
                self.max_known_failures() as u64,
                MAX_BROWSER_FAILURES as u64,
            ],
            (PRESSURE.burst as u64, PRESSURE_A_DAY),
        )
    }

    /// Returns the steps around the present that are accepted.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// Returns how many counters beyond the expected one are tried.
    #[must_use]
    pub const fn look_ahead(&self) -> LookAhead {
        self.look_ahead
    }

    /// Returns how many devices an account may have, pending ones included.
    #[must_use]
    pub const fn max_devices(&self) -> u8 {
        self.max_devices
    }

    /// Returns how many wrong codes in a row are free of a wait.
    #[must_use]
    pub const fn free_tries(&self) -> u8 {
        self.free_tries
    }

    /// Returns the first wait, after the free tries.
    #[must_use]
    pub const fn first_wait(&self) -> Duration {
        self.first_wait
    }

    /// Returns the longest wait between two tries.
    #[must_use]
    pub const fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// Returns after how many wrong codes in a row none is judged, those of strangers and of known
    /// browsers together, though the policy was changed meanwhile.
    #[must_use]
    pub const fn max_failures(&self) -> u8 {
        self.max_failures
    }

    /// Checks the profiles above when they are compiled.
    const fn asserted(self) -> Self {
        assert!(self.to_builder().build().is_ok());
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Collects other limits in any order, and checks them in [`build`](Self::build).
///
/// ```
/// use std::time::Duration;
/// use secondfactor::Policy;
///
/// let policy = Policy::NIST
///     .to_builder()
///     .waits(3, Duration::from_secs(60), Duration::from_secs(3600))
///     .build()?;
/// assert_eq!(policy.free_tries(), 3);
/// # Ok::<(), secondfactor::account::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is no policy before it is built"]
pub struct PolicyBuilder {
    policy: Policy,
}

impl PolicyBuilder {
    /// Sets the steps that are accepted around the present one.
    pub const fn window(mut self, window: Window) -> Self {
        self.policy.window = window;
        self
    }

    /// Sets how many counters beyond the expected one are tried for HOTP devices.
    pub const fn look_ahead(mut self, look_ahead: LookAhead) -> Self {
        self.policy.look_ahead = look_ahead;
        self
    }

    /// Sets the limit of devices, 1 to [`Policy::MAX_DEVICES`], pending ones included.
    pub const fn max_devices(mut self, devices: u8) -> Self {
        self.policy.max_devices = devices;
        self
    }

    /// Sets the waits: none for `free_tries` wrong codes in a row, then `first`, doubled each time,
    /// up to `longest`.
    ///
    /// `longest` is at most a day. Only whole seconds count.
    pub const fn waits(mut self, free_tries: u8, first: Duration, longest: Duration) -> Self {
        self.policy.free_tries = free_tries;
        self.policy.first_wait = first;
        self.policy.max_wait = longest;
        self
    }

    /// Sets after how many failures in a row no code is judged, 1 to [`Policy::MAX_FAILURES`].
    pub const fn max_failures(mut self, failures: u8) -> Self {
        self.policy.max_failures = failures;
        self
    }

    /// Makes the policy, if every limit is in range, and a stranger has at most one chance in a
    /// thousand in a day, and anybody until codes are disabled.
    ///
    /// # Errors
    /// [`PolicyError`] if a limit is out of range, or the chance would be more than that.
    pub const fn build(self) -> Result<Policy, PolicyError> {
        let policy = self.policy;
        if policy.max_devices == 0 || policy.max_devices > Policy::MAX_DEVICES {
            return Err(PolicyError::Devices);
        }
        let (first, longest) = (policy.first_wait.as_secs(), policy.max_wait.as_secs());
        if first == 0 || first > longest || longest > DAY {
            return Err(PolicyError::Waits);
        }
        if policy.max_failures == 0 || policy.max_failures > Policy::MAX_FAILURES {
            return Err(PolicyError::Failures);
        }
        if let Err(error) = policy.check_trust() {
            return Err(error);
        }
        if policy.guess_bound().is_over() || policy.hotp_guess_bound().is_over() {
            return Err(PolicyError::GuessBound);
        }
        Ok(policy)
    }
}

/// Says why limits make no [`Policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too many guesses are judged, or a guess may hit too many codes.
    #[error("a guesser would have a chance of more than one in a thousand")]
    GuessBound,
    /// The limit of devices is out of range.
    #[error("the limit of devices must be 1 to 8")]
    Devices,
    /// The waits are out of range.
    #[error("waits must be 1 second to a day, the first not above the longest")]
    Waits,
    /// The limit of failures is out of range.
    #[error("the limit of failures must be 1 to 100")]
    Failures,
    /// The trust in browsers is out of range.
    #[error("trust in a browser must be at most 30 days")]
    Trust,
    /// The profile refuses trust in browsers, as its standard does:
    ///
    /// * NIST SP 800-63B-4 section 5.1: a cookie shall not stand in for authentication.
    /// * OWASP ASVS 5.0, 6.3.3: an application is accessed by more than one factor.
    /// * PCI DSS 4.0.1, 8.5.1: multi-factor authentication can't be bypassed, and access takes the
    ///   success of all factors.
    #[error("the profile refuses trust in browsers: begin with the default policy")]
    TrustRefused,
}
