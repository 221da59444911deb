//! Reading the Key URI Format over RFC 3986.

use alloc::vec::Vec;

use super::error::{UriError, UriPart, map_secret_position};
use super::names::Names;
use super::percent::{self, Span};
use super::repair::{Leniency, Repair};
use super::value::KeyUri;
use crate::codes::typed::is_separator;
use crate::codes::{Algorithm, Counter, Digits, Parameters, Period, Secret, SecretError};

impl KeyUri {
    /// Reads a URI strictly, as the Key URI Format and RFC 3986 define it.
    ///
    /// Scheme, type, secret and algorithm may be in upper or lower case. `algorithm`, `digits` and
    /// `period` may be absent: their defaults are SHA-1, six digits and 30 seconds. Unknown
    /// parameters are ignored, and so are those that belong to the other type. A `+` is a plus.
    ///
    /// ```
    /// use secondfactor::provisioning::{KeyUri, UriError, UriPart};
    ///
    /// let uri = KeyUri::parse("otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
    /// assert_eq!((uri.issuer(), uri.account()), (Some("Example"), "alice"));
    ///
    /// let error = KeyUri::parse("otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=MD5").unwrap_err();
    /// assert_eq!(error, UriError::Value { part: UriPart::Algorithm, position: 71 });
    /// # Ok::<(), UriError>(())
    /// ```
    ///
    /// # Errors
    /// [`UriError`] for anything else, which includes a secret under 128 bits, different issuers in
    /// label and parameter, a parameter given twice, a value that is not understood, any `encoder`,
    /// and an `epoch` or `t0` other than 0.
    pub fn parse(uri: &str) -> Result<Self, UriError> {
        read(uri, &mut Leniency::Strict)
    }

    /// Reads a URI as services and apps really write them, and returns what it repaired: see
    /// [`Repair`].
    ///
    /// Show the list to whoever imports the URI, or log it. A secret under 128 bits is one of the
    /// repairs, as services give such secrets out. Its codes are weaker.
    ///
    /// ```
    /// use secondfactor::provisioning::{KeyUri, Repair};
    ///
    /// let (uri, repairs) = KeyUri::parse_lenient(
    ///     "otpauth://totp/Some+Company%3ame%40somecompany.net?secret=abcdefghijklmnop&issuer=Microsoft",
    /// )?;
    /// assert_eq!((uri.issuer(), uri.account()), (Some("Microsoft"), "me@somecompany.net"));
    /// assert_eq!(repairs, [Repair::WeakSecret, Repair::IssuerMismatch { label: "Some+Company".into() }]);
    /// # Ok::<(), secondfactor::provisioning::UriError>(())
    /// ```
    ///
    /// # Errors
    /// [`UriError`] for what can't be understood without a guess.
    pub fn parse_lenient(uri: &str) -> Result<(Self, Vec<Repair>), UriError> {
        let mut leniency = Leniency::Lenient(Vec::new());
        let uri = read(uri, &mut leniency)?;
        Ok((uri, leniency.into_repairs()))
    }
}

fn read(uri: &str, leniency: &mut Leniency) -> Result<KeyUri, UriError> {
    if uri.len() > KeyUri::MAX_URI_LEN {
        return Err(UriError::TooLong { part: UriPart::Uri });
    }
    let rest = read_scheme(uri, leniency)?;
    percent::check(rest, leniency)?;
    let (path, query) = rest.split_once("?").unwrap_or((rest, rest.nothing()));
    let (kind, label) = read_path(path, leniency)?;
    let query = Query::read(query, kind, leniency)?;
    query.refuse_other_codes()?;
    let secret = query.secret(leniency)?;
    let algorithm = query.algorithm(leniency)?;
    let digits = query.digits()?;
    let parameters = match kind {
        Kind::Totp => Parameters::totp(query.period()?),
        Kind::Hotp => Parameters::hotp(query.counter(leniency)?),
    };
    let names = Names::read(label, query.get(UriPart::Issuer), leniency)?;
    Ok(KeyUri::from_parts(
        secret,
        names,
        parameters.with_algorithm(algorithm).with_digits(digits),
    ))
}

/// Returns what stands behind `otpauth://`.
fn read_scheme<'u>(uri: &'u str, leniency: &mut Leniency) -> Result<Span<'u>, UriError> {
    let whole = Span::whole(uri);
    let trimmed = whole.trim();
    if trimmed.text.len() != uri.len() {
        let position = if trimmed.start > 0 {
            0
        } else {
            trimmed.text.len()
        };
        leniency.repair(
            Repair::OuterBlanks,
            UriError::Character {
                part: UriPart::Uri,
                position,
            },
        )?;
    }

    let (scheme, rest) = trimmed.split_once("://").ok_or(UriError::Scheme)?;
    if scheme.text.eq_ignore_ascii_case("apple-otpauth") {
        leniency.repair(Repair::AppleScheme, UriError::Scheme)?;
    } else if !scheme.text.eq_ignore_ascii_case("otpauth") {
        return Err(UriError::Scheme);
    }
    Ok(rest)
}

/// Returns the type and the label.
fn read_path<'u>(path: Span<'u>, leniency: &mut Leniency) -> Result<(Kind, Span<'u>), UriError> {
    let (authority, label) = path.split_once("/").unwrap_or((path, path.nothing()));
    let kind = match authority.text {
        kind if kind.eq_ignore_ascii_case("totp") => Kind::Totp,
        kind if kind.eq_ignore_ascii_case("hotp") => Kind::Hotp,
        _ => {
            return Err(UriError::Type {
                position: authority.start,
            });
        }
    };
    if label.text.is_empty() {
        let (repair, part) = (
            Repair::Empty {
                part: UriPart::Account,
            },
            UriPart::Label,
        );
        leniency.repair(repair, UriError::Empty { part })?;
    }
    if let Some(position) = label.find('/') {
        leniency.repair(Repair::LabelSlash, UriError::Label { position })?;
    }
    Ok((kind, label))
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Totp,
    Hotp,
}

/// Lists the parameters that mean something. Others are ignored.
const KNOWN: [(&str, UriPart); 9] = [
    ("secret", UriPart::Secret),
    ("issuer", UriPart::Issuer),
    ("algorithm", UriPart::Algorithm),
    ("digits", UriPart::Digits),
    ("period", UriPart::Period),
    ("counter", UriPart::Counter),
    ("encoder", UriPart::Encoder),
    ("epoch", UriPart::Epoch),
    ("t0", UriPart::T0),
];

/// Holds the values of the known parameters: each at most once, none empty, none of the other type.
struct Query<'u>(Vec<(UriPart, Span<'u>)>);

impl<'u> Query<'u> {
    fn read(query: Span<'u>, kind: Kind, leniency: &mut Leniency) -> Result<Self, UriError> {
        let mut seen = Vec::with_capacity(KNOWN.len());
        let mut values = Vec::with_capacity(KNOWN.len());
        for piece in query.split('&') {
            let (name, value) = piece.split_once("=").unwrap_or((piece, piece.nothing()));
            let Some(part) = known_name(name, leniency)? else {
                continue;
            };
            if seen.contains(&part) {
                return Err(UriError::Duplicate {
                    part,
                    position: name.start,
                });
            }
            seen.push(part);
            let is_foreign = match part {
                UriPart::Counter => kind == Kind::Totp,
                UriPart::Period | UriPart::Epoch | UriPart::T0 => kind == Kind::Hotp,
                _ => false,
            };
            if is_foreign {
                continue;
            }
            if value.text.is_empty() {
                leniency.repair(Repair::Empty { part }, UriError::Empty { part })?;
                continue;
            }
            values.push((part, value));
        }
        Ok(Self(values))
    }

    fn get(&self, part: UriPart) -> Option<Span<'u>> {
        self.0
            .iter()
            .find(|(name, _)| *name == part)
            .map(|(_, value)| *value)
    }

    /// Refuses `encoder`, which asks for codes that are not decimal, and `epoch` and `t0`, which
    /// ask for another beginning of step 0.
    fn refuse_other_codes(&self) -> Result<(), UriError> {
        for part in [UriPart::Encoder, UriPart::Epoch, UriPart::T0] {
            let Some(value) = self.get(part) else {
                continue;
            };
            if part == UriPart::Encoder || decimal(value) != Some(0) {
                return Err(UriError::Unsupported {
                    part,
                    position: value.start,
                });
            }
        }
        Ok(())
    }

    fn secret(&self, leniency: &mut Leniency) -> Result<Secret, UriError> {
        let value = self.get(UriPart::Secret).ok_or(UriError::Missing {
            part: UriPart::Secret,
        })?;
        let mut bytes = value.decode();
        let refuse =
            |error| UriError::Secret(map_secret_position(error, |index| value.position(index)));
        // This is what a form makes of a blank, and means nothing else in a secret.
        if let Some(position) = bytes.iter().position(|byte| *byte == b'+') {
            let error = refuse(SecretError::Character { position });
            leniency.repair(Repair::SecretSeparators, error)?;
            let pluses = bytes.iter_mut().filter(|byte| **byte == b'+');
            pluses.for_each(|plus| *plus = b' ');
        }
        let text = core::str::from_utf8(&bytes).map_err(|error| {
            refuse(SecretError::Character {
                position: error.valid_up_to(),
            })
        })?;
        let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '=';
        for (position, character) in text.char_indices().filter(|(_, one)| !is_plain(*one)) {
            let error = refuse(SecretError::Character { position });
            if !is_separator(character) {
                return Err(error);
            }
            leniency.repair(Repair::SecretSeparators, error)?;
        }
        let (secret, spare) = Secret::from_base32_with_spare_bits(text).map_err(refuse)?;
        if let Some(position) = spare {
            leniency.repair(
                Repair::SpareBits,
                refuse(SecretError::TrailingBits { position }),
            )?;
        }
        if secret.is_weak() {
            leniency.repair(Repair::WeakSecret, refuse(SecretError::TooShort))?;
        }
        Ok(secret)
    }

    fn algorithm(&self, leniency: &mut Leniency) -> Result<Algorithm, UriError> {
        let Some(value) = self.get(UriPart::Algorithm) else {
            return Ok(Algorithm::default());
        };
        let bytes = value.decode();
        let named = |name: &[u8]| {
            let all = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];
            all.into_iter()
                .find(|algorithm| name.eq_ignore_ascii_case(algorithm.name().as_bytes()))
        };
        if let Some(algorithm) = named(&bytes) {
            return Ok(algorithm);
        }
        let error = UriError::Value {
            part: UriPart::Algorithm,
            position: value.start,
        };
        // Understands `SHA-256`, `HmacSHA256`, `HMAC_SHA_256` and `Algorithm.sha256`.
        let name = bytes.rsplit(|byte| *byte == b'.').next().unwrap_or(&bytes);
        let is_letter = |byte: &u8| !matches!(byte, b'-' | b'_');
        let bare: Vec<u8> = name.iter().copied().filter(is_letter).collect();
        let bare = match bare.split_at_checked(4) {
            Some((hmac, name)) if hmac.eq_ignore_ascii_case(b"hmac") => name,
            _ => &bare,
        };
        let algorithm = named(bare).ok_or(error)?;
        leniency.repair(Repair::AlgorithmSpelling, error)?;
        Ok(algorithm)
    }

    fn digits(&self) -> Result<Digits, UriError> {
        let Some(value) = self.get(UriPart::Digits) else {
            return Ok(Digits::default());
        };
        let digits = decimal(value)
            .and_then(|count| u8::try_from(count).ok())
            .and_then(Digits::from_count);
        digits.ok_or(UriError::Value {
            part: UriPart::Digits,
            position: value.start,
        })
    }

    fn period(&self) -> Result<Period, UriError> {
        let Some(value) = self.get(UriPart::Period) else {
            return Ok(Period::DEFAULT);
        };
        let seconds = decimal(value).and_then(|seconds| u16::try_from(seconds).ok());
        let period = seconds.and_then(|seconds| Period::from_secs(seconds).ok());
        period.ok_or(UriError::Value {
            part: UriPart::Period,
            position: value.start,
        })
    }

    fn counter(&self, leniency: &mut Leniency) -> Result<Counter, UriError> {
        let part = UriPart::Counter;
        let Some(value) = self.get(part) else {
            leniency.repair(Repair::MissingCounter, UriError::Missing { part })?;
            return Ok(Counter::new(0));
        };
        decimal(value).map(Counter::new).ok_or(UriError::Value {
            part,
            position: value.start,
        })
    }
}

/// Says which parameter a name means. A name in another case is no unknown one: to ignore
/// `Digits=8` would be a guess.
fn known_name(name: Span<'_>, leniency: &mut Leniency) -> Result<Option<UriPart>, UriError> {
    let bytes = name.decode();
    let known = |name: &[u8]| {
        KNOWN
            .iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    let (bare, is_escaped) = match bytes.strip_prefix(b"amp;") {
        Some(bare) => (bare, true),
        None => (bytes.as_slice(), false),
    };
    let Some((spelling, part)) = known(bare) else {
        return Ok(None);
    };
    let error = UriError::Name {
        part: *part,
        position: name.start,
    };
    if is_escaped {
        leniency.repair(Repair::EscapedAmpersand, error)?;
    }
    if bare != spelling.as_bytes() {
        leniency.repair(Repair::ParameterCase { part: *part }, error)?;
    }
    Ok(Some(*part))
}

/// Reads plain decimal, without a sign, a space or a leading zero.
fn decimal(value: Span<'_>) -> Option<u64> {
    let bytes = value.decode();
    let is_plain =
        bytes.iter().all(u8::is_ascii_digit) && (bytes.len() == 1 || bytes.first() != Some(&b'0'));
    core::str::from_utf8(&bytes)
        .ok()
        .filter(|_| is_plain)?
        .parse()
        .ok()
}
