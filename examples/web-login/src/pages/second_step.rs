//! The second step of a login: a code, or a recovery code, or first a device put right.

use askama::Template;
use axum::extract::State;
use secondfactor::account::{DeviceId, DeviceState, FormId};
use secondfactor::sign_in::{Note, Stage};
use secondfactor::{Code, Error, RecoveryCode, Verified};
use serde::Deserialize;

use super::{Field, Frame, Typed, form, go, go_saying};
use crate::app::App;
use crate::problem::{Answer, Problem};
use crate::session::{Claimant, HalfLoggedIn};
use crate::user::Change;
use crate::words::{self, Message};

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    frame: Frame,
    name: String,
    code: Field,
    /// How long this browser may be trusted, in days.
    trust: u64,
}

/// A form without an id works too, once.
#[derive(Deserialize)]
pub(super) struct GivenCode {
    pub(super) code: String,
    pub(super) form: Option<FormId>,
    /// Whether the box is ticked.
    trust: Option<String>,
}

pub(super) fn code_field() -> Field {
    Field::code("code", "Code")
        .hint("The six digits that your authenticator app shows now.")
        .focus()
}

pub(super) async fn code_form(State(app): State<App>, half: HalfLoggedIn) -> Answer {
    code_page(&app, &half, None).await
}

async fn code_page(app: &App, half: &Claimant, error: Option<Message>) -> Answer {
    let frame = Frame {
        who: None,
        notice: half.session.take_notice().await?,
    };
    let page = CodePage {
        frame,
        name: half.user.name.clone(),
        code: code_field().with_error(error),
        trust: days_of_trust(app),
    };
    Ok(form(&page, &[&page.code]))
}

fn days_of_trust(app: &App) -> u64 {
    app.mfa.policy().max_trust().as_secs() / (24 * 3600)
}

pub(super) async fn give_code(
    State(app): State<App>,
    claimant: Claimant,
    Typed(typed): Typed<GivenCode>,
) -> Answer {
    claimant.at(&[Stage::Half, Stage::Repeat])?;
    match verify(&app, &claimant, &typed).await? {
        Ok(verified) => {
            let session = claimant
                .session
                .prove(verified.as_ref(), verified.browser());
            session.await?;
            settle_note(&app, &claimant).await?;
            if typed.trust.is_some() {
                trust(&app, &verified).await?;
            }
            Ok(go(&claimant.session.goal().path()))
        }
        Err(message) => {
            claimant.at(&[Stage::Half])?;
            code_page(&app, &claimant, Some(message)).await
        }
    }
}

/// Judges what was typed as a code of any device of the account.
pub(super) async fn verify(
    app: &App,
    claimant: &Claimant,
    typed: &GivenCode,
) -> Result<Result<Verified, Message>, Problem> {
    let code = match typed.code.parse::<Code>() {
        Ok(code) => code,
        Err(error) => return Ok(Err(words::mistyped_code(error).into())),
    };
    let submission = claimant.code(code, typed.form)?;
    match app.mfa.verify(&claimant.user.account()?, submission).await {
        Ok(mut verified) => {
            claimant.cookie.set_known(verified.take_browser_cookie());
            Ok(Ok(verified))
        }
        Err(error) => Ok(Err(words::refusal(error, app.mfa.now())?)),
    }
}

/// They have ticked that this browser may do without a code. Where it may not, they are asked for one next time.
async fn trust(app: &App, verified: &Verified) -> Result<(), Problem> {
    let (browser, lasts) = (verified.browser(), app.mfa.policy().max_trust());
    let Some(browser) = browser.filter(|_| !lasts.is_zero()) else {
        return Ok(());
    };
    match app.mfa.trust_browser(verified, browser, lasts).await {
        Ok(()) | Err(Error::TrustRefused | Error::UnknownBrowser | Error::Stale(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// If the site was stopped between the confirmation of the first device and its note, the note is made now. Not if they
/// have opted out since the code was given, or an opt-out is under way: a note without a record would lock them out.
async fn settle_note(app: &App, claimant: &Claimant) -> Result<(), Problem> {
    if let Note::OptingIn | Note::OptedOut = claimant.user.note {
        let change = Change::note(Note::OptedIn).by(claimant.session.login());
        app.database.change_user(&claimant.user.id, &change).await?;
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage {
    frame: Frame,
    is_logged_in: bool,
    recovery_code: Field,
}

#[derive(Deserialize)]
pub(super) struct GivenRecoveryCode {
    recovery_code: String,
    form: Option<FormId>,
}

/// Also for whoever is logged in, and has lost the device since.
const RECOVERING: [Stage; 5] = [
    Stage::Half,
    Stage::Repeat,
    Stage::Recognized,
    Stage::Mending,
    Stage::Proven,
];

/// One that may only repeat is shown no form.
const SHOWN: [Stage; 4] = [
    Stage::Half,
    Stage::Recognized,
    Stage::Mending,
    Stage::Proven,
];

pub(super) async fn recovery_form(claimant: Claimant) -> Answer {
    claimant.at(&SHOWN)?;
    recovery_page(&claimant, None)
}

fn recovery_page(claimant: &Claimant, error: Option<Message>) -> Answer {
    let recovery_code = Field::recovery_code()
        .hint("One of those you have printed or saved. Capitals and hyphens don't matter.")
        .focus()
        .with_error(error);
    let page = RecoveryPage {
        frame: Frame::default(),
        is_logged_in: claimant.is_logged_in(),
        recovery_code,
    };
    Ok(form(&page, &[&page.recovery_code]))
}

/// It lets in, to mend the second factor: see `account::recovered`. Whoever has the lost device may be logged in with it,
/// so all other sessions end.
pub(super) async fn give_recovery_code(
    State(app): State<App>,
    claimant: Claimant,
    Typed(typed): Typed<GivenRecoveryCode>,
) -> Answer {
    claimant.at(&RECOVERING)?;
    let code = match typed.recovery_code.parse::<RecoveryCode>() {
        Ok(code) => code,
        Err(error) => {
            return recovery_page(&claimant, Some(words::mistyped_recovery_code(error).into()));
        }
    };
    let submission = claimant.submission(&code, typed.form)?;
    match app.mfa.redeem(&claimant.user.account()?, submission).await {
        Ok(recovered) => {
            claimant.opt_in(&app, &recovered).await?;
            Ok(go("/account/recovered"))
        }
        Err(error) => {
            let message = words::recovery_refusal(error, app.mfa.now())?;
            claimant.at(&SHOWN)?;
            recovery_page(&claimant, Some(message))
        }
    }
}

#[derive(Template)]
#[template(path = "login_resync.html")]
struct ResyncPage {
    frame: Frame,
    devices: Vec<Choice>,
    code1: Field,
    code2: Field,
}

struct Choice {
    id: DeviceId,
    label: String,
}

#[derive(Deserialize)]
pub(super) struct Resync {
    device: DeviceId,
    code1: String,
    code2: String,
}

pub(super) async fn resync_form(State(app): State<App>, half: HalfLoggedIn) -> Answer {
    resync_page(&app, &half, None).await
}

async fn resync_page(app: &App, half: &HalfLoggedIn, error: Option<Message>) -> Answer {
    let devices = app.mfa.devices(&half.user.account()?).await?;
    let works = devices
        .iter()
        .filter(|device| !matches!(device.state(), DeviceState::Pending { .. }));
    let devices = works
        .map(|device| Choice {
            id: device.id(),
            label: device.label().to_string(),
        })
        .collect();
    let (code1, code2) = code_pair();
    let code1 = code1.focus().with_error(error);
    let page = ResyncPage {
        frame: Frame::default(),
        devices,
        code1,
        code2,
    };
    Ok(form(&page, &[&page.code1]))
}

/// The fields for two codes in a row.
pub(super) fn code_pair() -> (Field, Field) {
    let first = Field::code("code1", "First code").hint("The six digits that your app shows now.");
    let second = Field::code("code2", "Next code")
        .hint("Wait until the app shows another one: at most half a minute.");
    (first, second)
}

/// The two codes, as they were typed.
pub(super) fn parse_pair(code1: &str, code2: &str) -> Result<[Code; 2], Message> {
    let parse = |text: &str| {
        text.parse::<Code>()
            .map_err(|error| Message::from(words::mistyped_code(error)))
    };
    Ok([parse(code1)?, parse(code2)?])
}

/// Why two codes were not taken.
pub(super) fn pair_refusal(app: &App, error: Error) -> Result<Message, Problem> {
    match error.code() {
        "wrong_code" | "wrong_code_of_new_device" => Ok(
            "These are not two codes in a row of that device, or one was used already. Begin again with the one it shows now."
                .into(),
        ),
        _ => words::refusal(error, app.mfa.now()),
    }
}

/// Behind the password, and no login: that takes the next code.
pub(super) async fn resync(
    State(app): State<App>,
    half: HalfLoggedIn,
    Typed(typed): Typed<Resync>,
) -> Answer {
    let codes = match parse_pair(&typed.code1, &typed.code2) {
        Ok(codes) => codes,
        Err(message) => return resync_page(&app, &half, Some(message)).await,
    };
    let account = half.user.account()?;
    match app.mfa.resync(&account, typed.device, codes).await {
        Ok(()) => {
            let notice = "Your device's clock is allowed for. Log in with its next code.";
            go_saying(&half.session, "/login/code", notice).await
        }
        Err(Error::UnknownDevice) => Err(Problem::NotFound),
        Err(error) => {
            let message = pair_refusal(&app, error)?;
            resync_page(&app, &half, Some(message)).await
        }
    }
}
