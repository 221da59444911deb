//! The second factor for programs without an async runtime: the same calls, each waiting for its answer.

use crate::{AccountId, BlockOn, Clock, Code, DeviceId, Enrollment, Error, Label, Status, Store, SystemClock};
use crate::{ThisThread, Verified};

/// [`Mfa`](crate::Mfa) with calls that block: the same names, arguments, answers and errors.
///
/// ```
/// use secondfactor::{AccountId, KeyId, Keyring, Label, Mfa, SealingKey, SqliteStore, blocking};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("accounts.db");
/// let keyring = Keyring::new(KeyId::new(1), SealingKey::generate()?);
/// let mfa = blocking::Mfa::new(Mfa::new(SqliteStore::open(path)?, keyring));
/// let enrollment = mfa.enroll(&AccountId::new("alice")?, Label::new("phone")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The drivers of PostgreSQL and Redis run on Tokio. Make a runtime, make the store's pool or connection on it, and
/// hand it over:
///
#[cfg_attr(
    feature = "postgres",
    doc = r#"```no_run
use secondfactor::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::{KeyId, Keyring, Mfa, PostgresStore, SealingKey, blocking};

let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
let pool = Pool::builder(Manager::new("host=/run/postgresql dbname=app".parse()?, NoTls)).build()?;
let keyring = Keyring::new(KeyId::new(1), SealingKey::generate()?);
let mfa = blocking::Mfa::new(Mfa::new(PostgresStore::new(pool), keyring)).on(runtime);
# Ok::<(), Box<dyn std::error::Error>>(())
```"#
)]
///
/// Never call it from async code: use [`Mfa`](crate::Mfa) there.
#[derive(Debug)]
pub struct Mfa<S, C = SystemClock, R = ThisThread> {
    inner: crate::Mfa<S, C>,
    runtime: R,
}

impl<S, C> Mfa<S, C> {
    /// A blocking front that waits on the calling thread.
    #[must_use]
    pub const fn new(inner: crate::Mfa<S, C>) -> Self {
        Self { inner, runtime: ThisThread }
    }
}

impl<S, C, R> Mfa<S, C, R> {
    /// Waits by this runtime instead.
    #[must_use]
    pub fn on<Q: BlockOn>(self, runtime: Q) -> Mfa<S, C, Q> {
        Mfa { inner: self.inner, runtime }
    }

    /// The calls that do not block.
    #[must_use]
    pub const fn as_async(&self) -> &crate::Mfa<S, C> {
        &self.inner
    }
}

/// One line for each call of [`crate::Mfa`].
macro_rules! blocking {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        impl<S: Store, C: Clock, R: BlockOn> Mfa<S, C, R> {$(
            #[doc = concat!("Waits for [`Mfa::", stringify!($name), "`](crate::Mfa::", stringify!($name), ").\n")]
            #[doc = "\n# Errors\nThe same."]
            pub fn $name(&self, $($argument: $type),*) -> Result<$output, Error> {
                self.runtime.block_on(self.inner.$name($($argument),*))
            }
        )*}
    };
}

blocking! {
    fn enroll(account: &AccountId, label: Label) -> Enrollment;
    fn confirm(account: &AccountId, device: DeviceId, code: Code) -> ();
    fn verify(account: &AccountId, code: Code) -> Verified;
    fn status(account: &AccountId) -> Status;
}
