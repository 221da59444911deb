//! Known browsers, the sides of the throttle, and trust.

use secondfactor::account::BrowserId;

use super::account::{Account, Browser, Judged, Proof, no};
use super::limits::Throttle;
use super::login::{Done, NewBrowser, Sent, Side};

const BROWSERS: usize = 8;
const WRONG: u32 = 10;

impl Browser {
    pub(crate) fn is_closed(&self) -> bool {
        self.wrong >= WRONG
    }
}

impl Account {
    pub(crate) fn place(&self, cookie: Option<&str>) -> Option<usize> {
        self.browsers
            .iter()
            .position(|browser| Some(browser.cookie.as_str()) == cookie)
    }

    pub(crate) fn known_are_closed(&self) -> bool {
        self.limits.known > 0 && self.known.failures >= self.limits.known
    }

    pub(crate) fn known_are_judged(&self) -> bool {
        let open = |browser: &Browser| !browser.is_closed();
        self.limits.known > 0 && !self.known_are_closed() && self.browsers.iter().any(open)
    }

    pub(crate) fn side(&self, cookie: Option<&str>) -> Side {
        let known = self
            .place(cookie)
            .is_some_and(|place| !self.browsers[place].is_closed());
        if known && self.limits.known > 0 && !self.known_are_closed() {
            Side::Known
        } else {
            Side::Strangers
        }
    }

    pub(crate) fn count_in_browser(&mut self, cookie: Option<&str>) {
        let place = self.place(cookie).unwrap();
        let browser = &mut self.browsers[place];
        browser.wrong += 1;
        if browser.wrong == WRONG {
            browser.trust = None;
            self.tell("browser_closed");
        }
    }

    /// A success in a browser of the list resets known browsers alone, any other that of strangers.
    pub(crate) fn forgive(&mut self, cookie: Option<&str>) {
        let listed = self.limits.known > 0 && self.place(cookie).is_some();
        let side = if listed { Side::Known } else { Side::Strangers };
        self.throttle(side).forgive();
    }

    /// Notes that a device was verified in the browser of the cookie, or makes a new one known.
    pub(crate) fn use_browser(
        &mut self,
        credential: u64,
        sent: &Sent,
        new: NewBrowser,
    ) -> (Option<BrowserId>, Option<String>) {
        if let Some(place) = self.place(sent.cookie.as_deref()) {
            let mut browser = self.browsers.remove(place);
            if browser.device != credential {
                browser.trust = None;
            }
            (browser.wrong, browser.device, browser.last_used) = (0, credential, self.now);
            if let Some(label) = sent.remember {
                browser.label = label.into();
            }
            let cookie = sent.remember.map(|_| browser.cookie.clone());
            let id = browser.id;
            self.browsers.push(browser);
            return (Some(id), cookie);
        }
        let (Some(label), Some((id, cookie))) = (sent.remember, new) else {
            return (None, None);
        };
        if self.browsers.len() == BROWSERS {
            self.browsers.remove(0);
            self.tell("browser_forgotten");
        }
        self.browsers.push(Browser {
            id,
            cookie: cookie.clone(),
            label: label.into(),
            device: credential,
            last_used: self.now,
            wrong: 0,
            trust: None,
        });
        self.tell("browser_remembered");
        (Some(id), Some(cookie))
    }

    pub(crate) fn forget_all_but(&mut self, cookie: Option<&str>) {
        let (kept, gone): (Vec<_>, Vec<_>) = self
            .browsers
            .drain(..)
            .partition(|browser| Some(browser.cookie.as_str()) == cookie);
        self.browsers = kept;
        for _ in gone {
            self.tell("browser_forgotten");
        }
    }

    pub(crate) fn forget_browser(&mut self, proof: &Proof, id: BrowserId) -> Judged<Done> {
        self.check(proof)?;
        let Some(place) = self.browsers.iter().position(|browser| browser.id == id) else {
            return no("UnknownBrowser");
        };
        self.browsers.remove(place);
        self.tell("browser_forgotten");
        Ok(Done::default())
    }

    pub(crate) fn forget_browsers(&mut self, proof: &Proof) -> Judged<Done> {
        self.check(proof)?;
        self.forget_all_but(None);
        Ok(Done::default())
    }

    pub(crate) fn password_changed(&mut self, proof: &Proof, cookie: Option<&str>) -> Judged<Done> {
        self.check(proof)?;
        (self.strangers, self.known) = (Throttle::default(), Throttle::default());
        self.forget_all_but(cookie);
        self.tell("password_changed");
        Ok(Done::default())
    }

    pub(crate) fn trust_browser(
        &mut self,
        proof: &Proof,
        id: BrowserId,
        lasts: u64,
    ) -> Judged<Done> {
        self.check(proof)?;
        if lasts == 0 || lasts > self.limits.trust {
            return no("TrustRefused");
        }
        let Some(place) = self.browsers.iter().position(|browser| browser.id == id) else {
            return no("UnknownBrowser");
        };
        let browser = &self.browsers[place];
        if proof.browser != Some(id) || browser.device != proof.credential {
            return no("UnknownBrowser");
        }
        if browser.is_closed() || self.a_side_is_closed() {
            return no("TrustRefused");
        }
        self.browsers[place].trust = Some((lasts, 0));
        self.tell("browser_trusted");
        Ok(Done::default())
    }

    fn a_side_is_closed(&self) -> bool {
        self.strangers_are_closed() || self.known_are_closed()
    }

    /// For how long a browser is trusted from now on.
    pub(crate) fn trusted_for(&self, browser: &Browser) -> Option<u64> {
        let (lasts, been) = browser.trust?;
        let left = lasts.min(self.limits.trust).saturating_sub(been);
        (left > 0 && !browser.is_closed() && !self.a_side_is_closed()).then_some(left)
    }

    pub(crate) fn recognize(&mut self, cookie: Option<&str>) -> Judged<Done> {
        let Some(place) = self.place(cookie) else {
            return no("CodeRequired");
        };
        if self.trusted_for(&self.browsers[place]).is_none() {
            return no("CodeRequired");
        }
        let mut browser = self.browsers.remove(place);
        browser.last_used = self.now;
        let text = format!("recognized {} at {}", browser.id, self.now);
        self.browsers.push(browser);
        self.tell("recognized");
        Ok(Done { text, proof: None })
    }
}
