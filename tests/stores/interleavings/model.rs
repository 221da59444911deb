//! What a sequence of commands comes to where each happens at once: by the pure account.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::rc::Rc;

use secondfactor::account::{Account, Submission};
use secondfactor::codes::UnixTime;
use secondfactor::{AccountId, Error, Event, Keyring, SealingKey};

use super::names::{Names, strings};
use crate::commands::{Judged, Next, judge};
use crate::given::Given;
use crate::owner::{Owner, policy};
use crate::record_checks::{FORMAT, Key};
use crate::support::*;

/// The first one has sealed what is there at first.
pub(super) const KEYS: [Key; 2] = [[7; SealingKey::LEN], [8; SealingKey::LEN]];

/// What the servers of the calls differ in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    /// Which key is the active one. The other one is retired.
    pub(super) active: usize,
    /// The format of its release. Here both write the same, but for the number of the format.
    pub(super) format: u8,
}

impl Server {
    pub(super) const NEW_KEY: Self = Self {
        active: 1,
        format: FORMAT,
    };
    pub(super) const OLD_KEY: Self = Self {
        active: 0,
        format: FORMAT,
    };
    pub(super) const NEXT_RELEASE: Self = Self {
        active: 1,
        format: FORMAT + 1,
    };

    pub(super) fn keyring(self) -> Keyring {
        let [active, retired] = [self.active, 1 - self.active];
        let [active, retired] = [active, retired].map(|n| SealingKey::from_bytes(&KEYS[n]));
        Keyring::new(active).with_retired(retired)
    }
}

/// A command, and the server that is asked for it.
pub(super) type Request = (&'static str, Server);

/// Which command, and at which time.
pub(super) type Step = (usize, UnixTime);

/// After a sequence of steps.
pub(super) struct State {
    pub(super) record: Option<Vec<u8>>,
    /// The last step, but for what is first.
    pub(super) last: Option<Last>,
    before: Option<Rc<State>>,
}

pub(super) struct Last {
    call: usize,
    pub(super) answer: Result<Given, Error>,
    pub(super) has_changed: bool,
    now: UnixTime,
    events: Vec<String>,
}

impl Last {
    pub(super) fn told(&self) -> Vec<String> {
        let events = self.events.iter();
        events.map(|event| told_at(self.now, event)).collect()
    }

    /// What is told if the call never heard that it has written.
    pub(super) fn interrupted(&self) -> Vec<String> {
        let event = format!("Interrupted {{ events: [{}] }}", self.events.join(", "));
        vec![told_at(self.now, &event)]
    }
}

impl State {
    /// What each call was answered, back from the last one.
    pub(super) fn answers(&self) -> Vec<(usize, &Result<Given, Error>)> {
        let mut answers = Vec::new();
        let mut state = Some(self);
        while let Some(State { last, before, .. }) = state {
            answers.extend(last.iter().map(|last| (last.call, &last.answer)));
            state = before.as_deref();
        }
        answers
    }
}

pub(super) struct Model<'o> {
    pub(super) id: AccountId,
    pub(super) owner: &'o Owner,
    pub(super) requests: &'o [Request],
    known: BTreeSet<Vec<u8>>,
    states: HashMap<Vec<Step>, Rc<State>>,
    ends: HashMap<(Vec<Step>, Vec<usize>), Rc<str>>,
}

impl<'o> Model<'o> {
    pub(super) fn new(
        id: AccountId,
        record: Option<Vec<u8>>,
        owner: &'o Owner,
        requests: &'o [Request],
    ) -> Self {
        let known = record.as_ref().map(|record| strings(&id, &KEYS, record));
        let mut known = known.unwrap_or_default();
        known.insert(owner.secret.expose_bytes().to_vec());
        let first = State {
            record,
            last: None,
            before: None,
        };
        Self {
            id,
            owner,
            requests,
            known,
            states: HashMap::from([(Vec::new(), Rc::new(first))]),
            ends: HashMap::new(),
        }
    }

    pub(super) fn after(&mut self, steps: &[Step]) -> Rc<State> {
        if let Some(state) = self.states.get(steps) {
            return Rc::clone(state);
        }
        let ((call, now), before) = steps.split_last().unwrap();
        let before = self.after(before);
        let judged = self.judge(*call, before.record.as_deref(), *now);
        let Judged { answer, told, next } = judged;
        let has_changed = !matches!(next, Next::Same);
        let record = match next {
            Next::Same => before.record.clone(),
            Next::Sealed(sealed) => Some(sealed),
            Next::Removed => None,
        };
        let last = Last {
            call: *call,
            answer,
            has_changed,
            now: *now,
            events: told,
        };
        let state = Rc::new(State {
            record,
            last: Some(last),
            before: Some(before),
        });
        self.states.insert(steps.to_vec(), Rc::clone(&state));
        state
    }

    /// A release refuses what a later one has written, and writes nothing.
    fn judge(&self, call: usize, record: Option<&[u8]>, now: UnixTime) -> Judged {
        let (command, server) = self.requests[call];
        let (id, owner, keyring) = (&self.id, self.owner, server.keyring());
        let later = record.filter(|record| record[0] > server.format);
        if let Some(later) = later.filter(|_| command != "danger_opt_out_unproven") {
            return Judged {
                answer: Err(Account::open(id, later, &keyring).unwrap_err()),
                told: vec!["Unreadable".to_owned()],
                next: Next::Same,
            };
        }
        let record = record.map(|record| with_format(FORMAT, record));
        let mut judged = judge(command, record.as_deref(), id, owner, &keyring, now);
        if let Next::Sealed(sealed) = &mut judged.next {
            sealed[0] = server.format;
        }
        judged
    }

    /// The text of this end, as far as these calls were answered.
    pub(super) fn end(&mut self, steps: &[Step], answered: &[usize], now: UnixTime) -> Rc<str> {
        let key = (steps.to_vec(), answered.to_vec());
        if let Some(text) = self.ends.get(&key) {
            return Rc::clone(text);
        }
        let state = self.after(steps);
        let mut answers = state.answers();
        answers.retain(|(call, _)| answered.contains(call));
        answers.sort_by_key(|(call, _)| *call);
        let answers = answers.into_iter().map(|(_, answer)| answer);
        let text: Rc<str> = self.text(answers, state.record.as_deref(), now).into();
        self.ends.insert(key, Rc::clone(&text));
        text
    }

    /// How many different ends were asked for.
    pub(super) fn ends(&self) -> usize {
        self.ends.len()
    }

    /// Everything that is to be the same for two runs of the same commands: the answers, the record, and whether what was
    /// given is good for that record.
    pub(super) fn text<'a>(
        &self,
        answers: impl Iterator<Item = &'a Result<Given, Error>>,
        record: Option<&[u8]>,
        now: UnixTime,
    ) -> String {
        let (mut names, mut text) = (Names::new(&self.known), String::new());
        for answer in answers {
            match answer {
                Ok(given) => {
                    names.answer(given, &mut text);
                    if let Some(record) = record {
                        self.is_good(given, record, now, &mut text);
                    }
                }
                Err(error) => write!(text, "{error:?}").unwrap(),
            }
            text.push('\n');
        }
        if let Some(record) = record {
            names.record(&self.id, &KEYS, record, &mut text);
        }
        text
    }

    fn is_good(&self, given: &Given, record: &[u8], now: UnixTime, text: &mut String) {
        let account = || {
            let record = with_format(FORMAT, record);
            let account = Account::open(&self.id, &record, &Server::NEW_KEY.keyring());
            account.unwrap().with_policy(policy())
        };
        if let Some(proof) = &given.proof {
            let (at, stands) = (proof.at(), account().check_session(proof, now));
            write!(text, ", proof of {at:?}: {stands:?}").unwrap();
        }
        if let Some(code) = &given.recovery_code {
            let redeemed = account().redeem(code, now).map(drop);
            write!(text, ", code: {redeemed:?}").unwrap();
        }
        if let Some(cookie) = &given.cookie {
            let wrong = Submission::new(self.owner.wrong).in_browser(Some(cookie));
            let Ok(mut attempt) = account().verify(wrong, now) else {
                return;
            };
            let sealed = attempt.seal(&Server::NEW_KEY.keyring()).unwrap();
            let tell = |event: &Event| write!(text, ", cookie: {event:?}").unwrap();
            let _refused = attempt.reveal_with(receipt(&sealed), tell);
        }
    }
}

/// As a release of this format would have written it.
pub(super) fn with_format(format: u8, record: &[u8]) -> Vec<u8> {
    let mut record = record.to_vec();
    record[0] = format;
    record
}

pub(super) fn told_at(now: UnixTime, event: &str) -> String {
    format!("{} {event}", now.as_secs())
}
