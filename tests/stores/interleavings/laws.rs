//! What must hold at every end whatever the pure account says of it: what works once, and what ends what.

use secondfactor::codes::UnixTime;
use secondfactor::{Denial, Error};

use super::{Answer, End};
use crate::support::NOW;

type Names = &'static [&'static str];

/// By the proof of the phone.
const PROVEN: Names = &[
    "enroll_another",
    "rotate",
    "issue_recovery_codes",
    "rename",
    "suspend",
    "resume",
    "revoke",
    "revoke another device",
    "keep_only",
    "opt_out",
    "forget_browser",
    "forget_browsers",
    "password_changed",
];
/// All with the same code of the phone.
const WITH_ONE_CODE: Names = &[
    "verify",
    "verify in a form",
    "verify in another form",
    "verify in a known browser",
    "verify and remember the browser",
];
/// Those that send the same code in the same form.
const IN_ONE_FORM: [Names; 2] = [
    &["verify in a form", "verify and remember the browser"],
    &["verify in another form"],
];

/// After one of the first list none of the second succeeds.
const ENDS: [(Names, Names); 9] = [
    (ENDS_THE_PHONE, PROVEN),
    (ENDS_THE_PHONE, WITH_ONE_CODE),
    (ENDS_THE_PHONE, &["confirm", "confirm_pair"]),
    (&["confirm", "confirm_pair"], &["confirm", "confirm_pair"]),
    (&["redeem"], &["redeem"]),
    (
        &["issue_recovery_codes", "keep_only", "opt_out"],
        &["redeem", "issue_recovery_codes"],
    ),
    (
        &[
            "redeem a temporary code",
            "issue_recovery_codes",
            "keep_only",
            "danger_issue_temporary_code_unproven",
            "danger_withdraw_temporary_code_unproven",
        ],
        &["redeem a temporary code"],
    ),
    (
        &[
            "revoke another device",
            "forget_browser",
            "forget_browsers",
            "password_changed",
            "keep_only",
        ],
        &["recognize", "trust_browser"],
    ),
    (
        &["danger_opt_out_unproven"],
        &["verify", "redeem", "rename", "recognize", "reseal"],
    ),
];
const ENDS_THE_PHONE: Names = &[
    "revoke",
    "suspend",
    "keep_only",
    "opt_out",
    "danger_revoke_unproven",
];

/// What is told of each success, unless it is answered again. An empty one may have had nothing to do.
const TELLS: [(&str, &str); 39] = [
    ("enroll", "EnrollmentBegun"),
    ("enroll_another", "EnrollmentBegun"),
    ("confirm", "DeviceConfirmed"),
    ("confirm_pair", "DeviceConfirmed"),
    ("verify", "Verified"),
    ("verify in a form", "Verified"),
    ("verify in another form", "Verified"),
    ("verify in a known browser", "Verified"),
    ("verify and remember the browser", "BrowserRemembered"),
    ("verify a wrong code", "-"),
    ("verify a wrong code in a known browser", "-"),
    ("verify a replay", "-"),
    ("confirm a wrong code", "-"),
    ("resync", "Resynchronized"),
    ("rotate", "EnrollmentBegun"),
    ("issue_recovery_codes", "RecoveryCodesIssued"),
    ("redeem", "Recovered"),
    ("redeem again", "-"),
    ("redeem a temporary code", "TemporaryCodeRedeemed"),
    ("rename", "Renamed"),
    ("suspend", "Suspended"),
    ("resume", "Resumed"),
    ("revoke", "Revoked"),
    ("revoke another device", "Revoked"),
    ("keep_only", "KeptOnly"),
    ("opt_out", "OptedOut"),
    ("forget_browser", ""),
    ("forget_browsers", ""),
    ("password_changed", "PasswordChanged"),
    ("trust_browser", "BrowserTrusted"),
    ("recognize", "Recognized"),
    ("danger_import_unproven", ""),
    ("danger_revoke_unproven", "RevokedUnproven"),
    ("danger_unlock_unproven", "UnlockedUnproven"),
    ("danger_opt_out_unproven", "OptedOutUnproven"),
    (
        "danger_issue_temporary_code_unproven",
        "TemporaryCodeIssued",
    ),
    (
        "danger_withdraw_temporary_code_unproven",
        "TemporaryCodeWithdrawn",
    ),
    ("danger_move_unproven", "MovedAway"),
    ("reseal", ""),
];

const ANSWERED_AGAIN: &str = "AnsweredAgain";

impl End<'_> {
    /// `order` has the calls that stand, in their order.
    pub(super) fn check_laws(
        &self,
        commands: &[&'static str],
        order: &[usize],
        story: &dyn Fn() -> String,
    ) {
        self.check_one_act(commands, story);
        for (at, n) in order.iter().enumerate() {
            self.check_success(commands[*n], *n, story);
            self.check_retry(commands, &order[..at], *n, story);
            self.check_charge(*n, story);
            for before in &order[..at] {
                self.check_end(commands, *before, *n, story);
            }
        }
    }

    /// One code is one act, however often it is sent.
    fn check_one_act(&self, commands: &[&'static str], story: &dyn Fn() -> String) {
        let acts = (0..commands.len())
            .filter(|n| WITH_ONE_CODE.contains(&commands[*n]))
            .filter(|n| !self.trails[*n].commits.is_empty() && self.has_told(*n, "Verified {"))
            .count();
        assert!(acts <= 1, "{acts} acts with one code: {}", story());
    }

    /// What is answered again was sent before, in the same form.
    fn check_retry(
        &self,
        commands: &[&'static str],
        before: &[usize],
        n: usize,
        story: &dyn Fn() -> String,
    ) {
        let command = commands[n];
        let of_this_form = IN_ONE_FORM.iter().find(|one| one.contains(&command));
        let was_sent = match of_this_form {
            Some(one) => before.iter().any(|before| one.contains(&commands[*before])),
            None => command == "redeem again",
        };
        let is_again = self.has_told(n, ANSWERED_AGAIN);
        assert!(
            was_sent || !is_again,
            "call {n} has no answer yet: {}",
            story()
        );
    }

    fn check_success(&self, command: &str, n: usize, story: &dyn Fn() -> String) {
        if !self.succeeded(n) {
            return;
        }
        let (_, tells) = TELLS.iter().find(|(name, _)| *name == command).unwrap();
        let is_again = self.has_told(n, ANSWERED_AGAIN);
        let is_told = tells.is_empty() || is_again || self.has_told(n, tells);
        assert!(
            is_told,
            "call {n} succeeded, and tells nothing: {}",
            story()
        );
        let went_back = self.time(n) < UnixTime::from_secs(NOW.as_secs() - 5);
        let is_proven = PROVEN.contains(&command);
        assert!(
            !(went_back && is_proven),
            "call {n} has a proof of the future: {}",
            story()
        );
    }

    /// A wrong code that is judged is counted before it is answered.
    fn check_charge(&self, n: usize, story: &dyn Fn() -> String) {
        let is_wrong = matches!(
            self.answers[n],
            Some(Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. })))
        );
        let is_counted = !self.trails[n].commits.is_empty();
        assert!(!is_wrong || is_counted, "call {n} was free: {}", story());
    }

    fn check_end(
        &self,
        commands: &[&'static str],
        before: usize,
        n: usize,
        story: &dyn Fn() -> String,
    ) {
        let has_happened = match &self.answers[before] {
            Some(Ok(_)) => true,
            Some(Err(Error::Store(_))) | None => self.has_told(before, told_of(commands[before])),
            Some(Err(_)) => false,
        };
        let ends = |(first, then): &(Names, Names)| {
            first.contains(&commands[before]) && then.contains(&commands[n])
        };
        let is_ended = has_happened && ENDS.iter().any(ends);
        assert!(
            !is_ended || !self.succeeded(n),
            "call {n} succeeded after call {before}: {}",
            story()
        );
    }

    fn succeeded(&self, n: usize) -> bool {
        matches!(self.answers[n], Some(Answer::Ok(_)))
    }

    fn has_told(&self, n: usize, event: &str) -> bool {
        self.trails[n].told.iter().any(|told| told.contains(event))
    }
}

fn told_of(command: &str) -> &'static str {
    let row = TELLS.iter().find(|(name, _)| *name == command);
    row.unwrap().1
}
