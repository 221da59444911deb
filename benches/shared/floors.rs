//! The floors of one-time codes are the bare compressions of the hash. A key takes two compressions,
//! and each code takes two more.
//!
//! Beside them stands the `hmac` crate, which most other crates are made of. It is keyed once and cloned
//! for each message, which is the fastest way to use it.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use secondfactor::codes::Algorithm;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::group::Group;

pub(crate) fn add_compressions(group: &mut Group, algorithm: Algorithm, count: usize) {
    let name = format!("{count} compressions");
    let (state, block, compress) = ([1; 8], [0x5a; 64], sha2::block_api::compress256);
    match algorithm {
        Algorithm::Sha256 => group.add(name, compressions(count, state, block, compress)),
        Algorithm::Sha512 => {
            let (state, block, compress) = ([1; 8], [0x5a; 128], sha2::block_api::compress512);
            group.add(name, compressions(count, state, block, compress));
        }
        _ => group.add(name, sha1(count)),
    }
}

pub(crate) fn sha1(count: usize) -> impl FnMut() {
    compressions(count, [1; 5], [0x5a; 64], sha1::block_api::compress)
}

/// None of the compressions waits for another.
fn compressions<S: Copy, B: Copy>(
    count: usize,
    start: S,
    block: B,
    compress: impl Fn(&mut S, &[B]),
) -> impl FnMut() {
    let blocks = vec![block; count];
    move || {
        for block in black_box(&blocks).chunks_exact(1) {
            let mut state = start;
            compress(&mut state, block);
            black_box(&state);
        }
    }
}

/// Computes `count` codes from the counter `first` on.
pub(crate) fn add_hmac(
    group: &mut Group,
    algorithm: Algorithm,
    key: &[u8],
    first: u64,
    count: u64,
) {
    const NAME: &str = "hmac, cloned";
    match algorithm {
        Algorithm::Sha256 => group.add(NAME, cloned::<Hmac<Sha256>>(key, first, count)),
        Algorithm::Sha512 => group.add(NAME, cloned::<Hmac<Sha512>>(key, first, count)),
        _ => group.add(NAME, cloned::<Hmac<Sha1>>(key, first, count)),
    }
}

/// Not in constant time: it reads by a secret address, divides, and compares by `==`.
fn cloned<M: Mac + KeyInit + Clone>(
    key: &[u8],
    first: u64,
    count: u64,
) -> impl FnMut() -> bool + use<M> {
    let keyed = <M as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    move || {
        let submitted = black_box(1_000_000_u32);
        let matches = |counter: u64| {
            let digest = keyed
                .clone()
                .chain_update(counter.to_be_bytes())
                .finalize()
                .into_bytes();
            let offset = usize::from(digest[digest.len() - 1] & 15);
            let bytes = digest[offset..offset + 4].iter();
            let value = bytes.fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            (value & 0x7fff_ffff) % 1_000_000 == submitted
        };
        let first = black_box(first);
        (first..first + count).fold(false, |found, counter| found | matches(counter))
    }
}
