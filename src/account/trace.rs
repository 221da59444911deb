//! Events as `tracing` events.

use super::event::Event;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// A handler for [`Mfa::on_event`](crate::Mfa::on_event) that writes each event with `tracing`, target `secondfactor`:
/// what the owner must hear of, refusals and a clock that went back as warnings, the rest as information.
///
/// ```
/// # use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
/// # let keyring = Keyring::new(SealingKey::generate()?);
/// let mfa = Mfa::new(MemoryStore::new(), keyring).on_event(secondfactor::account::trace_event);
/// # Ok::<(), secondfactor::codes::RngError>(())
/// ```
pub fn trace_event(account: &AccountId, at: UnixTime, event: &Event) {
    let (account, at, code) = (account.as_str(), at.as_secs(), event.code());
    let is_warning = event.notify_owner()
        || matches!(
            event,
            Event::Mismatch { .. }
                | Event::Throttled { .. }
                | Event::RefusedDisabled
                | Event::ClockRegressed { .. }
        );
    if is_warning {
        tracing::warn!(target: "secondfactor", account, at, code, ?event);
    } else {
        tracing::info!(target: "secondfactor", account, at, code, ?event);
    }
}
