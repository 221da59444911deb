//! Resynchronization by two codes in a row (RFC 4226 section 7.4, RFC 6238 section 6).

use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::policy::RESYNCS;
use crate::account::state::Account;
use crate::codes::{Code, UnixTime};

impl Account {
    /// Takes two codes in a row of a device as where its clock or its counter stands. Both are burned.
    ///
    /// For a clock it holds for a day, unless an ordinary login bears it out. Three are judged at once and one more every
    /// eight hours, right or wrong, apart from the budget of logins; this is no login.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] if it does not count; [`Error::Denied`] at once, without a change, when throttled or disabled.
    pub fn resync(
        mut self,
        id: DeviceId,
        codes: [Code; 2],
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin(now);
        self.device(id)
            .ok()
            .filter(|device| device.is_accepted(now))
            .ok_or(Error::UnknownDevice)?;
        if self.throttle.is_disabled(&self.policy) {
            return Err(Denial::Disabled.into());
        }
        if let Some(retry_at) = self
            .resyncs
            .opens_at(RESYNCS, now)
            .filter(|retry_at| *retry_at > now)
        {
            return Err(Denial::Throttled { retry_at }.into());
        }
        self.resyncs.add(RESYNCS, now);
        let verdict = self.device_mut(id)?.resync(codes, now);
        self.note(match verdict {
            Ok(()) => Event::Resynchronized { device: id },
            Err(_) => Event::ResyncFailed { device: id },
        });
        Ok(Attempt::new(self, verdict))
    }
}
