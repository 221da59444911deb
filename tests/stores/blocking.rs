//! The blocking front, and that SQLite does not block a runtime.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;
use secondfactor::codes::ManualClock;
use secondfactor::mfa::blocking;
use secondfactor::store::{BlockOn, MemoryStore, SqliteStore, Store};
use secondfactor::{Error, Mfa};

use crate::place::Place;
use crate::support::*;

fn enroll_and_log_in<S: Store, R: BlockOn>(front: &blocking::Mfa<S, R>) {
    assert!(matches!(front.status(&alice()), Err(Error::NotEnrolled)));
    let enrollment = front.enroll(&alice(), label("phone")).unwrap();
    front
        .confirm(
            &alice(),
            enrollment.device(),
            code(enrollment.secret(), NOW, -1),
        )
        .unwrap();
    let now = code(enrollment.secret(), NOW, 0);
    assert_eq!(front.verify(&alice(), now).unwrap().account(), &alice());
    assert!(matches!(front.verify(&alice(), now), Err(Error::Denied(_))));
    assert!(front.status(&alice()).unwrap().has_accepted_device());
}

fn mfa<S: Store>(store: S) -> Mfa<S> {
    Mfa::new(store, keyring()).with_clock(Arc::new(ManualClock::new(NOW)))
}

#[test]
fn on_this_thread() {
    enroll_and_log_in(&blocking::Mfa::new(mfa(MemoryStore::new())));
    let folder = tempfile::tempdir().unwrap();
    enroll_and_log_in(&blocking::Mfa::new(mfa(SqliteStore::open(
        folder.path().join("store.db"),
    )
    .unwrap())));
}

/// A thread of the pool would have to wake the one that waits.
#[test]
fn a_sqlite_store_on_this_thread_needs_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
    let store = store.on_this_thread();
    let alice = alice();
    let mut load = std::pin::pin!(store.load(&alice));
    let polled = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(None))));
}

fn on_a_runtime(place: &Place) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let front = blocking::Mfa::new(mfa(place.open())).on(runtime.handle().clone());
    enroll_and_log_in(&front);
    assert!(
        run(front.as_async().status(&alice()))
            .unwrap()
            .has_accepted_device()
    );
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn on_a_runtime_with_postgres() {
    on_a_runtime(&Place::postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn on_a_runtime_with_redis() {
    on_a_runtime(&Place::redis());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn on_a_runtime_with_sqlx() {
    on_a_runtime(&Place::sqlx_postgres());
    on_a_runtime(&Place::sqlx_mariadb());
    let folder = tempfile::tempdir().unwrap();
    on_a_runtime(&Place::sqlx_sqlite(&folder.path().join("store.db")));
}

/// One thread runs both the login, which waits for another process's transaction, and what ends that transaction. If
/// the login held the thread, it would fail when its patience ends.
#[test]
fn sqlite_does_not_block_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let login = runtime.spawn(async move { mfa.verify(&alice(), code(&secret, NOW, 0)).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!login.is_finished());
        other.execute_batch("COMMIT").unwrap();
        assert!(login.await.unwrap().is_ok());
    });
}
