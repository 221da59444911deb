//! From the retired sealing keys to the active one, beside the requests.

use std::sync::Weak;
use std::time::Duration;

use crate::app::Shared;

const BATCH: usize = 100;
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(60);

/// Reseals every record, as long as there is a site.
pub(crate) async fn reseal(app: Weak<Shared>) {
    let (mut after, mut failures) = (None, 0_usize);
    loop {
        let Some(app) = app.upgrade() else { return };
        let batch = app.mfa.reseal_batch(after.as_ref(), BATCH).await;
        drop(app);
        match batch {
            Ok(batch) => {
                for (account, error) in batch.failures() {
                    tracing::error!(
                        account = account.as_str(),
                        error = error as &dyn std::error::Error,
                        "a record is not resealed"
                    );
                }
                failures = failures.saturating_add(batch.failures().len());
                match batch.into_next() {
                    Some(last) => after = Some(last),
                    None => break,
                }
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "records are not resealed yet"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    if failures == 0 {
        tracing::info!("every record is under the active key");
    } else {
        tracing::error!(
            failures,
            "not all records could be resealed: the next start tries again"
        );
    }
}
