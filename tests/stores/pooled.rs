//! PostgreSQL by a pool that the application uses too: what its users leave on a connection, and calls that end early.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use secondfactor::Mfa;
use secondfactor::codes::ManualClock;
use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::store::{Finding, PostgresStore, Store, Swap, TableNames};

use crate::daemon::{Daemon, Kind};
use crate::hold::{hold_swaps, let_go};
use crate::place::{Place, pool};
use crate::reports::use_all;
use crate::server::outcome;
use crate::sqlite_locks::is_time_limit;
use crate::support::*;

fn config() -> String {
    let Place::Postgres { config } = Place::postgres() else {
        unreachable!()
    };
    config
}

/// Of one connection, so that it is the application's and the store's in turns.
fn pool_of_one(config: &str) -> Pool {
    Pool::builder(Manager::new(config.parse().unwrap(), NoTls))
        .max_size(1)
        .build()
        .unwrap()
}

async fn leave(pool: &Pool, sql: &str) {
    let client = pool.get().await.unwrap();
    for statement in sql.split(';') {
        let _may_fail = client.batch_execute(statement).await;
    }
}

fn login_server(pool: &Pool) -> Mfa<PostgresStore> {
    Mfa::new(PostgresStore::new(pool.clone()), keyring()).with_clock(ManualClock::new(NOW))
}

fn is_committed(swap: Swap) -> bool {
    matches!(swap, Swap::Committed(_))
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_transaction_left_open_takes_nothing_back() {
    for left_open in [
        "BEGIN",
        "BEGIN; SELECT 1 / 0",
        "BEGIN READ ONLY",
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM secondfactor_record",
        "BEGIN; SAVEPOINT here; SELECT 1 / 0",
    ] {
        let config = config();
        let shared = pool_of_one(&config);
        // The store was the last to use the connection, before it was left like that.
        let Login { mfa, secret, .. } = Login::new(PostgresStore::new(shared.clone()));
        let code = code(&secret, NOW, 0);
        run(leave(&shared, left_open));
        let verify = |server: &Mfa<_>| outcome(run(server.verify(&alice(), code)));
        assert_eq!(verify(&mfa), "Verified", "{left_open}");
        run(leave(&shared, "ROLLBACK"));
        assert_eq!(
            verify(&login_server(&pool(&config))),
            "Replayed",
            "{left_open}"
        );
    }
}

/// So that the application's own work is not committed with a login, and its snapshot is not what a login sees.
#[test]
#[ignore = "needs a server: scripts/services"]
fn a_transaction_left_open_on_postgres_is_rolled_back() {
    let config = config();
    let shared = pool_of_one(&config);
    let store = PostgresStore::new(shared.clone());
    let left_open = "CREATE TABLE secondfactor_work (id int); BEGIN ISOLATION LEVEL REPEATABLE READ; \
        INSERT INTO secondfactor_work VALUES (1); SELECT FROM secondfactor_record";
    run(async {
        leave(&shared, left_open).await;
        let other = PostgresStore::new(pool(&config));
        assert!(is_committed(
            other.swap(&alice(), None, b"one").await.unwrap()
        ));
        assert!(store.load(&alice()).await.unwrap().is_some());
        leave(&shared, "COMMIT").await;
        let client = shared.get().await.unwrap();
        let count = "SELECT count(*) FROM secondfactor_work";
        let row = client.query_one(count, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
    });
}

/// A standby that is waited for and never comes shows which commits wait.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_write_to_postgres_is_durable_whatever_was_set() {
    let daemon = Daemon::start(Kind::Postgres);
    let Place::Postgres { config } = daemon.place() else {
        unreachable!()
    };
    let limit = Duration::from_secs(1);
    let store = |pool: &Pool| PostgresStore::new(pool.clone()).with_time_limit(limit);
    let plain = pool(&config);
    let account = |n: usize| account(&format!("account {n}"));
    let version = |n: usize| {
        run(store(&plain).load(&account(n)))
            .unwrap()
            .unwrap()
            .version()
    };
    for n in 0..8 {
        let inserted = PostgresStore::new(plain.clone());
        assert!(is_committed(
            run(inserted.swap(&account(n), None, b"one")).unwrap()
        ));
    }
    let versions: Vec<_> = (0..8).map(version).collect();
    daemon.wait_for_standby("nobody");
    let is_missed = |result: Result<Swap, _>| result.is_err_and(|error| is_time_limit(&error));
    // It takes a moment until the server heeds it.
    let waits = |n: usize| is_missed(run(store(&plain).swap(&account(n), None, b"two")));
    assert!((100..1000).any(waits));

    for (n, left) in ["off", "local", "remote_write"].into_iter().enumerate() {
        let hasty = pool_of_one(&config);
        let leave = || run(leave(&hasty, &format!("SET synchronous_commit = {left}")));
        let store = store(&hasty);
        leave();
        let (one, other, new) = (account(2 * n), account(2 * n + 1), account(2000 + n));
        let update = store.swap(&one, Some(versions[2 * n]), b"two");
        assert!(is_missed(run(update)), "an update, {left}");
        leave();
        let remove = store.remove(&other, versions[2 * n + 1]);
        assert!(is_missed(run(remove)), "a remove, {left}");
        leave();
        let insert = store.swap(&new, None, b"two");
        assert!(is_missed(run(insert)), "an insert, {left}");
    }
}

/// Neither the server's log nor the client's has a line for each login.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn undoing_what_was_left_on_postgres_is_silent() {
    let daemon = Daemon::start(Kind::Postgres);
    let Place::Postgres { config } = daemon.place() else {
        unreachable!()
    };
    use_all(PostgresStore::new(pool_of_one(&config)));
    // The last line, so that all before it are there.
    run(leave(&pool(&config), "ROLLBACK"));
    let warnings = || {
        let log = daemon.log();
        log.iter().filter(|line| line.contains("WARNING")).count()
    };
    while warnings() == 0 {}
    assert_eq!(warnings(), 1, "{:?}", daemon.log());
}

/// In the pool it would keep the next call waiting for the lock that the dropped one waits for.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_dropped_call_closes_its_connection_to_postgres() {
    let daemon = Daemon::start(Kind::Postgres);
    let place = daemon.place();
    let Place::Postgres { config } = &place else {
        unreachable!()
    };
    let shared = pool_of_one(config);
    let Login { mfa, secret, .. } = Login::new(PostgresStore::new(shared.clone()));
    let held = Arc::default();
    hold_swaps(&place, &held)();
    run(async {
        let alice = alice();
        let mut login = Box::pin(mfa.verify(&alice, code(&secret, NOW, 0)));
        let observer = pool(config).get().await.unwrap();
        let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        while !observer
            .query_one(waits, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            poll_fn(|context| {
                assert!(login.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        drop(login);
        assert_eq!(shared.status().size, 0);
        assert!(mfa.status(&alice).await.unwrap().has_accepted_device());
    });
    let_go(&held);
}

/// What a last user has set on it can't be undone, but another connection is as it should be.
#[test]
#[ignore = "needs a server: scripts/services"]
fn a_connection_to_postgres_that_fails_is_not_used_again() {
    let shared = pool_of_one(&config());
    let store = PostgresStore::new(shared.clone());
    for left in [
        "SET default_transaction_read_only = on",
        "SET search_path = nowhere",
    ] {
        let id = account(left);
        run(leave(&shared, left));
        assert!(run(store.swap(&id, None, b"one")).is_err(), "{left}");
        assert!(
            is_committed(run(store.swap(&id, None, b"one")).unwrap()),
            "{left}"
        );
    }
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn the_wait_for_a_connection_to_postgres_has_the_limit() {
    let shared = pool_of_one(&config());
    let limit = Duration::from_millis(100);
    let store = PostgresStore::new(shared.clone()).with_time_limit(limit);
    let taken = run(shared.get()).unwrap();
    assert!(is_time_limit(&run(store.load(&alice())).unwrap_err()));
    assert!(is_time_limit(&run(store.create_schema()).unwrap_err()));
    drop(taken);
    let store = PostgresStore::new(shared);
    assert!(run(store.load(&alice())).unwrap().is_none());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn tables_in_postgres_can_be_named() {
    let config = config();
    let schema = config.rsplit('=').next().unwrap().trim_end_matches('\'');
    for name in ["login", &format!("{schema}.mfa")] {
        let names = TableNames::new(name).unwrap();
        let shared = pool_of_one(&config);
        let store = PostgresStore::new(shared.clone()).with_names(names.clone());
        assert_eq!(run(store.check()).unwrap().findings(), [Finding::NoSchema]);
        run(store.create_schema()).unwrap();
        run(leave(&shared, &PostgresStore::schema(&names)));
        // A schema that is named is found on any path.
        if name.contains('.') {
            run(leave(&shared, "SET search_path = nowhere"));
        }
        assert_eq!(run(store.check()).unwrap().findings(), []);
        use_all(store);
    }
    run(async {
        let client = pool(&config).get().await.unwrap();
        for table in ["login_record", "mfa_record"] {
            let exists = format!("SELECT to_regclass('{table}') IS NOT NULL");
            assert!(
                client
                    .query_one(&exists, &[])
                    .await
                    .unwrap()
                    .get::<_, bool>(0)
            );
        }
    });
}
