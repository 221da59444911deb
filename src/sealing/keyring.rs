//! The keys that seal and open records.

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::error::SealError;
use super::key::{KeyId, SealingKey};
use super::purpose::Purpose;
use crate::codes::{RngError, constant_time, fill_random};

/// The first byte of what is sealed names its format. A release that adds a field raises it, and
/// opens all formats up to its own. It refuses later formats, so that an older server can't drop
/// what it does not know.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
/// The header holds the format, the key id and the nonce.
const HEADER_LEN: usize = 1 + KeyId::LEN + NONCE_LEN;

/// Holds the keys that seal and open records, so that a key can be changed without downtime.
///
/// One key is active and seals every write. Retired keys only open what they once sealed. Nobody
/// numbers keys, because a [`KeyId`] is computed from the key.
///
/// ```
/// use secondfactor::{Keyring, SealingKey};
///
/// let (new, old) = (SealingKey::generate()?, SealingKey::generate()?);
/// let keyring = Keyring::new(new).with_retired(old);
/// # Ok::<(), secondfactor::codes::RngError>(())
/// ```
#[derive(Debug)]
pub struct Keyring {
    /// The first one is active.
    keys: Vec<(KeyId, SealingKey)>,
    context: Vec<u8>,
}

impl Keyring {
    /// Makes a keyring whose only key is the active one.
    #[must_use]
    pub fn new(key: SealingKey) -> Self {
        let context = Vec::new();
        Self {
            keys: vec![(key.id(&context), key)],
            context,
        }
    }

    /// Adds a key that still opens records but seals none.
    ///
    /// A key is found by its id. Two different keys share one with a chance of 1 in 2^64, and the one
    /// that was added later opens nothing then.
    #[must_use]
    pub fn with_retired(mut self, key: SealingKey) -> Self {
        self.keys.push((key.id(&self.context), key));
        self
    }

    /// Names what the records of a store belong to, such as an application, or staging.
    ///
    /// A record that was sealed in one context does not open in another one, even by the same key.
    /// So a row that is copied from another database is refused. A store has one context: choose it
    /// before the first record, as no call takes records to another one.
    ///
    /// ```
    /// use secondfactor::{Keyring, SealingKey};
    ///
    /// let key = SealingKey::generate()?;
    /// let keyring = Keyring::new(key).with_context("shop, production");
    /// # Ok::<(), secondfactor::codes::RngError>(())
    /// ```
    #[must_use]
    pub fn with_context(mut self, name: impl Into<String>) -> Self {
        self.context = name.into().into_bytes();
        for (id, key) in &mut self.keys {
            *id = key.id(&self.context);
        }
        self
    }

    /// Makes a second keyring of the same keys, which is wiped on its own, for another
    /// [`Mfa`](crate::Mfa).
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let keys = self
            .keys
            .iter()
            .map(|(id, key)| (*id, key.duplicate()))
            .collect();
        Self {
            keys,
            context: self.context.clone(),
        }
    }

    /// Returns the id of the key that seals.
    #[must_use]
    pub fn active_id(&self) -> KeyId {
        self.keys.first().map_or(KeyId::NONE, |(id, _)| *id)
    }

    pub(crate) fn has(&self, id: KeyId) -> bool {
        self.keys.iter().any(|(known, _)| *known == id)
    }

    /// Seals the `len` bytes that `write` fills in, for one purpose.
    ///
    /// The plaintext is written to its final place and encrypted there, so no copy of it is left
    /// behind.
    pub(crate) fn seal<E: From<SealError> + From<RngError>>(
        &self,
        purpose: Purpose<'_>,
        len: usize,
        write: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let (id, key) = self.keys.first().ok_or(SealError::Malformed)?;
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;

        let mut sealed =
            Zeroizing::new(Vec::with_capacity(len.saturating_add(HEADER_LEN + TAG_LEN)));
        sealed.push(FORMAT);
        sealed.extend_from_slice(id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.resize(len.saturating_add(HEADER_LEN), 0);
        let (header, plaintext) = sealed
            .split_at_mut_checked(HEADER_LEN)
            .ok_or(SealError::Malformed)?;
        write(plaintext)?;
        let tag = cipher(key)?
            .encrypt_inout_detached(
                &nonce.into(),
                &purpose.associated_data(header, &self.context),
                plaintext.into(),
            )
            .map_err(|_| SealError::Malformed)?;
        sealed.extend_from_slice(&tag);
        constant_time::ciphertext(&mut sealed);
        Ok(std::mem::take(&mut *sealed))
    }

    /// Opens what was sealed for this purpose by any key of the ring.
    pub(crate) fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Opened, SealError> {
        let id = key_id(sealed)?;
        let (_, key) = self
            .keys
            .iter()
            .find(|(known, _)| *known == id)
            .ok_or(SealError::UnknownKey { id })?;
        let (header, rest) = sealed
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(SealError::Malformed)?;
        let (ciphertext, tag) = rest
            .split_last_chunk::<TAG_LEN>()
            .ok_or(SealError::Malformed)?;
        let nonce = header
            .last_chunk::<NONCE_LEN>()
            .ok_or(SealError::Malformed)?;

        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        cipher(key)?
            .decrypt_inout_detached(
                nonce.into(),
                &purpose.associated_data(header, &self.context),
                plaintext.as_mut_slice().into(),
                &(*tag).into(),
            )
            .map_err(|_| SealError::Forged)?;
        Ok(Opened { plaintext, key: id })
    }
}

fn cipher(key: &SealingKey) -> Result<XChaCha20Poly1305, SealError> {
    XChaCha20Poly1305::new_from_slice(key.expose_bytes()).map_err(|_| SealError::Malformed)
}

/// Holds what was sealed, and by which key.
pub(crate) struct Opened {
    pub(crate) plaintext: Zeroizing<Vec<u8>>,
    pub(crate) key: KeyId,
}

/// Reads the id of the key that sealed this, as the bytes say. Only opening them shows whether that
/// is true.
pub(crate) fn key_id(sealed: &[u8]) -> Result<KeyId, SealError> {
    let (format, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
    if *format != FORMAT {
        return Err(SealError::UnknownFormat { format: *format });
    }
    rest.first_chunk()
        .copied()
        .map(KeyId::from_bytes)
        .ok_or(SealError::Malformed)
}
