//! `otpauth://` key URIs, which authenticator apps scan (Key URI Format).

mod build;
mod error;
mod names;
mod parse;
mod percent;
mod repair;
mod value;

pub use error::{UriError, UriPart};
#[cfg(feature = "migration")]
pub(super) use names::Names;
#[cfg(feature = "migration")]
pub(super) use percent::{Span, check, encode};
#[cfg(feature = "migration")]
pub(super) use repair::Leniency;
pub use repair::Repair;
pub use value::KeyUri;
