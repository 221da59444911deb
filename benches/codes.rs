//! The hot path beside its floors, in one run: `cargo bench --bench codes`.
//!
//! A code is two compressions of the hash, a verification of three steps six, and keying two more. No code can be
//! computed in less, so these bare compressions are the floors. The `hmac` crate, keyed once and cloned for each
//! message, is the usual way. At the end each median is divided by its floor's: times vary from machine to machine and
//! from day to day, ratios of one run much less.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::Criterion;
use hmac::{Hmac, KeyInit, Mac};
use secondfactor::{Algorithm, Code, Secret, Totp, UnixTime, Window};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

const NOW: UnixTime = UnixTime::from_secs(1_234_567_890);
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];

/// What is measured, the floor beneath it, and the greatest ratio of the two that is allowed with SHA-1.
const OURS: [(&str, &str, f64); 3] = [
    ("generate", "2 compressions", 2.1),
    ("verify", "6 compressions", 1.6),
    ("from Base32 and verify", "8 compressions", 1.9),
];
const PEER: (&str, &str) = ("verify by the hmac crate", "6 compressions");

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("codes");
    let mut criterion = Criterion::default().output_directory(&folder).configure_from_args();
    for algorithm in ALGORITHMS {
        floors(&mut criterion, algorithm);
        ours(&mut criterion, algorithm);
        peer(&mut criterion, algorithm);
    }
    criterion.final_summary();
    print_ratios(&folder);
}

fn floors(criterion: &mut Criterion, algorithm: Algorithm) {
    match algorithm {
        Algorithm::Sha256 => compressions(criterion, algorithm, [1_u32; 8], [0x5a; 64], sha2::block_api::compress256),
        Algorithm::Sha512 => compressions(criterion, algorithm, [1_u64; 8], [0x5a; 128], sha2::block_api::compress512),
        _ => compressions(criterion, algorithm, [1_u32; 5], [0x5a; 64], sha1::block_api::compress),
    }
}

fn compressions<S: Copy, B: Copy>(
    criterion: &mut Criterion,
    algorithm: Algorithm,
    state: S,
    block: B,
    compress: impl Fn(&mut S, &[B]),
) {
    let mut group = criterion.benchmark_group(algorithm.name());
    for count in [2, 6, 8] {
        let blocks = [block; 8];
        group.bench_function(format!("{count} compressions"), |bencher| {
            bencher.iter(|| {
                let mut states = [state; 8];
                let blocks = black_box(&blocks);
                states.iter_mut().zip(blocks.chunks_exact(1)).take(count).for_each(|(state, one)| compress(state, one));
                states
            });
        });
    }
}

fn ours(criterion: &mut Criterion, algorithm: Algorithm) {
    let secret = secret(algorithm);
    let (text, wrong) = (secret.expose_base32(), wrong_code());
    let totp = Totp::new(&secret).with_algorithm(algorithm);
    let mut group = criterion.benchmark_group(algorithm.name());
    group.bench_function("generate", |bencher| bencher.iter(|| totp.at(black_box(NOW))));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| totp.verify(black_box(wrong), black_box(NOW), Window::DEFAULT, None));
    });
    group.bench_function("from Base32 and verify", |bencher| {
        bencher.iter(|| {
            let secret = Secret::from_base32(black_box(&text)).expect("canonical text");
            let totp = Totp::new(&secret).with_algorithm(algorithm);
            totp.verify(black_box(wrong), black_box(NOW), Window::DEFAULT, None)
        });
    });
}

fn peer(criterion: &mut Criterion, algorithm: Algorithm) {
    match algorithm {
        Algorithm::Sha256 => cloned::<Hmac<Sha256>>(criterion, algorithm),
        Algorithm::Sha512 => cloned::<Hmac<Sha512>>(criterion, algorithm),
        _ => cloned::<Hmac<Sha1>>(criterion, algorithm),
    }
}

fn cloned<M: Mac + KeyInit + Clone>(criterion: &mut Criterion, algorithm: Algorithm) {
    let secret = secret(algorithm);
    let keyed = <M as KeyInit>::new_from_slice(secret.expose_bytes()).expect("HMAC takes any key");
    let step = NOW.as_secs() / 30;
    criterion.benchmark_group(algorithm.name()).bench_function(PEER.0, |bencher| {
        bencher.iter(|| {
            let submitted = black_box(0_u32);
            let matches = |counter: u64| {
                let digest = keyed.clone().chain_update(counter.to_be_bytes()).finalize().into_bytes();
                let offset = usize::from(digest[digest.len() - 1] & 15);
                let value = digest[offset..offset + 4].iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                (value & 0x7fff_ffff) % 1_000_000 == submitted
            };
            (black_box(step) - 1..=step + 1).fold(false, |found, counter| found | matches(counter))
        });
    });
}

fn secret(algorithm: Algorithm) -> Secret {
    Secret::from_bytes(&b"1234567890".repeat(7)[..algorithm.key_len()]).expect("long enough")
}

fn wrong_code() -> Code {
    "000000".parse().expect("six digits")
}

fn print_ratios(folder: &Path) {
    println!("\n{:<8}{:<26}{:<16}{:>6}", "", "", "floor", "ratio");
    for algorithm in ALGORITHMS {
        let peer = std::iter::once((PEER.0, PEER.1, None));
        for (name, floor, limit) in OURS.iter().map(|(name, floor, limit)| (*name, *floor, Some(limit))).chain(peer) {
            let medians = median(folder, algorithm, name).zip(median(folder, algorithm, floor));
            let Some((ours, least)) = medians else { continue };
            let limit = limit.filter(|_| algorithm == Algorithm::Sha1);
            let limit = limit.map_or_else(String::new, |limit| format!("  (at most {limit})"));
            println!("{:<8}{name:<26}{floor:<16}{:>6.2}{limit}", algorithm.name(), ours / least);
        }
    }
}

/// The median in nanoseconds that criterion has just written; `None` if the benchmark was left out of this run.
fn median(folder: &Path, algorithm: Algorithm, name: &str) -> Option<f64> {
    let file = folder.join(algorithm.name()).join(name).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
