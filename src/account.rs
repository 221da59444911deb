//! The judge: all that is remembered about one account, and pure functions over it.

mod account_id;
mod attempt;
mod device;
mod diagnosis;
mod drift;
mod enroll;
mod enrollment;
mod label;
mod manage;
mod new_device;
mod proof;
mod record;
mod recovery;
mod recovery_code;
mod resync;
mod status;
mod throttle;
mod verify;

use std::time::Duration;

pub use account_id::{AccountId, AccountIdError};
pub use attempt::{Attempt, Denial};
pub use device::DeviceId;
pub use diagnosis::Diagnosis;
pub use enrollment::Enrollment;
pub use label::{Label, LabelError};
pub use new_device::NewDevice;
pub use proof::{Confirmed, Proof, Recovered, Stale, Verified};
pub(crate) use proof::{Evidence, refuse_the_future};
pub use record::RecordError;
pub use recovery_code::{RecoveryCode, RecoveryCodeError, RecoveryCodes};
pub use status::{DeviceKind, DeviceState, DeviceStatus, Lock, Status};

use crate::event::Event;
use crate::policy::Policy;
use crate::seal::Purpose;
use crate::{Error, KeyId, Keyring, UnixTime};
use device::{Device, State};
use recovery::Recovery;
use throttle::{Bucket, Throttle};

/// How far servers' clocks may differ before one of them has gone back, or what it wrote is from the future.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// All that is remembered about one account. [`Mfa`](crate::Mfa) loads and stores it for you.
///
/// Use it yourself where the record must be written in a transaction of your own (`examples/own_transaction.rs`). Each
/// command consumes the account and gives an [`Attempt`]: seal it, commit the bytes where the version you loaded is
/// still there, and reveal. What a command refuses at once, without a change, is its error.
///
/// ```
/// use secondfactor::{Account, AccountId, Committed, KeyId, Keyring, Label, SealingKey, UnixTime};
///
/// let keyring = Keyring::new(KeyId::new(1), SealingKey::generate()?);
/// let (alice, now) = (AccountId::new("alice")?, UnixTime::from_secs(1_234_567_890));
///
/// let mut attempt = Account::new(alice.clone()).enroll(Label::new("phone")?, now)?;
/// let sealed = attempt.seal(&keyring)?;
/// // .. insert `sealed` for this account, and commit ..
/// let enrollment = attempt.reveal(Committed::attest(&sealed))?;
///
/// let account = Account::open(&alice, &sealed, &keyring)?;
/// assert_eq!(account.status(now).devices().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Account {
    id: AccountId,
    policy: Policy,
    devices: Vec<Device>,
    /// Never given twice, so that a stale form can't mean another device.
    next_device: u32,
    throttle: Throttle,
    resyncs: Bucket,
    recovery: Option<Recovery>,
    /// When it was last changed, to notice a clock that goes back.
    last_change: Option<UnixTime>,
    sealed_by: Option<KeyId>,
    /// Of the command that is being judged.
    events: Vec<Event>,
}

impl Account {
    /// An account without devices.
    #[must_use]
    pub const fn new(id: AccountId) -> Self {
        Self {
            id,
            policy: Policy::DEFAULT,
            devices: Vec::new(),
            next_device: 1,
            throttle: Throttle::NEW,
            resyncs: Bucket::EMPTY,
            recovery: None,
            last_change: None,
            sealed_by: None,
            events: Vec::new(),
        }
    }

    /// Opens an account's sealed record.
    ///
    /// # Errors
    /// [`Error::Seal`] if the bytes were changed, belong to another account or to no key of the ring;
    /// [`Error::Record`] if what they hold makes no sense.
    pub fn open(id: &AccountId, sealed: &[u8], keyring: &Keyring) -> Result<Self, Error> {
        let opened = keyring.open(Purpose::Record(id), sealed)?;
        let account = record::decode(id, &opened.plaintext)?;
        Ok(Self { sealed_by: Some(opened.key), ..account })
    }

    /// With other limits. They are the application's, and not part of the record.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Which account this is.
    #[must_use]
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// What the account has, without secrets.
    #[must_use]
    pub fn status(&self, now: UnixTime) -> Status {
        Status::of(self, now)
    }

    /// Seals the record by the keyring's active key, whatever key it was sealed by.
    pub fn reseal(mut self, keyring: &Keyring) -> Attempt<()> {
        if let Some(from) = self.sealed_by {
            self.note(Event::Resealed { from, to: keyring.active_id() });
        }
        Attempt::new(self, Ok(()))
    }

    /// Shows what must not leak, for `.ci/constant-time` to mark: devices' secrets; of the recovery codes salt and hashes.
    #[cfg(secondfactor_constant_time)]
    #[doc(hidden)]
    pub fn for_each_secret(&self, mut see: impl FnMut(&[u8])) {
        self.devices.iter().for_each(|device| see(device.secret.expose_bytes()));
        if let Some(recovery) = &self.recovery {
            see(&*recovery.salt);
            recovery.codes.iter().for_each(|(_, hash)| see(hash));
        }
    }

    /// Every command begins so: what is over is dropped.
    fn begin(&mut self, now: UnixTime) {
        if let Some(last) = self.last_change.filter(|last| now.saturating_add(CLOCK_TOLERANCE) < *last) {
            self.note(Event::ClockRegressed { last });
        }
        self.last_change = Some(now);
        let events = &mut self.events;
        self.devices.retain(|device| {
            let is_over = matches!(device.state, State::Retiring { .. }) && !device.is_live(now);
            if is_over {
                events.push(Event::Retired { device: device.id, label: device.label.clone() });
            }
            !is_over && !device.has_expired(now)
        });
    }

    /// A command that changes the second factor begins with a fresh proof of it.
    fn begin_proven(&mut self, proof: &dyn Proof, now: UnixTime) -> Result<(), Error> {
        proof::check(proof, self, now)?;
        self.begin(now);
        Ok(())
    }

    fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    fn require_live(&self, now: UnixTime) -> Result<(), Error> {
        if self.devices.iter().any(|device| device.is_live(now)) { Ok(()) } else { Err(Error::NotEnrolled) }
    }

    fn device(&self, id: DeviceId) -> Result<&Device, Error> {
        self.devices.iter().find(|device| device.id == id).ok_or(Error::UnknownDevice)
    }

    fn device_mut(&mut self, id: DeviceId) -> Result<&mut Device, Error> {
        self.devices.iter_mut().find(|device| device.id == id).ok_or(Error::UnknownDevice)
    }

    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, Error> {
        record::seal(self, keyring)
    }
}

#[cfg(test)]
mod tests;
