//! Both implementations beside each other, and what the people around them hold.

use secondfactor::account::{BrowserId, DeviceId, RecoverySetId};
use secondfactor::{AccountId, Policy};

use super::account::Proof;
use super::codes::Settings;
use super::command::{Command, Drawn};
use super::limits::Limits;
use super::real::{Answer, Held, Real, told};
use super::second::Second;

/// A phone or token in somebody's hands.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) account: AccountId,
    pub(crate) id: DeviceId,
    pub(crate) secret: Vec<u8>,
    pub(crate) settings: Settings,
    pub(crate) session: Option<u8>,
    /// How many steps its clock is off.
    pub(crate) skew: i64,
    /// The next counter.
    pub(crate) counter: u64,
}

pub(crate) struct World {
    pub(crate) real: Real,
    pub(crate) second: Second,
    pub(crate) now: u64,
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) cookies: Vec<(AccountId, BrowserId, String)>,
    pub(crate) recovery_codes: Vec<(AccountId, String)>,
    pub(crate) temporary_codes: Vec<(AccountId, String)>,
    pub(crate) sets: Vec<RecoverySetId>,
    pub(crate) sent: Vec<Command>,
    /// The device that was begun just now.
    pub(crate) begun: Option<Phone>,
    /// The clock has just gone back.
    pub(crate) went_back: bool,
    pub(crate) held: Vec<Held>,
    pub(crate) proofs: Vec<Proof>,
    /// From then on a code is judged again, as it was told last.
    pub(crate) retry_at: u64,
    log: Vec<String>,
}

const HELD: usize = 8;
const LOG: usize = 40;

impl World {
    pub(crate) fn new(policy: Policy, limits: Limits, accounts: usize) -> Self {
        let now = 1_700_000_010;
        let id = |number| AccountId::new(format!("account {number}")).unwrap();
        Self {
            real: Real::new(policy, now),
            second: Second::new(limits),
            now,
            accounts: (0..accounts).map(id).collect(),
            phones: Vec::new(),
            cookies: Vec::new(),
            recovery_codes: Vec::new(),
            temporary_codes: Vec::new(),
            sets: Vec::new(),
            sent: Vec::new(),
            begun: None,
            went_back: false,
            held: Vec::new(),
            proofs: Vec::new(),
            retry_at: 0,
            log: Vec::new(),
        }
    }

    pub(crate) fn set_clock(&mut self, now: u64) {
        self.went_back = now < self.now;
        self.now = now;
        self.real
            .clock
            .set(secondfactor::codes::UnixTime::from_secs(now));
    }

    /// Runs a command on both, and compares the verdict, the events and what is shown.
    pub(crate) fn run(&mut self, command: &Command) -> Result<(), String> {
        self.real.told.lock().unwrap().clear();
        self.second.told.clear();
        let answer: Answer = self.real.run(command, &self.held);
        let (real, drawn, held) = match answer {
            Ok((text, drawn, held)) => (Ok(text), drawn, held),
            Err(error) => (Err(told(&error)), Drawn::default(), None),
        };
        let verdict = self
            .second
            .run(command, self.now, &self.proofs, drawn.clone());
        let (second, proof) = match verdict {
            Ok(done) => (Ok(done.text), done.proof),
            Err(text) => (Err(text), None),
        };
        self.note(command, &real);
        self.compare(
            command,
            "verdict",
            &format!("{real:?}"),
            &format!("{second:?}"),
        )?;
        let (mut real_told, mut second_told) = (
            self.real.told.lock().unwrap().clone(),
            self.second.told.clone(),
        );
        real_told.sort_unstable();
        second_told.sort_unstable();
        self.compare(
            command,
            "events",
            &counted(&real_told),
            &counted(&second_told),
        )?;
        let about = self.about(command);
        let all = self.now.is_multiple_of(16) || matches!(command, Command::Move(..));
        for id in self.accounts.iter().filter(|id| all || **id == about) {
            let real = self.real.status(id);
            let second = self.second.status(id.as_str(), self.now);
            self.compare(command, "status", &real, &second)?;
        }
        self.remember(command, drawn);
        if let (Some(held), Some(proof)) = (held, proof) {
            self.hold(held, proof);
        }
        Ok(())
    }

    fn about(&self, command: &Command) -> AccountId {
        match command.about() {
            Ok(id) => id.clone(),
            Err(place) => self.held[place].as_ref().account().clone(),
        }
    }

    fn note(&mut self, command: &Command, verdict: &Result<String, String>) {
        if let Err(text) = verdict
            && let Some((_, until)) = text.rsplit_once("until ")
        {
            self.retry_at = until.parse().unwrap();
        }
        if self.log.len() == LOG {
            self.log.remove(0);
        }
        self.log
            .push(format!("{}: {command:?} -> {verdict:?}", self.now));
    }

    fn compare(
        &self,
        command: &Command,
        what: &str,
        real: &str,
        second: &str,
    ) -> Result<(), String> {
        if real == second {
            return Ok(());
        }
        let only = |here: &str, there: &str| -> Vec<String> {
            let missing = |line: &&str| !there.lines().any(|other| other == *line);
            here.lines().filter(missing).map(Into::into).collect()
        };
        let name = format!("{command:?}");
        let name = name.split('(').next().unwrap_or_default();
        Err(format!(
            "{what} of {name}\n  the library: {:#?}\n  the second:  {:#?}\nbefore:\n{}",
            only(real, second),
            only(second, real),
            self.log.join("\n")
        ))
    }

    fn hold(&mut self, held: Held, proof: Proof) {
        if self.held.len() == HELD {
            self.held.remove(0);
            self.proofs.remove(0);
        }
        self.held.push(held);
        self.proofs.push(proof);
    }

    /// Whatever the call handed out is in somebody's hands from now on.
    fn remember(&mut self, command: &Command, drawn: Drawn) {
        if matches!(
            command,
            Command::Verify(..) | Command::Confirm(..) | Command::Redeem(..)
        ) {
            if self.sent.len() == 5 {
                self.sent.remove(0);
            }
            self.sent.push(command.clone());
        }
        let owner = self.about(command);
        if let Some((id, secret)) = drawn.device {
            self.begun(command, &owner, id, secret);
        }
        if let Command::Import(_, news, _) = command {
            for (new, id) in news.iter().zip(&drawn.imported) {
                self.phones.push(Phone {
                    account: owner.clone(),
                    id: *id,
                    secret: new.secret.clone().unwrap(),
                    settings: new.settings,
                    session: None,
                    skew: 0,
                    counter: new.counter,
                });
            }
        }
        if let Some((id, cookie)) = drawn.browser
            && !self.cookies.iter().any(|(_, _, other)| *other == cookie)
        {
            self.cookies.push((owner.clone(), id, cookie));
        }
        if let Some((set, codes)) = drawn.set {
            self.sets.push(set);
            self.recovery_codes
                .extend(codes.into_iter().map(|code| (owner.clone(), code)));
        }
        if let Some(code) = drawn.temporary {
            self.temporary_codes.push((owner, code));
        }
    }

    fn begun(&mut self, command: &Command, owner: &AccountId, id: DeviceId, secret: Vec<u8>) {
        let (settings, session, counter) = match command {
            Command::Enroll(_, new) | Command::EnrollAnother(_, new) => {
                (new.settings, new.session, new.counter)
            }
            Command::Rotate(_, (old, session), _) => {
                let old = self
                    .phones
                    .iter()
                    .rfind(|phone| phone.id == *old && phone.account == *owner);
                (old.map_or(Settings::APP, |old| old.settings), *session, 0)
            }
            other => unreachable!("{other:?} enrolls nothing"),
        };
        let phone = Phone {
            account: owner.clone(),
            id,
            secret,
            settings,
            session,
            skew: 0,
            counter,
        };
        self.begun = Some(phone.clone());
        self.phones.push(phone);
    }
}

/// Each event once, with its number.
fn counted(told: &[&str]) -> String {
    let groups = told.chunk_by(|one, next| one == next);
    groups
        .map(|group| format!("{} {}\n", group.len(), group[0]))
        .collect()
}
