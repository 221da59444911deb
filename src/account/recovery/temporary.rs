//! A code that an operator hands to an owner who has nothing else left.

use std::time::Duration;

use super::set::RecoverySet;
use crate::account::credential::Credential;
use crate::account::policy::REDEMPTION_LIFETIME;

/// A recovery set of one code, with an end, and with a throttle of its own.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) set: RecoverySet,
    /// So long the code is redeemed, and then its redemption stands.
    pub(crate) left: Duration,
}

impl Temporary {
    /// Lets time pass. Returns whether something is left.
    pub(crate) fn pass(&mut self, elapsed: Duration) -> bool {
        self.set.pass(elapsed);
        self.left = self.left.saturating_sub(elapsed);
        !self.left.is_zero()
    }

    /// Whoever redeems it in the last minute has time to mend the second factor, too.
    pub(crate) fn redeemed(&mut self) {
        self.left = self.left.max(REDEMPTION_LIFETIME);
    }

    pub(crate) fn has_redeemed(&self, credential: Credential) -> bool {
        self.set.redemptions.contains(&credential)
    }
}
