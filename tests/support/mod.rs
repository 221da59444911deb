//! What the tests of the second factor share: a fixed time, fixed keys, a prover.
#![allow(dead_code)] // each test program uses a part

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(crate) mod daemon;
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(crate) mod place;
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(crate) mod proxy;
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(crate) mod server;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secondfactor::{
    AccountId, Code, DeviceId, KeyId, Keyring, Label, ManualClock, Mfa, SealingKey, Secret, Store, Totp, UnixTime,
};

/// The beginning of a step.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);
pub(crate) const STEP: Duration = Duration::from_secs(30);

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn alice() -> AccountId {
    account("alice")
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(KeyId::new(1), SealingKey::from_bytes(&[7; 32]))
}

/// The code `steps` after the one of the time.
pub(crate) fn code(secret: &Secret, time: UnixTime, steps: i64) -> Code {
    let time = UnixTime::from_secs(time.as_secs().checked_add_signed(30 * steps).unwrap());
    Totp::new(secret).at(time).unwrap()
}

/// A code that no step near the time has.
pub(crate) fn wrong_code(secret: &Secret, time: UnixTime) -> Code {
    let near: Vec<Code> = (-20..=20).map(|steps| code(secret, time, steps)).collect();
    (0..).map(|n| format!("{n:06}").parse().unwrap()).find(|wrong| !near.contains(wrong)).unwrap()
}

/// The drivers of PostgreSQL and Redis need it; the others don't mind.
pub(crate) static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A server with an account whose phone was confirmed by the code of the step before `NOW`.
pub(crate) struct Login<S> {
    pub(crate) mfa: Mfa<S, Arc<ManualClock>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) device: DeviceId,
    pub(crate) secret: Secret,
}

impl<S: Store> Login<S> {
    pub(crate) fn new(store: S) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let mfa = Mfa::new(store, keyring()).with_clock(Arc::clone(&clock));
        let enrollment = run(mfa.enroll(&alice(), label("phone"))).unwrap();
        let secret = enrollment.secret().duplicate();
        run(mfa.confirm(&alice(), enrollment.device(), code(&secret, NOW, -1))).unwrap();
        Self { mfa, clock, device: enrollment.device(), secret }
    }
}
