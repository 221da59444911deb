//! What a claimant submits: a code, and the form that it was typed into.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::answer::SubmissionHash;
use super::form_id::FormId;
use super::origin::Origin;
use super::recovery::code::RecoveryCode;
use crate::codes::Code;

/// Holds a code that was typed, and optionally the form that it was typed into.
///
/// [`Mfa::verify`](crate::Mfa::verify), [`Mfa::confirm`](crate::Mfa::confirm) and
/// [`Mfa::redeem`](crate::Mfa::redeem) take one, or a code alone. A code works once. With a form, a
/// double click or a lost answer is no failure either: see [`with_form`](Self::with_form).
///
/// ```
/// # use secondfactor::{AccountId, Code, Mfa, Verified, account::{FormId, Submission}, store::Store};
/// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, typed: &str, hidden: &str, session: &[u8])
/// # -> Result<(), Box<dyn std::error::Error>> {
/// // The page that asks for the code has a hidden field.
/// let hidden_field = FormId::generate()?.to_string();
///
/// // The browser sends it back, perhaps twice. Both calls return a `Verified` of the same time.
/// let code: Code = typed.parse()?;
/// let submission = Submission::new(code).with_form(session, hidden.parse()?)?;
/// let verified = mfa.verify(alice, submission).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Submission<C> {
    pub(super) code: C,
    form: Option<Form>,
    origin: Option<Origin>,
}

/// The hash of a session's id and a form's.
#[derive(Clone)]
struct Form([u8; 32]);

const MIN_SESSION_LEN: usize = 16;

/// The session's id has fewer than 16 bytes, so it may be guessed. The application must give its
/// sessions longer ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session's id must have at least 16 bytes")]
pub struct ShortSession(());

/// What the answer is remembered under.
#[derive(Clone, Copy)]
pub(super) enum Command {
    Verify,
    Confirm,
    Redeem,
}

impl Command {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Verify => b"secondfactor verify",
            Self::Confirm => b"secondfactor confirm",
            Self::Redeem => b"secondfactor redeem",
        }
    }
}

impl<C> Submission<C> {
    /// Makes a submission of a code alone. The same one a second time is a replay.
    #[must_use]
    pub const fn new(code: C) -> Self {
        Self {
            code,
            form: None,
            origin: None,
        }
    }

    /// Names the form that the code was typed into, and the session of the application.
    ///
    /// If the submission succeeds and comes again within a minute, it gets the same answer: the same
    /// call, the same session, form and code. So a double click or a lost answer is no failure, and
    /// one code is never two acts. With another form it is a replay. A wrong code is a wrong code,
    /// whatever the form.
    ///
    /// The session's id has 16 bytes or more, which nobody can guess. The library keeps only a hash.
    ///
    /// # Errors
    /// [`ShortSession`] if the session's id has fewer than 16 bytes.
    pub fn with_form(mut self, session: &[u8], form: FormId) -> Result<Self, ShortSession> {
        if session.len() < MIN_SESSION_LEN {
            return Err(ShortSession(()));
        }
        let hash = Sha256::new_with_prefix(b"secondfactor form")
            .chain_update(session)
            .chain_update(form.as_bytes());
        self.form = Some(Form(hash.finalize().into()));
        Ok(self)
    }

    /// Says where the submission came from, for those who hear of its events.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    pub(crate) const fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    fn hash_of(&self, command: Command, code: &[u8]) -> Option<SubmissionHash> {
        let Form(form) = self.form.as_ref()?;
        let digest: [u8; 32] = Sha256::new_with_prefix(command.label())
            .chain_update(form)
            .chain_update(code)
            .finalize()
            .into();
        digest.first_chunk().copied()
    }
}

impl Submission<Code> {
    pub(super) fn hash(&self, command: Command) -> Option<SubmissionHash> {
        self.hash_of(command, &self.code.to_bytes())
    }
}

impl Submission<&RecoveryCode> {
    pub(super) fn hash(&self, command: Command) -> Option<SubmissionHash> {
        self.hash_of(command, self.code.message())
    }
}

impl<C> From<C> for Submission<C> {
    fn from(code: C) -> Self {
        Self::new(code)
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(..)")
    }
}
