//! What owners do with the browsers that are known, and what these may do.

use std::time::Duration;

use crate::account::attempt::Attempt;
use crate::account::browser::cookie::CookieValue;
use crate::account::browser::entry::{Browser, Trust};
use crate::account::browser::id::BrowserId;
use crate::account::browser::recognized::Recognized;
use crate::account::browser::side::Side;
use crate::account::credential::Credential;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::Proof;
use crate::account::proved::Verified;
use crate::account::state::Account;
use crate::account::throttle::Throttle;
use crate::codes::UnixTime;

impl Account {
    /// Forgets a browser, which is a stranger from now on.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownBrowser`] if there is no such browser.
    pub fn forget_browser(
        self,
        proof: impl AsRef<Proof>,
        id: BrowserId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            account.browsers.get(id).ok_or(Error::UnknownBrowser)?;
            account.forget_browsers_if(|browser| browser.id == id);
            Ok(())
        })
    }

    /// Forgets every browser, the one that this is done in too.
    ///
    /// # Errors
    /// [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    pub fn forget_browsers(
        self,
        proof: impl AsRef<Proof>,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            account.forget_browsers_if(|_| true);
            Ok(())
        })
    }

    /// Notes that the password was changed: whoever had it knows nothing any longer.
    ///
    /// Codes from strangers and from known browsers are judged again, without a wait. The other browsers are forgotten. The one
    /// with this cookie, in which the password was changed, stays known.
    ///
    /// # Errors
    /// [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    pub fn password_changed(
        self,
        proof: impl AsRef<Proof>,
        cookie: Option<&str>,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            let cookie = cookie.and_then(CookieValue::from_text);
            let kept = account.browser_with(cookie.as_ref());
            account.forget_browsers_if(|browser| Some(browser.id) != kept);
            (account.strangers, account.known) = (Throttle::NEW, Throttle::NEW);
            account.note(Event::PasswordChanged);
            Ok(())
        })
    }

    /// Lets a known browser do without a code for so long, by a code that was verified in it.
    ///
    /// The trust ends with its device, as soon as that is no longer active, or another one is verified
    /// in the browser. It also ends when ten wrong codes close the browser, when a recovery code is
    /// redeemed, and when the clock goes back. While a side is closed, nobody is trusted.
    /// [`forget_browser`](Self::forget_browser) ends it now.
    ///
    /// # Errors
    /// * [`Error::TrustRefused`] if it is shorter than a second, or longer than
    ///   [`Policy::max_trust`](crate::Policy::max_trust), or wrong codes have closed the
    ///   browser or a side.
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownBrowser`] if there is no such browser, the code was not verified in it, or
    ///   another device was verified in it since. A `Verified` from a token has no browser.
    pub fn trust_browser(
        self,
        verified: &Verified,
        id: BrowserId,
        lasts: Duration,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let grant = Credential::generate()?;
        // The record keeps whole seconds.
        let lasts = Duration::from_secs(lasts.as_secs());
        self.judge(now, |account| {
            account.check_proof(verified, now)?;
            if lasts.is_zero() || lasts > account.policy.max_trust() {
                return Err(Error::TrustRefused.into());
            }
            let device = verified.as_ref().credential();
            let was_verified_in = |browser: &&mut Browser| {
                verified.browser() == Some(browser.id) && browser.device == device
            };
            let lets_in = account.lets_trusted_in();
            let browser = account.browsers.get_mut(id).filter(was_verified_in);
            let browser = browser.ok_or(Error::UnknownBrowser)?;
            if !lets_in || !browser.is_known() {
                return Err(Error::TrustRefused.into());
            }
            let age = Duration::ZERO;
            browser.trust = Some(Trust { grant, lasts, age });
            let until = now.saturating_add(lasts);
            account.note(Event::BrowserTrusted { browser: id, until });
            Ok(())
        })
    }

    /// Recognizes a browser that is trusted to do without a code.
    ///
    /// # Errors
    /// [`Error::CodeRequired`] if it is not, for any reason.
    pub fn recognize(
        self,
        cookie: Option<&str>,
        now: UnixTime,
    ) -> Result<Attempt<Recognized>, Error> {
        self.judge(now, |account| {
            let cookie = cookie.and_then(CookieValue::from_text);
            let browser = account.browser_with(cookie.as_ref());
            let trusted = match account.side(browser) {
                Side::Known(id) if account.lets_trusted_in() => account.browsers.get(id),
                _ => None,
            };
            let most = account.policy.max_trust();
            let trust = |browser: &Browser| Some((browser.id, browser.trust?));
            let (id, trust) = (trusted.and_then(trust))
                .filter(|(_, trust)| !trust.left(most).is_zero())
                .ok_or(Error::CodeRequired)?;
            account.browsers.is_used(id, now);
            account.note(Event::Recognized { browser: id });
            Ok(Recognized::new(account.id.clone(), (id, trust.grant), now))
        })
    }
}
