//! What the owner calls a device.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::codes::typed::{Kind, find_hidden, kind};

/// Names a device for its owner: "phone".
///
/// A label has 1 to 64 characters. Owners choose by it which device they keep, so a device must not hide in the list, nor
/// pose as another:
/// - Any run of blanks becomes one space, also in what is stored. A blank at an end is refused.
/// - Characters that are invisible, turn the direction of text or have no agreed look are refused.
/// - The joiners that scripts and emoji need are accepted between visible characters.
/// - A combining mark is refused if no visible character stands before it.
///
/// Two active devices of an account can't have labels that look alike. Joiners, and the two ways in which Unicode writes an
/// accented letter, make no difference. Lookalike letters of two scripts do: they are not recognized.
///
/// ```
/// use secondfactor::Label;
/// assert_eq!(Label::new("phone")?.as_str(), "phone");
/// assert_eq!(Label::new("my  phone")?.as_str(), "my phone");
/// assert!(Label::new("").is_err());
/// # Ok::<(), secondfactor::account::LabelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(String);

impl Label {
    /// The greatest number of characters.
    pub const MAX_CHARS: usize = 64;

    /// Makes a label of a text, in which each run of blanks becomes one space.
    ///
    /// The text of a label makes the same label again.
    ///
    /// # Errors
    /// - [`LabelError::Empty`] if there is no text.
    /// - [`LabelError::TooLong`] if it has more than [`MAX_CHARS`](Self::MAX_CHARS) characters.
    /// - [`LabelError::Character`] if a character is invisible or out of place.
    /// - [`LabelError::LoneMark`] if a combining mark has nothing to stand on.
    pub fn new(text: impl Into<String>) -> Result<Self, LabelError> {
        let text = with_single_blanks(&text.into());
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LabelError::TooLong);
        }
        check_characters(&text)?;
        Ok(Self(text))
    }

    /// Reads a label of a record. An earlier release may have had other rules for characters, and a
    /// record must open all the same.
    pub(super) fn from_record(text: &str) -> Option<Self> {
        let is_possible = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS;
        is_possible.then(|| Self(text.to_owned()))
    }

    /// Whether people can't tell them apart.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        self.seen().eq(other.seen())
    }

    /// What people see of it. Joiners go first, as they would keep a letter and its accent apart.
    fn seen(&self) -> impl Iterator<Item = char> {
        let is_seen = |&character: &char| !matches!(kind(character), Kind::Joiner | Kind::Selector);
        self.0.chars().filter(is_seen).nfc()
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text with one space for each run of blanks.
fn with_single_blanks(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    for character in text.chars() {
        match kind(character) {
            Kind::Blank if single.ends_with(' ') => {}
            Kind::Blank => single.push(' '),
            _ => single.push(character),
        }
    }
    single
}

/// Whether each character may stand where it does.
fn check_characters(text: &str) -> Result<(), LabelError> {
    if text.starts_with(' ') || text.ends_with(' ') || find_hidden(text).is_some() {
        return Err(LabelError::Character);
    }
    let mut before = ' ';
    for next in text.chars() {
        if before == ' ' && is_combining_mark(next) {
            return Err(LabelError::LoneMark);
        }
        before = next;
    }
    Ok(())
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
#[error("the label {}", self.what())]
#[non_exhaustive]
pub enum LabelError {
    /// No text.
    Empty,
    /// Over 64 characters.
    TooLong,
    /// A control, direction or invisible character, one without an agreed look, a blank at an end, or a joiner that does not
    /// stand between visible characters.
    Character,
    /// A combining mark stands at the start or behind a blank.
    LoneMark,
}

impl LabelError {
    /// What is wrong with it, for whatever the text names.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "has more than 64 characters",
            Self::Character => "has a control or invisible character, or a blank at an end",
            Self::LoneMark => "has a combining mark without a letter before it",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(text: &str) -> Label {
        Label::new(text).unwrap()
    }

    /// Attack L1.
    #[test]
    fn labels_that_look_alike_are_alike() {
        for refused in [
            "phone \u{200d}",
            "\u{200d} phone",
            "my \u{200c} phone",
            "my \u{fe0f}phone",
            "my\u{200d} phone",
            "\u{200d}",
            "phone\u{200d}\u{200d}s",
            "\u{fffc}",
            "phone\u{fffc}",
            "\u{16fe4}",
            "phone\u{16fe4}",
            "\u{1d159}",
            "\u{13430}",
            "phone\u{13442}",
            "phone\u{2800}",
            "phone\u{1da9b}",
            "phone\u{e000}",
            "phone\u{ffff}",
            "phone\u{a0}",
        ] {
            assert_eq!(
                Label::new(refused),
                Err(LabelError::Character),
                "{refused:?}"
            );
        }
        for lone in ["\u{301}", "my \u{301}phone", "my\u{a0}\u{301}", "\u{903}"] {
            assert_eq!(Label::new(lone), Err(LabelError::LoneMark), "{lone:?}");
        }
        for (one, other) in [
            ("my\u{a0}phone", "my phone"),
            ("my  phone", "my phone"),
            ("my\u{3000}\u{2009} phone", "my phone"),
            ("Te\u{301}le\u{301}phone", "T\u{e9}l\u{e9}phone"),
            ("Te\u{200d}\u{301}l\u{e9}phone", "T\u{e9}l\u{e9}phone"),
            ("pho\u{200c}ne", "phone"),
            ("\u{2764}\u{fe0f}", "\u{2764}"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ] {
            assert!(label(one).looks_like(&label(other)), "{one:?}");
            assert!(label(other).looks_like(&label(one)), "{one:?}");
        }
        assert_eq!(label("my\u{a0} \u{2003}phone").as_str(), "my phone");
    }

    #[test]
    fn labels_that_people_tell_apart_differ() {
        for (one, other) in [
            ("phone", "phone 2"),
            ("phone", "Phone"),
            ("my phone", "myphone"),
            ("T\u{e9}l\u{e9}phone", "Telephone"),
            ("phone\u{b2}", "phone2"),
        ] {
            assert!(!label(one).looks_like(&label(other)), "{one:?}");
        }
    }

    #[test]
    fn scripts_and_emoji_keep_their_joiners() {
        for text in [
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525} phone",
            "1\u{fe0f}\u{20e3}",
            "\u{260e}\u{fe0e}",
            "\u{646}\u{200c}\u{645}",
            // Bengali: a joiner between a letter and a mark, Devanagari: behind a mark.
            "\u{9b0}\u{200d}\u{9cd}\u{9af}",
            "\u{915}\u{94d}\u{200d}\u{937}",
        ] {
            assert_eq!(label(text).as_str(), text);
        }
    }

    #[test]
    fn characters_are_counted_after_blanks_became_one() {
        let spread = format!("{}{}{}", "x".repeat(31), " ".repeat(100), "y".repeat(32));
        assert_eq!(label(&spread).as_str().len(), Label::MAX_CHARS);
        assert_eq!(Label::new(format!("{spread}y")), Err(LabelError::TooLong));
    }

    /// Any text, and text of what is decided here.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a\u{e9}\u{915} \\p{Zs}\u{301}\u{94d}\u{200c}\u{200d}\u{fe0f}\u{d55c}]{0,12}",
            "[\\p{L}\\p{M}]{1,20}",
        ]
    }

    proptest! {
        #[test]
        fn a_stored_label_opens_as_itself(text in texts()) {
            if let Ok(label) = Label::new(text) {
                prop_assert_eq!(Label::new(label.as_str()), Ok(label));
            }
        }

        #[test]
        fn both_ways_of_writing_a_text_look_alike(text in texts()) {
            let Ok(label) = Label::new(&text) else { return Ok(()) };
            prop_assert!(label.looks_like(&Label::new(text.nfc().collect::<String>()).unwrap()));
            let decomposed: String = text.nfd().collect();
            match Label::new(decomposed) {
                Err(error) => prop_assert_eq!(error, LabelError::TooLong),
                Ok(decomposed) => prop_assert!(label.looks_like(&decomposed)),
            }
        }

        #[test]
        fn what_unicode_calls_invisible_is_refused(
            invisible in "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Default_Ignorable_Code_Point}--\u{200c}\u{200d}\u{fe0e}\u{fe0f}]",
        ) {
            for text in [invisible.clone(), format!("pho{invisible}ne"), format!("phone{invisible}")] {
                prop_assert_eq!(Label::new(text), Err(LabelError::Character));
            }
        }
    }
}
