//! What stands before every page: the site serves nothing that is not `Guarded`, so no page can be outside.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use crate::cookie;
use crate::once::once;
use crate::pages::Frame;
use crate::problem::{Answer, Problem};

/// How long a request may take, its body's arrival included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest form has a few hundred bytes.
const MAX_BODY: usize = 16 * 1024;

/// Pages behind the guard.
#[derive(Debug)]
pub(crate) struct Guarded(Router);

impl Guarded {
    /// The outermost comes last.
    pub(crate) fn new(pages: Router<App>, app: App, is_secure: bool) -> Self {
        let guarded = pages
            .layer(from_fn_with_state(App::clone(&app), once))
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
            }));
        Self(guarded)
    }

    pub(crate) fn into_service(self) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        self.0.into_make_service_with_connect_info()
    }
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
