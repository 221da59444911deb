//! What the library might have been: each of these leaks, and must be reported.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use secondfactor::codes::{Counter, Hotp, Secret};
use secondfactor::{Code, RecoveryCodes};
use sha1::Sha1;

use crate::Cases;
use crate::valgrind::{declassify, mark_code, mark_recovery_code, mark_undefined};

pub fn run(cases: &mut Cases) {
    let secret = Secret::from_bytes(b"12345678901234567890").expect("long enough");
    let code: Code = "287082".parse().expect("a code");
    mark_undefined(secret.expose_bytes());

    cases.leaky("a window that is left at the first match", || {
        let hotp = Hotp::new(&secret);
        let found = (0..3).find(|counter| hotp.at(Counter::new(*counter)) == mark_code(code));
        black_box(found);
    });
    cases.leaky("codes compared as text", || {
        let [expected, submitted] = ["287082", "287083"].map(str::to_owned);
        mark_undefined(expected.as_bytes());
        mark_undefined(submitted.as_bytes());
        give_out(black_box(&expected) == black_box(&submitted));
    });
    cases.leaky("digits compared until two differ", || {
        let [expected, submitted] = [*b"287082", *b"287083"];
        mark_undefined(&expected);
        let pairs = black_box(&expected).iter().zip(black_box(&submitted));
        give_out(
            pairs
                .into_iter()
                .all(|(one, other)| black_box(one == other)),
        );
    });
    cases.leaky("truncation by address, as RFC 4226 writes it", || {
        black_box(truncated_by_address(secret.expose_bytes(), 1));
    });
    cases.leaky("recovery hashes compared until one is equal", || {
        let hashes: Vec<[u8; 32]> = (0..10).map(|n| [n; 32]).collect();
        hashes.iter().for_each(|hash| mark_undefined(hash));
        let submitted = [3_u8; 32];
        mark_undefined(&submitted);
        black_box(
            hashes
                .iter()
                .position(|hash| black_box(&hash[..]) == black_box(&submitted[..])),
        );
    });
    // These two show besides that `valgrind.rs` marks the right bytes.
    cases.leaky("a branch on whether two codes are equal", || {
        if black_box(mark_code(code)) == black_box("123457".parse().expect("a code")) {
            black_box(());
        }
    });
    cases.leaky("a recovery code written by a table", || {
        let codes = RecoveryCodes::generate().expect("random bytes");
        let code = codes.iter().next().expect("ten");
        mark_recovery_code(code);
        black_box(code.expose_text());
    });
    black_box(remainder_of_a_division(
        black_box(1_234_567_890),
        black_box(1_000_000),
    ));
}

fn give_out(verdict: bool) {
    declassify(&mut [u8::from(verdict)]);
}

fn truncated_by_address(key: &[u8], counter: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("any length");
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let bytes = [
        digest[offset],
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ];
    u32::from_be_bytes(bytes) & 0x7fff_ffff
}

/// Memcheck does not see that this takes a time that depends on the value: `scripts/constant-time` looks for the instruction,
/// and must find it here.
#[inline(never)]
fn remainder_of_a_division(value: u32, divisor: u32) -> u32 {
    value % divisor
}
