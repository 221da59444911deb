//! The judge: all that is remembered about one account, as a value, and pure functions over it.
//!
//! [`Mfa`](crate::Mfa) loads an [`Account`], runs a command, commits the record, and only then reveals the verdict. Use
//! this module yourself where the record must be written in a transaction of your own.

mod actor;
mod answer;
mod attempt;
mod browser;
mod clock;
mod commands;
mod credential;
pub(crate) mod denial;
pub(crate) mod device;
mod diagnosis;
pub(crate) mod error;
pub(crate) mod event;
mod form_id;
mod guess_bound;
mod judge;
pub(crate) mod label;
mod origin;
pub(crate) mod policy;
mod profile;
pub(crate) mod proof;
pub(crate) mod proved;
mod record;
mod record_error;
pub(crate) mod recovery;
mod relocation;
mod stale;
mod state;
pub(crate) mod status;
mod submission;
#[cfg(test)]
mod tests;
mod throttle;
#[cfg(feature = "tracing")]
mod trace;
mod voucher;
mod wait;

pub use actor::{Actor, ActorError};
pub use attempt::Attempt;
pub use browser::{BrowserCookie, BrowserId, BrowserStatus, Recognized};
pub(crate) use credential::Credential;
pub(crate) use device::new_device::NewDevice;
pub use device::{DeviceId, Enrollment, PendingDevice};
pub use diagnosis::Diagnosis;
pub(crate) use error::Error;
pub use error::Fault;
pub(crate) use event::Event;
pub use form_id::{FormId, IdError};
pub use guess_bound::GuessBound;
pub(crate) use label::Label;
pub use label::LabelError;
pub use origin::{Origin, OriginTooLong};
pub(crate) use policy::Policy;
pub use policy::{PolicyBuilder, PolicyError};
pub use profile::Profile;
pub(crate) use proof::Proof;
pub use proof::ProofKind;
pub(crate) use proved::{Confirmed, Recovered, Verified};
pub use record_error::RecordError;
pub(crate) use recovery::{RecoveryCode, RecoveryCodes};
pub use recovery::{RecoveryCodeError, RecoverySetId};
pub use stale::Stale;
pub use state::Account;
pub(crate) use status::Status;
pub use status::{DeviceState, DeviceStatus, Lock};
pub use submission::{ShortSession, Submission};
#[cfg(feature = "tracing")]
pub use trace::trace_event;
pub use voucher::{VouchedBy, Voucher};
pub use wait::{TimeUnit, Wait};

pub use crate::account_id::AccountIdError;
