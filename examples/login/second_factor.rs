//! What the owner of an account does with their second factor.

use pollster::block_on;
use secondfactor::{
    AccountId, Clock, Code, Denial, DeviceId, DeviceState, DeviceStatus, Enrollment, Error, Event, Label, Proof,
    RecoveryCode, RecoveryCodes, SystemClock, UnixTime, Verified,
};

use crate::terminal::{say, say_error};
use crate::users::User;
use crate::{Outcome, Program, Session};

const ISSUER: &str = "secondfactor login";

impl Program {
    /// Who has opted in is noted with the user as well: a record that is missing then is an error, never a way past.
    pub(crate) fn needs_code(&self, user: &User) -> Outcome<bool> {
        match block_on(self.mfa.status(&user.account)) {
            Ok(status) => Ok(user.opted_in || status.is_enrolled()),
            Err(Error::NotEnrolled) if !user.opted_in => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A code of a device, or a recovery code: the two are told apart by their length.
    pub(crate) fn check_code(&self, user: &User) -> Outcome<(Box<dyn Proof>, &'static str)> {
        loop {
            let typed = self.terminal.ask("Code: ")?;
            match (typed.parse::<Code>(), typed.parse::<RecoveryCode>()) {
                (Ok(code), _) => {
                    let verified: Verified = block_on(self.mfa.verify(&user.account, code)).map_err(explain)?;
                    return Ok((Box::new(verified), "code"));
                }
                (_, Ok(code)) => {
                    let recovered = block_on(self.mfa.redeem(&user.account, &code)).map_err(explain)?;
                    let left = recovered.left();
                    say(format_args!(
                        "That recovery code is used up, {left} are left. Enroll a new device, and revoke what is lost."
                    ))?;
                    return Ok((Box::new(recovered), "recovery code"));
                }
                (Err(error), Err(_)) if typed.len() < 20 => self.again(&typed, error)?,
                (_, Err(error)) => self.again(&typed, error)?,
            }
        }
    }

    pub(crate) fn enroll(&mut self) -> Outcome {
        let session = self.session()?;
        let label = self.ask_label("What do you call the device [phone]: ")?;
        let enrollment = match &session.proof {
            Some((proof, _)) => block_on(self.mfa.enroll_another(&**proof, label)).map_err(explain)?,
            None => block_on(self.mfa.enroll(&session.user.account, label)).map_err(explain)?,
        };
        self.confirm(&enrollment)
    }

    pub(crate) fn status(&self) -> Outcome {
        let session = self.session()?;
        let factors = session.proof.as_ref().map_or(String::new(), |(_, by)| format!(" and {by}"));
        say(format_args!("Logged in as {}, by password{factors}.", session.user.name))?;
        let status = match block_on(self.mfa.status(&session.user.account)) {
            Err(Error::NotEnrolled) if !session.user.opted_in => return say("The second factor is off."),
            status => status?,
        };
        say(format_args!("The second factor is {}.", if status.is_enrolled() { "on" } else { "off" }))?;
        status.devices().iter().try_for_each(say_device)?;
        match status.recovery_codes() {
            0 => Ok(()),
            count => say(format_args!("{count} recovery codes are left.")),
        }
    }

    pub(crate) fn change_device(&mut self, command: &str) -> Outcome {
        let session = self.session()?;
        let proof = session.proof()?;
        let device = self.ask_device(&session.user.account)?;
        match command {
            "rename" => {
                let label = Label::new(self.terminal.ask("New name: ")?)?;
                block_on(self.mfa.rename(proof, device, label)).map_err(explain)?;
            }
            "suspend" => block_on(self.mfa.suspend(proof, device)).map_err(explain)?,
            "resume" => block_on(self.mfa.resume(proof, device)).map_err(explain)?,
            "revoke" => block_on(self.mfa.revoke(proof, device)).map_err(explain)?,
            _ => {
                let enrollment = block_on(self.mfa.rotate(proof, device)).map_err(explain)?;
                return self.confirm(&enrollment);
            }
        }
        say("Done.")
    }

    pub(crate) fn issue_recovery_codes(&mut self) -> Outcome {
        let proof = self.session()?.proof()?;
        say_codes(&block_on(self.mfa.issue_recovery_codes(proof)).map_err(explain)?)
    }

    pub(crate) fn opt_out(&mut self) -> Outcome {
        let session = self.session()?;
        block_on(self.mfa.opt_out(session.proof()?)).map_err(explain)?;
        self.users.note_opted_in(&session.user, false)?;
        self.session.iter_mut().for_each(|session| {
            session.user.opted_in = false;
            session.proof = None;
        });
        say("The second factor is off.")
    }

    /// Also for those who can't log in since their device's clock is off: by the password, and it is no login.
    pub(crate) fn resync(&mut self) -> Outcome {
        let account = match &self.session {
            Some(session) => session.user.account.clone(),
            None => self.check_password()?.account,
        };
        let device = self.ask_device(&account)?;
        let codes = [self.terminal.ask_code("Code: ")?, self.terminal.ask_code("The code after it: ")?];
        block_on(self.mfa.resync(&account, device, codes)).map_err(explain)?;
        say("Done. Log in with the next code, or this is undone tomorrow.")
    }

    /// Shows what a device needs, takes a code of it, and gives recovery codes to those who have none.
    fn confirm(&mut self, enrollment: &Enrollment) -> Outcome {
        let session = self.session()?;
        let account = session.user.account.clone();
        show(enrollment, &session.user.name)?;
        let confirmed = loop {
            let code = self.terminal.ask_code("Code that the app shows: ")?;
            match block_on(self.mfa.confirm(&account, enrollment.device(), code)) {
                Err(error @ Error::Denied(_)) if self.terminal.interactive => say_error(&*explain(error)),
                result => break result.map_err(explain)?,
            }
        };
        self.users.note_opted_in(&session.user, true)?;
        self.session.iter_mut().for_each(|session| session.user.opted_in = true);
        say("The second factor is on. That code is used up: the next login needs the next one.")?;
        if block_on(self.mfa.status(&account))?.recovery_codes() == 0 {
            say_codes(&block_on(self.mfa.issue_recovery_codes(&confirmed)).map_err(explain)?)?;
        }
        Ok(())
    }

    fn session(&self) -> Outcome<&Session> {
        self.session.as_ref().ok_or_else(|| "Log in first".into())
    }

    fn ask_label(&self, question: &str) -> Outcome<Label> {
        match self.terminal.ask(question)? {
            empty if empty.is_empty() => Ok(Label::new("phone")?),
            label => Ok(Label::new(label)?),
        }
    }

    /// By its name; without a question if there is only one.
    fn ask_device(&self, account: &AccountId) -> Outcome<DeviceId> {
        let devices = block_on(self.mfa.devices(account))?;
        if let [only] = &*devices {
            return Ok(only.id());
        }
        let name = self.terminal.ask("Device: ")?;
        let known = devices.iter().rev().find(|device| device.label().as_str() == name);
        Ok(known.ok_or("There is no device of that name")?.id())
    }

    /// At a terminal a code with a typing mistake is asked for again; an empty one gives up.
    fn again(&self, typed: &str, error: impl std::error::Error + 'static) -> Outcome {
        if self.terminal.interactive && !typed.is_empty() {
            say_error(&error);
            return Ok(());
        }
        Err(error.into())
    }
}

impl Session {
    /// A password alone changes nothing, or whoever stole it could take the second factor away.
    fn proof(&self) -> Outcome<&dyn Proof> {
        self.proof.as_ref().map(|(proof, _)| &**proof).ok_or_else(|| NEEDS_CODE.into())
    }
}

const NEEDS_CODE: &str = "Log in again, with a code: a password alone changes nothing of your second factor";

/// What the owner must hear of, as it happens. The rest belongs in a log.
pub(crate) fn tell_owner(_: &AccountId, _: UnixTime, event: &Event) {
    let told = match event {
        Event::Locked { failures, .. } => say(format_args!("To the owner: {failures} wrong codes in a row.")),
        Event::Disabled => say("To the owner: a hundred wrong codes in a row, no more are taken."),
        Event::ReplayRefused => say("To the owner: a used code was tried again."),
        Event::Verified { after_lock: true, failures_before, .. } => {
            say(format_args!("To the owner: this login came after {failures_before} wrong codes."))
        }
        _ => Ok(()),
    };
    // If nobody reads, the answer that follows says so.
    drop(told);
}

/// The QR code, and the key for those who type it: shown this once.
fn show(enrollment: &Enrollment, name: &str) -> Outcome {
    let uri = enrollment.key_uri(ISSUER, name)?;
    say(format_args!("Scan this with your authenticator app:\n\n{}", &*uri.expose_terminal()?))?;
    let key = enrollment.secret().expose_base32();
    say(format_args!("Or type this key, time-based, six digits:\nKey: {}", &*key))
}

fn say_codes(codes: &RecoveryCodes) -> Outcome {
    say("If you lose your device, log in with one of these instead of a code. Each works once. Keep them safe:")?;
    codes.iter().try_for_each(|code| say(format_args!("  {}", &*code.expose_text())))
}

fn say_device(device: &DeviceStatus) -> Outcome {
    let state = match device.state() {
        DeviceState::Active => "active",
        DeviceState::Suspended => "suspended",
        DeviceState::Retiring { .. } => "rotated, works for a while",
        DeviceState::Pending { .. } => "waits to be confirmed",
        _ => "unknown",
    };
    let used =
        device.last_used().map_or_else(|| "not yet used".to_owned(), |time| format!("last used at {}", time.as_secs()));
    let drift = match device.drift() {
        0 => String::new(),
        steps => format!(", its clock is off by {steps} steps"),
    };
    say(format_args!("  {}: {state}, enrolled at {}, {used}{drift}", device.label(), device.created().as_secs()))
}

/// What the person is told. A used code is named as such here: at their own terminal, nobody else reads it.
fn explain(error: Error) -> Box<dyn std::error::Error> {
    match error {
        Error::Denied(Denial::Replayed) => "That code has been used, wait for the next one".into(),
        Error::Denied(Denial::Unconfirmed(diagnosis)) => format!("Wrong code: {diagnosis}").into(),
        Error::Denied(Denial::Throttled { retry_at }) => {
            let wait = retry_at.saturating_since(SystemClock.now()).as_secs();
            format!("Too many wrong codes: try again in {wait} seconds").into()
        }
        Error::Denied(Denial::Disabled) => "Too many wrong codes: log in with a recovery code, and enroll anew".into(),
        Error::Denied(_) => "Wrong code".into(),
        Error::ProofRequired => NEEDS_CODE.into(),
        Error::Stale(_) => "It is a while since your code: log in again".into(),
        Error::LastDevice => "That is your last device: enroll another one first, or type optout".into(),
        error => error.into(),
    }
}
