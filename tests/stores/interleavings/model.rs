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
use crate::record_checks::Key;
use crate::support::*;

/// The one of the servers, and the one that sealed what is there at first.
pub(super) const KEYS: [Key; 2] = [[8; SealingKey::LEN], [7; SealingKey::LEN]];

pub(super) fn keyring() -> Keyring {
    let [new, old] = KEYS.map(|key| SealingKey::from_bytes(&key));
    Keyring::new(new).with_retired(old)
}

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
    pub(super) commands: &'o [&'static str],
    pub(super) keyring: Keyring,
    known: BTreeSet<Vec<u8>>,
    states: HashMap<Vec<Step>, Rc<State>>,
    ends: HashMap<(Vec<Step>, Vec<usize>), Rc<str>>,
}

impl<'o> Model<'o> {
    pub(super) fn new(
        id: AccountId,
        record: Option<Vec<u8>>,
        owner: &'o Owner,
        commands: &'o [&'static str],
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
            commands,
            keyring: keyring(),
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
        let record = before.record.as_deref();
        let command = self.commands[*call];
        let judged = judge(command, record, &self.id, self.owner, &self.keyring, *now);
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
            let account = Account::open(&self.id, record, &self.keyring);
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
            let sealed = attempt.seal(&self.keyring).unwrap();
            let tell = |event: &Event| write!(text, ", cookie: {event:?}").unwrap();
            let _refused = attempt.reveal_with(receipt(&sealed), tell);
        }
    }
}

pub(super) fn told_at(now: UnixTime, event: &str) -> String {
    format!("{} {event}", now.as_secs())
}
