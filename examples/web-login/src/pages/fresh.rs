//! What stands before sensitive pages: a code or a password that was given just now.

use askama::Template;
use axum::extract::{Query, State};
use secondfactor::sign_in::Stage;
use serde::Deserialize;

use super::second_step::{GivenCode, code_field, verify};
use super::{Field, Frame, Typed, form, go};
use crate::app::App;
use crate::cookie::Cookie;
use crate::goal::Goal;
use crate::problem::{Answer, Problem};
use crate::session::{Claimant, EvenIfFactorDue, LoggedIn, may_change};
use crate::tries::Try;
use crate::words::Message;

#[derive(Deserialize)]
pub(super) struct For {
    #[serde(default, rename = "for")]
    goal: Goal,
}

#[derive(Template)]
#[template(path = "fresh_code.html")]
struct CodePage {
    frame: Frame,
    goal: Goal,
    code: Field,
}

/// Whoever has no second factor gives the password instead.
pub(super) async fn code_form(
    EvenIfFactorDue(login): EvenIfFactorDue,
    Query(to): Query<For>,
) -> Answer {
    if !login.has_factor() {
        return Err(Problem::ask_password(&to.goal));
    }
    code_page(&login, to.goal, None).await
}

async fn code_page(claimant: &Claimant, goal: Goal, error: Option<Message>) -> Answer {
    let page = CodePage {
        frame: Frame::new(claimant).await?,
        goal,
        code: code_field().with_error(error),
    };
    Ok(form(&page, &[&page.code]))
}

pub(super) async fn give_code(
    State(app): State<App>,
    claimant: Claimant,
    Query(to): Query<For>,
    Typed(typed): Typed<GivenCode>,
) -> Answer {
    if claimant.stage == Stage::Password {
        return Err(Problem::ask_password(&to.goal));
    }
    claimant.at(&[
        Stage::Recognized,
        Stage::Mending,
        Stage::Proven,
        Stage::Repeat,
    ])?;
    let message = match verify(&app, &claimant, &typed).await? {
        Ok(verified) if may_change(&app, &verified).await? => {
            let session = claimant
                .session
                .prove(verified.as_ref(), verified.browser());
            session.await?;
            return Ok(go(&to.goal.path()));
        }
        Ok(_) => REPLACED.into(),
        Err(message) => message,
    };
    claimant.at(&[Stage::Recognized, Stage::Mending, Stage::Proven])?;
    code_page(&claimant, to.goal, Some(message)).await
}

const REPLACED: &str = "That is a code of a key that you have replaced: it logs in, and changes nothing. Give one of the new key.";

#[derive(Template)]
#[template(path = "fresh_password.html")]
struct PasswordPage {
    frame: Frame,
    goal: Goal,
    name: String,
    password: Field,
}

#[derive(Deserialize)]
pub(super) struct GivenPassword {
    password: String,
}

pub(super) async fn password_form(
    EvenIfFactorDue(login): EvenIfFactorDue,
    Query(to): Query<For>,
) -> Answer {
    password_page(&login, to.goal, Field::password().focus()).await
}

async fn password_page(login: &LoggedIn, goal: Goal, password: Field) -> Answer {
    let page = PasswordPage {
        frame: Frame::new(login).await?,
        goal,
        name: login.user.name.clone(),
        password,
    };
    Ok(form(&page, &[&page.password]))
}

pub(super) async fn give_password(
    State(app): State<App>,
    cookie: Cookie,
    try_: Try,
    EvenIfFactorDue(login): EvenIfFactorDue,
    Query(to): Query<For>,
    Typed(typed): Typed<GivenPassword>,
) -> Answer {
    app.guard.check_user(&login.user)?;
    if app
        .passwords
        .matches(typed.password, Some(&login.user.password), &try_)
        .await?
    {
        login.give_password(&app, &cookie).await?;
        return Ok(go(&to.goal.path()));
    }
    let error = "That password is wrong.";
    password_page(&login, to.goal, Field::password().with_error(Some(error))).await
}
