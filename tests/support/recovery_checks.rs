//! What must hold for every typed recovery code, by a second writing of its rules: for the fuzz target and the replay of
//! its corpus.

use secondfactor::RecoveryCode;
use secondfactor::account::RecoveryCodeError;

const SYMBOLS: usize = 25;

/// The input as a typed text, and as the symbols of a right code.
pub(crate) fn recovery_code(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        typed(text);
    }
    completed(input);
}

/// What is taken is what the rules say, and is shown in one way; what is refused is refused for the first fault in it.
fn typed(text: &str) {
    match (read(text), text.parse::<RecoveryCode>()) {
        (Ok(symbols), Ok(code)) => assert_eq!(*code.expose_text(), shown(&symbols)),
        (Err(expected), Err(error)) => assert_eq!(error, expected),
        (expected, got) => panic!("{:?}, and not {:?}", got.err(), expected.err()),
    }
}

/// Any symbols and their check are a code, however they are typed; with any other symbol, or two exchanged, they are none.
fn completed(input: &[u8]) {
    let mut symbols = [0; SYMBOLS];
    symbols
        .iter_mut()
        .zip(input)
        .for_each(|(symbol, byte)| *symbol = byte & 31);
    symbols[SYMBOLS - 1] = check_symbol(&symbols[..SYMBOLS - 1]);
    let code: RecoveryCode = typed_as(&symbols, input).parse().unwrap();
    let text = code.expose_text();
    assert_eq!(*text, shown(&symbols));
    assert_eq!(*text.parse::<RecoveryCode>().unwrap().expose_text(), *text);
    assert_eq!(format!("{code:?}"), "RecoveryCode(..)");

    let (one, other) = match input {
        [.., one, other] => (usize::from(*one) % SYMBOLS, usize::from(*other)),
        _ => (0, 1),
    };
    let mut mistyped = symbols;
    mistyped[one] ^= 1 + (other % 31) as u8;
    let mut exchanged = symbols;
    exchanged.swap(one, other % SYMBOLS);
    for wrong in [mistyped, exchanged]
        .into_iter()
        .filter(|wrong| *wrong != symbols)
    {
        assert_eq!(
            shown(&wrong).parse::<RecoveryCode>().unwrap_err(),
            RecoveryCodeError::Check
        );
    }
}

/// Crockford's Base32, decoded as it is specified: case does not matter, nor do hyphens; `O` is `0`, `I` and `L` are `1`.
/// Besides, what says nothing may stand anywhere, a full stop at the end, and full-width forms and the digits of Arabic and
/// Persian are those of ASCII.
fn read(text: &str) -> Result<[u8; SYMBOLS], RecoveryCodeError> {
    let mut symbols = Vec::new();
    let end = text.trim_end_matches(is_spacing);
    let full_stop = ['.', '\u{6d4}', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let typed = end.strip_suffix(full_stop).unwrap_or(end);
    for (position, character) in typed
        .char_indices()
        .filter(|(_, character)| !is_spacing(*character) && !is_dash(*character))
    {
        let code = u32::from(character);
        let character = match character {
            '\u{660}'..='\u{669}' => char::from_u32(code - 0x660 + 0x30).unwrap(),
            '\u{6f0}'..='\u{6f9}' => char::from_u32(code - 0x6f0 + 0x30).unwrap(),
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(code - 0xff01 + 0x21).unwrap(),
            other => other,
        };
        let symbol = match character {
            'o' | 'O' => 0,
            'i' | 'I' | 'l' | 'L' => 1,
            '0'..='9' => character as u8 - b'0',
            'a'..='h' => character as u8 - b'a' + 10,
            'A'..='H' => character as u8 - b'A' + 10,
            'j' | 'k' => character as u8 - b'j' + 18,
            'J' | 'K' => character as u8 - b'J' + 18,
            'm' | 'n' => character as u8 - b'm' + 20,
            'M' | 'N' => character as u8 - b'M' + 20,
            'p'..='t' => character as u8 - b'p' + 22,
            'P'..='T' => character as u8 - b'P' + 22,
            'v'..='z' => character as u8 - b'v' + 27,
            'V'..='Z' => character as u8 - b'V' + 27,
            _ if character > '\u{7f}' && character.is_numeric() => {
                return Err(RecoveryCodeError::OtherDigits { position });
            }
            _ => return Err(RecoveryCodeError::Character { position }),
        };
        if symbols.len() == SYMBOLS {
            return Err(RecoveryCodeError::TooLong { position });
        }
        symbols.push(symbol);
    }
    let symbols: [u8; SYMBOLS] =
        symbols
            .try_into()
            .map_err(|short: Vec<u8>| RecoveryCodeError::TooShort {
                symbols: short.len(),
            })?;
    let is_right = check_symbol(&symbols[..SYMBOLS - 1]) == symbols[SYMBOLS - 1];
    is_right.then_some(symbols).ok_or(RecoveryCodeError::Check)
}

/// Blanks by the standard library's table, and what a label refuses for being invisible, but not for what it does.
fn is_spacing(character: char) -> bool {
    let is_joiner = "\u{200c}\u{200d}\u{2d7f}\u{1107f}\u{fe0e}\u{fe0f}".contains(character);
    let is_invisible = matches!(
        u32::from(character),
        0xad | 0x34f
            | 0x61c
            | 0x115f
            | 0x1160
            | 0x17b4
            | 0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x202a..=0x202c
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff
    );
    character.is_whitespace() || is_joiner || is_invisible
}

fn is_dash(character: char) -> bool {
    "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2043}\u{2212}\u{30fc}\u{fe58}\u{fe63}\u{ff0d}\u{ff70}"
        .contains(character)
}

fn shown(symbols: &[u8; SYMBOLS]) -> String {
    let letters =
        symbols.map(|symbol| char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[usize::from(symbol)]));
    letters
        .chunks(5)
        .map(String::from_iter)
        .collect::<Vec<_>>()
        .join("-")
}

/// The same, as people may type it; each byte chooses how.
fn typed_as(symbols: &[u8; SYMBOLS], choices: &[u8]) -> String {
    let choices = choices
        .iter()
        .chain(std::iter::repeat(&0))
        .map(|choice| choice >> 5);
    let plain = shown(symbols).replace('-', "");
    let typed = plain
        .chars()
        .zip(choices)
        .map(|(letter, choice)| match (letter, choice) {
            ('0', 1) => "O".to_owned(),
            ('0', 2) => "o".to_owned(),
            ('1', 1) => "I".to_owned(),
            ('1', 2) => "l".to_owned(),
            (letter, 3 | 4) => letter.to_lowercase().to_string(),
            (letter, 5) => format!("-{letter}"),
            (letter, 6) => format!("{letter}\u{a0}\n"),
            (letter, 7) => char::from_u32(u32::from(letter) + 0xfee0)
                .unwrap()
                .to_string(),
            (letter, _) => letter.to_string(),
        });
    typed.collect()
}

/// The sum of each symbol times a power of x, the 24th down to the first, in GF(32) by x^5 + x^2 + 1.
fn check_symbol(message: &[u8]) -> u8 {
    (0..)
        .zip(message.iter().rev())
        .fold(0, |sum, (place, symbol)| {
            let power = (0..=place).fold(1, |power, _| times(power, 2));
            sum ^ times(*symbol, power)
        })
}

fn times(one: u8, other: u8) -> u8 {
    let product = (0..5)
        .filter(|bit| other >> bit & 1 == 1)
        .fold(0_u16, |sum, bit| sum ^ (u16::from(one) << bit));
    (5..9).rev().fold(product, |rest, bit| {
        if rest >> bit & 1 == 1 {
            rest ^ (0b10_0101 << (bit - 5))
        } else {
            rest
        }
    }) as u8
}
