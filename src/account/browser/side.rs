//! The side on which a submission is judged.

use super::id::BrowserId;

/// Says whose wrong codes a submission is counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It came from no known browser, or the policy has one side.
    Strangers,
    /// It came from this known browser.
    Known(BrowserId),
}
