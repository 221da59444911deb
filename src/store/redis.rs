//! Records in Redis or Valkey.

mod connections;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

// Why one connection and no pool: a pool helps against requests that block, and only those that
// wait for replicas do. Why this driver: `fred` is used by fewer, and it may send a request
// again by itself.
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, FromRedisValue, RedisError as DriverError, Script, ScriptInvocation};

use self::connections::{Connections, field};
use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::limit::{self, TimeLimit, within};
use super::report::{Finding, Report};
use crate::account_id::AccountId;

/// Redis runs a script as one step. A version is greater than the last one of all accounts, so that
/// none returns after a remove, and than the record's own, as the counter may get lost. It is at
/// least the time in microseconds, so that what was written and then lost, together with its
/// version, comes back under another one. What remains is a clock that is set back when the counter
/// and the record are lost as well. Lua's numbers are exact up to 2^53, which is in the year 2255.
const SWAP: &str = "\
local current = redis.call('HGET', KEYS[1], 'version')
if (current or '') ~= ARGV[1] then return 0 end
local last = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(current or 0))
local time = redis.call('TIME')
local next = math.max(last + 1, time[1] * 1000000 + time[2])
if next >= 2^53 then return redis.error_reply('ERR no version is left') end
next = string.format('%.0f', next)
if not current then redis.call('ZADD', KEYS[3], 0, ARGV[3]) end
redis.call('SET', KEYS[2], next)
redis.call('HSET', KEYS[1], 'version', next, 'body', ARGV[2])
return 1
";
const REMOVE: &str = "\
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
";

/// Keeps records in Redis or Valkey, for any number of servers. Feature `redis`.
///
/// All calls share one connection, over which requests overlap. After a call that gets an error, or
/// no answer within [its time limit](Self::with_time_limit), or that is dropped, the next call opens
/// another one and resolves the server's name again. So logins come back by themselves after a hang
/// and after a failover. A write is never sent a second time.
///
/// **Redis is a cache by default.** Set `maxmemory-policy noeviction`, so that no record is
/// evicted, and `appendonly yes` with `appendfsync always`, so that records survive a restart: see
/// [`check`](Store::check). The address must lead to the **primary**, also after a failover: by a
/// name that moves, or by a proxy. Replicas may lack the last writes when one of them takes over,
/// unless [`with_replicas`](Self::with_replicas) waits for all of them.
///
/// This survives a hang and a failover:
///
/// ```no_run
/// use secondfactor::store::drivers::redis::Client;
/// use secondfactor::store::{RedisStore, Store as _};
/// use secondfactor::{Keyring, Mfa, SealingKey};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::new(Client::open("redis://primary.example.com/")?);
/// for finding in store.check().await?.findings() {
///     eprintln!("{finding}");
/// }
/// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
/// # Ok(())
/// # }
/// ```
///
/// `{secondfactor}:record:` begins the key of a hash for each account. `{secondfactor}:version` is
/// the last version. `{secondfactor}:accounts` is a sorted set with all ids, which gives
/// [`ListAccounts`] its order, as `SCAN` has none. The script that makes a record also enters it
/// there. The braces keep all of them on one node of a cluster.
#[derive(Clone)]
pub struct RedisStore {
    connections: Arc<Connections>,
    replicas: u32,
    limit: Duration,
    names: Arc<Names>,
}

/// Holds the keys and scripts, prepared once.
struct Names {
    record_prefix: Vec<u8>,
    version: String,
    accounts: String,
    swap: Script,
    remove: Script,
}

impl Names {
    fn new(namespace: &str) -> Self {
        Self {
            record_prefix: format!("{{{namespace}}}:record:").into_bytes(),
            version: format!("{{{namespace}}}:version"),
            accounts: format!("{{{namespace}}}:accounts"),
            swap: Script::new(SWAP),
            remove: Script::new(REMOVE),
        }
    }

    fn record(&self, account: &AccountId) -> Vec<u8> {
        [&self.record_prefix, account.as_str().as_bytes()].concat()
    }
}

impl RedisStore {
    /// Makes a store on the server of this client, in the namespace `secondfactor`. The first call
    /// connects.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let names = Names::new("secondfactor");
        let mut setup = redis::pipe();
        for script in [&names.swap, &names.remove] {
            setup.load_script(script).ignore();
        }
        Self {
            connections: Arc::new(Connections::new(client, setup)),
            replicas: 0,
            limit: limit::DEFAULT,
            names: Arc::new(names),
        }
    }

    /// Begins its keys with this name, where two applications share a database.
    #[must_use]
    pub fn with_namespace(self, namespace: &str) -> Self {
        Self {
            names: Arc::new(Names::new(namespace)),
            ..self
        }
    }

    /// Ends each call by this limit, connecting included: with an error that has a [`TimeLimit`]
    /// among its sources. 5 seconds unless set.
    #[must_use]
    pub fn with_time_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Calls a write committed when so many replicas have it. None unless set, and then a failover
    /// may lose the last writes.
    ///
    /// **Only all replicas that may take over** bound what a failover loses. A write that too few
    /// have after half of the time limit is an error with unknown outcome. So a replica that is away
    /// stops the logins. A failover takes one away too: the logins come back when the new primary
    /// has as many replicas.
    ///
    /// ```
    /// use secondfactor::store::RedisStore;
    /// use secondfactor::store::drivers::redis::Client;
    ///
    /// let client = Client::open("redis://primary.example.com/")?;
    /// let store = RedisStore::new(client).with_replicas(2); // it has two
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It is a `WAIT` in the round trip of the write. What comes behind a `WAIT` on its connection
    /// waits too, so writes then take turns on 16 connections of their own.
    #[must_use]
    pub fn with_replicas(self, count: u32) -> Self {
        Self {
            replicas: count,
            ..self
        }
    }

    async fn read<T: FromRedisValue>(&self, request: &Cmd) -> Result<T, Cause> {
        let mut lease = self.connections.lease(false).await?;
        let answer = request.query_async(lease.driver()).await?;
        lease.end();
        Ok(answer)
    }

    async fn write(&self, script: &ScriptInvocation<'_>, body: &[u8]) -> Result<Swap, RedisError> {
        let swap = within(self.limit, async {
            let mut lease = self.connections.lease(self.replicas > 0).await?;
            let swap = self.run(script, lease.driver(), body).await?;
            lease.end();
            Ok::<_, Cause>(swap)
        });
        Ok(swap.await?)
    }

    async fn run(
        &self,
        script: &ScriptInvocation<'_>,
        driver: &mut MultiplexedConnection,
        body: &[u8],
    ) -> Result<Swap, Cause> {
        let mut request = redis::pipe();
        request.invoke_script(script);
        if self.replicas > 0 {
            // The server counts in milliseconds, and 0 would be for ever.
            let patience = u32::try_from(self.limit.as_millis() / 2).unwrap_or(u32::MAX);
            request.cmd("WAIT").arg(self.replicas).arg(patience.max(1));
        }
        let answers: Vec<u32> = request.query_async(driver).await?;
        let copies = answers.get(1).copied().unwrap_or(0);
        match answers.first() {
            Some(1) if copies < self.replicas => Err(Cause::Replicas {
                have: copies,
                want: self.replicas,
            }),
            rows => Ok(Swap::from_rows(body, rows.copied().unwrap_or(0).into())),
        }
    }

    async fn find(&self) -> Result<Vec<Finding>, Cause> {
        let info: String = self.read(&redis::cmd("INFO")).await?;
        let mut findings = findings(&info, self.replicas);
        let mut fsync = redis::cmd("CONFIG");
        fsync.arg("GET").arg("appendfsync");
        // Hosted servers often refuse CONFIG.
        let fsync: Result<Vec<String>, _> = self.read(&fsync).await;
        match fsync.ok().and_then(|mut pair| pair.pop()) {
            None => findings.push(Finding::Hidden {
                name: "appendfsync",
            }),
            Some(value) if value == "always" => {}
            Some(value) => findings.push(Finding::Setting {
                name: "appendfsync",
                value,
            }),
        }
        Ok(findings)
    }
}

impl Store for RedisStore {
    type Error = RedisError;

    async fn check(&self) -> Result<Report, RedisError> {
        Ok(Report::new(within(self.limit, self.find()).await?))
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, RedisError> {
        let mut load = redis::cmd("HMGET");
        load.arg(self.names.record(account))
            .arg("version")
            .arg("body");
        let fields: (Option<String>, Option<Vec<u8>>) =
            within(self.limit, self.read(&load)).await?;
        match fields {
            (None, None) => Ok(None),
            (Some(version), Some(body)) => match version.parse() {
                Ok(version) => Ok(Some(Stored::new(Version::new(version), body))),
                Err(_) => Err(RedisError(Cause::Foreign)),
            },
            _ => Err(RedisError(Cause::Foreign)),
        }
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, RedisError> {
        let mut swap = self.names.swap.key(self.names.record(account));
        swap.key(&self.names.version).key(&self.names.accounts);
        swap.arg(expected.map_or_else(String::new, |version| version.get().to_string()));
        swap.arg(next).arg(account.as_str());
        self.write(&swap, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, RedisError> {
        let mut remove = self.names.remove.key(self.names.record(account));
        remove
            .key(&self.names.accounts)
            .arg(expected.get().to_string())
            .arg(account.as_str());
        self.write(&remove, &[]).await
    }
}

impl ListAccounts for RedisStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, RedisError> {
        let start = after.map_or_else(|| "-".to_owned(), |account| format!("({account}"));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut list = redis::cmd("ZRANGEBYLEX");
        list.arg(&self.names.accounts)
            .arg(start)
            .arg("+")
            .arg("LIMIT")
            .arg(0)
            .arg(limit);
        let keys: Vec<Vec<u8>> = within(self.limit, self.read(&list)).await?;
        let account = |key| AccountId::from_stored(key).map_err(|_| RedisError(Cause::Foreign));
        keys.into_iter().map(account).collect()
    }
}

fn findings(info: &str, replicas: u32) -> Vec<Finding> {
    let field = |name| field(info, name);
    let mut findings = Vec::new();
    if field("role") != "master" {
        findings.push(Finding::NotPrimary);
    }
    match field("maxmemory_policy") {
        "noeviction" => {}
        "" => findings.push(Finding::Hidden {
            name: "maxmemory-policy",
        }),
        policy => findings.push(Finding::Evicts {
            policy: policy.to_owned(),
        }),
    }
    match field("aof_enabled") {
        "1" => {}
        "" => findings.push(Finding::Hidden { name: "appendonly" }),
        _ => findings.push(Finding::Setting {
            name: "appendonly",
            value: "no".to_owned(),
        }),
    }
    match field("connected_slaves").parse() {
        Ok(count) if count > u64::from(replicas) => {
            findings.push(Finding::AsynchronousReplicas { count });
        }
        _ => {}
    }
    findings
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore(..)")
    }
}

/// Says that Redis refused or failed, or that there is no connection. What was being written may be
/// written or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RedisError(#[from] Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("Redis failed")]
    Driver(#[from] DriverError),
    #[error("Redis failed")]
    Limit(#[from] TimeLimit),
    #[error("of {want} replicas {have} have the write")]
    Replicas { have: u32, want: u32 },
    #[error("a key in Redis holds no record")]
    Foreign,
}
