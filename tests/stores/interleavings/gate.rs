//! A store on which each call waits before it loads and before it writes, until the schedule lets it go on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use secondfactor::AccountId;
use secondfactor::codes::{Clock, ManualClock, UnixTime};
use secondfactor::store::{ListAccounts, MemoryStore, Report, Store, Stored, Swap, Version};

use super::model::with_format;
use crate::record_checks::FORMAT;
use crate::support::NOW;

/// Where a call waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Load,
    Write,
    /// In the store itself.
    Inside,
}

/// What becomes of a load or a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Done,
    /// It does not arrive, and the caller gets an error.
    Lost,
    /// The write is done, and the caller gets an error.
    Unheard,
    /// The write is done, and the caller never hears of it.
    Unanswered,
    /// The caller gets an error, and the write is done later.
    Late,
    /// It loads what was there before the last write.
    Stale,
}

/// The line is cut.
#[derive(Debug, thiserror::Error)]
#[error("the line is cut")]
pub(crate) struct Cut;

#[derive(Clone)]
struct Write {
    account: AccountId,
    expected: Option<Version>,
    /// `None` removes the record.
    next: Option<Vec<u8>>,
}

/// What all calls share: the records, and the clock.
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    clock: ManualClock,
    /// How often the clock was moved.
    moves: AtomicUsize,
    /// Every state of each account's record.
    states: Mutex<BTreeMap<AccountId, Vec<State>>>,
}

#[derive(Clone, Default)]
struct State {
    record: Option<Stored>,
    /// How often the clock had been moved when it was written.
    moves: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            clock: ManualClock::new(NOW),
            moves: AtomicUsize::new(0),
            states: Mutex::default(),
        }
    }

    pub(crate) fn move_clock(&self, seconds: i64) {
        let now = self.clock.now().as_secs();
        let then = now.checked_add_signed(seconds).unwrap();
        self.clock.set(UnixTime::from_secs(then));
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins with this record.
    pub(crate) fn put(&self, account: &AccountId, record: &[u8]) {
        let swap = at_once(self.store.swap(account, None, record)).unwrap();
        assert!(matches!(swap, Swap::Committed(_)));
        let (record, moves) = (self.record(account), 0);
        let first = vec![State { record, moves }];
        self.states.lock().unwrap().insert(account.clone(), first);
    }

    pub(crate) fn record(&self, account: &AccountId) -> Option<Stored> {
        at_once(self.store.load(account)).unwrap()
    }

    /// Remembers the present state as the latest one, and returns its number.
    fn note(&self, account: &AccountId) -> usize {
        let moves = self.moves.load(Ordering::Relaxed);
        let mut states = self.states.lock().unwrap();
        let states = states
            .entry(account.clone())
            .or_insert(vec![State::default()]);
        let record = self.record(account);
        states.push(State { record, moves });
        states.len() - 1
    }

    /// The number of the latest state of the record, or of the one before, and that state.
    fn state(&self, account: &AccountId, age: usize) -> Option<(usize, State)> {
        let mut states = self.states.lock().unwrap();
        let states = states
            .entry(account.clone())
            .or_insert(vec![State::default()]);
        let number = (states.len() - 1).checked_sub(age)?;
        Some((number, states[number].clone()))
    }

    pub(crate) fn has_earlier(&self, account: &AccountId) -> bool {
        self.state(account, 1).is_some()
    }
}

/// What a call has done so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    /// The state that it loaded last.
    pub(crate) loaded: usize,
    /// How often the clock had been moved when that state was written.
    pub(crate) written_at: usize,
    /// A write of it was begun.
    pub(crate) is_writing: bool,
    /// The states that it has made.
    pub(crate) commits: Vec<usize>,
    /// The time that it read last, and how often the clock had been moved then.
    pub(crate) read: Option<(usize, UnixTime)>,
    /// What was told.
    pub(crate) told: Vec<String>,
}

/// The line between one call and the store.
pub(crate) struct Gate {
    world: Arc<World>,
    /// What the server writes has this format. It reads this one, and those before it.
    format: u8,
    place: Mutex<Place>,
    account: Mutex<Option<AccountId>>,
    fate: Mutex<Option<Fate>>,
    late: Mutex<Option<Write>>,
    trail: Mutex<Trail>,
}

impl Gate {
    pub(crate) fn new(world: &Arc<World>, format: u8) -> Self {
        Self {
            world: Arc::clone(world),
            format,
            place: Mutex::new(Place::Inside),
            account: Mutex::default(),
            fate: Mutex::default(),
            late: Mutex::default(),
            trail: Mutex::default(),
        }
    }

    /// Lets the call go on from where it waits. In the store nothing stops it.
    pub(crate) fn open(&self, fate: Fate) {
        let place = std::mem::replace(&mut *self.place.lock().unwrap(), Place::Inside);
        if place != Place::Inside {
            *self.fate.lock().unwrap() = Some(fate);
        }
    }

    pub(crate) fn place(&self) -> Place {
        *self.place.lock().unwrap()
    }

    /// Whether it waits to load a record that was another one before.
    pub(crate) fn may_be_stale(&self) -> bool {
        let account = self.account.lock().unwrap();
        account
            .as_ref()
            .is_some_and(|id| self.world.has_earlier(id))
    }

    pub(crate) fn has_late(&self) -> bool {
        self.late.lock().unwrap().is_some()
    }

    pub(crate) fn deliver(&self) {
        let write = self.late.lock().unwrap().take().unwrap();
        let _unheard = at_once(self.write(write));
    }

    pub(crate) fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap()
    }

    async fn wait(&self, place: Place, account: &AccountId) -> Fate {
        *self.account.lock().unwrap() = Some(account.clone());
        *self.place.lock().unwrap() = place;
        std::future::poll_fn(|context| match self.fate.lock().unwrap().take() {
            Some(fate) => Poll::Ready(fate),
            None => {
                // A walk polls only what has woken.
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await
    }

    /// The code under test knows one format. So a later release reads all as that one.
    fn read(&self, record: Stored) -> Stored {
        match record.body().first() {
            Some(format) if *format <= self.format => {
                Stored::new(record.version(), with_format(FORMAT, record.body()))
            }
            _ => record,
        }
    }

    async fn write(&self, write: Write) -> Swap {
        let (store, account) = (&self.world.store, &write.account);
        let swap = match (&write.next, write.expected) {
            (Some(next), expected) => store.swap(account, expected, next).await,
            (None, expected) => store.remove(account, expected.unwrap()).await,
        };
        let swap = swap.unwrap();
        if let Swap::Committed(_) = swap {
            let state = self.world.note(account);
            self.trail().commits.push(state);
        }
        swap
    }

    async fn send(&self, write: Write) -> Result<Swap, Cut> {
        self.trail().is_writing = true;
        match self.wait(Place::Write, &write.account).await {
            Fate::Done => Ok(self.write(write).await),
            Fate::Unheard => {
                let _unheard = self.write(write).await;
                Err(Cut)
            }
            Fate::Unanswered => {
                let _unheard = self.write(write).await;
                std::future::pending().await
            }
            Fate::Late => {
                *self.late.lock().unwrap() = Some(write);
                Err(Cut)
            }
            Fate::Lost | Fate::Stale => Err(Cut),
        }
    }
}

impl Store for Gate {
    type Error = Cut;

    async fn check(&self) -> Result<Report, Cut> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Cut> {
        self.trail().is_writing = false;
        let fate = self.wait(Place::Load, account).await;
        let is_stale = fate == Fate::Stale;
        if fate == Fate::Lost {
            return Err(Cut);
        }
        let (loaded, state) = self.world.state(account, usize::from(is_stale)).unwrap();
        {
            let mut trail = self.trail();
            // What it has seen before, it has not forgotten.
            (trail.loaded, trail.written_at) = (trail.loaded.max(loaded), state.moves);
        }
        let record = match is_stale {
            true => state.record,
            false => self.world.store.load(account).await.unwrap(),
        };
        Ok(record.map(|record| self.read(record)))
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Cut> {
        let (account, next) = (account.clone(), Some(with_format(self.format, next)));
        self.send(Write {
            account,
            expected,
            next,
        })
        .await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Cut> {
        let (account, expected) = (account.clone(), Some(expected));
        self.send(Write {
            account,
            expected,
            next: None,
        })
        .await
    }
}

impl ListAccounts for Gate {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Cut> {
        Ok(self.world.store.list_accounts(after, limit).await.unwrap())
    }
}

impl Clock for Gate {
    fn now(&self) -> UnixTime {
        let now = self.world.clock.now();
        self.trail().read = Some((self.world.moves.load(Ordering::Relaxed), now));
        now
    }
}

/// What a future of the memory store gives. None waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}
