//! How far somebody is logged in, as types: a page asks for what it needs, and can't be reached with less.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use secondfactor::account::{DeviceId, FormId, PendingDevice, Submission};
use secondfactor::codes::{Clock as _, SystemClock, UnixTime};
use secondfactor::{Error, NewDevice, Proof, Verified};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use tower_sessions::session::Id;

use crate::app::App;
use crate::goal::Goal;
use crate::problem::Problem;
use crate::random;
use crate::session_store::{self, Sessions};
use crate::user::{Change, OptedIn, User};

/// What a session holds, and under which name.
const LOGIN: &str = "login";

/// How far the clocks of servers beside each other may be apart.
const SKEW: Duration = Duration::from_secs(10);

/// How long the second step may take.
const HALF: Duration = Duration::from_secs(10 * 60);

/// What a session remembers of a login.
#[derive(Clone, Serialize, Deserialize)]
struct Login {
    /// Stays when the session gets another id, and is in no cookie: what the session has begun is bound to it.
    id: String,
    user: String,
    /// Of the user's sessions: see `User::generation`.
    generation: u64,
    began: u64,
    seen: u64,
    /// When the password was last given.
    password_at: u64,
    state: State,
}

#[derive(Clone, Serialize, Deserialize)]
enum State {
    /// The password was right. That opens nothing but the second step.
    Half { goal: Goal },
    /// The password was enough, as the user has not opted in.
    Password,
    /// A second factor was proved. The token is the library's: it opens for this user and this session id only.
    Proven { token: String },
}

/// What comes of the second factor when a session rises.
pub(crate) enum Factor<'a> {
    Proven(&'a Proof),
    /// The proof that the session has, as old as it is.
    Kept,
    /// There is none from now on.
    Dropped,
}

/// Gave the right password, and has yet to prove the second factor.
pub(crate) struct HalfLoggedIn {
    pub(crate) claimant: Claimant,
    /// Where they go then.
    pub(crate) goal: Goal,
}

/// Logged in, with all that their account demands.
pub(crate) struct LoggedIn {
    pub(crate) user: User,
    pub(crate) session: Session,
    login: Login,
}

/// Logged in, even if they have yet to change a password that somebody else gave them.
pub(crate) struct EvenIfPasswordDue(pub(crate) LoggedIn);

/// Gave the right password, whether that let them in or not.
pub(crate) struct Claimant {
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) is_logged_in: bool,
    login: Login,
}

/// The form that a code was typed into, if it named itself: sent twice, it gets one answer.
pub(crate) struct Sheet {
    /// The login's, which stays when the session gets another id.
    session: String,
    form: Option<FormId>,
}

/// The way back of a session that has just risen: a browser that posts the same form twice still
/// has the earlier cookie. It leads to the second step, and no further.
pub(crate) struct WayBack {
    id: Id,
    goal: Goal,
}

/// Somebody, as far as they are logged in.
pub(crate) enum Visitor {
    Nobody,
    Half(HalfLoggedIn),
    Full(LoggedIn),
}

/// The password was right. With a second step before them, that is all they have.
pub(crate) async fn begin(
    app: &App,
    session: &Session,
    user: &User,
    second_step: Option<Goal>,
) -> Result<(), Problem> {
    let now = app.mfa.now().as_secs();
    let state = second_step.map_or(State::Password, |goal| State::Half { goal });
    let (user, generation) = (user.clone(), user.generation);
    let login = Login {
        id: random::id()?,
        user: user.id.clone(),
        generation,
        began: now,
        seen: now,
        password_at: now,
        state,
    };
    rise(app, session, &user, login, Factor::Dropped)
        .await
        .map(drop)
}

/// Writes a login into the session, which gets a new id: whoever knew the old one, knows nothing of what it may do now.
async fn rise(
    app: &App,
    session: &Session,
    user: &User,
    login: Login,
    factor: Factor<'_>,
) -> Result<Login, Problem> {
    let kept = match factor {
        Factor::Kept => open_proof(app, session, user, &login).ok(),
        _ => None,
    };
    let proof = match factor {
        Factor::Proven(proof) => Some(proof),
        Factor::Kept => kept.as_ref(),
        Factor::Dropped => None,
    };
    session.cycle_id().await?;
    // The token is bound to the new id, which is settled when it is stored.
    session.save().await?;
    let state = match (proof, login.state) {
        (Some(proof), _) => State::Proven {
            token: app
                .mfa
                .seal_proof(proof, &session_id(session)?)?
                .to_string(),
        },
        (None, State::Proven { .. }) => State::Password,
        (None, state) => state,
    };
    let login = Login { state, ..login };
    session.insert(LOGIN, &login).await?;
    Ok(login)
}

/// How long ago it was. A clock that was set back makes nothing young again: what lies ahead is as old as can be.
fn age(now: UnixTime, then: u64) -> Duration {
    let then = UnixTime::from_secs(then);
    if then.saturating_since(now) > SKEW {
        Duration::MAX
    } else {
        now.saturating_since(then)
    }
}

fn session_id(session: &Session) -> Result<[u8; 16], Problem> {
    Ok(session.id().ok_or("the session has no id")?.0.to_le_bytes())
}

fn open_proof(app: &App, session: &Session, user: &User, login: &Login) -> Result<Proof, Problem> {
    match &login.state {
        State::Proven { token } => {
            Ok(app
                .mfa
                .open_proof(&user.account()?, &session_id(session)?, token)?)
        }
        State::Half { .. } | State::Password => Err("the session has no proof".into()),
    }
}

/// Whether the record still bears a session out. It is asked at every page, so a session ends as soon as what it rests
/// on does, however that came about.
async fn stands(app: &App, session: &Session, user: &User, login: &Login) -> Result<bool, Problem> {
    match login.state {
        State::Half { .. } => Ok(true),
        // Opted in since, in another session that was stopped before it could end this one.
        State::Password => Ok(!needs_second_step(app, user).await?),
        // Not because the row says so: only the sealing key makes such a token.
        State::Proven { .. } => match open_proof(app, session, user, login) {
            Err(_) => Ok(false),
            Ok(proof) => match app.mfa.stands(&proof).await {
                Ok(()) => Ok(true),
                Err(Error::Stale(_) | Error::NotEnrolled) => Ok(false),
                Err(error) => Err(error.into()),
            },
        },
    }
}

/// By the site's own note; see `OptedIn`. Only between two states the library's record decides, and what is unclear is no.
pub(crate) async fn needs_second_step(app: &App, user: &User) -> Result<bool, Problem> {
    match user.opted_in {
        OptedIn::No => Ok(false),
        OptedIn::Yes => Ok(true),
        OptedIn::OptingIn | OptedIn::OptingOut => match app.mfa.status(&user.account()?).await {
            Ok(status) => Ok(status.was_confirmed()),
            Err(Error::NotEnrolled) => Ok(false),
            Err(error) => Err(error.into()),
        },
    }
}

/// Whether a proof changes the second factor now. That of a device whose key was replaced logs in, and changes nothing.
pub(crate) async fn may_change(app: &App, proof: impl AsRef<Proof>) -> Result<bool, Problem> {
    match app.mfa.check_proof(proof).await {
        Ok(()) => Ok(true),
        Err(Error::Stale(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Login {
    fn sheet(&self, form: Option<FormId>) -> Sheet {
        Sheet {
            session: self.id.clone(),
            form,
        }
    }
}

impl Visitor {
    async fn from_session(session: Session, app: &App) -> Result<Self, Problem> {
        let Some(mut login) = session.get::<Login>(LOGIN).await? else {
            return Ok(Self::Nobody);
        };
        let now = app.mfa.now();
        let age = |then| age(now, then);
        let is_over = match login.state {
            State::Half { .. } => age(login.began) > HALF,
            State::Password | State::Proven { .. } => {
                age(login.seen) > Verified::SESSION_IDLE || age(login.began) > Verified::SESSION
            }
        };
        let user = app
            .database
            .user(&login.user)
            .await?
            .filter(|user| user.generation == login.generation);
        let user = match user {
            Some(user) if !is_over && stands(app, &session, &user, &login).await? => user,
            _ => {
                session.flush().await?;
                return Ok(Self::Nobody);
            }
        };
        if let State::Half { goal } = &login.state {
            let goal = goal.clone();
            let claimant = Claimant {
                user,
                session,
                is_logged_in: false,
                login,
            };
            return Ok(Self::Half(HalfLoggedIn { claimant, goal }));
        }
        // A write at every click would be many for little: a minute is exact enough.
        if age(login.seen) >= Duration::from_secs(60) {
            login.seen = now.as_secs();
            session.insert(LOGIN, &login).await?;
        }
        Ok(Self::Full(LoggedIn {
            user,
            session,
            login,
        }))
    }
}

impl Sheet {
    pub(crate) fn with<C>(&self, code: C) -> Result<Submission<C>, Problem> {
        let submission = Submission::new(code);
        match self.form {
            Some(form) => Ok(submission.with_form(self.session.as_bytes(), form)?),
            None => Ok(submission),
        }
    }
}

impl Claimant {
    pub(crate) fn sheet(&self, form: Option<FormId>) -> Sheet {
        self.login.sheet(form)
    }

    pub(crate) fn way_back(&self) -> Option<WayBack> {
        match &self.login.state {
            State::Half { goal } => Some(WayBack {
                id: self.session.id()?,
                goal: goal.clone(),
            }),
            State::Password | State::Proven { .. } => None,
        }
    }

    /// The second factor is proved: they are logged in from now on, or go on with a fresh proof.
    pub(crate) async fn prove(
        self,
        app: &App,
        proof: impl AsRef<Proof>,
    ) -> Result<LoggedIn, Problem> {
        let Self {
            user,
            session,
            is_logged_in,
            login,
        } = self;
        let began = if is_logged_in {
            login.began
        } else {
            app.mfa.now().as_secs()
        };
        let login = Login {
            began,
            seen: app.mfa.now().as_secs(),
            ..login
        };
        LoggedIn {
            user,
            session,
            login,
        }
        .rise(app, Factor::Proven(proof.as_ref()))
        .await
    }
}

impl LoggedIn {
    /// A proof of the second factor that is fresh enough to change it; else they are asked for a code, and come back. Who
    /// has none has nothing to change.
    pub(crate) async fn fresh_proof(&self, app: &App, goal: &Goal) -> Result<Proof, Problem> {
        if !self.has_factor() {
            return Err(Problem::go(&Goal::Account));
        }
        match open_proof(app, &self.session, &self.user, &self.login) {
            Ok(proof) if may_change(app, &proof).await? => {
                self.require_open(app).await?;
                Ok(proof)
            }
            _ => Err(Problem::ask_code(goal)),
        }
    }

    pub(crate) fn sheet(&self, form: Option<FormId>) -> Sheet {
        self.login.sheet(form)
    }

    /// Leaves the second step open for a minute to whoever posts its form again. The library says
    /// whether that is the same form.
    pub(crate) async fn leave(&self, app: &App, way_back: Option<WayBack>) -> Result<(), Problem> {
        let Some(WayBack { id, goal }) = way_back else {
            return Ok(());
        };
        let login = Login {
            state: State::Half { goal },
            ..self.login.clone()
        };
        let sessions = Sessions::new(Arc::clone(&app.database));
        Ok(sessions.leave(id, LOGIN, &login).await?)
    }

    /// A device that is confirmed in this session, and in no other.
    pub(crate) fn begun_here(&self, device: NewDevice) -> NewDevice {
        device.in_session(self.login.id.as_bytes())
    }

    /// The same, by its id.
    pub(crate) fn pending_here(&self, device: DeviceId) -> PendingDevice {
        device.in_session(self.login.id.as_bytes())
    }

    /// Demands that this is no unattended screen, for what an owner does to others: a fresh code of a device, for which a
    /// recovery code does not stand in; or the password, if they have not opted in.
    pub(crate) async fn require_fresh_login(&self, app: &App, goal: &Goal) -> Result<(), Problem> {
        match &self.login.state {
            State::Proven { token } => {
                let (account, session) = (self.user.account()?, session_id(&self.session)?);
                let verified =
                    app.mfa
                        .open_verified(&account, &session, token, Verified::SENSITIVE);
                match verified {
                    Ok(verified) if may_change(app, &verified).await? => {
                        self.require_open(app).await
                    }
                    _ => Err(Problem::ask_code(goal)),
                }
            }
            State::Half { .. } | State::Password => self.require_fresh_password(app, goal),
        }
    }

    /// Demands that the password was given just now: to opt in, where there is no other proof yet.
    pub(crate) fn require_fresh_password(&self, app: &App, goal: &Goal) -> Result<(), Problem> {
        if age(app.mfa.now(), self.login.password_at) <= Verified::SENSITIVE {
            Ok(())
        } else {
            Err(Problem::ask_password(goal))
        }
    }

    /// Whether this login has a second factor.
    pub(crate) const fn has_factor(&self) -> bool {
        matches!(self.login.state, State::Proven { .. })
    }

    /// A fresh code was given.
    pub(crate) async fn prove(self, app: &App, proof: impl AsRef<Proof>) -> Result<Self, Problem> {
        self.rise(app, Factor::Proven(proof.as_ref())).await
    }

    /// The password was given again.
    pub(crate) async fn give_password(mut self, app: &App) -> Result<Self, Problem> {
        self.login.password_at = app.mfa.now().as_secs();
        self.rise(app, Factor::Kept).await
    }

    /// Changes what lets this user in, which ends all their other sessions; this one goes on, unless another one has
    /// ended it while this request was under way: of two that change a password at once, the first one wins.
    pub(crate) async fn change(
        mut self,
        app: &App,
        change: Change,
        factor: Factor<'_>,
    ) -> Result<Self, Problem> {
        self.require_open(app).await?;
        let change = change.ending_sessions().only_in(self.login.generation);
        let Some(generation) = app.database.change_user(&self.user.id, &change).await? else {
            return Err(self.end().await);
        };
        self.login.generation = generation;
        self.rise(app, factor).await
    }

    /// Says that opting in has begun; see `OptedIn`.
    pub(crate) async fn begin_opt_in(self, app: &App) -> Result<Self, Problem> {
        let begin = Change::opted_in(OptedIn::OptingIn);
        if self.user.opted_in == OptedIn::OptingOut {
            return self.change(app, begin, Factor::Dropped).await;
        }
        self.require_open(app).await?;
        let begin = begin.only_in(self.login.generation);
        match app.database.change_user(&self.user.id, &begin).await? {
            Some(_) => Ok(self),
            None => Err(self.end().await),
        }
    }

    /// Takes that back, as it was refused.
    pub(crate) async fn cancel_opt_in(&self, app: &App) -> Result<(), Problem> {
        let cancel = Change::opted_in(self.user.opted_in).only_in(self.login.generation);
        app.database.change_user(&self.user.id, &cancel).await?;
        Ok(())
    }

    /// Says that they have opted in, and ends all other sessions. An opt-out that is under way has the note for itself.
    pub(crate) async fn opt_in(self, app: &App, proof: &Proof) -> Result<Self, Problem> {
        let change = match self.user.opted_in {
            OptedIn::OptingOut => Change::default(),
            _ => Change::opted_in(OptedIn::Yes),
        };
        self.change(app, change, Factor::Proven(proof)).await
    }

    /// Demands that this session has not ended since the request began.
    async fn require_open(&self, app: &App) -> Result<(), Problem> {
        let key = session_store::key(self.session.id().ok_or("the session has no id")?);
        let row = app.database.session(&key, SystemClock.now()).await?;
        let user = app.database.user(&self.user.id).await?;
        if row.is_some() && user.is_some_and(|user| user.generation == self.login.generation) {
            Ok(())
        } else {
            Err(self.end().await)
        }
    }

    /// Ends this session: they log in again.
    pub(crate) async fn end(&self) -> Problem {
        match self.session.flush().await {
            Ok(()) => Problem::log_in(&Goal::Account),
            Err(error) => error.into(),
        }
    }

    /// The session gets another id, unless it has ended meanwhile: a logout is not undone by a request that began before.
    /// Before the second step there is nothing to log out of, and its form may come twice at once.
    async fn rise(mut self, app: &App, factor: Factor<'_>) -> Result<Self, Problem> {
        let key = session_store::key(self.session.id().ok_or("the session has no id")?);
        let is_there = app.database.end_session(&key).await?;
        if !is_there && !matches!(self.login.state, State::Half { .. }) {
            return Err(self.end().await);
        }
        self.login = rise(app, &self.session, &self.user, self.login, factor).await?;
        Ok(self)
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, reason)| reason)?;
        Self::from_session(session, app).await
    }
}

impl FromRequestParts<App> for HalfLoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Half(half) => Ok(half),
            Visitor::Full(_) => Err(Problem::go(&Goal::Account)),
            Visitor::Nobody => Err(Problem::log_in(&Goal::Account)),
        }
    }
}

impl FromRequestParts<App> for Claimant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Half(half) => Ok(half.claimant),
            Visitor::Full(LoggedIn {
                user,
                session,
                login,
            }) => Ok(Self {
                user,
                session,
                is_logged_in: true,
                login,
            }),
            Visitor::Nobody => Err(Problem::log_in(&Goal::Account)),
        }
    }
}

impl FromRequestParts<App> for EvenIfPasswordDue {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Full(login) => Ok(Self(login)),
            Visitor::Half(_) => Err(Problem::Go("/login/code".to_owned())),
            Visitor::Nobody => {
                let goal = Some(parts.uri.path())
                    .filter(|_| parts.method == Method::GET)
                    .and_then(Goal::from_path);
                Err(Problem::log_in(&goal.unwrap_or_default()))
            }
        }
    }
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let EvenIfPasswordDue(login) = EvenIfPasswordDue::from_request_parts(parts, app).await?;
        if login.user.must_change_password {
            Err(Problem::go(&Goal::Password))
        } else {
            Ok(login)
        }
    }
}
