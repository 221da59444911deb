//! Tables of tokens: the layouts of vendors and servers, and a reason for each bad line.

use secondfactor::codes::{Algorithm, Counter, Digits, Parameters, Period, SecretError};
use secondfactor::provisioning::{CsvError, Token, TokenError, TokenPart, TokenReason};

use crate::{KEY, SECRET};

const HEX: &str = "3132333435363738393031323334353637383930";

fn read(table: &str) -> Vec<Result<Token, TokenError>> {
    Token::read_csv(table.as_bytes(), Parameters::DEFAULT).unwrap()
}

/// The only token of a table.
fn one(table: &str) -> Token {
    let mut tokens = read(table);
    assert_eq!(tokens.len(), 1, "{table}");
    let token = tokens.remove(0).unwrap();
    assert_eq!(token.secret().expose_bytes(), KEY, "{table}");
    token
}

fn reason(table: &str) -> TokenReason {
    let mut tokens = read(table);
    tokens.remove(0).expect_err(table).reason().clone()
}

fn totp(period: u16) -> Parameters {
    Parameters::totp(Period::from_secs(period).unwrap())
}

fn hotp(counter: u64) -> Parameters {
    Parameters::hotp(Counter::new(counter))
}

#[test]
fn tables_with_a_header_are_read() {
    // For Microsoft Entra ID, as Token2, Deepnet and others deliver it.
    let token = one(&format!(
        "upn,serial number,secret key,time interval,manufacturer,model\r\n\
         alice@example.com,10001001,{SECRET},60,\"Acme, Inc.\",C100\r\n"
    ));
    assert_eq!(
        (token.serial(), token.owner()),
        (Some("10001001"), Some("alice@example.com"))
    );
    assert_eq!(
        (token.manufacturer(), token.model()),
        (Some("Acme, Inc."), Some("C100"))
    );
    assert_eq!(token.parameters(), totp(60));
    assert_eq!(
        (token.drift(), token.start(), token.expiry()),
        (0, None, None)
    );
    for (table, parameters) in [
        (
            format!("Serial_Number;Secret-Key;Hash Function\n1;{SECRET};hmacsha256\n"),
            totp(30).with_algorithm(Algorithm::Sha256),
        ),
        (
            format!("\u{feff}seed\tserial\tdigits\tcounter\n{HEX}\t1\t8\t7"),
            hotp(7).with_digits(Digits::Eight),
        ),
        // python-pskc's `pskc2csv`.
        (
            format!(
                "serial,secret,algorithm,response_length,time_interval\n\
                  1,{HEX},urn:ietf:params:xml:ns:keyprov:pskc:hotp,8,"
            ),
            hotp(0).with_digits(Digits::Eight),
        ),
        (
            format!("serial,secret,algorithm,remark\n1,{HEX},SHA512,lost"),
            totp(30).with_algorithm(Algorithm::Sha512),
        ),
        (
            format!("serial,secret,type,period,counter\n1,{HEX},HOTP,30,5"),
            hotp(5),
        ),
        (
            format!("# made by hand\n\nserial,secret\n\n# the first\n1,{HEX}\n\n"),
            totp(30),
        ),
    ] {
        assert_eq!(one(&table).parameters(), parameters, "{table}");
    }
}

#[test]
fn tables_without_a_header_are_read() {
    for (row, parameters) in [
        (format!("1,{HEX}"), totp(30)),
        (format!("1, {SECRET} , totp"), totp(30)),
        (
            format!("1,{HEX},TOTP,8,60"),
            totp(60).with_digits(Digits::Eight),
        ),
        (format!("1,{HEX},hotp,6,17"), hotp(17)),
        (format!("1,{HEX},hotp,,"), hotp(0)),
        (
            format!("1,{HEX},totp,6,30,sha256,,,"),
            totp(30).with_algorithm(Algorithm::Sha256),
        ),
        (format!("1;{HEX};totp;6;60"), totp(60)),
        (format!("\"1\",\"{HEX}\",\"hotp\""), hotp(0)),
        // Yubico's personalization tool.
        (
            format!("OATH-HOTP,11.12.13 18:55,1,1,,{HEX},,,0,0,0,8,0,0,0,0,0,0"),
            hotp(0).with_digits(Digits::Eight),
        ),
    ] {
        let token = one(&row);
        assert_eq!(
            (token.parameters(), token.serial()),
            (parameters, Some("1")),
            "{row}"
        );
    }
}

#[test]
fn what_a_line_does_not_say_is_as_the_caller_says() {
    let defaults = hotp(9)
        .with_digits(Digits::Eight)
        .with_algorithm(Algorithm::Sha256);
    let read = |row: &str| {
        let tokens = Token::read_csv(row.as_bytes(), defaults).unwrap();
        tokens.into_iter().next().unwrap().unwrap().parameters()
    };
    assert_eq!(read(&format!("1,{HEX}")), defaults);
    let other = totp(30)
        .with_digits(Digits::Six)
        .with_algorithm(Algorithm::Sha1);
    assert_eq!(read(&format!("1,{HEX},totp,6,30,sha1")), other);
}

#[test]
fn a_bad_line_hides_no_good_one_and_is_found_by_its_number() {
    let table = format!(
        "serial,secret\n# a comment\n\n1,{HEX}\n2\n3,\"{HEX}\n\"\r\n4,x\n5,{HEX},\n6,{HEX},x\n7,{SECRET}"
    );
    let tokens = read(&table);
    let good: Vec<_> = tokens
        .iter()
        .filter_map(|token| token.as_ref().ok()?.serial())
        .collect();
    assert_eq!(good, ["1", "3", "5", "7"]);
    let bad = tokens.iter().filter_map(|token| token.as_ref().err());
    let said: Vec<_> = bad
        .map(|error| (error.number(), error.serial(), error.to_string()))
        .collect();
    assert_eq!(
        said,
        [
            (5, None, "entry 5: the secret is missing".into()),
            (8, None, "entry 8: the secret can't be used".into()),
            (
                10,
                None,
                "entry 10: the number of columns can't be read, or is out of range".into()
            ),
        ]
    );
}

#[test]
fn lines_are_counted_however_they_end() {
    for end in ["\n", "\r\n", "\r"] {
        let lines = ["serial,secret", "1", "", "\"2\",", "3", ""];
        let tokens = read(&lines.join(end));
        let numbers: Vec<_> = tokens
            .iter()
            .filter_map(|token| Some(token.as_ref().err()?.number()))
            .collect();
        assert_eq!(numbers, [2, 4, 5], "{end:?}");
    }
}

#[test]
fn each_bad_value_has_its_reason() {
    let value = |part| TokenReason::Value { part };
    let unsupported = |part| TokenReason::Unsupported { part };
    let short = TokenReason::Secret(SecretError::TooShort);
    for (row, expected) in [
        (
            format!(",{HEX}"),
            TokenReason::Missing {
                part: TokenPart::Serial,
            },
        ),
        (
            "1,".into(),
            TokenReason::Missing {
                part: TokenPart::Secret,
            },
        ),
        ("1,313233".into(), short.clone()),
        ("1,GEZDGNBV".into(), short),
        (format!("{HEX},1"), value(TokenPart::Serial)),
        (format!("{SECRET},{HEX}"), value(TokenPart::Serial)),
        (format!("a\u{1b}[31m,{HEX}"), value(TokenPart::Serial)),
        (format!("1,{HEX},ocra"), unsupported(TokenPart::Kind)),
        (
            format!("Yubico OTP,11.12.13 18:55,1,1,,{HEX},,,0,0,0,6"),
            unsupported(TokenPart::Kind),
        ),
        (format!("1,{HEX},totp,5"), unsupported(TokenPart::Digits)),
        (format!("1,{HEX},totp,six"), value(TokenPart::Digits)),
        (format!("1,{HEX},totp,6,4"), value(TokenPart::Period)),
        (format!("1,{HEX},totp,6,65566"), value(TokenPart::Period)),
        (format!("1,{HEX},hotp,6,-1"), value(TokenPart::Counter)),
        (
            format!("1,{HEX},totp,6,30,md5"),
            unsupported(TokenPart::Algorithm),
        ),
        (
            format!("1,{HEX}{}", ",".repeat(64)),
            value(TokenPart::Columns),
        ),
        (
            format!("serial,secret,period,counter\n1,{HEX},30,5"),
            TokenReason::Missing {
                part: TokenPart::Kind,
            },
        ),
    ] {
        assert_eq!(reason(&row), expected, "{row}");
    }
    let bad = TokenReason::Secret(SecretError::Character { position: 1 });
    assert_eq!(
        reason(&format!("1,{}1", HEX)),
        bad,
        "an odd number of digits is no Base32 either"
    );
}

#[test]
fn a_table_that_is_none_is_refused() {
    let error = |table: &[u8]| Token::read_csv(table, Parameters::DEFAULT).unwrap_err();
    assert_eq!(error(b"1,\xff"), CsvError::Encoding);
    assert_eq!(error(b"\xff\xfe1\0,\0"), CsvError::Encoding);
    assert_eq!(
        error(&vec![b'x'; Token::MAX_FILE_LEN + 1]),
        CsvError::TooLarge
    );
    let many = "1\n".repeat((1 << 19) + 1);
    assert_eq!(error(many.as_bytes()), CsvError::TooLarge);
    assert_eq!(error(b"secret\n1"), CsvError::Header);
    assert_eq!(error(b"serial,secret,seed\n1"), CsvError::Header);
    assert_eq!(error(b"serial,sn,seed\n1"), CsvError::Header);
    for nothing in ["", "\n\n", "# none", "\u{feff}", " \n", "serial,secret\n"] {
        assert!(read(nothing).is_empty(), "{nothing:?}");
    }
    for (error, message) in [
        (CsvError::TooLarge, "the file is too large"),
        (CsvError::Encoding, "the file is not in UTF-8"),
        (
            CsvError::Header,
            "the header has no column for serial numbers, or two columns that mean the same",
        ),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn no_secret_comes_out_of_errors_and_debug() {
    let table = format!(
        "1,{HEX}\n{HEX},1\n1,{HEX}0\n1,{SECRET}0,{SECRET}\n{SECRET}\n1,{HEX},{HEX}\n1,{HEX},,{SECRET}"
    );
    let tokens = read(&table);
    let mut said = format!("{tokens:?}");
    tokens
        .iter()
        .filter_map(|token| token.as_ref().err())
        .for_each(|error| said += &error.to_string());
    for leak in ["31323", "GEZD", "49, 50, 51"] {
        assert!(!said.contains(leak), "{said}");
    }
}
