//! The site: what all pages share, and what stands before every one of them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse as _, Response};
use secondfactor::sealing::SealError;
use secondfactor::store::{AnyStore, ListAccounts as _, Report};
use secondfactor::{Error, Mfa, Policy};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::activity::Activity;
use crate::clock::SiteClock;
use crate::config::Config;
use crate::database::{self, Database, Entry};
use crate::guard::PasswordGuard;
use crate::pages::Frame;
use crate::password::Passwords;
use crate::problem::{Answer, Problem};
use crate::reseal::reseal;
use crate::{Outcome, cookie, files, pages};

/// The site's name, in pages and in authenticator apps.
pub(crate) const NAME: &str = "Web login";

/// How long a request may take, its body's arrival included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest form has a few hundred bytes.
const MAX_BODY: usize = 16 * 1024;
/// How long the last events may take to be written, after the last request.
const WRITING: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(600);

/// What all pages share.
pub(crate) struct Shared {
    pub(crate) mfa: Mfa<AnyStore>,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) passwords: Passwords,
    pub(crate) guard: PasswordGuard,
}

pub(crate) type App = Arc<Shared>;

/// The site, ready to serve.
#[derive(Debug)]
pub struct Site {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
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
        let (store, database) = database::open(&config.store).await?;
        // Asked before the file is looked for: another server may make it and seal the first record at any moment.
        let nothing_sealed = store.list_accounts(None, 1).await?.is_empty();
        let keyring = files::keyring(&config.key_file, &config.retired_key_files, nothing_sealed)?;
        let (activity, writer) = Activity::start(Arc::clone(&database));
        let trust = Duration::from_secs(u64::from(config.trust_days).saturating_mul(24 * 3600));
        let mfa = Mfa::new(store, keyring)
            .with_policy(Policy::builder().trust(trust).build()?)
            .with_clock(SiteClock::new())
            .on_event_from(move |account, at, event, origin| {
                activity.take(account, at, event, origin)
            });
        database::heed(&check(&mfa, &config.key_file).await?)?;
        let guard = PasswordGuard::new(config.password_tries, config.behind_proxy);
        let app = Arc::new(Shared {
            mfa,
            database,
            passwords: Passwords::new()?,
            guard,
        });

        if !config.retired_key_files.is_empty() {
            tokio::spawn(reseal(Arc::downgrade(&app)));
        }
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&app)));
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            router: router(app, config.behind_proxy),
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
        let service = self
            .router
            .into_make_service_with_connect_info::<SocketAddr>();
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

/// With the key of another store there is no start: what it seals, the other servers can't open.
async fn check(mfa: &Mfa<AnyStore>, key_file: &Path) -> Outcome<Report> {
    match mfa.check().await {
        Err(Error::Seal(SealError::UnknownKey { id, .. })) => Err(format!(
            "the key in {} is not the key of this store, which is sealed by key {id}: put that one there, from its backup \
             or from another server. Nothing was sealed",
            key_file.display()
        )
        .into()),
        report => Ok(report?),
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

/// The pages, and what stands before every one of them, outermost last.
fn router(app: App, is_secure: bool) -> Router {
    pages::router(Arc::clone(&app))
        .with_state(app)
        .layer(from_fn(move |request, next| {
            cookie::carry(is_secure, request, next)
        }))
        .layer(from_fn(whole))
        // By `Sec-Fetch-Site`, or else `Origin`: a second guard beside the cookie's, which also covers what needs no
        // session, as the login itself.
        .layer(CsrfLayer::new().with_rejection_response(|_| {
            Problem::Forbidden(Frame::default(), CROSS_SITE).into_response()
        }))
        // The one refuses by `Content-Length` at once, the other reads no further.
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(log))
        .layer(map_response(move |response| async move {
            with_headers(response, is_secure)
        }))
}

const CROSS_SITE: &str =
    "That was sent from another site, so nothing was done. Open the page here, and try again.";

/// A request has all come before anybody looks at its session: a session that has ended must not act by a form that was held
/// back. And what has begun goes on to its end, also if the connection is cut.
async fn whole(request: Request, next: Next) -> Answer {
    let (parts, body) = request.into_parts();
    let body = Bytes::from_request(Request::new(body), &())
        .await
        .map_err(|rejection| Problem::BadForm(rejection.status()))?;
    let request = Request::from_parts(parts, body.into());
    Ok(tokio::spawn(next.run(request)).await?)
}

/// No query, and nothing of what was sent or answered.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    tracing::debug!(%method, path, status = response.status().as_u16(), "request");
    response
}

/// Nothing but this site's own style sheet and icon; no script, no frame, no form to elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

fn with_headers(mut response: Response, is_secure: bool) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`, with which browsers send `Origin: null`, by which a form of the site's own is not known as such.
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    // Nothing of an account stays in a cache, nor behind the back button after a logout.
    set(header::CACHE_CONTROL, "no-store");
    if is_secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    response
}

impl Shared {
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
