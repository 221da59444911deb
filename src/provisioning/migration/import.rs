//! Reading an export of Google Authenticator.

use alloc::vec::Vec;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use super::error::{MigrationError, RefusedKey};
use super::payload::{MAX_PARTS, Payload};
use crate::provisioning::key_uri::{KeyUri, Leniency, Repair, Span, UriError, check};

/// Reads keys from the QR codes of Google Authenticator ("Transfer accounts", "Export").
///
/// An export is one or more QR codes, each a URI, in any order. Each key is read as by
/// [`KeyUri::parse_lenient`], with its repairs. A key that can't be used is named apart, and does
/// not hide the others. An unknown algorithm, number of digits or type is a reason for that, never
/// the default.
///
/// ```
/// use secondfactor::codes::Secret;
/// use secondfactor::provisioning::{KeyUri, MigrationExport, MigrationImport};
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
/// let imported = import.finish()?;
/// let (key, repairs) = imported.keys.first().ok_or("no key")?;
/// assert_eq!(key.account(), "alice");
/// assert!(repairs.is_empty() && imported.refused.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MigrationImport {
    /// They are sorted by index, each index once, all of one batch.
    parts: Vec<Part>,
}

/// Holds the keys of an export: those that could be read, and those that could not.
///
/// Tell the owner of both. See [`RefusedKey`] for an example.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ImportedKeys {
    /// These were read, each with its repairs, in the order of the export.
    pub keys: Vec<(KeyUri, Vec<Repair>)>,
    /// These can't be used, in the order of the export.
    pub refused: Vec<RefusedKey>,
}

struct Part {
    index: u16,
    size: u16,
    batch_id: i32,
    keys: Vec<Result<(KeyUri, Vec<Repair>), MigrationError>>,
    payload: Zeroizing<Vec<u8>>,
}

impl MigrationImport {
    /// A URI that is read has at most 65536 bytes. One from a QR code has less than 3 KiB.
    pub const MAX_URI_LEN: usize = 65_536;
    /// An export has at most 256 parts.
    pub const MAX_PARTS: u16 = MAX_PARTS;

    /// Begins an import without parts.
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Takes a part. The same part again changes nothing.
    ///
    /// # Errors
    /// The parts taken so far stay.
    ///
    /// * [`Stranger`](MigrationError::Stranger) if it belongs to another export. Begin another import
    ///   with it.
    /// * Another [`MigrationError`] if it is no such URI.
    pub fn add(&mut self, uri: &str) -> Result<(), MigrationError> {
        let part = Part::read(uri)?;
        if self
            .parts
            .iter()
            .any(|other| (other.batch_id, other.size) != (part.batch_id, part.size))
        {
            return Err(MigrationError::Stranger);
        }
        match self
            .parts
            .binary_search_by_key(&part.index, |other| other.index)
        {
            Ok(at)
                if self
                    .parts
                    .get(at)
                    .is_some_and(|other| other.payload == part.payload) =>
            {
                Ok(())
            }
            Ok(_) => Err(MigrationError::Stranger),
            Err(at) => {
                self.parts.insert(at, part);
                Ok(())
            }
        }
    }

    /// Returns the numbers of the parts that are missing, counted from 1. There is none before the
    /// first part has come.
    #[must_use]
    pub fn missing(&self) -> Vec<u16> {
        let size = self.parts.first().map_or(0, |part| part.size);
        (0..size)
            .filter(|index| {
                self.parts
                    .binary_search_by_key(index, |part| part.index)
                    .is_err()
            })
            .map(number)
            .collect()
    }

    /// Returns all keys, in the order of the export.
    ///
    /// # Errors
    /// [`Missing`](MigrationError::Missing) if parts are missing, or none has come.
    pub fn finish(self) -> Result<ImportedKeys, MigrationError> {
        let missing = self.missing();
        if self.parts.is_empty() || !missing.is_empty() {
            return Err(MigrationError::Missing { parts: missing });
        }
        let mut imported = ImportedKeys::default();
        for part in self.parts {
            for (key, read) in (1..).zip(part.keys) {
                match read {
                    Ok(read) => imported.keys.push(read),
                    Err(error) => imported.refused.push(RefusedKey {
                        part: number(part.index),
                        key,
                        error,
                    }),
                }
            }
        }
        Ok(imported)
    }
}

/// Counts from 1 what the format counts from 0.
const fn number(index: u16) -> u16 {
    index.saturating_add(1)
}

impl Part {
    fn read(uri: &str) -> Result<Self, MigrationError> {
        let payload = read_data(uri)?;
        let Payload {
            index,
            size,
            batch_id,
            keys,
        } = Payload::decode(&payload)?;
        Ok(Self {
            index,
            size,
            batch_id,
            keys,
            payload,
        })
    }
}

impl core::fmt::Debug for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            index,
            size,
            batch_id,
            keys,
            ..
        } = self;
        let mut part = f.debug_struct("Part");
        part.field("index", index)
            .field("size", size)
            .field("batch_id", batch_id)
            .field("keys", keys);
        part.finish_non_exhaustive()
    }
}

/// Returns the payload in a URI.
fn read_data(uri: &str) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    if uri.len() > MigrationImport::MAX_URI_LEN {
        return Err(MigrationError::TooLong);
    }
    let (scheme, rest) = Span::whole(uri)
        .trim()
        .split_once("://")
        .ok_or(MigrationError::Scheme)?;
    let (path, query) = rest.split_once("?").ok_or(MigrationError::Scheme)?;
    let place = path.text.strip_suffix('/').unwrap_or(path.text);
    if !scheme.text.eq_ignore_ascii_case("otpauth-migration")
        || !place.eq_ignore_ascii_case("offline")
    {
        return Err(MigrationError::Scheme);
    }
    check(query, &mut Leniency::Lenient(Vec::new())).map_err(|error| match error {
        UriError::Character { position, .. }
        | UriError::Escape { position }
        | UriError::Fragment { position } => MigrationError::Data { position },
        _ => MigrationError::Data {
            position: query.start,
        },
    })?;
    let mut values = query
        .split('&')
        .filter_map(|piece| piece.split_once("="))
        .filter(|(name, _)| name.text == "data");
    let (_, data) = values.next().ok_or(MigrationError::NoData)?;
    if let Some((name, _)) = values.next() {
        return Err(MigrationError::Data {
            position: name.start,
        });
    }
    decode_base64(data)
}

/// Decodes Base64 (RFC 4648 section 4, or section 5 as some exporters write it), with or without
/// the padding. A blank is what a form makes of a `+`.
fn decode_base64(data: Span<'_>) -> Result<Zeroizing<Vec<u8>>, MigrationError> {
    let mut decoded = data.decode();
    let blanks = decoded.iter_mut().filter(|byte| **byte == b' ');
    blanks.for_each(|blank| *blank = b'+');
    let bytes = decoded.as_slice();
    let bad = |index| MigrationError::Data {
        position: data.position(index),
    };
    let symbols = bytes
        .iter()
        .position(|byte| *byte == b'=')
        .map_or(bytes, |end| bytes.get(..end).unwrap_or_default());
    let padding = bytes.get(symbols.len()..).unwrap_or_default();
    let missing = symbols
        .len()
        .next_multiple_of(4)
        .saturating_sub(symbols.len());
    if !padding.is_empty() && (padding.len() != missing || padding.iter().any(|byte| *byte != b'='))
    {
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
    let length = decoded
        .map_err(|_| bad(symbols.len().saturating_sub(1)))?
        .len();
    payload.truncate(length);
    Ok(payload)
}
