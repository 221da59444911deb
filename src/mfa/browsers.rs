//! What owners do with the browsers that are known, and what these may do.

use std::time::Duration;

use super::judge::{Absent, Mfa};
use crate::account::{Account, BrowserId, Error, Proof, Recognized, Verified};
use crate::account_id::AccountId;
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Forgets a known browser, such as one of a computer that was sold. It is a stranger from now on.
    ///
    /// With the last one, the wrong codes in a row of known browsers are forgotten too.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified, typed: &str)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// for browser in mfa.status(verified.account()).await?.browsers() {
    ///     println!("{}: {}", browser.id(), browser.label());
    /// }
    /// mfa.forget_browser(verified, typed.parse()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    /// * [`UnknownBrowser`](Error::UnknownBrowser) if there is no such browser.
    pub async fn forget_browser(
        &self,
        proof: impl AsRef<Proof>,
        browser: BrowserId,
    ) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| {
            account.forget_browser(proof, browser, now)
        })
        .await
    }

    /// Forgets every known browser, the present one too.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, Verified, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Error> {
    /// mfa.forget_browsers(verified).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    pub async fn forget_browsers(&self, proof: impl AsRef<Proof>) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.forget_browsers(proof, now))
            .await
    }

    /// Notes that the application has changed the account's password. Call it after each change.
    ///
    /// Whoever had the old password has nothing any longer. So codes from strangers and from known browsers
    /// are judged again without a wait, and none is counted any longer. The other browsers are forgotten. The browser
    /// with this cookie stays known, and closed if ten wrong codes have closed it.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, Verified, account::BrowserCookie, store::Store};
    /// # use std::collections::BTreeMap;
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified, cookies: BTreeMap<String, String>)
    /// # -> Result<(), Error> {
    /// let cookie = cookies.get(&BrowserCookie::name_for(verified.account()));
    /// mfa.password_changed(verified, cookie.map(String::as_str)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Stale`](Error::Stale) if the proof is not fresh or has ended.
    pub async fn password_changed(
        &self,
        proof: impl AsRef<Proof>,
        cookie: Option<&str>,
    ) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| {
            account.password_changed(proof, cookie, now)
        })
        .await
    }

    /// Lets a known browser do without a code for so long, if the policy allows it
    /// ([`PolicyBuilder::trust`](crate::account::PolicyBuilder::trust)).
    ///
    /// The code must have been verified in that browser. The trust ends with its device, as soon as that
    /// is no longer active, or another one is verified in the browser. It also ends when ten wrong codes
    /// close the browser, when a recovery code is redeemed, and when the clock goes back.
    /// [`forget_browser`](Self::forget_browser) ends it now.
    ///
    /// Whoever copies the cookie and has the password is let in without a code until then.
    ///
    /// ```
    /// # use secondfactor::{Mfa, Verified, store::Store};
    /// # use std::time::Duration;
    /// # async fn example<S: Store>(mfa: &Mfa<S>, verified: &Verified) -> Result<(), Box<dyn std::error::Error>> {
    /// let browser = verified.browser().ok_or("a stranger")?;
    /// mfa.trust_browser(verified, browser, Duration::from_secs(7 * 24 * 3600)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`Stale`](Error::Stale) if the `Verified` is not fresh or has ended.
    /// * [`TrustRefused`](Error::TrustRefused) if the policy does not allow it for so long, it is zero, or
    ///   wrong codes have closed the browser, strangers or known browsers.
    /// * [`UnknownBrowser`](Error::UnknownBrowser) if there is no such browser, the code was not verified
    ///   in it, or another device was verified in it since. A `Verified` from a token has no browser.
    pub async fn trust_browser(
        &self,
        verified: &Verified,
        browser: BrowserId,
        lasts: Duration,
    ) -> Result<(), Error> {
        self.judge_proven(verified.as_ref(), |account, now| {
            account.trust_browser(verified, browser, lasts, now)
        })
        .await
    }

    /// Recognizes a trusted browser by its cookie, once at a login, behind the password. It need not be
    /// asked for a code.
    ///
    /// What it gives is no [`Proof`]: for changes ask for a code. [`SignIn::recognized`](crate::sign_in::SignIn::recognized)
    /// is what the session remembers then.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Error, Mfa, account::BrowserCookie, store::Store};
    /// # use std::collections::BTreeMap;
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, cookies: BTreeMap<String, String>)
    /// # -> Result<(), Error> {
    /// let cookie = cookies.get(&BrowserCookie::name_for(alice));
    /// match mfa.recognize(alice, cookie.map(String::as_str)).await {
    ///     Ok(recognized) => println!("welcome, {}", recognized.account()),
    ///     Err(Error::CodeRequired) => println!("which code does your device show?"),
    ///     Err(error) => return Err(error), // nobody is let in
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`CodeRequired`](Error::CodeRequired) if the browser is not trusted now, for any reason.
    /// * [`NotEnrolled`](Error::NotEnrolled) if the account has no record. That is never a reason to do
    ///   without a second factor.
    pub async fn recognize(
        &self,
        account: &AccountId,
        cookie: Option<&str>,
    ) -> Result<Recognized, Error> {
        let command = |account: Account, now| account.recognize(cookie, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }
}
