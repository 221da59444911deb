//! A hardware token, as a file of its vendor describes it.

mod error;
mod text;
mod value;

pub use error::{TokenError, TokenPart, TokenReason};
#[cfg(feature = "pskc")]
pub(super) use text::integer;
pub(super) use text::{name, number};
pub use value::Token;
