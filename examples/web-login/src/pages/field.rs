//! A field of a form: its label, its input, and what is wrong with what was typed, all tied together.

use askama::Template;

use crate::words::Message;

#[derive(Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    name: &'static str,
    label: &'static str,
    kind: Kind,
    hint: Option<&'static str>,
    value: String,
    error: Option<Message>,
    has_focus: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    UserName,
    CurrentPassword,
    NewPassword,
    Code,
    RecoveryCode,
    Lines,
}

impl Kind {
    const fn input_type(self) -> &'static str {
        match self {
            Self::CurrentPassword | Self::NewPassword => "password",
            _ => "text",
        }
    }

    /// What a browser or a password manager fills in.
    const fn autocomplete(self) -> &'static str {
        match self {
            Self::UserName => "username",
            Self::CurrentPassword => "current-password",
            Self::NewPassword => "new-password",
            Self::Code => "one-time-code",
            Self::Text | Self::RecoveryCode | Self::Lines => "off",
        }
    }
}

impl Field {
    const fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self {
            name,
            label,
            kind,
            hint: None,
            value: String::new(),
            error: None,
            has_focus: false,
        }
    }

    pub(super) const fn text(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Text)
    }

    pub(super) const fn lines(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Lines)
    }

    pub(super) const fn user_name() -> Self {
        Self::new("name", "Name", Kind::UserName)
    }

    pub(super) const fn password() -> Self {
        Self::new("password", "Password", Kind::CurrentPassword)
    }

    pub(super) const fn current_password() -> Self {
        Self::new("current", "Current password", Kind::CurrentPassword)
    }

    pub(super) const fn new_password(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::NewPassword)
            .hint("At least 12 characters. A few words in a row are easy to remember.")
    }

    pub(super) const fn code(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Kind::Code)
    }

    pub(super) const fn recovery_code() -> Self {
        Self::new("recovery_code", "Recovery code", Kind::RecoveryCode)
    }

    pub(super) const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Where typing begins. An error takes it.
    pub(super) const fn focus(mut self) -> Self {
        self.has_focus = true;
        self
    }

    /// What was typed, to be mended: never a password or a code.
    pub(super) fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(super) fn with_error(mut self, error: Option<impl Into<Message>>) -> Self {
        self.error = error.map(Into::into);
        self.has_focus |= self.error.is_some();
        self
    }

    pub(super) const fn has_error(&self) -> bool {
        self.error.is_some()
    }

    /// In how many seconds to try again.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.error
            .as_ref()?
            .retry
            .as_ref()
            .map(|retry| retry.seconds)
    }
}
