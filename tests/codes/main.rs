//! Codes, secrets, and the ways of a secret into a device: key URIs, migration URIs, QR codes.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // small numbers

mod allocation;
mod codes;
mod key_uri;
mod key_uri_strict;
#[cfg(feature = "migration")]
mod migration;
mod pam;
#[cfg(feature = "pskc")]
mod pskc;
#[cfg(feature = "pskc")]
mod pskc_encrypted;
#[cfg(feature = "qr")]
mod qr;
mod reported;
mod secrets;
#[cfg(feature = "csv")]
mod token_csv;

/// The key of RFC 4226 and of RFC 6238 with SHA-1.
const KEY: &[u8] = b"12345678901234567890";
/// The same in Base32.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn secret() -> secondfactor::codes::Secret {
    secondfactor::codes::Secret::from_bytes(KEY).unwrap()
}
