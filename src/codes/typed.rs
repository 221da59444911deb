//! What the characters of a text mean that people type, paste or read: one table for codes, recovery
//! codes, secrets, labels and the names in key URIs.

/// Says what a character is, wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Visible,
    /// It is a blank within a line.
    Blank,
    /// It ends a line, or is a tab.
    Break,
    /// It is invisible, and changes how its two neighbours are written.
    Joiner,
    /// It is invisible, and says whether the character before it is drawn as an emoji.
    Selector,
    /// It is invisible, and of no use where a text has a meaning letter by letter.
    Invisible,
    /// It is a control character, turns the order of characters around, or has no agreed look.
    Refused,
}

pub(crate) const fn kind(character: char) -> Kind {
    match character {
        '!'..='~' => Kind::Visible,
        // Unicode's `Space_Separator`.
        ' '
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => Kind::Blank,
        '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Kind::Break,
        // The last two join letters of Tifinagh and numbers of Brahmi.
        '\u{200c}' | '\u{200d}' | '\u{2d7f}' | '\u{1107f}' => Kind::Joiner,
        '\u{fe0e}' | '\u{fe0f}' => Kind::Selector,
        _ if is_control(character) || has_no_look(character) => Kind::Refused,
        _ if is_format(character) || is_ignorable(character) => Kind::Invisible,
        _ => Kind::Visible,
    }
}

/// Returns what a text says that is read letter by letter: each character in ASCII where it has a
/// form there, with the byte where it stands.
///
/// Blanks, line ends, invisible characters and dashes say nothing, nor does a full stop at the end,
/// which is copied with the sentence before it. Everything else is for the reader to refuse.
pub(crate) fn symbols(text: &str) -> impl Iterator<Item = (usize, char)> {
    let end = text.trim_end_matches(is_spacing);
    end.strip_suffix(is_full_stop)
        .unwrap_or(end)
        .char_indices()
        .filter(|(_, character)| !is_separator(*character))
        .map(|(position, character)| (position, to_ascii(character)))
}

/// Says whether a character stands for nothing but a blank, or for nothing at all.
pub(crate) const fn is_spacing(character: char) -> bool {
    matches!(
        kind(character),
        Kind::Blank | Kind::Break | Kind::Joiner | Kind::Selector | Kind::Invisible
    )
}

/// Says whether a character only parts groups of symbols.
pub(crate) const fn is_separator(character: char) -> bool {
    is_spacing(character) || is_dash(character)
}

/// Says whether a character, left over by [`symbols`], is a digit that has no form in ASCII here.
pub(crate) fn is_foreign_digit(character: char) -> bool {
    !character.is_ascii() && character.is_numeric()
}

/// Says whether a character may be in no name or label, wherever it stands.
pub(crate) const fn is_hidden(character: char) -> bool {
    matches!(
        kind(character),
        Kind::Break | Kind::Invisible | Kind::Refused
    )
}

/// Returns where the first character stands that is hidden, or joins nothing visible. An end of the
/// text is like a blank.
pub(crate) fn find_hidden(text: &str) -> Option<usize> {
    let mut before = (Kind::Blank, 0);
    for (position, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let next = kind(character);
        match (before.0, next) {
            (Kind::Joiner, Kind::Blank) => return Some(before.1),
            _ if is_hidden(character) => return Some(position),
            (Kind::Blank | Kind::Joiner, Kind::Joiner | Kind::Selector)
            | (Kind::Selector, Kind::Selector) => return Some(position),
            _ => before = (next, position),
        }
    }
    None
}

/// The dashes of Unicode that look like a hyphen, and the mark that a Japanese keyboard types for
/// one.
const fn is_dash(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{30fc}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{ff70}'
    )
}

/// The full stops of ASCII, of Arabic and of East Asia.
const fn is_full_stop(character: char) -> bool {
    matches!(
        character,
        '.' | '\u{6d4}' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}'
    )
}

/// Full-width forms, and the digits of Arabic and Persian, are the ASCII characters that they stand
/// for.
fn to_ascii(character: char) -> char {
    let first = match character {
        '\u{660}'..='\u{669}' => 0x660 - 0x30,
        '\u{6f0}'..='\u{6f9}' => 0x6f0 - 0x30,
        '\u{ff01}'..='\u{ff5e}' => 0xff01 - 0x21,
        _ => return character,
    };
    char::from_u32(u32::from(character).wrapping_sub(first)).unwrap_or(character)
}

/// Unicode's `Control`, and the two characters that reverse what stands behind them: it is read in
/// another order than it is shown.
const fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202d}' | '\u{202e}'
    )
}

/// What else Unicode calls `Format`, as far as it is invisible.
const fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// What else Unicode calls `Default_Ignorable_Code_Point`.
const fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What is drawn around or between other signs and has no look of its own: marks of Unicode's
/// `Format` in front of numbers, fillers, spaces of notations, controls of signs, the place of an
/// object. Also what has another look in every font: private use, and what is no character.
const fn has_no_look(character: char) -> bool {
    matches!(
        character,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' // Arabic, Syriac
            | '\u{110bd}' | '\u{110cd}' // Kaithi
            | '\u{2800}' // the empty pattern of Braille
            | '\u{303f}' // an ideographic half space
            | '\u{fffc}' // the place of an object
            | '\u{13430}'..='\u{1345f}' // controls of Egyptian hieroglyphs
            | '\u{16fe4}' // the filler of the Khitan small script
            | '\u{1bc9d}' // a selector of Duployan
            | '\u{1bca0}'..='\u{1bca3}' // controls of shorthand
            | '\u{1d159}' // a note without a head
            | '\u{1d173}'..='\u{1d17a}' // controls of music
            | '\u{1da7f}' | '\u{1da80}' // spaces of SignWriting
            | '\u{1da9b}'..='\u{1daaf}' // modifiers of SignWriting
            | '\u{e000}'..='\u{f8ff}'
            | '\u{f0000}'..='\u{10ffff}'
            | '\u{fdd0}'..='\u{fdef}'
    ) || matches!(character as u32 & 0xffff, 0xfffe | 0xffff)
}
