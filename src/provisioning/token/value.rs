//! A token, as a file describes it.

use alloc::string::String;

use crate::codes::{Parameters, Secret, UnixTime};

/// Holds what a file says about one token: a vendor's file about a hardware token, or a server's about
/// whatever shows its owner's codes.
///
/// `Token::read_pskc` and `Token::read_csv` read files of vendors, with the features of these names.
/// [`read_users_file`](Self::read_users_file) and
/// [`read_google_authenticator`](Self::read_google_authenticator) read those of PAM modules.
/// [`NewDevice::from_token`](crate::NewDevice::from_token) makes a device of it.
#[derive(Debug)]
pub struct Token {
    pub(crate) secret: Secret,
    pub(crate) parameters: Parameters,
    pub(crate) drift: i32,
    pub(crate) serial: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) start: Option<UnixTime>,
    pub(crate) expiry: Option<UnixTime>,
}

impl Token {
    /// A vendor's file that is read has at most 16 MiB.
    pub const MAX_FILE_LEN: usize = 16 << 20;
    /// The serial number and the other names have at most 128 characters each.
    pub const MAX_NAME_CHARS: usize = 128;

    pub(crate) const fn new(secret: Secret, parameters: Parameters) -> Self {
        Self {
            secret,
            parameters,
            drift: 0,
            serial: None,
            manufacturer: None,
            model: None,
            owner: None,
            start: None,
            expiry: None,
        }
    }

    /// Returns the secret. Unless it is of a table, it may have fewer than 128 bits:
    /// [`is_weak`](Secret::is_weak) says so.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns how the token makes codes. For HOTP they hold the counter of the next code.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns how far its clock was off when the file was written, in periods. It is positive if
    /// the clock is fast.
    #[must_use]
    pub const fn drift(&self) -> i32 {
        self.drift
    }

    /// Returns the serial number, which is printed on the token. In PSKC the key's id stands in for
    /// one that is missing.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// Returns the manufacturer.
    #[must_use]
    pub fn manufacturer(&self) -> Option<&str> {
        self.manufacturer.as_deref()
    }

    /// Returns the model.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Returns the name of the owner, if the file assigns the token already.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Returns when the token may be used first. Whoever assigns it looks at this, as no rule of an
    /// account does.
    #[must_use]
    pub const fn start(&self) -> Option<UnixTime> {
        self.start
    }

    /// Returns when the token expires. Whoever assigns it looks at this, as no rule of an account
    /// does.
    #[must_use]
    pub const fn expiry(&self) -> Option<UnixTime> {
        self.expiry
    }
}
