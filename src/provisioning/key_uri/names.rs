//! The two names of a key, the issuer and the account.

use alloc::string::{String, ToString};

use super::characters::is_deceptive;
use super::error::{UriError, UriPart};
use super::percent::Span;
use super::repair::{Leniency, Repair};

/// A name has at most 128 bytes.
pub(super) const MAX_NAME_LEN: usize = 128;

/// Holds the names of a key. They have no control or direction characters and no spaces at their
/// ends. Only lenient reading leaves a colon in one.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) issuer: Option<String>,
    pub(crate) account: String,
}

impl Names {
    pub(crate) fn new(issuer: &str, account: &str) -> Result<Self, UriError> {
        check(issuer, UriPart::Issuer, Colon::Forbidden)?;
        check(account, UriPart::Account, Colon::Forbidden)?;
        Ok(Self {
            issuer: Some(issuer.to_string()),
            account: account.to_string(),
        })
    }

    /// Reads the names from a label and an `issuer` parameter, both percent-encoded.
    pub(crate) fn read(
        label: Span<'_>,
        parameter: Option<Span<'_>>,
        leniency: &mut Leniency,
    ) -> Result<Self, UriError> {
        // Key URI Format: the separator is a literal or a percent-encoded colon. A literal one is
        // the separator even behind an encoded one.
        let parts = label
            .split_once(":")
            .or_else(|| label.split_once("%3A"))
            .or_else(|| label.split_once("%3a"));
        Self::read_parts(parts, label, parameter, leniency)
    }

    /// Reads the names from a label and an issuer that may be empty, both plain text.
    #[cfg(feature = "migration")]
    pub(crate) fn read_plain(
        label: &str,
        issuer: &str,
        leniency: &mut Leniency,
    ) -> Result<Self, UriError> {
        let label = Span::plain(label);
        // The issuer's own colons are no separators.
        let parts = label
            .split_once(&alloc::format!("{issuer}:"))
            .filter(|(before, _)| before.text.is_empty());
        let parts = match parts {
            Some((_, account)) => Some((Span::plain(issuer), account)),
            None => label.split_once(":"),
        };
        let parameter = Some(Span::plain(issuer)).filter(|_| !issuer.is_empty());
        Self::read_parts(parts, label, parameter, leniency)
    }

    fn read_parts(
        parts: Option<(Span<'_>, Span<'_>)>,
        label: Span<'_>,
        parameter: Option<Span<'_>>,
        leniency: &mut Leniency,
    ) -> Result<Self, UriError> {
        let (prefix, account, blanks_before) = match parts {
            Some((prefix, account)) => (Some(prefix), account, Blanks::Dropped),
            None => (None, label, Blanks::Repaired),
        };
        let prefix = read_issuer(prefix, leniency)?;
        let account = read_name(account, UriPart::Account, blanks_before, leniency)?;
        let account = account.ok_or(UriError::Empty {
            part: UriPart::Account,
        })?;
        let issuer = match (prefix, read_issuer(parameter, leniency)?) {
            (Some(prefix), Some(issuer)) if prefix != issuer => {
                let position = parameter.unwrap_or(label).start;
                leniency.repair(
                    Repair::IssuerMismatch { label: prefix },
                    UriError::IssuerMismatch { position },
                )?;
                Some(issuer)
            }
            (prefix, issuer) => issuer.or(prefix),
        };
        if issuer.is_none() {
            // RFC 3986 section 5.2.4: a reader that normalizes the URI would remove such a path.
            if matches!(account.as_str(), "." | "..") {
                return Err(UriError::Label {
                    position: label.start,
                });
            }
            // Only `:a:b` comes here. Its account name would be read as issuer and account name.
            if account.contains(':') {
                return Err(UriError::Empty {
                    part: UriPart::Issuer,
                });
            }
        }
        Ok(Self { issuer, account })
    }
}

fn read_issuer(
    span: Option<Span<'_>>,
    leniency: &mut Leniency,
) -> Result<Option<String>, UriError> {
    let Some(span) = span else { return Ok(None) };
    let issuer = read_name(span, UriPart::Issuer, Blanks::Repaired, leniency)?;
    if issuer.is_none() {
        let part = UriPart::Issuer;
        leniency.repair(Repair::Empty { part }, UriError::Empty { part })?;
    }
    Ok(issuer)
}

/// Says what happens to blanks before a name.
#[derive(PartialEq)]
enum Blanks {
    /// Key URI Format: spaces may stand between the colon and the account name.
    Dropped,
    Repaired,
}

/// Reads the name in a piece of a URI. Returns `None` if there is nothing in it but blanks.
fn read_name(
    span: Span<'_>,
    part: UriPart,
    blanks_before: Blanks,
    leniency: &mut Leniency,
) -> Result<Option<String>, UriError> {
    let bytes = span.decode();
    let text = core::str::from_utf8(&bytes).map_err(|error| UriError::Utf8 {
        part,
        position: span.position(error.valid_up_to()),
    })?;
    let mut skipped = 0;
    let mut name = text;
    if blanks_before == Blanks::Dropped {
        name = text.trim_start_matches(' ');
        skipped = text.len().saturating_sub(name.len());
    }
    if name.is_empty() {
        return Ok(None);
    }
    let trimmed = name.trim();
    if trimmed.len() != name.len() {
        let before = name.len().saturating_sub(name.trim_start().len());
        let offset = if before > 0 { 0 } else { trimmed.len() };
        let position = span.position(skipped.saturating_add(offset));
        leniency.repair(
            Repair::NameBlanks { part },
            UriError::Character { part, position },
        )?;
        skipped = skipped.saturating_add(before);
        name = trimmed;
    }
    if name.is_empty() {
        return Ok(None);
    }
    let whereabouts = |offset: usize| span.position(skipped.saturating_add(offset));
    if let Some(offset) = name.find(':') {
        let position = whereabouts(offset);
        leniency.repair(
            Repair::Colon { part },
            UriError::Character { part, position },
        )?;
    }
    check(name, part, Colon::Allowed).map_err(|error| error.map_position(whereabouts))?;
    Ok(Some(name.to_string()))
}

#[derive(PartialEq)]
enum Colon {
    Allowed,
    Forbidden,
}

fn check(name: &str, part: UriPart, colon: Colon) -> Result<(), UriError> {
    if name.is_empty() {
        return Err(UriError::Empty { part });
    }
    if name.len() > MAX_NAME_LEN {
        return Err(UriError::TooLong { part });
    }
    let is_forbidden =
        |character| is_deceptive(character) || (colon == Colon::Forbidden && character == ':');
    if let Some((position, _)) = name
        .char_indices()
        .find(|(_, character)| is_forbidden(*character))
    {
        return Err(UriError::Character { part, position });
    }
    if name.starts_with(char::is_whitespace) {
        return Err(UriError::Character { part, position: 0 });
    }
    match name.char_indices().last() {
        Some((position, last)) if last.is_whitespace() => {
            Err(UriError::Character { part, position })
        }
        _ => Ok(()),
    }
}
