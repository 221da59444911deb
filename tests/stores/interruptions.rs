//! Calls that are dropped after their write has begun: the handlers hear of it, whether it was committed or not.

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use secondfactor::codes::ManualClock;
use secondfactor::store::{
    AnyStore, AnyStoreError, MemoryStore, Report, Store, Stored, Swap, Version,
};
use secondfactor::{AccountId, Keyring, Mfa, SealingKey};

use crate::commands::{COMMANDS, FIRST_COMMANDS, perform};
use crate::owner::{Owner, policy};
use crate::place::Place;
use crate::support::*;

/// What becomes of the next write.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It is lost on its way.
    Lost,
    /// It is on its way when the caller hangs up.
    Sent,
    /// It is committed, and the answer is lost.
    Committed,
}

/// A store that never answers a write.
struct Unanswered {
    inner: Arc<AnyStore>,
    fate: Fate,
    has_written: Arc<AtomicBool>,
}

impl Unanswered {
    async fn leave_unanswered(
        &self,
        write: impl Future<Output = Result<Swap, AnyStoreError>>,
    ) -> Result<Swap, AnyStoreError> {
        let mut write = pin!(write);
        match self.fate {
            Fate::Lost => {}
            Fate::Sent => {
                poll_fn(|context| {
                    let _on_its_way = write.as_mut().poll(context);
                    Poll::Ready(())
                })
                .await;
            }
            Fate::Committed => assert!(matches!(write.await, Ok(Swap::Committed(_)))),
        }
        self.has_written.store(true, Ordering::Relaxed);
        pending().await
    }
}

impl Store for Unanswered {
    type Error = AnyStoreError;

    async fn check(&self) -> Result<Report, AnyStoreError> {
        self.inner.check().await
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyStoreError> {
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, AnyStoreError> {
        self.leave_unanswered(self.inner.swap(account, expected, next))
            .await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyStoreError> {
        self.leave_unanswered(self.inner.remove(account, expected))
            .await
    }
}

/// They write nothing of an account, or call those that do.
const OTHERS: [&str; 9] = [
    "check",
    "status",
    "needs_code",
    "stage",
    "devices",
    "check_proof",
    "stands",
    "reseal_batch",
    "key_usage",
];

/// Attack E1.
fn a_dropped_call_is_told_on(store: AnyStore) {
    let (store, owner) = (Arc::new(store), Owner::new());
    for fate in [Fate::Lost, Fate::Sent, Fate::Committed] {
        for command in COMMANDS {
            run(put(&store, &owner.record));
            drop_a_call(&store, &owner, &alice(), command, fate);
        }
        for command in FIRST_COMMANDS {
            // Of its own, as what was sent may arrive later.
            let id = account(&format!("{command}, {fate:?}"));
            drop_a_call(&store, &owner, &id, command, fate);
        }
    }
}

/// Puts alice's record in the place of what is there. A write that was sent before may still come first.
async fn put(store: &AnyStore, record: &[u8]) {
    loop {
        if let Some(stored) = store.load(&alice()).await.unwrap() {
            let _removed = store.remove(&alice(), stored.version()).await.unwrap();
        }
        if let Swap::Committed(_) = store.swap(&alice(), None, record).await.unwrap() {
            return;
        }
    }
}

fn drop_a_call(store: &Arc<AnyStore>, owner: &Owner, id: &AccountId, command: &str, fate: Fate) {
    let (log, has_written) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let unanswered = Unanswered {
        inner: Arc::clone(store),
        fate,
        has_written: Arc::clone(&has_written),
    };
    // A new key, so that there is something to reseal.
    let key = SealingKey::from_bytes(&[8; SealingKey::LEN]);
    let keyring = Keyring::new(key).with_retired(SealingKey::from_bytes(&[7; SealingKey::LEN]));
    let mfa = Mfa::new(unanswered, keyring)
        .with_policy(policy())
        .with_clock(ManualClock::new(NOW))
        .on_event(log.handler());

    let before = run(store.load(id)).unwrap();
    run(async {
        let mut call = pin!(perform(command, &mfa, id, owner));
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(answer) => panic!("{command}: {answer:?} without a write"),
            Poll::Pending if has_written.load(Ordering::Relaxed) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        })
        .await;
        assert_eq!(codes(&log), [""; 0], "{command}, {fate:?}: told too early");
    });
    assert_eq!(codes(&log), ["interrupted"], "{command}, {fate:?}");

    let after = run(store.load(id)).unwrap();
    match fate {
        Fate::Lost => assert_eq!(after, before, "{command}"),
        Fate::Sent => {}
        Fate::Committed => assert_ne!(after, before, "{command}"),
    }
}

fn codes(log: &Log) -> Vec<&'static str> {
    log.events().iter().map(secondfactor::Event::code).collect()
}

#[test]
fn a_dropped_call_is_told() {
    a_dropped_call_is_told_on(AnyStore::new(MemoryStore::new()));
    let folder = tempfile::tempdir().unwrap();
    a_dropped_call_is_told_on(Place::sqlite(&folder.path().join("store.db")).open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_postgres() {
    a_dropped_call_is_told_on(Place::postgres().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_redis() {
    a_dropped_call_is_told_on(Place::redis().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_sqlx_postgres() {
    a_dropped_call_is_told_on(Place::sqlx_postgres().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_sqlx_mariadb() {
    a_dropped_call_is_told_on(Place::sqlx_mariadb().open());
}

#[test]
fn every_command_is_dropped_once() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mfa");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let source: String = files
        .filter(|file| !file.ends_with("blocking.rs"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let declared: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .collect();
    let known = COMMANDS.iter().chain(&FIRST_COMMANDS).chain(&OTHERS);
    let known: BTreeSet<&str> = known.filter_map(|name| name.split(' ').next()).collect();
    assert_eq!(declared, known);
}
