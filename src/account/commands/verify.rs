//! The judgement of a code at a login.

use crate::account::answer::{Answer, SubmissionHash};
use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::device::entry::Device;
use crate::account::device::id::DeviceId;
use crate::account::device::searching::Match;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::proof::{Proof, ProofKind};
use crate::account::proved::Verified;
use crate::account::state::Account;
use crate::account::submission::{Command, Submission};
use crate::codes::{Code, UnixTime};

use super::remember::Received;

/// A device, and where its code was found.
type Found = (DeviceId, Match);

impl Account {
    /// Judges a code against every device whose codes are accepted. One submission is one charge.
    ///
    /// If devices share the code, the one whose step is nearest the present is credited. Of the
    /// steps of one device, that is the last. All of them are burned.
    ///
    /// A submission with a form gets the same answer again for a minute, as long as its device is
    /// there: see [`Submission::with_form`]. One from a known browser is throttled on another side:
    /// see [`Submission::in_browser`].
    ///
    /// # Errors
    /// * [`Error::NotEnrolled`] if no device was ever confirmed.
    /// * [`Error::Denied`] at once, without a change, if there is no longer a device, for a replay
    ///   that was told before, and when throttled or disabled. A code that is throttled or disabled
    ///   is not judged.
    pub fn verify(
        self,
        submission: impl Into<Submission<Code>>,
        now: UnixTime,
    ) -> Result<Attempt<Verified>, Error> {
        let submission = submission.into();
        let hash = submission.hash(Command::Verify);
        self.judge(now, |account| {
            let received = account.receive(&submission)?;
            account.require_accepted()?;
            let side = account.side(received.browser);
            account.check_side(side, now)?;
            if let Some(verified) = account.verified_again(hash.as_ref(), &received) {
                return Ok(verified);
            }
            match account.search(submission.code, now) {
                (Some(found), _) => Ok(account.accept(found, &received, hash, now)?),
                (None, Some((device, found))) => Err(account.refuse_replay(device, found)),
                (None, None) => {
                    let next = account.charge(side, received.browser, now);
                    account.suspect_drift(submission.code, now);
                    Err(Refusal::Charged(Denial::of_wrong_code(next)))
                }
            }
        })
    }

    /// Returns the device that is credited with the code, and one that has shown it before. What is
    /// found unused is burned.
    fn search(&mut self, code: Code, now: UnixTime) -> (Option<Found>, Option<Found>) {
        let policy = self.policy;
        let accepted = (self.devices.iter_mut()).filter(|device| device.is_accepted());
        let matches: Vec<(&mut Device, Match)> = accepted
            .filter_map(|device| {
                device
                    .matching(code, &policy, now)
                    .map(|found| (device, found))
            })
            .collect();

        let (mut credited, mut replayed) = (None::<Found>, None::<Found>);
        for (device, found) in matches {
            if !device.is_unused(found) {
                replayed = Some((device.id, found));
                continue;
            }
            device.burn(found);
            if credited.is_none_or(|(_, nearest)| found.distance < nearest.distance) {
                credited = Some((device.id, found));
            }
        }
        (credited, replayed)
    }

    /// NIST SP 800-63B-4 section 3.2.2: success clears the failures of the authenticator used. Here
    /// failures are counted for all devices of the account together, as a wrong code belongs to
    /// none.
    fn accept(
        &mut self,
        (id, found): Found,
        received: &Received<'_>,
        hash: Option<SubmissionHash>,
        now: UnixTime,
    ) -> Result<Verified, Error> {
        let failures_before = self.forgive(received.browser);
        let after_lock =
            failures_before > 0 && failures_before >= u32::from(self.policy.free_tries());
        let policy = self.policy;
        let device = self.device_mut(id)?;
        let idle = device.last_used.map(|last| now.saturating_since(last));
        let moved = device.credit(found, &policy, now);
        let credential = device.credential;
        self.note(Event::Verified {
            device: id,
            failures_before,
            after_lock,
            idle,
            browser: received.browser,
        });
        if let Some(steps) = moved {
            self.note(Event::DriftMoved { device: id, steps });
        }
        let remembered = self.remember(received, credential, now);
        let answer = Answer::new(hash, credential, now);
        self.device_mut(id)?.answer =
            answer.map(|answer| answer.in_browser(remembered.browser, remembered.salt));
        let proof = self.proof(ProofKind::Code, credential, Some(id), now);
        let browser = (remembered.browser, remembered.cookie);
        Ok(Verified::new(proof, id, browser))
    }

    /// Gives the answer again that this submission got before. Nothing is burned, charged or forgiven.
    fn verified_again(
        &mut self,
        hash: Option<&SubmissionHash>,
        received: &Received<'_>,
    ) -> Option<Verified> {
        let mut accepted = self.devices.iter().filter(|device| device.is_accepted());
        let (id, answer) =
            accepted.find_map(|device| Some((device.id, device.answer_to(hash)?)))?;
        let remembered = self.remembered_again(received, answer);
        let proof = self.answer_again(ProofKind::Code, Some(id), answer);
        let browser = (remembered.browser, remembered.cookie);
        Some(Verified::new(proof, id, browser))
    }

    /// The proof is as old as the first one.
    pub(super) fn answer_again(
        &mut self,
        kind: ProofKind,
        device: Option<DeviceId>,
        answer: Answer,
    ) -> Proof {
        self.note(Event::AnsweredAgain { device });
        self.proof(kind, answer.credential, device, answer.at)
    }

    /// The owner is told once for a step or counter, and of none before one that was told: it lies in
    /// the same window, and the owner has just been warned.
    fn refuse_replay(&mut self, id: DeviceId, found: Match) -> Refusal {
        match self.device_mut(id) {
            Ok(device) if device.replay_told < Some(found.moving) => {
                device.replay_told = Some(found.moving);
                self.note(Event::ReplayRefused { is_first: true });
                Refusal::Charged(Denial::Replayed)
            }
            _ => Denial::Replayed.into(),
        }
    }

    /// Notes which devices may be off.
    fn suspect_drift(&mut self, code: Code, now: UnixTime) {
        let policy = self.policy;
        // Every device is searched, so that the answer's time tells nothing of a suspicion.
        let suspected: Vec<(DeviceId, i64)> = (self.devices.iter())
            .filter(|device| device.is_accepted())
            .filter_map(|device| {
                device
                    .drift_of(code, &policy, now)
                    .map(|steps| (device.id, steps))
            })
            .collect();
        for (device, steps) in suspected {
            self.note(Event::DriftSuspected { device, steps });
        }
    }
}
