//! Computes and checks one-time codes: HOTP (RFC 4226) and TOTP (RFC 6238), with their secrets.
//!
//! Authenticators and verifiers share this module. It remembers nothing, takes the time as an
//! argument, and needs no `std`. For a login take [`Mfa`](crate::Mfa), which makes sure that a code
//! works once.

mod algorithm;
mod base32;
#[cfg(feature = "std")]
mod clock;
pub(crate) mod code;
pub(crate) mod constant_time;
mod counter;
mod digits;
mod hotp;
mod mac;
mod parameters;
#[cfg(feature = "std")]
mod random;
mod range;
mod secret;
mod secret_error;
mod secret_text;
mod time;
mod totp;
pub(crate) mod typed;
mod window;

pub use algorithm::Algorithm;
#[cfg(feature = "mfa")]
pub(crate) use base32::decode_base32;
#[cfg(feature = "std")]
pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(any(feature = "mfa", feature = "serde"))]
pub(crate) use code::Code;
pub use code::CodeError;
pub use counter::Counter;
pub use digits::Digits;
pub use hotp::Hotp;
pub use parameters::{MovingFactor, Parameters, WrongMovingFactor};
#[cfg(feature = "std")]
pub use random::RngError;
#[cfg(feature = "mfa")]
pub(crate) use random::fill_random;
pub use range::OutOfRange;
pub use secret::Secret;
pub use secret_error::SecretError;
pub use secret_text::SecretText;
pub use time::{Period, Step, UnixTime};
pub use totp::{BeforeT0, Totp};
pub use window::{LookAhead, Window};
