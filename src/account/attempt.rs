//! Verdicts, and the lock on them: commit before answer.

use std::fmt;

use super::{Account, Diagnosis};
use crate::event::Event;
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

/// The claimant is refused. `Display` says the same for a wrong and for a used code: what a claimant may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// No device shows this code now.
    #[error("wrong code")]
    Mismatch,
    /// The code was right, and has been used (RFC 6238 section 5.2, NIST SP 800-63B-4 section 3.1.4.2). Wait for the
    /// next one. If nobody typed it twice, somebody else used it.
    #[error("wrong code")]
    Replayed,
    /// A wrong code for a device that waits to be confirmed, and what seems to be wrong with it.
    #[error("wrong code: {0}")]
    Unconfirmed(Diagnosis),
    /// Too many wrong codes: this one was not even looked at. Codes, recovery codes and resynchronizations are counted
    /// apart, so which ones have to wait is what was asked for.
    #[error("too many wrong codes: wait before the next one")]
    Throttled {
        /// From when on a code is judged again.
        retry_at: UnixTime,
    },
    /// A hundred wrong codes in a row: none is judged any more (NIST SP 800-63B-4 section 3.2.2). For codes of devices, and
    /// resynchronizations, this ends when the account is bound to a new device; for recovery codes, which are counted
    /// apart, when new ones are issued.
    #[error("too many wrong codes: none is judged any more")]
    Disabled,
}

impl Denial {
    /// What happened when a submission was refused at once, without a change, for a log and for its owner:
    /// [`Mfa`](crate::Mfa) shows it to its handlers. What was charged is told by
    /// [`reveal_with`](Attempt::reveal_with) instead.
    #[must_use]
    pub const fn event(self) -> Option<Event> {
        match self {
            Self::Replayed => Some(Event::ReplayRefused),
            Self::Throttled { retry_at } => Some(Event::Throttled { retry_at }),
            Self::Disabled => Some(Event::RefusedDisabled),
            Self::Mismatch | Self::Unconfirmed(_) => None,
        }
    }
}
