//! Proofs of a second factor, which a login and every change of it need.

use std::time::Duration;

use super::browser::cookie::BrowserCookie;
use super::browser::id::BrowserId;
use super::credential::Credential;
use super::device::id::DeviceId;
use super::origin::Origin;
use super::policy::{CLOCK_TOLERANCE, PROOF_LIFETIME, REDEMPTION_LIFETIME};
use super::recovery::set_id::RecoverySetId;
use super::stale::Stale;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// Says who has proved which second factor, how and when. Every change of a second factor takes
/// one.
///
/// [`Verified`], [`Recovered`] and [`Confirmed`] hold a proof, lend it ([`AsRef`]) and turn into it
/// ([`From`]). Methods take any of them, by reference. Only a committed verdict makes a proof, and
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

/// Says that a code was verified, which is the second factor of a login.
///
/// It says that a code was shown, not who asked for it. TOTP is not phishing-resistant, and is
/// never more than AAL2 (NIST SP 800-63B-4 sections 2.2 and 3.1.4).
///
/// ```compile_fail
/// # fn two(verified: secondfactor::Verified) -> (secondfactor::Verified, secondfactor::Verified) {
/// (verified.clone(), verified)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a claimant has proved a second factor: let them in, or say why not"]
pub struct Verified {
    proof: Proof,
    device: DeviceId,
    browser: Option<BrowserId>,
    cookie: Option<BrowserCookie>,
}

impl Verified {
    /// Another code is asked for after 5 minutes, before what can't be undone and before changes of
    /// the second factor.
    ///
    /// A form of that kind takes about as long (OWASP ASVS 5.0, 7.5.1 and 7.5.3).
    pub const SENSITIVE: Duration = PROOF_LIFETIME;
    /// A session may be idle for 1 hour (NIST SP 800-63B-4 section 2.2.3, AAL2).
    pub const SESSION_IDLE: Duration = Duration::from_secs(3600);
    /// A session may last for 24 hours in all (NIST SP 800-63B-4 section 2.2.3, AAL2).
    pub const SESSION: Duration = Duration::from_secs(24 * 3600);

    pub(super) fn new(
        proof: Proof,
        device: DeviceId,
        (browser, cookie): (Option<BrowserId>, Option<BrowserCookie>),
    ) -> Self {
        Self {
            proof,
            device,
            browser,
            cookie,
        }
    }

    /// Makes it from a proof by a code. No other proof passes where a code is demanded.
    pub(crate) fn from_proof(proof: Proof) -> Option<Self> {
        let device = proof.device.filter(|_| proof.kind == ProofKind::Code)?;
        Some(Self::new(proof, device, (None, None)))
    }

    /// Returns whose second factor it is. Compare it with the account whose password was right.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.proof.account
    }

    /// Returns the device that showed the code.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns the known browser in which it was verified, or which is known from now on.
    ///
    /// It is `None` for a stranger, and for a `Verified` that comes from a token.
    #[must_use]
    pub const fn browser(&self) -> Option<BrowserId> {
        self.browser
    }

    /// Takes the cookie by which the browser is known, once. Set it in the answer.
    ///
    /// There is one if the submission asked for it
    /// ([`Submission::remember_browser`](super::Submission::remember_browser)). A browser that is known
    /// already gets the cookie that it has, to keep it longer.
    pub const fn take_browser_cookie(&mut self) -> Option<BrowserCookie> {
        self.cookie.take()
    }

    /// Returns when it was verified.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at
    }

    /// Returns how long ago it was verified, or zero if that is in the future.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        self.proof.age(now)
    }

    /// Demands that it was verified no longer ago than `age`.
    ///
    /// There is no way to ask this only "if there is one", because without a `Verified` there is
    /// nothing to call it on.
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
    /// [`Stale::TooOld`] if it was longer ago, and [`Stale::FromTheFuture`] if it is dated in the
    /// future.
    pub fn require_within(&self, age: Duration, now: UnixTime) -> Result<(), Stale> {
        self.proof.require_within(age, now)
    }

    /// Says where the request comes from: see [`Proof::with_origin`].
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.proof.origin = Some(origin);
        self
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

/// Says that a recovery code was redeemed. It is no [`Verified`], and does not pass where a code is
/// demanded.
///
/// Let its owner in to mend the second factor: enroll a new device, revoke the lost one, issue new
/// codes.
///
/// ```compile_fail
/// # fn takes(_: secondfactor::Verified) {}
/// # fn give(recovered: secondfactor::Recovered) {
/// takes(recovered)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a recovery code is used up: let its owner mend the second factor"]
pub struct Recovered {
    proof: Proof,
    set: Option<RecoverySetId>,
    codes_left: usize,
}

impl Recovered {
    pub(super) const fn new(proof: Proof, set: Option<RecoverySetId>, codes_left: usize) -> Self {
        Self {
            proof,
            set,
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

    /// Returns the present set of recovery codes, which new ones replace. After a temporary code there may be none.
    #[must_use]
    pub const fn recovery_set(&self) -> Option<RecoverySetId> {
        self.set
    }

    /// Returns how many recovery codes are left.
    #[must_use]
    pub const fn codes_left(&self) -> usize {
        self.codes_left
    }

    /// Says where the request comes from: see [`Proof::with_origin`].
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.proof.origin = Some(origin);
        self
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

/// Says that a device was confirmed by a code it showed. This is no login, but enough to issue
/// recovery codes right away.
#[derive(Debug)]
pub struct Confirmed {
    proof: Proof,
    device: DeviceId,
    cookie: Option<BrowserCookie>,
}

impl Confirmed {
    pub(super) const fn new(proof: Proof, device: DeviceId, cookie: Option<BrowserCookie>) -> Self {
        Self {
            proof,
            device,
            cookie,
        }
    }

    /// Takes the cookie by which the browser is known, once: see
    /// [`Verified::take_browser_cookie`].
    pub const fn take_browser_cookie(&mut self) -> Option<BrowserCookie> {
        self.cookie.take()
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

    /// Says where the request comes from: see [`Proof::with_origin`].
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.proof.origin = Some(origin);
        self
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
