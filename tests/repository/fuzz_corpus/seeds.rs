//! The inputs of the targets `record` and `sealed` that no fuzzer has found: written out here,
//! since they follow the format.
//!
//! After a change of the format, `SECONDFACTOR_WRITE_SEEDS=1 cargo test --all-features --test
//! repository seeds` writes them.

mod cbor;

use std::fs;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secondfactor::account::Account;
use secondfactor::codes::Secret;
use secondfactor::{AccountId, RecoveryCode};
use sha2::Sha256;

use super::record_checks::{
    ACTIVE, EMPTY, FORMAT, HEADER_LEN, RECOVERY_CODE, RETIRED, keyring, seal,
};
use crate::support::{NOW, code, commit};
use cbor::{Fields, array, boolean, bytes, map, number, signed, text};

const SECRET: &[u8] = b"12345678901234567890";
const STEP_NOW: u64 = 56_666_667;
const START: u64 = 1_699_999_010;
/// Of the phone, of the tablet, and of the set of recovery codes.
const PHONE: &[u8] = b"phone 01";
const TABLET: &[u8] = b"tablet 1";
const SET: &[u8] = b"codes 01";
const REDEEMED: &[u8] = b"redeemed";

const PENDING: u64 = 0;
const SUSPENDED: u64 = 2;
const RETIRING: u64 = 3;

/// An active phone of the known secret that has shown no code yet.
fn phone(changes: Fields<'_>) -> Vec<u8> {
    let base = [
        (0, number(1)),
        (1, bytes(PHONE)),
        (2, text("phone")),
        (3, bytes(SECRET)),
        (7, number(START)),
    ];
    map(&base, changes)
}

/// Another device, of another secret.
fn tablet(changes: Fields<'_>) -> Vec<u8> {
    let base = [
        (0, number(2)),
        (1, bytes(TABLET)),
        (2, text("tablet")),
        (3, bytes(&[0; 20])),
        (8, number(1)),
        (9, number(1)),
    ];
    phone(&[&base, changes].concat())
}

/// What a pending device waits with, and what it rests on.
fn pending(changes: Fields<'_>) -> Vec<u8> {
    map(&[(0, number(590)), (1, number(0))], changes)
}

/// The fields of a device that is pending.
fn waits(pending: Vec<u8>) -> [(u8, Vec<u8>); 2] {
    [(10, number(PENDING)), (11, pending)]
}

/// The fields of a device that retires. The tablet has taken its place.
fn retires(left: u64) -> [(u8, Vec<u8>); 3] {
    [
        (10, number(RETIRING)),
        (12, number(left)),
        (20, bytes(TABLET)),
    ]
}

fn replaces(device: u64, credential: &[u8], grace: u64) -> Vec<u8> {
    map(
        &[
            (0, number(device)),
            (1, bytes(credential)),
            (2, number(grace)),
        ],
        &[],
    )
}

fn throttle(failures: u64, changes: Fields<'_>) -> Vec<u8> {
    let base = [
        (0, number(failures)),
        (1, number(0)),
        (2, number(0)),
        (3, boolean(false)),
    ];
    map(&base, changes)
}

fn answer(left: u64, credential: &[u8]) -> Vec<u8> {
    let base = [
        (0, number(left)),
        (1, number(START + 900)),
        (2, bytes(credential)),
        (3, bytes(&[7; 16])),
    ];
    map(&base, &[])
}

fn record(devices: &[Vec<u8>], changes: Fields<'_>) -> Vec<u8> {
    let next_device = devices.len() as u64 + 1;
    let base = [
        (0, array(devices)),
        (1, number(next_device)),
        (2, throttle(0, &[])),
        (3, number(0)),
        (5, number(START)),
        (6, number(0)),
        (7, boolean(true)),
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
    hmac.update(SET);
    hmac.finalize().into_bytes().to_vec()
}

fn recovery(selectors: &[u8], throttle: Vec<u8>, changes: Fields<'_>) -> Vec<u8> {
    let salt: Vec<u8> = (0..16).collect();
    let codes: Vec<u8> = (selectors.iter())
        .flat_map(|selector| [vec![*selector], recovery_hash(&salt, *selector)].concat())
        .collect();
    let base = [
        (0, bytes(SET)),
        (1, number(START)),
        (2, number(1)),
        (3, number(1)),
        (4, bytes(&salt)),
        (5, bytes(&codes)),
        (6, array(&[])),
        (7, throttle),
    ];
    map(&base, changes)
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

/// A record of one device.
fn one(changes: Fields<'_>) -> Vec<u8> {
    record(&[phone(changes)], &[])
}

fn of_devices() -> Vec<Seed> {
    let last_change = [(5, number(START + 900))];
    let last_used = (13, number(START + 900));
    let watermark = |step| (14, number(step));
    let active = record(
        &[phone(&[last_used.clone(), watermark(STEP_NOW - 4)])],
        &last_change,
    );
    let told = (15, number(STEP_NOW));
    let used = phone(&[last_used, watermark(STEP_NOW)]);
    let used_and_told = phone(&[watermark(STEP_NOW), told]);
    let retiring = |changes| record(&[phone(&retires(2000)), tablet(changes)], &[]);
    let no_successor = [(10, number(RETIRING)), (12, number(2000))];
    let no_period = (6, number(0));
    let long = [
        (3, bytes(&[0; 64])),
        (4, number(3)),
        (5, number(7)),
        (6, number(15)),
    ];
    vec![
        good("answered", one(&[(17, answer(60, PHONE))])),
        good("answered-before", one(&[(17, answer(1, b"resumed "))])),
        bad("answered-too-long", one(&[(17, answer(61, PHONE))])),
        bad("answered-and-over", one(&[(17, answer(0, PHONE))])),
        good("empty", EMPTY.to_vec()),
        Seed {
            time: 0,
            ..good("at-0", active.clone())
        },
        good("active", active),
        good("used", record(&[used], &last_change)),
        good("replay-told", record(&[used_and_told], &last_change)),
        Seed {
            time: u64::MAX,
            ..good("at-the-end", retiring(&[]))
        },
        good("retiring", retiring(&[])),
        good("retiring-alone", retiring(&[(10, number(SUSPENDED))])),
        bad("no-successor", one(&no_successor)),
        good(
            "suspended",
            record(&[phone(&[(10, number(SUSPENDED))]), tablet(&[])], &[]),
        ),
        good(
            "eight",
            record(&[1, 2, 3, 4, 5, 6, 7, 8].map(one_of_eight), &[]),
        ),
        good("hotp", one(&[no_period.clone(), watermark(STEP_NOW - 3)])),
        good("worn", one(&[no_period, watermark(u64::MAX)])),
        good("sha512", one(&long)),
        bad("bad-state", one(&[(10, number(4))])),
        bad("bad-voucher", one(&[(8, number(1))])),
        bad("bad-order", record(&[tablet(&[]), phone(&[])], &[])),
    ]
}

/// The fourth has the known secret.
fn one_of_eight(n: u8) -> Vec<u8> {
    let secret = if n == 4 { SECRET } else { &[n; 20] };
    phone(&[
        (0, number(n.into())),
        (1, bytes(&[n; 8])),
        (2, text(&format!("d{n}"))),
        (3, bytes(secret)),
        (14, number(STEP_NOW - 5)),
    ])
}

/// Devices that are not confirmed, by what they rest on.
fn of_pending_devices() -> Vec<Seed> {
    let no_one = [(7, boolean(false))];
    let opts_in = |pending| record(&[phone(&waits(pending))], &no_one);
    let beside = |pending| record(&[phone(&[]), tablet(&waits(pending))], &[]);
    let by_phone = (2, bytes(PHONE));
    let replaces_phone = (3, replaces(1, PHONE, 120));
    let hotp = [&waits(pending(&[]))[..], &[(6, number(0))]].concat();
    vec![
        good("pending", opts_in(pending(&[]))),
        good("pending-tried", opts_in(pending(&[(1, number(4))]))),
        good("pending-tried-out", opts_in(pending(&[(1, number(5))]))),
        good("pending-over", opts_in(pending(&[(0, number(0))]))),
        good("pending-session", opts_in(pending(&[(4, bytes(&[7; 16]))]))),
        good(
            "pending-rebinds",
            beside(pending(&[by_phone.clone(), (5, boolean(true))])),
        ),
        good("hotp-new", record(&[phone(&hotp)], &no_one)),
        good("ground", beside(pending(std::slice::from_ref(&by_phone)))),
        good("no-ground", beside(pending(&[(2, bytes(b"is gone "))]))),
        good("opting-in-beside", beside(pending(&[]))),
        good(
            "rotating",
            beside(pending(&[by_phone.clone(), replaces_phone.clone()])),
        ),
        good(
            "replaced-gone",
            beside(pending(&[by_phone, (3, replaces(9, PHONE, 0))])),
        ),
        good("replaces-beside", beside(pending(&[replaces_phone]))),
        bad("no-pending", one(&[(10, number(PENDING))])),
    ]
}

fn of_drifts() -> Vec<Seed> {
    let watermark = (14, number(STEP_NOW - 2));
    let provisional = |left: u64| {
        let earlier = [(0, number(left)), (1, signed(2)), (2, signed(-4))];
        [(3, map(&earlier, &[]))]
    };
    let drifting = |drift| one(&[(16, drift)]);
    let same_secret = tablet(&[(3, bytes(SECRET)), (16, drift(1, 1, -1, &[]))]);
    vec![
        good("drift", one(&[watermark, (16, drift(0, 3, 1, &[]))])),
        good("provisional", drifting(drift(-1, 0, 0, &provisional(2000)))),
        good(
            "provisional-over",
            drifting(drift(-1, 0, 0, &provisional(0))),
        ),
        good("twice", record(&[phone(&[]), same_secret], &[])),
        bad("bad-drift", drifting(drift(123, 0, 0, &[]))),
    ]
}

fn of_accounts() -> Vec<Seed> {
    let now = NOW.as_secs();
    let one = |changes: Fields<'_>| record(&[phone(&[])], changes);
    let failed = |failures, wait, pressure| {
        let left = [(1, number(wait)), (2, number(pressure))];
        one(&[(2, throttle(failures, &left)), (5, number(now - 1))])
    };
    let told = [(3, boolean(true))];
    let endless = [(1, number(u64::MAX)), (2, number(u64::MAX))];
    let endless = record(
        &[phone(&retires(u64::MAX)), tablet(&[])],
        &[(2, throttle(3, &endless)), (3, number(u64::MAX))],
    );
    let plain = one(&[]);
    vec![
        good("failures", failed(4, 0, 25_920)),
        good("throttled", failed(7, 119, 120_960)),
        good("disabled", one(&[(2, throttle(100, &[]))])),
        good("disabled-told", one(&[(2, throttle(100, &told))])),
        good("resyncs", one(&[(3, number(30_000))])),
        good("endless", endless),
        good(
            "clock-back",
            one(&[(5, number(1 << 63)), (6, number(u64::from(u32::MAX)))]),
        ),
        good("no-device", record(&[], &[])),
        good("later-field", one(&[(99, text("new"))])),
        bad("cut", plain[..plain.len() - 3].to_vec()),
        bad("trailing", [&plain[..], &[0]].concat()),
    ]
}

fn of_recovery_codes() -> Vec<Seed> {
    let all: Vec<u8> = (0..10).collect();
    let with = |devices: &[Vec<u8>], selectors: &[u8], throttle, changes: Fields<'_>| {
        record(devices, &[(4, recovery(selectors, throttle, changes))])
    };
    let phone_and = |selectors: &[u8], throttle| with(&[phone(&[])], selectors, throttle, &[]);
    let redeemed = |count: usize| [(6, array(&vec![bytes(REDEEMED); count]))];
    let answered_redemption = |left| [(6, array(&[bytes(REDEEMED)])), (8, answer(left, REDEEMED))];
    let begun = tablet(&waits(pending(&[(2, bytes(REDEEMED))])));
    let waiting = throttle(5, &[(1, number(1029)), (2, number(9640))]);
    let new = || throttle(0, &[]);
    vec![
        good("recovery", phone_and(&all, new())),
        good("recovery-last", phone_and(&[0], new())),
        good("recovery-none", phone_and(&[], new())),
        good("recovery-failed", phone_and(&all, waiting)),
        good("recovery-disabled", phone_and(&all, throttle(100, &[]))),
        good("recovery-without-device", with(&[], &all, new(), &[])),
        good(
            "redeemed",
            with(&[phone(&[]), begun], &all, new(), &redeemed(1)),
        ),
        good(
            "redeemed-ten-times",
            with(&[phone(&[])], &all, new(), &redeemed(10)),
        ),
        good(
            "redeemed-and-answered",
            with(&[phone(&[])], &all, new(), &answered_redemption(60)),
        ),
        bad(
            "redeemed-and-answered-too-long",
            with(&[phone(&[])], &all, new(), &answered_redemption(61)),
        ),
        bad("recovery-code-twice", phone_and(&[0, 0], new())),
        bad("recovery-selector", phone_and(&[32], new())),
    ]
}

/// Sealed bytes, texts in the place of a token, and edits of a good record.
fn sealed() -> Vec<(&'static str, Vec<u8>)> {
    let good = seal(FORMAT, &ACTIVE, &EMPTY);
    let token = Secret::from_bytes(&good).unwrap();
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
    let seeds = [
        of_devices(),
        of_pending_devices(),
        of_drifts(),
        of_accounts(),
        of_recovery_codes(),
    ];
    for seed in seeds.into_iter().flatten() {
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

/// Or the target looks at nothing but refusals.
#[test]
fn the_codes_of_the_seeds_are_right() {
    let opened = |name| {
        let mut seeds = of_devices().into_iter().chain(of_recovery_codes());
        let seed = seeds.find(|seed| seed.name == name).unwrap();
        let alice = AccountId::new("alice").unwrap();
        Account::open(&alice, &seal(FORMAT, &ACTIVE, &seed.plaintext), &keyring()).unwrap()
    };
    let secret = Secret::from_bytes(SECRET).unwrap();
    let (_, verified) = commit(opened("active").verify(code(&secret, NOW, 0), NOW).unwrap());
    assert!(verified.is_ok());
    let recovery_code: RecoveryCode = RECOVERY_CODE.parse().unwrap();
    let (_, recovered) = commit(opened("recovery").redeem(&recovery_code, NOW).unwrap());
    assert!(recovered.is_ok());
}
