//! Texts, and what is shown of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secondfactor::codes::{
    CodeError, Counter, Hotp, LookAhead, Parameters, Period, Secret, Totp, Window,
};
use secondfactor::provisioning::KeyUri;
use secondfactor::store::MemoryStore;
use secondfactor::{AccountId, Code, Denial, Error, Label, NewDevice, RecoveryCode};

use super::denial;
use crate::support::*;

/// What `int()`, `TryParse` or `is_numeric` take for digits.
/// Attacks: "digits of other scripts, signs, blanks"; T16.
#[test]
fn digits_of_other_scripts_signs_and_blanks_are_no_code() {
    let in_script = |zero: u32| -> String {
        "081804"
            .chars()
            .map(|digit| char::from_u32(u32::from(digit) - 0x30 + zero).unwrap())
            .collect()
    };
    // Devanagari, Thai, and bold digits for formulas.
    for zero in [0x966, 0xe50, 0x1d7ce] {
        let error = in_script(zero).parse::<Code>().unwrap_err();
        assert_eq!(error, CodeError::OtherDigits { position: 0 });
    }
    // Those of three keyboards are read, by the same parse.
    for zero in [0x660, 0x6f0, 0xff10] {
        let read = in_script(zero).parse::<Code>().unwrap();
        assert_eq!(read.to_string(), "081804");
    }
    let bad: [String; 12] = [
        "+81804".into(),
        "-".into(),
        "08_1804".into(),
        "81804".into(),
        "\u{2460}\u{2461}\u{2462}\u{2463}\u{2464}\u{2465}".into(),
        "08180\u{2074}".into(),
        "081804\0".into(),
        "081\u{202e}804".into(),
        "0x1804".into(),
        "081804.0".into(),
        "8.1804e4".into(),
        "000081804".into(),
    ];
    for text in bad {
        assert!(text.parse::<Code>().is_err(), "{text:?}");
    }
}

/// A megabyte is read once, nothing is kept of it, and no more than the digits count.
/// Attacks: "unbounded work".
#[test]
fn no_text_makes_unbounded_work() {
    let long = "0".repeat(1 << 20);
    assert!(long.parse::<Code>().is_err());
    assert!(long.parse::<RecoveryCode>().is_err());
    assert!(Secret::from_base32(&"A".repeat(1 << 20)).is_err());
    assert!(AccountId::new(long.clone()).is_err());
    assert!(Label::new(long.clone()).is_err());
    assert!(KeyUri::totp(Secret::from_bytes(&[1; 20]).unwrap(), &long, "alice").is_err());
    assert!(KeyUri::parse_lenient(&long).is_err());
    for blank in [" ", "\n", "\u{a0}", "\u{200b}", "\u{2014}", "\u{e0001}"] {
        let blanks = blank.repeat((1 << 20) / blank.len());
        let code = format!("{blanks}081{blanks}804{blanks}");
        assert_eq!(code.parse::<Code>().unwrap().to_string(), "081804");
        assert!(blanks.parse::<RecoveryCode>().is_err());
        assert!(Secret::from_base32(&blanks).is_err() && Label::new(&*blanks).is_err());
        assert!(KeyUri::parse_lenient(&blanks).is_err());
    }
    // Nor does a setting.
    assert!(Window::new(11, 0).is_err() && Window::new(0, 11).is_err());
    assert!(LookAhead::new(101).is_err());
}

/// Unknown or impossible settings are errors; none falls back to SHA-1, six digits or 30 seconds.
/// Attacks: "a silent fallback".
#[test]
fn no_setting_is_replaced_by_another_in_silence() {
    assert!(
        Period::from_secs(0).is_err()
            && Period::from_secs(4).is_err()
            && Period::from_secs(3601).is_err()
    );
    for count in [0, 1, 5, 9, 10, 255] {
        assert_eq!(secondfactor::codes::Digits::from_count(count), None);
    }
    for secs in [14, 121] {
        let parameters = Parameters::totp(Period::from_secs(secs).unwrap());
        assert!(NewDevice::with_parameters(label("phone"), parameters).is_err());
    }
    // Nor is time taken for a counter, or a counter for time.
    let secret = Secret::from_bytes(&[1; 20]).unwrap();
    let (totp, hotp) = (Parameters::DEFAULT, Parameters::hotp(Counter::new(0)));
    assert!(Totp::from_parameters(&secret, hotp).is_err());
    assert!(Hotp::from_parameters(&secret, totp).is_err());
}

/// Everything that can stand in a log line: `Debug`, `Display`, events, errors with their sources.
/// Attacks: "a secret disclosed"; T19.
#[test]
fn no_log_line_holds_a_code_or_a_secret() {
    let log = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&log);
    let Login {
        mfa,
        secret,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let mfa = mfa.on_event(move |account, at, event| {
        *sink.lock().unwrap() += &format!("{account} {at:?} {event:?} {}\n", event.code());
    });
    let say = |what: &dyn std::fmt::Debug| *log.lock().unwrap() += &format!("{what:?}\n");
    // Digits that no time, id or count in the log has.
    let near: Vec<Code> = (-130..=130)
        .map(|steps| code(&secret, NOW, steps))
        .collect();
    let wrong = (424_243..)
        .map(|n| n.to_string().parse().unwrap())
        .find(|wrong| !near.contains(wrong))
        .unwrap();
    let used = code(&secret, NOW, 0);
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    say(&codes);
    say(&run(mfa.verify(&alice(), used)));
    say(&run(mfa.verify(&alice(), used)));
    say(&run(mfa.verify(&alice(), wrong)));
    say(&run(mfa.resync(&alice(), device, [wrong, used])));
    say(&run(mfa.redeem(&alice(), codes.iter().next().unwrap())));
    say(&run(mfa.redeem(&alice(), codes.iter().next().unwrap())));
    let rotation = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    say(&rotation);
    say(&run(mfa.confirm(&alice(), rotation.device(), wrong)));
    say(&run(mfa.status(&alice())));
    say(&mfa);
    say(&used);
    for bad in ["081804x", "0818045678"] {
        let error = bad.parse::<Code>().unwrap_err();
        say(&error);
        say(&error.to_string());
    }
    let log = log.lock().unwrap();
    let hidden = [
        used.to_string(),
        wrong.to_string(),
        secret.expose_base32().to_string(),
        rotation.secret().expose_base32().to_string(),
        format!("{:?}", secret.expose_bytes()),
        codes.iter().next().unwrap().expose_text().to_string(),
        "0818045".into(),
    ];
    for text in hidden {
        assert!(!log.contains(&text), "{text} in\n{log}");
    }
    assert!(log.lines().count() > 15, "{log}");
}

/// A claimant learns nothing but no: a wrong code and a used one read the same.
#[test]
fn a_refusal_does_not_tell_a_used_code_from_a_wrong_one() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    let shown = |code| run(mfa.verify(&alice(), code)).unwrap_err().to_string();
    assert_eq!(
        shown(code(&secret, NOW, 0)),
        shown(wrong_code(&secret, NOW))
    );
}

/// AWS's `Bool` beside `BoolIfExists`: nothing to forget here, since what is absent is an error.
/// Attacks: T22.
#[test]
fn what_is_absent_is_an_error_and_never_a_yes() {
    let mfa = secondfactor::Mfa::new(MemoryStore::new(), keyring());
    let code = "123456".parse::<Code>().unwrap();
    assert!(matches!(
        run(mfa.verify(&alice(), code)),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));
    assert!(matches!(
        mfa.open_verified(&alice(), b"session", "", secondfactor::Verified::SESSION),
        Err(Error::Token)
    ));
    let recovery = secondfactor::RecoveryCodes::generate()
        .unwrap()
        .into_iter()
        .next()
        .unwrap();
    assert!(matches!(
        run(mfa.redeem(&alice(), &recovery)),
        Err(Error::NotEnrolled)
    ));
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.redeem(&alice(), &recovery)),
        Err(Error::NoRecoveryCodes)
    ));
}

/// Attacks: "a recovery code of another user".
#[test]
fn another_accounts_or_devices_code_is_wrong() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let bob = account("bob");
    let enrollment = run(mfa.enroll(&bob, label("phone"))).unwrap();
    run(mfa.confirm(&bob, enrollment.device(), code(enrollment.secret(), NOW, 0))).unwrap();
    assert_eq!(
        denial(run(mfa.verify(&bob, code(&secret, NOW, 0)))),
        Denial::Mismatch
    );
}
