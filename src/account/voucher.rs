//! Says who vouched for a device or for recovery codes.

use super::device::id::DeviceId;
use super::proof::{Proof, ProofKind};
use crate::codes::UnixTime;

/// Says who vouched for a device or for recovery codes, and when.
///
/// It is for the owner's eye. No rule reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Voucher {
    by: VouchedBy,
    at: UnixTime,
}

/// Says whose proof a device or a set of recovery codes was begun with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum VouchedBy {
    /// Nobody vouched. The account opted in with it, behind the password alone.
    Nobody,
    /// A device vouched, which may have been revoked since.
    Device(DeviceId),
    /// A recovery code vouched.
    RecoveryCode,
    /// An operator vouched.
    Operator,
}

impl Voucher {
    pub(crate) const fn new(by: VouchedBy, at: UnixTime) -> Self {
        Self { by, at }
    }

    pub(crate) fn from_proof(proof: Option<&Proof>, at: UnixTime) -> Self {
        let by = match proof.map(|proof| (proof.kind(), proof.device())) {
            None => VouchedBy::Nobody,
            Some((ProofKind::Code | ProofKind::Confirmation, Some(device))) => {
                VouchedBy::Device(device)
            }
            Some(_) => VouchedBy::RecoveryCode,
        };
        Self { by, at }
    }

    /// Returns who vouched.
    #[must_use]
    pub const fn by(&self) -> VouchedBy {
        self.by
    }

    /// Returns when they did.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }
}
