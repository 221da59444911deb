//! All accounts of the second implementation, and what is written of a command.

use std::collections::BTreeMap;

use super::account::{Account, Judged, No, Proof};
use super::command::{Command, Drawn};
use super::limits::Limits;
use super::login::Done;

pub(crate) struct Second {
    limits: Limits,
    accounts: BTreeMap<String, Account>,
    /// Where an account was moved from.
    moved: BTreeMap<String, String>,
    credentials: u64,
    pub(crate) told: Vec<&'static str>,
}

impl Second {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            accounts: BTreeMap::new(),
            moved: BTreeMap::new(),
            credentials: 0,
            told: Vec::new(),
        }
    }

    pub(crate) fn status(&self, id: &str, now: u64) -> String {
        match self.look(id, now) {
            Some(account) => account.status(),
            None => "NotEnrolled".into(),
        }
    }

    /// What a call that only reads sees.
    fn look(&self, id: &str, now: u64) -> Option<Account> {
        let mut account = self.accounts.get(id)?.clone();
        account.pass(now);
        Some(account)
    }

    /// Judges, and writes what is to be written.
    fn judge(
        &mut self,
        id: &str,
        now: u64,
        judge: impl FnOnce(&mut Account) -> Judged<Done>,
    ) -> Result<Done, String> {
        let mut account = self.accounts.get(id).ok_or("NotEnrolled")?.clone();
        account.told.clear();
        let epoch = account.epoch;
        account.pass(now);
        // Also what is refused at once notes that the clock went back.
        let noted = (account.epoch > epoch).then(|| account.clone());
        let refused = |told: Option<&'static str>| {
            if let Some(mut account) = noted {
                self.told.append(&mut account.told);
                self.accounts.insert(id.into(), account);
            }
            self.told.extend(told);
        };
        let verdict = match judge(&mut account) {
            Ok(done) => Ok(done),
            Err(No::Charged(text)) => Err(text),
            Err(No::AtOnce(text)) => {
                refused(None);
                return Err(text);
            }
            Err(No::Told(text, event)) => {
                refused(Some(event));
                return Err(text);
            }
        };
        account.settle();
        self.told.append(&mut account.told);
        self.accounts.insert(id.into(), account);
        verdict
    }

    fn insert(&mut self, id: &str, now: u64) {
        if !self.accounts.contains_key(id) {
            self.credentials += 1_000_000;
            let mut account = Account::new(id, self.limits.clone(), self.credentials);
            account.pass(now);
            self.accounts.insert(id.into(), account);
        }
    }

    /// A command that may make an account.
    fn begin(
        &mut self,
        id: &str,
        now: u64,
        judge: impl FnOnce(&mut Account) -> Judged<Done>,
    ) -> Result<Done, String> {
        let is_new = !self.accounts.contains_key(id);
        self.insert(id, now);
        let verdict = self.judge(id, now, judge);
        if is_new && verdict.is_err() {
            self.accounts.remove(id);
        }
        verdict
    }

    fn remove(&mut self, id: &str, event: &'static str) -> Result<Done, String> {
        self.accounts.remove(id).ok_or("NotEnrolled")?;
        self.moved.remove(id);
        self.told.push(event);
        Ok(Done::default())
    }

    fn read(
        &self,
        id: &str,
        now: u64,
        ask: impl FnOnce(&Account) -> Judged<()>,
    ) -> Result<Done, String> {
        let account = self.look(id, now).ok_or("NotEnrolled")?;
        match ask(&account) {
            Ok(()) => Ok(Done::default()),
            Err(No::AtOnce(text) | No::Charged(text) | No::Told(text, _)) => Err(text),
        }
    }

    fn move_account(&mut self, from: &str, to: &str, now: u64) -> Result<Done, String> {
        if !self.accounts.contains_key(from) {
            let done = self.moved.get(to).is_some_and(|before| before == from);
            return if done {
                Ok(Done::default())
            } else {
                Err("NotEnrolled".into())
            };
        }
        if self.accounts.contains_key(to) {
            return Err("Occupied".into());
        }
        self.judge(from, now, |account| {
            account.tell("moved_away");
            Ok(Done::default())
        })?;
        let mut account = self.accounts.remove(from).unwrap();
        self.moved.remove(from);
        account.id = to.into();
        // A cookie is of one account.
        account.forget_all_but(None);
        self.told.append(&mut account.told);
        self.told.push("moved_here");
        self.accounts.insert(to.into(), account);
        self.moved.insert(to.into(), from.into());
        Ok(Done::default())
    }

    pub(crate) fn run(
        &mut self,
        command: &Command,
        now: u64,
        held: &[Proof],
        drawn: Drawn,
    ) -> Result<Done, String> {
        use Command as C;
        let name = |id: &secondfactor::AccountId| id.as_str().to_string();
        if let Some((place, change)) = by_proof(command, &drawn) {
            let proof = &held[place];
            return self.judge(&proof.account, now, |account| change(account, proof));
        }
        match command {
            C::Enroll(id, new) => {
                self.begin(&name(id), now, |account| account.enroll(new, drawn.device))
            }
            C::Import(id, news, used) => self.begin(&name(id), now, |account| {
                account.import(news, &drawn.imported, *used)
            }),
            C::Confirm(id, (device, session), sent) => self.judge(&name(id), now, |account| {
                account.confirm(*device, *session, sent, drawn.browser)
            }),
            C::ConfirmPair(id, (device, session), codes) => self.judge(&name(id), now, |account| {
                account.confirm_pair(*device, *session, codes)
            }),
            C::Verify(id, sent) => self.judge(&name(id), now, |account| {
                account.verify(sent, drawn.browser)
            }),
            C::Resync(id, device, codes) => {
                self.judge(&name(id), now, |account| account.resync(*device, codes))
            }
            C::Redeem(id, sent) => self.judge(&name(id), now, |account| account.redeem(sent)),
            C::Recognize(id, cookie) => self.judge(&name(id), now, |account| {
                account.recognize(cookie.as_deref())
            }),
            C::RevokeUnproven(id, device) => {
                self.judge(&name(id), now, |account| account.revoke_unproven(*device))
            }
            C::Unlock(id) => self.judge(&name(id), now, Account::unlock),
            C::IssueTemporary(id, lifetime) => self.judge(&name(id), now, |account| {
                account.issue_temporary(*lifetime, drawn.temporary)
            }),
            C::WithdrawTemporary(id) => self.judge(&name(id), now, Account::withdraw_temporary),
            C::NeedsCode(id) => {
                let confirmed = self
                    .accounts
                    .get(&name(id))
                    .is_some_and(|it| it.was_confirmed);
                Ok(Done {
                    text: if confirmed { "yes" } else { "no" }.into(),
                    proof: None,
                })
            }
            C::OptOutUnproven(id) => self.remove(&name(id), "opted_out_unproven"),
            C::Move(from, to) => self.move_account(&name(from), &name(to), now),
            C::CheckProof(place) => self.read(&held[*place].account, now, |account| {
                account.check(&held[*place])
            }),
            C::Stands(place) => self.read(&held[*place].account, now, |account| {
                account.check_stands(&held[*place], true)
            }),
            C::OptOut(place) => {
                let id = held[*place].account.clone();
                self.judge(&id, now, |account| {
                    account.check(&held[*place])?;
                    Ok(Done::default())
                })?;
                self.told.clear();
                self.remove(&id, "opted_out")
            }
            other => unreachable!("{other:?} takes a proof"),
        }
    }
}

type Change<'c> = Box<dyn FnOnce(&mut Account, &Proof) -> Judged<Done> + 'c>;

/// The commands that change something by a proof.
fn by_proof<'c>(command: &'c Command, drawn: &Drawn) -> Option<(usize, Change<'c>)> {
    use Command as C;
    let drawn = drawn.clone();
    let (place, change): (_, Change<'c>) = match command {
        C::EnrollAnother(place, new) => (
            place,
            Box::new(|account, proof| account.enroll_another(proof, new, drawn.device)),
        ),
        C::Rotate(place, (id, session), grace) => (
            place,
            Box::new(|account, proof| account.rotate(proof, *id, *session, *grace, drawn.device)),
        ),
        C::Issue(place, replaces) => (
            place,
            Box::new(|account, proof| account.issue(proof, *replaces, drawn.set)),
        ),
        C::Rename(place, id, label) => (
            place,
            Box::new(|account, proof| account.rename(proof, *id, label)),
        ),
        C::Suspend(place, id) => (
            place,
            Box::new(|account, proof| account.suspend(proof, *id)),
        ),
        C::Resume(place, id) => (place, Box::new(|account, proof| account.resume(proof, *id))),
        C::Revoke(place, id) => (place, Box::new(|account, proof| account.revoke(proof, *id))),
        C::KeepOnly(place, kept) => (
            place,
            Box::new(|account, proof| account.keep_only(proof, kept)),
        ),
        C::ForgetBrowser(place, id) => (
            place,
            Box::new(|account, proof| account.forget_browser(proof, *id)),
        ),
        C::ForgetBrowsers(place) => (
            place,
            Box::new(|account, proof| account.forget_browsers(proof)),
        ),
        C::PasswordChanged(place, cookie) => (
            place,
            Box::new(|account, proof| account.password_changed(proof, cookie.as_deref())),
        ),
        C::TrustBrowser(place, id, lasts) => (
            place,
            Box::new(|account, proof| account.trust_browser(proof, *id, *lasts)),
        ),
        _ => return None,
    };
    Some((*place, change))
}
