//! An organisation's notes: what there is to see for those to whom it is granted.

use askama::Template;
use axum::extract::State;
use secondfactor::codes::UnixTime;
use serde::Deserialize;

use super::{Field, Frame, Typed, form, go_saying};
use crate::app::App;
use crate::database::Entry;
use crate::problem::{Answer, Problem};
use crate::session::LoggedIn;
use crate::words::Moment;

const MAX_CHARS: usize = 1000;

#[derive(Template)]
#[template(path = "notes.html")]
struct NotesPage {
    frame: Frame,
    organisation: String,
    notes: Vec<Note>,
    /// For those who may write.
    text: Option<Field>,
}

struct Note {
    at: Moment,
    text: String,
    by: String,
}

#[derive(Deserialize)]
pub(super) struct NewNote {
    text: String,
}

pub(super) async fn list(State(app): State<App>, login: LoggedIn) -> Answer {
    notes_page(&app, &login, field()).await
}

fn field() -> Field {
    Field::lines("text", "New note")
}

async fn notes_page(app: &App, login: &LoggedIn, field: Field) -> Answer {
    if !login.user.can_read_notes() {
        let why =
            "There is nothing to see here for you until the owner of your organisation grants it.";
        return Err(Problem::Forbidden(Frame::new(login).await?, why));
    }
    let now = app.mfa.now();
    let note = |entry: Entry| Note {
        at: Moment::new(UnixTime::from_secs(entry.at), now),
        text: entry.text,
        by: entry.by,
    };
    let page = NotesPage {
        frame: Frame::new(login).await?,
        organisation: login.user.organisation_name.clone(),
        notes: app
            .database
            .entries(&notes_list(login))
            .await?
            .into_iter()
            .map(note)
            .collect(),
        text: login.user.can_write_notes().then_some(field),
    };
    let fields: Vec<&Field> = page.text.iter().collect();
    Ok(form(&page, &fields))
}

fn notes_list(login: &LoggedIn) -> String {
    format!("notes:{}", login.user.organisation)
}

pub(super) async fn add(
    State(app): State<App>,
    login: LoggedIn,
    Typed(typed): Typed<NewNote>,
) -> Answer {
    if !login.user.can_write_notes() {
        let why = "You may not write notes until the owner of your organisation grants it.";
        return Err(Problem::Forbidden(Frame::new(&login).await?, why));
    }
    let text = typed.text.trim().to_owned();
    let fault = match text.chars().count() {
        0 => "There is nothing in it.",
        // PostgreSQL keeps none.
        _ if text.contains('\0') => "A note can't have a character of code 0.",
        1..=MAX_CHARS => {
            let entry = Entry {
                at: app.mfa.now().as_secs(),
                text,
                by: login.user.name.clone(),
            };
            app.database.add_entry(&notes_list(&login), &entry).await?;
            let path = if login.user.can_read_notes() {
                "/notes"
            } else {
                "/account"
            };
            return go_saying(&login.session, path, "Your note is kept.").await;
        }
        _ => "A note has at most 1000 characters.",
    };
    notes_page(
        &app,
        &login,
        field().with_value(text).with_error(Some(fault)),
    )
    .await
}
