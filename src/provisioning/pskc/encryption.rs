//! Opens encrypted values (RFC 6030 section 6): the MAC first, then the cipher.

use alloc::vec::Vec;
use core::fmt;

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2;
use roxmltree::Node;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::xml::{Space, bytes, child, needed, text};
use crate::codes::constant_time::verdict;
use crate::provisioning::token::{TokenPart, TokenReason, number};

type Bytes = Zeroizing<Vec<u8>>;
type Opened = Result<Bytes, TokenReason>;

/// Opens the encrypted values of a PSKC file. The vendor sends it by another way than the file.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum PskcKey<'k> {
    /// There is no key. Only keys in plain text are read.
    None,
    /// This is the key itself, of 16, 24 or 32 bytes.
    Shared(&'k [u8]),
    /// The key is derived from this password. The file says how.
    Password(&'k str),
}

impl PskcKey<'_> {
    /// A password is hashed at most two million times. A file that asks for more is refused.
    pub const MAX_ROUNDS: u32 = 2_000_000;
}

impl fmt::Debug for PskcKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Shared(_) => "Shared(..)",
            Self::Password(_) => "Password(..)",
        })
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// Holds what opens the values of one file, or the reason why nothing does.
pub(super) struct Opener {
    key: Opened,
    /// `None` if the file has no MAC.
    mac: Option<Result<(Hash, Bytes), TokenReason>>,
}

impl Opener {
    pub(super) fn new(container: Node<'_, '_>, key: PskcKey<'_>) -> Self {
        let key = encryption_key(container, key);
        let mac = mac_method(container, &key).transpose();
        Self { key, mac }
    }

    /// Opens the encrypted value below an element.
    ///
    /// Whether the MAC or the padding is wrong is not told, nor by the time it takes: the padding is
    /// never looked at before the MAC was right.
    pub(super) fn open(&self, element: Node<'_, '_>, value: Node<'_, '_>) -> Opened {
        let key = self.key.as_ref().map_err(Clone::clone)?;
        let cipher = Cipher::read(value)?;
        let part = TokenPart::Mac;
        let expected = child(element, Space::Pskc, "ValueMAC", part)?;
        let mac = self.mac.as_ref().ok_or(TokenReason::NoMac)?;
        let expected = bytes(expected.ok_or(TokenReason::NoMac)?, part)?;
        let (hash, mac_key) = mac.as_ref().map_err(Clone::clone)?;
        match hash.is_mac_of(&cipher.data, mac_key, &expected) {
            true => cipher.open(key),
            false => Err(TokenReason::NotOpened),
        }
    }
}

fn encryption_key(container: Node<'_, '_>, key: PskcKey<'_>) -> Opened {
    let part = TokenPart::Encryption;
    let element = child(container, Space::Pskc, "EncryptionKey", part)?;
    let derived = match element {
        Some(element) => child(element, Space::Any, "DerivedKey", part)?,
        None => None,
    };
    match (derived, key) {
        (None, PskcKey::Shared(key)) => Ok(Zeroizing::new(key.to_vec())),
        (Some(derived), PskcKey::Password(password)) => derive(derived, password),
        (None, _) => Err(TokenReason::KeyNeeded),
        (Some(_), _) => Err(TokenReason::PasswordNeeded),
    }
}

/// Derives the key from the password by PBKDF2 (RFC 8018 section 5.2).
fn derive(derived: Node<'_, '_>, password: &str) -> Opened {
    let part = TokenPart::Derivation;
    let method = needed(derived, Space::Any, "KeyDerivationMethod", part)?;
    let is_pbkdf2 = method
        .attribute("Algorithm")
        .is_some_and(|name| name.ends_with("#pbkdf2"));
    if !is_pbkdf2 {
        return Err(TokenReason::Unsupported { part });
    }
    let settings = needed(method, Space::Any, "PBKDF2-params", part)?;
    let setting = |name| {
        let node = needed(settings, Space::Any, name, part)?;
        number(&text(node, part)?).ok_or(TokenReason::Value { part })
    };
    let salt = needed(settings, Space::Any, "Salt", part)?;
    let salt = bytes(needed(salt, Space::Any, "Specified", part)?, part)?;
    let rounds = u32::try_from(setting("IterationCount")?).unwrap_or(u32::MAX);
    let length = usize::try_from(setting("KeyLength")?).unwrap_or(usize::MAX);
    if !(1..=PskcKey::MAX_ROUNDS).contains(&rounds) || !matches!(length, 16 | 24 | 32) {
        return Err(TokenReason::Value { part });
    }
    // SHA-1 is the default of RFC 8018. Some writers leave the element empty.
    let prf = child(settings, Space::Any, "PRF", part)?.and_then(|prf| prf.attribute("Algorithm"));
    let hash = prf.map_or(Ok(Hash::Sha1), |name| Hash::read(name, part))?;
    let mut key = Zeroizing::new(alloc::vec![0; length]);
    let password = password.as_bytes();
    let done = match hash {
        Hash::Sha1 => pbkdf2::<Hmac<Sha1>>(password, &salt, rounds, &mut key),
        Hash::Sha256 => pbkdf2::<Hmac<Sha256>>(password, &salt, rounds, &mut key),
        Hash::Sha512 => pbkdf2::<Hmac<Sha512>>(password, &salt, rounds, &mut key),
    };
    done.map_err(|_| TokenReason::NotOpened)?;
    Ok(key)
}

/// Reads the MAC and its key. Without a key of its own it takes the encryption key.
fn mac_method(container: Node<'_, '_>, key: &Opened) -> Result<Option<(Hash, Bytes)>, TokenReason> {
    let part = TokenPart::Mac;
    let Some(method) = child(container, Space::Pskc, "MACMethod", part)? else {
        return Ok(None);
    };
    let name = method
        .attribute("Algorithm")
        .ok_or(TokenReason::Missing { part })?;
    let hash = Hash::read(name, part)?;
    if child(method, Space::Pskc, "MACKeyReference", part)?.is_some() {
        return Err(TokenReason::Unsupported { part });
    }
    let key = key.as_ref().map_err(Clone::clone)?;
    let mac_key = match child(method, Space::Pskc, "MACKey", part)? {
        Some(mac_key) => Cipher::read(mac_key)?.open(key)?,
        None => key.clone(),
    };
    Ok(Some((hash, mac_key)))
}

impl Hash {
    fn read(name: &str, part: TokenPart) -> Result<Self, TokenReason> {
        match name.rsplit('#').next() {
            Some("hmac-sha1") => Ok(Self::Sha1),
            Some("hmac-sha256") => Ok(Self::Sha256),
            Some("hmac-sha512") => Ok(Self::Sha512),
            _ => Err(TokenReason::Unsupported { part }),
        }
    }

    fn is_mac_of(self, data: &[u8], key: &[u8], expected: &[u8]) -> bool {
        fn compare<M: Mac + KeyInit>(data: &[u8], key: &[u8], expected: &[u8]) -> bool {
            let Ok(mac) = <M as KeyInit>::new_from_slice(key) else {
                return false;
            };
            let mac = mac.chain_update(data).finalize().into_bytes();
            verdict(mac.as_slice().ct_eq(expected))
        }
        match self {
            Self::Sha1 => compare::<Hmac<Sha1>>(data, key, expected),
            Self::Sha256 => compare::<Hmac<Sha256>>(data, key, expected),
            Self::Sha512 => compare::<Hmac<Sha512>>(data, key, expected),
        }
    }
}

/// Holds an encrypted value: 16 bytes of IV, then the ciphertext.
struct Cipher {
    key_len: usize,
    data: Bytes,
}

impl Cipher {
    const BLOCK: usize = 16;

    /// Reads what stands below an `EncryptedValue` or a `MACKey`.
    fn read(value: Node<'_, '_>) -> Result<Self, TokenReason> {
        let part = TokenPart::Encryption;
        let method = needed(value, Space::Xenc, "EncryptionMethod", part)?;
        let name = method
            .attribute("Algorithm")
            .ok_or(TokenReason::Missing { part })?;
        let key_len = match name.strip_prefix("http://www.w3.org/2001/04/xmlenc#") {
            Some("aes128-cbc") => 16,
            Some("aes192-cbc") => 24,
            Some("aes256-cbc") => 32,
            _ => return Err(TokenReason::Unsupported { part }),
        };
        let data = needed(value, Space::Xenc, "CipherData", part)?;
        let data = bytes(needed(data, Space::Xenc, "CipherValue", part)?, part)?;
        Ok(Self { key_len, data })
    }

    /// Decrypts it, and removes the padding: the last byte says how many bytes it has (XML
    /// Encryption section 5.2).
    fn open(self, key: &[u8]) -> Opened {
        fn decrypt<D: BlockModeDecrypt + KeyIvInit>(
            key: &[u8],
            iv: &[u8],
            data: &mut [u8],
        ) -> bool {
            D::new_from_slices(key, iv)
                .is_ok_and(|cipher| cipher.decrypt_padded::<NoPadding>(data).is_ok())
        }
        let (iv, data) = (self.data.split_at_checked(Self::BLOCK)).ok_or(TokenReason::NotOpened)?;
        let mut plain = Zeroizing::new(data.to_vec());
        let is_decrypted = key.len() == self.key_len
            && match self.key_len {
                16 => decrypt::<Decryptor<Aes128>>(key, iv, &mut plain),
                24 => decrypt::<Decryptor<Aes192>>(key, iv, &mut plain),
                _ => decrypt::<Decryptor<Aes256>>(key, iv, &mut plain),
            };
        let padding = plain.last().copied().map_or(0, usize::from);
        if !is_decrypted || !(1..=Self::BLOCK).contains(&padding) {
            return Err(TokenReason::NotOpened);
        }
        let length = plain.len().saturating_sub(padding);
        plain.truncate(length);
        Ok(plain)
    }
}
