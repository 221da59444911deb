//! Errors, by whose they are.

#[cfg(feature = "mfa")]
use crate::{Denial, RecordError, SealError, Stale};

/// A setting outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {min} to {max}")]
pub struct OutOfRange {
    what: &'static str,
    min: u64,
    max: u64,
}

impl OutOfRange {
    pub(crate) const fn new(what: &'static str, min: u64, max: u64) -> Self {
        Self { what, min, max }
    }
}

/// The operating system gave no random bytes: nothing new can be made until it does.
#[cfg(feature = "std")]
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct RngError(#[source] rand::rngs::SysError);

#[cfg(feature = "std")]
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), RngError> {
    use rand::TryRng as _;
    rand::rngs::SysRng.try_fill_bytes(bytes).map_err(RngError)
}

/// Why nobody was let in, or nothing was changed. Every variant means: no.
#[cfg(feature = "mfa")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The claimant's: the code was judged, and refused.
    #[error(transparent)]
    Denied(#[from] Denial),

    /// The application's: there is no record of this account, or no device in it that was confirmed.
    ///
    /// It never means "let them in without a second factor". Keep your own note of who has opted in; if it says yes
    /// and you get this, the record was lost or taken away.
    #[error("no second factor is enrolled")]
    NotEnrolled,
    /// The application's: the account has no device with this id, or none in the state that the call is for.
    #[error("no such device")]
    UnknownDevice,
    /// The application's: a device counts already, so one more takes a proof: `enroll_another`.
    #[error("a device is enrolled already: another one takes a proof of it")]
    ProofRequired,
    /// The application's: the proof is not fresh, or by a device that does not count any more. Ask for another code.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The application's: the proof is of another account.
    #[error("the proof belongs to another account")]
    ForeignProof,
    /// The application's: nobody could log in without this device. Enroll another one first, or opt out.
    #[error("the last device stays")]
    LastDevice,
    /// The application's: another device of the account has this secret.
    #[error("another device has this secret")]
    DuplicateSecret,
    /// The application's: no recovery codes were issued, all are used, or they are void after too many wrong ones.
    #[error("there are no recovery codes")]
    NoRecoveryCodes,
    /// The application's: the token was changed, is no token, or belongs to another account or session; or there is no session.
    #[error("the token is not valid here")]
    Token,
    /// The application's: the account has as many devices as it may.
    #[error("too many devices")]
    TooManyDevices,
    /// The application's: another confirmed device of the account has this label.
    #[error("the label is taken")]
    LabelTaken,
    /// The application's: the time or the tries to confirm the device are over. Enroll again.
    #[error("the enrollment has expired")]
    EnrollmentExpired,

    /// The environment's: the store failed. What it was asked to write may be written or not.
    #[error("the store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The environment's: others changed the record each time. Nothing was judged; try again.
    #[error("too many changes to the account at once")]
    Contended,
    /// The environment's: no random bytes.
    #[error(transparent)]
    Rng(#[from] RngError),

    /// The operator's: the stored bytes do not open under this account and these keys.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operator's: the record opened, and does not make sense.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store's author's: the receipt is not for the record that this attempt sealed.
    #[error("the receipt belongs to another record")]
    ForeignReceipt,
}
