//! Brings a secret into an authenticator and out of it: key URIs, QR codes, the exports of Google
//! Authenticator, the files that come with hardware tokens, the files of PAM modules.

#[cfg(feature = "csv")]
mod csv;
mod key_uri;
#[cfg(feature = "migration")]
mod migration;
mod pam;
#[cfg(feature = "pskc")]
mod pskc;
#[cfg(feature = "qr")]
mod qr;
mod token;

#[cfg(feature = "csv")]
pub use csv::CsvError;
pub use key_uri::{KeyUri, Repair, UriError, UriPart};
#[cfg(feature = "migration")]
pub use migration::{ImportedKeys, MigrationError, MigrationExport, MigrationImport, RefusedKey};
#[cfg(feature = "pskc")]
pub use pskc::{PskcError, PskcKey};
#[cfg(feature = "qr")]
pub use qr::QrError;
pub use token::{Token, TokenError, TokenPart, TokenReason};
