//! One-time codes as people type and read them.

use core::fmt;
use core::str::FromStr;

use subtle::{Choice, ConstantTimeEq};

use super::digits::Digits;

/// A one-time code: six to eight ASCII digits.
///
/// What a person types is parsed once, here. Blanks and hyphens between the digits are dropped, anything else that is
/// not an ASCII digit is refused, so no two texts that differ otherwise can mean the same code.
///
/// Equality takes the same time for every pair of codes of a length. `Debug` hides the digits; `Display` shows them,
/// for a prover's screen: don't put it into a log.
///
/// ```
/// use secondfactor::Code;
///
/// let code: Code = "081 804".parse()?;
/// assert_eq!(code.to_string(), "081804");
/// assert_eq!(format!("{code:?}"), "Code(..)");
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

    /// How many digits this code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
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

/// For callers, who branch on it. In the library codes are compared by `ct_eq`: this is no way out of constant time, and
/// `scripts/constant-time` reports whoever takes it for one.
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
        for (position, character) in text.char_indices() {
            match character {
                '0'..='9' if count == 8 => return Err(CodeError::TooLong { position }),
                // `count` is below 8, so the value stays below 10^8.
                '0'..='9' => {
                    let digit = u32::from(character).wrapping_sub(u32::from('0'));
                    value = value.wrapping_mul(10).wrapping_add(digit);
                    count = count.wrapping_add(1);
                }
                ' ' | '-' => {}
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

/// Why a text is not a [`Code`]. Positions are byte offsets; the text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Something other than an ASCII digit, space or hyphen.
    #[error("not a digit at byte {position}")]
    Character {
        /// Where it stands.
        position: usize,
    },
    /// Fewer than six digits.
    #[error("a code has 6 to 8 digits, this has {digits}")]
    TooShort {
        /// How many there are.
        digits: u8,
    },
    /// A ninth digit.
    #[error("a code has 6 to 8 digits, this has more: byte {position}")]
    TooLong {
        /// Where the ninth digit stands.
        position: usize,
    },
}
