//! What a store finds in its server's state and settings.

use secondfactor::store::drivers::redis;
use secondfactor::store::{
    Finding, ListAccounts, PostgresStore, RedisStore, Report, Severity, SqliteStore, Store, Swap,
};

use crate::daemon::{Daemon, Kind};
use crate::place::{Place, connection, pool};
use crate::support::*;

fn setting(name: &'static str, value: &str) -> Finding {
    Finding::Setting {
        name,
        value: value.to_owned(),
    }
}

#[test]
fn a_sqlite_file_is_as_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(run(store.check()).unwrap().findings(), []);
    assert_eq!(run(store.check()).unwrap().worst(), None);
}

#[test]
fn findings_say_what_to_do() {
    let evicts = Finding::Evicts {
        policy: "allkeys-lru".to_owned(),
    };
    for (finding, severity, text) in [
        (
            Finding::NotPrimary,
            Severity::Unsafe,
            "the server is a replica: connect to the primary",
        ),
        (
            Finding::NoSchema,
            Severity::Unsafe,
            "the tables are missing: create the schema",
        ),
        (
            evicts,
            Severity::Unsafe,
            "maxmemory-policy is allkeys-lru: records may be dropped, set noeviction",
        ),
        (
            Finding::AsynchronousReplicas { count: 2 },
            Severity::Lossy,
            "2 asynchronous replicas: a failover may lose the last writes",
        ),
        (
            setting("fsync", "off"),
            Severity::Lossy,
            "fsync is off: a crash may lose the last writes",
        ),
        (
            Finding::Hidden {
                name: "appendfsync",
            },
            Severity::Unknown,
            "appendfsync can't be seen: look yourself",
        ),
    ] {
        assert_eq!(finding.severity(), severity);
        assert_eq!(finding.to_string(), text);
    }
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_postgres_is_as_its_settings() {
    let Place::Postgres { config } = Place::postgres() else {
        unreachable!()
    };
    let check = |config: &str| run(PostgresStore::new(pool(config)).check()).unwrap();
    assert_eq!(check(&config).findings(), []);

    let hasty = config.replace("options='", "options='-c synchronous_commit=off ");
    assert_eq!(
        check(&hasty).findings(),
        [setting("synchronous_commit", "off")]
    );
    let elsewhere = config.replace("search_path=", "search_path=no_");
    assert_eq!(check(&elsewhere).findings(), [Finding::NoSchema]);
    assert_eq!(check(&elsewhere).worst(), Some(Severity::Unsafe));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_postgres_schema_may_be_there() {
    let Place::Postgres { config } = Place::postgres() else {
        unreachable!()
    };
    let store = PostgresStore::new(pool(&config));
    run(store.create_schema()).unwrap();
    // For migrations: it can be run as it is.
    run(async {
        pool(&config)
            .get()
            .await
            .unwrap()
            .batch_execute(PostgresStore::SCHEMA)
            .await
            .unwrap()
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| run(PostgresStore::new(pool(&config)).create_schema()).unwrap());
        }
    });
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_postgres_standby_is_found() {
    let daemon = Daemon::start(Kind::Postgres);
    let place = daemon.place();
    daemon.kill();
    daemon.make_standby();
    daemon.restart();
    let Place::Postgres { config } = &place else {
        unreachable!()
    };
    let report = run(PostgresStore::new(pool(config)).check()).unwrap();
    assert_eq!(report.findings(), [Finding::NotPrimary]);
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_redis_is_as_its_settings() {
    let daemon = Daemon::start(Kind::Redis);
    let (mut client, store) = run(async {
        (
            connection(&daemon.address()).await,
            RedisStore::new(connection(&daemon.address()).await),
        )
    });
    let check = || -> Report { run(store.check()).unwrap() };
    let mut command = |words: &str| {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            command.arg(word);
        });
        let () = run(command.query_async(&mut client)).unwrap();
    };
    assert_eq!(check().findings(), []);

    command("CONFIG SET appendfsync everysec");
    assert_eq!(check().findings(), [setting("appendfsync", "everysec")]);
    command("CONFIG SET appendonly no");
    command("CONFIG SET maxmemory-policy allkeys-lru");
    let evicts = Finding::Evicts {
        policy: "allkeys-lru".to_owned(),
    };
    assert_eq!(
        check().findings(),
        [
            evicts,
            setting("appendonly", "no"),
            setting("appendfsync", "everysec")
        ]
    );
    command("CONFIG SET maxmemory-policy noeviction");
    command("CONFIG SET appendonly yes");
    command("CONFIG SET appendfsync always");
    command("REPLICAOF 127.0.0.1 1");
    assert_eq!(check().findings(), [Finding::NotPrimary]);
    command("REPLICAOF NO ONE");
    command("ACL SETUSER default -config");
    assert_eq!(
        check().findings(),
        [Finding::Hidden {
            name: "appendfsync"
        }]
    );
}

/// The rights that the manual names are enough, and it names no more.
#[test]
#[ignore = "needs a server: scripts/services"]
fn least_rights_on_postgres() {
    let Place::Postgres { config } = Place::postgres() else {
        unreachable!()
    };
    let role = config
        .rsplit('=')
        .next()
        .unwrap()
        .trim_end_matches('\'')
        .replace("test", "role");
    run(async {
        let owner = pool(&config).get().await.unwrap();
        let schema = role.replace("role", "test");
        let grants = format!(
            "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON secondfactor_record TO {role};
             GRANT USAGE ON SEQUENCE secondfactor_version TO {role};"
        );
        owner.batch_execute(&grants).await.unwrap();
    });
    let as_role = config.replace("user=postgres", &format!("user={role}"));
    assert_ne!(as_role, config, "the tests' server is reached as postgres");
    let store = PostgresStore::new(pool(&as_role));
    assert_eq!(run(store.check()).unwrap().findings(), []);
    use_all(store);
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn least_rights_on_redis() {
    let daemon = Daemon::start(Kind::Redis);
    run(async {
        let rights = "+hmget +evalsha +script|load +info +config|get +zrangebylex \
            +hget +hset +incr +zadd +del +zrem ~{secondfactor}:*";
        let mut user = redis::cmd("ACL");
        user.arg("SETUSER")
            .arg("app")
            .arg("on")
            .arg(">app")
            .arg(rights.split_whitespace().collect::<Vec<_>>());
        let () = user
            .query_async(&mut connection(&daemon.address()).await)
            .await
            .unwrap();
    });
    let store = RedisStore::new(run(connection(&format!(
        "{}?user=app&pass=app",
        daemon.address()
    ))));
    assert_eq!(run(store.check()).unwrap().findings(), []);
    use_all(store);
}

pub(crate) fn use_all<S: ListAccounts>(store: S) {
    let store = std::sync::Arc::new(store);
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    assert_eq!(run(store.list_accounts(None, 10)).unwrap(), [alice()]);
    let version = run(store.load(&alice())).unwrap().unwrap().version();
    assert!(matches!(
        run(store.remove(&alice(), version)).unwrap(),
        Swap::Committed(_)
    ));
}
