//! What sealed bytes are bound to.

use crate::account_id::AccountId;

/// What sealed bytes are bound to, beside their header and the context. Bytes that were moved or edited do not open.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'p> {
    Record(&'p AccountId),
    Token {
        account: &'p AccountId,
        session: &'p [u8],
    },
}

impl Purpose<'_> {
    /// Each part has its length before it, so that no end of one can pass as the beginning of the next.
    pub(super) fn associated_data(self, header: &[u8], context: &[u8]) -> Vec<u8> {
        let (label, account, session): (&[u8], _, &[u8]) = match self {
            Self::Record(account) => (b"secondfactor record", account, &[]),
            Self::Token { account, session } => (b"secondfactor token", account, session),
        };
        let parts = [label, header, context, account.as_str().as_bytes(), session];
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
