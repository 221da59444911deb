//! Encrypted PSKC files: what opens them, and that nothing altered is opened.

use aes::Aes128;
use base64ct::{Base64, Encoding as _};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secondfactor::codes::{Counter, MovingFactor, Parameters};
use secondfactor::provisioning::{PskcKey, Token, TokenPart, TokenReason};
use sha1::Sha1;

use crate::KEY;
use crate::pskc::{SECRET, container};

const SHARED: [u8; 16] = [7; 16];
const AES: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";

/// The cipher text of whole blocks behind its IV.
fn encrypt(blocks: &[u8]) -> Vec<u8> {
    let mut data = blocks.to_vec();
    let length = data.len();
    let iv = [9; 16];
    cbc::Encryptor::<Aes128>::new(&SHARED.into(), &iv.into())
        .encrypt_padded::<NoPadding>(&mut data, length)
        .unwrap();
    [iv.to_vec(), data].concat()
}

/// What a writer pads with: anything, and the length last (XML Encryption 5.2).
fn padded(value: &[u8]) -> Vec<u8> {
    let padding = 16 - value.len() % 16;
    let mut blocks = [value, &vec![0xee; padding]].concat();
    *blocks.last_mut().unwrap() = padding as u8;
    blocks
}

fn cipher_value(algorithm: &str, data: &[u8]) -> String {
    let text = Base64::encode_string(data);
    format!(
        "<xenc:EncryptionMethod Algorithm=\"{algorithm}\"/><xenc:CipherData><xenc:CipherValue>{text}\
         </xenc:CipherValue></xenc:CipherData>"
    )
}

fn mac(data: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(&SHARED).unwrap();
    mac.update(data);
    let text = Base64::encode_string(&mac.finalize().into_bytes());
    format!("<ValueMAC>{text}</ValueMAC>")
}

/// An encrypted element whose MAC is right, whatever the blocks are.
fn encrypted(name: &str, blocks: &[u8]) -> String {
    let data = encrypt(blocks);
    let value = cipher_value(AES, &data);
    format!(
        "<{name}><EncryptedValue>{value}</EncryptedValue>{}</{name}>",
        mac(&data)
    )
}

/// A file of one key. The encryption key is the MAC's too.
fn file(kind: &str, data: &str) -> String {
    container(&format!(
        "<EncryptionKey/><MACMethod Algorithm=\"{SHA1}\"/><KeyPackage><Key Id=\"1\" \
         Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\"><AlgorithmParameters><ResponseFormat Length=\"6\" \
         Encoding=\"DECIMAL\"/></AlgorithmParameters><Data>{data}</Data></Key></KeyPackage>"
    ))
}

fn open(file: &str, key: PskcKey<'_>) -> Result<Token, TokenReason> {
    let mut tokens = Token::read_pskc(file.as_bytes(), key).unwrap();
    tokens.remove(0).map_err(|error| error.reason().clone())
}

fn reason(file: &str, key: PskcKey<'_>) -> TokenReason {
    open(file, key).unwrap_err()
}

/// Figure 6 of RFC 6030, in short: AES-128 and HMAC-SHA-1, with a MAC key of its own.
fn figure_6() -> String {
    let cipher = |text| cipher_value(AES, &Base64::decode_vec(text).unwrap());
    let mac_key = cipher("ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX");
    let value = cipher("AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv");
    let data = format!(
        "<Secret><EncryptedValue>{value}</EncryptedValue><ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=\n</ValueMAC></Secret>"
    );
    let method = format!("<MACMethod Algorithm=\"{SHA1}\"");
    file("hotp", &data).replace(
        &format!("{method}/>"),
        &format!("{method}><MACKey>{mac_key}</MACKey></MACMethod>"),
    )
}

const FIGURE_6_KEY: PskcKey<'_> =
    PskcKey::Shared(b"\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12");

/// Figure 7 of RFC 6030, in short: a password, PBKDF2 with 1000 rounds.
fn figure_7() -> String {
    let derived = "<EncryptionKey><d:DerivedKey xmlns:d=\"http://www.w3.org/2009/xmlenc11#\"><d:KeyDerivationMethod \
        Algorithm=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2\"><p:PBKDF2-params \
        xmlns:p=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#\"><Salt><Specified>Ej7/PEpyEpw=\
        </Specified></Salt><IterationCount>1000</IterationCount><KeyLength>16</KeyLength><PRF/></p:PBKDF2-params>\
        </d:KeyDerivationMethod></d:DerivedKey></EncryptionKey>";
    figure_6()
        .replace("<EncryptionKey/>", derived)
        .replace(
            "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
            "2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx",
        )
        .replace(
            "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv",
            "oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f",
        )
        .replace(
            "Su+NvtQfmvfJzF6bmQiJqoLRExc=",
            "LP6xMvjtypbfT9PdkJhBZ+D6O4w=",
        )
}

#[test]
fn the_figures_of_the_rfc_are_opened() {
    let token = open(&figure_6(), FIGURE_6_KEY).unwrap();
    assert_eq!(token.secret().expose_bytes(), KEY);
    assert_eq!(token.parameters(), Parameters::hotp(Counter::new(0)));
    let token = open(&figure_7(), PskcKey::Password("qwerty")).unwrap();
    assert_eq!(token.secret().expose_bytes(), KEY);
}

/// `tests/vectors/python-pskc-*.json`: files by another writer.
#[test]
fn files_of_another_writer_are_what_went_in() {
    let vectors = vectors();
    let files = vectors["files"].as_array().unwrap();
    assert_eq!(files.len(), 13);
    for file in files {
        let tokens = Token::read_pskc(
            file["file"].as_str().unwrap().as_bytes(),
            key_of(file, &mut Vec::new()),
        );
        let read: Vec<_> = tokens
            .unwrap()
            .into_iter()
            .map(|token| shown(&token.unwrap()))
            .collect();
        assert_eq!(
            serde_json::Value::from(read),
            vectors["tokens"],
            "{}",
            file["what"]
        );
    }
}

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../vectors/python-pskc-1.4.json")).unwrap()
}

fn key_of<'f>(file: &'f serde_json::Value, bytes: &'f mut Vec<u8>) -> PskcKey<'f> {
    if let Some(password) = file["password"].as_str() {
        return PskcKey::Password(password);
    }
    let Some(hex) = file["key"].as_str() else {
        return PskcKey::None;
    };
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    bytes.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()));
    PskcKey::Shared(bytes)
}

fn shown(token: &Token) -> serde_json::Value {
    let parameters = token.parameters();
    let (kind, value) = match parameters.moving_factor() {
        MovingFactor::Time(period) => ("totp", u64::from(period.as_secs())),
        MovingFactor::Counter(counter) => ("hotp", counter.get()),
        _ => unreachable!(),
    };
    serde_json::json!({
        "serial": token.serial(), "type": kind, "algorithm": parameters.algorithm().name(),
        "digits": parameters.digits().count(), "value": value, "drift": token.drift(),
        "manufacturer": token.manufacturer(), "secret": &*token.secret().expose_base32(),
    })
}

/// Each bit of each byte is too slow without optimization. Two bits of each byte are not.
#[test]
fn no_altered_byte_of_cipher_text_or_mac_is_accepted() {
    let (vectors, mut bytes) = (vectors(), Vec::new());
    let files = vectors["files"].as_array().unwrap();
    let file = files
        .iter()
        .find(|file| file["what"] == "aes256-cbc, hmac-sha256")
        .unwrap();
    let (text, key) = (file["file"].as_str().unwrap(), key_of(file, &mut bytes));
    let opened = |text: &str| -> Vec<bool> {
        let tokens = Token::read_pskc(text.as_bytes(), key).unwrap();
        let is_opened = |token: &Result<Token, _>| match token {
            Ok(_) => true,
            Err(error) => {
                let error: &secondfactor::provisioning::TokenError = error;
                assert_eq!(error.reason(), &TokenReason::NotOpened);
                false
            }
        };
        tokens.iter().map(is_opened).collect()
    };
    let mut flips = 0;
    for (tag, first) in [("xenc:CipherValue>", 1), ("pskc:ValueMAC>", 0)] {
        // Between the opening and the closing tag. The first cipher value is the MAC's key.
        let values = text.split(tag).skip(1).step_by(2).enumerate().skip(first);
        for (index, value) in values {
            let value = value.split('<').next().unwrap();
            let decoded = Base64::decode_vec(value).unwrap();
            for at in 0..decoded.len() {
                for bit in [0x01, 0x80] {
                    let mut altered = decoded.clone();
                    altered[at] ^= bit;
                    let altered = text.replace(value, &Base64::encode_string(&altered));
                    let expected: Vec<bool> = (0..5).map(|key| key + first != index).collect();
                    assert_eq!(
                        opened(&altered),
                        expected,
                        "byte {at} of value {index} in {tag}"
                    );
                    flips += 1;
                }
            }
        }
    }
    assert!(flips >= 500, "{flips}");
}

#[test]
fn the_right_mac_alone_does_not_make_a_value() {
    let key = PskcKey::Shared(&SHARED);
    let read = |blocks: &[u8]| open(&file("totp", &encrypted("Secret", blocks)), key);
    assert_eq!(read(&padded(KEY)).unwrap().secret().expose_bytes(), KEY);
    assert_eq!(
        read(&padded(&KEY[..16])).unwrap().secret().expose_bytes(),
        &KEY[..16]
    );
    // A wrong padding has the same error as a wrong MAC, and so have other lengths.
    for last in [0, 17, 255] {
        let mut blocks = padded(KEY);
        *blocks.last_mut().unwrap() = last;
        assert_eq!(read(&blocks).unwrap_err(), TokenReason::NotOpened);
    }
    assert_eq!(
        read(&[]).unwrap_err(),
        TokenReason::NotOpened,
        "an IV alone"
    );
    let odd = [encrypt(&padded(KEY)), vec![1]].concat();
    let odd = format!(
        "<Secret><EncryptedValue>{}</EncryptedValue>{}</Secret>",
        cipher_value(AES, &odd),
        mac(&odd)
    );
    assert_eq!(reason(&file("totp", &odd), key), TokenReason::NotOpened);
}

#[test]
fn encrypted_numbers_are_text_or_bytes() {
    let key = PskcKey::Shared(&SHARED);
    let counter = |value: &[u8]| {
        let data = format!("{SECRET}{}", encrypted("Counter", &padded(value)));
        open(&file("hotp", &data), key).map(|token| match token.parameters().moving_factor() {
            MovingFactor::Counter(counter) => counter.get(),
            _ => unreachable!(),
        })
    };
    assert_eq!(counter(b"298507"), Ok(298_507));
    assert_eq!(counter(b"\x0e\xab\x70"), Ok(961_392));
    assert_eq!(counter(&[0xff; 8]), Ok(u64::MAX));
    let bad = Err(TokenReason::Value {
        part: TokenPart::Counter,
    });
    assert_eq!(
        (counter(b"-1"), counter(b""), counter(&[1; 9])),
        (bad.clone(), bad.clone(), bad)
    );

    let drift = |value: &[u8]| {
        let data = format!("{SECRET}{}", encrypted("TimeDrift", &padded(value)));
        open(&file("totp", &data), key).unwrap().drift()
    };
    assert_eq!(
        (
            drift(b"-4"),
            drift(b"\xff\xff\xff\xfc"),
            drift(b"\0\0\0\x04")
        ),
        (-4, -4, 4)
    );
}

#[test]
fn without_the_right_key_nothing_is_opened() {
    let shared = |byte| [byte; 16];
    let (six, seven) = (figure_6(), figure_7());
    for key in [PskcKey::None, PskcKey::Password("qwerty")] {
        assert_eq!(reason(&six, key), TokenReason::KeyNeeded);
    }
    for key in [PskcKey::None, FIGURE_6_KEY] {
        assert_eq!(reason(&seven, key), TokenReason::PasswordNeeded);
    }
    for byte in 0..=255 {
        assert_eq!(
            reason(&six, PskcKey::Shared(&shared(byte))),
            TokenReason::NotOpened
        );
    }
    for key in [&[][..], &[0; 15], &[0; 24], &[0; 32], &[0; 1000]] {
        assert_eq!(reason(&six, PskcKey::Shared(key)), TokenReason::NotOpened);
    }
    for password in ["", "Qwerty", "qwerty "] {
        assert_eq!(
            reason(&seven, PskcKey::Password(password)),
            TokenReason::NotOpened
        );
    }
    // What is not encrypted needs none.
    let plain = file("totp", SECRET);
    assert!(open(&plain, PskcKey::None).is_ok());
}

#[test]
fn encryption_without_a_mac_is_refused() {
    let six = figure_6();
    let cut = |from: &str, to: &str| {
        let (before, rest) = six.split_once(from).unwrap();
        [before, rest.split_once(to).unwrap().1].concat()
    };
    assert_eq!(
        reason(&cut("<ValueMAC>", "</ValueMAC>"), FIGURE_6_KEY),
        TokenReason::NoMac
    );
    assert_eq!(
        reason(&cut("<MACMethod", "</MACMethod>"), FIGURE_6_KEY),
        TokenReason::NoMac
    );
    let part = TokenPart::Mac;
    let twice = six.replace("</Secret>", "<ValueMAC>AAAA</ValueMAC></Secret>");
    assert_eq!(reason(&twice, FIGURE_6_KEY), TokenReason::Twice { part });
    // A shorter MAC is none.
    let short = six.replace("Su+NvtQfmvfJzF6bmQiJqoLRExc=", "Su+NvtQfmvfJzF6b");
    assert_eq!(reason(&short, FIGURE_6_KEY), TokenReason::NotOpened);
    for algorithm in ["hmac-md5", "hmac-sha224", "sha1", ""] {
        let other = six.replace("xmldsig#hmac-sha1", &format!("xmldsig#{algorithm}"));
        assert_eq!(
            reason(&other, FIGURE_6_KEY),
            TokenReason::Unsupported { part }
        );
    }
    let reference = six.replace("<MACKey>", "<MACKeyReference/><MACKey>");
    assert_eq!(
        reason(&reference, FIGURE_6_KEY),
        TokenReason::Unsupported { part }
    );
}

#[test]
fn other_ciphers_and_derivations_are_not_supported() {
    let part = TokenPart::Encryption;
    for algorithm in ["tripledes-cbc", "kw-aes128", "aes128-gcm", ""] {
        let other = figure_6().replace("#aes128-cbc", &format!("#{algorithm}"));
        assert_eq!(
            reason(&other, FIGURE_6_KEY),
            TokenReason::Unsupported { part },
            "{algorithm}"
        );
    }
    let part = TokenPart::Derivation;
    let with = |from: &str, to: &str| {
        let file = figure_7();
        assert!(file.contains(from));
        reason(&file.replace(from, to), PskcKey::Password("qwerty"))
    };
    assert_eq!(
        with("#pbkdf2", "#scrypt"),
        TokenReason::Unsupported { part }
    );
    assert_eq!(
        with("<PRF/>", "<PRF Algorithm=\"x#hmac-md5\"/>"),
        TokenReason::Unsupported { part }
    );
    let salt = "<Salt><Specified>Ej7/PEpyEpw=</Specified></Salt>";
    assert_eq!(with(salt, ""), TokenReason::Missing { part });
    assert_eq!(with(salt, "<Salt/>"), TokenReason::Missing { part });
}

#[test]
fn a_password_is_hashed_so_often_and_no_more() {
    let part = TokenPart::Derivation;
    let with =
        |from: &str, to: &str| reason(&figure_7().replace(from, to), PskcKey::Password("qwerty"));
    for rounds in [
        "0",
        "2000001",
        "4294967296",
        "18446744073709551616",
        "-1",
        "x",
    ] {
        let rounds = format!("<IterationCount>{rounds}<");
        assert_eq!(
            with("<IterationCount>1000<", &rounds),
            TokenReason::Value { part }
        );
    }
    for length in ["0", "15", "20", "64", "18446744073709551615"] {
        let length = format!("<KeyLength>{length}<");
        assert_eq!(with("<KeyLength>16<", &length), TokenReason::Value { part });
    }
    let twice = "<IterationCount>1</IterationCount><IterationCount>";
    assert_eq!(with("<IterationCount>", twice), TokenReason::Twice { part });
}
