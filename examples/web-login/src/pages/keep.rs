//! "These are in my hands": when somebody else may have used the account.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use secondfactor::Error;
use secondfactor::account::{DeviceId, DeviceState};

use super::account::Vouched;
use super::{Frame, Typed, go_saying, html};
use crate::app::App;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::LoggedIn;
use crate::user::Change;
use crate::words::{self, Message};

#[derive(Template)]
#[template(path = "keep.html")]
struct KeepPage {
    frame: Frame,
    devices: Vec<Choice>,
    error: Option<Message>,
}

struct Choice {
    id: DeviceId,
    label: String,
    vouched: Vouched,
    is_in_use: bool,
}

pub(super) async fn keep_form(State(app): State<App>, login: LoggedIn) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Keep).await?;
    let page = keep_page(&app, &login, proof.device(), None).await?;
    Ok(html(StatusCode::OK, &page))
}

/// None is ticked but the device in use: what is ticked already is kept without a look.
async fn keep_page(
    app: &App,
    login: &LoggedIn,
    in_use: Option<DeviceId>,
    error: Option<Message>,
) -> Result<KeepPage, Problem> {
    let now = app.mfa.now();
    let status = app.status(&login.user).await?.ok_or(Problem::NotFound)?;
    let active = status
        .devices()
        .iter()
        .filter(|device| device.state() == DeviceState::Active);
    let devices = active
        .map(|device| Choice {
            id: device.id(),
            label: device.label().to_string(),
            vouched: Vouched::new(device.vouched_by(), &status, now),
            is_in_use: Some(device.id()) == in_use,
        })
        .collect();
    Ok(KeepPage {
        frame: Frame::new(login).await?,
        devices,
        error,
    })
}

/// Ends everything else, so nothing that a thief has added has to be found. The sessions go first, so that a crash in
/// between leaves none of theirs.
pub(super) async fn keep(
    State(app): State<App>,
    login: LoggedIn,
    Typed(typed): Typed<Vec<(String, String)>>,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Keep).await?;
    let ticked = typed.iter().filter(|(field, _)| field == "devices");
    let ticked: Result<Vec<DeviceId>, _> = ticked.map(|(_, id)| id.parse()).collect();
    let ticked = ticked.map_err(|_| Problem::BadForm(StatusCode::UNPROCESSABLE_ENTITY))?;
    login.end_others(&app, Change::default()).await?;
    match app.mfa.keep_only(&proof, &ticked).await {
        Ok(Some(proof)) => {
            let session = login.prove(proof).await?;
            let notice = "Everything else has ended, your recovery codes too. One thing is left to do: get new ones.";
            go_saying(&session, &Goal::RecoveryCodes.path(), notice).await
        }
        // The device in use was not ticked.
        Ok(None) => Err(login.session.end().await),
        Err(error) => refused(&app, &login, proof.device(), error).await,
    }
}

async fn refused(app: &App, login: &LoggedIn, in_use: Option<DeviceId>, error: Error) -> Answer {
    let message = match error {
        Error::Stale(_) => return Err(Problem::ask_code(&Goal::Keep)),
        Error::LastDevice => {
            "Tick one at least. If you have none of them any longer, log in with a recovery code first.".into()
        }
        Error::UnknownDevice => "Your devices have changed meanwhile. Look at them again.".into(),
        error => words::refusal(error, app.mfa.now())?,
    };
    let page = keep_page(app, login, in_use, Some(message)).await?;
    Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
}
