//! What operators do without a proof of the second factor.

use std::time::Duration;

use super::judge::{Absent, Mfa};
use crate::account::{Account, Actor, DeviceId, Error, Event, NewDevice, RecoveryCode};
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Imports devices that owners already have, for an operator. They are active at once.
    ///
    /// It works only where no device was ever confirmed. Each device brings its secret. Pending
    /// devices end. Codes that another system may have accepted are burned. `last_used` is when the owner
    /// last logged in there, for the owner's page. A time in the future is taken as now. Repeating it with
    /// the same secrets changes nothing, as long as each is of a device that is not pending.
    ///
    /// Check the clock first. Codes up to the present step are burned, so a clock that is ahead keeps
    /// these devices out until then.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Label, Mfa, NewDevice, codes::{Secret, UnixTime}, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, secret: Secret, last_login: UnixTime)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// use secondfactor::account::Actor;
    ///
    /// let phone = NewDevice::totp(Label::new("phone")?).with_secret(secret);
    /// let actor = Actor::new("migration of 2026")?;
    /// mfa.danger_import_unproven(alice, &actor, vec![phone], Some(last_login)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NothingToImport`](Error::NothingToImport) if there is no device.
    /// * [`ProofRequired`](Error::ProofRequired) if another device was confirmed.
    /// * [`SecretRequired`](Error::SecretRequired) if a device brings no secret,
    ///   [`DuplicateSecret`](Error::DuplicateSecret) if two have the same one.
    /// * [`LabelTaken`](Error::LabelTaken) if two devices have the same label.
    /// * [`TooManyDevices`](Error::TooManyDevices) if there are more than the policy allows.
    pub async fn danger_import_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
        devices: Vec<NewDevice>,
        last_used: Option<UnixTime>,
    ) -> Result<(), Error> {
        let command = |account: Account, now| {
            let devices = devices.iter().map(NewDevice::duplicate);
            account.danger_import_unproven(actor, devices, last_used, now)
        };
        self.judge(account, Absent::IsNew, command).await
    }

    /// Revokes a device for an operator, without proof of a second factor. The owner is told.
    ///
    /// Call it only after the owner's identity was proved again, as strictly as when they enrolled
    /// (NIST SP 800-63B-4 section 4.2.2.2, OWASP ASVS 6.4.3).
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::{Actor, DeviceId}, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, phone: DeviceId)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let bob = Actor::new("bob, help desk")?;
    /// mfa.danger_revoke_unproven(alice, &bob, phone).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`UnknownDevice`](Error::UnknownDevice) if there is no such device,
    ///   [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    /// * [`LastDevice`](Error::LastDevice) if it is the last active device.
    pub async fn danger_revoke_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
        device: DeviceId,
    ) -> Result<(), Error> {
        let command = |account: Account, now| account.danger_revoke_unproven(actor, device, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }

    /// Sets the failures in a row back to none, of codes and of recovery codes, for an operator.
    ///
    /// Call it only after the owner's identity was proved again. A browser that is a stranger after ten
    /// wrong codes stays one. The wrong codes of the last days still count. After many of them the next code may have to wait, as the status says.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Actor, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, bob: &Actor)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.danger_unlock_unproven(alice, bob).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn danger_unlock_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
    ) -> Result<(), Error> {
        let command = |account: Account, now| account.danger_unlock_unproven(actor, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }

    /// Removes an account's record for an operator, even a record that does not open.
    ///
    /// Call it only after the owner's identity was proved again, or to forget the account as a
    /// whole.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Actor, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, bob: &Actor)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.danger_opt_out_unproven(alice, bob).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn danger_opt_out_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
    ) -> Result<(), Error> {
        let actor = actor.clone();
        let event = Event::OptedOutUnproven { actor };
        self.remove(account.into(), &event, |_, _| Ok(())).await
    }

    /// Issues a temporary code for an operator, to be handed to an owner who has neither a device nor a recovery code. The
    /// owner is told.
    ///
    /// Call it only after the owner's identity was proved again, as strictly as when they enrolled
    /// (NIST SP 800-63B-4 section 4.2.2.2, OWASP ASVS 6.4.3). The owner [redeems](Self::redeem) it as a recovery code, behind
    /// the password, and enrolls a new device. It works once, within its lifetime, whatever the recovery codes do. A clock
    /// that is set back gives it that time again. It takes the place of an earlier one. It ends when recovery codes are issued, by [`keep_only`](Self::keep_only), and by opting
    /// out. NIST section 4.2.1.2 allows 10 minutes for a code by text message or telephone, and 24 hours by mail.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Actor, store::Store};
    /// # use std::time::Duration;
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, bob: &Actor)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let ten_minutes = Duration::from_secs(600);
    /// let code = mfa.danger_issue_temporary_code_unproven(alice, bob, ten_minutes).await?;
    /// println!("tell the owner: {}", code.expose_text().as_str());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotEnrolled`](Error::NotEnrolled) if no device was ever confirmed. The owner enrolls by the password then.
    /// * [`TemporaryLifetime`](Error::TemporaryLifetime) if the lifetime is below a second, or above
    ///   [`Policy::MAX_TEMPORARY_LIFETIME`](crate::Policy::MAX_TEMPORARY_LIFETIME).
    pub async fn danger_issue_temporary_code_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
        lifetime: Duration,
    ) -> Result<RecoveryCode, Error> {
        let command = |account: Account, now| {
            account.danger_issue_temporary_code_unproven(actor, lifetime, now)
        };
        self.judge(account, Absent::IsNotEnrolled, command).await
    }

    /// Withdraws the temporary code for an operator, with whatever was begun by it and is not confirmed.
    ///
    /// Recovery codes that were issued by it stay, and so do devices that were confirmed by it. [`Status`](crate::Status)
    /// shows them: their voucher is [`VouchedBy::RecoveryCode`](crate::account::VouchedBy::RecoveryCode), of a time since
    /// then. End such a device by [`danger_revoke_unproven`](Self::danger_revoke_unproven). An owner who still has a device
    /// ends all the rest by [`keep_only`](Self::keep_only), and otherwise
    /// [`danger_opt_out_unproven`](Self::danger_opt_out_unproven) ends everything.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Actor, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, bob: &Actor)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.danger_withdraw_temporary_code_unproven(alice, bob).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NoTemporaryCode`](Error::NoTemporaryCode) if there is none: it has ended, or recovery codes were issued since.
    ///   Look at what was made by it.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn danger_withdraw_temporary_code_unproven(
        &self,
        account: &AccountId,
        actor: &Actor,
    ) -> Result<(), Error> {
        let command =
            |account: Account, now| account.danger_withdraw_temporary_code_unproven(actor, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }
}
