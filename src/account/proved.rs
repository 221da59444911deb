//! What a committed verdict reveals: each holds the proof that was given.

use std::time::Duration;

use super::browser::cookie::BrowserCookie;
use super::browser::id::BrowserId;
use super::device::id::DeviceId;
use super::origin::Origin;
use super::policy::PROOF_LIFETIME;
use super::proof::{Proof, ProofKind};
use super::recovery::set_id::RecoverySetId;
use super::stale::Stale;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

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
        let device = proof.device().filter(|_| proof.kind() == ProofKind::Code)?;
        Some(Self::new(proof, device, (None, None)))
    }

    /// Returns whose second factor it is. Compare it with the account whose password was right.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        self.proof.account()
    }

    /// Returns the device that showed the code.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns the known browser in which it was verified, or which is known from now on.
    ///
    /// It is `None` for a stranger, for a submission that comes again from another browser than before, and for a
    /// `Verified` that comes from a token.
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
        self.proof.at()
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
        self.proof = self.proof.with_origin(origin);
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
        self.proof.account()
    }

    /// Returns when it was redeemed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at()
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
        self.proof = self.proof.with_origin(origin);
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
        self.proof.account()
    }

    /// Returns the device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns when it was confirmed.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.proof.at()
    }

    /// Says where the request comes from: see [`Proof::with_origin`].
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.proof = self.proof.with_origin(origin);
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
