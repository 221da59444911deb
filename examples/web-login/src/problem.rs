//! Why a page is not what was asked for.

use std::error::Error as StdError;
use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use secondfactor::account::{Fault, Wait};
use secondfactor::sign_in::EndReason;
use secondfactor::store::drivers::sqlx;
use tokio::time::error::Elapsed;

use crate::chain;
use crate::goal::Goal;
use crate::pages::{Frame, html, too_many};

/// Why a page is not what was asked for.
pub(crate) enum Problem {
    /// It is elsewhere, or something else comes first.
    Go(String),
    NotFound,
    /// They may not see it; why, in words.
    Forbidden(Frame, &'static str),
    /// The request is none that the page takes.
    BadForm(StatusCode),
    /// Too many tries, of whom, and when to try again.
    TooMany {
        whose: &'static str,
        seconds: u64,
    },
    /// The site's own fault, for its log.
    Failed(Box<dyn StdError + Send + Sync>),
}

pub(crate) type Answer = Result<Response, Problem>;

impl Problem {
    pub(crate) fn go(goal: &Goal) -> Self {
        Self::Go(goal.path())
    }

    pub(crate) fn log_in(goal: &Goal) -> Self {
        Self::nobody(goal, None)
    }

    /// They are told why their session has ended.
    pub(crate) fn ended(goal: &Goal, reason: EndReason) -> Self {
        Self::nobody(goal, Some(reason))
    }

    pub(crate) fn nobody(goal: &Goal, reason: Option<EndReason>) -> Self {
        let to = Some(goal).filter(|goal| **goal != Goal::Account);
        let to = to.map(|goal| format!("for={goal}"));
        let why = reason.map(|reason| format!("ended={}", reason.code()));
        let query: Vec<String> = to.into_iter().chain(why).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Self::Go(format!("/login{mark}{}", query.join("&")))
    }

    pub(crate) fn ask_code(goal: &Goal) -> Self {
        Self::Go(format!("/code?for={goal}"))
    }

    pub(crate) fn ask_password(goal: &Goal) -> Self {
        Self::Go(format!("/password?for={goal}"))
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: &'static str,
    text: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut frame = Frame::default();
        let (status, title, text) = match self {
            Self::Go(path) => return Redirect::to(&path).into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Not here",
                "There is no such page.".to_owned(),
            ),
            Self::Forbidden(around, why) => {
                frame = around;
                (StatusCode::FORBIDDEN, "Not allowed", why.to_owned())
            }
            Self::BadForm(status) => (
                status,
                "That did not fit",
                "The page does not take this. Go back and try again.".to_owned(),
            ),
            Self::TooMany { whose, seconds } => {
                let wait = Wait::from(Duration::from_secs(seconds));
                let text = format!("Too many tries {whose}. Try again in {wait}.");
                return too_many(
                    seconds,
                    &ProblemPage {
                        frame,
                        title: "Too many tries",
                        text,
                    },
                );
            }
            Self::Failed(error) => {
                log(&*error);
                let text = "That is our fault, and it is in our log. Nothing was let in or changed by half. Try again.";
                (status(&*error), "Something went wrong", text.to_owned())
            }
        };
        html(status, &ProblemPage { frame, title, text })
    }
}

/// For whatever watches over the answers: a store that fails may answer again soon, and all else is for an operator.
fn status(error: &(dyn StdError + Send + Sync + 'static)) -> StatusCode {
    let fault = error.downcast_ref().map(secondfactor::Error::fault);
    let is_database = error.is::<sqlx::Error>() || error.is::<Elapsed>();
    if is_database || matches!(fault, Some(Fault::Environment)) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// The error with its causes. None of them carries what people typed.
pub(crate) fn log(error: &dyn StdError) {
    tracing::error!(error = chain(error), "a request failed");
}
