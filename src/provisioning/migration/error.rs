//! Why an export could not be read or made.

use alloc::vec::Vec;

use crate::provisioning::key_uri::{UriError, UriPart};

/// Why keys could not be imported or exported. Keys and positions are counted from 0; no text or key is part of the
/// error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// Over [`MigrationImport::MAX_URI_LEN`](crate::provisioning::MigrationImport::MAX_URI_LEN) bytes.
    #[error("the URI is too long")]
    TooLong,
    /// It does not begin with `otpauth-migration://offline?`.
    #[error("not an otpauth-migration:// URI")]
    Scheme,
    /// There is no `data` parameter.
    #[error("the URI has no data")]
    NoData,
    /// The `data` parameter is not Base64, or given twice.
    #[error("the data is not Base64, at byte {position}")]
    Data {
        /// Where the first wrong byte stands in the URI.
        position: usize,
    },
    /// The data is not the Protocol Buffers message that it should be.
    #[error("the data is damaged, at byte {position} of the message")]
    Message {
        /// Where the field stands that is not understood, in the decoded message.
        position: usize,
    },
    /// A later version of the format, which may mean other things.
    #[error("an unknown version of the format")]
    Version,
    /// The part's number does not go with the number of parts, or there are more than
    /// [`MigrationImport::MAX_PARTS`](crate::provisioning::MigrationImport::MAX_PARTS).
    #[error("the part has an impossible number")]
    Part,
    /// A type, an algorithm or a number of digits that the format does not have, or that has no codes here (MD5).
    #[error("key {key}: not a known {part}")]
    Value {
        /// The key's number in its part.
        key: usize,
        /// Which part of it.
        part: UriPart,
    },
    /// The key's secret or names can't be used.
    #[error("key {key} can't be used")]
    Key {
        /// The key's number in its part.
        key: usize,
        /// Why.
        source: UriError,
    },
    /// The part belongs to another export than those before.
    #[error("the part belongs to another export")]
    Stranger,
    /// These parts have not come.
    #[error("parts of the export are missing")]
    Missing {
        /// Their numbers; empty if no part has come at all.
        parts: Vec<u16>,
    },
    /// Exporting: the format can't say this.
    #[error("an export can't hold this {part}")]
    Unsupported {
        /// Which part of the key.
        part: UriPart,
    },
    /// Exporting: too many keys.
    #[error("too many keys for one export")]
    TooMany,
}
