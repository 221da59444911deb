//! What was answered last, so that the same submission gets the same answer again.

use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use super::browser::cookie::CookieSalt;
use super::browser::id::BrowserId;
use super::credential::Credential;
use super::policy::ANSWER_LIFETIME;
use crate::codes::{UnixTime, constant_time};

/// The first 128 bits of a hash of a command, a session, a form and a code.
pub(crate) type SubmissionHash = [u8; 16];

/// Remembers a success for a minute, beside the watermark of its device or among its redemptions.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) left: Duration,
    /// The proof that is given again is of this time.
    pub(crate) at: UnixTime,
    /// It is given again only while this is still the device's, or a remembered redemption.
    pub(crate) credential: Credential,
    pub(crate) hash: SubmissionHash,
    /// The code was verified in this browser: in no other one is it ever.
    pub(crate) browser: Option<BrowserId>,
    /// The cookie that it gave is made of this again.
    pub(crate) cookie_salt: Option<CookieSalt>,
}

impl Answer {
    /// There is none to a submission without a form.
    pub(crate) fn new(
        hash: Option<SubmissionHash>,
        credential: Credential,
        at: UnixTime,
    ) -> Option<Self> {
        hash.map(|hash| Self {
            left: ANSWER_LIFETIME,
            at,
            credential,
            hash,
            browser: None,
            cookie_salt: None,
        })
    }

    pub(crate) fn in_browser(
        self,
        browser: Option<BrowserId>,
        cookie_salt: Option<CookieSalt>,
    ) -> Self {
        Self {
            browser,
            cookie_salt,
            ..self
        }
    }

    pub(crate) fn is_to(&self, hash: &SubmissionHash) -> bool {
        constant_time::verdict(self.hash.ct_eq(hash))
    }

    /// Lets time pass. It is forgotten when nothing is left.
    pub(crate) fn passed(self, elapsed: Duration) -> Option<Self> {
        let left = self.left.saturating_sub(elapsed);
        (!left.is_zero()).then_some(Self { left, ..self })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, at, .. } = self;
        let mut all = f.debug_struct("Answer");
        all.field("left", left).field("at", at);
        all.finish_non_exhaustive()
    }
}
