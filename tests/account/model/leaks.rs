//! Nothing that is printed may hold a secret, a key, a recovery code or a code.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};

/// All that must not be read anywhere.
#[derive(Default)]
pub(crate) struct Leaks {
    texts: Vec<String>,
    codes: Vec<String>,
    /// What the present command has printed.
    recent: RefCell<Vec<String>>,
}

impl Leaks {
    /// A secret or a key: by its bytes, in each way that they are likely to be printed, and in
    /// Base32.
    pub(crate) fn hide_bytes(&mut self, bytes: &[u8], base32: &str) {
        let hex: String = bytes
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        // The beginning is enough: a part of a secret is one.
        let list = format!("{:?}", &bytes[..6]);
        self.texts.extend([
            hex[..12].to_owned(),
            list.trim_matches(['[', ']']).to_owned(),
            base32[..10].to_lowercase(),
        ]);
    }

    pub(crate) fn hide_recovery_code(&mut self, text: &str) {
        self.texts.extend([
            text[6..17].to_lowercase(),
            text.replace('-', "")[5..15].to_lowercase(),
        ]);
    }

    pub(crate) fn hide_code(&mut self, digits: &str) {
        self.codes.push(digits.to_owned());
    }

    /// `Debug`, for what is returned.
    pub(crate) fn check_debug(&self, value: &impl Debug, has_small_times: bool) {
        let text = format!("{value:?} {value:#?}");
        self.check(&text, has_small_times);
        self.recent.borrow_mut().push(text);
    }

    /// A command begins.
    pub(crate) fn forget_recent(&mut self) {
        self.recent.get_mut().clear();
    }

    /// Once more, as the command has shown new secrets, which are hidden now.
    pub(crate) fn check_recent(&self) {
        self.recent
            .borrow()
            .iter()
            .for_each(|text| self.check(text, true));
    }

    /// `Display` and `Debug` of an error and all its sources.
    pub(crate) fn check_error(&self, error: &dyn std::error::Error, has_small_times: bool) {
        let mut text = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            write!(text, "{error} {error:?} {error:#?} ").unwrap();
            next = error.source();
        }
        self.check(&text, has_small_times);
    }

    /// A time of the usual kind has ten digits, and no code has; others are not told from codes,
    /// which are not looked for then.
    pub(crate) fn check(&self, text: &str, has_small_times: bool) {
        let lower = text
            .to_lowercase()
            .replace("\n        ", " ")
            .replace("\n    ", " ");
        for hidden in &self.texts {
            assert!(
                !lower.contains(hidden.as_str()),
                "LEAK: a secret, key or recovery code is printed: {text}"
            );
        }
        if !has_small_times {
            let words = lower.split(|character: char| !character.is_ascii_alphanumeric());
            for word in words.filter(|word| (6..=8).contains(&word.len())) {
                assert!(
                    !self.codes.iter().any(|code| code == word),
                    "LEAK: a code is printed: {text}"
                );
            }
        }
    }
}
