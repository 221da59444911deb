//! PSKC files (RFC 6030), which come with hardware tokens.

mod date;
mod encryption;
mod error;
mod file;
mod key;
mod policy;
mod read;
mod xml;

pub use encryption::PskcKey;
pub use error::PskcError;
