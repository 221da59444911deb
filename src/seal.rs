//! The record at rest: sealed whole, bound to its account, by one of several keys.

use std::fmt;

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::error::fill_random;
use crate::secret::{SecretBytes, decode_base32};
use crate::{AccountId, Error, RecordError, RngError, SecretError, SecretText, declassify};

/// The first byte of a sealed record. A release that adds something to the record raises it, opens all up to its own,
/// and refuses later ones, so that an older server can't drop what it does not know.
const FORMAT: u8 = 3;
/// The same of a token. One that does not open costs its owner a code.
const TOKEN_FORMAT: u8 = 2;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
/// Format, key id, nonce.
const HEADER_LEN: usize = 1 + 4 + NONCE_LEN;

/// The name of a sealing key: any number that you never give to two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// The key id with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 256-bit key that seals records. Keep it away from the database: in a file of its own, the environment, a vault.
///
/// ```
/// use secondfactor::SealingKey;
///
/// let key = SealingKey::generate()?;
/// let text = key.expose_base32();
/// let again = SealingKey::from_base32(&text)?;
/// assert_eq!(format!("{again:?}"), "SealingKey(..)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SealingKey {
    bytes: SecretBytes,
}

impl SealingKey {
    /// The length of a key in bytes.
    pub const LEN: usize = 32;

    /// A new key from the operating system's generator.
    ///
    /// # Errors
    /// The generator failed.
    pub fn generate() -> Result<Self, RngError> {
        let mut bytes = SecretBytes::from(vec![0; Self::LEN]);
        fill_random(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// The key with these bytes, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self { bytes: SecretBytes::from(bytes.to_vec()) }
    }

    /// A key from Base32 text, as [`expose_base32`](Self::expose_base32) writes it; blanks and case don't matter.
    ///
    /// # Errors
    /// Not Base32, or not 32 bytes.
    pub fn from_base32(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = decode_base32(text)?;
        if bytes.len() == Self::LEN { Ok(Self { bytes }) } else { Err(SealingKeyError::Length) }
    }

    /// The key in Base32: 52 symbols, for a key file or a vault.
    #[must_use]
    pub fn expose_base32(&self) -> SecretText {
        SecretText::base32(&self.bytes)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// Why a text is not a [`SealingKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// Not Base32.
    #[error(transparent)]
    Text(#[from] SecretError),
    /// Not 32 bytes.
    #[error("a sealing key has 32 bytes")]
    Length,
}

/// The keys that seal and open records: one active, which seals every write, and any number of retired ones, which
/// only open what they once sealed. So keys are changed without downtime.
///
/// ```
/// use secondfactor::{KeyId, Keyring, SealingKey};
///
/// let (new, old) = (SealingKey::generate()?, SealingKey::generate()?);
/// let keyring = Keyring::new(KeyId::new(2), new).with_retired(KeyId::new(1), old);
/// # Ok::<(), secondfactor::RngError>(())
/// ```
#[derive(Debug)]
pub struct Keyring {
    active: (KeyId, SealingKey),
    retired: Vec<(KeyId, SealingKey)>,
}

impl Keyring {
    /// A keyring whose only key is the active one.
    #[must_use]
    pub const fn new(id: KeyId, key: SealingKey) -> Self {
        Self { active: (id, key), retired: Vec::new() }
    }

    /// With a key that still opens records but seals none. If ids repeat, the first one counts.
    #[must_use]
    pub fn with_retired(mut self, id: KeyId, key: SealingKey) -> Self {
        self.retired.push((id, key));
        self
    }

    /// A second keyring of the same keys, wiped on its own: for another [`Mfa`](crate::Mfa), or beside it.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let again = |(id, key): &(KeyId, SealingKey)| (*id, SealingKey { bytes: key.bytes.clone() });
        Self { active: again(&self.active), retired: self.retired.iter().map(again).collect() }
    }

    /// Seals the `len` bytes that `write` fills in, for one purpose.
    ///
    /// The plaintext is written to its final place and encrypted there: no copy of it is left behind.
    pub(crate) fn seal(
        &self,
        purpose: Purpose<'_>,
        len: usize,
        write: impl FnOnce(&mut [u8]) -> Result<(), RecordError>,
    ) -> Result<Vec<u8>, Error> {
        let (id, key) = &self.active;
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;

        let mut sealed = Zeroizing::new(Vec::with_capacity(len.saturating_add(HEADER_LEN + TAG_LEN)));
        sealed.push(purpose.format());
        sealed.extend_from_slice(&id.0.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.resize(len.saturating_add(HEADER_LEN), 0);
        let (header, plaintext) = sealed.split_at_mut_checked(HEADER_LEN).ok_or(SealError::Malformed)?;
        write(plaintext)?;
        let tag = key
            .cipher()?
            .encrypt_inout_detached(&nonce.into(), &purpose.associated_data(header), plaintext.into())
            .map_err(|_| SealError::Malformed)?;
        sealed.extend_from_slice(&tag);
        declassify::ciphertext(&mut sealed);
        Ok(std::mem::take(&mut *sealed))
    }

    /// The id of the key that seals.
    #[must_use]
    pub const fn active_id(&self) -> KeyId {
        self.active.0
    }

    /// Opens what was sealed for this purpose by any key of the ring.
    pub(crate) fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Opened, SealError> {
        let id = key_id_of(sealed, purpose.format())?;
        let key = self.key(id).ok_or(SealError::UnknownKey { id })?;
        let (header, rest) = sealed.split_first_chunk::<HEADER_LEN>().ok_or(SealError::Malformed)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(SealError::Malformed)?;
        let [_, _, _, _, _, nonce @ ..] = *header;

        let mut plaintext = SecretBytes::from(ciphertext.to_vec());
        key.cipher()?
            .decrypt_inout_detached(
                &nonce.into(),
                &purpose.associated_data(header),
                (&mut *plaintext).into(),
                &(*tag).into(),
            )
            .map_err(|_| SealError::Forged)?;
        Ok(Opened { plaintext, key: id })
    }

    fn key(&self, id: KeyId) -> Option<&SealingKey> {
        std::iter::once(&self.active).chain(&self.retired).find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

impl SealingKey {
    fn cipher(&self) -> Result<XChaCha20Poly1305, SealError> {
        XChaCha20Poly1305::new_from_slice(&self.bytes).map_err(|_| SealError::Malformed)
    }
}

/// What sealed bytes are bound to, with their format, key id and nonce: what was moved, or edited anywhere, does not open.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'p> {
    Record(&'p AccountId),
    Token { account: &'p AccountId, session: &'p [u8] },
}

impl Purpose<'_> {
    const fn format(self) -> u8 {
        match self {
            Self::Record(_) => FORMAT,
            Self::Token { .. } => TOKEN_FORMAT,
        }
    }

    fn associated_data(self, header: &[u8]) -> Vec<u8> {
        match self {
            Self::Record(account) => [b"secondfactor record", header, account.as_str().as_bytes()].concat(),
            Self::Token { account, session } => {
                let account = account.as_str().as_bytes();
                // The length keeps the two apart: no end of a name can pass as the beginning of a session.
                let len = u64::try_from(account.len()).unwrap_or(u64::MAX).to_be_bytes();
                [b"secondfactor token", header, &len, account, session].concat()
            }
        }
    }
}

/// What was sealed, and by which key.
pub(crate) struct Opened {
    pub(crate) plaintext: SecretBytes,
    pub(crate) key: KeyId,
}

/// The id of the key that sealed this record, as it says; whether it did shows only when it is opened.
pub(crate) fn key_id(record: &[u8]) -> Result<KeyId, SealError> {
    key_id_of(record, FORMAT)
}

fn key_id_of(sealed: &[u8], greatest_format: u8) -> Result<KeyId, SealError> {
    let [format, id @ ..] = sealed.first_chunk::<5>().ok_or(SealError::Malformed)?;
    if !(1..=greatest_format).contains(format) {
        return Err(SealError::UnknownFormat { format: *format });
    }
    Ok(KeyId(u32::from_be_bytes(*id)))
}

/// Why stored bytes don't open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Too short to be a sealed record.
    #[error("not a sealed record")]
    Malformed,
    /// Sealed by a later release, or not a sealed record.
    #[error("sealed in the unknown format {format}")]
    UnknownFormat {
        /// The format's number.
        format: u8,
    },
    /// The key is not on the keyring.
    #[error("sealed by the unknown key {id}")]
    UnknownKey {
        /// The key's id.
        id: KeyId,
    },
    /// The record was changed, belongs to another account, or was sealed by another key of this id.
    #[error("the sealed record was changed, or belongs to another account")]
    Forged,
}
