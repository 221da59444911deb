//! Every command that writes, by its name: as a call of an `Mfa`, and judged by an `Account` alone.

use std::time::Duration;

use secondfactor::account::{Account, Attempt, Submission};
use secondfactor::codes::UnixTime;
use secondfactor::store::Store;
use secondfactor::{AccountId, Code, Error, Event, Keyring, Mfa, NewDevice};

use crate::given::Given;
use crate::owner::{DAY, Owner, in_form};
use crate::support::*;

/// Those of alice, with what they are about.
pub(crate) const COMMANDS: [&str; 37] = [
    "enroll_another",
    "confirm",
    "confirm a wrong code",
    "confirm_pair",
    "verify",
    "verify in a form",
    "verify in another form",
    "verify in a known browser",
    "verify a wrong code",
    "verify a wrong code in a known browser",
    "verify a replay",
    "resync",
    "rotate",
    "issue_recovery_codes",
    "redeem",
    "redeem again",
    "redeem a temporary code",
    "rename",
    "suspend",
    "resume",
    "revoke",
    "revoke another device",
    "keep_only",
    "opt_out",
    "forget_browser",
    "forget_browsers",
    "password_changed",
    "trust_browser",
    "recognize",
    "danger_revoke_unproven",
    "danger_unlock_unproven",
    "danger_opt_out_unproven",
    "danger_issue_temporary_code_unproven",
    "danger_withdraw_temporary_code_unproven",
    "danger_move_unproven",
    "reseal",
    "verify and remember the browser",
];
/// Those of somebody who has no record.
pub(crate) const FIRST_COMMANDS: [&str; 2] = ["enroll", "danger_import_unproven"];

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// What the commands send.
impl Owner {
    fn known(&self, code: Code) -> Submission<Code> {
        Submission::new(code).in_browser(Some(&self.cookie))
    }

    fn submission(&self, command: &str) -> Submission<Code> {
        match command {
            "verify" => self.right.into(),
            "verify in a form" => in_form(self.right),
            "verify in another form" => {
                let form = "f".repeat(32).parse().unwrap();
                let submission = Submission::new(self.right);
                submission.with_form(b"the session's id", form).unwrap()
            }
            "verify in a known browser" => self.known(self.right),
            "verify a wrong code" => self.wrong.into(),
            "verify a wrong code in a known browser" => self.known(self.wrong),
            "verify a replay" => code(&self.secret, NOW, -1).into(),
            "verify and remember the browser" => {
                in_form(self.right).remember_browser(label("work"))
            }
            _ => panic!("{command}"),
        }
    }

    fn pair(&self, command: &str) -> [Code; 2] {
        let secret = match command {
            "resync" => &self.secret,
            _ => &self.watch_secret,
        };
        [7, 8].map(|steps| code(secret, NOW, steps))
    }

    fn confirmation(&self, command: &str) -> Code {
        match command {
            "confirm" => code(&self.watch_secret, NOW, 0),
            _ => self.wrong,
        }
    }

    fn imported(&self) -> NewDevice {
        NewDevice::totp(label("phone")).with_secret(self.secret.duplicate())
    }
}

/// What a call answered, without its type.
async fn given<T: Into<Given>>(
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Given, Error> {
    call.await.map(Into::into)
}

pub(crate) async fn perform<S: Store>(
    command: &str,
    mfa: &Mfa<S>,
    id: &AccountId,
    owner: &Owner,
) -> Result<Given, Error> {
    let (proof, bob) = (&owner.proof, &operator());
    match command {
        "enroll" => given(mfa.enroll(id, label("phone"))).await,
        "enroll_another" => given(mfa.enroll_another(proof, label("car"))).await,
        "confirm" | "confirm a wrong code" => {
            given(mfa.confirm(id, owner.watch, owner.confirmation(command))).await
        }
        "confirm_pair" => given(mfa.confirm_pair(id, owner.watch, owner.pair(command))).await,
        "resync" => given(mfa.resync(id, owner.phone, owner.pair(command))).await,
        "rotate" => given(mfa.rotate(proof, owner.phone, Duration::ZERO)).await,
        "issue_recovery_codes" => given(mfa.issue_recovery_codes(proof, owner.codes)).await,
        "redeem" => given(mfa.redeem(id, &owner.recovery_code)).await,
        "redeem again" => given(mfa.redeem(id, in_form(&owner.used_code))).await,
        "redeem a temporary code" => given(mfa.redeem(id, &owner.temporary_code)).await,
        "rename" => given(mfa.rename(proof, owner.phone, label("old phone"))).await,
        "suspend" => given(mfa.suspend(proof, owner.phone)).await,
        "resume" => given(mfa.resume(proof, owner.tablet)).await,
        "revoke" => given(mfa.revoke(proof, owner.phone)).await,
        "revoke another device" => given(mfa.revoke(proof, owner.laptop)).await,
        "keep_only" => given(mfa.keep_only(proof, &[owner.phone])).await,
        "opt_out" => given(mfa.opt_out(proof)).await,
        "forget_browser" => given(mfa.forget_browser(proof, owner.browser)).await,
        "forget_browsers" => given(mfa.forget_browsers(proof)).await,
        "password_changed" => given(mfa.password_changed(proof, None)).await,
        "trust_browser" => given(mfa.trust_browser(&owner.verified, owner.browser, DAY / 2)).await,
        "recognize" => given(mfa.recognize(id, Some(&owner.cookie))).await,
        "danger_import_unproven" => {
            given(mfa.danger_import_unproven(id, bob, vec![owner.imported()], None)).await
        }
        "danger_revoke_unproven" => given(mfa.danger_revoke_unproven(id, bob, owner.phone)).await,
        "danger_unlock_unproven" => given(mfa.danger_unlock_unproven(id, bob)).await,
        "danger_opt_out_unproven" => given(mfa.danger_opt_out_unproven(id, bob)).await,
        "danger_issue_temporary_code_unproven" => {
            given(mfa.danger_issue_temporary_code_unproven(id, bob, TEN_MINUTES)).await
        }
        "danger_withdraw_temporary_code_unproven" => {
            given(mfa.danger_withdraw_temporary_code_unproven(id, bob)).await
        }
        "danger_move_unproven" => {
            given(mfa.danger_move_unproven(bob, id, &account("alice-2"))).await
        }
        "reseal" => given(mfa.reseal(id)).await,
        _ => given(mfa.verify(id, owner.submission(command))).await,
    }
}

/// What becomes of the record.
pub(crate) enum Next {
    Same,
    Sealed(Vec<u8>),
    Removed,
}

/// What a command comes to where nothing else happens.
pub(crate) struct Judged {
    pub(crate) answer: Result<Given, Error>,
    pub(crate) told: Vec<String>,
    pub(crate) next: Next,
}

impl Judged {
    fn refused(error: Error) -> Self {
        let told = match &error {
            Error::Denied(denial) => denial.event().iter().map(shown).collect(),
            _ => Vec::new(),
        };
        Self {
            answer: Err(error),
            told,
            next: Next::Same,
        }
    }

    fn removed(event: &str) -> Self {
        Self {
            answer: Ok(().into()),
            told: vec![event.to_owned()],
            next: Next::Removed,
        }
    }
}

fn settle<T: Into<Given>>(judged: Result<Attempt<T>, Error>, keyring: &Keyring) -> Judged {
    let mut attempt = match judged {
        Ok(attempt) => attempt,
        Err(error) => return Judged::refused(error),
    };
    let sealed = attempt.seal(keyring).unwrap();
    let mut told = Vec::new();
    let answer = attempt.reveal_with(receipt(&sealed), |event: &Event| told.push(shown(event)));
    Judged {
        answer: answer.map(Into::into),
        told,
        next: Next::Sealed(sealed),
    }
}

/// Judges by the pure rules, from what is stored.
pub(crate) fn judge(
    command: &str,
    stored: Option<&[u8]>,
    id: &AccountId,
    owner: &Owner,
    keyring: &Keyring,
    now: UnixTime,
) -> Judged {
    let policy = crate::owner::policy();
    let account = match stored {
        Some(stored) => Account::open(id, stored, keyring).unwrap(),
        None if FIRST_COMMANDS.contains(&command) => Account::new(id.clone()),
        None => return Judged::refused(Error::NotEnrolled),
    }
    .with_policy(policy);
    let (proof, bob) = (&owner.proof, &operator());
    match command {
        "enroll" => settle(account.enroll(label("phone"), now), keyring),
        "enroll_another" => settle(account.enroll_another(proof, label("car"), now), keyring),
        "confirm" | "confirm a wrong code" => {
            let code = owner.confirmation(command);
            settle(account.confirm(owner.watch, code, now), keyring)
        }
        "confirm_pair" => {
            let pair = owner.pair(command);
            settle(account.confirm_pair(owner.watch, pair, now), keyring)
        }
        "resync" => settle(
            account.resync(owner.phone, owner.pair(command), now),
            keyring,
        ),
        "rotate" => {
            let rotated = account.rotate(proof, owner.phone, Duration::ZERO, now);
            settle(rotated, keyring)
        }
        "issue_recovery_codes" => settle(
            account.issue_recovery_codes(proof, owner.codes, now),
            keyring,
        ),
        "redeem" => settle(account.redeem(&owner.recovery_code, now), keyring),
        "redeem again" => settle(account.redeem(in_form(&owner.used_code), now), keyring),
        "redeem a temporary code" => settle(account.redeem(&owner.temporary_code, now), keyring),
        "rename" => {
            let renamed = account.rename(proof, owner.phone, label("old phone"), now);
            settle(renamed, keyring)
        }
        "suspend" => settle(account.suspend(proof, owner.phone, now), keyring),
        "resume" => settle(account.resume(proof, owner.tablet, now), keyring),
        "revoke" => settle(account.revoke(proof, owner.phone, now), keyring),
        "revoke another device" => settle(account.revoke(proof, owner.laptop, now), keyring),
        "keep_only" => settle(account.keep_only(proof, &[owner.phone], now), keyring),
        "forget_browser" => settle(account.forget_browser(proof, owner.browser, now), keyring),
        "forget_browsers" => settle(account.forget_browsers(proof, now), keyring),
        "password_changed" => settle(account.password_changed(proof, None, now), keyring),
        "trust_browser" => {
            let trusted = account.trust_browser(&owner.verified, owner.browser, DAY / 2, now);
            settle(trusted, keyring)
        }
        "recognize" => settle(account.recognize(Some(&owner.cookie), now), keyring),
        "danger_import_unproven" => {
            let imported = account.danger_import_unproven(bob, [owner.imported()], None, now);
            settle(imported, keyring)
        }
        "danger_revoke_unproven" => settle(
            account.danger_revoke_unproven(bob, owner.phone, now),
            keyring,
        ),
        "danger_unlock_unproven" => settle(account.danger_unlock_unproven(bob, now), keyring),
        "danger_issue_temporary_code_unproven" => {
            let issued = account.danger_issue_temporary_code_unproven(bob, TEN_MINUTES, now);
            settle(issued, keyring)
        }
        "danger_withdraw_temporary_code_unproven" => settle(
            account.danger_withdraw_temporary_code_unproven(bob, now),
            keyring,
        ),
        "opt_out" => match account.check_proof(proof, now) {
            Ok(()) => Judged::removed("OptedOut"),
            // A change by the same proof is refused in the same way.
            Err(_) => settle(account.forget_browsers(proof, now), keyring),
        },
        "danger_opt_out_unproven" => {
            Judged::removed(&format!("OptedOutUnproven {{ actor: {bob:?} }}"))
        }
        "reseal" => match stored.is_some_and(|stored| is_sealed_by(keyring, stored)) {
            true => Judged {
                answer: Ok(().into()),
                told: Vec::new(),
                next: Next::Same,
            },
            false => settle(Ok(account.reseal(keyring)), keyring),
        },
        _ => settle(account.verify(owner.submission(command), now), keyring),
    }
}

/// Whether it is the active key that has sealed this.
fn is_sealed_by(keyring: &Keyring, sealed: &[u8]) -> bool {
    let id = u64::from_be_bytes(sealed[1..9].try_into().unwrap());
    format!("{id:016x}") == keyring.active_id().to_string()
}
