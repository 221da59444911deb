//! Searches a device's codes: at a login, to confirm it, to resynchronize it.

use super::entry::{Device, State, difference, step_at};
use crate::account::denial::Denial;
use crate::account::diagnosis::{self, Diagnosis};
use crate::account::policy::{MAX_ZONES, Policy, ZONE_SECS, resync_steps};
use crate::codes::{Code, LookAhead, MovingFactor, Period, UnixTime, Window};

/// Holds a step or counter that may be accepted, whose code was submitted. If there are more, it is
/// the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    pub(crate) moving: u64,
    /// It is so many steps from the centre of the window.
    off_centre: i64,
    /// It is so many seconds from there, as periods differ.
    pub(crate) distance: u64,
}

impl Device {
    /// Returns the match of a code in the window, used or not. Every candidate is computed, whatever
    /// the watermark.
    pub(crate) fn matching(&self, code: Code, policy: &Policy, now: UnixTime) -> Option<Match> {
        match self.parameters.moving_factor() {
            MovingFactor::Time(period) => {
                let centre = self.centre(period, policy.window(), now);
                let first = centre.saturating_sub(u64::from(policy.window().past()));
                let last = centre.saturating_add(u64::from(policy.window().future()));
                let step = self.hotp().last_match(code, first, last)?;
                let distance = step
                    .abs_diff(centre)
                    .saturating_mul(u64::from(period.as_secs()));
                Some(Match {
                    moving: step,
                    off_centre: difference(step, centre),
                    distance,
                })
            }
            MovingFactor::Counter(_) => {
                // The last one used is computed too, to tell a code typed twice from a wrong one.
                let first = self.watermark.unwrap_or(0);
                let next = self.next_counter().unwrap_or(u64::MAX);
                let last = next.saturating_add(u64::from(policy.look_ahead().get()));
                let counter = self.hotp().last_match(code, first, last)?;
                Some(Match {
                    moving: counter,
                    off_centre: 0,
                    distance: counter.abs_diff(next),
                })
            }
        }
    }

    /// Says whether it was not accepted before. "The verifier MUST NOT accept the second attempt"
    /// (RFC 6238 section 5.2).
    pub(crate) fn is_unused(&self, found: Match) -> bool {
        Some(found.moving) > self.watermark
    }

    pub(crate) fn burn(&mut self, found: Match) {
        self.watermark = self.watermark.max(Some(found.moving));
    }

    /// Remembers an ordinary success. Returns where the clock is taken to stand, if that has changed.
    pub(crate) fn credit(&mut self, found: Match, policy: &Policy, now: UnixTime) -> Option<i64> {
        self.last_used = Some(now);
        self.parameters.period()?;
        self.drift
            .learn(found.off_centre, policy.window())
            .then(|| self.drift.steps(policy.window()))
    }

    /// Activates a pending device by a code of it, whose step is burned. A wrong code costs a try.
    pub(crate) fn confirm(
        &mut self,
        code: Code,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(), Denial> {
        let found = self
            .matching(code, policy, now)
            .filter(|found| self.is_unused(*found));
        let Some(found) = found else {
            self.charge_try();
            let diagnosis = self.diagnose(code, policy, now);
            return Err(diagnosis.map_or(Denial::Mismatch, Denial::Unconfirmed));
        };
        self.state = State::Active;
        self.burn(found);
        Ok(())
    }

    /// Activates a pending device by two codes in a row, however far its clock is off within the
    /// reach.
    pub(crate) fn confirm_pair(&mut self, codes: [Code; 2], now: UnixTime) -> Result<(), Denial> {
        let result = self.resync(codes, now);
        match result {
            Ok(()) => {
                self.state = State::Active;
                // There is no earlier offset to fall back to.
                self.drift.provisional = None;
            }
            Err(_) => self.charge_try(),
        }
        result
    }

    /// Takes two codes in a row, both unused, as where the device stands (RFC 4226 section 7.4, RFC
    /// 6238 section 6).
    pub(crate) fn resync(&mut self, codes: [Code; 2], now: UnixTime) -> Result<(), Denial> {
        let after_used = self.next_counter().ok_or(Denial::Mismatch)?;
        let (first, last) = match self.parameters.moving_factor() {
            MovingFactor::Time(period) => {
                let (present, reach) = (step_at(period, now), reach(period));
                // The second code is in reach. The first may be of the step before that.
                let first = present
                    .saturating_sub(reach)
                    .saturating_sub(1)
                    .max(after_used);
                (first, present.saturating_add(reach))
            }
            // The token was pressed that often. The second code is one press more.
            MovingFactor::Counter(_) => {
                let pressed = u64::from(LookAhead::MAX.get());
                (
                    after_used,
                    after_used.saturating_add(pressed).saturating_add(1),
                )
            }
        };
        let second = self
            .hotp()
            .last_pair_match(codes, first, last)
            .ok_or(Denial::Mismatch)?;
        self.watermark = Some(second);
        if let Some(period) = self.parameters.period() {
            let steps = difference(second, step_at(period, now));
            self.drift.resync(i16::try_from(steps).unwrap_or(0));
        }
        Ok(())
    }

    /// Returns how many steps from the centre a code lies, within the reach of a resynchronization.
    pub(crate) fn drift_of(&self, code: Code, policy: &Policy, now: UnixTime) -> Option<i64> {
        let period = self.parameters.period()?;
        let (centre, reach) = (self.centre(period, policy.window(), now), reach(period));
        let (first, last) = (centre.saturating_sub(reach), centre.saturating_add(reach));
        Some(difference(
            self.hotp().last_match(code, first, last)?,
            centre,
        ))
    }

    /// Burns every code that it has shown up to now, as others may have seen it. A token shows what
    /// it is asked for, so nothing is known of it.
    pub(crate) fn burn_shown(&mut self, window: Window, now: UnixTime) {
        if let Some(period) = self.parameters.period() {
            let centre = self.centre(period, window, now);
            self.watermark = self.watermark.max(Some(centre));
        }
    }

    /// Burns every code that another verifier may have accepted up to now, and those that this one
    /// would accept.
    pub(crate) fn burn_the_present(&mut self, policy: &Policy, now: UnixTime) {
        if let Some(period) = self.parameters.period() {
            let centre = self.centre(period, policy.window(), now);
            let last = step_at(period, now).max(centre);
            let last = last.saturating_add(u64::from(policy.window().future()));
            self.watermark = self.watermark.max(Some(last));
        }
    }

    /// Codes from a counter are not searched by the time. How far a clock is off is found for the
    /// session alone that began the device. Anybody else would learn by it which later step has the
    /// code that they guessed.
    fn diagnose(&self, code: Code, policy: &Policy, now: UnixTime) -> Option<Diagnosis> {
        let period = self.parameters.period()?;
        let ignored = diagnosis::ignored(&self.secret, self.parameters, code, now);
        ignored.or_else(|| {
            self.is_in_a_session().then_some(())?;
            let near = self.drift_of(code, policy, now);
            let steps = near.or_else(|| self.zone_of(code, policy.window(), now))?;
            Some(Diagnosis::ClockOff { steps, period })
        })
    }

    /// Returns how many steps off a code is right, if its clock is right but for the time zone. Only
    /// whole quarters of an hour are looked at: a code of any other time may be one that was guessed,
    /// and nobody is to learn when it will be right.
    fn zone_of(&self, code: Code, window: Window, now: UnixTime) -> Option<i64> {
        let period = self.parameters.period()?;
        let present = step_at(period, now);
        let late = (1..=MAX_ZONES).rev().map(|zones| {
            let secs = now
                .as_secs()
                .saturating_sub(zones.saturating_mul(ZONE_SECS));
            UnixTime::from_secs(secs)
        });
        let early = (1..=MAX_ZONES).map(|zones| {
            let secs = now
                .as_secs()
                .saturating_add(zones.saturating_mul(ZONE_SECS));
            UnixTime::from_secs(secs)
        });
        let windows = late.chain(early).map(|time| {
            let centre = step_at(period, time);
            (
                centre.saturating_sub(u64::from(window.past())),
                centre.saturating_add(u64::from(window.future())),
            )
        });
        let step = self.hotp().last_match_among(code, windows)?;
        Some(difference(step, present))
    }
}

fn reach(period: Period) -> u64 {
    u64::from(resync_steps(period).unsigned_abs())
}
