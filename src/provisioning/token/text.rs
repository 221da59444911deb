//! Lines, names and numbers in files of tokens.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::error::{TokenPart, TokenReason};
use super::value::Token;
use crate::codes::typed::is_hidden;

/// Reads a name, which may end up on a page or a terminal. `None` if it is empty.
pub(crate) fn name(text: &str, part: TokenPart) -> Result<Option<String>, TokenReason> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.chars().count() > Token::MAX_NAME_CHARS || text.chars().any(is_hidden) {
        return Err(TokenReason::Value { part });
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Reads decimal digits alone: no sign, no blank inside.
pub(crate) fn number(text: &str) -> Option<u64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_decimal)
}

/// Reads decimal digits, perhaps behind a `-`.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_decimal)
}

/// Reads hexadecimal digits, perhaps with spaces between them.
pub(crate) fn hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.bytes().filter(|byte| *byte != b' ');
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().div_ceil(2)));
    let mut half = None;
    for digit in digits {
        let value = u8::try_from(char::from(digit).to_digit(16)?).ok()?;
        match half.take() {
            None => half = Some(value << 4),
            Some(high) => bytes.push(high | value),
        }
    }
    (half.is_none() && !bytes.is_empty()).then_some(bytes)
}

/// Returns the lines of a file with their numbers, from 1.
pub(crate) fn lines(file: &[u8]) -> impl Iterator<Item = (u64, Result<&str, TokenReason>)> {
    let part = TokenPart::Structure;
    let text = move |line| core::str::from_utf8(line).map_err(|_| TokenReason::Value { part });
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    (1..).zip(file.split(|byte| *byte == b'\n').map(text))
}
