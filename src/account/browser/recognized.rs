//! What a trusted browser gets at a login instead of being asked for a code.

use super::id::BrowserId;
use crate::account::credential::Credential;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// Says that a browser is trusted to do without a code for now. It is no [`Verified`](crate::Verified)
/// and no [`Proof`](crate::Proof): nothing can be changed by it.
///
/// [`Mfa::recognize`](crate::Mfa::recognize) gives it, once at a login, behind the password. Ask for a
/// code before what can't be undone.
///
/// ```compile_fail
/// # fn takes(_: impl AsRef<secondfactor::Proof>) {}
/// # fn give(recognized: secondfactor::account::Recognized) {
/// takes(recognized)
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a trusted browser was recognized: let its owner in, or say why not"]
pub struct Recognized {
    account: AccountId,
    browser: BrowserId,
    grant: Credential,
    at: UnixTime,
}

impl Recognized {
    pub(crate) const fn new(
        account: AccountId,
        (browser, grant): (BrowserId, Credential),
        at: UnixTime,
    ) -> Self {
        Self {
            account,
            browser,
            grant,
            at,
        }
    }

    /// The trust by which it was recognized.
    pub(crate) const fn grant(&self) -> Credential {
        self.grant
    }

    /// Returns whose browser it is. Compare it with the account whose password was right.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the browser.
    #[must_use]
    pub const fn browser(&self) -> BrowserId {
        self.browser
    }

    /// Returns when it was recognized.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }
}
