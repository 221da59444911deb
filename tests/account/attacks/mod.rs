//! How second factors have failed elsewhere, tried on this one. The manual's chapter on attacks says which test answers
//! which attack; `tests/repository/manual.rs` checks that it names them all. "Attacks:" above a test names its rows there.

mod along_time;
mod browsers;
mod clock;
mod database;
mod drift;
mod enrollment;
mod events;
mod guessing;
mod input;
mod keys;
mod labels;
mod operators;
mod proofs;
mod recovery;
mod replay;
mod retries;
mod standing;

use secondfactor::account::{Account, DeviceId};
use secondfactor::codes::Secret;
use secondfactor::store::SqliteStore;
use secondfactor::{Denial, Error, NewDevice};

use crate::support::*;
use crate::{denial, kind, recovery_set};

fn is_throttled<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(denial(result), Denial::Throttled { .. })
}

/// The wait of a refusal, in seconds from `now`.
fn wait<T: std::fmt::Debug>(result: Result<T, Error>, now: secondfactor::codes::UnixTime) -> u64 {
    match denial(result) {
        Denial::Throttled { retry_at, .. } => retry_at.as_secs() - now.as_secs(),
        other => panic!("no wait: {other:?}"),
    }
}

/// No test depends on how fast the disk is.
fn open_sqlite(path: impl AsRef<std::path::Path>) -> SqliteStore {
    let minute = std::time::Duration::from_secs(60);
    SqliteStore::open(path).unwrap().with_time_limit(minute)
}

/// A folder that goes when it is dropped, and a SQLite file's place in it.
fn sqlite() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

/// An account whose phone was confirmed by the code of the step before `NOW`, and the phone.
fn with_phone() -> (Account, Phone) {
    let phone = NewDevice::totp(label("phone")).with_secret(known_secret());
    let (account, enrollment) = commit(Account::new(alice()).enroll(phone, NOW).unwrap());
    let enrollment = enrollment.unwrap();
    let phone = Phone {
        id: enrollment.device(),
        secret: enrollment.secret().duplicate(),
    };
    let (account, proof) = commit(
        account
            .confirm(phone.id, code(&phone.secret, NOW, -1), NOW)
            .unwrap(),
    );
    let _confirmed = proof.unwrap();
    (account, phone)
}

/// For tests that look at many steps: by chance, two of a random secret's may share a code.
fn known_secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

struct Phone {
    id: DeviceId,
    secret: Secret,
}
