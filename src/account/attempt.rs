//! Verdicts, and what keeps them closed until their record is committed.

use std::fmt;

use super::error::Error;
use super::event::Event;
use super::state::Account;
use crate::sealing::Keyring;
use crate::store::{Committed, Tag, tag};

/// Holds the verdict of a command, which nobody can read before its record is committed.
///
/// [`seal`](Self::seal) returns the bytes to commit. [`reveal`](Self::reveal) returns the verdict
/// in exchange for the receipt. An attempt that is dropped, because its swap lost or its store
/// failed, has granted nothing.
///
/// **Reveal after the commit, never inside a closure that is the transaction.** A wrong code is an
/// `Err`, and such a closure takes it for a reason to roll back. Then the charge for the wrong code is
/// gone, and a guesser is never throttled. Let the closure return the attempt and its bytes
/// (`examples/own_transaction.rs`).
#[must_use = "nothing has happened until it is sealed, committed and revealed"]
pub struct Attempt<T> {
    next: Account,
    verdict: Result<T, Error>,
    sealed: Option<Tag>,
}

impl<T> Attempt<T> {
    pub(super) const fn new(next: Account, verdict: Result<T, Error>) -> Self {
        Self {
            next,
            verdict,
            sealed: None,
        }
    }

    /// Seals the account's next record by the keyring's active key. Commit these bytes.
    ///
    /// # Errors
    /// [`Error::Rng`] if there are no random bytes.
    pub fn seal(&mut self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        let sealed = self.next.seal(keyring)?;
        self.sealed = tag(&sealed);
        Ok(sealed)
    }

    /// Returns what is told once it is committed.
    pub(crate) fn events(&self) -> &[Event] {
        &self.next.events
    }

    /// Returns the verdict, for the receipt that the bytes sealed last were committed.
    ///
    /// # Errors
    /// * [`Error::Denied`] if the verdict is no.
    /// * [`Error::ForeignReceipt`] if the receipt is for other bytes, or for others than those that
    ///   the account was opened from.
    pub fn reveal(self, receipt: Committed) -> Result<T, Error> {
        self.reveal_with(receipt, |_| {})
    }

    /// Returns the verdict as [`reveal`](Self::reveal) does, and shows every event first, in order.
    ///
    /// # Errors
    /// As for [`reveal`](Self::reveal). Without the right receipt no event is shown.
    pub fn reveal_with(self, receipt: Committed, on_event: impl FnMut(&Event)) -> Result<T, Error> {
        if !receipt.is_for(self.next.loaded, self.sealed) {
            return Err(Error::ForeignReceipt);
        }
        self.next.events.iter().for_each(on_event);
        self.verdict
    }
}

impl<T> fmt::Debug for Attempt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempt(..)")
    }
}
