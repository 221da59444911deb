//! What becomes of what is submitted: codes at a login, of a new device, two in a row, and recovery
//! codes.

use secondfactor::{Code, RecoveryCode};

use super::super::browsers::Seat;
use super::super::device::{Device, Moves, State};
use super::wrong::{Wait, wait_of_resyncs};
use super::{Answered, Identity, Limits, Naive, Recovery, Said, Verdict};
use crate::model::pages::{Page, Sent, What};

impl Naive {
    pub(crate) fn verify(
        &mut self,
        code: Code,
        (page, seat): (Option<Page>, &Seat),
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge(now, |naive| {
            naive.judge_code(code, (page, seat), limits, now)
        })
    }

    fn judge_code(
        &mut self,
        code: Code,
        (page, seat): (Option<Page>, &Seat),
        limits: Limits,
        now: u64,
    ) -> Verdict {
        if !self.has_accepted() {
            return if self.was_confirmed {
                Said::NoDevice
            } else {
                Said::NotEnrolled
            }
            .into();
        }
        let side = self.side(seat, limits);
        if let Some(refusal) = self.refuse_side(side.1, limits) {
            return refusal;
        }
        let sent = Sent {
            what: What::Login(code),
            page,
        };
        if let Some(answered) = self.answered(&sent, |device| device.is_accepted()) {
            self.credited = self.number_of(answered.by);
            self.take_seat_again(side.0, seat, &answered);
            self.again = Some(answered);
            return Said::Yes.into();
        }
        let (mut replayed, mut found) = (None, Vec::new());
        for device in self
            .devices
            .iter_mut()
            .filter(|device| device.is_accepted())
        {
            let Some(last) = device.matches(code, limits, now).pop() else {
                continue;
            };
            if device.is_unused(last) {
                let lean = last.cmp(&device.centre(limits, now)) as i64;
                found.push((device.distance(last, limits, now), device.number, lean));
                device.burned.push(last);
            } else {
                replayed = Some((device.number, last));
            }
        }
        let nearest = found.into_iter().min_by_key(|(distance, ..)| *distance);
        match (nearest, replayed) {
            (Some((_, number, lean)), _) => {
                self.forgive_side(side.0, limits);
                self.let_in(number, lean, limits, now);
                let device = self.find_mut(number).identity;
                let made = self.take_seat(side.0, seat, device, now);
                self.remember_answer(number, sent, [side.0, made], now);
                Said::Yes.into()
            }
            (None, Some((number, step))) => self.refuse_replay(number, step),
            (None, None) => {
                self.add_wrong(side, limits);
                Said::Mismatch.into()
            }
        }
    }

    /// What was answered to the same by such a device, if it is still the same device.
    fn answered(&self, sent: &Sent, is_it: impl Fn(&Device) -> bool) -> Option<Answered> {
        let mut devices = self.devices.iter().filter(|device| is_it(device));
        devices.find_map(|device| {
            let answered = device.answered.as_ref()?;
            let is_to = answered.by == device.identity && answered.is_to(sent, self.lived);
            is_to.then(|| answered.clone())
        })
    }

    fn number_of(&self, identity: Identity) -> Option<u32> {
        let mut devices = self.devices.iter();
        let device = devices.find(|device| device.identity == identity)?;
        Some(device.number)
    }

    fn remember_answer(&mut self, number: u32, sent: Sent, browsers: [Option<u32>; 2], now: u64) {
        let when = (now, self.lived);
        let device = self.find_mut(number);
        let answered = Answered::new(sent.what, sent.page, device.identity, when);
        device.answered = answered.map(|answered| Answered {
            browsers,
            ..answered
        });
    }

    fn let_in(&mut self, number: u32, lean: i64, limits: Limits, now: u64) {
        self.credited = Some(number);
        let device = self.find_mut(number);
        device.last_used = Some(now);
        if device.moves != Moves::Counter {
            let is_two_sided = limits.past > 0 && limits.future > 0;
            device
                .offset
                .leans
                .push(if is_two_sided { lean } else { 0 });
            device.before_resync = None;
        }
    }

    /// The owner hears once of a step, and of none before it.
    fn refuse_replay(&mut self, number: u32, step: u64) -> Verdict {
        let told = &mut self.find_mut(number).told_replays;
        let is_first = told.iter().all(|told| *told < step);
        told.extend(is_first.then_some(step));
        Verdict {
            said: Said::Replayed,
            is_written: is_first,
        }
    }

    pub(crate) fn confirm(
        &mut self,
        (number, session): (u32, Option<&'static str>),
        (code, page, seat): (Code, Option<Page>, &Seat),
        limits: Limits,
        now: u64,
    ) -> Verdict {
        let sent = Sent {
            what: What::Confirmation(number, None, code),
            page,
        };
        let sent = Some((sent, seat));
        self.confirm_by((number, session), sent, limits, now, |device| {
            let last = device.matches(code, limits, now).pop();
            let unused = last.filter(|last| device.is_unused(*last));
            device.burned.extend(unused);
            unused.is_some()
        })
    }

    pub(crate) fn confirm_pair(
        &mut self,
        (number, session): (u32, Option<&'static str>),
        codes: [Code; 2],
        limits: Limits,
        now: u64,
    ) -> Verdict {
        let lived = self.lived_at(now);
        self.confirm_by((number, session), None, limits, now, |device| {
            let is_pair = device.resync(codes, now, lived);
            // There was no offset before.
            device.before_resync = None;
            is_pair
        })
    }

    fn confirm_by(
        &mut self,
        (number, session): (u32, Option<&'static str>),
        sent: Option<(Sent, &Seat)>,
        limits: Limits,
        now: u64,
        judge: impl FnOnce(&mut Device) -> bool,
    ) -> Verdict {
        let is_begun_here =
            |device: &&Device| device.number == number && device.is_begun_in(session);
        let lived = self.lived_at(now);
        let has_run_out = (self.devices.iter().find(is_begun_here))
            .is_some_and(|device| device.has_run_out(lived));
        self.judge(now, |naive| {
            if has_run_out {
                return Said::EnrollmentExpired.into();
            }
            let is_it = |device: &Device| device.number == number && device.is_active();
            let number_of_browser =
                (sent.as_ref()).and_then(|(_, seat)| naive.number_with(seat.cookie.as_deref()));
            if let Some((sent, seat)) = &sent
                && let Some(answered) = naive.answered(sent, is_it)
            {
                naive.take_seat_again(number_of_browser, seat, &answered);
                naive.again = Some(answered);
                return Said::Yes.into();
            }
            let Some(device) = naive.devices.iter().find(is_begun_here) else {
                return Said::UnknownDevice.into();
            };
            if naive.is_taken(&device.label, device.replaces()) {
                return Said::LabelTaken.into();
            }
            let device = naive.find_mut(number);
            let State::Pending(pending) = &mut device.state else {
                unreachable!()
            };
            pending.wrong_confirmations += 1;
            if !judge(device) {
                return Said::Mismatch.into();
            }
            naive.bind(number, number_of_browser, limits);
            if let Some((sent, seat)) = sent {
                let device = naive.find_mut(number).identity;
                let made = naive.take_seat(number_of_browser, seat, device, now);
                naive.remember_answer(number, sent, [number_of_browser, made], now);
            }
            Said::Yes.into()
        })
    }

    /// The device counts, then the one that it replaces retires. If it was begun for a disabled
    /// account, that has no other.
    fn bind(&mut self, number: u32, in_browser: Option<u32>, limits: Limits) {
        self.was_confirmed = true;
        let device = self.find_mut(number);
        let before = std::mem::replace(&mut device.state, State::Active);
        let successor = device.identity;
        let rebinds = matches!(&before, State::Pending(pending) if pending.rebinds);
        if let State::Pending(pending) = before
            && let Some(old) = pending.replaces
        {
            let until = self.lived + u128::from(old.grace);
            self.find_mut(old.number).state = State::Retiring { until, successor };
            let lived = self.lived;
            self.devices.retain(|device| !device.has_run_out(lived));
            if self.find(old.number).is_some() {
                self.limit_retiring_but(old.number, limits);
            }
        }
        if rebinds && self.is_disabled(limits) {
            self.devices.retain(|device| device.number == number);
            self.forget_browsers_but(in_browser);
            self.wrong.forgive();
            self.known.forgive();
        }
    }

    /// The ones that were enrolled first end, so that there is room for this one.
    fn limit_retiring_but(&mut self, this: u32, limits: Limits) {
        let is_other = |device: &Device| {
            matches!(device.state, State::Retiring { .. }) && device.number != this
        };
        while self.devices.iter().filter(|one| is_other(one)).count() >= limits.max_devices {
            let first = self.devices.iter().position(is_other).unwrap();
            self.devices.remove(first);
        }
    }

    pub(crate) fn resync(
        &mut self,
        number: u32,
        codes: [Code; 2],
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge(now, |naive| {
            if !naive.find(number).is_some_and(Device::is_accepted) {
                return Said::UnknownDevice.into();
            }
            if naive.is_disabled(limits) && !naive.has_working_browser(limits) {
                return naive.refuse_side(false, limits).unwrap();
            }
            if wait_of_resyncs(&naive.resyncs, naive.lived) != Wait::Nothing {
                return Said::Throttled.into();
            }
            naive.resyncs.push(naive.lived);
            let lived = naive.lived;
            if naive.find_mut(number).resync(codes, now, lived) {
                Said::Yes.into()
            } else {
                Said::Mismatch.into()
            }
        })
    }

    pub(crate) fn redeem(
        &mut self,
        code: &RecoveryCode,
        page: Option<Page>,
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge(now, |naive| {
            let lived = naive.lived;
            let sent = Sent {
                what: What::Recovery(code.expose_text().to_string()),
                page,
            };
            let answer = |set: &Recovery| {
                set.answered.clone().filter(|answered| {
                    answered.is_to(&sent, lived) && set.redemptions.contains(&answered.by)
                })
            };
            // Its first symbol says so. One that is gone is a wrong recovery code.
            let temporary = naive.temporary.as_mut().filter(|one| {
                let is_there = !one.set.left.is_empty() || answer(&one.set).is_some();
                is_there && code.expose_text().starts_with('Z')
            });
            let is_temporary = temporary.is_some();
            let set = match temporary {
                Some(temporary) => Some(&mut temporary.set),
                None => naive.recovery.as_mut(),
            };
            let Some(set) = set else {
                return Said::NoRecoveryCodes.into();
            };
            let answered = answer(set);
            if set.left.is_empty() && answered.is_none() {
                return Said::NoRecoveryCodes.into();
            }
            if let Some(refusal) = set.wrong.refuse(limits, limits.max_recovery(), lived) {
                return refusal;
            }
            if answered.is_some() {
                naive.again = answered;
                return Said::Yes.into();
            }
            let text = code.expose_text();
            let is_it = |left: &Option<String>| left.as_deref() == Some(&*text);
            let Some(at) = set.left.iter().position(is_it) else {
                set.wrong.add(lived, limits.max_recovery());
                return Said::Mismatch.into();
            };
            set.left.remove(at);
            set.wrong.forgive();
            let redemption = Identity::new();
            set.redemptions.push(redemption);
            set.answered = Answered::new(sent.what, page, redemption, (now, lived));
            // At most ten, the last ones.
            let too_many = set.redemptions.len().saturating_sub(10);
            set.redemptions.drain(..too_many);
            naive.end_trust(|_| true);
            naive.redemption = Some(redemption);
            if let Some(temporary) = naive.temporary.as_mut().filter(|_| is_temporary) {
                temporary.until = temporary.until.max(lived + 900);
            }
            Said::Yes.into()
        })
    }
}
