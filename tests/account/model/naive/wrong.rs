//! How many wrong codes are judged: lists of when they were.

use secondfactor::account::Lock;
use secondfactor::codes::UnixTime;

use super::{DAY, Limits, Said, Verdict};

/// Seconds by an account's own stopwatch. It runs from one change to the next, and no clock turns
/// it back.
pub(crate) type Lived = u128;

/// How long until something is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Nothing,
    Seconds(u64),
    ForGood,
}

impl Wait {
    /// Until this moment of the stopwatch.
    fn until(end: Lived, lived: Lived) -> Self {
        match u64::try_from(end.saturating_sub(lived)).unwrap() {
            0 => Self::Nothing,
            seconds => Self::Seconds(seconds),
        }
    }

    /// As the status shows it.
    pub(crate) fn as_lock(self, now: u64) -> Lock {
        match self {
            Self::Nothing => Lock::Open,
            Self::Seconds(seconds) => Lock::Until(UnixTime::from_secs(now.saturating_add(seconds))),
            Self::ForGood => Lock::Disabled,
        }
    }
}

/// The wrong codes of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrong {
    pub(crate) in_a_row: Vec<Lived>,
    ever: Vec<Lived>,
    /// Whether it was told that there were too many.
    is_told: bool,
    /// How often it was. A policy that allows more opens it again, and the next wrong code may close it.
    times_told: u32,
}

impl Wrong {
    pub(super) fn add(&mut self, lived: Lived, cap: Option<usize>) {
        self.in_a_row.push(lived);
        self.ever.push(lived);
        if self.is_at_the_cap(cap) {
            self.is_told = true;
            self.times_told += 1;
        }
    }

    pub(super) fn forgive(&mut self) {
        self.in_a_row.clear();
        self.is_told = false;
    }

    /// What is said instead of a judgement. A cap that has shrunk is told at the first submission.
    pub(super) fn refuse(
        &mut self,
        limits: Limits,
        cap: Option<usize>,
        lived: Lived,
    ) -> Option<Verdict> {
        match self.wait(limits, cap, lived) {
            Wait::Nothing => None,
            Wait::Seconds(_) => Some(Said::Throttled.into()),
            Wait::ForGood => Some(Verdict {
                said: Said::Disabled,
                is_written: self.tell(),
            }),
        }
    }

    /// Whether it was told since, and is so still.
    pub(crate) fn is_told_since(&self, before: &Self) -> bool {
        self.is_told && self.times_told > before.times_told
    }

    /// Says whether it is to be told now.
    pub(super) fn tell(&mut self) -> bool {
        let is_first = !std::mem::replace(&mut self.is_told, true);
        self.times_told += u32::from(is_first);
        is_first
    }

    pub(crate) fn is_at_the_cap(&self, cap: Option<usize>) -> bool {
        cap.is_some_and(|cap| self.in_a_row.len() >= cap)
    }

    /// The waits double, and 15 at once and ten a day are judged whatever succeeds between.
    pub(crate) fn wait(&self, limits: Limits, cap: Option<usize>, lived: Lived) -> Wait {
        if self.is_at_the_cap(cap) {
            return Wait::ForGood;
        }
        let beyond_free = (self.in_a_row.len() + 1).saturating_sub(limits.free_tries);
        let wait = (0..beyond_free).fold(0, |wait: u64, _| match wait {
            0 => limits.first_wait,
            wait => (2 * wait).min(limits.max_wait),
        });
        let waits_until = self
            .in_a_row
            .last()
            .map_or(0, |last| last + Lived::from(wait));
        Wait::until(
            waits_until.max(leaks_until(&self.ever, 15, DAY / 10)),
            lived,
        )
    }
}

/// Three pairs of codes at once, and three a day.
pub(super) fn wait_of_resyncs(resyncs: &[Lived], lived: Lived) -> Wait {
    Wait::until(leaks_until(resyncs, 3, DAY / 3), lived)
}

/// When a bucket of `burst` that leaks one each `interval` has room again.
fn leaks_until(drops: &[Lived], burst: Lived, interval: u64) -> Lived {
    let interval = Lived::from(interval);
    let (mut level, mut last) = (0, 0);
    for drop in drops {
        level = Lived::saturating_sub(level, drop - last) + interval;
        last = *drop;
    }
    last + level.saturating_sub((burst - 1) * interval)
}
