//! What happened to an account, on its way to the owner's list.

use std::sync::Arc;

use secondfactor::{AccountId, Event, UnixTime, trace_event};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::database::{Database, Entry};
use crate::user::activity_of;
use crate::words;

/// How many events may wait to be written.
const WAITING: usize = 1024;

/// Takes the library's events, which come in the middle of a login, and hands them to a task that writes them.
pub(crate) struct Activity {
    sender: Sender<(String, Entry)>,
}

impl Activity {
    /// The task ends when this is dropped and all is written.
    pub(crate) fn start(database: Arc<dyn Database>) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, tokio::spawn(write(database, receiver)))
    }

    /// For `Mfa::on_event`. All of it goes to the log; the owner's list has what means something to them.
    ///
    /// A site that serves people would mail them what `Event::notify_owner` says.
    pub(crate) fn take(&self, account: &AccountId, at: UnixTime, event: &Event) {
        trace_event(account, at, event);
        if let Some(text) = words::event(event) {
            let entry = Entry { at: at.as_secs(), text, by: String::new() };
            if self.sender.try_send((account.as_str().to_owned(), entry)).is_err() {
                tracing::error!(account = account.as_str(), "an event is missing in the owner's list");
            }
        }
    }
}

async fn write(database: Arc<dyn Database>, mut receiver: Receiver<(String, Entry)>) {
    while let Some((account, entry)) = receiver.recv().await {
        if let Err(error) = database.add_entry(&activity_of(&account), &entry).await {
            tracing::error!(account, error = &*error, "an event is missing in the owner's list");
        }
    }
}
