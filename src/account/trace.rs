//! Writes events with `tracing`.

use super::event::Event;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

/// Writes each event with `tracing`, as a handler for [`Mfa::on_event`](crate::Mfa::on_event).
///
/// The target is `secondfactor`. Warnings are what the owner must hear of, refusals, and a clock that
/// went back. The rest is information.
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
