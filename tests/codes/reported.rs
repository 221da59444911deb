//! Inputs of public reports, each with the repository and the number of the issue. The codes are for Unix time 1,700,000,000,
//! by `oathtool` and by a few lines of Python.

use secondfactor::codes::UnixTime;
use secondfactor::provisioning::{KeyUri, Repair, UriError, UriPart};

use crate::SECRET;

fn code_of(uri: &KeyUri) -> String {
    let time = UnixTime::from_secs(1_700_000_000);
    uri.to_totp().unwrap().at(time).unwrap().to_string()
}

#[test]
fn reported_uris_are_read() {
    use UriPart::{Account, Issuer};

    let secret = format!("secret={SECRET}");
    let cases = [
        // Authenticator-Extension/Authenticator 1546.
        (
            "Example:User?secret=J3WWIV3PTGJPQV5QAICM&issuer=Example".to_owned(),
            (Some("Example"), "User", "363254"),
            vec![Repair::SpareBits, Repair::WeakSecret],
        ),
        (
            "Example:User?secret=J3WWIV3PTGJPQV5QAICM====&issuer=Example".to_owned(),
            (Some("Example"), "User", "363254"),
            vec![Repair::SpareBits, Repair::WeakSecret],
        ),
        // Yubico/yubioath-flutter 1759.
        (
            "Example:alice@google.com?secret=AA======&issuer=Example".to_owned(),
            (Some("Example"), "alice@google.com", "501315"),
            vec![Repair::WeakSecret],
        ),
        // tiuub/KeeOtp2 59, and with a plain `=` pass-extension/pass-otp 222.
        (
            "Test%20KeePassXC%20native%20-%20KeeOtp2%20example:xc_usr?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT\
             CQKRMFYYDENBWHA5DYPSAIJCEMSCKJRHFAUSUKZMFUXC6MBRGIZTINJWG44DSOR3HQ6T4PY%3D&period=30&digits=6\
             &issuer=Test%20KeePassXC%20native%20-%20KeeOtp2%20example"
                .to_owned(),
            (Some("Test KeePassXC native - KeeOtp2 example"), "xc_usr", "646957"),
            vec![],
        ),
        // raycast/extensions 27629.
        (
            "example?secret=ABCD+EFGH&issuer&algorithm=SHA1".to_owned(),
            (None, "example", "271630"),
            vec![Repair::Empty { part: Issuer }, Repair::SecretSeparators, Repair::WeakSecret],
        ),
        // replydev/cotp 296.
        (
            "12345%40Github%20?secret=JBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30&lock=false".to_owned(),
            (None, "12345@Github", "324550"),
            vec![Repair::WeakSecret, Repair::NameBlanks { part: Account }],
        ),
        // jleclanche/python-bna 25: some apps want this colon.
        (
            format!("Blizzard:EU-1234:?{secret}&issuer=Blizzard"),
            (Some("Blizzard"), "EU-1234:", "921300"),
            vec![Repair::Colon { part: Account }],
        ),
        // FusionAuth/fusionauth-issues 3011.
        (
            format!("https%3A%2F%2Fexample.com:alice?{secret}&issuer=https%3A%2F%2Fexample.com"),
            (Some("https://example.com"), "alice", "921300"),
            vec![Repair::Colon { part: Issuer }],
        ),
        // nextcloud/twofactor_totp 47.
        (
            format!("alice@cloud.example/nextcloud?{secret}&issuer=cloud.example"),
            (Some("cloud.example"), "alice@cloud.example/nextcloud", "921300"),
            vec![Repair::LabelSlash],
        ),
        // freeotp/freeotp-ios 353: a secret that begins with these letters.
        (
            "alice?secret=URLDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
            (None, "alice", "948549"),
            vec![],
        ),
    ];
    for (text, (issuer, account, code), told) in cases {
        let text = format!("otpauth://totp/{text}");
        let (uri, repairs) = KeyUri::parse_lenient(&text).expect(&text);
        assert_eq!((uri.issuer(), uri.account()), (issuer, account), "{text}");
        assert_eq!((code_of(&uri).as_str(), &repairs), (code, &told), "{text}");
        assert_eq!(KeyUri::parse(&text).is_ok(), told.is_empty(), "{text}");
    }
}

#[test]
fn reported_uris_that_say_too_little_are_refused() {
    let empty = |part| UriError::Empty { part };
    let no_secret = UriError::Missing {
        part: UriPart::Secret,
    };
    let negative = UriError::Value {
        part: UriPart::Digits,
        position: 68,
    };
    for (text, error) in [
        // freeotp/freeotp-android 41.
        (format!("?secret={SECRET}"), empty(UriPart::Account)),
        // Spomky-Labs/otphp 179.
        (
            "DoeMaatje:name@domain.ext?issuer=Name".to_owned(),
            no_secret,
        ),
        // nextcloud/twofactor_totp 47: the secret stands in the label.
        (format!("ownCloud/%20TOTP/secret={SECRET}"), no_secret),
        // beemdevelopment/Aegis 1823.
        (format!("alice?secret={SECRET}&digits=-6"), negative),
        // Authenticator-Extension/Authenticator 286.
        (
            "%20:%3A%3A%3A!!!?secret=aaaabbbbcccc&issuer=%20&period=30".to_owned(),
            empty(UriPart::Issuer),
        ),
    ] {
        let text = format!("otpauth://totp/{text}");
        assert_eq!(
            KeyUri::parse_lenient(&text).expect_err(&text),
            error,
            "{text}"
        );
        assert!(KeyUri::parse(&text).is_err(), "{text}");
    }
}

#[cfg(feature = "migration")]
#[test]
fn reported_exports_are_read() {
    use secondfactor::codes::{Counter, Parameters};
    use secondfactor::provisioning::{ImportedKeys, MigrationImport};

    let read = |data: &str| {
        let mut import = MigrationImport::new();
        import
            .add(&format!("otpauth-migration://offline?data={data}"))
            .unwrap();
        let ImportedKeys { keys, refused, .. } = import.finish().unwrap();
        assert!(refused.is_empty());
        keys
    };
    // Rookiestyle/KeePassOTP 90.
    let keys = read(
        "CkMKFD3GyqSCSm0oh2eyMx4gtDFmy4XZEhxBQ01FIENvOmpvaG4uZG9lQGV4YW1wbGUuY29tGgdBQ01FIENvIAEoATACCjUKCkhlbGxvId6t\
         vu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZSABKAEwAhABGAEgACjn4Pv4Ag%3D%3D",
    );
    let read_as: Vec<_> = keys
        .iter()
        .map(|(key, _)| (key.issuer(), key.account(), code_of(key)))
        .collect();
    let expected = [
        (Some("ACME Co"), "john.doe@example.com", "825131".to_owned()),
        (Some("Example"), "alice@google.com", "324550".to_owned()),
    ];
    assert_eq!(read_as, expected);
    // helloworld1/FreeOTPPlus 79: a counting key, and a batch with a negative number.
    let keys = read(
        "CjsKI0Vtv7xVhTWAAO6obwtLyddAO4PYjqAswJW4AhANk31izNOhEgxBQUFBQTpiYmJiYmIgASgBMAE4AhABGAEgACiKzs7%2B%2Bv%2F%2F%2F\
         %2F8B",
    );
    let [(key, repairs)] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!(
        (key.issuer(), key.account(), repairs.len()),
        (Some("AAAAA"), "bbbbbb", 0)
    );
    assert_eq!(
        key.secret().expose_base32().to_ascii_lowercase(),
        "ivw37pcvqu2yaahovbxqws6j25adxa6yr2qczqevxabbadmtpvrmzu5b"
    );
    assert_eq!(key.parameters(), Parameters::hotp(Counter::new(2)));
    let (hotp, next) = key.to_hotp().unwrap();
    assert_eq!(hotp.at(next).to_string(), "400979");
}

#[cfg(feature = "csv")]
#[test]
fn reported_tables_are_read() {
    use secondfactor::codes::{Counter, Parameters, Period, SecretError};
    use secondfactor::provisioning::{Token, TokenReason};

    let read = |table: &str| {
        Token::read_csv(table.as_bytes(), Parameters::DEFAULT)
            .unwrap()
            .remove(0)
    };
    let hex = "3132333435363738393031323334353637383930";
    let entra = "upn,serial number,secret key,time interval,manufacturer,model";
    let minute = Parameters::totp(Period::from_secs(60).unwrap());
    // MicrosoftDocs/azure-docs 37155: hexadecimal digits, and 49686: a seventh column without a name.
    for (table, parameters) in [
        (
            format!("{entra}\r\nalice@example.com,1234567,{hex},60,Contoso,HardwareKey\r\n"),
            minute,
        ),
        (
            format!("{entra},\r\nalice@example.com,1234567,{SECRET},60,Contoso,HardwareKey,\r\n"),
            minute,
        ),
        // privacyidea/privacyidea 2285.
        (
            format!("1234567, {hex}, hotp, 6, 17"),
            Parameters::hotp(Counter::new(17)),
        ),
    ] {
        let token = read(&table).unwrap();
        assert_eq!(token.secret().expose_bytes(), crate::KEY, "{table}");
        assert_eq!(
            (token.serial(), token.parameters()),
            (Some("1234567"), parameters),
            "{table}"
        );
    }
    // MicrosoftDocs/azure-docs 109624: the sample of the documentation is hexadecimal too, and short then.
    let sample = format!(
        "{entra}\nHelga@contoso.com,1234567,2234567abcdef2234567abcdef,60,Contoso,HardwareKey"
    );
    let refused = read(&sample).unwrap_err();
    assert_eq!(
        *refused.reason(),
        TokenReason::Secret(SecretError::TooShort)
    );
}

/// NamelessMC/Nameless 2737, devise-two-factor/devise-two-factor 195, ppy/osu 31362.
#[test]
fn reported_codes_are_read() {
    for text in ["1 23 456", "123 456", "123456 ", " 123456\t"] {
        let code: secondfactor::Code = text.parse().unwrap();
        assert_eq!(code.to_string(), "123456", "{text:?}");
    }
}
