//! The store contract's laws, on the stores this crate has.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a test fails by panicking
#![cfg(feature = "sqlite")]

mod support;

use std::sync::Barrier;

use rusqlite::Connection;
use secondfactor::{AccountId, Accounts, Error, MemoryStore, Mfa, SqliteStore, Store, Stored, Swap, Version};
use support::*;

/// Runs a law on each store, new and empty.
fn on_every_store(law: impl Fn(&dyn Fn(Op) -> Answer)) {
    let memory = MemoryStore::new();
    law(&|op| perform(&memory, op));
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("store.db")).unwrap();
    law(&|op| perform(&sqlite, op));
}

enum Op<'a> {
    Load(&'a str),
    Swap(&'a str, Option<Version>, &'a [u8]),
    Remove(&'a str, Version),
}

#[derive(Debug, PartialEq)]
enum Answer {
    Loaded(Option<Stored>),
    Committed,
    Conflict,
}

impl Answer {
    fn stored(self) -> Stored {
        match self {
            Self::Loaded(Some(stored)) => stored,
            other => panic!("no record: {other:?}"),
        }
    }
}

fn perform<S: Store>(store: &S, op: Op<'_>) -> Answer {
    let swap = match op {
        Op::Load(id) => return Answer::Loaded(run(store.load(&account(id))).unwrap()),
        Op::Swap(id, expected, body) => run(store.swap(&account(id), expected, body)).unwrap(),
        Op::Remove(id, expected) => run(store.remove(&account(id), expected)).unwrap(),
    };
    match swap {
        Swap::Committed(_) => Answer::Committed,
        Swap::Conflict => Answer::Conflict,
    }
}

#[test]
fn a_swap_needs_the_version_that_is_there() {
    on_every_store(|on| {
        assert_eq!(on(Op::Load("a")), Answer::Loaded(None));
        assert_eq!(on(Op::Swap("a", Some(Version::new(1)), b"x")), Answer::Conflict);
        assert_eq!(on(Op::Load("a")), Answer::Loaded(None));

        assert_eq!(on(Op::Swap("a", None, b"one")), Answer::Committed);
        let one = on(Op::Load("a")).stored();
        assert_eq!(one.body(), b"one");
        assert_eq!(on(Op::Swap("a", None, b"x")), Answer::Conflict);

        assert_eq!(on(Op::Swap("a", Some(one.version()), b"two")), Answer::Committed);
        let two = on(Op::Load("a")).stored();
        assert!(two.version() > one.version());
        for stale in [one.version(), Version::new(0), Version::new(u64::MAX), Version::new(1 << 63)] {
            assert_eq!(on(Op::Swap("a", Some(stale), b"x")), Answer::Conflict);
            assert_eq!(on(Op::Remove("a", stale)), Answer::Conflict);
        }
        assert_eq!(on(Op::Load("a")).stored(), two);
    });
}

#[test]
fn no_version_comes_back_after_a_remove() {
    on_every_store(|on| {
        let mut highest = Version::new(0);
        for _ in 0..3 {
            assert_eq!(on(Op::Swap("a", None, b"one")), Answer::Committed);
            let one = on(Op::Load("a")).stored().version();
            assert!(one > highest);
            assert_eq!(on(Op::Swap("a", Some(one), b"two")), Answer::Committed);
            highest = on(Op::Load("a")).stored().version();
            assert_eq!(on(Op::Remove("a", one)), Answer::Conflict);
            assert_eq!(on(Op::Remove("a", highest)), Answer::Committed);
            assert_eq!(on(Op::Load("a")), Answer::Loaded(None));
            assert_eq!(on(Op::Swap("a", Some(highest), b"x")), Answer::Conflict);
            assert_eq!(on(Op::Remove("a", highest)), Answer::Conflict);
        }
    });
}

#[test]
fn look_alikes_are_other_accounts() {
    on_every_store(|on| {
        let long = "x".repeat(1024);
        let ids =
            ["a", "A", "a ", " a", "a\0", "a\0b", "\u{e9}", "e\u{301}", "\u{430}", "1", "01", "1.0", &long, "'; --"];
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(on(Op::Swap(id, None, &[n as u8])), Answer::Committed, "{id:?}");
        }
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(on(Op::Load(id)).stored().body(), [n as u8], "{id:?}");
        }
    });
}

#[test]
fn empty_and_large_records_come_back_whole() {
    on_every_store(|on| {
        let large: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        for (id, body) in [("empty", &[][..]), ("large", &large)] {
            assert_eq!(on(Op::Swap(id, None, body)), Answer::Committed);
            assert_eq!(on(Op::Load(id)).stored().body(), body);
        }
    });
}

#[test]
fn accounts_are_listed_page_by_page_in_the_order_of_their_bytes() {
    fn check<S: Accounts>(store: &S) {
        assert_eq!(run(store.accounts(None, 10)).unwrap(), []);
        let ids = ["\0", "A", "B", "a", "a\0", "a\0b", "aa", "b", "\u{e9}", "\u{ffff}", "\u{10000}"].map(account);
        for id in ids.iter().rev() {
            assert!(matches!(run(store.swap(id, None, b"x")).unwrap(), Swap::Committed(_)));
        }
        for limit in [0, 1, 3, ids.len(), usize::MAX] {
            let mut listed: Vec<AccountId> = Vec::new();
            loop {
                let page = run(store.accounts(listed.last(), limit)).unwrap();
                assert!(page.len() <= limit);
                match page.is_empty() {
                    true => break,
                    false => listed.extend(page),
                }
            }
            assert_eq!(listed, if limit == 0 { &[] } else { &ids[..] }, "{limit}");
        }
        assert_eq!(run(store.accounts(Some(&account("aZ")), 2)).unwrap(), [account("aa"), account("b")]);
        let version = run(store.load(&ids[0])).unwrap().unwrap().version();
        assert!(matches!(run(store.remove(&ids[0], version)).unwrap(), Swap::Committed(_)));
        assert_eq!(run(store.accounts(None, 1)).unwrap(), [account("A")]);
    }
    check(&std::sync::Arc::new(MemoryStore::new()));
    let folder = tempfile::tempdir().unwrap();
    check(&SqliteStore::open(folder.path().join("store.db")).unwrap());
}

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
            expected = run(store.load(&alice())).unwrap().map(|stored| stored.version());
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
    let mode: String = Connection::open(&path).unwrap().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
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
    let Login { mfa, secret, clock, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let other = Mfa::new(SqliteStore::open(&path).unwrap(), keyring()).with_clock(clock);
    let code = code(&secret, NOW, 0);
    assert!(run(other.verify(&alice(), code)).is_ok());
    assert!(matches!(run(mfa.verify(&alice(), code)), Err(Error::Denied(_))));
    drop((mfa, other));
    assert!(run(SqliteStore::open(&path).unwrap().load(&alice())).unwrap().is_some());
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
    assert!(matches!(run(mfa.verify(&account("mallory"), code)), Err(Error::Seal(_))));

    let flip = "UPDATE secondfactor_record SET body = CAST(substr(body, 1, 60) || x'00' || substr(body, 62) AS BLOB)
        WHERE account = CAST('alice' AS BLOB)";
    assert_eq!(sql.execute(flip, []).unwrap(), 1);
    assert!(matches!(run(mfa.verify(&alice(), code)), Err(Error::Seal(_))));

    assert_eq!(sql.execute("DELETE FROM secondfactor_record", []).unwrap(), 2);
    assert!(matches!(run(mfa.verify(&alice(), code)), Err(Error::NotEnrolled)));
}

#[test]
fn what_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"this is no database, but long enough to be taken for one".repeat(100)).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "SQLite failed");
    assert!(std::error::Error::source(&error).is_some());
    assert!(SqliteStore::open(folder.path().join("no/such/folder/store.db")).is_err());
    assert_eq!(SqliteStore::open(":memory:").unwrap_err().to_string(), "the SQLite file can't be set to WAL mode");
}

#[test]
fn a_store_that_breaks_later_is_a_store_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().execute("DROP TABLE secondfactor_record", []).unwrap();
    assert!(matches!(run(mfa.verify(&alice(), code(&secret, NOW, 0))), Err(Error::Store(_))));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::Store(_))));
}
