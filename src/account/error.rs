//! The reasons why nobody was let in, or nothing was changed.

use super::denial::Denial;
use super::record_error::RecordError;
use super::stale::Stale;
use crate::codes::RngError;
use crate::sealing::SealError;

/// Says why nobody was let in, or nothing was changed. Every variant means no.
///
/// [`fault`](Self::fault) says who can do something about it, so that a program can show it, log
/// it, or call an operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The code was judged, and refused.
    #[error(transparent)]
    Denied(#[from] Denial),

    /// The account has no record, or no device in it that was confirmed.
    ///
    /// It never means "let them in without a second factor". Keep your own note of the accounts
    /// that have opted in. If it says yes and you get this, the record was lost or taken away.
    #[error("no second factor is enrolled")]
    NotEnrolled,
    /// The account has no device with this id, or none in the state that the call needs.
    #[error("no such device")]
    UnknownDevice,
    /// A device was confirmed already, so another one takes a proof:
    /// [`Mfa::enroll_another`](crate::Mfa::enroll_another).
    ///
    /// If your note says that the account has not opted in, an answer was lost: set the note, and ask
    /// for a code.
    #[error("a device is enrolled already: another one takes a proof of it")]
    ProofRequired,
    /// The proof is not fresh, or what it rests on has ended. Ask for another code.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The proof is of another account.
    #[error("the proof belongs to another account")]
    ForeignProof,
    /// Nobody could log in without this device. Enroll another one first, or opt out.
    #[error("this is the last device: enroll another one first, or opt out")]
    LastDevice,
    /// Only the proof of a device resumes a device. Log in with another one, or enroll a new one.
    #[error("a recovery code resumes no device: enroll a new one")]
    DeviceRequired,
    /// A rotated secret is accepted for at most
    /// [`Policy::MAX_ROTATION_GRACE`](crate::Policy::MAX_ROTATION_GRACE).
    #[error("the grace of a rotated secret is at most 7 days")]
    GraceTooLong,
    /// A temporary code lives for at most
    /// [`Policy::MAX_TEMPORARY_LIFETIME`](crate::Policy::MAX_TEMPORARY_LIFETIME).
    #[error("a temporary code lives for a second to 24 hours")]
    TemporaryLifetime,
    /// There is no temporary code to withdraw: it has ended, or recovery codes were issued since. What was made by it may
    /// still be there: see [`Mfa::danger_withdraw_temporary_code_unproven`](crate::Mfa::danger_withdraw_temporary_code_unproven).
    #[error("there is no temporary code: look at what was made by it")]
    NoTemporaryCode,
    /// An import names at least one device.
    #[error("no device is imported: name one")]
    NothingToImport,
    /// A device that is imported brings its secret.
    #[error("an imported device brings its secret")]
    SecretRequired,
    /// Another device of the account has this secret.
    #[error("another device has this secret: enroll with a new one")]
    DuplicateSecret,
    /// No recovery codes were issued, all are used, or they are void after too many wrong ones. A temporary code that was
    /// used or has ended gets this too, where there are no recovery codes.
    #[error("there are no recovery codes: use a device, or ask for help")]
    NoRecoveryCodes,
    /// The recovery codes that were to be replaced are no longer the present ones, as others were
    /// issued meanwhile. A form was sent twice, or the owner was quicker elsewhere.
    #[error("other recovery codes were issued meanwhile: look at the account again")]
    RecoveryCodesReplaced,
    /// The token was changed, is no token, or belongs to another account or session, or the
    /// session's id is empty.
    #[error("the token is not valid here: ask for another code")]
    Token,
    /// The account knows no browser with this id, or the proof's device was not the last one in it.
    #[error("no such browser")]
    UnknownBrowser,
    /// The browser is not trusted to do without a code. Ask for one.
    #[error("a code is needed: ask for it")]
    CodeRequired,
    /// The policy lets no browser be trusted, or not for so long, or wrong codes have closed it.
    #[error("this browser can't be trusted now, or not for so long")]
    TrustRefused,
    /// The account has as many devices as it may.
    #[error("too many devices: revoke one first")]
    TooManyDevices,
    /// Another confirmed device of the account has this label, or one that looks like it.
    #[error("another device has this label: choose another one")]
    LabelTaken,
    /// The time or the tries to confirm the device are used up. Enroll again.
    #[error("the enrollment has expired: enroll again")]
    EnrollmentExpired,

    /// The account is being moved to another id, and the move was cut off.
    #[error("the account is being moved to another id: repeat the move")]
    Moving,
    /// The id that an account is to be moved to has a record of its own.
    #[error("the other id has a second factor already: opt it out first")]
    Occupied,

    /// The store failed. What it was asked to write may be written or not.
    #[error("the store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Others changed the record each time. Nothing was judged: try again.
    #[error("too many changes to the account at once: try again")]
    Contended,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Rng(#[from] RngError),

    /// The stored bytes do not open under this account and these keys.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The record opened, but makes no sense.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The receipt is not for the record that this attempt sealed. The author of the store must
    /// mend it.
    #[error("the receipt belongs to another record")]
    ForeignReceipt,
}

/// Says who can do something about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The claimant's code was refused. Show them the text of the [`Denial`].
    Claimant,
    /// The application's call does not fit the account's state. Another page or another code is
    /// due.
    Application,
    /// The store or the system failed. Try again later.
    Environment,
    /// An operator must look at the stored record, the keys or the program.
    Operator,
}

impl Error {
    /// Returns who can do something about it.
    ///
    /// ```
    /// use secondfactor::{Error, account::Fault};
    ///
    /// fn http_status(error: &Error) -> u16 {
    ///     match error.fault() {
    ///         Fault::Claimant => 401,
    ///         Fault::Application => 409,
    ///         Fault::Environment => 503,
    ///         _ => 500, // and wake an operator
    ///     }
    /// }
    /// assert_eq!(http_status(&Error::NotEnrolled), 409);
    /// ```
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.row().1
    }

    /// Returns a stable name for logs and translations, in lower case with underscores.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    const fn row(&self) -> (&'static str, Fault) {
        match self {
            Self::Denied(denial) => (denial.code(), Fault::Claimant),
            Self::NotEnrolled => ("not_enrolled", Fault::Application),
            Self::UnknownDevice => ("unknown_device", Fault::Application),
            Self::ProofRequired => ("proof_required", Fault::Application),
            Self::Stale(_) => ("stale", Fault::Application),
            Self::ForeignProof => ("foreign_proof", Fault::Application),
            Self::LastDevice => ("last_device", Fault::Application),
            Self::DeviceRequired => ("device_required", Fault::Application),
            Self::GraceTooLong => ("grace_too_long", Fault::Application),
            Self::TemporaryLifetime => ("temporary_lifetime", Fault::Application),
            Self::NoTemporaryCode => ("no_temporary_code", Fault::Application),
            Self::NothingToImport => ("nothing_to_import", Fault::Application),
            Self::SecretRequired => ("secret_required", Fault::Application),
            Self::DuplicateSecret => ("duplicate_secret", Fault::Application),
            Self::NoRecoveryCodes => ("no_recovery_codes", Fault::Application),
            Self::RecoveryCodesReplaced => ("recovery_codes_replaced", Fault::Application),
            Self::Token => ("token", Fault::Application),
            Self::UnknownBrowser => ("unknown_browser", Fault::Application),
            Self::CodeRequired => ("code_required", Fault::Application),
            Self::TrustRefused => ("trust_refused", Fault::Application),
            Self::TooManyDevices => ("too_many_devices", Fault::Application),
            Self::LabelTaken => ("label_taken", Fault::Application),
            Self::EnrollmentExpired => ("enrollment_expired", Fault::Application),
            Self::Moving => ("moving", Fault::Operator),
            Self::Occupied => ("occupied", Fault::Operator),
            Self::Store(_) => ("store", Fault::Environment),
            Self::Contended => ("contended", Fault::Environment),
            Self::Rng(_) => ("rng", Fault::Environment),
            Self::Seal(_) => ("seal", Fault::Operator),
            Self::Record(_) => ("record", Fault::Operator),
            Self::ForeignReceipt => ("foreign_receipt", Fault::Operator),
        }
    }
}
