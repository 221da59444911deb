//! The application's own note of who has opted in.

/// Says whether the owner of an account has opted in, as the application has noted it.
///
/// The record alone can't say it: one that was lost or taken away looks like one that never was. Keep the note beside the
/// password, and give it to [`Mfa::needs_code`](crate::Mfa::needs_code).
///
/// Note and record are two writes, and a server may be stopped between them. So a change is noted before the record
/// changes, and again after it. Only in between the record decides. So no crash leaves the door open, or shut for good.
///
/// | the owner | note before | call | note after |
/// | --- | --- | --- | --- |
/// | opts in | `OptingIn` | [`enroll`](crate::Mfa::enroll), [`confirm`](crate::Mfa::confirm) | `OptedIn` |
/// | opts out | `OptingOut` | [`opt_out`](crate::Mfa::opt_out) | `OptedOut` |
///
/// If [`opt_out`](crate::Mfa::opt_out) is refused, as the proof is [`Stale`](crate::Error::Stale), nothing was removed: write
/// `OptedIn` again. If the store failed, the record may be gone: leave the note, and opt out once more. While it says
/// `OptingOut`, the password is enough where the record was lost. So ask
/// [`check_proof`](crate::Mfa::check_proof) before you write it: without a proof that stands, nothing is begun.
///
/// Write a note only where the one that you have read still stands. If two sessions of one owner change it at the same time,
/// one of them loses.
///
/// ```
/// # use secondfactor::{Error, Mfa, Proof, store::Store};
/// # use secondfactor::sign_in::Note;
/// # trait User { fn write_note(&mut self, note: Note, if_it_is: Note); }
/// # async fn example<S: Store>(mfa: &Mfa<S>, proof: &Proof, user: &mut impl User) -> Result<(), Error> {
/// mfa.check_proof(proof).await?;
/// user.write_note(Note::OptingOut, Note::OptedIn);
/// let answer = mfa.opt_out(proof).await;
/// match &answer {
///     Ok(()) | Err(Error::NotEnrolled) => user.write_note(Note::OptedOut, Note::OptingOut),
///     Err(Error::Stale(_)) => user.write_note(Note::OptedIn, Note::OptingOut),
///     Err(_) => {} // it may be removed or not: the record decides
/// }
/// answer
/// # }
/// ```
///
/// ```
/// use secondfactor::sign_in::Note;
/// let user_has_opted_in = true; // as the user's row says
/// assert_eq!(Note::from(user_has_opted_in), Note::OptedIn);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Note {
    /// A password is enough. If the record has a confirmed device all the same, the note is behind.
    OptedOut,
    /// A code is asked for once a device is confirmed.
    OptingIn,
    /// A code is asked for until the record is gone.
    OptingOut,
    /// A code is asked for, whatever the record says. If it is gone, nobody gets in.
    OptedIn,
}

/// Takes a note that says yes or no. It is enough if nobody opts out while another session logs in.
impl From<bool> for Note {
    fn from(has_opted_in: bool) -> Self {
        if has_opted_in {
            Self::OptedIn
        } else {
            Self::OptedOut
        }
    }
}

/// Says whether a login needs a code after the password. See [`Mfa::needs_code`](crate::Mfa::needs_code).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says whether the password is enough"]
pub enum NeedsCode {
    /// The password is enough.
    No,
    /// A code is asked for.
    Yes {
        /// The record has a confirmed device, and the note does not say so, as a crash came in between.
        /// Write [`Note::OptedIn`] when the code was right, if the note is still the one that you gave.
        note_is_behind: bool,
    },
}

impl NeedsCode {
    /// Decides by the note, and by whether the record has a device that was ever confirmed.
    ///
    /// A note that says `OptingOut` is not behind, though a crash may have left it there: the opt-out may be under way in
    /// another session. If a login wrote `OptedIn` beside it, the record would be gone a moment later, and its owner shut
    /// out for good.
    pub(crate) const fn new(note: Note, was_confirmed: bool) -> Self {
        match (note, was_confirmed) {
            (Note::OptedIn, _) | (Note::OptingOut, true) => Self::Yes {
                note_is_behind: false,
            },
            (Note::OptingIn | Note::OptedOut, true) => Self::Yes {
                note_is_behind: true,
            },
            (Note::OptingIn | Note::OptingOut | Note::OptedOut, false) => Self::No,
        }
    }
}
