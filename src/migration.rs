//! `otpauth-migration://` URIs: what Google Authenticator shows when it exports keys, and reads when it imports them.

mod error;
mod payload;
mod wire;

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding as _};
pub use error::MigrationError;
use payload::Payload;
use zeroize::Zeroizing;

use crate::key_uri::percent::{self, Span};
use crate::key_uri::{Leniency, Repair};
use crate::{KeyUri, SecretText, UriError};

/// Keys that come out of Google Authenticator ("Transfer accounts", "Export"): one or more QR codes, each a URI.
///
/// The parts may come in any order. Each key is read as by [`KeyUri::parse_lenient`], with the repairs beside it; an
/// algorithm, a number of digits or a type that is not known is an error, never the default.
///
/// ```
/// use secondfactor::{KeyUri, MigrationExport, MigrationImport, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let mut export = MigrationExport::new(1);
/// export.add(&KeyUri::totp(secret, "Example", "alice")?)?;
/// let shown = export.expose_uris();
///
/// let mut import = MigrationImport::new();
/// for uri in &shown {
///     import.add(uri)?;
/// }
/// let keys = import.finish()?;
/// let (key, repairs) = keys.first().ok_or("no key")?;
/// assert_eq!(key.account(), "alice");
/// assert!(repairs.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MigrationImport {
    /// Sorted by index, each index once, all of one batch.
    parts: Vec<Part>,
}

struct Part {
    index: u16,
    size: u16,
    batch_id: i32,
    keys: Vec<(KeyUri, Vec<Repair>)>,
    payload: Zeroizing<Vec<u8>>,
}

impl MigrationImport {
    /// The greatest length of a URI that is read, in bytes. One from a QR code has less than 3 KiB.
    pub const MAX_URI_LEN: usize = 65_536;
    /// The greatest number of parts.
    pub const MAX_PARTS: u16 = 256;

    /// No part yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Takes a part. The same one again changes nothing.
    ///
    /// # Errors
    /// It is no such URI, a key in it can't be used (Google Authenticator lets its owner leave that one out of the
    /// export), or it belongs to another export. The parts taken so far stay.
    pub fn add(&mut self, uri: &str) -> Result<(), MigrationError> {
        let part = Part::read(uri)?;
        if self.parts.iter().any(|other| (other.batch_id, other.size) != (part.batch_id, part.size)) {
            return Err(MigrationError::Stranger);
        }
        match self.parts.binary_search_by_key(&part.index, |other| other.index) {
            Ok(at) if self.parts.get(at).is_some_and(|other| other.payload == part.payload) => Ok(()),
            Ok(_) => Err(MigrationError::Stranger),
            Err(at) => {
                self.parts.insert(at, part);
                Ok(())
            }
        }
    }

    /// The parts that have not come yet, counted from 0; none before the first has come.
    #[must_use]
    pub fn missing(&self) -> Vec<u16> {
        let size = self.parts.first().map_or(0, |part| part.size);
        (0..size).filter(|index| self.parts.binary_search_by_key(index, |part| part.index).is_err()).collect()
    }

    /// All keys, in the order of the export.
    ///
    /// # Errors
    /// Parts are missing, or none has come.
    pub fn finish(self) -> Result<Vec<(KeyUri, Vec<Repair>)>, MigrationError> {
        let missing = self.missing();
        if self.parts.is_empty() || !missing.is_empty() {
            return Err(MigrationError::Missing { parts: missing });
        }
        Ok(self.parts.into_iter().flat_map(|part| part.keys).collect())
    }
}

impl Part {
    fn read(uri: &str) -> Result<Self, MigrationError> {
        let payload = read_data(uri)?;
        let Payload { index, size, batch_id, keys } = Payload::decode(&payload)?;
        Ok(Self { index, size, batch_id, keys, payload })
    }
}

impl core::fmt::Debug for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { index, size, batch_id, keys, .. } = self;
        let mut part = f.debug_struct("Part");
        part.field("index", index).field("size", size).field("batch_id", batch_id).field("keys", keys);
        part.finish_non_exhaustive()
    }
}

/// The payload in a URI.
fn read_data(uri: &str) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    if uri.len() > MigrationImport::MAX_URI_LEN {
        return Err(MigrationError::TooLong);
    }
    let (scheme, rest) = Span::whole(uri).trim().split_once("://").ok_or(MigrationError::Scheme)?;
    let (path, query) = rest.split_once("?").ok_or(MigrationError::Scheme)?;
    let place = path.text.strip_suffix('/').unwrap_or(path.text);
    if !scheme.text.eq_ignore_ascii_case("otpauth-migration") || !place.eq_ignore_ascii_case("offline") {
        return Err(MigrationError::Scheme);
    }
    percent::check(query, &mut Leniency::Strict).map_err(|error| match error {
        UriError::Character { position, .. } | UriError::Escape { position } | UriError::Fragment { position } => {
            MigrationError::Data { position }
        }
        _ => MigrationError::Data { position: query.start },
    })?;
    let mut values = query.split('&').filter_map(|piece| piece.split_once("=")).filter(|(name, _)| name.text == "data");
    let (_, data) = values.next().ok_or(MigrationError::NoData)?;
    if let Some((name, _)) = values.next() {
        return Err(MigrationError::Data { position: name.start });
    }
    decode_base64(data)
}

/// RFC 4648 section 4, or section 5 as some exporters have it, with or without the padding.
fn decode_base64(data: Span<'_>) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    let decoded = data.decode();
    let bytes = decoded.as_slice();
    let bad = |index| MigrationError::Data { position: data.position(index) };
    let symbols = bytes.iter().position(|byte| *byte == b'=').map_or(bytes, |end| bytes.get(..end).unwrap_or_default());
    let padding = bytes.get(symbols.len()..).unwrap_or_default();
    let missing = symbols.len().next_multiple_of(4).saturating_sub(symbols.len());
    if !padding.is_empty() && (padding.len() != missing || padding.iter().any(|byte| *byte != b'=')) {
        return Err(bad(symbols.len()));
    }
    let is_url = symbols.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let is_symbol = |byte: &u8| match byte {
        b'+' | b'/' => !is_url,
        b'-' | b'_' => true,
        _ => byte.is_ascii_alphanumeric(),
    };
    if let Some(index) = symbols.iter().position(|byte| !is_symbol(byte)) {
        return Err(bad(index));
    }
    let mut payload = Zeroizing::new(alloc::vec![0; symbols.len()]);
    let decoded = match is_url {
        true => Base64UrlUnpadded::decode(symbols, &mut payload),
        false => Base64Unpadded::decode(symbols, &mut payload),
    };
    let length = decoded.map_err(|_| bad(symbols.len().saturating_sub(1)))?.len();
    payload.truncate(length);
    Ok(payload)
}

/// Keys for Google Authenticator ("Transfer accounts", "Import"): as many URIs as it takes, each one QR code.
///
/// Apps read them in any order and say which are still to come.
///
/// ```
/// use secondfactor::{KeyUri, MigrationExport, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let mut export = MigrationExport::new(7);
/// export.add(&KeyUri::totp(secret, "Example", "alice")?)?;
/// assert_eq!(
///     export.expose_uris().iter().map(|uri| &**uri).collect::<Vec<_>>(),
///     ["otpauth-migration://offline?data=\
///       CiwKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgVhbGljZRoHRXhhbXBsZSABKAEwAhABGAEgACgH"],
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MigrationExport {
    batch_id: i32,
    keys: Vec<payload::EncodedKey>,
}

impl MigrationExport {
    /// The greatest number of keys in one QR code, as Google Authenticator has it.
    const MAX_KEYS: usize = 10;
    /// A QR code of 1 KiB has 121 modules a side, and a phone still reads it from a screen. One key of any length fits.
    const MAX_URI_LEN: usize = 1024;

    /// No key yet. `batch_id` ties the parts of one export together: any number, another one for each export.
    #[must_use]
    pub const fn new(batch_id: i32) -> Self {
        Self { batch_id, keys: Vec::new() }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// The format can't say it: a period other than 30 seconds, seven digits, a counter of 2^63 or more. Or there are so
    /// many keys that [`MigrationImport`] would not take them.
    pub fn add(&mut self, key: &KeyUri) -> Result<(), MigrationError> {
        if self.keys.len() >= usize::from(MigrationImport::MAX_PARTS) {
            return Err(MigrationError::TooMany);
        }
        self.keys.push(payload::encode_key(key)?);
        Ok(())
    }

    /// The URIs, with the secrets in them: for the owner's eyes. None if there is no key.
    #[must_use]
    pub fn expose_uris(&self) -> Vec<SecretText> {
        let parts = self.parts();
        let size = parts.len();
        let uris = parts.iter().enumerate().map(|(index, keys)| {
            let payload = payload::encode(keys, size, index, self.batch_id);
            expose_uri(&payload)
        });
        uris.collect()
    }

    /// The keys of each part.
    fn parts(&self) -> Vec<&[payload::EncodedKey]> {
        let mut parts = Vec::new();
        let mut rest = self.keys.as_slice();
        while !rest.is_empty() {
            let mut count = 1_usize;
            while count < rest.len().min(Self::MAX_KEYS) && self.fits(rest.get(..count.saturating_add(1))) {
                count = count.saturating_add(1);
            }
            let (part, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            parts.push(part);
            rest = others;
        }
        parts
    }

    /// The number of parts is not known yet; the greatest takes the most bytes.
    fn fits(&self, keys: Option<&[payload::EncodedKey]>) -> bool {
        let most = usize::from(MigrationImport::MAX_PARTS);
        keys.is_some_and(|keys| {
            expose_uri(&payload::encode(keys, most, most, self.batch_id)).len() <= Self::MAX_URI_LEN
        })
    }
}

fn expose_uri(payload: &[u8]) -> SecretText {
    const PREFIX: &str = "otpauth-migration://offline?data=";
    let data: Zeroizing<String> = Zeroizing::new(base64ct::Base64::encode_string(payload));
    let data = percent::encode(&data);
    let mut uri = SecretText::with_capacity(PREFIX.len().saturating_add(data.len()));
    uri.push_str(PREFIX);
    uri.push_str(&data);
    uri
}
