//! The session that an enrollment belongs to.

use sha2::{Digest as _, Sha256};

use super::id::DeviceId;

/// A session's id is kept as 128 bits of a hash, because the id itself may open the session.
pub(crate) type SessionHash = [u8; 16];

pub(crate) fn hash(session: &[u8]) -> SessionHash {
    let digest: [u8; 32] = Sha256::new_with_prefix(b"secondfactor session")
        .chain_update(session)
        .finalize()
        .into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Says whether a device that is pending in a session, or in none, is confirmed in this one. An empty
/// id names no session, so nobody confirms what is bound to one.
pub(crate) fn is_confirmed_in(pending: Option<SessionHash>, session: Option<SessionHash>) -> bool {
    pending == session && session != Some(hash(b""))
}

/// Names a pending device, and the session of the application in which it is confirmed.
///
/// A [`DeviceId`] alone names a device without a session. See
/// [`NewDevice::in_session`](crate::NewDevice::in_session).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingDevice {
    pub(crate) id: DeviceId,
    pub(crate) session: Option<SessionHash>,
}

impl DeviceId {
    /// Names this device in a session of the application. An empty id is no session, and confirms
    /// nothing.
    #[must_use]
    pub fn in_session(self, session: &[u8]) -> PendingDevice {
        PendingDevice {
            id: self,
            session: Some(hash(session)),
        }
    }
}

impl From<DeviceId> for PendingDevice {
    fn from(id: DeviceId) -> Self {
        Self { id, session: None }
    }
}
