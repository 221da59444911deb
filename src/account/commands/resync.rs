//! Resynchronization by two codes in a row (RFC 4226 section 7.4, RFC 6238 section 6).

use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::policy::RESYNCS;
use crate::account::state::Account;
use crate::codes::{Code, UnixTime};

impl Account {
    /// Resynchronizes a device whose clock or counter is off, by two codes in a row. Both are
    /// burned.
    ///
    /// The new offset of a clock is provisional. It expires after 24 hours unless a login confirms
    /// it, and nothing tells that. Three pairs are judged at once and one more every eight hours, right or wrong, apart
    /// from the budget of logins. This is no login.
    ///
    /// # Errors
    /// * [`Error::UnknownDevice`] if its codes are not accepted.
    /// * [`Error::Denied`] at once, without a change, when throttled or disabled.
    pub fn resync(
        self,
        id: DeviceId,
        codes: [Code; 2],
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.judge(now, |account| {
            if !account.device(id)?.is_accepted() {
                return Err(Error::UnknownDevice.into());
            }
            if !account.has_working_browser() {
                account.refuse_closed()?;
            }
            account.resyncs.check(RESYNCS, now)?;
            account.resyncs.add(RESYNCS);
            let verdict = account.device_mut(id)?.resync(codes, now);
            account.note(match verdict {
                Ok(()) => Event::Resynchronized { device: id },
                Err(_) => Event::ResyncFailed { device: id },
            });
            let next = account.resyncs.check(RESYNCS, now);
            verdict.map_err(|_| Refusal::Charged(Denial::of_wrong_code(next)))
        })
    }
}
