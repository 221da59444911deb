//! An account's recovery codes at rest, as salted hashes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::code::RecoveryCode;
use super::codes::RecoveryCodes;
use crate::account::throttle::Throttle;
use crate::account_id::AccountId;
use crate::codes::{UnixTime, constant_time};

/// The hash of a code. With 115 secret bits a fast one is enough (NIST SP 800-63B-4 section 3.1.2: from 112 bits on).
pub(crate) type Hash = [u8; 32];

pub(crate) type Salt = [u8; 16];

/// What is left of an account's recovery codes.
pub(crate) struct RecoverySet {
    /// A redemption of an earlier set no longer proves anything.
    pub(crate) issued: UnixTime,
    pub(crate) salt: Zeroizing<Salt>,
    /// By selector; each at most once.
    pub(crate) codes: Vec<(u8, Hash)>,
    pub(crate) throttle: Throttle,
}

impl RecoverySet {
    pub(crate) fn new(fresh: &RecoveryCodes, account: &AccountId, issued: UnixTime) -> Self {
        let salt = fresh.salt.clone();
        let codes = fresh
            .iter()
            .map(|code| (code.selector(), hash(&salt, account, code)))
            .collect();
        Self {
            issued,
            salt,
            codes,
            throttle: Throttle::NEW,
        }
    }

    /// Removes the code, if it is one of the set. Returns whether it was.
    pub(crate) fn take(&mut self, account: &AccountId, code: &RecoveryCode) -> bool {
        let submitted = hash(&self.salt, account, code);
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

    #[cfg(secondfactor_constant_time)]
    pub(crate) fn for_each_secret(&self, mut see: impl FnMut(&[u8])) {
        see(&*self.salt);
        self.codes.iter().for_each(|(_, hash)| see(hash));
    }
}

/// Without salt and hashes.
impl fmt::Debug for RecoverySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            issued,
            salt: _,
            codes,
            throttle,
        } = self;
        let mut all = f.debug_struct("RecoverySet");
        all.field("issued", issued)
            .field("codes", &codes.len())
            .field("throttle", throttle)
            .finish_non_exhaustive()
    }
}

/// HMAC-SHA-256, keyed by the salt, over the account and the code: another account's code is another code.
fn hash(salt: &Salt, account: &AccountId, code: &RecoveryCode) -> Hash {
    let mut mac = Hmac::<Sha256>::new(&key(salt));
    mac.update(b"secondfactor recovery code");
    mac.update(code.message());
    mac.update(account.as_str().as_bytes());
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
        let hex: String = hash(&salt, &AccountId::new("alice").unwrap(), &code)
            .map(|byte| format!("{byte:02x}"))
            .concat();
        assert_eq!(
            hex,
            "0840d68f0ccc86c65034a76d77614c33a5681d07542fe03bd683177de7ee8e5d"
        );
    }
}
