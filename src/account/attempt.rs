//! Verdicts, and the lock on them: commit before answer.

use std::fmt;

use super::denial::Denial;
use super::error::Error;
use super::event::Event;
use super::state::Account;
use crate::sealing::Keyring;
use crate::store::{Committed, Tag};

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
        Self {
            next,
            verdict,
            sealed: None,
        }
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
        self.reveal_with(receipt, |_| {})
    }

    /// The same, and shows what has happened, in order.
    ///
    /// # Errors
    /// As for [`reveal`](Self::reveal); without the right receipt nothing is shown.
    pub fn reveal_with(self, receipt: Committed, on_event: impl FnMut(&Event)) -> Result<T, Error> {
        if !receipt.is_for(self.sealed) {
            return Err(Error::ForeignReceipt);
        }
        self.next.events.iter().for_each(on_event);
        Ok(self.verdict?)
    }
}

impl<T> fmt::Debug for Attempt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempt(..)")
    }
}
