//! "These are in my hands": what to do when somebody else may have used the account.

use secondfactor::account::{DeviceId, DeviceState, DeviceStatus, ProofKind};

use crate::terminal::say;
use crate::words::device_text;
use crate::{Outcome, Program};

const QUESTION: &str = "Which of these devices are in your hands? Everything else ends: other devices, \
                        what they have begun, and all recovery codes.";

impl Program {
    /// Ends everything but the devices that the owner holds, so that nothing a thief added has to be traced.
    pub(crate) fn keep(&mut self) -> Outcome {
        self.renew_proof()?;
        let session = self.session()?;
        let proof = session.proof()?;
        let status = self.mfa.status(&session.user.account)?;
        let choice = Choice {
            devices: status.devices().iter().filter(is_active).collect(),
            in_use: proof.device(),
            may_be_none: proof.kind() == ProofKind::RecoveryCode,
        };
        say(QUESTION)?;
        for (tick, device) in choice.ticks().zip(&choice.devices) {
            say(format_args!("{tick} {}", device_text(device, &status)))?;
        }
        let read = |typed: &str| choice.read(typed);
        let kept = self.terminal.ask_for(choice.question(), read)?;
        let Some(proof) = self.mfa.keep_only(proof, &kept)? else {
            self.session = None;
            return say(
                "Done. The device in use has ended too: log in with one that you kept, and type codes.",
            );
        };
        self.go_on(true, Some(proof));
        say("Done. Everything else has ended.")?;
        self.offer_recovery_codes(kept.is_empty())
    }

    /// Without a device they are the only way in, and nobody is asked.
    fn offer_recovery_codes(&mut self, is_without_device: bool) -> Outcome {
        if is_without_device {
            self.issue_recovery_codes()?;
            return say("You have no device now: type enroll for a new one.");
        }
        let question = "Your recovery codes are void. Do you want new ones [yes]: ";
        match &*self.terminal.ask(question)? {
            "" | "y" | "yes" => self.issue_recovery_codes(),
            _ => say("Type codes when you want them."),
        }
    }
}

fn is_active(device: &&DeviceStatus) -> bool {
    device.state() == DeviceState::Active
}

/// Devices to choose from. None is ticked but the one in use.
struct Choice<'s> {
    devices: Vec<&'s DeviceStatus>,
    in_use: Option<DeviceId>,
    may_be_none: bool,
}

impl Choice<'_> {
    /// `1 [x]`, `2 [ ]`.
    fn ticks(&self) -> impl Iterator<Item = String> {
        let tick = |device: &DeviceStatus| match Some(device.id()) == self.in_use {
            true => 'x',
            false => ' ',
        };
        let ticks = (1_usize..).zip(&self.devices);
        ticks.map(move |(number, device)| format!("{number} [{}]", tick(device)))
    }

    const fn question(&self) -> &'static str {
        match self.in_use {
            Some(_) => "Type their numbers, or nothing for the one in use: ",
            None => "Type their numbers, or none: ",
        }
    }

    /// An empty answer leaves the ticks as they are.
    fn read(&self, typed: &str) -> Outcome<Vec<DeviceId>> {
        match (typed.trim(), self.in_use) {
            ("", Some(in_use)) => Ok(vec![in_use]),
            ("", None) => Err("Type the numbers of the devices, or none".into()),
            ("none", _) if self.may_be_none => Ok(Vec::new()),
            ("none", _) => {
                Err("Keep one at least: if you hold none, log in with a recovery code".into())
            }
            (typed, _) => {
                let numbers = typed.split([' ', ',']).filter(|number| !number.is_empty());
                numbers.map(|number| self.device(number)).collect()
            }
        }
    }

    fn device(&self, number: &str) -> Outcome<DeviceId> {
        let place = number
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let device = place.and_then(|place| self.devices.get(place));
        Ok(device.ok_or("There is no device of that number")?.id())
    }
}
