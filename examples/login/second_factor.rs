//! What the owner of an account does with their second factor.

use std::error::Error as StdError;
use std::time::Duration;

use secondfactor::account::{DeviceId, DeviceState, DeviceStatus, Enrollment, Fault};
use secondfactor::sign_in::NeedsCode;
use secondfactor::{AccountId, Code, Error, Label, Proof, RecoveryCode, RecoveryCodes, Status};

use crate::terminal::{say, say_error};
use crate::users::User;
use crate::words::{NO_FACTOR, by, device_text, recovery_codes_text};
use crate::{Outcome, Program, Session};

/// It is short, so that the QR code fits 24 lines.
const ISSUER: &str = "login";

/// What is typed at a login beside the password.
enum Typed {
    Code(Code),
    RecoveryCode(RecoveryCode),
}

impl Program {
    /// A code of a device, or a recovery code. At a terminal another one is asked for after a wrong one, without the password
    /// again. An empty answer gives up.
    pub(crate) fn ask_proof(&self, user: &User) -> Outcome<Proof> {
        loop {
            match self.check_code(user) {
                Err(error) if self.terminal.interactive && is_refusal(&*error) => {
                    say_error(&*error)
                }
                proof => return proof,
            }
        }
    }

    fn check_code(&self, user: &User) -> Outcome<Proof> {
        match self.terminal.ask_for("Code: ", read_typed)? {
            Typed::Code(code) => Ok(self.mfa.verify(&user.account, code)?.into()),
            Typed::RecoveryCode(code) => {
                let recovered = self.mfa.redeem(&user.account, &code)?;
                let left = recovered.codes_left();
                say(format_args!(
                    "That recovery code is used up, {left} are left. Enroll a new device, and revoke what is lost. If it was \
                     stolen, type keep first."
                ))?;
                Ok(recovered.into())
            }
        }
    }

    pub(crate) fn enroll(&mut self) -> Outcome {
        if self.needs_code()? {
            self.renew_proof()?;
        }
        let session = self.session()?;
        let label = self.ask_label("What do you call the device [phone]: ")?;
        let enrollment = match &session.proof {
            Some(proof) => self.mfa.enroll_another(proof, label)?,
            None => self.mfa.enroll(&session.user.account, label)?,
        };
        self.confirm(&enrollment)
    }

    pub(crate) fn status(&self) -> Outcome {
        let Session { user, proof } = self.session()?;
        let by = proof
            .as_ref()
            .map_or(String::new(), |proof| format!(" and {}", by(proof)));
        say(format_args!("Logged in as {}, by password{by}.", user.name))?;
        let status = match self.mfa.status(&user.account) {
            Err(Error::NotEnrolled) if !user.opted_in => {
                return say("The second factor is off.");
            }
            status => status?,
        };
        say(match (status.has_accepted_device(), user.opted_in) {
            (true, _) => "The second factor is on.",
            (false, true) => "The second factor is on, but no device is active: type enroll.",
            (false, false) => "The second factor is off.",
        })?;
        say_what_is_there(&status)
    }

    pub(crate) fn change_device(&mut self, command: &str) -> Outcome {
        self.renew_proof()?;
        let session = self.session()?;
        let proof = session.proof()?;
        let device = self.ask_device(&session.user.account)?;
        match command {
            "rename" => {
                let label = Label::new(self.terminal.ask("New name: ")?)?;
                self.mfa.rename(proof, device, label)?;
            }
            "suspend" => self.mfa.suspend(proof, device)?,
            "resume" => self.mfa.resume(proof, device)?,
            "revoke" => self.mfa.revoke(proof, device)?,
            _ => {
                let grace = self.ask_grace()?;
                let enrollment = self.mfa.rotate(proof, device, grace)?;
                return self.confirm(&enrollment);
            }
        }
        say("Done.")
    }

    pub(crate) fn issue_recovery_codes(&mut self) -> Outcome {
        self.renew_proof()?;
        let proof = self.session()?.proof()?;
        let present = self.mfa.status(proof.account())?.recovery_set();
        say_codes(&self.mfa.issue_recovery_codes(proof, present)?)
    }

    pub(crate) fn opt_out(&mut self) -> Outcome {
        self.renew_proof()?;
        let session = self.session()?;
        self.mfa.opt_out(session.proof()?)?;
        self.users.note_opted_in(&session.user, false)?;
        self.go_on(false, None);
        say("The second factor is off.")
    }

    /// Also for those who can't log in since their device's clock is off: by the password, and it is no login.
    pub(crate) fn resync(&mut self) -> Outcome {
        let account = match &self.session {
            Some(session) => session.user.account.clone(),
            None => self.check_password()?.account,
        };
        let device = self.ask_device(&account)?;
        let codes = [
            self.terminal.ask_code("Code: ")?,
            self.terminal.ask_code("The code after it: ")?,
        ];
        self.mfa.resync(&account, device, codes)?;
        say("Done. Log in with the next code, or this is undone tomorrow.")
    }

    /// Shows what a device needs, takes a code of it, and gives recovery codes to those who have none.
    fn confirm(&mut self, enrollment: &Enrollment) -> Outcome {
        let user = &self.session()?.user;
        show(enrollment, &user.name)?;
        let confirmed = loop {
            let code = self.terminal.ask_code("Code that the app shows: ")?;
            match self.mfa.confirm(&user.account, enrollment.device(), code) {
                Err(error) if error.fault() == Fault::Claimant && self.terminal.interactive => {
                    say_error(&error);
                }
                confirmed => break confirmed?,
            }
        };
        self.users.note_opted_in(user, true)?;
        say("The second factor is on. That code is used up: the next login needs the next one.")?;
        let codes_left = self.mfa.status(&user.account)?.recovery_codes_left();
        // The proof so far may rest on what ends now: the old device of a rotation, or the recovery codes that the next
        // ones replace.
        self.go_on(true, Some(confirmed.into()));
        if codes_left == 0 {
            self.issue_recovery_codes()?;
        }
        Ok(())
    }

    /// A password alone changes nothing, or whoever stole it could take the second factor away. Nor does a code of long ago.
    /// So another code is asked for where it is needed, before anything else is asked for nothing.
    pub(crate) fn renew_proof(&mut self) -> Outcome {
        let Session { user, proof } = self.session()?;
        match proof.as_ref().map(|proof| self.mfa.check_proof(proof)) {
            Some(Err(Error::Stale(_))) => {}
            Some(checked) => return Ok(checked?),
            None if self.needs_code()? => {}
            None => return Err(NO_FACTOR.into()),
        }
        say("That takes a code of just now, or a recovery code.")?;
        let proof = self.ask_proof(user)?;
        self.go_on(true, Some(proof));
        Ok(())
    }

    fn needs_code(&self) -> Outcome<bool> {
        let user = &self.session()?.user;
        let needs = self.mfa.needs_code(&user.account, user.opted_in)?;
        Ok(needs != NeedsCode::No)
    }

    pub(crate) fn session(&self) -> Outcome<&Session> {
        self.session.as_ref().ok_or_else(|| "Log in first".into())
    }

    pub(crate) fn go_on(&mut self, opted_in: bool, proof: Option<Proof>) {
        if let Some(session) = &mut self.session {
            session.user.opted_in = opted_in;
            session.proof = proof;
        }
    }

    fn ask_label(&self, question: &str) -> Outcome<Label> {
        match self.terminal.ask(question)? {
            empty if empty.is_empty() => Ok(Label::new("phone")?),
            label => Ok(Label::new(label)?),
        }
    }

    fn ask_grace(&self) -> Outcome<Duration> {
        say(
            "The old key ends when the new one is confirmed. If nobody else may have it, it may log in for some days more.",
        )?;
        self.terminal
            .ask_for("For how many days, up to 7 [0]: ", read_days)
    }

    /// By its name; without a question if there is only one.
    fn ask_device(&self, account: &AccountId) -> Outcome<DeviceId> {
        let devices = self.mfa.devices(account)?;
        if let [only] = &*devices {
            return Ok(only.id());
        }
        for device in &devices {
            say(format_args!("  {}", device.label()))?;
        }
        let name = self.terminal.ask("Device: ")?;
        let mut named = devices
            .iter()
            .filter(|device| device.label().as_str() == name);
        // Its successor may have the name too.
        let is_kept = |device: &&DeviceStatus| {
            matches!(device.state(), DeviceState::Active | DeviceState::Suspended)
        };
        let known = named.clone().find(is_kept).or_else(|| named.next());
        Ok(known.ok_or("There is no device of that name")?.id())
    }
}

impl Session {
    pub(crate) fn proof(&self) -> Outcome<&Proof> {
        self.proof.as_ref().ok_or_else(|| NO_FACTOR.into())
    }
}

/// Whether another code may help.
fn is_refusal(error: &(dyn StdError + 'static)) -> bool {
    let error = error.downcast_ref::<Error>();
    error.is_some_and(|error| error.fault() == Fault::Claimant)
}

/// The two are told apart by their length: a recovery code has 25 symbols.
fn read_typed(typed: &str) -> Outcome<Typed> {
    if typed.len() < 20 {
        Ok(Typed::Code(typed.parse()?))
    } else {
        Ok(Typed::RecoveryCode(typed.parse()?))
    }
}

fn read_days(typed: &str) -> Outcome<Duration> {
    let days = match typed.trim() {
        "" => Some(0),
        typed => typed.parse::<u64>().ok().filter(|days| *days <= 7),
    };
    let days = days.ok_or("Type a number of days, 0 to 7")?;
    Ok(Duration::from_secs(days.saturating_mul(24 * 3600)))
}

/// With who vouched for it, so that its owner finds what somebody else added.
fn say_what_is_there(status: &Status) -> Outcome {
    status
        .devices()
        .iter()
        .try_for_each(|device| say(format_args!("  {}", device_text(device, status))))?;
    recovery_codes_text(status).map_or(Ok(()), say)
}

/// The QR code, and the key for those who type it: shown this once.
fn show(enrollment: &Enrollment, name: &str) -> Outcome {
    let uri = enrollment.key_uri(ISSUER, name);
    let key = enrollment.secret().expose_base32();
    say(format_args!(
        "Scan this with your authenticator app. Or type this key, time-based, six digits:\nKey: {}",
        &*key
    ))?;
    // With the question below it, it fills 24 lines.
    say(uri.expose_terminal()?.trim_end())
}

fn say_codes(codes: &RecoveryCodes) -> Outcome {
    say(
        "If you lose your device, log in with one of these instead of a code. Each works once. Keep them safe:",
    )?;
    codes
        .iter()
        .try_for_each(|code| say(format_args!("  {}", &*code.expose_text())))
}
