//! Where somebody is logged in, and the browsers that their account knows. What ends some of it asks again who they are.

use axum::extract::{Path, State};
use secondfactor::Error;
use secondfactor::account::{BrowserId, BrowserStatus};
use secondfactor::codes::UnixTime;

use super::go_saying;
use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::LoggedIn;
use crate::session_row::Shown;
use crate::user::Change;
use crate::words::Moment;

const GOAL: Goal = Goal::Account;

/// A login as its owner sees it.
pub(super) struct LoginRow {
    pub(super) key: String,
    pub(super) agent: String,
    pub(super) since: Moment,
    pub(super) is_this: bool,
}

impl LoginRow {
    pub(super) fn new(login: Shown, now: UnixTime) -> Self {
        Self {
            key: login.key,
            agent: login.agent,
            since: Moment::new(login.began, now),
            is_this: login.is_this,
        }
    }
}

/// A known browser as its owner sees it.
pub(super) struct BrowserRow {
    pub(super) id: BrowserId,
    pub(super) label: String,
    pub(super) last_used: Moment,
    pub(super) trusted_until: Option<Moment>,
    pub(super) is_closed: bool,
    pub(super) is_this: bool,
}

impl BrowserRow {
    pub(super) fn new(browser: &BrowserStatus, this: Option<&str>, now: UnixTime) -> Self {
        Self {
            id: browser.id(),
            label: browser.label().to_string(),
            last_used: Moment::new(browser.last_used(), now),
            trusted_until: browser.trusted_until().map(|until| Moment::new(until, now)),
            is_closed: browser.is_closed(),
            is_this: this == Some(&*browser.id().to_string()),
        }
    }
}

pub(super) async fn end(
    State(app): State<App>,
    login: LoggedIn,
    Path(key): Path<String>,
) -> Answer {
    login.require_fresh(&app, &GOAL).await?;
    login.session.end_other(&key).await?;
    go_saying(&login.session, "/account", "It is logged out.").await
}

pub(super) async fn end_others(State(app): State<App>, cookie: Cookie, login: LoggedIn) -> Answer {
    login.require_fresh(&app, &GOAL).await?;
    let login = login.change(&app, &cookie, Change::default()).await?;
    let notice = "You are logged out everywhere else.";
    go_saying(&login.session, "/account", notice).await
}

pub(super) async fn forget(
    State(app): State<App>,
    login: LoggedIn,
    Path(browser): Path<String>,
) -> Answer {
    let proof = login.fresh_proof(&app, &GOAL).await?;
    let browser = browser.parse().map_err(|_| Problem::NotFound)?;
    match app.mfa.forget_browser(proof, browser).await {
        // Somebody else was faster.
        Ok(()) | Err(Error::UnknownBrowser) => {}
        Err(error) => return Err(error.into()),
    }
    let notice = "That browser is no longer known.";
    go_saying(&login.session, "/account", notice).await
}

pub(super) async fn forget_all(State(app): State<App>, login: LoggedIn) -> Answer {
    let proof = login.fresh_proof(&app, &GOAL).await?;
    app.mfa.forget_browsers(proof).await?;
    let notice = "No browser is known any longer. Give a code in one, and it is again.";
    go_saying(&login.session, "/account", notice).await
}
