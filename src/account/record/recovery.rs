//! The recovery codes in the record.

use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use super::throttle::ThrottleRecord;
use crate::account::recovery::set::{Hash, RecoverySet};
use crate::codes::UnixTime;

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct RecoveryRecord<'b> {
    #[n(0)]
    pub(super) issued: u64,
    #[cbor(b(1), with = "minicbor::bytes")]
    pub(super) salt: &'b [u8],
    #[n(2)]
    pub(super) codes: Vec<CodeRecord>,
    #[n(3)]
    pub(super) throttle: ThrottleRecord,
}

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(array)]
pub(super) struct CodeRecord {
    #[n(0)]
    pub(super) selector: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) hash: Hash,
}

impl<'b> From<&'b RecoverySet> for RecoveryRecord<'b> {
    fn from(set: &'b RecoverySet) -> Self {
        let codes = set.codes.iter().map(|(selector, hash)| CodeRecord {
            selector: *selector,
            hash: *hash,
        });
        Self {
            issued: set.issued.as_secs(),
            salt: &*set.salt,
            codes: codes.collect(),
            throttle: set.throttle.into(),
        }
    }
}

impl RecoveryRecord<'_> {
    /// `None` for a value that no release wrote. A code that is there twice could be redeemed twice.
    pub(super) fn into_set(self) -> Option<RecoverySet> {
        let mut earlier = 0_u32;
        for code in &self.codes {
            let this = 1_u32.checked_shl(code.selector.into())?;
            if earlier & this != 0 {
                return None;
            }
            earlier |= this;
        }
        Some(RecoverySet {
            issued: UnixTime::from_secs(self.issued),
            salt: Zeroizing::new(self.salt.try_into().ok()?),
            codes: self
                .codes
                .into_iter()
                .map(|code| (code.selector, code.hash))
                .collect(),
            throttle: self.throttle.into(),
        })
    }
}
