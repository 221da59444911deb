//! Recovery codes: as people keep and type them, and at rest.

pub(crate) mod code;
pub(crate) mod codes;
pub(crate) mod set;
pub(crate) mod set_id;
pub(crate) mod temporary;

pub(crate) use code::RecoveryCode;
pub use code::RecoveryCodeError;
pub(crate) use codes::RecoveryCodes;
pub use set_id::RecoverySetId;
