//! Confirming a device by a code that it shows.

use std::time::Duration;

use crate::account::answer::{Answer, SubmissionHash};
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::denial::Denial;
use crate::account::device::entry::{Device, Pending, State};
use crate::account::device::id::DeviceId;
use crate::account::device::session::{PendingDevice, is_confirmed_in};
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::proof::ProofKind;
use crate::account::proved::Confirmed;
use crate::account::state::Account;
use crate::account::submission::{Command, Submission};
use crate::codes::{Code, UnixTime};

use super::remember::Received;

impl Account {
    /// Confirms a pending device by a code it shows. The code's step is burned. This is no login.
    ///
    /// The device is active first. Then every pending device ends that was begun without a proof,
    /// or that rests on a device which this one replaces. If the account is disabled, and was when
    /// the device was begun, the device is the only one left, codes of strangers are judged again, and
    /// the other browsers are forgotten (NIST SP 800-63B-4 section 3.2.2). If it was disabled in
    /// between, nothing else ends, and it stays disabled until the owner begins again.
    ///
    /// A submission with a form gets the same answer again for a minute, as long as the device is
    /// active: see [`Submission::with_form`]. A browser becomes known by a confirmation too:
    /// [`Submission::remember_browser`].
    ///
    /// # Errors
    /// * [`Error::UnknownDevice`] if no device of this id is pending in this session.
    /// * [`Error::EnrollmentExpired`] if its time or tries are used up.
    /// * [`Error::LabelTaken`] if a device of the same label was confirmed meanwhile.
    pub fn confirm(
        self,
        device: impl Into<PendingDevice>,
        submission: impl Into<Submission<Code>>,
        now: UnixTime,
    ) -> Result<Attempt<Confirmed>, Error> {
        let (policy, submission) = (self.policy, submission.into());
        let code = submission.code;
        self.confirm_by(device.into(), Some(&submission), now, |device| {
            device.confirm(code, &policy, now)
        })
    }

    /// Confirms a pending device by two codes in a row, even if its clock or counter is off.
    ///
    /// The clock may be off by up to an hour, and the counter ahead by up to 100. Where the clock
    /// stands is remembered. A pair that comes again finds no pending device.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub fn confirm_pair(
        self,
        device: impl Into<PendingDevice>,
        codes: [Code; 2],
        now: UnixTime,
    ) -> Result<Attempt<Confirmed>, Error> {
        self.confirm_by(device.into(), None, now, |device| {
            device.confirm_pair(codes, now)
        })
    }

    fn confirm_by(
        self,
        device: PendingDevice,
        submission: Option<&Submission<Code>>,
        now: UnixTime,
        judge: impl FnOnce(&mut Device) -> Result<(), Denial>,
    ) -> Result<Attempt<Confirmed>, Error> {
        let will_expire = self.will_expire(device, now);
        self.judge(now, |account| {
            if will_expire {
                return Err(Error::EnrollmentExpired.into());
            }
            let received = submission.map(|submission| account.receive(submission));
            let received = received.transpose()?;
            if let Some(confirmed) = account.confirmed_again(device.id, received.as_ref()) {
                return Ok(confirmed);
            }
            let pending = account.pending(device)?;
            let replaces = pending.replaces;
            let rebinds = pending.rebinds && account.is_closed_to_strangers();
            let label = account.device(device.id)?.label.clone();
            account.refuse_taken(&label, replaces.map(|replaced| replaced.device))?;

            let judged = judge(account.device_mut(device.id)?);
            judged.map_err(|denial| account.refuse_confirmation(device.id, denial))?;
            account.was_confirmed = true;
            let confirmed = account.device(device.id)?;
            let (credential, serial) = (confirmed.credential, confirmed.serial.clone());
            account.note(Event::DeviceConfirmed {
                device: device.id,
                serial,
            });
            if let Some(replaced) = replaces {
                // There is no grace if the new device is to be the only one.
                let grace = if rebinds {
                    Duration::ZERO
                } else {
                    replaced.grace
                };
                account.retire(replaced.device, (device.id, credential), grace, now);
            }
            if rebinds {
                account.rebind(device.id, received.as_ref());
            }
            account.confirmed(device.id, received.as_ref(), now)
        })
    }

    fn refuse_confirmation(&mut self, device: DeviceId, denial: Denial) -> Refusal {
        let diagnosis = match denial {
            Denial::Unconfirmed(diagnosis) => Some(diagnosis),
            _ => None,
        };
        self.note(Event::ConfirmationFailed { device, diagnosis });
        Refusal::Charged(denial)
    }

    fn confirmed(
        &mut self,
        id: DeviceId,
        received: Option<&Received<'_>>,
        now: UnixTime,
    ) -> Result<Confirmed, Refusal> {
        let credential = self.device(id)?.credential;
        let remembered = received.map(|received| self.remember(received, credential, now));
        let remembered = remembered.unwrap_or_default();
        let answer = Answer::new(hash(received), credential, now);
        self.device_mut(id)?.answer =
            answer.map(|answer| answer.in_browser(remembered.browser, remembered.salt));
        let proof = self.proof(ProofKind::Confirmation, credential, Some(id), now);
        Ok(Confirmed::new(proof, id, remembered.cookie))
    }

    /// Gives the answer again that this submission got when it confirmed the device.
    fn confirmed_again(
        &mut self,
        id: DeviceId,
        received: Option<&Received<'_>>,
    ) -> Option<Confirmed> {
        let device = self.device(id).ok().filter(|device| device.is_active())?;
        let answer = device.answer_to(hash(received).as_ref())?;
        let remembered = self.remembered_again(received?, answer);
        let proof = self.answer_again(ProofKind::Confirmation, Some(id), answer);
        Some(Confirmed::new(proof, id, remembered.cookie))
    }

    /// Says whether this is a pending device whose time or tries are used up now.
    fn will_expire(&self, device: PendingDevice, now: UnixTime) -> bool {
        self.pending(device).is_ok_and(|pending| {
            let mut state = State::Pending(pending);
            !state.pass(self.clock.elapsed(now))
        })
    }

    fn pending(&self, device: PendingDevice) -> Result<Pending, Error> {
        match self.device(device.id)?.state {
            State::Pending(pending) if is_confirmed_in(pending.session, device.session) => {
                Ok(pending)
            }
            _ => Err(Error::UnknownDevice),
        }
    }

    /// Ends the old device of a rotation, now or after the grace.
    fn retire(
        &mut self,
        old: DeviceId,
        (new, successor): (DeviceId, Credential),
        grace: Duration,
        now: UnixTime,
    ) {
        if !grace.is_zero() {
            self.limit_retiring();
        }
        if let Ok(device) = self.device_mut(old) {
            device.state = State::Retiring {
                left: grace,
                successor,
            };
            let label = device.label.clone();
            self.note(Event::Rotated {
                old,
                new,
                label,
                ends: now.saturating_add(grace),
            });
        }
        self.end_devices(|device| device.id == old && grace.is_zero());
    }

    /// Makes room for one more retiring device. There may be as many as there may be devices. More
    /// come only from rotating again and again within the grace, and each one is one more secret that
    /// a guess may hit. The one that was enrolled first ends first.
    fn limit_retiring(&mut self) {
        let is_retiring = |device: &&Device| matches!(device.state, State::Retiring { .. });
        let retiring: Vec<DeviceId> = self
            .devices
            .iter()
            .filter(is_retiring)
            .map(|device| device.id)
            .collect();
        let room = usize::from(self.policy.max_devices()).saturating_sub(1);
        let too_many = retiring.len().saturating_sub(room);
        self.end_devices(|device| retiring.iter().take(too_many).any(|id| *id == device.id));
    }

    /// Binds a disabled account to the new device alone. Of the browsers, the one in which it is done
    /// stays known.
    fn rebind(&mut self, new: DeviceId, received: Option<&Received<'_>>) {
        let kept = received.and_then(|received| received.browser);
        self.end_devices(|device| device.id != new);
        self.forget_browsers_if(|browser| Some(browser.id) != kept);
        self.strangers.succeed();
        self.known.succeed();
        self.note(Event::Rebound { device: new });
    }
}

fn hash(received: Option<&Received<'_>>) -> Option<SubmissionHash> {
    received?.submission.hash(Command::Confirm)
}
