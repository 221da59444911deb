//! What owners and operators change of what is there.

use secondfactor::account::VouchedBy;

use super::super::device::{Device, Offset, State};
use super::wrong::Wrong;
use super::{Identity, Limits, Naive, Recovery, Said, Verdict};
use crate::model::proven::Proven;

impl Naive {
    pub(crate) fn rename(&mut self, proven: &Proven, number: u32, to: &str, now: u64) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            let Some(device) = naive.find(number) else {
                return Said::UnknownDevice.into();
            };
            if naive.is_taken(to, device.replaces().or(Some(number))) {
                return Said::LabelTaken.into();
            }
            let before = naive.find_mut(number).label.clone();
            for device in &mut naive.devices {
                // What is to take its place is called as it is, unless it has got a name of its own.
                let is_successor = device.replaces() == Some(number) && device.label == before;
                if device.number == number || is_successor {
                    device.label = to.to_owned();
                }
            }
            Said::Yes.into()
        })
    }

    /// Nobody could log in without it, or by one that retires alone.
    fn is_last(&self, number: u32) -> bool {
        let mut others = self.devices.iter().filter(|device| device.number != number);
        self.find(number).is_some_and(Device::is_accepted) && !others.any(Device::is_active)
    }

    pub(crate) fn suspend(&mut self, proven: &Proven, number: u32, now: u64) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if naive.is_last(number) && !proven.is_redemption() {
                return Said::LastDevice.into();
            }
            if !naive.find(number).is_some_and(Device::is_active) {
                return Said::UnknownDevice.into();
            }
            naive.find_mut(number).state = State::Suspended;
            Said::Yes.into()
        })
    }

    pub(crate) fn resume(
        &mut self,
        proven: &Proven,
        number: u32,
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if proven.is_redemption() {
                return Said::DeviceRequired.into();
            }
            let is_suspended = |device: &Device| matches!(device.state, State::Suspended);
            if !naive.find(number).is_some_and(is_suspended) {
                return Said::UnknownDevice.into();
            }
            let device = naive.find_mut(number);
            device.state = State::Active;
            device.identity = Identity::new();
            device.burn_shown(limits, now);
            Said::Yes.into()
        })
    }

    pub(crate) fn revoke(&mut self, proven: &Proven, number: u32, now: u64) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            naive.remove(number, proven.is_redemption()).into()
        })
    }

    pub(crate) fn revoke_unproven(&mut self, number: u32, now: u64) -> Verdict {
        self.judge(now, |naive| naive.remove(number, false).into())
    }

    fn remove(&mut self, number: u32, may_be_last: bool) -> Said {
        if self.is_last(number) && !may_be_last {
            return Said::LastDevice;
        }
        if self.find(number).is_none() {
            return Said::UnknownDevice;
        }
        self.devices.retain(|device| device.number != number);
        Said::Yes
    }

    pub(crate) fn keep_only(
        &mut self,
        proven: &Proven,
        numbers: &[u32],
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if numbers.is_empty() && !proven.is_redemption() {
                return Said::LastDevice.into();
            }
            let is_active = |number: &u32| naive.find(*number).is_some_and(Device::is_active);
            if !numbers.iter().all(is_active) {
                return Said::UnknownDevice.into();
            }
            naive
                .devices
                .retain(|device| numbers.contains(&device.number));
            naive.kept = (naive.devices.iter())
                .find(|device| device.identity == proven.identity)
                .map(|device| device.number);
            // Whoever has a proof of one of them has none from now on.
            for device in &mut naive.devices {
                // Somebody else may have said where its clock stands, and seen what it showed.
                if device.identity != proven.identity {
                    (device.offset, device.before_resync) = (Offset::default(), None);
                }
                device.burn_shown(limits, now);
                device.identity = Identity::new();
            }
            naive.forget_browsers_but(None);
            if let Some(set) = &mut naive.recovery {
                set.left.clear();
                set.is_void = true;
                set.redemptions
                    .retain(|redemption| *redemption == proven.identity);
            }
            if !naive.has_redeemed_temporary(proven.identity) {
                naive.temporary = None;
            }
            Said::Yes.into()
        })
    }

    pub(crate) fn unlock(&mut self, now: u64) -> Verdict {
        self.judge(now, |naive| {
            naive.wrong.forgive();
            naive.known.forgive();
            naive.sets().for_each(|set| set.wrong.forgive());
            Said::Yes.into()
        })
    }

    /// A set takes its redemptions with it, but for the one that issues the next.
    pub(crate) fn issue(
        &mut self,
        proven: &Proven,
        replaces: Option<Identity>,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if naive.recovery.as_ref().map(|set| set.identity) != replaces {
                return Said::OtherRecoveryCodes.into();
            }
            naive.temporary = None;
            let by_redemption = proven.is_redemption().then_some(proven.identity);
            naive.recovery = Some(Recovery {
                identity: Identity::new(),
                vouched_by: proven.as_ground().1,
                issued: now,
                left: vec![None; 10],
                redemptions: by_redemption.into_iter().collect(),
                wrong: Wrong::default(),
                is_void: false,
                answered: None,
            });
            Said::Yes.into()
        })
    }

    /// Whether the oldest redemption made room.
    pub(crate) fn forgets_one(&self, before: &Self) -> bool {
        let redemptions = |naive: &Self| {
            let set = naive.recovery.as_ref();
            set.map_or(Vec::new(), |set| set.redemptions.clone())
        };
        let (now, before) = (redemptions(self), redemptions(before));
        before.len() == 10 && now.len() == 10 && now != before
    }

    /// Who vouched for the codes that are left, and when they were issued.
    pub(crate) fn codes_by(&self) -> Option<(VouchedBy, u64)> {
        let set = self.recovery.as_ref().filter(|set| !set.left.is_empty())?;
        Some((set.vouched_by, set.issued))
    }
}
