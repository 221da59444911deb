//! What no code can be computed in less than: the bare compressions of the hash. And what most crates are made of: the
//! `hmac` crate, here keyed once and cloned for each message, the fastest way to use it.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// So many compressions, none of which waits for another.
pub(crate) fn sha1(count: usize) -> impl FnMut() {
    compressions(count, [1_u32; 5], [0x5a; 64], sha1::block_api::compress)
}

pub(crate) fn sha256(count: usize) -> impl FnMut() {
    compressions(count, [1_u32; 8], [0x5a; 64], sha2::block_api::compress256)
}

pub(crate) fn sha512(count: usize) -> impl FnMut() {
    compressions(count, [1_u64; 8], [0x5a; 128], sha2::block_api::compress512)
}

fn compressions<S: Copy, B: Copy>(count: usize, start: S, block: B, compress: impl Fn(&mut S, &[B])) -> impl FnMut() {
    let blocks = vec![block; count];
    move || {
        for block in black_box(&blocks).chunks_exact(1) {
            let mut state = start;
            compress(&mut state, block);
            black_box(&state);
        }
    }
}

/// Without constant time: it reads by a secret address, divides, and compares as it comes.
pub(crate) fn cloned_hmac(key: &[u8], first: u64, count: u64) -> impl FnMut() -> bool + use<> {
    let keyed = <Hmac<Sha1> as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    move || {
        let submitted = black_box(1_000_000_u32);
        let matches = |counter: u64| {
            let digest = keyed.clone().chain_update(counter.to_be_bytes()).finalize().into_bytes();
            let offset = usize::from(digest[19] & 15);
            let value = digest[offset..offset + 4].iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            (value & 0x7fff_ffff) % 1_000_000 == submitted
        };
        let first = black_box(first);
        (first..first + count).fold(false, |found, counter| found | matches(counter))
    }
}
