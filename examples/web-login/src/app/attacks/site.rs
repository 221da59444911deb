//! The site in this process, with a clock to move, a store that tells when it is asked, and clients that send by halves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use secondfactor::codes::{Clock as _, ManualClock, Secret, Totp, UnixTime};
use secondfactor::sign_in::Note;
use secondfactor::store::drivers::sqlx;
use secondfactor::store::{
    AnyStore, ListAccounts, MemoryStore, Report, Store, Stored, Swap, Version,
};
use secondfactor::{AccountId, Keyring, Mfa, SealingKey};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::activity::Activity;
use crate::app::Shared;
use crate::config::StoreAddress;
use crate::database::Database;
use crate::guard::Guarded;
use crate::health::Health;
use crate::pages;
use crate::password::Passwords;
use crate::tries::PasswordGuard;
use crate::user::{Change, User};

pub(super) struct Site {
    pub(super) app: Arc<Shared>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) between: Between,
    address: SocketAddr,
    pub(super) runtime: Runtime,
    _folder: TempDir,
}

impl Site {
    pub(super) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let _context = runtime.enter();
        let path = StoreAddress::Sqlite(folder.path().join("accounts.db"));
        let (_, database) = runtime.block_on(crate::database::open(&path)).unwrap();
        let (activity, _) = Activity::start(database.clone());
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(1_795_562_124)));
        let between = Between::default();
        let store = Interrupted {
            store: MemoryStore::new(),
            between: between.clone(),
        };
        let mfa = Mfa::new(
            AnyStore::new(store),
            Keyring::new(SealingKey::generate().unwrap()),
        )
        .with_clock(Arc::clone(&clock))
        .on_event_from(move |account, at, event, origin| activity.take(account, at, event, origin));
        let app = Arc::new(Shared {
            mfa,
            database,
            passwords: Passwords::new().unwrap(),
            guard: PasswordGuard::new(NonZero::new(1000).unwrap(), false),
            health: Health::default(),
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let service = Guarded::new(pages::router(), Arc::clone(&app), false).into_service();
        runtime.spawn(async { axum::serve(listener, service).await.unwrap() });
        Self {
            app,
            clock,
            between,
            address,
            runtime,
            _folder: folder,
        }
    }

    pub(super) fn browser(&self) -> Browser {
        Browser {
            address: self.address,
            cookie: String::new(),
            site: "same-origin",
        }
    }

    /// Somebody who has just signed up.
    pub(super) fn signs_up(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let form = format!("organisation=Harbour&name={name}&password={PASSWORD}");
        assert_eq!(browser.post("/sign-up", &form).location, "/account");
        browser
    }

    /// Somebody who has opted in.
    pub(super) fn opts_in(&self, name: &str) -> (Browser, Phone) {
        let mut browser = self.signs_up(name);
        let phone = browser.enrolls("Phone");
        browser.confirms(&phone, &self.code(&phone));
        (browser, phone)
    }

    pub(super) fn passes(&self, seconds: u64) {
        let now = self.clock.now().as_secs();
        self.clock.set(UnixTime::from_secs(now + seconds));
    }

    pub(super) fn goes_back(&self, seconds: u64) {
        let now = self.clock.now().as_secs();
        self.clock.set(UnixTime::from_secs(now - seconds));
    }

    /// What the phone shows now.
    pub(super) fn code(&self, phone: &Phone) -> String {
        phone.code(&self.clock)
    }

    /// Another session of somebody who has opted in, by the next code.
    pub(super) fn logs_in(&self, name: &str, phone: &Phone) -> Browser {
        self.passes(30);
        let mut browser = self.browser();
        assert_eq!(browser.gives_password(name), "/login/code");
        let code = format!("code={}", self.code(phone));
        assert_eq!(browser.post("/login/code", &code).location, "/account");
        browser
    }

    pub(super) fn user(&self, name: &str) -> User {
        let user = self.app.database.user_by_name(name);
        self.runtime.block_on(user).unwrap().unwrap()
    }

    /// How many sessions the database has.
    pub(super) fn sessions(&self) -> u32 {
        let Database::Sqlite(pool) = &self.app.database else {
            unreachable!("it was opened as SQLite");
        };
        let sql = "SELECT count(*) FROM web_session WHERE account <> ''";
        let count = sqlx::query_scalar(sql).fetch_one(pool);
        self.runtime.block_on(count).unwrap()
    }

    pub(super) fn has_record(&self, name: &str) -> bool {
        let account = self.user(name).account().unwrap();
        self.runtime.block_on(self.app.mfa.status(&account)).is_ok()
    }

    /// As a crash may leave it.
    pub(super) fn leaves_note(&self, name: &str, note: Note) {
        let user = self.user(name);
        let change = Change::note(note);
        let change = self.app.database.change_user(&user.id, &change);
        self.runtime.block_on(change).unwrap().unwrap();
    }
}

pub(super) const PASSWORD: &str = "a+long+password";

pub(super) struct Phone {
    totp: Totp,
    pub(super) device: String,
    /// The id of the form that confirms it.
    pub(super) form: String,
}

/// A client with one cookie.
#[derive(Clone)]
pub(super) struct Browser {
    address: SocketAddr,
    cookie: String,
    /// Where it says that its requests come from.
    pub(super) site: &'static str,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) body: String,
    pub(super) head: String,
    cookie: Option<String>,
    outcome: Option<String>,
}

impl Browser {
    pub(super) fn get(&mut self, path: &str) -> Answer {
        let answer = self.sends("GET", path, "", "").read();
        self.take_cookie(&answer);
        answer
    }

    pub(super) fn post(&mut self, path: &str, form: &str) -> Answer {
        let length = format!("Content-Length: {}\r\n", form.len());
        let answer = self.sends("POST", path, &length, form).read();
        self.take_cookie(&answer);
        let Some(outcome) = &answer.outcome else {
            return answer;
        };
        // The page that answers a form is shown by the next request.
        let cookie = format!("{}; {outcome}", self.cookie);
        let browser = Self {
            cookie,
            ..self.clone()
        };
        browser.sends("GET", &answer.location, "", "").read()
    }

    fn take_cookie(&mut self, answer: &Answer) {
        if let Some(cookie) = &answer.cookie {
            self.cookie.clone_from(cookie);
        }
    }

    /// Sends the head of a post whose body the site has asked for.
    pub(super) fn holds_back(&self, path: &str, form: &str) -> Held {
        let head = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", form.len());
        let mut reader = self.sends("POST", path, &head, "").0;
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 100"), "{line}");
        reader.read_line(&mut line).unwrap();
        Held {
            reader,
            form: form.to_owned(),
        }
    }

    pub(super) fn sends(&self, method: &str, path: &str, head: &str, body: &str) -> Reader {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let cookie = if self.cookie.is_empty() {
            String::new()
        } else {
            format!("Cookie: {}\r\n", self.cookie)
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: {}\r\nConnection: close\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n{cookie}{head}\r\n{body}",
            self.address, self.site
        );
        stream.write_all(request.as_bytes()).unwrap();
        Reader(BufReader::new(stream))
    }

    /// Where the password leads.
    pub(super) fn gives_password(&mut self, name: &str) -> String {
        let form = format!("name={name}&password={PASSWORD}");
        self.post("/login", &form).location
    }

    /// What is typed into a page's form, sent with the form's id.
    pub(super) fn form(&mut self, path: &str, typed: &str) -> String {
        let page = self.get(path);
        format!(
            "{typed}&form={}",
            page.between("name=\"form\" value=\"", "\"")
        )
    }

    pub(super) fn is_logged_in(&mut self) -> bool {
        self.get("/account").status == 200
    }

    pub(super) fn enrolls(&mut self, label: &str) -> Phone {
        let answer = self.post("/account/devices/new", &format!("label={label}"));
        Phone::scan(&answer)
    }

    pub(super) fn confirms(&mut self, phone: &Phone, code: &str) {
        let path = format!("/account/devices/{}/confirm", phone.device);
        let answer = self.post(&path, &format!("code={code}"));
        assert_eq!(answer.status, 303, "{answer:?}");
    }

    /// New recovery codes.
    pub(super) fn codes(&mut self) -> Vec<String> {
        let answer = self.post("/account/recovery-codes", "");
        let codes = answer.body.split("<li><code>").skip(1);
        codes
            .map(|rest| rest.split_once('<').unwrap().0.to_owned())
            .collect()
    }
}

impl Phone {
    pub(super) fn code(&self, clock: &ManualClock) -> String {
        self.totp.at(clock.now()).unwrap().to_string()
    }

    pub(super) fn scan(answer: &Answer) -> Self {
        let key = answer.between("id=\"key\">", "<").replace(' ', "");
        Self {
            totp: Totp::new(&Secret::from_base32(&key).unwrap()),
            device: answer.between("action=\"/account/devices/", "/").to_owned(),
            form: answer.between("name=\"form\" value=\"", "\"").to_owned(),
        }
    }
}

impl Answer {
    pub(super) fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.body.split_once(before).expect(&self.body);
        rest.split_once(after).unwrap().0
    }
}

/// A request that waits for its body.
pub(super) struct Held {
    reader: BufReader<TcpStream>,
    form: String,
}

impl Held {
    pub(super) fn finish(mut self) -> Answer {
        let stream = self.reader.get_mut();
        stream.write_all(self.form.as_bytes()).unwrap();
        Reader(self.reader).read()
    }
}

pub(super) struct Reader(BufReader<TcpStream>);

impl Reader {
    pub(super) fn read(mut self) -> Answer {
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.to_owned())
        };
        let set = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.map(|(_, value)| value.split(';').next().unwrap().to_owned());
            values.find(|value| value.starts_with(name))
        };
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            location: header("location").unwrap_or_default(),
            cookie: set("session="),
            outcome: set("outcome="),
            body: body.to_owned(),
            head: head.to_owned(),
        }
    }
}

/// What happens beside a call of the store, once.
#[derive(Clone, Default)]
pub(super) struct Between {
    next: Arc<Mutex<Vec<Interruption>>>,
    /// Others change a record each time that it is to be removed.
    is_contended: Arc<AtomicBool>,
}

struct Interruption {
    call: Call,
    /// How many such calls go by before it.
    skips: usize,
    run: Box<dyn FnOnce() + Send>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Load,
    Swap,
    Swapped,
    Remove,
    Removed,
}

impl Between {
    pub(super) fn at(&self, call: Call, skips: usize, run: impl FnOnce() + Send + 'static) {
        let run = Box::new(run);
        let next = Interruption { call, skips, run };
        self.next.lock().unwrap().push(next);
    }

    pub(super) fn has_happened(&self) -> bool {
        self.next.lock().unwrap().is_empty()
    }

    pub(super) fn forget(&self) {
        self.next.lock().unwrap().clear();
    }

    pub(super) fn conflicts(&self) {
        self.is_contended.store(true, Ordering::Relaxed);
    }

    async fn comes(&self, call: Call) {
        let now = {
            let mut waiting = self.next.lock().unwrap();
            match waiting.iter().position(|next| next.call == call) {
                Some(n) if waiting[n].skips > 0 => {
                    waiting[n].skips -= 1;
                    None
                }
                Some(n) => Some(waiting.remove(n)),
                None => None,
            }
        };
        if let Some(now) = now {
            tokio::task::spawn_blocking(now.run).await.unwrap();
        }
    }
}

struct Interrupted {
    store: MemoryStore,
    between: Between,
}

type Failed = <MemoryStore as Store>::Error;

impl Store for Interrupted {
    type Error = Failed;

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Failed> {
        self.between.comes(Call::Load).await;
        self.store.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Failed> {
        self.between.comes(Call::Swap).await;
        let swap = self.store.swap(account, expected, next).await;
        self.between.comes(Call::Swapped).await;
        swap
    }

    async fn check(&self) -> Result<Report, Failed> {
        self.store.check().await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Failed> {
        self.between.comes(Call::Remove).await;
        if self.between.is_contended.load(Ordering::Relaxed) {
            return Ok(Swap::Conflict);
        }
        let swap = self.store.remove(account, expected).await;
        self.between.comes(Call::Removed).await;
        swap
    }
}

impl ListAccounts for Interrupted {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Failed> {
        self.store.list_accounts(after, limit).await
    }
}
