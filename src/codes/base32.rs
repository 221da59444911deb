//! Base32 (RFC 4648 section 6) of what is secret.

use alloc::string::String;
use alloc::vec::Vec;

use base32::Alphabet::Rfc4648;
use zeroize::Zeroizing;

use super::secret_error::SecretError;
use super::typed;

/// The greatest number of bytes of a secret: one block of SHA-512.
pub(super) const MAX_LEN: usize = 128;

/// Decodes a Base32 text as `Secret::from_base32` describes it.
pub(crate) fn decode_base32(text: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    match decode_with_spare_bits(text)? {
        (bytes, None) => Ok(bytes),
        (_, Some(position)) => Err(SecretError::TrailingBits { position }),
    }
}

/// Decodes a Base32 text whose last symbol may have bits behind the last byte (RFC 4648 section
/// 3.5), which are dropped. Returns where that symbol stands, if it has any.
///
/// `base32` is no validator. It gets only what this function has checked.
pub(super) fn decode_with_spare_bits(
    text: &str,
) -> Result<(Zeroizing<Vec<u8>>, Option<usize>), SecretError> {
    let decode = |symbols| {
        let bytes = base32::decode(Rfc4648 { padding: false }, symbols);
        Zeroizing::new(bytes.unwrap_or_default())
    };
    // Text from a machine needs no repair. A copy of it would cost as much as decoding it.
    if text.len() <= MAX_SYMBOLS && text.bytes().fold(true, |all, byte| all & is_symbol(byte)) {
        let spare = spare_bits(text, text.len().saturating_sub(1))?;
        return Ok((decode(text), spare));
    }
    let (symbols, spare) = repair_base32(text)?;
    Ok((decode(&symbols), spare))
}

/// The longest secret has so many symbols.
const MAX_SYMBOLS: usize = (MAX_LEN * 8).div_ceil(5);

/// Returns the symbols of a text in upper case, without what says nothing and without padding. Says
/// where the last symbol stands, if it has bits to spare.
fn repair_base32(text: &str) -> Result<(Zeroizing<String>, Option<usize>), SecretError> {
    let mut symbols = Zeroizing::new(String::with_capacity(text.len().min(MAX_SYMBOLS)));
    let (mut pads, mut first_pad, mut last_symbol) = (0_usize, 0, 0);
    for (position, character) in typed::symbols(text) {
        match u8::try_from(character.to_ascii_uppercase()) {
            Ok(b'=') => {
                first_pad = if pads == 0 { position } else { first_pad };
                pads = pads.saturating_add(1);
            }
            Ok(symbol) if is_symbol(symbol) => {
                if pads > 0 {
                    return Err(SecretError::Padding {
                        position: first_pad,
                    });
                }
                if symbols.len() == MAX_SYMBOLS {
                    return Err(SecretError::TooLong);
                }
                symbols.push(char::from(symbol));
                last_symbol = position;
            }
            _ if typed::is_foreign_digit(character) => {
                return Err(SecretError::OtherDigits { position });
            }
            _ => return Err(SecretError::Character { position }),
        }
    }
    let spare = spare_bits(&symbols, last_symbol)?;
    let missing = symbols
        .len()
        .next_multiple_of(8)
        .saturating_sub(symbols.len());
    if pads > 0 && pads != missing {
        return Err(SecretError::Padding {
            position: first_pad,
        });
    }
    Ok((symbols, spare))
}

/// Returns where the last symbol stands, if it has bits behind the last byte. RFC 4648 section 6:
/// eight symbols are five bytes, and only some lengths of a last group end with a byte.
fn spare_bits(symbols: &str, position: usize) -> Result<Option<usize>, SecretError> {
    let left_over = match symbols.len() % 8 {
        0 => return Ok(None),
        2 => 0b11,
        4 => 0b1111,
        5 => 0b1,
        7 => 0b111,
        _ => return Err(SecretError::Length { position }),
    };
    let last = symbols.bytes().last();
    let is_set = last.is_some_and(|last| symbol_value(last) & left_over != 0);
    Ok(is_set.then_some(position))
}

const fn is_symbol(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'2'..=b'7')
}

const fn symbol_value(symbol: u8) -> u8 {
    symbol.wrapping_sub(if symbol.is_ascii_digit() {
        b'2' - 26
    } else {
        b'A'
    })
}
