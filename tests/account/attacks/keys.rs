//! Servers with other keys.

use std::convert::Infallible;
use std::sync::{Arc, Barrier};

use secondfactor::sealing::SealError;
use secondfactor::store::{ListAccounts, MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Error, Keyring, Mfa, SealingKey};

use super::{open_sqlite, sqlite};
use crate::support::*;

fn ring(byte: u8) -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[byte; 32]))
}

fn is_unknown_key(result: &Result<Report, Error>) -> bool {
    matches!(result, Err(Error::Seal(SealError::UnknownKey { .. })))
}

/// One after the other, and all at once: whoever is first seals the beacon.
/// Attacks: K2.
#[test]
fn servers_with_different_keys_do_not_start() {
    let store = Arc::new(MemoryStore::new());
    let server = |keyring| Mfa::new(Arc::clone(&store), keyring);
    assert!(run(server(ring(1)).check()).is_ok());
    assert!(is_unknown_key(&run(server(ring(2)).check())));
    assert!(is_unknown_key(&run(server(ring(3)).check())));
    // Started again; with the key as a retired one; and with the key in another context.
    assert!(run(server(ring(1)).check()).is_ok());
    let both = ring(2).with_retired(SealingKey::from_bytes(&[1; 32]));
    assert!(run(server(both).check()).is_ok());
    assert!(is_unknown_key(&run(
        server(ring(1).with_context("shop")).check()
    )));
    // It is no account.
    assert!(matches!(
        run(server(ring(1)).status(&alice())),
        Err(Error::NotEnrolled)
    ));

    for _ in 0..10 {
        let (_folder, path) = sqlite();
        let barrier = Barrier::new(3);
        let results: Vec<Result<Report, Error>> = std::thread::scope(|scope| {
            let threads = [1, 2, 3].map(|byte| {
                let (path, barrier) = (&path, &barrier);
                scope.spawn(move || {
                    let mfa = Mfa::new(open_sqlite(path), ring(byte));
                    barrier.wait();
                    run(mfa.check())
                })
            });
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let started = results.iter().filter(|result| result.is_ok()).count();
        let stopped = results
            .iter()
            .filter(|result| is_unknown_key(result))
            .count();
        assert_eq!((started, stopped), (1, 2), "{results:?}");
    }
}

/// Whoever is listed opts out before their record is read, but for those whose names begin with a z.
struct OptingOut(Arc<MemoryStore>);

impl Store for OptingOut {
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

impl ListAccounts for OptingOut {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Infallible> {
        let listed = self.0.list_accounts(after, limit).await?;
        for account in listed.iter().filter(|id| !id.as_str().starts_with('z')) {
            let stored = self.0.load(account).await?.unwrap();
            let _removed = self.0.remove(account, stored.version()).await?;
        }
        Ok(listed)
    }
}

/// Attacks: K1.
#[test]
fn a_wrong_key_does_not_start_while_accounts_opt_out() {
    for gone in [0, 1, 20, 1000] {
        let store = Arc::new(MemoryStore::new());
        let mfa = Mfa::new(Arc::clone(&store), ring(1));
        for n in 0..gone {
            let _begun = run(mfa.enroll(&account(&format!("a{n}")), label("phone"))).unwrap();
        }
        let _begun = run(mfa.enroll(&account("zoe"), label("phone"))).unwrap();
        let other = Mfa::new(OptingOut(Arc::clone(&store)), ring(2));
        match run(other.check()) {
            // At some time it gives up, and does not start either.
            Err(Error::Contended) => assert_eq!(gone, 1000),
            result => assert!(is_unknown_key(&result), "{gone}: {result:?}"),
        }
        // Nothing was sealed by it.
        assert!(run(Mfa::new(store, ring(1)).check()).is_ok());
    }
}
