//! Devices: from their name to the day they are revoked.

use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use secondfactor::account::{DeviceId, DeviceStatus};
use secondfactor::{Error, Label, NewDevice};
use serde::Deserialize;

use super::confirm::secret_page;
use super::second_step::{code_pair, pair_refusal, parse_pair};
use super::{Field, Frame, Typed, form, go_saying, html};
use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::{EvenIfFactorDue, LoggedIn};
use crate::user::Change;
use crate::words::{self, Message};

#[derive(Template)]
#[template(path = "device_new.html")]
struct NewPage {
    frame: Frame,
    /// Why it is not a matter of choice.
    demanded: Option<String>,
    label: Field,
}

#[derive(Deserialize)]
pub(super) struct Named {
    label: String,
}

/// The first device takes the password once more, as a screen that was left alone could be bound to anybody's phone; every
/// other one takes a code of those before.
pub(super) async fn new_form(
    State(app): State<App>,
    EvenIfFactorDue(login): EvenIfFactorDue,
) -> Answer {
    login.require_fresh(&app, &Goal::NewDevice).await?;
    new_page(&app, &login, label_field().with_value("Phone").focus()).await
}

fn label_field() -> Field {
    Field::text("label", "What do you call it?")
        .hint("So that you know it again: \"Phone\", \"Tablet at home\".")
}

async fn new_page(app: &App, login: &LoggedIn, label: Field) -> Answer {
    let page = NewPage {
        frame: Frame::new(login).await?,
        demanded: words::demanded(login.demanded(app).await?, app.mfa.now()),
        label,
    };
    Ok(form(&page, &[&page.label]))
}

/// The answer is the only page that shows the secret, until it is confirmed: it is in no address, no session and no log.
pub(super) async fn enroll(
    State(app): State<App>,
    EvenIfFactorDue(login): EvenIfFactorDue,
    Typed(typed): Typed<Named>,
) -> Answer {
    let proof = login.require_fresh(&app, &Goal::NewDevice).await?;
    let label = match Label::new(typed.label.trim()) {
        Ok(label) => label,
        Err(error) => {
            let field = label_field()
                .with_value(typed.label)
                .with_error(Some(words::bad_label(error)));
            return new_page(&app, &login, field).await;
        }
    };
    let device = login.begun_here(NewDevice::totp(label));
    let enrollment = if let Some(proof) = proof {
        app.mfa.enroll_another(&proof, device).await
    } else {
        // Before the record is made: see `Note`.
        login.begin_opt_in(&app).await?;
        app.mfa.enroll(&login.user.account()?, device).await
    };
    match enrollment {
        Ok(enrollment) => secret_page(&login, &enrollment).await,
        Err(Error::Stale(_)) => Err(Problem::ask_code(&Goal::NewDevice)),
        // Opted in or out meanwhile, in another session: this one is out of date.
        Err(Error::ProofRequired | Error::NotEnrolled) => {
            login.session.end().await;
            Err(Problem::log_in(&Goal::NewDevice))
        }
        Err(error) => {
            let message = words::refusal(error, app.mfa.now())?;
            new_page(
                &app,
                &login,
                label_field()
                    .with_value(typed.label)
                    .with_error(Some(message)),
            )
            .await
        }
    }
}

#[derive(Template)]
#[template(path = "device_rename.html")]
struct RenamePage {
    frame: Frame,
    device: DeviceId,
    label: Field,
}

pub(super) async fn rename_form(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
) -> Answer {
    login.fresh_proof(&app, &Goal::Rename(device)).await?;
    let label = find(&app, &login, device).await?.label().to_string();
    rename_page(&login, device, label_field().with_value(label).focus()).await
}

async fn rename_page(login: &LoggedIn, device: DeviceId, label: Field) -> Answer {
    let page = RenamePage {
        frame: Frame::new(login).await?,
        device,
        label,
    };
    Ok(form(&page, &[&page.label]))
}

pub(super) async fn rename(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
    Typed(typed): Typed<Named>,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Rename(device)).await?;
    find(&app, &login, device).await?;
    let error = match Label::new(typed.label.trim()) {
        Err(error) => Message::from(words::bad_label(error)),
        Ok(label) => match app.mfa.rename(&proof, device, label).await {
            Ok(()) => {
                return go_saying(&login.session, "/account", "The device has its new name.").await;
            }
            Err(Error::Stale(_)) => return Err(Problem::ask_code(&Goal::Rename(device))),
            Err(error) => words::refusal(error, app.mfa.now())?,
        },
    };
    rename_page(
        &login,
        device,
        label_field()
            .with_value(typed.label)
            .with_error(Some(error)),
    )
    .await
}

/// A page that asks before it does something to a device.
#[derive(Template)]
#[template(path = "device_revoke.html")]
struct RevokePage {
    frame: Frame,
    device: DeviceId,
    label: String,
    is_in_use: bool,
    error: Option<Message>,
}

pub(super) async fn revoke_form(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Revoke(device)).await?;
    let label = find(&app, &login, device).await?.label().to_string();
    Ok(html(
        StatusCode::OK,
        &RevokePage {
            frame: Frame::new(&login).await?,
            device,
            label,
            is_in_use: proof.device() == Some(device),
            error: None,
        },
    ))
}

pub(super) async fn revoke(
    State(app): State<App>,
    cookie: Cookie,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Revoke(device)).await?;
    let label = find(&app, &login, device).await?.label().to_string();
    // Whoever has it may be logged in with it. This comes first, so that a crash in between leaves no such session.
    let login = login.change(&app, &cookie, Change::default()).await?;
    match app.mfa.revoke(&proof, device).await {
        Ok(()) if proof.device() == Some(device) => Err(login.session.end().await),
        Ok(()) => {
            let notice = "The device is revoked: its codes are no longer accepted. You are logged out everywhere else.";
            go_saying(&login.session, "/account", notice).await
        }
        Err(Error::Stale(_)) => Err(Problem::ask_code(&Goal::Revoke(device))),
        Err(error) => {
            let error = Some(words::refusal(error, app.mfa.now())?);
            let page = RevokePage {
                frame: Frame::new(&login).await?,
                device,
                label,
                is_in_use: proof.device() == Some(device),
                error,
            };
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

#[derive(Template)]
#[template(path = "device_rotate.html")]
struct RotatePage {
    frame: Frame,
    device: DeviceId,
    label: String,
}

pub(super) async fn rotate_form(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
) -> Answer {
    login.fresh_proof(&app, &Goal::Rotate(device)).await?;
    let label = find(&app, &login, device).await?.label().to_string();
    Ok(html(
        StatusCode::OK,
        &RotatePage {
            frame: Frame::new(&login).await?,
            device,
            label,
        },
    ))
}

#[derive(Deserialize)]
pub(super) struct Rotation {
    #[serde(default)]
    grace: Grace,
}

/// How long the old key goes on logging in.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Grace {
    #[default]
    None,
    Day,
}

impl Grace {
    const fn time(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Day => Duration::from_secs(24 * 3600),
        }
    }
}

/// The old key works until the new one is confirmed, so there is no moment without one.
pub(super) async fn rotate(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
    Typed(typed): Typed<Rotation>,
) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::Rotate(device)).await?;
    let here = login.pending_here(device);
    match app.mfa.rotate(&proof, here, typed.grace.time()).await {
        Ok(enrollment) => secret_page(&login, &enrollment).await,
        Err(Error::UnknownDevice) => Err(Problem::NotFound),
        Err(Error::Stale(_)) => Err(Problem::ask_code(&Goal::Rotate(device))),
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "device_resync.html")]
struct ResyncPage {
    frame: Frame,
    device: DeviceId,
    label: String,
    code1: Field,
    code2: Field,
}

#[derive(Deserialize)]
pub(super) struct GivenPair {
    pub(super) code1: String,
    pub(super) code2: String,
}

pub(super) async fn resync_form(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
) -> Answer {
    resync_page(&app, &login, device, None).await
}

async fn resync_page(
    app: &App,
    login: &LoggedIn,
    device: DeviceId,
    error: Option<Message>,
) -> Answer {
    let label = find(app, login, device).await?.label().to_string();
    let (code1, code2) = code_pair();
    let code1 = code1.focus().with_error(error);
    let page = ResyncPage {
        frame: Frame::new(login).await?,
        device,
        label,
        code1,
        code2,
    };
    Ok(form(&page, &[&page.code1]))
}

pub(super) async fn resync(
    State(app): State<App>,
    login: LoggedIn,
    DeviceIn(device): DeviceIn,
    Typed(typed): Typed<GivenPair>,
) -> Answer {
    let codes = match parse_pair(&typed.code1, &typed.code2) {
        Ok(codes) => codes,
        Err(message) => return resync_page(&app, &login, device, Some(message)).await,
    };
    match app.mfa.resync(&login.user.account()?, device, codes).await {
        Ok(()) => {
            go_saying(
                &login.session,
                "/account",
                "The device's clock is allowed for from now on.",
            )
            .await
        }
        Err(Error::UnknownDevice) => Err(Problem::NotFound),
        Err(error) => {
            let message = pair_refusal(&app, error)?;
            resync_page(&app, &login, device, Some(message)).await
        }
    }
}

pub(super) async fn find(
    app: &App,
    login: &LoggedIn,
    id: DeviceId,
) -> Result<DeviceStatus, Problem> {
    let status = app.status(&login.user).await?.ok_or(Problem::NotFound)?;
    status
        .devices()
        .iter()
        .find(|device| device.id() == id)
        .cloned()
        .ok_or(Problem::NotFound)
}

/// The device in a page's path.
pub(super) struct DeviceIn(pub(super) DeviceId);

impl FromRequestParts<App> for DeviceIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, app).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Problem::NotFound)
    }
}
