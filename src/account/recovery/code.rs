//! Recovery codes as people keep and type them.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::codes::{RngError, SecretText, fill_random};

/// Crockford's alphabet: no I, L, O, which are read as 1, 1, 0, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The selector, 23 secret symbols of five bits, the check symbol.
const SYMBOLS: usize = 25;
const GROUP: usize = 5;

/// A code for those who have lost their device: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`, 115 secret bits. It works once.
///
/// What people type is repaired where it can mean one thing only: any case, `O` for `0`, `I` and `L` for `1`, blanks and
/// hyphens anywhere. The last symbol is a check: a typo, or two symbols exchanged, is an error here, which costs no try.
///
/// ```
/// use secondfactor::{RecoveryCode, RecoveryCodes};
///
/// let code = RecoveryCodes::generate()?.into_iter().next().ok_or("no code")?;
/// let text = code.expose_text();
/// assert_eq!(text.len(), 29);
/// let typed: RecoveryCode = text.to_lowercase().replace('-', " ").replace('0', "o").parse()?;
/// assert_eq!(*typed.expose_text(), *text);
/// assert_eq!(format!("{typed:?}"), "RecoveryCode(..)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RecoveryCode {
    /// Each below 32.
    symbols: Zeroizing<[u8; SYMBOLS]>,
}

impl RecoveryCode {
    /// The code as text, to be written down.
    #[must_use]
    pub fn expose_text(&self) -> SecretText {
        let mut text = SecretText::with_capacity(SYMBOLS.saturating_add(SYMBOLS / GROUP));
        for (n, group) in self.symbols.chunks(GROUP).enumerate() {
            if n > 0 {
                text.push_str("-");
            }
            for symbol in group {
                let letter = ALPHABET
                    .get(usize::from(*symbol))
                    .copied()
                    .map_or('?', char::from);
                text.push_str(letter.encode_utf8(&mut [0; 4]));
            }
        }
        text
    }

    pub(super) fn selector(&self) -> u8 {
        let [selector, ..] = *self.symbols;
        selector
    }

    /// What is kept as a hash: the selector and the secret symbols.
    pub(super) fn message(&self) -> &[u8] {
        let [message @ .., _check] = &*self.symbols;
        message
    }

    pub(super) fn generate(selector: u8) -> Result<Self, RngError> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        fill_random(&mut *symbols)?;
        symbols.iter_mut().for_each(|symbol| *symbol &= 31);
        Ok(Self { symbols }.with_selector(selector))
    }

    /// The same secret under another selector.
    pub(super) fn with_selector(mut self, selector: u8) -> Self {
        let [first, .., _check] = &mut *self.symbols;
        *first = selector & 31;
        let check = check_symbol(self.message());
        let [.., last] = &mut *self.symbols;
        *last = check;
        self
    }
}

/// The symbols as coefficients over GF(32), at a generator of its 31 powers (x^5 + x^2 + 1): every single wrong symbol
/// changes it, and so does every exchange of two that differ, as no power comes back within 24.
fn check_symbol(message: &[u8]) -> u8 {
    message
        .iter()
        .fold(0, |sum, symbol| times_generator(sum ^ symbol))
}

const fn times_generator(value: u8) -> u8 {
    // No branch on a secret symbol: the reduction is masked in.
    ((value << 1) ^ (0b10_0101 & ((value >> 4) & 1).wrapping_neg())) & 31
}

impl FromStr for RecoveryCode {
    type Err = RecoveryCodeError;

    fn from_str(text: &str) -> Result<Self, RecoveryCodeError> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        let mut slots = symbols.iter_mut();
        for (position, character) in text.char_indices() {
            let letter = match character.to_ascii_uppercase() {
                ' ' | '-' => continue,
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            };
            let symbol = ALPHABET
                .iter()
                .zip(0_u8..)
                .find(|(known, _)| char::from(**known) == letter);
            let (_, symbol) = symbol.ok_or(RecoveryCodeError::Character { position })?;
            *slots
                .next()
                .ok_or(RecoveryCodeError::TooLong { position })? = symbol;
        }
        let missing = slots.count();
        if missing > 0 {
            return Err(RecoveryCodeError::TooShort {
                symbols: SYMBOLS.saturating_sub(missing),
            });
        }
        let code = Self { symbols };
        let [.., check] = *code.symbols;
        if check_symbol(code.message()) != check {
            return Err(RecoveryCodeError::Check);
        }
        Ok(code)
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

/// Why a text is not a [`RecoveryCode`]: no try was spent. Positions are byte offsets; the text itself is never part of
/// the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryCodeError {
    /// Not a letter or digit of the alphabet.
    #[error("not a recovery code's character at byte {position}")]
    Character {
        /// Where it stands.
        position: usize,
    },
    /// Fewer than 25 symbols.
    #[error("a recovery code has 25 symbols, this has {symbols}")]
    TooShort {
        /// How many there are.
        symbols: usize,
    },
    /// A twenty-sixth symbol.
    #[error("a recovery code has 25 symbols, this has more: byte {position}")]
    TooLong {
        /// Where it stands.
        position: usize,
    },
    /// A symbol is wrong, or two are exchanged.
    #[error("a symbol of the recovery code is mistyped")]
    Check,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::RecoveryCodes;

    fn code() -> RecoveryCode {
        RecoveryCode::generate(7).unwrap()
    }

    #[test]
    fn the_generator_has_31_powers() {
        let powers: std::collections::BTreeSet<u8> =
            std::iter::successors(Some(1), |power| Some(times_generator(*power)))
                .take(31)
                .collect();
        assert_eq!(powers.len(), 31);
        assert!(!powers.contains(&0));
    }

    #[test]
    fn a_code_has_the_selector_it_was_made_for() {
        for selector in 0..32 {
            assert_eq!(
                RecoveryCode::generate(selector).unwrap().selector(),
                selector
            );
        }
    }

    #[test]
    fn every_typo_and_every_exchange_is_caught() {
        let good = code();
        for at in 0..SYMBOLS {
            for symbol in 0..32 {
                let mut bad = RecoveryCode {
                    symbols: good.symbols.clone(),
                };
                bad.symbols[at] = symbol;
                let parsed = bad.expose_text().parse::<RecoveryCode>();
                assert_eq!(parsed.is_ok(), symbol == good.symbols[at], "symbol {at}");
            }
            for other in 0..SYMBOLS {
                let mut bad = RecoveryCode {
                    symbols: good.symbols.clone(),
                };
                bad.symbols.swap(at, other);
                let same = bad.symbols == good.symbols;
                assert_eq!(
                    bad.expose_text().parse::<RecoveryCode>().is_ok(),
                    same,
                    "symbols {at} and {other}"
                );
            }
        }
    }

    #[test]
    fn what_people_type_is_repaired() {
        let good = RecoveryCode {
            symbols: Zeroizing::new([1; SYMBOLS]),
        }
        .with_selector(0);
        let text = good.expose_text();
        for typed in [
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', "  "),
            text.replace('1', "l"),
            text.replace('1', "I"),
            text.replace('0', "o"),
        ] {
            assert_eq!(
                *typed.parse::<RecoveryCode>().unwrap().symbols,
                *good.symbols,
                "{typed}"
            );
        }
    }

    #[test]
    fn debug_shows_no_code() {
        assert_eq!(format!("{:?}", code()), "RecoveryCode(..)");
        assert_eq!(
            format!("{:?}", RecoveryCodes::generate().unwrap()),
            "RecoveryCodes(..)"
        );
    }

    #[test]
    fn errors_say_where_and_not_what() {
        let text = code().expose_text();
        let error = |text: &str| text.parse::<RecoveryCode>().unwrap_err().to_string();
        assert_eq!(error(""), "a recovery code has 25 symbols, this has 0");
        assert_eq!(
            error(&text[..28]),
            "a recovery code has 25 symbols, this has 24"
        );
        assert_eq!(
            error(&format!("{}0", &*text)),
            "a recovery code has 25 symbols, this has more: byte 29"
        );
        assert_eq!(
            error(&format!("U{}", &text[1..])),
            "not a recovery code's character at byte 0"
        );
        assert_eq!(
            error(&format!("{}\u{661}", &text[..28])),
            "not a recovery code's character at byte 28"
        );
        let other = if text.ends_with('0') { '2' } else { '0' };
        assert_eq!(
            error(&format!("{}{other}", &text[..28])),
            "a symbol of the recovery code is mistyped"
        );
    }
}
