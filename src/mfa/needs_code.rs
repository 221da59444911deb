//! Whether a login needs a code.

use super::judge::Mfa;
use crate::account::Error;
use crate::account_id::AccountId;
use crate::sign_in::{NeedsCode, Note};
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Says whether a login needs a code after the password, by your own note and the record.
    ///
    /// Where the note says yes, the answer is yes without a look at the record. So a record that was lost lets nobody in.
    /// Where it does not, a record with a confirmed device is a yes too: a crash came between the record and the note, which
    /// is to be written then. An error is never a no. Beside [`Note::OptingOut`] the note is never called behind, as the
    /// opt-out may be under way: whoever began it writes the note after it, also where it was refused.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Error, Mfa, store::Store};
    /// use secondfactor::sign_in::{NeedsCode, Note};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, note: Note) -> Result<(), Error> {
    /// match mfa.needs_code(alice, note).await? {
    ///     NeedsCode::No => { /* .. let them in .. */ }
    ///     NeedsCode::Yes { note_is_behind, .. } => {
    ///         // .. ask for the code. When it was right, and if `note_is_behind`: write `Note::OptedIn` ..
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It has none but those of every call that reads a record. With any of them nobody is let in.
    pub async fn needs_code(
        &self,
        account: &AccountId,
        note: impl Into<Note>,
    ) -> Result<NeedsCode, Error> {
        let note = note.into();
        let was_confirmed = match note {
            Note::OptedIn => true,
            Note::OptingIn | Note::OptingOut | Note::OptedOut => match self.status(account).await {
                Ok(status) => status.was_confirmed(),
                Err(Error::NotEnrolled) => false,
                Err(error) => return Err(error),
            },
        };
        Ok(NeedsCode::new(note, was_confirmed))
    }
}
