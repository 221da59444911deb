//! What happened to an account, on its way to the owner's list.

use secondfactor::account::Origin;
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
}

impl Activity {
    /// The task ends when this is dropped and all is written.
    pub(crate) fn start(database: Database) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, tokio::spawn(write(database, receiver)))
    }

    /// For `Mfa::on_event_from`. All of it goes to the log; the owner's list has what means something to them.
    ///
    /// A site that serves people would mail them what `Event::notify_owner` says.
    pub(crate) fn take(
        &self,
        account: &AccountId,
        at: UnixTime,
        event: &Event,
        origin: Option<&Origin>,
    ) {
        log(account, at, event, origin);
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
}

/// As the library's `trace_event`, but for what owners call their devices: that stays out of the log. Where a request came
/// from stays out of the owner's list, or whoever varies it could push the rest out.
fn log(account: &AccountId, at: UnixTime, event: &Event, origin: Option<&Origin>) {
    let (account, at, code) = (account.as_str(), at.as_secs(), event.code());
    let device = event.device().map(|device| device.to_string());
    let from = origin.map(|origin| origin.as_bytes().escape_ascii().to_string());
    if event.notify_owner() {
        tracing::warn!(account, at, code, device, from);
    } else {
        tracing::info!(account, at, code, device, from);
    }
}

async fn write(database: Database, mut receiver: Receiver<(String, Entry)>) {
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
    use secondfactor::codes::{ManualClock, Totp};
    use secondfactor::store::MemoryStore;
    use secondfactor::{Keyring, Label, Mfa, SealingKey};

    use super::*;
    use crate::config::StoreAddress;

    #[tokio::test]
    async fn a_used_code_does_not_fill_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let address = StoreAddress::Sqlite(folder.path().join("accounts.db"));
        let (_store, database) = crate::database::open(&address).await.unwrap();
        let (activity, writer) = Activity::start(database.clone());
        let now = UnixTime::from_secs(1_795_562_124);
        let mfa = Mfa::new(
            MemoryStore::new(),
            Keyring::new(SealingKey::generate().unwrap()),
        )
        .with_clock(ManualClock::new(now))
        .on_event_from(move |account, at, event, origin| activity.take(account, at, event, origin));

        let ada = AccountId::new("ada").unwrap();
        let enrollment = mfa
            .enroll(&ada, Label::new("phone").unwrap())
            .await
            .unwrap();
        let code = Totp::new(enrollment.secret()).at(now).unwrap();
        mfa.confirm(&ada, enrollment.device(), code).await.unwrap();
        for _ in 0..5 {
            mfa.verify(&ada, code).await.unwrap_err();
        }
        drop(mfa);
        writer.await.unwrap();
        let entries = database.entries(&activity_list("ada")).await.unwrap();
        let second_time = |entry: &&Entry| entry.text.contains("a second time");
        assert_eq!(entries.iter().filter(second_time).count(), 1);
        assert_eq!(entries.len(), 3);
    }
}
