//! A form that is sent again is not done again, and no page is the answer to a form: it is shown by the GET that follows.
//!
//! So a double click, a lost answer, a reload and the back button are harmless on every page, without a word in it. For a
//! minute the database keeps what a form was answered with, sealed under what the browser alone knows: there may be a key
//! to scan in it, recovery codes, or the cookie of a session.

use std::time::Duration;

use axum::Form;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use base64ct::{Base64, Encoding as _};
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use secondfactor::account::FormId;
use secondfactor::codes::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::cookie::{Cookie, SetCookie};
use crate::guard::TIMEOUT;
use crate::problem::Answer;
use crate::session_row;
use crate::tries::Try;
use crate::{Outcome, random};

/// As long as the library gives the same answer again. The form is known until it is swept.
const KEPT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);
const NONCE_LEN: usize = 24;

/// Where the page is shown that answers a form, if not at the form's own path.
#[derive(Clone)]
pub(crate) struct ShownAt(pub(crate) String);

/// What a form was answered with.
#[derive(Serialize, Deserialize)]
struct Kept {
    until: UnixTime,
    /// Where it leads.
    location: String,
    cookies: Vec<SetCookie>,
    /// What is shown there, and to which session.
    page: Option<Page>,
    session: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Page {
    status: u16,
    retry_after: Option<String>,
    body: String,
}

#[derive(Deserialize)]
struct Named {
    form: Option<FormId>,
}

/// In front of every page.
pub(crate) async fn once(
    State(app): State<App>,
    cookie: Cookie,
    request: Request,
    next: Next,
) -> Answer {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str()).to_owned();
    if request.method() == Method::GET {
        return Ok(match shown(&app, &cookie, &path).await? {
            Some(page) => page,
            None => next.run(request).await,
        });
    }
    if request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let body = Bytes::from_request(Request::new(body), &()).await?;
    if !has_session(&app, &cookie).await? {
        // Else whoever comes could fill the database.
        parts.extensions.insert(Try::new(&app, &parts)?);
    }
    let place = Place::new(&parts, &body, cookie.id()).await?;
    if place.is_named && !place.claim(&app).await? {
        return place.repeat(&app, &cookie).await;
    }
    let response = next.run(Request::from_parts(parts, body.into())).await;
    place.keep(&app, &cookie, path, response).await
}

async fn has_session(app: &App, cookie: &Cookie) -> Outcome<bool> {
    match cookie.id() {
        Some(id) => Ok(app
            .database
            .session(&session_row::key(&id))
            .await?
            .is_some()),
        None => Ok(false),
    }
}

/// The page that a form was answered with, if this is the GET that follows. The browser forgets it with that.
async fn shown(app: &App, cookie: &Cookie, path: &str) -> Outcome<Option<Response>> {
    let Some(secret) = cookie.outcome() else {
        return Ok(None);
    };
    let place = Place {
        secret,
        is_named: true,
    };
    let kept = place.kept(app).await?;
    let kept = kept.filter(|kept| {
        let is_here = kept.location == path && kept.session == cookie.id();
        is_here && kept.until >= app.mfa.now()
    });
    let Some(page) = kept.and_then(|kept| kept.page) else {
        return Ok(None);
    };
    cookie.set_outcome(None);
    page.show().map(Some)
}

impl Page {
    fn show(self) -> Outcome<Response> {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::try_from(seconds)?);
        }
        let status = StatusCode::from_u16(self.status)?;
        Ok((status, headers, Html(self.body)).into_response())
    }
}

/// Where an answer is kept, by what the browser alone knows.
struct Place {
    secret: String,
    /// The form has an id, so it is known again.
    is_named: bool,
}

impl Place {
    /// The same session, page, form and all that was typed make the same place.
    async fn new(parts: &Parts, body: &Bytes, session: Option<String>) -> Outcome<Self> {
        let request = Request::from_parts(parts.clone(), body.clone().into());
        let named = Form::<Named>::from_request(request, &()).await;
        let Some(form) = named.ok().and_then(|Form(named)| named.form) else {
            return Ok(Self {
                secret: random::id()?,
                is_named: false,
            });
        };
        let mut hash = Sha256::new_with_prefix(form.to_string());
        for part in [session.unwrap_or_default(), parts.uri.to_string()] {
            hash.update(session_row::key(&part));
        }
        Ok(Self {
            secret: session_row::hex(&hash.chain_update(body).finalize()),
            is_named: true,
        })
    }

    fn key(&self) -> String {
        session_row::key(&format!("outcome {}", self.secret))
    }

    /// Takes the place; not if the same form was sent before.
    async fn claim(&self, app: &App) -> Outcome<bool> {
        let ends = app.mfa.now().saturating_add(KEPT);
        app.database.add_session(&self.key(), "", "", ends).await
    }

    /// Gives the answer again of the one that came first, as soon as it has one.
    async fn repeat(&self, app: &App, cookie: &Cookie) -> Answer {
        let answered = async {
            loop {
                match self.kept(app).await {
                    Ok(None) => tokio::time::sleep(POLL).await,
                    kept => break kept,
                }
            }
        };
        let kept = tokio::time::timeout(TIMEOUT, answered).await??;
        let kept = kept.ok_or("a form has no answer")?;
        cookie.set_all(kept.cookies);
        if kept.page.is_some() {
            cookie.set_outcome(Some(self.secret.clone()));
        }
        Ok(Redirect::to(&kept.location).into_response())
    }

    /// Keeps an answer. What is neither a page nor leads to one is a file, and goes out as it is.
    async fn keep(&self, app: &App, cookie: &Cookie, path: String, answer: Response) -> Answer {
        let (parts, body) = answer.into_parts();
        let header = |name| parts.headers.get(name).and_then(|it| it.to_str().ok());
        let retry_after = header(RETRY_AFTER).map(str::to_owned);
        let leads = header(LOCATION).map(str::to_owned);
        let is_file = header(CONTENT_DISPOSITION).is_some();
        let at = parts.extensions.get().map(|ShownAt(at)| at.clone());
        let mut kept = Kept {
            until: app.mfa.now().saturating_add(KEPT),
            location: leads.clone().or(at).unwrap_or(path),
            cookies: cookie.changes(),
            page: None,
            session: cookie.id(),
        };
        if leads.is_some() || is_file {
            if self.is_named && !is_file {
                self.is_stored(app, &kept).await;
            }
            return Ok(Response::from_parts(parts, body));
        }
        let body = to_bytes(body, usize::MAX).await?;
        kept.page = Some(Page {
            status: parts.status.as_u16(),
            retry_after,
            body: String::from_utf8(body.into())?,
        });
        if self.is_stored(app, &kept).await {
            cookie.set_outcome(Some(self.secret.clone()));
            return Ok(Redirect::to(&kept.location).into_response());
        }
        let page = kept.page.ok_or("no page")?;
        Ok(page.show()?)
    }

    /// What was done is done, and is told without, if it can't be kept.
    async fn is_stored(&self, app: &App, kept: &Kept) -> bool {
        let stored = self.store(app, kept).await;
        if let Err(error) = &stored {
            tracing::error!(error = &**error, "the answer to a form is not kept");
        }
        stored.is_ok()
    }

    async fn store(&self, app: &App, kept: &Kept) -> Outcome {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce)?;
        let text = serde_json::to_vec(kept)?;
        let sealed = self.cipher().encrypt(&nonce.into(), text.as_slice());
        let sealed = [nonce.as_slice(), &sealed.map_err(|_| "no seal")?].concat();
        let (key, body) = (self.key(), Base64::encode_string(&sealed));
        let is_stored = if self.is_named {
            app.database.swap_session(&key, "", &body, kept.until).await
        } else {
            app.database.add_session(&key, "", &body, kept.until).await
        };
        is_stored?
            .then_some(())
            .ok_or_else(|| "an answer is not kept".into())
    }

    /// None if there is none yet.
    async fn kept(&self, app: &App) -> Outcome<Option<Kept>> {
        let body = app.database.session(&self.key()).await?;
        let Some(body) = body.filter(|body| !body.is_empty()) else {
            return Ok(None);
        };
        let sealed = Base64::decode_vec(&body)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or("no nonce")?;
        let text = self.cipher().decrypt(nonce.into(), sealed);
        Ok(serde_json::from_slice(&text.map_err(|_| "a broken seal")?)?)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key = Sha256::new_with_prefix("seal ").chain_update(&self.secret);
        XChaCha20Poly1305::new(&key.finalize())
    }
}
