//! Writing an export for Google Authenticator.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::error::MigrationError;
use super::payload::{self, MAX_PARTS};
use crate::codes::SecretText;
use crate::provisioning::key_uri::{KeyUri, encode};

/// Makes keys into QR codes for Google Authenticator ("Transfer accounts", "Import").
///
/// There are as many URIs as the keys need, and each one is a QR code. Apps read them in any order
/// and say which are missing.
///
/// ```
/// use secondfactor::codes::Secret;
/// use secondfactor::provisioning::{KeyUri, MigrationExport};
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
    /// One QR code has at most 10 keys, as Google Authenticator makes them.
    const MAX_KEYS: usize = 10;
    /// A QR code of 1 KiB has 121 modules a side, and a phone still reads it from a screen. One key
    /// may take more, and fits a QR code all the same.
    const MAX_URI_LEN: usize = 1024;

    /// Begins an export without keys.
    ///
    /// `batch_id` ties its parts together. Take any number, and another one for each export.
    #[must_use]
    pub const fn new(batch_id: i32) -> Self {
        Self {
            batch_id,
            keys: Vec::new(),
        }
    }

    /// Adds a key to the export.
    ///
    /// # Errors
    /// * [`Unsupported`](MigrationError::Unsupported) if the format can't hold it: a period other
    ///   than 30 seconds, seven digits, a counter of 2^63 or more.
    /// * [`TooMany`](MigrationError::TooMany) if [`MigrationImport`](super::MigrationImport) would
    ///   not take so many keys.
    pub fn add(&mut self, key: &KeyUri) -> Result<(), MigrationError> {
        if self.keys.len() >= usize::from(MAX_PARTS) {
            return Err(MigrationError::TooMany);
        }
        self.keys.push(payload::encode_key(key)?);
        Ok(())
    }

    /// Returns the URIs with the secrets in them. Show them to the owner alone.
    ///
    /// There is none without a key.
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

    /// Returns the keys of each part.
    fn parts(&self) -> Vec<&[payload::EncodedKey]> {
        let mut parts = Vec::new();
        let mut rest = self.keys.as_slice();
        while !rest.is_empty() {
            let mut count = 1_usize;
            while count < rest.len().min(Self::MAX_KEYS)
                && self.fits(rest.get(..count.saturating_add(1)))
            {
                count = count.saturating_add(1);
            }
            let (part, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            parts.push(part);
            rest = others;
        }
        parts
    }

    /// Says whether these keys fit one part. The number of parts is not known yet, so this takes
    /// the greatest, which needs the most bytes.
    fn fits(&self, keys: Option<&[payload::EncodedKey]>) -> bool {
        let most = usize::from(MAX_PARTS);
        keys.is_some_and(|keys| {
            expose_uri(&payload::encode(keys, most, most, self.batch_id)).len() <= Self::MAX_URI_LEN
        })
    }
}

fn expose_uri(payload: &[u8]) -> SecretText {
    const PREFIX: &str = "otpauth-migration://offline?data=";
    let data: Zeroizing<String> = Zeroizing::new(Base64::encode_string(payload));
    let data = encode(&data);
    let mut uri = SecretText::with_capacity(PREFIX.len().saturating_add(data.len()));
    uri.push_str(PREFIX);
    uri.push_str(&data);
    uri
}
