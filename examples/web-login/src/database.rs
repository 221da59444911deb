//! What the site itself remembers: users, sessions, and lists of what happened. The second factor is the library's.

mod postgres;
mod redis;
mod sqlite;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use secondfactor::codes::UnixTime;
use secondfactor::store::{AnyStore, Report, Severity};

use crate::Outcome;
use crate::config::StoreAddress;
use crate::user::{Change, User};

/// All that the site needs of a database, three times over: SQLite, PostgreSQL, Redis.
///
/// Every method is one step of the database, so that servers beside each other and a crash between two calls leave
/// nothing half done.
#[async_trait]
pub(crate) trait Database: Send + Sync + 'static {
    /// Whether it answers.
    async fn ping(&self) -> Outcome;

    /// Adds a user; `false` if the name is taken.
    async fn add_user(&self, user: &User) -> Outcome<bool>;
    async fn user(&self, id: &str) -> Outcome<Option<User>>;
    async fn user_by_name(&self, name: &str) -> Outcome<Option<User>>;
    /// All users of an organisation.
    async fn users_in(&self, organisation: &str) -> Outcome<Vec<User>>;
    /// Changes a user, and gives the generation of their sessions from then on; `None` if there is no such user, or
    /// the login that changes them has ended. What is told of it is told in the same step.
    async fn change_user(&self, id: &str, change: &Change) -> Outcome<Option<u64>>;

    /// Adds a session of an account, or of nobody; `false` if the key is taken.
    async fn add_session(
        &self,
        key: &str,
        account: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool>;
    /// Changes a session; `false` if it has changed or ended meanwhile.
    async fn swap_session(&self, key: &str, old: &str, body: &str, ends: UnixTime)
    -> Outcome<bool>;
    async fn session(&self, key: &str) -> Outcome<Option<String>>;
    /// The keys and bodies of an account's sessions.
    async fn sessions_of(&self, account: &str) -> Outcome<Vec<(String, String)>>;
    /// Ends a session, and gives its body; `None` if it has ended before.
    async fn end_session(&self, key: &str) -> Outcome<Option<String>>;
    /// Forgets the sessions that nobody asks for any longer.
    async fn sweep_sessions(&self, now: UnixTime) -> Outcome;

    /// Adds to a list, whose oldest entries go when it is full, or has enough of those that say the same.
    async fn add_entry(&self, list: &str, entry: &Entry) -> Outcome;
    /// The newest entries of a list, newest first.
    async fn entries(&self, list: &str) -> Outcome<Vec<Entry>>;
}

/// How many entries a list keeps.
const LIST_LEN: u32 = 200;
/// How many of them say the same, the newest: what can be repeated at will must not push the rest out of the list.
const ALIKE: u32 = 8;
/// For both databases that speak SQL.
const TRIM: &str = "DELETE FROM web_entry WHERE list = $1 AND id NOT IN
    (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY text, by ORDER BY id DESC) AS alike
        FROM web_entry WHERE list = $1) AS entry WHERE alike <= $2 ORDER BY id DESC LIMIT $3)";

/// What happened, or what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) text: String,
    /// Who wrote it; nobody for what happened.
    pub(crate) by: String,
}

/// Opens both halves on one address: the library's store, and the site's database.
pub(crate) async fn open(address: &StoreAddress) -> Outcome<(AnyStore, Arc<dyn Database>)> {
    match address {
        StoreAddress::Sqlite(path) => sqlite::open(path).await,
        StoreAddress::Postgres(address) => postgres::open(address).await,
        StoreAddress::Redis(address) => redis::open(address),
    }
}

/// Logs what the library's store finds in its server's state and settings, the worst first; with what is unsafe there is no
/// start.
pub(crate) fn heed(report: &Report) -> Outcome {
    for finding in report.findings() {
        if finding.severity() >= Severity::Unsafe {
            return Err(format!("the store is not fit for a login: {finding}").into());
        }
        tracing::warn!("{finding}");
    }
    Ok(())
}

/// There is no TLS to a database here.
fn warn_of_network(hosts: &[String]) {
    if !hosts.iter().all(|host| is_this_machine(host)) {
        tracing::warn!(
            "sessions and password hashes cross the network to the database in the clear: use a tunnel"
        );
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}
