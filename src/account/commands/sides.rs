//! On which side a submission is judged: that of strangers, or that of known browsers.
//!
//! Each has a count in a row and a pressure of its own. So whoever has the password can't lock the owner out of a browser
//! that is known, and the number of browsers is not in the guess bound.

use crate::account::browser::cookie::CookieValue;
use crate::account::browser::entry::Browser;
use crate::account::browser::id::BrowserId;
use crate::account::browser::side::Side;
use crate::account::denial::Denial;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::state::Account;
use crate::account::throttle::Limits;
use crate::codes::UnixTime;

impl Account {
    /// Returns the browser that has this cookie. Any other cookie is a stranger's.
    pub(super) fn browser_with(&self, cookie: Option<&CookieValue>) -> Option<BrowserId> {
        self.browsers.find(&cookie?.hash(&self.id))
    }

    /// Returns the side of what this browser submits. A policy with a smaller limit closes that of known
    /// browsers without a failure, which is told once.
    pub(super) fn side(&mut self, browser: Option<BrowserId>) -> Side {
        let policy = self.policy;
        let has_sides = policy.max_known_failures() > 0;
        if has_sides
            && self
                .known
                .must_tell_disabled(Limits::known_browsers(&policy, &self.strangers))
        {
            self.note(Event::KnownBrowsersClosed);
        }
        let known = browser.and_then(|id| self.browsers.get(id));
        match known.filter(|browser| browser.is_known()) {
            Some(browser) if self.is_known_side_open() => Side::Known(browser.id),
            _ => Side::Strangers,
        }
    }

    /// A side without any failure to spare is never open.
    fn is_known_side_open(&self) -> bool {
        !self
            .known
            .is_disabled(Limits::known_browsers(&self.policy, &self.strangers))
    }

    /// Says whether there is a browser that strangers do not lock out.
    pub(super) fn has_working_browser(&self) -> bool {
        self.is_known_side_open() && self.browsers.list.iter().any(Browser::is_known)
    }

    /// Says whether trusted browsers may do without a code: not while too many wrong codes have closed
    /// a side.
    pub(crate) fn lets_trusted_in(&self) -> bool {
        self.is_known_side_open() && !self.is_closed_to_strangers()
    }

    pub(super) fn is_closed_to_strangers(&self) -> bool {
        self.strangers
            .is_disabled(Limits::strangers(&self.policy, &self.known))
    }

    /// Refuses what comes too early after wrong codes of its side, or after too many of strangers.
    pub(super) fn check_side(&mut self, side: Side, now: UnixTime) -> Result<(), Refusal> {
        let policy = self.policy;
        match side {
            Side::Known(_) => Ok(self
                .known
                .check(Limits::known_browsers(&policy, &self.strangers), now)?),
            Side::Strangers => {
                self.refuse_closed()?;
                Ok(self
                    .strangers
                    .check(Limits::strangers(&policy, &self.known), now)?)
            }
        }
    }

    pub(super) fn refuse_closed(&mut self) -> Result<(), Refusal> {
        let policy = self.policy;
        let denial = if self.has_working_browser() {
            Denial::StrangersClosed
        } else {
            Denial::Disabled
        };
        if self
            .strangers
            .must_tell_disabled(Limits::strangers(&policy, &self.known))
        {
            self.note(Event::Disabled);
            return Err(Refusal::Charged(denial));
        }
        if self.is_closed_to_strangers() {
            return Err(denial.into());
        }
        Ok(())
    }

    /// Charges a wrong code to its side, and to its browser. Returns what the next one of this side would meet.
    pub(super) fn charge(
        &mut self,
        side: Side,
        browser: Option<BrowserId>,
        now: UnixTime,
    ) -> Result<(), Denial> {
        let policy = self.policy;
        let (throttle, limits, closed) = match side {
            Side::Strangers => {
                let limits = Limits::strangers(&policy, &self.known);
                (&mut self.strangers, limits, Event::Disabled)
            }
            Side::Known(_) => {
                let limits = Limits::known_browsers(&policy, &self.strangers);
                (&mut self.known, limits, Event::KnownBrowsersClosed)
            }
        };
        throttle.fail(limits);
        let (failures, next) = (throttle.failures, throttle.check(limits, now));
        self.note(Event::Mismatch { failures, browser });
        match next {
            Ok(()) => {}
            Err(Denial::Throttled { retry_at }) => self.note(Event::Locked {
                failures,
                until: retry_at,
                browser,
            }),
            Err(_) => self.note(closed),
        }
        if let Side::Known(id) = side {
            self.charge_browser(id);
        }
        next
    }

    fn charge_browser(&mut self, id: BrowserId) {
        let browser = self.browsers.get_mut(id);
        let closed = browser.and_then(|browser| browser.fail().then(|| browser.label.clone()));
        if let Some(label) = closed {
            self.note(Event::BrowserClosed { browser: id, label });
        }
    }

    /// Clears the failures in a row of one side after a success. Returns how many there were.
    ///
    /// It is that of known browsers if the success came from one, though it be judged as a stranger's
    /// for now. Otherwise it is that of strangers. So an owner's logins in a known browser never give a
    /// guesser new tries as a stranger, and one copied cookie does not close the side of the others.
    pub(super) fn forgive(&mut self, browser: Option<BrowserId>) -> u32 {
        let has_one_side = self.policy.max_known_failures() == 0;
        let mut failures = 0;
        if has_one_side || browser.is_some() {
            failures = self.known.failures;
            self.known.succeed();
            // What this success opens at once is not told as closed.
            self.events
                .retain(|event| !matches!(event, Event::KnownBrowsersClosed));
        }
        if has_one_side || browser.is_none() {
            failures = self.strangers.failures;
            self.strangers.succeed();
        }
        failures
    }
}
