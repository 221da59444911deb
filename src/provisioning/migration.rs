//! `otpauth-migration://` URIs, which Google Authenticator shows when it exports keys and reads
//! when it imports them.

mod error;
mod export;
mod import;
mod payload;
mod wire;

pub use error::{MigrationError, RefusedKey};
pub use export::MigrationExport;
pub use import::{ImportedKeys, MigrationImport};
