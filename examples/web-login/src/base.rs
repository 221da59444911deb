//! What the site and the operator's commands stand on: the second factor, and the database.

use std::path::Path;
use std::time::Duration;

use secondfactor::sealing::SealError;
use secondfactor::store::{AnyStore, ListAccounts as _, Report};
use secondfactor::{Error, Mfa, Policy};
use tokio::task::JoinHandle;

use crate::activity::Activity;
use crate::clock::SiteClock;
use crate::config::{Command, Config};
use crate::database::{self, Database};
use crate::{Outcome, files};

pub(crate) struct Base {
    pub(crate) mfa: Mfa<AnyStore>,
    pub(crate) database: Database,
    /// Writes what has happened. It ends when `mfa` is dropped and all is written.
    pub(crate) writer: JoinHandle<()>,
}

impl Base {
    pub(crate) async fn open(config: &Config) -> Outcome<Self> {
        let (store, database) = database::open(&config.store).await?;
        // Asked before the file is looked for: another server may make it and seal the first record at any moment.
        let nothing_sealed = store.list_accounts(None, 1).await?.is_empty();
        let may_make = nothing_sealed && matches!(config.command, Command::Serve);
        let keyring = files::keyring(&config.key_file, &config.retired_key_files, may_make)?;
        let (activity, writer) = Activity::start(database.clone());
        let trust = Duration::from_secs(u64::from(config.trust_days).saturating_mul(24 * 3600));
        let mfa = Mfa::new(store, keyring)
            .with_policy(Policy::builder().trust(trust).build()?)
            .with_clock(SiteClock::new())
            .on_event_from(move |account, at, event, origin| {
                activity.take(account, at, event, origin)
            });
        database::heed(&check(&mfa, &config.key_file).await?)?;
        Ok(Self {
            mfa,
            database,
            writer,
        })
    }
}

/// With the key of another store there is no start: what it seals, the other servers can't open.
async fn check(mfa: &Mfa<AnyStore>, key_file: &Path) -> Outcome<Report> {
    match mfa.check().await {
        Err(Error::Seal(SealError::UnknownKey { id, .. })) => Err(format!(
            "the key in {} is not the key of this store, which is sealed by key {id}: put that one there, from its backup \
             or from another server. Nothing was sealed",
            key_file.display()
        )
        .into()),
        report => Ok(report?),
    }
}
