//! The temporary code in the record.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::recovery::RecoveryRecord;
use crate::account::policy::Policy;
use crate::account::recovery::temporary::Temporary;

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct TemporaryRecord<'b> {
    /// In seconds.
    #[n(0)]
    pub(super) left: u64,
    #[b(1)]
    pub(super) set: RecoveryRecord<'b>,
}

impl<'b> From<&'b Temporary> for TemporaryRecord<'b> {
    fn from(temporary: &'b Temporary) -> Self {
        Self {
            left: temporary.left.as_secs(),
            set: RecoveryRecord::from(&temporary.set),
        }
    }
}

impl TemporaryRecord<'_> {
    /// `None` for a value that no release wrote.
    pub(super) fn into_temporary(self) -> Option<Temporary> {
        let left = Duration::from_secs(self.left);
        let set = self.set.into_set()?;
        let is_possible = !left.is_zero()
            && left <= Policy::MAX_TEMPORARY_LIFETIME
            && set.codes.len().saturating_add(set.redemptions.len()) == 1;
        is_possible.then_some(Temporary { set, left })
    }
}
