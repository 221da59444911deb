//! The example `login`, run as a program: its key file, its database, and what happens when they are damaged.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use rusqlite::Connection;
use secondfactor::{Keyring, SealingKey};

use crate::program::Run;
use crate::site::*;
use crate::support::*;

/// The records' key, when it comes from the environment.
const KEY: &str = "SECONDFACTOR_SEALING_KEY";

const MISSING: &str = "There is no second factor here: if you had one, ask for help.";
const FORGED: &str = "Ask for help: the sealed record was changed, or belongs to another account: restore it from a backup.";

fn text(key: &SealingKey) -> String {
    key.expose_base32().to_string()
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::with_account();
    let mut child = site.program().spawn().unwrap();
    let mut greeting = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut greeting)
        .unwrap();
    assert_eq!(
        site.files(),
        [
            "accounts.db",
            "accounts.db-shm",
            "accounts.db-wal",
            "accounts.db.key"
        ]
    );
    for name in site.files() {
        let mode = fs::metadata(site.database().with_file_name(&name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(Run::end_of(child).status, Some(0));
}

#[test]
fn the_key_file_is_made_once() {
    let site = Site::new();
    assert_eq!(site.run("").status, Some(0));
    let key = fs::read_to_string(site.key_file()).unwrap();
    assert_eq!(
        SealingKey::from_base32(key.trim_end()).map(|key| text(&key) + "\n"),
        Ok(key.clone())
    );
    assert_eq!(site.run("").status, Some(0));
    assert_eq!(fs::read_to_string(site.key_file()).unwrap(), key);
}

/// Each seals a record at once; a key that did not stay would leave one that nobody can open.
#[test]
fn first_starts_at_once_agree_on_one_key() {
    for _ in 0..5 {
        let site = Site::new();
        let log_in = |name| format!("login\nalice{name}\ncorrect horse\n");
        let mut children: Vec<_> = (0..8).map(|_| site.program().spawn().unwrap()).collect();
        for (name, child) in children.iter_mut().enumerate() {
            let mut input = child.stdin.take().unwrap();
            write!(
                input,
                "signup\nalice{name}\ncorrect horse\n{}enroll\nphone\n",
                log_in(name)
            )
            .unwrap();
        }
        for child in children {
            assert_fails(&Run::end_of(child), "The input ended before the answer.");
        }
        for name in 0..8 {
            let run = site.run(log_in(name) + "status\n");
            assert!(
                run.status == Some(0) && run.stdout.contains("phone: not yet confirmed"),
                "{run:?}"
            );
        }
        assert_eq!(
            site.files(),
            ["accounts.db", "accounts.db.key"],
            "nothing is left over"
        );
    }
}

#[test]
fn a_damaged_key_file_is_refused_and_stays() {
    let site = Site::with_account();
    let key = fs::read_to_string(site.key_file()).unwrap();
    let name = site.key_file().display().to_string();
    let no_key = format!("The key file {name} holds no sealing key");
    let rows: [(&[u8], _); 5] = [
        (b"", format!("{no_key}: a sealing key has 32 bytes.")),
        (
            &key.as_bytes()[..40],
            format!("{no_key}: a sealing key has 32 bytes."),
        ),
        (
            b"hunter2!",
            format!("{no_key}: not a Base32 character at byte 7."),
        ),
        (
            &key.as_bytes().repeat(2),
            format!("{no_key}: not a Base32 character at byte 52."),
        ),
        (
            b"\xff",
            format!("The key file {name} can't be read: stream did not contain valid UTF-8."),
        ),
    ];
    for (damaged, sentence) in rows {
        fs::write(site.key_file(), damaged).unwrap();
        assert_refused(&site.run(LOG_IN), &sentence);
        assert_eq!(fs::read(site.key_file()).unwrap(), damaged);
    }
    fs::remove_file(site.key_file()).unwrap();
    fs::create_dir(site.key_file()).unwrap();
    let run = site.run(LOG_IN);
    assert!(
        run.status == Some(1) && run.stderr.contains("can't be read: ") && run.stdout.is_empty(),
        "{run:?}"
    );
}

/// A link that leads nowhere is no place for a new key.
#[cfg(unix)]
#[test]
fn a_dangling_link_in_place_of_the_key_file_is_not_followed() {
    let site = Site::new();
    let target = site.database().with_file_name("elsewhere");
    std::os::unix::fs::symlink(&target, site.key_file()).unwrap();
    let run = site.run(SIGN_UP);
    assert!(
        run.status == Some(1) && run.stderr.contains("can't be read: "),
        "{run:?}"
    );
    assert!(!target.exists());
}

#[test]
fn the_key_from_the_environment() {
    let key = text(&SealingKey::generate().unwrap());
    let runs = at_present(|now| {
        let (site, secret) = opted_in(now);
        let kept = fs::read_to_string(site.key_file()).unwrap();
        fs::remove_file(site.key_file()).unwrap();
        let next = format!("{LOG_IN}{}\n", code(&secret, now, 1));
        let wrong = Run::of(site.program().env(KEY, &key), &next);
        let password_alone = Run::of(site.program().env(KEY, &key), format!("{LOG_IN}status\n"));
        let right = Run::of(site.program().env(KEY, kept.trim_end()), &next);
        assert!(!site.key_file().exists(), "the environment comes first");
        let missing = site.run(&next);
        assert!(!site.key_file().exists(), "a new key would open no record");
        (
            wrong,
            password_alone,
            right,
            missing,
            site.key_file().display().to_string(),
            kept,
        )
    });
    let sealed_by = Keyring::new(SealingKey::from_base32(runs.5.trim_end()).unwrap()).active_id();
    let unknown = format!(
        "Ask for help: sealed by key {sealed_by}, which is not on the keyring: add it as a retired key."
    );
    assert_refused(&runs.0, &unknown);
    assert_refused(&runs.1, &unknown);
    assert_eq!(runs.2.status, Some(0), "{:?}", runs.2);
    assert!(runs.2.stdout.contains("by password and code"));
    let missing = format!(
        "There are records, and the key file {} that sealed them is missing: copy it here.",
        runs.4
    );
    assert_refused(&runs.3, &missing);

    let no_key = "SECONDFACTOR_SEALING_KEY is no sealing key";
    let rows = [
        (
            String::new(),
            format!("{no_key}: a sealing key has 32 bytes."),
        ),
        (
            key[..51].to_owned(),
            format!("{no_key}: the Base32 text is too short or too long by a symbol, at byte 50."),
        ),
        (
            key.replace(&key[..1], "!"),
            format!("{no_key}: not a Base32 character at byte 0."),
        ),
    ];
    for (key, sentence) in rows {
        let site = Site::new();
        assert_refused(&Run::of(site.program().env(KEY, key), SIGN_UP), &sentence);
        assert!(!site.key_file().exists());
    }
    #[cfg(unix)]
    {
        let bytes = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
        let run = Run::of(
            Site::new().program().env::<_, &std::ffi::OsStr>(KEY, bytes),
            SIGN_UP,
        );
        assert_refused(&run, "SECONDFACTOR_SEALING_KEY is not UTF-8.");
    }
}

/// Whoever has opted in is never let in by the password alone, whatever became of the record.
#[test]
fn a_record_that_is_gone_or_changed_lets_nobody_in() {
    let rows = [
        ("DELETE FROM secondfactor_record", MISSING),
        ("DROP TABLE secondfactor_record", MISSING),
        (
            "UPDATE secondfactor_record SET body = x''",
            "Ask for help: not a sealed record: restore it from a backup, or remove it.",
        ),
        (
            "UPDATE secondfactor_record SET body = substr(body, 1, 60)",
            FORGED,
        ),
        (
            "UPDATE secondfactor_record SET account = CAST('user-2' AS BLOB)",
            MISSING,
        ),
    ];
    for (statement, sentence) in rows {
        let (site, code) = at_present(|now| {
            let (site, secret) = opted_in(now);
            (site, code(&secret, now, 1).to_string())
        });
        Connection::open(site.database())
            .unwrap()
            .execute_batch(statement)
            .unwrap();
        assert_refused(&site.log_in(&code), sentence);
    }
}

#[test]
fn a_record_moved_to_another_account_lets_nobody_in() {
    let (site, code) = at_present(|now| {
        let (site, secret) = opted_in(now);
        (site, code(&secret, now, 1).to_string())
    });
    site.run("signup\nbob\nbattery staple\n");
    let copy = "INSERT INTO secondfactor_record SELECT CAST('user-2' AS BLOB), version, body FROM secondfactor_record";
    Connection::open(site.database())
        .unwrap()
        .execute_batch(copy)
        .unwrap();
    let run = site.run(format!("login\nbob\nbattery staple\n{code}\n"));
    assert_refused(&run, FORGED);
}

#[test]
fn a_database_that_is_gone_or_damaged() {
    let site = Site::with_account();
    let whole = fs::read(site.database()).unwrap();
    let mut flipped = whole.clone();
    flipped[100..4096].fill(0xff);
    for damaged in [
        b"not a database, but longer than its header ".repeat(9),
        whole[..5000].to_vec(),
        flipped,
    ] {
        fs::write(site.database(), damaged).unwrap();
        let run = site.run(LOG_IN);
        assert_eq!(
            (run.status, run.stderr.lines().count()),
            (Some(1), 1),
            "{run:?}"
        );
        assert!(!run.stdout.contains("Logged in"), "{run:?}");
    }
    fs::remove_file(site.database()).unwrap();
    assert_refused(&site.run(LOG_IN), "Wrong name or password.");
}

#[test]
fn a_stored_password_that_is_damaged() {
    let site = Site::with_account();
    for stored in [
        "",
        "correct horse",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
    ] {
        let update = "UPDATE user SET password = ?1";
        Connection::open(site.database())
            .unwrap()
            .execute(update, [stored])
            .unwrap();
        let run = site.run(LOG_IN);
        assert_eq!(
            (run.status, run.stderr.lines().count()),
            (Some(1), 1),
            "{run:?}"
        );
        assert!(!run.stdout.contains("Logged in"), "{run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_no_panic() {
    let full = Stdio::from(fs::File::create("/dev/full").unwrap());
    let run = Run::of(Site::new().program().stdout(full), SIGN_UP);
    assert_eq!(
        (run.status, run.stderr.lines().count()),
        (Some(1), 1),
        "{run:?}"
    );
}
