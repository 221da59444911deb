//! The library itself, as its documentation shows it to a program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secondfactor::account::{Actor, FormId, PendingDevice, Submission};
use secondfactor::codes::UnixTime;
use secondfactor::codes::{Algorithm, Counter, Digits, ManualClock, Parameters, Period, Secret};
use secondfactor::sign_in::{NeedsCode, Note};
use secondfactor::store::MemoryStore;
use secondfactor::{
    AccountId, Code, Confirmed, Denial, Error, Keyring, Label, Mfa, NewDevice, Policy, Proof,
    Recovered, SealingKey, Verified,
};

use super::command::{Command, Drawn, InSession};
use super::enroll::New;
use super::login::Sent;

pub(crate) struct Real {
    pub(crate) mfa: Mfa<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) told: Arc<Mutex<Vec<&'static str>>>,
}

#[derive(Debug)]
pub(crate) enum Held {
    Verified(Verified),
    Confirmed(Confirmed),
    Recovered(Recovered),
    Proof(Proof),
}

impl AsRef<Proof> for Held {
    fn as_ref(&self) -> &Proof {
        match self {
            Self::Verified(held) => held.as_ref(),
            Self::Confirmed(held) => held.as_ref(),
            Self::Recovered(held) => held.as_ref(),
            Self::Proof(held) => held,
        }
    }
}

/// The text of a verdict, what was drawn for it, and its proof.
pub(crate) type Answer = Result<(String, Drawn, Option<Held>), Error>;

pub(crate) fn session(number: u8) -> [u8; 16] {
    [number; 16]
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

fn pair(codes: &[String; 2]) -> [Code; 2] {
    [code(&codes[0]), code(&codes[1])]
}

fn device(new: &New) -> NewDevice {
    let parameters = if new.settings.is_totp() {
        Parameters::totp(Period::from_secs(new.settings.period as u16).unwrap())
    } else {
        Parameters::hotp(Counter::new(new.counter))
    };
    let parameters = match new.settings.sha256 {
        true => parameters.with_algorithm(Algorithm::Sha256),
        false => parameters,
    };
    let digits = Digits::from_count(new.settings.digits as u8).unwrap();
    let parameters = parameters.with_digits(digits);
    let mut device = NewDevice::with_parameters(label(new.label), parameters).unwrap();
    if let Some(secret) = &new.secret {
        device = device.with_secret(Secret::from_bytes(secret).unwrap());
    }
    match new.session {
        Some(number) => device.in_session(&session(number)),
        None => device,
    }
}

fn pending((id, session_number): &InSession) -> PendingDevice {
    match session_number {
        Some(number) => id.in_session(&session(*number)),
        None => (*id).into(),
    }
}

fn with_form<C>(submission: Submission<C>, form: Option<(u8, FormId)>) -> Submission<C> {
    match form {
        Some((number, form)) => submission.with_form(&session(number), form).unwrap(),
        None => submission,
    }
}

fn submission(sent: &Sent) -> Submission<Code> {
    let submission = with_form(Submission::new(code(&sent.code)), sent.form);
    let submission = submission.in_browser(sent.cookie.as_deref());
    match sent.remember {
        Some(text) => submission.remember_browser(label(text)),
        None => submission,
    }
}

fn plain(done: ()) -> (String, Drawn, Option<Held>) {
    let () = done;
    (String::new(), Drawn::default(), None)
}

/// A refusal as text, with its times as numbers.
pub(crate) fn told(error: &Error) -> String {
    match error {
        Error::Denied(Denial::Locked { retry_at, .. }) => {
            format!("locked until {}", retry_at.as_secs())
        }
        Error::Denied(Denial::Throttled { retry_at, .. }) => {
            format!("throttled until {}", retry_at.as_secs())
        }
        Error::Denied(Denial::Unconfirmed(secondfactor::account::Diagnosis::ClockOff {
            steps,
            ..
        })) => format!("Denied(Unconfirmed(ClockOff {steps}))"),
        other => format!("{other:?}"),
    }
}

impl Real {
    pub(crate) fn new(policy: Policy, now: u64) -> Self {
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(now)));
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let keyring = Keyring::new(SealingKey::from_bytes(&[7; 32]));
        let mfa = Mfa::new(MemoryStore::new(), keyring)
            .with_policy(policy)
            .with_clock(Arc::clone(&clock))
            .on_event(move |_, _, event| sink.lock().unwrap().push(event.code()));
        Self { mfa, clock, told }
    }

    pub(crate) fn run(&self, command: &Command, held: &[Held]) -> Answer {
        use Command as C;
        let mfa = &self.mfa;
        let actor = Actor::new("bob").unwrap();
        let seconds = Duration::from_secs;
        match command {
            C::Enroll(id, new) => run(mfa.enroll(id, device(new))).map(|made| enrolled(&made)),
            C::EnrollAnother(place, new) => {
                run(mfa.enroll_another(&held[*place], device(new))).map(|made| enrolled(&made))
            }
            C::Rotate(place, old, grace) => {
                run(mfa.rotate(&held[*place], pending(old), seconds(*grace)))
                    .map(|made| enrolled(&made))
            }
            C::Confirm(id, pending_device, sent) => {
                run(mfa.confirm(id, pending(pending_device), submission(sent)))
                    .map(|confirmed| self.confirmed(confirmed))
            }
            C::ConfirmPair(id, pending_device, codes) => {
                run(mfa.confirm_pair(id, pending(pending_device), pair(codes)))
                    .map(|confirmed| self.confirmed(confirmed))
            }
            C::Verify(id, sent) => run(mfa.verify(id, submission(sent))).map(verified),
            C::Resync(id, device, codes) => run(mfa.resync(id, *device, pair(codes))).map(plain),
            C::Issue(place, replaces) => self.issue(&held[*place], *replaces),
            C::Redeem(id, sent) => {
                let code = sent.code.parse().unwrap();
                run(mfa.redeem(id, with_form(Submission::new(&code), sent.form))).map(recovered)
            }
            C::Rename(place, id, text) => {
                run(mfa.rename(&held[*place], *id, label(text))).map(plain)
            }
            C::Suspend(place, id) => run(mfa.suspend(&held[*place], *id)).map(plain),
            C::Resume(place, id) => run(mfa.resume(&held[*place], *id)).map(plain),
            C::Revoke(place, id) => run(mfa.revoke(&held[*place], *id)).map(plain),
            C::KeepOnly(place, kept) => run(mfa.keep_only(&held[*place], kept)).map(|proof| {
                let text = match &proof {
                    Some(proof) => format!("proof of {}", proof.at().as_secs()),
                    None => "no proof".into(),
                };
                (text, Drawn::default(), proof.map(Held::Proof))
            }),
            C::CheckProof(place) => run(mfa.check_proof(&held[*place])).map(plain),
            C::Stands(place) => run(mfa.stands(&held[*place])).map(plain),
            C::OptOut(place) => run(mfa.opt_out(&held[*place])).map(plain),
            C::NeedsCode(id) => run(mfa.needs_code(id, Note::OptingIn)).map(|needs| {
                let text = if matches!(needs, NeedsCode::No) {
                    "no"
                } else {
                    "yes"
                };
                (text.into(), Drawn::default(), None)
            }),
            C::ForgetBrowser(place, id) => run(mfa.forget_browser(&held[*place], *id)).map(plain),
            C::ForgetBrowsers(place) => run(mfa.forget_browsers(&held[*place])).map(plain),
            C::PasswordChanged(place, cookie) => {
                run(mfa.password_changed(&held[*place], cookie.as_deref())).map(plain)
            }
            C::TrustBrowser(place, id, lasts) => {
                let Held::Verified(verified) = &held[*place] else {
                    unreachable!("the driver picks one that was verified");
                };
                run(mfa.trust_browser(verified, *id, seconds(*lasts))).map(plain)
            }
            C::Recognize(id, cookie) => run(mfa.recognize(id, cookie.as_deref())).map(|it| {
                let text = format!("recognized {} at {}", it.browser(), it.at().as_secs());
                (text, Drawn::default(), None)
            }),
            C::Import(id, news, used) => {
                let devices = news.iter().map(device).collect();
                let used = used.map(UnixTime::from_secs);
                run(mfa.danger_import_unproven(id, &actor, devices, used))
                    .map(|()| self.imported(id))
            }
            C::RevokeUnproven(id, device) => {
                run(mfa.danger_revoke_unproven(id, &actor, *device)).map(plain)
            }
            C::Unlock(id) => run(mfa.danger_unlock_unproven(id, &actor)).map(plain),
            C::OptOutUnproven(id) => run(mfa.danger_opt_out_unproven(id, &actor)).map(plain),
            C::IssueTemporary(id, lifetime) => {
                let lifetime = seconds(*lifetime);
                run(mfa.danger_issue_temporary_code_unproven(id, &actor, lifetime)).map(|code| {
                    let drawn = Drawn {
                        temporary: Some(code.expose_text().to_string()),
                        ..Drawn::default()
                    };
                    (String::new(), drawn, None)
                })
            }
            C::WithdrawTemporary(id) => {
                run(mfa.danger_withdraw_temporary_code_unproven(id, &actor)).map(plain)
            }
            C::Move(from, to) => run(mfa.danger_move_unproven(&actor, from, to)).map(plain),
        }
    }

    fn issue(
        &self,
        proof: &Held,
        replaces: Option<secondfactor::account::RecoverySetId>,
    ) -> Answer {
        let codes = run(self.mfa.issue_recovery_codes(proof, replaces))?;
        let status = run(self.mfa.status(proof.as_ref().account()))?;
        let texts = codes
            .iter()
            .map(|code| code.expose_text().to_string())
            .collect();
        let drawn = Drawn {
            set: status.recovery_set().map(|id| (id, texts)),
            ..Drawn::default()
        };
        Ok((String::new(), drawn, None))
    }

    fn imported(&self, id: &AccountId) -> (String, Drawn, Option<Held>) {
        let devices = run(self.mfa.devices(id)).unwrap();
        let drawn = Drawn {
            imported: devices.iter().map(|device| device.id()).collect(),
            ..Drawn::default()
        };
        (String::new(), drawn, None)
    }

    /// A confirmation does not name its browser: the status does, by the cookie's turn.
    fn confirmed(&self, mut confirmed: Confirmed) -> (String, Drawn, Option<Held>) {
        let cookie = confirmed
            .take_browser_cookie()
            .map(|it| it.expose_value().to_string());
        let status = run(self.mfa.status(confirmed.account())).unwrap();
        let last = status
            .browsers()
            .last()
            .map(secondfactor::account::BrowserStatus::id);
        let (id, at) = (confirmed.device(), confirmed.at().as_secs());
        let none: Option<secondfactor::account::BrowserId> = None;
        let text = format!("confirmed by {id} at {at} in {none:?}, cookie {cookie:?}");
        let drawn = Drawn {
            browser: last.zip(cookie),
            ..Drawn::default()
        };
        (text, drawn, Some(Held::Confirmed(confirmed)))
    }
}

fn verified(mut verified: Verified) -> (String, Drawn, Option<Held>) {
    let cookie = verified
        .take_browser_cookie()
        .map(|it| it.expose_value().to_string());
    let (id, at, browser) = (
        verified.device(),
        verified.at().as_secs(),
        verified.browser(),
    );
    let text = format!("verified by {id} at {at} in {browser:?}, cookie {cookie:?}");
    let drawn = Drawn {
        browser: browser.zip(cookie),
        ..Drawn::default()
    };
    (text, drawn, Some(Held::Verified(verified)))
}

fn recovered(recovered: Recovered) -> (String, Drawn, Option<Held>) {
    let (at, left, set) = (
        recovered.at().as_secs(),
        recovered.codes_left(),
        recovered.recovery_set(),
    );
    let text = format!("recovered at {at}, {left} left of {set:?}");
    (text, Drawn::default(), Some(Held::Recovered(recovered)))
}

fn enrolled(made: &secondfactor::account::Enrollment) -> (String, Drawn, Option<Held>) {
    let drawn = Drawn {
        device: Some((made.device(), made.secret().expose_bytes().to_vec())),
        ..Drawn::default()
    };
    ("enrolled".into(), drawn, None)
}
