//! One authenticator of an account.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::diagnosis::{self, Diagnosis};
use super::drift::{Drift, RESYNC_STEPS};
use super::new_device::NewDevice;
use super::{CLOCK_TOLERANCE, Denial, Label};
use crate::policy::Policy;
use crate::{Algorithm, Code, Counter, Digits, Hotp, LookAhead, MovingFactor, Period, Secret, UnixTime};

/// How long a device may wait to be confirmed.
const PENDING_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many codes may be tried to confirm it.
const PENDING_TRIES: u8 = 5;

/// A device of an account. Ids are never given twice within an account; they are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u32);

impl DeviceId {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn get(self) -> u32 {
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

#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) label: Label,
    pub(super) secret: Secret,
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) kind: Kind,
    pub(super) created: UnixTime,
    pub(super) state: State,
    pub(super) last_used: Option<UnixTime>,
    /// The highest step or counter ever accepted: only later ones count.
    pub(super) watermark: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Totp { period: Period, drift: Drift },
    Hotp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `replaces`: the device that ends when this one is confirmed.
    Pending {
        tries: u8,
        replaces: Option<DeviceId>,
    },
    Active,
    Suspended,
    /// Rotated: counts until then.
    Retiring {
        until: UnixTime,
    },
}

/// A step or counter that may be accepted, whose code was submitted; the last one, if there are more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) moving: u64,
    /// In steps, from the centre of the window.
    off_centre: i64,
    /// In seconds, as periods differ.
    pub(super) distance: u64,
}

impl Device {
    pub(super) fn pending(
        id: DeviceId,
        new: NewDevice,
        secret: Secret,
        replaces: Option<DeviceId>,
        now: UnixTime,
    ) -> Self {
        let (kind, watermark) = match new.moving {
            MovingFactor::Time(period) => (Kind::Totp { period, drift: Drift::default() }, None),
            MovingFactor::Counter(next) => (Kind::Hotp, next.get().checked_sub(1)),
        };
        Self {
            id,
            label: new.label,
            secret,
            algorithm: new.algorithm,
            digits: new.digits,
            kind,
            created: now,
            state: State::Pending { tries: 0, replaces },
            last_used: None,
            watermark,
        }
    }

    /// What makes its next code another one.
    pub(super) fn moving(&self) -> MovingFactor {
        match self.kind {
            Kind::Totp { period, .. } => MovingFactor::Time(period),
            Kind::Hotp => MovingFactor::Counter(Counter::new(self.next_counter().unwrap_or(u64::MAX))),
        }
    }

    /// Whether its codes let in.
    pub(super) fn is_live(&self, now: UnixTime) -> bool {
        match self.state {
            State::Active => true,
            // A deadline out of reach was set by a clock that has been set back since.
            State::Retiring { until } => {
                let longest = Policy::MAX_ROTATION_GRACE.saturating_add(CLOCK_TOLERANCE);
                now < until && until.saturating_since(now) <= longest
            }
            State::Pending { .. } | State::Suspended => false,
        }
    }

    pub(super) const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    /// Confirmed, and neither revoked nor rotated: it has its label for itself.
    pub(super) const fn is_kept(&self) -> bool {
        matches!(self.state, State::Active | State::Suspended)
    }

    /// Whether it was not confirmed in time or in as many tries as there are. A clock that went back ends it as well.
    pub(super) fn has_expired(&self, now: UnixTime) -> bool {
        match self.state {
            State::Pending { tries, .. } => {
                let is_from_the_future = now.saturating_add(CLOCK_TOLERANCE) < self.created;
                tries >= PENDING_TRIES || is_from_the_future || now.saturating_since(self.created) > PENDING_LIFETIME
            }
            _ => false,
        }
    }

    /// The match of a code in the window, used or not: every candidate is computed, whatever the watermark.
    pub(super) fn matching(&self, code: Code, policy: &Policy, now: UnixTime) -> Option<Match> {
        match self.kind {
            Kind::Totp { period, drift } => {
                let centre = centre(period, drift, now);
                let first = centre.saturating_sub(u64::from(policy.window().past()));
                let last = centre.saturating_add(u64::from(policy.window().future()));
                let step = self.hotp().last_match(code, first, last)?;
                let distance = step.abs_diff(centre).saturating_mul(u64::from(period.as_secs()));
                Some(Match { moving: step, off_centre: difference(step, centre), distance })
            }
            Kind::Hotp => {
                // The last one used is computed too, to tell a code typed twice from a wrong one.
                let first = self.watermark.unwrap_or(0);
                let next = self.next_counter().unwrap_or(u64::MAX);
                let last = next.saturating_add(u64::from(policy.look_ahead().get()));
                let counter = self.hotp().last_match(code, first, last)?;
                Some(Match { moving: counter, off_centre: 0, distance: counter.abs_diff(next) })
            }
        }
    }

    /// RFC 6238 section 5.2: MUST NOT accept the second attempt.
    pub(super) fn is_unused(&self, found: Match) -> bool {
        Some(found.moving) > self.watermark
    }

    pub(super) fn burn(&mut self, found: Match) {
        self.watermark = self.watermark.max(Some(found.moving));
    }

    /// Remembers an ordinary success. Returns where the clock is taken to stand, if that has changed.
    ///
    /// A window that is open on one side only teaches nothing: it would follow whoever types late, and could not come back.
    pub(super) fn credit(&mut self, found: Match, policy: &Policy, now: UnixTime) -> Option<i64> {
        self.last_used = Some(now);
        let is_two_sided = policy.window().past() > 0 && policy.window().future() > 0;
        let off_centre = if is_two_sided { found.off_centre } else { 0 };
        match &mut self.kind {
            Kind::Totp { drift, .. } => drift.learn(off_centre, now).then(|| drift.steps(now)),
            Kind::Hotp => None,
        }
    }

    /// Activates a pending device by a code of it, whose step is burned; a wrong one costs a try.
    pub(super) fn confirm(&mut self, code: Code, policy: &Policy, now: UnixTime) -> Result<(), Denial> {
        match self.matching(code, policy, now).filter(|found| self.is_unused(*found)) {
            Some(found) => {
                self.state = State::Active;
                self.burn(found);
                Ok(())
            }
            None => {
                self.charge_try();
                Err(self.diagnose(code, now).map_or(Denial::Mismatch, Denial::Unconfirmed))
            }
        }
    }

    /// The same by two codes in a row, however far its clock is off, within limits.
    pub(super) fn confirm_pair(&mut self, codes: [Code; 2], now: UnixTime) -> Result<(), Denial> {
        let result = self.resync(codes, now);
        match result {
            Ok(()) => self.state = State::Active,
            Err(_) => self.charge_try(),
        }
        result
    }

    /// RFC 4226 section 7.4, RFC 6238 section 6: takes two codes in a row, both unused, as where the device stands.
    pub(super) fn resync(&mut self, codes: [Code; 2], now: UnixTime) -> Result<(), Denial> {
        let hotp = self.hotp();
        let after_used = self.next_counter().ok_or(Denial::Mismatch)?;
        let found = match self.kind {
            Kind::Totp { period, .. } => {
                let present = step_at(period, now);
                let reach = u64::from(RESYNC_STEPS.unsigned_abs());
                // The second code is of the present; the first may be of the step before the first in reach.
                let first = present.saturating_sub(reach).saturating_sub(1).max(after_used);
                hotp.last_pair_match(codes, first, present.saturating_add(reach))
            }
            Kind::Hotp => {
                let last = after_used.saturating_add(u64::from(LookAhead::MAX.get()));
                hotp.last_pair_match(codes, after_used, last)
            }
        };
        let second = found.ok_or(Denial::Mismatch)?;
        self.watermark = Some(second);
        if let Kind::Totp { period, drift } = &mut self.kind {
            let steps = difference(second, step_at(*period, now));
            drift.resync(i16::try_from(steps).unwrap_or(0), now);
        }
        Ok(())
    }

    /// How many steps beyond what is allowed for a code lies, within the reach of a resynchronization.
    pub(super) fn drift_of(&self, code: Code, now: UnixTime) -> Option<i64> {
        let Kind::Totp { period, drift } = self.kind else { return None };
        let centre = centre(period, drift, now);
        let reach = u64::from(RESYNC_STEPS.unsigned_abs());
        let step = self.hotp().last_match(code, centre.saturating_sub(reach), centre.saturating_add(reach))?;
        Some(difference(step, centre))
    }

    /// Codes from a counter are not looked for by the time.
    fn diagnose(&self, code: Code, now: UnixTime) -> Option<Diagnosis> {
        let Kind::Totp { period, .. } = self.kind else { return None };
        let settings = diagnosis::Settings { algorithm: self.algorithm, digits: self.digits, period };
        let ignored = settings.ignored(&self.secret, code, now);
        ignored.or_else(|| self.drift_of(code, now).map(|steps| Diagnosis::ClockOff { steps, period }))
    }

    fn charge_try(&mut self) {
        if let State::Pending { tries, .. } = &mut self.state {
            *tries = tries.saturating_add(1);
        }
    }

    /// The first counter or step that was not used; `None` after the last of 2^64.
    fn next_counter(&self) -> Option<u64> {
        self.watermark.map_or(Some(0), |used| used.checked_add(1))
    }

    fn hotp(&self) -> Hotp<'_> {
        Hotp::new_for(&self.secret, self.algorithm).with_digits(self.digits)
    }
}

fn step_at(period: Period, now: UnixTime) -> u64 {
    let period = std::num::NonZero::<u64>::from(period.non_zero());
    now.as_secs() / period
}

fn centre(period: Period, drift: Drift, now: UnixTime) -> u64 {
    step_at(period, now).saturating_add_signed(drift.steps(now))
}

fn difference(step: u64, centre: u64) -> i64 {
    let apart = i64::try_from(step.abs_diff(centre)).unwrap_or(i64::MAX);
    if step < centre { apart.saturating_neg() } else { apart }
}
