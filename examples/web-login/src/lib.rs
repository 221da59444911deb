//! A small account site on axum whose logins have an opt-in second factor, from enrolment to recovery: read it, and take
//! what you need.
//!
//! ```sh
//! cargo run --manifest-path examples/web-login/Cargo.toml
//! ```
//!
//! Where to begin: `session.rs` for how far somebody is logged in, `pages/second_step.rs` for the second step itself,
//! `pages/confirm.rs` for enrolment, `guard.rs` for what guards every page.

mod activity;
mod app;
mod base;
mod clock;
mod config;
mod cookie;
mod database;
mod files;
mod goal;
mod guard;
mod health;
mod once;
mod operator;
mod pages;
mod password;
mod problem;
mod random;
mod reseal;
mod session;
mod session_row;
mod tries;
mod user;
mod words;

pub use app::Site;
pub use config::{Command, Config, HELP};
pub use operator::operate;

/// What can go wrong at the start.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An error with its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some say their cause themselves.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
