//! Browsers: what they send beside a code, and what their owners do with them.

use std::time::Duration;

use secondfactor::account::{BrowserId, BrowserStatus, Submission};
use secondfactor::codes::UnixTime;
use secondfactor::{Code, Verified};

use super::naive::{Browser, DAY, Limits, Lived, Naive};
use super::world::{World, attempt, device_id};
use crate::support::label;

/// What a browser sends beside a code: its cookie, and what it is to be remembered as.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seat {
    pub(crate) cookie: Option<String>,
    pub(crate) remember: Option<&'static str>,
}

impl Seat {
    pub(crate) fn with(&self, submission: Submission<Code>) -> Submission<Code> {
        let submission = submission.in_browser(self.cookie.as_deref());
        match self.remember {
            Some(name) => submission.remember_browser(label(name)),
            None => submission,
        }
    }
}

fn browser_id(number: u32) -> BrowserId {
    number.to_string().parse().unwrap()
}

impl World {
    pub(crate) fn seat(&mut self, who: usize) -> Seat {
        let owner = if self.dice.one_in(12) { 1 - who } else { who };
        let cookie = match self.dice.below(8) {
            0..=2 => None,
            3 => Some("A".repeat(26)),
            _ => self.dice.pick(&self.people[owner].cookies).cloned(),
        };
        let names = [None, None, Some("Firefox"), Some("Safari")];
        Seat {
            cookie,
            remember: self.dice.of(names),
        }
    }

    /// The last success handed out this cookie, or none.
    pub(super) fn keep_cookie(
        &mut self,
        who: usize,
        cookie: Option<secondfactor::account::BrowserCookie>,
    ) {
        let handed = self.naive(who).handed;
        assert_eq!(
            cookie.is_some(),
            handed.is_some(),
            "COOKIE: one too many or too few"
        );
        let (Some(cookie), Some(number)) = (cookie, handed) else {
            return;
        };
        let text = cookie.expose_value().to_string();
        self.leaks.hide_recovery_code(&format!("{text}--"));
        let person = &mut self.people[who];
        let browser = (person.naive.as_mut().unwrap().browsers.iter_mut())
            .find(|browser| browser.number == number)
            .expect("COOKIE: of no browser");
        let known = browser.cookie.get_or_insert_with(|| text.clone());
        assert_eq!(*known, text, "COOKIE: another one for a browser");
        person.cookies.push(text);
    }

    /// A browser is trusted by the code that was just verified in it, or in another one.
    pub(super) fn may_trust(&mut self, who: usize, verified: &Verified) {
        if !self.dice.one_in(3) {
            return;
        }
        let verified_in = verified.browser().map(|id| id.to_string().parse().unwrap());
        let number = match verified_in {
            Some(number) if !self.dice.one_in(4) => number,
            _ => self.any_browser(who),
        };
        let lasts = self.dice.of([0, 60, DAY, 7 * DAY, 30 * DAY, 31 * DAY]);
        let proven = super::proven::Ground::new(verified, &self.naive(who));
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| {
            naive.trust(&proven, (verified_in, number, lasts), limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let lasts = Duration::from_secs(lasts);
        let answer = attempt(mfa.trust_browser(verified, browser_id(number), lasts));
        let again = self.naive(who).again;
        self.settle(who, ("trust", turn), expected, answer);
        // The proof is still to be kept.
        if self.dice.one_in(2) {
            self.recognize(who);
        }
        if let Some(naive) = &mut self.people[who].naive {
            naive.again = again;
        }
    }

    fn any_browser(&mut self, who: usize) -> u32 {
        let naive = self.naive(who);
        let known = self
            .dice
            .pick(&naive.browsers)
            .map(|browser| browser.number);
        known.unwrap_or_else(|| self.dice.below(9) as u32)
    }

    pub(crate) fn recognize(&mut self, who: usize) {
        let (mut seat, fault) = (self.seat(who), self.fault());
        let (now, limits) = (self.now(), self.limits);
        let browsers = self.naive(who).browsers;
        let mut trusted = browsers.iter().filter(|browser| browser.trusted.is_some());
        if self.dice.one_in(2) {
            seat.cookie = trusted.next().and_then(|browser| browser.cookie.clone());
        }
        let cookie = seat.cookie.as_deref();
        let expected = self.asked(who, |naive| naive.recognize(cookie, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.recognize(&id, cookie));
        let recognized = self.settle(who, ("recognize", turn), expected, answer);
        if let Some(recognized) = recognized {
            let used = self
                .naive(who)
                .browsers
                .last()
                .map(|browser| browser.number);
            assert_eq!(Some(recognized.browser()), used.map(browser_id));
        }
    }

    pub(crate) fn manage_browsers(&mut self, who: usize) {
        let Some(proof) = self.proof(who) else { return };
        let (number, seat) = (self.any_browser(who), self.seat(who));
        let (now, fault, what) = (self.now(), self.fault(), self.dice.below(3));
        let cookie = seat.cookie.as_deref();
        let expected = self.asked(who, |naive| match what {
            0 => naive.forget_browser(&proof, number, now),
            1 => naive.forget_browsers(&proof, now),
            _ => naive.password_changed(&proof, cookie, now),
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let (name, answer) = match what {
            0 => (
                "forget",
                attempt(mfa.forget_browser(&*proof, browser_id(number))),
            ),
            1 => ("forget all", attempt(mfa.forget_browsers(&*proof))),
            _ => ("password", attempt(mfa.password_changed(&*proof, cookie))),
        };
        self.settle(who, (name, turn), expected, answer);
    }

    /// Somebody has a cookie, and the password.
    pub(crate) fn guess_from_a_browser(&mut self, who: usize) {
        let Some(cookie) = self.dice.pick(&self.people[who].cookies).cloned() else {
            return;
        };
        let seat = Seat {
            cookie: Some(cookie),
            remember: None,
        };
        for _ in 0..self.dice.of([3, 6, 12]) {
            let code = self.random_code();
            self.verify_from(who, code, None, &seat);
            if self.dice.one_in(2) {
                self.wait(3600);
            }
        }
    }
}

/// The browsers that the status shows are those of the model.
pub(super) fn check_browsers(seen: &[BrowserStatus], naive: &Naive, (limits, now): (Limits, u64)) {
    let ids = seen.iter().map(BrowserStatus::id);
    let known = naive
        .browsers
        .iter()
        .map(|browser| browser_id(browser.number));
    assert!(ids.eq(known), "STATUS: other browsers");
    for (seen, browser) in seen.iter().zip(&naive.browsers) {
        let device = naive
            .devices
            .iter()
            .find(|device| device.identity == browser.device);
        let lets_in = naive.lets_trusted_in(limits) && browser.wrong_in_a_row < 10;
        let left = browser.trust_left(limits.max_trust, naive.lived);
        let left = left.filter(|_| lets_in);
        assert_eq!(seen.label().as_str(), browser.label);
        assert_eq!(seen.device(), device.map(|device| device_id(device.number)));
        assert_eq!(seen.last_used().as_secs(), browser.last_used);
        assert_eq!(seen.is_closed(), browser.wrong_in_a_row >= 10);
        assert_eq!(
            seen.trusted_until(),
            left.map(|left| UnixTime::from_secs(now.saturating_add(left))),
            "STATUS: trust"
        );
    }
}

impl Browser {
    /// In seconds.
    pub(crate) fn trust_left(&self, most: u64, lived: Lived) -> Option<u64> {
        let (since, lasts) = self.trusted?;
        let end = since + Lived::from(lasts.min(most));
        let left = u64::try_from(end.saturating_sub(lived)).unwrap();
        (left > 0).then_some(left)
    }
}
