//! Redeeming a recovery code.

use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::Recovered;
use crate::account::recovery::code::RecoveryCode;
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Redeems a recovery code: it is gone as soon as its answer is known.
    ///
    /// # Errors
    /// [`Error::NoRecoveryCodes`] if none is left; [`Error::Denied`] at once, without a change, when throttled.
    pub fn redeem(
        mut self,
        code: &RecoveryCode,
        now: UnixTime,
    ) -> Result<Attempt<Recovered>, Error> {
        self.begin(now);
        let recovery = self
            .recovery
            .as_mut()
            .filter(|recovery| !recovery.codes.is_empty());
        let recovery = recovery.ok_or(Error::NoRecoveryCodes)?;
        recovery.throttle.check(&self.policy, now)?;

        let is_right = recovery.take(&self.id, code);
        if is_right {
            recovery.throttle.succeed();
            let codes_left = recovery.codes.len();
            self.note(Event::Recovered { codes_left });
            let recovered = Recovered::new(self.id.clone(), now, codes_left);
            return Ok(Attempt::new(self, Ok(recovered)));
        }
        recovery.throttle.fail(now);
        let failures = recovery.throttle.failures;
        let is_disabled = recovery.throttle.is_disabled(&self.policy);
        self.note(Event::RecoveryMismatch { failures });
        if is_disabled {
            self.note(Event::RecoveryDisabled);
        }
        Ok(Attempt::new(self, Err(Denial::Mismatch)))
    }
}
