//! Logins through the module and the administrator's command, on the machine that `scripts/pam` makes.
// What clippy.toml allows in tests holds for the helpers too.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects)] // small numbers

mod log;
mod machine;
mod other_modules;
mod phone;
mod ssh;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use log::Log;
use machine::{Answer, Asked, PASSWORD, Service, run, run_as};
use pam_secondfactor::words::{MISTYPED, NOT_AVAILABLE, PROMPT, WRONG};
use phone::Phone;
use ssh::Sshd;

const LOCKED: &str = "Too many wrong codes. Try again in ";

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_code_logs_in_once() {
    let service = Service::of_code("once");
    let code = service.enroll("alice").next_code();
    service.log_in("alice", &code).assert_in();
    service.log_in("alice", &code).assert_refused(WRONG);
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn of_sixteen_logins_with_one_code_one_is_let_in() {
    let service = Service::of_code("race");
    for user in ["alice", "bob", "carol", "dave"] {
        let code = service.enroll(user).next_code();
        let answers = race((0..16).map(|_| service.ask(user)), &code);
        let (are_in, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.is_in);
        assert_eq!(are_in.len(), 1, "{are_in:?} {refused:?}");
        for answer in refused {
            answer.assert_refused(WRONG);
        }
    }
}

/// All of them wait for the code, and get it together.
fn race(asked: impl Iterator<Item = Asked>, code: &str) -> Vec<Answer> {
    let asked: Vec<_> = asked.collect();
    std::thread::scope(|scope| {
        let answer = |asked: Asked| scope.spawn(|| asked.answer(code));
        let threads: Vec<_> = asked.into_iter().map(answer).collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect()
    })
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn after_wrong_codes_even_the_right_one_waits_and_the_text_says_how_long() {
    let service = Service::of_code("lockout");
    let phone = service.enroll("alice");
    let mut wrong = phone.wrong_codes();
    let locked = (0..10).map(|_| service.log_in("alice", &wrong.next().unwrap()));
    let locked = locked
        .inspect(|answer| assert!(!answer.is_in))
        .find(|answer| answer.said.contains(LOCKED));
    assert!(locked.unwrap().said.contains(" seconds."));
    service
        .log_in("alice", &phone.next_code())
        .assert_refused(LOCKED);
    let status = service.administer(&["status", "alice"], "");
    assert!(
        String::from_utf8(status.stdout)
            .unwrap()
            .contains("Codes are locked for ")
    );
    // Recovery codes are counted apart.
    service
        .log_in("alice", &phone.recovery_codes[0])
        .assert_in();
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn nothing_tells_a_user_without_a_second_factor_from_a_name_that_nobody_has() {
    let service = Service::of_code("unknown");
    let phone = service.enroll("alice");
    let wrong = phone.wrong_codes().next().unwrap();
    let enrolled = service.log_in("alice", &wrong);
    enrolled.assert_refused(WRONG);
    for name in ["bob", "nobody-of-this-name"] {
        assert_eq!(service.log_in(name, &wrong), enrolled, "{name}");
        Log::open().wait_for(&["(unknown:auth)", name, "no second factor is enrolled"]);
    }
    // Nor is there one after a reset.
    let reset = service.administer(&["reset", "alice"], "yes\n");
    assert!(reset.status.success(), "{reset:?}");
    Log::open().wait_for(&["secondfactor-pam", "]: by root: alice: opted_out_unproven"]);
    assert_eq!(service.log_in("alice", &phone.next_code()), enrolled);
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_recovery_code_logs_in_once() {
    let service = Service::of_code("recovery");
    let phone = service.enroll("alice");
    let [first, second, ..] = &*phone.recovery_codes else {
        panic!("no recovery codes");
    };
    let answer = service.log_in("alice", first);
    answer.assert_in();
    assert!(
        answer.said.contains("9 recovery codes are left"),
        "{answer:?}"
    );
    service.log_in("alice", first).assert_refused(WRONG);
    service
        .log_in("alice", &second.to_lowercase().replace('-', " "))
        .assert_in();
    // A typo costs no code.
    service
        .log_in("alice", &second[1..])
        .assert_refused(MISTYPED);
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn files_that_are_missing_or_wrong_or_open_to_others_let_nobody_in() {
    let service = Service::of_code("files");
    let phone = service.enroll("alice");
    let (database, key) = (service.database(), service.key());
    let others = Service::of_code("files-of-others");
    others.enroll("alice");
    let saved = [&database, &key].map(|file| file.with_extension("saved"));
    fs::rename(&database, &saved[0]).unwrap();
    fs::copy(&key, &saved[1]).unwrap();
    let refused = |reason: &str| {
        service
            .log_in("alice", &phone.next_code())
            .assert_refused(NOT_AVAILABLE);
        Log::open().wait_for(&[
            "(files:auth): alice: refused, as nothing can be judged",
            reason,
        ]);
    };

    refused("accounts.db: No such file");
    assert!(!database.exists(), "a login has made it");
    fs::write(&database, "no database").unwrap();
    set_mode(&database, 0o600);
    refused("not a database");
    fs::copy(&saved[0], &database).unwrap();
    set_mode(&database, 0o640);
    refused("others than root can read or change");
    set_mode(&database, 0o600);
    std::os::unix::fs::chown(&key, Some(7001), None).unwrap();
    refused("others than root can read or change");
    std::os::unix::fs::chown(&key, Some(0), None).unwrap();
    fs::copy(others.key(), &key).unwrap();
    refused("which is not on the keyring");
    fs::write(&key, "").unwrap();
    refused("holds no sealing key");
    fs::remove_file(&key).unwrap();
    refused("sealing.key: No such file");

    // None of them has used the code up.
    fs::copy(&saved[1], &key).unwrap();
    service.log_in("alice", &phone.next_code()).assert_in();
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn an_option_that_is_not_known_and_a_relative_path_let_nobody_in() {
    let service = Service::of_code("options");
    let phone = service.enroll("alice");
    for (option, reason) in [
        ("nullok", "there is no option"),
        ("db=accounts.db", "does not begin with /"),
        ("key=", "does not begin with /"),
    ] {
        service.write(&[service.line(option)]);
        service
            .log_in("alice", &phone.next_code())
            .assert_refused(NOT_AVAILABLE);
        Log::open().wait_for(&["(options:auth)", reason]);
    }
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_database_that_another_process_locks_lets_nobody_in_and_nobody_wait_for_good() {
    let service = Service::of_code("locked");
    let phone = service.enroll("alice");
    let other = rusqlite::Connection::open(service.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    service
        .log_in("alice", &phone.next_code())
        .assert_refused(NOT_AVAILABLE);
    other.execute_batch("ROLLBACK").unwrap();
    service.log_in("alice", &phone.next_code()).assert_in();
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_panic_lets_nobody_in_and_is_logged() {
    let service = Service::of_code("panicking");
    service.write(&[service.panicking_line()]);
    let phone = service.enroll("panic");
    let answer = service.log_in("panic", &phone.next_code());
    assert!(
        !answer.is_in && !answer.said.contains("panicked"),
        "{answer:?}"
    );
    Log::open().wait_for(&["(panicking:auth): panic: refused after a panic at src/login.rs"]);
    // The module itself has no such name.
    service.write(&[service.line("")]);
    service.log_in("panic", &phone.next_code()).assert_in();
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn the_log_has_what_happened_and_nothing_that_was_typed() {
    let service = Service::of_code("debugging");
    service.write(&[service.line("debug")]);
    let phone = service.enroll("alice");
    let wrong = "314159265358979323846".to_owned();
    let typed = [
        phone.next_code(),
        phone.recovery_codes[0].clone(),
        wrong,
        PASSWORD.to_owned(),
    ];
    for answer in &typed {
        service.log_in("alice", answer);
    }
    let log = Log::open();
    for part in [
        "verified, device ",
        "recovered",
        "judging a recovery code",
        "accounts.db key=",
    ] {
        log.wait_for(&["(debugging:auth): alice: ", part]);
    }
    log.wait_for(&["(debugging:auth): alice: what was typed is no code"]);
    log.assert_nowhere(&phone.key);
    for text in &typed[1..] {
        log.assert_nowhere(text);
    }
    log.assert_nowhere(&format!(" {}", typed[0]));
    // A name can't forge a line.
    service.log_in("alice\nsshd[1]: Accepted", "123456");
    log.wait_for(&["alice\\nsshd[1]: Accepted: refused"]);
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn setting_credentials_succeeds() {
    let service = Service::of_code("credentials");
    let mut pamtester = Command::new("pamtester");
    let output = run(pamtester.args([&*service.name, "alice", "setcred"]), "");
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn sshd_asks_for_the_password_and_then_for_a_code() {
    let sshd = Sshd::start();
    let code = sshd.service.enroll("alice").next_code();
    let session = sshd.log_in("alice", &code);
    assert!(session.is_in, "{session:?}");
    assert!(session.questions.contains("Password: ") && session.questions.contains(PROMPT));

    // The same code, and a code after a wrong password.
    let again = sshd.log_in("alice", &code);
    assert!(!again.is_in && again.said.contains(WRONG), "{again:?}");
    let carol = sshd.service.enroll("carol");
    let method = "keyboard-interactive";
    let wrong = sshd.log_in_by(method, "carol", "wrong", &carol.next_code());
    assert!(
        !wrong.is_in && !wrong.questions.contains(PROMPT),
        "{wrong:?}"
    );
    let session = sshd.log_in("carol", &carol.next_code());
    assert!(session.is_in, "its code is not used up: {session:?}");

    // Not enrolled, and nobody.
    for name in ["bob", "nobody-of-this-name"] {
        assert!(!sshd.log_in(name, "123456").is_in);
    }

    // Eight at once.
    let dave = sshd.service.enroll("dave");
    let code = dave.next_code();
    let logins = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| sshd.log_in("dave", &code)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        logins.iter().filter(|session| session.is_in).count(),
        1,
        "{logins:?}"
    );

    // The text of a lock arrives, and the way back works.
    let mut wrong = dave.wrong_codes();
    let without_password = sshd.service.without_password("sshd-code");
    for _ in 0..10 {
        without_password.log_in("dave", &wrong.next().unwrap());
    }
    let locked = sshd.log_in("dave", &dave.next_code());
    assert!(!locked.is_in && locked.said.contains(LOCKED), "{locked:?}");
    let session = sshd.log_in("dave", &dave.recovery_codes[0]);
    assert!(session.is_in, "{session:?}");

    // The method "password" is asked nothing but the password, and a password of digits is judged as no code.
    let mallory = sshd.service.enroll("mallory");
    let (password, code) = ("314159", mallory.next_code());
    let session = sshd.log_in_by("password", "mallory", password, &code);
    assert!(!session.is_in, "{session:?}");
    let session = sshd.log_in_by("keyboard-interactive", "mallory", password, &code);
    assert!(session.is_in, "{session:?}");
    Log::open().wait_for(&["(sshd:auth): mallory: verified"]);
    Log::open().assert_nowhere("mallory: mismatch");
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn su_and_sudo_ask_for_the_password_and_then_for_a_code() {
    let su = Service::of_password_and_code("su");
    let code = su.enroll("bob").next_code();
    let words = ["su", "bob", "-c", "echo in; ls /proc/$PPID/task | wc -l"];
    let input = format!("{PASSWORD}\n{code}\n");
    let answer = run_as("alice", &words, &input);
    answer.assert_in();
    assert!(
        answer.said.contains("in\n1\n"),
        "a thread was left in su: {answer:?}"
    );
    run_as("alice", &words, &input).assert_refused(WRONG);

    let sudo = Service::of_password_and_code("sudo");
    let code = sudo.enroll("alice").next_code();
    let words = ["sudo", "-S", "-k", "echo", "in"];
    let input = format!("{PASSWORD}\n{code}\n");
    run_as("alice", &words, &input).assert_in();
    // It shows no texts of modules, unless told to.
    let answer = run_as("alice", &words, &input);
    answer.assert_refused("Sorry, try again.");
    assert!(!answer.said.contains(WRONG), "{answer:?}");
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_phone_that_was_lost_is_replaced_by_a_recovery_code() {
    let service = Service::of_code("replacement");
    let lost = service.enroll("alice");
    let new = service.add("alice", "replace", &[&lost.recovery_codes[0]]);
    service
        .log_in("alice", &lost.next_code())
        .assert_refused(WRONG);
    service
        .log_in("alice", &lost.recovery_codes[1])
        .assert_refused(WRONG);
    service.log_in("alice", &new.next_code()).assert_in();
    service.log_in("alice", &new.recovery_codes[0]).assert_in();
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_temporary_code_logs_in_once() {
    let service = Service::of_code("temporary");
    service.enroll("alice");
    let refused = service.administer(&["temporary", "alice"], "y\n");
    assert!(!refused.status.success(), "only yes is yes");
    let output = service.administer(&["temporary", "alice"], "yes\n");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("within 10 minutes:"), "{said}");
    let code = said.lines().last().unwrap().trim();
    service.log_in("alice", code).assert_in();
    service.log_in("alice", code).assert_refused(WRONG);
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn the_phones_of_other_modules_are_taken_over() {
    let service = Service::of_code("import");
    let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let phone = Phone::new(key);
    let file = service.folder.path().join("file");
    let import = |command: &str, user: &str, text: &str| {
        fs::write(&file, text).unwrap();
        service.administer(&[command, user, file.to_str().unwrap()], "")
    };
    // A code that the other module may have accepted is used up; one of a counter is not.
    let output = import("import-google", "alice", &format!("{key}\n\" TOTP_AUTH\n"));
    assert!(output.status.success(), "{output:?}");
    service.log_in("alice", &phone.code()).assert_refused(WRONG);
    let output = import(
        "import-google",
        "carol",
        &format!("{key}\n\" HOTP_COUNTER 7\n"),
    );
    assert!(output.status.success(), "{output:?}");
    service
        .log_in("carol", &phone.code_of_counter(7))
        .assert_in();

    let oath = "HOTP bob - 3132333435363738393031323334353637383930 4\n\
                HOTP/T30 erin - 00112233445566778899aabbccddeeff00112233\n\
                HOTP/T60 bob - 00112233445566778899aabbccddeeff00112233\n";
    let output = import("import-oath", "bob", oath);
    assert!(output.status.success(), "{output:?}");
    service.log_in("bob", &phone.code_of_counter(4)).assert_in();
    let status = service.administer(&["status", "bob"], "");
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(
        said.contains("phone: active") && said.contains("phone 2: active"),
        "{said}"
    );
    for (user, text) in [("dave", oath), ("erin", &format!("{oath}HOTP/T30 erin\n"))] {
        let output = import("import-oath", user, text);
        assert!(!output.status.success(), "{output:?}");
    }
}

/// The lines are those of the README.
#[test]
#[ignore = "needs a machine: scripts/pam"]
fn a_group_says_who_needs_no_code() {
    let rule = "auth [success=1 default=ignore] pam_succeed_if.so quiet user ingroup password-only";
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("\n{rule}\nauth required pam_secondfactor.so\n")));
    let service = Service::of_code("group");
    let permit = "auth required pam_permit.so".to_owned();
    service.write(&[rule.to_owned(), service.line(""), permit]);
    let mut pamtester = Command::new("pamtester");
    let output = run(pamtester.args(["group", "wendy", "authenticate"]), "");
    assert!(output.status.success(), "wendy is in the group: {output:?}");
    let phone = service.enroll("bob");
    service.log_in("bob", &phone.next_code()).assert_in();
    for name in ["alice", "nobody-of-this-name"] {
        service.log_in(name, "123456").assert_refused(WRONG);
    }
}

#[test]
#[ignore = "needs a machine: scripts/pam"]
fn the_command_adds_devices_and_codes_by_a_code_alone() {
    let service = Service::of_code("command");
    let early = service.administer(&["status", "alice"], "");
    assert!(
        !early.status.success() && !service.database().exists(),
        "it has made files"
    );
    let phone = service.enroll("alice");
    // A number names alice too, but logs nobody in.
    for name in ["nobody-of-this-name", "7001"] {
        let refused = service.administer(&["enroll", name], "");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(&format!("there is no user {name}")), "{said}");
    }

    let wrong = phone.wrong_codes().next().unwrap();
    for command in [
        &["codes", "alice"][..],
        &["enroll", "alice", "--label", "tablet"],
    ] {
        let refused = service.administer(command, &format!("{wrong}\n"));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(WRONG), "{said}");
    }
    let codes = service.administer(&["codes", "alice"], &format!("{}\n", phone.next_code()));
    let sheet = String::from_utf8(codes.stdout).unwrap();
    assert!(codes.status.success(), "{sheet}");
    service
        .log_in("alice", &phone.recovery_codes[0])
        .assert_refused(WRONG);
    let phone = phone.with_sheet(&sheet);
    service
        .log_in("alice", &phone.recovery_codes[0])
        .assert_in();

    let status = service.administer(&["status", "alice"], "");
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(
        said.contains("enroll: active") && said.contains("\n9 recovery codes are left."),
        "{said}"
    );
    let kept = service.administer(&["reset", "alice"], "y\n");
    assert!(!kept.status.success(), "only yes is yes");
    for file in [service.database(), service.key()] {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
    }
}
