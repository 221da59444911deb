//! Brings a secret into an authenticator and out of it: key URIs, QR codes, the exports of Google
//! Authenticator.

mod key_uri;
#[cfg(feature = "migration")]
mod migration;
#[cfg(feature = "qr")]
mod qr;

pub use key_uri::{KeyUri, Repair, UriError, UriPart};
#[cfg(feature = "migration")]
pub use migration::{ImportedKeys, MigrationError, MigrationExport, MigrationImport, RefusedKey};
#[cfg(feature = "qr")]
pub use qr::QrError;
