//! What a browser says of itself: the cookies that came with a request, what goes with its answer, and its name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{COOKIE, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use secondfactor::AccountId;
use secondfactor::account::BrowserCookie;
use serde::{Deserialize, Serialize};

use crate::{random, words};

/// `__Host-`: no other host of the domain, and no page over plain HTTP, can set it.
const HOST: &str = "__Host-";
const SESSION: &str = "session";
const OUTCOME: &str = "outcome";
/// Browsers keep none longer.
const KNOWN_FOR: u32 = 400 * 24 * 3600;

/// The browser of a request, by its cookies.
#[derive(Clone, Default)]
pub(crate) struct Cookie(Arc<Mutex<Jar>>);

#[derive(Default)]
struct Jar {
    is_secure: bool,
    agent: String,
    values: BTreeMap<String, String>,
    changes: Vec<SetCookie>,
}

/// What the browser is to keep from now on, in seconds if it ends before the browser does. Without a value it forgets it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SetCookie {
    name: String,
    value: Option<String>,
    age: Option<u32>,
}

impl Cookie {
    fn from_headers(headers: &HeaderMap, is_secure: bool) -> Self {
        let pairs = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        // The first one of a name is the one of the longest path, as browsers send them.
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            values
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
        let agent = headers.get(USER_AGENT);
        let agent = agent.map_or(&b""[..], HeaderValue::as_bytes);
        Self(Arc::new(Mutex::new(Jar {
            is_secure,
            agent: words::browser(&String::from_utf8_lossy(agent)),
            values,
            changes: Vec::new(),
        })))
    }

    /// The id of the session.
    pub(crate) fn id(&self) -> Option<String> {
        self.get(SESSION).filter(|id| id.len() == random::ID_LEN)
    }

    /// With `None` the browser forgets it. It has no date: it ends with the browser, and the session with its row.
    pub(crate) fn set(&self, id: Option<String>) {
        if self.id() != id {
            self.change(SESSION, id, None);
        }
    }

    /// The library's cookie of a browser that is known to the account.
    pub(crate) fn known(&self, account: &AccountId) -> Option<String> {
        let name = BrowserCookie::name_for(account);
        self.get(name.trim_start_matches(HOST))
    }

    pub(crate) fn set_known(&self, cookie: Option<BrowserCookie>) {
        if let Some(cookie) = cookie {
            let value = cookie.expose_value().as_str().to_owned();
            let name = cookie.name().trim_start_matches(HOST);
            self.change(name, Some(value), Some(KNOWN_FOR));
        }
    }

    /// Where the page is kept that the next GET shows.
    pub(crate) fn outcome(&self) -> Option<String> {
        self.get(OUTCOME)
    }

    pub(crate) fn set_outcome(&self, secret: Option<String>) {
        self.change(OUTCOME, secret, None);
    }

    /// All that the answer sets, to set it again.
    pub(crate) fn changes(&self) -> Vec<SetCookie> {
        self.with(|jar| jar.changes.clone())
    }

    pub(crate) fn set_all(&self, changes: Vec<SetCookie>) {
        self.with(|jar| jar.changes.extend(changes));
    }

    /// What its owner knows it by: "Firefox on Linux".
    pub(crate) fn agent(&self) -> String {
        self.with(|jar| jar.agent.clone())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.with(|jar| jar.values.get(&jar.full(name)).cloned())
    }

    fn change(&self, name: &str, value: Option<String>, age: Option<u32>) {
        self.with(|jar| {
            let name = jar.full(name);
            match &value {
                Some(value) => jar.values.insert(name.clone(), value.clone()),
                None => jar.values.remove(&name),
            };
            jar.changes.retain(|change| change.name != name);
            jar.changes.push(SetCookie { name, value, age });
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Jar) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Jar {
    fn full(&self, name: &str) -> String {
        let host = if self.is_secure { HOST } else { "" };
        format!("{host}{name}")
    }

    /// Not `Strict`: whoever comes by a link in a mail would find themselves logged out. A GET changes nothing here, and a
    /// cross-site post comes without the cookie.
    fn headers(&self) -> impl Iterator<Item = String> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        self.changes.iter().map(move |change| {
            let value = change.value.as_deref().unwrap_or_default();
            let age = change.age.or(change.value.is_none().then_some(0));
            let age = age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
            format!(
                "{}={value}; HttpOnly; SameSite=Lax; Path=/{age}{secure}",
                change.name
            )
        })
    }
}

/// Hands the cookies to the pages, and what they make of them to the browser.
pub(crate) async fn carry(is_secure: bool, mut request: Request, next: Next) -> Response {
    let cookie = Cookie::from_headers(request.headers(), is_secure);
    request.extensions_mut().insert(cookie.clone());
    let mut response = next.run(request).await;
    let (headers, has_ended) = cookie.with(|jar| {
        let session = jar.full(SESSION);
        let mut changes = jar.changes.iter();
        let has_ended = changes.any(|change| change.name == session && change.value.is_none());
        (jar.headers().collect::<Vec<_>>(), has_ended)
    });
    if has_ended {
        // Else the back button brings up pages that were never in a cache, but whole in the browser's memory.
        let cache = HeaderValue::from_static("\"cache\"");
        response.headers_mut().insert("clear-site-data", cache);
    }
    for header in headers {
        if let Ok(header) = HeaderValue::try_from(header) {
            response.headers_mut().append(SET_COOKIE, header);
        }
    }
    response
}

impl<S: Sync> FromRequestParts<S> for Cookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
