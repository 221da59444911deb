//! What the owner calls a device.

use std::fmt;
use std::str::FromStr;

/// What the owner calls a device: "phone". 1 to 64 characters, no blank at the ends, and none that is
/// invisible (save the joiners that scripts and emoji need) or turns the direction of text: a device must not hide in its
/// owner's list, nor pose as another.
///
/// ```
/// use secondfactor::Label;
/// assert_eq!(Label::new("phone")?.as_str(), "phone");
/// assert!(Label::new("").is_err());
/// # Ok::<(), secondfactor::account::LabelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

impl Label {
    /// The greatest number of characters.
    pub const MAX_CHARS: usize = 64;

    /// A label with this text.
    ///
    /// # Errors
    /// Empty, too long, a control, direction or invisible character, or a blank at an end.
    pub fn new(text: impl Into<String>) -> Result<Self, LabelError> {
        let text = text.into();
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LabelError::TooLong);
        }
        if text.contains(is_forbidden) || text.chars().all(is_joiner) || text.trim() != text {
            return Err(LabelError::Character);
        }
        Ok(Self(text))
    }

    /// Whether people can't tell them apart.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let seen = |label: &Self| {
            label
                .0
                .chars()
                .filter(|character| !is_joiner(*character))
                .collect::<String>()
        };
        seen(self) == seen(other)
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Scripts and emoji need them between others.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe0f}')
}

/// Control, direction and invisible characters: those that Unicode calls `Default_Ignorable_Code_Point`, but for the joiners,
/// and what looks like a blank or like nothing in Braille and in annotations.
const fn is_forbidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(text)
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// No text.
    #[error("the label is empty")]
    Empty,
    /// Over 64 characters.
    #[error("the label has more than 64 characters")]
    TooLong,
    /// A control, direction or invisible character, or a blank at an end.
    #[error("the label has a control or invisible character, or a blank at an end")]
    Character,
}
