//! Logins on each store, beside two floors with the same durability and the same number of clients: the bare
//! driver, which loads the same record and writes the same number of bytes back if the version is the same;
//! and the bare driver that also opens and seals those bytes and computes the HMACs, as any login must.
//!
//! ```sh
//! scripts/services cargo bench --all-features --bench stores
//! SECONDFACTOR_BENCH_ACCOUNTS=1000,100000,1000000 SECONDFACTOR_BENCH_MILLIS=400 scripts/services cargo bench ..
//! ```
//!
//! Each login is of another account, from all over the table. The bare driver and the logins take short
//! turns, so that both meet the same disturbances. The ratio to the line of the first table size shows the
//! growth. `MemoryStore` has no driver, so its line shows the cost of judging and sealing. A server without
//! an address in the environment is left out.
//!
//! A walk seals all accounts by another key, eight at a time. Beside it stands the bare driver with eight
//! clients. For 64 clients the times that half and 99 of 100 logins stay below are printed too.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[path = "stores/bare.rs"]
mod bare;
#[path = "shared/enrolled.rs"]
mod enrolled;
#[path = "stores/fill.rs"]
mod fill;
#[path = "account/floor.rs"]
mod floor;
#[path = "stores/on_sqlx.rs"]
mod on_sqlx;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bare::Bare;
use fill::Records;
use floor::{Aead, hmacs};
use secondfactor::codes::{Clock, ManualClock, Secret};
use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::store::drivers::redis::Client;
use secondfactor::store::{
    ListAccounts, MemoryStore, PostgresStore, RedisStore, SqliteStore, Store,
};
use secondfactor::{AccountId, Keyring, Mfa, SealingKey};
use shared::OURS;
use shared::table::{self, Row};
use tokio::runtime::Runtime;

const CLIENTS: [usize; 3] = [1, 8, 64];
const TURNS: usize = 9;
/// So many accounts does a walk work on at a time.
const WALKERS: usize = 8;
/// Connections in the pool of PostgreSQL.
const POOL: usize = 16;

fn main() {
    let sizes: Vec<usize> = setting("ACCOUNTS", "1000,10000")
        .split(',')
        .map(|size| size.parse().unwrap())
        .collect();
    let turn = Duration::from_millis(setting("MILLIS", "150").parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let records = Records::new(sizes.iter().copied().max().unwrap());
    let mut table = Table {
        runtime,
        records,
        turn,
        step: 1,
        firsts: BTreeMap::new(),
        walks: 0,
    };

    memory(&mut table, &sizes);
    sqlite(&mut table, &sizes);
    on_sqlx::sqlite(&mut table, &sizes);
    if let Ok(config) = std::env::var("SECONDFACTOR_TEST_POSTGRES") {
        postgres(&mut table, &sizes, &config);
        on_sqlx::postgres(&mut table, &sizes, &config);
    }
    if let Ok(server) = std::env::var("SECONDFACTOR_TEST_MARIADB") {
        on_sqlx::mariadb(&mut table, &sizes, &server);
    }
    if let Ok(url) = std::env::var("SECONDFACTOR_TEST_REDIS") {
        redis(&mut table, &sizes, &url);
    }
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(format!("SECONDFACTOR_BENCH_{name}")).unwrap_or_else(|_| default.to_owned())
}

fn memory(table: &mut Table, sizes: &[usize]) {
    let store = Arc::new(MemoryStore::new());
    let mut filled = 0;
    for size in sizes {
        table
            .runtime
            .block_on(fill::memory(&store, table.records.range(filled..*size)));
        filled = *size;
        table.rows("memory", *size, &store, None::<&Arc<bare::Sqlite>>);
    }
}

fn sqlite(table: &mut Table, sizes: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let floor = Arc::new(bare::Sqlite::open(&path));
    let mut filled = 0;
    for size in sizes {
        fill::sqlite(&path, table.records.range(filled..*size));
        filled = *size;
        table.rows("sqlite", *size, &store, Some(&floor));
    }
}

fn postgres(table: &mut Table, sizes: &[usize], config: &str) {
    let schema = format!("bench_{}", std::process::id());
    let own = format!("{config} options='-c search_path={schema}'");
    let pool = Pool::builder(Manager::new(own.parse().unwrap(), NoTls))
        .max_size(POOL)
        .build()
        .unwrap();
    let store = Arc::new(PostgresStore::new(pool.clone()));
    let run = async |sql: String| pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
    table
        .runtime
        .block_on(run(format!("CREATE SCHEMA {schema}")));
    table.runtime.block_on(store.create_schema()).unwrap();
    let floor = Arc::new(bare::Postgres::new(pool.clone()));
    let mut filled = 0;
    for size in sizes {
        table
            .runtime
            .block_on(fill::postgres(&pool, table.records.range(filled..*size)));
        filled = *size;
        table.rows("postgres", *size, &store, Some(&floor));
    }
    table
        .runtime
        .block_on(run(format!("DROP SCHEMA {schema} CASCADE")));
}

fn redis(table: &mut Table, sizes: &[usize], url: &str) {
    let namespace = format!("bench_{}", std::process::id());
    let client = Client::open(url).unwrap();
    let connection = table
        .runtime
        .block_on(client.get_multiplexed_async_connection())
        .unwrap();
    let store = Arc::new(RedisStore::new(client).with_namespace(&namespace));
    let floor = Arc::new(bare::Redis::new(connection.clone(), &namespace));
    let mut filled = 0;
    for size in sizes {
        table.runtime.block_on(fill::redis(
            &connection,
            &namespace,
            table.records.range(filled..*size),
        ));
        filled = *size;
        table.rows("redis", *size, &store, Some(&floor));
    }
    table.runtime.block_on(fill::redis_undo(
        &connection,
        &namespace,
        table.records.range(0..filled),
    ));
}

struct Table {
    runtime: Runtime,
    records: Records,
    turn: Duration,
    /// Every login is in a later step than the account's last.
    step: u64,
    /// The first size of each store and number of clients, and its samples.
    firsts: BTreeMap<(&'static str, usize), (usize, Vec<f64>)>,
    /// Each walk seals by another key.
    walks: u16,
}

/// What came of a turn, in nanoseconds.
#[derive(Default)]
struct Turns {
    /// Per login.
    means: Vec<f64>,
    halves: Vec<f64>,
    nearly_all: Vec<f64>,
}

impl Turns {
    fn extend(&mut self, turns: impl IntoIterator<Item = (f64, Vec<f64>)>) {
        for (mean, mut times) in turns {
            times.sort_by(f64::total_cmp);
            self.means.push(mean);
            self.halves.extend(times.get(times.len() / 2));
            self.nearly_all.extend(times.get(times.len() * 99 / 100));
        }
    }
}

/// Makes what is done between a load and a write, for a record like this one.
type Work = fn((&AccountId, &[u8])) -> Box<dyn FnMut() + Send>;

const FLOORS: [(&str, Work); 2] = [
    ("bare driver", |_| Box::new(|| {})),
    ("and its ciphers", |(id, record)| {
        let (mut aead, mut hmacs) = (Aead::new(id, record), hmacs(1));
        Box::new(move || {
            aead.open();
            hmacs();
            aead.seal();
        })
    }),
];

impl Table {
    fn rows<S: ListAccounts + 'static, B: Bare>(
        &mut self,
        name: &'static str,
        size: usize,
        store: &Arc<S>,
        floor: Option<&Arc<B>>,
    ) {
        let mut rows = Vec::new();
        for clients in CLIENTS {
            let mut floors = FLOORS.map(|(name, work)| (name, work, Turns::default()));
            let mut logins = Turns::default();
            for _ in 0..TURNS {
                for (_, work, turns) in &mut floors {
                    turns.extend(floor.map(|floor| self.floor(size, clients, floor, *work)));
                }
                logins.extend([self.logins(size, clients, store)]);
            }
            let group = format!("{name}, {clients} at a time, {size} accounts");
            let first = self
                .firsts
                .entry((name, clients))
                .or_insert_with(|| (size, logins.means.clone()));
            if first.0 != size {
                rows.push(Row::new(
                    &group,
                    &format!("{} accounts", first.0),
                    first.1.clone(),
                ));
            }
            rows.extend(beside(&group, &floors, &logins, |turns| &turns.means));
            if clients == 64 {
                let (half, nearly_all) = ("  half of them below", "  99 of 100 below");
                rows.extend(beside(half, &floors, &logins, |turns| &turns.halves));
                rows.extend(beside(nearly_all, &floors, &logins, |turns| {
                    &turns.nearly_all
                }));
            }
        }
        rows.extend(self.walks(name, size, store, floor));
        table::print(&rows);
    }

    fn walks<S: ListAccounts + 'static, B: Bare>(
        &mut self,
        name: &str,
        size: usize,
        store: &Arc<S>,
        floor: Option<&Arc<B>>,
    ) -> Vec<Row> {
        let mut floors = FLOORS.map(|(name, work)| (name, work, Turns::default()));
        let mut walks = Turns::default();
        for _ in 0..TURNS {
            for (_, work, turns) in &mut floors {
                turns.extend(floor.map(|floor| self.floor(size, WALKERS, floor, *work)));
            }
            walks.extend([(self.walk(store), Vec::new())]);
        }
        let group = format!("{name}, a walk of {WALKERS} at a time, {size} accounts");
        beside(&group, &floors, &walks, |turns| &turns.means)
    }

    /// Walks for a turn, from the beginning. Returns the nanoseconds per account.
    fn walk<S: ListAccounts + 'static>(&mut self, store: &Arc<S>) -> f64 {
        let (start, mut count, mut after) = (Instant::now(), 0, None);
        while start.elapsed() < self.turn {
            if after.is_none() {
                self.walks += 1;
            }
            let keyring = keyring(self.walks, self.walks);
            let mfa = Mfa::new(Arc::clone(store), keyring).with_accounts_at_once(WALKERS);
            let batch = self.runtime.block_on(mfa.reseal_batch(after.as_ref(), 500));
            let batch = batch.unwrap();
            assert!(batch.failures().is_empty());
            count += batch.resealed();
            after = batch.into_next();
        }
        start.elapsed().as_secs_f64() * 1e9 / count as f64
    }

    fn floor<B: Bare>(
        &self,
        size: usize,
        clients: usize,
        floor: &Arc<B>,
        work: Work,
    ) -> (f64, Vec<f64>) {
        let (mean, times, _) = self.clients(clients, |number, until| {
            let (floor, ids) = (Arc::clone(floor), Arc::clone(&self.records.ids));
            let mut work = work(self.records.first());
            async move {
                let mut walk = Walk::new(number, clients, size);
                let mut times = Vec::new();
                let mut last = Instant::now();
                while last < until {
                    floor.login(&ids[walk.next().0], &mut work).await;
                    times.push(lap(&mut last));
                }
                (times, 0)
            }
        });
        (mean, times)
    }

    fn logins<S: Store + 'static>(
        &mut self,
        size: usize,
        clients: usize,
        store: &Arc<S>,
    ) -> (f64, Vec<f64>) {
        let (start, secret) = (self.step, &self.records.secret);
        let clocks: Vec<_> = (0..clients)
            .map(|_| Arc::new(ManualClock::new(fill::NOW)))
            .collect();
        let servers: Vec<_> = clocks
            .iter()
            .map(|clock| {
                Mfa::new(Arc::clone(store), keyring(self.walks, 0)).with_clock(Arc::clone(clock))
            })
            .collect();
        let mut servers = servers.into_iter().zip(clocks);
        let (mean, times, rounds) = self.clients(clients, |number, until| {
            let (mfa, clock) = servers.next().expect("one for each client");
            let walk = Walk::new(number, clients, size);
            client(
                mfa,
                clock,
                secret.duplicate(),
                Arc::clone(&self.records.accounts),
                walk,
                start,
                until,
            )
        });
        self.step += rounds + 1;
        (mean, times)
    }

    /// Runs the clients until the turn is over. Returns the nanoseconds per login, those that each one
    /// took, and the last round.
    fn clients<F: Future<Output = (Vec<f64>, u64)> + Send + 'static>(
        &self,
        clients: usize,
        mut client: impl FnMut(usize, Instant) -> F,
    ) -> (f64, Vec<f64>, u64) {
        let start = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|number| self.runtime.spawn(client(number, start + self.turn)))
            .collect();
        let (mut times, mut last_round) = (Vec::new(), 0);
        for task in tasks {
            let (own, round) = self.runtime.block_on(task).unwrap();
            times.extend(own);
            last_round = last_round.max(round);
        }
        let nanos = start.elapsed().as_secs_f64() * 1e9;
        (nanos / times.len() as f64, times, last_round)
    }
}

fn beside(
    group: &str,
    floors: &[(&str, Work, Turns)],
    ours: &Turns,
    which: impl Fn(&Turns) -> &Vec<f64>,
) -> Vec<Row> {
    let floors = floors.iter().map(|(name, _, turns)| (*name, which(turns)));
    floors
        .filter(|(_, times)| !times.is_empty())
        .chain([(OURS, which(ours))])
        .map(|(name, times)| Row::new(group, name, times.clone()))
        .collect()
}

/// Keys of this many walks, of which one is active. The records begin under key 0.
fn keyring(walks: u16, active: u16) -> Keyring {
    let key = |number: u16| {
        let mut key = enrolled::KEY;
        key[..2].copy_from_slice(&number.to_be_bytes());
        SealingKey::from_bytes(if number == 0 { &enrolled::KEY } else { &key })
    };
    let retired = (0..=walks).filter(|number| *number != active);
    retired.fold(Keyring::new(key(active)), |keyring, number| {
        keyring.with_retired(key(number))
    })
}

/// The nanoseconds since `last`, which is now from here on.
fn lap(last: &mut Instant) -> f64 {
    let now = Instant::now();
    let time = now.duration_since(*last).as_secs_f64() * 1e9;
    *last = now;
    time
}

/// Logs in until the time is over. Returns the time of each login, and the last round.
async fn client<S: Store>(
    mfa: Mfa<S>,
    clock: Arc<ManualClock>,
    secret: Secret,
    accounts: Arc<[AccountId]>,
    mut walk: Walk,
    start: u64,
    until: Instant,
) -> (Vec<f64>, u64) {
    let (mut times, mut last_round) = (Vec::new(), 0);
    let mut last = Instant::now();
    while last < until {
        let (index, round) = walk.next();
        clock.set(fill::NOW.saturating_add(Duration::from_secs(30) * (start + round) as u32));
        let code = enrolled::code(&secret, clock.now());
        let verified = mfa.verify(&accounts[index], code).await.unwrap();
        assert_eq!(verified.account(), &accounts[index]);
        times.push(lap(&mut last));
        last_round = round;
    }
    (times, last_round)
}

/// A client's own accounts, each once in a round, far from one another.
struct Walk {
    number: usize,
    clients: usize,
    count: usize,
    at: usize,
    round: u64,
}

impl Walk {
    fn new(number: usize, clients: usize, size: usize) -> Self {
        Self {
            number,
            clients,
            count: size / clients,
            at: 0,
            round: 0,
        }
    }

    fn next(&mut self) -> (usize, u64) {
        const STRIDE: usize = 1_000_003; // a prime above any count
        let index = self.number + self.clients * (self.at * STRIDE % self.count);
        let round = self.round;
        self.at += 1;
        if self.at == self.count {
            (self.at, self.round) = (0, self.round + 1);
        }
        (index, round)
    }
}
