//! What is remembered about one account, and what ends with what.

use secondfactor::account::{BrowserId, DeviceId, FormId, RecoverySetId};

use super::device::{Device, State};
use super::limits::{Limits, Resyncs, SKEW, Throttle};

/// Says no. What was charged is written, what is refused at once is not.
#[derive(Clone, Debug)]
pub(crate) enum No {
    Charged(String),
    AtOnce(String),
    /// With the event that tells of it.
    Told(String, &'static str),
}

pub(crate) type Judged<T> = Result<T, No>;

pub(crate) fn no<T>(text: &str) -> Judged<T> {
    Err(No::AtOnce(text.into()))
}

#[derive(Clone, Debug)]
pub(crate) struct Voucher {
    pub(crate) by: String,
    pub(crate) at: u64,
}

/// A form of a session.
pub(crate) type Form = (u8, FormId);

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) left: u64,
    pub(crate) at: u64,
    pub(crate) credential: u64,
    pub(crate) command: &'static str,
    pub(crate) form: Form,
    pub(crate) code: String,
    /// The cookie that it made, and the browser in which it was given.
    pub(crate) cookie: Option<String>,
    pub(crate) browser: Option<BrowserId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) account: String,
    pub(crate) credential: u64,
    pub(crate) epoch: u32,
    pub(crate) device: Option<DeviceId>,
    pub(crate) at: u64,
    /// Where a code was verified.
    pub(crate) browser: Option<BrowserId>,
}

impl Proof {
    pub(crate) fn is_redemption(&self) -> bool {
        self.device.is_none()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pub(crate) id: Option<RecoverySetId>,
    pub(crate) vouched: Option<Voucher>,
    pub(crate) unused: Vec<String>,
    pub(crate) redemptions: Vec<u64>,
    pub(crate) throttle: Throttle,
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) id: BrowserId,
    pub(crate) cookie: String,
    pub(crate) label: String,
    pub(crate) device: u64,
    pub(crate) last_used: u64,
    pub(crate) wrong: u32,
    /// For how long it is trusted, and how long it has been.
    pub(crate) trust: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) limits: Limits,
    pub(crate) devices: Vec<Device>,
    pub(crate) was_confirmed: bool,
    pub(crate) strangers: Throttle,
    pub(crate) known: Throttle,
    pub(crate) resyncs: Resyncs,
    pub(crate) recovery: Option<Set>,
    /// Seconds that are left, and a set of one code.
    pub(crate) temporary: Option<(u64, Set)>,
    pub(crate) browsers: Vec<Browser>,
    /// The date of the last change.
    pub(crate) at: Option<u64>,
    pub(crate) epoch: u32,
    /// The server's time.
    pub(crate) now: u64,
    pub(crate) credentials: u64,
    pub(crate) told: Vec<&'static str>,
    /// What was pending before this command, and is over: the device and its session.
    pub(crate) expired: Vec<(DeviceId, Option<u8>)>,
}

impl Account {
    pub(crate) fn new(id: &str, limits: Limits, credentials: u64) -> Self {
        Self {
            id: id.into(),
            limits,
            devices: Vec::new(),
            was_confirmed: false,
            strangers: Throttle::default(),
            known: Throttle::default(),
            resyncs: Resyncs::default(),
            recovery: None,
            temporary: None,
            browsers: Vec::new(),
            at: None,
            epoch: 0,
            now: 0,
            credentials,
            told: Vec::new(),
            expired: Vec::new(),
        }
    }

    pub(crate) fn tell(&mut self, event: &'static str) {
        self.told.push(event);
    }

    pub(crate) fn credential(&mut self) -> u64 {
        self.credentials += 1;
        self.credentials
    }

    pub(crate) fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }

    pub(crate) fn device_mut(&mut self, id: DeviceId) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.id == id)
    }

    pub(crate) fn is_last_active(&self, id: DeviceId) -> bool {
        self.devices
            .iter()
            .filter(|device| device.is_active())
            .all(|device| device.id == id)
            && self.device(id).is_some_and(Device::is_active)
    }

    /// Lets the time pass since the last change. A clock that went back counts as none.
    pub(crate) fn pass(&mut self, now: u64) {
        self.now = now;
        let last = *self.at.get_or_insert(now);
        if now + SKEW < last {
            self.epoch += 1;
            self.at = Some(now);
            self.tell("clock_regressed");
            self.end_answers_and_trust();
        } else {
            self.at = Some(now.max(last));
        }
        let elapsed = now.saturating_sub(last);
        for throttle in [&mut self.strangers, &mut self.known] {
            throttle.pass(elapsed);
        }
        self.resyncs.pass(elapsed);
        for device in &mut self.devices {
            device.drift.pass(elapsed);
            pass_answer(&mut device.answer, elapsed);
            match &mut device.state {
                State::Pending(pending) => pending.left -= elapsed as i64,
                State::Retiring(left, _) => *left = left.saturating_sub(elapsed),
                State::Active | State::Suspended => {}
            }
        }
        if let Some(set) = &mut self.recovery {
            set.throttle.pass(elapsed);
            pass_answer(&mut set.answer, elapsed);
        }
        if let Some((left, set)) = &mut self.temporary {
            *left = left.saturating_sub(elapsed);
            set.throttle.pass(elapsed);
            pass_answer(&mut set.answer, elapsed);
        }
        for browser in &mut self.browsers {
            if let Some((lasts, been)) = &mut browser.trust {
                *been += elapsed;
                if been >= lasts {
                    browser.trust = None;
                }
            }
        }
        if matches!(self.temporary, Some((0, _))) {
            self.temporary = None;
            self.tell("temporary_code_ended");
        }
        self.expired = self.devices.iter().filter_map(Device::expired).collect();
        while let Some(place) = self
            .devices
            .iter()
            .position(|device| device.expired().is_some())
        {
            self.end(place);
        }
        self.settle();
    }

    fn end_answers_and_trust(&mut self) {
        for device in &mut self.devices {
            device.answer = None;
        }
        if let Some(set) = &mut self.recovery {
            set.answer = None;
        }
        if let Some((_, set)) = &mut self.temporary {
            set.answer = None;
        }
        for browser in &mut self.browsers {
            browser.trust = None;
        }
    }

    /// A credential that proves something for changes.
    pub(crate) fn stands(&self, credential: u64) -> bool {
        let active = |device: &Device| device.is_active() && device.credential == credential;
        self.devices.iter().any(active) || self.is_redeemed(credential)
    }

    pub(crate) fn is_redeemed(&self, credential: u64) -> bool {
        let temporary = self.temporary.iter().map(|(_, set)| set);
        self.recovery
            .iter()
            .chain(temporary)
            .any(|set| set.redemptions.contains(&credential))
    }

    /// Whatever rested on what has ended ends too.
    pub(crate) fn settle(&mut self) {
        while let Some(place) = self
            .devices
            .iter()
            .position(|device| self.has_ended(device))
        {
            self.end(place);
        }
        if self.browsers.is_empty() {
            self.known.forgive();
        }
        for place in 0..self.browsers.len() {
            let credential = self.browsers[place].device;
            let active = |device: &Device| device.is_active() && device.credential == credential;
            if !self.devices.iter().any(active) {
                self.browsers[place].trust = None;
            }
        }
    }

    fn has_ended(&self, device: &Device) -> bool {
        match &device.state {
            State::Active | State::Suspended => false,
            State::Retiring(left, successor) => {
                let is_there =
                    |other: &Device| other.is_accepted() && other.credential == *successor;
                *left == 0 || !self.devices.iter().any(is_there)
            }
            State::Pending(pending) => {
                let opted_in =
                    pending.begun_by.is_none() && self.devices.iter().any(Device::is_active);
                let unfounded = pending
                    .begun_by
                    .is_some_and(|credential| !self.stands(credential));
                let replaced = pending.replaces.as_ref().is_some_and(|old| {
                    let active = self.device(old.id).is_some_and(Device::is_active);
                    !active || !self.stands(old.credential)
                });
                opted_in || unfounded || replaced
            }
        }
    }

    pub(crate) fn end(&mut self, place: usize) {
        let device = self.devices.remove(place);
        self.tell(match device.state {
            State::Pending(_) => "enrollment_ended",
            State::Retiring(..) => "retired",
            State::Active | State::Suspended => "revoked",
        });
    }

    /// A proof that is fresh, and stands.
    pub(crate) fn check(&self, proof: &Proof) -> Judged<()> {
        let lifetime = if proof.is_redemption() {
            15 * 60
        } else {
            5 * 60
        };
        if self.now.saturating_sub(proof.at) > lifetime {
            return no("Stale(TooOld)");
        }
        self.check_stands(proof, false)
    }

    pub(crate) fn check_stands(&self, proof: &Proof, session: bool) -> Judged<()> {
        if proof.at > self.now + SKEW {
            return no("Stale(FromTheFuture)");
        }
        let accepted =
            |device: &Device| device.is_accepted() && device.credential == proof.credential;
        let stands = self.stands(proof.credential) || session && self.devices.iter().any(accepted);
        if proof.epoch == self.epoch && stands {
            Ok(())
        } else {
            no("Stale(Ended)")
        }
    }
}

fn pass_answer(answer: &mut Option<Answer>, elapsed: u64) {
    if let Some(given) = answer {
        given.left = given.left.saturating_sub(elapsed);
        if given.left == 0 {
            *answer = None;
        }
    }
}
