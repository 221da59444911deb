//! What owners and claimants do: enroll, confirm, log in, recover.

use std::time::Duration;

use super::judge::{Absent, Mfa, Whose};
use crate::account::{
    Account, Confirmed, DeviceId, DeviceStatus, Enrollment, Error, NewDevice, PendingDevice, Proof,
    Recovered, RecoveryCode, RecoveryCodes, RecoverySetId, Status, Submission, Verified,
};
use crate::account_id::AccountId;
use crate::codes::Code;
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Opts in: begins to enroll the first device of an account, and makes its secret, to be shown
    /// once.
    ///
    /// The device's codes are accepted at a login once it is [confirmed](Self::confirm). A
    /// [`Label`](crate::Label) alone describes an authenticator app.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Label, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId) -> Result<(), Box<dyn std::error::Error>> {
    /// let enrollment = mfa.enroll(alice, Label::new("phone")?).await?;
    /// let uri = enrollment.key_uri("Example", "alice@example.com"); // shown once, as a QR code
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`ProofRequired`](Error::ProofRequired) if a device was confirmed already. Take
    ///   [`enroll_another`](Self::enroll_another).
    /// * [`DuplicateSecret`](Error::DuplicateSecret) if the device brings the secret of another
    ///   one.
    /// * [`TooManyDevices`](Error::TooManyDevices) if the account has no number left for a device.
    pub async fn enroll(
        &self,
        account: &AccountId,
        device: impl Into<NewDevice>,
    ) -> Result<Enrollment, Error> {
        let device = device.into();
        self.judge(account, Absent::IsNew, |account, now| {
            account.enroll(device.duplicate(), now)
        })
        .await
    }

    /// Begins to enroll one more device of the account that the proof belongs to. The other devices
    /// stay as they are.
    ///
    /// ```
    /// # use secondfactor::{Label, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// let enrollment = mfa.enroll_another(verified, Label::new("tablet")?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`LabelTaken`](Error::LabelTaken) if another device has the label,
    ///   [`DuplicateSecret`](Error::DuplicateSecret) if another one has the secret.
    /// * [`TooManyDevices`](Error::TooManyDevices) if the account is full.
    pub async fn enroll_another(
        &self,
        proof: impl AsRef<Proof>,
        device: impl Into<NewDevice>,
    ) -> Result<Enrollment, Error> {
        let (proof, device) = (proof.as_ref(), device.into());
        self.judge_proven(proof, |account, now| {
            account.enroll_another(proof, device.duplicate(), now)
        })
        .await
    }

    /// Confirms a device by a code it shows, which proves that it works.
    ///
    /// This burns the code and is no login. What it returns is enough to issue recovery codes right
    /// away. When the first device is confirmed, all other pending devices end, as they were begun
    /// without a proof. A [`Submission`] with a form may come twice.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Mfa, account::Enrollment, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, enrollment: Enrollment)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let confirmed = mfa.confirm(alice, enrollment.device(), "123 456".parse::<Code>()?).await?;
    /// let recovery_codes = mfa.issue_recovery_codes(&confirmed, None).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Denied`](Error::Denied) for a wrong code. It says what seems to be wrong with the
    ///   device, if anything does.
    /// * [`EnrollmentExpired`](Error::EnrollmentExpired) after five wrong codes, or ten minutes
    ///   after `enroll`. As soon as another change has removed the device, it is `UnknownDevice`.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record,
    ///   [`UnknownDevice`](Error::UnknownDevice) if no such device is pending in this session.
    /// * [`LabelTaken`](Error::LabelTaken) if a device of the same label was confirmed meanwhile.
    pub async fn confirm(
        &self,
        account: &AccountId,
        device: impl Into<PendingDevice>,
        submission: impl Into<Submission<Code>>,
    ) -> Result<Confirmed, Error> {
        let (device, submission) = (device.into(), submission.into());
        let whose = Whose::from(account, submission.origin());
        let command = |account: Account, now| account.confirm(device, submission.clone(), now);
        self.judge(whose, Absent::IsNotEnrolled, command).await
    }

    /// Confirms a device by two codes in a row, even if its clock or counter is off.
    ///
    /// A pair that comes twice is [`UnknownDevice`](Error::UnknownDevice) the second time.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Mfa, account::DeviceId, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, device: DeviceId, first: Code, next: Code)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let confirmed = mfa.confirm_pair(alice, device, [first, next]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub async fn confirm_pair(
        &self,
        account: &AccountId,
        device: impl Into<PendingDevice>,
        codes: [Code; 2],
    ) -> Result<Confirmed, Error> {
        let device = device.into();
        let command = |account: Account, now| account.confirm_pair(device, codes, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }

    /// Verifies a code of any active device of the account: the second factor of a login.
    ///
    /// A [`Submission`] with the form that the code was typed into may come twice, by a double click
    /// or after a lost answer.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Error, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, typed: &str)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// match mfa.verify(alice, typed.parse::<Code>()?).await {
    ///     Ok(verified) => println!("welcome, {}", verified.account()),
    ///     Err(Error::Denied(denial)) => match denial.retry_after(mfa.now()) {
    ///         Some(wait) => println!("wait {} seconds", wait.as_secs()),
    ///         None => println!("{denial}"),
    ///     },
    ///     Err(error) => return Err(error.into()), // nobody is let in
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Denied`](Error::Denied) for a wrong or used code, or one that came too early after wrong
    ///   ones.
    /// * [`NotEnrolled`](Error::NotEnrolled) if no device was ever confirmed. That is never a
    ///   reason to do without a second factor.
    pub async fn verify(
        &self,
        account: &AccountId,
        submission: impl Into<Submission<Code>>,
    ) -> Result<Verified, Error> {
        let submission = submission.into();
        let whose = Whose::from(account, submission.origin());
        self.judge(whose, Absent::IsNotEnrolled, |account, now| {
            account.verify(submission.clone(), now)
        })
        .await
    }

    /// Resynchronizes a device whose clock or counter is off, by two codes in a row.
    ///
    /// Ask for the password first. This is no login.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Mfa, account::DeviceId, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, device: DeviceId, first: Code, next: Code)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.resync(alice, device, [first, next]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Denied`](Error::Denied) if they are not two in a row. Three pairs are judged at once,
    ///   and one more every eight hours. None is while the account is disabled, known browsers included.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record,
    ///   [`UnknownDevice`](Error::UnknownDevice) if the device's codes are not accepted.
    pub async fn resync(
        &self,
        account: &AccountId,
        device: DeviceId,
        codes: [Code; 2],
    ) -> Result<(), Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| {
            account.resync(device, codes, now)
        })
        .await
    }

    /// Begins to replace a device's secret. The old one is accepted until the new one is confirmed,
    /// and for `grace` after that.
    ///
    /// Within the grace the old secret logs in, but proves nothing for changes. Take
    /// `Duration::ZERO` if it leaked, and more if people must carry the new secret around first.
    /// [`DeviceId::in_session`] binds the rotation to a session.
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, store::Store};
    /// # use std::time::Duration;
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// let enrollment = mfa.rotate(verified, verified.device(), Duration::ZERO).await?;
    /// let uri = enrollment.key_uri("Example", "alice@example.com"); // shown once, then confirmed
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownDevice`](Error::UnknownDevice) if the device is not active.
    /// * [`GraceTooLong`](Error::GraceTooLong) if the grace is longer than
    ///   [`Policy::MAX_ROTATION_GRACE`](crate::Policy::MAX_ROTATION_GRACE).
    /// * [`TooManyDevices`](Error::TooManyDevices) if the account has no number left for a device.
    pub async fn rotate(
        &self,
        proof: impl AsRef<Proof>,
        device: impl Into<PendingDevice>,
        grace: Duration,
    ) -> Result<Enrollment, Error> {
        let (proof, device) = (proof.as_ref(), device.into());
        self.judge_proven(proof, |account, now| {
            account.rotate(proof, device, grace, now)
        })
        .await
    }

    /// Issues ten recovery codes, to be shown once. Earlier ones are void.
    ///
    /// `replaces` names the present set: [`Status::recovery_set`], [`Recovered::recovery_set`], or
    /// `None` if there is none yet. Put it into the form that asks for new ones. So a form that is
    /// sent twice does not void what was just printed.
    ///
    /// ```
    /// # use secondfactor::{Confirmed, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, confirmed: &Confirmed) -> Result<(), Box<dyn std::error::Error>> {
    /// let present = mfa.status(confirmed.account()).await?.recovery_set();
    /// for code in mfa.issue_recovery_codes(confirmed, present).await? {
    ///     println!("{}", code.expose_text().as_str());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`RecoveryCodesReplaced`](Error::RecoveryCodesReplaced) if `replaces` is not the present
    ///   set.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn issue_recovery_codes(
        &self,
        proof: impl AsRef<Proof>,
        replaces: Option<RecoverySetId>,
    ) -> Result<RecoveryCodes, Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| {
            account.issue_recovery_codes(proof, replaces, now)
        })
        .await
    }

    /// Redeems a recovery code, which is used up then.
    ///
    /// Ask for the password first. Let the owner mend the second factor: enroll another device,
    /// revoke the lost one, issue new codes. A [`Submission`] with a form may come twice.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Label, Mfa, RecoveryCode, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, typed: &str)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let recovery_code: RecoveryCode = typed.parse()?;
    /// let recovered = mfa.redeem(alice, &recovery_code).await?;
    /// let enrollment = mfa.enroll_another(&recovered, Label::new("new phone")?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Denied`](Error::Denied) for a wrong code, or one that came too early after wrong ones.
    ///   Wrong recovery codes do not count as wrong codes of a device.
    /// * [`NoRecoveryCodes`](Error::NoRecoveryCodes) if none is left,
    ///   [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn redeem<'c>(
        &self,
        account: &AccountId,
        submission: impl Into<Submission<&'c RecoveryCode>>,
    ) -> Result<Recovered, Error> {
        let submission = submission.into();
        let whose = Whose::from(account, submission.origin());
        self.judge(whose, Absent::IsNotEnrolled, |account, now| {
            account.redeem(submission.clone(), now)
        })
        .await
    }

    /// Returns what the account has, without secrets, for its owner's page and for support.
    ///
    /// This reads the record once, and writes nothing, not even that the clock went back.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId) -> Result<(), Box<dyn std::error::Error>> {
    /// let status = mfa.status(alice).await?;
    /// println!("{} devices, {} recovery codes", status.devices().len(), status.recovery_codes_left());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn status(&self, account: &AccountId) -> Result<Status, Error> {
        Ok(self.read(account).await?.status(self.clock.now()))
    }

    /// Returns the account's devices, without their secrets.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId) -> Result<(), Box<dyn std::error::Error>> {
    /// for device in mfa.devices(alice).await? {
    ///     println!("{}: {}", device.id(), device.label());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`status`](Self::status).
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<DeviceStatus>, Error> {
        Ok(self.status(account).await?.devices().to_vec())
    }
}
