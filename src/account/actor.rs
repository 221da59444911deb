//! Who acts without a proof, by name.

use std::fmt;
use std::str::FromStr;

use super::label::{Label, LabelError};

/// Names the operator who calls a `danger_` method, for the log: "bob, help desk".
///
/// The name goes into the event (PCI DSS 4.0.1, 10.2.1.5). It is a text as a [`Label`] is: 1 to 64 visible characters. So
/// it can't break a line of the log.
///
/// ```
/// use secondfactor::account::Actor;
/// assert_eq!(Actor::new("bob, help desk")?.as_str(), "bob, help desk");
/// assert!(Actor::new("bob\nnext line").is_err());
/// # Ok::<(), secondfactor::account::ActorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Actor(Label);

impl Actor {
    /// Makes a name of a text, in which each run of blanks becomes one space.
    ///
    /// # Errors
    /// [`ActorError`] for the same texts as [`Label::new`].
    pub fn new(text: impl Into<String>) -> Result<Self, ActorError> {
        Label::new(text).map(Self).map_err(ActorError)
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The text is no name: it is empty or too long, or has a character that can't be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name {}", .0.what())]
pub struct ActorError(LabelError);

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        Self::new(text)
    }
}

impl AsRef<str> for Actor {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
