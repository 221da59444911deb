//! One-time codes as people type and read them.

use core::fmt;
use core::str::FromStr;

use subtle::{Choice, ConstantTimeEq};

/// How many decimal digits a code has (RFC 4226 section 5.3: at least 6).
///
/// ```
/// use secondfactor::Digits;
/// assert_eq!(Digits::default(), Digits::Six);
/// assert_eq!(Digits::Eight.count(), 8);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digits {
    /// Six digits: what every authenticator app shows.
    #[default]
    Six,
    /// Seven digits.
    Seven,
    /// Eight digits.
    Eight,
}

impl Digits {
    /// The number of digits, if a code can have that many.
    ///
    /// ```
    /// use secondfactor::Digits;
    /// assert_eq!(Digits::from_count(6), Some(Digits::Six));
    /// assert_eq!(Digits::from_count(5), None);
    /// ```
    #[must_use]
    pub const fn from_count(count: u8) -> Option<Self> {
        match count {
            6 => Some(Self::Six),
            7 => Some(Self::Seven),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// The number of digits: 6, 7 or 8.
    #[must_use]
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }

    /// The 31-bit value modulo 10^digits (RFC 4226 section 5.3).
    const fn reduce(self, value: u32) -> u32 {
        match self {
            Self::Six => const { Decimal::new(1_000_000, 51) }.remainder(value),
            Self::Seven => const { Decimal::new(10_000_000, 55) }.remainder(value),
            Self::Eight => const { Decimal::new(100_000_000, 58) }.remainder(value),
        }
    }
}

/// Division by a constant as a multiplication: a `div` takes a time that depends on the secret value, and the
/// compiler leaves one at some optimization levels even for a constant.
struct Decimal {
    divisor: u32,
    reciprocal: u64,
    shift: u32,
}

#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // in range by the assertions, for every 31-bit value
impl Decimal {
    const fn new(divisor: u32, shift: u32) -> Self {
        let reciprocal = (1 << shift) / divisor as u64 + 1;
        // Granlund and Montgomery 1994, theorem 4.2: exact for all 31-bit values if the excess fits in 2^(shift - 31).
        assert!(reciprocal * divisor as u64 - (1 << shift) <= 1 << (shift - 31));
        assert!(reciprocal < 1 << 33);
        Self { divisor, reciprocal, shift }
    }

    const fn remainder(&self, value: u32) -> u32 {
        let quotient = (value as u64 * self.reciprocal) >> self.shift;
        value - quotient as u32 * self.divisor
    }
}

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
/// # Ok::<(), secondfactor::CodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Code {
    value: u32,
    digits: Digits,
}

impl Code {
    pub(crate) const fn from_truncated(value: u32, digits: Digits) -> Self {
        Self { value: digits.reduce(value), digits }
    }

    /// How many digits this code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    pub(crate) fn ct_eq(self, other: Self) -> Choice {
        // 2^31 stands for "another number of digits" and is no value.
        let other_value = if self.digits == other.digits { other.value } else { 1 << 31 };
        self.value.ct_eq(&other_value)
    }
}

/// For callers, who branch on it. In the library codes are compared by `ct_eq`: this is no way out of constant time, and
/// `.ci/constant-time` reports whoever takes it for one.
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
        write!(f, "{:0width$}", self.value, width = usize::from(self.digits.count()))
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

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use super::*;

    #[test]
    fn reduction_is_the_remainder_at_the_edges_and_in_between() {
        let around = |n: u32| [n.wrapping_sub(1), n, n + 1];
        let edges = (0..=2_147).flat_map(|n| around(n * 1_000_000)).chain(around(0x7fff_ffff - 1));
        for value in edges.chain((0..0x8000_0000).step_by(9_973)).filter(|v| *v < 0x8000_0000) {
            assert_eq!(Digits::Six.reduce(value), value % 1_000_000);
            assert_eq!(Digits::Seven.reduce(value), value % 10_000_000);
            assert_eq!(Digits::Eight.reduce(value), value % 100_000_000);
        }
    }
}
