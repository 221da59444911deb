//! The standard that a policy keeps.

/// Says from which standard a [`Policy`](crate::Policy) was made. Some rules depend on it, beside the numbers. Whoever
/// changes the numbers by [`to_builder`](crate::Policy::to_builder) keeps to the standard themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// It keeps none: [`Policy::DEFAULT`](crate::Policy::DEFAULT).
    Default,
    /// OWASP ASVS 5.0: [`Policy::ASVS`](crate::Policy::ASVS).
    Asvs,
    /// NIST SP 800-63B-4: [`Policy::NIST`](crate::Policy::NIST).
    Nist,
    /// PCI DSS 4.0.1: [`Policy::PCI`](crate::Policy::PCI).
    Pci,
}

impl Profile {
    /// [`PolicyError::TrustRefused`](super::PolicyError::TrustRefused) has the sections.
    pub(super) const fn refuses_trust(self) -> bool {
        !matches!(self, Self::Default)
    }

    /// PCI DSS 8.3.4 locks the user, whatever they use.
    pub(super) const fn has_one_side(self) -> bool {
        matches!(self, Self::Pci)
    }

    /// NIST SP 800-63B-4 section 3.2.2 allows 100 failures of any authenticator. Against guesses a wait
    /// is enough, as a recovery code has 115 bits.
    pub(super) const fn closes_recovery_codes(self) -> bool {
        matches!(self, Self::Nist)
    }
}
