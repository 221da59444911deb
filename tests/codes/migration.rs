//! Google Authenticator exports: what is read, joined, refused and written.

use std::error::Error;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use secondfactor::codes::{
    Algorithm, Counter, Digits, MovingFactor, Parameters, Period, Secret, SecretError,
};
use secondfactor::provisioning::{
    ImportedKeys, KeyUri, MigrationError, MigrationExport, MigrationImport, Repair, UriError,
    UriPart,
};

use crate::{KEY, secret};

/// A field with a number.
fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

/// A field with fewer than 128 bytes.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    assert!(value.len() < 128);
    [&[field << 3 | 2, value.len() as u8], value].concat()
}

/// A key of SHA-1, six digits, TOTP, and these fields besides.
fn key(more: &[Vec<u8>]) -> Vec<u8> {
    let fields = [
        bytes(1, KEY),
        bytes(2, b"alice"),
        bytes(3, b"Example"),
        number(4, 1),
        number(5, 1),
        number(6, 2),
    ];
    // A later field takes the place of an earlier one.
    let field = |encoded: &Vec<u8>| encoded[0] >> 3;
    let kept = fields
        .into_iter()
        .filter(|one| !more.iter().any(|other| field(other) == field(one)));
    bytes(
        1,
        &kept
            .chain(more.iter().cloned())
            .collect::<Vec<_>>()
            .concat(),
    )
}

fn uri(message: &[Vec<u8>]) -> String {
    let data = Base64::encode_string(&message.concat());
    format!(
        "otpauth-migration://offline?data={}",
        data.replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D")
    )
}

fn part(size: u8, index: u8, batch_id: u8, account: &[u8]) -> String {
    uri(&[
        key(&[bytes(2, account)]),
        number(2, 1),
        number(3, size),
        number(4, index),
        number(5, batch_id),
    ])
}

/// Everything in a URI is read, or the first reason why not.
fn read(uri: &str) -> Result<Vec<(KeyUri, Vec<Repair>)>, MigrationError> {
    let ImportedKeys { keys, refused, .. } = import(uri)?;
    match refused.into_iter().next() {
        Some(key) => Err(key.error),
        None => Ok(keys),
    }
}

fn import(uri: &str) -> Result<ImportedKeys, MigrationError> {
    let mut import = MigrationImport::new();
    import.add(uri)?;
    import.finish()
}

fn read_key(more: &[Vec<u8>]) -> Result<(KeyUri, Vec<Repair>), MigrationError> {
    read(&uri(&[key(more)])).map(|keys| keys.into_iter().next().unwrap())
}

fn accounts(keys: &[(KeyUri, Vec<Repair>)]) -> Vec<&str> {
    keys.iter().map(|(key, _)| key.account()).collect()
}

/// `tests/vectors/protobuf-python-*.json`: messages by another encoder.
#[test]
fn exports_of_another_encoder_are_what_went_in() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/protobuf-python-7.36.2.json")).unwrap();
    let exports = vectors["exports"].as_array().unwrap();
    assert_eq!(exports.len(), 3);
    for export in exports {
        let mut import = MigrationImport::new();
        for uri in export["uris"].as_array().unwrap() {
            import.add(uri.as_str().unwrap()).unwrap();
        }
        let ImportedKeys { keys, refused, .. } = import.finish().unwrap();
        assert!(refused.is_empty());
        let read: Vec<_> = keys
            .iter()
            .map(|(key, repairs)| {
                assert_eq!(repairs, &[], "{key:?}");
                let parameters = key.parameters();
                let (kind, value) = match parameters.moving_factor() {
                    MovingFactor::Time(period) => ("totp", u64::from(period.as_secs())),
                    MovingFactor::Counter(counter) => ("hotp", counter.get()),
                    _ => unreachable!(),
                };
                serde_json::json!({
                    "type": kind, "issuer": key.issuer(), "account": key.account(),
                    "secret": &*key.secret().expose_base32(), "algorithm": parameters.algorithm().name(),
                    "digits": parameters.digits().count(), "value": value,
                })
            })
            .collect();
        assert_eq!(serde_json::Value::from(read), export["keys"]);
    }
}

#[test]
fn every_setting_is_read() {
    let (uri, repairs) =
        read_key(&[number(4, 3), number(5, 2), number(6, 1), number(7, 9)]).unwrap();
    assert_eq!((uri.issuer(), uri.account()), (Some("Example"), "alice"));
    let parameters = Parameters::hotp(Counter::new(9))
        .with_algorithm(Algorithm::Sha512)
        .with_digits(Digits::Eight);
    assert_eq!(uri.parameters(), parameters);
    assert_eq!((uri.secret().expose_bytes(), repairs), (KEY, vec![]));

    // A counter of 0 is not sent; a TOTP key's is ignored; fields of later versions are skipped.
    let (uri, _) = read_key(&[number(6, 1)]).unwrap();
    assert_eq!(uri.parameters(), Parameters::hotp(Counter::new(0)));
    let later = [
        number(7, 9),
        bytes(8, b"an id"),
        vec![9 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0],
        vec![10 << 3 | 5, 0, 0, 0, 0],
    ];
    let (uri, repairs) = read_key(&later).unwrap();
    assert_eq!((uri.parameters(), repairs), (Parameters::DEFAULT, vec![]));

    // The name may begin with the issuer; so do those that apps keep from a label.
    for (name, issuer) in [
        ("Example:alice", "Example"),
        ("Example: alice", ""),
        ("alice", "Example"),
    ] {
        let (uri, repairs) =
            read_key(&[bytes(2, name.as_bytes()), bytes(3, issuer.as_bytes())]).unwrap();
        assert_eq!(
            (uri.issuer(), uri.account(), repairs),
            (Some("Example"), "alice", vec![]),
            "{name}"
        );
    }
    let (uri, _) = read_key(&[bytes(2, b"50%25 + 1"), bytes(3, b"")]).unwrap();
    assert_eq!(
        (uri.issuer(), uri.account()),
        (None, "50%25 + 1"),
        "plain text, not percent-encoded"
    );
}

#[test]
fn repairs_are_told() {
    let repairs = |more: &[Vec<u8>]| read_key(more).unwrap().1;
    let unspecified = [
        Repair::Empty {
            part: UriPart::Algorithm,
        },
        Repair::Empty {
            part: UriPart::Digits,
        },
    ];
    assert_eq!(repairs(&[number(4, 0), number(5, 0)]), unspecified);
    assert_eq!(repairs(&[bytes(1, b"0123456789")]), [Repair::WeakSecret]);
    assert_eq!(
        repairs(&[bytes(2, b"Other:alice")]),
        [Repair::IssuerMismatch {
            label: "Other".into()
        }]
    );
    assert_eq!(
        repairs(&[bytes(2, b"Example:host:8080")]),
        [Repair::Colon {
            part: UriPart::Account
        }]
    );
    assert_eq!(
        repairs(&[bytes(2, b" alice ")]),
        [Repair::NameBlanks {
            part: UriPart::Account
        }]
    );
}

#[test]
fn unknown_values_are_errors() {
    let unknown = |part| Err(MigrationError::Value { part });
    let outcome = |more: &[Vec<u8>]| read_key(more).map(|_| ());
    for value in [4, 5, 127] {
        assert_eq!(
            outcome(&[number(4, value)]),
            unknown(UriPart::Algorithm),
            "4 is MD5"
        );
    }
    assert_eq!(outcome(&[number(5, 3)]), unknown(UriPart::Digits));
    assert_eq!(outcome(&[number(6, 0)]), unknown(UriPart::Type));
    assert_eq!(outcome(&[number(6, 3)]), unknown(UriPart::Type));
    let negative = [vec![7 << 3], vec![0xff; 9], vec![1]].concat();
    assert_eq!(
        outcome(&[number(6, 1), negative]),
        unknown(UriPart::Counter)
    );

    let bad = |source| Err(MigrationError::Key(source));
    assert_eq!(
        outcome(&[bytes(1, b"")]),
        bad(UriError::Secret(SecretError::Empty))
    );
    assert_eq!(
        outcome(&[bytes(1, &[b'x'; 40]), bytes(2, b""), bytes(3, b"")]),
        bad(UriError::Empty {
            part: UriPart::Account
        })
    );
    let position = UriError::Character {
        part: UriPart::Account,
        position: 2,
    };
    assert_eq!(outcome(&[bytes(2, b"al\0ice")]), bad(position));
    assert_eq!(
        outcome(&[bytes(2, b"..")]),
        Ok(()),
        "with an issuer it is no path"
    );
    assert_eq!(
        outcome(&[bytes(2, b".."), bytes(3, b"")]),
        bad(UriError::Label { position: 0 })
    );
}

#[test]
fn a_bad_key_hides_no_good_one_and_is_told_apart() {
    let bad: [(Vec<u8>, &str); 5] = [
        (
            key(&[bytes(2, b""), bytes(3, b"")]),
            "the key can't be used",
        ),
        (key(&[number(4, 4)]), "not a known algorithm"),
        (key(&[bytes(1, b"")]), "the key can't be used"),
        (
            key(&[bytes(2, b"a\xff")]),
            "the data is damaged, at byte 194 of the message",
        ),
        (key(&[number(6, 0)]), "not a known type"),
    ];
    let mut message = vec![key(&[bytes(2, b"first")])];
    message.extend(bad.iter().map(|(key, _)| key.clone()));
    message.push(key(&[bytes(2, b"last")]));
    let parts = [
        uri(&[message.concat(), number(3, 2), number(4, 0)]),
        uri(&[key(&[number(5, 3)]), number(3, 2), number(4, 1)]),
    ];
    let mut import = MigrationImport::new();
    parts.iter().for_each(|part| import.add(part).unwrap());
    let ImportedKeys { keys, refused, .. } = import.finish().unwrap();
    assert_eq!(accounts(&keys), ["first", "last"]);
    let told: Vec<_> = refused
        .iter()
        .map(|key| (key.part, key.key, key.error.to_string()))
        .collect();
    let expected = (2..)
        .zip(bad)
        .map(|(key, (_, why))| (1, key, why.to_owned()));
    let digits = (2, 1, "not a known number of digits".to_owned());
    assert_eq!(told, expected.chain([digits]).collect::<Vec<_>>());
    assert_eq!(refused[1].to_string(), "key 3 of part 1");
}

/// A service without account names.
#[test]
fn a_key_without_an_account_name_is_read_if_it_has_an_issuer() {
    let (key, repairs) = read_key(&[bytes(2, b"")]).unwrap();
    assert_eq!((key.issuer(), key.account()), (Some("Example"), ""));
    let part = UriPart::Account;
    assert_eq!(repairs, [Repair::Empty { part }]);
    let mut export = MigrationExport::new(1);
    export.add(&key).unwrap();
    let again = read(&export.expose_uris()[0]).unwrap();
    assert_eq!(
        (again[0].0.issuer(), again[0].0.account()),
        (Some("Example"), "")
    );
}

/// A form makes a blank of a plus.
#[test]
fn blanks_for_pluses_in_the_data_are_repaired() {
    let key = key(&[bytes(1, b">>>>>>>>>>>>>>>>>>>>")]);
    let data = Base64::encode_string(&key);
    assert!(data.contains('+'));
    for blank in [" ", "%20"] {
        let text = format!(
            "otpauth-migration://offline?data={}",
            data.replace('+', blank)
        );
        let read = read(&text).unwrap();
        assert_eq!(read[0].0.secret().expose_bytes(), b">>>>>>>>>>>>>>>>>>>>");
    }
}

#[test]
fn damaged_data_is_refused_where_it_is_damaged() {
    let at = |message: &[u8]| match read(&uri(&[message.to_vec()])) {
        Err(MigrationError::Message { position }) => position,
        other => panic!("{other:?}"),
    };
    assert_eq!(at(&[0x0a]), 1, "no length");
    assert_eq!(at(&[0x0a, 5, 1]), 2, "a length beyond the end");
    assert_eq!(
        at(&[
            0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
        ]),
        11,
        "far beyond"
    );
    assert_eq!(at(&[0x10, 0x80]), 2, "half a number");
    assert_eq!(
        at(&[
            0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2
        ]),
        1,
        "over 64 bits"
    );
    assert_eq!(
        at(&[
            0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
        ]),
        1,
        "over 10 bytes"
    );
    assert_eq!(at(&[0x10, 1, 0x00, 1]), 2, "field 0");
    assert_eq!(at(&[0x10, 1, 0x0b]), 2, "a group");
    assert_eq!(at(&[0x12, 1, 1]), 0, "a version that is no number");
    assert_eq!(at(&[0x08, 1]), 0, "a key that is a number");
    assert_eq!(at(&[0x10, 1, 0x10, 1]), 2, "the version twice");
    assert_eq!(
        at(&bytes(1, &bytes(2, b"a\xff"))),
        5,
        "a name that is not UTF-8"
    );
    assert_eq!(
        at(&bytes(1, &[number(4, 1), number(4, 2)].concat())),
        4,
        "the algorithm twice"
    );
}

#[test]
fn uris_that_are_none_are_refused() {
    let good = part(1, 0, 1, b"alice");
    let data = good.split_once('=').unwrap().1;
    assert_eq!(
        read(&good.replace("otpauth-migration", "otpauth")).unwrap_err(),
        MigrationError::Scheme
    );
    assert_eq!(
        read(&good.replace("offline", "online")).unwrap_err(),
        MigrationError::Scheme
    );
    assert_eq!(
        read(&good.replace("offline?", "offline/x?")).unwrap_err(),
        MigrationError::Scheme
    );
    assert_eq!(
        read("otpauth-migration://offline").unwrap_err(),
        MigrationError::Scheme
    );
    assert_eq!(
        read(&good.replace("data=", "date=")).unwrap_err(),
        MigrationError::NoData
    );
    let twice = format!("{good}&data={data}");
    assert_eq!(
        read(&twice).unwrap_err(),
        MigrationError::Data {
            position: good.len() + 1
        }
    );
    assert_eq!(
        read(&good.replace("data=", "data=%")).unwrap_err(),
        MigrationError::Data { position: 33 }
    );
    assert_eq!(
        read(&good.replace("data=C", "data=*")).unwrap_err(),
        MigrationError::Data { position: 33 }
    );
    assert_eq!(
        read(&good.replace("data=C", "data=%3D")).unwrap_err(),
        MigrationError::Data { position: 33 }
    );
    assert_eq!(
        read(&good.replace("data=", "data=A"))
            .map(|_| ())
            .unwrap_err(),
        MigrationError::Data {
            position: good.len()
        }
    );
    assert_eq!(
        read(&format!("{good}#")).unwrap_err(),
        MigrationError::Data {
            position: good.len()
        }
    );
    assert_eq!(
        read(&format!("{good}&x={}", "x".repeat(65_536))).unwrap_err(),
        MigrationError::TooLong
    );
    assert_eq!(
        read(&uri(&[key(&[]), number(2, 3)])).unwrap_err(),
        MigrationError::Version
    );

    // What exporters write differently.
    for same in [
        format!(" {}\n", good.replace("otpauth", "OTPAUTH")),
        good.replace("offline?", "offline/?x=y&"),
        good.replace("%3D", "").replace("%2B", "+"),
    ] {
        assert_eq!(read(&same).unwrap().len(), 1, "{same}");
    }
    let message = [key(&[bytes(2, b"\xc3\xbf>>>???~~~\xc3\xbf")]), number(2, 2)].concat();
    let url = Base64UrlUnpadded::encode_string(&message);
    assert!(url.contains(['-', '_']) && Base64::encode_string(&message).contains(['+', '/']));
    assert_eq!(
        read(&format!("otpauth-migration://offline?data={url}"))
            .unwrap()
            .len(),
        1
    );
    let mixed = format!(
        "otpauth-migration://offline?data={}+{}",
        &url[..4],
        &url[4..]
    );
    assert_eq!(
        read(&mixed).unwrap_err(),
        MigrationError::Data { position: 37 }
    );
    for padding in ["=", "===", "==x", "=%20"] {
        let bad = format!("otpauth-migration://offline?data=AAAA{padding}");
        assert_eq!(
            read(&bad).unwrap_err(),
            MigrationError::Data { position: 37 },
            "{padding}"
        );
    }
}

#[test]
fn parts_come_in_any_order() {
    let parts: Vec<_> = (0..3)
        .map(|index| part(3, index, 9, format!("{index}").as_bytes()))
        .collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let mut import = MigrationImport::new();
        assert_eq!(import.missing(), [0; 0]);
        for (taken, index) in order.into_iter().enumerate() {
            import.add(&parts[index]).unwrap();
            import.add(&parts[index]).unwrap();
            let mut left: Vec<u16> = order[taken + 1..]
                .iter()
                .map(|index| *index as u16 + 1)
                .collect();
            left.sort_unstable();
            assert_eq!(import.missing(), left);
        }
        assert_eq!(accounts(&import.finish().unwrap().keys), ["0", "1", "2"]);
    }
}

#[test]
fn gaps_and_strangers_are_told() {
    let mut import = MigrationImport::new();
    import.add(&part(3, 1, 9, b"1")).unwrap();
    for stranger in [
        part(3, 0, 8, b"0"),
        part(2, 0, 9, b"0"),
        part(3, 1, 9, b"another"),
    ] {
        assert_eq!(import.add(&stranger), Err(MigrationError::Stranger));
    }
    assert_eq!(import.missing(), [1, 3]);
    assert_eq!(
        import.finish().unwrap_err(),
        MigrationError::Missing { parts: vec![1, 3] }
    );
    assert_eq!(
        MigrationImport::new().finish().unwrap_err(),
        MigrationError::Missing { parts: vec![] }
    );

    for (size, index) in [(1, 1), (3, 3), (0, 1)] {
        assert_eq!(
            read(&part(size, index, 9, b"a")).unwrap_err(),
            MigrationError::Part,
            "{index} of {size}"
        );
    }
    let huge = uri(&[key(&[]), vec![3 << 3, 0x81, 0x02]]);
    assert_eq!(read(&huge).unwrap_err(), MigrationError::Part, "257 parts");
    let negative = [vec![4 << 3], vec![0xff; 9], vec![1]].concat();
    assert_eq!(
        read(&uri(&[key(&[]), negative])).unwrap_err(),
        MigrationError::Part
    );
    assert_eq!(
        read(&part(0, 0, 0, b"a")).unwrap().len(),
        1,
        "an encoder that says nothing"
    );
}

#[test]
fn an_export_is_read_again_in_as_many_parts_as_it_takes() {
    let long = "x".repeat(128);
    let keys: Vec<KeyUri> = (0..40_u8)
        .map(|n| {
            let secret = Secret::from_weak_bytes(&vec![n; 1 + usize::from(n) * 3]).unwrap();
            let name = &long[..1 + usize::from(n) * 3];
            let digits = [Digits::Eight, Digits::Six][usize::from(n % 2)];
            let last = Counter::new(i64::MAX.unsigned_abs());
            let (parameters, issuer, account) = match n % 3 {
                0 => (Parameters::hotp(last), name, "alice"),
                _ => {
                    let sha256 = Parameters::DEFAULT.with_algorithm(Algorithm::Sha256);
                    (sha256, "Example", name)
                }
            };
            KeyUri::new(secret, parameters.with_digits(digits), issuer, account).unwrap()
        })
        .collect();
    for batch_id in [0, 1, -1, i32::MIN, i32::MAX] {
        let mut export = MigrationExport::new(batch_id);
        keys.iter().for_each(|key| export.add(key).unwrap());
        let uris = export.expose_uris();
        assert!(uris.len() > 4 && uris.iter().all(|uri| uri.len() <= 1024));
        let mut import = MigrationImport::new();
        uris.iter().rev().for_each(|uri| import.add(uri).unwrap());
        let again = import.finish().unwrap().keys;
        assert_eq!(again.len(), keys.len());
        for (key, (again, repairs)) in keys.iter().zip(&again) {
            assert_eq!(&*key.expose_uri(), &*again.expose_uri());
            assert_eq!(
                repairs.as_slice(),
                if key.secret().is_weak() {
                    &[Repair::WeakSecret][..]
                } else {
                    &[]
                }
            );
        }
    }

    // A negative int32 has ten bytes in Protocol Buffers.
    let mut export = MigrationExport::new(-1);
    export.add(&keys[1]).unwrap();
    let uri = export
        .expose_uris()
        .remove(0)
        .replace("%2F", "/")
        .replace("%2B", "+")
        .replace("%3D", "=");
    let message = Base64::decode_vec(uri.split_once('=').unwrap().1).unwrap();
    assert!(message.ends_with(&[
        5 << 3,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        1
    ]));

    // Ten small keys are one part, eleven are two.
    let mut export = MigrationExport::new(1);
    assert!(export.expose_uris().is_empty());
    for count in 1..=11 {
        export.add(&keys[1]).unwrap();
        assert_eq!(export.expose_uris().len(), if count <= 10 { 1 } else { 2 });
    }
    // As many as an import takes, and no more.
    (11..256).for_each(|_| export.add(&keys[1]).unwrap());
    assert_eq!(export.add(&keys[1]), Err(MigrationError::TooMany));
    let mut import = MigrationImport::new();
    export
        .expose_uris()
        .iter()
        .for_each(|uri| import.add(uri).unwrap());
    assert_eq!(import.finish().unwrap().keys.len(), 256);
}

#[test]
fn what_the_format_cannot_say_is_not_exported() {
    let key = |parameters| KeyUri::new(secret(), parameters, "Example", "alice").unwrap();
    let mut export = MigrationExport::new(1);
    let unsupported = |part| Err(MigrationError::Unsupported { part });
    let (period, digits, counter) = (
        Parameters::totp(Period::MIN),
        Parameters::DEFAULT.with_digits(Digits::Seven),
        Parameters::hotp(Counter::new(1 << 63)),
    );
    assert_eq!(export.add(&key(period)), unsupported(UriPart::Period));
    assert_eq!(export.add(&key(digits)), unsupported(UriPart::Digits));
    assert_eq!(export.add(&key(counter)), unsupported(UriPart::Counter));
    assert!(export.expose_uris().is_empty());
    // A name with a colon comes back as it was.
    let (uri, _) = KeyUri::parse_lenient(
        "otpauth://totp/Ex%3Aample:a:b?issuer=Ex%3Aample&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    )
    .unwrap();
    export.add(&uri).unwrap();
    let again = read(&export.expose_uris()[0]).unwrap();
    assert_eq!(
        (again[0].0.issuer(), again[0].0.account()),
        (Some("Ex:ample"), "a:b")
    );
}

#[test]
fn no_secret_comes_out_of_errors_and_debug() {
    const MARK: &[u8] = b"That is my secret";
    let good = uri(&[key(&[bytes(1, MARK)])]);
    let data = good.split_once('=').unwrap().1;
    let mut texts = vec![
        format!("{good}!#"),
        good.replace("offline", ""),
        format!("{good}&data={data}"),
    ];
    for more in [
        number(4, 9),
        number(5, 9),
        number(6, 9),
        bytes(2, b"\0"),
        number(1, 1),
        bytes(2, b"\xff"),
    ] {
        texts.push(uri(&[key(&[bytes(1, MARK), more])]));
    }
    texts.push(uri(&[key(&[
        bytes(1, &[MARK; 3].concat()),
        bytes(3, b""),
        bytes(2, MARK),
        number(6, 0),
    ])]));
    for text in texts {
        let error = read(&text).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.source());
        for leak in ["That", "54686174", "84, 104", &data[2..10], "KRUGC5"] {
            assert!(!said.contains(leak), "{said}");
        }
    }
    let mut import = MigrationImport::new();
    import.add(&good).unwrap();
    let mut export = MigrationExport::new(1);
    export.add(&read(&good).unwrap()[0].0).unwrap();
    let said = format!(
        "{import:?} {import:#?} {export:?} {:?}",
        export.expose_uris()
    );
    for leak in ["That", "54686174", "84, 104", &data[2..10], "KRUGC5"] {
        assert!(!said.contains(leak), "{said}");
    }
}

#[test]
fn messages() {
    let part = UriPart::Digits;
    let messages = [
        (MigrationError::TooLong, "the URI is too long"),
        (MigrationError::Scheme, "not an otpauth-migration:// URI"),
        (MigrationError::NoData, "the URI has no data"),
        (
            MigrationError::Data { position: 7 },
            "the data is not Base64, at byte 7",
        ),
        (
            MigrationError::Message { position: 7 },
            "the data is damaged, at byte 7 of the message",
        ),
        (MigrationError::Version, "an unknown version of the format"),
        (MigrationError::Part, "the part has an impossible number"),
        (
            MigrationError::Value { part },
            "not a known number of digits",
        ),
        (
            MigrationError::Key(UriError::Empty { part }),
            "the key can't be used",
        ),
        (
            MigrationError::Stranger,
            "the part belongs to another export",
        ),
        (
            MigrationError::Missing { parts: vec![1] },
            "parts of the export are missing",
        ),
        (
            MigrationError::Unsupported { part },
            "an export can't hold this number of digits",
        ),
        (MigrationError::TooMany, "too many keys for one export"),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}
