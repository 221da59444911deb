//! A new set of recovery codes.

use std::fmt;

use zeroize::Zeroizing;

use super::code::{RecoveryCode, TEMPORARY};
use crate::codes::{RngError, fill_random};

/// Holds new recovery codes. Show them once, to be printed or kept in a password manager, and drop
/// them.
#[must_use = "the codes in it are shown once"]
pub struct RecoveryCodes {
    pub(super) codes: Vec<RecoveryCode>,
    pub(super) salt: Zeroizing<[u8; 16]>,
}

impl RecoveryCodes {
    /// An account gets 10 codes.
    pub const COUNT: usize = 10;

    /// Makes new codes from the operating system's random generator. They are of use only once they
    /// are issued to an account.
    ///
    /// # Errors
    /// [`RngError`] if the generator fails.
    pub fn generate() -> Result<Self, RngError> {
        Self::with_selectors((0..).take(Self::COUNT))
    }

    /// Makes a set of one temporary code.
    pub(crate) fn generate_temporary() -> Result<Self, RngError> {
        Self::with_selectors(std::iter::once(TEMPORARY))
    }

    fn with_selectors(selectors: impl Iterator<Item = u8>) -> Result<Self, RngError> {
        let mut salt = Zeroizing::new([0; 16]);
        fill_random(&mut *salt)?;
        // A vector that grows leaves copies of the codes behind.
        let mut codes = Vec::with_capacity(Self::COUNT);
        for selector in selectors {
            codes.push(RecoveryCode::generate(selector)?);
        }
        Ok(Self { codes, salt })
    }

    /// Returns how many codes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.codes.len()
    }

    /// Returns the codes, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, RecoveryCode> {
        self.codes.iter()
    }
}

impl IntoIterator for RecoveryCodes {
    type Item = RecoveryCode;
    type IntoIter = std::vec::IntoIter<RecoveryCode>;

    fn into_iter(self) -> Self::IntoIter {
        self.codes.into_iter()
    }
}

impl<'c> IntoIterator for &'c RecoveryCodes {
    type Item = &'c RecoveryCode;
    type IntoIter = std::slice::Iter<'c, RecoveryCode>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(..)")
    }
}
