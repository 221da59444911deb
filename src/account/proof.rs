//! Proofs of a second factor: what lets somebody in, or change what lets them in.

use std::fmt;
use std::time::Duration;

use super::{Account, AccountId, CLOCK_TOLERANCE, DeviceId};
use crate::{Error, UnixTime};

/// A code was verified: proof of one second factor, of one account, at one time.
///
/// Only a committed verdict makes one, and it can't be copied: pass it on to what needs it. Over requests it travels as
/// a sealed token, as every [`Proof`] can: [`Mfa::token`](crate::Mfa::token).
///
/// It says that a code was shown, not who was asked for it: TOTP is not phishing-resistant, and never more than AAL2
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
    account: AccountId,
    device: DeviceId,
    at: UnixTime,
}

impl Verified {
    /// For what can't be taken back, and for changes of the second factor (OWASP ASVS 5.0, 7.5.1 and 7.5.3, want another
    /// verification there): 5 minutes, as long as a person takes for such a form.
    pub const SENSITIVE: Duration = Duration::from_secs(5 * 60);
    /// How long a session may lie idle (NIST SP 800-63B-4 section 2.2.3, AAL2): 1 hour.
    pub const SESSION_IDLE: Duration = Duration::from_secs(3600);
    /// How long a session may last over all (NIST SP 800-63B-4 section 2.2.3, AAL2): 24 hours.
    pub const SESSION: Duration = Duration::from_secs(24 * 3600);

    pub(crate) const fn new(account: AccountId, device: DeviceId, at: UnixTime) -> Self {
        Self { account, device, at }
    }

    /// Whose second factor it is: compare it with the name that gave the password.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// The device that showed the code.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// When it was verified.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// How long ago it was verified; zero if that is yet to come.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        now.saturating_since(self.at)
    }

    /// Demands that it was verified no longer ago than `age`.
    ///
    /// There is no way to ask "if there is one": without a `Verified` there is nothing to call this on.
    ///
    /// ```
    /// # use secondfactor::{Stale, UnixTime, Verified};
    /// fn wire_money(verified: &Verified, now: UnixTime) -> Result<(), Stale> {
    ///     verified.require_within(Verified::SENSITIVE, now)?;
    ///     // ..
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// It is older, or from the future.
    pub fn require_within(&self, age: Duration, now: UnixTime) -> Result<(), Stale> {
        fresh_within(self.at, age, now)
    }
}

/// A recovery code was redeemed. This is not a [`Verified`]: where a code is demanded it does not pass.
///
/// Let its owner in to mend their second factor: enroll a new device, revoke the lost one, replenish the codes.
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
    account: AccountId,
    at: UnixTime,
    left: usize,
}

impl Recovered {
    pub(super) const fn new(account: AccountId, at: UnixTime, left: usize) -> Self {
        Self { account, at, left }
    }

    /// Whose code it was.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// When it was redeemed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// How many codes are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }
}

/// A device was confirmed by a code it showed. This is not a login, but enough to get recovery codes right away.
#[derive(Debug)]
pub struct Confirmed {
    account: AccountId,
    device: DeviceId,
    at: UnixTime,
}

impl Confirmed {
    pub(super) const fn new(account: AccountId, device: DeviceId, at: UnixTime) -> Self {
        Self { account, device, at }
    }

    /// Whose device it is.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// When it was confirmed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }
}

/// What proves that its bearer has a second factor of the account: [`Verified`], [`Recovered`] or [`Confirmed`].
///
/// A password, or a session that began with one, is none: whoever stole it could take the second factor away. What
/// changes the second factor takes a proof, and the account from it, no older than [`Verified::SENSITIVE`], by a device
/// that still counts.
///
/// ```
/// # use secondfactor::{Clock, Error, Mfa, Proof, Stale, Store, Verified};
/// # async fn example<S: Store, C: Clock>(mfa: &Mfa<S, C>, proof: Box<dyn Proof>, now: secondfactor::UnixTime) -> Result<(), Error> {
/// // Before the page, so that nobody fills in a form for nothing: `Err` is the time to ask for another code.
/// proof.require_within(Verified::SENSITIVE, now)?;
/// // Behind the form, the library asks for the same.
/// mfa.issue_recovery_codes(&*proof).await?;
/// # Ok(())
/// # }
/// ```
pub trait Proof: sealed::Sealed + fmt::Debug + Send + Sync {
    /// Whose second factor it is.
    fn account(&self) -> &AccountId;

    /// When it was proved.
    fn at(&self) -> UnixTime;

    /// Demands that it was proved no longer ago than `age`.
    ///
    /// # Errors
    /// It is older, or from the future.
    fn require_within(&self, age: Duration, now: UnixTime) -> Result<(), Stale> {
        fresh_within(self.at(), age, now)
    }

    /// What was shown.
    #[doc(hidden)]
    fn evidence(&self) -> Evidence;
}

mod sealed {
    pub trait Sealed {}
}

/// What a proof rests on.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Evidence {
    Code(DeviceId),
    RecoveryCode { left: usize },
    Confirmation(DeviceId),
}

impl Evidence {
    /// The device that showed the code; none for a recovery code.
    pub(super) const fn device(self) -> Option<DeviceId> {
        match self {
            Self::Code(device) | Self::Confirmation(device) => Some(device),
            Self::RecoveryCode { .. } => None,
        }
    }

    /// The proof that rests on it: only for what was committed, or sealed by us.
    pub(crate) fn proof(self, account: AccountId, at: UnixTime) -> Box<dyn Proof> {
        match self {
            Self::Code(device) => Box::new(Verified::new(account, device, at)),
            Self::RecoveryCode { left } => Box::new(Recovered::new(account, at, left)),
            Self::Confirmation(device) => Box::new(Confirmed::new(account, device, at)),
        }
    }
}

macro_rules! proof {
    ($($type:ty: $evidence:expr;)*) => {
        $(
            impl sealed::Sealed for $type {}

            impl Proof for $type {
                fn account(&self) -> &AccountId {
                    &self.account
                }

                fn at(&self) -> UnixTime {
                    self.at
                }

                fn evidence(&self) -> Evidence {
                    let evidence: fn(&Self) -> Evidence = $evidence;
                    evidence(self)
                }
            }
        )*
    };
}

proof! {
    Verified: |proof| Evidence::Code(proof.device);
    Recovered: |proof| Evidence::RecoveryCode { left: proof.left };
    Confirmed: |proof| Evidence::Confirmation(proof.device);
}

/// Refuses the proof of another account, one that is not fresh, and one by what does not count any more: a device that
/// was suspended or revoked since, a recovery code of a set that was issued anew, or either if the account has opted out
/// and in again.
pub(super) fn check(proof: &dyn Proof, account: &Account, now: UnixTime) -> Result<(), Error> {
    if *proof.account() != account.id {
        return Err(Error::ForeignProof);
    }
    proof.require_within(Verified::SENSITIVE, now)?;
    let was_there = |since: UnixTime| since <= proof.at().saturating_add(CLOCK_TOLERANCE);
    let counts = match proof.evidence().device() {
        Some(id) => account.device(id).is_ok_and(|device| device.is_live(now) && was_there(device.created)),
        None => account.recovery.as_ref().is_some_and(|recovery| was_there(recovery.issued)),
    };
    if counts { Ok(()) } else { Err(Stale.into()) }
}

fn fresh_within(at: UnixTime, age: Duration, now: UnixTime) -> Result<(), Stale> {
    let is_from_the_future = at > now.saturating_add(CLOCK_TOLERANCE);
    if is_from_the_future || now.saturating_since(at) > age { Err(Stale) } else { Ok(()) }
}

pub(crate) fn refuse_the_future(at: UnixTime, now: UnixTime) -> Result<(), Stale> {
    fresh_within(at, Duration::MAX, now)
}

/// The second factor was proved too long ago, in the future, or by a device that does not count any more: ask for another
/// code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the second factor was not proved recently enough")]
pub struct Stale;
