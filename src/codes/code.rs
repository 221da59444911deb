//! One-time codes as they are typed and read.

use core::fmt;
use core::str::FromStr;

use subtle::{Choice, ConstantTimeEq};

use super::digits::Digits;
use super::typed;

/// Holds a one-time code: six to eight digits.
///
/// Parse what a claimant types or pastes once, with [`FromStr`]. It drops blanks, line ends,
/// invisible characters and dashes, and a full stop at the end. Full-width, Arabic and Persian
/// digits mean those of ASCII. Anything else is refused, and so are the digits of other scripts. So
/// texts that differ otherwise never mean the same code.
///
/// Equality takes the same time for every pair of codes of one length. `Debug` hides the digits.
/// `Display` shows them on a prover's screen, so keep it out of a log.
///
/// ```
/// use secondfactor::Code;
///
/// let code: Code = "081 804".parse()?;
/// assert_eq!(code.to_string(), "081804");
/// assert_eq!(format!("{code:?}"), "Code(..)");
/// assert_eq!("\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\n".parse::<Code>()?.to_string(), "123456");
/// assert!("+81804".parse::<Code>().is_err());
/// # Ok::<(), secondfactor::codes::CodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Code {
    value: u32,
    digits: Digits,
}

impl Code {
    pub(crate) const fn from_truncated(value: u32, digits: Digits) -> Self {
        Self {
            value: digits.reduce(value),
            digits,
        }
    }

    /// Returns how many digits this code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Returns the digits as they are hashed.
    #[cfg(feature = "mfa")]
    pub(crate) const fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.value.to_be_bytes();
        [self.digits.count(), a, b, c, d]
    }

    pub(crate) fn ct_eq(self, other: Self) -> Choice {
        // 2^31 stands for "another number of digits" and is no value.
        let other_value = if self.digits == other.digits {
            other.value
        } else {
            1 << 31
        };
        self.value.ct_eq(&other_value)
    }
}

/// This is for callers, which branch on it. The library compares codes by `ct_eq`: this is no way
/// out of constant time, and `scripts/constant-time` reports whatever takes it for one.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(*other).into()
    }
}

impl Eq for Code {}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let (mut value, mut count) = (0_u32, 0_u8);
        for (position, character) in typed::symbols(text) {
            match character {
                '0'..='9' if count == 8 => return Err(CodeError::TooLong { position }),
                // `count` is below 8, so the value stays below 10^8.
                '0'..='9' => {
                    let digit = u32::from(character).wrapping_sub(u32::from('0'));
                    value = value.wrapping_mul(10).wrapping_add(digit);
                    count = count.wrapping_add(1);
                }
                _ if typed::is_foreign_digit(character) => {
                    return Err(CodeError::OtherDigits { position });
                }
                _ => return Err(CodeError::Character { position }),
            }
        }
        let digits = Digits::from_count(count).ok_or(CodeError::TooShort { digits: count })?;
        Ok(Self { value, digits })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:0width$}",
            self.value,
            width = usize::from(self.digits.count())
        )
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// Says why a text is no [`Code`].
///
/// Positions are byte offsets, for developers. `Display` does not show them, as it is for the
/// claimant. The text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The text has something other than digits and what may stand between them.
    #[error("a code has only digits: type it again")]
    Character {
        /// It stands at this byte.
        position: usize,
    },
    /// The text has a digit of a script that is not read here.
    #[error("digits of another script were typed: type the digits 0 to 9")]
    OtherDigits {
        /// It stands at this byte.
        position: usize,
    },
    /// The text has fewer than six digits.
    #[error("a code has 6 to 8 digits, and this has {digits}: type all of them")]
    TooShort {
        /// There are so many.
        digits: u8,
    },
    /// The text has more than eight digits.
    #[error("a code has 6 to 8 digits, and this has more: type it again")]
    TooLong {
        /// The ninth digit stands at this byte.
        position: usize,
    },
}
