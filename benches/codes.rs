//! The hot path beside its floors, in one run: `cargo bench --bench codes`.
//!
//! A code is two compressions of the hash, a verification of three steps six, keying two more. What lies between those
//! floors and our figures is all that can be gained. The `hmac` crate, keyed once and cloned, is the usual way.
//! At the end the medians are divided by their floors; single figures vary from machine to machine, ratios much less.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use secondfactor::{Algorithm, Secret, Totp, UnixTime, Window};

const NOW: UnixTime = UnixTime::from_secs(1_234_567_890);

fn bench(c: &mut Criterion) {
    let mut g = c.benchmark_group("sha1");
    for n in [2usize, 6, 8] {
        let blocks = [[0x5au8; 64]; 8];
        g.bench_function(format!("floor{n}"), |b| {
            b.iter(|| {
                let blocks = black_box(&blocks);
                let mut s = [[1u32; 5]; 8];
                for i in 0..n {
                    sha1::block_api::compress(&mut s[i], std::slice::from_ref(&blocks[i]));
                }
                s
            })
        });
    }
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let totp = Totp::new(&secret);
    let wrong = "000000".parse().unwrap();
    g.bench_function("at", |b| b.iter(|| totp.at(black_box(NOW)).unwrap()));
    g.bench_function("verify", |b| b.iter(|| totp.verify(black_box(wrong), black_box(NOW), Window::DEFAULT, None)));
    g.bench_function("base32", |b| {
        b.iter(|| {
            let s = Secret::from_base32(black_box("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
            Totp::new(&s).verify(black_box(wrong), black_box(NOW), Window::DEFAULT, None)
        })
    });
    g.bench_function("bytes", |b| {
        b.iter(|| Totp::new(&secret).verify(black_box(wrong), black_box(NOW), Window::DEFAULT, None))
    });
    g.finish();
}
criterion_group!(benches, bench);
criterion_main!(benches);
