//! What claimants type and read.

use secondfactor::account::Wait;
use secondfactor::codes::UnixTime;
use secondfactor::{Code, Denial, RecoveryCode};

/// The question, the same for everybody.
pub const PROMPT: &str = "One-time code or recovery code: ";
/// For a wrong code, and for a name without a second factor.
pub const WRONG: &str = "Wrong code. If you have just used it, wait for the next one.";
/// For text that is neither kind of code. It costs no try.
pub const MISTYPED: &str =
    "That is no code. Type the digits that your device shows, or a whole recovery code.";
/// For what only an administrator can mend.
pub const NOT_AVAILABLE: &str = "The second factor is not available. Ask your administrator.";
const DISABLED: &str = "Too many wrong codes. Take a recovery code if you typed codes of a device, or a code of a device \
                        if you typed recovery codes. Or ask your administrator.";
const NO_DEVICE: &str = "No device is enrolled. Take a recovery code, or ask your administrator.";

/// What is typed at a login after the password.
#[derive(Debug)]
pub enum Typed {
    /// Of a device.
    Code(Code),
    /// Of the sheet.
    RecoveryCode(RecoveryCode),
}

impl Typed {
    /// Reads either kind. The two are told apart by their length: a recovery code has 25 symbols.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        if typed.chars().count() < 20 {
            typed.parse().ok().map(Self::Code)
        } else {
            typed.parse().ok().map(Self::RecoveryCode)
        }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::RecoveryCode(_) => "recovery code",
        }
    }
}

/// Why a code was refused, and what to do.
#[must_use]
pub fn denied(denial: Denial, now: UnixTime) -> String {
    let wait = denial.retry_after(now).map(Wait::from);
    match (wait, denial) {
        (Some(wait), Denial::Locked { .. }) => format!("Wrong code. Try again in {wait}."),
        (Some(wait), _) => format!("Too many wrong codes. Try again in {wait}."),
        (None, Denial::Disabled) => DISABLED.to_owned(),
        (None, Denial::NoDevice) => NO_DEVICE.to_owned(),
        (None, _) => WRONG.to_owned(),
    }
}

/// After a recovery code has let somebody in.
#[must_use]
pub fn recovered(left: usize) -> String {
    format!(
        "That code is used up, {left} recovery codes are left. If your device is lost, have it replaced."
    )
}
