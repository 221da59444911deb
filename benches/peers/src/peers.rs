//! The other libraries, each used as its documentation shows: TOTP with SHA-1, six digits, 30 seconds, and
//! one step each way. The submission is a text.

use std::fmt::Display;

use base32::Alphabet::Rfc4648;
use libreauth::oath::{TOTP, TOTPBuilder};
use slauth::oath::totp::{TOTPBuilder as SlauthBuilder, TOTPContext};

use crate::shared::hot_path::NOW;

pub(crate) trait Peer: Sized + 'static {
    const NAME: &'static str;
    type Code: Display;

    /// Ready to be used again and again, from the secret's Base32 text.
    fn new(base32: &str) -> Self;
    fn generate(&self) -> Self::Code;
    fn accepts(&mut self, typed: &str) -> bool;
}

/// Keys again for each code. Compares in constant time, but ends at the first match and reads by a secret
/// address. Wipes nothing unless its feature `zeroize` is on.
pub(crate) struct TotpRs(totp_rs::Totp);

impl TotpRs {
    pub(crate) fn with(base32: &str, algorithm: totp_rs::Algorithm) -> Self {
        let secret = totp_rs::Secret::try_from_base32(base32).expect("Base32");
        let builder = totp_rs::Builder::new()
            .with_algorithm(algorithm)
            .with_secret(secret);
        Self(builder.build().expect("RFC 6238"))
    }
}

impl Peer for TotpRs {
    const NAME: &'static str = "totp-rs";
    type Code = totp_rs::Token;

    fn new(base32: &str) -> Self {
        Self::with(base32, totp_rs::Algorithm::SHA1)
    }

    fn generate(&self) -> totp_rs::Token {
        self.0.generate(NOW)
    }

    fn accepts(&mut self, typed: &str) -> bool {
        self.0.check(typed, NOW).is_some()
    }
}

/// Keys again for each code. Computes and compares all in constant time, but for the address of the
/// truncation. Has no Base32, so `base32` decodes for it.
pub(crate) struct TotpRfc {
    secret: Vec<u8>,
    totp: totp_rfc::Totp,
}

impl Peer for TotpRfc {
    const NAME: &'static str = "totp-rfc";
    type Code = totp_rfc::Code;

    fn new(base32: &str) -> Self {
        Self {
            secret: decode(base32),
            totp: totp_rfc::Totp::default(),
        }
    }

    fn generate(&self) -> totp_rfc::Code {
        self.totp.generate(&self.secret(), NOW).expect("after T0")
    }

    fn accepts(&mut self, typed: &str) -> bool {
        let window = totp_rfc::ValidationWindow::new(1, 1);
        self.totp
            .verify_window(&self.secret(), NOW, window, typed)
            .is_ok_and(|found| found.is_some())
    }
}

impl TotpRfc {
    fn secret(&self) -> totp_rfc::Secret<'_> {
        totp_rfc::Secret::new(&self.secret).expect("long enough")
    }
}

/// Only generates, as a `String`. The caller looks through the window and compares, here with `==`. Has no
/// Base32.
pub(crate) struct TotpLite(Vec<u8>);

impl TotpLite {
    fn at(&self, time: u64) -> String {
        totp_lite::totp_custom::<totp_lite::Sha1>(30, 6, &self.0, time)
    }
}

impl Peer for TotpLite {
    const NAME: &'static str = "totp-lite";
    type Code = String;

    fn new(base32: &str) -> Self {
        Self(decode(base32))
    }

    fn generate(&self) -> String {
        self.at(NOW)
    }

    fn accepts(&mut self, typed: &str) -> bool {
        [NOW - 30, NOW, NOW + 30]
            .into_iter()
            .any(|time| self.at(time) == typed)
    }
}

/// Calls totp-rs, and wipes its secret.
pub(crate) struct Latchkey {
    secret: latchkey::totp::TotpSecret,
    now: time::OffsetDateTime,
}

impl Peer for Latchkey {
    const NAME: &'static str = "latchkey";
    type Code = String;

    fn new(base32: &str) -> Self {
        let secret = latchkey::totp::TotpSecret::from_base32(base32).expect("Base32");
        let now = time::OffsetDateTime::from_unix_timestamp(NOW.cast_signed()).expect("a time");
        Self { secret, now }
    }

    fn generate(&self) -> String {
        self.secret
            .code_at(self.now, latchkey::totp::TotpParams::default())
            .expect("a time")
    }

    fn accepts(&mut self, typed: &str) -> bool {
        latchkey::totp::verify(
            &self.secret,
            typed,
            None,
            self.now,
            latchkey::totp::TotpParams::default(),
        )
        .is_ok()
    }
}

/// Reads the clock itself in each call, compares by `==`, and ends at the first match. Its window excludes
/// the last step, hence the 2. Has Base32 only in key URIs.
pub(crate) struct Slauth(TOTPContext);

impl Peer for Slauth {
    const NAME: &'static str = "slauth";
    type Code = String;

    fn new(base32: &str) -> Self {
        let builder = SlauthBuilder::new()
            .secret(&decode(base32))
            .initial_time(clock() - NOW);
        Self(builder.re_sync_parameter(1, 2).build())
    }

    fn generate(&self) -> String {
        self.0.r#gen()
    }

    fn accepts(&mut self, typed: &str) -> bool {
        self.0.verify(typed)
    }
}

/// Reads the clock itself in each call, compares by two more HMACs, and ends at the first match.
pub(crate) struct Libreauth(TOTP);

impl Peer for Libreauth {
    const NAME: &'static str = "libreauth";
    type Code = String;

    fn new(base32: &str) -> Self {
        let mut builder = TOTPBuilder::new();
        builder
            .base32_key(base32)
            .tolerance(1)
            .timestamp(NOW.cast_signed());
        Self(builder.finalize().expect("a key"))
    }

    fn generate(&self) -> String {
        self.0.generate()
    }

    fn accepts(&mut self, typed: &str) -> bool {
        self.0.is_valid(typed)
    }
}

pub(crate) fn decode(base32: &str) -> Vec<u8> {
    base32::decode(Rfc4648 { padding: false }, base32).expect("Base32")
}

fn clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}
