//! Any text for a code, a recovery code, a label, an account or a device: refused or taken, without
//! a panic, and never repeated by the error.

use std::fmt::Display;
use std::str::FromStr;

use proptest::prelude::*;
use secondfactor::account::DeviceId;
use secondfactor::codes::Secret;
use secondfactor::provisioning::KeyUri;
use secondfactor::{AccountId, Code, Label, RecoveryCode, SealingKey};

fn check<T, E: std::error::Error>(text: &str, parsed: Result<T, E>) {
    let Err(error) = parsed else { return };
    let said = format!("{error} {error:?}");
    // Shorter ones may be in the message by chance.
    if text.trim().len() >= 8 && !text.trim().is_empty() {
        assert!(
            !said.contains(text.trim()),
            "an error repeats what was typed: {said}"
        );
    }
}

fn parse<T: FromStr<Err: std::error::Error>>(text: &str) {
    check(text, text.parse::<T>());
}

/// What is shown parses to the same.
fn round_trip<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(
            value
                .to_string()
                .parse::<T>()
                .ok()
                .map(|again| again.to_string()),
            Some(value.to_string())
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics(
        text in prop_oneof![
            any::<String>(),
            "[0-9 -]{0,12}",
            "[0-9A-Za-z -]{20,40}",
            "otpauth://[a-z]{0,5}/.{0,40}",
            "[\\p{Nd}\\p{No}]{5,9}",
        ],
    ) {
        parse::<Code>(&text);
        parse::<RecoveryCode>(&text);
        parse::<DeviceId>(&text);
        round_trip::<Code>(&text);
        round_trip::<DeviceId>(&text);
        check(&text, Label::new(text.clone()));
        check(&text, AccountId::new(text.clone()));
        check(&text, Secret::from_base32(&text));
        check(&text, Secret::from_weak_base32(&text));
        check(&text, SealingKey::from_base32(&text));
        check(&text, KeyUri::totp(Secret::from_bytes(&[1; 20]).unwrap(), &text, &text));
    }
}
