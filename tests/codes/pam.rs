//! The files of PAM modules: pam_oath's users file, and `.google_authenticator`.

use proptest::prelude::*;
use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, Parameters, Period, SecretError, Totp, UnixTime,
};
use secondfactor::provisioning::{Token, TokenError, TokenPart, TokenReason};

use crate::{KEY, SECRET};

const HEX: &str = "3132333435363738393031323334353637383930";

fn users(file: &str) -> Vec<Result<Token, TokenError>> {
    Token::read_users_file(file.as_bytes()).collect()
}

fn user(line: &str) -> Token {
    users(line)
        .remove(0)
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn reason(line: &str) -> TokenReason {
    users(line).remove(0).expect_err(line).reason().clone()
}

fn totp(period: u16) -> Parameters {
    Parameters::totp(Period::from_secs(period).unwrap())
}

fn hotp(counter: u64) -> Parameters {
    Parameters::hotp(Counter::new(counter))
}

/// The types of liboath's `parse_type`.
#[test]
fn the_types_of_a_users_file_are_read() {
    for (kind, parameters) in [
        ("HOTP", hotp(0)),
        ("HOTP/E", hotp(0)),
        ("HOTP/E/6", hotp(0)),
        ("HOTP/E/7", hotp(0).with_digits(Digits::Seven)),
        ("HOTP/T30", totp(30)),
        ("HOTP/T30/6", totp(30)),
        ("HOTP/T30/8", totp(30).with_digits(Digits::Eight)),
        ("HOTP/T60", totp(60)),
        ("HOTP/T60/7", totp(60).with_digits(Digits::Seven)),
    ] {
        let token = user(&format!("{kind}\talice - {HEX}"));
        assert_eq!(token.parameters(), parameters, "{kind}");
        assert_eq!(token.secret().expose_bytes(), KEY);
        assert_eq!((token.owner(), token.serial()), (Some("alice"), None));
    }
    let kind = TokenReason::Unsupported {
        part: TokenPart::Kind,
    };
    for unknown in [
        "hotp",
        "TOTP",
        "HOTP/",
        "HOTP/F",
        "HOTP/T",
        "HOTP/T0",
        "HOTP/E/6/6",
        SECRET,
    ] {
        assert_eq!(
            reason(&format!("{unknown} alice - {HEX}")),
            kind,
            "{unknown}"
        );
    }
    let digits = TokenReason::Unsupported {
        part: TokenPart::Digits,
    };
    for unknown in ["HOTP/E/5", "HOTP/T30/", "HOTP/T30/06x", "HOTP/E/10"] {
        assert_eq!(
            reason(&format!("{unknown} alice - {HEX}")),
            digits,
            "{unknown}"
        );
    }
}

/// As in the README of pam_oath: after the first code of the key 00 the file has `0 328482` behind it.
#[test]
fn the_next_counter_is_behind_the_last_code() {
    let next = |line: &str| user(line).parameters();
    assert_eq!(next("HOTP root - 00"), hotp(0));
    assert_eq!(next("HOTP root - 00 7"), hotp(7));
    let used = "HOTP root - 00 0 328482 2009-12-07T23:23:49L";
    assert_eq!(next(used), hotp(1));
    let codes = Hotp::new(user(used).secret());
    let shown = [0, 1].map(|counter| codes.at(Counter::new(counter)).to_string());
    assert_eq!(shown, ["328482", "812658"]);
    let last = format!(
        "HOTP/E root - {HEX} {} 755224 2009-12-07T23:23:49L",
        u64::MAX
    );
    let counter = TokenReason::Value {
        part: TokenPart::Counter,
    };
    for bad in [
        last.as_str(),
        "HOTP root - 00 -1",
        "HOTP root - 00 1x",
        "HOTP root - 00 18446744073709551616",
    ] {
        assert_eq!(reason(bad), counter, "{bad}");
    }
    // A device that counts time has no counter, whatever stands there.
    assert_eq!(
        next("HOTP/T30 root - 00 1 328482 2009-12-07T23:23:49L"),
        totp(30)
    );
}

#[test]
fn each_bad_line_of_a_users_file_has_its_number_and_its_reason() {
    let file = format!(
        "\u{feff}# users of this server\r\n\r\n \t\r\n  # indented\r\n\
         HOTP/T30 alice - {HEX}\r\n\
         HOTP/T30 bob\r\n\
         HOTP/T30 carol - {HEX} 0 123456 2026-02-27T14:47:34L more\r\n\
         HOTP/T30\tdave\t1234\t{HEX}\r\n\
         HOTP/T30 erin + 3132333\r\n\
         HOTP/T30 er\u{202e}in + {HEX}\r\n\
         HOTP/T30 frank - {}\r\n\
         HOTP/T30",
        "00".repeat(129)
    );
    let mut bytes = file.into_bytes();
    bytes.extend(b"\nHOTP/T30 \xff - 00\n");
    let tokens = Token::read_users_file(&bytes);
    let (good, bad): (Vec<_>, Vec<_>) = tokens.partition(Result::is_ok);
    let owners: Vec<_> = good
        .iter()
        .map(|token| token.as_ref().unwrap().owner())
        .collect();
    assert_eq!(owners, [Some("alice"), Some("dave")]);
    let value = |part| TokenReason::Value { part };
    let missing = |part| TokenReason::Missing { part };
    let expected = [
        (6, missing(TokenPart::Secret)),
        (7, value(TokenPart::Columns)),
        (9, value(TokenPart::Secret)),
        (10, value(TokenPart::Owner)),
        (11, TokenReason::Secret(SecretError::TooLong)),
        (12, missing(TokenPart::Owner)),
        (13, value(TokenPart::Structure)),
    ];
    let told = bad.into_iter().map(|error| error.unwrap_err());
    let told: Vec<_> = told
        .map(|error| {
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("31323334") && error.serial().is_none(),
                "{shown}"
            );
            (error.number(), error.reason().clone())
        })
        .collect();
    assert_eq!(told, expected);
}

fn google(more: &str) -> Result<Token, (u64, TokenReason)> {
    let file = format!("{SECRET}\n{more}");
    let read = Token::read_google_authenticator(file.as_bytes());
    read.map_err(|error| (error.number(), error.reason().clone()))
}

#[test]
fn a_file_of_google_authenticator_is_read() {
    // As `google-authenticator` writes it, and the module adds to it.
    let token = google(
        "\" RATE_LIMIT 3 30 1700000000\n\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 56666666 56666667\n\
         \" RESETTING_TIME_SKEW 56666600-3 56666602-3\n\" TIME_SKEW -3\n\" TOTP_AUTH\n12345678\n87654321\n",
    )
    .unwrap();
    assert_eq!(token.secret().expose_bytes(), KEY);
    assert_eq!(
        (token.parameters(), token.drift()),
        (Parameters::DEFAULT, -3)
    );
    assert_eq!((token.owner(), token.serial()), (None, None));

    let read = |more: &str| {
        let token = google(more).unwrap();
        (token.parameters(), token.drift())
    };
    assert_eq!(read("\" STEP_SIZE 60\n\" TOTP_AUTH\n"), (totp(60), 0));
    assert_eq!(read("\" TOTP_AUTH\r\n\" TIME_SKEW 2\r\n"), (totp(30), 2));
    assert_eq!(read("\" HOTP_COUNTER 1\n"), (hotp(1), 0));
    // It is a counting one then, whatever else stands there.
    assert_eq!(
        read("\" HOTP_COUNTER 9\n\" TOTP_AUTH\n\" TIME_SKEW 2\n"),
        (hotp(9), 0)
    );
    // Another option that begins so, and what is no option.
    assert_eq!(
        read("\" TOTP_AUTH\n\" STEP_SIZES 60\nSTEP_SIZE 60\n\"STEP_SIZE 60\n"),
        (totp(30), 0)
    );
}

#[test]
fn a_bad_file_of_google_authenticator_is_refused_with_the_line() {
    let value = |part| TokenReason::Value { part };
    let kind = TokenPart::Kind;
    for (more, line, reason) in [
        ("", 2, TokenReason::Missing { part: kind }),
        (
            "12345678\n\" WINDOW_SIZE 3",
            3,
            TokenReason::Missing { part: kind },
        ),
        ("\" HOTP_COUNTER 0\n", 2, value(TokenPart::Counter)),
        ("\" HOTP_COUNTER\n", 2, value(TokenPart::Counter)),
        (
            "\" TOTP_AUTH\n\" STEP_SIZE 1\n",
            3,
            value(TokenPart::Period),
        ),
        (
            "\" TOTP_AUTH\n\" STEP_SIZE x\n",
            3,
            value(TokenPart::Period),
        ),
        (
            "\" TOTP_AUTH\n\" TIME_SKEW 4294967296\n",
            3,
            value(TokenPart::Drift),
        ),
        (
            "\" TOTP_AUTH\n\n\" TOTP_AUTH\n",
            4,
            TokenReason::Twice { part: kind },
        ),
    ] {
        assert_eq!(google(more).unwrap_err(), (line, reason), "{more}");
    }
    for (file, line, error) in [
        ("", 1, SecretError::Empty),
        ("\n\" TOTP_AUTH\n", 1, SecretError::Empty),
        (
            "GEZD1NBV\n\" TOTP_AUTH\n",
            1,
            SecretError::Character { position: 4 },
        ),
    ] {
        let refused = Token::read_google_authenticator(file.as_bytes()).unwrap_err();
        let told = (refused.number(), refused.reason().clone());
        assert_eq!(told, (line, TokenReason::Secret(error)), "{file}");
    }
    let refused = Token::read_google_authenticator(b"GEZDGNBV\n\" TOTP_AUTH\n\xff").unwrap_err();
    assert_eq!(refused.number(), 3);
}

/// Its secrets had 80 bits for years, and somebody may have chosen one with bits to spare.
#[test]
fn short_secrets_and_bits_to_spare_are_those_of_the_module() {
    let read = |file: &str| Token::read_google_authenticator(file.as_bytes()).unwrap();
    let short = read("GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n");
    assert!(short.secret().is_weak());
    let time = UnixTime::from_secs(1_700_000_000);
    let code = Totp::new(short.secret()).at(time).unwrap().to_string();
    assert_eq!(code, "017492", "of oathtool");
    let spare = read("GEZDGNBVGY3TQOJQGEZDGNBVGZ\n\" TOTP_AUTH\n");
    assert_eq!(spare.secret().expose_bytes(), b"1234567890123456");
}

proptest! {
    /// What is written as pam_oath writes it is what was read, and no line hides another.
    #[test]
    fn users_files_come_back(
        lines in prop::collection::vec(
            ("(HOTP|HOTP/E/7|HOTP/T30|HOTP/T60/8|TOTP|#|)", "[a-z]{0,5}", "[0-9a-f]{0,9}", 0_u64..4, any::<bool>()),
            0..9,
        ),
        noise in prop::collection::vec(any::<u8>(), 0..99),
    ) {
        let mut file = String::new();
        for (kind, user, secret, counter, is_used) in &lines {
            let used = if *is_used { " 123456 2026-02-27T14:47:34L" } else { "" };
            file += &format!("{kind} {user} - {secret} {counter}{used}\n");
        }
        let read = users(&file);
        prop_assert!(read.len() <= lines.len());
        let mut written = String::new();
        let good = || read.iter().flatten();
        for token in good() {
            let parameters = token.parameters();
            let step = parameters.period().map_or("E".into(), |period| format!("T{}", period.as_secs()));
            let hex: String = token.secret().expose_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let counter = match parameters.moving_factor() {
                secondfactor::codes::MovingFactor::Counter(counter) => counter.get(),
                _ => 0,
            };
            written += &format!(
                "HOTP/{step}/{}\t{}\t-\t{hex}\t{counter}\n",
                parameters.digits().count(),
                token.owner().unwrap(),
            );
            prop_assert_eq!(parameters.algorithm(), Algorithm::Sha1);
        }
        let again = users(&written);
        prop_assert_eq!(format!("{again:?}"), format!("{:?}", good().map(Ok::<_, ()>).collect::<Vec<_>>()));
        for (one, other) in good().zip(again.iter().flatten()) {
            prop_assert_eq!(one.secret().expose_bytes(), other.secret().expose_bytes());
        }
        // Noise before and behind hides no line.
        let with_noise = [&noise[..], b"\n", file.as_bytes(), &noise[..]].concat();
        let tokens = Token::read_users_file(&with_noise);
        prop_assert!(tokens.flatten().count() + 1 >= good().count());
        let _any = Token::read_google_authenticator(&with_noise);
    }
}
