//! The reasons why an export can't be read or made.

use alloc::vec::Vec;

use crate::provisioning::key_uri::{UriError, UriPart};

/// Says why keys can't be imported or exported.
///
/// Parts and keys are counted from 1, and positions are byte offsets. No text or key is part of the
/// error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The URI has more than
    /// [`MigrationImport::MAX_URI_LEN`](crate::provisioning::MigrationImport::MAX_URI_LEN) bytes.
    #[error("the URI is too long")]
    TooLong,
    /// The text does not begin with `otpauth-migration://offline?`.
    #[error("not an otpauth-migration:// URI")]
    Scheme,
    /// The URI has no `data` parameter.
    #[error("the URI has no data")]
    NoData,
    /// The `data` parameter is not Base64, or is given twice.
    #[error("the data is not Base64, at byte {position}")]
    Data {
        /// The first wrong byte stands here in the URI.
        position: usize,
    },
    /// The data is not a Protocol Buffers message of this format.
    #[error("the data is damaged, at byte {position} of the message")]
    Message {
        /// The field that is not understood stands here in the decoded message.
        position: usize,
    },
    /// The data has a later version of the format, which may mean other things.
    #[error("an unknown version of the format")]
    Version,
    /// The part's number does not fit the number of parts, or there are more than
    /// [`MigrationImport::MAX_PARTS`](crate::provisioning::MigrationImport::MAX_PARTS).
    #[error("the part has an impossible number")]
    Part,
    /// The format does not have this type, algorithm or number of digits, or there are no codes for
    /// it here (MD5).
    #[error("not a known {part}")]
    Value {
        /// This part of the key is not known.
        part: UriPart,
    },
    /// The key's secret or names can't be used.
    #[error("the key can't be used")]
    Key(#[source] UriError),
    /// The part belongs to another export than those before it.
    #[error("the part belongs to another export")]
    Stranger,
    /// Parts of the export are missing.
    #[error("parts of the export are missing")]
    Missing {
        /// These are missing, counted from 1. The list is empty if no part has come at all.
        parts: Vec<u16>,
    },
    /// The format of an export can't hold this.
    #[error("an export can't hold this {part}")]
    Unsupported {
        /// This part of the key does not fit.
        part: UriPart,
    },
    /// There are too many keys for one export.
    #[error("too many keys for one export")]
    TooMany,
}

/// Names a key of an export that can't be used, and says why.
///
/// ```
/// use secondfactor::provisioning::MigrationImport;
///
/// let mut import = MigrationImport::new();
/// // A key of MD5, and one that can be used.
/// import.add("otpauth-migration://offline?data=CiMKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgVhbGljZSAEKAEwAgohChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBIDYm9iIAEoATAC")?;
/// let imported = import.finish()?;
/// assert_eq!(imported.keys.len(), 1);
/// let told: Vec<_> = imported.refused.iter().map(|key| format!("{key}: {}", key.error)).collect();
/// assert_eq!(told, ["key 1 of part 1: not a known algorithm"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {key} of part {part}")]
#[non_exhaustive]
pub struct RefusedKey {
    /// It is in this part of the export, counted from 1.
    pub part: u16,
    /// It is the key with this number in its part, counted from 1.
    pub key: usize,
    /// This is the reason.
    #[source]
    pub error: MigrationError,
}
