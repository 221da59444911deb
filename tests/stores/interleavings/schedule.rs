//! Every order in which calls go on, one after the other, and all that may go wrong: depth first.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::gate::{Fate, Gate, Place, World};

/// How much may go wrong in one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    pub(crate) faults: usize,
    pub(crate) clock_moves: usize,
}

/// Which way was taken where there were several: the next run takes the next one.
#[derive(Default)]
struct Choices {
    taken: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.taken.len() {
            self.taken.push((0, of));
        }
        let (taken, was) = self.taken[self.at];
        assert_eq!(was, of, "a run that is repeated takes the same way");
        self.at += 1;
        taken
    }

    /// Whether there is another way.
    fn turn(&mut self) -> bool {
        self.at = 0;
        while let Some((taken, of)) = self.taken.pop() {
            if taken + 1 < of {
                self.taken.push((taken + 1, of));
                return true;
            }
        }
        false
    }
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Move {
    GoOn(usize, Fate),
    /// The caller hangs up, or its process dies.
    Drop(usize),
    Deliver(usize),
    Clock(i64),
}

/// A step of the codes, and more than servers' clocks may differ.
const CLOCK_MOVES: [i64; 2] = [30, -60];

/// A call under way, by its own server.
pub(crate) struct Call<'c, T> {
    pub(crate) gate: &'c Gate,
    future: Option<Pin<Box<dyn Future<Output = T> + 'c>>>,
    pub(crate) answer: Option<T>,
}

impl<'c, T> Call<'c, T> {
    pub(crate) fn new(gate: &'c Gate, future: impl Future<Output = T> + 'c) -> Self {
        let mut call = Self {
            gate,
            future: Some(Box::pin(future)),
            answer: None,
        };
        call.poll();
        call
    }

    fn poll(&mut self) {
        let future = self.future.as_mut().unwrap();
        if let Poll::Ready(answer) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            self.answer = Some(answer);
            self.future = None;
        }
    }

    /// Nothing else happens until its end.
    pub(crate) fn finish(&mut self) -> T {
        while self.future.is_some() {
            self.go_on(Fate::Done);
        }
        self.answer.take().unwrap()
    }

    fn go_on(&mut self, fate: Fate) {
        self.gate.open(fate);
        self.poll();
        if fate == Fate::Unanswered {
            self.future = None;
        }
    }
}

fn moves<T>(calls: &[Call<'_, T>], budget: Budget) -> Vec<Move> {
    let mut moves = Vec::new();
    for (n, call) in calls.iter().enumerate() {
        if call.gate.has_late() {
            moves.push(Move::Deliver(n));
        }
        if call.future.is_none() {
            continue;
        }
        moves.push(Move::GoOn(n, Fate::Done));
        let place = call.gate.place();
        if budget.faults == 0 || place == Place::Inside {
            continue;
        }
        moves.extend([Move::Drop(n), Move::GoOn(n, Fate::Lost)]);
        match place {
            Place::Write => moves.extend(
                [Fate::Unheard, Fate::Unanswered, Fate::Late].map(|fate| Move::GoOn(n, fate)),
            ),
            _ if call.gate.may_be_stale() => moves.push(Move::GoOn(n, Fate::Stale)),
            _ => {}
        }
    }
    let goes_on = calls.iter().any(|call| call.future.is_some());
    if goes_on && budget.clock_moves > 0 {
        moves.extend(CLOCK_MOVES.map(Move::Clock));
    }
    moves
}

/// Lets the calls go on in one order to their end. Returns what has happened.
fn run<T>(
    choices: &mut Choices,
    world: &World,
    calls: &mut [Call<'_, T>],
    mut budget: Budget,
) -> Vec<Move> {
    let mut history = Vec::new();
    loop {
        let moves = moves(calls, budget);
        if moves.is_empty() {
            return history;
        }
        let next = moves[choices.choose(moves.len())];
        history.push(next);
        match next {
            Move::GoOn(n, fate) => {
                budget.faults -= usize::from(fate != Fate::Done);
                calls[n].go_on(fate);
            }
            Move::Drop(n) => {
                budget.faults -= 1;
                calls[n].future = None;
            }
            Move::Deliver(n) => calls[n].gate.deliver(),
            Move::Clock(seconds) => {
                budget.clock_moves -= 1;
                world.move_clock(seconds);
            }
        }
    }
}

/// Runs what `start` begins in every order, and calls `end` for each. Returns how many there are.
///
/// `start` is given the way to go: it makes a world, begins the calls there, and passes them on.
pub(crate) fn every_order(budget: Budget, mut one: impl FnMut(&mut Way<'_>)) -> u64 {
    let (mut choices, mut count) = (Choices::default(), 0);
    loop {
        one(&mut Way {
            choices: &mut choices,
            budget,
        });
        count += 1;
        if !choices.turn() {
            return count;
        }
    }
}

/// One order among all.
pub(crate) struct Way<'w> {
    choices: &'w mut Choices,
    budget: Budget,
}

impl Way<'_> {
    pub(crate) fn go<T>(&mut self, world: &Arc<World>, calls: &mut [Call<'_, T>]) -> Vec<Move> {
        run(self.choices, world, calls, self.budget)
    }
}
