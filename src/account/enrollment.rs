//! What the owner is shown once to set up an authenticator.

use super::DeviceId;
use super::device::Device;
use crate::{Algorithm, Digits, KeyUri, MovingFactor, Secret, UriError};

/// A device that waits to be confirmed, with its secret: show it to the owner once, and drop it.
///
/// ```
/// # use secondfactor::{AccountId, KeyId, Keyring, Label, MemoryStore, Mfa, SealingKey};
/// # pollster::block_on(async {
/// # let mfa = Mfa::new(MemoryStore::new(), Keyring::new(KeyId::new(1), SealingKey::generate()?));
/// let enrollment = mfa.enroll(&AccountId::new("alice")?, Label::new("phone")?).await?;
/// let key_to_type = enrollment.secret().expose_base32();
/// let uri = enrollment.key_uri("Example", "alice@example.com")?.expose_uri();
/// assert!(uri.starts_with("otpauth://totp/Example:alice%40example.com?secret="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "the secret in it is shown once"]
pub struct Enrollment {
    device: DeviceId,
    secret: Secret,
    algorithm: Algorithm,
    digits: Digits,
    moving: MovingFactor,
}

impl Enrollment {
    pub(super) fn of(device: &Device) -> Self {
        Self {
            device: device.id,
            secret: device.secret.duplicate(),
            algorithm: device.algorithm,
            digits: device.digits,
            moving: device.moving(),
        }
    }

    /// The device, to be confirmed.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The secret, for those who type it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The secret as a key URI, for an app that scans it: who issues it, and the name the owner knows the account by.
    ///
    /// # Errors
    /// Those of [`KeyUri::totp`].
    pub fn key_uri(&self, issuer: &str, account_name: &str) -> Result<KeyUri, UriError> {
        let secret = self.secret.duplicate();
        let uri = match self.moving {
            MovingFactor::Time(period) => KeyUri::totp(secret, issuer, account_name)?.with_period(period),
            MovingFactor::Counter(counter) => KeyUri::hotp(secret, counter, issuer, account_name)?,
        };
        Ok(uri.with_algorithm(self.algorithm).with_digits(self.digits))
    }
}
