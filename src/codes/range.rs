//! Says that a setting is outside its range, and what the range is.

/// Says that a setting is outside its range, and what the range is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {min} to {max}")]
pub struct OutOfRange {
    what: &'static str,
    min: u64,
    max: u64,
}

impl OutOfRange {
    pub(crate) const fn new(what: &'static str, min: u64, max: u64) -> Self {
        Self { what, min, max }
    }
}
