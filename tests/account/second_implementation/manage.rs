//! What a proof changes, and what an operator changes without one.

use secondfactor::account::DeviceId;

use super::account::{Account, Judged, Proof, no};
use super::device::{Device, Drift, State};
use super::enroll::New;
use super::login::Done;

impl Account {
    pub(crate) fn rename(&mut self, proof: &Proof, id: DeviceId, label: &str) -> Judged<Done> {
        self.check(proof)?;
        let Some(before) = self.device(id).map(|device| device.label.clone()) else {
            return no("UnknownDevice");
        };
        let pending = self.device(id).and_then(Device::pending);
        let replaced = pending.and_then(|pending| pending.replaces.as_ref().map(|old| old.id));
        self.check_label(label, Some(replaced.unwrap_or(id)))?;
        for device in &mut self.devices {
            let replaced = device
                .pending()
                .and_then(|pending| pending.replaces.as_ref());
            let rotation = replaced.is_some_and(|old| old.id == id) && device.label == before;
            if device.id == id || rotation {
                device.label = label.into();
                self.told.push("renamed");
            }
        }
        Ok(Done::default())
    }

    pub(crate) fn suspend(&mut self, proof: &Proof, id: DeviceId) -> Judged<Done> {
        self.check(proof)?;
        if !self.device(id).is_some_and(Device::is_active) {
            return no("UnknownDevice");
        }
        if self.is_last_active(id) && !proof.is_redemption() {
            return no("LastDevice");
        }
        let device = self.device_mut(id).unwrap();
        device.state = State::Suspended;
        device.answer = None;
        self.tell("suspended");
        Ok(Done::default())
    }

    pub(crate) fn resume(&mut self, proof: &Proof, id: DeviceId) -> Judged<Done> {
        self.check(proof)?;
        if proof.is_redemption() {
            return no("DeviceRequired");
        }
        let suspended = |device: &&Device| matches!(device.state, State::Suspended);
        if self.device(id).filter(suspended).is_none() {
            return no("UnknownDevice");
        }
        let (now, credential) = (self.now, self.credential());
        let device = self.device_mut(id).unwrap();
        device.state = State::Active;
        device.credential = credential;
        device.burn_what_was_shown(now, 0);
        self.tell("resumed");
        Ok(Done::default())
    }

    pub(crate) fn revoke(&mut self, proof: &Proof, id: DeviceId) -> Judged<Done> {
        self.check(proof)?;
        let Some(place) = self.devices.iter().position(|device| device.id == id) else {
            return no("UnknownDevice");
        };
        if self.is_last_active(id) && !proof.is_redemption() {
            return no("LastDevice");
        }
        self.end(place);
        Ok(Done::default())
    }

    pub(crate) fn keep_only(&mut self, proof: &Proof, kept: &[DeviceId]) -> Judged<Done> {
        self.check(proof)?;
        if kept
            .iter()
            .any(|id| !self.device(*id).is_some_and(Device::is_active))
        {
            return no("UnknownDevice");
        }
        if kept.is_empty() && !proof.is_redemption() {
            return no("LastDevice");
        }
        while let Some(place) = self
            .devices
            .iter()
            .position(|device| !kept.contains(&device.id))
        {
            self.end(place);
        }
        let own = |credential: &u64| *credential == proof.credential;
        if let Some(set) = &mut self.recovery {
            let before = set.unused.len() + set.redemptions.len();
            set.unused.clear();
            set.redemptions.retain(own);
            if before > set.redemptions.len() {
                self.tell("recovery_codes_voided");
            }
        }
        let by_temporary = self
            .temporary
            .as_ref()
            .is_some_and(|(_, set)| set.redemptions.iter().any(own));
        if !by_temporary && self.temporary.take().is_some() {
            self.tell("temporary_code_ended");
        }
        self.forget_all_but(None);
        let mut returned = proof.is_redemption().then(|| proof.clone());
        let now = self.now;
        for place in 0..self.devices.len() {
            let credential = self.credential();
            let device = &mut self.devices[place];
            let gave = device.credential == proof.credential;
            device.credential = credential;
            device.answer = None;
            if gave {
                let proof = Proof {
                    credential,
                    ..proof.clone()
                };
                returned = Some(proof);
            } else {
                device.drift = Drift::default();
            }
            device.burn_what_was_shown(now, 0);
        }
        self.tell("kept_only");
        let text = match &returned {
            Some(proof) => format!("proof of {}", proof.at),
            None => "no proof".into(),
        };
        let proof = returned.map(|proof| Proof {
            browser: None,
            ..proof
        });
        Ok(Done { text, proof })
    }

    pub(crate) fn revoke_unproven(&mut self, id: DeviceId) -> Judged<Done> {
        let Some(place) = self.devices.iter().position(|device| device.id == id) else {
            return no("UnknownDevice");
        };
        if self.is_last_active(id) {
            return no("LastDevice");
        }
        self.devices.remove(place);
        self.tell("revoked_unproven");
        Ok(Done::default())
    }

    pub(crate) fn unlock(&mut self) -> Judged<Done> {
        self.strangers.forgive();
        self.known.forgive();
        if let Some(set) = &mut self.recovery {
            set.throttle.forgive();
        }
        if let Some((_, set)) = &mut self.temporary {
            set.throttle.forgive();
        }
        self.tell("unlocked_unproven");
        Ok(Done::default())
    }

    pub(crate) fn import(
        &mut self,
        news: &[New],
        ids: &[DeviceId],
        last_used: Option<u64>,
    ) -> Judged<Done> {
        if news.is_empty() {
            return no("NothingToImport");
        }
        if news.iter().any(|new| new.secret.is_none()) {
            return no("SecretRequired");
        }
        let secrets = || news.iter().map(|new| new.secret.as_ref().unwrap());
        if self.was_confirmed {
            let has = |secret: &Vec<u8>| {
                let same = |device: &Device| device.secret == *secret && device.pending().is_none();
                self.devices.iter().any(same)
            };
            return match secrets().all(has) {
                true => Ok(Done::default()),
                false => no("ProofRequired"),
            };
        }
        for (place, secret) in secrets().enumerate() {
            if secrets().take(place).any(|other| other == secret) {
                return no("DuplicateSecret");
            }
        }
        for (place, new) in news.iter().enumerate() {
            if news
                .iter()
                .take(place)
                .any(|other| other.label == new.label)
            {
                return no("LabelTaken");
            }
        }
        if news.len() > self.limits.devices {
            return no("TooManyDevices");
        }
        while !self.devices.is_empty() {
            self.end(0);
        }
        let now = self.now;
        for (new, id) in news.iter().zip(ids) {
            let voucher = self.voucher("Operator");
            let secret = new.secret.clone().unwrap();
            let mut device = self.make(new, *id, secret, State::Active, voucher);
            device.last_used = last_used.map(|used| used.min(now));
            device.burn_what_was_shown(now, self.limits.future);
            self.devices.push(device);
            self.tell("imported");
        }
        self.was_confirmed = true;
        Ok(Done::default())
    }
}
