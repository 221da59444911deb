//! What an application remembers: its note, what is demanded, and how far a session has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{FormId, Stale, Submission};
use secondfactor::codes::UnixTime;
use secondfactor::sign_in::{
    Demand, EndReason, NeedsCode, Note, ProveError, Proved, Requirement, SessionKeys,
    SessionLimits, SignIn, Stage as How,
};
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Mfa, Policy, Proof, SealingKey, Verified};

use crate::stage::{Held, Stage};
use crate::support::*;

const NOTES: [Note; 4] = [
    Note::OptedOut,
    Note::OptingIn,
    Note::OptingOut,
    Note::OptedIn,
];
const MINUTE: Duration = Duration::from_secs(60);
const KEYS: SessionKeys<'static> = SessionKeys {
    old: "old",
    new: "new",
};

const fn yes(note_is_behind: bool) -> NeedsCode {
    NeedsCode::Yes { note_is_behind }
}

fn needs(stage: &Stage) -> [NeedsCode; 4] {
    NOTES.map(|note| run(stage.mfa.needs_code(&alice(), note)).unwrap())
}

#[test]
fn a_code_is_needed_by_the_note_or_by_the_record() {
    let stage = Stage::empty();
    let without_a_device = [NeedsCode::No, NeedsCode::No, NeedsCode::No, yes(false)];
    assert_eq!(needs(&stage), without_a_device, "no record");
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    assert_eq!(needs(&stage), without_a_device, "a pending device");
    let confirmed = stage.confirm(&phone).unwrap();
    let with_one = [yes(true), yes(true), yes(false), yes(false)];
    assert_eq!(needs(&stage), with_one, "a confirmed device");
    let codes = stage.issue(&confirmed);
    let recovered = stage.redeem(&codes[0]).unwrap();
    run(stage.mfa.revoke(&recovered, phone.id)).unwrap();
    assert_eq!(needs(&stage), with_one, "a recovery code took it away");
    run(stage.mfa.opt_out(&recovered)).unwrap();
    assert_eq!(needs(&stage), without_a_device, "opted out");
}

/// A store that is out of reach.
#[derive(Debug)]
struct Gone;

#[derive(Debug, thiserror::Error)]
#[error("gone")]
struct OutOfReach;

impl Store for Gone {
    type Error = OutOfReach;

    async fn check(&self) -> Result<Report, OutOfReach> {
        Err(OutOfReach)
    }

    async fn load(&self, _: &AccountId) -> Result<Option<Stored>, OutOfReach> {
        Err(OutOfReach)
    }

    async fn swap(&self, _: &AccountId, _: Option<Version>, _: &[u8]) -> Result<Swap, OutOfReach> {
        Err(OutOfReach)
    }

    async fn remove(&self, _: &AccountId, _: Version) -> Result<Swap, OutOfReach> {
        Err(OutOfReach)
    }
}

#[test]
fn an_error_is_never_no_code() {
    let gone = Mfa::new(Gone, keyring());
    let store = Arc::new(MemoryStore::new());
    let _enrollment =
        run(Mfa::new(Arc::clone(&store), keyring()).enroll(&alice(), label("phone"))).unwrap();
    let other_key = secondfactor::Keyring::new(SealingKey::from_bytes(&[8; 32]));
    let locked = Mfa::new(store, other_key);
    for note in NOTES {
        let answers = [
            run(gone.needs_code(&alice(), note)),
            run(locked.needs_code(&alice(), note)),
        ];
        for answer in answers {
            assert!(!matches!(answer, Ok(NeedsCode::No)), "{note:?}: {answer:?}");
            assert_eq!(
                answer.is_ok(),
                note == Note::OptedIn,
                "{note:?}: {answer:?}"
            );
        }
    }
}

#[test]
fn what_is_demanded_is_satisfied_by_a_device() {
    let overdue = |stage: &Stage, note| {
        let status = run(stage.mfa.status(&alice())).ok();
        Requirement::new(Demand::AT_ONCE, status.as_ref(), note, None, stage.now())
    };
    let stage = Stage::empty();
    assert_eq!(overdue(&stage, Note::OptedOut), Requirement::Overdue);
    assert_eq!(overdue(&stage, Note::OptingIn), Requirement::Overdue);
    // The record was lost: nobody is sent to enroll by the password.
    assert_eq!(overdue(&stage, Note::OptedIn), Requirement::Satisfied);
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    assert_eq!(overdue(&stage, Note::OptingIn), Requirement::Overdue);
    let confirmed = stage.confirm(&phone).unwrap();
    assert_eq!(overdue(&stage, Note::OptingIn), Requirement::Satisfied);
    let codes = stage.issue(&confirmed);
    let recovered = stage.redeem(&codes[0]).unwrap();
    run(stage.mfa.revoke(&recovered, phone.id)).unwrap();
    // Recovery codes alone are no device.
    assert_eq!(overdue(&stage, Note::OptedIn), Requirement::Overdue);
}

#[test]
fn a_deadline_is_written_once_and_never_moves_later() {
    const DAY: u64 = 24 * 3600;
    let at = |day: u64| UnixTime::from_secs(NOW.as_secs() + day * DAY);
    let by = |day, must_be_written| Requirement::EnrollBy {
        deadline: at(day),
        must_be_written,
    };
    let within = |days: u64| Demand::within(Duration::from_secs(days * DAY));
    for (demand, written, now, requirement) in [
        // The first demand is written down, and stays.
        (within(14), None, 0, by(14, true)),
        (within(14), Some(14), 0, by(14, false)),
        (within(14), Some(14), 13, by(14, false)),
        (within(14), Some(14), 14, Requirement::Overdue),
        // A longer grace extends nothing, a shorter one counts from today.
        (within(30), Some(14), 10, by(14, false)),
        (within(30), Some(14), 20, Requirement::Overdue),
        (within(3), Some(14), 1, by(4, true)),
        (within(3), Some(4), 3, by(4, false)),
        // A clock that was a year ahead wrote it.
        (within(14), Some(365), 0, by(14, true)),
        // Nobody waits beyond the last date.
        (within(14).until(at(5)), None, 0, by(5, true)),
        (within(14).until(at(5)), Some(14), 0, by(5, true)),
        (within(14).until(at(5)), Some(14), 5, Requirement::Overdue),
        (Demand::AT_ONCE, None, 0, Requirement::Overdue),
    ] {
        let found = Requirement::new(demand, None, Note::OptedOut, written.map(at), at(now));
        assert_eq!(
            found, requirement,
            "{demand:?}, written {written:?}, day {now}"
        );
    }
}

fn begun(needs: NeedsCode) -> SignIn {
    SignIn::begin(alice(), needs, NOW).unwrap()
}

fn later(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

fn prove(sign_in: &SignIn, stage: &Stage, proof: impl AsRef<Proof>) -> Result<Proved, ProveError> {
    let token = stage.mfa.seal_proof(&proof, b"session").unwrap();
    sign_in.prove(proof, token, KEYS, stage.now())
}

/// Each state, and what becomes of it along time.
#[test]
fn every_stage_has_its_end() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let proved = prove(&begun(yes(false)), &stage, &verified).unwrap();
    let began = stage.now().as_secs() - NOW.as_secs();
    let hour = 3600;
    for (sign_in, stages) in [
        (
            &begun(yes(false)),
            vec![
                (0, How::Half),
                (600, How::Half),
                (601, How::Ended(EndReason::HalfTooOld)),
            ],
        ),
        (
            &begun(NeedsCode::No),
            vec![
                (0, How::Password),
                (hour, How::Password),
                (hour + 1, How::Ended(EndReason::Idle)),
            ],
        ),
        (
            &proved.next,
            vec![
                (began, How::Proven),
                (began + hour, How::Proven),
                (began + hour + 1, How::Ended(EndReason::Idle)),
            ],
        ),
        (
            &proved.left,
            vec![
                (began, How::Repeat),
                (began + 60, How::Repeat),
                (began + 61, How::Ended(EndReason::RepeatOver)),
            ],
        ),
    ] {
        for (seconds, expected) in stages {
            let found = sign_in.stage(SessionLimits::AAL2, later(seconds));
            assert_eq!(found, expected, "after {seconds} s");
        }
        let before = NOW.saturating_sub(Duration::from_secs(6));
        let early = sign_in.stage(SessionLimits::AAL2, before);
        assert_eq!(early, How::Ended(EndReason::FromTheFuture));
    }
}

#[test]
fn a_session_that_is_used_lasts_a_day_and_at_pci_a_quarter_of_an_hour_without_use() {
    let mut sign_in = begun(NeedsCode::No);
    assert!(
        !sign_in.touch(SessionLimits::PCI, later(59)),
        "a write a minute"
    );
    let idle = |sign_in: &SignIn, seconds| sign_in.stage(SessionLimits::PCI, later(seconds));
    assert_eq!(idle(&sign_in, 900), How::Password);
    assert_eq!(idle(&sign_in, 901), How::Ended(EndReason::Idle));
    for hour in 1..=24 {
        assert!(sign_in.touch(SessionLimits::AAL2, later(hour * 3600)));
        let stage = sign_in.stage(SessionLimits::AAL2, later(hour * 3600));
        assert_eq!(stage, How::Password, "hour {hour}");
    }
    let stage = sign_in.stage(SessionLimits::AAL2, later(24 * 3600 + 1));
    assert_eq!(stage, How::Ended(EndReason::TooOld));
    // What is over stays over, whoever touches it.
    for (limits, seconds, reason) in [
        (SessionLimits::PCI, 901, EndReason::Idle),
        (SessionLimits::AAL2, 3601, EndReason::Idle),
    ] {
        let mut idle = begun(NeedsCode::No);
        assert!(!idle.touch(limits, later(seconds)));
        assert_eq!(idle.stage(limits, later(seconds)), How::Ended(reason));
    }
}

/// What a page forgot to ask, `prove` asks.
#[test]
fn no_proof_revives_what_is_over_and_no_old_one_leads_on() {
    let over = |reason| Some(ProveError::Ended(reason));
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let early = stage.log_in(&phone).unwrap();
    let codes = stage.issue(&early);
    let left = prove(&begun(yes(false)), &stage, &early).unwrap().left;
    let recovered = stage.redeem(&codes[0]).unwrap();
    let mending = prove(&begun(yes(false)), &stage, &recovered).unwrap().next;
    stage.wait(MINUTE);
    assert!(prove(&left, &stage, &early).is_ok(), "within the minute");
    stage.wait(Duration::from_secs(1));
    let refused = prove(&left, &stage, &early).err();
    assert_eq!(refused, over(EndReason::RepeatOver));
    // A proof from before this login, though it is fresh.
    let begin = |needs, at| SignIn::begin(alice(), needs, at).unwrap();
    let stale = Some(ProveError::Stale(Stale::TooOld));
    for needs in [yes(false), NeedsCode::No] {
        let tolerated = early.at().saturating_add(Duration::from_secs(5));
        assert!(prove(&begin(needs, tolerated), &stage, &early).is_ok());
        let late = begin(needs, tolerated.saturating_add(Duration::from_secs(1)));
        assert_eq!(prove(&late, &stage, &early).err(), stale, "{needs:?}");
    }
    stage.wait(5 * MINUTE);
    assert_eq!(prove(&mending, &stage, &early).err(), stale);
    let kept = prove(&mending, &stage, &recovered).unwrap().next;
    assert_eq!(kept.stage(SessionLimits::AAL2, stage.now()), How::Mending);
    assert_eq!(prove(&begun(NeedsCode::No), &stage, &early).err(), stale);
    // It keeps what was proven: an application may give the session another id.
    let verified = stage.log_in(&phone).unwrap();
    let proven = prove(&begun(yes(false)), &stage, &verified).unwrap().next;
    stage.wait(10 * MINUTE);
    assert!(prove(&proven, &stage, &verified).is_ok());
    assert!(prove(&mending, &stage, &recovered).is_ok());
    let verified = stage.log_in(&phone).unwrap();
    let refused = prove(&begun(yes(false)), &stage, &verified).err();
    assert_eq!(refused, over(EndReason::HalfTooOld));
    let ahead = begin(yes(false), stage.now().saturating_add(MINUTE));
    let refused = prove(&ahead, &stage, &verified).err();
    assert_eq!(refused, over(EndReason::FromTheFuture));
}

/// From each state by a proof.
#[test]
fn a_proof_makes_a_new_session_beside_the_old_one() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(5 * MINUTE);
    let verified = stage.log_in(&phone).unwrap();
    let half = prove(&begun(yes(false)), &stage, &verified).unwrap();
    let password = prove(&begun(NeedsCode::No), &stage, &verified).unwrap();
    let again = prove(&half.next, &stage, &verified).unwrap();
    let repeated = prove(&half.left, &stage, &verified).unwrap();
    for (what, proved, began) in [
        ("half", &half, stage.now()),
        ("password", &password, NOW),
        ("proven", &again, stage.now()),
        ("repeat", &repeated, stage.now()),
    ] {
        let (next, left) = (&proved.next, &proved.left);
        let stages = [next, left].map(|one| one.stage(SessionLimits::AAL2, stage.now()));
        assert_eq!(stages, [How::Proven, How::Repeat], "{what}");
        assert_eq!(next.began(), began, "{what}");
        assert!(next.token().is_some() && left.token().is_none(), "{what}");
        assert_eq!(
            next.id(),
            left.id(),
            "{what}: what was begun stays bound to it"
        );
        assert!(next.clone().end().any(|key| key == "old"), "{what}");
        assert!(left.clone().end().any(|key| key == "new"), "{what}");
    }
}

/// Whatever the session was before, the proof says what it may do.
#[test]
fn a_recovery_code_opens_the_pages_that_mend_and_nothing_else() {
    let (stage, phone, confirmed) = Stage::with_phone();
    let codes = stage.issue(&confirmed);
    let ask = |sign_in: &SignIn| {
        run((stage.mfa).stage(sign_in, b"session", Note::OptedIn, SessionLimits::AAL2)).unwrap()
    };
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let half = begun(yes(false));
    let proven = prove(&half, &stage, &verified).unwrap().next;
    let temporary = crate::operators::issue(&stage, MINUTE).unwrap();
    for (code, name) in [(&codes[0], "tablet"), (&temporary, "watch")] {
        let recovered = stage.redeem(code).unwrap();
        let (_, added) = stage.add(&recovered, name);
        for from in [&half, &begun(NeedsCode::No), &proven] {
            let mending = prove(from, &stage, &recovered).unwrap().next;
            assert_eq!(ask(&mending), How::Mending);
            assert_eq!(
                ask(&prove(&mending, &stage, &recovered).unwrap().next),
                How::Mending
            );
            // A new device, or a code, makes it a whole login.
            let again = prove(&mending, &stage, &added).unwrap().next;
            assert_eq!(ask(&again), How::Proven);
        }
    }
    let recovered = stage.redeem(&codes[1]).unwrap();
    let mending = prove(&half, &stage, &recovered).unwrap().next;
    stage.issue(&confirmed);
    assert_eq!(ask(&mending), How::Ended(EndReason::ProofEnded));
}

#[test]
fn the_session_that_is_left_repeats_its_submission_and_nothing_else() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let half = begun(yes(false));
    let form = FormId::generate().unwrap();
    let submit = |from: &SignIn, code| {
        run(stage
            .mfa
            .verify(&alice(), from.submission(code, form).unwrap()))
        .unwrap()
    };
    let code = stage.shows(&phone);
    let first = submit(&half, code);
    let proved = prove(&half, &stage, &first).unwrap();
    stage.wait(STEP);
    // A double click, and a lost answer.
    let second = submit(&proved.left, code);
    let repeated = prove(&proved.left, &stage, &second).unwrap();
    let until = repeated.left.stage(SessionLimits::AAL2, later(91));
    assert_eq!(
        until,
        How::Ended(EndReason::RepeatOver),
        "repeating extends nothing"
    );
    // Another code does not lead on.
    let other = submit(&proved.left, stage.shows(&phone));
    let refused = prove(&proved.left, &stage, &other).unwrap_err();
    assert_eq!(refused, ProveError::NotRepeated);
}

#[test]
fn logging_out_ends_every_session_of_the_form() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let go_on = |from: &SignIn, new| {
        let token = stage.mfa.seal_proof(&verified, b"session").unwrap();
        let keys = SessionKeys { old: "half", new };
        from.prove(&verified, token, keys, stage.now()).unwrap()
    };
    let first = go_on(&begun(yes(false)), "first");
    assert_eq!(first.next.clone().end().collect::<Vec<_>>(), ["half"]);
    let second = go_on(&first.left, "second");
    assert_eq!(second.next.end().collect::<Vec<_>>(), ["first", "half"]);
    assert_eq!(second.left.end().collect::<Vec<_>>(), ["first", "second"]);
    // A form that is sent over and over does not make the row grow.
    let mut left = first.left;
    let names: Vec<String> = (0..20).map(|n| format!("session {n}")).collect();
    for name in &names {
        left = go_on(&left, name).left;
    }
    assert_eq!(left.end().count(), 8);
}

/// By either way, from each session.
#[test]
fn a_logout_from_any_session_ends_all_that_its_login_led_to() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let half = begun(yes(false));
    let other = begun(yes(false));
    let mut rows = BTreeMap::from([("half", half), ("another login", other)]);
    for new in ["first", "second"] {
        let token = stage.mfa.seal_proof(&verified, b"session").unwrap();
        let keys = SessionKeys { old: "half", new };
        let proved = rows["half"].prove(&verified, token, keys, stage.now());
        let Proved { left, next } = proved.unwrap();
        rows.insert("half", left);
        rows.insert(new, next);
    }
    for from in ["half", "first", "second"] {
        let mut by_id = rows.clone();
        let ended = by_id.remove(from).unwrap();
        by_id.retain(|_, row| row.id() != ended.id());
        let (mut by_key, mut keys) = (rows.clone(), vec![from.to_owned()]);
        while let Some(key) = keys.pop() {
            keys.extend(
                by_key
                    .remove(key.as_str())
                    .into_iter()
                    .flat_map(SignIn::end),
            );
        }
        for left in [by_id, by_key] {
            assert!(left.keys().eq(["another login"].iter()), "from {from}");
        }
    }
}

/// One of two clicks is asked for a code again after the minute of repeating. The other one's session,
/// whose answer was lost, is known to the first session alone.
#[test]
fn a_logout_after_another_code_ends_what_the_first_form_led_to() {
    let (stage, phone, _) = Stage::with_phone();
    let mut rows = BTreeMap::from([("half", begun(yes(false)))]);
    let mut go_on = |verified: &Verified, [old, new]: [&'static str; 2]| {
        let token = stage.mfa.seal_proof(verified, b"session").unwrap();
        let proved = rows[old].prove(verified, token, SessionKeys { old, new }, stage.now());
        let Proved { left, next } = proved.unwrap();
        rows.extend([(old, left), (new, next)]);
    };
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    go_on(&verified, ["half", "first"]);
    go_on(&verified, ["half", "lost"]);
    stage.wait(STEP * 4);
    go_on(&stage.log_in(&phone).unwrap(), ["first", "later"]);
    let mut keys = vec!["later".to_owned()];
    while let Some(key) = keys.pop() {
        keys.extend(rows.remove(key.as_str()).into_iter().flat_map(SignIn::end));
    }
    assert!(rows.is_empty());
}

#[test]
fn a_proof_of_another_account_leads_nowhere() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let bob = SignIn::begin(account("bob"), yes(false), NOW).unwrap();
    let refused = prove(&bob, &stage, &verified).unwrap_err();
    assert_eq!(refused, ProveError::ForeignProof);
}

/// What ends by the record.
#[test]
fn a_session_ends_with_what_it_rests_on() {
    let (stage, phone, _) = Stage::with_phone();
    let ask = |sign_in: &SignIn, session: &[u8], note| {
        run(stage.mfa.stage(sign_in, session, note, SessionLimits::AAL2)).unwrap()
    };
    // A session of the password alone, where somebody has opted in since.
    let password = begun(NeedsCode::No);
    for note in NOTES {
        let found = ask(&password, b"session", note);
        assert_eq!(found, How::Ended(EndReason::CodeNeeded), "{note:?}");
    }
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let proven = prove(&begun(yes(false)), &stage, &verified).unwrap().next;
    assert_eq!(ask(&proven, b"session", Note::OptedIn), How::Proven);
    let ended = How::Ended(EndReason::ProofEnded);
    assert_eq!(
        ask(&proven, b"copied", Note::OptedIn),
        ended,
        "another session"
    );
    stage.keep(&verified, &[&phone]);
    assert_eq!(
        ask(&proven, b"session", Note::OptedIn),
        ended,
        "everything else ended"
    );
    stage.wait(STEP);
    let proof = stage.log_in(&phone).unwrap();
    let proven = prove(&begun(yes(false)), &stage, &proof).unwrap().next;
    run(stage.mfa.opt_out(&proof)).unwrap();
    assert_eq!(ask(&proven, b"session", Note::OptedIn), ended, "opted out");
    assert_eq!(ask(&password, b"session", Note::OptedOut), How::Password);
}

#[test]
fn a_session_of_a_trusted_browser_lasts_as_long_as_the_trust() {
    let (stage, phone, _) = Stage::with_phone();
    let policy = Policy::builder().trust(Policy::MAX_TRUST).build().unwrap();
    let mfa = Mfa::new(Arc::clone(&stage.store), keyring())
        .with_clock(Arc::clone(&stage.clock))
        .with_policy(policy);
    let ask = |sign_in: &SignIn| {
        run(mfa.stage(sign_in, b"session", Note::OptedIn, SessionLimits::AAL2)).unwrap()
    };
    stage.wait(STEP);
    let submission = Submission::new(stage.shows(&phone)).remember_browser(label("Firefox"));
    let mut verified = run(mfa.verify(&alice(), submission)).unwrap();
    let cookie = verified.take_browser_cookie().unwrap();
    let browser = verified.browser().unwrap();
    let half_an_hour = MINUTE * 30;
    run(mfa.trust_browser(&verified, browser, half_an_hour)).unwrap();
    let recognized = run(mfa.recognize(&alice(), Some(cookie.expose_value().as_str()))).unwrap();
    let session = SignIn::recognized(&recognized, stage.now()).unwrap();
    assert_eq!(ask(&session), How::Recognized);
    assert_eq!(session.token(), None);
    // A code goes on from there, and an old one does not.
    let next = prove(&session, &stage, &verified).unwrap().next;
    assert_eq!(ask(&next), How::Proven);
    stage.wait(half_an_hour - Duration::from_secs(1));
    assert_eq!(ask(&session), How::Recognized);
    let stale = ProveError::Stale(Stale::TooOld);
    assert_eq!(prove(&session, &stage, &verified).err(), Some(stale));
    stage.wait(Duration::from_secs(1));
    assert_eq!(ask(&session), How::Ended(EndReason::CodeNeeded));
    // And with the record.
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    run(mfa.opt_out(&verified)).unwrap();
    assert_eq!(ask(&session), How::Ended(EndReason::CodeNeeded));
}

#[test]
fn a_password_given_again_is_noted() {
    let mut sign_in = begun(NeedsCode::No);
    assert_eq!(sign_in.password_at(), NOW);
    sign_in.give_password(later(700));
    assert_eq!((sign_in.password_at(), sign_in.began()), (later(700), NOW));
}

#[test]
fn debug_shows_neither_token_nor_id() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified: Verified = stage.log_in(&phone).unwrap();
    let proven = prove(&begun(yes(false)), &stage, &verified).unwrap().next;
    let shown = shown(&proven);
    let id = std::str::from_utf8(proven.id()).unwrap();
    assert!(
        !shown.contains(proven.token().unwrap()) && !shown.contains(id),
        "{shown}"
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_session_is_written_and_read() {
    let (stage, phone, _) = Stage::with_phone();
    stage.wait(STEP);
    let verified = stage.log_in(&phone).unwrap();
    let proved = prove(&begun(yes(false)), &stage, &verified).unwrap();
    for sign_in in [
        begun(NeedsCode::No),
        begun(yes(true)),
        proved.next,
        proved.left,
    ] {
        let written = serde_json::to_string(&sign_in).unwrap();
        assert_eq!(serde_json::from_str::<SignIn>(&written).unwrap(), sign_in);
    }
    assert_eq!(
        serde_json::to_string(&Note::OptingOut).unwrap(),
        "\"opting_out\""
    );
}
