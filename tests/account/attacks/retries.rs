//! The same submission once more: by a double click, after a lost answer, or by somebody who saw a part of it.

use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{FormId, RecoverySetId, Stale, Submission};
use secondfactor::{Code, Confirmed, Denial, Error, Proof, RecoveryCodes, Verified};

use super::{denial, is_throttled, kind, recovery_set};
use crate::second_factor::{Failure, Faulty};
use crate::stage::{Held, Stage};
use crate::support::*;

const SESSION: &[u8] = b"the session's id";
const SECOND: Duration = Duration::from_secs(1);

/// The form that every test sends twice.
fn form() -> FormId {
    "0123456789abcdef0123456789abcdef".parse().unwrap()
}

fn in_form<C>(code: C) -> Submission<C> {
    Submission::new(code).with_form(SESSION, form()).unwrap()
}

fn verify(stage: &Stage, submission: impl Into<Submission<Code>>) -> Result<Verified, Error> {
    run(stage.mfa.verify(&alice(), submission))
}

fn is_refused(result: Result<Verified, Error>) -> bool {
    matches!(denial(result), Denial::Mismatch | Denial::Replayed)
}

/// The answer says the same, the proof is as old and stands.
fn assert_same(stage: &Stage, first: &Proof, again: &Proof) {
    assert_eq!(
        (again.at(), again.kind(), again.device()),
        (first.at(), first.kind(), first.device())
    );
    run(stage.mfa.check_proof(again)).unwrap();
    assert_eq!(stage.told_codes(), ["answered_again"]);
}

/// Attacks: A1.
#[test]
fn a_retry_gets_the_same_answer() {
    let stage = Stage::empty();
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    let submitted = in_form(stage.shows(&phone));
    let confirm = || run(stage.mfa.confirm(&alice(), phone.id, submitted.clone()));
    let first = confirm().unwrap();
    stage.told();
    stage.wait(SECOND * 59);
    let writes = stage.writes();
    let again = confirm().unwrap();
    assert_same(&stage, first.as_ref(), again.as_ref());
    assert_eq!(stage.writes(), writes + 1, "a commit of its own");
    assert_eq!(again.device(), phone.id);

    let submitted = in_form(stage.shows(&phone));
    let first = verify(&stage, submitted.clone()).unwrap();
    stage.told();
    for seconds in [0, 1, 58] {
        stage.wait(SECOND * seconds);
        let writes = stage.writes();
        let again = verify(&stage, submitted.clone()).unwrap();
        assert_same(&stage, first.as_ref(), again.as_ref());
        assert_eq!(stage.writes(), writes + 1, "a commit of its own");
    }

    // The last code: none is left for a second act.
    let codes = stage.issue(&again);
    codes[1..]
        .iter()
        .for_each(|code| drop(stage.redeem(code).unwrap()));
    let redeem = || run(stage.mfa.redeem(&alice(), in_form(&codes[0])));
    let first = redeem().unwrap();
    stage.told();
    stage.wait(SECOND * 59);
    let again = redeem().unwrap();
    assert_same(&stage, first.as_ref(), again.as_ref());
    assert_eq!(
        (again.codes_left(), again.recovery_set()),
        (0, first.recovery_set())
    );
    // It is one redemption: what ends the others leaves it.
    stage.issue(&first);
    run(stage.mfa.check_proof(&again)).unwrap();
}

/// Attacks: A1, R4.
#[test]
fn a_lost_answer_is_no_failure() {
    let store = Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(Arc::clone(&store));
    let submitted = in_form(code(&secret, NOW, 0));
    store.set(Failure::ErrorAfter);
    let lost = run(mfa.verify(&alice(), submitted.clone()));
    assert!(matches!(lost, Err(Error::Store(_))));
    store.set(None);
    assert_eq!(run(mfa.verify(&alice(), submitted)).unwrap().at(), NOW);
}

/// Attacks: A2.
#[test]
fn another_attempt_is_a_replay() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let code = stage.shows(&phone);
    let first = in_form(code);
    assert!(verify(&stage, first.clone()).is_ok());
    let another = |session, form| Submission::new(code).with_form(session, form).unwrap();
    let others = [
        Submission::new(code),
        another(SESSION, FormId::generate().unwrap()),
        another(b"another session's id", form()),
    ];
    for other in others {
        assert_eq!(denial(verify(&stage, other)), Denial::Replayed);
    }
    let confirmed = run(stage.mfa.confirm(&alice(), phone.id, first.clone()));
    assert!(matches!(confirmed, Err(Error::UnknownDevice)));

    // In another account.
    let bob = account("bob");
    let his = run(stage.mfa.enroll(&bob, label("phone"))).unwrap();
    run(stage
        .mfa
        .confirm(&bob, his.device(), stage.shows(&Held::new(&his))))
    .unwrap();
    let refused = run(stage.mfa.verify(&bob, first.clone()));
    assert_eq!(denial(refused), Denial::Mismatch);

    // None of them took the answer away; a minute does.
    stage.wait(SECOND * 59);
    assert!(verify(&stage, first.clone()).is_ok());
    stage.wait(SECOND);
    assert!(is_refused(verify(&stage, first)));

    // A code that has confirmed logs in nobody.
    let verified = stage.log_in(&phone).unwrap();
    let tablet = stage.enroll(&verified, label("tablet")).unwrap();
    let submitted = in_form(stage.shows(&tablet));
    run(stage.mfa.confirm(&alice(), tablet.id, submitted.clone())).unwrap();
    assert_eq!(denial(verify(&stage, submitted)), Denial::Replayed);
}

/// Attacks: A2.
#[test]
fn only_the_last_answer_is_given_again() {
    let (stage, phone, proof) = Stage::with_phone();
    stage.wait(STEP);
    let first = in_form(stage.shows(&phone));
    assert!(verify(&stage, first.clone()).is_ok());
    let next = code(&phone.secret, stage.now(), 1);
    assert!(verify(&stage, next).is_ok());
    assert_eq!(denial(verify(&stage, first)), Denial::Replayed);

    let codes = stage.issue(&proof);
    let redeem = |submission| run(stage.mfa.redeem(&alice(), submission));
    assert!(redeem(in_form(&codes[0])).is_ok());
    let another = Submission::new(&codes[0]).with_form(SESSION, FormId::generate().unwrap());
    for other in [Submission::new(&codes[0]), another.unwrap()] {
        assert_eq!(denial(redeem(other)), Denial::Mismatch);
    }
    assert!(redeem(in_form(&codes[0])).is_ok());
    assert!(stage.redeem(&codes[1]).is_ok());
    assert_eq!(denial(redeem(in_form(&codes[0]))), Denial::Mismatch);
}

/// Attacks: A2, C4.
#[test]
fn a_clock_that_goes_back_ends_retries() {
    let (stage, phone, proof) = Stage::with_phone();
    let codes = stage.issue(&proof);
    stage.wait(STEP);
    let submitted = in_form(stage.shows(&phone));
    assert!(verify(&stage, submitted.clone()).is_ok());
    let recovered = run(stage.mfa.redeem(&alice(), in_form(&codes[0]))).unwrap();
    // Servers whose clocks differ a little.
    stage.clock.set(stage.now().saturating_sub(SECOND * 5));
    let again = run(stage.mfa.redeem(&alice(), in_form(&codes[0]))).unwrap();
    assert_eq!(again.at(), recovered.at());
    stage.clock.set(stage.now().saturating_sub(SECOND));
    assert_eq!(denial(verify(&stage, submitted)), Denial::Replayed);
    let refused = run(stage.mfa.redeem(&alice(), in_form(&codes[0])));
    assert_eq!(denial(refused), Denial::Mismatch);
}

/// Attacks: A3, "guesses".
#[test]
fn attempts_are_no_oracle() {
    let (stage, phone, proof) = Stage::with_phone();
    let codes = stage.issue(&proof);
    stage.wait(STEP);
    let right = in_form(stage.shows(&phone));
    assert!(verify(&stage, right.clone()).is_ok());
    let wrong = || in_form(wrong_code(&phone.secret, stage.now()));
    let guess = || kind(verify(&stage, wrong()));
    assert!((0..4).all(|_| guess() == Denial::Mismatch));
    // It forgives nothing.
    assert!(verify(&stage, right.clone()).is_ok());
    assert_eq!(guess(), Denial::Mismatch);
    let writes = stage.writes();
    for _ in 0..1000 {
        assert!(is_throttled(verify(&stage, wrong())));
        assert!(is_throttled(verify(&stage, right.clone())));
    }
    assert_eq!(stage.writes(), writes);

    assert!(run(stage.mfa.redeem(&alice(), in_form(&codes[0]))).is_ok());
    let others: Vec<_> = RecoveryCodes::generate().unwrap().into_iter().collect();
    for other in &others[..5] {
        let guessed = run(stage.mfa.redeem(&alice(), in_form(other)));
        assert_eq!(kind(guessed), Denial::Mismatch);
    }
    assert!(is_throttled(run(stage
        .mfa
        .redeem(&alice(), in_form(&codes[0])))));
}

/// Attacks: A4.
#[test]
fn a_retry_needs_a_live_device_and_a_commit() {
    type Change = fn(&Stage, &Held, &Confirmed);
    let ends: [(&str, Change); 5] = [
        ("revoked", |stage, phone, by_tablet| {
            run(stage.mfa.revoke(by_tablet, phone.id)).unwrap();
        }),
        ("suspended", |stage, phone, by_tablet| {
            run(stage.mfa.suspend(by_tablet, phone.id)).unwrap();
        }),
        ("suspended and resumed", |stage, phone, by_tablet| {
            run(stage.mfa.suspend(by_tablet, phone.id)).unwrap();
            run(stage.mfa.resume(by_tablet, phone.id)).unwrap();
        }),
        ("kept", |stage, phone, by_tablet| {
            let renewed = run(stage.mfa.keep_only(by_tablet, &[phone.id])).unwrap();
            assert!(renewed.is_none());
        }),
        ("rotated", |stage, phone, by_tablet| {
            let new = stage.rotate(by_tablet, phone, Duration::ZERO).unwrap();
            stage.confirm(&new).unwrap();
        }),
    ];
    for (what, change) in ends {
        let (stage, phone, by_phone) = Stage::with_phone();
        let (_, by_tablet) = stage.add(&by_phone, "tablet");
        stage.wait(STEP);
        let submitted = in_form(stage.shows(&phone));
        assert!(verify(&stage, submitted.clone()).is_ok());
        change(&stage, &phone, &by_tablet);
        assert!(is_refused(verify(&stage, submitted)), "{what}");
    }

    let store = Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(Arc::clone(&store));
    let submitted = in_form(code(&secret, NOW, 0));
    let verify = || run(mfa.verify(&alice(), submitted.clone()));
    assert!(verify().is_ok());
    store.set(Failure::ErrorBefore);
    assert!(matches!(verify(), Err(Error::Store(_))));
    store.set(Failure::Lose);
    assert!(matches!(verify(), Err(Error::Contended)));
    store.set(None);
    assert!(verify().is_ok());
}

/// A retiring device logs in and proves nothing, and a retry of its login is no more.
/// Attacks: A4, P10.
#[test]
fn a_retry_of_a_retiring_device_proves_nothing() {
    let (stage, phone, by_phone) = Stage::with_phone();
    stage.wait(STEP);
    let new = stage
        .rotate(&by_phone, &phone, Duration::from_secs(3600))
        .unwrap();
    let submitted = in_form(stage.shows(&phone));
    assert!(verify(&stage, submitted.clone()).is_ok());
    stage.confirm(&new).unwrap();
    let again = verify(&stage, submitted).unwrap();
    let refused = run(stage.mfa.check_proof(&again));
    assert!(matches!(refused, Err(Error::Stale(Stale::Ended))));
}

/// Attacks: A4, P7.
#[test]
fn a_retry_of_an_ended_redemption_is_refused() {
    let (stage, _, proof) = Stage::with_phone();
    let codes = stage.issue(&proof);
    assert!(run(stage.mfa.redeem(&alice(), in_form(&codes[0]))).is_ok());
    stage.issue(&proof);
    let refused = run(stage.mfa.redeem(&alice(), in_form(&codes[0])));
    assert_eq!(denial(refused), Denial::Mismatch);
}

/// A page that was loaded again, or a form that was sent twice.
#[test]
fn a_reloaded_form_voids_no_printed_codes() {
    let (stage, _, proof) = Stage::with_phone();
    let issue = |replaces| run(stage.mfa.issue_recovery_codes(&proof, replaces));
    let none = recovery_set(&stage.mfa);
    assert_eq!(none, None);
    let printed: Vec<_> = issue(none).unwrap().into_iter().collect();
    let writes = stage.writes();
    assert!(matches!(issue(none), Err(Error::RecoveryCodesReplaced)));
    let first = recovery_set(&stage.mfa);
    assert_eq!(stage.writes(), writes);
    assert!(stage.redeem(&printed[0]).is_ok());
    // A set stays itself, as long as it is there at all.
    assert_eq!(recovery_set(&stage.mfa), first);
    let printed: Vec<_> = issue(first).unwrap().into_iter().collect();
    assert!(matches!(issue(first), Err(Error::RecoveryCodesReplaced)));
    assert!(matches!(issue(None), Err(Error::RecoveryCodesReplaced)));
    assert!(stage.redeem(&printed[0]).is_ok());
}

/// Or whoever guesses it needs no more than the form.
#[test]
fn a_short_session_is_no_session() {
    let code: Code = "123456".parse().unwrap();
    for (len, is_enough) in [(0, false), (15, false), (16, true), (1000, true)] {
        let submission = Submission::new(code).with_form(&vec![7; len], form());
        assert_eq!(submission.is_ok(), is_enough, "{len}");
    }
    let error = Submission::new(code)
        .with_form(b"short", form())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a session's id must have at least 16 bytes"
    );
}

#[test]
fn the_ids_of_forms_come_back() {
    let id = FormId::generate().unwrap();
    assert_eq!(id.to_string().parse::<FormId>().unwrap(), id);
    assert_ne!(id, FormId::generate().unwrap());
    let text = form().to_string();
    assert_eq!(text, "0123456789abcdef0123456789abcdef");
    let set = "0123456789abcdef";
    assert_eq!(set.parse::<RecoverySetId>().unwrap().to_string(), set);
    let changes: [fn(&str) -> String; 6] = [
        |_| String::new(),
        |text| text[1..].to_owned(),
        |text| format!("{text}0"),
        |text| format!("+{}", &text[1..]),
        |text| text.replace('a', "g"),
        |text| text.replace('0', "\u{660}"),
    ];
    for change in changes {
        assert!(change(&text).parse::<FormId>().is_err());
        assert!(change(set).parse::<RecoverySetId>().is_err());
    }
    let shown = format!("{:?}", in_form(12));
    let expected = "Submission { code: 12, form: Some(Form(..)), origin: None, cookie: None, \
        remembered_as: None }";
    assert_eq!(shown, expected);
}
