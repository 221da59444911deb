//! `Mac` against the RFCs' own numbers, Wycheproof, and the `hmac` crate.
#![allow(clippy::arithmetic_side_effects)] // small numbers

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit};
use proptest::prelude::*;
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

use super::*;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];

impl Mac {
    /// Computes the whole HMAC of a counter.
    fn digest(&self, counter: u64) -> Vec<u8> {
        fn bytes<H: Hash>(key: &Midstates<H>, counter: u64, len: usize) -> Vec<u8> {
            let [digest] = key.digests([counter]);
            H::digest_block(&digest).as_mut()[..len].to_vec()
        }
        match &self.0 {
            Keyed::Sha1(key) => bytes(key, counter, 20),
            Keyed::Sha256(key) => bytes(key, counter, 32),
            Keyed::Sha512(key) => bytes(key, counter, 64),
        }
    }
}

/// Computes the same with the `hmac` crate, the reference.
fn reference(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    fn hmac<M: hmac::Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
        <M as KeyInit>::new_from_slice(key)
            .unwrap()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec()
    }
    match algorithm {
        Algorithm::Sha1 => hmac::<Hmac<Sha1>>(key, message),
        Algorithm::Sha256 => hmac::<Hmac<Sha256>>(key, message),
        Algorithm::Sha512 => hmac::<Hmac<Sha512>>(key, message),
    }
}

/// Truncates as the example code of RFC 4226 section 5.4 does.
fn truncate_by_address(digest: &[u8]) -> u32 {
    let offset = usize::from(digest.last().unwrap() & 0xf);
    u32::from_be_bytes(digest[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Returns the rows of a vector file, split at spaces.
fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_whitespace().collect())
}

#[test]
fn rfc_4226_appendix_d_intermediate_values() {
    let mut rows = rows(include_str!(
        "../../../tests/vectors/rfc4226-appendix-d.txt"
    ));
    let key = hex(rows.next().unwrap()[1]);
    let mac = Mac::new(Algorithm::Sha1, &key);
    let mut count = 0;
    for row in rows {
        let counter = row[0].parse().unwrap();
        assert_eq!(mac.digest(counter), hex(row[1]), "counter {counter}");
        assert_eq!(
            mac.value(counter),
            u32::from_str_radix(row[2], 16).unwrap(),
            "counter {counter}"
        );
        assert_eq!(
            mac.value(counter),
            row[3].parse::<u32>().unwrap(),
            "counter {counter}"
        );
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn rfc_2202_and_4231_hold_for_the_reference() {
    let mut count = 0;
    for row in rows(include_str!("../../../tests/vectors/rfc2202-hmac-sha1.txt")) {
        assert_eq!(
            reference(Algorithm::Sha1, &hex(row[1]), &hex(row[2])),
            hex(row[3]),
            "RFC 2202, case {}",
            row[0]
        );
        count += 1;
    }
    assert_eq!(count, 7);
    for row in rows(include_str!("../../../tests/vectors/rfc4231.txt")) {
        for (algorithm, expected) in [
            (Algorithm::Sha256, hex(row[3])),
            (Algorithm::Sha512, hex(row[4])),
        ] {
            let digest = reference(algorithm, &hex(row[1]), &hex(row[2]));
            assert!(
                digest.starts_with(&expected) && expected.len() >= 16,
                "RFC 4231, case {}",
                row[0]
            );
            count += 1;
        }
    }
    assert_eq!(count, 7 + 14);
}

/// RFC 2202 and 4231 have an 8-byte message, "Hi There". It goes through `Mac` as a counter.
#[test]
fn rfc_2202_and_4231_case_1_is_a_counter() {
    let counter = u64::from_be_bytes(*b"Hi There");
    let first = |file| rows(file).next().unwrap();
    let sha1 = first(include_str!("../../../tests/vectors/rfc2202-hmac-sha1.txt"));
    let sha2 = first(include_str!("../../../tests/vectors/rfc4231.txt"));
    assert_eq!(
        Mac::new(Algorithm::Sha1, &hex(sha1[1])).digest(counter),
        hex(sha1[3])
    );
    assert_eq!(
        Mac::new(Algorithm::Sha256, &hex(sha2[1])).digest(counter),
        hex(sha2[3])
    );
    assert_eq!(
        Mac::new(Algorithm::Sha512, &hex(sha2[1])).digest(counter),
        hex(sha2[4])
    );
}

#[test]
fn wycheproof() {
    let sets = [
        TestName::HmacSha1,
        TestName::HmacSha256,
        TestName::HmacSha512,
    ];
    let counts = [(2, 168), (2, 172), (2, 172)];
    for ((algorithm, name), count) in ALGORITHMS.into_iter().zip(sets).zip(counts) {
        let (mut as_counter, mut by_reference) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let digest = if let Ok(counter) = <[u8; 8]>::try_from(&test.msg[..]) {
                    as_counter += 1;
                    Mac::new(algorithm, &test.key).digest(u64::from_be_bytes(counter))
                } else {
                    by_reference += 1;
                    reference(algorithm, &test.key, &test.msg)
                };
                let valid = digest[..group.tag_size / 8] == test.tag[..];
                assert_eq!(
                    valid,
                    test.result == TestResult::Valid,
                    "{algorithm:?} {}: {}",
                    test.tc_id,
                    test.comment
                );
            }
        }
        assert_eq!(
            (as_counter, by_reference),
            count,
            "{algorithm:?}: 8-byte messages and others"
        );
    }
}

proptest! {
    #[test]
    fn equals_the_reference(key in proptest::collection::vec(any::<u8>(), 0..=200), counter: u64) {
        for algorithm in ALGORITHMS {
            let digest = reference(algorithm, &key, &counter.to_be_bytes());
            let mac = Mac::new(algorithm, &key);
            prop_assert_eq!(mac.digest(counter), &digest[..]);
            prop_assert_eq!(mac.value(counter), truncate_by_address(&digest));
        }
    }

    #[test]
    fn shows_every_counter_once_in_order(first: u64, count in 0_u64..20) {
        let last = first.saturating_add(count);
        for algorithm in ALGORITHMS {
            let mac = Mac::new(algorithm, b"a key");
            let mut seen = Vec::new();
            mac.for_each_value(first, last, |counter, value| seen.push((counter, value)));
            let expected: Vec<_> = (first..=last).map(|counter| (counter, mac.value(counter))).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}

#[test]
fn the_last_counter_of_all_ends_the_walk() {
    let mac = Mac::new(Algorithm::Sha1, b"a key");
    for first in u64::MAX - 12..=u64::MAX {
        let mut seen = Vec::new();
        mac.for_each_value(first, u64::MAX, |counter, _| seen.push(counter));
        assert_eq!(seen, (first..=u64::MAX).collect::<Vec<_>>());
    }
    mac.for_each_value(1, 0, |_, _| panic!("an empty range has no counter"));
}
