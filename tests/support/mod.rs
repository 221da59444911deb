//! What the tests of the second factor share: a fixed time, fixed keys, a prover.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secondfactor::account::{Account, Actor, Attempt, DeviceId};
use secondfactor::codes::{ManualClock, Secret, Totp, UnixTime};
use secondfactor::store::{Committed, Store, Swap};
use secondfactor::{AccountId, Code, Confirmed, Error, Event, Keyring, Label, Mfa, SealingKey};

/// The beginning of a step.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);
pub(crate) const STEP: Duration = Duration::from_secs(30);

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn alice() -> AccountId {
    account("alice")
}

pub(crate) fn operator() -> Actor {
    Actor::new("bob, help desk").unwrap()
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; 32]))
}

/// The code `steps` after the one of the time.
pub(crate) fn code(secret: &Secret, time: UnixTime, steps: i64) -> Code {
    let time = UnixTime::from_secs(time.as_secs().checked_add_signed(30 * steps).unwrap());
    Totp::new(secret).at(time).unwrap()
}

/// A code that no step near the time has.
pub(crate) fn wrong_code(secret: &Secret, time: UnixTime) -> Code {
    let near: Vec<Code> = (-20..=20).map(|steps| code(secret, time, steps)).collect();
    (0..)
        .map(|n| format!("{n:06}").parse().unwrap())
        .find(|wrong| !near.contains(wrong))
        .unwrap()
}

/// Who can't be built outside the library is compared by what `Debug` shows.
pub(crate) fn shown(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

/// The receipt of a store that has committed these bytes.
pub(crate) fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

/// Commits an attempt, and opens what was committed.
pub(crate) fn commit<T>(mut attempt: Attempt<T>) -> (Account, Result<T, Error>) {
    let sealed = attempt.seal(&keyring()).unwrap();
    let account = Account::open(&alice(), &sealed, &keyring()).unwrap();
    (account, attempt.reveal(receipt(&sealed)))
}

/// The verdict on what was refused at once, or committed.
pub(crate) fn verdict<T>(judged: Result<Attempt<T>, Error>) -> Result<T, Error> {
    commit(judged?).1
}

/// The drivers of PostgreSQL and Redis need it; the others don't mind.
pub(crate) static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// What `on_event` has told.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<std::sync::Mutex<Vec<Event>>>);

impl Log {
    pub(crate) fn handler(
        &self,
    ) -> impl Fn(&AccountId, UnixTime, &Event) + Send + Sync + 'static + use<> {
        let events = Arc::clone(&self.0);
        move |_, _, event| events.lock().unwrap().push(event.clone())
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// The events as `Debug` shows them: nobody but the library can make one to compare it with.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| format!("{event:?}"))
            .collect()
    }
}

/// A server with an account whose phone was confirmed by the code of the step before `NOW`.
pub(crate) struct Login<S> {
    pub(crate) mfa: Mfa<S>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) device: DeviceId,
    pub(crate) secret: Secret,
    pub(crate) proof: Confirmed,
}

impl<S: Store> Login<S> {
    pub(crate) fn new(store: S) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let mfa = Mfa::new(store, keyring()).with_clock(Arc::clone(&clock));
        let enrollment = run(mfa.enroll(&alice(), label("phone"))).unwrap();
        let secret = enrollment.secret().duplicate();
        let proof =
            run(mfa.confirm(&alice(), enrollment.device(), code(&secret, NOW, -1))).unwrap();
        Self {
            mfa,
            clock,
            device: enrollment.device(),
            secret,
            proof,
        }
    }
}
