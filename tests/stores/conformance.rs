//! The conformance suite: our stores pass it, and a store broken on purpose in each law fails it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use secondfactor::store::conformance::{self, Law};
use secondfactor::store::{AnyStore, MemoryStore, PostgresStore, SqliteStore, ThisThread};

use crate::broken::{Broken, How, Shared};
use crate::place::{Place, pool};
use crate::support::*;

fn passes(place: &Place) {
    conformance::check(|| place.open(), &&*RUNTIME).unwrap();
    conformance::check_accounts(|| place.open(), &&*RUNTIME).unwrap();
}

#[test]
fn memory_passes() {
    let store = Arc::new(MemoryStore::new());
    conformance::check(|| Arc::clone(&store), &ThisThread).unwrap();
    conformance::check_accounts(|| Arc::clone(&store), &ThisThread).unwrap();
}

#[test]
fn a_store_in_a_box_passes() {
    let store = Arc::new(MemoryStore::new());
    conformance::check(|| AnyStore::new(Arc::clone(&store)), &ThisThread).unwrap();
    conformance::check_accounts(|| AnyStore::new(Arc::clone(&store)), &ThisThread).unwrap();
}

#[test]
fn sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    passes(&Place::sqlite(&folder.path().join("store.db")));
}

#[test]
fn sqlite_on_this_thread_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = || SqliteStore::open(&path).unwrap().on_this_thread();
    conformance::check(open, &ThisThread).unwrap();
    conformance::check_accounts(open, &ThisThread).unwrap();
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn postgres_passes() {
    passes(&Place::postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn postgres_passes_in_serializable_transactions() {
    passes(&serializable(Place::postgres()));
}

fn serializable(place: Place) -> Place {
    let Place::Postgres { config } = place else {
        unreachable!()
    };
    let config = config.replace(
        "options='",
        "options='-c default_transaction_isolation=serializable ",
    );
    Place::Postgres { config }
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn redis_passes() {
    passes(&Place::redis());
}

#[test]
fn sqlx_sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    passes(&Place::sqlx_sqlite(&folder.path().join("store.db")));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn sqlx_postgres_passes() {
    passes(&Place::sqlx_postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn sqlx_postgres_passes_in_serializable_transactions() {
    passes(&serializable(Place::postgres()).on_sqlx());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn sqlx_mariadb_passes() {
    passes(&Place::sqlx_mariadb());
}

/// One handle is of this adapter, the next one of that: the tables are the same.
fn passes_together(one: &Place, other: &Place) {
    let count = AtomicUsize::new(0);
    let open = || match count.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => one.open(),
        _ => other.open(),
    };
    conformance::check(open, &&*RUNTIME).unwrap();
    conformance::check_accounts(open, &&*RUNTIME).unwrap();
}

#[test]
fn an_application_goes_from_one_sqlite_adapter_to_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlite(&folder.path().join("store.db"));
    drop(place.open());
    passes_together(&place, &place.clone().on_sqlx());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn an_application_goes_from_one_postgres_adapter_to_the_other() {
    let place = Place::postgres();
    passes_together(&place, &place.clone().on_sqlx());
}

#[test]
fn a_sqlite_file_that_fails_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute("DROP TABLE secondfactor_record", [])
        .unwrap();
    conformance::check_failing(&store, &ThisThread).unwrap();
}

#[test]
fn a_postgres_that_is_not_there_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("host={} user=nobody", folder.path().display());
    conformance::check_failing(&PostgresStore::new(pool(&config)), &&*RUNTIME).unwrap();
}

#[test]
fn each_broken_law_is_found() {
    let broken = [
        (How::WritesInTwoSteps, Law::Linearizable),
        (How::ChecksThenWrites, Law::OneWinner),
        (How::ForgetsWhenClosed, Law::Durable),
        (How::AttestsOtherBytes, Law::Durable),
        (How::WritesTheLoser, Law::ConflictChangesNothing),
        (How::CountsConflicts, Law::ConflictChangesNothing),
        (How::FailsOpen, Law::ErrorsAreErrors),
        (How::CountsFromOneAgain, Law::VersionsIncrease),
        (How::CountsDown, Law::VersionsIncrease),
        (How::RemembersLoads, Law::LoadSeesSwaps),
        (How::CommitsAtTheNextCall, Law::CommitsAlone),
        (How::CutsAtNul, Law::AnyBytes),
        (How::CutsLongBodies, Law::AnyBytes),
        (How::FoldsCase, Law::AnyAccount),
        (How::TrimsIds, Law::AnyAccount),
        (How::CutsLongIds, Law::AnyAccount),
        (How::ListsByAge, Law::Listing),
        (How::ListsAfterInclusive, Law::Listing),
        (How::ListsTooMany, Law::Listing),
        (How::ListsRemoved, Law::Listing),
        (How::ListsNoBeacon, Law::Listing),
        (How::FailsAtTheBeacon, Law::Listing),
    ];
    for (how, law) in broken {
        // A race is not lost each time it is run.
        let is_found = (0..20).any(|_| broken_laws(how).contains(&law));
        assert!(is_found, "{how:?}");
    }
    assert_eq!(broken_laws(How::Sound), []);
}

fn broken_laws(how: How) -> Vec<Law> {
    let shared = Arc::new(Mutex::new(Shared::default()));
    let open = || Broken::open(how, &shared);
    let all = [
        conformance::check(open, &ThisThread),
        conformance::check_accounts(open, &ThisThread),
        // Only a store that fails is asked here.
        if how == How::FailsOpen {
            conformance::check_failing(&open(), &ThisThread)
        } else {
            Ok(())
        },
    ];
    let violations = all.into_iter().filter_map(Result::err);
    violations
        .flat_map(|found| {
            found
                .as_slice()
                .iter()
                .map(conformance::Violation::law)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_violation_says_what_was_seen() {
    let shared = Arc::new(Mutex::new(Shared::default()));
    let violations =
        conformance::check(|| Broken::open(How::FoldsCase, &shared), &ThisThread).unwrap_err();
    assert_eq!(
        violations.to_string(),
        "the store breaks its laws\nany account id: \"A\": there before it was written"
    );
    assert_eq!(format!("{violations:?}"), violations.to_string());
}
