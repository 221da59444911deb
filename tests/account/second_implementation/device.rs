//! A device: its window, its watermark, its drift.

use secondfactor::account::DeviceId;

use super::account::{Answer, Voucher};
use super::codes::Settings;
use super::limits::{DAY, Limits};

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) credential: u64,
    pub(crate) label: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) settings: Settings,
    pub(crate) state: State,
    pub(crate) created: u64,
    pub(crate) vouched: Voucher,
    pub(crate) last_used: Option<u64>,
    /// The highest step or counter that was ever accepted.
    pub(crate) watermark: Option<u64>,
    /// The highest one whose replay was told.
    pub(crate) told: Option<u64>,
    pub(crate) drift: Drift,
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Pending(Pending),
    Active,
    Suspended,
    /// Seconds that are left, and the credential of the successor.
    Retiring(u64, u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// Seconds, below zero when they are over.
    pub(crate) left: i64,
    pub(crate) wrong: u32,
    /// The credential whose proof began it, or none for an opt-in.
    pub(crate) begun_by: Option<u64>,
    pub(crate) replaces: Option<Replaces>,
    pub(crate) session: Option<u8>,
    /// The account was disabled when it was begun, or shut to strangers and begun by a recovery code.
    pub(crate) binds: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Replaces {
    pub(crate) id: DeviceId,
    pub(crate) credential: u64,
    pub(crate) grace: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Drift {
    pub(crate) found: i64,
    pub(crate) learned: i64,
    pub(crate) direction: i64,
    /// Seconds that are left, and what it falls back to.
    pub(crate) provisional: Option<(i64, i64, i64)>,
}

impl Drift {
    pub(crate) fn total(&self) -> i64 {
        self.found + self.learned
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        if let Some((left, found, learned)) = &mut self.provisional {
            *left -= seconds as i64;
            if *left < 0 {
                *self = Self {
                    found: *found,
                    learned: *learned,
                    ..Self::default()
                };
            }
        }
    }

    pub(crate) fn find(&mut self, offset: i64, provisional: bool) {
        let back = match self.provisional {
            Some((_, found, learned)) => (found, learned),
            None => (self.found, self.learned),
        };
        *self = Self {
            found: offset,
            ..Self::default()
        };
        if provisional {
            self.provisional = Some((DAY as i64, back.0, back.1));
        }
    }

    /// One step after two logins off centre in the same direction. True if it moved.
    fn learn(&mut self, off: i64, limits: &Limits) -> bool {
        self.provisional = None;
        if limits.past == 0 || limits.future == 0 {
            return false;
        }
        let before = std::mem::replace(&mut self.direction, off.signum());
        let moved = self.learned + self.direction;
        let is_inside = |off: i64| -limits.future <= off && off <= limits.past;
        let from = if is_inside(self.found) { self.found } else { 0 };
        let present_stays = is_inside(from + moved) && is_inside(moved) && moved.abs() <= 4;
        if self.direction == 0 || before != self.direction || !present_stays {
            return false;
        }
        self.learned = moved;
        self.direction = 0;
        true
    }
}

/// What a device makes of a code.
pub(crate) struct Shown {
    /// The last step or counter that was not used.
    pub(crate) unused: Option<u64>,
    pub(crate) used: Option<u64>,
    /// How far the unused one is from the present.
    pub(crate) distance: u64,
}

impl Device {
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.state, State::Active | State::Retiring(..))
    }

    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, State::Active)
    }

    pub(crate) fn pending(&self) -> Option<&Pending> {
        match &self.state {
            State::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    /// Its time or tries are used up.
    pub(crate) fn expired(&self) -> Option<(DeviceId, Option<u8>)> {
        let pending = self.pending()?;
        (pending.left < 0 || pending.wrong >= 5).then_some((self.id, pending.session))
    }

    pub(crate) fn shows(&self, step: u64, code: &str) -> bool {
        self.settings.code(&self.secret, step) == code
    }

    /// The step that the device's own clock shows, as far as it is known.
    pub(crate) fn centre(&self, now: u64) -> i64 {
        (now / self.settings.period) as i64 + self.drift.total()
    }

    fn is_unused(&self, step: u64) -> bool {
        self.watermark.is_none_or(|mark| step > mark)
    }

    fn candidates(&self, now: u64, limits: &Limits) -> Vec<u64> {
        if self.settings.is_totp() {
            let centre = self.centre(now);
            (centre - limits.past..=centre + limits.future)
                .map(|step| step as u64)
                .collect()
        } else {
            let next = self.watermark.map_or(0, |mark| mark + 1);
            (next.saturating_sub(1)..=next + limits.look_ahead).collect()
        }
    }

    pub(crate) fn judge(&self, code: &str, now: u64, limits: &Limits) -> Shown {
        let mut shown = Shown {
            unused: None,
            used: None,
            distance: u64::MAX,
        };
        for step in self.candidates(now, limits) {
            if !self.shows(step, code) {
                continue;
            }
            if self.is_unused(step) {
                shown.unused = Some(step);
                shown.distance = match self.settings.is_totp() {
                    true => step.abs_diff(now / self.settings.period),
                    false => 0,
                };
            } else {
                shown.used = Some(step);
            }
        }
        shown
    }

    /// Two codes in a row, both unused: the step or counter of the second one.
    pub(crate) fn pair(&self, codes: &[String; 2], now: u64) -> Option<u64> {
        let firsts: Vec<u64> = if self.settings.is_totp() {
            let present = (now / self.settings.period) as i64;
            let reach = self.settings.reach();
            (present - reach - 1..present + reach)
                .map(|step| step as u64)
                .collect()
        } else {
            let next = self.watermark.map_or(0, |mark| mark + 1);
            (next..=next + 100).collect()
        };
        let is_pair = |first: &u64| {
            self.is_unused(*first)
                && self.shows(*first, &codes[0])
                && self.shows(first + 1, &codes[1])
        };
        firsts
            .into_iter()
            .rev()
            .find(is_pair)
            .map(|first| first + 1)
    }

    /// Takes a pair: both are burned, and the second one is the present.
    pub(crate) fn synchronize(&mut self, second: u64, now: u64, provisional: bool) {
        self.watermark = Some(second);
        if self.settings.is_totp() {
            let offset = second as i64 - (now / self.settings.period) as i64;
            self.drift.find(offset, provisional);
        }
    }

    pub(crate) fn burn(&mut self, step: u64) {
        self.watermark = Some(self.watermark.map_or(step, |mark| mark.max(step)));
    }

    /// What it may have shown up to now. A counter has shown nothing by time.
    pub(crate) fn burn_what_was_shown(&mut self, now: u64, future: i64) {
        if self.settings.is_totp() {
            self.burn((self.centre(now) + future) as u64);
        }
    }

    /// True if its clock is taken to be elsewhere from now on.
    pub(crate) fn learn(&mut self, step: u64, now: u64, limits: &Limits) -> bool {
        self.settings.is_totp() && {
            let off = step as i64 - self.centre(now);
            self.drift.learn(off, limits)
        }
    }

    /// Whether a wrong code is one of a clock that is off.
    pub(crate) fn seems_off(&self, code: &str, now: u64) -> bool {
        self.settings.is_totp() && {
            let (centre, reach) = (self.centre(now), self.settings.reach());
            (centre - reach..=centre + reach).any(|step| self.shows(step as u64, code))
        }
    }
}
