//! A PSKC file before it is XML: its encoding, and bounds that keep every input cheap.

use alloc::collections::BTreeSet;
use alloc::string::String;

use zeroize::Zeroizing;

use super::error::PskcError;
use crate::provisioning::token::Token;

/// `<` and `=` open elements and attributes. 16 MiB of tokens have fewer.
const MAX_MARKS: usize = 1 << 20;
/// The XML reader compares each attribute of an element with the others.
const MAX_ATTRIBUTES: usize = 64;
/// The XML reader copies the prefixes in scope for each element that declares one.
const MAX_PREFIXES: usize = 16;

/// Returns the text of the file.
///
/// A carriage return would make the XML reader copy the text around it, and nobody could wipe that
/// copy. So line ends are normalized here, as XML does it.
pub(super) fn text(file: &[u8]) -> Result<Zeroizing<String>, PskcError> {
    if file.len() > Token::MAX_FILE_LEN {
        return Err(PskcError::TooLarge);
    }
    let text = core::str::from_utf8(file).map_err(|_| PskcError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_declaration(text)?;
    check_marks(text)?;
    let mut lines = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\r') {
        lines.push_str(line);
        lines.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    lines.push_str(rest);
    Ok(lines)
}

/// The XML reader takes every text for UTF-8, whatever the declaration says.
fn check_declaration(text: &str) -> Result<(), PskcError> {
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"));
    let Some((_, encoding)) = declaration.and_then(|(inside, _)| inside.split_once("encoding"))
    else {
        return Ok(());
    };
    let name = encoding.trim_matches(|c: char| c.is_ascii_whitespace() || "='\"".contains(c));
    let name = name.split(['\'', '"']).next().unwrap_or_default();
    match ["utf-8", "utf8", "us-ascii"]
        .into_iter()
        .any(|known| name.eq_ignore_ascii_case(known))
    {
        true => Ok(()),
        false => Err(PskcError::Encoding),
    }
}

/// A piece from one `<` to the next holds at most one tag.
fn check_marks(text: &str) -> Result<(), PskcError> {
    let (mut tags, mut marks, mut prefixes) = (0_usize, 0_usize, BTreeSet::new());
    for piece in text.split('<') {
        let equals = piece.bytes().filter(|byte| *byte == b'=').count();
        tags = tags.saturating_add(1);
        marks = marks.saturating_add(equals);
        let is_comment = piece.starts_with("!--");
        for declared in piece.split("xmlns").skip(1) {
            let prefix = declared.split('=').next().unwrap_or_default();
            prefixes.insert(prefix.trim_end());
        }
        let is_large = !is_comment && equals > MAX_ATTRIBUTES;
        if is_large || tags.max(marks) > MAX_MARKS || prefixes.len() > MAX_PREFIXES {
            return Err(PskcError::TooLarge);
        }
    }
    Ok(())
}
