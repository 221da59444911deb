//! Proofs of a second factor: what lets somebody in, or change what lets them in.

use std::time::Duration;

use super::device::id::DeviceId;
use super::policy::{CLOCK_TOLERANCE, PROOF_LIFETIME};
use super::stale::Stale;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// Says who has proved which second factor, how and when. What changes a second factor takes one.
///
/// [`Verified`], [`Recovered`] and [`Confirmed`] hold a proof, lend it ([`AsRef`]) and turn into it ([`From`]). Methods take
/// any of them, by reference. A password, or a session that began with one, is no proof: whoever stole it could take the
/// second factor away. Only a committed verdict makes a proof, and it can't be copied. It travels through a session as a
/// sealed token: [`Mfa::seal_proof`](crate::Mfa::seal_proof).
///
/// ```
/// # use secondfactor::{Error, Mfa, Proof, Verified, codes::UnixTime, store::Store};
/// # async fn example<S: Store>(mfa: &Mfa<S>, proof: Proof, now: UnixTime) -> Result<(), Error> {
/// // Before the page, so that nobody fills in a form for nothing: `Err` is the time to ask for another code.
/// proof.require_within(Verified::SENSITIVE, now)?;
/// // Behind the form, the library asks for the same.
/// mfa.issue_recovery_codes(&proof).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proof {
    account: AccountId,
    kind: ProofKind,
    device: Option<DeviceId>,
    at: UnixTime,
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
        device: Option<DeviceId>,
        at: UnixTime,
    ) -> Self {
        Self {
            account,
            kind,
            device,
            at,
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

    /// Returns the device that showed the code; `None` for a recovery code.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceId> {
        self.device
    }

    /// Returns when it was proved.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns how long ago it was proved; zero if that is yet to come.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        now.saturating_since(self.at)
    }

    /// Demands that it was proved no longer ago than `age`.
    ///
    /// # Errors
    /// [`Stale::TooOld`] and [`Stale::FromTheFuture`].
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

/// A code was verified: this is the second factor of a login.
///
/// It says that a code was shown, not who was asked for it. TOTP is not phishing-resistant, and never more than AAL2
/// (NIST SP 800-63B-4 sections 2.2 and 3.1.4).
///
/// ```compile_fail
/// # fn two(verified: secondfactor::Verified) -> (secondfactor::Verified, secondfactor::Verified) {
/// (verified.clone(), verified)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "somebody has proved a second factor: let them in, or say why not"]
pub struct Verified {
    proof: Proof,
    device: DeviceId,
}

impl Verified {
    /// For what can't be taken back, and for changes of the second factor, another code is asked for after 5 minutes: as
    /// long as a person takes for such a form (OWASP ASVS 5.0, 7.5.1 and 7.5.3).
    pub const SENSITIVE: Duration = PROOF_LIFETIME;
    /// A session may lie idle for 1 hour (NIST SP 800-63B-4 section 2.2.3, AAL2).
    pub const SESSION_IDLE: Duration = Duration::from_secs(3600);
    /// A session may last for 24 hours over all (NIST SP 800-63B-4 section 2.2.3, AAL2).
    pub const SESSION: Duration = Duration::from_secs(24 * 3600);

    pub(crate) const fn new(account: AccountId, device: DeviceId, at: UnixTime) -> Self {
        Self {
            proof: Proof::new(account, ProofKind::Code, Some(device), at),
            device,
        }
    }

    /// Makes it from a proof of the kind code; no other one passes where a code is demanded.
    pub(crate) fn from_proof(proof: Proof) -> Option<Self> {
        let device = proof.device.filter(|_| proof.kind == ProofKind::Code)?;
        Some(Self { proof, device })
    }

    /// Returns whose second factor it is: compare it with the name that gave the password.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.proof.account
    }

    /// Returns the device that showed the code.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns when it was verified.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at
    }

    /// Returns how long ago it was verified; zero if that is yet to come.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        self.proof.age(now)
    }

    /// Demands that it was verified no longer ago than `age`.
    ///
    /// There is no way to ask "if there is one": without a `Verified` there is nothing to call this on.
    ///
    /// ```
    /// # use secondfactor::{Verified, account::Stale, codes::UnixTime};
    /// fn wire_money(verified: &Verified, now: UnixTime) -> Result<(), Stale> {
    ///     verified.require_within(Verified::SENSITIVE, now)?;
    ///     // ..
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Stale::TooOld`] and [`Stale::FromTheFuture`].
    pub fn require_within(&self, age: Duration, now: UnixTime) -> Result<(), Stale> {
        self.proof.require_within(age, now)
    }
}

impl AsRef<Proof> for Verified {
    fn as_ref(&self) -> &Proof {
        &self.proof
    }
}

impl From<Verified> for Proof {
    fn from(verified: Verified) -> Self {
        verified.proof
    }
}

/// A recovery code was redeemed. It is no [`Verified`]: where a code is demanded it does not pass.
///
/// Let its owner in to mend their second factor: enroll a new device, revoke the lost one, issue new codes.
///
/// ```compile_fail
/// # fn takes(_: secondfactor::Verified) {}
/// # fn give(recovered: secondfactor::Recovered) {
/// takes(recovered)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "somebody has used up a recovery code: let them mend their second factor"]
pub struct Recovered {
    proof: Proof,
    codes_left: usize,
}

impl Recovered {
    pub(super) const fn new(account: AccountId, at: UnixTime, codes_left: usize) -> Self {
        Self {
            proof: Proof::new(account, ProofKind::RecoveryCode, None, at),
            codes_left,
        }
    }

    /// Returns whose recovery code it was.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.proof.account
    }

    /// Returns when it was redeemed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at
    }

    /// Returns how many recovery codes are left.
    #[must_use]
    pub const fn codes_left(&self) -> usize {
        self.codes_left
    }
}

impl AsRef<Proof> for Recovered {
    fn as_ref(&self) -> &Proof {
        &self.proof
    }
}

impl From<Recovered> for Proof {
    fn from(recovered: Recovered) -> Self {
        recovered.proof
    }
}

/// A device was confirmed by a code it showed. This is no login, but enough to get recovery codes right away.
#[derive(Debug)]
pub struct Confirmed {
    proof: Proof,
    device: DeviceId,
}

impl Confirmed {
    pub(super) const fn new(account: AccountId, device: DeviceId, at: UnixTime) -> Self {
        Self {
            proof: Proof::new(account, ProofKind::Confirmation, Some(device), at),
            device,
        }
    }

    /// Returns whose device it is.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.proof.account
    }

    /// Returns the device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns when it was confirmed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at
    }
}

impl AsRef<Proof> for Confirmed {
    fn as_ref(&self) -> &Proof {
        &self.proof
    }
}

impl From<Confirmed> for Proof {
    fn from(confirmed: Confirmed) -> Self {
        confirmed.proof
    }
}
