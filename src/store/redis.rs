//! Records in Redis or Valkey.

use std::fmt;
use std::sync::Arc;

// Why one connection and no pool: a pool helps against requests that block, and here are none. Why
// this driver: `fred` is used by fewer, and it may send a request again by itself.
use redis::aio::ConnectionManager;
use redis::{RedisError as DriverError, Script, ScriptInvocation};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::report::{Finding, Report};
use crate::account_id::AccountId;

/// Redis runs a script as one step. Versions come from one counter for all accounts, so that none
/// returns after a remove. They are compared as text, because Lua holds the counter exactly only up
/// to 2^53.
const SWAP: &str = "\
local current = redis.call('HGET', KEYS[1], 'version')
if (current or '') ~= ARGV[1] then return 0 end
if not current then redis.call('ZADD', KEYS[3], 0, ARGV[3]) end
redis.call('HSET', KEYS[1], 'version', redis.call('INCR', KEYS[2]), 'body', ARGV[2])
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
/// It uses the connection manager of the `redis` crate: one connection for all, over which requests
/// overlap, opened again when it breaks. A request whose answer got lost is an error, and is never
/// sent a second time.
///
/// `{secondfactor}:record:` begins the key of a hash for each account. `{secondfactor}:version`
/// counts the writes. `{secondfactor}:accounts` is a sorted set with all ids, which gives
/// [`ListAccounts`] its order, as `SCAN` has none. The script that makes a record also enters it
/// there. The braces keep all of them on one node of a cluster.
///
/// **Redis is a cache by default.** Set `maxmemory-policy noeviction`, so that no record is
/// evicted, and `appendonly yes`, so that records survive a restart: see [`check`](Store::check).
/// The connection must lead to the **primary**. If the manager's response timeout passes, that is
/// an error, and nobody is let in.
///
/// ```no_run
/// use secondfactor::store::drivers::redis::{Client, aio::ConnectionManager};
/// use secondfactor::store::{RedisStore, Store as _};
/// use secondfactor::{Keyring, Mfa, SealingKey};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let connection = ConnectionManager::new(Client::open("redis://127.0.0.1/")?).await?;
/// let store = RedisStore::new(connection);
/// for finding in store.check().await?.findings() {
///     eprintln!("{finding}");
/// }
/// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
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
    /// Makes a store on this connection, in the namespace `secondfactor`.
    #[must_use]
    pub fn new(connection: ConnectionManager) -> Self {
        Self {
            connection,
            names: Arc::new(Names::new("secondfactor")),
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

    async fn write(&self, script: &ScriptInvocation<'_>, body: &[u8]) -> Result<Swap, RedisError> {
        let written = script.invoke_async(&mut self.connection.clone()).await?;
        Ok(Swap::from_rows(body, written))
    }
}

impl Store for RedisStore {
    type Error = RedisError;

    async fn check(&self) -> Result<Report, RedisError> {
        let mut connection = self.connection.clone();
        let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
        let mut findings = findings(&info);
        // Hosted servers often refuse CONFIG.
        let fsync: Result<Vec<String>, _> = redis::cmd("CONFIG")
            .arg("GET")
            .arg("appendfsync")
            .query_async(&mut connection)
            .await;
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
        Ok(Report::new(findings))
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, RedisError> {
        let mut load = redis::cmd("HMGET");
        load.arg(self.names.record(account))
            .arg("version")
            .arg("body");
        let fields: (Option<String>, Option<Vec<u8>>) =
            load.query_async(&mut self.connection.clone()).await?;
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
        let keys: Vec<Vec<u8>> = list.query_async(&mut self.connection.clone()).await?;
        let account = |key| AccountId::from_stored(key).map_err(|_| RedisError(Cause::Foreign));
        keys.into_iter().map(account).collect()
    }
}

fn findings(info: &str) -> Vec<Finding> {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
            .unwrap_or_default()
    };
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
        Ok(0) | Err(_) => {}
        Ok(count) => findings.push(Finding::AsynchronousReplicas { count }),
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
    Driver(#[source] DriverError),
    #[error("a key in Redis holds no record")]
    Foreign,
}

impl From<DriverError> for RedisError {
    fn from(error: DriverError) -> Self {
        Self(Cause::Driver(error))
    }
}
