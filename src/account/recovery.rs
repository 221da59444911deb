//! Recovery codes at rest, and how one is redeemed.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::recovery_code::{RecoveryCode, RecoveryCodes};
use super::throttle::Throttle;
use super::{Account, AccountId, Attempt, Denial, Proof, Recovered};
use crate::event::Event;
use crate::{Error, UnixTime, declassify};

/// The hash of a code. With 115 secret bits a fast one is enough (NIST SP 800-63B-4 section 3.1.2: from 112 bits on).
pub(super) type Hash = [u8; 32];

/// An account's recovery codes: what is left of them, as salted hashes.
pub(super) struct Recovery {
    /// Who redeemed a code of an earlier set has proved nothing any more.
    pub(super) issued: UnixTime,
    pub(super) salt: Zeroizing<[u8; 16]>,
    /// By selector; each at most once.
    pub(super) codes: Vec<(u8, Hash)>,
    pub(super) throttle: Throttle,
}

/// Without salt and hashes.
impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issued, salt: _, codes, throttle } = self;
        let mut all = f.debug_struct("Recovery");
        all.field("issued", issued).field("codes", &codes.len()).field("throttle", throttle).finish_non_exhaustive()
    }
}

impl Account {
    /// Issues ten recovery codes; earlier ones are void from then on.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`], [`Error::Rng`]; [`Error::NotEnrolled`] without a device that counts.
    pub fn issue_recovery_codes(mut self, proof: &dyn Proof, now: UnixTime) -> Result<Attempt<RecoveryCodes>, Error> {
        self.begin_proven(proof, now)?;
        self.require_live(now)?;
        let fresh = RecoveryCodes::generate()?;
        let salt = fresh.salt.clone();
        let codes = fresh.iter().map(|code| (code.selector(), hash(&salt, &self.id, code))).collect();
        // Whoever has redeemed a code mends their second factor in several steps, and this is one of them.
        let issued = if proof.evidence().device().is_none() { proof.at() } else { now };
        self.recovery = Some(Recovery { issued, salt, codes, throttle: Throttle::NEW });
        self.note(Event::RecoveryCodesIssued { count: fresh.count() });
        Ok(Attempt::new(self, Ok(fresh)))
    }

    /// Replaces the codes that were used (NIST SP 800-63B-4 section 4.2.1.1: after use, a new one is issued). Those that
    /// are left stay as they are; the new ones alone are returned.
    ///
    /// # Errors
    /// As for [`issue_recovery_codes`](Self::issue_recovery_codes); [`Error::NoRecoveryCodes`] if none were ever issued, or
    /// they are void after too many wrong ones: issue new ones.
    pub fn replenish_recovery_codes(
        mut self,
        proof: &dyn Proof,
        now: UnixTime,
    ) -> Result<Attempt<RecoveryCodes>, Error> {
        self.begin_proven(proof, now)?;
        let policy = self.policy;
        let recovery = self.recovery.as_mut().filter(|recovery| !recovery.throttle.is_disabled(&policy));
        let recovery = recovery.ok_or(Error::NoRecoveryCodes)?;
        let fresh = RecoveryCodes::generate_but(|selector| recovery.codes.iter().any(|(kept, _)| *kept == selector))?;
        for code in &fresh {
            recovery.codes.push((code.selector(), hash(&recovery.salt, &self.id, code)));
        }
        self.note(Event::RecoveryCodesReplenished { count: fresh.count() });
        Ok(Attempt::new(self, Ok(fresh)))
    }

    /// Redeems a recovery code: it is gone as soon as its answer is known.
    ///
    /// # Errors
    /// [`Error::NoRecoveryCodes`] if none is left; [`Error::Denied`] at once, without a change, when throttled.
    pub fn redeem(mut self, code: &RecoveryCode, now: UnixTime) -> Result<Attempt<Recovered>, Error> {
        self.begin(now);
        let recovery = self.recovery.as_mut().filter(|recovery| !recovery.codes.is_empty());
        let recovery = recovery.ok_or(Error::NoRecoveryCodes)?;
        recovery.throttle.check(&self.policy, now)?;

        let submitted = hash(&recovery.salt, &self.id, code);
        let (mut is_match, mut place) = (Choice::from(0), 0_u64);
        for (at, (selector, kept)) in (0..).zip(&recovery.codes) {
            let is_this = selector.ct_eq(&code.selector()) & kept.ct_eq(&submitted);
            place.conditional_assign(&at, is_this);
            is_match |= is_this;
        }
        let found = declassify::found(is_match, place).and_then(|at| usize::try_from(at).ok());
        let verdict = match found {
            Some(at) => {
                recovery.codes.remove(at);
                recovery.throttle.succeed();
                let left = recovery.codes.len();
                self.note(Event::Recovered { left });
                Ok(Recovered::new(self.id.clone(), now, left))
            }
            None => {
                recovery.throttle.fail(now);
                let failures = recovery.throttle.failures;
                let is_disabled = recovery.throttle.is_disabled(&self.policy);
                self.note(Event::RecoveryMismatch { failures });
                if is_disabled {
                    self.note(Event::RecoveryDisabled);
                }
                Err(Denial::Mismatch)
            }
        };
        Ok(Attempt::new(self, verdict))
    }
}

/// HMAC-SHA-256, keyed by the salt, over the account and the code: another account's code is another code.
fn hash(salt: &[u8; 16], account: &AccountId, code: &RecoveryCode) -> Hash {
    let mut mac = Hmac::<Sha256>::new(&key(salt));
    mac.update(b"secondfactor recovery code");
    mac.update(code.message());
    mac.update(account.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}

/// The salt, padded to the key of a whole block: HMAC pads it the same way.
fn key(salt: &[u8; 16]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    key.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
    key
}
