//! Holds all that is remembered about one account.

use std::time::Duration;

use super::browser::entry::Browser;
use super::browser::list::Browsers;
use super::clock::RecordClock;
use super::credential::Credential;
use super::denial::Denial;
use super::device::entry::{Device, Pending, State};
use super::device::id::DeviceId;
use super::error::Error;
use super::event::Event;
use super::policy::Policy;
use super::proof::{Proof, ProofKind};
use super::recovery::set::RecoverySet;
use super::recovery::set_id::RecoverySetId;
use super::recovery::temporary::Temporary;
use super::relocation::Relocation;
use super::throttle::{Bucket, Throttle};
use super::voucher::Voucher;
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::sealing::KeyId;
use crate::store::Tag;

/// Holds all that is remembered about one account. [`Mfa`](crate::Mfa) loads and stores it for you.
///
/// Use it yourself where the record must be written in a transaction of your own
/// (`examples/own_transaction.rs`). Each command consumes the account and gives an
/// [`Attempt`](super::Attempt). Seal it, commit the bytes where those that you loaded are still
/// there, and reveal it. What a command refuses at once, without a change, is its error.
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
/// # let rows = 1;
/// let receipt = Committed::attest(None, &sealed, rows).ok_or("there is one already")?;
/// let enrollment = attempt.reveal(receipt)?;
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
    /// The number of the next device. It is never given twice, so that a stale form can't mean
    /// another device.
    pub(super) next_device: u32,
    /// Says whether a device was ever confirmed. From then on another one takes a proof.
    pub(super) was_confirmed: bool,
    /// Counts the wrong codes that came from no known browser.
    pub(super) strangers: Throttle,
    /// Counts those that came from known browsers, all of them together.
    pub(super) known: Throttle,
    pub(super) browsers: Browsers,
    pub(super) resyncs: Bucket,
    pub(super) recovery: Option<RecoverySet>,
    pub(super) temporary: Option<Temporary>,
    pub(super) clock: RecordClock,
    /// Where to it is moved. Until then it is frozen: nothing of it is accepted.
    pub(super) moving: Option<Relocation>,
    /// Where from it was moved last.
    pub(super) moved: Option<Relocation>,
    pub(super) sealed_by: Option<KeyId>,
    /// The record that it was opened from has this tag.
    pub(super) loaded: Option<Tag>,
    /// The command that is being judged has noted these.
    pub(super) events: Vec<Event>,
    /// Says whether a refusal must be written too, as the clock went back.
    pub(super) clock_went_back: bool,
}

impl Account {
    /// Makes an account without devices.
    #[must_use]
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            policy: Policy::DEFAULT,
            devices: Vec::new(),
            next_device: 1,
            was_confirmed: false,
            strangers: Throttle::NEW,
            known: Throttle::NEW,
            browsers: Browsers::NONE,
            resyncs: Bucket::EMPTY,
            recovery: None,
            temporary: None,
            clock: RecordClock::default(),
            moving: None,
            moved: None,
            sealed_by: None,
            loaded: None,
            events: Vec::new(),
            clock_went_back: false,
        }
    }

    /// Replaces the limits. They are the application's, and not part of the record.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Returns which account this is.
    #[must_use]
    pub const fn id(&self) -> &AccountId {
        &self.id
    }

    /// Shows what must not leak, for the constant-time check to mark: the devices' secrets, salt and
    /// hashes of the recovery codes, and the hashes of submissions.
    #[cfg(secondfactor_constant_time)]
    #[doc(hidden)]
    pub fn for_each_secret(&self, mut see: impl FnMut(&[u8])) {
        for device in &self.devices {
            see(device.secret.expose_bytes());
            device.answer.iter().for_each(|answer| see(&answer.hash));
        }
        for set in self.recovery_sets() {
            set.for_each_secret(&mut see);
        }
        let browsers = self.browsers.list.iter();
        browsers.for_each(|browser| see(&browser.hash));
    }

    /// Lets time pass, and drops what has run out. Every command begins with this.
    pub(super) fn begin(&mut self, now: UnixTime) {
        let elapsed = self.clock.elapsed(now);
        if let Some(last) = self.clock.advance(now) {
            self.clock_went_back = true;
            self.forget_answers();
            self.browsers.end_trust(|_| true);
            self.note(Event::ClockRegressed { last });
        }
        self.pass(elapsed);
        self.settle();
    }

    /// Lets everything that runs out come nearer to its end.
    fn pass(&mut self, elapsed: Duration) {
        self.strangers.pass(elapsed);
        self.known.pass(elapsed);
        self.browsers.pass(elapsed);
        self.resyncs.pass(elapsed);
        if let Some(recovery) = &mut self.recovery {
            recovery.pass(elapsed);
        }
        if self
            .temporary
            .as_mut()
            .is_some_and(|one| !one.pass(elapsed))
        {
            self.end_temporary(None);
        }
        self.end_devices(|device| !device.pass(elapsed));
    }

    /// Gives no answer again: the proofs of before don't stand any longer.
    pub(super) fn forget_answers(&mut self) {
        let of_devices = self.devices.iter_mut().map(|device| &mut device.answer);
        let temporary = self.temporary.iter_mut().map(|one| &mut one.set);
        let sets = self.recovery.iter_mut().chain(temporary);
        let of_recovery = sets.map(|set| &mut set.answer);
        of_devices
            .chain(of_recovery)
            .for_each(|answer| *answer = None);
    }

    /// Ends what rests on what has ended. Every command ends with this.
    pub(super) fn settle(&mut self) {
        self.end_unfounded_devices();
        let devices = &self.devices;
        self.browsers.end_trust(|browser| {
            let mut active = devices.iter().filter(|device| device.is_active());
            !active.any(|device| device.credential == browser.device)
        });
    }

    /// Ends what was begun by a credential that no longer stands, as long as it is not confirmed, and
    /// what was rotated, as soon as its successor ends.
    fn end_unfounded_devices(&mut self) {
        loop {
            let ends: Vec<DeviceId> = (self.devices.iter())
                .filter(|device| !self.may_stay(device, self.devices.iter(), Duration::ZERO))
                .map(|device| device.id)
                .collect();
            if ends.is_empty() {
                return;
            }
            self.end_devices(|device| ends.contains(&device.id));
        }
    }

    /// Returns the devices that are there once so much time has passed: neither has the time of one run
    /// out, nor that of what it rests on. It writes nothing.
    pub(super) fn devices_after(&self, elapsed: Duration) -> Vec<&Device> {
        let has_time = |device: &&Device| {
            let mut state = device.state;
            state.pass(elapsed)
        };
        let mut there: Vec<&Device> = self.devices.iter().filter(has_time).collect();
        loop {
            let stay = |device: &&Device| self.may_stay(device, there.iter().copied(), elapsed);
            let founded: Vec<&Device> = there.iter().copied().filter(stay).collect();
            if founded.len() == there.len() {
                return there;
            }
            there = founded;
        }
    }

    /// Says whether what a device rests on is there once so much time has passed.
    fn may_stay<'d>(
        &self,
        device: &Device,
        mut there: impl Iterator<Item = &'d Device>,
        elapsed: Duration,
    ) -> bool {
        match device.state {
            State::Pending(pending) => self.may_be_confirmed(pending, elapsed),
            State::Retiring { successor, .. } => {
                there.any(|device| device.is_accepted() && device.credential == successor)
            }
            State::Active | State::Suspended => true,
        }
    }

    fn may_be_confirmed(&self, pending: Pending, elapsed: Duration) -> bool {
        let rests = match pending.rests_on {
            Some(credential) => self.stands_after(credential, elapsed),
            // Opting in ends as soon as any device is active.
            None => !self.devices.iter().any(Device::is_active),
        };
        let replaces = pending.replaces.is_none_or(|replaced| {
            self.active(replaced.credential)
                .is_some_and(|device| device.id == replaced.device)
        });
        rests && replaces
    }

    /// Says whether a credential stands, as that of an active device or of a remembered redemption.
    pub(super) fn stands(&self, credential: Credential) -> bool {
        let mut sets = self.recovery_sets();
        let is_redemption = sets.any(|set| set.redemptions.contains(&credential));
        is_redemption || self.active(credential).is_some()
    }

    /// Says whether it stands once so much time has passed, which ends the redemption of a temporary
    /// code.
    pub(super) fn stands_after(&self, credential: Credential, elapsed: Duration) -> bool {
        let is_over = (self.temporary.as_ref())
            .is_some_and(|one| one.has_redeemed(credential) && one.left <= elapsed);
        self.stands(credential) && !is_over
    }

    /// Returns the recovery codes, and the temporary one.
    fn recovery_sets(&self) -> impl Iterator<Item = &RecoverySet> {
        let temporary = self.temporary.iter().map(|one| &one.set);
        self.recovery.iter().chain(temporary)
    }

    /// Ends the temporary code, or its redemption, unless that is the one to keep.
    pub(super) fn end_temporary(&mut self, keep: Option<Credential>) {
        let ends = |one: &Temporary| !keep.is_some_and(|keep| one.has_redeemed(keep));
        if self.temporary.take_if(|one| ends(one)).is_some() {
            self.note(Event::TemporaryCodeEnded);
        }
    }

    /// Returns who vouched for the recovery codes that still work.
    pub(super) fn recovery_codes_by(&self) -> Option<Voucher> {
        let recovery = self.recovery.as_ref();
        recovery
            .filter(|recovery| !recovery.codes.is_empty())
            .map(|recovery| recovery.vouched_by)
    }

    /// Returns the set of recovery codes that new ones replace, even if none of it is left.
    pub(super) fn recovery_set_id(&self) -> Option<RecoverySetId> {
        let recovery = self.recovery.as_ref();
        recovery.map(|recovery| RecoverySetId::new(recovery.credential))
    }

    fn active(&self, credential: Credential) -> Option<&Device> {
        self.devices
            .iter()
            .find(|device| device.is_active() && device.credential == credential)
    }

    /// Removes devices, each with an event.
    pub(super) fn end_devices(&mut self, mut ends: impl FnMut(&mut Device) -> bool) {
        let events = &mut self.events;
        self.devices.retain_mut(|device| {
            let stays = !ends(device);
            if !stays {
                events.push(ended(device));
            }
            stays
        });
    }

    /// Forgets browsers, each with an event. If none is left, nothing of their failures in a row is.
    pub(super) fn forget_browsers_if(&mut self, mut ends: impl FnMut(&Browser) -> bool) {
        let events = &mut self.events;
        self.browsers.list.retain(|browser| {
            let stays = !ends(browser);
            if !stays {
                events.push(browser.forgotten());
            }
            stays
        });
        if self.browsers.list.is_empty() {
            self.known.succeed();
        }
    }

    /// Makes the proof that this credential was shown now. Only a command that is committed reveals
    /// it.
    pub(super) fn proof(
        &self,
        kind: ProofKind,
        credential: Credential,
        device: Option<DeviceId>,
        now: UnixTime,
    ) -> Proof {
        let rests_on = (credential, self.clock.epoch);
        Proof::new(self.id.clone(), kind, rests_on, device, now)
    }

    pub(super) fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Refuses codes where no device is there to judge them by. The error says whether one was ever
    /// confirmed.
    pub(super) fn require_accepted(&self) -> Result<(), Error> {
        if self.devices.iter().any(Device::is_accepted) {
            Ok(())
        } else if self.was_confirmed {
            Err(Denial::NoDevice.into())
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

fn ended(device: &Device) -> Event {
    let (label, serial) = (device.label.clone(), device.serial.clone());
    let (state, device) = (device.state, device.id);
    match state {
        State::Pending(_) => Event::EnrollmentEnded {
            device,
            label,
            serial,
        },
        State::Retiring { .. } => Event::Retired {
            device,
            label,
            serial,
        },
        State::Active | State::Suspended => Event::Revoked {
            device,
            label,
            serial,
        },
    }
}
