//! What a policy says of known browsers.

use std::time::Duration;

use super::super::profile::Profile;
use super::{DAY, Policy, PolicyBuilder, PolicyError};

impl Policy {
    /// A browser is trusted for at most 30 days.
    pub const MAX_TRUST: Duration = Duration::from_secs(30 * DAY);

    /// Returns the profile that it was made from.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Returns after how many wrong codes in a row none of known browsers is judged on a side of their
    /// own: a fifth of all, at most 20. They are strangers then.
    ///
    /// It is 0 if there is one side: in [`PCI`](Self::PCI), as 8.3.4 locks the user, and if there are
    /// fewer than five in all.
    #[must_use]
    pub const fn max_known_failures(&self) -> u8 {
        if self.profile.has_one_side() {
            0
        } else {
            self.max_failures / 5
        }
    }

    /// Returns after how many wrong codes in a row none of strangers is judged.
    #[must_use]
    pub const fn max_stranger_failures(&self) -> u8 {
        self.max_failures.saturating_sub(self.max_known_failures())
    }

    /// Returns for how long a browser may be trusted to do without a code. It is zero unless set.
    #[must_use]
    pub const fn max_trust(&self) -> Duration {
        self.max_trust
    }

    pub(super) const fn check_trust(&self) -> Result<(), PolicyError> {
        if self.max_trust.as_nanos() > Self::MAX_TRUST.as_nanos() {
            Err(PolicyError::Trust)
        } else if !self.max_trust.is_zero() && self.profile.refuses_trust() {
            Err(PolicyError::TrustRefused)
        } else {
            Ok(())
        }
    }
}

impl PolicyBuilder {
    /// Lets browsers be trusted to do without a code for so long, at most [`Policy::MAX_TRUST`]. It is
    /// off unless set, and the profiles refuse it.
    ///
    /// Whoever copies the cookie of a trusted browser and has the password is let in without a code.
    /// That is no second factor by any standard: see [`PolicyError::TrustRefused`].
    pub const fn trust(mut self, longest: Duration) -> Self {
        self.policy.max_trust = longest;
        self
    }
}
