//! Every order in which a few calls on one account can go on, with every fault: each end is as if they had happened one
//! after the other.

mod across;
mod gate;
mod laws;
mod model;
mod names;
mod schedule;
mod walks;

use std::sync::{Arc, LazyLock};

use secondfactor::codes::UnixTime;
use secondfactor::store::Stored;
use secondfactor::{Error, Mfa};

use crate::commands::{FIRST_COMMANDS, perform};
use crate::given::Given;
use crate::owner::{Owner, policy};
use crate::support::{NOW, account, alice};
use gate::{Gate, Trail, World};
use model::{Model, Request, Server, Step, told_at};
use schedule::{Budget, Call, Move, Way, every_order};

/// What was walked.
#[derive(Clone, Copy, Default)]
struct Count {
    /// In so many orders.
    orders: u64,
    /// They came to so many different ends.
    ends: usize,
}

static OWNER: LazyLock<Owner> = LazyLock::new(Owner::new);

type Answer = Result<Given, Error>;

fn walk(requests: &[Request], budget: Budget) -> Count {
    let is_first = FIRST_COMMANDS.contains(&requests[0].0);
    let (id, record) = match is_first {
        true => (account("bob"), None),
        false => (alice(), Some(OWNER.record.clone())),
    };
    let mut model = Model::new(id, record, &OWNER, requests);
    let orders = every_order(budget, |way| one_order(&mut model, way));
    Count {
        orders,
        ends: model.ends(),
    }
}

fn one_order(model: &mut Model<'_>, way: &mut Way<'_>) {
    let world = Arc::new(World::new());
    if let Some(record) = &model.after(&[]).record {
        world.put(&model.id, record);
    }
    let asked = model.requests.iter().map(|(_, asked)| *asked);
    let (gates, servers): (Vec<_>, Vec<_>) = asked.map(|asked| server(&world, asked)).unzip();
    let begin = |n: usize| {
        let (command, _) = model.requests[n];
        let call = perform(command, &servers[n], &model.id, model.owner);
        Call::new(&gates[n], call)
    };
    let mut calls: Vec<_> = (0..servers.len()).map(begin).collect();
    let history = way.go(&world, &mut calls);
    let answers: Vec<Option<Answer>> = calls.into_iter().map(|call| call.answer).collect();
    let end = End {
        history: &history,
        trails: gates.iter().map(|gate| gate.trail().clone()).collect(),
        answers,
        record: world.record(&model.id),
    };
    end.check(model);
}

/// A server of its own for each call, so that it is known what it has told.
fn server(world: &Arc<World>, asked: Server) -> (Arc<Gate>, Mfa<Arc<Gate>>) {
    let gate = Arc::new(Gate::new(world, asked.format));
    let teller = Arc::downgrade(&gate);
    let mfa = Mfa::new(Arc::clone(&gate), asked.keyring())
        .with_policy(policy())
        .with_accounts_at_once(1) // each call waits at one place
        .with_clock(Arc::clone(&gate))
        .on_event(move |_, now, event| {
            let told = told_at(now, &format!("{event:?}"));
            teller.upgrade().unwrap().trail().told.push(told);
        });
    (gate, mfa)
}

/// What has come of one order.
struct End<'e> {
    history: &'e [Move],
    trails: Vec<Trail>,
    answers: Vec<Option<Answer>>,
    record: Option<Stored>,
}

impl End<'_> {
    /// It is as if each call that was answered or has written had happened at once: when it has written, or else when it
    /// had loaded.
    fn check(&self, model: &mut Model<'_>) {
        let mut order: Vec<usize> = (0..self.trails.len())
            .filter(|n| self.answer(*n).is_some() || !self.trails[*n].commits.is_empty())
            .collect();
        order.sort_by_key(|n| self.point(*n));
        let mut steps: Vec<Step> = Vec::new();
        for n in &order {
            steps.push((*n, self.time(*n)));
            self.check_call(model, *n, &steps);
        }
        let commands: Vec<_> = model.requests.iter().map(|(name, _)| *name).collect();
        self.check_laws(&commands, &order, &|| self.story(model));
        (0..self.trails.len()).for_each(|n| self.check_unheard(model, n));
        let answered: Vec<usize> = (0..self.trails.len())
            .filter(|n| self.answer(*n).is_some())
            .collect();
        let answers = self
            .answers
            .iter()
            .flatten()
            .filter(|answer| is_known(answer));
        let record = self.record.as_ref().map(Stored::body);
        let seen = model.text(answers, record, NOW);
        let expected = model.end(&steps, &answered, NOW);
        assert_eq!(seen, *expected, "{} after {steps:?}", self.story(model));
    }

    /// What the call was answered, if it was.
    fn answer(&self, n: usize) -> Option<&Answer> {
        self.answers[n].as_ref().filter(|answer| is_known(answer))
    }

    /// By which it was judged. A reseal asks for none if there is nothing to do.
    fn time(&self, n: usize) -> UnixTime {
        self.trails[n].read.map_or(NOW, |(_, now)| now)
    }

    /// Commits are in the order of the states that they made. What changes nothing belongs after the state that it has
    /// seen.
    fn point(&self, n: usize) -> (usize, usize) {
        let Trail {
            commits, loaded, ..
        } = &self.trails[n];
        match commits.as_slice() {
            [] => (*loaded, 1 + n),
            [commit, ..] => (*commit, 0),
        }
    }

    fn check_call(&self, model: &mut Model<'_>, n: usize, steps: &[Step]) {
        let (trail, state) = (&self.trails[n], model.after(steps));
        let last = state.last.as_ref().unwrap();
        let story = || format!("call {n} of {} after {steps:?}", self.story(model));
        assert!(
            trail.commits.len() <= 1,
            "{}: one call is one commit",
            story()
        );
        let has_changed = !trail.commits.is_empty();
        assert_eq!(has_changed, last.has_changed, "{}", story());
        let expected = match self.answer(n) {
            Some(_) => last.told(),
            None => last.interrupted(),
        };
        assert_eq!(trail.told, expected, "{}", story());
        // Where there is no record, no time is asked for.
        let is_none = matches!(self.answer(n), Some(Err(Error::NotEnrolled)));
        let read = trail.read.filter(|_| !is_none);
        let is_old = read.is_some_and(|(read_at, _)| read_at < trail.written_at);
        assert!(!is_old, "{}: judged by an old time", story());
    }

    /// What came to nothing has told nothing, or that it was cut off while it wrote.
    fn check_unheard(&self, model: &Model<'_>, n: usize) {
        let trail = &self.trails[n];
        if self.answer(n).is_none() && trail.commits.is_empty() {
            let told: Vec<bool> = (trail.told.iter())
                .map(|told| told.contains(" Interrupted { events: ["))
                .collect();
            let expected = vec![true; usize::from(trail.is_writing)];
            assert_eq!(told, expected, "call {n} of {}", self.story(model));
        }
    }

    fn story(&self, model: &Model<'_>) -> String {
        let Self {
            history, answers, ..
        } = self;
        format!("{:?}: {history:?} with {answers:?}", model.requests)
    }
}

/// The outcome of a store's error is unknown.
fn is_known(answer: &Answer) -> bool {
    !matches!(answer, Err(Error::Store(_)))
}
