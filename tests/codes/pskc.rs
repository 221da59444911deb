//! PSKC files in plain text: what is read, what is refused, and that a bad key hides no good one.

use secondfactor::codes::{Algorithm, Counter, Digits, Parameters, Period, UnixTime};
use secondfactor::provisioning::{PskcError, PskcKey, Token, TokenError, TokenPart, TokenReason};

use crate::KEY;

/// A file of one TOTP key, with what stands in each place.
struct File {
    key: &'static str,
    device: &'static str,
    parameters: &'static str,
    data: &'static str,
    policy: &'static str,
}

pub(crate) const SECRET: &str =
    "<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>";

const FILE: File = File {
    key: r#"Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp""#,
    device: "<Manufacturer>Acme</Manufacturer><SerialNo>987</SerialNo>",
    parameters: r#"<ResponseFormat Length="6" Encoding="DECIMAL"/>"#,
    data: SECRET,
    policy: "",
};

impl File {
    fn package(&self) -> String {
        let Self {
            key,
            device,
            parameters,
            data,
            policy,
        } = self;
        format!(
            "<KeyPackage><DeviceInfo>{device}</DeviceInfo><Key {key}><AlgorithmParameters>{parameters}\
             </AlgorithmParameters><Data>{data}</Data>{policy}</Key></KeyPackage>"
        )
    }

    fn read(&self) -> Result<Token, TokenReason> {
        let mut tokens = read(&container(&self.package())).unwrap();
        assert_eq!(tokens.len(), 1);
        tokens.remove(0).map_err(|error| error.reason().clone())
    }
}

pub(crate) fn container(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<KeyContainer Version=\"1.0\" \
         xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\" xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">{inside}\
         </KeyContainer>"
    )
}

fn read(file: &str) -> Result<Vec<Result<Token, TokenError>>, PskcError> {
    Token::read_pskc(file.as_bytes(), PskcKey::None)
}

fn file_error(file: &[u8]) -> PskcError {
    Token::read_pskc(file, PskcKey::None).unwrap_err()
}

/// RFC 6030, figure 3, in other words.
#[test]
fn all_that_a_key_says_is_read() {
    let token = File {
        key: r#"Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp""#,
        device: "<Manufacturer> A &amp; B\r\n</Manufacturer><SerialNo>987654321</SerialNo><Model>M 1</Model>\
                 <StartDate>2006-05-02T00:00:00Z</StartDate><ExpiryDate>2012-12-31T00:00:00Z</ExpiryDate>\
                 <UserId>CN=device</UserId>",
        parameters: r#"<Suite>HMAC-SHA256</Suite><ResponseFormat Length="8" Encoding="DECIMAL" CheckDigits="false"/>"#,
        data: "<Secret><PlainValue>MTIzNDU2Nzg5MDEy\r\n  MzQ1Njc4OTA=\r\n</PlainValue></Secret>\
               <Counter><PlainValue>18446744073709551615</PlainValue></Counter>",
        policy: "<UserId>UID=jsmith</UserId><Policy><StartDate>2006-05-01T00:00:00Z</StartDate>\
                 <ExpiryDate>2006-05-31T00:00:00Z</ExpiryDate><KeyUsage>Integrity</KeyUsage><KeyUsage>OTP</KeyUsage>\
                 <PINPolicy MinLength=\"4\" PINUsageMode=\"Local\"/></Policy>",
    };
    let token = token.read().unwrap();
    let parameters = Parameters::hotp(Counter::new(u64::MAX))
        .with_algorithm(Algorithm::Sha256)
        .with_digits(Digits::Eight);
    assert_eq!(
        (token.secret().expose_bytes(), token.parameters()),
        (KEY, parameters)
    );
    assert_eq!(
        (token.serial(), token.manufacturer()),
        (Some("987654321"), Some("A & B"))
    );
    assert_eq!(
        (token.model(), token.owner()),
        (Some("M 1"), Some("UID=jsmith"))
    );
    // The narrower of the device's and the key's.
    assert_eq!(token.start().map(UnixTime::as_secs), Some(1_146_528_000));
    assert_eq!(token.expiry().map(UnixTime::as_secs), Some(1_149_033_600));

    let plain = FILE.read().unwrap();
    assert_eq!(
        (plain.parameters(), plain.drift(), plain.serial()),
        (Parameters::DEFAULT, 0, Some("987"))
    );
    assert_eq!(
        (plain.model(), plain.owner(), plain.start(), plain.expiry()),
        (None, None, None, None)
    );
    let no_serial = File { device: "", ..FILE }.read().unwrap();
    assert_eq!(no_serial.serial(), Some("1"), "the key's id stands in");
}

#[test]
fn a_token_that_counts_time_has_its_period_and_its_drift() {
    for (value, drift) in [("-4", -4), ("12", 12), ("0", 0), (" 3\n", 3)] {
        let data = format!(
            "{SECRET}<Time><PlainValue>0</PlainValue></Time><TimeInterval><PlainValue>60</PlainValue></TimeInterval>\
             <TimeDrift><PlainValue>{value}</PlainValue></TimeDrift>"
        );
        let token = File {
            data: data.leak(),
            ..FILE
        }
        .read()
        .unwrap();
        let minute = Parameters::totp(Period::from_secs(60).unwrap());
        assert_eq!((token.parameters(), token.drift()), (minute, drift));
    }
}

#[test]
fn names_of_drafts_and_suites_are_read() {
    for name in [
        "urn:ietf:params:xml:ns:keyprov:pskc#totp",
        "http://www.ietf.org/keyprov/pskc#totp",
    ] {
        let key = format!("Id=\"1\" Algorithm=\"{name}\"").leak();
        assert!(File { key, ..FILE }.read().is_ok(), "{name}");
    }
    for (suite, algorithm) in [
        ("HMAC-SHA1", Algorithm::Sha1),
        ("sha-512", Algorithm::Sha512),
        (" HmacSHA256 ", Algorithm::Sha256),
        ("", Algorithm::Sha1),
    ] {
        let parameters = format!("<Suite>{suite}</Suite>{}", FILE.parameters).leak();
        let token = File { parameters, ..FILE }.read().unwrap();
        assert_eq!(token.parameters().algorithm(), algorithm, "{suite}");
    }
}

#[test]
fn a_comment_inside_a_value_hides_no_part_of_it() {
    let data =
        "<Secret><PlainValue>MTIzNDU2Nzg5MDEy<!-- x -->MzQ1Njc4<?y z?>OTA=</PlainValue></Secret>";
    assert_eq!(
        File { data, ..FILE }
            .read()
            .unwrap()
            .secret()
            .expose_bytes(),
        KEY
    );
    let data = "<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>\
                <TimeInterval><PlainValue>6<!-- x -->0</PlainValue></TimeInterval>";
    let period = File { data, ..FILE }.read().unwrap().parameters().period();
    assert_eq!(period, Some(Period::from_secs(60).unwrap()));
    let device = "<SerialNo>98<!-- x -->7</SerialNo>";
    assert_eq!(
        File { device, ..FILE }.read().unwrap().serial(),
        Some("987")
    );
}

#[test]
fn a_key_that_can_be_read_in_two_ways_is_refused() {
    let twice = |part| Err(TokenReason::Twice { part });
    let value = |part| Err(TokenReason::Value { part });
    let read = |data: &str| {
        File {
            data: data.to_owned().leak(),
            ..FILE
        }
        .read()
        .map(|_| ())
    };
    assert_eq!(read(&SECRET.repeat(2)), twice(TokenPart::Secret));
    let two = "<Secret><PlainValue>MTIz</PlainValue><PlainValue>MTIz</PlainValue></Secret>";
    assert_eq!(read(two), twice(TokenPart::Secret));
    let both = "<Secret><PlainValue>MTIz</PlainValue><EncryptedValue/></Secret>";
    assert_eq!(read(both), twice(TokenPart::Secret));
    let number = "<TimeDrift><PlainValue>1</PlainValue></TimeDrift>";
    assert_eq!(
        read(&format!("{SECRET}{}", number.repeat(2))),
        twice(TokenPart::Drift)
    );
    for inside in [
        "MTIz<b>NDU2</b>",
        "MTI&#122;",
        "MTIz<![CDATA[NDU2]]>",
        "MTIz*",
        "MTIzN",
        "M",
    ] {
        let secret = format!("<Secret><PlainValue>{inside}</PlainValue></Secret>");
        assert_eq!(read(&secret), value(TokenPart::Secret), "{inside}");
    }
    let device = "<SerialNo>1</SerialNo><SerialNo>2</SerialNo>";
    assert_eq!(
        File { device, ..FILE }.read().map(|_| ()),
        twice(TokenPart::Serial)
    );
    let policy = "<Policy/><Policy/>";
    assert_eq!(
        File { policy, ..FILE }.read().map(|_| ()),
        twice(TokenPart::Policy)
    );
}

#[test]
fn what_a_token_cannot_do_without_is_needed() {
    let missing = |part| Err(TokenReason::Missing { part });
    let result = |file: File| file.read().map(|_| ());
    assert_eq!(
        result(File { data: "", ..FILE }),
        missing(TokenPart::Secret)
    );
    let data = "<Secret/>";
    assert_eq!(result(File { data, ..FILE }), missing(TokenPart::Secret));
    let data = "<Secret><PlainValue> </PlainValue></Secret>";
    assert_eq!(result(File { data, ..FILE }), missing(TokenPart::Secret));
    let data = "<x:Secret xmlns:x='urn:x'><PlainValue>MTIz</PlainValue></x:Secret>";
    assert_eq!(
        result(File { data, ..FILE }),
        missing(TokenPart::Secret),
        "another's element"
    );
    assert_eq!(
        result(File {
            key: "Id='1'",
            ..FILE
        }),
        missing(TokenPart::Kind)
    );
    let parameters = "";
    assert_eq!(
        result(File { parameters, ..FILE }),
        missing(TokenPart::Digits)
    );
    let parameters = "<ResponseFormat Encoding='DECIMAL'/>";
    assert_eq!(
        result(File { parameters, ..FILE }),
        missing(TokenPart::Digits)
    );
}

#[test]
fn what_is_out_of_range_or_not_supported_is_refused() {
    let value = |part| Err(TokenReason::Value { part });
    let unsupported = |part| Err(TokenReason::Unsupported { part });
    let result = |file: File| file.read().map(|_| ());
    for kind in ["ocra", "pin", "totp2", ""] {
        let key = format!("Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\"").leak();
        assert_eq!(
            result(File { key, ..FILE }),
            unsupported(TokenPart::Kind),
            "{kind}"
        );
    }
    let key = "Algorithm='http://www.yubico.com/#yubikey-aes'";
    assert_eq!(result(File { key, ..FILE }), unsupported(TokenPart::Kind));
    for parameters in [
        "<ResponseFormat Length='5' Encoding='DECIMAL'/>",
        "<ResponseFormat Length='9' Encoding='DECIMAL'/>",
        "<ResponseFormat Length='264' Encoding='DECIMAL'/>",
        "<ResponseFormat Length='6' Encoding='HEXADECIMAL'/>",
        "<ResponseFormat Length='6' Encoding='DECIMAL' CheckDigits='true'/>",
        "<ResponseFormat Length='6' Encoding='DECIMAL' CheckDigits='1'/>",
        "<ChallengeFormat/><ResponseFormat Length='6' Encoding='DECIMAL'/>",
    ] {
        assert_eq!(
            result(File { parameters, ..FILE }),
            unsupported(TokenPart::Digits),
            "{parameters}"
        );
    }
    let parameters = "<Suite>HMAC-MD5</Suite><ResponseFormat Length='6' Encoding='DECIMAL'/>";
    assert_eq!(
        result(File { parameters, ..FILE }),
        unsupported(TokenPart::Algorithm)
    );
    for (name, text, part) in [
        ("TimeInterval", "4", TokenPart::Period),
        ("TimeInterval", "172800", TokenPart::Period),
        ("TimeInterval", "30.0", TokenPart::Period),
        ("TimeInterval", "+30", TokenPart::Period),
        ("Counter", "-1", TokenPart::Counter),
        ("Counter", "18446744073709551616", TokenPart::Counter),
        ("TimeDrift", "2147483648", TokenPart::Drift),
        ("TimeDrift", "--1", TokenPart::Drift),
        ("TimeDrift", "", TokenPart::Drift),
        ("Time", "x", TokenPart::Time),
    ] {
        let data = format!("{SECRET}<{name}><PlainValue>{text}</PlainValue></{name}>").leak();
        assert_eq!(result(File { data, ..FILE }), value(part), "{name} {text}");
    }
    let long = format!("<Model>{}</Model>", "x".repeat(129)).leak();
    for (device, part) in [
        ("<SerialNo>\u{9b}31m1</SerialNo>", TokenPart::Serial),
        (
            "<Manufacturer>\u{202e}emcA</Manufacturer>",
            TokenPart::Manufacturer,
        ),
        ("<UserId>a<b/></UserId>", TokenPart::Owner),
        (long, TokenPart::Model),
        ("<ExpiryDate>soon</ExpiryDate>", TokenPart::Date),
    ] {
        assert_eq!(result(File { device, ..FILE }), value(part));
    }
}

#[test]
fn a_policy_that_cannot_be_kept_makes_a_key_unusable() {
    let result = |inside: &str| {
        let policy = format!("<Policy>{inside}</Policy>").leak();
        File { policy, ..FILE }.read().map(|_| ())
    };
    assert_eq!(result(""), Ok(()));
    assert_eq!(result("<KeyUsage>OTP</KeyUsage>"), Ok(()));
    let long = "x".repeat(70);
    for (inside, rule) in [
        ("<KeyUsage>CR</KeyUsage>", "KeyUsage"),
        (
            "<NumberOfTransactions>4321</NumberOfTransactions>",
            "NumberOfTransactions",
        ),
        ("<KeyUsage>OTP</KeyUsage><Foo>bar</Foo>", "Foo"),
        ("<x:KeyUsage xmlns:x='urn:x'>OTP</x:KeyUsage>", "KeyUsage"),
        ("<PINPolicy PINUsageMode='Append'/>", "PINPolicy"),
        ("<PINPolicy MinLength='4'/>", "PINPolicy"),
        (
            "<PINPolicy PINUsageMode='Local' OnWeekDaysOnly='TRUE'/>",
            "PINPolicy",
        ),
        (
            "<PINPolicy PINUsageMode='Local'><Foo/></PINPolicy>",
            "PINPolicy",
        ),
        (&format!("<{long}/>"), &long[..64]),
    ] {
        let rule = rule.to_owned();
        assert_eq!(
            result(inside),
            Err(TokenReason::Policy { rule }),
            "{inside}"
        );
    }
}

#[test]
fn a_bad_key_hides_no_good_one() {
    let bad = File { data: "", ..FILE }.package();
    let pin = File {
        key: "Id='pin' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:pin'",
        device: "",
        ..FILE
    };
    let device = File {
        device: "<SerialNo>1</SerialNo><SerialNo>2</SerialNo>",
        ..FILE
    };
    let inside = [
        bad,
        FILE.package(),
        pin.package(),
        device.package(),
        FILE.package(),
    ]
    .concat();
    let tokens = read(&container(&inside)).unwrap();
    let good: Vec<_> = tokens.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, true, false, false, true]);
    let errors: Vec<_> = tokens
        .iter()
        .filter_map(|token| token.as_ref().err())
        .collect();
    let said: Vec<_> = errors
        .iter()
        .map(|error| (error.number(), error.serial(), error.to_string()))
        .collect();
    assert_eq!(
        said,
        [
            (1, Some("987"), "entry 1: the secret is missing".into()),
            (3, Some("pin"), "entry 3: this type is not supported".into()),
            (
                4,
                Some("1"),
                "entry 4: the serial number is given twice".into()
            ),
        ]
    );
}

#[test]
fn a_file_that_is_none_is_refused() {
    let good = container(&FILE.package());
    let with = |from: &str, to: &str| {
        assert!(good.contains(from));
        file_error(good.replacen(from, to, 1).as_bytes())
    };
    assert_eq!(file_error(b""), PskcError::Xml);
    assert_eq!(
        file_error(good.trim_end_matches('>').as_bytes()),
        PskcError::Xml
    );
    assert_eq!(
        with("<KeyContainer", "<!DOCTYPE x><KeyContainer"),
        PskcError::Doctype
    );
    assert_eq!(
        with("keyprov:pskc\"", "keyprov:pskc:1.0\""),
        PskcError::NotPskc
    );
    assert_eq!(file_error(container("").as_bytes()), PskcError::NotPskc);
    assert_eq!(file_error(b"<html/>"), PskcError::NotPskc);
    assert_eq!(
        with(
            "KeyContainer Version=\"1.0\"",
            "KeyContainer Version=\"2.0\""
        ),
        PskcError::Version
    );
    assert_eq!(
        with("KeyContainer Version=\"1.0\"", "KeyContainer"),
        PskcError::Version
    );
    for other in ["ISO-8859-1", "utf-16", "utf-7", ""] {
        assert_eq!(with("UTF-8", other), PskcError::Encoding, "{other}");
    }
    assert_eq!(file_error(b"\xff\xfe<\0?\0"), PskcError::Encoding);
    assert_eq!(
        file_error(&[good.as_bytes(), b"\xe9"].concat()),
        PskcError::Encoding
    );
    assert_eq!(
        file_error(&vec![b' '; Token::MAX_FILE_LEN + 1]),
        PskcError::TooLarge
    );

    for fine in [
        good.replace("UTF-8", "utf8"),
        good.replace("\"UTF-8\"", "'us-ascii' standalone='yes'"),
        good.replace(" encoding=\"UTF-8\"", ""),
        format!("\u{feff}{good}"),
        good.replace("><", ">\r\n<"),
        good.replace("Version=\"1.0\" xmlns", "Version=\"1.1\" xmlns"),
    ] {
        assert!(read(&fine).unwrap()[0].is_ok(), "{fine}");
    }
}

/// The XML reader would take seconds or gigabytes for some of these.
#[test]
fn costly_files_are_refused() {
    let attributes: String = (0..65).map(|n| format!(" a{n}=''")).collect();
    let prefixes: String = (0..17).map(|n| format!("<a xmlns:p{n}='urn:x'>")).collect();
    for inside in [
        format!("<a{attributes}/>"),
        prefixes,
        "<a/>".repeat(1 << 20),
        "<a>=</a>".repeat(1 << 19),
    ] {
        assert_eq!(read(&container(&inside)).unwrap_err(), PskcError::TooLarge);
    }
    // Depth alone is none of these.
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let tokens = read(&container(&format!("{deep}{}", FILE.package()))).unwrap();
    assert!(tokens[0].is_ok());
    // A comment may be decorated.
    let comment = format!("<!-- {} -->{}", "=".repeat(1000), FILE.package());
    assert!(read(&container(&comment)).unwrap()[0].is_ok());
}

#[test]
fn no_secret_comes_out_of_errors_and_debug() {
    let bad = File {
        parameters: "",
        ..FILE
    }
    .package();
    let said = format!(
        "{:?}",
        read(&container(&[bad, FILE.package()].concat())).unwrap()
    );
    assert!(said.contains("Secret(..)"));
    for leak in ["MTIz", "1234567890", "49, 50, 51", "GEZD"] {
        assert!(!said.contains(leak), "{said}");
    }
    let keys = [
        PskcKey::None,
        PskcKey::Shared(b"0123456789abcdef"),
        PskcKey::Password("hunter2"),
    ];
    assert_eq!(format!("{keys:?}"), "[None, Shared(..), Password(..)]");
}

#[test]
fn messages() {
    let part = TokenPart::Period;
    let rule = "KeyUsage".to_owned();
    for (reason, message) in [
        (TokenReason::Missing { part }, "the period is missing"),
        (TokenReason::Twice { part }, "the period is given twice"),
        (
            TokenReason::Value { part },
            "the period can't be read, or is out of range",
        ),
        (
            TokenReason::Unsupported { part },
            "this period is not supported",
        ),
        (
            TokenReason::Policy { rule },
            "the policy has a rule that can't be kept here: KeyUsage",
        ),
        (
            TokenReason::KeyNeeded,
            "the value is encrypted: give the key",
        ),
        (
            TokenReason::PasswordNeeded,
            "the value is encrypted: give the password",
        ),
        (
            TokenReason::NotOpened,
            "the key or password is wrong, or the file was altered",
        ),
        (TokenReason::NoMac, "the value is encrypted without a MAC"),
    ] {
        assert_eq!(reason.to_string(), message);
    }
    for (error, message) in [
        (PskcError::TooLarge, "the file is too large"),
        (PskcError::Encoding, "the file is not in UTF-8"),
        (
            PskcError::Doctype,
            "the file has a document type declaration",
        ),
        (PskcError::Xml, "the file is not well-formed XML"),
        (PskcError::NotPskc, "not a PSKC file of RFC 6030"),
        (PskcError::Version, "an unknown version of PSKC"),
    ] {
        assert_eq!(error.to_string(), message);
    }
}
