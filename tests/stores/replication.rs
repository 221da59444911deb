//! Redis servers that replicate each other, and what an operator tells them.

use std::time::{Duration, Instant};

use secondfactor::store::RedisStore;
use secondfactor::store::drivers::redis::{self, AsyncConnectionConfig};

use crate::daemon::{Daemon, Kind};
use crate::place::{Place, connection};
use crate::proxy::Proxy;
use crate::support::run;

/// A primary, a replica of it, and an address that can move.
pub(crate) struct Pair {
    pub(crate) primary: Daemon,
    pub(crate) replica: Daemon,
    pub(crate) address: Proxy,
    place: Place,
}

impl Pair {
    pub(crate) fn start() -> Self {
        let primary = Daemon::start_redis_for_replicas();
        let replica = Daemon::start_redis_for_replicas();
        follow(&replica, &primary);
        Self {
            address: Proxy::to(&primary),
            place: primary.place(),
            primary,
            replica,
        }
    }

    /// A store at the address, wherever it leads.
    pub(crate) fn store(&self) -> RedisStore {
        let place = self
            .primary
            .place_by_way_of(self.address.folder(), &self.place);
        place.open_redis().with_time_limit(LIMIT)
    }

    /// A store on one of them, wherever the address leads.
    pub(crate) fn store_on(&self, daemon: &Daemon) -> RedisStore {
        let Place::Redis { namespace, .. } = self.place.clone() else {
            unreachable!()
        };
        let url = daemon.address();
        let place = Place::Redis { url, namespace };
        place.open_redis().with_time_limit(LIMIT)
    }

    /// The replica takes over, and the address moves.
    pub(crate) fn fail_over(&self) {
        command(&self.replica, "REPLICAOF NO ONE");
        self.address.move_to(&self.replica);
    }

    /// What is written from now on does not reach the replica.
    pub(crate) fn cut_the_replica_off(&self) {
        command(&self.replica, "REPLICAOF 127.0.0.1 1");
        until("the primary has no replica", || {
            info(&self.primary, "connected_slaves") == "0"
        });
    }
}

/// Short, as a call on a server that hangs takes so long.
const LIMIT: Duration = Duration::from_secs(3);

/// Makes one a replica of another, and waits until it has everything.
pub(crate) fn follow(replica: &Daemon, primary: &Daemon) {
    command(replica, &format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    catch_up(replica, primary);
}

/// By a write that it acknowledges: so it has all that came before.
pub(crate) fn catch_up(replica: &Daemon, primary: &Daemon) {
    until("the replica is in step", || {
        info(replica, "master_link_status") == "up"
    });
    let mut write = redis::pipe();
    write.set("write", "something").ignore();
    write.cmd("WAIT").arg(1).arg(60_000);
    let copies: (u32,) = run(async {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let client = redis::Client::open(primary.address()).unwrap();
        let client = client.get_multiplexed_async_connection_with_config(&config);
        write.query_async(&mut client.await.unwrap()).await.unwrap()
    });
    assert_eq!(copies, (1,), "the primary has one replica");
}

pub(crate) fn command(daemon: &Daemon, words: &str) {
    assert_eq!(daemon.kind, Kind::Redis);
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    run(async {
        let mut client = connection(&daemon.address()).await;
        let () = command.query_async(&mut client).await.unwrap();
    });
}

/// A field of `INFO`, or nothing.
pub(crate) fn info(daemon: &Daemon, field: &str) -> String {
    let info: String = run(async {
        let mut client = connection(&daemon.address()).await;
        redis::cmd("INFO").query_async(&mut client).await.unwrap()
    });
    let mut lines = info.lines();
    let value = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_default().to_owned()
}

pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "not yet: {what}");
    }
}
