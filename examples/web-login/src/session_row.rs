//! Sessions as the database keeps them: what the library says of a login, and a few words of the site's own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use secondfactor::Proof;
use secondfactor::account::BrowserId;
use secondfactor::codes::UnixTime;
use secondfactor::sign_in::{
    EndReason, ProveError, Proved, SessionKeys, SessionLimits, SignIn, Stage,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Outcome;
use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::Problem;
use crate::random;
use crate::user::{Login, User};

pub(crate) const LIMITS: SessionLimits = SessionLimits::AAL2;

/// Where a session is logged in.
pub(crate) const LOGGED_IN: [Stage; 4] = [
    Stage::Password,
    Stage::Recognized,
    Stage::Mending,
    Stage::Proven,
];

/// How often others may change a session while it is to be changed.
const TRIES: usize = 8;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    sign_in: SignIn,
    /// Of the user's sessions: see `User::generation`.
    generation: u64,
    /// Where they go after the second step.
    goal: Goal,
    /// What the next page has to say.
    notice: Option<String>,
    /// What its owner knows the browser by.
    agent: String,
    /// The browser, if the account knows it.
    known: Option<String>,
}

/// A session, as a request has found it.
#[derive(Clone)]
pub(crate) struct Session {
    app: App,
    cookie: Cookie,
    /// As the cookie has it. The token is sealed for it.
    id: String,
    row: Row,
}

impl Row {
    fn login(&self) -> Login {
        Login {
            generation: self.generation,
            id: String::from_utf8_lossy(self.sign_in.id()).into_owned(),
        }
    }

    fn with(&self, sign_in: SignIn) -> Self {
        Self {
            sign_in,
            ..self.clone()
        }
    }
}

impl Session {
    fn new(app: &App, cookie: &Cookie, id: String, row: Row) -> Self {
        let (app, cookie) = (App::clone(app), cookie.clone());
        Self {
            app,
            cookie,
            id,
            row,
        }
    }

    pub(crate) async fn find(app: &App, cookie: &Cookie) -> Outcome<Option<Self>> {
        let Some(id) = cookie.id() else {
            return Ok(None);
        };
        let row = read(app, &key(&id)).await?;
        Ok(row.map(|(row, _)| Self::new(app, cookie, id, row)))
    }

    /// The password was right. What this browser had before has ended.
    pub(crate) async fn begin(
        app: &App,
        cookie: &Cookie,
        generation: u64,
        (sign_in, known): (SignIn, Option<BrowserId>),
        goal: Goal,
    ) -> Outcome<Self> {
        end(app, cookie).await?;
        let id = random::id()?;
        let row = Row {
            sign_in,
            generation,
            goal,
            notice: None,
            agent: cookie.agent(),
            known: known.map(|known| known.to_string()),
        };
        add(app, &key(&id), &row).await?;
        cookie.set(Some(id.clone()));
        Ok(Self::new(app, cookie, id, row))
    }

    /// The second factor was proved: they go on in a new session, and this one can only repeat that. Not if it has ended
    /// meanwhile: a logout is not undone by a request that began before.
    pub(crate) async fn prove(
        &self,
        proof: &Proof,
        known: Option<BrowserId>,
    ) -> Result<Self, Problem> {
        let app = &self.app;
        let old = key(&self.id);
        for _ in 0..TRIES {
            let Some((row, body)) = read(app, &old).await? else {
                return Err(self.end().await);
            };
            let id = random::id()?;
            let new = key(&id);
            let token = app.mfa.seal_proof(proof, id.as_bytes())?;
            let keys = SessionKeys {
                old: &old,
                new: &new,
            };
            let proved = row.sign_in.prove(proof, token, keys, app.mfa.now());
            let Proved { left, next } = match proved {
                Ok(proved) => proved,
                Err(ProveError::NotRepeated) => {
                    return Err(Problem::ended(&Goal::Account, EndReason::RepeatOver));
                }
                Err(ProveError::Ended(reason)) => {
                    return Err(Problem::ended(&Goal::Account, reason));
                }
                Err(ProveError::Stale(_)) => return Err(Problem::log_in(&Goal::Account)),
                Err(error) => return Err(error.into()),
            };
            let mut next = row.with(next);
            next.known = known.map(|known| known.to_string()).or(next.known);
            // It is there before the old one leads to it, so a logout at any moment ends both.
            add(app, &new, &next).await?;
            if swap(app, &old, &body, &row.with(left)).await? {
                self.cookie.set(Some(id.clone()));
                return Ok(Self::new(app, &self.cookie, id, next));
            }
            app.database.end_session(&new).await?;
        }
        Err("a session is changed too often".into())
    }

    /// Notes something in the session, if it is still there.
    async fn note(&self, change: impl Fn(&mut Row)) -> Outcome<bool> {
        let key = key(&self.id);
        for _ in 0..TRIES {
            let Some((mut row, body)) = read(&self.app, &key).await? else {
                return Ok(false);
            };
            change(&mut row);
            if swap(&self.app, &key, &body, &row).await? {
                return Ok(true);
            }
        }
        Err("a session is changed too often".into())
    }

    /// Something to say on the next page.
    pub(crate) async fn say(&self, notice: &str) -> Outcome {
        self.note(|row| row.notice = Some(notice.to_owned()))
            .await
            .map(drop)
    }

    pub(crate) async fn take_notice(&self) -> Outcome<Option<String>> {
        if self.row.notice.is_some() {
            self.note(|row| row.notice = None).await?;
        }
        Ok(self.row.notice.clone())
    }

    /// A request has come.
    pub(crate) async fn touch(&self) -> Outcome {
        let now = self.app.mfa.now();
        if self.sign_in().clone().touch(LIMITS, now) {
            self.note(|row| {
                row.sign_in.touch(LIMITS, now);
            })
            .await?;
        }
        Ok(())
    }

    /// Whether it is there, and has not led to another one meanwhile.
    pub(crate) async fn is_open(&self) -> Outcome<bool> {
        let row = read(&self.app, &key(&self.id)).await?;
        let stage = |sign_in: &SignIn| sign_in.stage(LIMITS, self.app.mfa.now());
        Ok(row.is_some_and(|(row, _)| stage(&row.sign_in) == stage(self.sign_in())))
    }

    /// Ends it with all that belongs to it: they log in again.
    pub(crate) async fn end(&self) -> Problem {
        match end(&self.app, &self.cookie).await {
            Ok(()) => Problem::log_in(&Goal::Account),
            Err(error) => error.into(),
        }
    }

    pub(crate) const fn sign_in(&self) -> &SignIn {
        &self.row.sign_in
    }

    pub(crate) const fn id(&self) -> &[u8] {
        self.id.as_bytes()
    }

    pub(crate) const fn goal(&self) -> &Goal {
        &self.row.goal
    }

    pub(crate) fn login(&self) -> Login {
        self.row.login()
    }

    /// The browser, if the account knows it.
    pub(crate) fn known(&self) -> Option<&str> {
        self.row.known.as_deref()
    }

    /// Where this user is logged in, the latest first.
    pub(crate) async fn all(&self, user: &User) -> Outcome<Vec<Shown>> {
        let (now, this) = (self.app.mfa.now(), key(&self.id));
        let mut all = Vec::new();
        for (key, body) in self.app.database.sessions_of(&user.id).await? {
            let row: Row = serde_json::from_str(&body)?;
            if LOGGED_IN.contains(&row.sign_in.stage(LIMITS, now)) && user.keeps(&row.login()) {
                all.push(Shown {
                    is_this: key == this,
                    began: row.sign_in.began(),
                    agent: row.agent,
                    key,
                });
            }
        }
        all.sort_by_key(|shown| (!shown.is_this, std::cmp::Reverse(shown.began)));
        Ok(all)
    }

    /// Ends a session of the same user.
    pub(crate) async fn end_other(&self, key: &str) -> Outcome {
        let account = self.sign_in().account().as_str();
        let mut theirs = self.app.database.sessions_of(account).await?;
        theirs.retain(|(theirs, _)| theirs == key);
        end_all(&self.app, theirs.into_iter().map(|(key, _)| key).collect()).await
    }
}

/// A session as its owner sees it.
pub(crate) struct Shown {
    pub(crate) key: String,
    pub(crate) agent: String,
    pub(crate) began: UnixTime,
    pub(crate) is_this: bool,
}

/// Ends the session of a cookie, the one that it came from, and those that the same form led to.
pub(crate) async fn end(app: &App, cookie: &Cookie) -> Outcome {
    end_all(app, cookie.id().iter().map(|id| key(id)).collect()).await?;
    cookie.set(None);
    Ok(())
}

async fn end_all(app: &App, mut keys: Vec<String>) -> Outcome {
    let mut ended = BTreeSet::new();
    while let Some(key) = keys.pop() {
        if ended.insert(key.clone()) {
            let body = app.database.end_session(&key).await?;
            let row = body.map(|body| serde_json::from_str::<Row>(&body));
            keys.extend(
                row.transpose()?
                    .into_iter()
                    .flat_map(|row| row.sign_in.end()),
            );
        }
    }
    Ok(())
}

/// Whoever reads the database, or a backup of it, finds no session to take over: only the hash of each id.
pub(crate) fn key(id: &str) -> String {
    hex(&Sha256::digest(id))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

async fn read(app: &App, key: &str) -> Outcome<Option<(Row, String)>> {
    match app.database.session(key).await? {
        Some(body) => Ok(Some((serde_json::from_str(&body)?, body))),
        None => Ok(None),
    }
}

async fn add(app: &App, key: &str, row: &Row) -> Outcome {
    let ends = app.mfa.now().saturating_add(LIMITS.total());
    let body = serde_json::to_string(row)?;
    let account = row.sign_in.account().as_str();
    let added = app.database.add_session(key, account, &body, ends);
    if added.await? {
        Ok(())
    } else {
        Err("a new session's id is taken".into())
    }
}

async fn swap(app: &App, key: &str, old: &str, row: &Row) -> Outcome<bool> {
    let ends = app.mfa.now().saturating_add(LIMITS.total());
    let body = serde_json::to_string(row)?;
    app.database.swap_session(key, old, &body, ends).await
}
