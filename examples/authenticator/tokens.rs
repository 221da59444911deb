//! The commands that list the tokens in a vendor's file, and in the file of a PAM module.

use std::ffi::OsStr;

#[cfg(all(feature = "pskc", feature = "csv"))]
use secondfactor::codes::Parameters;
#[cfg(all(feature = "pskc", feature = "csv"))]
use secondfactor::provisioning::PskcKey;
use secondfactor::provisioning::Token;

use crate::Message;
use crate::table;
#[cfg(all(feature = "pskc", feature = "csv"))]
use crate::uris::explain;

/// What opens an encrypted file.
#[cfg_attr(
    not(all(feature = "pskc", feature = "csv")),
    expect(dead_code, reason = "nothing reads files")
)]
pub(crate) enum Key {
    Shared(Vec<u8>),
    Password(String),
}

pub(crate) fn key(text: &str) -> Result<Key, Message> {
    let text = match text {
        "-" => crate::first_line()?,
        text => text.to_owned(),
    };
    let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.filter(|bytes| matches!(bytes.len(), 16 | 24 | 32));
    bytes
        .map(Key::Shared)
        .ok_or_else(|| "--key is 32, 48 or 64 hexadecimal digits".into())
}

fn digit(symbol: u8) -> Option<u8> {
    char::from(symbol)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// The first line of the file.
pub(crate) fn password(file: impl AsRef<OsStr>) -> Result<Key, Message> {
    let text = std::fs::read_to_string(file.as_ref())
        .map_err(|_| "the file with the password can't be read")?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Key::Password(line.to_owned()))
}

/// The tokens in the users file of pam_oath, or in a `.google_authenticator`.
pub(crate) fn import(path: &OsStr, show_secret: bool) -> Result<String, Message> {
    let file = read(path)?;
    // An option of Google Authenticator begins so. In a users file it would be no type.
    let is_option = |line: &[u8]| line.starts_with(b"\" ");
    let tokens = match file.split(|byte| *byte == b'\n').any(is_option) {
        true => vec![Token::read_google_authenticator(&file)],
        false => Token::read_users_file(&file).collect(),
    };
    table::show(&tokens, show_secret)
}

fn read(path: &OsStr) -> Result<Vec<u8>, Message> {
    std::fs::read(path).map_err(|_| "the file can't be read".into())
}

#[cfg(not(all(feature = "pskc", feature = "csv")))]
pub(crate) fn list(_: &OsStr, _: Option<&Key>, _: bool) -> Result<String, Message> {
    Err("tokens needs to be built with --features pskc,csv".into())
}

#[cfg(all(feature = "pskc", feature = "csv"))]
pub(crate) fn list(path: &OsStr, key: Option<&Key>, show_secret: bool) -> Result<String, Message> {
    let tokens = parse(&read(path)?, key)?;
    table::show(&tokens, show_secret)
}

/// XML begins with `<`. Everything else is a table, of TOTP tokens unless it says otherwise.
#[cfg(all(feature = "pskc", feature = "csv"))]
fn parse(file: &[u8], key: Option<&Key>) -> Result<table::Tokens, Message> {
    let start = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if start.trim_ascii_start().starts_with(b"<") {
        let key = match key {
            Some(Key::Shared(key)) => PskcKey::Shared(key),
            Some(Key::Password(password)) => PskcKey::Password(password),
            None => PskcKey::None,
        };
        return Token::read_pskc(file, key).map_err(|error| explain(&error));
    }
    if key.is_some() {
        return Err("a table is not encrypted".into());
    }
    Token::read_csv(file, Parameters::DEFAULT).map_err(|error| explain(&error))
}
