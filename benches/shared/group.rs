//! Contenders that do the same work, measured in turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::table::Row;

/// Far above the clock's grain, far below the scheduler's slice.
const TURN: Duration = Duration::from_micros(40);

pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) contenders: Vec<Contender>,
}

pub(crate) struct Contender {
    pub(crate) name: String,
    /// Runs so many times, and returns how long that took.
    turn: Box<dyn FnMut(u64) -> Duration>,
    /// Nanoseconds per run, one for each turn.
    samples: Vec<f64>,
}

impl Group {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            contenders: Vec::new(),
        }
    }

    pub(crate) fn add<T>(&mut self, name: impl Into<String>, mut run: impl FnMut() -> T + 'static) {
        self.add_turn(name, move |runs| {
            let start = Instant::now();
            (0..runs).for_each(|_| drop(black_box(run())));
            start.elapsed()
        });
    }

    /// For a run that consumes its input. `prepare` makes the input outside of the measured time.
    pub(crate) fn add_prepared<P, T>(
        &mut self,
        name: impl Into<String>,
        prepare: impl Fn() -> P + 'static,
        run: impl Fn(P) -> T + 'static,
    ) {
        self.add_turn(name, move |runs| {
            let prepared: Vec<P> = (0..runs).map(|_| prepare()).collect();
            let mut results = Vec::with_capacity(prepared.len());
            let start = Instant::now();
            prepared
                .into_iter()
                .for_each(|prepared| results.push(black_box(run(prepared))));
            start.elapsed()
        });
    }

    /// For a contender that measures its time by itself: `turn` gets the number of runs.
    pub(crate) fn add_turn(
        &mut self,
        name: impl Into<String>,
        turn: impl FnMut(u64) -> Duration + 'static,
    ) {
        self.contenders.push(Contender {
            name: name.into(),
            turn: Box::new(turn),
            samples: Vec::new(),
        });
    }

    /// Every contender takes one short turn in each round, so that all meet the same disturbances.
    pub(crate) fn measure(&mut self, rounds: usize) {
        let runs: Vec<u64> = self
            .contenders
            .iter_mut()
            .map(Contender::runs_per_turn)
            .collect();
        for _ in 0..rounds {
            self.contenders
                .iter_mut()
                .zip(&runs)
                .for_each(|(contender, runs)| {
                    contender.take_turn(*runs);
                });
        }
    }

    /// One row for each contender that was measured.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        let measured = self
            .contenders
            .iter()
            .filter(|contender| !contender.samples.is_empty());
        measured.map(|contender| Row::new(&self.name, &contender.name, contender.samples.clone()))
    }
}

impl Contender {
    pub(crate) fn take_turn(&mut self, runs: u64) -> Duration {
        let elapsed = (self.turn)(runs);
        self.samples.push(elapsed.as_secs_f64() * 1e9 / runs as f64);
        elapsed
    }

    fn runs_per_turn(&mut self) -> u64 {
        let fastest = (0..20).map(|_| (self.turn)(4)).min().unwrap_or(TURN);
        let runs = TURN.as_nanos() * 4 / fastest.as_nanos().max(4);
        u64::try_from(runs).unwrap_or(u64::MAX).max(1)
    }
}
