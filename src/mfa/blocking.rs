//! Runs the second factor for programs without an async runtime. Each call waits for its answer.

use std::time::Duration;

use super::judge;
use super::sweep::{Batch, KeyUsage};
use crate::account::{
    Actor, BrowserId, Confirmed, DeviceId, DeviceStatus, Enrollment, Error, Label, NewDevice,
    PendingDevice, Proof, Recognized, Recovered, RecoveryCode, RecoveryCodes, RecoverySetId,
    Status, Submission, Verified,
};
use crate::account_id::AccountId;
use crate::codes::{Code, SecretText, UnixTime};
use crate::sign_in::{NeedsCode, Note, SessionLimits, SignIn, Stage};
use crate::store::{BlockOn, ListAccounts, Report, Store, ThisThread};

/// Makes the calls of [`Mfa`](crate::Mfa) block, with the same names, arguments, answers and
/// errors.
///
/// ```
/// use secondfactor::{AccountId, Keyring, Label, Mfa, SealingKey};
/// use secondfactor::{mfa::blocking, store::SqliteStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("accounts.db");
/// # let key_text = SealingKey::generate()?.expose_base32();
/// // Made once by `SealingKey::generate`, and kept away from the database.
/// let keyring = Keyring::new(SealingKey::from_base32(&key_text)?);
/// let mfa = blocking::Mfa::new(Mfa::new(SqliteStore::open(path)?, keyring));
/// let enrollment = mfa.enroll(&AccountId::new("alice")?, Label::new("phone")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The drivers of PostgreSQL and Redis run on Tokio. Make a runtime, make the store's pool or
/// connection on it, and hand it over:
///
#[cfg_attr(
    feature = "postgres",
    doc = r#"```no_run
use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::{Keyring, Mfa, SealingKey, mfa::blocking, store::PostgresStore};

let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
let pool = Pool::builder(Manager::new("host=/run/postgresql dbname=app".parse()?, NoTls)).build()?;
let keyring = Keyring::new(SealingKey::from_base32(&std::env::var("SEALING_KEY")?)?);
let mfa = blocking::Mfa::new(Mfa::new(PostgresStore::new(pool), keyring)).on(runtime);
# Ok::<(), Box<dyn std::error::Error>>(())
```"#
)]
///
/// Never call it from async code. Use [`Mfa`](crate::Mfa) there.
#[derive(Debug)]
pub struct Mfa<S, R = ThisThread> {
    inner: judge::Mfa<S>,
    runtime: R,
}

impl<S> Mfa<S> {
    /// Makes a blocking front that waits on the calling thread.
    #[must_use]
    pub const fn new(inner: judge::Mfa<S>) -> Self {
        Self {
            inner,
            runtime: ThisThread,
        }
    }
}

impl<S, R> Mfa<S, R> {
    /// Waits by this runtime instead of the calling thread.
    #[must_use]
    pub fn on<Q: BlockOn>(self, runtime: Q) -> Mfa<S, Q> {
        Mfa {
            inner: self.inner,
            runtime,
        }
    }

    /// Returns the [`Mfa`](crate::Mfa) inside, whose calls do not block.
    #[must_use]
    pub const fn as_async(&self) -> &judge::Mfa<S> {
        &self.inner
    }
}

impl<S: Store, R> Mfa<S, R> {
    /// Returns the time of its clock: see [`Mfa::now`](crate::Mfa::now).
    pub fn now(&self) -> UnixTime {
        self.inner.now()
    }

    /// Seals a proof for a session: see [`Mfa::seal_proof`](crate::Mfa::seal_proof).
    ///
    /// # Errors
    /// They are those of the call that it waits for.
    pub fn seal_proof(
        &self,
        proof: impl AsRef<Proof>,
        session: &[u8],
    ) -> Result<SecretText, Error> {
        self.inner.seal_proof(proof, session)
    }

    /// Opens the token of a [`Verified`]: see [`Mfa::open_verified`](crate::Mfa::open_verified).
    ///
    /// # Errors
    /// They are those of the call that it waits for.
    pub fn open_verified(
        &self,
        account: &AccountId,
        session: &[u8],
        token: &str,
        age: Duration,
    ) -> Result<Verified, Error> {
        self.inner.open_verified(account, session, token, age)
    }

    /// Opens the token of a [`Proof`]: see [`Mfa::open_proof`](crate::Mfa::open_proof).
    ///
    /// # Errors
    /// They are those of the call that it waits for.
    pub fn open_proof(
        &self,
        account: &AccountId,
        session: &[u8],
        token: &str,
    ) -> Result<Proof, Error> {
        self.inner.open_proof(account, session, token)
    }
}

/// Makes a blocking method for each call of [`Mfa`](crate::Mfa) that it lists.
macro_rules! blocking {
    ($store:ident: $(fn $name:ident$([$life:lifetime])?($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        impl<S: $store, R: BlockOn> Mfa<S, R> {$(
            #[doc = concat!("Waits for [`Mfa::", stringify!($name), "`](crate::Mfa::", stringify!($name), ").\n")]
            #[doc = "\n# Errors\nThey are those of the call that it waits for."]
            pub fn $name$(<$life>)?(&self, $($argument: $type),*) -> Result<$output, Error> {
                self.runtime.block_on(self.inner.$name($($argument),*))
            }
        )*}
    };
}

blocking! {
    Store:
    fn enroll(account: &AccountId, device: impl Into<NewDevice>) -> Enrollment;
    fn enroll_another(proof: impl AsRef<Proof>, device: impl Into<NewDevice>) -> Enrollment;
    fn confirm(account: &AccountId, device: impl Into<PendingDevice>, submission: impl Into<Submission<Code>>) -> Confirmed;
    fn confirm_pair(account: &AccountId, device: impl Into<PendingDevice>, codes: [Code; 2]) -> Confirmed;
    fn verify(account: &AccountId, submission: impl Into<Submission<Code>>) -> Verified;
    fn resync(account: &AccountId, device: DeviceId, codes: [Code; 2]) -> ();
    fn rotate(proof: impl AsRef<Proof>, device: impl Into<PendingDevice>, grace: Duration) -> Enrollment;
    fn issue_recovery_codes(proof: impl AsRef<Proof>, replaces: Option<RecoverySetId>) -> RecoveryCodes;
    fn redeem['c](account: &AccountId, submission: impl Into<Submission<&'c RecoveryCode>>) -> Recovered;
    fn needs_code(account: &AccountId, note: impl Into<Note>) -> NeedsCode;
    fn stage(sign_in: &SignIn, session: &[u8], note: impl Into<Note>, limits: SessionLimits) -> Stage;
    fn status(account: &AccountId) -> Status;
    fn devices(account: &AccountId) -> Vec<DeviceStatus>;
    fn rename(proof: impl AsRef<Proof>, device: DeviceId, label: Label) -> ();
    fn suspend(proof: impl AsRef<Proof>, device: DeviceId) -> ();
    fn resume(proof: impl AsRef<Proof>, device: DeviceId) -> ();
    fn revoke(proof: impl AsRef<Proof>, device: DeviceId) -> ();
    fn keep_only(proof: impl AsRef<Proof>, devices: &[DeviceId]) -> Option<Proof>;
    fn forget_browser(proof: impl AsRef<Proof>, browser: BrowserId) -> ();
    fn forget_browsers(proof: impl AsRef<Proof>) -> ();
    fn password_changed(proof: impl AsRef<Proof>, cookie: Option<&str>) -> ();
    fn trust_browser(verified: &Verified, browser: BrowserId, lasts: Duration) -> ();
    fn recognize(account: &AccountId, cookie: Option<&str>) -> Recognized;
    fn check_proof(proof: impl AsRef<Proof>) -> ();
    fn stands(proof: impl AsRef<Proof>) -> ();
    fn opt_out(proof: impl AsRef<Proof>) -> ();
    fn danger_import_unproven(account: &AccountId, actor: &Actor, devices: Vec<NewDevice>, last_used: Option<UnixTime>) -> ();
    fn danger_move_unproven(actor: &Actor, from: &AccountId, to: &AccountId) -> ();
    fn danger_revoke_unproven(account: &AccountId, actor: &Actor, device: DeviceId) -> ();
    fn danger_unlock_unproven(account: &AccountId, actor: &Actor) -> ();
    fn danger_opt_out_unproven(account: &AccountId, actor: &Actor) -> ();
    fn danger_issue_temporary_code_unproven(account: &AccountId, actor: &Actor, lifetime: Duration) -> RecoveryCode;
    fn danger_withdraw_temporary_code_unproven(account: &AccountId, actor: &Actor) -> ();
    fn reseal(account: &AccountId) -> ();
}

blocking! {
    ListAccounts:
    fn check() -> Report;
    fn reseal_batch(after: Option<&AccountId>, limit: usize) -> Batch;
    fn key_usage(after: Option<&AccountId>, limit: usize) -> KeyUsage;
}
