//! Building the one URI of a value.

use alloc::string::ToString;

use super::percent::encode;
use super::value::KeyUri;
use crate::codes::{MovingFactor, SecretText};

impl KeyUri {
    /// Returns the URI with the secret in it. Show it to the owner alone.
    #[must_use]
    pub fn expose_uri(&self) -> SecretText {
        let (kind, parameter, value) = match self.parameters().moving_factor() {
            MovingFactor::Time(period) => ("totp", "&period=", u64::from(period.as_secs())),
            MovingFactor::Counter(counter) => ("hotp", "&counter=", counter.get()),
        };
        let issuer = encode(self.issuer().unwrap_or_default());
        let (separator, issuer_parameter) = if issuer.is_empty() {
            ("", "")
        } else {
            (":", "&issuer=")
        };
        let account = encode(self.account());
        let secret = self.secret().expose_base32();
        let (digits, value) = (
            self.parameters().digits().count().to_string(),
            value.to_string(),
        );
        let parts = [
            "otpauth://",
            kind,
            "/",
            &issuer,
            separator,
            &account,
            "?secret=",
            &secret,
            issuer_parameter,
            &issuer,
            "&algorithm=",
            self.parameters().algorithm().name(),
            "&digits=",
            &digits,
            parameter,
            &value,
        ];
        // Its length is computed first, so that no copy of a grown buffer stays behind.
        let mut uri = SecretText::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| uri.push_str(part));
        uri
    }
}
