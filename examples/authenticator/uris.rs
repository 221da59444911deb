//! The commands that read URIs.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::BufRead as _;

use secondfactor::codes::MovingFactor;
#[cfg(feature = "migration")]
use secondfactor::provisioning::{ImportedKeys, MigrationError, MigrationExport, MigrationImport};
use secondfactor::provisioning::{KeyUri, Repair};

use crate::Message;

const NO_URI: &str = "a URI is missing";

/// The argument itself, or the lines of standard input for `-`.
pub(crate) fn from_argument(argument: OsString) -> Result<Vec<String>, Message> {
    let text = argument.into_string().map_err(|_| "a URI is not UTF-8")?;
    if text != "-" {
        return Ok(vec![text]);
    }
    let lines: Result<Vec<_>, _> = std::io::stdin().lock().lines().collect();
    let mut lines = lines.map_err(|_| "standard input can't be read")?;
    // A file may begin with a mark, and end with an empty line.
    let is_blank = |character: char| character.is_whitespace() || character == '\u{feff}';
    lines.retain(|line| !line.chars().all(is_blank));
    Ok(lines)
}

pub(crate) fn one(uris: Vec<String>) -> Result<String, Message> {
    match <[String; 1]>::try_from(uris) {
        Ok([uri]) => Ok(uri),
        Err(uris) if uris.is_empty() => Err(NO_URI.into()),
        Err(_) => Err("there is more than one URI".into()),
    }
}

pub(crate) fn read(uri: &str, lenient: bool) -> Result<(KeyUri, Vec<Repair>), Message> {
    let read = if lenient {
        KeyUri::parse_lenient(uri)
    } else {
        KeyUri::parse(uri).map(|uri| (uri, Vec::new()))
    };
    read.map_err(|error| explain(&error))
}

pub(crate) fn inspect(uri: &str, lenient: bool, show_secret: bool) -> Result<String, Message> {
    let (uri, repairs) = read(uri, lenient)?;
    Ok(describe(&uri, &repairs, show_secret))
}

#[cfg(feature = "qr")]
pub(crate) fn qr(uri: &str, lenient: bool, svg: bool) -> Result<String, Message> {
    let (uri, _) = read(uri, lenient)?;
    let picture = if svg {
        uri.expose_svg()
    } else {
        uri.expose_terminal()
    };
    Ok(picture
        .map_err(|error| explain(&error))?
        .trim_end()
        .to_owned())
}

#[cfg(not(feature = "qr"))]
pub(crate) fn qr(_: &str, _: bool, _: bool) -> Result<String, Message> {
    Err("qr needs to be built with --features qr".into())
}

#[cfg(feature = "migration")]
pub(crate) fn import(uris: &[String], show_secret: bool) -> Result<String, Message> {
    if uris.is_empty() {
        return Err(NO_URI.into());
    }
    let exports = exports(uris)?;
    let is_one = exports.len() == 1;
    let mut descriptions = Vec::new();
    for (number, export) in (1..).zip(exports) {
        let which = if is_one {
            String::new()
        } else {
            format!("export {number}: ")
        };
        let missing: Vec<_> = export.missing().iter().map(ToString::to_string).collect();
        let ImportedKeys { keys, refused, .. } = export
            .finish()
            .map_err(|error| format!("{which}{}: {}", explain(&error), missing.join(", ")))?;
        for (key, repairs) in &keys {
            descriptions.push(describe(key, repairs, show_secret));
        }
        for key in &refused {
            descriptions.push(format!("not read: {which}{}", explain(key)));
        }
    }
    Ok(descriptions.join("\n\n"))
}

/// The exports that these URIs are parts of, one after the other.
#[cfg(feature = "migration")]
fn exports(uris: &[String]) -> Result<Vec<MigrationImport>, Message> {
    let mut exports: Vec<MigrationImport> = Vec::new();
    for (number, uri) in (1..).zip(uris) {
        let refused = |error| format!("URI {number}: {}", explain(&error));
        let taken = exports.iter_mut().map(|export| export.add(uri));
        match taken
            .into_iter()
            .find(|taken| *taken != Err(MigrationError::Stranger))
        {
            Some(taken) => taken.map_err(refused)?,
            None => {
                let mut export = MigrationImport::new();
                export.add(uri).map_err(refused)?;
                exports.push(export);
            }
        }
    }
    Ok(exports)
}

#[cfg(feature = "migration")]
pub(crate) fn export(uris: &[String], lenient: bool, batch_id: u64) -> Result<String, Message> {
    if uris.is_empty() {
        return Err(NO_URI.into());
    }
    let batch_id = i32::try_from(batch_id).map_err(|_| "--batch-id is below 2^31")?;
    let mut export = MigrationExport::new(batch_id);
    for (number, uri) in (1..).zip(uris) {
        let (uri, _) = read(uri, lenient).map_err(|error| format!("URI {number}: {error}"))?;
        export
            .add(&uri)
            .map_err(|error| format!("URI {number}: {}", explain(&error)))?;
    }
    let uris = export.expose_uris();
    Ok(uris.iter().map(|uri| &**uri).collect::<Vec<_>>().join("\n"))
}

#[cfg(not(feature = "migration"))]
pub(crate) fn import(_: &[String], _: bool) -> Result<String, Message> {
    Err("import needs to be built with --features migration".into())
}

#[cfg(not(feature = "migration"))]
pub(crate) fn export(_: &[String], _: bool, _: u64) -> Result<String, Message> {
    Err("export needs to be built with --features migration".into())
}

fn describe(uri: &KeyUri, repairs: &[Repair], show_secret: bool) -> String {
    let parameters = uri.parameters();
    let (kind, name, value) = match parameters.moving_factor() {
        MovingFactor::Time(period) => ("totp", "period", u64::from(period.as_secs())),
        MovingFactor::Counter(counter) => ("hotp", "counter", counter.get()),
        _ => ("unknown", "unknown", 0),
    };
    let weak = if uri.secret().is_weak() { ", weak" } else { "" };
    let bits = uri.secret().expose_bytes().len().saturating_mul(8);
    let mut lines = format!("type: {kind}\n");
    if let Some(issuer) = uri.issuer() {
        let _ = writeln!(lines, "issuer: {issuer}");
    }
    if !uri.account().is_empty() {
        let _ = writeln!(lines, "account: {}", uri.account());
    }
    let _ = writeln!(lines, "algorithm: {}", parameters.algorithm().name());
    let _ = writeln!(lines, "digits: {}", parameters.digits().count());
    let _ = writeln!(lines, "{name}: {value}");
    let _ = write!(lines, "strength: {bits} bits{weak}");
    for repair in repairs {
        let _ = write!(lines, "\nrepair: {repair}");
        if let Repair::IssuerMismatch { label } = repair {
            let _ = write!(lines, " (the label's: {label})");
        }
    }
    if show_secret {
        let _ = write!(
            lines,
            "\nsecret: {}\nuri: {}",
            &*uri.secret().expose_base32(),
            &*uri.expose_uri()
        );
    }
    lines
}

/// The error and its sources.
fn explain(error: &dyn Error) -> Message {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(message, ": {error}");
        source = error.source();
    }
    message
}
