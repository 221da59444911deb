//! The inputs of the targets `record` and `sealed` that no fuzzer has found: written out here, since they follow the format.
//!
//! After a change of the format, `SECONDFACTOR_WRITE_SEEDS=1 cargo test --all-features --test repository seeds` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secondfactor::AccountId;
use secondfactor::account::Account;
use sha2::Sha256;

use super::record_checks::{ACTIVE, EMPTY, FORMAT, HEADER_LEN, RETIRED, keyring, seal};
use crate::support::NOW;

const SECRET: &[u8] = b"12345678901234567890";
const STEP_NOW: u64 = 56_666_667;
const START: u64 = 1_699_999_010;

type Fields<'f> = &'f [(u8, Vec<u8>)];

/// A number of CBOR with its major type (RFC 8949 section 3).
fn head(major: u8, number: u64) -> Vec<u8> {
    let major = major << 5;
    let bytes = number.to_be_bytes();
    match number {
        0..24 => vec![major | number as u8],
        24..0x100 => [&[major | 24], &bytes[7..]].concat(),
        0x100..0x1_0000 => [&[major | 25], &bytes[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26], &bytes[4..]].concat(),
        _ => [&[major | 27], &bytes[..]].concat(),
    }
}

fn number(number: u64) -> Vec<u8> {
    head(0, number)
}

fn signed(number: i64) -> Vec<u8> {
    if number < 0 {
        head(1, number.unsigned_abs() - 1)
    } else {
        head(0, number.unsigned_abs())
    }
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len() as u64), bytes].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&head(3, text.len() as u64), text.as_bytes()].concat()
}

fn array(values: &[Vec<u8>]) -> Vec<u8> {
    [head(4, values.len() as u64), values.concat()].concat()
}

/// A map with these fields, in the place of those of `base`; an empty value leaves its field out.
fn map(base: Fields<'_>, changes: Fields<'_>) -> Vec<u8> {
    let fields: BTreeMap<u8, &Vec<u8>> = base
        .iter()
        .chain(changes)
        .map(|(key, value)| (*key, value))
        .collect();
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let pairs = fields
        .iter()
        .flat_map(|(key, value)| [number((*key).into()), (*value).clone()].concat());
    head(5, fields.len() as u64)
        .into_iter()
        .chain(pairs)
        .collect()
}

/// An active phone of the known secret that has shown no code yet.
fn phone(changes: Fields<'_>) -> Vec<u8> {
    let base = [
        (0, number(1)),
        (1, text("phone")),
        (2, bytes(SECRET)),
        (3, number(1)),
        (4, number(6)),
        (5, number(30)),
        (6, number(START)),
        (7, number(1)),
    ];
    map(&base, changes)
}

fn throttle(failures: u64, changes: Fields<'_>) -> Vec<u8> {
    map(&[(0, number(failures))], changes)
}

fn record(devices: &[Vec<u8>], changes: Fields<'_>) -> Vec<u8> {
    let next_device = devices.len() as u64 + 1;
    let base = [
        (0, array(devices)),
        (1, number(next_device)),
        (2, throttle(0, &[])),
    ];
    map(&base, changes)
}

fn drift(base: i64, learned: i64, lean: i64, changes: Fields<'_>) -> Vec<u8> {
    map(
        &[(0, signed(base)), (1, signed(learned)), (2, signed(lean))],
        changes,
    )
}

/// The hash of the code with this selector whose other symbols are zeros.
fn recovery_hash(salt: &[u8], selector: u8) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(salt).unwrap();
    hmac.update(b"secondfactor recovery code");
    hmac.update(&[selector]);
    hmac.update(&[0; 23]);
    hmac.update(b"alice");
    hmac.finalize().into_bytes().to_vec()
}

fn recovery(selectors: &[u8], throttle: Vec<u8>) -> Vec<u8> {
    let salt: Vec<u8> = (0..16).collect();
    let codes: Vec<Vec<u8>> = (selectors.iter())
        .map(|selector| {
            let hash = recovery_hash(&salt, *selector);
            array(&[number((*selector).into()), bytes(&hash)])
        })
        .collect();
    map(
        &[
            (0, number(START)),
            (1, bytes(&salt)),
            (2, array(&codes)),
            (3, throttle),
        ],
        &[],
    )
}

struct Seed {
    name: &'static str,
    time: u64,
    plaintext: Vec<u8>,
    opens: bool,
}

fn good(name: &'static str, plaintext: Vec<u8>) -> Seed {
    let time = NOW.as_secs();
    Seed {
        name,
        time,
        plaintext,
        opens: true,
    }
}

fn bad(name: &'static str, plaintext: Vec<u8>) -> Seed {
    Seed {
        opens: false,
        ..good(name, plaintext)
    }
}

fn of_devices() -> Vec<Seed> {
    let now = NOW.as_secs();
    let one = |changes: Fields<'_>| record(&[phone(changes)], &[]);
    let other =
        |changes: Fields<'_>| phone(&[&[(0, number(2)), (2, bytes(&[0; 20]))], changes].concat());
    let last_change = [(5, number(START + 900))];
    let last_used = (11, number(START + 900));
    let active = record(
        &[phone(&[last_used.clone(), (12, number(STEP_NOW - 4))])],
        &last_change,
    );
    let retiring = record(
        &[
            phone(&[(7, number(3)), (10, number(now + 1000))]),
            other(&[]),
        ],
        &[],
    );
    let pending = |created, tries| one(&[(6, number(created)), (7, number(0)), (8, number(tries))]);
    let device = |n: u8| {
        let secret = if n == 4 { SECRET } else { &[n; 20] };
        phone(&[
            (0, number(n.into())),
            (1, text(&format!("d{n}"))),
            (2, bytes(secret)),
            (12, number(STEP_NOW - 5)),
        ])
    };
    let tablet = other(&[
        (1, text("tablet")),
        (2, bytes(&[0; 32])),
        (3, number(2)),
        (4, number(8)),
        (5, number(60)),
    ]);
    let successor = other(&[
        (6, number(now - 5)),
        (7, number(0)),
        (8, number(0)),
        (9, number(1)),
    ]);
    let provisional = [(3, number(now + 1000)), (4, signed(2)), (5, signed(-4))];
    vec![
        good("empty", EMPTY.to_vec()),
        Seed {
            time: 0,
            ..good("at-0", active.clone())
        },
        good("active", active),
        good(
            "used",
            record(&[phone(&[last_used, (12, number(STEP_NOW))])], &last_change),
        ),
        Seed {
            time: u64::MAX,
            ..good("at-the-end", retiring.clone())
        },
        good("retiring", retiring),
        good("rotating", record(&[phone(&[]), successor], &[])),
        good(
            "suspended",
            record(&[phone(&[(7, number(2))]), tablet], &[]),
        ),
        good("pending", pending(START, 0)),
        good("pending-tried", pending(now - 10, 4)),
        good("eight", record(&[1, 2, 3, 4, 5, 6, 7, 8].map(device), &[])),
        good(
            "twice",
            record(
                &[
                    phone(&[]),
                    other(&[(2, bytes(SECRET)), (13, drift(1, 1, -1, &[]))]),
                ],
                &[],
            ),
        ),
        good("hotp", one(&[(5, Vec::new()), (12, number(STEP_NOW - 3))])),
        good(
            "hotp-new",
            one(&[
                (5, Vec::new()),
                (6, number(now - 10)),
                (7, number(0)),
                (8, number(0)),
            ]),
        ),
        good("worn", one(&[(5, Vec::new()), (12, number(u64::MAX))])),
        good(
            "sha512",
            one(&[
                (2, bytes(&[0; 64])),
                (3, number(3)),
                (4, number(7)),
                (5, number(15)),
            ]),
        ),
        good(
            "drift",
            one(&[(12, number(STEP_NOW - 2)), (13, drift(0, 3, 1, &[]))]),
        ),
        good("provisional", one(&[(13, drift(-1, 0, 0, &provisional))])),
        bad("bad-drift", one(&[(13, drift(121, 0, 0, &[]))])),
        bad("bad-state", one(&[(7, number(4))])),
        bad("bad-order", record(&[other(&[]), phone(&[])], &[])),
    ]
}

fn of_accounts() -> Vec<Seed> {
    let now = NOW.as_secs();
    let one = |changes: Fields<'_>| record(&[phone(&[])], changes);
    let failed = |failures, last, pressure| {
        one(&[(
            2,
            throttle(failures, &[(1, number(last)), (2, number(pressure))]),
        )])
    };
    let from_the_future = record(
        &[phone(&[(6, number(now + 9))])],
        &[
            (
                2,
                throttle(3, &[(1, number(now + 1_000_000)), (2, number(u64::MAX))]),
            ),
            (3, number(u64::MAX)),
            (5, number(1 << 63)),
        ],
    );
    let all: Vec<u8> = (0..10).collect();
    let recovery =
        |selectors: &[u8], throttle| one(&[(4, recovery(selectors, throttle)), (5, number(now))]);
    let plain = one(&[]);
    vec![
        good("failures", failed(4, now - 1, now + 25_920)),
        good("throttled", failed(7, now - 1, now + 120_960)),
        good(
            "disabled",
            one(&[(2, throttle(100, &[(1, number(now - 9))]))]),
        ),
        good("resyncs", one(&[(3, number(now + 30_000))])),
        good("from-the-future", from_the_future),
        good("recovery", recovery(&all, throttle(0, &[]))),
        good("recovery-last", recovery(&[0], throttle(0, &[]))),
        good(
            "recovery-failed",
            recovery(&all, throttle(5, &[(1, number(now - 1))])),
        ),
        bad("recovery-code-twice", recovery(&[0, 0], throttle(0, &[]))),
        bad("recovery-selector", recovery(&[32], throttle(0, &[]))),
        good("later-field", one(&[(99, text("new"))])),
        bad("cut", plain[..plain.len() - 3].to_vec()),
        good("trailing", [&plain[..], &[0]].concat()),
    ]
}

/// Sealed bytes, texts in the place of a token, and edits of a good record.
fn sealed() -> Vec<(&'static str, Vec<u8>)> {
    let good = seal(FORMAT, &ACTIVE, &EMPTY);
    let token = secondfactor::codes::Secret::from_bytes(&good).unwrap();
    vec![
        ("good", good.clone()),
        ("format-0", seal(0, &ACTIVE, &EMPTY)),
        ("format-2", seal(2, &ACTIVE, &EMPTY)),
        ("retired-key", seal(FORMAT, &RETIRED, &EMPTY)),
        ("other-key", seal(FORMAT, &[8; 32], &EMPTY)),
        ("no-record", seal(FORMAT, &ACTIVE, b"no record")),
        ("short", good[..8].to_vec()),
        ("header", good[..HEADER_LEN].to_vec()),
        ("no-tag", good[..HEADER_LEN + 15].to_vec()),
        ("token-text", token.expose_base32().as_bytes().to_vec()),
        ("edit-flip", vec![0, 40, 1]),
        ("edit-back", vec![0, 40, 1, 0, 40, 1]),
        ("edit-insert", vec![2, HEADER_LEN as u8, 9]),
        ("edit-remove", vec![3, 0, 0]),
        ("edit-cut", vec![4, 0, 16]),
    ]
}

/// Holds a seed against its file, or writes it there.
fn check(target: &str, name: &str, seed: &[u8]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let path = corpus.join(target).join(name);
    if std::env::var_os("SECONDFACTOR_WRITE_SEEDS").is_some() {
        fs::write(&path, seed).unwrap();
    }
    let there = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(there == seed, "{} is of another format", path.display());
}

#[test]
fn the_seeds_of_records_are_of_this_format() {
    for seed in of_devices().into_iter().chain(of_accounts()) {
        let Seed {
            name,
            time,
            plaintext,
            opens,
        } = seed;
        let alice = AccountId::new("alice").unwrap();
        let sealed = seal(FORMAT, &ACTIVE, &plaintext);
        assert_eq!(
            Account::open(&alice, &sealed, &keyring()).is_ok(),
            opens,
            "{name}"
        );
        check(
            "record",
            name,
            &[&time.to_le_bytes()[..], &plaintext].concat(),
        );
    }
}

#[test]
fn the_seeds_of_sealed_bytes_are_of_this_format() {
    for (name, seed) in sealed() {
        check("sealed", name, &seed);
    }
}
