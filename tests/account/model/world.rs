//! Two servers on one store, people with their devices, and what must hold after each command.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use secondfactor::account::{DeviceId, DeviceState, Lock};
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::sealing::KeyId;
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{
    AccountId, Confirmed, Denial, Error, Event, Keyring, Mfa, Proof, Recovered, SealingKey, Status,
    Verified,
};

use super::device::{Device, State};
use super::dice::Dice;
use super::faulty::{Fault, Faulty, Meanwhile, run_or_die};
use super::leaks::Leaks;
use super::naive::{Limits, Naive, Said};
use super::prover::Prover;
use crate::support::{NOW, run};

pub(crate) type Server = Mfa<Arc<Faulty>>;
/// What each server has told.
type Told = Arc<Mutex<Vec<(usize, AccountId, UnixTime, Event)>>>;
pub(crate) type Tally = BTreeMap<(&'static str, Said), u64>;

#[derive(Debug)]
pub(crate) enum Proven {
    Verified(Verified),
    Recovered(Recovered),
    Confirmed(Confirmed),
}

impl Proven {
    pub(crate) fn at(&self) -> u64 {
        self.as_ref().at().as_secs()
    }

    /// The device that showed the code.
    pub(crate) fn by(&self) -> Option<u32> {
        let device = self.as_ref().device()?;
        Some(device.to_string().parse().unwrap())
    }
}

impl AsRef<Proof> for Proven {
    fn as_ref(&self) -> &Proof {
        match self {
            Self::Verified(verified) => verified.as_ref(),
            Self::Recovered(recovered) => recovered.as_ref(),
            Self::Confirmed(confirmed) => confirmed.as_ref(),
        }
    }
}

pub(crate) struct Person {
    pub(crate) id: AccountId,
    pub(crate) naive: Option<Naive>,
    pub(crate) provers: Vec<Prover>,
    pub(crate) proofs: Vec<Rc<Proven>>,
    /// All recovery codes that were ever shown.
    pub(crate) recovery_codes: Vec<String>,
    pub(crate) sealed_by: usize,
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) limits: Limits,
    pub(crate) people: Vec<Person>,
    pub(crate) servers: [(Arc<Server>, Arc<Faulty>); 2],
    pub(crate) observer: Arc<Mfa<Arc<MemoryStore>>>,
    records: Arc<MemoryStore>,
    told: Told,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    /// Whether the clock never went back and nowhere near an end of time: then each lock is known to the second.
    pub(crate) is_orderly: bool,
    /// Each step and counter of each secret that was accepted.
    pub(crate) accepted: BTreeSet<(Vec<u8>, u64)>,
    pub(crate) leaks: Leaks,
    pub(crate) tally: Tally,
    /// Whether nothing goes wrong for a while, and owners type what they see.
    pub(crate) is_calm: bool,
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

fn key(n: u8) -> SealingKey {
    SealingKey::from_bytes(&key_bytes(n))
}

fn key_id(n: u8) -> KeyId {
    Keyring::new(key(n)).active_id()
}

impl World {
    pub(crate) fn new(mut dice: Dice, log: Arc<Mutex<Vec<String>>>) -> Self {
        let (policy, limits) = super::prover::policy(&mut dice);
        let clock = Arc::new(ManualClock::new(NOW));
        let records = Arc::new(MemoryStore::new());
        let told = Told::default();
        // Each server's active key is retired at the other: a change of keys, half done.
        let server = |n: u8| {
            let faulty = Arc::new(Faulty::new(Arc::clone(&records)));
            let ring = Keyring::new(key(n)).with_retired(key(3 - n));
            let sink = Arc::clone(&told);
            let mfa = Mfa::new(Arc::clone(&faulty), ring)
                .with_policy(policy)
                .with_clock(Arc::clone(&clock))
                .on_event(move |account, at, event| {
                    let told = (usize::from(n) - 1, account.clone(), at, event.clone());
                    sink.lock().unwrap().push(told);
                });
            (Arc::new(mfa), faulty)
        };
        let servers = [server(1), server(2)];
        let ring = Keyring::new(key(1)).with_retired(key(2));
        let observer = Mfa::new(Arc::clone(&records), ring)
            .with_policy(policy)
            .with_clock(Arc::clone(&clock));
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
            sealed_by: 0,
        };
        Self {
            dice,
            clock,
            limits,
            people: vec![person("alice"), person("bob")],
            servers,
            observer: Arc::new(observer),
            records,
            told,
            log,
            is_orderly: true,
            accepted: BTreeSet::new(),
            leaks,
            tally: Tally::new(),
            is_calm: false,
            meanwhile: None,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        use secondfactor::codes::Clock as _;
        self.clock.now().as_secs()
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

    /// Holds what was said and written against what the model says. `next` is the model's account if it is written.
    pub(crate) fn settle<T: Debug>(
        &mut self,
        who: usize,
        (name, turn): (&'static str, Turn),
        (expected, next): (Said, Option<Naive>),
        answer: Option<Result<T, Error>>,
    ) -> Option<T> {
        let commits = self.servers[turn.server].1.take_commits();
        self.leaks.forget_recent();
        let said = answer.as_ref().map_or(Said::Nothing, said);
        self.note(format!(
            "{who} {name} {turn:?}: {said:?}, {commits} commits; model: {expected:?}"
        ));
        *self.tally.entry((name, said)).or_default() += 1;

        assert!(commits <= 1, "COMMITS: one command, more than one commit");
        let is_released = said.is_judgement();
        assert!(
            !is_released || commits == 1,
            "RELEASED: {name}: an answer without a commit"
        );
        let is_refusal = !is_released && !matches!(said, Said::Nothing | Said::StoreFailed);
        assert!(
            !is_refusal || commits == 0,
            "WRITTEN: {name}: {said:?}, and it was written"
        );
        let is_untouched =
            commits == 0 && !matches!(turn.fault, Fault::Loses(_)) && self.meanwhile.is_none();
        assert!(
            !is_untouched || self.version(who) == turn.version,
            "WRITTEN: the version has changed without a commit"
        );

        let should_be = match (turn.fault, expected.is_judgement()) {
            (Fault::LoadFails, _) => (Said::StoreFailed, 0),
            (_, false) => (expected, 0),
            (Fault::FailsBeforeWrite, _) => (Said::StoreFailed, 0),
            (Fault::FailsAfterWrite, _) => (Said::StoreFailed, 1),
            (Fault::DiesBeforeWrite, _) => (Said::Nothing, 0),
            (Fault::DiesAfterWrite, _) => (Said::Nothing, 1),
            (Fault::Loses(8..), _) => (Said::Contended, 0),
            _ => (expected, 1),
        };
        assert_eq!(
            (said, commits),
            should_be,
            "VERDICT: {name}: the model says {expected:?}"
        );

        let before = self.naive(who);
        if commits == 1 {
            self.people[who].sealed_by = turn.server;
            self.people[who].naive = next;
            self.remember_accepted(who, &before);
        }
        self.check_events(who, turn.server, said, commits, &before);
        match &answer {
            Some(Ok(value)) => self.leaks.check_debug(value, !self.is_orderly),
            Some(Err(error)) => self.leaks.check_error(error, !self.is_orderly),
            None => {}
        }
        self.check_status(who);
        answer.and_then(Result::ok)
    }

    /// A step or counter of a secret is accepted once, wherever and whenever.
    fn remember_accepted(&mut self, who: usize, before: &Naive) {
        for device in &self.naive(who).devices {
            let Some(secret) = &device.secret else {
                continue;
            };
            let known = before
                .find(device.number)
                .map_or(device.burned.len(), |before| before.burned.len());
            for moving in device.burned.iter().skip(known) {
                let is_new = self
                    .accepted
                    .insert((secret.expose_bytes().to_vec(), *moving));
                assert!(is_new, "TWICE: one step of one secret was accepted twice");
            }
        }
    }

    fn check_events(
        &mut self,
        who: usize,
        server: usize,
        said: Said,
        commits: u32,
        before: &Naive,
    ) {
        let all = std::mem::take(&mut *self.told.lock().unwrap());
        let (told, of_the_other): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(by, ..)| *by == server);
        *self.told.lock().unwrap() = of_the_other;
        let now = self.now();
        for (_, account, at, event) in &told {
            self.leaks.check_debug(event, !self.is_orderly);
            assert_eq!((account, at.as_secs()), (&self.people[who].id, now));
            if let Event::Retired { device, .. } = event {
                let was_there = before
                    .devices
                    .iter()
                    .any(|before| device_id(before.number) == *device);
                assert!(was_there, "EVENTS: a device retired that was gone");
            }
            let is_refusal = matches!(
                event,
                Event::ReplayRefused | Event::Throttled { .. } | Event::RefusedDisabled
            );
            assert!(
                is_refusal || (commits == 1 && said.is_judgement()),
                "EVENTS: {event:?} before its commit"
            );
        }
        let count = |is: fn(&Event) -> bool| told.iter().filter(|(.., event)| is(event)).count();
        assert_eq!(
            count(|event| matches!(event, Event::ReplayRefused)),
            usize::from(said == Said::Replayed)
        );
        let regressed = count(|event| matches!(event, Event::ClockRegressed { .. }));
        let has_changed = self.people[who]
            .naive
            .as_ref()
            .is_some_and(|naive| naive.last_change == Some(now));
        let is_earlier = before
            .last_change
            .is_some_and(|last| now.saturating_add(5) < last);
        let is_told = commits == 1 && said.is_judgement() && has_changed && is_earlier;
        assert_eq!(
            regressed,
            usize::from(is_told),
            "EVENTS: a clock that went back is told once"
        );
    }

    /// What the account has is what the model has.
    pub(crate) fn check_status(&mut self, who: usize) {
        let (now, limits, is_orderly) = (self.now(), self.limits, self.is_orderly);
        let status = self.status(who);
        // It is long, and the search takes longer than all else.
        if self.dice.one_in(8) {
            self.leaks.check_debug(&status, !is_orderly);
        }
        let sealed_by = key_id(self.people[who].sealed_by as u8 + 1);
        let Some(naive) = &mut self.people[who].naive else {
            assert!(
                status.is_none(),
                "STATUS: there is an account that nobody enrolled, or that has opted out"
            );
            return;
        };
        let status = status.expect("STATUS: the account is gone");
        assert_eq!(status.sealed_by(), Some(sealed_by));

        let is_shown = |device: &&mut Device| {
            !device.has_expired(now)
                && (device.is_live(now) || !matches!(device.state, State::Retiring { .. }))
        };
        let mut shown = naive.devices.iter_mut().filter(is_shown);
        for seen in status.devices() {
            let device = shown
                .next()
                .expect("STATUS: a device that should not be there");
            let state = match device.state {
                State::Pending { replaces } => DeviceState::Pending {
                    replaces: replaces.map(device_id),
                },
                State::Active => DeviceState::Active,
                State::Suspended => DeviceState::Suspended,
                State::Retiring { until } => DeviceState::Retiring {
                    until: UnixTime::from_secs(until),
                },
            };
            assert_eq!(
                (seen.id(), seen.state()),
                (device_id(device.number), state),
                "STATUS: another state"
            );
            assert_eq!(
                (seen.parameters(), seen.created().as_secs()),
                (device.parameters(), device.created),
                "STATUS: other settings"
            );
            assert_eq!(seen.label().as_str(), device.label);
            check_drift(
                device,
                seen.drift(),
                now,
                naive
                    .credited
                    .take_if(|number| *number == device.number)
                    .is_some(),
            );
        }
        assert!(shown.next().is_none(), "STATUS: a device is gone");

        check_lock(
            "CODES",
            status.lock(),
            &naive.wrong,
            limits,
            now,
            is_orderly,
        );
        let recovery = naive.recovery.clone().unwrap_or_default();
        assert_eq!(
            status.recovery_codes_left(),
            recovery.left.len(),
            "STATUS: another number of recovery codes"
        );
        check_lock(
            "RECOVERY",
            status.recovery_lock(),
            &recovery.wrong,
            limits,
            now,
            is_orderly,
        );
    }
}

pub(crate) fn device_id(number: u32) -> DeviceId {
    number.to_string().parse().unwrap()
}

fn check_lock(
    of: &str,
    seen: Lock,
    wrong: &super::naive::Wrong,
    limits: Limits,
    now: u64,
    is_orderly: bool,
) {
    let count = wrong.in_a_row.len();
    assert!(
        count <= limits.max_failures,
        "CAP: {of}: {count} wrong codes in a row were judged"
    );
    let is_disabled = count == limits.max_failures;
    assert_eq!(
        seen == Lock::Disabled,
        is_disabled,
        "CAP: {of}: after {count} in a row, disabled or not"
    );
    if is_orderly {
        assert_eq!(
            seen,
            wrong.lock(limits, now),
            "LOCK: {of}: after {count} in a row"
        );
    } else if let Lock::Until(until) = seen {
        let longest = (2 * limits.max_wait).max(2 * (super::naive::DAY / 10));
        assert!(
            until.as_secs() <= now.saturating_add(longest),
            "LOCK: {of}: it lasts longer than any wait"
        );
    }
}

fn check_drift(device: &mut Device, seen: i64, now: u64, was_credited: bool) {
    let starts = device.resyncs.iter().map(|(_, steps)| *steps).chain([0]);
    let mut starts =
        starts.inspect(|start| assert!(start.abs() <= 120, "DRIFT: a resync by {start} steps"));
    assert!(
        starts.any(|start| (seen - start).abs() <= 4),
        "DRIFT: {seen} steps, more than four from any resync"
    );

    let moved = seen - device.drift(now);
    if was_credited {
        let twice = match device.leans[..] {
            [.., one, next] if one == next => next,
            _ => 0,
        };
        assert!(
            moved == 0 || moved == twice,
            "DRIFT: moved by {moved} after {:?}",
            device.leans
        );
        device.settled = seen;
    } else {
        assert_eq!(moved, 0, "DRIFT: moved without a success");
    }
}

pub(crate) fn said<T>(answer: &Result<T, Error>) -> Said {
    match answer {
        Ok(_) => Said::Yes,
        Err(Error::Denied(denial)) => match denial {
            Denial::Mismatch | Denial::Unconfirmed(_) => Said::Mismatch,
            Denial::Replayed => Said::Replayed,
            Denial::Throttled { .. } => Said::Throttled,
            Denial::Disabled => Said::Disabled,
            other => panic!("{other:?}"),
        },
        Err(Error::NotEnrolled) => Said::NotEnrolled,
        Err(Error::UnknownDevice) => Said::UnknownDevice,
        Err(Error::ProofRequired) => Said::ProofRequired,
        Err(Error::Stale(_)) => Said::Stale,
        Err(Error::LastDevice) => Said::LastDevice,
        Err(Error::DuplicateSecret) => Said::DuplicateSecret,
        Err(Error::NoRecoveryCodes) => Said::NoRecoveryCodes,
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
