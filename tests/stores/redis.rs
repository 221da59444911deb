//! What only Redis has: a connection that all share, and a counter that may get lost.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use secondfactor::store::drivers::redis;
use secondfactor::store::{ListAccounts, RedisError, RedisStore, Store, Swap, TimeLimit, Version};

use crate::daemon::{Daemon, Kind};
use crate::place::{Place, connection};
use crate::replication::{command, info, until};
use crate::support::*;

pub(crate) fn missed_limit<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TimeLimit> {
    let cause = || missed_limit(error.source()?);
    error.downcast_ref().or_else(cause)
}

/// The limit of the calls that miss it.
const HURRY: Duration = Duration::from_millis(50);

#[track_caller]
fn assert_missed<T: std::fmt::Debug>(answer: Result<T, RedisError>) {
    let error = answer.unwrap_err();
    assert_eq!(missed_limit(&error), Some(&TimeLimit::missed(HURRY)));
}

fn load(store: &RedisStore) -> Option<Version> {
    let stored = run(store.load(&alice())).unwrap();
    stored.map(|stored| stored.version())
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn every_call_on_a_hung_server_ends_at_its_limit() {
    let daemon = Daemon::start(Kind::Redis);
    let store = daemon.place().open_redis();
    assert_eq!(load(&store), None);
    let store = store.with_time_limit(HURRY);
    daemon.pause();
    // The first one on the connection that is there, the others while they open one.
    assert_missed(run(store.load(&alice())));
    assert_missed(run(store.swap(&alice(), None, b"body")));
    assert_missed(run(store.remove(&alice(), Version::new(1))));
    assert_missed(run(store.list_accounts(None, 1)));
    assert_missed(run(store.check()));
    daemon.resume();
}

/// Each takes the connection from the calls that come later.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_call_without_an_answer_is_the_last_on_its_connection() {
    let daemon = Daemon::start(Kind::Redis);
    let store = daemon.place().open_redis();
    // Each look is a connection too.
    let looks = Cell::new(0);
    let opened = || {
        looks.set(looks.get() + 1);
        let all: u32 = info(&daemon, "total_connections_received").parse().unwrap();
        all - looks.get()
    };
    assert_eq!(load(&store), None);
    assert_eq!(load(&store), None);
    assert_eq!(opened(), 1, "it stays open");

    daemon.pause();
    let hasty = store.clone().with_time_limit(HURRY);
    assert_missed(run(hasty.load(&alice())));
    daemon.resume();
    assert_eq!(load(&store), None);
    assert_eq!(opened(), 2, "after a missed limit");

    daemon.pause();
    let dropped = run(async { tokio::time::timeout(HURRY, store.load(&alice())).await });
    assert!(dropped.is_err());
    daemon.resume();
    assert_eq!(load(&store), None);
    assert_eq!(opened(), 3, "after a call that its caller dropped");

    let foreign = store.with_namespace("foreign");
    command(&daemon, "SET {foreign}:record:alice text");
    looks.set(looks.get() + 1);
    assert!(run(foreign.load(&alice())).is_err());
    assert_eq!(run(foreign.list_accounts(None, 1)).unwrap(), []);
    assert_eq!(opened(), 4, "after an error");

    command(&daemon, "SCRIPT FLUSH");
    let write = || run(foreign.swap(&account("bob"), None, b"body"));
    assert!(write().is_err());
    assert!(
        matches!(write(), Ok(Swap::Committed(_))),
        "the scripts are there again"
    );
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn calls_at_once_share_one_connection() {
    let daemon = Daemon::start(Kind::Redis);
    let store = daemon.place().open_redis();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(load(&store), None));
        }
    });
    assert_eq!(info(&daemon, "total_connections_received"), "2");
    drop(store);
    until("the connection ends with its store", || {
        info(&daemon, "connected_clients") == "1"
    });
}

/// Attack S5.
#[test]
#[ignore = "needs a server: scripts/services"]
fn a_lost_counter_brings_no_version_back() {
    let place = Place::redis();
    let Place::Redis { url, namespace } = &place else {
        unreachable!()
    };
    let key = |name: &str| format!("{{{namespace}}}:{name}");
    let command = |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        run(async {
            let mut client = connection(url).await;
            let () = command.query_async(&mut client).await.unwrap();
        });
    };
    let store = place.open_redis();
    let mut seen = BTreeSet::new();
    let mut write = |expected: Option<Version>| -> Version {
        let swap = run(store.swap(&alice(), expected, b"body")).unwrap();
        assert!(matches!(swap, Swap::Committed(_)));
        let version = load(&store).unwrap();
        assert!(seen.last() < Some(&version), "{version:?} after {seen:?}");
        seen.insert(version);
        version
    };
    let remove = |version| {
        let swap = run(store.remove(&alice(), version)).unwrap();
        assert!(matches!(swap, Swap::Committed(_)));
    };

    let first = write(None);
    let second = write(Some(first));
    command(&["DEL", &key("version")]);
    for stale in [None, Some(first)] {
        let swap = run(store.swap(&alice(), stale, b"stale")).unwrap();
        assert!(matches!(swap, Swap::Conflict));
    }
    let third = write(Some(second));
    // Of before, as from a backup.
    command(&["SET", &key("version"), "7"]);
    remove(write(Some(third)));
    command(&["DEL", &key("version")]);
    write(None);
    command(&["DEL", &key("version"), &key("record:alice")]);
    let sixth = write(None);

    // As if the clock had been ahead: the versions of then are greater than the time.
    let ahead = "7000000000000000";
    command(&["SET", &key("version"), ahead]);
    let seventh = write(Some(sixth));
    assert_eq!(seventh, Version::new(7_000_000_000_000_001));
    command(&["DEL", &key("version")]);
    let eighth = write(Some(seventh));
    assert_eq!(eighth, Version::new(7_000_000_000_000_002));

    // Lua counts exactly so far, and no further.
    command(&["SET", &key("version"), "9007199254740990"]);
    let last = write(Some(eighth));
    assert_eq!(last, Version::new((1 << 53) - 1));
    assert!(run(store.swap(&alice(), Some(last), b"body")).is_err());
    assert_eq!(load(&store), Some(last));
    remove(last);
    assert!(run(store.swap(&alice(), None, b"body")).is_err());
    assert_eq!(load(&store), None);
    command(&["DEL", &key("version")]);
}
