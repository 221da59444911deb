//! The pages.

mod account;
mod browsers;
mod confirm;
mod devices;
mod entrance;
mod field;
mod fresh;
mod keep;
mod notes;
mod recovery_codes;
mod second_step;
mod typed;
mod users;

use askama::Template;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use crate::app::{App, NAME};
use crate::guard::limit_passwords;
use crate::health;
use crate::problem::{Answer, Problem};
use crate::session::{Claimant, Visitor};
use crate::session_row::Session;
use field::Field;
use typed::Typed;

pub(crate) fn router(app: App) -> Router<App> {
    let take_passwords = Router::new()
        .route(
            "/sign-up",
            get(entrance::sign_up_form).post(entrance::sign_up),
        )
        .route("/login", get(entrance::login_form).post(entrance::log_in))
        .route(
            "/password",
            get(fresh::password_form).post(fresh::give_password),
        )
        .route(
            "/account/password",
            get(account::password_form).post(account::change_password),
        )
        // Makes a password, and tells whether a name is taken, to anybody who signs up.
        .route("/users", get(users::list).post(users::add))
        .route_layer(from_fn_with_state(app, limit_passwords));
    Router::new()
        .route("/", get(home))
        .route(
            "/login/code",
            get(second_step::code_form).post(second_step::give_code),
        )
        .route(
            "/login/recovery",
            get(second_step::recovery_form).post(second_step::give_recovery_code),
        )
        .route(
            "/login/resync",
            get(second_step::resync_form).post(second_step::resync),
        )
        .route("/logout", post(entrance::log_out))
        .route("/code", get(fresh::code_form).post(fresh::give_code))
        .route("/account", get(account::overview))
        .route("/account/activity", get(account::activity))
        .route("/account/recovered", get(account::recovered))
        .route(
            "/account/opt-out",
            get(account::opt_out_form).post(account::opt_out),
        )
        .route(
            "/account/devices/new",
            get(devices::new_form).post(devices::enroll),
        )
        .route(
            "/account/devices/{id}/confirm",
            get(confirm::confirm_form).post(confirm::confirm),
        )
        .route(
            "/account/devices/{id}/confirm-pair",
            post(confirm::confirm_pair),
        )
        .route(
            "/account/devices/{id}/rename",
            get(devices::rename_form).post(devices::rename),
        )
        .route(
            "/account/devices/{id}/revoke",
            get(devices::revoke_form).post(devices::revoke),
        )
        .route(
            "/account/devices/{id}/rotate",
            get(devices::rotate_form).post(devices::rotate),
        )
        .route(
            "/account/devices/{id}/resync",
            get(devices::resync_form).post(devices::resync),
        )
        .route("/account/logins/{key}/end", post(browsers::end))
        .route("/account/logins/end", post(browsers::end_others))
        .route("/account/browsers/{id}/forget", post(browsers::forget))
        .route("/account/browsers/forget", post(browsers::forget_all))
        .route("/account/keep", get(keep::keep_form).post(keep::keep))
        .route(
            "/account/recovery-codes",
            get(recovery_codes::overview).post(recovery_codes::issue),
        )
        .route("/account/recovery-codes/file", post(recovery_codes::file))
        .route("/notes", get(notes::list).post(notes::add))
        .route("/users/{id}", get(users::show).post(users::grant))
        .route("/users/{id}/reset", post(users::reset))
        .merge(take_passwords)
        .route("/healthz", get(health::answer))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::BadForm(StatusCode::METHOD_NOT_ALLOWED))
}

/// What stands around every page.
#[derive(Clone, Default)]
pub(crate) struct Frame {
    /// Who is logged in.
    pub(crate) who: Option<Who>,
    /// What has just happened.
    pub(crate) notice: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) is_owner: bool,
}

impl Frame {
    pub(crate) const SITE: &str = NAME;

    pub(crate) async fn new(login: &Claimant) -> Result<Self, Problem> {
        let who = Who {
            name: login.user.name.clone(),
            is_owner: login.user.is_owner,
        };
        Ok(Self {
            who: Some(who),
            notice: login.session.take_notice().await?,
        })
    }
}

/// To another page, with something to say there.
async fn go_saying(session: &Session, path: &str, notice: &str) -> Answer {
    session.say(notice).await?;
    Ok(go(path))
}

/// After a post, so that a reload does not post again.
fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page, with the status that its fields' errors call for.
fn form(page: &impl Template, fields: &[&Field]) -> Response {
    if let Some(seconds) = fields.iter().find_map(|field| field.retry_after()) {
        return too_many(seconds, page);
    }
    let is_refused = fields.iter().any(|field| field.has_error());
    html(
        if is_refused {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        },
        page,
    )
}

/// The same, for programs that read no words.
pub(crate) fn too_many(seconds: u64, page: &impl Template) -> Response {
    (
        [(header::RETRY_AFTER, seconds.to_string())],
        html(StatusCode::TOO_MANY_REQUESTS, page),
    )
        .into_response()
}

async fn home(visitor: Visitor) -> Response {
    go(match visitor {
        Visitor::Nobody(_) => "/login",
        Visitor::Half(_) => "/login/code",
        Visitor::Full(_) => "/account",
    })
}

async fn style() -> Response {
    file(
        "text/css; charset=utf-8",
        include_str!("../static/style.css"),
    )
}

async fn icon() -> Response {
    file("image/svg+xml", include_str!("../static/icon.svg"))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        text,
    )
        .into_response()
}
