#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

#[cfg(feature = "mfa")]
mod account;
#[cfg(feature = "mfa")]
pub mod blocking;
mod code;
mod declassify;
mod error;
#[cfg(feature = "mfa")]
mod event;
mod hotp;
mod key_uri;
mod mac;
#[cfg(feature = "mfa")]
pub mod manual;
#[cfg(feature = "mfa")]
mod mfa;
#[cfg(feature = "migration")]
mod migration;
#[cfg(feature = "mfa")]
mod policy;
#[cfg(feature = "qr")]
mod qr;
#[cfg(feature = "mfa")]
mod runtime;
#[cfg(feature = "mfa")]
mod seal;
mod secret;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "mfa")]
mod store;
mod time;
#[cfg(feature = "mfa")]
mod token;
mod totp;

#[cfg(feature = "mfa")]
pub use account::{
    Account, AccountId, AccountIdError, Attempt, Confirmed, Denial, DeviceId, DeviceKind, DeviceState, DeviceStatus,
    Diagnosis, Enrollment, Label, LabelError, Lock, NewDevice, Proof, RecordError, Recovered, RecoveryCode,
    RecoveryCodeError, RecoveryCodes, Stale, Status, Verified,
};
pub use code::{Code, CodeError, Digits};
#[cfg(secondfactor_constant_time)]
#[doc(hidden)]
pub use declassify::hook as declassify_hook;
#[cfg(feature = "mfa")]
pub use error::Error;
pub use error::OutOfRange;
#[cfg(feature = "std")]
pub use error::RngError;
#[cfg(feature = "mfa")]
pub use event::Event;
#[cfg(feature = "tracing")]
pub use event::trace_event;
pub use hotp::{Counter, Hotp, LookAhead};
pub use key_uri::{KeyUri, MovingFactor, Repair, UriError, UriPart};
pub use mac::Algorithm;
#[cfg(feature = "mfa")]
pub use mfa::{Batch, KeyUsage, Mfa};
#[cfg(feature = "migration")]
pub use migration::{MigrationError, MigrationExport, MigrationImport};
#[cfg(feature = "mfa")]
pub use policy::{GuessBound, Policy, PolicyError};
#[cfg(feature = "qr")]
pub use qr::QrError;
#[cfg(feature = "mfa")]
pub use runtime::{BlockOn, ThisThread};
#[cfg(feature = "mfa")]
pub use seal::{KeyId, Keyring, SealError, SealingKey, SealingKeyError};
pub use secret::{Secret, SecretError, SecretText};
#[cfg(feature = "conformance")]
pub use store::conformance;
#[cfg(feature = "postgres")]
pub use store::postgres::{PostgresError, PostgresStore, deadpool_postgres};
#[cfg(feature = "redis")]
pub use store::redis::{RedisError, RedisStore, redis};
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
pub use store::report::{Finding, Report, Severity};
#[cfg(feature = "sqlite")]
pub use store::sqlite::{SqliteError, SqliteStore};
#[cfg(feature = "mfa")]
pub use store::{
    Accounts, Committed, Store, Stored, Swap, Version,
    any::{AnyStore, AnyStoreError},
    memory::MemoryStore,
};
#[cfg(feature = "std")]
pub use time::{Clock, ManualClock, SystemClock};
pub use time::{Period, Step, UnixTime};
pub use totp::{BeforeEpoch, Totp, Window};
