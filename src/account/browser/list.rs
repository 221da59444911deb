//! The known browsers of an account, the one used last at the end.

use std::time::Duration;

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::cookie::BrowserHash;
use super::entry::{Browser, Trust};
use super::id::BrowserId;
use crate::account::credential::Credential;
use crate::account::label::Label;
use crate::account::policy::MAX_BROWSERS;
use crate::codes::{UnixTime, constant_time};

#[derive(Debug)]
pub(crate) struct Browsers {
    pub(crate) list: Vec<Browser>,
    /// The number of the next browser. It is never given twice.
    pub(crate) next: u32,
}

impl Browsers {
    pub(crate) const NONE: Self = Self {
        list: Vec::new(),
        next: 1,
    };

    /// Returns the browser whose cookie has this hash. Every one is looked at.
    pub(crate) fn find(&self, hash: &BrowserHash) -> Option<BrowserId> {
        let (mut is_match, mut number) = (Choice::from(0), 0_u64);
        for browser in &self.list {
            let is_this = browser.hash.ct_eq(hash);
            number.conditional_assign(&u64::from(browser.id.get()), is_this);
            is_match |= is_this;
        }
        let found = constant_time::found(is_match, number);
        found.and_then(|number| u32::try_from(number).ok().map(BrowserId::new))
    }

    pub(crate) fn get(&self, id: BrowserId) -> Option<&Browser> {
        self.list.iter().find(|browser| browser.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: BrowserId) -> Option<&mut Browser> {
        self.list.iter_mut().find(|browser| browser.id == id)
    }

    /// Moves a browser to the end, as it is used now.
    pub(crate) fn is_used(&mut self, id: BrowserId, now: UnixTime) {
        if let Some(at) = self.list.iter().position(|browser| browser.id == id) {
            let mut browser = self.list.remove(at);
            browser.last_used = now;
            self.list.push(browser);
        }
    }

    /// Adds a browser. Returns its id, and the one that was unused longest if that makes room. There
    /// is none after 2^32 browsers.
    pub(crate) fn add(
        &mut self,
        (hash, label): (BrowserHash, Label),
        device: Credential,
        now: UnixTime,
    ) -> Option<(BrowserId, Option<Browser>)> {
        let id = BrowserId::new(self.next);
        self.next = self.next.checked_add(1)?;
        let is_full = self.list.len() >= MAX_BROWSERS;
        let ended = is_full.then(|| self.list.remove(0));
        self.list.push(Browser {
            id,
            hash,
            label,
            device,
            last_used: now,
            failures: 0,
            trust: None,
        });
        Some((id, ended))
    }

    pub(crate) fn pass(&mut self, elapsed: Duration) {
        let trust = self
            .list
            .iter_mut()
            .filter_map(|browser| browser.trust.as_mut());
        trust.for_each(|trust: &mut Trust| trust.pass(elapsed));
    }

    /// Ends the trust in each browser of which this is so.
    pub(crate) fn end_trust(&mut self, ends: impl Fn(&Browser) -> bool) {
        for browser in self.list.iter_mut().filter(|browser| ends(browser)) {
            browser.trust = None;
        }
    }
}
