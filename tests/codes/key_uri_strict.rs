//! Key URIs read strictly: what the format allows is taken, the rest is refused where it is wrong.

use std::error::Error;

use secondfactor::codes::{Algorithm, Counter, Digits, Parameters, Period, SecretError};
use secondfactor::provisioning::{KeyUri, UriError, UriPart};

use crate::key_uri::{hotp, refused, totp};
use crate::{KEY, SECRET, secret};

/// Where `what` begins.
fn at(uri: &str, what: &str) -> usize {
    uri.find(what).unwrap()
}

/// A URI of so many bytes.
fn long_uri(length: usize) -> String {
    let uri = totp("Example:alice", "&x=");
    format!("{uri}{}", "x".repeat(length - uri.len()))
}

#[test]
fn strict_takes_what_the_format_allows() {
    let taken = [
        totp("Example:alice", ""),
        totp(
            "Example:alice",
            "&issuer=Example&algorithm=SHA1&digits=6&period=30",
        ),
        totp("alice", "&issuer=Example"),
        totp("Example%3Aalice", "&issuer=Example"),
        totp("Example%3aalice", ""),
        totp("Example:%20%20alice", ""),
        totp("Example:alice", "&algorithm=sHa1"),
        totp("Example:alice", "&%64igits=%36"),
        totp("Example:alice", "&image=https://example.com/a?b%FF&foo&&=x"),
        totp("Example:alice", "&counter=abc&epoch=0&t0=0"),
        totp("Example:alice", "&counter="),
        format!(
            "OTPAUTH://TotP/Example:alice?issuer=Example&secret={}",
            SECRET.to_lowercase()
        ),
        totp("%45xample:%61lice", ""),
        totp("Example:alice", "&issuer=%45xample"),
        long_uri(KeyUri::MAX_URI_LEN),
    ];
    let plain = KeyUri::totp(secret(), "Example", "alice")
        .unwrap()
        .expose_uri();
    for uri in &taken {
        assert_eq!(
            &*KeyUri::parse(uri).expect(uri).expose_uri(),
            &*plain,
            "{uri}"
        );
    }

    let uri = KeyUri::parse(&totp(
        "A+B:c+d@e",
        "&issuer=A+B&digits=7&period=5&algorithm=Sha256",
    ))
    .unwrap();
    assert_eq!(
        (uri.issuer(), uri.account()),
        (Some("A+B"), "c+d@e"),
        "a plus is a plus"
    );
    let parameters = Parameters::totp(Period::MIN)
        .with_algorithm(Algorithm::Sha256)
        .with_digits(Digits::Seven);
    assert_eq!(uri.parameters(), parameters);

    let uri = KeyUri::parse(&hotp("&counter=18446744073709551615&period=0&epoch=7&t0=x")).unwrap();
    assert_eq!(uri.parameters(), Parameters::hotp(Counter::new(u64::MAX)));

    let uri = KeyUri::parse(&totp("alice", "")).unwrap();
    assert_eq!(uri.issuer(), None);
    assert_eq!(
        &*uri.expose_uri(),
        "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30",
    );

    let longest = "x".repeat(KeyUri::MAX_NAME_LEN);
    let uri = KeyUri::parse(&totp(&longest, &format!("&issuer={longest}"))).unwrap();
    assert_eq!((uri.issuer(), uri.account()), (Some(&*longest), &*longest));

    // Padding is Base32.
    let padded = "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY%3D%3D====";
    assert_eq!(
        KeyUri::parse(padded).unwrap().secret().expose_bytes(),
        &KEY[..16]
    );
}

#[test]
fn strict_refuses_the_rest_and_says_where() {
    use UriPart::{
        Account, Algorithm, Counter, Digits, Encoder, Epoch, Issuer, Label, Period, Secret, T0, Uri,
    };

    let part_errors = [
        (String::new(), UriError::Scheme),
        (
            totp("alice", "").replace("otpauth:", "otpauth2:"),
            UriError::Scheme,
        ),
        (totp("alice", "").replace("://", ":"), UriError::Scheme),
        (
            totp("alice", "").replace("otpauth", "apple-otpauth"),
            UriError::Scheme,
        ),
        (
            totp("alice", "").replace("totp", "user@totp"),
            UriError::Type { position: 10 },
        ),
        (
            totp("alice", "").replace("totp", "totp:80"),
            UriError::Type { position: 10 },
        ),
        (
            totp("alice", "").replace("totp", "steam"),
            UriError::Type { position: 10 },
        ),
        (
            totp("alice", "").replace("totp", ""),
            UriError::Type { position: 10 },
        ),
        (totp("", ""), UriError::Empty { part: Label }),
        (
            totp("", "").replace("/?", "?"),
            UriError::Empty { part: Label },
        ),
        (totp("Example:", ""), UriError::Empty { part: Account }),
        (totp("Example:%20", ""), UriError::Empty { part: Account }),
        (totp(":alice", ""), UriError::Empty { part: Issuer }),
        (totp("alice", "&issuer="), UriError::Empty { part: Issuer }),
        (totp("alice", "&issuer"), UriError::Empty { part: Issuer }),
        (totp("alice", "&digits="), UriError::Empty { part: Digits }),
        (totp("..", ""), UriError::Label { position: 15 }),
        (totp("%2E", ""), UriError::Label { position: 15 }),
        (
            totp("alice", "").replace("?secret", "?Secret"),
            UriError::Name {
                part: Secret,
                position: 21,
            },
        ),
        (
            "otpauth://totp/alice".into(),
            UriError::Missing { part: Secret },
        ),
        (
            "otpauth://totp/alice?issuer=Example".into(),
            UriError::Missing { part: Secret },
        ),
        (
            "otpauth://totp/alice?secret=".into(),
            UriError::Empty { part: Secret },
        ),
        (hotp(""), UriError::Missing { part: Counter }),
        (long_uri(4097), UriError::TooLong { part: Uri }),
        (
            totp(&"x".repeat(255), ""),
            UriError::TooLong { part: Account },
        ),
        (
            totp("alice", &format!("&issuer={}", "x".repeat(255))),
            UriError::TooLong { part: Issuer },
        ),
        (
            format!("\u{feff}{}", totp("alice", "")),
            UriError::Character {
                part: Uri,
                position: 0,
            },
        ),
        (
            format!(" {}", totp("alice", "")),
            UriError::Character {
                part: Uri,
                position: 0,
            },
        ),
        (
            format!("{} ", hotp("&counter=1")),
            UriError::Character {
                part: Uri,
                position: hotp("&counter=1").len(),
            },
        ),
    ];
    for (uri, error) in part_errors {
        assert_eq!(refused(&uri), error, "{uri}");
    }

    // The label begins at byte 15.
    type Kind = fn(usize) -> UriError;
    let account: Kind = |position| UriError::Character {
        part: Account,
        position,
    };
    let issuer: Kind = |position| UriError::Character {
        part: Issuer,
        position,
    };
    let uri: Kind = |position| UriError::Character {
        part: Uri,
        position,
    };
    let label_errors: [(&str, &str, Kind); 18] = [
        ("a/b", "/b", |position| UriError::Label { position }),
        ("alice/", "/?", |position| UriError::Label { position }),
        ("a%4", "%4", |position| UriError::Escape { position }),
        ("a%zz", "%zz", |position| UriError::Escape { position }),
        ("100%", "%?", |position| UriError::Escape { position }),
        ("a%20%FFb", "%FF", |position| UriError::Utf8 {
            part: Account,
            position,
        }),
        ("a%FF:b", "%FF", |position| UriError::Utf8 {
            part: Issuer,
            position,
        }),
        ("a#b", "#", |position| UriError::Fragment { position }),
        ("Example:a:b", ":b", account),
        ("Example:a%3Ab", "%3Ab", account),
        ("Example%3Aa%3Ab", "%3Ab", account),
        ("a%3Ab:c", "%3Ab", issuer),
        ("a%00b", "%00", account),
        ("Example:%20%20a%0Ab", "%0A", account),
        ("%E2%80%AEb", "%E2", account),
        ("a b", " b", uri),
        ("Größe", "ö", uri),
        ("a\u{202e}b", "\u{202e}", uri),
    ];
    for (label, what, error) in label_errors {
        let text = totp(label, "");
        assert_eq!(refused(&text), error(at(&text, what)), "{label}");
    }
    assert_eq!(refused(&totp("%20alice", "")), account(15));
    assert_eq!(refused(&totp("alice%20", "")), account(20));
    assert_eq!(refused(&totp("Example%20:alice", "")), issuer(22));

    let value_errors = [
        ("&algorithm=MD5", Algorithm),
        ("&algorithm=SHA-256", Algorithm),
        ("&algorithm=SHA256%20", Algorithm),
        ("&digits=5", Digits),
        ("&digits=9", Digits),
        ("&digits=06", Digits),
        ("&digits=%2B6", Digits),
        ("&digits=+6", Digits),
        ("&digits=%EF%BC%98", Digits),
        ("&digits=262", Digits),
        ("&period=0", Period),
        ("&period=4", Period),
        ("&period=3601", Period),
        ("&period=-30", Period),
        ("&period=30s", Period),
        ("&period=65566", Period),
        ("&period=18446744073709551646", Period),
    ];
    for (more, part) in value_errors {
        let text = totp("alice", more);
        let position = text.rfind('=').unwrap() + 1;
        assert_eq!(refused(&text), UriError::Value { part, position }, "{more}");
        assert_eq!(
            KeyUri::parse_lenient(&text).is_ok(),
            more == "&algorithm=SHA-256",
            "{more}"
        );
    }
    for counter in ["-1", "01", "abc", "18446744073709551616", "0x1", "%D9%A1"] {
        let text = hotp(&format!("&counter={counter}"));
        let position = at(&text, "counter=") + 8;
        assert_eq!(
            refused(&text),
            UriError::Value {
                part: Counter,
                position
            },
            "{counter}"
        );
        assert!(KeyUri::parse_lenient(&text).is_err(), "{counter}");
    }
    for (more, part) in [
        ("&encoder=steam", Encoder),
        ("&epoch=1", Epoch),
        ("&t0=00", T0),
        ("&t0=-1", T0),
    ] {
        let text = totp("alice", more);
        let position = text.rfind('=').unwrap() + 1;
        assert_eq!(
            refused(&text),
            UriError::Unsupported { part, position },
            "{more}"
        );
        assert!(KeyUri::parse_lenient(&text).is_err(), "{more}");
    }

    let twice = [
        ("&secret=A", Secret),
        ("&digits=6&digits=6", Digits),
        ("&counter=1&counter=2", Counter),
    ];
    for (more, part) in twice {
        let text = totp("alice", more);
        let position = text.rfind('&').unwrap() + 1;
        assert_eq!(
            refused(&text),
            UriError::Duplicate { part, position },
            "{more}"
        );
        assert!(KeyUri::parse_lenient(&text).is_err(), "{more}");
    }
    for (more, part) in [
        ("&Digits=8", Digits),
        ("&amp;digits=8", Digits),
        ("&COUNTER=1", Counter),
    ] {
        assert_eq!(
            refused(&totp("alice", more)),
            UriError::Name { part, position: 61 },
            "{more}"
        );
    }
    let text = totp("Example:alice", "&issuer=Other");
    assert_eq!(
        refused(&text),
        UriError::IssuerMismatch {
            position: at(&text, "Other")
        }
    );
}

#[test]
fn a_secret_is_refused_where_it_is_bad() {
    let secrets = [
        (
            "GEZDGNBV0Y3TQOJQGEZDGNBVGY3TQOJQ",
            SecretError::Character { position: 36 },
        ),
        (
            "GEZDGNBV%41%30TQOJQGEZDGNBVGY3TQOJQ",
            SecretError::Character { position: 39 },
        ),
        (
            "GEZD%20GNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            SecretError::Character { position: 32 },
        ),
        (
            "GEZD-GNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            SecretError::Character { position: 32 },
        ),
        (
            "GEZD+GNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            SecretError::Character { position: 32 },
        ),
        ("GEZD%C3%28", SecretError::Character { position: 32 }),
        (
            "%47EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
            SecretError::Length { position: 62 },
        ),
        (
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAB",
            SecretError::TrailingBits { position: 61 },
        ),
        (
            "GEZDGNBVGY3TQOJQGEZDGNBVGY=",
            SecretError::Padding { position: 54 },
        ),
        ("======", SecretError::Padding { position: 28 }),
        ("JBSWY3DPEHPK3PXP", SecretError::TooShort),
        (&"A".repeat(209), SecretError::TooLong),
    ];
    for (text, error) in secrets {
        assert_eq!(
            refused(&format!("otpauth://totp/alice?secret={text}")),
            UriError::Secret(error),
            "{text}"
        );
    }
    let error = refused("otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP");
    assert_eq!(
        error.source().unwrap().to_string(),
        "the secret has fewer than 128 bits"
    );
}

#[test]
fn messages() {
    let (part, position) = (UriPart::Digits, 7);
    let messages = [
        (UriError::Empty { part }, "the number of digits is empty"),
        (
            UriError::TooLong { part: UriPart::Uri },
            "the URI is too long",
        ),
        (
            UriError::Character {
                part: UriPart::Account,
                position,
            },
            "the account name has a character it must not have, at byte 7",
        ),
        (UriError::Scheme, "not an otpauth:// URI"),
        (
            UriError::Type { position },
            "the type is not totp or hotp, at byte 7",
        ),
        (
            UriError::Label { position },
            "the label is not one path segment, at byte 7",
        ),
        (
            UriError::Escape { position },
            "an incomplete percent-encoding at byte 7",
        ),
        (
            UriError::Utf8 {
                part: UriPart::Issuer,
                position,
            },
            "the issuer is not UTF-8, at byte 7",
        ),
        (UriError::Fragment { position }, "a fragment at byte 7"),
        (
            UriError::IssuerMismatch { position },
            "the label has another issuer than the parameter at byte 7",
        ),
        (
            UriError::Missing {
                part: UriPart::Counter,
            },
            "the counter is missing",
        ),
        (
            UriError::Duplicate { part, position },
            "the number of digits is given twice: again at byte 7",
        ),
        (
            UriError::Name { part, position },
            "the name of the number of digits is spelled in another way, at byte 7",
        ),
        (
            UriError::Value {
                part: UriPart::Period,
                position,
            },
            "not a known period at byte 7",
        ),
        (
            UriError::Unsupported {
                part: UriPart::Encoder,
                position,
            },
            "the encoder at byte 7 asks for codes that are not supported",
        ),
        (
            UriError::Secret(SecretError::TooShort),
            "the secret can't be used",
        ),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}
