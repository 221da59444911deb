//! A record that opened and makes no sense.

/// The record opened, but what it holds makes no sense. Nothing is guessed, and nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// These are not the fields of a record.
    #[error("the account's record is malformed: restore it from a backup")]
    Malformed,
    /// A field has a value that this release does not know.
    #[error(
        "the account's record has an unknown or impossible value: update this server, or restore the record"
    )]
    Value,
}
