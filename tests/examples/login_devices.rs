//! The example `login`, run as a program: several devices, recovery codes, resync, rotation, and opting out.

use crate::site::*;
use crate::support::*;

#[test]
fn a_recovery_code_lets_in_once_to_enroll_a_new_device() {
    let (codes, first, status, again, lost) = at_present(|now| {
        let (site, secret, codes) = opted_in_with_codes(now);
        let recover = format!("{LOG_IN}{}\n", codes[0].to_lowercase());
        let (first, new) = site.dialogue(&format!("{recover}enroll\nnew phone\n"), |secret| {
            format!("{}\nrevoke\nphone\n", code(secret, now, 0))
        });
        let status = site.run(format!("{LOG_IN}{}\nstatus\n", code(&new, now, 1)));
        (
            codes,
            first,
            status,
            site.run(&recover),
            site.log_in(&code(&secret, now, 1).to_string()),
        )
    });
    assert_eq!(codes.len(), 10);
    assert_eq!(first.status, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .contains("That recovery code is used up, 9 are left.")
    );
    assert!(first.stdout.contains("by password and recovery code."));
    assert!(
        status.stdout.contains("\n  new phone: active")
            && status.stdout.contains("9 recovery codes are left, issued ")
    );
    assert!(!status.stdout.contains("\n  phone:"));
    assert_refused(&again, "Wrong code.");
    assert_refused(&lost, "Wrong code.");
}

/// New codes end what rests on the earlier ones, the redemption too: the device confirmed meanwhile is the proof then.
#[test]
fn mending_goes_on_after_new_codes() {
    let (mended, status) = at_present(|now| {
        let (site, _, codes) = opted_in_with_codes(now);
        let (last, others) = codes.split_last().unwrap();
        let redeem = |code: &String| format!("{LOG_IN}{code}\n");
        site.run(others.iter().map(redeem).collect::<String>());
        let (mended, new) = site
            .dialogue(&format!("{}enroll\nnew phone\n", redeem(last)), |secret| {
                format!("{}\ncodes\nrevoke\nphone\nstatus", code(secret, now, 0))
            });
        (
            mended,
            site.run(format!("{LOG_IN}{}\nstatus\n", code(&new, now, 1))),
        )
    });
    assert_eq!(mended.status, Some(0), "{mended:?}");
    assert!(
        mended
            .stdout
            .contains("That recovery code is used up, 0 are left.")
    );
    assert_eq!(recovery_codes(&mended.stdout).len(), 20, "{mended:?}");
    assert!(
        mended
            .stdout
            .contains("\nLogged in as alice, by password and code of a new device.\n"),
        "{mended:?}"
    );
    assert_eq!(status.status, Some(0), "{status:?}");
    assert!(
        status.stdout.contains("\n  new phone: active") && !status.stdout.contains("\n  phone:")
    );
    assert!(
        status
            .stdout
            .contains("10 recovery codes are left, issued ")
    );
    assert!(status.stdout.ends_with(", by the device \"new phone\".\n"));
}

#[test]
fn a_mistyped_recovery_code_costs_nothing() {
    let runs = at_present(|now| {
        let (site, _, codes) = opted_in_with_codes(now);
        let last = if codes[0].ends_with('A') { "B" } else { "A" };
        let typo = format!("{}{last}", &codes[0][..28]);
        let refused: Vec<_> = (0..7).map(|_| site.log_in(&typo)).collect();
        (refused, site.log_in(&codes[0]))
    });
    runs.0.iter().for_each(|run| {
        assert_refused(
            run,
            "A symbol of the recovery code is mistyped: compare it with your list.",
        )
    });
    assert_eq!(runs.1.status, Some(0), "{:?}", runs.1);
}

#[test]
fn devices_are_added_renamed_suspended_rotated_and_the_last_one_stays() {
    let (added, changed, last) = at_present(|now| {
        let (site, secret) = opted_in(now);
        let log_in = format!("{LOG_IN}{}\n", code(&secret, now, 1));
        let (added, tablet) = site.dialogue(&format!("{log_in}enroll\ntablet\n"), |secret| {
            code(secret, now, 0).to_string()
        });
        let log_in = format!("{LOG_IN}{}\n", code(&tablet, now, 1));
        let commands = "rename\nphone\nold phone\nsuspend\nold phone\nstatus\nresume\nold phone\nrotate\nold phone\n\n";
        let (changed, rotated) = site.dialogue(&format!("{log_in}{commands}"), |secret| {
            format!("{}\nrevoke\ntablet\nstatus", code(secret, now, 0))
        });
        let last = site.run(format!("{LOG_IN}{}\nrevoke\n", code(&rotated, now, 1)));
        (added, changed, last)
    });
    assert_eq!(added.status, Some(0), "{added:?}");
    assert!(
        recovery_codes(&added.stdout).is_empty(),
        "there are some already"
    );
    assert_eq!(changed.status, Some(0), "{changed:?}");
    assert!(changed.stdout.contains("\n  old phone: suspended"));
    assert!(
        changed.stdout.contains("\n  old phone\n  tablet\n"),
        "a list to choose from"
    );
    assert!(
        changed
            .stdout
            .contains("10 recovery codes are left, issued ")
    );
    let after = changed
        .stdout
        .rsplit_once("The second factor is on.\n")
        .unwrap()
        .1;
    assert!(
        after.starts_with("  old phone: active") && !after.contains("tablet"),
        "{after}"
    );
    assert_fails(
        &last,
        "That is your last device: enroll another one first, or type optout. If it was stolen, log in with a recovery code.",
    );
}

#[test]
fn a_clock_that_is_off_is_put_right_by_two_codes_and_the_password() {
    let (off, wrong, right, login) = at_present(|now| {
        let (site, secret, _) = opted_in_with_codes(now);
        let shown = |at: i64| code(&secret, now, at + 50);
        let off = site.log_in(&shown(0).to_string());
        let resync =
            |one, other| site.run(format!("resync\nalice\ncorrect horse\n{one}\n{other}\n"));
        let wrong = resync(shown(1), shown(0));
        let right = resync(shown(0), shown(1));
        (off, wrong, right, site.log_in(&shown(2).to_string()))
    });
    assert_refused(&off, "Wrong code.");
    assert_refused(&wrong, "Wrong code.");
    assert_eq!(right.status, Some(0), "{right:?}");
    assert!(!right.stdout.contains("Logged in"), "it is no login");
    assert_eq!(login.status, Some(0), "{login:?}");
}

#[test]
fn guesses_are_slowed_down_whoever_makes_them() {
    let (guesses, owner) = at_present(|now| {
        let (site, secret, _) = opted_in_with_codes(now);
        let guesses: Vec<_> = (0..5)
            .map(|_| site.log_in(&wrong_code(&secret, now).to_string()))
            .collect();
        (guesses, site.log_in(&code(&secret, now, 1).to_string()))
    });
    guesses[..4]
        .iter()
        .for_each(|run| assert_refused(run, "Wrong code."));
    let begins_wait = "Wrong code: try again in ";
    assert!(guesses[4].stderr.starts_with(begins_wait), "{guesses:?}");
    assert!(
        guesses[4]
            .stdout
            .contains("To the owner: 5 wrong codes in a row.")
    );
    assert!(
        owner
            .stderr
            .starts_with("Too many wrong codes: try again in "),
        "{owner:?}"
    );
}

#[test]
fn a_password_alone_changes_nothing() {
    let site = Site::with_account();
    for command in [
        "rename", "suspend", "resume", "revoke", "rotate", "keep", "codes", "optout",
    ] {
        let run = site.run(format!("{LOG_IN}{command}\n"));
        assert_fails(&run, "You have no second factor yet: type enroll.");
        assert_refused(&site.run(format!("{command}\n")), "Log in first.");
    }
}

/// Also at the next command of a session whose proof has ended, and without the password.
#[test]
fn a_code_is_asked_for_again_where_the_proof_has_ended() {
    let (first, mended) = at_present(|now| {
        let (site, secret, codes) = opted_in_with_codes(now);
        let mut first = site.talk();
        first.types(&format!("{LOG_IN}{}\n", codes[0]));
        first.sees("by password and recovery code.");
        let other = site.run(format!("{LOG_IN}{}\ncodes\n", code(&secret, now, 1)));
        let next = recovery_codes(&other.stdout);
        first.types(&format!("codes\n{}\n", next[0]));
        let first = first.end();
        let mended = recovery_codes(&first.stdout);
        (first, mended)
    });
    assert_eq!(first.status, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .contains("That takes a code of just now, or a recovery code.")
    );
    assert_eq!(mended.len(), 10, "{first:?}");
}

#[test]
fn opting_out_takes_a_code_and_the_password_is_enough_again() {
    let (out, after) = at_present(|now| {
        let (site, secret, _) = opted_in_with_codes(now);
        let out = site.run(format!(
            "{LOG_IN}{}\noptout\nstatus\n",
            code(&secret, now, 1)
        ));
        (out, site.run(LOG_IN))
    });
    assert_eq!(out.status, Some(0), "{out:?}");
    assert!(
        out.stdout
            .ends_with("Logged in as alice, by password.\nThe second factor is off.\n")
    );
    assert!(after.stdout.contains("by password alone"), "{after:?}");
}

#[test]
fn new_recovery_codes_void_the_old_ones() {
    let (old, new, refused, taken) = at_present(|now| {
        let (site, secret, old) = opted_in_with_codes(now);
        let run = site.run(format!("{LOG_IN}{}\ncodes\n", code(&secret, now, 1)));
        let new = recovery_codes(&run.stdout);
        let (refused, taken) = (site.log_in(&old[0]), site.log_in(&new[0]));
        (old, new, refused, taken)
    });
    assert_eq!((old.len(), new.len()), (10, 10));
    assert_refused(&refused, "Wrong code.");
    assert_eq!(taken.status, Some(0), "{taken:?}");
}
