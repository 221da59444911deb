//! Recovery codes: shown once, to be printed or saved.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use secondfactor::account::RecoverySetId;
use secondfactor::codes::SecretText;
use secondfactor::{Error, RecoveryCode, RecoveryCodes};
use serde::Deserialize;

use super::{Frame, Typed, go_saying, html};
use crate::app::{App, NAME};
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::LoggedIn;
use crate::user::Change;

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct OverviewPage {
    frame: Frame,
    left: usize,
    all: usize,
    set: Option<RecoverySetId>,
}

pub(super) async fn overview(State(app): State<App>, login: LoggedIn) -> Answer {
    login.fresh_proof(&app, &Goal::RecoveryCodes).await?;
    let status = app.status(&login.user).await?.ok_or(Problem::NotFound)?;
    let page = OverviewPage {
        frame: Frame::new(&login).await?,
        left: status.recovery_codes_left(),
        all: RecoveryCodes::COUNT,
        set: status.recovery_set(),
    };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "recovery_codes_new.html")]
struct CodesPage {
    frame: Frame,
    site: &'static str,
    name: String,
    codes: Vec<SecretText>,
}

/// The set that the page has shown. Whoever loads the answer again does not void what was printed.
#[derive(Deserialize)]
pub(super) struct Issue {
    replaces: Option<RecoverySetId>,
}

/// The answer is the only page that shows them. Whoever has used an old one may be logged in by it: all other sessions end,
/// and first, so that a crash in between leaves none.
pub(super) async fn issue(
    State(app): State<App>,
    cookie: Cookie,
    login: LoggedIn,
    Typed(typed): Typed<Issue>,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::RecoveryCodes).await?;
    let login = login.change(&app, &cookie, Change::default()).await?;
    let codes = match app.mfa.issue_recovery_codes(&proof, typed.replaces).await {
        Ok(codes) => codes,
        Err(Error::Stale(_)) => return Err(Problem::ask_code(&Goal::RecoveryCodes)),
        Err(Error::RecoveryCodesReplaced) => {
            let notice = "You got your recovery codes already, and we can't show them again. Get new ones if you have not kept them.";
            return go_saying(&login.session, &Goal::RecoveryCodes.path(), notice).await;
        }
        Err(error) => return Err(error.into()),
    };
    let codes = codes.iter().map(RecoveryCode::expose_text).collect();
    let (frame, name) = (Frame::new(&login).await?, login.user.name.clone());
    Ok(html(
        StatusCode::OK,
        &CodesPage {
            frame,
            site: NAME,
            name,
            codes,
        },
    ))
}

#[derive(Deserialize)]
pub(super) struct Codes {
    codes: String,
}

/// Gives the codes back as a file: they come from the page, as the site keeps nothing but hashes of them.
pub(super) async fn file(login: LoggedIn, Typed(typed): Typed<Codes>) -> Answer {
    let mut text = format!(
        "Recovery codes for {} at {NAME}. Each works once.\r\n\r\n",
        login.user.name
    );
    for line in typed.codes.split_whitespace() {
        // Nothing else comes back as a file of this site.
        let code = line
            .parse::<RecoveryCode>()
            .map_err(|_| Problem::NotFound)?;
        text.push_str(&code.expose_text());
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"recovery-codes.txt\"",
        ),
    ];
    Ok((headers, text).into_response())
}
