//! A device to enroll.

use super::session::{SessionHash, hash};
use crate::account::label::Label;
use crate::account::policy::resync_steps;
use crate::codes::{Counter, OutOfRange, Parameters, Period, Secret};
use crate::provisioning::{KeyUri, Token};

/// Describes a device to enroll. A [`Label`] alone describes an authenticator app with
/// [`Parameters::DEFAULT`].
///
/// Anything else is for hardware tokens, and for apps that you have tried. Most apps ignore other
/// parameters silently and show wrong codes. Then [`Mfa::confirm`](crate::Mfa::confirm) says so.
///
/// ```
/// use secondfactor::codes::{Algorithm, Counter, Digits, Parameters, Period, Secret};
/// use secondfactor::{Label, NewDevice};
///
/// let app = NewDevice::totp(Label::new("phone")?);
/// let strong = Parameters::totp(Period::from_secs(60)?).with_algorithm(Algorithm::Sha256).with_digits(Digits::Eight);
/// let strong = NewDevice::with_parameters(Label::new("tablet")?, strong)?;
/// // A hardware token comes with a secret. `Secret::from_weak_base32` takes one under 128 bits.
/// let token = NewDevice::hotp(Label::new("token")?, Counter::new(0))
///     .with_secret(Secret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NewDevice {
    pub(crate) label: Label,
    pub(crate) parameters: Parameters,
    pub(crate) secret: Option<Secret>,
    pub(crate) session: Option<SessionHash>,
    /// Its clock is off by so many steps.
    pub(crate) drift: i16,
    /// It came with this serial number.
    pub(crate) serial: Option<String>,
}

impl NewDevice {
    /// The period of a device has at least 15 seconds.
    pub const MIN_PERIOD: u16 = 15;
    /// The period of a device has at most 2 minutes (NIST SP 800-63B-4 section 3.1.4.1).
    pub const MAX_PERIOD: u16 = 120;

    /// Describes an authenticator app, whose codes come from the time.
    #[must_use]
    pub const fn totp(label: Label) -> Self {
        Self {
            label,
            parameters: Parameters::DEFAULT,
            secret: None,
            session: None,
            drift: 0,
            serial: None,
        }
    }

    /// Describes a token whose codes come from a counter, with SHA-1 and six digits.
    ///
    /// `next` is the first counter that was not used yet.
    #[must_use]
    pub const fn hotp(label: Label, next: Counter) -> Self {
        Self {
            label,
            parameters: Parameters::hotp(next),
            secret: None,
            session: None,
            drift: 0,
            serial: None,
        }
    }

    /// Describes a device with these parameters.
    ///
    /// # Errors
    /// [`OutOfRange`] if the period is not [`MIN_PERIOD`](Self::MIN_PERIOD) to
    /// [`MAX_PERIOD`](Self::MAX_PERIOD) seconds.
    pub fn with_parameters(label: Label, parameters: Parameters) -> Result<Self, OutOfRange> {
        let is_allowed =
            |period: Period| (Self::MIN_PERIOD..=Self::MAX_PERIOD).contains(&period.as_secs());
        if !parameters.period().is_none_or(is_allowed) {
            let (min, max) = (u64::from(Self::MIN_PERIOD), u64::from(Self::MAX_PERIOD));
            return Err(OutOfRange::new("period of a device in seconds", min, max));
        }
        Ok(Self {
            label,
            parameters,
            secret: None,
            session: None,
            drift: 0,
            serial: None,
        })
    }

    /// Describes the device of a key URI, with the URI's secret, for example from another service's
    /// database.
    ///
    /// ```
    /// use secondfactor::provisioning::KeyUri;
    /// use secondfactor::{Label, NewDevice};
    ///
    /// let uri = "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&digits=8";
    /// let device = NewDevice::from_key_uri(Label::new("authenticator")?, &KeyUri::parse(uri)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`with_parameters`](Self::with_parameters).
    pub fn from_key_uri(label: Label, uri: &KeyUri) -> Result<Self, OutOfRange> {
        Ok(Self::with_parameters(label, uri.parameters())?.with_secret(uri.secret().duplicate()))
    }

    /// Describes a token by what its file says, with the token's secret, its serial number and the
    /// drift of its clock.
    ///
    /// It may be a vendor's file about hardware tokens, or one of a PAM module. The device keeps the
    /// serial number. The owner and the dates are yours to keep and to check.
    ///
    /// ```
    /// # #[cfg(feature = "csv")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use secondfactor::codes::Parameters;
    /// use secondfactor::provisioning::Token;
    /// use secondfactor::{Label, NewDevice};
    ///
    /// let file = b"10001001,3132333435363738393031323334353637383930,totp,6,60";
    /// for token in Token::read_csv(file, Parameters::DEFAULT)? {
    ///     let device = NewDevice::from_token(Label::new("token")?, &token?)?;
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "csv"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// * As for [`with_parameters`](Self::with_parameters).
    /// * [`OutOfRange`] if the clock is off by more than an hour.
    pub fn from_token(label: Label, token: &Token) -> Result<Self, OutOfRange> {
        let device = Self::with_parameters(label, token.parameters())?
            .with_secret(token.secret().duplicate());
        let reach = token.parameters().period().map_or(0, resync_steps);
        let drift = i16::try_from(token.drift()).ok();
        match drift.filter(|steps| steps.unsigned_abs() <= reach.unsigned_abs()) {
            Some(drift) => Ok(Self {
                drift,
                serial: token.serial().map(ToOwned::to_owned),
                ..device
            }),
            None => {
                let what = "drift of a device in periods, either way,";
                Err(OutOfRange::new(what, 0, u64::from(reach.unsigned_abs())))
            }
        }
    }

    /// Sets a secret that the device has already: a hardware token's, or one from another service's
    /// database.
    ///
    /// Never take one from a client's form. A secret under 128 bits is marked in the account's
    /// status.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Binds the enrollment to a session of the application, so that no other session can confirm
    /// it.
    ///
    /// Give the session's secret id. An empty one is no session: nobody confirms the device then.
    /// Then a device that one browser began to enroll is of no use to
    /// another browser that knows the password. Only in a session a wrong code is diagnosed as one
    /// of a [clock that is off](crate::account::Diagnosis::ClockOff).
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Label, Mfa, NewDevice, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, code: Code, session: &[u8])
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let device = NewDevice::totp(Label::new("phone")?).in_session(session);
    /// let enrollment = mfa.enroll(alice, device).await?;
    /// // .. in a later request of that session ..
    /// let confirmed = mfa.confirm(alice, enrollment.device().in_session(session), code).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_session(mut self, session: &[u8]) -> Self {
        self.session = Some(hash(session));
        self
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self {
            label: self.label.clone(),
            parameters: self.parameters,
            secret: self.secret.as_ref().map(Secret::duplicate),
            session: self.session,
            drift: self.drift,
            serial: self.serial.clone(),
        }
    }
}

impl From<Label> for NewDevice {
    fn from(label: Label) -> Self {
        Self::totp(label)
    }
}
