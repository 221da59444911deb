//! The example `login`, run as a program: sign up, opt in, log in by password and code, and every wrong answer.

use std::io::{BufRead, BufReader, Write};

use secondfactor::codes::{Clock, Secret, SystemClock};

use crate::program::{Run, example, oathtool};
use crate::site::*;
use crate::support::*;

#[test]
fn sign_up_and_log_in_by_password() {
    let site = Site::new();
    let run = site.run(format!(
        "help\n\n{SIGN_UP}{LOG_IN}status\nlogout\nquit\nnot read\n"
    ));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("signup   make an account"));
    assert!(
        run.stdout
            .contains("Logged in as alice, by password alone.")
    );
    assert!(
        run.stdout
            .ends_with("Logged in as alice, by password.\nThe second factor is off.\n")
    );
    assert!(
        site.run(LOG_IN).stdout.contains("Logged in as alice"),
        "a second start"
    );
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_one_answer() {
    let site = Site::with_account();
    let wrong = site.run("login\nalice\nwrong horse\nstatus\n");
    assert_refused(&wrong, "Wrong name or password.");
    for input in [
        "login\nbob\ncorrect horse\n",
        "login\nALICE\ncorrect horse\n",
        "login\nalice\n\n",
        "login\n\n\n",
    ] {
        assert_eq!(site.run(input), wrong, "{input:?}");
    }
}

#[test]
fn sign_ups_that_are_refused() {
    let site = Site::with_account();
    let long = "x".repeat(25);
    for name in [
        "",
        &long,
        "a b",
        "a:b",
        "a\u{1b}[2J",
        "a\u{202e}b",
        "a\u{200b}",
        "a\0",
        "\u{feff}a",
        "Alice",
        "\u{430}lice",
        "al\u{131}ce",
    ] {
        let run = site.run(format!("signup\n{name}\ncorrect horse\n"));
        assert_refused(
            &run,
            "A name has 1 to 24 of these: a to z, 0 to 9, and -._.",
        );
    }
    assert_refused(
        &site.run("signup\nbob\nseven77\n"),
        "A password has at least 8 characters.",
    );
    assert_refused(
        &site.run("signup\nalice\nother horse\n"),
        "The name is taken.",
    );
    assert_eq!(site.run(LOG_IN).status, Some(0), "the first password stays");
}

#[test]
fn the_qr_code_of_the_longest_name_fits_a_terminal_of_24_lines() {
    let name = "x".repeat(24);
    let run = Site::new().run(format!(
        "signup\n{name}\ncorrect horse\nlogin\n{name}\ncorrect horse\nenroll\n\n"
    ));
    assert_fails(&run, "The input ended before the answer.");
    let (_, code) = run.stdout.split_once("\nKey: ").unwrap();
    let lines: Vec<_> = code.lines().skip(1).collect();
    // And the question.
    assert_eq!(lines.len() + 1, 24);
    let columns = |line: &&str| line.chars().filter(|cell| " ▀▄█".contains(*cell)).count();
    assert!(lines.iter().map(columns).max() <= Some(80));
}

#[test]
fn opt_in_and_log_in_with_a_code_once() {
    let (enrolled, first, second, confirmed, alone) = at_present(|now| {
        let site = Site::with_account();
        let (enrolled, secret) = site.enroll(|secret| code(secret, now, 0).to_string());
        let next = code(&secret, now, 1).to_string();
        let first = site.run(format!("{LOG_IN}{next}\nstatus\n"));
        let confirmed = site.log_in(&code(&secret, now, 0).to_string());
        (
            enrolled,
            first,
            site.log_in(&next),
            confirmed,
            site.run(LOG_IN),
        )
    });
    assert_eq!(enrolled.status, Some(0), "{enrolled:?}");
    assert!(enrolled.stdout.contains("█▀▀▀▀▀█"), "a QR code");
    assert!(enrolled.stdout.contains("The second factor is on."));
    assert!(enrolled.stdout.contains("\n  phone: active, enrolled "));
    assert!(enrolled.stdout.contains(
        " UTC, by the password alone, not yet used\n10 recovery codes are left, issued "
    ));
    assert!(
        enrolled
            .stdout
            .ends_with(" UTC, by the device \"phone\".\n")
    );

    assert_eq!(first.status, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .contains("Logged in as alice, by password and code.\n")
    );
    assert!(!first.stdout.contains("by password alone"));
    assert!(first.stdout.contains(", last used just now"));

    assert_refused(&second, USED);
    assert_refused(&confirmed, USED);
    assert_refused(&alone, "The input ended before the answer.");
}

/// `oathtool` is the phone here, with its own idea of Base32, HMAC and time.
#[test]
#[ignore = "needs oathtool: cargo test --all-features -- --ignored"]
fn log_in_with_the_code_of_oathtool_once() {
    let (enrolled, first, second) = at_present(|now| {
        let phone = |secret: &Secret, after: u64| {
            oathtool(&[
                "--totp",
                "-b",
                "-N",
                &format!("@{}", now.as_secs() + after),
                &secret.expose_base32(),
            ])
        };
        let site = Site::with_account();
        let (enrolled, secret) = site.enroll(|secret| phone(secret, 0));
        let next = phone(&secret, 30);
        (enrolled, site.log_in(&next), site.log_in(&next))
    });
    assert_eq!(enrolled.status, Some(0), "{enrolled:?}");
    assert_eq!(first.status, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .contains("Logged in as alice, by password and code.\n")
    );
    assert_refused(&second, USED);
}

#[test]
fn codes_that_are_refused() {
    let runs = at_present(|now| {
        let (site, secret) = opted_in(now);
        let next = code(&secret, now, 1).to_string();
        let (length, digits) = (
            "A code has 6 to 8 digits, this has",
            "A code has digits only.",
        );
        let rows = [
            (
                wrong_code(&secret, now).to_string(),
                "Wrong code.".to_owned(),
            ),
            (format!("00{next}"), "Wrong code.".to_owned()),
            (String::new(), format!("{length} fewer.")),
            (next[1..].to_owned(), format!("{length} fewer.")),
            (format!("{next}000"), format!("{length} more.")),
            (format!("+{}", &next[1..]), digits.to_owned()),
            (
                "१२३४५६".to_owned(),
                "Type the digits 0 to 9, these are of another script.".to_owned(),
            ),
            (format!("{next}\0"), digits.to_owned()),
        ];
        let refused = rows.map(|(code, sentence)| (site.log_in(&code), sentence));
        (
            refused,
            site.log_in(&format!(" {}\u{a0}{}\u{200b}", &next[..3], &next[3..])),
        )
    });
    for (run, sentence) in runs.0 {
        assert_refused(&run, &sentence);
    }
    assert_eq!(runs.1.status, Some(0), "{:?}", runs.1);
}

#[test]
fn a_wrong_code_confirms_nothing() {
    let site = Site::with_account();
    let (run, _) = site.enroll(|secret| wrong_code(secret, SystemClock.now()).to_string());
    assert_fails(&run, "Wrong code.");
    let run = site.run(format!("{LOG_IN}status\n"));
    assert!(run.stdout.contains("by password alone"), "{run:?}");
    assert!(
        run.stdout
            .contains("The second factor is off.\n  phone: not yet confirmed, enrolled "),
        "{run:?}"
    );
}

/// With the password alone, nobody adds a device to those of the account.
#[test]
fn a_session_from_before_the_second_factor_enrolls_nothing() {
    let (enrolled, run) = at_present(|now| {
        let site = Site::with_account();
        let mut early = site.program().spawn().unwrap();
        let mut input = early.stdin.take().unwrap();
        input.write_all(LOG_IN.as_bytes()).unwrap();
        let mut output = BufReader::new(early.stdout.take().unwrap());
        let mut shown = String::new();
        while !shown.contains("Logged in") {
            assert_ne!(output.read_line(&mut shown).unwrap(), 0);
        }
        let (enrolled, _) = site.enroll(|secret| code(secret, now, 0).to_string());
        input.write_all(b"enroll\nmine\n").unwrap();
        drop(input);
        (enrolled, Run::end_of(early))
    });
    assert_eq!(enrolled.status, Some(0), "{enrolled:?}");
    // What was to be the label is taken for the code that it takes now.
    assert_refused(&run, "A code has digits only.");
}

#[test]
fn input_that_ends_or_makes_no_sense() {
    let site = Site::with_account();
    let ended = "The input ended before the answer.";
    for input in [
        "signup\n",
        "signup\nbob\n",
        "login\n",
        "login\nalice\n",
        "login",
    ] {
        assert_refused(&site.run(input), ended);
    }
    for input in ["", "phone\n"] {
        assert_fails(&site.run(format!("{LOG_IN}enroll\n{input}")), ended);
    }
    for input in ["enroll\n", "status\n"] {
        assert_refused(&site.run(input), "Log in first.");
    }
    for input in ["log in\n", "\u{1b}[2J\n", "\0\n"] {
        assert_refused(&site.run(input), "There is no such command, type help.");
    }
    for input in [
        &b"\xff\n"[..],
        b"login\n\xff\n",
        b"login\nalice\n\xc3\n",
        b"\xff",
    ] {
        assert_refused(&site.run(input), "The input is not UTF-8.");
    }
    let run = site.run(format!("{LOG_IN}enroll\n\u{1b}[2J\n"));
    assert_fails(
        &run,
        "The label has a control or invisible character, or a blank at an end.",
    );
    assert_eq!(site.run("").status, Some(0));
}

#[test]
fn arguments() {
    let usage = "Usage: login DATABASE (a file, which is made if it is not there).";
    let empty = tempfile::tempdir().unwrap();
    for help in ["-h", "--help"] {
        let run = Run::of(example("login").arg(help).current_dir(&empty), "");
        assert!(
            run.status == Some(0) && run.stdout.starts_with(usage),
            "{run:?}"
        );
        assert!(
            run.stdout
                .contains("\nlogin    log in: password, and a code")
        );
    }
    assert_refused(
        &Run::of(example("login").arg("--halp").current_dir(&empty), ""),
        usage,
    );
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    assert_refused(&Run::of(&mut example("login"), ""), usage);
    assert_refused(&Run::of(example("login").args(["a.db", "b.db"]), ""), usage);
    assert_refused(
        &Run::of(example("login").arg(""), ""),
        "Cannot make an empty path absolute.",
    );
    let folder = tempfile::tempdir().unwrap();
    let run = Run::of(example("login").arg(folder.path()), "");
    assert!(
        run.status == Some(1) && run.stderr.starts_with("Unable to open database file"),
        "{run:?}"
    );
    let run = Run::of(
        example("login").arg(folder.path().join("no").join("accounts.db")),
        "",
    );
    assert!(
        run.status == Some(1) && run.stderr.contains("accounts.db can't be made: "),
        "{run:?}"
    );
    // A file like any other, not SQLite's database in memory.
    let run = Run::of(example("login").arg(":memory:").current_dir(&folder), "");
    assert!(
        run.status == Some(0) && folder.path().join(":memory:").exists(),
        "{run:?}"
    );
}
