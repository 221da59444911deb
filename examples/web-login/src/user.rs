//! Who has an account here, and what they may do.

use secondfactor::AccountId;
use secondfactor::account::AccountIdError;

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
    pub(crate) opted_in: OptedIn,
    /// Sessions of an earlier one have ended.
    pub(crate) generation: u64,
}

impl User {
    pub(crate) fn account(&self) -> Result<AccountId, AccountIdError> {
        AccountId::new(self.id.clone())
    }

    /// The list of what happened to their account.
    pub(crate) fn activity(&self) -> String {
        activity_list(&self.id)
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

/// The site's own note of who has opted in to a second factor. The library's record alone can't say it: one that was
/// lost or taken away looks like one that never was.
///
/// The note and the record are two writes, and the site may be stopped between them. So the note says that they are opting
/// in or out before the record changes, and only while it does, the record decides: no crash leaves the door open, or shut
/// for good.
///
/// Whatever leads from `OptingOut` to something else, or to it, ends the other sessions in the same step. So a session that
/// has not ended knows whether an opt-out is under way, and none writes `Yes` beside a record that is about to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OptedIn {
    /// A password is enough.
    #[default]
    No,
    /// A second step is needed once a device was confirmed.
    OptingIn,
    /// A second step is needed until the record is gone.
    OptingOut,
    /// A second step is needed, whatever the record says. If it is gone, nobody gets in.
    Yes,
}

impl OptedIn {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::OptingIn => "opting-in",
            Self::OptingOut => "opting-out",
            Self::Yes => "yes",
        }
    }

    /// What is not known means yes.
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "no" => Self::No,
            "opting-in" => Self::OptingIn,
            "opting-out" => Self::OptingOut,
            _ => Self::Yes,
        }
    }
}

/// What to change of a user, all in one step; the rest stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) password: Option<String>,
    pub(crate) must_change_password: Option<bool>,
    pub(crate) opted_in: Option<OptedIn>,
    pub(crate) permissions: Option<Permissions>,
    /// Whether all their sessions end.
    pub(crate) ends_sessions: bool,
    /// What their list of what happened says of it.
    pub(crate) told: Option<Entry>,
    /// Only while their sessions are of this generation.
    pub(crate) only_in: Option<u64>,
}

impl Change {
    pub(crate) fn opted_in(opted_in: OptedIn) -> Self {
        Self {
            opted_in: Some(opted_in),
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
    pub(crate) fn only_in(self, generation: u64) -> Self {
        Self {
            only_in: Some(generation),
            ..self
        }
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
