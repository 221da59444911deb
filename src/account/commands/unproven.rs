//! What operators do without a proof of the second factor.

use crate::account::actor::Actor;
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::device::entry::{Device, Pending, State};
use crate::account::device::id::DeviceId;
use crate::account::device::new_device::NewDevice;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::state::Account;
use crate::account::voucher::{VouchedBy, Voucher};
use crate::codes::UnixTime;
use crate::sealing::Keyring;

impl Account {
    /// Revokes a device for an operator, without proof of a second factor.
    ///
    /// Call it only after the owner's identity was proved again.
    ///
    /// # Errors
    /// * [`Error::UnknownDevice`] if there is no such device.
    /// * [`Error::LastDevice`] if it is the last active device.
    pub fn danger_revoke_unproven(
        self,
        actor: &Actor,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.judge(now, |account| {
            let device = account.device(id)?;
            let (label, serial) = (device.label.clone(), device.serial.clone());
            let mut others = account.devices.iter().filter(|device| device.id != id);
            if device.is_accepted() && !others.any(Device::is_active) {
                return Err(Error::LastDevice.into());
            }
            account.devices.retain(|device| device.id != id);
            account.note(Event::RevokedUnproven {
                device: id,
                label,
                serial,
                actor: actor.clone(),
            });
            Ok(())
        })
    }

    /// Sets the failures in a row back to none, of codes and of recovery codes, for an operator.
    ///
    /// Call it only after the owner's identity was proved again. The wrong codes of the last days
    /// still count.
    ///
    /// # Errors
    /// It has none of its own.
    pub fn danger_unlock_unproven(
        self,
        actor: &Actor,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.judge(now, |account| {
            account.strangers.succeed();
            account.known.succeed();
            if let Some(recovery) = &mut account.recovery {
                recovery.throttle.succeed();
            }
            if let Some(temporary) = &mut account.temporary {
                temporary.set.throttle.succeed();
            }
            account.note(Event::UnlockedUnproven {
                actor: actor.clone(),
            });
            Ok(())
        })
    }

    /// Imports devices that owners already have, active at once, into an account without a
    /// confirmed device.
    ///
    /// Each device brings its secret. Pending devices end. The present code and those of the
    /// window's future are burned, as another system may have accepted them. `last_used` is when the
    /// owner last logged in there, for display; a time in the future is taken as now. Repeating it with the same secrets changes nothing.
    ///
    /// # Errors
    /// * [`Error::NothingToImport`] if there is no device.
    /// * [`Error::ProofRequired`] if another device was confirmed.
    /// * [`Error::SecretRequired`] if a device brings no secret, and [`Error::DuplicateSecret`] if
    ///   two have the same one.
    /// * [`Error::LabelTaken`] if two devices have the same label.
    /// * [`Error::TooManyDevices`] if there are more than the policy allows.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn danger_import_unproven(
        self,
        actor: &Actor,
        devices: impl IntoIterator<Item = NewDevice>,
        last_used: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let new: Vec<NewDevice> = devices.into_iter().collect();
        self.judge(now, |account| {
            if new.is_empty() {
                return Err(Error::NothingToImport.into());
            }
            if account.was_confirmed {
                return if account.has_all(&new) {
                    Ok(())
                } else {
                    Err(Error::ProofRequired.into())
                };
            }
            let imported = account.imported(new, last_used, now)?;
            account.end_devices(|_| true);
            account.was_confirmed = true;
            account.next_device = imported.next_device;
            for device in imported.devices {
                account.note(Event::Imported {
                    device: device.id,
                    serial: device.serial.clone(),
                    actor: actor.clone(),
                });
                account.devices.push(device);
            }
            Ok(())
        })
    }

    /// Seals the record by the keyring's active key, whatever key sealed it before.
    pub fn reseal(mut self, keyring: &Keyring) -> Attempt<()> {
        if let Some(from) = self.sealed_by {
            self.note(Event::Resealed {
                from,
                to: keyring.active_id(),
            });
        }
        Attempt::new(self, Ok(()))
    }

    /// Says whether the account has all these secrets. Only an operator, who holds them, learns
    /// this.
    fn has_all(&self, new: &[NewDevice]) -> bool {
        new.iter().all(|new| {
            let (secret, algorithm) = (new.secret.as_ref(), new.parameters.algorithm());
            let is_confirmed = |device: &Device| !device.is_pending();
            secret.is_some_and(|secret| self.has_secret(secret, algorithm, is_confirmed))
        })
    }

    /// Makes an account with these devices, which continues the numbers of this one.
    fn imported(
        &self,
        new: Vec<NewDevice>,
        last_used: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<Self, Error> {
        if new.len() > usize::from(self.policy.max_devices()) {
            return Err(Error::TooManyDevices);
        }
        let vouched_by = Voucher::new(VouchedBy::Operator, now);
        let mut imported = Self::new(self.id.clone());
        imported.next_device = self.next_device;
        for mut device in new {
            let secret = device.secret.take().ok_or(Error::SecretRequired)?;
            let secret = imported.refuse_known(secret, device.parameters.algorithm())?;
            imported.refuse_taken(&device.label, None)?;
            let (id, credential) = (imported.next_id()?, Credential::generate()?);
            let pending = Pending::new(None, None, None);
            let mut device = Device::pending(id, credential, device, secret, pending, vouched_by);
            device.state = State::Active;
            device.last_used = last_used.map(|at| at.min(now));
            device.burn_the_present(&self.policy, now);
            imported.devices.push(device);
        }
        Ok(imported)
    }
}
