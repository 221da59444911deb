//! The example programs, run as programs. `cargo test` builds them first; with `--test examples` it does not.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![cfg(feature = "std")]
#![allow(clippy::arithmetic_side_effects)] // small numbers

mod authenticator;
#[cfg(all(feature = "pskc", feature = "csv"))]
mod authenticator_tokens;
#[cfg(all(feature = "migration", feature = "qr"))]
mod authenticator_uris;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login_dates;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login_devices;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login_files;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login_keep;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod login_terminal;
mod program;
#[cfg(all(feature = "sqlite", feature = "qr"))]
mod site;
#[cfg(all(feature = "sqlite", feature = "qr"))]
#[allow(dead_code)] // a part is enough here
#[path = "../support/mod.rs"]
mod support;

/// The secret of RFC 4226 and of RFC 6238 with SHA-1.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
