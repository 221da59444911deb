//! Browsers that are known, and the side that their wrong codes are counted on.

use super::super::browsers::Seat;
use super::wrong::Wrong;
use super::{Answered, Browser, Identity, Limits, Naive, Said, Verdict};
use crate::model::proven::{Ground, Proven};

impl Naive {
    pub(super) fn number_with(&self, cookie: Option<&str>) -> Option<u32> {
        let is_it = |browser: &&Browser| browser.cookie.as_deref() == cookie;
        let browser = cookie.and_then(|_| self.browsers.iter().find(is_it))?;
        Some(browser.number)
    }

    fn browser_mut(&mut self, number: u32) -> Option<&mut Browser> {
        self.browsers
            .iter_mut()
            .find(|browser| browser.number == number)
    }

    /// The browser, and whether it is judged on the side of the known ones.
    pub(crate) fn side(&mut self, seat: &Seat, limits: Limits) -> (Option<u32>, bool) {
        let number = self.number_with(seat.cookie.as_deref());
        let is_open = self.is_known_side_open(limits);
        if limits.max_known() > 0 && !is_open {
            self.known.tell();
        }
        let browser = number.and_then(|number| self.browser_mut(number));
        let is_known = browser.is_some_and(|browser| browser.wrong_in_a_row < 10);
        (number, is_known && is_open)
    }

    fn is_known_side_open(&self, limits: Limits) -> bool {
        self.known.in_a_row.len() < self.cap_of_known(limits)
    }

    pub(crate) fn lets_trusted_in(&self, limits: Limits) -> bool {
        self.is_known_side_open(limits) && !self.is_disabled(limits)
    }

    pub(crate) fn has_working_browser(&self, limits: Limits) -> bool {
        let is_known = |browser: &Browser| browser.wrong_in_a_row < 10;
        self.is_known_side_open(limits) && self.browsers.iter().any(is_known)
    }

    /// What is said instead of a judgement on this side.
    pub(super) fn refuse_side(&mut self, is_known: bool, limits: Limits) -> Option<Verdict> {
        if is_known {
            let cap = self.cap_of_known(limits);
            return self.known.refuse(limits, Some(cap), self.lived);
        }
        let said = if self.has_working_browser(limits) {
            Said::StrangersClosed
        } else {
            Said::Disabled
        };
        let cap = self.cap_of_strangers(limits);
        let refusal = self.wrong.refuse(limits, Some(cap), self.lived)?;
        Some(match refusal.said {
            Said::Disabled => Verdict { said, ..refusal },
            _ => refusal,
        })
    }

    pub(super) fn add_wrong(&mut self, (number, is_known): (Option<u32>, bool), limits: Limits) {
        let lived = self.lived;
        if !is_known {
            let cap = self.cap_of_strangers(limits);
            return self.wrong.add(lived, Some(cap));
        }
        let cap = self.cap_of_known(limits);
        self.known.add(lived, Some(cap));
        if let Some(browser) = number.and_then(|number| self.browser_mut(number)) {
            browser.wrong_in_a_row += 1;
            if browser.wrong_in_a_row == 10 {
                browser.trusted = None;
            }
        }
    }

    /// Whoever is in the list forgives its side only, closed or not.
    pub(super) fn forgive_side(&mut self, number: Option<u32>, limits: Limits) {
        let has_one_side = limits.max_known() == 0;
        if number.is_some() || has_one_side {
            self.known.forgive();
        }
        if number.is_none() || has_one_side {
            self.wrong.forgive();
        }
    }

    /// A device was verified in a browser, which may be remembered by that. Returns the number of one
    /// that was made.
    pub(super) fn take_seat(
        &mut self,
        number: Option<u32>,
        seat: &Seat,
        device: Identity,
        now: u64,
    ) -> Option<u32> {
        if let Some(number) = number {
            let at = self
                .browsers
                .iter()
                .position(|browser| browser.number == number);
            let mut browser = self.browsers.remove(at.unwrap());
            if browser.device != device {
                browser.trusted = None;
            }
            (browser.device, browser.last_used, browser.wrong_in_a_row) = (device, now, 0);
            if let Some(label) = seat.remember {
                label.clone_into(&mut browser.label);
            }
            self.browsers.push(browser);
            self.handed = seat.remember.map(|_| number);
            return None;
        }
        let label = seat.remember?.to_owned();
        self.browsers_ever += 1;
        if self.browsers.len() == 8 {
            self.browsers.remove(0);
        }
        self.browsers.push(Browser {
            number: self.browsers_ever,
            cookie: None,
            label,
            device,
            last_used: now,
            wrong_in_a_row: 0,
            trusted: None,
        });
        self.handed = Some(self.browsers_ever);
        self.handed
    }

    /// The same answer hands out the same cookie: to the browser that it was verified in, and to no other
    /// one that is known.
    pub(super) fn take_seat_again(
        &mut self,
        number: Option<u32>,
        seat: &Seat,
        answered: &Answered,
    ) {
        let is_there = |made: &u32| self.browsers.iter().any(|browser| browser.number == *made);
        let is_same = |number: &u32| answered.browsers.contains(&Some(*number));
        let here = number.or(answered.browsers[1]);
        self.handed = (here.filter(is_there).filter(is_same)).filter(|_| seat.remember.is_some());
    }

    /// If none is left, nothing of their failures in a row is.
    pub(super) fn forget_browsers_but(&mut self, kept: Option<u32>) {
        self.browsers.retain(|browser| Some(browser.number) == kept);
        if self.browsers.is_empty() {
            self.known.forgive();
        }
    }

    pub(crate) fn forget_browser(&mut self, proven: &Proven, number: u32, now: u64) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            if naive.browser_mut(number).is_none() {
                return Said::UnknownBrowser.into();
            }
            naive.browsers.retain(|browser| browser.number != number);
            if naive.browsers.is_empty() {
                naive.known.forgive();
            }
            Said::Yes.into()
        })
    }

    pub(crate) fn forget_browsers(&mut self, proven: &Proven, now: u64) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            naive.forget_browsers_but(None);
            Said::Yes.into()
        })
    }

    pub(crate) fn password_changed(
        &mut self,
        proven: &Proven,
        cookie: Option<&str>,
        now: u64,
    ) -> Verdict {
        self.judge_proven(proven, now, |naive| {
            let kept = naive.number_with(cookie);
            naive.forget_browsers_but(kept);
            (naive.wrong, naive.known) = (Wrong::default(), Wrong::default());
            Said::Yes.into()
        })
    }

    pub(crate) fn trust(
        &mut self,
        ground: &Ground,
        (verified_in, number, lasts): (Option<u32>, u32, u64),
        limits: Limits,
        now: u64,
    ) -> Verdict {
        self.judge_grounded(ground, now, |naive| {
            if lasts == 0 || lasts > limits.max_trust {
                return Said::TrustRefused.into();
            }
            let (lived, lets_in) = (naive.lived, naive.lets_trusted_in(limits));
            let browser = naive.browser_mut(number);
            let is_it = |browser: &&mut Browser| {
                verified_in == Some(number) && browser.device == ground.identity
            };
            let Some(browser) = browser.filter(is_it) else {
                return Said::UnknownBrowser.into();
            };
            if !lets_in || browser.wrong_in_a_row >= 10 {
                return Said::TrustRefused.into();
            }
            browser.trusted = Some((lived, lasts));
            Said::Yes.into()
        })
    }

    pub(crate) fn recognize(&mut self, cookie: Option<&str>, limits: Limits, now: u64) -> Verdict {
        self.judge(now, |naive| {
            let seat = Seat {
                cookie: cookie.map(str::to_owned),
                remember: None,
            };
            let (number, is_known) = naive.side(&seat, limits);
            let (lived, is_closed) = (naive.lived, naive.is_disabled(limits));
            let at = naive.browsers.iter().position(|browser| {
                let left = browser.trust_left(limits.max_trust, lived);
                Some(browser.number) == number && left.is_some()
            });
            let Some(at) = at.filter(|_| is_known && !is_closed) else {
                return Said::CodeRequired.into();
            };
            let mut browser = naive.browsers.remove(at);
            browser.last_used = now;
            naive.browsers.push(browser);
            Said::Yes.into()
        })
    }
}
