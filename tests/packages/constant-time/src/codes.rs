//! Codes: generated and verified, by a secret and a code that are undefined.

use std::hint::black_box;

use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, LookAhead, Parameters, Secret, Step, Totp, UnixTime, Window,
};

use crate::Cases;
use crate::valgrind::{mark_code, mark_undefined};

const NOW: UnixTime = UnixTime::from_secs(1_234_567_890);

pub fn run(cases: &mut Cases) {
    let key = b"1234567890".repeat(7);
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        let secret = || Secret::from_bytes(&key[..algorithm.key_len()]).expect("long enough");
        let unknown = || {
            let secret = secret();
            mark_undefined(secret.expose_bytes());
            secret
        };
        for digits in [Digits::Six, Digits::Seven, Digits::Eight] {
            let name = format!("{} {} digits", algorithm.name(), digits.count());
            let known = secret();
            let of_time = Parameters::DEFAULT
                .with_algorithm(algorithm)
                .with_digits(digits);
            let of_count = Parameters::hotp(Counter::new(7))
                .with_algorithm(algorithm)
                .with_digits(digits);
            let totp = |secret: &Secret| Totp::from_parameters(secret, of_time).expect("of TOTP");
            let prover = totp(&known);
            let at = |secs| prover.at(UnixTime::from_secs(secs)).expect("after T0");
            // First, middle and last of the window, and a miss.
            let codes =
                [-30, 0, 30, 3000].map(|offset| at(NOW.as_secs().saturating_add_signed(offset)));
            for (place, code) in ["first", "middle", "last", "miss"].into_iter().zip(codes) {
                cases.quiet(&format!("{name}, verify {place}"), 1, || {
                    let secret = unknown();
                    let totp = totp(&secret);
                    let step = totp.verify(mark_code(code), NOW, Window::DEFAULT, None);
                    assert_eq!(step.is_some(), place != "miss");
                });
            }
            cases.quiet(&format!("{name}, a replay"), 1, || {
                let secret = unknown();
                let totp = totp(&secret);
                let used = Some(Step::new(NOW.as_secs() / 30));
                assert_eq!(
                    totp.verify(mark_code(codes[1]), NOW, Window::DEFAULT, used),
                    None
                );
            });
            cases.quiet(&format!("{name}, at and look-ahead"), 1, || {
                let secret = unknown();
                let (hotp, next) = Hotp::from_parameters(&secret, of_count).expect("of HOTP");
                black_box(hotp.at(next));
                let found = hotp.verify(mark_code(codes[0]), next, LookAhead::DEFAULT);
                assert!(found.is_none());
            });
        }
    }
    cases.quiet("a key longer than the hash's block", 1, || {
        let secret = Secret::from_bytes(&[9; 100]).expect("long enough");
        mark_undefined(secret.expose_bytes());
        let code = "123456".parse().expect("a code");
        assert_eq!(
            Totp::new(&secret).verify(mark_code(code), NOW, Window::DEFAULT, None),
            None
        );
    });
}
