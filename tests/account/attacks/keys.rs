//! Servers with other keys.

use std::sync::Barrier;

use secondfactor::sealing::SealError;
use secondfactor::store::{MemoryStore, Report, SqliteStore};
use secondfactor::{Error, Keyring, Mfa, SealingKey};

use super::sqlite;
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
    let store = std::sync::Arc::new(MemoryStore::new());
    let server = |keyring| Mfa::new(std::sync::Arc::clone(&store), keyring);
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
                    let mfa = Mfa::new(SqliteStore::open(path).unwrap(), ring(byte));
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
