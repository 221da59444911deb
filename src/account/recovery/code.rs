//! Recovery codes as owners keep and type them.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::codes::{RngError, SecretText, constant_time, fill_random, typed};

/// Crockford's alphabet has no I, L and O, which are read as 1, 1 and 0, and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// A code has the selector, 23 secret symbols of five bits, and the check symbol.
const SYMBOLS: usize = 25;
const GROUP: usize = 5;
/// The selector of a temporary code. Those of a set count from 0.
pub(super) const TEMPORARY: u8 = 31;

/// Holds a code for an owner who has lost the device: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`, with 115
/// secret bits. It works once.
///
/// What a claimant types or pastes is repaired where it can mean only one thing: any case, `O` for
/// `0`, `I` and `L` for `1`, full-width forms, Arabic and Persian digits. Blanks, line ends,
/// invisible characters and dashes may stand anywhere, and a full stop at the end. The last symbol
/// is a check. It finds a typo, or two symbols exchanged, before a try is spent.
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
    /// Each is below 32.
    symbols: Zeroizing<[u8; SYMBOLS]>,
}

impl RecoveryCode {
    /// Returns the code as text, to be written down.
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

    /// Says whether it claims to be a temporary one, so that its throttle is charged and no other.
    pub(crate) fn is_temporary(&self) -> bool {
        constant_time::verdict(self.selector().ct_eq(&TEMPORARY))
    }

    pub(super) fn selector(&self) -> u8 {
        let [selector, ..] = *self.symbols;
        selector
    }

    /// Returns the selector and the secret symbols, which are kept as a hash.
    pub(crate) fn message(&self) -> &[u8] {
        let [message @ .., _check] = &*self.symbols;
        message
    }

    pub(super) fn generate(selector: u8) -> Result<Self, RngError> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        fill_random(&mut *symbols)?;
        symbols.iter_mut().for_each(|symbol| *symbol &= 31);
        Ok(Self { symbols }.with_selector(selector))
    }

    /// Keeps the secret and replaces the selector.
    pub(super) fn with_selector(mut self, selector: u8) -> Self {
        let [first, .., _check] = &mut *self.symbols;
        *first = selector & 31;
        let check = check_symbol(self.message());
        let [.., last] = &mut *self.symbols;
        *last = check;
        self
    }
}

/// Evaluates the symbols as coefficients over GF(32), at a generator of its 31 powers (x^5 + x^2 +
/// 1). Every single wrong symbol changes the result, and so does every exchange of two that differ,
/// as no power comes back within 24.
fn check_symbol(message: &[u8]) -> u8 {
    message
        .iter()
        .fold(0, |sum, symbol| times_generator(sum ^ symbol))
}

const fn times_generator(value: u8) -> u8 {
    // The reduction is masked in, so that nothing branches on a secret symbol.
    ((value << 1) ^ (0b10_0101 & ((value >> 4) & 1).wrapping_neg())) & 31
}

impl FromStr for RecoveryCode {
    type Err = RecoveryCodeError;

    fn from_str(text: &str) -> Result<Self, RecoveryCodeError> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        let mut slots = symbols.iter_mut();
        for (position, character) in typed::symbols(text) {
            let letter = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            };
            let symbol = ALPHABET
                .iter()
                .zip(0_u8..)
                .find(|(known, _)| char::from(**known) == letter);
            let (_, symbol) = symbol.ok_or(match typed::is_foreign_digit(letter) {
                true => RecoveryCodeError::OtherDigits { position },
                false => RecoveryCodeError::Character { position },
            })?;
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

/// Says why a text is no [`RecoveryCode`]. No try was spent.
///
/// Positions are byte offsets, for developers. `Display` does not show them, as it is for the
/// claimant. The text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryCodeError {
    /// The text has a character that no recovery code has.
    #[error("a recovery code has no such character: compare it with your list")]
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
    /// The text has fewer than 25 symbols.
    #[error("a recovery code has 25 symbols, and this has {symbols}: type all of them")]
    TooShort {
        /// There are so many.
        symbols: usize,
    },
    /// The text has more than 25 symbols.
    #[error("a recovery code has 25 symbols, and this has more: type it again")]
    TooLong {
        /// It stands at this byte.
        position: usize,
    },
    /// A symbol is wrong, or two are exchanged.
    #[error("a symbol of the recovery code is mistyped: compare it with your list")]
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
    fn what_people_paste_is_read() {
        let good = code();
        let text = good.expose_text();
        let in_full_width = |text: &str| -> String {
            text.chars()
                .map(|symbol| char::from_u32(u32::from(symbol) + 0xfee0).unwrap())
                .collect()
        };
        let mut pasted = vec![
            format!("{}\n", &*text),
            format!("{}\r\n", &*text),
            format!("{}.", &*text),
            format!("{}.\n", &*text),
            format!("\u{feff}{}\u{200b}", &*text),
            format!("\t{}\u{3002}", &*text),
            text.replace('-', "\n"),
            in_full_width(&text),
            in_full_width(&text.to_lowercase()),
        ];
        let dashes = "\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2212}\u{a0}\u{ad}\u{30fc}";
        pasted.extend(
            dashes
                .chars()
                .map(|dash| text.replace('-', &dash.to_string())),
        );
        for zero in [0x660, 0x6f0] {
            let typed = text.chars().map(|symbol| match symbol.to_digit(10) {
                Some(digit) => char::from_u32(zero + digit).unwrap(),
                None => symbol,
            });
            pasted.push(typed.collect());
        }
        for typed in pasted {
            let read = typed.parse::<RecoveryCode>().unwrap();
            assert_eq!(*read.symbols, *good.symbols, "{typed:?}");
        }
        for refused in [
            format!(".{}", &*text),
            format!("{}..", &*text),
            text.replace('-', "."),
            text.replace('-', "\u{202e}"),
            format!("{}\0", &*text),
        ] {
            let error = refused.parse::<RecoveryCode>().unwrap_err();
            assert!(
                matches!(error, RecoveryCodeError::Character { .. }),
                "{refused:?}"
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
    fn errors_say_what_to_do_and_show_no_code() {
        let text = code().expose_text();
        let error = |text: &str| text.parse::<RecoveryCode>().unwrap_err().to_string();
        assert_eq!(
            error(""),
            "a recovery code has 25 symbols, and this has 0: type all of them"
        );
        assert_eq!(
            error(&text[..28]),
            "a recovery code has 25 symbols, and this has 24: type all of them"
        );
        assert_eq!(
            error(&format!("{}0", &*text)),
            "a recovery code has 25 symbols, and this has more: type it again"
        );
        assert_eq!(
            error(&format!("U{}", &text[1..])),
            "a recovery code has no such character: compare it with your list"
        );
        assert_eq!(
            error(&format!("{}\u{967}", &text[..28])),
            "digits of another script were typed: type the digits 0 to 9"
        );
        let other = if text.ends_with('0') { '2' } else { '0' };
        assert_eq!(
            error(&format!("{}{other}", &text[..28])),
            "a symbol of the recovery code is mistyped: compare it with your list"
        );
    }
}
