//! People with devices, for tests that follow a sequence of steps along time.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use secondfactor::account::DeviceId;
use secondfactor::codes::{Clock as _, ManualClock, Secret, UnixTime};
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{
    AccountId, Code, Confirmed, Error, Event, Mfa, NewDevice, Proof, Recovered, RecoveryCode,
    Verified,
};

use crate::recovery_set;
use crate::support::*;

/// A database that has committed, and whose answer is on the way.
#[derive(Default)]
pub(crate) struct Slow {
    inner: MemoryStore,
    pub(crate) is_hanging: AtomicBool,
}

impl Slow {
    async fn way_back(&self) {
        if self.is_hanging.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

impl Store for Slow {
    type Error = std::convert::Infallible;

    async fn check(&self) -> Result<Report, Self::Error> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Self::Error> {
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Self::Error> {
        let swap = self.inner.swap(account, expected, next).await;
        self.way_back().await;
        swap
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Self::Error> {
        let swap = self.inner.remove(account, expected).await;
        self.way_back().await;
        swap
    }
}

/// Counts the writes.
#[derive(Default)]
pub(crate) struct Counting {
    inner: MemoryStore,
    pub(crate) swaps: AtomicUsize,
}

impl Store for Counting {
    type Error = std::convert::Infallible;

    async fn check(&self) -> Result<Report, Self::Error> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Self::Error> {
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Self::Error> {
        self.swaps.fetch_add(1, Ordering::Relaxed);
        self.inner.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Self::Error> {
        self.inner.remove(account, expected).await
    }
}

/// A device in somebody's hands, or a secret that they know.
pub(crate) struct Held {
    pub(crate) id: DeviceId,
    pub(crate) secret: Secret,
}

/// A server with alice's account, by a clock that the test moves.
pub(crate) struct Stage {
    pub(crate) mfa: Mfa<Arc<Counting>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<Counting>,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Stage {
    /// With an account that has never opted in.
    pub(crate) fn empty() -> Self {
        let (store, clock) = (Arc::default(), Arc::new(ManualClock::new(NOW)));
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let mfa = Mfa::new(Arc::clone(&store), keyring()).with_clock(Arc::clone(&clock));
        Self {
            mfa: mfa.on_event(move |_, _, event| sink.lock().unwrap().push(event.clone())),
            clock,
            store,
            told,
        }
    }

    /// With a phone that was confirmed just now.
    pub(crate) fn with_phone() -> (Self, Held, Confirmed) {
        let stage = Self::empty();
        let enrollment = run(stage.mfa.enroll(&alice(), label("phone"))).unwrap();
        let phone = Held::new(&enrollment);
        let confirmed = stage.confirm(&phone).unwrap();
        (stage, phone, confirmed)
    }

    /// With a phone and a tablet.
    pub(crate) fn with_two() -> (Self, Held, Held) {
        let (stage, phone, by_phone) = Self::with_phone();
        let (tablet, _) = stage.add(&by_phone, "tablet");
        (stage, phone, tablet)
    }

    /// The same stage by another policy.
    pub(crate) fn with_policy(self, policy: secondfactor::Policy) -> Self {
        Self {
            mfa: self.mfa.with_policy(policy),
            ..self
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Longer than a code lets its bearer change anything.
    pub(crate) fn six_minutes(&self) {
        self.wait(Duration::from_secs(6 * 60));
    }

    pub(crate) fn shows(&self, device: &Held) -> Code {
        code(&device.secret, self.now(), 0)
    }

    /// Waits for the next code, and logs in by it.
    pub(crate) fn log_in(&self, device: &Held) -> Result<Verified, Error> {
        self.wait(STEP);
        run(self.mfa.verify(&alice(), self.shows(device)))
    }

    pub(crate) fn enroll(
        &self,
        proof: impl AsRef<Proof>,
        new: impl Into<NewDevice>,
    ) -> Result<Held, Error> {
        run(self.mfa.enroll_another(proof, new)).map(|new| Held::new(&new))
    }

    pub(crate) fn rotate(
        &self,
        proof: impl AsRef<Proof>,
        device: &Held,
        grace: Duration,
    ) -> Result<Held, Error> {
        run(self.mfa.rotate(proof, device.id, grace)).map(|new| Held::new(&new))
    }

    pub(crate) fn confirm(&self, device: &Held) -> Result<Confirmed, Error> {
        run(self.mfa.confirm(&alice(), device.id, self.shows(device)))
    }

    /// Enrolls one more device, and confirms it.
    pub(crate) fn add(&self, proof: impl AsRef<Proof>, name: &str) -> (Held, Confirmed) {
        let new = self.enroll(proof, label(name)).unwrap();
        let confirmed = self.confirm(&new).unwrap();
        (new, confirmed)
    }

    /// Keeps these devices. Returns the proof to go on by.
    pub(crate) fn keep(&self, proof: impl AsRef<Proof>, devices: &[&Held]) -> Proof {
        let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
        run(self.mfa.keep_only(proof, &ids)).unwrap().unwrap()
    }

    pub(crate) fn issue(&self, proof: impl AsRef<Proof>) -> Vec<RecoveryCode> {
        let codes = run(self
            .mfa
            .issue_recovery_codes(proof, recovery_set(&self.mfa)))
        .unwrap();
        codes.into_iter().collect()
    }

    pub(crate) fn redeem(&self, code: &RecoveryCode) -> Result<Recovered, Error> {
        run(self.mfa.redeem(&alice(), code))
    }

    /// The labels and states of all devices.
    pub(crate) fn devices(&self) -> Vec<(String, String)> {
        let devices = run(self.mfa.devices(&alice())).unwrap();
        let seen = devices
            .iter()
            .map(|one| (one.label().to_string(), shown(one.state())));
        seen.collect()
    }

    pub(crate) fn has(&self, device: &Held) -> bool {
        let devices = run(self.mfa.devices(&alice())).unwrap();
        devices.iter().any(|one| one.id() == device.id)
    }

    pub(crate) fn writes(&self) -> usize {
        self.store.swaps.load(Ordering::Relaxed)
    }

    /// What was told since it was last asked.
    pub(crate) fn told(&self) -> Vec<Event> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// The names of what was told since it was last asked.
    pub(crate) fn told_codes(&self) -> Vec<&'static str> {
        self.told().iter().map(Event::code).collect()
    }
}

impl Held {
    pub(crate) fn new(enrollment: &secondfactor::account::Enrollment) -> Self {
        Self {
            id: enrollment.device(),
            secret: enrollment.secret().duplicate(),
        }
    }
}

/// Active devices, as [`Stage::devices`] shows them.
pub(crate) fn active<const N: usize>(labels: [&str; N]) -> Vec<(String, String)> {
    labels
        .map(|label| (label.to_owned(), "Active".to_owned()))
        .to_vec()
}
