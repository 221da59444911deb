//! What a right code makes of the browser that it came from.

use crate::account::answer::Answer;
use crate::account::browser::cookie::{BrowserCookie, CookieSalt};
use crate::account::browser::id::BrowserId;
use crate::account::credential::Credential;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::state::Account;
use crate::account::submission::Submission;
use crate::codes::{Code, UnixTime};

/// A submission, and the browser that it came from.
pub(super) struct Received<'s> {
    pub(super) submission: &'s Submission<Code>,
    /// It is there if the browser is to be remembered.
    salt: Option<CookieSalt>,
    pub(super) browser: Option<BrowserId>,
}

/// What is known of the browser then.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) browser: Option<BrowserId>,
    pub(super) cookie: Option<BrowserCookie>,
    /// A new cookie was made of this.
    pub(super) salt: Option<CookieSalt>,
}

impl Account {
    pub(super) fn receive<'s>(
        &self,
        submission: &'s Submission<Code>,
    ) -> Result<Received<'s>, Error> {
        Ok(Received {
            submission,
            salt: submission.new_salt()?,
            browser: self.browser_with(submission.cookie()),
        })
    }

    /// The browser belongs to the device that was verified in it. It becomes known if that was asked
    /// for.
    pub(super) fn remember(
        &mut self,
        received: &Received<'_>,
        device: Credential,
        now: UnixTime,
    ) -> Remembered {
        match received.browser {
            Some(id) => self.remember_known(id, received, device, now),
            None => self
                .remember_stranger(received, device, now)
                .unwrap_or_default(),
        }
    }

    fn remember_known(
        &mut self,
        id: BrowserId,
        received: &Received<'_>,
        device: Credential,
        now: UnixTime,
    ) -> Remembered {
        let label = received.submission.remembered_as();
        if let Some(browser) = self.browsers.get_mut(id) {
            browser.belongs_to(device);
            if let Some(label) = label {
                browser.label = label.clone();
            }
        }
        self.browsers.is_used(id, now);
        let cookie = received.submission.cookie().filter(|_| label.is_some());
        Remembered {
            browser: Some(id),
            cookie: cookie.map(|value| BrowserCookie::new(&self.id, value.clone())),
            salt: None,
        }
    }

    fn remember_stranger(
        &mut self,
        received: &Received<'_>,
        device: Credential,
        now: UnixTime,
    ) -> Option<Remembered> {
        let label = received.submission.remembered_as()?.clone();
        let value = received.submission.new_cookie(received.salt.as_ref()?);
        let hash = value.hash(&self.id);
        let (id, ended) = self.browsers.add((hash, label.clone()), device, now)?;
        self.events.extend(ended.map(|browser| browser.forgotten()));
        self.note(Event::BrowserRemembered { browser: id, label });
        Some(Remembered {
            browser: Some(id),
            cookie: Some(BrowserCookie::new(&self.id, value)),
            salt: received.salt,
        })
    }

    /// Gives the cookie again that the same submission got before, if its browser is still known. It was
    /// verified in that browser and in no other, whatever cookie comes with it now.
    pub(super) fn remembered_again(&self, received: &Received<'_>, answer: Answer) -> Remembered {
        let submission = received.submission;
        let is_asked_for = submission.remembered_as().is_some();
        let own = submission.cookie().filter(|_| received.browser.is_some());
        let value = match own {
            Some(own) => Some(own.clone()),
            None => (answer.cookie_salt).map(|salt| submission.new_cookie(&salt)),
        };
        let browser = self.browser_with(value.as_ref());
        let browser = browser.filter(|browser| answer.browser == Some(*browser));
        let cookie = value.filter(|_| browser.is_some() && is_asked_for);
        Remembered {
            browser,
            cookie: cookie.map(|value| BrowserCookie::new(&self.id, value)),
            salt: None,
        }
    }
}
