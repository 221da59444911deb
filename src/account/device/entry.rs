//! Holds what is remembered about a device.

use std::num::NonZero;
use std::time::Duration;

use super::drift::Drift;
use super::id::DeviceId;
use super::new_device::NewDevice;
use super::session::SessionHash;
use crate::account::answer::{Answer, SubmissionHash};
use crate::account::credential::Credential;
use crate::account::label::Label;
use crate::account::policy::{PENDING_LIFETIME, PENDING_TRIES};
use crate::account::voucher::Voucher;
use crate::codes::{Counter, Hotp, MovingFactor, Parameters, Period, Secret, UnixTime, Window};

#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    /// Proofs by this device name it.
    pub(crate) credential: Credential,
    pub(crate) label: Label,
    pub(crate) secret: Secret,
    /// They say only that there is a counter. The next one follows from the watermark.
    pub(crate) parameters: Parameters,
    /// It came with this serial number. A rotation makes a new secret, which is in no token.
    pub(crate) serial: Option<String>,
    /// A device whose codes come from the time has one.
    pub(crate) drift: Drift,
    /// This is for display.
    pub(crate) vouched_by: Voucher,
    pub(crate) state: State,
    /// This is for display.
    pub(crate) last_used: Option<UnixTime>,
    /// This is the highest step or counter that was ever accepted. Only later ones are.
    pub(crate) watermark: Option<u64>,
    /// This is the highest step or counter whose replay the owner was told of.
    pub(crate) replay_told: Option<u64>,
    /// This is the last success, if the submission named a form.
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending(Pending),
    Active,
    Suspended,
    /// It was rotated. Its codes are accepted for so long, and prove nothing. It ends before, if the
    /// device of this credential, which took its place, ends or is suspended.
    Retiring {
        left: Duration,
        successor: Credential,
    },
}

/// Says what a device that is not yet confirmed rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) left: Duration,
    pub(crate) tries: u8,
    /// The proof that began it is of this credential. It is `None` if the account opts in with it.
    pub(crate) rests_on: Option<Credential>,
    /// This device retires when the pending one is confirmed.
    pub(crate) replaces: Option<Replaced>,
    /// This session began it, if the application named one.
    pub(crate) session: Option<SessionHash>,
    /// The account was disabled then, so it is to be bound to this device alone.
    pub(crate) rebinds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) device: DeviceId,
    pub(crate) credential: Credential,
    /// Its codes are still accepted for so long after that.
    pub(crate) grace: Duration,
}

impl Pending {
    pub(crate) const fn new(
        rests_on: Option<Credential>,
        replaces: Option<Replaced>,
        session: Option<SessionHash>,
    ) -> Self {
        Self {
            left: PENDING_LIFETIME,
            tries: 0,
            rests_on,
            replaces,
            session,
            rebinds: false,
        }
    }
}

impl Device {
    pub(crate) fn pending(
        id: DeviceId,
        credential: Credential,
        new: NewDevice,
        secret: Secret,
        pending: Pending,
        vouched_by: Voucher,
    ) -> Self {
        let watermark = match new.parameters.moving_factor() {
            MovingFactor::Time(_) => None,
            MovingFactor::Counter(next) => next.get().checked_sub(1),
        };
        Self {
            id,
            credential,
            label: new.label,
            secret,
            parameters: new.parameters,
            serial: new.serial,
            drift: Drift::from_steps(new.drift),
            vouched_by,
            state: State::Pending(pending),
            last_used: None,
            watermark,
            replay_told: None,
            answer: None,
        }
    }

    /// Returns the parameters, with the counter that is next.
    pub(crate) fn parameters(&self) -> Parameters {
        let next = self.next_counter().unwrap_or(u64::MAX);
        self.parameters.counting_from(Counter::new(next))
    }

    pub(crate) fn is_active(&self) -> bool {
        self.state == State::Active
    }

    /// Says whether its codes are accepted at a login. It is active then, or retiring within its
    /// grace.
    pub(crate) const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Active | State::Retiring { .. })
    }

    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending(_))
    }

    /// Says whether it is confirmed, and neither revoked nor rotated. It has its label for itself.
    pub(crate) const fn is_kept(&self) -> bool {
        matches!(self.state, State::Active | State::Suspended)
    }

    /// Lets time pass. Returns whether the device is still there. A pending one expires, and a
    /// retiring one ends.
    pub(crate) fn pass(&mut self, elapsed: Duration) -> bool {
        self.drift.pass(elapsed);
        self.answer = self.answer.and_then(|answer| answer.passed(elapsed));
        self.state.pass(elapsed)
    }

    /// Returns the answer to the submission of this hash, if it was given by the credential that the
    /// device has now.
    pub(crate) fn answer_to(&self, hash: Option<&SubmissionHash>) -> Option<Answer> {
        let hash = hash?;
        self.answer
            .filter(|answer| answer.credential == self.credential && answer.is_to(hash))
    }

    /// Returns the device whose secret this pending one rotates.
    pub(crate) fn replaces(&self) -> Option<DeviceId> {
        match self.state {
            State::Pending(pending) => pending.replaces.map(|replaced| replaced.device),
            _ => None,
        }
    }

    /// Says whether it is pending in a session that the application named.
    pub(crate) const fn is_in_a_session(&self) -> bool {
        matches!(&self.state, State::Pending(pending) if pending.session.is_some())
    }

    pub(crate) fn charge_try(&mut self) {
        if let State::Pending(pending) = &mut self.state {
            pending.tries = pending.tries.saturating_add(1);
        }
    }

    /// Returns the first counter or step that was not used, or `None` after the last of 2^64.
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

    /// Returns the step in which its clock is taken to stand now.
    pub(super) fn centre(&self, period: Period, window: Window, now: UnixTime) -> u64 {
        step_at(period, now).saturating_add_signed(self.drift.steps(window))
    }
}

impl State {
    /// Lets time pass. Returns whether the device is still there.
    pub(crate) fn pass(&mut self, elapsed: Duration) -> bool {
        match self {
            Self::Active | Self::Suspended => true,
            Self::Pending(pending) => {
                let left = pending.left.checked_sub(elapsed);
                pending.left = left.unwrap_or_default();
                left.is_some() && pending.tries < PENDING_TRIES
            }
            Self::Retiring { left, .. } => {
                *left = left.saturating_sub(elapsed);
                !left.is_zero()
            }
        }
    }
}

/// Returns the step of a time. It is a function of its own in the program too, as
/// `scripts/constant-time` looks for divisions of secrets.
#[inline(never)]
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
