//! The number of digits of a code, and the reduction of a value to them.

/// Says how many decimal digits a code has: at least six (RFC 4226 section 5.3).
///
/// ```
/// use secondfactor::codes::Digits;
/// assert_eq!(Digits::default(), Digits::Six);
/// assert_eq!(Digits::Eight.count(), 8);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digits {
    /// A code has six digits. Every authenticator app can show them.
    #[default]
    Six,
    /// A code has seven digits.
    Seven,
    /// A code has eight digits.
    Eight,
}

impl Digits {
    /// Makes it from a number of digits. Returns `None` if a code can't have that many.
    ///
    /// ```
    /// use secondfactor::codes::Digits;
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

    /// Returns the number of digits: 6, 7 or 8.
    #[must_use]
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }

    /// Reduces a 31-bit value modulo 10^digits (RFC 4226 section 5.3).
    pub(super) const fn reduce(self, value: u32) -> u32 {
        match self {
            Self::Six => const { Decimal::new(1_000_000, 51) }.remainder(value),
            Self::Seven => const { Decimal::new(10_000_000, 55) }.remainder(value),
            Self::Eight => const { Decimal::new(100_000_000, 58) }.remainder(value),
        }
    }
}

/// Divides by a constant with a multiplication. A `div` takes a time that depends on the secret
/// value, and at some optimization levels the compiler leaves one even for a constant.
struct Decimal {
    divisor: u32,
    reciprocal: u64,
    shift: u32,
}

#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // in range by the assertions, for every 31-bit value
impl Decimal {
    const fn new(divisor: u32, shift: u32) -> Self {
        let reciprocal = (1 << shift) / divisor as u64 + 1;
        // Granlund and Montgomery 1994, theorem 4.2: this is exact for all 31-bit values if the
        // excess fits in 2^(shift - 31).
        assert!(reciprocal * divisor as u64 - (1 << shift) <= 1 << (shift - 31));
        assert!(reciprocal < 1 << 33);
        Self {
            divisor,
            reciprocal,
            shift,
        }
    }

    const fn remainder(&self, value: u32) -> u32 {
        let quotient = (value as u64 * self.reciprocal) >> self.shift;
        value - quotient as u32 * self.divisor
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use super::*;

    #[test]
    fn reduction_is_the_remainder_at_the_edges_and_in_between() {
        let around = |n: u32| [n.wrapping_sub(1), n, n + 1];
        let edges = (0..=2_147)
            .flat_map(|n| around(n * 1_000_000))
            .chain(around(0x7fff_ffff - 1));
        for value in edges
            .chain((0..0x8000_0000).step_by(9_973))
            .filter(|v| *v < 0x8000_0000)
        {
            assert_eq!(Digits::Six.reduce(value), value % 1_000_000);
            assert_eq!(Digits::Seven.reduce(value), value % 10_000_000);
            assert_eq!(Digits::Eight.reduce(value), value % 100_000_000);
        }
    }
}
