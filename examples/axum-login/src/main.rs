//! A login on axum with an opt-in second factor, in one file: begin with it, and make it yours.
//!
//! ```sh
//! cargo run --manifest-path examples/axum-login/Cargo.toml
//! ```
//!
//! The manual's chapter `secondfactor::manual::login` gives the reason for each step, and says what
//! is left to add.
#![allow(clippy::print_stdout, clippy::print_stderr)] // it has no other log

use std::error::Error as StdError;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use askama::Template;
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HeaderName, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, request::Parts};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use secondfactor::account::{DeviceId, DeviceState, Fault, FormId, ProofKind, RecoverySetId};
use secondfactor::codes::{Clock, RngError, SystemClock};
use secondfactor::provisioning::KeyUri;
use secondfactor::sealing::KeyFileError;
use secondfactor::sign_in::{
    EndReason, NeedsCode, Note, Proved, SessionKeys, SessionLimits, SignIn, Stage,
};
use secondfactor::store::{ListAccounts as _, Severity, SqliteStore};
use secondfactor::{
    AccountId, Code, Error, Keyring, Label, Mfa, NewDevice, Proof, RecoveryCode, RecoveryCodes,
    SealingKey, Status,
};
use serde::Deserialize;
use serde_json::{from_str, to_string};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tower_http::csrf::CsrfLayer;

type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;
type Answer<T = Response> = Result<T, Problem>;
type App = Arc<Site>;

const NAME: &str = "axum login";
/// `__Host-`: no other host of the domain, and no page over plain HTTP, can set it.
const SESSION: &str = "__Host-session";
const LIMITS: SessionLimits = SessionLimits::AAL2;
const MAX_BODY: usize = 16 * 1024;
/// NIST SP 800-63B-4 section 3.1.1.2, where the password is alone.
const MIN_PASSWORD: usize = 15;
/// Hashing a password takes 19 MiB and a core: more at once would starve the rest.
static HASHING: Semaphore = Semaphore::const_new(2);
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS user (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL, note TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, login BLOB NOT NULL,
        account TEXT NOT NULL, sign_in TEXT NOT NULL, began INTEGER NOT NULL) STRICT;";

#[tokio::main]
async fn main() -> Outcome {
    let site = open(Path::new("axum-login-data"), SystemClock).await?;
    // A proxy in front ends TLS. Without it, Chromium and Firefox take the cookie from `localhost`.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Listening on http://localhost:3000/");
    Ok(axum::serve(listener, site).await?)
}

struct Site {
    database: Mutex<Connection>,
    mfa: Mfa<SqliteStore>,
}

/// Opens the database and the sealing key, in a folder for its owner only. For real the key lies
/// elsewhere, and not in the database's backups.
pub(crate) async fn open(folder: &Path, clock: impl Clock + 'static) -> Outcome<Router> {
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700).create(folder)?;
    let (file, key_file) = (folder.join("accounts.db"), folder.join("sealing.key"));
    let store = SqliteStore::open(&file)?;
    let database = Connection::open(&file)?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.execute_batch(SCHEMA)?;

    // A new key opens no record, so it is made only where nothing was sealed yet.
    let nothing_sealed = store.list_accounts(None, 1).await?.is_empty();
    let key = match SealingKey::load_file(&key_file) {
        Err(KeyFileError::Missing { .. }) if nothing_sealed => SealingKey::create_file(&key_file),
        loaded => loaded,
    }?;
    let mfa = Mfa::new(store, Keyring::new(key)).with_clock(clock);
    let mfa = mfa.on_event(|account, _, event| {
        eprintln!("{account}: {event:?}");
        if event.notify_owner() { /* .. mail the owner .. */ }
    });
    // With a wrong key, or on a database that is not fit for a login, there is no start.
    let report = mfa.check().await?;
    if report.worst() >= Some(Severity::Unsafe) {
        return Err(format!("the database is not fit: {:?}", report.findings()).into());
    }
    let database = Mutex::new(database);
    Ok(router(Arc::new(Site { database, mfa })))
}

/// A page that is added here stands behind the guards, like all others.
fn router(site: App) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login_form).post(log_in))
        .route("/signup", post(sign_up))
        .route("/code", get(code_form).post(give_code))
        .route("/logout", post(log_out))
        .route("/security", get(security))
        .route("/security/enroll", post(enroll))
        .route("/security/confirm", post(confirm))
        .route("/security/codes", post(new_codes))
        .route("/security/keep", post(keep))
        .with_state(site)
        .layer(from_fn(whole))
        .layer(CsrfLayer::new())
        .layer(map_response(with_headers))
}

/// A request has all come before its session is looked at, and what has begun runs to its end though
/// the connection is cut.
async fn whole(request: Request, next: Next) -> Answer {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| damaged())?;
    let request = Request::from_parts(parts, body.into());
    Ok(tokio::spawn(next.run(request)).await?)
}

/// Nothing of an answer stays in a cache, or behind the back button; and no page runs a script.
async fn with_headers(mut response: Response) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
        frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why something was not done. Whatever it is, nobody is let in by it.
enum Problem {
    /// Something else comes first.
    Go(&'static str),
    /// There is no session, or no longer: why, in words.
    LogIn(String),
    Refused(String),
    Failed(Box<dyn StdError + Send + Sync>),
}

fn damaged() -> Problem {
    Problem::Refused("The form is damaged: load the page again".to_owned())
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Problem {
    fn from(error: E) -> Self {
        let error = error.into();
        match error.downcast_ref() {
            Some(Error::Stale(_)) => Self::Go("/code"),
            // The note says that they have opted in, and there is no record: an incident.
            Some(Error::NotEnrolled) => Self::Failed(error),
            Some(error) if error.fault() == Fault::Application => Self::Refused(error.to_string()),
            _ => Self::Failed(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, page) = match &self {
            Self::Go(path) => return Redirect::to(path).into_response(),
            Self::LogIn(message) => (StatusCode::FORBIDDEN, Page::LogIn { message }),
            Self::Refused(message) => (StatusCode::CONFLICT, Page::Refusal { message }),
            Self::Failed(error) => {
                eprintln!("failed: {error:?}");
                let message = "Try again later.";
                (StatusCode::INTERNAL_SERVER_ERROR, Page::Refusal { message })
            }
        };
        (status, page).into_response()
    }
}

/// Gave the right password, and has come so far.
struct Claimant {
    site: App,
    cookie: String,
    sign_in: SignIn,
    name: String,
    password: String,
    note: Note,
    stage: Stage,
}

impl FromRequestParts<App> for Claimant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &App) -> Answer<Self> {
        let (site, cookie) = (App::clone(site), cookie(&parts.headers));
        let key = key(&cookie);
        let sql = "SELECT name, password, note, sign_in FROM user JOIN session ON account = id
            WHERE key = ?";
        let (name, password, note, sign_in) = site.transaction(|database| {
            let [name, password, note, sign_in] =
                texts(database, sql, &key)?.ok_or(Problem::Go("/login"))?;
            let mut sign_in: SignIn = from_str(&sign_in)?;
            if sign_in.touch(LIMITS, site.mfa.now()) {
                save(database, &key, &sign_in)?;
            }
            Ok((name, password, from_str(&note)?, sign_in))
        })?;
        let session = cookie.as_bytes();
        let stage = site.mfa.stage(&sign_in, session, note, LIMITS).await?;
        Ok(Self {
            site,
            cookie,
            sign_in,
            name,
            password,
            note,
            stage,
        })
    }
}

/// Has proved all that their account demands: every page behind the login takes one.
struct LoggedIn(Claimant);

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &App) -> Answer<Self> {
        let claimant = Claimant::from_request_parts(parts, site).await?;
        claimant.at(&[Stage::Password, Stage::Recognized, Stage::Proven])?;
        Ok(Self(claimant))
    }
}

impl Claimant {
    /// Leads everybody else to where they are.
    fn at(&self, stages: &[Stage]) -> Answer<()> {
        Err(match self.stage {
            stage if stages.contains(&stage) => return Ok(()),
            Stage::Half => Problem::Go("/code"),
            Stage::Ended(reason) => Problem::LogIn(reason.to_string()),
            Stage::Repeat => Problem::LogIn(EndReason::RepeatOver.to_string()),
            _ => Problem::Go("/security"),
        })
    }

    /// What changes the second factor takes one, and the library asks whether it is fresh.
    fn proof(&self) -> Answer<Proof> {
        let token = self.sign_in.token().ok_or(Problem::Go("/security"))?;
        let (account, session) = (self.sign_in.account(), self.cookie.as_bytes());
        Ok(self.site.mfa.open_proof(account, session, token)?)
    }

    /// They go on in a new session, with a cookie that nobody has seen before. The session that asked
    /// can only send the same form again. Whoever has logged out meanwhile stays logged out.
    fn prove(&self, proof: impl AsRef<Proof>) -> Answer<[(HeaderName, String); 1]> {
        let (proof, mfa, cookie) = (proof.as_ref(), &self.site.mfa, random_id()?);
        let token = mfa.seal_proof(proof, cookie.as_bytes())?;
        let (old, new) = (&*key(&self.cookie), &*key(&cookie));
        self.site.transaction(|database| {
            let stored = texts(database, "SELECT sign_in FROM session WHERE key = ?", old)?;
            let [sign_in] = stored.ok_or(Problem::Go("/login"))?;
            let sign_in: SignIn = from_str(&sign_in)?;
            let Proved { left, next } = sign_in
                .prove(proof, token, SessionKeys { old, new }, mfa.now())
                .map_err(|why| Problem::LogIn(why.to_string()))?;
            save(database, old, &left)?;
            save(database, new, &next)?;
            // Whoever has the lost device may be logged in by it.
            if proof.kind() == ProofKind::RecoveryCode {
                let others = "DELETE FROM session WHERE account = ? AND login != ?";
                database.execute(others, params![proof.account().as_str(), left.id()])?;
            }
            // After the first confirmation; or a crash came between that and its note.
            if let Note::OptedOut | Note::OptingIn = self.note {
                self.write_note(database, Note::OptedIn)?;
            }
            Ok(set_cookie(&cookie))
        })
    }

    /// Only if it is still the one that was read: another session may change it at the same time.
    fn write_note(&self, database: &Connection, note: Note) -> Answer<()> {
        let sql = "UPDATE user SET note = ? WHERE id = ? AND note = ?";
        let (note, before) = (to_string(&note)?, to_string(&self.note)?);
        database.execute(sql, [&note, self.sign_in.account().as_str(), &before])?;
        Ok(())
    }
}

impl Site {
    /// While SQLite waits for the disk, the other requests do not wait for this thread.
    fn transaction<T>(&self, work: impl FnOnce(&Connection) -> Answer<T>) -> Answer<T> {
        tokio::task::block_in_place(|| {
            let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    /// Ends all sessions of a login, from whichever of them, and forgets those that are over.
    fn end(&self, cookie: &str) -> Answer<()> {
        let over = self.mfa.now().saturating_sub(LIMITS.total()).as_secs();
        let sql = "DELETE FROM session WHERE began < ?
            OR login IN (SELECT login FROM session WHERE key = ?)";
        self.transaction(|database| {
            database.execute(sql, params![i64::try_from(over)?, key(cookie)])?;
            Ok(())
        })
    }
}

fn save(database: &Connection, key: &str, sign_in: &SignIn) -> Answer<()> {
    let (login, account) = (sign_in.id(), sign_in.account().as_str());
    let began = i64::try_from(sign_in.began().as_secs())?;
    let sql = "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)";
    database.execute(
        sql,
        params![key, login, account, to_string(sign_in)?, began],
    )?;
    Ok(())
}

/// The texts of a row, if there is one.
fn texts<const N: usize>(
    database: &Connection,
    sql: &str,
    key: &str,
) -> rusqlite::Result<Option<[String; N]>> {
    let row = database.query_row(sql, [key], |row| {
        let mut texts = [const { String::new() }; N];
        for (n, text) in texts.iter_mut().enumerate() {
            *text = row.get(n)?;
        }
        Ok(texts)
    });
    row.optional()
}

#[derive(Template)]
enum Page<'p> {
    #[template(path = "login.html")]
    LogIn { message: &'p str },
    #[template(path = "code.html")]
    Code { message: &'p str, form: FormId },
    #[template(path = "home.html")]
    Home { name: &'p str },
    #[template(path = "opt_in.html")]
    OptIn,
    #[template(path = "security.html")]
    Security { status: &'p Status },
    #[template(path = "confirm.html")]
    Confirm {
        uri: &'p KeyUri,
        device: DeviceId,
        message: &'p str,
        form: FormId,
    },
    #[template(path = "codes.html")]
    Codes { codes: &'p RecoveryCodes },
    #[template(path = "refusal.html")]
    Refusal { message: &'p str },
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        match self.render() {
            Ok(html) => Html(html).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// Whatever a form of this site sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
    password: String,
    label: String,
    code: String,
    /// The form's own id, so that a double click ends where one click does.
    form: Option<FormId>,
    device: Option<DeviceId>,
    uri: String,
    replaces: Option<RecoverySetId>,
}

async fn login_form() -> Response {
    Page::LogIn { message: "" }.into_response()
}

async fn sign_up(State(site): State<App>, Form(typed): Form<Typed>) -> Answer {
    // No two names look alike.
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !(1..=32).contains(&typed.name.len()) || !typed.name.bytes().all(fits) {
        return Err(Problem::LogIn(
            "A name has 1 to 32 of a to z, 0 to 9 and -".to_owned(),
        ));
    }
    if typed.password.chars().count() < MIN_PASSWORD {
        return Err(Problem::LogIn(
            "A password has 15 characters or more".to_owned(),
        ));
    }
    let hash = hashing(move || hash(&typed.password)).await??;
    let user = [random_id()?, typed.name, hash, to_string(&Note::OptedOut)?];
    let sql = "INSERT INTO user VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING";
    match site.transaction(|database| Ok(database.execute(sql, user)?))? {
        1 => Ok(Page::LogIn {
            message: "Now log in",
        }
        .into_response()),
        _ => Err(Problem::LogIn("That name is taken".to_owned())),
    }
}

/// One answer, after the same work, whether the name or the password is wrong.
async fn log_in(State(site): State<App>, headers: HeaderMap, Form(typed): Form<Typed>) -> Answer {
    let sql = "SELECT id, password, note FROM user WHERE name = ?";
    let user = site.transaction(|database| Ok(texts(database, sql, &typed.name)?))?;
    let stored = user.as_ref().map(|[_, password, _]| password.clone());
    let is_right = hashing(move || is_right(&typed.password, stored.as_deref())).await??;
    let wrong = || Problem::LogIn("Name or password is wrong".to_owned());
    let [id, _, note] = user.filter(|_| is_right).ok_or_else(wrong)?;
    let (account, note): (_, Note) = (AccountId::new(id)?, from_str(&note)?);
    let needs = site.mfa.needs_code(&account, note).await?;
    site.end(&cookie(&headers))?;
    let cookie = random_id()?;
    let sign_in = SignIn::begin(account, needs, site.mfa.now())?;
    site.transaction(|database| save(database, &key(&cookie), &sign_in))?;
    let next = if needs == NeedsCode::No { "/" } else { "/code" };
    Ok((set_cookie(&cookie), Redirect::to(next)).into_response())
}

async fn log_out(State(site): State<App>, headers: HeaderMap) -> Answer {
    site.end(&cookie(&headers))?;
    Ok((set_cookie(""), Redirect::to("/login")).into_response())
}

async fn code_form(claimant: Claimant) -> Answer {
    claimant.at(&[Stage::Half, Stage::Mending, Stage::Proven])?;
    code_page("")
}

fn code_page(message: &str) -> Answer {
    let form = FormId::generate()?;
    Ok(Page::Code { message, form }.into_response())
}

/// The second step of a login; and a fresh proof for whoever is logged in.
async fn give_code(claimant: Claimant, Form(typed): Form<Typed>) -> Answer {
    claimant.at(&[Stage::Half, Stage::Repeat, Stage::Mending, Stage::Proven])?;
    let (mfa, sign_in) = (&claimant.site.mfa, &claimant.sign_in);
    let (account, form) = (sign_in.account(), typed.form.ok_or_else(damaged)?);
    let proof: Result<Proof, Error> = if let Ok(code) = typed.code.parse::<Code>() {
        mfa.verify(account, sign_in.submission(code, form)?)
            .await
            .map(Into::into)
    } else if let Ok(code) = typed.code.parse::<RecoveryCode>() {
        mfa.redeem(account, sign_in.submission(&code, form)?)
            .await
            .map(Into::into)
    } else {
        return code_page("A code has six digits, a recovery code 25 letters and digits");
    };
    match proof {
        Ok(proof) => Ok((claimant.prove(&proof)?, Redirect::to("/security")).into_response()),
        Err(Error::Denied(denial)) => code_page(&denial.text(mfa.now())),
        Err(error) => Err(error.into()),
    }
}

async fn home(LoggedIn(claimant): LoggedIn) -> Response {
    Page::Home {
        name: &claimant.name,
    }
    .into_response()
}

/// What a recovery code opens too: the pages on which the second factor is mended.
const MENDING: &[Stage] = &[Stage::Password, Stage::Mending, Stage::Proven];

async fn security(claimant: Claimant) -> Answer {
    claimant.at(MENDING)?;
    if claimant.stage == Stage::Password {
        return Ok(Page::OptIn.into_response());
    }
    let status = claimant.site.mfa.status(claimant.sign_in.account()).await?;
    Ok(Page::Security { status: &status }.into_response())
}

/// By a proof of the second factor; for the first device by the password, given again.
async fn enroll(claimant: Claimant, Form(typed): Form<Typed>) -> Answer {
    claimant.at(MENDING)?;
    let (site, sign_in) = (&claimant.site, &claimant.sign_in);
    let label = Label::new(typed.label).map_err(|why| Problem::Refused(why.to_string()))?;
    let device = NewDevice::from(label).in_session(sign_in.id());
    let enrollment = if claimant.stage == Stage::Password {
        let stored = claimant.password.clone();
        if !hashing(move || is_right(&typed.password, Some(&stored))).await?? {
            return Err(Problem::Refused("The password is wrong".to_owned()));
        }
        // Before the record changes: so no crash leaves the door open.
        site.transaction(|database| claimant.write_note(database, Note::OptingIn))?;
        site.mfa.enroll(sign_in.account(), device).await?
    } else {
        site.mfa.enroll_another(claimant.proof()?, device).await?
    };
    let uri = enrollment.key_uri(NAME, &claimant.name);
    confirm_page(&uri, enrollment.device(), "")
}

/// The form has the key, to show it again after a typo: the site stores it nowhere.
fn confirm_page(uri: &KeyUri, device: DeviceId, message: &str) -> Answer {
    let form = FormId::generate()?;
    Ok(Page::Confirm {
        uri,
        device,
        message,
        form,
    }
    .into_response())
}

async fn confirm(claimant: Claimant, Form(typed): Form<Typed>) -> Answer {
    // A form that is sent twice meets a session that the first one has led on, or is about to.
    let again = [Stage::Repeat, Stage::Ended(EndReason::CodeNeeded)];
    claimant.at(&[MENDING, &again].concat())?;
    let (mfa, sign_in) = (&claimant.site.mfa, &claimant.sign_in);
    let (device, form) = (
        typed.device.ok_or_else(damaged)?,
        typed.form.ok_or_else(damaged)?,
    );
    let uri = KeyUri::parse(&typed.uri).map_err(|_| damaged())?;
    let Ok(code) = typed.code.parse::<Code>() else {
        return confirm_page(&uri, device, "A code has six digits");
    };
    let (pending, code) = (
        device.in_session(sign_in.id()),
        sign_in.submission(code, form)?,
    );
    match mfa.confirm(sign_in.account(), pending, code).await {
        Ok(proof) => Ok((claimant.prove(&proof)?, Redirect::to("/security")).into_response()),
        Err(Error::Denied(denial)) => confirm_page(&uri, device, &denial.text(mfa.now())),
        Err(error) => Err(error.into()),
    }
}

/// In the place of those that the page has shown: a form that is sent twice voids no printed code.
async fn new_codes(claimant: Claimant, Form(typed): Form<Typed>) -> Answer {
    claimant.at(MENDING)?;
    let (mfa, proof) = (&claimant.site.mfa, claimant.proof()?);
    let codes = mfa.issue_recovery_codes(&proof, typed.replaces).await?;
    Ok(Page::Codes { codes: &codes }.into_response())
}

/// Whatever a thief may have added ends with everything else. So do the recovery codes, and the answer
/// has new ones: nobody is left with neither.
async fn keep(claimant: Claimant) -> Answer {
    claimant.at(MENDING)?;
    let (mfa, proof) = (&claimant.site.mfa, claimant.proof()?);
    let in_use: Vec<DeviceId> = proof.device().into_iter().collect();
    let proof = mfa
        .keep_only(&proof, &in_use)
        .await?
        .ok_or("the device was not kept")?;
    let present = mfa.status(proof.account()).await?.recovery_set();
    let codes = mfa.issue_recovery_codes(&proof, present).await?;
    Ok((claimant.prove(&proof)?, Page::Codes { codes: &codes }).into_response())
}

fn set_cookie(id: &str) -> [(HeaderName, String); 1] {
    let cookie = format!("{SESSION}={id}; Path=/; Secure; HttpOnly; SameSite=Lax");
    [(SET_COOKIE, cookie)]
}

fn cookie(headers: &HeaderMap) -> String {
    let headers = headers.get_all(COOKIE).iter();
    let pairs = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|all| all.split("; "));
    let mut ids = pairs.filter_map(|pair| pair.strip_prefix(SESSION)?.strip_prefix('='));
    ids.next().unwrap_or_default().to_owned()
}

/// Whoever reads the database finds no session to take over.
fn key(cookie: &str) -> String {
    Sha256::digest(cookie)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// 128 random bits.
fn random_id() -> Result<String, RngError> {
    Ok(FormId::generate()?.to_string())
}

async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
    let turn = HASHING.acquire().await?;
    Ok(tokio::task::spawn_blocking(move || (work(), turn).0).await?)
}

fn hash(password: &str) -> Outcome<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| error.to_string())?.to_string())
}

/// The same work for a name that nobody has.
fn is_right(password: &str, stored: Option<&str>) -> Outcome<bool> {
    let Some(stored) = stored else {
        return hash(password).map(|_| false);
    };
    let stored = PasswordHash::new(stored).map_err(|error| error.to_string())?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &stored)
        .is_ok())
}
