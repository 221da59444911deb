//! What a claimant submits: a code, and the form that it was typed into.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::answer::SubmissionHash;
use super::browser::cookie::{CookieSalt, CookieValue};
use super::form_id::FormId;
use super::label::Label;
use super::origin::Origin;
use super::recovery::code::RecoveryCode;
use crate::codes::{Code, RngError, fill_random};

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
    cookie: Option<CookieValue>,
    remembered_as: Option<Label>,
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
            cookie: None,
            remembered_as: None,
        }
    }

    /// Names the form that the code was typed into, and the session of the application.
    ///
    /// If the submission succeeds and comes again within a minute, it gets the same answer: the same
    /// call, the same session, form and code. So a double click or a lost answer is no failure, and
    /// one code is never two acts. With another form it is a replay. A wrong code is a wrong code,
    /// whatever the form.
    ///
    /// One answer is remembered for each device, and one for each set of recovery codes. So the minute ends early when
    /// another code of that device is accepted, or another recovery code.
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
    /// Says which browser it came from: the value of the cookie that
    /// [`BrowserCookie::name_for`](super::BrowserCookie::name_for) names, if it came with one.
    ///
    /// A known browser has wrong codes of its own, so that whoever has the password can't lock the owner
    /// out of it. Any other value is a stranger, and so is a browser without one.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Label, Mfa, account::{BrowserCookie, Submission}, store::Store};
    /// # async fn example<S: Store>(
    /// #     mfa: &Mfa<S>, alice: &AccountId, typed: &str, cookies: std::collections::BTreeMap<String, String>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let code: Code = typed.parse()?;
    /// let cookie = cookies.get(&BrowserCookie::name_for(alice));
    /// let submission = Submission::new(code)
    ///     .in_browser(cookie.map(String::as_str))
    ///     .remember_browser(Label::new("Firefox on Linux")?); // if its owner ticked the box
    /// let mut verified = mfa.verify(alice, submission).await?;
    /// if let Some(cookie) = verified.take_browser_cookie() {
    ///     let header = ("Set-Cookie", cookie.expose_set_cookie());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_browser(mut self, cookie: Option<&str>) -> Self {
        self.cookie = cookie.and_then(CookieValue::from_text);
        self
    }

    /// Makes the browser known if the code is right. The label is for the owner's list of browsers.
    ///
    /// A browser that is known keeps its cookie, and gets the label.
    #[must_use]
    pub fn remember_browser(mut self, label: Label) -> Self {
        self.remembered_as = Some(label);
        self
    }

    pub(super) const fn cookie(&self) -> Option<&CookieValue> {
        self.cookie.as_ref()
    }

    pub(super) const fn remembered_as(&self) -> Option<&Label> {
        self.remembered_as.as_ref()
    }

    /// Makes what a new cookie needs, if the browser is to be remembered.
    pub(super) fn new_salt(&self) -> Result<Option<CookieSalt>, RngError> {
        let mut salt = CookieSalt::default();
        match self.remembered_as {
            Some(_) => fill_random(&mut salt).map(|()| Some(salt)),
            None => Ok(None),
        }
    }

    /// Makes the value of a new cookie. The same submission and salt make the same one, so that the
    /// order in which two answers arrive does not matter.
    pub(super) fn new_cookie(&self, salt: &CookieSalt) -> CookieValue {
        let form = self.form.as_ref().map_or([0; 32], |Form(form)| *form);
        let digest: [u8; 32] = Sha256::new_with_prefix(b"secondfactor browser cookie value")
            .chain_update(salt)
            .chain_update(form)
            .chain_update(self.code.to_bytes())
            .finalize()
            .into();
        CookieValue::new(digest.first_chunk().copied().unwrap_or_default())
    }

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
