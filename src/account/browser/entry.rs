//! Holds what is remembered about a known browser.

use std::time::Duration;

use super::cookie::BrowserHash;
use super::id::BrowserId;
use crate::account::credential::Credential;
use crate::account::event::Event;
use crate::account::label::Label;
use crate::account::policy::MAX_BROWSER_FAILURES;
use crate::codes::UnixTime;

#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) id: BrowserId,
    pub(crate) hash: BrowserHash,
    pub(crate) label: Label,
    /// The device that was verified in it last has this credential.
    pub(crate) device: Credential,
    /// This is for display.
    pub(crate) last_used: UnixTime,
    /// So many wrong codes in a row came from it.
    pub(crate) failures: u8,
    pub(crate) trust: Option<Trust>,
}

/// Says how long a browser may do without a code, and for how long it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    /// A session that was let in by it names it, and not the browser: another trust lets no earlier
    /// session go on.
    pub(crate) grant: Credential,
    pub(crate) lasts: Duration,
    pub(crate) age: Duration,
}

impl Browser {
    /// Says whether it is judged on the side of known browsers. After ten wrong codes in a row it is a
    /// stranger until it verifies again.
    pub(crate) const fn is_known(&self) -> bool {
        self.failures < MAX_BROWSER_FAILURES
    }

    /// Returns the event that it is forgotten.
    pub(crate) fn forgotten(&self) -> Event {
        Event::BrowserForgotten {
            browser: self.id,
            label: self.label.clone(),
        }
    }

    /// Charges a wrong code. Returns whether it is a stranger from now on. Its trust ends then, as the
    /// cookie may have been copied.
    pub(crate) fn fail(&mut self) -> bool {
        let was_known = self.is_known();
        self.failures = self.failures.saturating_add(1);
        let is_closed = was_known && !self.is_known();
        if is_closed {
            self.trust = None;
        }
        is_closed
    }

    /// A device was verified in it. Trust that rests on another one ends.
    pub(crate) fn belongs_to(&mut self, device: Credential) {
        if self.device != device {
            self.trust = None;
        }
        (self.device, self.failures) = (device, 0);
    }
}

impl Trust {
    /// Returns how much of it is left, if it may last no longer than `most`.
    pub(crate) fn left(self, most: Duration) -> Duration {
        self.lasts.min(most).saturating_sub(self.age)
    }

    pub(crate) fn pass(&mut self, elapsed: Duration) {
        self.age = self.age.saturating_add(elapsed);
    }
}
