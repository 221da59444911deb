//! A move to another id in the record.

use minicbor::{CborLen, Decode, Encode};

use crate::account::credential::Credential;
use crate::account::relocation::Relocation;
use crate::account_id::AccountId;

#[derive(Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct RelocationRecord<'b> {
    #[b(0)]
    pub(super) other: &'b str,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) mark: [u8; Credential::LEN],
}

impl<'b> From<&'b Relocation> for RelocationRecord<'b> {
    fn from(relocation: &'b Relocation) -> Self {
        Self {
            other: relocation.other.as_str(),
            mark: *relocation.mark.as_bytes(),
        }
    }
}

impl RelocationRecord<'_> {
    /// `None` for a value that no release wrote.
    pub(super) fn to_relocation(&self) -> Option<Relocation> {
        Some(Relocation {
            other: AccountId::new(self.other).ok()?,
            mark: Credential::from_bytes(self.mark),
        })
    }
}
