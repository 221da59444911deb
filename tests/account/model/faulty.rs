//! A server's connection to the store, with what can go wrong on it.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use secondfactor::AccountId;
use secondfactor::store::{ListAccounts, MemoryStore, Report, Store, Stored, Swap, Version};

use super::naive::{Said, Verdict};

/// What goes wrong in the next command that gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The store can't be read.
    LoadFails,
    /// So many other writes win first.
    Loses(u32),
    /// An error, and nothing was written.
    FailsBeforeWrite,
    /// An error, and it was written.
    FailsAfterWrite,
    /// The server dies between its judgement and the swap.
    DiesBeforeWrite,
    /// The server dies before it hears that the swap has won.
    DiesAfterWrite,
}

impl Fault {
    /// What is said, and how many commits there are.
    pub(crate) fn makes_of(self, verdict: Verdict) -> (Said, u32) {
        match (self, verdict.is_written) {
            (Self::LoadFails, _) => (Said::StoreFailed, 0),
            (_, false) => (verdict.said, 0),
            (Self::FailsBeforeWrite, _) => (Said::StoreFailed, 0),
            (Self::FailsAfterWrite, _) => (Said::StoreFailed, 1),
            (Self::DiesBeforeWrite, _) => (Said::Nothing, 0),
            (Self::DiesAfterWrite, _) => (Said::Nothing, 1),
            (Self::Loses(8..), _) => (Said::Contended, 0),
            _ => (verdict.said, 1),
        }
    }

    /// Whether a write that has begun does not come to its answer.
    pub(crate) fn interrupts(self) -> bool {
        matches!(
            self,
            Self::FailsBeforeWrite
                | Self::FailsAfterWrite
                | Self::DiesBeforeWrite
                | Self::DiesAfterWrite
        )
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the store can't be reached")]
pub(crate) struct Unreachable;

/// What happens between the server's judgement and its swap.
pub(crate) type Meanwhile = Box<dyn FnOnce() + Send>;

pub(crate) struct Faulty {
    pub(crate) records: Arc<MemoryStore>,
    fault: Mutex<Fault>,
    meanwhile: Mutex<Option<Meanwhile>>,
    commits: Mutex<u32>,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faulty").finish_non_exhaustive()
    }
}

impl Faulty {
    pub(crate) fn new(records: Arc<MemoryStore>) -> Self {
        let (fault, meanwhile, commits) =
            (Mutex::new(Fault::None), Mutex::new(None), Mutex::new(0));
        Self {
            records,
            fault,
            meanwhile,
            commits,
        }
    }

    pub(crate) fn arm(&self, fault: Fault, meanwhile: Option<Meanwhile>) {
        *self.fault.lock().unwrap() = fault;
        *self.meanwhile.lock().unwrap() = meanwhile;
    }

    /// How many of this server's writes have won since this was last asked.
    pub(crate) fn take_commits(&self) -> u32 {
        std::mem::take(&mut *self.commits.lock().unwrap())
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    /// Whether another write wins first; its bytes are the same, its version is another one.
    async fn loses(&self, account: &AccountId) -> bool {
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        let Fault::Loses(times @ 1..) = self.fault() else {
            return false;
        };
        *self.fault.lock().unwrap() = Fault::Loses(times - 1);
        let stored = self.records.load(account).await.unwrap();
        let Some(stored) = stored else { return true };
        let _won = self
            .records
            .swap(account, Some(stored.version()), stored.body())
            .await;
        true
    }

    async fn write(&self, write: impl Future<Output = Swap>) -> Result<Swap, Unreachable> {
        match self.fault() {
            Fault::FailsBeforeWrite => return Err(Unreachable),
            Fault::DiesBeforeWrite => return pending().await,
            _ => {}
        }
        let swap = write.await;
        if let Swap::Committed(_) = swap {
            *self.commits.lock().unwrap() += 1;
            match self.fault() {
                Fault::FailsAfterWrite => return Err(Unreachable),
                Fault::DiesAfterWrite => return pending().await,
                _ => {}
            }
        }
        Ok(swap)
    }
}

impl Store for Faulty {
    type Error = Unreachable;

    async fn check(&self) -> Result<Report, Unreachable> {
        Ok(self.records.check().await.unwrap())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Unreachable> {
        if self.fault() == Fault::LoadFails {
            return Err(Unreachable);
        }
        Ok(self.records.load(account).await.unwrap())
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Unreachable> {
        if self.loses(account).await {
            return Ok(Swap::Conflict);
        }
        self.write(async { self.records.swap(account, expected, next).await.unwrap() })
            .await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Unreachable> {
        if self.loses(account).await {
            return Ok(Swap::Conflict);
        }
        self.write(async { self.records.remove(account, expected).await.unwrap() })
            .await
    }
}

impl ListAccounts for Faulty {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Unreachable> {
        Ok(self.records.list_accounts(after, limit).await.unwrap())
    }
}

/// Runs to the end, or to where the server dies.
pub(crate) fn run_or_die<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
