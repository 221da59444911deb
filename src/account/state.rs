//! All that is remembered about one account.

use super::device::entry::{Device, State};
use super::device::id::DeviceId;
use super::error::Error;
use super::event::Event;
use super::policy::{CLOCK_TOLERANCE, Policy};
use super::recovery::set::RecoverySet;
use super::throttle::{Bucket, Throttle};
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::sealing::KeyId;

/// Holds all that is remembered about one account. [`Mfa`](crate::Mfa) loads and stores it for you.
///
/// Use it yourself where the record must be written in a transaction of your own (`examples/own_transaction.rs`). Each
/// command consumes the account and gives an [`Attempt`](super::Attempt): seal it, commit the bytes where the version you
/// loaded is still there, and reveal. What a command refuses at once, without a change, is its error.
///
/// ```
/// use secondfactor::{AccountId, Keyring, Label, SealingKey};
/// use secondfactor::{account::Account, codes::UnixTime, store::Committed};
///
/// let keyring = Keyring::new(SealingKey::generate()?);
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
    pub(super) id: AccountId,
    pub(super) policy: Policy,
    pub(super) devices: Vec<Device>,
    /// Never given twice, so that a stale form can't mean another device.
    pub(super) next_device: u32,
    pub(super) throttle: Throttle,
    pub(super) resyncs: Bucket,
    pub(super) recovery: Option<RecoverySet>,
    /// When it was last changed, to notice a clock that goes back.
    pub(super) last_change: Option<UnixTime>,
    pub(super) sealed_by: Option<KeyId>,
    /// Of the command that is being judged.
    pub(super) events: Vec<Event>,
}

impl Account {
    /// Makes an account without devices.
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

    /// Replaces the limits. They are the application's, and not part of the record.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Returns which account this is.
    #[must_use]
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// Shows what must not leak, for the constant-time check to mark: devices' secrets; of the recovery codes salt and hashes.
    #[cfg(secondfactor_constant_time)]
    #[doc(hidden)]
    pub fn for_each_secret(&self, mut see: impl FnMut(&[u8])) {
        self.devices
            .iter()
            .for_each(|device| see(device.secret.expose_bytes()));
        if let Some(recovery) = &self.recovery {
            recovery.for_each_secret(see);
        }
    }

    /// First step of every command: drop expired devices and enrollments, and note a clock that went back.
    pub(super) fn begin(&mut self, now: UnixTime) {
        if let Some(last) = self
            .last_change
            .filter(|last| now.saturating_add(CLOCK_TOLERANCE) < *last)
        {
            self.note(Event::ClockRegressed { last });
        }
        self.last_change = Some(now);
        let events = &mut self.events;
        self.devices.retain(|device| {
            let is_over =
                matches!(device.state, State::Retiring { .. }) && !device.is_accepted(now);
            if is_over {
                events.push(Event::Retired {
                    device: device.id,
                    label: device.label.clone(),
                });
            }
            !is_over && !device.has_expired(now)
        });
    }

    pub(super) fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn require_enrolled(&self, now: UnixTime) -> Result<(), Error> {
        if self.devices.iter().any(|device| device.is_accepted(now)) {
            Ok(())
        } else {
            Err(Error::NotEnrolled)
        }
    }

    pub(super) fn device(&self, id: DeviceId) -> Result<&Device, Error> {
        self.devices
            .iter()
            .find(|device| device.id == id)
            .ok_or(Error::UnknownDevice)
    }

    pub(super) fn device_mut(&mut self, id: DeviceId) -> Result<&mut Device, Error> {
        self.devices
            .iter_mut()
            .find(|device| device.id == id)
            .ok_or(Error::UnknownDevice)
    }
}
