//! The numbers of the chapter `defaults`, and what a wrong submission costs.

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Servers may be so far apart.
pub(crate) const SKEW: u64 = 5;
const CUP: u64 = 15;
const DRAIN: u64 = 8640;
const RESYNCS: u64 = 3;
const RESYNC_DRAIN: u64 = 8 * HOUR;

#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) past: i64,
    pub(crate) future: i64,
    pub(crate) look_ahead: u64,
    pub(crate) devices: usize,
    pub(crate) free_tries: u32,
    pub(crate) first_wait: u64,
    pub(crate) longest_wait: u64,
    pub(crate) strangers: u32,
    /// 0 for one side.
    pub(crate) known: u32,
    /// 0 if recovery codes never close.
    pub(crate) recovery: u32,
    pub(crate) trust: u64,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        past: 1,
        future: 1,
        look_ahead: 5,
        devices: 8,
        free_tries: 5,
        first_wait: 30,
        longest_wait: HOUR,
        strangers: 80,
        known: 20,
        recovery: 0,
        trust: 0,
    };

    /// None for the free tries, then the first wait, doubled each time.
    fn wait_after(&self, failures: u32) -> u64 {
        if failures < self.free_tries {
            return 0;
        }
        let doubled = u128::from(self.first_wait) << (failures - self.free_tries).min(64);
        doubled.min(u128::from(self.longest_wait)) as u64
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Throttle {
    pub(crate) failures: u32,
    pub(crate) wait: u64,
    pub(crate) pressure: u64,
}

impl Throttle {
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.wait = self.wait.saturating_sub(seconds);
        self.pressure = self.pressure.saturating_sub(seconds);
    }

    /// After so long a submission is judged.
    pub(crate) fn ready_in(&self) -> u64 {
        self.wait
            .max(self.pressure.saturating_sub((CUP - 1) * DRAIN))
    }

    pub(crate) fn charge(&mut self, limits: &Limits) {
        self.failures += 1;
        self.wait = limits.wait_after(self.failures);
        self.pressure += DRAIN;
    }

    /// A success forgives the row, and not the pressure.
    pub(crate) fn forgive(&mut self) {
        self.failures = 0;
        self.wait = 0;
    }
}

/// The budget of resynchronizations, in seconds until it is whole again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resyncs(u64);

impl Resyncs {
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.0 = self.0.saturating_sub(seconds);
    }

    pub(crate) fn ready_in(&self) -> u64 {
        self.0.saturating_sub((RESYNCS - 1) * RESYNC_DRAIN)
    }

    pub(crate) fn charge(&mut self) {
        self.0 += RESYNC_DRAIN;
    }
}
