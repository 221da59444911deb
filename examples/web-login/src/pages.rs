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
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{MethodRouter, get};
use secondfactor::account::FormId;

use crate::app::{App, NAME};
use crate::health;
use crate::problem::{Answer, Problem};
use crate::session::{Claimant, Visitor};
use crate::session_row::Session;
use field::Field;
use typed::Typed;

/// Every page, by its path.
fn pages() -> Vec<(&'static str, MethodRouter<App>)> {
    // For whoever loads again what is only sent.
    let to_start: MethodRouter<App> = get(home);
    vec![
        ("/", get(home)),
        (
            "/sign-up",
            get(entrance::sign_up_form).post(entrance::sign_up),
        ),
        ("/login", get(entrance::login_form).post(entrance::log_in)),
        (
            "/login/code",
            get(second_step::code_form).post(second_step::give_code),
        ),
        (
            "/login/recovery",
            get(second_step::recovery_form).post(second_step::give_recovery_code),
        ),
        (
            "/login/resync",
            get(second_step::resync_form).post(second_step::resync),
        ),
        ("/logout", to_start.clone().post(entrance::log_out)),
        ("/code", get(fresh::code_form).post(fresh::give_code)),
        (
            "/password",
            get(fresh::password_form).post(fresh::give_password),
        ),
        ("/account", get(account::overview)),
        ("/account/activity", get(account::activity)),
        ("/account/recovered", get(account::recovered)),
        (
            "/account/password",
            get(account::password_form).post(account::change_password),
        ),
        (
            "/account/opt-out",
            get(account::opt_out_form).post(account::opt_out),
        ),
        (
            "/account/devices/new",
            get(devices::new_form).post(devices::enroll),
        ),
        (
            "/account/devices/{id}/confirm",
            get(confirm::confirm_form).post(confirm::confirm),
        ),
        (
            "/account/devices/{id}/confirm-pair",
            get(confirm::confirm_form).post(confirm::confirm_pair),
        ),
        (
            "/account/devices/{id}/rename",
            get(devices::rename_form).post(devices::rename),
        ),
        (
            "/account/devices/{id}/revoke",
            get(devices::revoke_form).post(devices::revoke),
        ),
        (
            "/account/devices/{id}/rotate",
            get(devices::rotate_form).post(devices::rotate),
        ),
        (
            "/account/devices/{id}/resync",
            get(devices::resync_form).post(devices::resync),
        ),
        (
            "/account/logins/{key}/end",
            to_start.clone().post(browsers::end),
        ),
        (
            "/account/logins/end",
            to_start.clone().post(browsers::end_others),
        ),
        (
            "/account/browsers/{id}/forget",
            to_start.clone().post(browsers::forget),
        ),
        (
            "/account/browsers/forget",
            to_start.clone().post(browsers::forget_all),
        ),
        ("/account/keep", get(keep::keep_form).post(keep::keep)),
        (
            "/account/recovery-codes",
            get(recovery_codes::overview).post(recovery_codes::issue),
        ),
        (
            "/account/recovery-codes/file",
            to_start.post(recovery_codes::file),
        ),
        ("/notes", get(notes::list).post(notes::add)),
        ("/users", get(users::list).post(users::add)),
        ("/users/demand", get(users::list).post(users::demand)),
        ("/users/{id}", get(users::show).post(users::grant)),
        ("/users/{id}/reset", get(users::show).post(users::reset)),
        ("/healthz", get(health::answer)),
        ("/style.css", get(style)),
        ("/icon.svg", get(icon)),
    ]
}

pub(crate) fn router() -> Router<App> {
    let router = pages()
        .into_iter()
        .fold(Router::new(), |router, (path, page)| {
            router.route(path, page)
        });
    router
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::BadForm(StatusCode::METHOD_NOT_ALLOWED))
}

/// Every path, for tests.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    pages().into_iter().map(|(path, _)| path).collect()
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

    /// A new one for each form of each page: see `once`.
    pub(crate) fn form_id() -> askama::Result<FormId> {
        FormId::generate().map_err(askama::Error::custom)
    }

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
