//! Signing up, logging in by name and password, logging out.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use secondfactor::Error;
use secondfactor::account::BrowserId;
use secondfactor::sign_in::{NeedsCode, Note, Requirement, SignIn};
use serde::Deserialize;

use super::{Field, Frame, Typed, form, go};
use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::Visitor;
use crate::session_row::{self, Session};
use crate::tries::Try;
use crate::user::{Permissions, User, name_fault, normal_name};
use crate::{password, random, words};

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    frame: Frame,
    organisation: Field,
    name: Field,
    password: Field,
}

#[derive(Deserialize)]
pub(super) struct SignUp {
    organisation: String,
    name: String,
    password: String,
}

pub(super) async fn sign_up_form() -> Response {
    sign_up_page(organisation().focus(), new_name(), new_password())
}

fn organisation() -> Field {
    Field::text("organisation", "Organisation").hint("You will be its owner, and can add others.")
}

fn new_name() -> Field {
    Field::user_name().hint("To log in by: letters, digits, or your mail address.")
}

fn new_password() -> Field {
    Field::new_password("password", "Password")
}

fn sign_up_page(organisation: Field, name: Field, password: Field) -> Response {
    let page = SignUpPage {
        frame: Frame::default(),
        organisation,
        name,
        password,
    };
    form(&page, &[&page.organisation, &page.name, &page.password])
}

/// Makes an organisation and its owner. Everybody else in it is made by the owner.
pub(super) async fn sign_up(
    State(app): State<App>,
    cookie: Cookie,
    try_: Try,
    Typed(typed): Typed<SignUp>,
) -> Answer {
    let (organisation_name, name) = (
        typed.organisation.trim().to_owned(),
        normal_name(&typed.name),
    );
    let organisation_fault = secondfactor::Label::new(&organisation_name)
        .err()
        .map(|_| "Give it a name of at most 64 characters.");
    let faults = (
        organisation_fault,
        name_fault(&name),
        password::fault(&typed.password),
    );
    let page = |name_fault: Option<&'static str>| {
        sign_up_page(
            organisation()
                .with_value(&organisation_name)
                .with_error(faults.0),
            new_name().with_value(&name).with_error(name_fault),
            new_password().with_error(faults.2),
        )
    };
    if faults != (None, None, None) {
        return Ok(page(faults.1));
    }
    let user = User {
        id: random::id()?,
        name: name.clone(),
        password: app.passwords.hash(typed.password, &try_).await?,
        must_change_password: false,
        organisation: random::id()?,
        organisation_name: organisation_name.clone(),
        is_owner: true,
        permissions: Permissions::default(),
        note: Note::OptedOut,
        generation: 0,
        kept_login: String::new(),
        deadline: 0,
    };
    // That a name is taken can't be hidden where people choose their names. It lets nobody in.
    if !app.database.add_user(&user).await? {
        return Ok(page(Some("That name is taken.")));
    }
    let sign_in = SignIn::begin(user.account()?, NeedsCode::No, app.mfa.now())?;
    Session::begin(
        &app,
        &cookie,
        user.generation,
        (sign_in, None),
        Goal::Account,
    )
    .await?;
    Ok(go("/account"))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    goal: Goal,
    name: Field,
    password: Field,
}

#[derive(Deserialize)]
pub(super) struct To {
    #[serde(default, rename = "for")]
    goal: Goal,
    /// Only words to say; anybody may write such a link.
    bye: Option<String>,
    ended: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LogIn {
    name: String,
    password: String,
}

pub(super) async fn login_form(visitor: Visitor, Query(to): Query<To>) -> Answer {
    if let Visitor::Full(_) = visitor {
        return Err(Problem::go(&to.goal));
    }
    let bye = to.bye.map(|_| "You are logged out.");
    let notice = bye.or_else(|| words::ended(&to.ended?)).map(str::to_owned);
    let page = LoginPage {
        frame: Frame { who: None, notice },
        goal: to.goal,
        name: Field::user_name().focus(),
        password: Field::password(),
    };
    Ok(form(&page, &[]))
}

/// The password comes first, and the second step says nothing without it.
pub(super) async fn log_in(
    State(app): State<App>,
    cookie: Cookie,
    try_: Try,
    Query(to): Query<To>,
    Typed(typed): Typed<LogIn>,
) -> Answer {
    let name = normal_name(&typed.name);
    // What can't be a name is not looked up: a database may choke on it, and on its log.
    let user = if name_fault(&name).is_none() {
        app.guard.check_name(&name)?;
        app.database.user_by_name(&name).await?
    } else {
        None
    };
    // One answer, after the same work, whether the name or the password is wrong.
    let stored = user.as_ref().map(|user| user.password.as_str());
    let fits = typed.password.len() <= password::MAX_BYTES;
    let matches = app.passwords.matches(typed.password, stored, &try_);
    let is_right = matches.await? && fits;
    let Some(user) = user.filter(|_| is_right) else {
        let page = LoginPage {
            frame: Frame::default(),
            goal: to.goal,
            name: Field::user_name().with_value(name),
            password: Field::password().with_error(Some("Name or password is wrong.")),
        };
        return Ok(form(&page, &[&page.password]));
    };
    let needs = app.mfa.needs_code(&user.account()?, user.note).await?;
    let (sign_in, known) = sign_in(&app, &cookie, &user, needs).await?;
    let login = (sign_in, known);
    Session::begin(&app, &cookie, user.generation, login, to.goal.clone()).await?;
    match (needs, known) {
        (NeedsCode::Yes { .. }, None) => return Ok(go("/login/code")),
        (NeedsCode::Yes { .. }, Some(_)) => {}
        (NeedsCode::No, _) => {
            let entry = app.entry("Logged in with the password alone.");
            app.database.add_entry(&user.activity(), &entry).await?;
        }
    }
    // Whoever must have a second factor is led to it, and told by when.
    let status = app.status(&user).await?;
    Ok(go(&match app.demands(&user, status.as_ref()) {
        Requirement::Satisfied => to.goal.path(),
        _ => Goal::NewDevice.path(),
    }))
}

/// A browser that is trusted is asked for no code. Any other one has half a login, also where the record was lost.
async fn sign_in(
    app: &App,
    cookie: &Cookie,
    user: &User,
    needs: NeedsCode,
) -> Result<(SignIn, Option<BrowserId>), Problem> {
    let (account, now) = (user.account()?, app.mfa.now());
    if let NeedsCode::Yes { .. } = needs {
        let known = cookie.known(&account);
        match app.mfa.recognize(&account, known.as_deref()).await {
            Ok(recognized) => {
                let sign_in = SignIn::recognized(&recognized, now)?;
                return Ok((sign_in, Some(recognized.browser())));
            }
            Err(Error::CodeRequired | Error::NotEnrolled) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((SignIn::begin(account, needs, now)?, None))
}

/// The rows go of this session, of the one that it came from, and of those that the same form led to. So their cookies
/// open nothing from now on, whoever has a copy.
pub(super) async fn log_out(State(app): State<App>, cookie: Cookie) -> Answer {
    session_row::end(&app, &cookie).await?;
    Ok(go("/login?bye"))
}
