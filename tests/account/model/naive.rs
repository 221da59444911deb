//! What an account should be, told as simply as it goes: lists of what happened, looked through
//! from the start.

mod browsers;
mod changes;
mod enroll;
mod submissions;
mod temporary;
mod time;
mod wrong;

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use secondfactor::account::VouchedBy;
use secondfactor::codes::{Algorithm, Digits, Secret};

use super::device::{Device, Moves};
use super::pages::{Page, Sent, What};
pub(crate) use temporary::Temporary;
pub(crate) use wrong::{Lived, Wrong};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Yes,
    Mismatch,
    Replayed,
    Throttled,
    Disabled,
    StrangersClosed,
    NoDevice,
    NotEnrolled,
    UnknownDevice,
    ProofRequired,
    TooOld,
    FromTheFuture,
    Ended,
    LastDevice,
    DeviceRequired,
    GraceTooLong,
    TemporaryLifetime,
    NoTemporaryCode,
    NothingToImport,
    SecretRequired,
    DuplicateSecret,
    NoRecoveryCodes,
    OtherRecoveryCodes,
    UnknownBrowser,
    TrustRefused,
    CodeRequired,
    TooManyDevices,
    LabelTaken,
    EnrollmentExpired,
    StoreFailed,
    Contended,
    /// The server died before it could say anything.
    Nothing,
}

/// What a command must say, and whether it writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) said: Said,
    pub(crate) is_written: bool,
}

/// A yes and a wrong code are judgements, and charged. All else is said without a change, save what
/// the rules name.
impl From<Said> for Verdict {
    fn from(said: Said) -> Self {
        let is_written = said.is_judgement();
        Self { said, is_written }
    }
}

impl Said {
    pub(crate) fn is_judgement(self) -> bool {
        matches!(self, Self::Yes | Self::Mismatch)
    }

    /// Whether a server has said it, and not a store or nobody.
    pub(crate) fn is_answer(self) -> bool {
        !matches!(self, Self::StoreFailed | Self::Contended | Self::Nothing)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) past: u64,
    pub(crate) future: u64,
    pub(crate) look_ahead: u64,
    pub(crate) max_devices: usize,
    pub(crate) free_tries: usize,
    pub(crate) first_wait: u64,
    pub(crate) max_wait: u64,
    pub(crate) max_failures: usize,
    /// The cap before it has shrunk.
    pub(crate) highest_cap: usize,
    pub(crate) max_trust: u64,
    pub(crate) has_one_side: bool,
    pub(crate) closes_recovery_codes: bool,
}

impl Limits {
    /// A fifth is for known browsers.
    pub(crate) fn max_known(self) -> usize {
        if self.has_one_side {
            0
        } else {
            self.max_failures / 5
        }
    }

    pub(crate) fn max_strangers(self) -> usize {
        self.max_failures - self.max_known()
    }

    pub(crate) fn max_recovery(self) -> Option<usize> {
        self.closes_recovery_codes.then_some(self.max_failures)
    }
}

pub(crate) const DAY: u64 = 24 * 3600;

/// Who something is by: no two things that begin to count share one, in any account at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

impl Identity {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    pub(crate) identity: Identity,
    pub(crate) vouched_by: VouchedBy,
    pub(crate) issued: u64,
    /// The text of each code that is left; nobody's if the answer that showed it was lost.
    pub(crate) left: Vec<Option<String>>,
    /// Whoever redeemed a code of this set, or issued it by a redemption.
    pub(crate) redemptions: Vec<Identity>,
    pub(crate) wrong: Wrong,
    /// Whether its codes ended before they were used.
    pub(crate) is_void: bool,
    pub(crate) answered: Option<Answered>,
}

/// A success, and what it answered.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) sent: Sent,
    /// The device or redemption that it was by.
    pub(crate) by: Identity,
    pub(crate) at: u64,
    lived: Lived,
    /// The browser that it came from, and the one that it made known.
    browsers: [Option<u32>; 2],
}

impl Answered {
    /// There is none without a page.
    fn new(
        what: What,
        page: Option<Page>,
        by: Identity,
        (at, lived): (u64, Lived),
    ) -> Option<Self> {
        page.map(|_| Self {
            sent: Sent { what, page },
            by,
            at,
            lived,
            browsers: [None; 2],
        })
    }

    /// The same within a minute.
    fn is_to(&self, sent: &Sent, lived: Lived) -> bool {
        self.sent == *sent && lived - self.lived < 60
    }
}

/// A known browser.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) number: u32,
    /// Nobody's, if the answer that set it was lost.
    pub(crate) cookie: Option<String>,
    pub(crate) label: String,
    pub(crate) device: Identity,
    pub(crate) last_used: u64,
    pub(crate) wrong_in_a_row: usize,
    /// Since when it is trusted, and for how many seconds.
    pub(crate) trusted: Option<(Lived, u64)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    pub(crate) devices: Vec<Device>,
    pub(crate) enrolled_ever: u32,
    pub(crate) was_confirmed: bool,
    /// Of strangers.
    pub(crate) wrong: Wrong,
    /// Of known browsers.
    pub(crate) known: Wrong,
    /// The one that was used last at the end.
    pub(crate) browsers: Vec<Browser>,
    pub(crate) browsers_ever: u32,
    /// The browser whose cookie the last success hands out.
    pub(crate) handed: Option<u32>,
    pub(crate) resyncs: Vec<Lived>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) temporary: Option<Temporary>,
    /// The last one, of whatever code.
    pub(crate) redemption: Option<Identity>,
    /// The one date.
    pub(crate) last_change: Option<u64>,
    pub(crate) lived: Lived,
    /// How often a clock went back.
    pub(crate) epoch: u32,
    /// The device that was last let in.
    pub(crate) credited: Option<u32>,
    /// What the last command answered again.
    pub(crate) again: Option<Answered>,
    /// The device whose proof said last what is kept, if it is kept itself.
    pub(crate) kept: Option<u32>,
}

/// A device to be enrolled.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) label: String,
    pub(crate) secret: Option<Rc<Secret>>,
    pub(crate) moves: Moves,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    pub(crate) first_counter: u64,
    pub(crate) session: Option<&'static str>,
}

impl Naive {
    pub(crate) fn find(&self, number: u32) -> Option<&Device> {
        self.devices.iter().find(|device| device.number == number)
    }

    fn find_mut(&mut self, number: u32) -> &mut Device {
        let mut devices = self.devices.iter_mut();
        devices.find(|device| device.number == number).unwrap()
    }

    /// What its stopwatch shows.
    pub(crate) fn lived_at(&self, now: u64) -> Lived {
        let last = self.last_change.unwrap_or(now);
        self.lived + Lived::from(now.saturating_sub(last))
    }

    /// Whether some device's codes are accepted.
    pub(crate) fn has_accepted(&self) -> bool {
        self.devices.iter().any(Device::is_accepted)
    }

    pub(crate) fn is_disabled(&self, limits: Limits) -> bool {
        self.wrong
            .is_at_the_cap(Some(self.cap_of_strangers(limits)))
    }

    /// Both sides together never have more than the cap of all.
    pub(crate) fn cap_of_strangers(&self, limits: Limits) -> usize {
        let left = limits
            .max_failures
            .saturating_sub(self.known.in_a_row.len());
        limits.max_strangers().min(left)
    }

    pub(crate) fn cap_of_known(&self, limits: Limits) -> usize {
        let left = limits
            .max_failures
            .saturating_sub(self.wrong.in_a_row.len());
        limits.max_known().min(left)
    }
}
