//! Where a request came from, as the application says it.

use std::fmt;

/// Says where a request came from, such as an address and a browser's name, in the application's own words.
///
/// Give it with a [submission](super::Submission::with_origin) or a [proof](crate::Proof::with_origin). It reaches the
/// handlers of [`Mfa::on_event_from`](crate::Mfa::on_event_from) beside each event, and is stored nowhere. The library does
/// not read it.
///
/// It is what a stranger sent: whoever logs it must escape it. `Debug` shows only its length.
///
/// ```
/// use secondfactor::account::Origin;
/// let origin = Origin::new(*b"192.0.2.1 Firefox")?;
/// assert_eq!(origin.as_bytes(), b"192.0.2.1 Firefox");
/// assert_eq!(format!("{origin:?}"), "Origin(17 bytes)");
/// # Ok::<(), secondfactor::account::OriginTooLong>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Origin(Vec<u8>);

/// The origin has more than 256 bytes. Shorten what the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin has at most 256 bytes: shorten it")]
pub struct OriginTooLong(());

impl Origin {
    /// An origin has at most 256 bytes.
    pub const MAX_LEN: usize = 256;

    /// Makes the origin of bytes.
    ///
    /// # Errors
    /// [`OriginTooLong`] if there are more than [`MAX_LEN`](Self::MAX_LEN).
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, OriginTooLong> {
        let bytes = bytes.into();
        if bytes.len() <= Self::MAX_LEN {
            Ok(Self(bytes))
        } else {
            Err(OriginTooLong(()))
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({} bytes)", self.0.len())
    }
}
