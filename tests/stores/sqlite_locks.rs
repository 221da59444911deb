//! A SQLite file that others lock, or take away: who waits, for how long, and what is not written afterwards.

use std::future::poll_fn;
use std::sync::Barrier;
use std::task::Poll;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use secondfactor::Mfa;
use secondfactor::store::{SqliteStore, Store, Swap, TimeLimit};

use crate::support::*;

const LIMIT: Duration = Duration::from_secs(1);

fn lock(path: &std::path::Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.busy_timeout(Duration::from_secs(60)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

pub(crate) fn is_time_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut sources = std::iter::successors(Some(error), |error| error.source());
    sources.any(|source| source.is::<TimeLimit>())
}

/// The lock is held until all have failed. One after the other, with a wait for each, they would need eight limits.
#[test]
fn waiting_callers_share_one_limit() {
    const CALLERS: u32 = 8;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap().with_time_limit(LIMIT);
    let _other = lock(&path);
    let barrier = Barrier::new(CALLERS as usize);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..CALLERS {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let id = account(&format!("account {n}"));
                let error = run(store.swap(&id, None, b"one")).unwrap_err();
                assert!(is_time_limit(&error), "{error}");
                assert!(error.to_string().contains("store.db"), "{error}");
            });
        }
    });
    assert!(start.elapsed() < LIMIT * CALLERS, "{:?}", start.elapsed());
    // Readers have not waited for them.
    assert!(run(store.load(&alice())).unwrap().is_none());
}

#[test]
fn a_file_that_is_free_again_is_written_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path)
        .unwrap()
        .with_time_limit(60 * LIMIT);
    let other = lock(&path);
    std::thread::scope(|scope| {
        let swap = scope.spawn(|| run(store.swap(&alice(), None, b"one")));
        other.execute_batch("COMMIT").unwrap();
        assert!(matches!(swap.join().unwrap().unwrap(), Swap::Committed(_)));
    });
}

/// Some are waiting for the lock, some for those, and some for a thread.
#[test]
fn what_is_dropped_while_it_waits_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path)
        .unwrap()
        .with_time_limit(60 * LIMIT);
    let other = lock(&path);
    run(async {
        let ids: Vec<_> = (0..4).map(|n| account(&format!("account {n}"))).collect();
        let mut swaps: Vec<_> = ids
            .iter()
            .map(|id| Box::pin(store.swap(id, None, b"one")))
            .collect();
        for _ in 0..10 {
            poll_fn(|context| {
                for swap in &mut swaps {
                    assert!(swap.as_mut().poll(context).is_pending());
                }
                Poll::Ready(())
            })
            .await;
            tokio::time::sleep(Duration::from_millis(5)).await; // so that most have begun to wait
        }
        drop(swaps);
        other.execute_batch("COMMIT").unwrap();
        // Behind all of them.
        let swap = store.swap(&alice(), None, b"one").await.unwrap();
        assert!(matches!(swap, Swap::Committed(_)));
        for id in &ids {
            assert!(store.load(id).await.unwrap().is_none());
        }
    });
}

/// What is written into a file that was taken away is in no backup and for no other process.
#[test]
#[cfg(unix)]
fn a_file_that_was_replaced_is_noticed() {
    type Taking = fn(&std::path::Path);
    let takings: [(&str, Taking); 4] = [
        ("deleted", |path| std::fs::remove_file(path).unwrap()),
        ("replaced by a backup", |path| {
            let backup = path.with_extension("backup");
            std::fs::copy(path, &backup).unwrap();
            std::fs::rename(backup, path).unwrap();
        }),
        ("without its log", |path| {
            std::fs::remove_file(path.with_extension("db-wal")).unwrap();
        }),
        ("without its index", |path| {
            std::fs::remove_file(path.with_extension("db-shm")).unwrap();
        }),
    ];
    for (how, take) in takings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
        take(&path);
        let refused = |result: Result<(), secondfactor::Error>| {
            let error = result.unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(
                source.contains("was replaced or deleted"),
                "{how}: {source}"
            );
            assert!(source.ends_with("store.db"), "{how}: {source}");
        };
        refused(run(mfa.status(&alice())).map(drop));
        refused(run(mfa.verify(&alice(), code(&secret, NOW, 0))).map(drop));
        refused(run(mfa.check()).map(drop));
    }
}

/// A link that leads elsewhere is another file, and SQLite puts the log beside the file that it led to.
#[test]
#[cfg(unix)]
fn a_link_to_a_file_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other, link] = ["one.db", "other.db", "link.db"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&link).unwrap());
    let verify = |mfa: &Mfa<_>, steps| run(mfa.verify(&alice(), code(&secret, NOW, steps)));
    assert!(verify(&mfa, 0).is_ok());
    drop(SqliteStore::open(&other).unwrap());
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    assert!(verify(&mfa, 1).is_err());
}

#[test]
fn a_uri_is_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file:{}", folder.path().join("store.db").display());
    let error = SqliteStore::open(uri).unwrap_err().to_string();
    assert!(
        error.starts_with("this path leads to no SQLite file"),
        "{error}"
    );
}
