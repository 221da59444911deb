//! An account's recovery codes at rest, as salted hashes.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::code::RecoveryCode;
use super::codes::RecoveryCodes;
use crate::account::answer::{Answer, SubmissionHash};
use crate::account::credential::Credential;
use crate::account::policy::MAX_REDEMPTIONS;
use crate::account::throttle::Throttle;
use crate::account::voucher::Voucher;
use crate::codes::constant_time;

/// The hash of a code. With 115 secret bits a fast one is enough (NIST SP 800-63B-4 section 3.1.2: from 112 bits on).
pub(crate) type Hash = [u8; 32];

pub(crate) type Salt = [u8; 16];

/// What is left of an account's recovery codes.
pub(crate) struct RecoverySet {
    /// In every hash, so that a code of another set is another code.
    pub(crate) credential: Credential,
    pub(crate) vouched_by: Voucher,
    /// Whoever redeemed a code of this set, or issued it by a redemption; the latest last.
    pub(crate) redemptions: Vec<Credential>,
    pub(crate) salt: Zeroizing<Salt>,
    /// By selector; each at most once.
    pub(crate) codes: Vec<(u8, Hash)>,
    pub(crate) throttle: Throttle,
    /// This is the last redemption, if the submission named a form.
    pub(crate) answer: Option<Answer>,
}

impl RecoverySet {
    pub(crate) fn new(fresh: &RecoveryCodes, credential: Credential, vouched_by: Voucher) -> Self {
        let salt = fresh.salt.clone();
        let codes = fresh
            .iter()
            .map(|code| (code.selector(), hash(&salt, credential, code)))
            .collect();
        Self {
            credential,
            vouched_by,
            redemptions: Vec::new(),
            salt,
            codes,
            throttle: Throttle::NEW,
            answer: None,
        }
    }

    /// Removes the code, if it is one of the set. Returns whether it was.
    pub(crate) fn take(&mut self, code: &RecoveryCode) -> bool {
        let submitted = hash(&self.salt, self.credential, code);
        let (mut is_match, mut place) = (Choice::from(0), 0_u64);
        for (at, (selector, kept)) in (0..).zip(&self.codes) {
            let is_this = selector.ct_eq(&code.selector()) & kept.ct_eq(&submitted);
            place.conditional_assign(&at, is_this);
            is_match |= is_this;
        }
        let found = constant_time::found(is_match, place).and_then(|at| usize::try_from(at).ok());
        if let Some(at) = found {
            self.codes.remove(at);
        }
        found.is_some()
    }

    /// Returns the answer to the submission of this hash, if its redemption is remembered.
    pub(crate) fn answer_to(&self, hash: Option<&SubmissionHash>) -> Option<Answer> {
        let hash = hash?;
        self.answer
            .filter(|answer| self.redemptions.contains(&answer.credential) && answer.is_to(hash))
    }

    pub(crate) fn pass(&mut self, elapsed: Duration) {
        self.throttle.pass(elapsed);
        self.answer = self.answer.and_then(|answer| answer.passed(elapsed));
    }

    /// Remembers a redemption. Returns how many end to make room, the oldest first.
    pub(crate) fn remember(&mut self, redemption: Credential) -> usize {
        self.redemptions.push(redemption);
        let too_many = self.redemptions.len().saturating_sub(MAX_REDEMPTIONS);
        self.redemptions.drain(..too_many).count()
    }

    #[cfg(secondfactor_constant_time)]
    pub(crate) fn for_each_secret(&self, mut see: impl FnMut(&[u8])) {
        see(&*self.salt);
        self.codes.iter().for_each(|(_, hash)| see(hash));
        self.answer.iter().for_each(|answer| see(&answer.hash));
    }
}

/// Without salt and hashes.
impl fmt::Debug for RecoverySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            credential: _,
            vouched_by,
            redemptions,
            salt: _,
            codes,
            throttle,
            answer: _,
        } = self;
        let mut all = f.debug_struct("RecoverySet");
        all.field("vouched_by", vouched_by)
            .field("redemptions", &redemptions.len());
        all.field("codes", &codes.len())
            .field("throttle", throttle)
            .finish_non_exhaustive()
    }
}

/// HMAC-SHA-256, keyed by the salt, over the code and the set. No account id: it may change (an application moves its
/// accounts), and the sealed record is bound to it anyway.
fn hash(salt: &Salt, set: Credential, code: &RecoveryCode) -> Hash {
    let mut mac = Hmac::<Sha256>::new(&key(salt));
    mac.update(b"secondfactor recovery code");
    mac.update(code.message());
    mac.update(set.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The salt, padded to the key of a whole block: HMAC pads it the same way.
fn key(salt: &Salt) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    key.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python's `hmac` and `hashlib`.
    #[test]
    fn the_hash_is_the_one_of_every_record() {
        let salt = *b"0123456789abcdef";
        let code: RecoveryCode = "00000-00000-00000-00000-00000".parse().unwrap();
        let hash = hash(&salt, Credential::from_bytes(*b"fedcba98"), &code);
        let hex: String = hash.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex,
            "f8113af095d6352ffa310641567ce873e463309c7ba505eb2e1da074dd4e3cb2"
        );
    }
}
