//! What sealed bytes are bound to.

use crate::account_id::AccountId;

/// Says what sealed bytes are bound to, beside their header and the context. Bytes that were moved
/// or edited do not open.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'p> {
    Record(&'p AccountId),
    Token {
        account: &'p AccountId,
        session: &'p [u8],
    },
    /// It is the one record of no account, by which a server knows its keys.
    Beacon,
}

impl Purpose<'_> {
    /// Writes each part with its length before it, so that no end of one can pass as the beginning
    /// of the next.
    pub(super) fn associated_data(self, header: &[u8], context: &[u8]) -> Vec<u8> {
        let (label, account, session): (&[u8], &str, &[u8]) = match self {
            Self::Record(account) => (b"secondfactor record", account.as_str(), &[]),
            Self::Token { account, session } => (b"secondfactor token", account.as_str(), session),
            Self::Beacon => (b"secondfactor beacon", "", &[]),
        };
        let parts = [label, header, context, account.as_bytes(), session];
        let len = parts
            .iter()
            .map(|part| part.len().saturating_add(size_of::<u64>()))
            .sum();
        let mut data = Vec::with_capacity(len);
        for part in parts {
            data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}
