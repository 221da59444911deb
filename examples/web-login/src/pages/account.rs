//! What somebody sees of their own account.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use secondfactor::account::{DeviceStatus, Voucher};
use secondfactor::codes::UnixTime;
use secondfactor::sign_in::Note;
use secondfactor::{Error, Proof, RecoveryCodes, Status};
use serde::Deserialize;

use super::browsers::{BrowserRow, LoginRow};
use super::{Field, Frame, Typed, form, go_saying, html};
use crate::app::App;
use crate::cookie::Cookie;
use crate::database::Entry;
use crate::goal::Goal;
use crate::password;
use crate::problem::{Answer, Problem};
use crate::session::{EvenIfPasswordDue, LoggedIn};
use crate::tries::Try;
use crate::user::{Change, User};
use crate::words::{self, Moment};

/// How much of the activity stands on the account's page.
const RECENT: usize = 5;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    demanded: Option<String>,
    user: User,
    devices: Vec<DeviceRow>,
    is_enrolled: bool,
    recovery_codes: usize,
    all_recovery_codes: usize,
    codes_by: Option<Vouched>,
    logins: Vec<LoginRow>,
    browsers: Vec<BrowserRow>,
    recent: Vec<ActivityRow>,
}

/// A device as its owner sees it.
pub(super) struct DeviceRow {
    id: String,
    label: String,
    state: String,
    works: bool,
    is_pending: bool,
    created: Moment,
    last_used: Option<Moment>,
    vouched: Vouched,
    clock: Option<String>,
}

/// Who vouched for something, and when.
pub(super) struct Vouched {
    pub(super) by: String,
    pub(super) at: Moment,
}

impl Vouched {
    pub(super) fn new(voucher: Voucher, status: &Status, now: UnixTime) -> Self {
        Self {
            by: words::voucher(voucher, status),
            at: Moment::new(voucher.at(), now),
        }
    }
}

impl DeviceRow {
    pub(super) fn new(device: &DeviceStatus, status: &Status, now: UnixTime) -> Self {
        let steps = device.drift();
        let period = device.parameters().period().unwrap_or_default().as_secs();
        let off = words::span(steps.unsigned_abs().saturating_mul(u64::from(period)));
        let way = if steps > 0 { "fast" } else { "slow" };
        Self {
            id: device.id().to_string(),
            label: device.label().to_string(),
            state: words::state(device, now),
            works: device.state() == secondfactor::account::DeviceState::Active,
            is_pending: matches!(
                device.state(),
                secondfactor::account::DeviceState::Pending { .. }
            ),
            created: Moment::new(device.created(), now),
            last_used: device.last_used().map(|at| Moment::new(at, now)),
            vouched: Vouched::new(device.vouched_by(), status, now),
            clock: (steps != 0).then(|| format!("about {off} {way}")),
        }
    }
}

struct ActivityRow {
    at: Moment,
    text: String,
}

impl ActivityRow {
    fn new(entry: Entry, now: UnixTime) -> Self {
        Self {
            at: Moment::new(UnixTime::from_secs(entry.at), now),
            text: entry.text,
        }
    }
}

pub(super) async fn overview(State(app): State<App>, login: LoggedIn) -> Answer {
    let now = app.mfa.now();
    let status = app.status(&login.user).await?;
    let devices = status.as_ref().map_or_else(Vec::new, |status| {
        let devices = status.devices().iter();
        devices
            .map(|device| DeviceRow::new(device, status, now))
            .collect()
    });
    let codes_by = status.as_ref().and_then(|status| {
        let voucher = status.recovery_codes_by()?;
        Some(Vouched::new(voucher, status, now))
    });
    let recent = app.database.entries(&login.user.activity()).await?;
    let logins = login.session.all(&login.user).await?;
    let logins = logins.into_iter().map(|login| LoginRow::new(login, now));
    let browsers = status.iter().flat_map(Status::browsers).rev();
    let this = login.session.known();
    let page = AccountPage {
        frame: Frame::new(&login).await?,
        demanded: words::demanded(app.demands(&login.user, status.as_ref()), now),
        logins: logins.collect(),
        browsers: browsers
            .map(|browser| BrowserRow::new(browser, this, now))
            .collect(),
        devices,
        is_enrolled: status.as_ref().is_some_and(Status::was_confirmed),
        recovery_codes: status.as_ref().map_or(0, Status::recovery_codes_left),
        all_recovery_codes: RecoveryCodes::COUNT,
        codes_by,
        recent: recent
            .into_iter()
            .take(RECENT)
            .map(|entry| ActivityRow::new(entry, now))
            .collect(),
        user: login.user.clone(),
    };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    frame: Frame,
    entries: Vec<ActivityRow>,
}

pub(super) async fn activity(State(app): State<App>, login: LoggedIn) -> Answer {
    let now = app.mfa.now();
    let entries = app.database.entries(&login.user.activity()).await?;
    let entries = entries
        .into_iter()
        .map(|entry| ActivityRow::new(entry, now))
        .collect();
    Ok(html(
        StatusCode::OK,
        &ActivityPage {
            frame: Frame::new(&login).await?,
            entries,
        },
    ))
}

#[derive(Template)]
#[template(path = "recovered.html")]
struct RecoveredPage {
    frame: Frame,
    devices: Vec<DeviceRow>,
    left: usize,
}

/// What to do after a recovery code.
pub(super) async fn recovered(State(app): State<App>, login: LoggedIn) -> Answer {
    let now = app.mfa.now();
    let status = app.status(&login.user).await?.ok_or(Problem::NotFound)?;
    let page = RecoveredPage {
        frame: Frame::new(&login).await?,
        devices: status
            .devices()
            .iter()
            .map(|device| DeviceRow::new(device, &status, now))
            .filter(|row| row.works)
            .collect(),
        left: status.recovery_codes_left(),
    };
    Ok(html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "opt_out.html")]
struct OptOutPage {
    frame: Frame,
}

pub(super) async fn opt_out_form(State(app): State<App>, login: LoggedIn) -> Answer {
    login.fresh_proof(&app, &Goal::OptOut).await?;
    Ok(html(
        StatusCode::OK,
        &OptOutPage {
            frame: Frame::new(&login).await?,
        },
    ))
}

pub(super) async fn opt_out(State(app): State<App>, cookie: Cookie, login: LoggedIn) -> Answer {
    let proof = login.fresh_proof(&app, &Goal::OptOut).await?;
    // The record decides as long as both are on their way: see `Note`.
    login
        .end_others(&app, Change::note(Note::OptingOut))
        .await?;
    match app.mfa.opt_out(&proof).await {
        Ok(()) | Err(Error::NotEnrolled) => {}
        // It is out or not: the record decides.
        Err(error @ Error::Store(_)) => return Err(error.into()),
        // Nothing was changed. The note must not wait for the record then: one that is lost later would let a password in
        // alone.
        Err(error) => {
            login
                .end_others(&app, Change::note(login.user.note))
                .await?;
            if let Error::Stale(_) = error {
                return Err(Problem::ask_code(&Goal::OptOut));
            }
            let message = words::refusal(error, app.mfa.now())?;
            return go_saying(&login.session, "/account", &message.text).await;
        }
    }
    let session = login.opt_out(&app, &cookie).await?;
    go_saying(
        &session,
        "/account",
        "The second factor is off. Your password alone lets you in.",
    )
    .await
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    name: String,
    is_due: bool,
    current: Field,
    new: Field,
}

#[derive(Deserialize)]
pub(super) struct ChangePassword {
    current: String,
    new: String,
}

pub(super) async fn password_form(
    State(app): State<App>,
    EvenIfPasswordDue(login): EvenIfPasswordDue,
) -> Answer {
    require_factor_again(&app, &login).await?;
    password_page(&login, Field::current_password().focus(), new_password()).await
}

/// Whoever has the password and an open session must not be able to lock the owner out (OWASP ASVS 5.0, 7.5.1).
async fn require_factor_again(app: &App, login: &LoggedIn) -> Result<Option<Proof>, Problem> {
    if login.has_factor() {
        return login.fresh_proof(app, &Goal::Password).await.map(Some);
    }
    Ok(None)
}

fn new_password() -> Field {
    Field::new_password("new", "New password")
}

async fn password_page(login: &LoggedIn, current: Field, new: Field) -> Answer {
    let (name, is_due) = (login.user.name.clone(), login.user.must_change_password);
    let page = PasswordPage {
        frame: Frame::new(login).await?,
        name,
        is_due,
        current,
        new,
    };
    Ok(form(&page, &[&page.current, &page.new]))
}

pub(super) async fn change_password(
    State(app): State<App>,
    cookie: Cookie,
    try_: Try,
    EvenIfPasswordDue(login): EvenIfPasswordDue,
    Typed(typed): Typed<ChangePassword>,
) -> Answer {
    let proof = require_factor_again(&app, &login).await?;
    let fault = match password::fault(&typed.new) {
        None if typed.new == typed.current => Some("That is the password you have."),
        fault => fault,
    };
    if let Some(fault) = fault {
        return password_page(
            &login,
            Field::current_password(),
            new_password().with_error(Some(fault)),
        )
        .await;
    }
    app.guard.check_user(&login.user)?;
    if !app
        .passwords
        .matches(typed.current, Some(&login.user.password), &try_)
        .await?
    {
        let current = Field::current_password().with_error(Some("That password is wrong."));
        return password_page(&login, current, new_password()).await;
    }
    let change = Change {
        password: Some(app.passwords.hash(typed.new, &try_).await?),
        must_change_password: Some(false),
        told: Some(app.entry("The password was changed. All other sessions have ended.")),
        ..Change::default()
    };
    let login = login.change(&app, &cookie, change).await?;
    if let Some(proof) = proof {
        // Whoever had the old one has a browser that nobody knows any longer.
        let known = login.known();
        app.mfa.password_changed(proof, known.as_deref()).await?;
    }
    go_saying(
        &login.session,
        "/account",
        "Your password is changed. You are logged out everywhere else.",
    )
    .await
}
