//! The second factor of every account: load, judge, commit, reveal.

use std::fmt;

use crate::account::{Account, AccountId, Attempt, DeviceId, Enrollment, Label, Status, Verified};
use crate::{Clock, Code, Error, Keyring, Secret, Store, Swap, SystemClock, UnixTime};

/// How often a command is judged anew because another one won the swap.
///
/// Each loss is another submission's commit on the same account, so somebody always gets on.
const TRIES: usize = 8;

/// The second factor of every account in a store.
///
/// Every call loads the record, opens it, judges, seals, and swaps; only when its swap has won is the verdict revealed.
/// So of any number of submissions of one code, on any number of servers, exactly one succeeds. The futures run under
/// any runtime.
///
/// ```
/// use secondfactor::{AccountId, KeyId, Keyring, Label, MemoryStore, Mfa, SealingKey};
/// # use secondfactor::{Clock, SystemClock, Totp};
///
/// # pollster::block_on(async {
/// let mfa = Mfa::new(MemoryStore::new(), Keyring::new(KeyId::new(1), SealingKey::generate()?));
/// let alice = AccountId::new("alice")?;
///
/// let enrollment = mfa.enroll(&alice, Label::new("phone")?).await?;
/// let uri = enrollment.key_uri("Example", "alice@example.com")?; // shown once, as a QR code
/// # let code = Totp::new(enrollment.secret()).at(SystemClock.now())?;
/// mfa.confirm(&alice, enrollment.device(), code).await?;
///
/// // At the next login, after the password, with the next code:
/// # let code = Totp::new(enrollment.secret()).at(SystemClock.now().saturating_add(std::time::Duration::from_secs(30)))?;
/// let verified = mfa.verify(&alice, code).await?;
/// assert_eq!(verified.account(), &alice);
/// assert!(mfa.verify(&alice, code).await.is_err()); // a code works once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Mfa<S, C = SystemClock> {
    store: S,
    keyring: Keyring,
    clock: C,
}

impl<S: Store> Mfa<S> {
    /// The second factor over a store, sealed by a keyring, by the system's clock.
    #[must_use]
    pub const fn new(store: S, keyring: Keyring) -> Self {
        Self { store, keyring, clock: SystemClock }
    }
}

impl<S: Store, C: Clock> Mfa<S, C> {
    /// With another clock: a [`ManualClock`](crate::ManualClock) in tests.
    #[must_use]
    pub fn with_clock<D: Clock>(self, clock: D) -> Mfa<S, D> {
        Mfa { store: self.store, keyring: self.keyring, clock }
    }

    /// Begins to enroll a device: makes its secret, to be shown once. It counts for nothing until it is confirmed, and
    /// other devices stay as they are.
    ///
    /// # Errors
    /// [`TooManyDevices`](Error::TooManyDevices), [`LabelTaken`](Error::LabelTaken), and those of the environment and
    /// the operator.
    pub async fn enroll(&self, account: &AccountId, label: Label) -> Result<Enrollment, Error> {
        let secret = Secret::generate()?;
        self.judge(account, Some(Account::new), |account, now| account.enroll(label.clone(), secret.duplicate(), now))
            .await
    }

    /// Confirms a device by a code it shows, which proves that it works. This burns the code and is not a login.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) for a wrong code; after the fifth, or ten minutes after `enroll`,
    /// [`EnrollmentExpired`](Error::EnrollmentExpired); [`NotEnrolled`](Error::NotEnrolled),
    /// [`UnknownDevice`](Error::UnknownDevice), and those of the environment and the operator.
    pub async fn confirm(&self, account: &AccountId, device: DeviceId, code: Code) -> Result<(), Error> {
        self.judge(account, None, |account, now| account.confirm(device, code, now)).await
    }

    /// Verifies a code of any confirmed device of the account: the second factor of a login.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) for a wrong or used code; [`NotEnrolled`](Error::NotEnrolled), which is never a
    /// reason to do without; and those of the environment and the operator.
    pub async fn verify(&self, account: &AccountId, code: Code) -> Result<Verified, Error> {
        self.judge(account, None, |account, now| account.verify(code, now)).await
    }

    /// What the account has: its devices, without their secrets.
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if there is no record: see there. Those of the environment and operator.
    pub async fn status(&self, account: &AccountId) -> Result<Status, Error> {
        let stored = self.store.load(account).await.map_err(store_error)?.ok_or(Error::NotEnrolled)?;
        Ok(Account::open(account, stored.body(), &self.keyring)?.status())
    }

    /// Loads, judges, commits, and only then reveals. `fresh` makes the account that has no record yet.
    async fn judge<T>(
        &self,
        id: &AccountId,
        fresh: Option<fn(AccountId) -> Account>,
        command: impl Fn(Account, UnixTime) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES {
            let stored = self.store.load(id).await.map_err(store_error)?;
            let account = match (&stored, fresh) {
                (Some(stored), _) => Account::open(id, stored.body(), &self.keyring)?,
                (None, Some(fresh)) => fresh(id.clone()),
                (None, None) => return Err(Error::NotEnrolled),
            };
            let mut attempt = command(account, self.clock.now())?;
            let sealed = attempt.seal(&self.keyring)?;
            let expected = stored.map(|stored| stored.version());
            match self.store.swap(id, expected, &sealed).await.map_err(store_error)? {
                Swap::Committed(receipt) => return attempt.reveal(receipt),
                Swap::Conflict => {}
            }
        }
        Err(Error::Contended)
    }
}

impl<S: fmt::Debug, C: fmt::Debug> fmt::Debug for Mfa<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, keyring, clock } = self;
        f.debug_struct("Mfa").field("store", store).field("keyring", keyring).field("clock", clock).finish()
    }
}

fn store_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(error))
}
