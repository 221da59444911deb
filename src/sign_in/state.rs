//! What a session remembers of a login, and what may follow what.

use std::fmt;
use std::time::Duration;

use super::limits::SessionLimits;
use super::note::NeedsCode;
use super::stage::{EndReason, Stage};
use crate::account::policy::{ANSWER_LIFETIME, CLOCK_TOLERANCE};
use crate::account::{FormId, Proof, ProofKind, Recognized, ShortSession, Stale, Submission};
use crate::account_id::AccountId;
use crate::codes::{RngError, SecretText, UnixTime};

/// The second step of a login may take 10 minutes.
const SECOND_STEP: Duration = Duration::from_secs(10 * 60);
/// As long as the record gives the same answer again.
const REPEAT: Duration = ANSWER_LIFETIME;
/// A write at every request would be many for little.
const TOUCH: Duration = Duration::from_secs(60);
/// A form that is sent again and again must not make the row grow.
const MAX_OTHERS: usize = 8;

/// Remembers what a session knows of a login: whose it is, since when, when the password was given, and how far it has
/// come.
///
/// It is a value without a framework. Store it in the session's row, and never in the browser: whoever can write it, logs
/// in by it. The proof in it is sealed for its session ([`Mfa::seal_proof`](crate::Mfa::seal_proof)), so a copied row opens
/// nothing in another session.
///
/// | it is | what came before | what it may do |
/// | --- | --- | --- |
/// | [`Half`](Stage::Half) | the password, where a code is needed | the second step, for 10 minutes |
/// | [`Password`](Stage::Password) | the password, where that is enough | everything, until a code is needed |
/// | [`Recognized`](Stage::Recognized) | the password, in a trusted browser | everything but what takes a proof, as long as the trust lasts |
/// | [`Mending`](Stage::Mending) | a recovery code or a temporary code | the pages that mend the second factor, and nothing else |
/// | [`Proven`](Stage::Proven) | a code or a confirmed device | everything, as long as what was shown stands |
/// | [`Repeat`](Stage::Repeat) | it has led to another session | send its last form again, for a minute |
///
/// ```
/// # use secondfactor::{AccountId, Code, Mfa, account::FormId, store::Store};
/// use secondfactor::sign_in::{Note, SessionKeys, SignIn};
/// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, note: Note, typed: &str, form: FormId)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// // The password was right.
/// let half = SignIn::begin(alice.clone(), mfa.needs_code(alice, note).await?, mfa.now())?;
/// // .. stored under "row 1"; then the code comes ..
/// let code: Code = typed.parse()?;
/// let verified = mfa.verify(half.account(), half.submission(code, form)?).await?;
/// let new_session = b"the id of a new session";
/// let token = mfa.seal_proof(&verified, new_session)?;
/// let proved = half.prove(&verified, token, SessionKeys { old: "row 1", new: "row 2" }, mfa.now())?;
/// // .. in one step, `proved.left` takes the place of "row 1" if that is still the same, and `proved.next` is stored under
/// // "row 2" ..
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SignIn {
    /// It stays when the session gets another id, and is in no cookie.
    id: String,
    account: AccountId,
    began: UnixTime,
    seen: UnixTime,
    password_at: UnixTime,
    state: State,
    /// The sessions that end with this one, the latest last.
    others: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum State {
    Half,
    Password,
    Recognized {
        /// The trust that it rests on.
        grant: String,
    },
    Mending {
        token: String,
    },
    Proven {
        token: String,
    },
    Repeat {
        since: UnixTime,
        /// The proof that is repeated is of this time.
        proved: UnixTime,
    },
}

/// Names the rows of two sessions, by whatever the application finds them by. Not the ids themselves, if it stores hashes.
#[derive(Clone, Copy, Debug)]
pub struct SessionKeys<'k> {
    /// The session that asked for the code.
    pub old: &'k str,
    /// The session that goes on.
    pub new: &'k str,
}

/// Holds what two sessions remember after a second factor was proved.
///
/// Store both in one step. Where there are no transactions, store `next` first, and take it away if `left` can't be stored.
/// So a logout ends both, at whatever moment it comes.
#[derive(Debug)]
#[must_use = "store both in one step"]
pub struct Proved {
    /// It is stored in the place of what the old session remembered, if that is still what was read. If the old session is
    /// gone, the owner has logged out meanwhile, and no new session is made. If it has changed, the same form was sent
    /// twice at once: read it and prove again.
    pub left: SignIn,
    /// It is stored in the new session.
    pub next: SignIn,
}

/// Says why no session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The proof belongs to another account.
    #[error("the proof belongs to another account")]
    ForeignProof,
    /// The session may only repeat its submission, and this is another one.
    #[error("this page is too old: log in again")]
    NotRepeated,
    /// The session is over by its own dates.
    #[error(transparent)]
    Ended(#[from] EndReason),
    /// The proof is not fresh, is dated in the future, or is more than five seconds older than this login.
    #[error(transparent)]
    Stale(#[from] Stale),
}

impl SignIn {
    /// Begins where the password was right. Store it in a new session, never in the one that was there before.
    ///
    /// For a trusted browser, see [`recognized`](Self::recognized).
    ///
    /// # Errors
    /// [`RngError`] if there are no random bytes.
    pub fn begin(account: AccountId, needs: NeedsCode, now: UnixTime) -> Result<Self, RngError> {
        let state = match needs {
            NeedsCode::No => State::Password,
            NeedsCode::Yes { .. } => State::Half,
        };
        Self::new(account, state, now)
    }

    /// Begins where the password was right, a code is needed, and the browser is trusted to do without. It lasts as long as
    /// the trust does, and a code makes it [`Proven`](Stage::Proven).
    ///
    /// ```
    /// # use secondfactor::{AccountId, Error, Mfa, sign_in::{NeedsCode, SignIn}, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, needs: NeedsCode, cookie: Option<&str>)
    /// # -> Result<SignIn, Error> {
    /// Ok(match mfa.recognize(alice, cookie).await {
    ///     Ok(recognized) => SignIn::recognized(&recognized, mfa.now())?,
    ///     Err(Error::CodeRequired) => SignIn::begin(alice.clone(), needs, mfa.now())?,
    ///     Err(error) => return Err(error), // nobody is let in
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RngError`] if there are no random bytes.
    pub fn recognized(recognized: &Recognized, now: UnixTime) -> Result<Self, RngError> {
        let (account, grant) = (recognized.account().clone(), recognized.grant().to_text());
        Self::new(account, State::Recognized { grant }, now)
    }

    fn new(account: AccountId, state: State, now: UnixTime) -> Result<Self, RngError> {
        Ok(Self {
            id: FormId::generate()?.to_string(),
            account,
            began: now,
            seen: now,
            password_at: now,
            state,
            others: Vec::new(),
        })
    }

    /// Says whether it was let in by this trust.
    pub(crate) fn rests_on(&self, trust: &str) -> bool {
        matches!(&self.state, State::Recognized { grant } if grant == trust)
    }

    /// Returns how far the session has come, by its own dates. [`Mfa::stage`](crate::Mfa::stage) asks the record too.
    #[must_use]
    pub fn stage(&self, limits: SessionLimits, now: UnixTime) -> Stage {
        let (stage, ends) = match self.state {
            State::Half => (
                Stage::Half,
                [(self.began, SECOND_STEP, EndReason::HalfTooOld); 2],
            ),
            State::Repeat { since, .. } => {
                (Stage::Repeat, [(since, REPEAT, EndReason::RepeatOver); 2])
            }
            State::Password => (Stage::Password, self.ends(limits)),
            State::Recognized { .. } => (Stage::Recognized, self.ends(limits)),
            State::Mending { .. } => (Stage::Mending, self.ends(limits)),
            State::Proven { .. } => (Stage::Proven, self.ends(limits)),
        };
        for (since, limit, reason) in ends {
            if since > now.saturating_add(CLOCK_TOLERANCE) {
                return Stage::Ended(EndReason::FromTheFuture);
            }
            if now.saturating_since(since) > limit {
                return Stage::Ended(reason);
            }
        }
        stage
    }

    const fn ends(&self, limits: SessionLimits) -> [(UnixTime, Duration, EndReason); 2] {
        [
            (self.began, limits.total(), EndReason::TooOld),
            (self.seen, limits.idle(), EndReason::Idle),
        ]
    }

    /// Notes that a request came. Returns whether it is to be stored, which is so once a minute. A session that is over by
    /// these limits stays over.
    pub fn touch(&mut self, limits: SessionLimits, now: UnixTime) -> bool {
        let is_over = matches!(self.stage(limits, now), Stage::Ended(_));
        let is_due = !is_over && now.saturating_since(self.seen) >= TOUCH;
        if is_due {
            self.seen = now;
        }
        is_due
    }

    /// Notes that the password was given again.
    pub const fn give_password(&mut self, now: UnixTime) {
        self.password_at = now;
    }

    /// Makes the submission of a code that was typed into this form. Sent again, it gets the same answer for a minute.
    ///
    /// # Errors
    /// [`ShortSession`] if what was stored was changed.
    pub fn submission<C>(&self, code: C, form: FormId) -> Result<Submission<C>, ShortSession> {
        Submission::new(code).with_form(self.id(), form)
    }

    /// Goes on in a new session, as a second factor was proved. The old one can only repeat what it has sent, for a minute.
    ///
    /// The token is the proof, sealed for the new session. The proof says what the new session may do, whatever the old one
    /// might: a recovery code makes it [`Mending`](Stage::Mending), and a code or a confirmed device
    /// [`Proven`](Stage::Proven). A session that had a proof before is as old as before.
    ///
    /// A session that may only repeat compares the date of the proof with that of its own. Two codes that are accepted in
    /// the same second count as one.
    ///
    /// # Errors
    /// * [`ProveError::ForeignProof`] if the proof is of another account.
    /// * [`ProveError::Ended`] if the second step took longer than 10 minutes, the minute of repeating is over, or the
    ///   session is from the future. How long other sessions are idle or last is asked by [`stage`](Self::stage).
    /// * [`ProveError::NotRepeated`] if this session may only repeat its submission, and this is another one.
    /// * [`ProveError::Stale`] if the proof is older than its [`lifetime`](Proof::lifetime) or than this login, or from the
    ///   future. Servers' clocks may differ by five seconds. Where it leads no further than the session has come, its age
    ///   does not matter.
    pub fn prove(
        &self,
        proof: impl AsRef<Proof>,
        token: SecretText,
        keys: SessionKeys<'_>,
        now: UnixTime,
    ) -> Result<Proved, ProveError> {
        let proof = proof.as_ref();
        if *proof.account() != self.account {
            return Err(ProveError::ForeignProof);
        }
        if let Stage::Ended(reason) = self.stage(SessionLimits::NONE, now) {
            return Err(reason.into());
        }
        self.require_fresh(proof, now)?;
        let (began, since) = match self.state {
            State::Half => (now, now),
            State::Password
            | State::Recognized { .. }
            | State::Mending { .. }
            | State::Proven { .. } => (self.began, now),
            State::Repeat { since, proved } if proved == proof.at() => (self.began, since),
            State::Repeat { .. } => return Err(ProveError::NotRepeated),
        };
        let beside = |state| Self {
            began,
            seen: now,
            state,
            ..self.clone()
        };
        let token = token.as_str().to_owned();
        let mut next = beside(match proof.kind() {
            ProofKind::RecoveryCode => State::Mending { token },
            ProofKind::Code | ProofKind::Confirmation => State::Proven { token },
        });
        next.remember(keys.old);
        let mut left = beside(State::Repeat {
            since,
            proved: proof.at(),
        });
        left.remember(keys.new);
        Ok(Proved { left, next })
    }

    /// An old proof leads no further than the session has come.
    fn require_fresh(&self, proof: &Proof, now: UnixTime) -> Result<(), Stale> {
        let leads_on = match self.state {
            State::Half | State::Password | State::Recognized { .. } => true,
            State::Mending { .. } => proof.kind() != ProofKind::RecoveryCode,
            State::Proven { .. } | State::Repeat { .. } => false,
        };
        if !leads_on {
            return Ok(());
        }
        if proof.at().saturating_add(CLOCK_TOLERANCE) < self.began {
            return Err(Stale::TooOld);
        }
        proof.require_within(proof.lifetime(), now)
    }

    /// Remembers a session that ends with this one. One that can only repeat is remembered after its
    /// minute too, because others may be known to it alone.
    fn remember(&mut self, key: &str) {
        self.others.retain(|other| other != key);
        self.others.push(key.to_owned());
        let too_many = self.others.len().saturating_sub(MAX_OTHERS);
        self.others.drain(..too_many);
    }

    /// Ends this session, as its owner logs out. Returns the keys of the sessions that end with it: the one that asked for
    /// the code, and others that the same form led to. Those of the same form may be known to the one that asked alone.
    ///
    /// So remove each row that has the same [`id`](Self::id). Where rows are found by their keys alone, end each row that you
    /// remove, too, until none is left. Each knows the last eight, so that finds all of a login of up to eight codes.
    pub fn end(self) -> impl Iterator<Item = String> {
        self.others.into_iter()
    }

    /// Returns what all sessions of this login have in common, and no other has. A logout removes them all.
    ///
    /// A device can be bound to it: [`NewDevice::in_session`](crate::NewDevice::in_session) takes it,
    /// and [`DeviceId::in_session`](crate::account::DeviceId::in_session).
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.id.as_bytes()
    }

    /// Returns whose login it is.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns since when it is.
    #[must_use]
    pub const fn began(&self) -> UnixTime {
        self.began
    }

    /// Returns when the password was last given. To opt in, ask for it again after
    /// [`Verified::SENSITIVE`](crate::Verified::SENSITIVE).
    #[must_use]
    pub const fn password_at(&self) -> UnixTime {
        self.password_at
    }

    /// Returns the sealed proof, for [`Mfa::open_proof`](crate::Mfa::open_proof) and
    /// [`Mfa::open_verified`](crate::Mfa::open_verified), or `None` if the second factor was not proved.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.state {
            State::Mending { token } | State::Proven { token } => Some(token),
            State::Half | State::Password | State::Recognized { .. } | State::Repeat { .. } => None,
        }
    }
}

/// Shows neither the token nor what the login is bound to.
impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("SignIn");
        all.field("account", &self.account)
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}
