//! The cookie of a known browser: its name, its value, and the hash that the record keeps.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::account_id::AccountId;
use crate::codes::{SecretText, decode_base32};

/// The first 128 bits of a hash of the account's id and the cookie's value.
pub(crate) type BrowserHash = [u8; 16];

/// Makes a cookie's value, with what was submitted. The record keeps it for a minute, so that the same
/// submission gets the same cookie again.
pub(crate) type CookieSalt = [u8; 16];

/// Holds the 128 bits by which a browser is known.
#[derive(Clone)]
pub(crate) struct CookieValue(Zeroizing<[u8; Self::LEN]>);

impl CookieValue {
    const LEN: usize = 16;
    /// Its text has so many symbols of Base32.
    const SYMBOLS: usize = 26;

    pub(crate) fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads what a browser sent. What was cut, extended or changed is no value.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        if text.len() != Self::SYMBOLS {
            return None;
        }
        let bytes = decode_base32(text).ok()?;
        let mut value = Zeroizing::new([0; Self::LEN]);
        if bytes.len() != value.len() {
            return None;
        }
        value.copy_from_slice(&bytes);
        Some(Self(value))
    }

    /// The account is in it, so that one value is another browser at another account.
    pub(crate) fn hash(&self, account: &AccountId) -> BrowserHash {
        let digest: [u8; 32] = Sha256::new_with_prefix(b"secondfactor browser")
            .chain_update(*self.0)
            .chain_update(account.as_str())
            .finalize()
            .into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for CookieValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieValue(..)")
    }
}

/// Holds the cookie by which a browser is known from now on. Set it in the answer, and drop it.
///
/// [`Verified::take_browser_cookie`](crate::Verified::take_browser_cookie) hands it out. The library
/// keeps only a hash of the value.
///
/// Whoever copies the cookie and has the password can guess codes on the side of the known browsers,
/// as [`GuessBound::with_cookies`](super::super::GuessBound::with_cookies) says. They are let in
/// without a code only as long as the browser is trusted.
#[derive(Debug)]
#[must_use = "a browser without its cookie is a stranger"]
pub struct BrowserCookie {
    name: String,
    value: CookieValue,
}

impl BrowserCookie {
    pub(crate) fn new(account: &AccountId, value: CookieValue) -> Self {
        let name = Self::name_for(account);
        Self { name, value }
    }

    /// Returns the name of this account's cookie. It holds a hash, so nothing of the account is in it.
    ///
    /// A browser that several people use keeps a cookie for each. Browsers send a cookie of such a name
    /// only over HTTPS, and accept it only from this host
    /// (`__Host-`, NIST SP 800-63B-4 section 5.1.1).
    ///
    /// ```
    /// use secondfactor::{AccountId, account::BrowserCookie};
    /// let name = BrowserCookie::name_for(&AccountId::new("alice")?);
    /// assert_eq!(name, "__Host-browser-34856488fdf42df6");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name_for(account: &AccountId) -> String {
        let digest: [u8; 32] = Sha256::new_with_prefix(b"secondfactor browser cookie")
            .chain_update(account.as_str())
            .finalize()
            .into();
        let hash = digest.first_chunk().copied().unwrap_or_default();
        format!("__Host-browser-{:016x}", u64::from_be_bytes(hash))
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its value: 26 letters and digits. It is a secret of the browser.
    #[must_use]
    pub fn expose_value(&self) -> SecretText {
        SecretText::base32(&*self.value.0)
    }

    /// Returns the whole value of a `Set-Cookie` header: for HTTPS alone, out of reach of scripts, and
    /// not for requests that other sites make.
    #[must_use]
    pub fn expose_set_cookie(&self) -> SecretText {
        let (value, attributes) = (self.expose_value(), Self::ATTRIBUTES);
        let length = [self.name.len(), 1, value.len(), attributes.len()];
        let mut text = SecretText::with_capacity(length.iter().sum());
        for part in [self.name(), "=", &value, attributes] {
            text.push_str(part);
        }
        text
    }

    /// Browsers keep a cookie for 400 days at most.
    const ATTRIBUTES: &'static str = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python's `hashlib`.
    #[test]
    fn the_hash_is_the_one_of_every_record() {
        let alice = AccountId::new("alice").unwrap();
        let hash = CookieValue::new(*b"0123456789abcdef").hash(&alice);
        let hex: String = hash.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex, "553b33f091a821636305c673b583168b");
    }
}
