//! Names and numbers in the files of vendors.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

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
#[cfg(feature = "pskc")]
pub(crate) fn integer(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_decimal)
}
