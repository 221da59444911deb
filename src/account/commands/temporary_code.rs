//! A temporary code: one exception, bounded in time, for an owner who has nothing else left.

use std::time::Duration;

use crate::account::actor::Actor;
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::policy::Policy;
use crate::account::recovery::code::RecoveryCode;
use crate::account::recovery::codes::RecoveryCodes;
use crate::account::recovery::set::RecoverySet;
use crate::account::recovery::temporary::Temporary;
use crate::account::state::Account;
use crate::account::voucher::{VouchedBy, Voucher};
use crate::codes::UnixTime;

impl Account {
    /// Issues a temporary code for an operator, in the place of an earlier one. It is redeemed as a recovery code, once and
    /// within its lifetime, and has a throttle of its own.
    ///
    /// Call it only after the owner's identity was proved again. It ends when recovery codes are issued, when the owner says
    /// what is kept, and when they opt out. Its redemption ends with it, but stands for 15 minutes at least.
    ///
    /// # Errors
    /// * [`Error::NotEnrolled`] if no device was ever confirmed.
    /// * [`Error::TemporaryLifetime`] if the lifetime is below a second, or above
    ///   [`Policy::MAX_TEMPORARY_LIFETIME`].
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn danger_issue_temporary_code_unproven(
        self,
        actor: &Actor,
        lifetime: Duration,
        now: UnixTime,
    ) -> Result<Attempt<RecoveryCode>, Error> {
        self.judge(now, |account| {
            if !account.was_confirmed {
                return Err(Error::NotEnrolled.into());
            }
            let left = Duration::from_secs(lifetime.as_secs());
            if left.is_zero() || lifetime > Policy::MAX_TEMPORARY_LIFETIME {
                return Err(Error::TemporaryLifetime.into());
            }
            let fresh = RecoveryCodes::generate_temporary().map_err(Error::from)?;
            let credential = Credential::generate().map_err(Error::from)?;
            let vouched_by = Voucher::new(VouchedBy::Operator, now);
            let set = RecoverySet::new(&fresh, credential, vouched_by);
            let code = fresh.into_iter().next().ok_or(Error::NoRecoveryCodes)?;
            account.end_temporary(None);
            account.temporary = Some(Temporary { set, left });
            account.note(Event::TemporaryCodeIssued {
                ends: now.saturating_add(left),
                actor: actor.clone(),
            });
            Ok(code)
        })
    }

    /// Withdraws the temporary code for an operator, or its redemption with all that was begun by it and is not confirmed.
    ///
    /// Recovery codes that were issued by it and devices that were confirmed by it stay. The vouchers in the
    /// [status](Self::status) show them.
    ///
    /// # Errors
    /// [`Error::NoTemporaryCode`] if there is none, as it has ended, or recovery codes were issued since.
    pub fn danger_withdraw_temporary_code_unproven(
        self,
        actor: &Actor,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.judge(now, |account| {
            if account.temporary.take().is_none() {
                return Err(Error::NoTemporaryCode.into());
            }
            account.note(Event::TemporaryCodeWithdrawn {
                actor: actor.clone(),
            });
            Ok(())
        })
    }
}
