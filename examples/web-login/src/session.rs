//! How far somebody is logged in, as types: a page asks for what it needs, and can't be reached with less.
//!
//! What may follow what, the library says: see `secondfactor::sign_in`.

use std::ops::Deref;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use secondfactor::account::{DeviceId, FormId, Origin, PendingDevice, Submission};
use secondfactor::sign_in::{EndReason, NeedsCode, Note, Requirement, SignIn, Stage};
use secondfactor::{Code, Error, Label, NewDevice, Proof, Verified};

use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::Problem;
use crate::session_row::{LIMITS, LOGGED_IN, Session};
use crate::user::{Change, User};

/// How far the clocks of servers beside each other may be apart.
const SKEW: Duration = Duration::from_secs(5);

/// Gave the right password, and has come so far.
pub(crate) struct Claimant {
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) stage: Stage,
    pub(crate) cookie: Cookie,
    /// Where the request came from, for the log.
    origin: Option<Origin>,
}

/// Has yet to prove the second factor.
pub(crate) struct HalfLoggedIn(Claimant);

/// Logged in, with all that their account demands.
pub(crate) struct LoggedIn(Claimant);

/// Logged in, even if they have yet to change a password that somebody else gave them.
pub(crate) struct EvenIfPasswordDue(pub(crate) LoggedIn);

/// Logged in, even if the time is over by which they must have a second factor: for the pages that give them one.
pub(crate) struct EvenIfFactorDue(pub(crate) LoggedIn);

/// Somebody, as far as they are logged in.
pub(crate) enum Visitor {
    /// Why they are no longer logged in, if they were.
    Nobody(Option<EndReason>),
    Half(HalfLoggedIn),
    Full(LoggedIn),
}

/// Whether a proof changes the second factor now. That of a device whose key was replaced logs in, and changes nothing.
pub(crate) async fn may_change(app: &App, proof: impl AsRef<Proof>) -> Result<bool, Problem> {
    match app.mfa.check_proof(proof).await {
        Ok(()) => Ok(true),
        Err(Error::Stale(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Claimant {
    async fn find(
        cookie: Cookie,
        origin: Option<Origin>,
        app: &App,
    ) -> Result<Option<Self>, Problem> {
        let Some(session) = Session::find(app, &cookie).await? else {
            return Ok(None);
        };
        let sign_in = session.sign_in();
        let user = app.database.user(sign_in.account().as_str()).await?;
        let Some(user) = user.filter(|user| user.keeps(&session.login())) else {
            session.end().await;
            return Ok(None);
        };
        let stage = app
            .mfa
            .stage(sign_in, session.id(), user.note, LIMITS)
            .await?;
        match stage {
            stage if LOGGED_IN.contains(&stage) => session.touch().await?,
            // It may have led to another one just now, or be about to.
            Stage::Ended(EndReason::CodeNeeded | EndReason::RepeatOver) => {}
            Stage::Ended(_) => drop(session.end().await),
            _ => {}
        }
        Ok(Some(Self {
            user,
            session,
            stage,
            cookie,
            origin,
        }))
    }

    /// For what may be sent at these stages only; else they are led to where they are.
    pub(crate) fn at(&self, stages: &[Stage]) -> Result<(), Problem> {
        if stages.contains(&self.stage) {
            return Ok(());
        }
        Err(match self.stage {
            Stage::Half => Problem::Go("/login/code".to_owned()),
            stage if LOGGED_IN.contains(&stage) => Problem::go(&Goal::Account),
            stage => match end_reason(stage) {
                Some(reason) => Problem::ended(&Goal::Account, reason),
                None => Problem::log_in(&Goal::Account),
            },
        })
    }

    pub(crate) fn is_logged_in(&self) -> bool {
        LOGGED_IN.contains(&self.stage)
    }

    /// What was typed into a form. Sent twice, a form that names itself gets one answer.
    pub(crate) fn submission<C>(
        &self,
        code: C,
        form: Option<FormId>,
    ) -> Result<Submission<C>, Problem> {
        let submission = match form {
            Some(form) => self.session.sign_in().submission(code, form)?,
            None => Submission::new(code),
        };
        Ok(match &self.origin {
            Some(origin) => submission.with_origin(origin.clone()),
            None => submission,
        })
    }

    /// The same of a device's code. If it is right, the account knows this browser from then on, which has wrong codes of
    /// its own: strangers can't shut its owner out.
    pub(crate) fn code(
        &self,
        code: Code,
        form: Option<FormId>,
    ) -> Result<Submission<Code>, Problem> {
        let known = self.known();
        let submission = self.submission(code, form)?.in_browser(known.as_deref());
        Ok(submission.remember_browser(Label::new(self.cookie.agent())?))
    }

    /// What the account knows this browser by, if it does.
    pub(crate) fn known(&self) -> Option<String> {
        self.cookie.known(self.session.sign_in().account())
    }

    /// A device that is confirmed in this login, and in no other.
    pub(crate) fn begun_here(&self, device: NewDevice) -> NewDevice {
        device.in_session(self.session.sign_in().id())
    }

    /// The same, by its id.
    pub(crate) fn pending_here(&self, device: DeviceId) -> PendingDevice {
        device.in_session(self.session.sign_in().id())
    }

    /// The second factor is proved: they are logged in from now on, or go on with a fresh proof.
    pub(crate) async fn prove(&self, proof: impl AsRef<Proof>) -> Result<Session, Problem> {
        self.session.prove(proof.as_ref(), None).await
    }

    /// The same, and they have opted in, which ends the sessions of all other logins. An opt-out that is under way has the
    /// note for itself.
    pub(crate) async fn opt_in(
        &self,
        app: &App,
        proof: impl AsRef<Proof>,
    ) -> Result<Session, Problem> {
        let change = match self.user.note {
            Note::OptingOut => Change::default(),
            _ => Change::note(Note::OptedIn),
        };
        self.end_others(app, change).await?;
        self.prove(proof).await
    }

    /// Changes a user, and ends the sessions of all other logins; unless another one has ended this while the request was
    /// under way: of two that change a password at once, the first one wins.
    pub(crate) async fn end_others(&self, app: &App, change: Change) -> Result<u64, Problem> {
        let change = change.ending_sessions().by(self.session.login());
        match app.database.change_user(&self.user.id, &change).await? {
            Some(generation) => Ok(generation),
            None => Err(self.session.end().await),
        }
    }
}

impl LoggedIn {
    fn proof(&self, app: &App) -> Result<Option<Proof>, Problem> {
        let sign_in = self.session.sign_in();
        let Some(token) = sign_in.token() else {
            return Ok(None);
        };
        let proof = app
            .mfa
            .open_proof(sign_in.account(), self.session.id(), token)?;
        Ok(Some(match &self.origin {
            Some(origin) => proof.with_origin(origin.clone()),
            None => proof,
        }))
    }

    /// A proof of the second factor that is fresh enough to change it; else they are asked for a code, and come back. Who
    /// has none has nothing to change.
    pub(crate) async fn fresh_proof(&self, app: &App, goal: &Goal) -> Result<Proof, Problem> {
        if !self.has_factor() {
            return Err(Problem::go(&Goal::Account));
        }
        match self.proof(app)? {
            Some(proof) if may_change(app, &proof).await? => {
                self.require_open(app).await?;
                Ok(proof)
            }
            _ => Err(Problem::ask_code(goal)),
        }
    }

    /// Demands a fresh proof of whoever has a second factor, and a fresh password of others.
    pub(crate) async fn require_fresh(
        &self,
        app: &App,
        goal: &Goal,
    ) -> Result<Option<Proof>, Problem> {
        if self.has_factor() {
            return self.fresh_proof(app, goal).await.map(Some);
        }
        self.require_fresh_password(app, goal).map(|()| None)
    }

    /// Demands that this is no unattended screen, for what an owner does to others: a fresh code of a device, for which a
    /// recovery code does not stand in; or the password, if they have not opted in.
    pub(crate) async fn require_fresh_login(&self, app: &App, goal: &Goal) -> Result<(), Problem> {
        if !self.has_factor() {
            return self.require_fresh_password(app, goal);
        }
        let sign_in = self.session.sign_in();
        let token = sign_in.token().ok_or_else(|| Problem::ask_code(goal))?;
        let verified = app.mfa.open_verified(
            sign_in.account(),
            self.session.id(),
            token,
            Verified::SENSITIVE,
        );
        match verified {
            Ok(verified) if may_change(app, &verified).await? => self.require_open(app).await,
            _ => Err(Problem::ask_code(goal)),
        }
    }

    /// Demands that the password was given just now: to opt in, where there is no other proof yet. A date ahead, of before
    /// a clock was set back, is none of just now.
    pub(crate) fn require_fresh_password(&self, app: &App, goal: &Goal) -> Result<(), Problem> {
        let (now, at) = (app.mfa.now(), self.session.sign_in().password_at());
        if now.saturating_since(at) <= Verified::SENSITIVE && at.saturating_since(now) <= SKEW {
            Ok(())
        } else {
            Err(Problem::ask_password(goal))
        }
    }

    /// What the owner of the organisation demands. Who has given a code has what is demanded.
    pub(crate) async fn demanded(&self, app: &App) -> Result<Requirement, Problem> {
        if self.user.deadline == 0 || !matches!(self.stage, Stage::Password | Stage::Mending) {
            return Ok(Requirement::Satisfied);
        }
        let status = app.status(&self.user).await?;
        let demanded = app.demands(&self.user, status.as_ref());
        if let Requirement::EnrollBy {
            deadline,
            must_be_written: true,
        } = demanded
        {
            let change = Change::deadline(deadline.as_secs());
            app.database.change_user(&self.user.id, &change).await?;
        }
        Ok(demanded)
    }

    async fn require_factor(&self, app: &App) -> Result<(), Problem> {
        match self.demanded(app).await? {
            Requirement::Overdue => Err(Problem::go(&Goal::NewDevice)),
            Requirement::EnrollBy { .. } | Requirement::Satisfied => Ok(()),
        }
    }

    /// Whether this login has a second factor, or a browser that is trusted to do without. After a recovery code this site is the page that mends it: what needs a
    /// code asks for one (`require_fresh_login`).
    pub(crate) fn has_factor(&self) -> bool {
        self.stage != Stage::Password
    }

    /// Says that opting in has begun; see `Note`. An opt-out that a crash has cut off is over with that.
    pub(crate) async fn begin_opt_in(&self, app: &App) -> Result<(), Problem> {
        self.require_open(app).await?;
        let change = Change::note(Note::OptingIn).by(self.session.login());
        let change = match self.user.note {
            Note::OptingOut => change.ending_sessions(),
            _ => change,
        };
        match app.database.change_user(&self.user.id, &change).await? {
            Some(_) => Ok(()),
            None => Err(self.session.end().await),
        }
    }

    /// Says that they have opted out. What this session rested on is gone, so it goes on as a new one.
    pub(crate) async fn opt_out(self, app: &App, cookie: &Cookie) -> Result<Session, Problem> {
        self.require_open(app).await?;
        let generation = self.end_others(app, Change::note(Note::OptedOut)).await?;
        self.begin_again(app, cookie, generation).await
    }

    /// The password was given again, where it is enough: that is a login. So this session's cookie is worth nothing,
    /// whoever has a copy.
    pub(crate) async fn give_password(self, app: &App, cookie: &Cookie) -> Result<(), Problem> {
        if !self.has_factor() {
            self.require_open(app).await?;
            self.begin_again(app, cookie, self.user.generation).await?;
        }
        Ok(())
    }

    async fn begin_again(
        &self,
        app: &App,
        cookie: &Cookie,
        generation: u64,
    ) -> Result<Session, Problem> {
        let sign_in = SignIn::begin(self.user.account()?, NeedsCode::No, app.mfa.now())?;
        Ok(Session::begin(app, cookie, generation, (sign_in, None), Goal::Account).await?)
    }

    /// Changes what lets this user in, which ends all other sessions, and copies of this one's cookie.
    pub(crate) async fn change(
        self,
        app: &App,
        cookie: &Cookie,
        change: Change,
    ) -> Result<Self, Problem> {
        self.require_open(app).await?;
        let proof = self.proof(app)?;
        if self.has_factor() && proof.is_none() {
            return Err(Problem::ask_code(&Goal::Account));
        }
        let generation = self.end_others(app, change).await?;
        let session = match proof {
            Some(proof) => self.prove(proof).await?,
            None => self.begin_again(app, cookie, generation).await?,
        };
        let Self(claimant) = self;
        Ok(Self(Claimant {
            session,
            ..claimant
        }))
    }

    /// Demands that this session has not ended since the request began.
    pub(crate) async fn require_open(&self, app: &App) -> Result<(), Problem> {
        let user = app.database.user(&self.user.id).await?;
        let is_kept = user.is_some_and(|user| user.keeps(&self.session.login()));
        if is_kept && self.session.is_open().await? {
            Ok(())
        } else {
            Err(self.session.end().await)
        }
    }
}

const fn end_reason(stage: Stage) -> Option<EndReason> {
    match stage {
        Stage::Ended(reason) => Some(reason),
        Stage::Repeat => Some(EndReason::RepeatOver),
        _ => None,
    }
}

impl Deref for HalfLoggedIn {
    type Target = Claimant;

    fn deref(&self) -> &Claimant {
        &self.0
    }
}

impl Deref for LoggedIn {
    type Target = Claimant;

    fn deref(&self) -> &Claimant {
        &self.0
    }
}

async fn found(parts: &mut Parts, app: &App) -> Result<Option<Claimant>, Problem> {
    let Ok(cookie) = Cookie::from_request_parts(parts, app).await;
    Claimant::find(cookie, app.guard.origin(parts), app).await
}

impl FromRequestParts<App> for Claimant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let claimant = found(parts, app).await?;
        claimant.ok_or_else(|| Problem::log_in(&Goal::Account))
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(match found(parts, app).await? {
            None => Self::Nobody(None),
            Some(claimant) => match claimant.stage {
                Stage::Half => Self::Half(HalfLoggedIn(claimant)),
                stage if LOGGED_IN.contains(&stage) => Self::Full(LoggedIn(claimant)),
                stage => Self::Nobody(end_reason(stage)),
            },
        })
    }
}

/// Where they wanted to go, if they can come back to it.
fn goal(parts: &Parts) -> Goal {
    let path = Some(parts.uri.path()).filter(|_| parts.method == Method::GET);
    path.and_then(Goal::from_path).unwrap_or_default()
}

impl FromRequestParts<App> for HalfLoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Half(half) => Ok(half),
            Visitor::Full(_) => Err(Problem::go(&Goal::Account)),
            Visitor::Nobody(reason) => Err(Problem::nobody(&Goal::Account, reason)),
        }
    }
}

async fn full(parts: &mut Parts, app: &App) -> Result<LoggedIn, Problem> {
    match Visitor::from_request_parts(parts, app).await? {
        Visitor::Full(login) => Ok(login),
        Visitor::Half(_) => Err(Problem::Go("/login/code".to_owned())),
        Visitor::Nobody(reason) => Err(Problem::nobody(&goal(parts), reason)),
    }
}

impl FromRequestParts<App> for EvenIfPasswordDue {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let login = full(parts, app).await?;
        if !login.user.must_change_password {
            login.require_factor(app).await?;
        }
        Ok(Self(login))
    }
}

impl FromRequestParts<App> for EvenIfFactorDue {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let login = full(parts, app).await?;
        if login.user.must_change_password {
            return Err(Problem::go(&Goal::Password));
        }
        Ok(Self(login))
    }
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let EvenIfFactorDue(login) = EvenIfFactorDue::from_request_parts(parts, app).await?;
        login.require_factor(app).await?;
        Ok(login)
    }
}
