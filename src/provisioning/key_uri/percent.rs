//! Percent-encoding (RFC 3986 section 2.1), and pieces of a URI that know their place in it.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::error::{UriError, UriPart};
use super::repair::{Leniency, Repair};
use crate::codes::typed::{is_hidden, is_spacing};

/// Holds a piece of a text, and where it begins in it.
#[derive(Clone, Copy)]
pub(crate) struct Span<'t> {
    pub(crate) text: &'t str,
    pub(crate) start: usize,
    /// Says whether a `%` begins a triple.
    is_encoded: bool,
}

impl<'t> Span<'t> {
    pub(crate) const fn whole(text: &'t str) -> Self {
        Self {
            text,
            start: 0,
            is_encoded: true,
        }
    }

    /// Takes a text in which every character stands for itself.
    #[cfg(feature = "migration")]
    pub(crate) const fn plain(text: &'t str) -> Self {
        Self {
            text,
            start: 0,
            is_encoded: false,
        }
    }

    /// Leaves out blanks, line ends and invisible characters at both ends.
    pub(crate) fn trim(self) -> Self {
        let text = self.text.trim_start_matches(is_spacing);
        let start = self
            .start
            .saturating_add(self.text.len().saturating_sub(text.len()));
        Self {
            text: text.trim_end_matches(is_spacing),
            start,
            ..self
        }
    }

    /// Takes another text of the same length in its place.
    pub(crate) const fn with_text(self, text: &str) -> Span<'_> {
        Span {
            text,
            start: self.start,
            is_encoded: self.is_encoded,
        }
    }

    /// Returns what stands before and behind the first colon, which may be percent-encoded. A
    /// literal one is the first even behind an encoded one.
    pub(crate) fn split_at_colon(self) -> Option<(Self, Self)> {
        let encoded = |colon| self.split_once(colon).filter(|_| self.is_encoded);
        self.split_once(":")
            .or_else(|| encoded("%3A"))
            .or_else(|| encoded("%3a"))
    }

    /// Returns what stands before and behind a colon, if these decoded bytes and a colon are its
    /// beginning.
    pub(crate) fn split_behind(self, beginning: &[u8]) -> Option<(Self, Self)> {
        let begins = beginning.iter().copied().chain([b':']);
        let length = beginning.len().saturating_add(1);
        if !self.units().map(|(_, byte)| byte).take(length).eq(begins) {
            return None;
        }
        let offset = |index| {
            self.units()
                .nth(index)
                .map_or(self.text.len(), |(at, _)| at)
        };
        let (colon, behind) = (offset(beginning.len()), offset(length));
        let piece = |from: usize, to: usize| {
            let text = self.text.get(from..to)?;
            Some(Self {
                text,
                start: self.start.saturating_add(from),
                ..self
            })
        };
        Some((piece(0, colon)?, piece(behind, self.text.len())?))
    }

    /// Returns what stands before and behind the first `separator`.
    pub(crate) fn split_once(self, separator: &str) -> Option<(Self, Self)> {
        let (before, behind) = self.text.split_once(separator)?;
        let start = self
            .start
            .saturating_add(before.len())
            .saturating_add(separator.len());
        Some((
            Self {
                text: before,
                ..self
            },
            Self {
                text: behind,
                start,
                ..self
            },
        ))
    }

    pub(crate) fn split(self, separator: char) -> impl Iterator<Item = Self> {
        let mut start = self.start;
        self.text.split(separator).map(move |text| {
            let piece = Self {
                text,
                start,
                ..self
            };
            start = start
                .saturating_add(text.len())
                .saturating_add(separator.len_utf8());
            piece
        })
    }

    /// Returns where the first `what` stands, counted from the beginning of the whole text.
    pub(crate) fn find(self, what: char) -> Option<usize> {
        self.text.find(what).map(|at| self.start.saturating_add(at))
    }

    /// Stands for what would be behind a separator that is not there. No error points into it.
    pub(crate) const fn nothing(self) -> Self {
        Self { text: "", ..self }
    }

    /// Decodes the bytes once.
    pub(crate) fn decode(self) -> Zeroizing<Vec<u8>> {
        let mut decoded = Zeroizing::new(Vec::with_capacity(self.text.len()));
        decoded.extend(self.units().map(|(_, byte)| byte));
        decoded
    }

    /// Returns where the decoded byte `index` stands in the whole text.
    pub(crate) fn position(self, index: usize) -> usize {
        let offset = self
            .units()
            .nth(index)
            .map_or(self.text.len(), |(offset, _)| offset);
        self.start.saturating_add(offset)
    }

    /// Walks over the decoded bytes and their places. A `%` that begins no triple is itself, as
    /// [`check`] has refused it.
    fn units(self) -> impl Iterator<Item = (usize, u8)> {
        let bytes = self.text.as_bytes();
        let mut next = 0_usize;
        core::iter::from_fn(move || {
            let offset = next;
            let (byte, length) = match triple(bytes, offset) {
                Some(byte) if self.is_encoded => (byte, 3),
                _ => (*bytes.get(offset)?, 1),
            };
            next = offset.saturating_add(length);
            Some((offset, byte))
        })
    }
}

/// Decodes the byte that a `%` and two hexadecimal digits stand for.
fn triple(bytes: &[u8], offset: usize) -> Option<u8> {
    let [b'%', high, low] = *bytes.get(offset..)?.first_chunk()? else {
        return None;
    };
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some((digit(high)? << 4) | digit(low)?)
}

/// Checks that every character may stand in a path or a query (RFC 3986 sections 3.3 and 3.4), and
/// that every `%` begins a triple.
pub(crate) fn check(span: Span<'_>, leniency: &mut Leniency) -> Result<(), UriError> {
    for (offset, character) in span.text.char_indices() {
        let position = span.start.saturating_add(offset);
        let error = UriError::Character {
            part: UriPart::Uri,
            position,
        };
        match character {
            '%' if triple(span.text.as_bytes(), offset).is_none() => {
                return Err(UriError::Escape { position });
            }
            '#' => return Err(UriError::Fragment { position }),
            'A'..='Z' | 'a'..='z' | '0'..='9' | '%' | '-' | '.' | '_' | '~' => {}
            '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';' | '=' | ':' | '@' | '/'
            | '?' => {}
            _ if is_hidden(character) => return Err(error),
            _ => leniency.repair(Repair::RawCharacter, error)?,
        }
    }
    Ok(())
}

/// Percent-encodes a text byte by byte. Only unreserved characters (RFC 3986 section 2.3) stand for
/// themselves.
pub(crate) fn encode(text: &str) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // There is room for the worst case, so that no copy of a grown buffer stays behind.
    let mut encoded = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                encoded.extend(HEX.get(usize::from(nibble)).copied().map(char::from));
            }
        }
    }
    encoded
}
