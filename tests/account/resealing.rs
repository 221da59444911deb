//! From one sealing key to the next, account by account and over a whole store.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use secondfactor::account::Account;
use secondfactor::codes::SystemClock;
use secondfactor::sealing::{KeyId, SealError};
use secondfactor::store::{ListAccounts, MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Error, Event, Keyring, Mfa, SealingKey};

use crate::support::*;

fn old() -> SealingKey {
    SealingKey::from_bytes(&[7; 32])
}

fn new_alone() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[9; 32]))
}

fn old_id() -> KeyId {
    keyring().active_id()
}

fn new_id() -> KeyId {
    new_alone().active_id()
}

fn new_and_old() -> Keyring {
    new_alone().with_retired(old())
}

fn server(store: &Arc<MemoryStore>, keyring: Keyring) -> Mfa<Arc<MemoryStore>> {
    Mfa::new(Arc::clone(store), keyring)
}

fn enroll(mfa: &Mfa<Arc<MemoryStore>>, ids: std::ops::Range<u32>) {
    for n in ids {
        let _shown = run(mfa.enroll(&account(&format!("user-{n:03}")), label("phone"))).unwrap();
    }
}

/// Walks over the store, `limit` accounts at a time: how many are sealed anew, and how many failed.
fn walk(mfa: &Mfa<impl ListAccounts>, limit: usize) -> (usize, Vec<(AccountId, String)>) {
    let (mut resealed, mut failures, mut after) = (0, Vec::new(), None);
    loop {
        let batch = run(mfa.reseal_batch(after.as_ref(), limit)).unwrap();
        resealed += batch.resealed();
        failures.extend(
            batch
                .failures()
                .iter()
                .map(|(account, error)| (account.clone(), error.to_string())),
        );
        match batch.into_next() {
            Some(next) => after = Some(next),
            None => return (resealed, failures),
        }
    }
}

fn usage(mfa: &Mfa<impl ListAccounts>) -> BTreeMap<KeyId, u64> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let usage = run(mfa.key_usage(after.as_ref(), 7)).unwrap();
        usage
            .records()
            .iter()
            .for_each(|(key, count)| *all.entry(*key).or_default() += count);
        match usage.into_next() {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// A store that gives fewer accounts than it is asked for: a database's own limit.
#[derive(Clone)]
struct Capped(Arc<MemoryStore>);

impl Store for Capped {
    type Error = Infallible;

    async fn check(&self) -> Result<Report, Infallible> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Infallible> {
        self.0.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Infallible> {
        self.0.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Infallible> {
        self.0.remove(account, expected).await
    }
}

impl ListAccounts for Capped {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Infallible> {
        self.0.list_accounts(after, limit.min(2)).await
    }
}

#[test]
fn an_empty_batch_alone_is_the_last() {
    let store = Arc::new(MemoryStore::new());
    enroll(&server(&store, keyring()), 0..5);
    let mfa = Mfa::new(Capped(Arc::clone(&store)), new_and_old());
    assert_eq!(usage(&mfa), BTreeMap::from([(old_id(), 5)]));
    assert_eq!(walk(&mfa, 1000), (5, Vec::new()));
    assert_eq!(usage(&mfa), BTreeMap::from([(new_id(), 5)]));
    // Who asks for none at once would never come to an end, or never begin.
    assert_eq!(walk(&mfa, 0), (5, Vec::new()));
}

#[test]
fn one_account_is_resealed_and_then_left_alone() {
    let store = Arc::new(MemoryStore::new());
    enroll(&server(&store, keyring()), 1..2);
    let log = Log::default();
    let mfa = server(&store, new_and_old()).on_event(log.handler());
    let alice = account("user-001");
    let version = || run(store.load(&alice)).unwrap().unwrap().version();

    let sealed_by = || run(mfa.status(&alice)).unwrap().sealed_by();
    assert_eq!(sealed_by(), Some(old_id()));
    run(mfa.reseal(&alice)).unwrap();
    assert_eq!(sealed_by(), Some(new_id()));
    let [Event::Resealed { from, to, .. }] = log.events()[..] else {
        panic!("{:?}", log.events())
    };
    assert_eq!((from, to), (old_id(), new_id()));
    let after = version();
    run(mfa.reseal(&alice)).unwrap();
    assert_eq!(version(), after, "nothing to write");
    assert!(run(server(&store, new_alone()).status(&alice)).is_ok());
    assert!(matches!(
        run(mfa.reseal(&account("nobody"))),
        Err(Error::NotEnrolled)
    ));
}

#[test]
fn a_walk_over_the_store_reseals_every_record_in_batches() {
    for limit in [1, 7, 20, 21, 1000] {
        let store = Arc::new(MemoryStore::new());
        enroll(&server(&store, keyring()), 0..15);
        let mfa = server(&store, new_and_old());
        enroll(&mfa, 15..20);
        assert_eq!(usage(&mfa), BTreeMap::from([(old_id(), 15), (new_id(), 5)]));
        assert_eq!(walk(&mfa, limit), (20, Vec::new()));
        assert_eq!(usage(&mfa), BTreeMap::from([(new_id(), 20)]));
        // The old key can go.
        let alone = server(&store, new_alone());
        assert!((0..20).all(|n| run(alone.status(&account(&format!("user-{n:03}")))).is_ok()));
    }
}

#[test]
fn a_record_that_does_not_open_does_not_stop_the_walk() {
    let store = Arc::new(MemoryStore::new());
    enroll(&server(&store, keyring()), 0..5);
    let lost = || Keyring::new(SealingKey::from_bytes(&[8; 32]));
    enroll(&server(&store, lost()), 5..6);
    let Ok(Swap::Committed(_)) = run(store.swap(&account("user-900"), None, b"")) else {
        panic!("no row")
    };
    let mfa = server(&store, new_and_old());
    let (resealed, failures) = walk(&mfa, 3);
    assert_eq!(resealed, 5);
    let id = lost().active_id();
    let unknown =
        format!("sealed by key {id}, which is not on the keyring: add it as a retired key");
    let malformed = SealError::Malformed.to_string();
    assert_eq!(
        failures,
        [
            (account("user-005"), unknown),
            (account("user-900"), malformed)
        ]
    );
    let usage = run(mfa.key_usage(None, 100)).unwrap();
    let unreadable: Vec<(AccountId, String)> = (usage.unreadable().iter())
        .map(|(account, error)| (account.clone(), error.to_string()))
        .collect();
    assert_eq!(unreadable, failures);
}

/// The beacon tells servers with other keys apart: it is no account, and goes along with a walk.
#[test]
fn a_walk_takes_the_beacon_along() {
    let store = Arc::new(MemoryStore::new());
    assert!(run(server(&store, keyring()).check()).is_ok());
    assert!(run(server(&store, new_alone()).check()).is_err());
    let mfa = server(&store, new_and_old());
    assert!(run(mfa.check()).is_ok());
    assert_eq!(usage(&mfa), BTreeMap::from([(old_id(), 1)]));
    enroll(&mfa, 0..3);
    assert_eq!(usage(&mfa), BTreeMap::from([(old_id(), 1), (new_id(), 3)]));
    for _ in 0..2 {
        assert_eq!(walk(&mfa, 2), (3, Vec::new()));
        assert_eq!(usage(&mfa), BTreeMap::from([(new_id(), 4)]));
    }
    assert!(run(server(&store, new_alone()).check()).is_ok());
    assert!(run(server(&store, keyring()).check()).is_err());
}

/// Nothing but the key changes: a used code stays used.
#[test]
fn a_resealed_record_is_the_same_record() {
    let store = Arc::new(MemoryStore::new());
    let Login {
        mfa, clock, secret, ..
    } = Login::new(Arc::clone(&store));
    let used = code(&secret, NOW, 0);
    assert!(run(mfa.verify(&alice(), used)).is_ok());
    let before = run(mfa.status(&alice())).unwrap();
    let resealing = server(&store, new_and_old()).with_clock(SystemClock);
    run(resealing.reseal(&alice())).unwrap();
    let mfa = server(&store, new_alone()).with_clock(clock);
    assert_eq!(
        run(mfa.status(&alice())).unwrap().devices(),
        before.devices()
    );
    assert!(matches!(
        run(mfa.verify(&alice(), used)),
        Err(Error::Denied(_))
    ));
    let stored = run(store.load(&alice())).unwrap().unwrap();
    assert!(Account::open(&alice(), stored.body(), &new_alone()).is_ok());
}

/// A store whose loads each wait once, and which counts those that wait at the same time.
#[derive(Default)]
struct Waiting {
    store: MemoryStore,
    loads: AtomicUsize,
    most: AtomicUsize,
}

impl Store for Waiting {
    type Error = Infallible;

    async fn check(&self) -> Result<Report, Infallible> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Infallible> {
        let loads = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(loads, Ordering::SeqCst);
        let mut has_waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.loads.fetch_sub(1, Ordering::SeqCst);
        self.store.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Infallible> {
        self.store.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Infallible> {
        self.store.remove(account, expected).await
    }
}

impl ListAccounts for Waiting {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Infallible> {
        self.store.list_accounts(after, limit).await
    }
}

#[test]
fn a_walk_works_on_as_many_accounts_at_once_as_it_may() {
    for (set, at_once) in [(None, 8), (Some(3), 3), (Some(1), 1), (Some(0), 1)] {
        let store = Arc::new(Waiting::default());
        let mfa = Mfa::new(Arc::clone(&store), keyring());
        let mfa = set.into_iter().fold(mfa, Mfa::with_accounts_at_once);
        for n in 0..20 {
            let _shown =
                run(mfa.enroll(&account(&format!("user-{n:03}")), label("phone"))).unwrap();
        }
        let resealed = is_send(mfa.reseal_batch(None, 100));
        assert_eq!(run(resealed).unwrap().resealed(), 20);
        assert_eq!(store.most.swap(0, Ordering::SeqCst), at_once);
        let usage = run(is_send(mfa.key_usage(None, 100))).unwrap();
        assert_eq!(usage.records(), &BTreeMap::from([(old_id(), 20)]));
        assert_eq!(store.most.load(Ordering::SeqCst), at_once);
    }
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}
