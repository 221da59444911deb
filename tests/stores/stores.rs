//! A SQLite file as a store: its settings, its content, and how it fails. The laws are in `conformance`.

use std::sync::Barrier;

use rusqlite::Connection;
use secondfactor::store::{MemoryStore, SqliteStore, Store, Swap};
use secondfactor::{Error, Mfa};

use crate::support::*;

/// Of the laws this one is here too, for one handle that threads share: the suite opens a handle for each.
#[test]
fn of_racing_swaps_exactly_one_wins() {
    fn race<S: Store>(store: &S) {
        const THREADS: usize = 8;
        let mut expected = None;
        for round in 0..50_u8 {
            let barrier = Barrier::new(THREADS);
            let wins: usize = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..THREADS)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            let swap = run(store.swap(&alice(), expected, &[round])).unwrap();
                            usize::from(matches!(swap, Swap::Committed(_)))
                        })
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).sum()
            });
            assert_eq!(wins, 1, "round {round}");
            expected = run(store.load(&alice()))
                .unwrap()
                .map(|stored| stored.version());
        }
    }
    race(&MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    race(&SqliteStore::open(folder.path().join("store.db")).unwrap());
}

#[test]
fn a_sqlite_file_is_durable_by_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let _store = SqliteStore::open(&path).unwrap();
    let mode: String = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_new_sqlite_file_opens_for_all_who_come_first() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..100 {
        let path = folder.path().join(format!("{round}.db"));
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    SqliteStore::open(&path).unwrap();
                });
            }
        });
    }
}

#[test]
fn a_sqlite_file_keeps_records_and_shares_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login {
        mfa, secret, clock, ..
    } = Login::new(SqliteStore::open(&path).unwrap());
    let other = Mfa::new(SqliteStore::open(&path).unwrap(), keyring()).with_clock(clock);
    let code = code(&secret, NOW, 0);
    assert!(run(other.verify(&alice(), code)).is_ok());
    assert!(matches!(
        run(mfa.verify(&alice(), code)),
        Err(Error::Denied(_))
    ));
    drop((mfa, other));
    assert!(
        run(SqliteStore::open(&path).unwrap().load(&alice()))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_stolen_sqlite_file_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let login = Login::new(SqliteStore::open(folder.path().join("store.db")).unwrap());
    let base32 = login.secret.expose_base32();
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!holds(&login.secret.expose_bytes()[..8]) && !holds(&base32.as_bytes()[..8]));
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
}

#[test]
fn a_record_copied_or_edited_in_sqlite_gives_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let sql = Connection::open(&path).unwrap();
    let copy = "INSERT INTO secondfactor_record SELECT CAST('mallory' AS BLOB), version, body FROM secondfactor_record";
    assert_eq!(sql.execute(copy, []).unwrap(), 1);
    let code = code(&secret, NOW, 0);
    assert!(matches!(
        run(mfa.verify(&account("mallory"), code)),
        Err(Error::Seal(_))
    ));

    let flip = "UPDATE secondfactor_record SET body = CAST(substr(body, 1, 60) || x'00' || substr(body, 62) AS BLOB)
        WHERE account = CAST('alice' AS BLOB)";
    assert_eq!(sql.execute(flip, []).unwrap(), 1);
    assert!(matches!(
        run(mfa.verify(&alice(), code)),
        Err(Error::Seal(_))
    ));

    assert_eq!(
        sql.execute("DELETE FROM secondfactor_record", []).unwrap(),
        2
    );
    assert!(matches!(
        run(mfa.verify(&alice(), code)),
        Err(Error::NotEnrolled)
    ));
}

#[test]
fn what_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(
        &path,
        b"this is no database, but long enough to be taken for one".repeat(100),
    )
    .unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("SQLite failed: {}", path.display())
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(SqliteStore::open(folder.path().join("no/such/folder/store.db")).is_err());
    assert_eq!(
        SqliteStore::open(":memory:").unwrap_err().to_string(),
        "the SQLite file can't be set to WAL mode: :memory:"
    );
}

#[test]
fn a_store_that_breaks_later_is_a_store_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    Connection::open(&path)
        .unwrap()
        .execute("DROP TABLE secondfactor_record", [])
        .unwrap();
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Store(_))
    ));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::Store(_))));
}
