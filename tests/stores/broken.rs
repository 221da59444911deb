//! Stores that are broken on purpose, each in one law.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use secondfactor::AccountId;
use secondfactor::account::AccountIdError;
use secondfactor::store::{ListAccounts, Report, Store, Stored, Swap, Version};

/// How a store is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Sound,
    WritesInTwoSteps,
    ChecksThenWrites,
    ForgetsWhenClosed,
    AttestsOtherBytes,
    WritesTheLoser,
    CountsConflicts,
    FailsOpen,
    CountsFromOneAgain,
    CountsDown,
    RemembersLoads,
    CommitsAtTheNextCall,
    CutsAtNul,
    CutsLongBodies,
    FoldsCase,
    TrimsIds,
    CutsLongIds,
    ListsByAge,
    ListsAfterInclusive,
    ListsTooMany,
    ListsRemoved,
    ListsNoBeacon,
    FailsAtTheBeacon,
}

#[derive(Default)]
pub(crate) struct Shared {
    records: BTreeMap<String, Record>,
    counter: u64,
    removed: Vec<String>,
}

#[derive(Clone)]
struct Record {
    version: u64,
    body: Vec<u8>,
    age: u64,
    writer: u64,
}

/// A handle to a store in memory that is broken.
pub(crate) struct Broken {
    how: How,
    shared: Arc<Mutex<Shared>>,
    number: u64,
    remembered: Mutex<BTreeMap<String, Stored>>,
    waiting: Mutex<Option<(String, Record)>>,
}

impl Broken {
    pub(crate) fn open(how: How, shared: &Arc<Mutex<Shared>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            how,
            shared: Arc::clone(shared),
            number,
            remembered: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    fn key(&self, account: &AccountId) -> String {
        let id = account.as_str();
        match self.how {
            How::FoldsCase => id.to_lowercase(),
            How::TrimsIds => id.trim().to_owned(),
            How::CutsLongIds => id.chars().take(255).collect(),
            _ => id.to_owned(),
        }
    }

    fn body(&self, body: &[u8]) -> Vec<u8> {
        match self.how {
            How::CutsAtNul => body.split(|byte| *byte == 0).next().unwrap().to_vec(),
            How::CutsLongBodies => body[..body.len().min(65_535)].to_vec(),
            _ => body.to_vec(),
        }
    }

    fn next_version(&self, shared: &mut Shared, old: Option<u64>) -> u64 {
        shared.counter += 1;
        match self.how {
            How::CountsFromOneAgain => old.unwrap_or(0) + 1,
            How::CountsDown => (1 << 40) - shared.counter,
            _ => shared.counter,
        }
    }

    /// Gives way to the others, between two steps that should be one.
    fn pause() {
        (0..50).for_each(|_| std::thread::yield_now());
    }

    fn flush(&self) {
        if let Some((key, record)) = self.waiting.lock().unwrap().take() {
            self.shared.lock().unwrap().records.insert(key, record);
        }
    }

    fn write(&self, account: &AccountId, expected: Option<Version>, next: &[u8]) -> Swap {
        self.flush();
        let (key, body) = (self.key(account), self.body(next));
        let mut shared = self.shared.lock().unwrap();
        let old = shared.records.get(&key).cloned();
        if old.as_ref().map(|record| record.version) != expected.map(Version::get) {
            if let Some(record) = shared.records.get_mut(&key) {
                match self.how {
                    How::WritesTheLoser => record.body = body,
                    How::CountsConflicts => record.version += 1,
                    _ => {}
                }
            }
            return Swap::Conflict;
        }
        let version = self.next_version(&mut shared, expected.map(Version::get));
        let age = old.as_ref().map_or(version, |record| record.age);
        let record = Record {
            version,
            body: body.clone(),
            age,
            writer: self.number,
        };
        match (self.how, old) {
            (How::CommitsAtTheNextCall, _) => *self.waiting.lock().unwrap() = Some((key, record)),
            (How::ChecksThenWrites, _) => {
                drop(shared);
                Self::pause();
                self.shared.lock().unwrap().records.insert(key, record);
            }
            (How::WritesInTwoSteps, Some(old)) => {
                shared.records.insert(
                    key.clone(),
                    Record {
                        body: old.body,
                        ..record
                    },
                );
                drop(shared);
                Self::pause();
                self.shared
                    .lock()
                    .unwrap()
                    .records
                    .entry(key)
                    .and_modify(|record| record.body = body);
            }
            _ => {
                self.remembered
                    .lock()
                    .unwrap()
                    .insert(key.clone(), Stored::new(Version::new(version), body));
                shared.records.insert(key, record);
            }
        }
        let attested = match self.how {
            How::AttestsOtherBytes => &[1; 16],
            _ => next,
        };
        Swap::from_rows(attested, 1)
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        self.flush();
        if self.how == How::ForgetsWhenClosed {
            self.shared
                .lock()
                .unwrap()
                .records
                .retain(|_, record| record.writer != self.number);
        }
    }
}

impl Store for Broken {
    type Error = Error;

    async fn check(&self) -> Result<Report, Error> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Error> {
        self.flush();
        let key = self.key(account);
        let mut remembered = self.remembered.lock().unwrap();
        if self.how == How::RemembersLoads {
            if let Some(stored) = remembered.get(&key) {
                return Ok(Some(stored.clone()));
            }
        }
        let shared = self.shared.lock().unwrap();
        let stored = shared.records.get(&key);
        let stored =
            stored.map(|record| Stored::new(Version::new(record.version), record.body.clone()));
        if let Some(stored) = &stored {
            remembered.insert(key, stored.clone());
        }
        Ok(stored)
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Error> {
        Ok(self.write(account, expected, next))
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Error> {
        self.flush();
        let key = self.key(account);
        self.remembered.lock().unwrap().remove(&key);
        let mut shared = self.shared.lock().unwrap();
        if shared
            .records
            .get(&key)
            .is_none_or(|record| record.version != expected.get())
        {
            return Ok(Swap::Conflict);
        }
        shared.records.remove(&key);
        shared.removed.push(key);
        Ok(Swap::from_rows(&[], 1))
    }
}

impl ListAccounts for Broken {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Error> {
        let shared = self.shared.lock().unwrap();
        let mut keys: Vec<(u64, String)> = shared
            .records
            .iter()
            .map(|(key, it)| (it.age, key.clone()))
            .collect();
        if self.how == How::ListsRemoved {
            keys.extend(shared.removed.iter().map(|key| (0, key.clone())));
        }
        keys.sort_by(|a, b| {
            if self.how == How::ListsByAge {
                a.0.cmp(&b.0)
            } else {
                a.1.cmp(&b.1)
            }
        });
        let ids: Result<Vec<AccountId>, AccountIdError> = match self.how {
            How::FailsAtTheBeacon => keys
                .into_iter()
                .map(|(_, key)| AccountId::new(key))
                .collect(),
            How::ListsNoBeacon => Ok(keys
                .into_iter()
                .filter_map(|(_, key)| AccountId::new(key).ok())
                .collect()),
            _ => keys
                .into_iter()
                .map(|(_, key)| AccountId::from_stored(key))
                .collect(),
        };
        let mut ids = ids.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        ids.dedup();
        let skipped = after.map_or(0, |after| match self.how {
            How::ListsByAge => ids
                .iter()
                .position(|id| id == after)
                .map_or(ids.len(), |at| at + 1),
            How::ListsAfterInclusive => ids.iter().filter(|id| *id < after).count(),
            _ => ids.iter().filter(|id| *id <= after).count(),
        });
        let limit = if self.how == How::ListsTooMany {
            limit.saturating_add(1)
        } else {
            limit
        };
        Ok(ids.into_iter().skip(skipped).take(limit).collect())
    }
}
