//! The recovery codes in the record.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use super::answer::{AnswerRecord, to_answer};
use super::throttle::ThrottleRecord;
use super::voucher;
use crate::account::credential::Credential;
use crate::account::recovery::set::{Hash, RecoverySet};
use crate::account::voucher::Voucher;
use crate::codes::UnixTime;

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct RecoveryRecord<'b> {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) credential: [u8; Credential::LEN],
    #[n(1)]
    pub(super) issued: u64,
    #[n(2)]
    pub(super) vouched_by: Option<u8>,
    #[n(3)]
    pub(super) vouched_by_device: Option<u32>,
    #[cbor(b(4), with = "minicbor::bytes")]
    pub(super) salt: &'b [u8],
    /// Of each code the selector and the hash.
    #[n(5)]
    pub(super) codes: ByteVec,
    #[n(6)]
    pub(super) redemptions: Vec<ByteArray<{ Credential::LEN }>>,
    #[n(7)]
    pub(super) throttle: ThrottleRecord,
    #[n(8)]
    pub(super) answer: Option<AnswerRecord>,
}

/// A selector and a hash.
pub(super) const CODE_LEN: usize = 1 + size_of::<Hash>();

impl<'b> From<&'b RecoverySet> for RecoveryRecord<'b> {
    fn from(set: &'b RecoverySet) -> Self {
        let (vouched_by, vouched_by_device) = voucher::to_numbers(set.vouched_by.by());
        let mut codes = Vec::with_capacity(set.codes.len().saturating_mul(CODE_LEN));
        for (selector, hash) in &set.codes {
            codes.push(*selector);
            codes.extend_from_slice(hash);
        }
        Self {
            credential: *set.credential.as_bytes(),
            issued: set.vouched_by.at().as_secs(),
            vouched_by,
            vouched_by_device,
            salt: &*set.salt,
            codes: codes.into(),
            redemptions: set
                .redemptions
                .iter()
                .map(|one| ByteArray::from(*one.as_bytes()))
                .collect(),
            throttle: set.throttle.into(),
            answer: set.answer.map(AnswerRecord::from),
        }
    }
}

impl RecoveryRecord<'_> {
    /// `None` for a value that no release wrote.
    pub(super) fn into_set(self) -> Option<RecoverySet> {
        let by = voucher::from_numbers(self.vouched_by, self.vouched_by_device)?;
        Some(RecoverySet {
            credential: Credential::from_bytes(self.credential),
            vouched_by: Voucher::new(by, UnixTime::from_secs(self.issued)),
            redemptions: self
                .redemptions
                .into_iter()
                .map(|one| Credential::from_bytes(*one))
                .collect(),
            salt: Zeroizing::new(self.salt.try_into().ok()?),
            codes: to_codes(&self.codes)?,
            throttle: self.throttle.into(),
            answer: to_answer(self.answer).ok()?,
        })
    }
}

/// `None` for a value that no release wrote. A code that is there twice could be redeemed twice.
fn to_codes(bytes: &[u8]) -> Option<Vec<(u8, Hash)>> {
    let mut codes = Vec::with_capacity(bytes.len().div_ceil(CODE_LEN));
    let mut earlier = 0_u32;
    for code in bytes.chunks(CODE_LEN) {
        let (selector, hash) = code.split_first()?;
        let this = 1_u32.checked_shl(u32::from(*selector))?;
        if earlier & this != 0 {
            return None;
        }
        earlier |= this;
        codes.push((*selector, hash.try_into().ok()?));
    }
    Some(codes)
}
