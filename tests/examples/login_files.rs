//! The example `login`, run as a program: its key file, its database, and what happens when they are damaged.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use rusqlite::Connection;
use secondfactor::codes::{Clock as _, SystemClock};
use secondfactor::{Keyring, SealingKey};

use crate::program::Run;
use crate::site::*;
use crate::support::*;

/// The records' key, when it comes from the environment.
const KEY: &str = "SECONDFACTOR_SEALING_KEY";

const MISSING: &str = "There is no second factor here: if you had one, ask for help.";
const MALFORMED: &str =
    "Ask for help: not a sealed record: restore it from a backup, or remove it.";
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
    let no_key = format!(
        "The file {name} holds no sealing key: restore it from its backup, as a new key opens no stored record."
    );
    let contents: [&[u8]; 5] = [
        b"",
        &key.as_bytes()[..40],
        b"hunter2!",
        &key.as_bytes().repeat(2),
        b"\xff",
    ];
    for damaged in contents {
        fs::write(site.key_file(), damaged).unwrap();
        assert_refused(&site.run(LOG_IN), &no_key);
        assert_eq!(fs::read(site.key_file()).unwrap(), damaged);
    }
    fs::remove_file(site.key_file()).unwrap();
    assert_refused(&site.run(LOG_IN), &missing(&site));
    assert!(
        !site.key_file().exists(),
        "a new key opens no stored record"
    );
}

fn missing(site: &Site) -> String {
    let name = site.key_file().display().to_string();
    format!(
        "There is no key file {name}: copy it here from its backup or from another server, as a new key opens no stored \
         record."
    )
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::with_account();
    fs::set_permissions(site.key_file(), PermissionsExt::from_mode(0o644)).unwrap();
    let name = site.key_file().display().to_string();
    let open = format!(
        "Others than its owner can read or change the key file {name}: take that away (chmod 600), and replace the key if \
         somebody may have read it."
    );
    assert_refused(&site.run(LOG_IN), &open);
    fs::set_permissions(site.key_file(), PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(site.run(LOG_IN).status, Some(0));

    fs::remove_file(site.key_file()).unwrap();
    fs::create_dir(site.key_file()).unwrap();
    fs::set_permissions(site.key_file(), PermissionsExt::from_mode(0o700)).unwrap();
    let unusable =
        format!("The key file {name} can't be used: check its folder and its permissions");
    let run = site.run(LOG_IN);
    assert!(
        run.status == Some(1) && run.stderr.starts_with(&unusable) && run.stdout.is_empty(),
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
    assert_refused(&site.run(SIGN_UP), &missing(&site));
    assert!(!target.exists());
}

/// Attack K1. What it sealed, the right key would not open.
#[test]
fn a_wrong_key_does_not_start() {
    let (site, secret) = at_present(opted_in);
    let right = fs::read_to_string(site.key_file()).unwrap();
    let id = Keyring::new(SealingKey::from_base32(right.trim_end()).unwrap()).active_id();
    let sealed = site.sealed();
    assert_eq!(
        sealed.len(),
        2,
        "alice's record, and the one that knows the key"
    );

    let other = text(&SealingKey::generate().unwrap());
    fs::write(site.key_file(), &other).unwrap();
    let refused = site.run(LOG_IN.to_owned() + "enroll\nphone\n");
    let by_variable = Run::of(site.program().env(KEY, &other), SIGN_UP);
    for (run, place) in [
        (refused, site.key_file().display().to_string()),
        (by_variable, KEY.to_owned()),
    ] {
        let sentence = format!(
            "The sealing key in {place} is wrong: these accounts are sealed by key {id}. Put that key there, from its \
             backup. Nothing was changed."
        );
        assert_refused(&run, &sentence);
        assert_eq!(run.stdout, "", "it has not started");
    }
    assert_eq!(site.sealed(), sealed);

    // Nor does it if only the accounts know their key.
    let forget = "DELETE FROM secondfactor_record WHERE account <> CAST('user-1' AS BLOB)";
    let database = Connection::open(site.database()).unwrap();
    assert_eq!(database.execute(forget, []).unwrap(), 1);
    let run = site.run(LOG_IN);
    assert!(
        run.status == Some(1) && run.stderr.contains(" is wrong: "),
        "{run:?}"
    );
    assert_eq!(site.sealed(), sealed[1..]);

    fs::write(site.key_file(), right).unwrap();
    let code = code(&secret, SystemClock.now(), 1).to_string();
    assert_eq!(site.log_in(&code).status, Some(0));
}

/// Also where nobody has opted in yet, and no account has a record.
#[test]
fn a_wrong_key_does_not_start_on_a_database_without_records() {
    let site = Site::with_account();
    let sealed = site.sealed();
    fs::write(site.key_file(), text(&SealingKey::generate().unwrap())).unwrap();
    let run = site.run(LOG_IN);
    assert!(
        run.status == Some(1) && run.stderr.contains(" is wrong: "),
        "{run:?}"
    );
    assert_eq!(site.sealed(), sealed);
}

#[test]
fn the_key_from_the_environment() {
    let (right, site) = at_present(|now| {
        let (site, secret) = opted_in(now);
        let kept = fs::read_to_string(site.key_file()).unwrap();
        fs::remove_file(site.key_file()).unwrap();
        let next = format!("{LOG_IN}{}\n", code(&secret, now, 1));
        let right = Run::of(site.program().env(KEY, kept.trim_end()), next);
        (right, site)
    });
    assert_eq!(right.status, Some(0), "{right:?}");
    assert!(right.stdout.contains("by password and code"));
    assert!(!site.key_file().exists(), "the environment comes first");
    assert_refused(&site.run(LOG_IN), &missing(&site));

    let key = text(&SealingKey::generate().unwrap());
    let no_key = format!("{KEY} holds no whole sealing key: copy it again from its backup.");
    for key in [
        String::new(),
        key[..51].to_owned(),
        key.replace(&key[..1], "!"),
    ] {
        let site = Site::new();
        assert_refused(&Run::of(site.program().env(KEY, key), SIGN_UP), &no_key);
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
            "UPDATE secondfactor_record SET body = x'' WHERE account = CAST('user-1' AS BLOB)",
            MALFORMED,
        ),
        (
            "UPDATE secondfactor_record SET body = substr(body, 1, 60) WHERE account = CAST('user-1' AS BLOB)",
            FORGED,
        ),
        (
            "UPDATE secondfactor_record SET account = CAST('user-2' AS BLOB) WHERE account = CAST('user-1' AS BLOB)",
            MISSING,
        ),
        // Not by the record that knows the key either: then there is no start.
        ("UPDATE secondfactor_record SET body = x''", MALFORMED),
        (
            "UPDATE secondfactor_record SET body = CAST(body || x'00' AS BLOB)",
            FORGED,
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
    let copy = "INSERT INTO secondfactor_record SELECT CAST('user-2' AS BLOB), version, body FROM secondfactor_record
        WHERE account = CAST('user-1' AS BLOB)";
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
