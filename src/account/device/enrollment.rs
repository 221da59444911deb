//! What an owner is shown once to set up an authenticator.

use super::entry::Device;
use super::id::DeviceId;
use crate::codes::{Parameters, Secret};
use crate::provisioning::KeyUri;

/// Holds a pending device with its secret. Show it to the owner once, and drop it.
///
/// ```
/// # use secondfactor::{AccountId, Keyring, Label, Mfa, SealingKey, store::MemoryStore};
/// # pollster::block_on(async {
/// # let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?));
/// let enrollment = mfa.enroll(&AccountId::new("alice")?, Label::new("phone")?).await?;
/// let key_to_type = enrollment.secret().expose_base32();
/// let uri = enrollment.key_uri("Example", "alice@example.com").expose_uri();
/// assert!(uri.starts_with("otpauth://totp/Example:alice%40example.com?secret="));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "the secret in it is shown once"]
pub struct Enrollment {
    device: DeviceId,
    secret: Secret,
    parameters: Parameters,
}

impl Enrollment {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            device: device.id,
            secret: device.secret.duplicate(),
            parameters: device.parameters(),
        }
    }

    /// Returns the device, which is to be confirmed.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns the secret, for an owner who types it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the secret as a key URI, for an app that scans it.
    ///
    /// `issuer` says who issues the key, and `account_name` is the name by which the owner knows
    /// the account.
    ///
    /// The device is pending already, so there is always a URI for it. Invisible characters and blanks
    /// at the ends are left out of a name, and a `:`, which parts the two, becomes a `-`. A name is cut
    /// after [`KeyUri::MAX_NAME_LEN`] bytes. If nothing is left, it is `-`. [`KeyUri::new`] refuses
    /// such names.
    #[must_use]
    pub fn key_uri(&self, issuer: &str, account_name: &str) -> KeyUri {
        let secret = self.secret.duplicate();
        KeyUri::fitted(secret, self.parameters, issuer, account_name)
    }

    /// Returns the algorithm, the digits, and the period or counter, for an owner who types them.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }
}
