//! A token, as a file describes it.

mod error;
mod text;
mod value;

pub use error::{TokenError, TokenPart, TokenReason};
pub(super) use text::{hex, integer, lines, name, number};
pub use value::Token;
