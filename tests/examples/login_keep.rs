//! The example `login`, run as a program: what its owner does when somebody else may have used the account.

use secondfactor::codes::{Secret, UnixTime};

use crate::program::Run;
use crate::site::*;
use crate::support::*;

/// A site whose `alice` has a phone and a tablet, with the recovery codes.
fn with_tablet(now: UnixTime) -> (Site, Secret, Vec<String>) {
    let (site, phone, codes) = opted_in_with_codes(now);
    let add = format!("{LOG_IN}{}\nenroll\ntablet\n", code(&phone, now, 1));
    let (_, tablet) = site.dialogue(&add, |secret| code(secret, now, 0).to_string());
    (site, tablet, codes)
}

/// The line of the list that begins so.
fn line<'r>(run: &'r Run, start: &str) -> &'r str {
    let mut lines = run.stdout.lines();
    lines.find(|line| line.starts_with(start)).unwrap_or("none")
}

#[test]
fn keep_ends_what_a_thief_has_added() {
    let (stolen, kept, by_code, by_device) = at_present(|now| {
        let (site, tablet, codes) = with_tablet(now);
        // Somebody has found the recovery codes.
        let mut thief = site.talk();
        thief.types(&format!("{LOG_IN}{}\nenroll\nmine\n", codes[0]));
        let mine = thief.key();
        thief.types(&format!("{}\ncodes\nenroll\nlater\n", code(&mine, now, 0)));
        thief.key();
        let stolen = recovery_codes(&thief.end().stdout);
        let log_in = format!("{LOG_IN}{}\n", code(&tablet, now, 1));
        let kept = site.run(format!("{log_in}keep\n1, 2\nyes\nstatus\n"));
        let by_code = site.log_in(&stolen[0]);
        (
            stolen,
            kept,
            by_code,
            site.log_in(&code(&mine, now, 1).to_string()),
        )
    });
    assert_eq!(stolen.len(), 10);
    assert_eq!(kept.status, Some(0), "{kept:?}");
    assert!(line(&kept, "1 ").starts_with("1 [ ] phone: active, "));
    assert!(line(&kept, "2 ").starts_with("2 [x] tablet: active, "));
    assert!(line(&kept, "3 ").starts_with("3 [ ] mine: active, "));
    assert!(line(&kept, "1 ").contains(" UTC, by the password alone, "));
    assert!(line(&kept, "2 ").contains(" UTC, by the device \"phone\", "));
    assert!(line(&kept, "3 ").contains(" UTC, by a recovery code, "));
    assert!(
        kept.stdout.contains(
            "\nTo the owner: the device \"later\" has ended. It was not yet confirmed.\n"
        ),
        "{kept:?}"
    );
    assert_eq!(recovery_codes(&kept.stdout).len(), 10);
    let status = kept
        .stdout
        .rsplit_once("The second factor is on.\n")
        .unwrap()
        .1;
    assert!(status.contains("  phone: ") && status.contains("  tablet: "));
    assert!(!status.contains("  mine: ") && !status.contains("  later: "));
    assert!(
        status.ends_with(", by the device \"tablet\".\n"),
        "{status}"
    );
    assert_refused(&by_code, "Wrong code.");
    assert_refused(&by_device, "Wrong code.");
}

#[test]
fn an_empty_answer_keeps_the_device_in_use_alone() {
    let (kept, void) = at_present(|now| {
        let (site, tablet, codes) = with_tablet(now);
        let log_in = format!("{LOG_IN}{}\n", code(&tablet, now, 1));
        let kept = site.run(format!("{log_in}keep\n\nno\nstatus\n"));
        (kept, site.log_in(&codes[0]))
    });
    assert_eq!(kept.status, Some(0), "{kept:?}");
    assert!(kept.stdout.contains("\nType codes when you want them.\n"));
    let status = kept
        .stdout
        .rsplit_once("The second factor is on.\n")
        .unwrap()
        .1;
    assert!(
        status.starts_with("  tablet: ") && status.lines().count() == 1,
        "{status}"
    );
    assert_refused(
        &void,
        "There are no recovery codes: log in with a code of a device, or ask for help.",
    );
}

#[test]
fn a_device_in_use_that_is_not_kept_ends_its_session() {
    let run = at_present(|now| {
        let (site, tablet, _) = with_tablet(now);
        site.run(format!(
            "{LOG_IN}{}\nkeep\n1\nstatus\n",
            code(&tablet, now, 1)
        ))
    });
    assert!(run.stdout.ends_with(
        "Done. The device in use has ended too: log in with one that you kept, and type codes.\n"
    ));
    assert_fails(&run, "Log in first.");
}

#[test]
fn what_keep_does_not_take() {
    let runs = at_present(|now| {
        let (site, tablet, codes) = with_tablet(now);
        let by_redemption = format!("{LOG_IN}{}\nkeep\n\n", codes[0]);
        let by_device = |answer| format!("{LOG_IN}{}\nkeep\n{answer}\n", code(&tablet, now, 1));
        let first = site.run(by_device("none"));
        let session = site.run(format!("{LOG_IN}{}\nkeep\n3\n", codes[1]));
        (
            site.run(by_redemption),
            first,
            session,
            site.run(LOG_IN.to_owned() + &codes[2] + "\nkeep\n1 x\n"),
        )
    });
    assert_fails(&runs.0, "Type the numbers of the devices, or none.");
    assert!(
        line(&runs.0, "2 ").starts_with("2 [ ] tablet: "),
        "no device is in use"
    );
    assert_fails(
        &runs.1,
        "Keep one at least: if you hold none, log in with a recovery code.",
    );
    assert_fails(&runs.2, "There is no device of that number.");
    assert_fails(&runs.3, "There is no device of that number.");
}

#[test]
fn a_stolen_phone_is_taken_away_by_a_recovery_code() {
    let (revoked, thief, mended, login) = at_present(|now| {
        let (site, phone, codes) = opted_in_with_codes(now);
        let revoked = site.run(format!("{LOG_IN}{}\nrevoke\nstatus\n", codes[0]));
        let thief = site.log_in(&code(&phone, now, 1).to_string());
        let enroll = format!("{LOG_IN}{}\nenroll\nnew phone\n", codes[1]);
        let (mended, new) = site.dialogue(&enroll, |secret| code(secret, now, 0).to_string());
        (
            revoked,
            thief,
            mended,
            site.log_in(&code(&new, now, 1).to_string()),
        )
    });
    assert_eq!(revoked.status, Some(0), "{revoked:?}");
    assert!(
        revoked.stdout.contains(
            "\nThe second factor is on, but no device is active: type enroll.\n9 recovery codes"
        ),
        "{revoked:?}"
    );
    assert_refused(
        &thief,
        "You no longer have a device: log in with a recovery code, and enroll a new one.",
    );
    assert_eq!(
        (mended.status, login.status),
        (Some(0), Some(0)),
        "{mended:?}"
    );
}

/// Without a device, the new codes are the only way in.
#[test]
fn who_holds_no_device_gets_new_codes_unasked() {
    let (kept, old, new) = at_present(|now| {
        let (site, _, codes) = opted_in_with_codes(now);
        let kept = site.run(format!("{LOG_IN}{}\nkeep\nnone\nstatus\n", codes[0]));
        let fresh = recovery_codes(&kept.stdout);
        (kept, site.log_in(&codes[1]), site.log_in(&fresh[0]))
    });
    assert_eq!(kept.status, Some(0), "{kept:?}");
    assert!(
        kept.stdout
            .contains("\nYou have no device now: type enroll for a new one.\n")
    );
    assert!(kept.stdout.ends_with(", by a recovery code.\n"), "{kept:?}");
    assert_refused(&old, "Wrong code.");
    assert_eq!(new.status, Some(0), "{new:?}");
}

#[test]
fn a_rotated_secret_logs_in_for_its_grace_and_changes_nothing() {
    let (too_long, rotated, old) = at_present(|now| {
        let (site, phone, codes) = opted_in_with_codes(now);
        let rotate = |code: &str| format!("{LOG_IN}{code}\nrotate\n");
        let too_long = site.run(rotate(&codes[0]) + "8\n");
        let (rotated, _) = site.dialogue(&(rotate(&codes[1]) + "3\n"), |secret| {
            format!("{}\nstatus", code(secret, now, 0))
        });
        let code = code(&phone, now, 1);
        let old = site.run(format!("{LOG_IN}{code}\ncodes\n{code}\n"));
        (too_long, rotated, old)
    });
    assert_fails(&too_long, "Type a number of days, 0 to 7.");
    assert_eq!(rotated.status, Some(0), "{rotated:?}");
    assert!(line(&rotated, "  phone: rotated").starts_with("  phone: rotated, logs in until "));
    assert!(line(&rotated, "  phone: active").contains(", by a recovery code, "));
    assert!(
        old.stdout
            .contains("Logged in as alice, by password and code.\n")
    );
    assert!(
        old.stdout
            .contains("That takes a code of just now, or a recovery code.\n")
    );
    assert_fails(&old, USED);
}

#[test]
fn a_recovery_code_suspends_a_phone_and_resumes_none() {
    let (run, phone) = at_present(|now| {
        let (site, phone, codes) = opted_in_with_codes(now);
        let run = site.run(format!("{LOG_IN}{}\nsuspend\nresume\n", codes[0]));
        (run, site.log_in(&code(&phone, now, 1).to_string()))
    });
    assert!(
        run.stdout.contains(
            "\nTo the owner: the suspended device has issued your recovery codes, which still work. \
             Type codes for new ones.\n"
        ),
        "{run:?}"
    );
    assert_fails(
        &run,
        "A recovery code resumes no device: log in with a code of another device, or enroll a new one.",
    );
    assert_eq!(phone.status, Some(1), "{phone:?}");
}
