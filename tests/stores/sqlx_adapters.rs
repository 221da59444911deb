//! The stores on `sqlx`: what a connection of the application's pool brings with it, limits, names, findings.

use std::error::Error as StdError;
use std::time::Duration;

use secondfactor::store::drivers::sqlx::{self, Connection, Database, Executor, Pool};
use secondfactor::store::{
    Finding, ListAccounts, PostgresStore, Severity, SqlxError, SqlxMySqlStore, SqlxPostgresStore,
    SqlxSqliteStore, Store, Swap, TableNames, TimeLimit, conformance,
};

use crate::daemon::{Daemon, Kind, MARIADB};
use crate::place::{self, Place};
use crate::sqlx_pools::{self, batch, single};
use crate::support::*;

/// For a call that is known to miss it.
const SOON: Duration = Duration::from_millis(500);
/// For a call that may miss it, and others that must not.
const LATE: Duration = Duration::from_secs(8);

fn config(place: &Place) -> &str {
    match place {
        Place::Postgres { config } | Place::SqlxPostgres { config } => config,
        _ => unreachable!(),
    }
}

fn url(place: &Place) -> &str {
    match place {
        Place::SqlxMariaDb { url } => url,
        _ => unreachable!(),
    }
}

fn path(place: &Place) -> &str {
    match place {
        Place::SqlxSqlite { path } => path,
        _ => unreachable!(),
    }
}

async fn commit(store: &impl Store, body: &[u8]) {
    let version = store.load(&alice()).await.unwrap().map(|it| it.version());
    let swap = store.swap(&alice(), version, body).await.unwrap();
    assert!(matches!(swap, Swap::Committed(_)));
}

/// What the application leaves open, it takes back afterwards. `other` is another server.
fn left_open<DB: Database>(
    pool: &Pool<DB>,
    store: &impl Store,
    other: &impl Store,
    leave: &[&'static str],
) where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let bob = account("bob");
    run(async {
        let bobs = store.swap(&bob, None, b"bob's").await.unwrap();
        assert!(matches!(bobs, Swap::Committed(_)));
        for (round, left) in (0_u8..).zip(leave) {
            let mut connection = pool.acquire().await.unwrap();
            let _may_fail = connection.execute(sqlx::raw_sql(*left)).await;
            drop(connection);
            commit(store, &[round; 16]).await;

            let mut connection = pool.acquire().await.unwrap();
            let _may_fail = connection.execute(sqlx::raw_sql("ROLLBACK")).await;
            drop(connection);
            let bobs = other.load(&bob).await.unwrap().unwrap();
            assert_eq!(
                bobs.body(),
                b"bob's",
                "{left}: what was left open is taken back"
            );
            let there = other.load(&alice()).await.unwrap().unwrap();
            assert_eq!(there.body(), [round; 16], "{left}");
            let version = there.version();
            let removed = store.remove(&alice(), version).await.unwrap();
            assert!(matches!(removed, Swap::Committed(_)), "{left}");
        }
        // One that `sqlx` began and whose handle is gone.
        let mut connection = pool.acquire().await.unwrap();
        std::mem::forget(connection.begin().await.unwrap());
        drop(connection);
        commit(store, b"after a handle that is gone").await;
        let mut connection = pool.acquire().await.unwrap();
        let _may_fail = connection.execute(sqlx::raw_sql("ROLLBACK")).await;
        drop(connection);
        let version = other.load(&alice()).await.unwrap().unwrap().version();
        let removed = store.remove(&alice(), version).await.unwrap();
        assert!(matches!(removed, Swap::Committed(_)));
    });
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_transaction_left_open_takes_nothing_back_on_sqlx_postgres() {
    let place = Place::sqlx_postgres();
    let pool = single(&sqlx_pools::postgres(config(&place)));
    let (store, other) = (SqlxPostgresStore::new(pool.clone()), place.open());
    let leave = [
        "BEGIN",
        "BEGIN; DELETE FROM secondfactor_record",
        "BEGIN; SELECT 1 / 0",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN; SELECT 1",
    ];
    left_open(&pool, &store, &other, &leave);
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_transaction_left_open_takes_nothing_back_on_sqlx_mariadb() {
    let place = Place::sqlx_mariadb();
    let pool = single(&sqlx_pools::mariadb(url(&place)));
    let (store, other) = (SqlxMySqlStore::new(pool.clone()), place.open());
    let leave = [
        "BEGIN",
        "BEGIN; DELETE FROM secondfactor_record",
        "SET autocommit = 0",
        "SET autocommit = 0; DELETE FROM secondfactor_record",
    ];
    left_open(&pool, &store, &other, &leave);
}

#[test]
fn a_transaction_left_open_takes_nothing_back_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlx_sqlite(&folder.path().join("store.db"));
    let pool = single(&sqlx_pools::sqlite(path(&place)));
    let (store, other) = (SqlxSqliteStore::new(pool.clone()), place.open());
    let leave = [
        "BEGIN",
        "BEGIN; DELETE FROM secondfactor_record",
        "BEGIN IMMEDIATE",
    ];
    left_open(&pool, &store, &other, &leave);
}

/// An application whose connections do not commit by themselves finds them so, whatever the store needs.
#[test]
#[ignore = "needs a server: scripts/services"]
fn connections_of_sqlx_mariadb_without_autocommit_stay_so() {
    let place = Place::sqlx_mariadb();
    let connect = (*sqlx_pools::mariadb(url(&place)).connect_options()).clone();
    let pool = {
        let _runtime = RUNTIME.enter();
        sqlx::mysql::MySqlPoolOptions::new()
            .max_connections(1)
            .after_connect(|connection, _| {
                Box::pin(async {
                    let off = "SET autocommit = 0";
                    connection.execute(sqlx::raw_sql(off)).await.map(drop)
                })
            })
            .connect_lazy_with(connect)
    };
    let store = SqlxMySqlStore::new(pool.clone());
    run(async {
        commit(&store, b"committed by itself").await;
        let autocommit = sqlx::query_scalar::<_, bool>("SELECT @@autocommit");
        assert!(!autocommit.fetch_one(&pool).await.unwrap());
    });
    assert!(run(place.open().load(&alice())).unwrap().is_some());
}

/// A session of the application may have a mode that cuts what does not fit: nothing is cut, and nothing said to be there.
#[test]
#[ignore = "needs a server: scripts/services"]
fn nothing_is_cut_on_a_sqlx_mariadb_that_is_not_strict() {
    let place = Place::sqlx_mariadb();
    let pool = single(&sqlx_pools::mariadb(url(&place)));
    let store = SqlxMySqlStore::new(pool.clone());
    run(batch(&pool, "SET sql_mode = ''"));
    let report = run(store.check()).unwrap();
    let [
        Finding::Unfit {
            name: "sql_mode", ..
        },
    ] = report.findings()
    else {
        panic!("{report:?}");
    };
    assert_eq!(report.worst(), Some(Severity::Unsafe));

    let longest = account(&"x".repeat(1024));
    let swap = run(store.swap(&longest, None, &[7; 70_000])).unwrap();
    assert!(matches!(swap, Swap::Committed(_)));
    let stored = run(store.load(&longest)).unwrap().unwrap();
    assert_eq!(stored.body(), [7; 70_000]);
    let error = run(store.swap(&longest, Some(stored.version()), &vec![8; 1 << 24])).unwrap_err();
    assert_eq!(error.to_string(), "the record is too large for its column");
    assert_eq!(run(store.load(&longest)).unwrap().unwrap(), stored);
}

fn missed(limit: Duration, error: &SqlxError) -> bool {
    error
        .source()
        .is_some_and(|source| source.downcast_ref() == Some(&TimeLimit::missed(limit)))
}

/// A call that waits for a lock ends with its limit, its connection is not used again, and the pool is whole.
fn ends_in_time<DB: Database>(
    pool: &Pool<DB>,
    store: &impl Store<Error = SqlxError>,
    patient: &impl Store,
    (hold, let_go): (&'static str, &'static str),
    connection_id: &'static str,
) where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'r> i64: sqlx::Decode<'r, DB>,
    i64: sqlx::Type<DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let holder = single(pool);
    let id = async || {
        let mut connection = pool.acquire().await.unwrap();
        let row = connection
            .fetch_one(sqlx::raw_sql(connection_id))
            .await
            .unwrap();
        sqlx::Row::get::<i64, _>(&row, 0)
    };
    run(async {
        commit(patient, b"before").await;
        let before = id().await;
        let mut held = holder.acquire().await.unwrap();
        held.execute(sqlx::raw_sql(hold)).await.unwrap();
        let version = patient.load(&alice()).await.unwrap().unwrap().version();
        let error = store
            .swap(&alice(), Some(version), b"late")
            .await
            .unwrap_err();
        assert!(missed(SOON, &error), "{error:?}");
        assert_eq!((pool.size(), pool.num_idle()), (0, 0));
        // The same for a call that its caller drops.
        let id_of_alice = alice();
        let late = store.swap(&id_of_alice, Some(version), b"late");
        assert!(tokio::time::timeout(SOON / 2, late).await.is_err());
        assert_eq!((pool.size(), pool.num_idle()), (0, 0));
        held.execute(sqlx::raw_sql(let_go)).await.unwrap();
        assert_ne!(id().await, before);
    });
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_call_ends_in_time_on_sqlx_postgres() {
    let place = Place::sqlx_postgres();
    let pool = single(&sqlx_pools::postgres(config(&place)));
    let store = SqlxPostgresStore::new(pool.clone()).with_time_limit(SOON);
    let lock = (
        "BEGIN; LOCK TABLE secondfactor_record IN SHARE MODE",
        "ROLLBACK",
    );
    let id = "SELECT 0::bigint + pg_backend_pid()";
    ends_in_time(&pool, &store, &place.open(), lock, id);
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_call_ends_in_time_on_sqlx_mariadb() {
    let place = Place::sqlx_mariadb();
    let pool = single(&sqlx_pools::mariadb(url(&place)));
    let store = SqlxMySqlStore::new(pool.clone()).with_time_limit(SOON);
    let lock = (
        "BEGIN; SELECT account FROM secondfactor_record FOR UPDATE",
        "ROLLBACK",
    );
    ends_in_time(
        &pool,
        &store,
        &place.open(),
        lock,
        "SELECT CAST(connection_id() AS SIGNED)",
    );
}

#[test]
fn a_call_ends_in_time_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlx_sqlite(&folder.path().join("store.db"));
    let pool = single(&sqlx_pools::sqlite(path(&place)));
    let store = SqlxSqliteStore::new(pool.clone()).with_time_limit(SOON);
    // Its connections have no names, so a temporary table tells them apart.
    run(batch(&pool, "CREATE TEMP TABLE here (id INTEGER)"));
    let id = "SELECT count(*) FROM temp.sqlite_schema";
    ends_in_time(
        &pool,
        &store,
        &place.open(),
        ("BEGIN IMMEDIATE", "ROLLBACK"),
        id,
    );
}

/// The server hangs, and the pool is full of connections to it. Then the address leads to another one.
fn logins_come_back<S: Store<Error = SqlxError>>(
    old: &Daemon,
    new: &Daemon,
    place: &Place,
    open: impl Fn(&Place) -> (S, usize),
) {
    let name = old.socket().file_name().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join(name);
    std::os::unix::fs::symlink(old.socket(), &address).unwrap();
    let (store, idle) = open(&old.place_by_way_of(folder.path(), place));
    assert_eq!(idle, 4);
    run(commit(&store, b"on the old one"));
    assert!(run(store.load(&alice())).unwrap().is_some());

    old.pause();
    assert!(run(store.load(&alice())).is_err());
    old.resume();
    assert!(
        run(store.load(&alice())).unwrap().is_some(),
        "the next call works"
    );

    old.pause();
    std::fs::remove_file(&address).unwrap();
    std::os::unix::fs::symlink(new.socket(), &address).unwrap();
    let failed = (0..).find(|_| match run(store.load(&alice())) {
        Ok(stored) => stored.is_none(),
        Err(_) => false,
    });
    assert!(failed <= Some(2), "{failed:?} calls have failed");
    run(commit(&store, b"on the new one"));
}

/// Takes all connections once, so that the pool is full of idle ones.
async fn fill<DB: Database>(pool: &Pool<DB>) -> usize {
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(pool.acquire().await.unwrap());
    }
    for mut connection in taken {
        connection.return_to_pool().await;
    }
    pool.num_idle()
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn logins_come_back_after_the_address_moved_on_sqlx_postgres() {
    let (old, new) = (Daemon::start(Kind::Postgres), Daemon::start(Kind::Postgres));
    let place = old.place().on_sqlx();
    let schema = config(&place)
        .rsplit('=')
        .next()
        .unwrap()
        .trim_end_matches('\'');
    let there = config(&place).replace(&old.address(), &new.address());
    run(batch(
        &sqlx_pools::postgres(&there),
        format!("CREATE SCHEMA {schema}"),
    ));
    run(SqlxPostgresStore::new(sqlx_pools::postgres(&there)).create_schema()).unwrap();
    logins_come_back(&old, &new, &place, |place| {
        let pool = sqlx_pools::postgres(config(place));
        let idle = run(fill(&pool));
        (SqlxPostgresStore::new(pool).with_time_limit(LATE), idle)
    });
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn logins_come_back_after_the_address_moved_on_sqlx_mariadb() {
    let (old, new) = (Daemon::start(Kind::MariaDb), Daemon::start(Kind::MariaDb));
    let place = old.place();
    let database = url(&place).split(['/', '?']).nth(3).unwrap();
    let server = sqlx_pools::mariadb(&format!("{MARIADB}{}", new.address()));
    run(batch(&server, format!("CREATE DATABASE {database}")));
    let there = url(&place).replace(&old.address(), &new.address());
    run(SqlxMySqlStore::new(sqlx_pools::mariadb(&there)).create_schema()).unwrap();
    logins_come_back(&old, &new, &place, |place| {
        let pool = sqlx_pools::mariadb(url(place));
        let idle = run(fill(&pool));
        (SqlxMySqlStore::new(pool).with_time_limit(LATE), idle)
    });
}

/// `without` names another place of the same database.
fn names_are_set<S: ListAccounts>(with: &S, without: &S) {
    run(commit(with, b"under a name of its own"));
    assert_eq!(run(with.list_accounts(None, 9)).unwrap(), [alice()]);
    assert_eq!(run(without.load(&alice())).unwrap(), None);
    assert_eq!(run(with.check()).unwrap().findings(), []);
    let version = run(with.load(&alice())).unwrap().unwrap().version();
    let removed = run(with.remove(&alice(), version)).unwrap();
    assert!(matches!(removed, Swap::Committed(_)));
    run(commit(with, b"anew"));
    assert!(run(with.load(&alice())).unwrap().unwrap().version() > version);
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn names_are_set_on_sqlx_postgres() {
    let place = Place::sqlx_postgres();
    let pool = sqlx_pools::postgres(config(&place));
    let schema = config(&place)
        .rsplit('=')
        .next()
        .unwrap()
        .trim_end_matches('\'');
    let elsewhere = format!("{schema}_2.mfa");
    let without = SqlxPostgresStore::new(pool.clone());
    let with = without
        .clone()
        .with_names(TableNames::new(&elsewhere).unwrap());
    assert_eq!(run(with.check()).unwrap().findings(), [Finding::NoSchema]);
    run(batch(&pool, format!("CREATE SCHEMA {schema}_2")));
    run(with.create_schema()).unwrap();
    names_are_set(&with, &without);

    let same = PostgresStore::new(place::pool(config(&place)));
    run(commit(&without, b"by the one"));
    assert_eq!(
        run(same.load(&alice())).unwrap().unwrap().body(),
        b"by the one"
    );
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn names_are_set_on_sqlx_mariadb() {
    let (place, other) = (Place::sqlx_mariadb(), Place::sqlx_mariadb());
    let pool = sqlx_pools::mariadb(url(&place));
    let elsewhere = format!("{}.mfa", url(&other).rsplit('/').next().unwrap());
    let without = SqlxMySqlStore::new(pool);
    let with = without
        .clone()
        .with_names(TableNames::new(&elsewhere).unwrap());
    assert_eq!(run(with.check()).unwrap().findings(), [Finding::NoSchema]);
    run(with.create_schema()).unwrap();
    names_are_set(&with, &without);
}

#[test]
fn names_are_set_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlx_sqlite(&folder.path().join("store.db"));
    let without = SqlxSqliteStore::new(sqlx_pools::sqlite(path(&place)));
    let with = without
        .clone()
        .with_names(TableNames::new("main.mfa").unwrap());
    assert_eq!(run(with.check()).unwrap().findings(), [Finding::NoSchema]);
    run(with.create_schema()).unwrap();
    names_are_set(&with, &without);
}

#[test]
fn a_name_is_plain() {
    for plain in ["mfa", "_2", "login.mfa_2", &"x".repeat(48)] {
        assert!(TableNames::new(plain).is_ok(), "{plain}");
    }
    let long = "x".repeat(49);
    for other in [
        "", ".", "a.", ".b", "a.b.c", "2fa", "Mfa", "a b", "a-b", "é", "a\"b", "a;b", "a'b", "{p}",
        &long,
    ] {
        let error = TableNames::new(other).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a table name may have 1 to 48 of a-z, 0-9 and _, beginning with no digit, and one schema before it"
        );
    }
    let schema = SqlxSqliteStore::schema(&TableNames::new("login.mfa").unwrap());
    assert!(
        schema.contains("login.mfa_record") && !schema.contains('{'),
        "{schema}"
    );
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_sqlx_postgres_is_as_its_settings() {
    let daemon = Daemon::start(Kind::Postgres).by_sqlx();
    let place = daemon.place();
    let check = |config: &str| {
        let store = SqlxPostgresStore::new(sqlx_pools::postgres(config));
        run(store.check()).unwrap().findings().to_vec()
    };
    let set = |sql: &'static str| run(batch(&sqlx_pools::postgres(config(&place)), sql));
    assert_eq!(check(config(&place)), []);
    set("ALTER TABLE secondfactor_record SET UNLOGGED");
    assert_eq!(check(config(&place)), [Finding::Unlogged]);
    set("ALTER TABLE secondfactor_record SET LOGGED");
    let reading =
        config(&place).replace("options='", "options='-c default_transaction_read_only=on ");
    assert_eq!(check(&reading), [Finding::ReadOnly]);
    daemon.kill();
    daemon.make_standby();
    daemon.restart();
    assert_eq!(check(config(&place)), [Finding::NotPrimary]);
}

/// A session of the application may have given up durability.
#[test]
#[ignore = "needs a server: scripts/services"]
fn a_write_on_sqlx_postgres_is_durable_whatever_the_session_has_set() {
    let place = Place::sqlx_postgres();
    let pool = single(&sqlx_pools::postgres(config(&place)));
    let store = SqlxPostgresStore::new(pool.clone());
    // The trigger sees what the commit will do.
    run(batch(
        &pool,
        "CREATE TABLE seen (durability text);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
         CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON secondfactor_record
             FOR EACH ROW EXECUTE FUNCTION see();
         SET synchronous_commit = off",
    ));
    run(commit(&store, b"inserted"));
    run(commit(&store, b"updated"));
    let version = run(store.load(&alice())).unwrap().unwrap().version();
    let _removed = run(store.remove(&alice(), version)).unwrap();
    let seen: Vec<(String,)> =
        run(sqlx::query_as("SELECT durability FROM seen").fetch_all(&pool)).unwrap();
    assert_eq!(seen, ["on", "on", "on"].map(|on| (on.to_owned(),)));
    let after: (String,) = run(sqlx::query_as("SHOW synchronous_commit").fetch_one(&pool)).unwrap();
    assert_eq!(after.0, "off", "it is the application's");
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_sqlx_mariadb_is_as_its_settings() {
    let daemon = Daemon::start(Kind::MariaDb);
    let place = daemon.place();
    let pool = sqlx_pools::mariadb(url(&place));
    let store = SqlxMySqlStore::new(pool.clone());
    let check = || run(store.check()).unwrap().findings().to_vec();
    let set = |sql: &'static str| run(batch(&pool, sql));
    let setting = |name, value: &str| Finding::Setting {
        name,
        value: value.to_owned(),
    };
    assert_eq!(check(), []);
    set("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    assert_eq!(check(), [setting("innodb_flush_log_at_trx_commit", "2")]);
    set("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    set("ALTER TABLE secondfactor_floor ENGINE = MyISAM");
    let [Finding::Unfit { name: "engine", .. }] = check()[..] else {
        panic!("{:?}", check());
    };
    set("ALTER TABLE secondfactor_floor ENGINE = InnoDB");
    set("SET GLOBAL read_only = 1");
    assert_eq!(check(), [Finding::NotPrimary]);
    set("SET GLOBAL read_only = 0");
    set("DROP TABLE secondfactor_floor");
    assert_eq!(check(), [Finding::NoSchema]);
}

#[test]
fn a_sqlx_sqlite_is_as_its_pool() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlx_sqlite(&folder.path().join("store.db"));
    let pool = single(&sqlx_pools::sqlite(path(&place)));
    let store = SqlxSqliteStore::new(pool.clone());
    let check = || run(store.check()).unwrap().findings().to_vec();
    assert_eq!(check(), []);
    let set = |sql: &'static str| run(batch(&pool, sql));
    set("PRAGMA synchronous = NORMAL");
    let setting = |name, value: &str| Finding::Setting {
        name,
        value: value.to_owned(),
    };
    assert_eq!(check(), [setting("synchronous", "1")]);
    set("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0");
    let unfit = Finding::Unfit {
        name: "busy_timeout",
        value: "0".to_owned(),
        needed: "some seconds",
    };
    assert_eq!(
        unfit.to_string(),
        "busy_timeout is \"0\": it must be some seconds"
    );
    assert_eq!(check(), [unfit]);
    set("PRAGMA busy_timeout = 9; PRAGMA journal_mode = DELETE");
    assert_eq!(check(), [setting("journal_mode", "delete")]);
    set("PRAGMA journal_mode = WAL; DROP TABLE secondfactor_floor");
    assert_eq!(check(), [Finding::NoSchema]);
}

/// Whatever the level: the floor holds while a record is removed and another one is made.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn sqlx_mariadb_passes_at_each_isolation_level() {
    let daemon = Daemon::start(Kind::MariaDb);
    for level in ["READ UNCOMMITTED", "READ COMMITTED", "SERIALIZABLE"] {
        let place = daemon.place();
        let set = format!("SET GLOBAL TRANSACTION ISOLATION LEVEL {level}");
        run(batch(&sqlx_pools::mariadb(url(&place)), set));
        conformance::check(|| place.open(), &&*RUNTIME).unwrap();
        no_version_returns(&place);
    }
}

/// Some servers insert the record without a look, and others remove it, as often as they can.
fn no_version_returns(place: &Place) {
    const ROUNDS: u32 = 300;
    run(async {
        let servers = (0..4).map(|number| {
            let store = place.open();
            RUNTIME.spawn(async move {
                let mut least = 0;
                for _ in 0..ROUNDS {
                    if number % 2 == 0 {
                        let _lost = store.swap(&alice(), None, b"anew").await.unwrap();
                    } else if let Some(stored) = store.load(&alice()).await.unwrap() {
                        let version = stored.version();
                        assert!(
                            version.get() >= least,
                            "{version:?}, where {least} is the least"
                        );
                        let removed = store.remove(&alice(), version).await.unwrap();
                        least = version.get() + u64::from(matches!(removed, Swap::Committed(_)));
                    }
                }
            })
        });
        for server in servers.collect::<Vec<_>>() {
            server.await.unwrap();
        }
    });
}

/// The rights that the manual names are enough, and it names no more.
#[test]
#[ignore = "needs a server: scripts/services"]
fn least_rights_on_sqlx_mariadb() {
    let place = Place::sqlx_mariadb();
    let database = url(&place).rsplit('/').next().unwrap();
    let user = database
        .replace("test", "u")
        .chars()
        .take(60)
        .collect::<String>();
    let grants = format!(
        "CREATE USER '{user}'@'127.0.0.1';
         GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.secondfactor_record TO '{user}'@'127.0.0.1';
         GRANT SELECT, UPDATE ON {database}.secondfactor_floor TO '{user}'@'127.0.0.1'"
    );
    run(batch(&sqlx_pools::mariadb(url(&place)), grants));
    let as_user = url(&place).replace("root@", &format!("{user}@"));
    let store = SqlxMySqlStore::new(sqlx_pools::mariadb(&as_user));
    assert_eq!(run(store.check()).unwrap().findings(), []);
    crate::reports::use_all(store);
}

#[test]
fn an_error_shows_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlx_sqlite(&folder.path().join("store.db"));
    let pool = sqlx_pools::sqlite(path(&place));
    let store = SqlxSqliteStore::new(pool.clone());
    run(batch(&pool, "DROP TABLE secondfactor_record"));
    conformance::check_failing(&store, &&*RUNTIME).unwrap();
    let error = run(store.swap(&alice(), None, b"sealed bytes")).unwrap_err();
    assert_eq!(error.to_string(), "the database failed");
    let shown = format!("{error:?}");
    assert!(
        !shown.contains("sealed bytes") && !shown.contains("115, 101"),
        "{shown}"
    );
    assert_eq!(format!("{store:?}"), "SqlxSqliteStore(..)");
}
