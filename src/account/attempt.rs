//! Verdicts, and the lock on them: commit before answer.

use std::fmt;
use std::time::Duration;

use super::{Account, AccountId, DeviceId};
use crate::store::Tag;
use crate::{Committed, Error, Keyring, UnixTime};

/// A judged command whose verdict nobody can read before its record is committed.
///
/// [`seal`](Self::seal) gives the bytes to commit, [`reveal`](Self::reveal) the verdict in exchange for the receipt. An
/// attempt that is dropped, since its swap lost or its store failed, has granted nothing.
#[must_use = "nothing has happened until it is sealed, committed and revealed"]
pub struct Attempt<T> {
    next: Account,
    verdict: Result<T, Denial>,
    sealed: Option<Tag>,
}

impl<T> Attempt<T> {
    pub(super) const fn new(next: Account, verdict: Result<T, Denial>) -> Self {
        Self { next, verdict, sealed: None }
    }

    /// The account's next record, sealed by the keyring's active key: commit these bytes.
    ///
    /// # Errors
    /// No random bytes for the nonce.
    pub fn seal(&mut self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        let sealed = self.next.seal(keyring)?;
        self.sealed = sealed.last_chunk().copied();
        Ok(sealed)
    }

    /// The verdict, for the receipt that the bytes last sealed were committed.
    ///
    /// # Errors
    /// [`Error::Denied`] is the verdict no. [`Error::ForeignReceipt`]: the receipt is for other bytes.
    pub fn reveal(self, receipt: Committed) -> Result<T, Error> {
        if !receipt.is_for(self.sealed) {
            return Err(Error::ForeignReceipt);
        }
        Ok(self.verdict?)
    }
}

impl<T> fmt::Debug for Attempt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempt(..)")
    }
}

/// The claimant is refused. `Display` says the same for every wrong code: what a claimant may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// No device shows this code now.
    #[error("wrong code")]
    Mismatch,
    /// The code was right, and has been used (RFC 6238 section 5.2, NIST SP 800-63B section 3.1.4.2). Wait for the
    /// next one. If nobody typed it twice, somebody else used it.
    #[error("wrong code")]
    Replayed,
}

/// A code was verified: proof of one second factor, of one account, at one time.
///
/// Only a committed verdict makes one, and it can't be copied: pass it on to what needs it.
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
    pub(super) const fn new(account: AccountId, device: DeviceId, at: UnixTime) -> Self {
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

    /// How long ago it was verified.
    #[must_use]
    pub const fn age(&self, now: UnixTime) -> Duration {
        now.saturating_since(self.at)
    }
}
