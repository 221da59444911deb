//! What must hold for every file of tokens: the fuzz targets (`fuzz/`) and the replay of their corpus call the same functions.
#![allow(dead_code)] // each fuzz target calls one

use std::fmt::Write as _;

use base64ct::{Base64, Encoding as _};
use secondfactor::codes::{MovingFactor, Parameters};
use secondfactor::provisioning::{PskcKey, Token, TokenError};

type Tokens = Vec<Result<Token, TokenError>>;

/// What opens the encrypted inputs of the corpus.
const SHARED: &[u8] = b"\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12";

/// PSKC, the input as a file and as what is inside a container. What is read is the same however lines end, and when it is
/// written again.
pub(crate) fn pskc(input: &[u8]) {
    pskc_file(input);
    let start = b"<KeyContainer Version='1' xmlns='urn:ietf:params:xml:ns:keyprov:pskc' \
        xmlns:e='http://www.w3.org/2001/04/xmlenc#'>";
    pskc_file(&[start, input, b"</KeyContainer>"].concat());
}

fn pskc_file(file: &[u8]) {
    let mut keys = vec![PskcKey::None, PskcKey::Shared(SHARED)];
    // More rounds would only take time.
    let is_slow = file
        .windows(5)
        .any(|five| five.iter().all(u8::is_ascii_digit));
    if !is_slow && !file.windows(2).any(|two| two == b"<!") {
        keys.push(PskcKey::Password("qwerty"));
    }
    for key in keys {
        let Ok(tokens) = Token::read_pskc(file, key) else {
            continue;
        };
        assert!(!tokens.is_empty());
        check_errors(&tokens);
        let text = std::str::from_utf8(file).unwrap();
        let lines = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n");
        let again = Token::read_pskc(lines.as_bytes(), key).unwrap();
        assert_eq!(format!("{tokens:?}"), format!("{again:?}"));
        assert_same(&tokens, &again);

        let good: Tokens = tokens.into_iter().filter(Result::is_ok).collect();
        if !good.is_empty() {
            let written = write_pskc(&good);
            let again = Token::read_pskc(written.as_bytes(), PskcKey::None).unwrap();
            assert_same(&good, &again);
        }
    }
}

fn write_pskc(tokens: &Tokens) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let element = |name: &str, text: Option<&str>| match text {
        Some(text) => format!("<{name}>{}</{name}>", escape(text)),
        None => String::new(),
    };
    let value =
        |name: &str, text: &str| format!("<{name}><PlainValue>{text}</PlainValue></{name}>");
    let mut file =
        String::from("<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'>");
    for token in tokens.iter().flatten() {
        let parameters = token.parameters();
        let (kind, moving) = match parameters.moving_factor() {
            MovingFactor::Time(period) => {
                ("totp", value("TimeInterval", &period.as_secs().to_string()))
            }
            MovingFactor::Counter(counter) => ("hotp", value("Counter", &counter.to_string())),
            _ => unreachable!(),
        };
        let device = [
            element("SerialNo", token.serial()),
            element("Manufacturer", token.manufacturer()),
            element("Model", token.model()),
            element("UserId", token.owner()),
        ];
        let data = [
            value(
                "Secret",
                &Base64::encode_string(token.secret().expose_bytes()),
            ),
            value("TimeDrift", &token.drift().to_string()),
            moving,
        ];
        write!(
            file,
            "<KeyPackage><DeviceInfo>{}</DeviceInfo><Key Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:{kind}'>\
             <AlgorithmParameters><Suite>{}</Suite><ResponseFormat Encoding='DECIMAL' Length='{}'/></AlgorithmParameters>\
             <Data>{}</Data></Key></KeyPackage>",
            device.concat(),
            parameters.algorithm(),
            parameters.digits().count(),
            data.concat(),
        )
        .unwrap();
    }
    file + "</KeyContainer>"
}

/// A table: what is read is the same when it is written again.
pub(crate) fn token_csv(input: &[u8]) {
    let Ok(tokens) = Token::read_csv(input, Parameters::DEFAULT) else {
        return;
    };
    check_errors(&tokens);
    let good: Tokens = tokens.into_iter().filter(Result::is_ok).collect();
    let written = write_csv(&good);
    let again = Token::read_csv(written.as_bytes(), Parameters::DEFAULT).unwrap();
    assert_same(&good, &again);
}

fn write_csv(tokens: &Tokens) -> String {
    let mut table =
        String::from("upn,serial,secret,type,digits,period,counter,hash,manufacturer,model\n");
    for token in tokens.iter().flatten() {
        let parameters = token.parameters();
        let (kind, period, counter) = match parameters.moving_factor() {
            MovingFactor::Time(period) => ("totp", period.as_secs().to_string(), String::new()),
            MovingFactor::Counter(counter) => ("hotp", String::new(), counter.to_string()),
            _ => unreachable!(),
        };
        let digits = parameters.digits().count().to_string();
        let secret = token.secret().expose_bytes();
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let fields = [
            token.owner().unwrap_or_default(),
            token.serial().unwrap(),
            &hex,
            kind,
            &digits,
            &period,
            &counter,
            parameters.algorithm().name(),
            token.manufacturer().unwrap_or_default(),
            token.model().unwrap_or_default(),
        ];
        let quoted = fields.map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
        table += &quoted.join(",");
        table.push('\n');
    }
    table
}

fn check_errors(tokens: &Tokens) {
    let mut last = 0;
    for error in tokens.iter().filter_map(|token| token.as_ref().err()) {
        assert!(error.number() > last && !error.to_string().is_empty());
        last = error.number();
    }
}

fn assert_same(one: &Tokens, another: &Tokens) {
    assert_eq!(one.len(), another.len());
    for (one, another) in one.iter().zip(another) {
        match (one, another) {
            (Ok(one), Ok(another)) => {
                let names = |token: &Token| {
                    let names = [
                        token.serial(),
                        token.manufacturer(),
                        token.model(),
                        token.owner(),
                    ];
                    names.map(|name| name.map(str::to_owned))
                };
                assert_eq!(names(one), names(another));
                assert_eq!(one.secret().expose_bytes(), another.secret().expose_bytes());
                assert_eq!(
                    (one.parameters(), one.drift()),
                    (another.parameters(), another.drift())
                );
            }
            (Err(one), Err(another)) => assert_eq!(one, another),
            _ => panic!("{one:?} {another:?}"),
        }
    }
}
