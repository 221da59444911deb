//! The second factor of every account: load, judge, commit, reveal.

mod manage;
mod sweep;

use std::fmt;
use std::time::Duration;

pub use sweep::{Batch, KeyUsage};

use crate::account::{
    Account, AccountId, Attempt, Confirmed, DeviceId, DeviceStatus, Enrollment, Evidence, NewDevice, Proof, Recovered,
    RecoveryCode, RecoveryCodes, Status, Verified,
};
use crate::event::Event;
use crate::{Clock, Code, Error, Keyring, Policy, SecretText, Store, Swap, SystemClock, UnixTime, token};

/// How often a command is judged anew because another one won the swap.
///
/// Each loss is another submission's commit on the same account, so somebody always gets on. Guessers can commit a few at
/// once before they are locked; the owner who loses to all of these tries again, and they can't.
const TRIES: usize = 8;

/// The second factor of every account in a store.
///
/// Every call loads the record, opens it, judges, seals, and swaps; only when its swap has won is the verdict revealed.
/// So of any number of submissions of one code, on any number of servers, exactly one succeeds. The futures run under
/// any runtime.
///
/// What changes a second factor takes a [`Proof`] of it, no older than five minutes: a [`Verified`], or what
/// [`redeem`](Self::redeem) or [`confirm`](Self::confirm) gave. What an operator does without one is called `danger_`.
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
/// let confirmed = mfa.confirm(&alice, enrollment.device(), code).await?;
/// let recovery_codes = mfa.issue_recovery_codes(&confirmed).await?; // shown once, to be printed
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
    policy: Policy,
    clock: C,
    on_event: Vec<Box<OnEvent>>,
}

type OnEvent = dyn Fn(&AccountId, UnixTime, &Event) + Send + Sync;

impl<S: Store> Mfa<S> {
    /// The second factor over a store, sealed by a keyring, by the system's clock and the default policy.
    #[must_use]
    pub const fn new(store: S, keyring: Keyring) -> Self {
        Self { store, keyring, policy: Policy::DEFAULT, clock: SystemClock, on_event: Vec::new() }
    }
}

impl<S: Store, C: Clock> Mfa<S, C> {
    /// With other limits.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// With another clock: a [`ManualClock`](crate::ManualClock) in tests.
    #[must_use]
    pub fn with_clock<D: Clock>(self, clock: D) -> Mfa<S, D> {
        let Self { store, keyring, policy, on_event, .. } = self;
        Mfa { store, keyring, policy, clock, on_event }
    }

    /// Shows every event to `handler`, with its account and time, after it is committed: for a log, and to tell the owner.
    /// It runs before the verdict is returned, so it should hand over what takes time. Of several handlers each one is
    /// called, in the order in which they were added.
    #[must_use]
    pub fn on_event(mut self, handler: impl Fn(&AccountId, UnixTime, &Event) + Send + Sync + 'static) -> Self {
        self.on_event.push(Box::new(handler));
        self
    }

    /// The time by its clock: for [`Verified::require_within`], and for how long a throttled person waits.
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Its limits.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Opts in: begins to enroll the first device of an account and makes its secret, to be shown once. It counts for
    /// nothing until it is confirmed. A [`Label`](crate::Label) alone is an authenticator app.
    ///
    /// # Errors
    /// [`ProofRequired`](Error::ProofRequired) if a device counts already: [`enroll_another`](Self::enroll_another);
    /// [`DuplicateSecret`](Error::DuplicateSecret), [`TooManyDevices`](Error::TooManyDevices), and those of the
    /// environment and the operator.
    pub async fn enroll(&self, account: &AccountId, device: impl Into<NewDevice>) -> Result<Enrollment, Error> {
        let device = device.into();
        self.judge(account, Absent::IsNew, |account, now| account.enroll(device.duplicate(), now)).await
    }

    /// Begins to enroll one more device of the account that the proof is of. Those that count stay as they are.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`LabelTaken`](Error::LabelTaken), [`DuplicateSecret`](Error::DuplicateSecret),
    /// [`TooManyDevices`](Error::TooManyDevices), and those of the environment and the operator.
    pub async fn enroll_another(&self, proof: &dyn Proof, device: impl Into<NewDevice>) -> Result<Enrollment, Error> {
        let device = device.into();
        self.judge_proven(proof, |account, now| account.enroll_another(proof, device.duplicate(), now)).await
    }

    /// Confirms a device by a code it shows, which proves that it works. This burns the code and is not a login; what it
    /// returns is enough to issue recovery codes right away. The first one ends all others that wait, as they were begun
    /// without a proof.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) for a wrong code, with what seems to be wrong with the device if anything does; after the
    /// fifth, or ten minutes after `enroll`, [`EnrollmentExpired`](Error::EnrollmentExpired);
    /// [`NotEnrolled`](Error::NotEnrolled), [`UnknownDevice`](Error::UnknownDevice), and those of the environment and the
    /// operator.
    pub async fn confirm(&self, account: &AccountId, device: DeviceId, code: Code) -> Result<Confirmed, Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| account.confirm(device, code, now)).await
    }

    /// Confirms a device by two codes in a row, also if its clock or counter is off.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub async fn confirm_pair(
        &self,
        account: &AccountId,
        device: DeviceId,
        codes: [Code; 2],
    ) -> Result<Confirmed, Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| account.confirm_pair(device, codes, now)).await
    }

    /// Verifies a code of any device of the account that counts: the second factor of a login.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) for a wrong or used code, or one that came too early after wrong ones;
    /// [`NotEnrolled`](Error::NotEnrolled), which is never a reason to do without; and those of the environment and the
    /// operator.
    pub async fn verify(&self, account: &AccountId, code: Code) -> Result<Verified, Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| account.verify(code, now)).await
    }

    /// Takes two codes in a row of a device as where its clock or counter stands. Ask for the password first; this is no
    /// login.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) if they are not two in a row, or after three, until one more is judged every eight hours;
    /// [`UnknownDevice`](Error::UnknownDevice), and those of the environment and the operator.
    pub async fn resync(&self, account: &AccountId, device: DeviceId, codes: [Code; 2]) -> Result<(), Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| account.resync(device, codes, now)).await
    }

    /// Begins to replace a device's secret. The old one counts until the new one is confirmed, and for the policy's grace
    /// after that.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`UnknownDevice`](Error::UnknownDevice) if it does not count, and those of the environment
    /// and the operator.
    pub async fn rotate(&self, proof: &dyn Proof, device: DeviceId) -> Result<Enrollment, Error> {
        self.judge_proven(proof, |account, now| account.rotate(proof, device, now)).await
    }

    /// Issues ten recovery codes, to be shown once; earlier ones are void.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`NotEnrolled`](Error::NotEnrolled), and those of the environment and the operator.
    pub async fn issue_recovery_codes(&self, proof: &dyn Proof) -> Result<RecoveryCodes, Error> {
        self.judge_proven(proof, |account, now| account.issue_recovery_codes(proof, now)).await
    }

    /// Replaces used recovery codes by new ones, to be shown once; the others stay as they are.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`NoRecoveryCodes`](Error::NoRecoveryCodes) if none were issued, and those of the
    /// environment and the operator.
    pub async fn replenish_recovery_codes(&self, proof: &dyn Proof) -> Result<RecoveryCodes, Error> {
        self.judge_proven(proof, |account, now| account.replenish_recovery_codes(proof, now)).await
    }

    /// Redeems a recovery code, which is gone then. Ask for the password first. Let them mend their second factor: enroll
    /// another device, revoke the lost one, replenish the codes.
    ///
    /// # Errors
    /// [`Denied`](Error::Denied) for a wrong code, or one that came too early after wrong ones; these do not count as
    /// wrong codes of a device. [`NoRecoveryCodes`](Error::NoRecoveryCodes), [`NotEnrolled`](Error::NotEnrolled), and those
    /// of the environment and the operator.
    pub async fn redeem(&self, account: &AccountId, code: &RecoveryCode) -> Result<Recovered, Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| account.redeem(code, now)).await
    }

    /// What the account has, without secrets.
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if there is no record: see there. Those of the environment and operator.
    pub async fn status(&self, account: &AccountId) -> Result<Status, Error> {
        let stored = self.store.load(account).await.map_err(store_error)?.ok_or(Error::NotEnrolled)?;
        Ok(self.open(account, stored.body())?.status(self.clock.now()))
    }

    /// The account's devices, without their secrets.
    ///
    /// # Errors
    /// As for [`status`](Self::status).
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<DeviceStatus>, Error> {
        Ok(self.status(account).await?.devices().to_vec())
    }

    /// Seals a proof for the account's session of this id: for a cookie, or the session's row. It tells when the second
    /// factor was proved, for as long as you accept it ([`Proof::require_within`]); it opens for no other session, so a
    /// stolen one is of no use without that. What it can't know is whether the device was revoked since: end sessions
    /// then.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Clock, Error, Mfa, Store, Verified};
    /// # async fn example<S: Store, C: Clock>(mfa: &Mfa<S, C>, alice: &AccountId, verified: Verified) -> Result<(), Error> {
    /// let cookie = mfa.token(&verified, b"session 8d2f")?;
    /// // .. in a later request of that session ..
    /// let verified = mfa.open_token(alice, b"session 8d2f", &cookie, Verified::SESSION)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Token`](Error::Token) for an empty session id, which would bind nothing. No random bytes.
    pub fn token(&self, proof: &dyn Proof, session: &[u8]) -> Result<SecretText, Error> {
        token::seal(proof, session, &self.keyring)
    }

    /// Opens what [`token`](Self::token) sealed of a [`Verified`] for this account's session, if the code was verified no
    /// longer ago than `age`: [`Verified::SESSION`], or less. That of another proof does not pass where a code is demanded.
    ///
    /// # Errors
    /// [`Token`](Error::Token) if it was changed, belongs elsewhere or is of another proof, [`Stale`](Error::Stale) if it
    /// is older, or from the future.
    pub fn open_token(
        &self,
        account: &AccountId,
        session: &[u8],
        token: &str,
        age: Duration,
    ) -> Result<Verified, Error> {
        let now = self.clock.now();
        let (Evidence::Code(device), at) = token::open(account, session, token, &self.keyring, now)? else {
            return Err(Error::Token);
        };
        let verified = Verified::new(account.clone(), device, at);
        verified.require_within(age, now)?;
        Ok(verified)
    }

    /// Opens what [`token`](Self::token) sealed of any proof for this account's session: for changes of the second
    /// factor, which may take some requests, also after a recovery code.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Clock, Error, Label, Mfa, RecoveryCode, Store};
    /// # async fn example<S: Store, C: Clock>(mfa: &Mfa<S, C>, alice: &AccountId, code: &RecoveryCode) -> Result<(), Error> {
    /// let recovered = mfa.redeem(alice, code).await?;
    /// let cookie = mfa.token(&recovered, b"session 8d2f")?;
    /// // .. in a later request of that session ..
    /// let proof = mfa.open_proof(alice, b"session 8d2f", &cookie)?;
    /// let enrollment = mfa.enroll_another(&*proof, Label::new("new phone").unwrap()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Token`](Error::Token) if it was changed or belongs elsewhere, [`Stale`](Error::Stale) if it is from the future.
    pub fn open_proof(&self, account: &AccountId, session: &[u8], token: &str) -> Result<Box<dyn Proof>, Error> {
        let (evidence, at) = token::open(account, session, token, &self.keyring, self.clock.now())?;
        Ok(evidence.proof(account.clone(), at))
    }

    async fn judge_proven<T>(
        &self,
        proof: &dyn Proof,
        command: impl Fn(Account, UnixTime) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        self.judge(proof.account(), Absent::IsNotEnrolled, command).await
    }

    /// Loads, judges, commits, and only then reveals.
    async fn judge<T>(
        &self,
        id: &AccountId,
        absent: Absent,
        command: impl Fn(Account, UnixTime) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES {
            let stored = self.store.load(id).await.map_err(store_error)?;
            let account = match (&stored, absent) {
                (Some(stored), _) => self.open(id, stored.body())?,
                (None, Absent::IsNew) => Account::new(id.clone()).with_policy(self.policy),
                (None, Absent::IsNotEnrolled) => return Err(Error::NotEnrolled),
            };
            let now = self.clock.now();
            let mut attempt = command(account, now).inspect_err(|error| self.tell_refusal(id, now, error))?;
            let sealed = attempt.seal(&self.keyring)?;
            let expected = stored.map(|stored| stored.version());
            match self.store.swap(id, expected, &sealed).await.map_err(store_error)? {
                Swap::Committed(receipt) => return attempt.reveal_with(receipt, |event| self.tell(id, now, event)),
                Swap::Conflict => {}
            }
        }
        Err(Error::Contended)
    }

    fn open(&self, id: &AccountId, sealed: &[u8]) -> Result<Account, Error> {
        Ok(Account::open(id, sealed, &self.keyring)?.with_policy(self.policy))
    }

    fn tell(&self, account: &AccountId, now: UnixTime, event: &Event) {
        self.on_event.iter().for_each(|handler| handler(account, now, event));
    }

    fn tell_refusal(&self, account: &AccountId, now: UnixTime, error: &Error) {
        if let Error::Denied(denial) = error {
            denial.event().iter().for_each(|event| self.tell(account, now, event));
        }
    }
}

/// What an account without a record is to a command.
#[derive(Clone, Copy)]
enum Absent {
    IsNew,
    IsNotEnrolled,
}

impl<S: fmt::Debug, C: fmt::Debug> fmt::Debug for Mfa<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, keyring, policy, clock, on_event: _ } = self;
        let mut all = f.debug_struct("Mfa");
        all.field("store", store).field("keyring", keyring).field("policy", policy).field("clock", clock);
        all.finish_non_exhaustive()
    }
}

fn store_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(error))
}
