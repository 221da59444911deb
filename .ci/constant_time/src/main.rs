//! Shows that no branch and no address depends on a key or a submitted code, by valgrind's memcheck: it is told that the
//! secret bytes are undefined, and reports each jump and each load that depends on them (the method of "ctgrind").
//!
//! Leaks on purpose must be reported, or the run proves nothing. What memcheck can't see is an instruction whose time
//! depends on its operands: there is no division, as `code.rs` shows. It runs the hashes in software; what the
//! processor's own instructions do with time is theirs.
//!
//! Only for x86-64, and only under valgrind: run `.ci/constant-time`.

use std::arch::asm;
use std::hint::black_box;
use std::process::ExitCode;

use secondfactor::{Algorithm, Code, Counter, Digits, Hotp, LookAhead, Secret, Totp, UnixTime, Window};

const NOW: UnixTime = UnixTime::from_secs(1_234_567_890);

fn main() -> ExitCode {
    if client_request(RUNNING_ON_VALGRIND, 0, 0) == 0 {
        println!("run it under valgrind: .ci/constant-time");
        return ExitCode::FAILURE;
    }
    let mut failed = false;
    let mut case = |name: String, leaks: bool, run: &mut dyn FnMut()| {
        let before = client_request(COUNT_ERRORS, 0, 0);
        run();
        let reports = client_request(COUNT_ERRORS, 0, 0) - before;
        let as_it_should = (reports > 0) == leaks;
        failed |= !as_it_should;
        println!("{} {name}: {reports} reports", if as_it_should { "ok  " } else { "FAIL" });
    };

    let key = b"1234567890".repeat(7);
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        for digits in [Digits::Six, Digits::Seven, Digits::Eight] {
            let name = format!("{} {} digits", algorithm.name(), digits.count());
            let known = Secret::from_bytes(&key[..algorithm.key_len()]).expect("long enough");
            let prover = Totp::new(&known).with_algorithm(algorithm).with_digits(digits);
            let at = |secs| prover.at(UnixTime::from_secs(secs)).expect("after T0");
            // First, middle and last of the window, and a miss.
            let codes = [-30, 0, 30, 3000].map(|offset| at(NOW.as_secs().saturating_add_signed(offset)));
            for (place, code) in ["first", "middle", "last", "miss"].into_iter().zip(codes) {
                case(format!("{name}, verify {place}"), false, &mut || {
                    let secret = Secret::from_bytes(&key[..algorithm.key_len()]).expect("long enough");
                    mark_undefined(secret.expose_bytes());
                    let totp = Totp::new(&secret).with_algorithm(algorithm).with_digits(digits);
                    let mut submitted = code;
                    mark_digits_undefined(&mut submitted);
                    let step = black_box(totp.verify(submitted, NOW, Window::DEFAULT, None));
                    mark_defined(&step);
                    assert_eq!(step.is_some(), place != "miss");
                });
            }
            case(format!("{name}, at and look-ahead"), false, &mut || {
                let secret = Secret::from_bytes(&key[..algorithm.key_len()]).expect("long enough");
                mark_undefined(secret.expose_bytes());
                let hotp = Hotp::new(&secret).with_algorithm(algorithm).with_digits(digits);
                black_box(hotp.at(Counter::new(7)));
                let found = black_box(hotp.verify(codes[0], Counter::new(7), LookAhead::DEFAULT));
                mark_defined(&found);
                assert!(found.is_none());
            });
        }
    }

    let bytes = [7_u8; 16];
    mark_undefined(&bytes);
    case("a look-up by a secret byte".into(), true, &mut || {
        static TABLE: [u8; 256] = [1; 256];
        black_box(black_box(&TABLE)[usize::from(black_box(bytes[3]))]);
    });
    case("a branch on whether two codes are equal".into(), true, &mut || {
        let mut submitted: Code = "123456".parse().expect("a code");
        mark_digits_undefined(&mut submitted);
        if black_box(submitted) == black_box("123457".parse().expect("a code")) {
            black_box(());
        }
    });
    case("a comparison that ends early".into(), true, &mut || {
        black_box(black_box(&bytes).iter().zip(black_box(&[7_u8; 16])).all(|(one, other)| black_box(one == other)));
    });
    ExitCode::from(u8::from(failed))
}

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

fn mark_undefined(bytes: &[u8]) {
    client_request(MAKE_MEM_UNDEFINED, bytes.as_ptr().addr(), bytes.len());
}

/// A code is its value, then how many digits it has, which is no secret. That this order is right, a control shows.
fn mark_digits_undefined(code: &mut Code) {
    client_request(MAKE_MEM_UNDEFINED, std::ptr::from_mut(code).addr(), size_of::<u32>());
}

fn mark_defined<T>(value: &T) {
    client_request(MAKE_MEM_DEFINED, std::ptr::from_ref(value).addr(), size_of::<T>());
}

/// Valgrind's client request (its manual, section 3.1, and valgrind.h): nothing happens outside of it.
fn client_request(code: usize, address: usize, len: usize) -> usize {
    let arguments = [code, address, len, 0, 0, 0];
    let mut result = 0_usize;
    // SAFETY: four rotations by 128 bits in all, and an exchange of a register with itself: no effect on their own.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") result,
            options(nostack),
        );
    }
    result
}
