//! What the owner calls a device.

use std::fmt;

/// What the owner calls a device: "phone". 1 to 64 characters, none of them a control character, no blank at the ends.
///
/// ```
/// use secondfactor::Label;
/// assert_eq!(Label::new("phone")?.as_str(), "phone");
/// assert!(Label::new("").is_err());
/// # Ok::<(), secondfactor::LabelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

impl Label {
    /// The greatest number of characters.
    pub const MAX_CHARS: usize = 64;

    /// A label with this text.
    ///
    /// # Errors
    /// Empty, too long, a control character, or a blank at an end.
    pub fn new(text: impl Into<String>) -> Result<Self, LabelError> {
        let text = text.into();
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LabelError::TooLong);
        }
        if text.contains(char::is_control) || text.trim() != text {
            return Err(LabelError::Character);
        }
        Ok(Self(text))
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
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
    /// A control character, or a blank at an end.
    #[error("the label has a control character, or a blank at an end")]
    Character,
}
