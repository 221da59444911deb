//! Codes at a login, and resynchronization.

use secondfactor::account::DeviceId;

use super::account::{Account, Answer, Browser, Form, Judged, No, Proof, no};
use super::device::Device;
use super::limits::{MINUTE, Throttle};

/// What a claimant sends.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) code: String,
    pub(crate) form: Option<Form>,
    pub(crate) cookie: Option<String>,
    pub(crate) remember: Option<&'static str>,
}

/// An answer, as text, and what it proves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) proof: Option<Proof>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Strangers,
    Known,
}

impl Account {
    pub(crate) fn verify(&mut self, sent: &Sent, new: NewBrowser) -> Judged<Done> {
        if !self.was_confirmed {
            return no("NotEnrolled");
        }
        if !self.devices.iter().any(|device| device.is_accepted()) {
            return no("Denied(NoDevice)");
        }
        let side = self.side(sent.cookie.as_deref());
        self.check_side(side)?;
        let accepted = |account: &Self, id: DeviceId| {
            account
                .device(id)
                .is_some_and(|device| device.is_accepted())
        };
        let ids: Vec<DeviceId> = self.devices.iter().map(|device| device.id).collect();
        for id in &ids {
            if accepted(self, *id) && self.is_retry("verify", *id, sent) {
                return Ok(self.answer_again("verified", *id, sent));
            }
        }
        let (mut best, mut burned, mut replayed) = (None, Vec::new(), Vec::new());
        for device in self.devices.iter().filter(|device| device.is_accepted()) {
            let shown = device.judge(&sent.code, self.now, &self.limits);
            if let Some(step) = shown.unused {
                burned.push((device.id, step));
                if best.is_none_or(|(_, _, distance)| shown.distance < distance) {
                    best = Some((device.id, step, shown.distance));
                }
            } else if let Some(step) = shown.used {
                replayed.push((device.id, step));
            }
        }
        if let Some((id, step, _)) = best {
            for (id, step) in burned {
                self.device_mut(id).unwrap().burn(step);
            }
            Ok(self.verified(id, step, sent, new))
        } else if !replayed.is_empty() {
            self.replayed(&replayed)
        } else {
            self.wrong(side, sent)
        }
    }

    fn replayed(&mut self, replayed: &[(DeviceId, u64)]) -> Judged<Done> {
        let mut first = false;
        for (id, step) in replayed {
            let device = self.device_mut(*id).unwrap();
            if device.told.is_none_or(|told| *step > told) {
                device.told = Some(*step);
                first = true;
            }
        }
        let text = "Denied(Replayed)".to_string();
        if first {
            self.tell("replay_refused");
            Err(No::Charged(text))
        } else {
            Err(No::Told(text, "replay_refused"))
        }
    }

    fn verified(&mut self, id: DeviceId, step: u64, sent: &Sent, new: NewBrowser) -> Done {
        let (now, limits) = (self.now, self.limits.clone());
        self.forgive(sent.cookie.as_deref());
        let moved = self.device_mut(id).unwrap().learn(step, now, &limits);
        self.device_mut(id).unwrap().last_used = Some(now);
        self.tell("verified");
        if moved {
            self.tell("drift_moved");
        }
        self.accepted("verify", "verified", id, sent, new)
    }

    /// What an accepted code of `verify` and `confirm` leaves: a browser, an answer, a proof.
    pub(crate) fn accepted(
        &mut self,
        command: &'static str,
        word: &str,
        id: DeviceId,
        sent: &Sent,
        new: NewBrowser,
    ) -> Done {
        let now = self.now;
        let credential = self.device(id).unwrap().credential;
        let is_known = self.place(sent.cookie.as_deref()).is_some();
        let (browser, cookie) = self.use_browser(credential, sent, new);
        let answer = sent.form.map(|form| Answer {
            left: MINUTE,
            at: now,
            credential,
            command,
            form,
            code: sent.code.clone(),
            cookie: cookie.clone().filter(|_| !is_known),
            browser,
        });
        self.device_mut(id).unwrap().answer = answer;
        self.done(word, id, now, browser, cookie)
    }

    fn done(
        &self,
        word: &str,
        id: DeviceId,
        at: u64,
        browser: Option<secondfactor::account::BrowserId>,
        cookie: Option<String>,
    ) -> Done {
        let shown = if word == "verified" { browser } else { None };
        Done {
            text: format!("{word} by {id} at {at} in {shown:?}, cookie {cookie:?}"),
            proof: Some(Proof {
                account: self.id.clone(),
                credential: self.device(id).unwrap().credential,
                epoch: self.epoch,
                device: Some(id),
                at,
                browser: shown,
            }),
        }
    }

    pub(crate) fn is_retry(&self, command: &str, id: DeviceId, sent: &Sent) -> bool {
        let device = self.device(id).unwrap();
        device.answer.as_ref().is_some_and(|answer| {
            answer.command == command
                && Some(answer.form) == sent.form
                && answer.code == sent.code
                && answer.credential == device.credential
        })
    }

    pub(crate) fn answer_again(&mut self, word: &str, id: DeviceId, sent: &Sent) -> Done {
        self.tell("answered_again");
        let answer = self.device(id).unwrap().answer.clone().unwrap();
        let sent_from = self.place(sent.cookie.as_deref());
        let place = sent_from.or(self.place(answer.cookie.as_deref()));
        let given_in = |browser: &&Browser| Some(browser.id) == answer.browser;
        let browser = place.map(|place| &self.browsers[place]).filter(given_in);
        let cookie = match sent.remember {
            Some(_) => browser.map(|browser| browser.cookie.clone()),
            None => None,
        };
        self.done(
            word,
            id,
            answer.at,
            browser.map(|browser| browser.id),
            cookie,
        )
    }

    /// A wrong code is one charge, however many devices there are.
    fn wrong(&mut self, side: Side, sent: &Sent) -> Judged<Done> {
        let (now, limits) = (self.now, self.limits.clone());
        self.throttle(side).charge(&limits);
        self.tell("mismatch");
        let off = |device: &&Device| device.is_accepted() && device.seems_off(&sent.code, now);
        for _ in 0..self.devices.iter().filter(off).count() {
            self.tell("drift_suspected");
        }
        if side == Side::Known {
            self.count_in_browser(sent.cookie.as_deref());
        }
        let failures = self.throttle(side).failures;
        match side {
            Side::Strangers if failures >= limits.strangers => {
                self.tell("disabled");
                return Err(No::Charged("Denied(Mismatch)".into()));
            }
            Side::Known if failures >= limits.known => {
                self.tell("known_browsers_closed");
                return Err(No::Charged("Denied(Mismatch)".into()));
            }
            _ => {}
        }
        let ready_in = self.throttle(side).ready_in();
        if ready_in == 0 {
            return Err(No::Charged("Denied(Mismatch)".into()));
        }
        self.tell("locked");
        Err(No::Charged(format!("locked until {}", self.now + ready_in)))
    }

    pub(crate) fn throttle(&mut self, side: Side) -> &mut Throttle {
        match side {
            Side::Strangers => &mut self.strangers,
            Side::Known => &mut self.known,
        }
    }

    fn check_side(&mut self, side: Side) -> Judged<()> {
        if side == Side::Strangers && self.strangers_are_closed() {
            return Err(No::Told(self.closed().into(), "refused_disabled"));
        }
        let ready_in = self.throttle(side).ready_in();
        self.check_wait(ready_in)
    }

    pub(crate) fn check_wait(&self, ready_in: u64) -> Judged<()> {
        if ready_in > 0 {
            let text = format!("throttled until {}", self.now + ready_in);
            return Err(No::Told(text, "throttled"));
        }
        Ok(())
    }

    pub(crate) fn strangers_are_closed(&self) -> bool {
        self.strangers.failures >= self.limits.strangers
    }

    /// Nobody's code is judged.
    pub(crate) fn is_disabled(&self) -> bool {
        self.strangers_are_closed() && !self.known_are_judged()
    }

    fn closed(&self) -> &'static str {
        match self.known_are_judged() {
            true => "Denied(StrangersClosed)",
            false => "Denied(Disabled)",
        }
    }

    pub(crate) fn resync(&mut self, id: DeviceId, codes: &[String; 2]) -> Judged<Done> {
        if !self.device(id).is_some_and(|device| device.is_accepted()) {
            return no("UnknownDevice");
        }
        if self.is_disabled() {
            return Err(No::Told(self.closed().into(), "refused_disabled"));
        }
        self.check_wait(self.resyncs.ready_in())?;
        self.resyncs.charge();
        let now = self.now;
        let device = self.device_mut(id).unwrap();
        let Some(second) = device.pair(codes, now) else {
            self.tell("resync_failed");
            return Err(No::Charged(match self.resyncs.ready_in() {
                0 => "Denied(Mismatch)".into(),
                ready_in => format!("locked until {}", self.now + ready_in),
            }));
        };
        device.synchronize(second, now, true);
        self.tell("resynchronized");
        Ok(Done::default())
    }
}

/// The id and the cookie of a browser, if it becomes known by this call.
pub(crate) type NewBrowser = Option<(secondfactor::account::BrowserId, String)>;
