//! What an account should be, told as simply as it goes: lists of what happened, looked through from the start.

use std::rc::Rc;

use secondfactor::account::Lock;
use secondfactor::codes::{Algorithm, Digits, Secret};
use secondfactor::{Code, RecoveryCode, Status};

use super::device::{Device, Moves, State};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Yes,
    Mismatch,
    Replayed,
    Throttled,
    Disabled,
    NotEnrolled,
    UnknownDevice,
    ProofRequired,
    Stale,
    LastDevice,
    DuplicateSecret,
    NoRecoveryCodes,
    TooManyDevices,
    LabelTaken,
    EnrollmentExpired,
    StoreFailed,
    Contended,
    /// The server died before it could say anything.
    Nothing,
}

impl Said {
    /// A yes and a wrong code are judgements, and charged; all else is said without a change.
    pub(crate) fn is_judgement(self) -> bool {
        matches!(self, Self::Yes | Self::Mismatch)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) past: u64,
    pub(crate) future: u64,
    pub(crate) look_ahead: u64,
    pub(crate) max_devices: usize,
    pub(crate) free_tries: usize,
    pub(crate) first_wait: u64,
    pub(crate) max_wait: u64,
    pub(crate) max_failures: usize,
    pub(crate) grace: u64,
}

pub(crate) const DAY: u64 = 24 * 3600;

/// The wrong codes of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrong {
    pub(crate) in_a_row: Vec<u64>,
    pub(crate) ever: Vec<u64>,
}

impl Wrong {
    fn add(&mut self, now: u64) {
        self.in_a_row.push(now);
        self.ever.push(now);
    }

    /// What the lock must be, if no clock ever went back.
    pub(crate) fn lock(&self, limits: Limits, now: u64) -> Lock {
        let count = self.in_a_row.len();
        if count >= limits.max_failures {
            return Lock::Disabled;
        }
        let wait = (0..(count + 1).saturating_sub(limits.free_tries)).fold(0, |wait: u64, _| {
            if wait == 0 {
                limits.first_wait
            } else {
                (2 * wait).min(limits.max_wait)
            }
        });
        let waits_until = self
            .in_a_row
            .last()
            .map_or(0, |last| last.saturating_add(wait));
        let until = waits_until.max(leaks_until(&self.ever, 15, DAY / 10));
        if until > now {
            Lock::Until(secondfactor::codes::UnixTime::from_secs(until))
        } else {
            Lock::Open
        }
    }
}

/// When a bucket of `burst` that leaks one each `interval` has room again.
pub(crate) fn leaks_until(drops: &[u64], burst: u64, interval: u64) -> u64 {
    let (mut level, mut last) = (0, 0);
    for drop in drops {
        level = u64::saturating_sub(level, drop - last) + interval;
        last = *drop;
    }
    last.saturating_add(level.saturating_sub((burst - 1) * interval))
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recovery {
    /// Who redeemed a code before proves nothing by it.
    pub(crate) issued: u64,
    /// The text of each code that is left; nobody's if the answer that showed it was lost.
    pub(crate) left: Vec<Option<String>>,
    pub(crate) wrong: Wrong,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    pub(crate) devices: Vec<Device>,
    pub(crate) enrolled_ever: u32,
    pub(crate) wrong: Wrong,
    pub(crate) resyncs: Vec<u64>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) last_change: Option<u64>,
    /// The device that the last command let in.
    pub(crate) credited: Option<u32>,
}

/// A device to be enrolled.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) label: String,
    pub(crate) secret: Option<Rc<Secret>>,
    pub(crate) moves: Moves,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    pub(crate) first_counter: u64,
}

impl Naive {
    pub(crate) fn find(&self, number: u32) -> Option<&Device> {
        self.devices.iter().find(|device| device.number == number)
    }

    fn find_mut(&mut self, number: u32) -> &mut Device {
        self.devices
            .iter_mut()
            .find(|device| device.number == number)
            .unwrap()
    }

    /// Whether what a device showed then still proves anything.
    pub(crate) fn still_counts(&self, number: u32, at: u64, now: u64) -> bool {
        self.find(number)
            .is_some_and(|device| device.is_live(now) && device.created <= at.saturating_add(5))
    }

    pub(crate) fn has_live(&self, now: u64) -> bool {
        self.devices.iter().any(|device| device.is_live(now))
    }

    /// What every change does first.
    pub(crate) fn drop_what_is_over(&mut self, now: u64) {
        self.last_change = Some(now);
        self.credited = None;
        self.devices.retain(|device| match device.state {
            State::Retiring { .. } => device.is_live(now),
            State::Pending { .. } => !device.has_expired(now),
            _ => true,
        });
    }

    pub(crate) fn is_disabled(&self, limits: Limits) -> bool {
        self.wrong.in_a_row.len() >= limits.max_failures
    }

    pub(crate) fn verify(&mut self, code: Code, limits: Limits, now: u64, seen: &Status) -> Said {
        self.drop_what_is_over(now);
        if !self.has_live(now) {
            return Said::NotEnrolled;
        }
        match seen.lock() {
            Lock::Open => {}
            Lock::Disabled => return Said::Disabled,
            _ => return Said::Throttled,
        }
        let (mut is_known, mut found) = (false, Vec::new());
        for device in self.devices.iter_mut().filter(|device| device.is_live(now)) {
            let Some(last) = device.matches(code, limits, now).pop() else {
                continue;
            };
            is_known = true;
            if device.is_unused(last) {
                found.push((
                    device.distance(last, now),
                    device.number,
                    last.cmp(&device.centre(now)) as i64,
                ));
                device.burned.push(last);
            }
        }
        if let Some((_, number, lean)) = found.into_iter().min_by_key(|(distance, ..)| *distance) {
            self.wrong.in_a_row.clear();
            self.credited = Some(number);
            let device = self.find_mut(number);
            device.settled = device.drift(now);
            device.before_resync = None;
            let is_two_sided = limits.past > 0 && limits.future > 0;
            device
                .leans
                .push(if device.moves == Moves::Counter || !is_two_sided {
                    0
                } else {
                    lean
                });
            return Said::Yes;
        }
        if is_known {
            return Said::Replayed;
        }
        self.wrong.add(now);
        Said::Mismatch
    }

    pub(crate) fn confirm(&mut self, number: u32, code: Code, limits: Limits, now: u64) -> Said {
        self.confirm_by(number, limits, now, |device| {
            let last = device
                .matches(code, limits, now)
                .pop()
                .filter(|last| device.is_unused(*last));
            last.map(|last| device.burned.push(last)).is_some()
        })
    }

    pub(crate) fn confirm_pair(
        &mut self,
        number: u32,
        codes: [Code; 2],
        limits: Limits,
        now: u64,
    ) -> Said {
        self.confirm_by(number, limits, now, |device| {
            device
                .pair_matches(codes, now)
                .map(|second| device.resync(second, now))
                .is_some()
        })
    }

    fn confirm_by(
        &mut self,
        number: u32,
        limits: Limits,
        now: u64,
        judge: impl FnOnce(&mut Device) -> bool,
    ) -> Said {
        let Some(device) = self.find(number) else {
            return Said::UnknownDevice;
        };
        let State::Pending { replaces } = device.state else {
            return Said::UnknownDevice;
        };
        if device.has_expired(now) {
            return Said::EnrollmentExpired;
        }
        if self.is_taken(&device.label, replaces) {
            return Said::LabelTaken;
        }
        self.drop_what_is_over(now);
        let opts_in = self.devices.iter().all(Device::is_pending);
        let device = self.find_mut(number);
        if !judge(device) {
            device.wrong_confirmations.push(now);
            return Said::Mismatch;
        }
        device.state = State::Active;
        self.devices
            .retain(|device| !opts_in || device.number == number);
        if let Some(old) = replaces.filter(|old| self.find(*old).is_some()) {
            let device = self.find_mut(old);
            if device.state == State::Active {
                device.state = State::Retiring {
                    until: now.saturating_add(limits.grace),
                };
            }
            self.devices
                .retain(|device| device.number != old || device.is_live(now));
            let is_retiring = |device: &Device| matches!(device.state, State::Retiring { .. });
            while self
                .devices
                .iter()
                .filter(|device| is_retiring(device))
                .count()
                > limits.max_devices
            {
                let first = self.devices.iter().position(is_retiring).unwrap();
                self.devices.remove(first);
            }
        }
        if self.is_disabled(limits) {
            self.devices.retain(|device| device.number == number);
            self.wrong.in_a_row.clear();
        }
        Said::Yes
    }

    fn is_taken(&self, label: &str, except: Option<u32>) -> bool {
        self.devices.iter().any(|device| {
            device.is_kept() && device.label == label && Some(device.number) != except
        })
    }

    pub(crate) fn enroll(&mut self, form: &Form, limits: Limits, now: u64) -> Said {
        self.drop_what_is_over(now);
        if self.devices.iter().any(|device| !device.is_pending()) {
            return Said::ProofRequired;
        }
        self.push(form, None, limits, now)
    }

    pub(crate) fn enroll_another(&mut self, form: &Form, limits: Limits, now: u64) -> Said {
        self.drop_what_is_over(now);
        self.push(form, None, limits, now)
    }

    pub(crate) fn rotate(&mut self, number: u32, limits: Limits, now: u64) -> Said {
        self.drop_what_is_over(now);
        let Some(old) = self.find(number).filter(|old| old.state == State::Active) else {
            return Said::UnknownDevice;
        };
        let form = Form {
            label: old.label.clone(),
            secret: None,
            moves: old.moves,
            algorithm: old.algorithm,
            digits: old.digits,
            first_counter: 0,
        };
        self.push(&form, Some(number), limits, now)
    }

    fn push(&mut self, form: &Form, replaces: Option<u32>, limits: Limits, now: u64) -> Said {
        if self.is_taken(&form.label, replaces) {
            return Said::LabelTaken;
        }
        let has = |secret: &Rc<Secret>| {
            let known = self
                .devices
                .iter()
                .filter_map(|device| device.secret.as_ref());
            known
                .into_iter()
                .any(|known| known.expose_bytes() == secret.expose_bytes())
        };
        if form.secret.as_ref().is_some_and(has) {
            return Said::DuplicateSecret;
        }
        if replaces.is_some() {
            self.devices
                .retain(|device| device.state != State::Pending { replaces });
        } else {
            let in_rotation = |state| {
                matches!(
                    state,
                    State::Retiring { .. } | State::Pending { replaces: Some(_) }
                )
            };
            if self
                .devices
                .iter()
                .filter(|device| !in_rotation(device.state))
                .count()
                >= limits.max_devices
            {
                let waiting = self
                    .devices
                    .iter()
                    .position(|device| device.state == State::Pending { replaces: None });
                let Some(waiting) = waiting else {
                    return Said::TooManyDevices;
                };
                self.devices.remove(waiting);
            }
        }
        self.enrolled_ever += 1;
        self.devices.push(Device {
            number: self.enrolled_ever,
            label: form.label.clone(),
            secret: form.secret.clone(),
            moves: form.moves,
            algorithm: form.algorithm,
            digits: form.digits,
            created: now,
            state: State::Pending { replaces },
            wrong_confirmations: Vec::new(),
            burned: form.first_counter.checked_sub(1).into_iter().collect(),
            leans: Vec::new(),
            settled: 0,
            resyncs: Vec::new(),
            before_resync: None,
        });
        Said::Yes
    }

    pub(crate) fn resync(
        &mut self,
        number: u32,
        codes: [Code; 2],
        limits: Limits,
        now: u64,
        is_full: bool,
    ) -> Said {
        self.drop_what_is_over(now);
        if self
            .find(number)
            .filter(|device| device.is_live(now))
            .is_none()
        {
            return Said::UnknownDevice;
        }
        if self.is_disabled(limits) {
            return Said::Disabled;
        }
        if is_full {
            return Said::Throttled;
        }
        self.resyncs.push(now);
        let device = self.find_mut(number);
        match device.pair_matches(codes, now) {
            Some(second) => {
                device.resync(second, now);
                Said::Yes
            }
            None => Said::Mismatch,
        }
    }

    pub(crate) fn rename(&mut self, number: u32, label: &str, now: u64) -> Said {
        self.drop_what_is_over(now);
        if self.is_taken(label, Some(number)) {
            return Said::LabelTaken;
        }
        if self.find(number).is_none() {
            return Said::UnknownDevice;
        }
        self.find_mut(number).label = label.to_owned();
        Said::Yes
    }

    fn is_last(&self, number: u32, now: u64) -> bool {
        self.find(number).is_some_and(|device| device.is_live(now))
            && !self
                .devices
                .iter()
                .any(|other| other.number != number && other.state == State::Active)
    }

    pub(crate) fn suspend(&mut self, number: u32, now: u64) -> Said {
        self.drop_what_is_over(now);
        if self.is_last(number, now) {
            return Said::LastDevice;
        }
        let said = self.change_state(number, State::Active, State::Suspended);
        self.devices
            .retain(|device| said != Said::Yes || !device.is_pending());
        said
    }

    pub(crate) fn resume(&mut self, number: u32, now: u64) -> Said {
        self.drop_what_is_over(now);
        self.change_state(number, State::Suspended, State::Active)
    }

    fn change_state(&mut self, number: u32, from: State, to: State) -> Said {
        if self.find(number).is_none_or(|device| device.state != from) {
            return Said::UnknownDevice;
        }
        self.find_mut(number).state = to;
        Said::Yes
    }

    pub(crate) fn revoke(&mut self, number: u32, now: u64) -> Said {
        self.drop_what_is_over(now);
        if self.is_last(number, now) {
            return Said::LastDevice;
        }
        if self.find(number).is_none() {
            return Said::UnknownDevice;
        }
        self.devices
            .retain(|device| device.number != number && !device.is_pending());
        Said::Yes
    }

    pub(crate) fn unlock(&mut self, now: u64) -> Said {
        self.drop_what_is_over(now);
        self.wrong.in_a_row.clear();
        Said::Yes
    }

    pub(crate) fn issue(&mut self, issued: u64, now: u64) -> Said {
        self.drop_what_is_over(now);
        if !self.has_live(now) {
            return Said::NotEnrolled;
        }
        self.recovery = Some(Recovery {
            issued,
            left: vec![None; 10],
            wrong: Wrong::default(),
        });
        Said::Yes
    }

    pub(crate) fn redeem(&mut self, code: &RecoveryCode, now: u64, seen: &Status) -> Said {
        self.drop_what_is_over(now);
        let Some(recovery) = self
            .recovery
            .as_mut()
            .filter(|recovery| !recovery.left.is_empty())
        else {
            return Said::NoRecoveryCodes;
        };
        match seen.recovery_lock() {
            Lock::Open => {}
            Lock::Disabled => return Said::Disabled,
            _ => return Said::Throttled,
        }
        let text = code.expose_text();
        match recovery
            .left
            .iter()
            .position(|left| left.as_deref() == Some(&*text))
        {
            Some(at) => {
                recovery.left.remove(at);
                recovery.wrong.in_a_row.clear();
                Said::Yes
            }
            None => {
                recovery.wrong.add(now);
                Said::Mismatch
            }
        }
    }
}
