//! What the administrator does with the second factor of a user.

use std::process::{self, Stdio};
use std::time::Duration;

use pam_secondfactor::log::Log;
use pam_secondfactor::settings::Settings;
use pam_secondfactor::words::{MISTYPED, PROMPT, Typed, denied};
use secondfactor::account::{Actor, DeviceState, DeviceStatus, Enrollment, Lock, Wait};
use secondfactor::mfa::blocking;
use secondfactor::store::SqliteStore;
use secondfactor::{AccountId, Code, Confirmed, Error, Label, Proof};

use crate::Outcome;
use crate::terminal::{ask, say};

pub(crate) struct Command {
    pub(crate) mfa: blocking::Mfa<SqliteStore>,
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) actor: Actor,
}

/// For a code that is told by telephone (NIST SP 800-63B-4 section 4.2.1.2).
const TEMPORARY_LIFETIME: Duration = Duration::from_secs(600);

impl Command {
    /// Opens the same files as the module, by the same rules.
    pub(crate) fn new(settings: &Settings, name: &str) -> Outcome<Self> {
        let actor = actor()?;
        let log = Log::of_command(name, actor.as_str());
        let mfa = settings.open()?;
        let mfa = blocking::Mfa::new(mfa.on_event(move |_, _, event| log.event(event)));
        // With a wrong key nothing is written: the right one would not open it.
        for finding in mfa.check()?.findings() {
            say(format_args!("Warning: {finding}"))?;
        }
        Ok(Self {
            mfa,
            name: name.to_owned(),
            account: AccountId::new(name)?,
            actor,
        })
    }

    pub(crate) fn enroll(&self, label: &str) -> Outcome {
        let confirmed = self.add_device(label)?;
        match self.mfa.status(&self.account)?.recovery_codes_left() {
            0 => self.issue_by(&confirmed.into()),
            _ => Ok(()),
        }
    }

    /// In one step nothing is left of a phone that was lost or stolen, nor of what it has vouched for.
    pub(crate) fn replace(&self, label: &str) -> Outcome {
        let confirmed = self.add_device(label)?;
        let kept = self.mfa.keep_only(&confirmed, &[confirmed.device()])?;
        say("All other devices and the recovery codes so far have ended.")?;
        self.issue_by(&kept.ok_or("the new device has ended too: enroll again")?)
    }

    fn add_device(&self, label: &str) -> Outcome<Confirmed> {
        require_user(&self.name)?;
        let enrollment = self.begin(Label::new(label)?)?;
        self.show(&enrollment)?;
        let confirmed = self.confirm(&enrollment)?;
        say("The device is enrolled. That code is used up: the next login takes the next one.")?;
        Ok(confirmed)
    }

    /// The second device takes a proof of the first: nobody but its owner adds one.
    fn begin(&self, label: Label) -> Outcome<Enrollment> {
        match self.mfa.enroll(&self.account, label.clone()) {
            Err(Error::ProofRequired) => {
                say(format_args!(
                    "{} has a device: adding another one takes a code of it, or a recovery code.",
                    self.name
                ))?;
                Ok(self.mfa.enroll_another(self.prove()?, label)?)
            }
            enrollment => Ok(enrollment?),
        }
    }

    /// The QR code, and the key for those who type it: shown this once.
    fn show(&self, enrollment: &Enrollment) -> Outcome {
        let uri = enrollment.key_uri(&host_name()?, &self.name);
        say(format_args!(
            "Scan this with an authenticator app:\n\n{}",
            &*uri.expose_terminal()?
        ))?;
        let key = enrollment.secret().expose_base32();
        say(format_args!(
            "Or type this key, time-based, six digits:\nKey: {}",
            &*key
        ))
    }

    fn confirm(&self, enrollment: &Enrollment) -> Outcome<Confirmed> {
        loop {
            let Ok(code) = ask("Code that the app shows: ")?.parse::<Code>() else {
                say(MISTYPED)?;
                continue;
            };
            match self.mfa.confirm(&self.account, enrollment.device(), code) {
                Err(Error::Denied(denial)) => say(denied(denial, self.mfa.now()))?,
                confirmed => return Ok(confirmed?),
            }
        }
    }

    /// Nobody talks an administrator into adding a device for them: whoever has none of the owner's takes `reset`, which
    /// the owner notices.
    fn prove(&self) -> Outcome<Proof> {
        let proof: Result<Proof, Error> = match Typed::read(&ask(PROMPT)?) {
            Some(Typed::Code(code)) => self.mfa.verify(&self.account, code).map(Into::into),
            Some(Typed::RecoveryCode(code)) => {
                self.mfa.redeem(&self.account, &code).map(Into::into)
            }
            None => return Err(MISTYPED.into()),
        };
        proof.map_err(|error| match error {
            Error::Denied(denial) => denied(denial, self.mfa.now()).into(),
            error => error.into(),
        })
    }

    pub(crate) fn issue_recovery_codes(&self) -> Outcome {
        self.issue_by(&self.prove()?)
    }

    fn issue_by(&self, proof: &Proof) -> Outcome {
        let present = self.mfa.status(&self.account)?.recovery_set();
        say(
            "Recovery codes, for a login without the device. Each works once. Keep them safe, apart from it:",
        )?;
        let codes = self.mfa.issue_recovery_codes(proof, present)?;
        codes
            .iter()
            .try_for_each(|code| say(format_args!("  {}", &*code.expose_text())))
    }

    pub(crate) fn status(&self) -> Outcome {
        let status = match self.mfa.status(&self.account) {
            Err(Error::NotEnrolled) => {
                return say(format_args!("{} has no second factor.", self.name));
            }
            status => status?,
        };
        for device in status.devices() {
            say(self.device_text(device))?;
        }
        let left = status.recovery_codes_left();
        say(format_args!("{left} recovery codes are left."))?;
        self.say_lock("Codes", status.lock())?;
        self.say_lock("Recovery codes", status.recovery_lock())
    }

    fn device_text(&self, device: &DeviceStatus) -> String {
        let ago = |at| Wait::from(self.mfa.now().saturating_since(at));
        let state = match device.state() {
            DeviceState::Active => "active",
            DeviceState::Suspended => "suspended",
            DeviceState::Pending { .. } => "not yet confirmed",
            DeviceState::Retiring { .. } => "replaced, and accepted for a while",
            _ => "unknown",
        };
        let used = match device.last_used() {
            Some(at) => format!("last used {} ago", ago(at)),
            None => "not yet used".to_owned(),
        };
        let (label, enrolled) = (device.label(), ago(device.created()));
        format!("{label}: {state}, enrolled {enrolled} ago, {used}")
    }

    fn say_lock(&self, what: &str, lock: Lock) -> Outcome {
        match lock {
            Lock::Open => Ok(()),
            Lock::Until(at) => {
                let wait = Wait::from(at.saturating_since(self.mfa.now()));
                say(format_args!(
                    "{what} are locked for {wait}, after wrong ones."
                ))
            }
            _ => say(format_args!(
                "{what} are locked for good, after too many wrong ones."
            )),
        }
    }

    pub(crate) fn reset(&self) -> Outcome {
        let name = &self.name;
        say(format_args!(
            "This removes all devices and recovery codes of {name}, who then can't log in where a code is asked for."
        ))?;
        self.ask_whether_it_is_the_owner()?;
        self.mfa
            .danger_opt_out_unproven(&self.account, &self.actor)?;
        say(format_args!("Done. Next: secondfactor-pam enroll {name}"))
    }

    pub(crate) fn issue_temporary_code(&self) -> Outcome {
        self.ask_whether_it_is_the_owner()?;
        let (mfa, lifetime) = (&self.mfa, TEMPORARY_LIFETIME);
        let code =
            mfa.danger_issue_temporary_code_unproven(&self.account, &self.actor, lifetime)?;
        say(format_args!(
            "For one login, or for replace, within {}:\n  {}",
            Wait::from(lifetime),
            &*code.expose_text()
        ))
    }

    fn ask_whether_it_is_the_owner(&self) -> Outcome {
        let question = format!(
            "Is it sure that {} asks for this, and not a thief? [no]: ",
            self.name
        );
        match &*ask(&question)? {
            "yes" => Ok(()),
            _ => Err("nothing was changed".into()),
        }
    }
}

/// `sudo` says who called it.
fn actor() -> Outcome<Actor> {
    let name = std::env::var("SUDO_USER").unwrap_or_else(|_| "root".to_owned());
    Ok(Actor::new(name)?)
}

/// A typo would enroll somebody who never logs in. `getent` asks all sources of users.
pub(crate) fn require_user(name: &str) -> Outcome {
    let found = process::Command::new("getent")
        .args(["passwd", "--", name])
        .stderr(Stdio::inherit())
        .output()?;
    // It also finds users by their numbers.
    if found.stdout.starts_with(format!("{name}:").as_bytes()) {
        Ok(())
    } else {
        Err(format!("there is no user {name}").into())
    }
}

/// What the app shows above the code.
fn host_name() -> Outcome<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    Ok(name.trim().to_owned())
}
