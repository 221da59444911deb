//! Devices begin, and are confirmed.

use secondfactor::account::DeviceId;

use super::account::{Account, Judged, No, Proof, Voucher, no};
use super::codes::Settings;
use super::device::{Device, Drift, Pending, Replaces, State};
use super::limits::{DAY, MINUTE};
use super::login::{Done, NewBrowser, Sent};

/// What an application says of a new device.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) label: &'static str,
    pub(crate) settings: Settings,
    /// The next counter of HOTP.
    pub(crate) counter: u64,
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) session: Option<u8>,
}

/// The id and the secret that the other implementation drew.
pub(crate) type Drawn = Option<(DeviceId, Vec<u8>)>;

impl Account {
    pub(crate) fn enroll(&mut self, new: &New, drawn: Drawn) -> Judged<Done> {
        if self.was_confirmed {
            return no("ProofRequired");
        }
        self.check_secret(new)?;
        self.make_room()?;
        let voucher = self.voucher("Nobody");
        Ok(self.begin(new, drawn, voucher, None, None))
    }

    pub(crate) fn enroll_another(
        &mut self,
        proof: &Proof,
        new: &New,
        drawn: Drawn,
    ) -> Judged<Done> {
        self.check(proof)?;
        self.check_label(new.label, None)?;
        self.check_secret(new)?;
        self.make_room()?;
        let voucher = self.vouched_by(proof);
        Ok(self.begin(new, drawn, voucher, Some(proof.credential), None))
    }

    pub(crate) fn rotate(
        &mut self,
        proof: &Proof,
        id: DeviceId,
        session: Option<u8>,
        grace: u64,
        drawn: Drawn,
    ) -> Judged<Done> {
        self.check(proof)?;
        if grace > 7 * DAY {
            return no("GraceTooLong");
        }
        let Some(old) = self.device(id).filter(|device| device.is_active()).cloned() else {
            return no("UnknownDevice");
        };
        let replaces = |device: &Device| {
            let old = device
                .pending()
                .and_then(|pending| pending.replaces.as_ref());
            old.is_some_and(|old| old.id == id)
        };
        while let Some(place) = self.devices.iter().position(replaces) {
            self.end(place);
        }
        let new = New {
            label: "",
            settings: old.settings,
            counter: 0,
            secret: None,
            session,
        };
        let replaces = Replaces {
            id,
            credential: old.credential,
            grace,
        };
        let voucher = self.vouched_by(proof);
        let done = self.begin(&new, drawn, voucher, Some(proof.credential), Some(replaces));
        self.devices.last_mut().unwrap().label = old.label;
        Ok(done)
    }

    fn begin(
        &mut self,
        new: &New,
        drawn: Drawn,
        vouched: Voucher,
        begun_by: Option<u64>,
        replaces: Option<Replaces>,
    ) -> Done {
        let by_redemption = begun_by.is_some_and(|credential| self.is_redeemed(credential));
        let pending = Pending {
            left: 10 * MINUTE as i64,
            wrong: 0,
            begun_by,
            replaces,
            session: new.session,
            binds: self.strangers_are_closed() && (by_redemption || !self.known_are_judged()),
        };
        let Some((id, secret)) = drawn else {
            return Done {
                text: "enrolled".into(),
                proof: None,
            };
        };
        let device = self.make(new, id, secret, State::Pending(pending), vouched);
        self.devices.push(device);
        self.tell("enrollment_begun");
        Done {
            text: "enrolled".into(),
            proof: None,
        }
    }

    pub(crate) fn make(
        &mut self,
        new: &New,
        id: DeviceId,
        secret: Vec<u8>,
        state: State,
        vouched: Voucher,
    ) -> Device {
        Device {
            id,
            credential: self.credential(),
            label: new.label.into(),
            secret,
            settings: new.settings,
            state,
            created: self.now,
            vouched,
            last_used: None,
            watermark: new.counter.checked_sub(1),
            told: None,
            drift: Drift::default(),
            answer: None,
        }
    }

    pub(crate) fn voucher(&self, by: &str) -> Voucher {
        Voucher {
            by: by.into(),
            at: self.now,
        }
    }

    pub(crate) fn vouched_by(&self, proof: &Proof) -> Voucher {
        self.voucher(&match proof.device {
            Some(id) => format!("Device({id})"),
            None => "RecoveryCode".into(),
        })
    }

    /// No other confirmed device has the label.
    pub(crate) fn check_label(&self, label: &str, but: Option<DeviceId>) -> Judged<()> {
        let taken = |device: &Device| {
            matches!(device.state, State::Active | State::Suspended)
                && device.label == label
                && Some(device.id) != but
        };
        if self.devices.iter().any(taken) {
            return no("LabelTaken");
        }
        Ok(())
    }

    fn check_secret(&self, new: &New) -> Judged<()> {
        let known = |device: &Device| Some(&device.secret) == new.secret.as_ref();
        if self.devices.iter().any(known) {
            return no("DuplicateSecret");
        }
        Ok(())
    }

    /// The device that is pending longest makes room. Retiring ones and rotations are beside.
    fn make_room(&mut self) -> Judged<()> {
        let counts = |device: &&Device| match &device.state {
            State::Pending(pending) => pending.replaces.is_none(),
            State::Active | State::Suspended => true,
            State::Retiring(..) => false,
        };
        if self.devices.iter().filter(counts).count() < self.limits.devices {
            return Ok(());
        }
        let waits = |device: &Device| {
            device
                .pending()
                .is_some_and(|pending| pending.replaces.is_none())
        };
        match self.devices.iter().position(waits) {
            Some(place) => {
                self.end(place);
                Ok(())
            }
            None => no("TooManyDevices"),
        }
    }

    fn find_pending(&self, id: DeviceId, session: Option<u8>) -> Judged<Device> {
        if self.expired.contains(&(id, session)) {
            return no("EnrollmentExpired");
        }
        let device = self.device(id).cloned();
        let Some(device) = device.filter(|device| {
            device
                .pending()
                .is_some_and(|pending| pending.session == session)
        }) else {
            return no("UnknownDevice");
        };
        let replaced = device
            .pending()
            .and_then(|pending| pending.replaces.as_ref());
        self.check_label(&device.label, replaced.map(|old| old.id))?;
        Ok(device)
    }

    pub(crate) fn confirm(
        &mut self,
        id: DeviceId,
        session: Option<u8>,
        sent: &Sent,
        new: NewBrowser,
    ) -> Judged<Done> {
        let active = self.device(id).is_some_and(Device::is_active);
        if active && self.is_retry("confirm", id, sent) {
            return Ok(self.answer_again("confirmed", id, sent));
        }
        let device = self.find_pending(id, session)?;
        let Some(step) = device.judge(&sent.code, self.now, &self.limits).unused else {
            let denial = self.diagnose(&device, &sent.code);
            return self.not_confirmed(id, denial);
        };
        self.device_mut(id).unwrap().burn(step);
        self.activate(id, sent);
        Ok(self.accepted("confirm", "confirmed", id, sent, new))
    }

    pub(crate) fn confirm_pair(
        &mut self,
        id: DeviceId,
        session: Option<u8>,
        codes: &[String; 2],
    ) -> Judged<Done> {
        let device = self.find_pending(id, session)?;
        let Some(second) = device.pair(codes, self.now) else {
            return self.not_confirmed(id, "Denied(Mismatch)".into());
        };
        let now = self.now;
        self.device_mut(id).unwrap().synchronize(second, now, false);
        let sent = Sent {
            code: String::new(),
            form: None,
            cookie: None,
            remember: None,
        };
        self.activate(id, &sent);
        Ok(self.accepted("confirm", "confirmed", id, &sent, None))
    }

    fn not_confirmed(&mut self, id: DeviceId, denial: String) -> Judged<Done> {
        if let State::Pending(pending) = &mut self.device_mut(id).unwrap().state {
            pending.wrong += 1;
        }
        self.tell("confirmation_failed");
        Err(No::Charged(denial))
    }

    /// The device is active first. Then everything ends that no longer has a reason.
    fn activate(&mut self, id: DeviceId, sent: &Sent) {
        let pending = self.device(id).and_then(Device::pending).cloned().unwrap();
        let credential = self.credential();
        let device = self.device_mut(id).unwrap();
        device.state = State::Active;
        device.credential = credential;
        self.was_confirmed = true;
        if let Some(old) = pending.replaces {
            self.device_mut(old.id).unwrap().state = State::Retiring(old.grace, credential);
            self.tell("rotated");
        }
        self.tell("device_confirmed");
        if pending.binds && self.strangers_are_closed() {
            while let Some(place) = self.devices.iter().position(|device| device.id != id) {
                self.end(place);
            }
            self.strangers.forgive();
            self.known.forgive();
            self.forget_all_but(sent.cookie.as_deref());
            self.tell("rebound");
        }
        self.settle();
        let retiring = |device: &Device| matches!(device.state, State::Retiring(..));
        if self
            .devices
            .iter()
            .filter(|device| retiring(device))
            .count()
            > self.limits.devices
        {
            let place = self.devices.iter().position(retiring).unwrap();
            self.end(place);
            self.settle();
        }
    }

    /// What seems to be wrong with a device that showed a wrong code.
    fn diagnose(&self, device: &Device, code: &str) -> String {
        let (set, app) = (device.settings, Settings::APP);
        if !set.is_totp() {
            return "Denied(Mismatch)".into();
        }
        for ignored in 1..8 {
            let mut tried = set;
            let mut names = Vec::new();
            if ignored & 1 > 0 && set.sha256 {
                tried.sha256 = app.sha256;
                names.push("IgnoredAlgorithm");
            }
            if ignored & 2 > 0 && set.digits != app.digits {
                tried.digits = app.digits;
                names.push("IgnoredDigits");
            }
            if ignored & 4 > 0 && set.period != app.period {
                tried.period = app.period;
                names.push("IgnoredPeriod");
            }
            let present = (self.now / tried.period) as i64;
            let shows = (present - 1..=present + 1)
                .any(|step| tried.code(&device.secret, step as u64) == code);
            if !names.is_empty() && shows {
                let name = if names.len() > 1 {
                    "IgnoredSettings"
                } else {
                    names[0]
                };
                return format!("Denied(Unconfirmed({name}))");
            }
        }
        let off = device
            .pending()
            .unwrap()
            .session
            .and_then(|_| self.clock_off(device, code));
        off.map_or("Denied(Mismatch)".into(), |steps| {
            format!("Denied(Unconfirmed(ClockOff {steps}))")
        })
    }

    /// Every step of an hour, and the window around each quarter of fourteen hours.
    fn clock_off(&self, device: &Device, code: &str) -> Option<i64> {
        let present = (self.now / device.settings.period) as i64;
        let quarter = 900 / device.settings.period as i64;
        let reach = device.settings.reach();
        let mut steps: Vec<i64> = (-reach..=reach).collect();
        let window = -self.limits.past..=self.limits.future;
        for zone in -56..=56 {
            steps.extend(window.clone().map(|step| zone * quarter + step));
        }
        steps.sort_by_key(|step| step.abs());
        let shows = |step: &i64| device.shows((present + step) as u64, code);
        steps.into_iter().find(shows)
    }
}
