//! The recovery codes in the record.

use minicbor::bytes::ByteArray;
use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use super::throttle::ThrottleRecord;
use super::voucher::VoucherRecord;
use crate::account::credential::Credential;
use crate::account::recovery::set::{Hash, RecoverySet};

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct RecoveryRecord<'b> {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) credential: [u8; Credential::LEN],
    #[n(1)]
    pub(super) vouched_by: VoucherRecord,
    #[cbor(b(2), with = "minicbor::bytes")]
    pub(super) salt: &'b [u8],
    #[n(3)]
    pub(super) codes: Vec<CodeRecord>,
    #[n(4)]
    pub(super) redemptions: Vec<ByteArray<{ Credential::LEN }>>,
    #[n(5)]
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
            credential: *set.credential.as_bytes(),
            vouched_by: set.vouched_by.into(),
            salt: &*set.salt,
            codes: codes.collect(),
            redemptions: set
                .redemptions
                .iter()
                .map(|one| ByteArray::from(*one.as_bytes()))
                .collect(),
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
            credential: Credential::from_bytes(self.credential),
            vouched_by: self.vouched_by.to_voucher()?,
            redemptions: self
                .redemptions
                .into_iter()
                .map(|one| Credential::from_bytes(*one))
                .collect(),
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
