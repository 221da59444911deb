//! The move of an account to another id.

use super::credential::Credential;
use crate::account_id::AccountId;

/// Names the other side of a move. Both sides hold the same mark, so that a move that was cut off is
/// known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relocation {
    pub(crate) other: AccountId,
    pub(crate) mark: Credential,
}
