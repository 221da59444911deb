//! What proofs and pending devices rest on, by identity.

use std::fmt;

use crate::codes::{RngError, fill_random};

/// 64 random bits of a device, a recovery set or a redemption. A device gets new ones when it is
/// resumed, and when its owner says that it is kept.
///
/// Rules compare these bits and never dates. So an opt-out and in, a restored row or a second
/// history need no rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credential([u8; Self::LEN]);

impl Credential {
    pub(crate) const LEN: usize = 8;

    pub(crate) fn generate() -> Result<Self, RngError> {
        let mut bytes = [0; Self::LEN];
        fill_random(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// For a session's row.
    pub(crate) fn to_text(self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.0))
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}
