//! What operators do without a proof of the second factor.

use crate::account::attempt::Attempt;
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::state::Account;
use crate::codes::UnixTime;
use crate::sealing::Keyring;

impl Account {
    /// Revokes a device for an operator, without proof of a second factor: only after the owner's identity was proved anew.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`], [`Error::LastDevice`].
    pub fn danger_revoke_unproven(
        mut self,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin(now);
        let label = self.remove_device(id, now)?;
        self.note(Event::RevokedUnproven { device: id, label });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Sets the failures in a row back for an operator: only after the owner's identity was proved anew. The pressure of
    /// the last days stays.
    pub fn danger_unlock_unproven(mut self, now: UnixTime) -> Attempt<()> {
        self.begin(now);
        self.throttle.succeed();
        self.note(Event::UnlockedUnproven);
        Attempt::new(self, Ok(()))
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
}
