//! Who has an account here, and what they may do.

use secondfactor::AccountId;
use secondfactor::account::AccountIdError;
use secondfactor::sign_in::Note;

use crate::database::Entry;

/// Somebody with an account.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Random, and never given to another person: the second factor hangs on it, not on the name.
    pub(crate) id: String,
    pub(crate) name: String,
    /// As a PHC string.
    pub(crate) password: String,
    /// It was given by somebody else, and lets in to change it, nowhere else.
    pub(crate) must_change_password: bool,
    pub(crate) organisation: String,
    pub(crate) organisation_name: String,
    pub(crate) is_owner: bool,
    pub(crate) permissions: Permissions,
    /// The library's record alone can't say it: see `Note`.
    ///
    /// Whatever leads from `OptingOut` to something else, or to it, ends the other sessions in the same step. So a session
    /// that has not ended knows whether an opt-out is under way, and none writes `OptedIn` beside a record that is about to
    /// go.
    pub(crate) note: Note,
    /// Sessions of an earlier one have ended ..
    pub(crate) generation: u64,
    /// .. but those of the login that ended the others. Empty if there is none.
    pub(crate) kept_login: String,
    /// By when they must have a second factor, as the owner demands it; 0 if nobody does.
    pub(crate) deadline: u64,
}

impl User {
    pub(crate) fn account(&self) -> Result<AccountId, AccountIdError> {
        AccountId::new(self.id.clone())
    }

    /// The list of what happened to their account.
    pub(crate) fn activity(&self) -> String {
        activity_list(&self.id)
    }

    /// Whether nobody has ended the sessions of this login.
    pub(crate) fn keeps(&self, login: &Login) -> bool {
        login.generation == self.generation || login.id == self.kept_login
    }

    pub(crate) const fn can_read_notes(&self) -> bool {
        self.is_owner || self.permissions.notes_read
    }

    pub(crate) const fn can_write_notes(&self) -> bool {
        self.is_owner || self.permissions.notes_write
    }
}

pub(crate) fn activity_list(account: &str) -> String {
    format!("activity:{account}")
}

/// Nothing about a user, least of all their password's hash, belongs in a log.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the owner has granted. A new user has nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions {
    pub(crate) notes_read: bool,
    pub(crate) notes_write: bool,
}

impl Permissions {
    /// As the database keeps them, and the form names them.
    pub(crate) fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .fold(Self::default(), |all, name| match name {
                "notes-read" => Self {
                    notes_read: true,
                    ..all
                },
                "notes-write" => Self {
                    notes_write: true,
                    ..all
                },
                _ => all,
            })
    }

    pub(crate) fn names(self) -> String {
        let names = [
            (self.notes_read, "notes-read"),
            (self.notes_write, "notes-write"),
        ];
        names
            .iter()
            .filter(|(has, _)| *has)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// How the database names a note.
pub(crate) const fn note_name(note: Note) -> &'static str {
    match note {
        Note::OptedOut => "no",
        Note::OptingIn => "opting-in",
        Note::OptingOut => "opting-out",
        Note::OptedIn => "yes",
    }
}

/// What is not known means yes.
pub(crate) fn note_from_name(name: &str) -> Note {
    let notes = [Note::OptedOut, Note::OptingIn, Note::OptingOut];
    let known = notes.into_iter().find(|note| note_name(*note) == name);
    known.unwrap_or(Note::OptedIn)
}

/// A login of a user, with all its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// The user's when it began.
    pub(crate) generation: u64,
    /// Empty for none.
    pub(crate) id: String,
}

/// What to change of a user, all in one step; the rest stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) password: Option<String>,
    pub(crate) must_change_password: Option<bool>,
    pub(crate) note: Option<Note>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) deadline: Option<u64>,
    /// Whether their sessions end, but those of the login that changes this.
    pub(crate) ends_sessions: bool,
    /// What their list of what happened says of it.
    pub(crate) told: Option<Entry>,
    /// The login that changes this, and nothing if it has ended.
    pub(crate) login: Option<Login>,
}

impl Change {
    pub(crate) fn note(note: Note) -> Self {
        Self {
            note: Some(note),
            ..Self::default()
        }
    }

    pub(crate) fn deadline(deadline: u64) -> Self {
        Self {
            deadline: Some(deadline),
            ..Self::default()
        }
    }

    pub(crate) fn ending_sessions(self) -> Self {
        Self {
            ends_sessions: true,
            ..self
        }
    }

    /// Nothing is changed by a session that was ended while its request was under way.
    pub(crate) fn by(self, login: Login) -> Self {
        Self {
            login: Some(login),
            ..self
        }
    }

    /// The login's generation, and its id if it has one.
    pub(crate) fn login_parts(&self) -> (Option<u64>, &str) {
        let login = self.login.as_ref();
        (
            login.map(|login| login.generation),
            login.map_or("", |login| &login.id),
        )
    }
}

/// Why a text can't be a name to log in by.
///
/// Letters of one alphabet only, so that no name passes for another; nothing that a key URI can't hold.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._@+".contains(&byte);
    if !(1..=64).contains(&name.len()) || !name.bytes().all(fits) {
        return Some("A name has 1 to 64 letters a to z, digits, or any of - . _ @ +");
    }
    None
}

/// As it is kept: nobody should have to remember whether a letter was a capital one.
pub(crate) fn normal_name(typed: &str) -> String {
    typed.trim().to_ascii_lowercase()
}
