//! Whether the site can do its work, for whatever watches over it.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::database::refuse_unsafe;
use crate::{Outcome, chain};

/// How long an answer is given again: anybody may ask, as often as they like.
const REMEMBERED: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(3);

/// The last answer, and when it was found.
#[derive(Default)]
pub(crate) struct Health(Mutex<Option<(Instant, bool)>>);

/// Says nothing of why: that is in the log.
pub(crate) async fn answer(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.health.is_well(check(App::clone(&app))).await {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not well"),
    }
}

/// Reads and opens what is sealed by the store's key, and writes.
async fn check(app: App) -> Outcome {
    refuse_unsafe(&app.mfa.check().await?)?;
    app.database.write(app.mfa.now()).await
}

impl Health {
    /// Whoever asks while it is being found out waits for that.
    async fn is_well(&self, check: impl Future<Output = Outcome> + Send + 'static) -> bool {
        let mut last = self.0.lock().await;
        if let Some((_, is_well)) = last.filter(|(at, _)| at.elapsed() < REMEMBERED) {
            return is_well;
        }
        // One that takes too long goes on to its own end, as its connection is in the middle of something.
        let checked = match timeout(LIMIT, tokio::spawn(check)).await {
            Ok(Ok(checked)) => checked,
            Ok(Err(panic)) => Err(panic.into()),
            Err(_) => Err("the store does not answer in time".into()),
        };
        if let Err(error) = &checked {
            tracing::error!(error = chain(&**error), "the site is not well");
        }
        *last = Some((Instant::now(), checked.is_ok()));
        checked.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_often_makes_no_work() {
        let (health, asked) = (Health::default(), Arc::new(AtomicU32::new(0)));
        let check = |outcome: Outcome| {
            let asked = Arc::clone(&asked);
            async move {
                asked.fetch_add(1, Ordering::Relaxed);
                outcome
            }
        };
        for _ in 0..100 {
            assert!(health.is_well(check(Ok(()))).await);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(REMEMBERED).await;
        for _ in 0..100 {
            assert!(!health.is_well(check(Err("the disk is full".into()))).await);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        tokio::time::advance(REMEMBERED).await;
        assert!(health.is_well(check(Ok(()))).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_hangs_is_not_waited_for() {
        let (health, start) = (Health::default(), Instant::now());
        assert!(!health.is_well(std::future::pending()).await);
        assert_eq!(start.elapsed(), LIMIT);
        // Nor are those that asked meanwhile kept waiting, one behind the other.
        assert!(!health.is_well(std::future::pending()).await);
        assert_eq!(start.elapsed(), LIMIT);
    }
}
