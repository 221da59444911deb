//! What is remembered about a device.

use std::num::NonZero;

use super::drift::Drift;
use super::id::DeviceId;
use super::new_device::NewDevice;
use crate::account::label::Label;
use crate::account::policy::{CLOCK_TOLERANCE, PENDING_LIFETIME, PENDING_TRIES, Policy};
use crate::codes::{Counter, Hotp, MovingFactor, Parameters, Period, Secret, UnixTime};

#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) label: Label,
    pub(crate) secret: Secret,
    /// Of a counter, only that it is one: the next one follows from the watermark.
    pub(crate) parameters: Parameters,
    /// Of a device whose codes come from the time.
    pub(crate) drift: Drift,
    pub(crate) created: UnixTime,
    pub(crate) state: State,
    pub(crate) last_used: Option<UnixTime>,
    /// The highest step or counter ever accepted: only later ones are.
    pub(crate) watermark: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// `replaces`: the device that ends when this one is confirmed.
    Pending {
        tries: u8,
        replaces: Option<DeviceId>,
    },
    Active,
    Suspended,
    /// Rotated: its codes are accepted until then.
    Retiring {
        until: UnixTime,
    },
}

impl Device {
    pub(crate) fn pending(
        id: DeviceId,
        new: NewDevice,
        secret: Secret,
        replaces: Option<DeviceId>,
        now: UnixTime,
    ) -> Self {
        let watermark = match new.parameters.moving_factor() {
            MovingFactor::Time(_) => None,
            MovingFactor::Counter(next) => next.get().checked_sub(1),
        };
        Self {
            id,
            label: new.label,
            secret,
            parameters: new.parameters,
            drift: Drift::default(),
            created: now,
            state: State::Pending { tries: 0, replaces },
            last_used: None,
            watermark,
        }
    }

    /// The parameters, with the counter that is next.
    pub(crate) fn parameters(&self) -> Parameters {
        match self.parameters.moving_factor() {
            MovingFactor::Time(_) => self.parameters,
            MovingFactor::Counter(_) => {
                Parameters::hotp(Counter::new(self.next_counter().unwrap_or(u64::MAX)))
                    .with_algorithm(self.parameters.algorithm())
                    .with_digits(self.parameters.digits())
            }
        }
    }

    /// Whether its codes are accepted at a login: active, or retiring within its grace.
    pub(crate) fn is_accepted(&self, now: UnixTime) -> bool {
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

    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    /// Confirmed, and neither revoked nor rotated: it has its label for itself.
    pub(crate) const fn is_kept(&self) -> bool {
        matches!(self.state, State::Active | State::Suspended)
    }

    /// Whether it was not confirmed in time or in as many tries as there are. A clock that went back ends it as well.
    pub(crate) fn has_expired(&self, now: UnixTime) -> bool {
        match self.state {
            State::Pending { tries, .. } => {
                let is_from_the_future = now.saturating_add(CLOCK_TOLERANCE) < self.created;
                tries >= PENDING_TRIES
                    || is_from_the_future
                    || now.saturating_since(self.created) > PENDING_LIFETIME
            }
            _ => false,
        }
    }

    pub(crate) fn charge_try(&mut self) {
        if let State::Pending { tries, .. } = &mut self.state {
            *tries = tries.saturating_add(1);
        }
    }

    /// The first counter or step that was not used; `None` after the last of 2^64.
    pub(super) fn next_counter(&self) -> Option<u64> {
        self.watermark.map_or(Some(0), |used| used.checked_add(1))
    }

    pub(super) fn hotp(&self) -> Hotp {
        Hotp::keyed(
            &self.secret,
            self.parameters.algorithm(),
            self.parameters.digits(),
        )
    }

    /// The step in which its clock is taken to stand now.
    pub(super) fn centre(&self, period: Period, now: UnixTime) -> u64 {
        step_at(period, now).saturating_add_signed(self.drift.steps(now))
    }
}

pub(super) fn step_at(period: Period, now: UnixTime) -> u64 {
    now.as_secs() / NonZero::<u64>::from(period.non_zero())
}

pub(super) fn difference(step: u64, centre: u64) -> i64 {
    let apart = i64::try_from(step.abs_diff(centre)).unwrap_or(i64::MAX);
    if step < centre {
        apart.saturating_neg()
    } else {
        apart
    }
}
