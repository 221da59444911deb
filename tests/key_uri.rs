//! Key URIs: what is built, what strict and lenient reading take, what they refuse and where, what is never shown.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a test fails by panicking

use std::error::Error;

use proptest::prelude::*;
use secondfactor::{
    Algorithm, Counter, Digits, KeyUri, MovingFactor, Period, Repair, Secret, SecretError, UnixTime, UriError, UriPart,
};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const KEY: &[u8] = b"12345678901234567890";

fn secret() -> Secret {
    Secret::from_bytes(KEY).unwrap()
}

/// A URI with this label, and these parameters behind the secret.
fn totp(label: &str, more: &str) -> String {
    format!("otpauth://totp/{label}?secret={SECRET}{more}")
}

fn hotp(more: &str) -> String {
    format!("otpauth://hotp/Example:alice?secret={SECRET}{more}")
}

fn refused(uri: &str) -> UriError {
    KeyUri::parse(uri).expect_err(uri)
}

/// What lenient reading makes of a URI that strict reading refuses.
fn repaired(uri: &str) -> (KeyUri, Vec<Repair>) {
    refused(uri);
    KeyUri::parse_lenient(uri).expect(uri)
}

/// Where `what` begins.
fn at(uri: &str, what: &str) -> usize {
    uri.find(what).unwrap()
}

#[test]
fn a_built_uri_says_everything_once() {
    let uri = KeyUri::hotp(secret(), Counter::new(u64::MAX), "Größe & Söhne", "50% off?&secret=x#y/z").unwrap();
    let uri = uri.with_algorithm(Algorithm::Sha512).with_digits(Digits::Eight).with_period(Period::MAX);
    assert_eq!(
        &*uri.expose_uri(),
        "otpauth://hotp/Gr%C3%B6%C3%9Fe%20%26%20S%C3%B6hne:50%25%20off%3F%26secret%3Dx%23y%2Fz\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gr%C3%B6%C3%9Fe%20%26%20S%C3%B6hne\
         &algorithm=SHA512&digits=8&counter=18446744073709551615",
    );
}

/// Many readers take a plus for a blank.
#[test]
fn only_unreserved_characters_stand_for_themselves() {
    let uri = KeyUri::totp(secret(), "aZ09-._~", "!$'()*+,;=@[]\"<>\\^`{|}").unwrap().expose_uri();
    let label = "aZ09-._~:%21%24%27%28%29%2A%2B%2C%3B%3D%40%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D?";
    assert!(uri.starts_with(&format!("otpauth://totp/{label}")), "{}", &*uri);
}

#[test]
fn names_that_would_deceive_are_not_built() {
    let build = |issuer: &str, account: &str| KeyUri::totp(secret(), issuer, account).unwrap_err();
    let (issuer, account) = (UriPart::Issuer, UriPart::Account);
    assert_eq!(build("", "alice"), UriError::Empty { part: issuer });
    assert_eq!(build("Example", ""), UriError::Empty { part: account });
    assert_eq!(build("Example", &"x".repeat(129)), UriError::TooLong { part: account });
    let bad =
        [(":", 0), ("a:b", 1), ("a\nb", 1), ("é\0", 2), ("\u{202e}a", 0), ("a\u{2066}", 1), (" a", 0), ("é\u{a0}", 2)];
    for (name, position) in bad {
        assert_eq!(build(name, "alice"), UriError::Character { part: issuer, position }, "{name:?}");
        assert_eq!(build("Example", name), UriError::Character { part: account, position }, "{name:?}");
    }
}

#[test]
fn strict_takes_what_the_format_allows() {
    let taken = [
        totp("Example:alice", ""),
        totp("Example:alice", "&issuer=Example&algorithm=SHA1&digits=6&period=30"),
        totp("alice", "&issuer=Example"),
        totp("Example%3Aalice", "&issuer=Example"),
        totp("Example%3aalice", ""),
        totp("Example:%20%20alice", ""),
        totp("Example:alice", "&algorithm=sHa1"),
        totp("Example:alice", "&%64igits=%36"),
        totp("Example:alice", "&image=https://example.com/a?b%FF&foo&&=x"),
        totp("Example:alice", "&counter=abc&epoch=0&t0=0"),
        totp("Example:alice", "&counter="),
        format!("OTPAUTH://TotP/Example:alice?issuer=Example&secret={}", SECRET.to_lowercase()),
        totp("%45xample:%61lice", ""),
        totp("Example:alice", "&issuer=%45xample"),
    ];
    let plain = KeyUri::totp(secret(), "Example", "alice").unwrap().expose_uri();
    for uri in &taken {
        assert_eq!(&*KeyUri::parse(uri).expect(uri).expose_uri(), &*plain, "{uri}");
    }

    let uri = KeyUri::parse(&totp("A+B:c+d@e", "&issuer=A+B&digits=7&period=5&algorithm=Sha256")).unwrap();
    assert_eq!((uri.issuer(), uri.account()), (Some("A+B"), "c+d@e"), "a plus is a plus");
    assert_eq!((uri.digits(), uri.algorithm()), (Digits::Seven, Algorithm::Sha256));
    assert_eq!(uri.moving_factor(), MovingFactor::Time(Period::MIN));

    let uri = KeyUri::parse(&hotp("&counter=18446744073709551615&period=0&epoch=7&t0=x")).unwrap();
    assert_eq!(uri.moving_factor(), MovingFactor::Counter(Counter::new(u64::MAX)));

    let uri = KeyUri::parse(&totp("alice", "")).unwrap();
    assert_eq!(uri.issuer(), None);
    assert_eq!(
        &*uri.expose_uri(),
        "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30",
    );

    // Padding is Base32.
    let padded = "otpauth://totp/alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY%3D%3D====";
    assert_eq!(KeyUri::parse(padded).unwrap().secret().expose_bytes(), &KEY[..16]);
}

#[test]
fn the_codes_are_those_of_the_uri() {
    let uri = KeyUri::parse(&totp("alice", "&digits=8&period=30")).unwrap();
    assert_eq!(uri.to_totp().unwrap().at(UnixTime::from_secs(1_111_111_109)).unwrap().to_string(), "07081804");
    assert!(uri.to_hotp().is_none());
    let uri = KeyUri::parse(&hotp("&counter=9")).unwrap();
    let (codes, next) = uri.to_hotp().unwrap();
    assert_eq!(codes.at(next).to_string(), "520489");
    assert!(uri.to_totp().is_none());
}

#[test]
fn strict_refuses_the_rest_and_says_where() {
    use UriPart::{Account, Algorithm, Counter, Digits, Encoder, Epoch, Issuer, Label, Period, Secret, T0, Uri};

    let part_errors = [
        (String::new(), UriError::Scheme),
        (totp("alice", "").replace("otpauth:", "otpauth2:"), UriError::Scheme),
        (totp("alice", "").replace("://", ":"), UriError::Scheme),
        (totp("alice", "").replace("otpauth", "apple-otpauth"), UriError::Scheme),
        (totp("alice", "").replace("totp", "user@totp"), UriError::Type { position: 10 }),
        (totp("alice", "").replace("totp", "totp:80"), UriError::Type { position: 10 }),
        (totp("alice", "").replace("totp", "steam"), UriError::Type { position: 10 }),
        (totp("alice", "").replace("totp", ""), UriError::Type { position: 10 }),
        (totp("", ""), UriError::Empty { part: Label }),
        (totp("", "").replace("/?", "?"), UriError::Empty { part: Label }),
        (totp("Example:", ""), UriError::Empty { part: Account }),
        (totp("Example:%20", ""), UriError::Empty { part: Account }),
        (totp(":alice", ""), UriError::Empty { part: Issuer }),
        (totp("alice", "&issuer="), UriError::Empty { part: Issuer }),
        (totp("alice", "&issuer"), UriError::Empty { part: Issuer }),
        (totp("alice", "&digits="), UriError::Empty { part: Digits }),
        (totp("..", ""), UriError::Label { position: 15 }),
        (totp("%2E", ""), UriError::Label { position: 15 }),
        (totp("alice", "").replace("?secret", "?Secret"), UriError::Name { part: Secret, position: 21 }),
        ("otpauth://totp/alice".into(), UriError::Missing { part: Secret }),
        ("otpauth://totp/alice?issuer=Example".into(), UriError::Missing { part: Secret }),
        ("otpauth://totp/alice?secret=".into(), UriError::Empty { part: Secret }),
        (hotp(""), UriError::Missing { part: Counter }),
        (format!("{}{}", totp("alice", "&x="), "x".repeat(4096)), UriError::TooLong { part: Uri }),
        (totp(&"x".repeat(129), ""), UriError::TooLong { part: Account }),
        (totp("alice", &format!("&issuer={}", "x".repeat(129))), UriError::TooLong { part: Issuer }),
        (format!(" {}", totp("alice", "")), UriError::Character { part: Uri, position: 0 }),
    ];
    for (uri, error) in part_errors {
        assert_eq!(refused(&uri), error, "{uri}");
    }

    // The label begins at byte 15.
    type Kind = fn(usize) -> UriError;
    let account: Kind = |position| UriError::Character { part: Account, position };
    let issuer: Kind = |position| UriError::Character { part: Issuer, position };
    let uri: Kind = |position| UriError::Character { part: Uri, position };
    let label_errors: [(&str, &str, Kind); 18] = [
        ("a/b", "/b", |position| UriError::Label { position }),
        ("alice/", "/?", |position| UriError::Label { position }),
        ("a%4", "%4", |position| UriError::Escape { position }),
        ("a%zz", "%zz", |position| UriError::Escape { position }),
        ("100%", "%?", |position| UriError::Escape { position }),
        ("a%20%FFb", "%FF", |position| UriError::Utf8 { part: Account, position }),
        ("a%FF:b", "%FF", |position| UriError::Utf8 { part: Issuer, position }),
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
        assert_eq!(KeyUri::parse_lenient(&text).is_ok(), more == "&algorithm=SHA-256", "{more}");
    }
    for counter in ["-1", "01", "abc", "18446744073709551616", "0x1", "%D9%A1"] {
        let text = hotp(&format!("&counter={counter}"));
        let position = at(&text, "counter=") + 8;
        assert_eq!(refused(&text), UriError::Value { part: Counter, position }, "{counter}");
        assert!(KeyUri::parse_lenient(&text).is_err(), "{counter}");
    }
    for (more, part) in [("&encoder=steam", Encoder), ("&epoch=1", Epoch), ("&t0=00", T0), ("&t0=-1", T0)] {
        let text = totp("alice", more);
        let position = text.rfind('=').unwrap() + 1;
        assert_eq!(refused(&text), UriError::Unsupported { part, position }, "{more}");
        assert!(KeyUri::parse_lenient(&text).is_err(), "{more}");
    }

    let twice = [("&secret=A", Secret), ("&digits=6&digits=6", Digits), ("&counter=1&counter=2", Counter)];
    for (more, part) in twice {
        let text = totp("alice", more);
        let position = text.rfind('&').unwrap() + 1;
        assert_eq!(refused(&text), UriError::Duplicate { part, position }, "{more}");
        assert!(KeyUri::parse_lenient(&text).is_err(), "{more}");
    }
    for (more, part) in [("&Digits=8", Digits), ("&amp;digits=8", Digits), ("&COUNTER=1", Counter)] {
        assert_eq!(refused(&totp("alice", more)), UriError::Name { part, position: 61 }, "{more}");
    }
    let text = totp("Example:alice", "&issuer=Other");
    assert_eq!(refused(&text), UriError::IssuerMismatch { position: at(&text, "Other") });
}

#[test]
fn a_secret_is_refused_where_it_is_bad() {
    let secrets = [
        ("GEZDGNBV0Y3TQOJQGEZDGNBVGY3TQOJQ", SecretError::Character { position: 36 }),
        ("GEZDGNBV%41%30TQOJQGEZDGNBVGY3TQOJQ", SecretError::Character { position: 39 }),
        ("GEZD%20GNBVGY3TQOJQGEZDGNBVGY3TQOJQ", SecretError::Character { position: 32 }),
        ("GEZD-GNBVGY3TQOJQGEZDGNBVGY3TQOJQ", SecretError::Character { position: 32 }),
        ("GEZD+GNBVGY3TQOJQGEZDGNBVGY3TQOJQ", SecretError::Character { position: 32 }),
        ("GEZD%C3%28", SecretError::Character { position: 32 }),
        ("%47EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA", SecretError::Length { position: 62 }),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAB", SecretError::TrailingBits { position: 61 }),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY=", SecretError::Padding { position: 54 }),
        ("======", SecretError::Padding { position: 28 }),
        ("JBSWY3DPEHPK3PXP", SecretError::TooShort),
        (&"A".repeat(209), SecretError::TooLong),
    ];
    for (text, error) in secrets {
        assert_eq!(refused(&format!("otpauth://totp/alice?secret={text}")), UriError::Secret(error), "{text}");
    }
    let error = refused("otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP");
    assert_eq!(error.source().unwrap().to_string(), "the secret has fewer than 128 bits");
}

#[test]
fn lenient_repairs_and_says_so() {
    use UriPart::{Account, Algorithm as Hash, Digits as Number, Issuer, Secret as Key};

    let plain = KeyUri::totp(secret(), "Example", "alice").unwrap().expose_uri();
    let same = [
        (format!("\n {}\r\n", totp("Example:alice", "")), vec![Repair::OuterBlanks]),
        (totp("Example:alice", "").replace("otpauth", "Apple-OtpAuth"), vec![Repair::AppleScheme]),
        (totp("alice", "&amp;issuer=Example&amp;digits=6"), vec![Repair::EscapedAmpersand]),
        (totp("alice", "&ISSUER=Example"), vec![Repair::ParameterCase { part: Issuer }]),
        (totp("alice", "&amp;Issuer=Example"), vec![Repair::EscapedAmpersand, Repair::ParameterCase { part: Issuer }]),
        (totp("Example:alice", "").replace("secret", "SECRET"), vec![Repair::ParameterCase { part: Key }]),
        (totp("Example:alice", "").replace("GEZD", "-gezd%20"), vec![Repair::SecretSeparators]),
        (totp("Example:alice", "").replace("GEZD", "GEZD "), vec![Repair::RawCharacter, Repair::SecretSeparators]),
        (totp("Example:alice", "&algorithm=SHA-1"), vec![Repair::AlgorithmSpelling]),
        (totp("Example:alice", "&algorithm=HmacSHA1"), vec![Repair::AlgorithmSpelling]),
        (totp("Example:alice", "&algorithm=hmac-sha-1"), vec![Repair::AlgorithmSpelling]),
        (totp("Example:alice", "&algorithm="), vec![Repair::Empty { part: Hash }]),
        (
            totp("Example:alice", "&digits&period=30&issuer="),
            vec![Repair::Empty { part: Number }, Repair::Empty { part: Issuer }],
        ),
        (totp(":alice", "&issuer=Example"), vec![Repair::Empty { part: Issuer }]),
        (totp("Example:alice%20", ""), vec![Repair::NameBlanks { part: Account }]),
        (totp("%20Example%20:alice", ""), vec![Repair::NameBlanks { part: Issuer }]),
        (totp("Example: alice", ""), vec![Repair::RawCharacter]),
        (totp("Other:alice", "&issuer=Example"), vec![Repair::IssuerMismatch { label: "Other".into() }]),
    ];
    for (text, repairs) in same {
        let (uri, made) = repaired(&text);
        assert_eq!(&*uri.expose_uri(), &*plain, "{text}");
        assert_eq!(made, repairs, "{text}");
    }

    let (uri, repairs) = repaired(&totp("Größe:Åsa Öberg", "&issuer=Größe&algorithm=SHA-256"));
    assert_eq!((uri.issuer(), uri.account(), uri.algorithm()), (Some("Größe"), "Åsa Öberg", Algorithm::Sha256));
    assert_eq!(repairs, [Repair::RawCharacter, Repair::AlgorithmSpelling]);

    let (uri, repairs) = repaired(&totp("Example:host:8080", ""));
    assert_eq!((uri.issuer(), uri.account()), (Some("Example"), "host:8080"));
    assert_eq!(repairs, [Repair::Colon { part: Account }]);

    let (uri, repairs) = repaired(&totp("path/to/alice", "&issuer=https://example.com"));
    assert_eq!((uri.issuer(), uri.account()), (Some("https://example.com"), "path/to/alice"));
    assert_eq!(repairs, [Repair::LabelSlash, Repair::Colon { part: Issuer }]);

    for more in ["", "&counter="] {
        let (uri, repairs) = repaired(&hotp(more));
        assert_eq!(uri.moving_factor(), MovingFactor::Counter(Counter::new(0)));
        assert_eq!(repairs.last(), Some(&Repair::MissingCounter));
    }

    // Positions count what was dropped.
    let error = KeyUri::parse_lenient(&totp("Example%20:%20%C2%A0a%00", "")).unwrap_err();
    assert_eq!(error, UriError::Character { part: Account, position: 36 });

    // What even lenient reading does not guess.
    let refused = [
        totp("Example:alice", "&algorithm=SHA"),
        totp("Example:alice", "&algorithm=MD5"),
        totp("Example:alice", "&algorithm=HmacSHA3-256"),
        totp("Example:al%00ice", ""),
        totp("Example:al\u{202e}ice", ""),
        totp("Example:al\tice", ""),
        totp("Example:alice", "&image=a\tb"),
        totp("Example:alice", "&image=\u{2066}"),
        totp("Example:%FF", ""),
        totp("Example:alice", "#x"),
        totp("%20", ""),
        totp("::alice:x", ""),
        totp("alice", "").replace("secret=", "secret=1"),
        "otpauth://totp/alice?secret=".into(),
        "otpauth://totp/alice?secret=-".into(),
        format!("{}{}", totp("alice", ""), " ".repeat(4096)),
    ];
    for text in refused {
        assert!(KeyUri::parse_lenient(&text).is_err(), "{text:?}");
    }
}

/// Services that give out 80 bits, and Microsoft's way to write a label.
#[test]
fn short_secrets_of_real_services_are_read_and_marked() {
    let uris = [
        "otpauth://totp/GitHub:octocat?secret=jbswy3dpehpk3pxp&issuer=GitHub",
        "otpauth://totp/Discord:alice%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Discord",
        "otpauth://totp/PayPal:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=PayPal",
        "otpauth://totp/Some+Company%3ame%40somecompany.net?secret=abcdefghijklmnop&issuer=Microsoft",
    ];
    for text in uris {
        assert_eq!(refused(text), UriError::Secret(SecretError::TooShort), "{text}");
        let (uri, repairs) = repaired(text);
        assert!(uri.secret().is_weak() && repairs.contains(&Repair::WeakSecret), "{text}");
        assert_eq!(uri.secret().expose_bytes().len(), 10);
        assert!(text.contains(uri.issuer().unwrap()));
    }
    let (uri, repairs) = repaired(uris[3]);
    assert_eq!((uri.issuer(), uri.account()), (Some("Microsoft"), "me@somecompany.net"));
    assert_eq!(repairs, [Repair::WeakSecret, Repair::IssuerMismatch { label: "Some+Company".into() }]);
}

/// `tests/vectors/pyotp-*.json` and `otplib-*.json`: what these libraries build, read here.
#[test]
fn uris_of_other_libraries_are_what_went_in() {
    for text in [include_str!("vectors/pyotp-2.12.1.json"), include_str!("vectors/otplib-13.5.0.json")] {
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let built = vectors["built"].as_array().unwrap();
        assert!(built.len() >= 14);
        for vector in built {
            let text = vector["uri"].as_str().unwrap();
            let (uri, repairs) = KeyUri::parse_lenient(text).expect(text);
            let said: Vec<String> = repairs.iter().map(ToString::to_string).collect();
            assert_eq!(serde_json::json!(said), vector["repairs"], "{text}");
            assert_eq!(KeyUri::parse(text).is_ok(), repairs.is_empty(), "{text}");
            let (kind, value) = match uri.moving_factor() {
                MovingFactor::Time(period) => ("totp", u64::from(period.as_secs())),
                MovingFactor::Counter(counter) => ("hotp", counter.get()),
                _ => unreachable!(),
            };
            let read = serde_json::json!({
                "type": kind, "issuer": uri.issuer(), "account": uri.account(), "secret": &*uri.secret().expose_base32(),
                "algorithm": uri.algorithm().name(), "digits": uri.digits().count(), "value": value,
                "uri": text, "repairs": said,
            });
            assert_eq!(&read, vector);
        }
    }
}

/// As otphp writes them (`rawurlencode` of the whole label, sorted parameters, the hash in lower case).
#[test]
fn uris_as_otphp_writes_them() {
    let uri = format!(
        "otpauth://totp/ACME%20Co%3Ajohn%40example.com?algorithm=sha512&digits=8&issuer=ACME%20Co&period=20&secret={SECRET}"
    );
    let uri = KeyUri::parse(&uri).unwrap();
    assert_eq!((uri.issuer(), uri.account()), (Some("ACME Co"), "john@example.com"));
    assert_eq!((uri.algorithm(), uri.digits()), (Algorithm::Sha512, Digits::Eight));
    assert_eq!(uri.moving_factor(), MovingFactor::Time(Period::from_secs(20).unwrap()));
    let uri = format!(
        "otpauth://hotp/ACME%20Co%3Ajohn?counter=1000&image=https%3A%2F%2Fexample.com%2Fa.png&issuer=ACME%20Co&secret={SECRET}"
    );
    assert_eq!(KeyUri::parse(&uri).unwrap().moving_factor(), MovingFactor::Counter(Counter::new(1000)));
}

/// A secret is put wherever something goes wrong; no error, repair or `Debug` text has it.
#[test]
fn no_secret_comes_out_of_errors_and_debug() {
    const MARK: &str = "KRUGKIDROVUWG2ZA";
    let templates = [
        "$",
        "$://totp/a?secret=$",
        "otpauth://$/a?secret=$",
        "otpauth://totp/?secret=$",
        "otpauth://totp/a/$?secret=$",
        "otpauth://totp/a?$=$&secret=$$",
        "otpauth://totp/a?secret=$&secret=$",
        "otpauth://totp/a?secret=$1",
        "otpauth://totp/a?secret=$A",
        "otpauth://totp/a?secret=$=",
        "otpauth://totp/a?secret=$%20",
        "otpauth://totp/a?secret=$",
        "otpauth://totp/a?secret=$%FF",
        "otpauth://totp/a?secret=$$$$$$$$$$$$$$$$",
        "otpauth://totp/a?secret=$$&algorithm=$",
        "otpauth://totp/a?secret=$$&digits=$",
        "otpauth://totp/a?secret=$$&period=$",
        "otpauth://hotp/a?secret=$$&counter=$",
        "otpauth://totp/a?secret=$$&encoder=$",
        "otpauth://totp/a?secret=$$&epoch=$",
        "otpauth://totp/a?secret=$$&t0=$",
        "otpauth://totp/b:a?secret=$$&issuer=$",
        "otpauth://totp/a?secret=$$#$",
        "otpauth://totp/a?secret=$$&Secret=$",
        "otpauth://totp/a?secret=$$&amp;secret=$",
        "otpauth://totp/a?secret=$$%",
        "otpauth://totp/a?secret=$$\u{202e}",
        "otpauth://totp/a?secret=$$ ",
        "otpauth://totp/%FF$?secret=$$",
        "otpauth://totp/a?secret=",
        "otpauth://totp/a:$:$%00?secret=$$",
        "otpauth://totp/a?secret=$$&issuer=%00$",
    ];
    let explain =
        |error: UriError| format!("{error} {error:?} {error:#?} {:?}", error.source().map(ToString::to_string));
    for template in templates {
        let text = template.replace('$', MARK);
        // One template has it in the name of an unknown parameter.
        let mut said = KeyUri::parse(&text).map_or_else(explain, |uri| format!("{uri:?}"));
        match KeyUri::parse_lenient(&text) {
            // A name is shown as a name.
            Ok((uri, _)) if uri.account().contains(MARK) || uri.issuer().is_some_and(|name| name.contains(MARK)) => {}
            Ok((uri, repairs)) => said += &format!("{uri:?} {uri:#?} {repairs:?}"),
            Err(error) => said += &explain(error),
        }
        assert!(!said.to_uppercase().contains(&MARK[..6]), "{said}");
        assert!(!said.contains("84, 104, 101"), "the bytes: {said}");
    }
}

#[test]
fn messages() {
    let (part, position) = (UriPart::Digits, 7);
    let messages = [
        (UriError::Empty { part }, "the number of digits is empty"),
        (UriError::TooLong { part: UriPart::Uri }, "the URI is too long"),
        (
            UriError::Character { part: UriPart::Account, position },
            "the account name has a character it must not have, at byte 7",
        ),
        (UriError::Scheme, "not an otpauth:// URI"),
        (UriError::Type { position }, "the type is not totp or hotp, at byte 7"),
        (UriError::Label { position }, "the label is not one path segment, at byte 7"),
        (UriError::Escape { position }, "an incomplete percent-encoding at byte 7"),
        (UriError::Utf8 { part: UriPart::Issuer, position }, "the issuer is not UTF-8, at byte 7"),
        (UriError::Fragment { position }, "a fragment at byte 7"),
        (UriError::IssuerMismatch { position }, "the label has another issuer than the parameter at byte 7"),
        (UriError::Missing { part: UriPart::Counter }, "the counter is missing"),
        (UriError::Duplicate { part, position }, "the number of digits is given twice: again at byte 7"),
        (UriError::Name { part, position }, "the name of the number of digits is spelled in another way, at byte 7"),
        (UriError::Value { part: UriPart::Period, position }, "not a known period at byte 7"),
        (
            UriError::Unsupported { part: UriPart::Encoder, position },
            "the encoder at byte 7 asks for codes that are not supported",
        ),
        (UriError::Secret(SecretError::TooShort), "the secret can't be used"),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}

fn names() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ -~¡-ÿа-я日本🔑\u{300}]{1,32}")
        .unwrap()
        .prop_map(|name| name.replace(':', ";").trim().to_owned())
}

proptest! {
    /// parse(build(x)) is x, for all that can be built.
    #[test]
    fn what_is_built_is_read(
        bytes in proptest::collection::vec(any::<u8>(), 1..=128),
        issuer in names(),
        account in names(),
        algorithm in prop::sample::select(vec![Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]),
        digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]),
        period in 5_u16..=3600,
        counter in prop::option::of(any::<u64>()),
    ) {
        prop_assume!(!issuer.is_empty() && !account.is_empty());
        let secret = Secret::from_weak_bytes(&bytes).unwrap();
        let period = Period::from_secs(period).unwrap();
        let uri = match counter {
            Some(counter) => KeyUri::hotp(secret, Counter::new(counter), &issuer, &account).unwrap(),
            None => KeyUri::totp(secret, &issuer, &account).unwrap().with_period(period),
        };
        let uri = uri.with_algorithm(algorithm).with_digits(digits);
        let built = uri.expose_uri();
        let (read, repairs) = match KeyUri::parse(&built) {
            Ok(read) => (read, Vec::new()),
            Err(error) => {
                prop_assert_eq!(error, UriError::Secret(SecretError::TooShort));
                KeyUri::parse_lenient(&built).unwrap()
            }
        };
        prop_assert_eq!(repairs.as_slice(), if bytes.len() < 16 { &[Repair::WeakSecret][..] } else { &[] });
        prop_assert_eq!(read.secret().expose_bytes(), bytes);
        prop_assert_eq!((read.issuer(), read.account()), (Some(issuer.as_str()), account.as_str()));
        prop_assert_eq!((read.algorithm(), read.digits()), (algorithm, digits));
        let factor = counter.map_or(MovingFactor::Time(period), |counter| MovingFactor::Counter(Counter::new(counter)));
        prop_assert_eq!(read.moving_factor(), factor);
        prop_assert_eq!(&*read.expose_uri(), &*built);
    }
}
