//! The honest flows of the manual's threat model, with six minutes between the steps: longer than a
//! code lets its bearer change anything.

use std::time::Duration;

use secondfactor::account::{DeviceId, Lock};
use secondfactor::{Denial, Error, Policy, Proof, RecoveryCode};

use crate::recovery_set;
use crate::stage::{Held, Stage, active};
use crate::support::*;
use crate::{denial, kind};

/// For so long at most the wrong codes of a guesser keep the owner waiting.
const PRESSURE: Duration = Duration::from_secs(2 * 3600 + 24 * 60);

/// An owner at the pages of an application that asks for another code where the proof is stale.
struct Owner<'s> {
    stage: &'s Stage,
    /// What they have in their hands.
    device: Option<Held>,
    printed: Vec<RecoveryCode>,
    /// What the application keeps for the session.
    proof: Option<Proof>,
}

impl<'s> Owner<'s> {
    fn new(stage: &'s Stage, device: Option<Held>, printed: Vec<RecoveryCode>) -> Self {
        Self {
            stage,
            device,
            printed,
            proof: None,
        }
    }

    /// A code of the device, or else one of the sheet.
    fn prove(&mut self) -> Proof {
        let by_device = self
            .device
            .as_ref()
            .map(|device| self.stage.log_in(device).map(Proof::from));
        match by_device {
            Some(Ok(proof)) => proof,
            // The pressure of guesses stays for a while: the sheet is an answer too.
            None | Some(Err(Error::Denied(Denial::Throttled { .. } | Denial::Disabled))) => {
                let typed = self.printed.remove(0);
                self.stage.redeem(&typed).unwrap().into()
            }
            Some(Err(error)) => panic!("{error}"),
        }
    }

    /// A step of a flow.
    fn change<T>(&mut self, call: impl Fn(&Stage, &Proof) -> Result<T, Error>) -> T {
        self.stage.six_minutes();
        let held = self.proof.take();
        let first = held.map(|proof| (call(self.stage, &proof), proof));
        let (done, proof) = match first {
            None | Some((Err(Error::Stale(_)), _)) => {
                let proof = self.prove();
                (call(self.stage, &proof), proof)
            }
            Some(answered) => answered,
        };
        self.proof = Some(proof);
        done.unwrap()
    }

    fn confirm(&mut self, new: Held) {
        self.stage.six_minutes();
        self.proof = Some(self.stage.confirm(&new).unwrap().into());
        self.device = Some(new);
    }

    fn add(&mut self, name: &str) {
        let new = self.change(|stage, proof| stage.enroll(proof, label(name)));
        self.confirm(new);
    }

    fn rotate(&mut self, grace: Duration) {
        let old = self.device.as_ref().unwrap().id;
        let new = self.change(|stage, proof| {
            run(stage.mfa.rotate(proof, old, grace)).map(|new| Held::new(&new))
        });
        self.confirm(new);
    }

    fn revoke(&mut self, device: DeviceId) {
        self.change(|stage, proof| run(stage.mfa.revoke(proof, device)));
    }

    fn suspend(&mut self, device: DeviceId) {
        self.change(|stage, proof| run(stage.mfa.suspend(proof, device)));
    }

    fn keep_only(&mut self, devices: &[DeviceId]) {
        let kept = self.change(|stage, proof| run(stage.mfa.keep_only(proof, devices)));
        // The one by which it was called has ended.
        self.proof = kept;
        self.printed.clear();
    }

    fn keep_only_the_new_one(&mut self) {
        let new = self.device.as_ref().unwrap().id;
        self.keep_only(&[new]);
    }

    fn issue(&mut self) {
        let codes = self.change(|stage, proof| {
            run(stage
                .mfa
                .issue_recovery_codes(proof, recovery_set(&stage.mfa)))
        });
        self.printed = codes.into_iter().collect();
    }

    /// In the end they log in by what they hold, and their sheet is the one that counts.
    fn is_well(&self, labels: &[&str]) {
        let stage = self.stage;
        stage.wait(PRESSURE);
        let device = self.device.as_ref().unwrap();
        assert_eq!(stage.log_in(device).unwrap().device(), device.id);
        let devices = stage.devices();
        let expected: Vec<_> = labels.iter().flat_map(|label| active([*label])).collect();
        assert_eq!(devices, expected);
        let left = run(stage.mfa.status(&alice()))
            .unwrap()
            .recovery_codes_left();
        assert_eq!(left, self.printed.len());
        if let Some(last) = self.printed.last() {
            assert_eq!(stage.redeem(last).unwrap().codes_left(), left - 1);
        }
    }
}

/// Nothing that it shows is accepted, once no guess keeps everybody waiting.
fn is_out(stage: &Stage, device: &Held) {
    stage.wait(PRESSURE);
    let refused = denial(stage.log_in(device));
    assert!(
        matches!(refused, Denial::Mismatch | Denial::NoDevice),
        "{refused:?}"
    );
}

/// Alice with a phone and a sheet.
fn with_sheet() -> (Stage, Held, Vec<RecoveryCode>) {
    let (stage, phone, by_phone) = Stage::with_phone();
    let printed = stage.issue(&by_phone);
    stage.wait(Duration::from_secs(30 * 24 * 3600));
    (stage, phone, printed)
}

fn copy(device: &Held) -> Held {
    Held {
        id: device.id,
        secret: device.secret.duplicate(),
    }
}

type Order = &'static [fn(&mut Owner<'_>, DeviceId)];

const REVOKE: fn(&mut Owner<'_>, DeviceId) = |owner, old| owner.revoke(old);
const SUSPEND: fn(&mut Owner<'_>, DeviceId) = |owner, old| owner.suspend(old);
const ADD: fn(&mut Owner<'_>, DeviceId) = |owner, _| owner.add("new phone");
const ISSUE: fn(&mut Owner<'_>, DeviceId) = |owner, _| owner.issue();
const KEEP_NONE: fn(&mut Owner<'_>, DeviceId) = |owner, _| owner.keep_only(&[]);
const KEEP_NEW: fn(&mut Owner<'_>, DeviceId) = |owner, _| owner.keep_only_the_new_one();
const ROTATE: fn(&mut Owner<'_>, DeviceId) = |owner, _| owner.rotate(Duration::ZERO);
const ROTATE_SLOWLY: fn(&mut Owner<'_>, DeviceId) =
    |owner, _| owner.rotate(Policy::MAX_ROTATION_GRACE);

#[test]
fn a_new_phone_takes_the_place_of_the_old_one() {
    let orders: [(Order, &str); 7] = [
        (&[ADD, REVOKE], "new phone"),
        (&[ADD, KEEP_NEW, ISSUE], "new phone"),
        (&[ADD, ISSUE, REVOKE], "new phone"),
        (&[ISSUE, ADD, REVOKE], "new phone"),
        (&[ROTATE], "phone"),
        (&[ROTATE, ISSUE], "phone"),
        (&[ROTATE_SLOWLY, ISSUE, REVOKE], "phone"),
    ];
    for (order, name) in orders {
        let (stage, old, printed) = with_sheet();
        let mut owner = Owner::new(&stage, Some(copy(&old)), printed);
        // Not before the new one is there.
        let early = stage.log_in(&old).unwrap();
        let last = run(stage.mfa.revoke(&early, old.id));
        assert!(matches!(last, Err(Error::LastDevice)));
        order.iter().for_each(|step| step(&mut owner, old.id));
        owner.is_well(&[name]);
        is_out(&stage, &old);
        assert_eq!(owner.printed.len(), 10, "nothing of the sheet was needed");
    }
}

/// The label is free again, and a proof of the old phone revokes it too.
#[test]
fn the_old_phone_may_revoke_itself_and_leave_its_label() {
    let (stage, old, printed) = with_sheet();
    let mut owner = Owner::new(&stage, Some(copy(&old)), printed);
    owner.add("new phone");
    let new = owner.device.replace(copy(&old));
    owner.proof = None;
    owner.revoke(old.id);
    owner.device = new;
    let new = owner.device.as_ref().unwrap().id;
    owner.change(|stage, proof| run(stage.mfa.rename(proof, new, label("phone"))));
    owner.is_well(&["phone"]);
    is_out(&stage, &old);
}

/// With a grace the old phone still logs in while the new one is carried around.
#[test]
fn a_rotation_with_a_grace_leaves_the_old_phone_its_logins() {
    let (stage, old, printed) = with_sheet();
    let mut owner = Owner::new(&stage, Some(copy(&old)), printed);
    owner.rotate(Policy::MAX_ROTATION_GRACE);
    for _ in 0..6 {
        stage.wait(Duration::from_secs(24 * 3600));
        assert_eq!(stage.log_in(&old).unwrap().device(), old.id);
    }
    stage.wait(Duration::from_secs(24 * 3600));
    is_out(&stage, &old);
    owner.is_well(&["phone"]);
}

#[test]
fn a_lost_phone_is_replaced_by_recovery_codes() {
    let orders: [Order; 10] = [
        &[ADD, REVOKE, ISSUE],
        &[ADD, ISSUE, REVOKE],
        &[ADD, KEEP_NEW, ISSUE],
        &[REVOKE, ADD, ISSUE],
        &[REVOKE, ISSUE, ADD],
        &[ISSUE, ADD, REVOKE],
        &[ISSUE, REVOKE, ADD],
        &[SUSPEND, ADD, REVOKE, ISSUE],
        &[SUSPEND, ISSUE, ADD, REVOKE],
        &[ADD, SUSPEND, REVOKE, ISSUE],
    ];
    for order in orders {
        let (stage, lost, printed) = with_sheet();
        let mut owner = Owner::new(&stage, None, printed);
        order.iter().for_each(|step| step(&mut owner, lost.id));
        owner.is_well(&["new phone"]);
        is_out(&stage, &lost);
    }
}

/// If the confirmation issues new codes, the redemption has ended; the next page asks for a code.
#[test]
fn after_new_codes_by_the_confirmation_the_redemption_has_ended() {
    let (stage, lost, printed) = with_sheet();
    let recovered = stage.redeem(&printed[0]).unwrap();
    let new = stage.enroll(&recovered, label("new phone")).unwrap();
    let confirmed = stage.confirm(&new).unwrap();
    stage.issue(&confirmed);
    let stale = run(stage.mfa.revoke(&recovered, lost.id));
    assert!(matches!(stale, Err(Error::Stale(_))));
    run(stage.mfa.revoke(&confirmed, lost.id)).unwrap();
    assert_eq!(stage.devices(), active(["new phone"]));
}

/// What the thief of a phone does before its owner is at a keyboard.
fn steal(stage: &Stage, phone: &Held, is_printing: bool) -> (Held, Held, Vec<RecoveryCode>) {
    let thief = stage.log_in(phone).unwrap();
    let (added, by_added) = stage.add(&thief, "thief's");
    let begun = stage.enroll(&by_added, label("begun")).unwrap();
    let codes = if is_printing {
        stage.issue(&by_added)
    } else {
        Vec::new()
    };
    (added, begun, codes)
}

fn nothing_is_left(stage: &Stage, phone: &Held, stolen: &(Held, Held, Vec<RecoveryCode>)) {
    let (added, begun, codes) = stolen;
    is_out(stage, phone);
    is_out(stage, added);
    assert!(stage.confirm(begun).is_err());
    assert!(!stage.has(phone) && !stage.has(added) && !stage.has(begun));
    for code in codes.iter().take(3) {
        assert!(stage.redeem(code).is_err());
    }
}

#[test]
fn a_stolen_phone_is_answered_by_another_device() {
    type Step = fn(&mut Owner<'_>, DeviceId);
    const KEEP_TABLET: Step = |owner, tablet| owner.keep_only(&[tablet]);
    const KEEP_BOTH: Step = |owner, tablet| {
        let new = owner.device.as_ref().unwrap().id;
        owner.keep_only(&[tablet, new]);
    };
    let orders: [(Order, &[&str]); 4] = [
        (&[KEEP_TABLET, ISSUE], &["tablet"]),
        (&[KEEP_TABLET, ISSUE, ADD], &["tablet", "new phone"]),
        (&[KEEP_TABLET, ADD, ISSUE], &["tablet", "new phone"]),
        (&[ADD, KEEP_BOTH, ISSUE], &["tablet", "new phone"]),
    ];
    for (order, labels) in orders {
        let (stage, phone, tablet) = Stage::with_two();
        stage.six_minutes();
        let stolen = steal(&stage, &phone, true);
        let mut owner = Owner::new(&stage, Some(copy(&tablet)), Vec::new());
        order.iter().for_each(|step| step(&mut owner, tablet.id));
        owner.is_well(labels);
        nothing_is_left(&stage, &phone, &stolen);
    }
}

#[test]
fn a_stolen_phone_is_answered_by_recovery_codes() {
    let orders: [Order; 4] = [
        &[KEEP_NONE, ISSUE, ADD],
        &[KEEP_NONE, ADD, ISSUE],
        &[ISSUE, KEEP_NONE, ADD, ISSUE],
        &[ADD, KEEP_NEW, ISSUE],
    ];
    for order in orders {
        let (stage, phone, printed) = with_sheet();
        let stolen = steal(&stage, &phone, false);
        let mut owner = Owner::new(&stage, None, printed);
        order.iter().for_each(|step| step(&mut owner, phone.id));
        owner.is_well(&["new phone"]);
        nothing_is_left(&stage, &phone, &stolen);
    }
}

#[test]
fn a_suspended_phone_that_is_found_is_resumed() {
    let resume = |owner: &mut Owner<'_>, phone| {
        owner.change(|stage, proof| run(stage.mfa.resume(proof, phone)));
    };
    for is_issuing in [None, Some(false), Some(true)] {
        let (stage, phone, tablet) = Stage::with_two();
        let session = stage.log_in(&phone).unwrap();
        stage.issue(&session);
        let mut owner = Owner::new(&stage, Some(copy(&tablet)), Vec::new());
        owner.suspend(phone.id);
        is_out(&stage, &phone);
        let ended = run(stage.mfa.stands(&session));
        assert!(matches!(ended, Err(Error::Stale(_))));
        // The phone had issued the present codes: new ones before it is found, or afterwards.
        if is_issuing == Some(true) {
            owner.issue();
        }
        stage.wait(Duration::from_secs(3 * 24 * 3600));
        resume(&mut owner, phone.id);
        if is_issuing != Some(true) {
            owner.issue();
        }
        assert_eq!(stage.log_in(&phone).unwrap().device(), phone.id);
        let ended = run(stage.mfa.stands(&session));
        assert!(
            matches!(ended, Err(Error::Stale(_))),
            "its sessions stay ended"
        );
        owner.is_well(&["phone", "tablet"]);
    }
}

/// Without another device a redemption suspends the phone, and the phone is enrolled again.
#[test]
fn a_phone_that_was_suspended_by_a_recovery_code_is_enrolled_again() {
    for is_resumed in [false, true] {
        let (stage, phone, printed) = with_sheet();
        let mut owner = Owner::new(&stage, None, printed);
        owner.suspend(phone.id);
        assert_eq!(denial(stage.log_in(&phone)), Denial::NoDevice);
        let proof = owner.proof.as_ref().unwrap();
        let resumed = run(stage.mfa.resume(proof, phone.id));
        assert!(matches!(resumed, Err(Error::DeviceRequired)));
        let taken = stage.enroll(proof, label("phone"));
        assert!(matches!(taken, Err(Error::LabelTaken)));

        owner.add("found phone");
        let labels: &[&str] = match is_resumed {
            true => {
                owner.change(|stage, proof| run(stage.mfa.resume(proof, phone.id)));
                assert!(stage.log_in(&phone).is_ok());
                &["phone", "found phone"]
            }
            false => {
                owner.revoke(phone.id);
                is_out(&stage, &phone);
                &["found phone"]
            }
        };
        owner.issue();
        owner.is_well(labels);
    }
}

/// By somebody who guesses for days.
fn disable(stage: &Stage, phone: &Held) {
    loop {
        match run(stage.mfa.status(&alice())).unwrap().lock() {
            Lock::Open => {
                let wrong = wrong_code(&phone.secret, stage.now());
                assert_eq!(
                    kind(run(stage.mfa.verify(&alice(), wrong))),
                    Denial::Mismatch
                );
            }
            Lock::Until(then) => stage.clock.set(then),
            _ => return,
        }
    }
}

#[test]
fn a_disabled_account_is_bound_to_a_new_device() {
    let orders: [Order; 4] = [
        &[ADD, ISSUE],
        &[ISSUE, ADD],
        &[ISSUE, ADD, ISSUE],
        &[REVOKE, ADD, ISSUE],
    ];
    for order in orders {
        let (stage, phone, by_phone) = Stage::with_phone();
        let (tablet, _) = stage.add(&by_phone, "tablet");
        let printed = stage.issue(&by_phone);
        disable(&stage, &phone);
        assert_eq!(denial(stage.log_in(&phone)), Denial::Disabled);
        let mut owner = Owner::new(&stage, None, printed);
        stage.told();
        order.iter().for_each(|step| step(&mut owner, tablet.id));
        assert!(stage.told_codes().contains(&"rebound"));
        owner.is_well(&["new phone"]);
        is_out(&stage, &phone);
        is_out(&stage, &tablet);
    }
}

#[test]
fn a_disabled_account_is_unlocked_by_an_operator() {
    let (stage, phone, printed) = with_sheet();
    disable(&stage, &phone);
    assert_eq!(denial(stage.log_in(&phone)), Denial::Disabled);
    stage.six_minutes();
    run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    let mut owner = Owner::new(&stage, Some(phone), printed);
    owner.issue();
    owner.is_well(&["phone"]);
}

#[test]
fn an_account_without_a_device_is_mended_by_recovery_codes() {
    let orders: [Order; 3] = [&[ADD, ISSUE], &[ISSUE, ADD], &[ISSUE, ADD, ISSUE]];
    for order in orders {
        let (stage, phone, printed) = with_sheet();
        let mut owner = Owner::new(&stage, None, printed);
        owner.revoke(phone.id);
        stage.wait(Duration::from_secs(30 * 24 * 3600));
        assert_eq!(denial(stage.log_in(&phone)), Denial::NoDevice);
        order.iter().for_each(|step| step(&mut owner, phone.id));
        owner.is_well(&["new phone"]);
    }
}

/// Interrupted between keeping nothing and the new codes: only an operator helps.
#[test]
fn an_account_without_devices_and_codes_is_opted_out_by_an_operator() {
    let (stage, phone, printed) = with_sheet();
    let mut owner = Owner::new(&stage, None, printed);
    let typed = copy_of(&owner.printed[1]);
    owner.keep_only(&[]);
    stage.wait(Duration::from_secs(20 * 60));
    assert_eq!(denial(stage.log_in(&phone)), Denial::NoDevice);
    assert!(matches!(stage.redeem(&typed), Err(Error::NoRecoveryCodes)));
    let proof = owner.proof.take().unwrap();
    let stale = stage.enroll(&proof, label("new phone"));
    assert!(matches!(stale, Err(Error::Stale(_))));
    let opt_in = run(stage.mfa.enroll(&alice(), label("new phone")));
    assert!(matches!(opt_in, Err(Error::ProofRequired)));

    stage.six_minutes();
    run(stage.mfa.danger_opt_out_unproven(&alice(), &operator())).unwrap();
    assert!(matches!(stage.log_in(&phone), Err(Error::NotEnrolled)));
    stage.six_minutes();
    let new = run(stage.mfa.enroll(&alice(), label("new phone"))).unwrap();
    owner.confirm(Held::new(&new));
    owner.issue();
    owner.is_well(&["new phone"]);
}

fn copy_of(code: &RecoveryCode) -> RecoveryCode {
    code.expose_text().parse().unwrap()
}

/// A record that is gone is an incident: nobody is let in, and nothing begins by itself.
#[test]
fn an_account_without_a_record_lets_nobody_in() {
    let (stage, phone, printed) = with_sheet();
    let early = stage.log_in(&phone).unwrap();
    run(stage.mfa.danger_opt_out_unproven(&alice(), &operator())).unwrap();
    assert!(matches!(stage.log_in(&phone), Err(Error::NotEnrolled)));
    assert!(matches!(stage.redeem(&printed[0]), Err(Error::NotEnrolled)));
    assert!(matches!(
        run(stage.mfa.stands(&early)),
        Err(Error::NotEnrolled)
    ));
    let another = stage.enroll(&early, label("tablet"));
    assert!(matches!(another, Err(Error::NotEnrolled)));
}
