//! One date, and what has run out since. What was begun ends with what it rests on.

use super::super::device::{Device, Pending, State};
use super::{Browser, DAY, Identity, Lived, Naive, Said, Verdict};
use crate::model::proven::{Ground, Proven};

/// Servers' clocks may differ by so many seconds.
const TOLERANCE: u64 = 5;

impl Naive {
    /// What every command does: time passes, what has run out goes, and what rested on what is gone
    /// goes too.
    pub(super) fn judge(
        &mut self,
        now: u64,
        command: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        (self.again, self.handed) = (None, None);
        let goes_back = self.let_time_pass(now);
        self.end_what_lost_its_ground();
        let Verdict { said, is_written } = command(self);
        self.end_what_lost_its_ground();
        Verdict {
            said,
            is_written: is_written || goes_back,
        }
    }

    /// The same, for a command that takes a proof.
    pub(crate) fn judge_proven(
        &mut self,
        proven: &Proven,
        now: u64,
        command: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        self.judge_grounded(&proven.ground(), now, command)
    }

    /// The same, for one that is not kept.
    pub(crate) fn judge_grounded(
        &mut self,
        ground: &Ground,
        now: u64,
        command: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        self.judge(now, |naive| match naive.refuses_ground(ground, now) {
            Some(said) => said.into(),
            None => command(naive),
        })
    }

    /// What is there at this time, whether it is written or not.
    pub(crate) fn seen_at(&self, now: u64) -> Self {
        let mut seen = self.clone();
        seen.let_time_pass(now);
        seen.end_what_lost_its_ground();
        seen
    }

    pub(crate) fn goes_back(&self, now: u64) -> bool {
        self.last_change
            .is_some_and(|last| now.saturating_add(TOLERANCE) < last)
    }

    /// Returns whether the clock went back.
    fn let_time_pass(&mut self, now: u64) -> bool {
        let (goes_back, last) = (self.goes_back(now), self.last_change.unwrap_or(now));
        self.lived += Lived::from(now.saturating_sub(last));
        if goes_back {
            self.epoch += 1;
            // The proofs of before don't stand.
            self.devices
                .iter_mut()
                .for_each(|device| device.answered = None);
            self.sets().for_each(|set| set.answered = None);
            self.end_trust(|_| true);
            self.last_change = Some(now);
        } else {
            self.last_change = Some(last.max(now));
        }
        let lived = self.lived;
        self.temporary.take_if(|one| one.until <= lived);
        self.devices.retain(|device| !device.has_run_out(lived));
        for device in &mut self.devices {
            // A resynchronization holds for a day, if no success confirms it.
            if device
                .before_resync
                .as_ref()
                .is_some_and(|(at, _)| lived - at > DAY.into())
            {
                device.offset = device.before_resync.take().unwrap().1;
            }
        }
        goes_back
    }

    fn end_what_lost_its_ground(&mut self) {
        // What ends may be the ground of another one.
        loop {
            let there = self.clone();
            self.devices.retain(|device| match &device.state {
                State::Pending(pending) => there.has_its_ground(pending),
                State::Retiring { successor, .. } => (there.devices.iter())
                    .any(|device| device.is_accepted() && device.identity == *successor),
                _ => true,
            });
            if self.devices.len() == there.devices.len() {
                return self.end_trust(|browser| !there.is_active(browser.device));
            }
        }
    }

    pub(super) fn end_trust(&mut self, ends: impl Fn(&Browser) -> bool) {
        let mut ended = self.browsers.iter_mut();
        while let Some(browser) = ended.find(|browser| ends(browser)) {
            browser.trusted = None;
        }
    }

    fn has_its_ground(&self, pending: &Pending) -> bool {
        let begun = match pending.rests_on {
            Some(identity) => self.stands(identity),
            None => !self.devices.iter().any(Device::is_active),
        };
        let replaced = (pending.replaces.as_ref()).is_none_or(|old| self.is_active(old.identity));
        begun && replaced
    }

    fn is_active(&self, identity: Identity) -> bool {
        let is_it = |device: &Device| device.is_active() && device.identity == identity;
        self.devices.iter().any(is_it)
    }

    /// An active device, or a remembered redemption.
    fn stands(&self, identity: Identity) -> bool {
        let recovery = self.recovery.as_ref();
        self.is_active(identity)
            || self.has_redeemed_temporary(identity)
            || recovery.is_some_and(|set| set.redemptions.contains(&identity))
    }

    /// Why a proof is none for a change; nothing if it is one.
    pub(crate) fn refuses(&self, proven: &Proven, now: u64) -> Option<Said> {
        self.refuses_ground(&proven.ground(), now)
    }

    fn refuses_ground(&self, proven: &Ground, now: u64) -> Option<Said> {
        let lifetime = if proven.is_redemption { 900 } else { 300 };
        if proven.at > now.saturating_add(TOLERANCE) {
            Some(Said::FromTheFuture)
        } else if now.saturating_sub(proven.at) > lifetime {
            Some(Said::TooOld)
        } else if !self.stands(proven.identity) || proven.epoch != self.epoch {
            Some(Said::Ended)
        } else {
            None
        }
    }

    /// Which rule a fresh proof has ended by.
    pub(crate) fn why_ended(&self, proven: &Proven, now: u64) -> Option<&'static str> {
        let is_fresh = self.refuses(proven, now) == Some(Said::Ended);
        let is_there = |device: &Device| device.identity == proven.identity;
        let device = self.devices.iter().find(|device| is_there(device));
        is_fresh.then(|| match device.map(|device| &device.state) {
            _ if proven.epoch != self.epoch => "a proof of another epoch",
            Some(State::Retiring { .. }) => "a proof of a retiring device",
            Some(State::Suspended) => "a proof of a suspended device",
            _ if proven.is_redemption() => "a proof of an ended redemption",
            _ => "a proof of a device that is gone, or was resumed",
        })
    }

    /// What pending devices have lost by a command, if they have not run out.
    pub(crate) fn lost_grounds(&self, after: &Self) -> Vec<&'static str> {
        let lost = |device: &Device| match &device.state {
            State::Pending(_) if device.has_run_out(after.lived) => None,
            State::Pending(pending) if after.has_its_ground(pending) => None,
            State::Pending(Pending { rests_on: None, .. }) => Some("opting in ended"),
            State::Pending(Pending {
                rests_on: Some(ground),
                ..
            }) if after.stands(*ground) => Some("what it replaces ended"),
            State::Pending(_) => Some("what began it ended"),
            _ => None,
        };
        self.devices.iter().filter_map(lost).collect()
    }

    /// What a session that began with it is told: it may be old, and its device may retire.
    pub(crate) fn session(&self, proven: &Proven, now: u64) -> Said {
        let shows = |device: &Device| device.is_accepted() && device.identity == proven.identity;
        let goes_on = self.stands(proven.identity) || self.devices.iter().any(shows);
        if proven.at() > now.saturating_add(TOLERANCE) {
            Said::FromTheFuture
        } else if !goes_on || proven.epoch != self.epoch {
            Said::Ended
        } else {
            Said::Yes
        }
    }
}
