//! What a user has: an authenticator that is none of ours, and the sheet of recovery codes.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// A time-based code lives for a step of 30 seconds.
const STEP: u64 = 30;

pub(crate) struct Phone {
    pub(crate) key: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl Phone {
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            recovery_codes: Vec::new(),
        }
    }

    /// With the recovery codes that the administrator's command has shown.
    pub(crate) fn with_sheet(mut self, said: &str) -> Self {
        let codes = said.lines().filter_map(|line| line.strip_prefix("  "));
        self.recovery_codes = codes.map(str::to_owned).collect();
        assert_eq!(self.recovery_codes.len(), 10, "{said}");
        self
    }

    pub(crate) fn code(&self) -> String {
        self.code_at(now())
    }

    /// The first one after an enrollment, which used up the present one. It is accepted for a minute at least.
    pub(crate) fn next_code(&self) -> String {
        self.code_at(now() + STEP)
    }

    /// Codes that the phone shows at no time near the present.
    pub(crate) fn wrong_codes(&self) -> impl Iterator<Item = String> {
        let first = now() - 20 * STEP;
        let right: Vec<String> = (0..40)
            .map(|step| self.code_at(first + STEP * step))
            .collect();
        let codes = (0..1_000_000).map(|number| format!("{number:06}"));
        codes.filter(move |code| !right.contains(code))
    }

    fn code_at(&self, secs: u64) -> String {
        self.oathtool(&["--totp", "--now", &format!("@{secs}")])
    }

    pub(crate) fn code_of_counter(&self, counter: u64) -> String {
        self.oathtool(&["--hotp", "--counter", &counter.to_string()])
    }

    fn oathtool(&self, options: &[&str]) -> String {
        let mut oathtool = Command::new("oathtool");
        let output = oathtool
            .args(options)
            .args(["--base32", &self.key])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}
