//! What is done for every code takes no memory from the heap: neither generating nor verifying, however far they reach.

use secondfactor::Code;
use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, LookAhead, Parameters, Secret, Totp, UnixTime, Window,
};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_025);
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];

fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

#[test]
fn totp_allocates_nothing() {
    for algorithm in ALGORITHMS {
        let parameters = Parameters::DEFAULT
            .with_algorithm(algorithm)
            .with_digits(Digits::Eight);
        for secret in secrets() {
            assert_eq!(
                allocations(|| {
                    let totp = Totp::from_parameters(&secret, parameters).unwrap();
                    let code = totp.at(NOW).unwrap();
                    let widest = Window::new(Window::MAX_STEPS, Window::MAX_STEPS).unwrap();
                    for window in [Window::EXACT, Window::DEFAULT, widest] {
                        assert!(totp.verify(code, NOW, window, None).is_some());
                        assert!(
                            totp.verify("00000000".parse().unwrap(), NOW, window, None)
                                .is_none()
                        );
                    }
                }),
                0
            );
        }
    }
}

#[test]
fn hotp_allocates_nothing() {
    for algorithm in ALGORITHMS {
        let parameters = Parameters::hotp(Counter::new(100)).with_algorithm(algorithm);
        for secret in secrets() {
            assert_eq!(
                allocations(|| {
                    let (hotp, next) = Hotp::from_parameters(&secret, parameters).unwrap();
                    let code = hotp.at(next);
                    assert!(hotp.verify(code, Counter::new(0), LookAhead::MAX).is_some());
                    assert!(
                        hotp.verify(code, Counter::new(101), LookAhead::DEFAULT)
                            .is_none()
                    );
                }),
                0
            );
        }
    }
}

#[test]
fn a_typed_code_allocates_nothing() {
    assert_eq!(
        allocations(|| assert!(
            " 123-456 ".parse::<Code>().is_ok() && "12345x".parse::<Code>().is_err()
        )),
        0
    );
}

/// One that fits a block of the hash, and the longest, which SHA-1 and SHA-256 hash first.
fn secrets() -> [Secret; 2] {
    [20, Secret::MAX_LEN].map(|len| Secret::from_bytes(&vec![7; len]).unwrap())
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
}
