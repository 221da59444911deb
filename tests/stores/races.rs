//! One code submitted by many at once, and servers killed in the middle: on one SQLite file, with real processes.

use std::path::Path;
use std::sync::{Arc, Barrier};

use secondfactor::account::{Lock, Submission};
use secondfactor::store::{MemoryStore, SqliteStore, Store};
use secondfactor::{Code, Denial, Error, Mfa};

use crate::place::Place;
use crate::server::Server;
use crate::support::*;

const ROUNDS: u64 = 200;

fn submit<S: Store>(mfa: &Mfa<S>, code: Code) -> Outcome {
    match run(mfa.verify(&alice(), code)) {
        Ok(_) => Outcome::Verified,
        Err(Error::Denied(Denial::Replayed)) => Outcome::Replayed,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Verified,
    Replayed,
}

fn race_threads<S: Store>(store: S) {
    const THREADS: usize = 16;
    let Login {
        mfa, clock, secret, ..
    } = Login::new(store);
    for round in 0..ROUNDS {
        let time = NOW.saturating_add(STEP * round as u32);
        clock.set(time);
        let code = code(&secret, time, 0);
        let barrier = Barrier::new(THREADS);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        submit(&mfa, code)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_one_verified(round, &outcomes);
    }
}

/// Wrong codes from one known browser, from sixteen threads: its side judges five, and then waits.
fn race_cookies<S: Store>(store: S) {
    let Login { mfa, secret, .. } = Login::new(store);
    let submission = Submission::new(code(&secret, NOW, 0)).remember_browser(label("laptop"));
    let mut verified = run(mfa.verify(&alice(), submission)).unwrap();
    let cookie = verified.take_browser_cookie().unwrap().expose_value();
    let wrong = Submission::new(wrong_code(&secret, NOW)).in_browser(Some(&cookie));
    let barrier = Barrier::new(16);
    let judged: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    match run(mfa.verify(&alice(), wrong.clone())) {
                        Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. })) => true,
                        Err(Error::Denied(Denial::Throttled { .. })) | Err(Error::Contended) => {
                            false
                        }
                        other => panic!("{other:?}"),
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    // All five unless one lost every swap.
    assert!(judged.iter().filter(|judged| **judged).count() <= 5);
    let status = run(mfa.status(&alice())).unwrap();
    assert_ne!(status.known_browsers_lock(), Lock::Open);
    assert_eq!(
        status.lock(),
        Lock::Open,
        "strangers wait for nothing of it"
    );
}

fn assert_one_verified(round: u64, outcomes: &[Outcome]) {
    let count = |outcome| outcomes.iter().filter(|one| **one == outcome).count();
    assert_eq!(count(Outcome::Verified), 1, "round {round}: {outcomes:?}");
    assert_eq!(
        count(Outcome::Replayed),
        outcomes.len() - 1,
        "round {round}: {outcomes:?}"
    );
}

#[test]
fn sixteen_threads_one_code_on_memory() {
    race_threads(MemoryStore::new());
}

#[test]
fn sixteen_threads_one_cookie_on_memory() {
    race_cookies(MemoryStore::new());
}

#[test]
fn sixteen_threads_one_cookie_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    race_cookies(SqliteStore::open(folder.path().join("store.db")).unwrap());
}

#[test]
fn sixteen_threads_one_cookie_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    race_cookies(Place::sqlx_sqlite(&folder.path().join("store.db")).open());
}

#[test]
fn sixteen_threads_one_code_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    race_threads(SqliteStore::open(folder.path().join("store.db")).unwrap());
}

#[test]
fn sixteen_threads_one_code_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    race_threads(Place::sqlx_sqlite(&folder.path().join("store.db")).open());
}

#[test]
fn sixteen_stores_one_code_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { clock, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let code = code(&secret, NOW, 0);
    let barrier = Barrier::new(16);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let servers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let store = SqliteStore::open(&path).unwrap();
                    submit(
                        &Mfa::new(store, keyring()).with_clock(Arc::clone(&clock)),
                        code,
                    )
                })
            })
            .collect();
        servers
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    assert_one_verified(0, &outcomes);
}

#[test]
fn eight_processes_one_code_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    eight_processes_one_code(Place::sqlite(&folder.path().join("store.db")));
}

#[test]
fn eight_processes_one_code_on_one_sqlite_file_by_sqlx() {
    let folder = tempfile::tempdir().unwrap();
    eight_processes_one_code(Place::sqlx_sqlite(&folder.path().join("store.db")));
}

fn eight_processes_one_code(place: Place) {
    let mut servers: Vec<Server> = (0..8).map(|_| Server::start(&place)).collect();
    let Login { secret, .. } = Login::new(place.open());
    for round in 0..ROUNDS {
        let time = NOW.saturating_add(STEP * round as u32);
        for server in &mut servers {
            server.verify("alice", time, code(&secret, time, 0));
        }
        let outcomes: Vec<Outcome> = servers
            .iter_mut()
            .map(|server| outcome(&server.answer()))
            .collect();
        assert_one_verified(round, &outcomes);
    }
}

/// The server stops at a named point, and is killed there.
#[test]
fn a_server_killed_between_two_steps_of_a_verify_grants_nothing_twice() {
    for (point, burned) in [
        ("before load", false),
        ("before swap", false),
        ("after swap", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::sqlite(&folder.path().join("store.db"));
        let Login { mfa, secret, .. } = Login::new(place.open());
        let code = code(&secret, NOW, 0);
        let mut server = Server::start_to_stop_at(&place, point);
        server.verify("alice", NOW, code);
        assert_eq!(server.answer(), point);
        server.kill();

        let expected = if burned {
            Outcome::Replayed
        } else {
            Outcome::Verified
        };
        assert_eq!(submit(&mfa, code), expected, "{point}");
        assert_eq!(submit(&mfa, code), Outcome::Replayed, "{point}");
    }
}

/// A server is killed while it verifies one code after the other, each time a little later.
#[test]
fn a_server_killed_anywhere_grants_nothing_twice() {
    killed_anywhere(Place::sqlite);
}

#[test]
fn a_server_killed_anywhere_by_sqlx_grants_nothing_twice() {
    killed_anywhere(Place::sqlx_sqlite);
}

fn killed_anywhere(place: fn(&Path) -> Place) {
    let (mut granted_by_killed, mut in_flight) = (0, 0);
    for round in 0..60_u32 {
        let folder = tempfile::tempdir().unwrap();
        let place = place(&folder.path().join("store.db"));
        let Login {
            mfa, secret, clock, ..
        } = Login::new(place.open());
        let at = |step: u32| NOW.saturating_add(STEP * step);

        let mut server = Server::start(&place);
        for step in 0..20 {
            server.verify("alice", at(step), code(&secret, at(step), 0));
        }
        let before_kill = round % 10;
        (0..before_kill).for_each(|_| assert_eq!(server.answer(), "Verified"));
        (0..round * 50).for_each(|_| std::hint::spin_loop());
        let last_words = server.kill();
        assert!(
            last_words.iter().all(|answer| answer == "Verified"),
            "{last_words:?}"
        );
        let reported = before_kill + last_words.len() as u32;

        // A new server opens the file. What was granted is burned; what was in flight is burned or still works, once.
        for step in 0..20 {
            clock.set(at(step));
            let first = submit(&mfa, code(&secret, at(step), 0));
            if step < reported {
                assert_eq!(first, Outcome::Replayed, "round {round}, step {step}");
                granted_by_killed += 1;
            } else if step == reported {
                in_flight += 1;
            } else {
                assert_eq!(first, Outcome::Verified, "round {round}, step {step}");
            }
            assert_eq!(submit(&mfa, code(&secret, at(step), 0)), Outcome::Replayed);
        }
    }
    assert!(
        granted_by_killed > 0 && in_flight > 0,
        "the kill must fall among the submissions"
    );
}

fn outcome(answer: &str) -> Outcome {
    match answer {
        "Verified" => Outcome::Verified,
        "Replayed" => Outcome::Replayed,
        _ => panic!("{answer}"),
    }
}
