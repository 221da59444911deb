//! Proofs of a second factor, which a login and every change of it need.

use std::time::Duration;

use super::credential::Credential;
use super::device::id::DeviceId;
use super::origin::Origin;
use super::policy::{CLOCK_TOLERANCE, PROOF_LIFETIME, REDEMPTION_LIFETIME};
use super::stale::Stale;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// Says who has proved which second factor, how and when. Every change of a second factor takes
/// one.
///
/// [`Verified`](crate::Verified), [`Recovered`](crate::Recovered) and
/// [`Confirmed`](crate::Confirmed) hold a proof, lend it ([`AsRef`]) and turn into it ([`From`]). Methods take any of them, by reference. Only a committed verdict makes a proof, and
/// it can't be copied. It travels through a session as a sealed token:
/// [`Mfa::seal_proof`](crate::Mfa::seal_proof).
///
/// [`Mfa::check_proof`](crate::Mfa::check_proof) asks the record whether a change would take it now.
///
/// A password is no proof, and neither is a session that began with one. Otherwise whoever stole
/// the password could take the second factor away.
///
/// ```
/// # use secondfactor::{Error, Mfa, Proof, Verified, codes::UnixTime, store::Store};
/// # async fn example<S: Store>(mfa: &Mfa<S>, proof: Proof, now: UnixTime) -> Result<(), Error> {
/// // Before the page, so that nobody fills in a form for nothing: `Err` is the time to ask for another code.
/// proof.require_within(Verified::SENSITIVE, now)?;
/// // Behind the form, the library asks for the same.
/// let present = mfa.status(proof.account()).await?.recovery_set();
/// mfa.issue_recovery_codes(&proof, present).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proof {
    account: AccountId,
    kind: ProofKind,
    /// It rests on this device or redemption.
    credential: Credential,
    /// The record was in this clock epoch when it was made.
    epoch: u32,
    /// This is for display.
    device: Option<DeviceId>,
    at: UnixTime,
    /// The present request came from there. No token keeps it.
    origin: Option<Origin>,
}

/// Says how a second factor was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum ProofKind {
    /// A code was verified.
    Code,
    /// A recovery code was redeemed.
    RecoveryCode,
    /// A new device was confirmed.
    Confirmation,
}

impl Proof {
    pub(crate) const fn new(
        account: AccountId,
        kind: ProofKind,
        (credential, epoch): (Credential, u32),
        device: Option<DeviceId>,
        at: UnixTime,
    ) -> Self {
        Self {
            account,
            kind,
            credential,
            epoch,
            device,
            at,
            origin: None,
        }
    }

    /// The same proof, as old as it is, by the credential that its device has now.
    pub(super) fn renewed(&self, credential: Credential) -> Self {
        Self {
            account: self.account.clone(),
            credential,
            origin: self.origin.clone(),
            ..*self
        }
    }

    pub(crate) const fn credential(&self) -> Credential {
        self.credential
    }

    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Says where the request comes from that changes something by this proof, for those who hear of its events. A token of
    /// the proof does not keep it.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Origin, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, session: &[u8], token: &str, address: &str)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let proof = mfa.open_proof(alice, session, token)?.with_origin(Origin::new(address)?);
    /// mfa.opt_out(&proof).await?; // the event comes with the address
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns how long its bearer may change the second factor: 5 minutes after a code, and 15
    /// after a recovery code.
    ///
    /// The owner may install an app after a recovery code.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        match self.kind {
            ProofKind::Code | ProofKind::Confirmation => PROOF_LIFETIME,
            ProofKind::RecoveryCode => REDEMPTION_LIFETIME,
        }
    }

    /// Returns whose second factor it is.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns how it was proved.
    #[must_use]
    pub const fn kind(&self) -> ProofKind {
        self.kind
    }

    /// Returns the device that showed the code, or `None` for a recovery code.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceId> {
        self.device
    }

    /// Returns when it was proved.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns how long ago it was proved, or zero if that is in the future.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        now.saturating_since(self.at)
    }

    /// Demands that it was proved no longer ago than `age`.
    ///
    /// # Errors
    /// [`Stale::TooOld`] if it was longer ago, and [`Stale::FromTheFuture`] if it is dated in the
    /// future.
    pub fn require_within(&self, age: Duration, now: UnixTime) -> Result<(), Stale> {
        if self.at > now.saturating_add(CLOCK_TOLERANCE) {
            Err(Stale::FromTheFuture)
        } else if self.age(now) > age {
            Err(Stale::TooOld)
        } else {
            Ok(())
        }
    }
}

impl AsRef<Self> for Proof {
    fn as_ref(&self) -> &Self {
        self
    }
}
