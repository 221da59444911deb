//! Keeps the one date in the record, and notices a clock that goes back.

use std::time::Duration;

use super::policy::CLOCK_TOLERANCE;
use crate::codes::UnixTime;

/// Notices a server's clock that goes back.
///
/// The record holds one date. Everything that runs out is stored as what was left then, and elapsed
/// time is never below zero. So a clock that went back gives nothing away, and keeps nobody locked
/// for longer than the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordClock {
    pub(super) last_change: Option<UnixTime>,
    /// It is raised when the clock goes back. Proofs of an earlier epoch don't stand.
    pub(super) epoch: u32,
}

impl RecordClock {
    /// Returns how long ago the last change was, or zero if that is yet to come.
    pub(super) fn elapsed(&self, now: UnixTime) -> Duration {
        self.last_change
            .map_or(Duration::ZERO, |last| now.saturating_since(last))
    }

    /// Moves on to the present. Returns the time of the last change if the clock went back since.
    ///
    /// Servers whose clocks differ a little keep the later time, so that taking turns wins no time.
    pub(super) fn advance(&mut self, now: UnixTime) -> Option<UnixTime> {
        match self.last_change {
            Some(last) if now.saturating_add(CLOCK_TOLERANCE) < last => {
                self.last_change = Some(now);
                self.epoch = self.epoch.wrapping_add(1);
                Some(last)
            }
            last => {
                self.last_change = last.max(Some(now));
                None
            }
        }
    }
}
