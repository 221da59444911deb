//! Round-robin: every contender of a group has a short turn in every round, so that all meet the same disturbances.
//! Medians are divided by medians: times vary from machine to machine and from day to day, ratios of one run much less.
//! The lower quartiles stand beside, as a loaded machine disturbs them less.
#![allow(dead_code)] // each bench uses a part

mod table;

use std::hint::black_box;
use std::time::{Duration, Instant};

pub(crate) use table::print;

/// The contender that the others are compared with.
pub(crate) const OURS: &str = "secondfactor";

/// How long a turn is to take: far above the clock's grain, far below the scheduler's slice.
const TURN: Duration = Duration::from_micros(40);

pub(crate) struct Group {
    name: String,
    contenders: Vec<Contender>,
}

struct Contender {
    name: &'static str,
    /// Runs so many times, and says how long that took.
    turn: Box<dyn FnMut(u32) -> Duration>,
    runs: u32,
    /// Nanoseconds a run, one for each round.
    samples: Vec<f64>,
}

/// Nanoseconds a run.
#[derive(Clone, Copy)]
struct Times {
    median: f64,
    lower_quartile: f64,
}

impl Group {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), contenders: Vec::new() }
    }

    pub(crate) fn add<T>(&mut self, name: &'static str, mut run: impl FnMut() -> T + 'static) {
        self.add_turn(name, move |runs| {
            let start = Instant::now();
            (0..runs).for_each(|_| drop(black_box(run())));
            start.elapsed()
        });
    }

    /// What needs something fresh for each run, which `prepare` makes outside of the time.
    pub(crate) fn add_prepared<P, T>(
        &mut self,
        name: &'static str,
        prepare: impl Fn() -> P + 'static,
        run: impl Fn(P) -> T + 'static,
    ) {
        self.add_turn(name, move |runs| {
            let prepared: Vec<P> = (0..runs).map(|_| prepare()).collect();
            let mut results = Vec::with_capacity(prepared.len());
            let start = Instant::now();
            prepared.into_iter().for_each(|prepared| results.push(black_box(run(prepared))));
            start.elapsed()
        });
    }

    /// What keeps the time itself, for so many runs.
    pub(crate) fn add_turn(&mut self, name: &'static str, turn: impl FnMut(u32) -> Duration + 'static) {
        self.contenders.push(Contender { name, turn: Box::new(turn), runs: 1, samples: Vec::new() });
    }

    pub(crate) fn measure(&mut self, rounds: usize) {
        self.contenders.iter_mut().for_each(Contender::calibrate);
        for _ in 0..rounds {
            self.contenders.iter_mut().for_each(Contender::take_turn);
        }
    }

    fn times(&self) -> impl Iterator<Item = (&'static str, Times)> {
        self.contenders.iter().map(|contender| (contender.name, contender.times()))
    }
}

impl Contender {
    /// The fastest of some turns tells how many runs fill one.
    fn calibrate(&mut self) {
        let fastest = (0..20).map(|_| (self.turn)(4)).min().unwrap_or(TURN).max(Duration::from_nanos(4));
        let runs = TURN.as_nanos() * 4 / fastest.as_nanos();
        self.runs = u32::try_from(runs).unwrap_or(u32::MAX).max(1);
    }

    fn take_turn(&mut self) {
        let elapsed = (self.turn)(self.runs);
        self.samples.push(elapsed.as_secs_f64() * 1e9 / f64::from(self.runs));
    }

    fn times(&self) -> Times {
        let mut samples = self.samples.clone();
        samples.sort_by(f64::total_cmp);
        Times { median: samples[samples.len() / 2], lower_quartile: samples[samples.len() / 4] }
    }
}
