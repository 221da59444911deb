//! The exception that an operator makes for an owner who has nothing else.

use std::time::Duration;

use secondfactor::{Denial, Error, RecoveryCodes};

use super::{denial, is_throttled};
use crate::operators::{issue, until};
use crate::stage::Stage;
use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// Attacks: O4.
#[test]
fn a_temporary_code_is_one_bounded_exception() {
    // After alice issued new codes.
    let (stage, _, by_phone) = Stage::with_phone();
    let code = issue(&stage, HOUR).unwrap();
    assert_eq!(until(&stage), Some(3600));
    stage.issue(&by_phone);
    assert_eq!(until(&stage), None);
    assert_eq!(denial(stage.redeem(&code)), Denial::Mismatch);

    // After its end, to the second.
    for (left, is_redeemed) in [(SECOND, true), (Duration::ZERO, false)] {
        let (stage, ..) = Stage::with_phone();
        let code = issue(&stage, HOUR).unwrap();
        stage.wait(HOUR - left);
        assert_eq!(stage.redeem(&code).is_ok(), is_redeemed);
    }

    // Twice.
    let (stage, ..) = Stage::with_phone();
    let code = issue(&stage, HOUR).unwrap();
    assert!(stage.redeem(&code).is_ok());
    assert_eq!(until(&stage), None);
    assert!(matches!(stage.redeem(&code), Err(Error::NoRecoveryCodes)));
    let (stage, _, by_phone) = Stage::with_phone();
    stage.issue(&by_phone);
    let code = issue(&stage, HOUR).unwrap();
    assert!(stage.redeem(&code).is_ok());
    assert_eq!(denial(stage.redeem(&code)), Denial::Mismatch);

    // With the recovery throttle waiting.
    let (stage, _, by_phone) = Stage::with_phone();
    let printed = stage.issue(&by_phone);
    let code = issue(&stage, HOUR).unwrap();
    for _ in 0..5 {
        let other = RecoveryCodes::generate()
            .unwrap()
            .into_iter()
            .next()
            .unwrap();
        stage.redeem(&other).unwrap_err();
    }
    assert!(is_throttled(stage.redeem(&printed[0])));
    let recovered = stage.redeem(&code).unwrap();
    assert_eq!(recovered.codes_left(), 10);
    stage.enroll(&recovered, label("new phone")).unwrap();
}
