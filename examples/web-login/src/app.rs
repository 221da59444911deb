//! The site: what all pages share, and what stands before every one of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::codes::UnixTime;
use secondfactor::sign_in::{Demand, Note, Requirement};
use secondfactor::store::AnyStore;
use secondfactor::{Error, Mfa, Status};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::base::Base;
use crate::config::Config;
use crate::database::{Database, Entry};
use crate::guard::{Guarded, TIMEOUT};
use crate::health::Health;
use crate::password::Passwords;
use crate::problem::Problem;
use crate::reseal::reseal;
use crate::tries::PasswordGuard;
use crate::user::User;
use crate::{Outcome, pages};

/// The site's name, in pages and in authenticator apps.
pub(crate) const NAME: &str = "Web login";

/// How long the last events may take to be written, after the last request.
const WRITING: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(60);
/// What an owner demands of all who have no second factor: to get one within two weeks.
const DEMAND: Demand = Demand::within(GRACE);
pub(crate) const GRACE: Duration = Duration::from_secs(14 * 24 * 3600);

/// What all pages share.
pub(crate) struct Shared {
    pub(crate) mfa: Mfa<AnyStore>,
    pub(crate) database: Database,
    pub(crate) passwords: Passwords,
    pub(crate) guard: PasswordGuard,
    pub(crate) health: Health,
}

pub(crate) type App = Arc<Shared>;

/// The site, ready to serve.
#[derive(Debug)]
pub struct Site {
    listener: TcpListener,
    address: SocketAddr,
    pages: Guarded,
    tasks: Tasks,
}

/// What runs beside the requests.
#[derive(Debug)]
struct Tasks {
    writer: JoinHandle<()>,
    sweeper: JoinHandle<()>,
}

impl Site {
    /// Opens the store and the key, and listens.
    ///
    /// # Errors
    /// The store, the key file or the address can't be used, or the key is another one than that of the store.
    pub async fn open(config: Config) -> Outcome<Self> {
        let Base {
            mfa,
            database,
            writer,
        } = Base::open(&config).await?;
        let guard = PasswordGuard::new(config.password_tries, config.behind_proxy);
        let app = Arc::new(Shared {
            mfa,
            database,
            passwords: Passwords::new()?,
            guard,
            health: Health::default(),
        });

        if !config.retired_key_files.is_empty() {
            tokio::spawn(reseal(Arc::downgrade(&app)));
        }
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&app)));
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            pages: Guarded::new(pages::router(), app, config.behind_proxy),
            tasks: Tasks { writer, sweeper },
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` ends; then answers what has begun, and writes what waits to be written.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Outcome {
        let service = self.pages.into_service();
        let stopping = Arc::new(Notify::new());
        let stopped = Arc::clone(&stopping);
        let stop = async move {
            stop.await;
            stopped.notify_one();
        };
        let writer = self.tasks.writer;
        let end = async {
            axum::serve(self.listener, service)
                .with_graceful_shutdown(stop)
                .await?;
            // The last page is gone, and with it the sender of events.
            Outcome::Ok(writer.await?)
        };
        // Whoever sends half a request and then nothing must not keep the site from ending.
        let too_late = async {
            stopping.notified().await;
            tokio::time::sleep(TIMEOUT.saturating_add(WRITING)).await;
        };
        let ended = tokio::select! {
            ended = end => ended,
            () = too_late => {
                tracing::warn!("connections are cut off that do not end");
                Ok(())
            }
        };
        self.tasks.sweeper.abort();
        ended
    }
}

/// Forgets what is over, as long as there is a site.
async fn sweep(app: std::sync::Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(app) = app.upgrade() else { return };
        app.guard.sweep();
        if let Err(error) = app.database.sweep_sessions(app.mfa.now()).await {
            tracing::error!(error = &*error, "ended sessions are not forgotten");
        }
    }
}

impl Shared {
    /// What a user's account has; nothing, if it never opted in.
    pub(crate) async fn status(&self, user: &User) -> Result<Option<Status>, Problem> {
        match self.mfa.status(&user.account()?).await {
            Ok(status) => Ok(Some(status)),
            Err(Error::NotEnrolled) if user.note != Note::OptedIn => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the owner of the organisation demands of a user now.
    pub(crate) fn demands(&self, user: &User, status: Option<&Status>) -> Requirement {
        let (written, now) = (UnixTime::from_secs(user.deadline), self.mfa.now());
        if user.deadline == 0 {
            return Requirement::Satisfied;
        }
        Requirement::new(DEMAND, status, user.note, Some(written), now)
    }

    /// What happens now to a user's account, beside what the library tells.
    pub(crate) fn entry(&self, text: &str) -> Entry {
        Entry {
            at: self.mfa.now().as_secs(),
            text: text.to_owned(),
            by: String::new(),
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used
)] // a test fails by panicking
mod attacks;

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[tokio::test]
    async fn a_key_is_made_only_where_nothing_was_sealed_yet() {
        let folder = tempfile::tempdir().unwrap();
        let (store, key) = (
            folder.path().join("accounts.db"),
            folder.path().join("web-login.key"),
        );
        let open = async || {
            let paths = [("--store", &store), ("--key-file", &key)]
                .map(|(name, path)| [name.into(), path.into()]);
            let arguments = paths
                .into_iter()
                .flatten()
                .chain(["--listen", "127.0.0.1:0"].map(OsString::from));
            Site::open(Config::new(arguments, None).unwrap().unwrap()).await
        };
        open().await.unwrap();
        std::fs::remove_file(&key).unwrap();
        let error = open().await.unwrap_err().to_string();
        assert!(
            error.contains("there is no key file") && error.contains("web-login.key: copy it here"),
            "{error}"
        );
        assert!(!key.exists());
    }
}
