//! The judge: all that is remembered about one account, and pure functions over it.

mod attempt;
mod device;
mod enrollment;
mod record;
mod status;

use std::fmt;

pub use attempt::{Attempt, Denial, Verified};
pub use device::{DeviceId, Label, LabelError};
pub use enrollment::Enrollment;
pub use record::RecordError;
pub use status::{DeviceState, DeviceStatus, Status};

use crate::{Code, Error, Keyring, Secret, UnixTime};
use device::{Device, Match};

/// Devices in an account, those that wait to be confirmed included: AWS allows as many.
const MAX_DEVICES: usize = 8;

/// Which account: any non-empty text of up to 1024 bytes that never changes and is never given to another person, a
/// row id rather than a name. It is compared byte by byte.
///
/// ```
/// use secondfactor::AccountId;
/// let id = AccountId::new("user-4711")?;
/// assert_eq!(id.as_str(), "user-4711");
/// assert!(AccountId::new("").is_err());
/// # Ok::<(), secondfactor::AccountIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// The greatest length in bytes.
    pub const MAX_LEN: usize = 1024;

    /// The account with this id.
    ///
    /// # Errors
    /// Empty, or too long.
    pub fn new(id: impl Into<String>) -> Result<Self, AccountIdError> {
        let id = id.into();
        match id.len() {
            0 => Err(AccountIdError::Empty),
            1..=Self::MAX_LEN => Ok(Self(id)),
            _ => Err(AccountIdError::TooLong),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an [`AccountId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountIdError {
    /// No text.
    #[error("the account id is empty")]
    Empty,
    /// Over 1024 bytes.
    #[error("the account id has more than 1024 bytes")]
    TooLong,
}

/// All that is remembered about one account. [`Mfa`](crate::Mfa) loads and stores it for you.
///
/// Use it yourself where the record must be written in a transaction of your own. Each command consumes the account
/// and gives an [`Attempt`]: seal it, commit the bytes where the version you loaded is still there, and reveal.
///
/// ```
/// use secondfactor::{Account, AccountId, Committed, KeyId, Keyring, Label, Secret, SealingKey, UnixTime};
///
/// let keyring = Keyring::new(KeyId::new(1), SealingKey::generate()?);
/// let (alice, now) = (AccountId::new("alice")?, UnixTime::from_secs(1_234_567_890));
///
/// let mut attempt = Account::new(alice.clone()).enroll(Label::new("phone")?, Secret::generate()?, now)?;
/// let sealed = attempt.seal(&keyring)?;
/// // .. insert `sealed` for this account, and commit ..
/// let enrollment = attempt.reveal(Committed::attest(&sealed))?;
///
/// let account = Account::open(&alice, &sealed, &keyring)?;
/// assert_eq!(account.status().devices().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Account {
    id: AccountId,
    devices: Vec<Device>,
    /// Never given twice, so that a stale form can't mean another device.
    next_device: u32,
    /// Wrong codes since the last right one.
    failures: u32,
}

impl Account {
    /// An account without devices.
    #[must_use]
    pub const fn new(id: AccountId) -> Self {
        Self { id, devices: Vec::new(), next_device: 1, failures: 0 }
    }

    /// Opens an account's sealed record.
    ///
    /// # Errors
    /// [`Error::Seal`] if the bytes were changed, belong to another account or to no key of the ring;
    /// [`Error::Record`] if what they hold makes no sense.
    pub fn open(id: &AccountId, sealed: &[u8], keyring: &Keyring) -> Result<Self, Error> {
        Ok(record::decode(id, &keyring.open(id, sealed)?)?)
    }

    /// Which account this is.
    #[must_use]
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// What the account has, without secrets.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::new(self.devices.iter().map(Device::status).collect())
    }

    /// Begins to enroll a device with a new secret. What was not confirmed in its time makes room, and if the account
    /// is full, what has waited longest to be confirmed.
    ///
    /// # Errors
    /// [`Error::LabelTaken`] by a confirmed device, [`Error::TooManyDevices`].
    pub fn enroll(mut self, label: Label, secret: Secret, now: UnixTime) -> Result<Attempt<Enrollment>, Error> {
        self.refuse_taken(&label)?;
        self.devices.retain(|device| !device.has_expired(now));
        if self.devices.len() >= MAX_DEVICES {
            let waits_longest = self.devices.iter().position(|device| !device.is_active());
            self.devices.remove(waits_longest.ok_or(Error::TooManyDevices)?);
        }
        let id = DeviceId::new(self.next_device);
        self.next_device = self.next_device.checked_add(1).ok_or(Error::TooManyDevices)?;
        let enrollment = Enrollment::new(id, secret.duplicate());
        self.devices.push(Device::pending(id, label, secret, now));
        Ok(Attempt::new(self, Ok(enrollment)))
    }

    /// Confirms a pending device by a code it shows. The code's step is burned.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] if no device of this id is pending, [`Error::EnrollmentExpired`], and
    /// [`Error::LabelTaken`] if one of the same label was confirmed meanwhile.
    pub fn confirm(mut self, id: DeviceId, code: Code, now: UnixTime) -> Result<Attempt<()>, Error> {
        let pending = self.devices.iter().find(|device| device.id == id && !device.is_active());
        let pending = pending.ok_or(Error::UnknownDevice)?;
        if pending.has_expired(now) {
            return Err(Error::EnrollmentExpired);
        }
        self.refuse_taken(&pending.label)?;

        let device = self.devices.iter_mut().find(|device| device.id == id);
        let verdict = device.ok_or(Error::UnknownDevice)?.confirm(code, now);
        Ok(Attempt::new(self, verdict))
    }

    /// Judges a code against every active device: one submission, one charge.
    ///
    /// If devices or steps share the code, the match nearest the present is credited, and all are burned.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] without an active device. A replay changes nothing, so it is refused at once.
    pub fn verify(mut self, code: Code, now: UnixTime) -> Result<Attempt<Verified>, Error> {
        let mut active = self.devices.iter_mut().filter(|device| device.is_active()).peekable();
        active.peek().ok_or(Error::NotEnrolled)?;

        let matches: Vec<(&mut Device, Match)> =
            active.filter_map(|device| device.matching(code, now).map(|found| (device, found))).collect();
        let was_used = !matches.is_empty();
        let unused = matches.into_iter().filter(|(device, found)| device.is_unused(*found));

        let mut credited: Option<(DeviceId, Match)> = None;
        for (device, found) in unused {
            device.accept(found, now);
            if credited.is_none_or(|(_, nearest)| found.distance < nearest.distance) {
                credited = Some((device.id, found));
            }
        }
        let verdict = match credited {
            Some((device, _)) => {
                self.failures = 0;
                Ok(Verified::new(self.id.clone(), device, now))
            }
            None if was_used => return Err(Denial::Replayed.into()),
            None => {
                self.failures = self.failures.saturating_add(1);
                Err(Denial::Mismatch)
            }
        };
        Ok(Attempt::new(self, verdict))
    }

    /// Labels tell confirmed devices apart. Two that wait may share one: the same form, open twice.
    fn refuse_taken(&self, label: &Label) -> Result<(), Error> {
        let taken = self.devices.iter().any(|device| device.is_active() && device.label == *label);
        if taken { Err(Error::LabelTaken) } else { Ok(()) }
    }

    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        record::seal(self, keyring)
    }
}
