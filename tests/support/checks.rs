//! What must hold for every input: the fuzz targets (`fuzz/`) and the replay of their corpus call the same functions.
#![allow(dead_code)] // each fuzz target calls one

use base64ct::{Base64, Encoding as _};
use secondfactor::codes::{MovingFactor, Secret, SecretError};
use secondfactor::provisioning::{
    ImportedKeys, KeyUri, MigrationError, MigrationExport, MigrationImport, Repair, UriError,
    UriPart,
};
use secondfactor::{Code, Label};

/// Strict reading: what it takes is canonical when built, lenient reading takes it too, and has nothing to repair.
pub(crate) fn uri_strict(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let uri = match KeyUri::parse(text) {
        Ok(uri) => uri,
        Err(error) => return uri_error(text, error),
    };
    assert!(text.len() <= KeyUri::MAX_URI_LEN);
    assert!(!uri.secret().is_weak());
    assert!(!uri.account().is_empty() && !uri.account().contains(':'));
    assert!(
        uri.issuer()
            .is_none_or(|issuer| !issuer.is_empty() && !issuer.contains(':'))
    );
    let built = uri.expose_uri();
    assert_same(&uri, &KeyUri::parse(&built).unwrap());
    for text in [text, &built] {
        let (lenient, repairs) = KeyUri::parse_lenient(text).unwrap();
        assert!(repairs.iter().all(|repair| *repair == Repair::OtherCodes));
        assert_same(&uri, &lenient);
    }
}

/// Lenient reading: what it takes is canonical when built, and it repairs whenever strict reading refuses.
pub(crate) fn uri_lenient(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (uri, repairs) = match KeyUri::parse_lenient(text) {
        Ok(read) => read,
        Err(error) => return uri_error(text, error),
    };
    match KeyUri::parse(text) {
        Ok(strict) => {
            assert!(repairs.iter().all(|repair| *repair == Repair::OtherCodes));
            assert_same(&uri, &strict);
        }
        Err(error) => {
            assert_ne!(repairs, []);
            uri_error(text, error);
        }
    }
    assert_eq!(
        uri.secret().is_weak(),
        repairs.contains(&Repair::WeakSecret)
    );
    round_trip(&uri);
}

/// What remains to be told of a key that is built or exported, and read again.
fn is_of_the_key(repair: &Repair) -> bool {
    let is_other = matches!(
        repair,
        Repair::WeakSecret | Repair::OtherCodes | Repair::Colon { .. }
    );
    is_other || *repair == NO_ACCOUNT
}

const NO_ACCOUNT: Repair = Repair::Empty {
    part: UriPart::Account,
};

/// Builds the URI and reads it again. Only what the key itself is remains to be told.
fn round_trip(uri: &KeyUri) {
    let built = uri.expose_uri();
    let (again, left) = KeyUri::parse_lenient(&built).unwrap();
    assert_same(uri, &again);
    let is_weak = uri.secret().is_weak();
    let has_colon =
        uri.account().contains(':') || uri.issuer().is_some_and(|issuer| issuer.contains(':'));
    assert_eq!(left.contains(&Repair::WeakSecret), is_weak);
    assert!(left.iter().all(is_of_the_key));
    assert_eq!(uri.account().is_empty(), left.contains(&NO_ACCOUNT));
    match KeyUri::parse(&built) {
        Ok(strict) => assert_same(uri, &strict),
        Err(UriError::Secret(SecretError::TooShort)) => assert!(is_weak),
        Err(UriError::Character { .. }) => assert!(has_colon),
        Err(UriError::Empty { part }) => {
            assert!(part == UriPart::Account && uri.account().is_empty());
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn uri_error(text: &str, error: UriError) {
    let position = match error {
        UriError::Secret(
            SecretError::Character { position }
            | SecretError::OtherDigits { position }
            | SecretError::Length { position }
            | SecretError::TrailingBits { position }
            | SecretError::Padding { position },
        )
        | UriError::Character { position, .. }
        | UriError::Type { position }
        | UriError::Label { position }
        | UriError::Escape { position }
        | UriError::Utf8 { position, .. }
        | UriError::Fragment { position }
        | UriError::IssuerMismatch { position }
        | UriError::Duplicate { position, .. }
        | UriError::Name { position, .. }
        | UriError::Value { position, .. }
        | UriError::Unsupported { position, .. } => position,
        _ => 0,
    };
    assert!(text.is_char_boundary(position), "{error:?}");
}

/// Migration, the input as a URI and as the message in one: what is imported can be exported, and imported again.
pub(crate) fn migration(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        migration_uri(text);
    }
    let data = Base64::encode_string(input).replace('+', "%2B");
    migration_uri(&format!("otpauth-migration://offline?data={data}"));
}

fn migration_uri(text: &str) {
    let mut import = MigrationImport::new();
    if let Err(error) = import.add(text) {
        if let MigrationError::Data { position } = error {
            assert!(text.is_char_boundary(position));
        }
        return;
    }
    // Once more changes nothing.
    let missing = import.missing();
    import.add(text).unwrap();
    assert_eq!(import.missing(), missing);
    assert!(missing.len() < usize::from(MigrationImport::MAX_PARTS));
    if !missing.is_empty() {
        assert_eq!(
            import.finish().unwrap_err(),
            MigrationError::Missing { parts: missing }
        );
        return;
    }

    let ImportedKeys { keys, refused, .. } = import.finish().unwrap();
    assert!(refused.iter().all(|key| key.part > 0 && key.key > 0));
    let mut export = MigrationExport::new(-1);
    for (key, repairs) in &keys {
        assert_eq!(
            key.secret().is_weak(),
            repairs.contains(&Repair::WeakSecret)
        );
        round_trip(key);
        match export.add(key) {
            Err(MigrationError::TooMany) => return,
            added => added.unwrap(),
        }
    }
    let mut import = MigrationImport::new();
    export
        .expose_uris()
        .iter()
        .rev()
        .for_each(|uri| import.add(uri).unwrap());
    if keys.is_empty() {
        assert_eq!(
            import.finish().unwrap_err(),
            MigrationError::Missing { parts: Vec::new() }
        );
        return;
    }
    let ImportedKeys { keys: again, .. } = import.finish().unwrap();
    assert_eq!(keys.len(), again.len());
    for ((key, _), (again, left)) in keys.iter().zip(&again) {
        assert_same(key, again);
        assert!(left.iter().all(is_of_the_key));
    }
}

/// Base32: what is read is what a reader of bits gets, and comes back from the text that is shown.
pub(crate) fn base32(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(secret) = Secret::from_weak_base32(text) else {
        assert!(Secret::from_base32(text).is_err());
        return;
    };
    let shown = secret.expose_base32();
    let symbols: String = text
        .chars()
        .filter_map(in_ascii)
        .map(|symbol| symbol.to_ascii_uppercase())
        .collect();
    assert_eq!(&*shown, symbols);
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0_u32);
    for symbol in symbols.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
            .iter()
            .position(|known| *known == symbol)
            .unwrap();
        bits = (bits << 5) | u32::try_from(value).unwrap();
        count = count.wrapping_add(5);
        if count >= 8 {
            count = count.wrapping_sub(8);
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
        }
    }
    assert_eq!(secret.expose_bytes(), bytes);
    assert_eq!(
        Secret::from_weak_base32(&shown).unwrap().expose_bytes(),
        bytes
    );
    assert_eq!(
        Secret::from_weak_bytes(&bytes).unwrap().expose_bytes(),
        bytes
    );
    assert_eq!(secret.is_weak(), bytes.len() < Secret::MIN_LEN);
    assert_eq!(secret.is_weak(), Secret::from_base32(text).is_err());
}

/// The letter or digit that a character stands for.
fn in_ascii(character: char) -> Option<char> {
    let code = u32::from(character);
    let digit = [0x660, 0x6f0].map(|zero| code.checked_sub(zero).filter(|digit| *digit < 10));
    let ascii = match (digit[0].or(digit[1]), character) {
        (Some(digit), _) => char::from_digit(digit, 10)?,
        (None, '\u{ff01}'..='\u{ff5e}') => char::from_u32(code - 0xfee0)?,
        (None, character) => character,
    };
    ascii.is_ascii_alphanumeric().then_some(ascii)
}

/// What nobody can take for anything: it stands between symbols, or behind them.
fn says_nothing(character: char) -> bool {
    " -\t\n\r\u{a0}\u{3000}\u{200b}\u{feff}\u{ad}\u{2060}\u{2010}\u{2014}\u{2212}"
        .contains(character)
}

/// Typed codes: a code is its 6 to 8 digits, whatever says nothing between them.
pub(crate) fn code(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let digits: String = text.chars().filter_map(in_ascii).collect();
    let is_code =
        (6..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<Code>() {
        Ok(code) => {
            assert!(is_code);
            assert_eq!(code.to_string(), digits);
            assert!(digits.parse::<Code>().unwrap() == code);
            // No sign, and no letter or digit of any script, was passed over.
            let others = text
                .chars()
                .filter(|character| in_ascii(*character).is_none());
            for other in others.filter(|other| !".-\u{30fc}\u{ff70}".contains(*other)) {
                assert!(
                    !other.is_ascii_punctuation() && !other.is_ascii_control()
                        || "\t\n\x0b\x0c\r".contains(other)
                );
                assert!(!other.is_numeric());
            }
        }
        Err(_) => {
            let is_blank =
                |one: char| says_nothing(one) && !"-\u{2010}\u{2014}\u{2212}".contains(one);
            let rest = text.trim_end_matches(is_blank);
            let rest = rest.strip_suffix('.').unwrap_or(rest);
            let is_plain = rest
                .chars()
                .all(|character| in_ascii(character).is_some() || says_nothing(character));
            assert!(!is_code || !is_plain);
        }
    }
}

/// Labels: what is taken is taken as it is shown, has nothing invisible at its ends, and reads back.
pub(crate) fn label(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(label) = Label::new(text) else {
        return;
    };
    let shown = label.as_str();
    assert_eq!(Label::new(shown).unwrap().as_str(), shown);
    assert_eq!(shown.trim(), shown);
    assert!((1..=Label::MAX_CHARS).contains(&shown.chars().count()));
    assert!(!shown.contains("  ") && !shown.chars().any(char::is_control));
    let hidden = [
        '\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{202e}', '\u{3164}',
    ];
    assert!(!shown.contains(hidden));
    // Nothing but blanks was changed.
    let marks =
        |text: &str| -> String { text.chars().filter(|one| !one.is_whitespace()).collect() };
    assert_eq!(marks(shown), marks(text));
    // A key URI takes the same names, but for a colon.
    assert_eq!(
        KeyUri::totp(Secret::from_bytes(&[1; 20]).unwrap(), shown, shown).is_ok(),
        !shown.contains(':') && shown.len() <= 254
    );
}

/// Secrets have no equality, so key URIs have none.
pub(crate) fn assert_same(one: &KeyUri, other: &KeyUri) {
    assert_eq!(one.secret().expose_bytes(), other.secret().expose_bytes());
    assert_eq!(
        (one.issuer(), one.account()),
        (other.issuer(), other.account())
    );
    assert_eq!(one.parameters(), other.parameters());
    let is_totp = matches!(one.parameters().moving_factor(), MovingFactor::Time(_));
    assert_eq!(
        (one.to_totp().is_some(), one.to_hotp().is_some()),
        (is_totp, !is_totp)
    );
    assert_eq!(&*one.expose_uri(), &*other.expose_uri());
}
