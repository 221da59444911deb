//! From the picture of a new device to the code that confirms it.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use secondfactor::account::{DeviceId, DeviceState, Enrollment};
use secondfactor::codes::SecretText;
use secondfactor::provisioning::KeyUri;
use secondfactor::sign_in::{EndReason, Stage};
use secondfactor::{Code, Confirmed, Denial, Error};
use serde::Deserialize;

use super::devices::{DeviceIn, GivenPair, find};
use super::second_step::{GivenCode, code_pair, pair_refusal, parse_pair};
use super::{Field, Frame, Typed, form, go_saying, html};
use crate::app::{App, NAME};
use crate::goal::Goal;
use crate::once::ShownAt;
use crate::problem::{Answer, Problem};
use crate::session::{Claimant, EvenIfFactorDue, LoggedIn};
use crate::words::{self, Message};

/// What is scanned, or typed, into an app.
struct Picture {
    uri: SecretText,
    qr: SecretText,
    key: String,
}

impl Picture {
    fn new(uri: &KeyUri) -> Result<Self, Problem> {
        Ok(Self {
            uri: uri.expose_uri(),
            qr: uri.expose_svg()?,
            key: grouped(&uri.secret().expose_base32()),
        })
    }
}

pub(super) async fn secret_page(login: &LoggedIn, enrollment: &Enrollment) -> Answer {
    let uri = enrollment.key_uri(NAME, &login.user.name);
    let page = ConfirmPage {
        picture: Some(Picture::new(&uri)?),
        ..ConfirmPage::new(login, enrollment.device()).await?
    };
    let at = format!("/account/devices/{}/confirm", enrollment.device());
    Ok((Extension(ShownAt(at)), html(StatusCode::OK, &page)).into_response())
}

/// In groups of four, as people type it.
fn grouped(key: &str) -> String {
    let mut text = String::with_capacity(key.len().saturating_mul(2));
    for (n, symbol) in key.chars().enumerate() {
        if n > 0 && n % 4 == 0 {
            text.push(' ');
        }
        text.push(symbol);
    }
    text
}

fn confirm_field() -> Field {
    Field::code("code", "Code").hint("The six digits that the app shows for this account.")
}

#[derive(Template)]
#[template(path = "device_confirm.html")]
struct ConfirmPage {
    frame: Frame,
    device: DeviceId,
    code: Field,
    /// For a device whose clock is off.
    pair: Option<(Field, Field)>,
    picture: Option<Picture>,
    is_over: bool,
}

impl ConfirmPage {
    async fn new(login: &Claimant, device: DeviceId) -> Result<Self, Problem> {
        Ok(Self {
            frame: Frame::new(login).await?,
            device,
            code: confirm_field(),
            pair: None,
            picture: None,
            is_over: false,
        })
    }

    /// Shows what was wrong, and the picture again if the form has brought it back.
    fn refuse(mut self, uri: Option<&KeyUri>) -> Answer {
        if let Some(uri) = uri.filter(|_| !self.is_over) {
            self.picture = Some(Picture::new(uri)?);
        }
        let pair = self.pair.iter().map(|(first, _)| first);
        let fields: Vec<&Field> = pair.chain([&self.code]).collect();
        Ok(form(&self, &fields))
    }
}

/// The page has the key in its form, so that it can be shown after a typo: the site itself keeps it nowhere.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    #[serde(flatten)]
    given: GivenCode,
    uri: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PairConfirmation {
    #[serde(flatten)]
    given: GivenPair,
    uri: Option<String>,
}

fn key_uri(text: Option<&str>) -> Option<KeyUri> {
    KeyUri::parse(text?).ok()
}

pub(super) async fn confirm_form(
    State(app): State<App>,
    EvenIfFactorDue(login): EvenIfFactorDue,
    DeviceIn(device): DeviceIn,
) -> Answer {
    let device = find(&app, &login, device).await?;
    if !matches!(device.state(), DeviceState::Pending { .. }) {
        return Err(Problem::go(&Goal::Account));
    }
    let page = ConfirmPage {
        code: confirm_field().focus(),
        ..ConfirmPage::new(&login, device.id()).await?
    };
    Ok(html(StatusCode::OK, &page))
}

/// Where a confirmation may come from. A code is needed where the same form, sent twice, has just confirmed the device, and
/// the session is about to lead to the next one.
const CONFIRMING: [Stage; 5] = [
    Stage::Password,
    Stage::Mending,
    Stage::Proven,
    Stage::Repeat,
    Stage::Ended(EndReason::CodeNeeded),
];

pub(super) async fn confirm(
    State(app): State<App>,
    login: Claimant,
    DeviceIn(device): DeviceIn,
    Typed(Confirmation { given, uri }): Typed<Confirmation>,
) -> Answer {
    login.at(&CONFIRMING)?;
    let uri = key_uri(uri.as_deref());
    let code = match given.code.parse::<Code>() {
        Ok(code) => code,
        Err(error) => {
            let page = ConfirmPage {
                code: confirm_field().with_error(Some(words::mistyped_code(error))),
                ..ConfirmPage::new(&login, device).await?
            };
            return page.refuse(uri.as_ref());
        }
    };
    let (account, pending) = (login.user.account()?, login.pending_here(device));
    let submission = login.code(code, given.form)?;
    match app.mfa.confirm(&account, pending, submission).await {
        Ok(mut confirmed) => {
            login.cookie.set_known(confirmed.take_browser_cookie());
            confirmed_page(&app, &login, &confirmed).await
        }
        Err(error) => {
            login.at(&[Stage::Password, Stage::Mending, Stage::Proven])?;
            let two_confirm = matches!(
                error,
                Error::Denied(Denial::Unconfirmed(diagnosis)) if words::can_be_confirmed_by_two(diagnosis)
            );
            let page = ConfirmPage {
                is_over: is_over(&error),
                code: confirm_field().with_error(Some(words::refusal(error, app.mfa.now())?)),
                pair: two_confirm.then(code_pair),
                ..ConfirmPage::new(&login, device).await?
            };
            page.refuse(uri.as_ref())
        }
    }
}

pub(super) async fn confirm_pair(
    State(app): State<App>,
    EvenIfFactorDue(login): EvenIfFactorDue,
    DeviceIn(device): DeviceIn,
    Typed(PairConfirmation { given, uri }): Typed<PairConfirmation>,
) -> Answer {
    let (account, pending) = (login.user.account()?, login.pending_here(device));
    let (message, is_over) = match parse_pair(&given.code1, &given.code2) {
        Err(message) => (message, false),
        Ok(codes) => match app.mfa.confirm_pair(&account, pending, codes).await {
            Ok(confirmed) => return confirmed_page(&app, &login, &confirmed).await,
            Err(error) => {
                let is_over = is_over(&error);
                (pair_refusal(&app, error)?, is_over)
            }
        },
    };
    let page = ConfirmPage {
        pair: Some(failed_pair(message)),
        is_over,
        ..ConfirmPage::new(&login, device).await?
    };
    page.refuse(key_uri(uri.as_deref()).as_ref())
}

const fn is_over(error: &Error) -> bool {
    matches!(error, Error::EnrollmentExpired | Error::UnknownDevice)
}

fn failed_pair(message: Message) -> (Field, Field) {
    let (first, second) = code_pair();
    (first.with_error(Some(message)), second)
}

/// What lets in has changed: all other sessions end, those with a password alone among them.
async fn confirmed_page(app: &App, login: &Claimant, confirmed: &Confirmed) -> Answer {
    let session = login.opt_in(app, confirmed).await?;
    let codes = app
        .status(&login.user)
        .await?
        .map_or(0, |status| status.recovery_codes_left());
    if codes == 0 {
        let notice = "Your device works, and the second factor is on. One thing is left to do.";
        return go_saying(&session, &Goal::RecoveryCodes.path(), notice).await;
    }
    go_saying(
        &session,
        "/account",
        "Your device works. You are logged out everywhere else.",
    )
    .await
}
