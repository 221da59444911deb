//! The session's cookie: what came with a request, and what goes with its answer.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::random;

/// The id of the session, as the browser has it.
#[derive(Clone, Default)]
pub(crate) struct Cookie(Arc<Mutex<Id>>);

#[derive(Default)]
struct Id {
    text: Option<String>,
    has_changed: bool,
}

impl Cookie {
    fn from_headers(headers: &HeaderMap, name: &str) -> Self {
        let mut pairs = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let text = pairs
            .find(|(key, id)| *key == name && id.len() == random::ID_LEN)
            .map(|(_, id)| id.to_owned());
        let has_changed = false;
        Self(Arc::new(Mutex::new(Id { text, has_changed })))
    }

    pub(crate) fn id(&self) -> Option<String> {
        self.with(|id| id.text.clone())
    }

    /// With `None` the browser forgets it.
    pub(crate) fn set(&self, text: Option<String>) {
        self.with(|id| {
            id.has_changed |= id.text != text;
            id.text = text;
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Id) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Not `Strict`: whoever comes by a link in a mail would find themselves logged out. A GET changes nothing here, and a
    /// cross-site post comes without the cookie. It has no date: it ends with the browser, and the session with its row.
    fn header(&self, name: &str, is_secure: bool) -> Option<String> {
        let secure = if is_secure { "; Secure" } else { "" };
        self.with(|id| {
            let (text, age) = match &id.text {
                _ if !id.has_changed => return None,
                Some(text) => (text.as_str(), ""),
                None => ("", "; Max-Age=0"),
            };
            Some(format!(
                "{name}={text}; HttpOnly; SameSite=Lax; Path=/{age}{secure}"
            ))
        })
    }
}

/// Hands the cookie to the pages, and what they make of it to the browser.
pub(crate) async fn carry(is_secure: bool, mut request: Request, next: Next) -> Response {
    // `__Host-`: no other host of the domain, and no page over plain HTTP, can set it.
    let name = if is_secure {
        "__Host-session"
    } else {
        "session"
    };
    let cookie = Cookie::from_headers(request.headers(), name);
    request.extensions_mut().insert(cookie.clone());
    let mut response = next.run(request).await;
    let header = cookie.header(name, is_secure);
    if let Some(header) = header.and_then(|header| HeaderValue::try_from(header).ok()) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

impl<S: Sync> FromRequestParts<S> for Cookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
