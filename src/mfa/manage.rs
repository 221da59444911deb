//! What owners do with what is enrolled.

use super::judge::{Mfa, TRIES, Whose};
use crate::account::{DeviceId, Error, Event, Label, Proof};
use crate::codes::UnixTime;
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Gives a device another label, and a rotation of it that is under way with the same label too.
    ///
    /// ```
    /// # use secondfactor::{Label, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.rename(verified, verified.device(), Label::new("old phone")?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownDevice`](Error::UnknownDevice) if there is no such device,
    ///   [`LabelTaken`](Error::LabelTaken) if another one has the label.
    pub async fn rename(
        &self,
        proof: impl AsRef<Proof>,
        device: DeviceId,
        label: Label,
    ) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| {
            account.rename(proof, device, label.clone(), now)
        })
        .await
    }

    /// Suspends a device that is out of its owner's hands. Its codes are refused until it is
    /// resumed.
    ///
    /// Recovery codes that it issued still work. The [event](Event::Suspended) says who issued the
    /// present codes.
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, account::DeviceId, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, by_tablet: &Verified, phone: DeviceId)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.suspend(by_tablet, phone).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownDevice`](Error::UnknownDevice) if the device is not active.
    /// * [`LastDevice`](Error::LastDevice) if no other device is active, unless the proof is a
    ///   redeemed recovery code.
    pub async fn suspend(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.suspend(proof, device, now))
            .await
    }

    /// Resumes a suspended device that was found. Its earlier proofs stay void, and what it has shown
    /// up to now is burned, as far as it is known where its clock stands.
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, account::DeviceId, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, by_tablet: &Verified, phone: DeviceId)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.resume(by_tablet, phone).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`DeviceRequired`](Error::DeviceRequired) if the proof is a redeemed recovery code.
    /// * [`UnknownDevice`](Error::UnknownDevice) if the device is not suspended.
    pub async fn resume(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.resume(proof, device, now))
            .await
    }

    /// Revokes a device for good, such as an old phone. Its secret is gone.
    ///
    /// Pending devices that it began end with it. If somebody else may have used the account, take
    /// [`keep_only`](Self::keep_only).
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, account::DeviceId, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, by_new_phone: &Verified, old_phone: DeviceId)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.revoke(by_new_phone, old_phone).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownDevice`](Error::UnknownDevice) if there is no such device.
    /// * [`LastDevice`](Error::LastDevice) if it is the last active device, unless the proof is a
    ///   redeemed recovery code.
    pub async fn revoke(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.revoke(proof, device, now))
            .await
    }

    /// Keeps the devices that are in their owner's hands, and ends everything else in one commit.
    ///
    /// Other devices end, pending and retiring ones too. The recovery codes end, and so do redeemed
    /// ones, except the proof's own. Every known browser is forgotten. Every earlier proof of the kept devices ends, and every session
    /// that began with one. So nothing that a thief added has to be found.
    ///
    /// What the kept devices have shown up to now is burned, by their clocks as far as it is known where these stand. What
    /// was learned or found of their clocks is dropped, except of the device that gave the proof. One whose clock is off by more than
    /// the window is resynchronized again ([`resync`](Self::resync)). Unused codes of a counter stay
    /// good: [`rotate`](Self::rotate) a token that others have held.
    ///
    /// Go on by the proof that is returned, and issue new recovery codes. It takes the place of the
    /// one that was given, in the session too ([`seal_proof`](Self::seal_proof)), and is as old. It
    /// is `None` if the device that gave the proof was not kept: the owner logs in with another one.
    ///
    /// If the answer got lost, a repeated call by the earlier proof of a device is
    /// [`Stale`](Error::Stale), and the owner logs in again. By a redeemed recovery code the call can
    /// be repeated.
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, by_tablet: Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// let proof = mfa.keep_only(&by_tablet, &[by_tablet.device()]).await?.ok_or("not kept")?;
    /// let present = mfa.status(proof.account()).await?.recovery_set();
    /// let recovery_codes = mfa.issue_recovery_codes(&proof, present).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownDevice`](Error::UnknownDevice) if one of them is not active.
    /// * [`LastDevice`](Error::LastDevice) if the list is empty, unless the proof is a redeemed
    ///   recovery code.
    pub async fn keep_only(
        &self,
        proof: impl AsRef<Proof>,
        devices: &[DeviceId],
    ) -> Result<Option<Proof>, Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.keep_only(proof, devices, now))
            .await
    }

    /// Asks the record whether the proof lets its bearer change the second factor now, so that nobody
    /// fills in a form for nothing.
    ///
    /// This reads the record once, and writes nothing, not even that the clock went back. The change
    /// itself asks again.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, Proof, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, proof: &Proof) -> Result<(), Error> {
    /// match mfa.check_proof(proof).await {
    ///     Err(Error::Stale(_)) => { /* .. ask for another code .. */ }
    ///     result => result?, // .. show the form ..
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn check_proof(&self, proof: impl AsRef<Proof>) -> Result<(), Error> {
        let proof = proof.as_ref();
        let account = self.read(proof.account()).await?;
        account.check_proof(proof, self.clock.now())
    }

    /// Asks the record whether a session that the proof began may go on, for sessions that must end
    /// as soon as their device does.
    ///
    /// This reads the record once, and writes nothing, not even that the clock went back. The session
    /// of a retiring device goes on until its grace ends, although its proof changes nothing.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, session: &[u8], cookie: &str)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let verified = mfa.open_verified(alice, session, cookie, Verified::SESSION)?;
    /// mfa.stands(&verified).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if what it rests on has ended, if the clock went back since, or if the proof is from the
    ///   future. Its age does not matter.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has opted out.
    pub async fn stands(&self, proof: impl AsRef<Proof>) -> Result<(), Error> {
        let proof = proof.as_ref();
        let account = self.read(proof.account()).await?;
        account.check_session(proof, self.clock.now())
    }

    /// Opts out: removes the account's record with all devices and recovery codes.
    ///
    /// Clear your own note that this account has opted in, or its next login ends in
    /// [`NotEnrolled`](Error::NotEnrolled).
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.opt_out(verified).await?;
    /// // .. clear the note ..
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn opt_out(&self, proof: impl AsRef<Proof>) -> Result<(), Error> {
        let proof = proof.as_ref();
        let whose = Whose::of_proof(proof);
        let allow = |stored: &[u8], now| self.open(whose, stored)?.check_proof(proof, now);
        match self.remove(whose, &Event::OptedOut, allow).await {
            // As with any other command, it is written then if the clock went back.
            Err(Error::Stale(stale)) => {
                self.judge_proven(proof, |account, now| account.refuse_proof(stale, now))
                    .await
            }
            removed => removed,
        }
    }

    /// Removes the record as it was when `allow` saw it.
    pub(super) async fn remove(
        &self,
        whose: Whose<'_>,
        event: &Event,
        allow: impl Fn(&[u8], UnixTime) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let stored = self.load(whose.id).await?.ok_or(Error::NotEnrolled)?;
            let now = self.clock.now();
            allow(stored.body(), now)?;
            let event = std::slice::from_ref(event);
            if self.removes(whose, now, stored.version(), event).await? {
                event.iter().for_each(|event| self.tell(whose, now, event));
                return Ok(());
            }
        }
        Err(Error::Contended)
    }
}
