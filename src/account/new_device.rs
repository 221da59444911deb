//! What kind of device is enrolled.

use super::Label;
use crate::{Algorithm, Counter, Digits, KeyUri, MovingFactor, OutOfRange, Period, Secret};

/// A device to enroll: by its label alone, TOTP with SHA-1, six digits and 30 seconds, which every app understands.
///
/// Anything else is for hardware tokens, and for apps that you have tried: most ignore it silently, and show codes that
/// are wrong. `confirm` then says so.
///
/// ```
/// use secondfactor::{Algorithm, Digits, Label, NewDevice, Period, Secret};
///
/// let app = NewDevice::from(Label::new("phone")?);
/// let strong = NewDevice::totp(Label::new("tablet")?)
///     .with_algorithm(Algorithm::Sha256)
///     .with_digits(Digits::Eight)
///     .with_period(Period::from_secs(60)?)?;
/// // A hardware token, by the secret that it came with; `Secret::from_weak_base32` if that has under 128 bits.
/// let token = NewDevice::hotp(Label::new("token")?)
///     .with_secret(Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NewDevice {
    pub(super) label: Label,
    pub(super) moving: MovingFactor,
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) secret: Option<Secret>,
}

impl NewDevice {
    /// The shortest period of a device: 15 seconds.
    pub const MIN_PERIOD: u16 = 15;
    /// The longest period of a device: 2 minutes (NIST SP 800-63B-4 section 3.1.4.1).
    pub const MAX_PERIOD: u16 = 120;

    /// A device whose codes come from the time.
    #[must_use]
    pub const fn totp(label: Label) -> Self {
        Self::new(label, MovingFactor::Time(Period::DEFAULT))
    }

    /// A device whose codes come from a counter, beginning with 0.
    #[must_use]
    pub const fn hotp(label: Label) -> Self {
        Self::new(label, MovingFactor::Counter(Counter::new(0)))
    }

    /// The device that a key URI describes, with the URI's secret: one from another service's database, as for
    /// [`with_secret`](Self::with_secret).
    ///
    /// ```
    /// use secondfactor::{KeyUri, Label, NewDevice};
    ///
    /// let uri = "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&digits=8";
    /// let device = NewDevice::of_key_uri(Label::new("authenticator")?, &KeyUri::parse(uri)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Its period is none of a device: see [`with_period`](Self::with_period).
    pub fn of_key_uri(label: Label, uri: &KeyUri) -> Result<Self, OutOfRange> {
        let device = Self::new(label, uri.moving_factor())
            .with_algorithm(uri.algorithm())
            .with_digits(uri.digits())
            .with_secret(uri.secret().duplicate());
        match uri.moving_factor() {
            MovingFactor::Time(period) => device.with_period(period),
            MovingFactor::Counter(_) => Ok(device),
        }
    }

    const fn new(label: Label, moving: MovingFactor) -> Self {
        Self { label, moving, algorithm: Algorithm::Sha1, digits: Digits::Six, secret: None }
    }

    /// With another hash.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With another number of digits.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// With another period, if its codes come from the time.
    ///
    /// # Errors
    /// Not [`MIN_PERIOD`](Self::MIN_PERIOD) to [`MAX_PERIOD`](Self::MAX_PERIOD) seconds.
    pub fn with_period(mut self, period: Period) -> Result<Self, OutOfRange> {
        if !(Self::MIN_PERIOD..=Self::MAX_PERIOD).contains(&period.as_secs()) {
            let (min, max) = (u64::from(Self::MIN_PERIOD), u64::from(Self::MAX_PERIOD));
            return Err(OutOfRange::new("period of a device in seconds", min, max));
        }
        if let MovingFactor::Time(_) = self.moving {
            self.moving = MovingFactor::Time(period);
        }
        Ok(self)
    }

    /// With another first counter, if its codes come from a counter.
    #[must_use]
    pub fn with_counter(mut self, counter: Counter) -> Self {
        if let MovingFactor::Counter(_) = self.moving {
            self.moving = MovingFactor::Counter(counter);
        }
        self
    }

    /// With a secret that the device has already: a hardware token's, or one from another service's database. Never one
    /// that came from a client's form. One through the door for weak secrets is marked in the account's status.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self {
            label: self.label.clone(),
            moving: self.moving,
            algorithm: self.algorithm,
            digits: self.digits,
            secret: self.secret.as_ref().map(Secret::duplicate),
        }
    }
}

impl From<Label> for NewDevice {
    fn from(label: Label) -> Self {
        Self::totp(label)
    }
}
