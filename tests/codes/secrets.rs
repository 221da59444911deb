//! Secrets and their Base32: what is read, what is refused and where, what is never shown.

use proptest::prelude::*;
use secondfactor::codes::{Algorithm, Secret, SecretError};

use crate::SECRET;

#[test]
fn what_people_paste_is_the_same_secret() {
    let texts = [
        SECRET,
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq",
        "  GezDgnBVGY3TQOJQGEZDGNBVGY3TQOJQ ",
        "GEZDGNBVGY3TQOJQ\nGEZDGNBVGY3TQOJQ\r\n",
        "\tGEZDGNBVGY3TQOJQ\tGEZDGNBVGY3TQOJQ",
        "GEZD\u{a0}GNBV\u{a0}GY3T\u{a0}QOJQ\u{202f}GEZD\u{2003}GNBV GY3T QOJQ",
        "\u{feff}GEZDGNBVGY3TQOJQ\u{200b}GEZD\u{ad}GNBV\u{2060}GY3TQOJQ",
        "GEZDGNBVGY3TQOJQ\u{2013}GEZDGNBVGY3TQOJQ.",
        "\u{ff27}\u{ff45}ZDGNBVGY\u{ff13}TQOJQGEZDGNBVGY\u{663}TQOJQ",
    ];
    for text in texts {
        let secret = Secret::from_base32(text).unwrap();
        assert_eq!(secret.expose_bytes(), b"12345678901234567890", "{text}");
        assert_eq!(&*secret.expose_base32(), SECRET);
        assert!(!secret.is_weak());
    }
}

/// RFC 4648 section 10, through the door for short secrets.
#[test]
fn rfc_4648_section_10() {
    let vectors = [
        ("f", "MY======"),
        ("fo", "MZXQ===="),
        ("foo", "MZXW6==="),
        ("foob", "MZXW6YQ="),
        ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI======"),
    ];
    for (bytes, text) in vectors {
        let bare = text.trim_end_matches('=');
        for text in [text, bare, &text.to_lowercase(), &bare.to_lowercase()] {
            let secret = Secret::from_weak_base32(text).unwrap();
            assert_eq!(secret.expose_bytes(), bytes.as_bytes());
            assert_eq!(&*secret.expose_base32(), bare);
        }
    }
}

#[test]
fn bad_base32_is_refused_where_it_is_bad() {
    let character = |position| SecretError::Character { position };
    let length = |position| SecretError::Length { position };
    let trailing = |position| SecretError::TrailingBits { position };
    let padding = |position| SecretError::Padding { position };
    let errors = [
        ("", SecretError::Empty),
        (" - ", SecretError::Empty),
        ("A", length(0)),
        ("AAA", length(2)),
        ("AAAAAA", length(5)),
        ("A A A", length(4)),
        ("AAAAAAAAA", length(8)),
        ("AB", trailing(1)),
        ("ab", trailing(1)),
        ("AAAB", trailing(3)),
        ("AAAAB", trailing(4)),
        ("AAAAAAB", trailing(6)),
        ("AAAAAA4", trailing(6)),
        ("AAAAAAC ", trailing(6)),
        ("=", padding(0)),
        ("========", padding(0)),
        ("MY=====", padding(2)),
        ("MY=======", padding(2)),
        ("MZXW6YTB=", padding(8)),
        ("MZ=W6YTB", padding(2)),
        ("MY======MY======", padding(2)),
        ("MZXW0YTB", character(4)),
        ("MZXW1YTB", character(4)),
        ("MZXW8YTB", character(4)),
        ("MZXW9YTB", character(4)),
        ("MZXW_YTB", character(4)),
        ("MZXW+YTB", character(4)),
        ("MZXW\u{131}YTB", character(4)),
        ("MZXW\u{17f}YTB", character(4)),
        ("MZXW\u{141}YTB", character(4)),
        ("MZXW\u{968}YTB", SecretError::OtherDigits { position: 4 }),
        ("MZXW\u{202e}6YTB", character(4)),
        ("MZXW\u{ff10}YTB", character(4)),
        ("MZXW.6YTB", character(4)),
        ("\nAB\n", trailing(2)),
        ("MZXW6YTB\0", character(8)),
    ];
    for (text, error) in errors {
        assert_eq!(
            Secret::from_weak_base32(text).unwrap_err(),
            error,
            "{text:?}"
        );
        assert_eq!(Secret::from_base32(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn short_secrets_only_by_the_weak_door_and_empty_ones_never() {
    assert_eq!(Secret::from_bytes(&[]).unwrap_err(), SecretError::Empty);
    assert_eq!(
        Secret::from_weak_bytes(&[]).unwrap_err(),
        SecretError::Empty
    );
    assert_eq!(
        Secret::from_bytes(&[1; 15]).unwrap_err(),
        SecretError::TooShort
    );
    assert_eq!(
        Secret::from_base32("JBSWY3DPEHPK3PXP").unwrap_err(),
        SecretError::TooShort
    );
    assert!(Secret::from_weak_bytes(&[1; 15]).unwrap().is_weak());
    assert!(
        Secret::from_weak_base32("JBSWY3DPEHPK3PXP")
            .unwrap()
            .is_weak()
    );
    assert!(!Secret::from_weak_bytes(&[1; 16]).unwrap().is_weak());
    assert!(!Secret::from_bytes(&[1; 16]).unwrap().is_weak());
}

#[test]
fn no_secret_is_longer_than_128_bytes() {
    assert!(Secret::from_bytes(&[1; 128]).is_ok());
    assert_eq!(
        Secret::from_bytes(&[1; 129]).unwrap_err(),
        SecretError::TooLong
    );
    let longest = Secret::from_bytes(&[0xa5; 128]).unwrap().expose_base32();
    assert!(Secret::from_base32(&longest).is_ok());
    for longer in [
        format!("{}AAA", &*longest),
        "A".repeat(1 << 20),
        "a ".repeat(1 << 20),
    ] {
        assert_eq!(
            Secret::from_base32(&longer).unwrap_err(),
            SecretError::TooLong
        );
    }
}

#[test]
fn messages() {
    let messages = [
        (SecretError::Empty, "the secret is empty"),
        (SecretError::TooShort, "the secret has fewer than 128 bits"),
        (SecretError::TooLong, "the secret has more than 128 bytes"),
        (
            SecretError::Character { position: 3 },
            "not a Base32 character at byte 3",
        ),
        (
            SecretError::OtherDigits { position: 3 },
            "digits of another script at byte 3: type the digits 2 to 7",
        ),
        (
            SecretError::Length { position: 3 },
            "the Base32 text is too short or too long by a symbol, at byte 3",
        ),
        (
            SecretError::TrailingBits { position: 3 },
            "the last Base32 symbol has bits to spare, at byte 3",
        ),
        (
            SecretError::Padding { position: 3 },
            "wrong Base32 padding at byte 3",
        ),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}

#[cfg(feature = "std")]
#[test]
fn generated_secrets_fit_their_algorithm_and_differ() {
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        let [one, other] = [(); 2].map(|()| Secret::generate_for(algorithm).unwrap());
        assert_eq!(one.expose_bytes().len(), algorithm.key_len());
        assert_ne!(one.expose_bytes(), other.expose_bytes());
    }
    assert_eq!(Secret::generate().unwrap().expose_bytes().len(), 20);
}

/// For a program without an operating system: any cryptographic generator will do.
#[test]
fn a_generator_of_your_own_fills_every_byte() {
    struct Counting(u8);
    impl rand::rand_core::TryRng for Counting {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unreachable!()
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            unreachable!()
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.iter_mut().for_each(|byte| {
                self.0 += 1;
                *byte = self.0;
            });
            Ok(())
        }
    }
    impl rand::rand_core::TryCryptoRng for Counting {}

    let secret = Secret::generate_from(&mut Counting(0), Algorithm::Sha512);
    assert_eq!(secret.expose_bytes(), (1..=64).collect::<Vec<u8>>());
}

#[test]
fn debug_hides_secrets() {
    let secret = Secret::from_base32(SECRET).unwrap();
    let shown = format!(
        "{:?} {:?} {:?}",
        secret,
        secret.expose_base32(),
        secret.duplicate()
    );
    assert_eq!(shown, "Secret(..) SecretText(..) Secret(..)");
}

#[test]
fn a_secret_text_reads_as_text() {
    let text = Secret::from_bytes(b"12345678901234567890")
        .unwrap()
        .expose_base32();
    let as_ref: &str = text.as_ref();
    assert_eq!(
        [text.as_str(), as_ref, &*text],
        ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"; 3]
    );
}

#[cfg(feature = "mfa")]
#[test]
fn sealing_keys_are_32_bytes_of_base32() {
    use secondfactor::SealingKey;
    let key = SealingKey::from_bytes(&[7; 32]);
    assert_eq!(format!("{key:?}"), "SealingKey(..)");
    let text = key.expose_base32();
    assert_eq!(
        &*SealingKey::from_base32(&text.to_lowercase())
            .unwrap()
            .expose_base32(),
        &*text
    );
    assert_eq!(text.len(), 52);
    let error = |text| SealingKey::from_base32(text).unwrap_err().to_string();
    assert_eq!(error(SECRET), "a sealing key has 32 bytes");
    assert_eq!(error(""), "a sealing key has 32 bytes");
    assert_eq!(error("0"), "not a Base32 character at byte 0");
}

proptest! {
    #[test]
    fn base32_round_trips(bytes in proptest::collection::vec(any::<u8>(), 1..=128)) {
        let secret = Secret::from_weak_bytes(&bytes).unwrap();
        let text = secret.expose_base32();
        let again = Secret::from_weak_base32(&text).unwrap();
        prop_assert_eq!(again.expose_bytes(), &bytes[..]);
    }

    /// Whatever is accepted is the one canonical text of its bytes, but for case, blanks, hyphens and padding.
    #[test]
    fn no_two_texts_decode_alike(text in "[A-Za-z2-7 =-]{0,40}") {
        if let Ok(secret) = Secret::from_weak_base32(&text) {
            let symbols = text.to_ascii_uppercase().replace([' ', '-', '='], "");
            prop_assert_eq!(&*secret.expose_base32(), symbols);
        }
    }

    #[test]
    fn any_text_is_a_secret_or_an_error_within_it(text: String) {
        match Secret::from_weak_base32(&text) {
            Ok(_) | Err(SecretError::Empty | SecretError::TooLong) => {}
            Err(SecretError::Character { position } | SecretError::OtherDigits { position } | SecretError::Length { position }
                | SecretError::TrailingBits { position } | SecretError::Padding { position }) => {
                prop_assert!(text.is_char_boundary(position) && position < text.len());
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
