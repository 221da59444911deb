//! What happened to an account, on its way to the owner's list.

use std::num::NonZero;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secondfactor::account::trace_event;
use secondfactor::codes::UnixTime;
use secondfactor::{AccountId, Event};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::database::{Database, Entry};
use crate::user::activity_list;
use crate::words;

/// How many events may wait to be written.
const WAITING: usize = 1024;

/// Takes the library's events, which come in the middle of a login, and hands them to a task that writes them.
pub(crate) struct Activity {
    sender: Sender<(String, Entry)>,
    replays: DefaultKeyedRateLimiter<String>,
}

/// For each user. A used code costs no try, so whoever has one could fill the list with it.
const REPLAYS_PER_MINUTE: NonZero<u32> = NonZero::<u32>::MIN;

impl Activity {
    /// The task ends when this is dropped and all is written.
    pub(crate) fn start(database: Arc<dyn Database>) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let replays = RateLimiter::keyed(Quota::per_minute(REPLAYS_PER_MINUTE));
        (
            Self { sender, replays },
            tokio::spawn(write(database, receiver)),
        )
    }

    /// For `Mfa::on_event`. All of it goes to the log; the owner's list has what means something to them.
    ///
    /// A site that serves people would mail them what `Event::notify_owner` says.
    pub(crate) fn take(&self, account: &AccountId, at: UnixTime, event: &Event) {
        trace_event(account, at, event);
        if matches!(event, Event::ReplayRefused) && !self.is_rare(account) {
            return;
        }
        if let Some(text) = words::event(event) {
            let entry = Entry {
                at: at.as_secs(),
                text,
                by: String::new(),
            };
            if self
                .sender
                .try_send((account.as_str().to_owned(), entry))
                .is_err()
            {
                tracing::error!(
                    account = account.as_str(),
                    "an event is missing in the owner's list"
                );
            }
        }
    }

    fn is_rare(&self, account: &AccountId) -> bool {
        // Forgets all that are older than a minute.
        self.replays.retain_recent();
        self.replays.check_key(&account.as_str().to_owned()).is_ok()
    }
}

async fn write(database: Arc<dyn Database>, mut receiver: Receiver<(String, Entry)>) {
    while let Some((account, entry)) = receiver.recv().await {
        if let Err(error) = database.add_entry(&activity_list(&account), &entry).await {
            tracing::error!(
                account,
                error = &*error,
                "an event is missing in the owner's list"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreAddress;

    #[tokio::test]
    async fn a_used_code_does_not_fill_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let address = StoreAddress::Sqlite(folder.path().join("accounts.db"));
        let (_store, database) = crate::database::open(&address).await.unwrap();
        let (activity, writer) = Activity::start(Arc::clone(&database));
        for account in ["ada", "ada", "bob", "ada"] {
            activity.take(
                &AccountId::new(account).unwrap(),
                UnixTime::from_secs(1),
                &Event::ReplayRefused,
            );
        }
        activity.take(
            &AccountId::new("ada").unwrap(),
            UnixTime::from_secs(1),
            &Event::Disabled,
        );
        drop(activity);
        writer.await.unwrap();
        assert_eq!(
            database.entries(&activity_list("ada")).await.unwrap().len(),
            2
        );
        assert_eq!(
            database.entries(&activity_list("bob")).await.unwrap().len(),
            1
        );
    }
}
