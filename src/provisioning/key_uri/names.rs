//! The two names of a key, the issuer and the account.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::{UriError, UriPart};
use super::percent::Span;
use super::repair::{Leniency, Repair};
use crate::codes::typed::find_hidden;
#[cfg(feature = "mfa")]
use crate::codes::typed::is_hidden;

/// A name has at most 254 bytes, as many as the longest e-mail address (RFC 5321 section 4.5.3.1.3,
/// without the angle brackets).
pub(super) const MAX_NAME_LEN: usize = 254;

/// Holds the names of a key. They have no control, direction or invisible characters and no blanks
/// at their ends. Only lenient reading leaves a colon in one, or the account without a name.
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

    /// Makes names of any texts. What no name can hold is left out.
    #[cfg(feature = "mfa")]
    pub(crate) fn fitted(issuer: &str, account: &str) -> Self {
        Self {
            issuer: Some(fitted(issuer)),
            account: fitted(account),
        }
    }

    /// Reads the names from a label and an `issuer` parameter.
    pub(crate) fn read(
        label: Span<'_>,
        parameter: Option<Span<'_>>,
        leniency: &mut Leniency,
    ) -> Result<Self, UriError> {
        // Key URI Format: the separator is a literal or a percent-encoded colon.
        let parts = split_at_issuer(label, parameter).or_else(|| label.split_at_colon());
        let (prefix, account, blanks_before) = match parts {
            Some((prefix, account)) => (Some(prefix), account, Blanks::Dropped),
            None => (None, label, Blanks::Repaired),
        };
        let prefix = read_issuer(prefix, leniency)?;
        let account = read_name(account, UriPart::Account, blanks_before, leniency)?;
        let names = Self {
            issuer: agreed_issuer(prefix, parameter, leniency)?,
            account: account.unwrap_or_default(),
        };
        names.refuse_ambiguous(label.start)?;
        if names.account.is_empty() {
            let part = UriPart::Account;
            leniency.repair(Repair::Empty { part }, UriError::Empty { part })?;
        }
        if names.is_of_steam() {
            leniency.note(Repair::OtherCodes);
        }
        Ok(names)
    }

    /// Refuses an account without an issuer whose name would be read as something else.
    fn refuse_ambiguous(&self, position: usize) -> Result<(), UriError> {
        match self.account.as_str() {
            _ if self.issuer.is_some() => Ok(()),
            "" => Err(UriError::Empty {
                part: UriPart::Account,
            }),
            // RFC 3986 section 5.2.4: a reader that normalizes the URI would remove such a path.
            "." | ".." => Err(UriError::Label { position }),
            // Only `:a:b` comes here. It would be read as issuer and account name.
            account if account.contains(':') => Err(UriError::Empty {
                part: UriPart::Issuer,
            }),
            _ => Ok(()),
        }
    }

    /// Steam shows five letters and digits, and some apps write its keys as if they were usual ones.
    fn is_of_steam(&self) -> bool {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        issuer.eq_ignore_ascii_case("steam")
    }
}

/// Returns the label's two parts if the parameter says where the issuer ends: its own colons are no
/// separators.
fn split_at_issuer<'u>(
    label: Span<'u>,
    parameter: Option<Span<'_>>,
) -> Option<(Span<'u>, Span<'u>)> {
    let issuer = parameter?.decode();
    let issuer = issuer.trim_ascii();
    let has_colon = issuer.contains(&b':');
    has_colon.then(|| label.split_behind(issuer)).flatten()
}

/// Returns the issuer that the label and the parameter name. If they differ, it is the parameter's.
fn agreed_issuer(
    prefix: Option<String>,
    parameter: Option<Span<'_>>,
    leniency: &mut Leniency,
) -> Result<Option<String>, UriError> {
    let (Some(prefix), Some(span)) = (&prefix, parameter) else {
        return Ok(read_issuer(parameter, leniency)?.or(prefix));
    };
    let error = UriError::IssuerMismatch {
        position: span.start,
    };
    // A form writes blanks so. The label is the witness that they are no pluses.
    let spaced = span.text.replace('+', " ");
    if spaced != span.text {
        let read = read_issuer(
            Some(span.with_text(&spaced)),
            &mut Leniency::Lenient(Vec::new()),
        );
        if read.ok().flatten().as_ref() == Some(prefix) {
            leniency.repair(Repair::PlusForBlank, error)?;
            return Ok(Some(prefix.clone()));
        }
    }
    let issuer = read_issuer(parameter, leniency)?;
    if issuer.as_ref().is_some_and(|issuer| issuer != prefix) {
        let label = prefix.clone();
        leniency.repair(Repair::IssuerMismatch { label }, error)?;
    }
    Ok(issuer.or(Some(prefix.clone())))
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

/// Returns a name that [`check`] takes, and the same one if it takes this.
#[cfg(feature = "mfa")]
fn fitted(name: &str) -> String {
    let visible: String = name.chars().filter(|c| !is_hidden(*c)).collect();
    let mut fitted = String::new();
    for character in visible.trim().chars() {
        if fitted.len().saturating_add(character.len_utf8()) > MAX_NAME_LEN {
            break;
        }
        fitted.push(if character == ':' { '-' } else { character });
    }
    // A joiner is left out that has nothing to join.
    while let Some(at) = find_hidden(&fitted) {
        fitted.remove(at);
    }
    match fitted.trim() {
        "" => "-".to_string(),
        trimmed => trimmed.to_string(),
    }
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
    let colon = name.find(':').filter(|_| colon == Colon::Forbidden);
    if let Some(position) = find_hidden(name).into_iter().chain(colon).min() {
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
