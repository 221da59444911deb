//! A form, as it was typed.

use axum::Form;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::Problem;

/// A form, as it was typed. One that is not this page's gets an answer in words: the parser's own could quote from it.
pub(super) struct Typed<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Typed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let form = Form::from_request(request, app).await;
        form.map(|Form(typed)| Self(typed))
            .map_err(|rejection| Problem::BadForm(rejection.status()))
    }
}
