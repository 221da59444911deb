//! Two servers on one store, people with their devices, and what must hold after each command.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use secondfactor::account::{DeviceId, RecoverySetId, Stale};
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{AccountId, Denial, Error, Event, Keyring, Mfa, Policy, SealingKey, Status};

use super::browsers::Seat;
use super::dice::Dice;
use super::faulty::{Fault, Faulty, Meanwhile, run_or_die};
use super::leaks::Leaks;
use super::naive::{Identity, Limits, Naive, Said, Verdict};
use super::pages::Sent;
use super::proven::Proven;
use super::prover::Prover;
use crate::support::{NOW, run};

pub(crate) type Server = Mfa<Arc<Faulty>>;
/// What each server has told.
type Told = Arc<Mutex<Vec<(usize, AccountId, UnixTime, Event)>>>;
pub(crate) type Tally = BTreeMap<(&'static str, Said), u64>;

pub(crate) struct Person {
    pub(crate) id: AccountId,
    pub(crate) naive: Option<Naive>,
    pub(crate) provers: Vec<Prover>,
    /// All that were ever given: what is stale, has ended or is of another epoch is tried too.
    pub(crate) proofs: Vec<Rc<Proven>>,
    /// All recovery codes that were ever shown.
    pub(crate) recovery_codes: Vec<String>,
    /// All cookies that were ever set.
    pub(crate) cookies: Vec<String>,
    pub(crate) sealed_by: usize,
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) clock: Arc<ManualClock>,
    /// The highest time that it ever showed, but for the ends of time.
    pub(crate) right_time: u64,
    pub(crate) limits: Limits,
    policy: Policy,
    pub(crate) people: Vec<Person>,
    pub(crate) servers: [(Arc<Server>, Arc<Faulty>); 2],
    pub(crate) observer: Arc<Mfa<Arc<MemoryStore>>>,
    records: Arc<MemoryStore>,
    pub(super) told: Told,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    /// Whether the clock showed times of ten digits only, so that no time looks like a code.
    pub(crate) has_long_times: bool,
    /// Each step and counter of each secret that was accepted.
    pub(crate) accepted: BTreeSet<(Vec<u8>, u64)>,
    pub(crate) leaks: Leaks,
    pub(crate) tally: Tally,
    /// Whether nothing goes wrong for a while, and owners type what they see.
    pub(crate) is_calm: bool,
    /// What was sent last.
    pub(super) sent: Option<(Sent, Seat)>,
    /// Every set of recovery codes that was ever seen.
    pub(super) sets: Vec<(Identity, RecoverySetId)>,
    /// While the first of two that race is looked at: the status that it left.
    pub(crate) meanwhile: Option<Option<Status>>,
}

/// The server and what goes wrong there during one command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) server: usize,
    pub(crate) fault: Fault,
    pub(crate) version: Option<u64>,
}

fn key_bytes(n: u8) -> [u8; SealingKey::LEN] {
    std::array::from_fn(|at| (usize::from(n) * 89 + at * 31) as u8)
}

pub(super) fn key(n: u8) -> SealingKey {
    SealingKey::from_bytes(&key_bytes(n))
}

/// Each server's active key is retired at the other: a change of keys, half done.
fn server(n: u8, store: &Arc<Faulty>, told: &Told) -> Server {
    let ring = Keyring::new(key(n)).with_retired(key(3 - n));
    let sink = Arc::clone(told);
    Mfa::new(Arc::clone(store), ring).on_event(move |account, at, event| {
        let told = (usize::from(n) - 1, account.clone(), at, event.clone());
        sink.lock().unwrap().push(told);
    })
}

fn observer(records: &Arc<MemoryStore>) -> Mfa<Arc<MemoryStore>> {
    let ring = Keyring::new(key(1)).with_retired(key(2));
    Mfa::new(Arc::clone(records), ring)
}

fn start<S: Store>(mfa: Mfa<S>, policy: Policy, clock: &Arc<ManualClock>) -> Arc<Mfa<S>> {
    let clock = Arc::clone(clock);
    Arc::new(mfa.with_policy(policy).with_clock(clock))
}

impl World {
    pub(crate) fn new(mut dice: Dice, log: Arc<Mutex<Vec<String>>>) -> Self {
        let (policy, limits) = super::prover::policy(&mut dice);
        let clock = Arc::new(ManualClock::new(NOW));
        let records = Arc::new(MemoryStore::new());
        let told = Told::default();
        let servers = [1, 2].map(|n| {
            let faulty = Arc::new(Faulty::new(Arc::clone(&records)));
            let mfa = server(n, &faulty, &told);
            (start(mfa, policy, &clock), faulty)
        });
        let observer = start(observer(&records), policy, &clock);
        let mut leaks = Leaks::default();
        for n in [1, 2] {
            leaks.hide_bytes(&key_bytes(n), &key(n).expose_base32());
        }
        let person = |id| Person {
            id: AccountId::new(id).unwrap(),
            naive: None,
            provers: Vec::new(),
            proofs: Vec::new(),
            recovery_codes: Vec::new(),
            cookies: Vec::new(),
            sealed_by: 0,
        };
        Self {
            dice,
            clock,
            right_time: NOW.as_secs(),
            limits,
            policy,
            people: vec![person("alice"), person("bob")],
            servers,
            observer,
            records,
            told,
            log,
            has_long_times: true,
            accepted: BTreeSet::new(),
            leaks,
            tally: Tally::new(),
            is_calm: false,
            sent: None,
            sets: Vec::new(),
            meanwhile: None,
        }
    }

    /// All servers start again, with smaller limits.
    pub(crate) fn tighten(&mut self) {
        let before = self.limits;
        let (policy, limits) = super::prover::tighter(&mut self.dice, self.policy, before);
        self.note(format!("the limits are {limits:?}"));
        (self.policy, self.limits) = (policy, limits);
        for (n, (mfa, faulty)) in (1..).zip(&mut self.servers) {
            *mfa = start(server(n, faulty, &self.told), policy, &self.clock);
        }
        self.observer = start(observer(&self.records), policy, &self.clock);
        for who in 0..self.people.len() {
            let naive = self.naive(who);
            if naive.is_disabled(limits) && !naive.is_disabled(before) {
                self.count(("a smaller cap", Said::Disabled));
            }
            self.check_status(who);
        }
    }

    pub(crate) fn now(&self) -> u64 {
        use secondfactor::codes::Clock as _;
        self.clock.now().as_secs()
    }

    pub(crate) fn set_clock(&mut self, time: u64) {
        self.note(format!("the clock goes to {time}"));
        self.clock.set(UnixTime::from_secs(time));
        let is_long = (1_000_000_000..1 << 33).contains(&time);
        self.has_long_times &= is_long;
        if is_long {
            self.right_time = self.right_time.max(time);
        }
        (0..self.people.len()).for_each(|who| self.check_status(who));
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.set_clock(self.now().saturating_add(seconds));
    }

    pub(crate) fn note(&self, line: impl Into<String>) {
        self.log
            .lock()
            .unwrap()
            .push(format!("{:>12} {}", self.now(), line.into()));
    }

    pub(crate) fn status(&self, who: usize) -> Option<Status> {
        if let Some(status) = &self.meanwhile {
            return status.clone();
        }
        match run(self.observer.status(&self.people[who].id)) {
            Ok(status) => Some(status),
            Err(Error::NotEnrolled) => None,
            Err(error) => panic!("the record does not open any more: {error}"),
        }
    }

    pub(crate) fn naive(&self, who: usize) -> Naive {
        self.people[who].naive.clone().unwrap_or_default()
    }

    fn version(&self, who: usize) -> Option<u64> {
        run(self.records.load(&self.people[who].id))
            .unwrap()
            .map(|stored| stored.version().get())
    }

    /// A command begins, on one of the servers, and something may go wrong there.
    pub(crate) fn turn(
        &mut self,
        who: usize,
        fault: Fault,
        meanwhile: Option<Meanwhile>,
    ) -> (Turn, Arc<Server>) {
        let server = self.dice.below(2) as usize;
        let (mfa, faulty) = &self.servers[server];
        faulty.arm(fault, meanwhile);
        faulty.take_commits();
        self.told.lock().unwrap().clear();
        (
            Turn {
                server,
                fault,
                version: self.version(who),
            },
            Arc::clone(mfa),
        )
    }

    /// What the model says of a command on an account that is there.
    pub(crate) fn asked(
        &self,
        who: usize,
        command: impl FnOnce(&mut Naive) -> Verdict,
    ) -> (Verdict, Option<Naive>) {
        let mut next = self.people[who].naive.clone();
        let verdict = next
            .as_mut()
            .map_or_else(|| Said::NotEnrolled.into(), command);
        (verdict, next)
    }

    pub(crate) fn count(&mut self, what: (&'static str, Said)) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Holds what was said and written against what the model says. `next` is the model's account
    /// if it is written.
    pub(crate) fn settle<T: Debug>(
        &mut self,
        who: usize,
        (name, turn): (&'static str, Turn),
        (verdict, next): (Verdict, Option<Naive>),
        answer: Option<Result<T, Error>>,
    ) -> Option<T> {
        let commits = self.servers[turn.server].1.take_commits();
        self.leaks.forget_recent();
        let said = answer.as_ref().map_or(Said::Nothing, said);
        self.note(format!(
            "{who} {name} {turn:?}: {said:?}, {commits} commits; model: {verdict:?}"
        ));
        self.count((name, said));

        assert!(commits <= 1, "COMMITS: one command, more than one commit");
        assert!(
            !said.is_judgement() || commits == 1,
            "RELEASED: {name}: an answer without a commit"
        );
        let is_untouched =
            commits == 0 && !matches!(turn.fault, Fault::Loses(_)) && self.meanwhile.is_none();
        assert!(
            !is_untouched || self.version(who) == turn.version,
            "WRITTEN: the version has changed without a commit"
        );

        assert_eq!(
            (said, commits),
            turn.fault.makes_of(verdict),
            "VERDICT: {name}: the model says {verdict:?}"
        );

        let before = self.people[who].naive.clone();
        if commits == 1 {
            self.people[who].sealed_by = turn.server;
            self.people[who].naive = next;
            self.remember_accepted(who, before.as_ref());
        }
        let is_interrupted = verdict.is_written && turn.fault.interrupts();
        self.check_events(who, turn.server, (said, commits, is_interrupted), before);
        match &answer {
            Some(Ok(value)) => self.leaks.check_debug(value, !self.has_long_times),
            Some(Err(error)) => self.leaks.check_error(error, !self.has_long_times),
            None => {}
        }
        self.check_status(who);
        answer.and_then(Result::ok)
    }

    /// A step or counter of a secret is accepted once, wherever and whenever.
    fn remember_accepted(&mut self, who: usize, before: Option<&Naive>) {
        for device in &self.naive(who).devices {
            let Some(secret) = &device.secret else {
                continue;
            };
            let known = before
                .and_then(|before| before.find(device.number))
                .map_or(device.burned.len(), |before| before.burned.len());
            for moving in device.burned.iter().skip(known) {
                let is_new = self
                    .accepted
                    .insert((secret.expose_bytes().to_vec(), *moving));
                assert!(is_new, "TWICE: one step of one secret was accepted twice");
            }
        }
    }

    /// Keeps a proof that the last command has given. It is of now, or of when the same was sent
    /// before.
    pub(crate) fn keep(
        &mut self,
        who: usize,
        name_if_again: &'static str,
        proof: impl Into<secondfactor::Proof>,
    ) {
        let proof = proof.into();
        let again = self.naive(who).again;
        assert_eq!(
            proof.at().as_secs(),
            again.as_ref().map_or(self.now(), |again| again.at),
            "AGAIN: a proof of another time"
        );
        if again.is_some() {
            self.count((name_if_again, Said::Yes));
        }
        let person = &mut self.people[who];
        let naive = person.naive.as_ref().unwrap();
        person.proofs.push(Rc::new(Proven::new(proof, naive)));
    }
}

pub(crate) fn device_id(number: u32) -> DeviceId {
    number.to_string().parse().unwrap()
}

pub(crate) fn said<T>(answer: &Result<T, Error>) -> Said {
    match answer {
        Ok(_) => Said::Yes,
        Err(Error::Denied(denial)) => match denial {
            Denial::Mismatch | Denial::Locked { .. } | Denial::Unconfirmed(_) => Said::Mismatch,
            Denial::Replayed => Said::Replayed,
            Denial::Throttled { .. } => Said::Throttled,
            Denial::Disabled => Said::Disabled,
            Denial::StrangersClosed => Said::StrangersClosed,
            Denial::NoDevice => Said::NoDevice,
            other => panic!("{other:?}"),
        },
        Err(Error::NotEnrolled) => Said::NotEnrolled,
        Err(Error::UnknownDevice) => Said::UnknownDevice,
        Err(Error::ProofRequired) => Said::ProofRequired,
        Err(Error::Stale(Stale::TooOld)) => Said::TooOld,
        Err(Error::Stale(Stale::FromTheFuture)) => Said::FromTheFuture,
        Err(Error::Stale(Stale::Ended)) => Said::Ended,
        Err(Error::LastDevice) => Said::LastDevice,
        Err(Error::DeviceRequired) => Said::DeviceRequired,
        Err(Error::GraceTooLong) => Said::GraceTooLong,
        Err(Error::TemporaryLifetime) => Said::TemporaryLifetime,
        Err(Error::NoTemporaryCode) => Said::NoTemporaryCode,
        Err(Error::NothingToImport) => Said::NothingToImport,
        Err(Error::SecretRequired) => Said::SecretRequired,
        Err(Error::DuplicateSecret) => Said::DuplicateSecret,
        Err(Error::NoRecoveryCodes) => Said::NoRecoveryCodes,
        Err(Error::RecoveryCodesReplaced) => Said::OtherRecoveryCodes,
        Err(Error::UnknownBrowser) => Said::UnknownBrowser,
        Err(Error::TrustRefused) => Said::TrustRefused,
        Err(Error::CodeRequired) => Said::CodeRequired,
        Err(Error::TooManyDevices) => Said::TooManyDevices,
        Err(Error::LabelTaken) => Said::LabelTaken,
        Err(Error::EnrollmentExpired) => Said::EnrollmentExpired,
        Err(Error::Store(_)) => Said::StoreFailed,
        Err(Error::Contended) => Said::Contended,
        Err(other) => panic!("an error that nothing should give: {other}"),
    }
}

pub(crate) fn attempt<T>(
    future: impl Future<Output = Result<T, Error>>,
) -> Option<Result<T, Error>> {
    run_or_die(future)
}
