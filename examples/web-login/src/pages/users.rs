//! What an owner does with the users of the organisation.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use secondfactor::account::Actor;
use secondfactor::sign_in::{Note, Requirement};
use serde::Deserialize;

use super::{Field, Frame, Typed, form, go_saying, html};
use crate::app::{App, GRACE};
use crate::goal::Goal;
use crate::operator;
use crate::problem::{Answer, Problem};
use crate::random;
use crate::session::LoggedIn;
use crate::tries::Try;
use crate::user::{Change, Permissions, User, name_fault, normal_name};
use crate::words::Moment;

async fn require_owner(login: &LoggedIn) -> Result<(), Problem> {
    if login.user.is_owner {
        return Ok(());
    }
    Err(Problem::Forbidden(
        Frame::new(login).await?,
        "Only the owner of an organisation sees this.",
    ))
}

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    organisation: String,
    users: Vec<UserRow>,
    is_demanded: bool,
    name: Field,
}

struct UserRow {
    user: User,
    has_factor: bool,
    /// By when they must have one, if they have none.
    by: Option<Moment>,
    is_overdue: bool,
}

impl UserRow {
    async fn new(app: &App, user: User) -> Result<Self, Problem> {
        let status = app.status(&user).await?;
        let demanded = app.demands(&user, status.as_ref());
        let by = match demanded {
            Requirement::EnrollBy { deadline, .. } => Some(Moment::new(deadline, app.mfa.now())),
            Requirement::Overdue | Requirement::Satisfied => None,
        };
        Ok(Self {
            has_factor: status.is_some_and(|status| status.has_accepted_device()),
            by,
            is_overdue: demanded == Requirement::Overdue,
            user,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct NewUser {
    name: String,
}

pub(super) async fn list(State(app): State<App>, login: LoggedIn) -> Answer {
    require_owner(&login).await?;
    users_page(&app, &login, name_field()).await
}

fn name_field() -> Field {
    Field::text("name", "Name").hint("They log in by it: letters, digits, or a mail address.")
}

async fn users_page(app: &App, login: &LoggedIn, name: Field) -> Answer {
    let mut all = app.database.users_in(&login.user.organisation).await?;
    all.sort_by(|one, other| (!one.is_owner, &one.name).cmp(&(!other.is_owner, &other.name)));
    let mut users = Vec::new();
    for user in all {
        users.push(UserRow::new(app, user).await?);
    }
    let organisation = login.user.organisation_name.clone();
    let page = UsersPage {
        frame: Frame::new(login).await?,
        organisation,
        users,
        is_demanded: login.user.deadline > 0,
        name,
    };
    Ok(form(&page, &[&page.name]))
}

#[derive(Template)]
#[template(path = "user_new.html")]
struct NewUserPage {
    frame: Frame,
    id: String,
    name: String,
    password: String,
}

/// The answer is the only page that shows the first password.
pub(super) async fn add(
    State(app): State<App>,
    try_: Try,
    login: LoggedIn,
    Typed(typed): Typed<NewUser>,
) -> Answer {
    require_owner(&login).await?;
    let name = normal_name(&typed.name);
    if let Some(fault) = name_fault(&name) {
        return users_page(
            &app,
            &login,
            name_field().with_value(typed.name).with_error(Some(fault)),
        )
        .await;
    }
    let password = random::password()?;
    let user = User {
        id: random::id()?,
        name: name.clone(),
        password: app.passwords.hash(password.clone(), &try_).await?,
        must_change_password: true,
        organisation: login.user.organisation.clone(),
        organisation_name: login.user.organisation_name.clone(),
        is_owner: false,
        permissions: Permissions::default(),
        note: Note::OptedOut,
        generation: 0,
        kept_login: String::new(),
        deadline: match login.user.deadline {
            0 => 0,
            _ => deadline(&app),
        },
    };
    // After the hashing, which takes a while.
    login.require_fresh_login(&app, &Goal::Users).await?;
    if !app.database.add_user(&user).await? {
        let field = name_field()
            .with_value(name)
            .with_error(Some("That name is taken."));
        return users_page(&app, &login, field).await;
    }
    Ok(html(
        StatusCode::OK,
        &NewUserPage {
            frame: Frame::new(&login).await?,
            id: user.id,
            name,
            password,
        },
    ))
}

fn deadline(app: &App) -> u64 {
    app.mfa.now().saturating_add(GRACE).as_secs()
}

#[derive(Deserialize)]
pub(super) struct Demanded {
    is_demanded: bool,
}

/// Of everybody in the organisation, its owner too. Whoever has a date already keeps it, however often it is demanded.
pub(super) async fn demand(
    State(app): State<App>,
    login: LoggedIn,
    Typed(typed): Typed<Demanded>,
) -> Answer {
    require_owner(&login).await?;
    login.require_fresh_login(&app, &Goal::Users).await?;
    let told = match typed.is_demanded {
        true => "The owner of your organisation demands a second factor, within two weeks.",
        false => "The owner of your organisation no longer demands a second factor.",
    };
    for user in app.database.users_in(&login.user.organisation).await? {
        if typed.is_demanded != (user.deadline > 0) {
            let at = if typed.is_demanded { deadline(&app) } else { 0 };
            let change = Change {
                told: Some(app.entry(told)),
                ..Change::deadline(at)
            };
            app.database.change_user(&user.id, &change).await?;
        }
    }
    go_saying(&login.session, "/users", "They are told when they log in.").await
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    user: User,
    has_factor: bool,
}

/// A user of this owner's own organisation; others are not there.
async fn find(app: &App, login: &LoggedIn, id: &str) -> Result<User, Problem> {
    require_owner(login).await?;
    let user = app
        .database
        .user(id)
        .await?
        .filter(|user| user.organisation == login.user.organisation);
    user.filter(|user| !user.is_owner).ok_or(Problem::NotFound)
}

pub(super) async fn show(
    State(app): State<App>,
    login: LoggedIn,
    Path(id): Path<String>,
) -> Answer {
    let user = find(&app, &login, &id).await?;
    login.require_fresh_login(&app, &Goal::User(id)).await?;
    let has_factor = app.status(&user).await?.is_some();
    Ok(html(
        StatusCode::OK,
        &UserPage {
            frame: Frame::new(&login).await?,
            user,
            has_factor,
        },
    ))
}

pub(super) async fn grant(
    State(app): State<App>,
    login: LoggedIn,
    Path(id): Path<String>,
    Typed(typed): Typed<Vec<(String, String)>>,
) -> Answer {
    let user = find(&app, &login, &id).await?;
    login.require_fresh_login(&app, &Goal::User(id)).await?;
    let names = typed
        .iter()
        .filter(|(field, _)| field == "permissions")
        .map(|(_, name)| name.as_str());
    let permissions = Permissions::from_names(names);
    let change = Change {
        permissions: Some(permissions),
        told: Some(app.entry("The owner of your organisation changed what you may do.")),
        ..Change::default()
    };
    app.database
        .change_user(&user.id, &change)
        .await?
        .ok_or(Problem::NotFound)?;
    go_saying(
        &login.session,
        "/users",
        &format!("What {} may do is changed.", user.name),
    )
    .await
}

/// Only after the owner has made sure that it is them: see `operator::reset`.
pub(super) async fn reset(
    State(app): State<App>,
    login: LoggedIn,
    Path(id): Path<String>,
) -> Answer {
    let user = find(&app, &login, &id).await?;
    login.require_fresh_login(&app, &Goal::User(id)).await?;
    let actor = Actor::new(&*login.user.name)?;
    operator::reset(&app.mfa, &app.database, &user, &actor).await?;
    go_saying(
        &login.session,
        "/users",
        &format!("The second factor of {} is off.", user.name),
    )
    .await
}
