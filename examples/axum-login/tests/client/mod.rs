//! A site on a database and a clock of its own, and a client that sends what a test wants.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use secondfactor::codes::{Clock as _, ManualClock, Secret, Totp, UnixTime};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::site;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Site {
    pub(crate) clock: Arc<ManualClock>,
    address: String,
    runtime: Runtime,
    folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(1_800_000_000)));
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let start = async {
            let router = site::open(folder.path(), Arc::clone(&clock)).await.unwrap();
            (router, TcpListener::bind("127.0.0.1:0").await.unwrap())
        };
        let (router, listener) = runtime.block_on(start);
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async { axum::serve(listener, router).await });
        Self {
            clock,
            address,
            runtime,
            folder,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn starts_again(&self) -> Result<(), String> {
        let opened = self
            .runtime
            .block_on(site::open(self.folder(), Arc::clone(&self.clock)));
        opened.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) fn browser(&self) -> Browser {
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false);
        Browser {
            agent: config.proxy(None).build().new_agent(),
            address: self.address.clone(),
            cookie: String::new(),
            attributes: String::new(),
        }
    }

    /// A browser that is logged in by the password alone.
    pub(crate) fn signed_up(&self) -> Browser {
        let mut browser = self.browser();
        assert_eq!(browser.sign_up("alice").status, 200);
        assert_eq!(browser.log_in().location, "/");
        browser
    }

    /// A browser that is logged in by the code of a phone.
    pub(crate) fn opted_in(&self) -> (Browser, Secret) {
        let mut browser = self.signed_up();
        let phone = self.opts_in(&mut browser);
        (browser, phone)
    }

    pub(crate) fn opts_in(&self, browser: &mut Browser) -> Secret {
        let (phone, confirm) = browser.enroll("phone");
        assert_eq!(
            browser.confirm(&confirm, &self.next_code(&phone)).location,
            "/security"
        );
        phone
    }

    /// Half a minute later.
    pub(crate) fn next_code(&self, phone: &Secret) -> String {
        self.clock.advance(Duration::from_secs(30));
        Totp::new(phone).at(self.clock.now()).unwrap().to_string()
    }

    fn database(&self) -> Connection {
        Connection::open(self.folder().join("accounts.db")).unwrap()
    }

    pub(crate) fn note(&self) -> String {
        let sql = "SELECT note FROM user";
        let note: String = self
            .database()
            .query_row(sql, [], |row| row.get(0))
            .unwrap();
        serde_json::from_str(&note).unwrap()
    }

    pub(crate) fn set_note(&self, note: &str) {
        let note = format!("{note:?}");
        assert_eq!(
            self.database()
                .execute("UPDATE user SET note = ?", [note])
                .unwrap(),
            1
        );
    }

    pub(crate) fn damage_record(&self) {
        let sql = "UPDATE secondfactor_record SET body = zeroblob(100) ";
        assert!(self.database().execute(sql, []).unwrap() > 0);
    }

    pub(crate) fn remove_record(&self) {
        self.database()
            .execute("DELETE FROM secondfactor_record", [])
            .unwrap();
    }

    /// Whether any row of a session holds this text.
    pub(crate) fn stores(&self, text: &str) -> bool {
        let sql = "SELECT count(*) FROM session WHERE instr(key || sign_in, ?) > 0";
        self.database()
            .query_row(sql, [text], |row| row.get::<_, i64>(0))
            .unwrap()
            > 0
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    agent: Agent,
    address: String,
    pub(crate) cookie: String,
    pub(crate) attributes: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) cache: String,
    pub(crate) body: String,
}

/// A post whose body is yet to come.
pub(crate) struct HeldBack {
    stream: TcpStream,
    body: &'static str,
}

impl HeldBack {
    pub(crate) fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// What the form of a new device sends beside the code.
#[derive(Clone)]
pub(crate) struct Confirmation {
    device: String,
    uri: String,
    form: String,
}

impl Browser {
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.address));
        let response = request.header("cookie", self.cookies()).call();
        self.read(response.unwrap())
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(path, "same-origin", fields)
    }

    /// As a page of another site sends it, if its browser sends the cookie all the same.
    pub(crate) fn post_from_elsewhere(&mut self, path: &str) -> Answer {
        let fields = [("name", "alice"), ("password", PASSWORD), ("label", "mine")];
        self.send(path, "cross-site", &fields)
    }

    fn send(&mut self, path: &str, site: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.address));
        let request = request
            .header("cookie", self.cookies())
            .header("sec-fetch-site", site);
        let response = request.send_form(fields.iter().copied());
        self.read(response.unwrap())
    }

    /// The head of a post. The server has read it, and waits for the body.
    pub(crate) fn begin_post(&self, path: &str, body: &'static str) -> HeldBack {
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let (cookies, length) = (self.cookies(), body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nexpect: 100-continue\r\n\
            sec-fetch-site: same-origin\r\ncookie: {cookies}\r\ncontent-length: {length}\r\n\
            content-type: application/x-www-form-urlencoded\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 25];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
        HeldBack { stream, body }
    }

    fn cookies(&self) -> String {
        format!("theme=dark; __Host-session={}", self.cookie)
    }

    fn read(&mut self, mut response: Response<Body>) -> Answer {
        let header = |name| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let (location, cache, set) = (
            header("location"),
            header("cache-control"),
            header("set-cookie"),
        );
        if let Some((pair, attributes)) = set.split_once(';') {
            self.cookie = pair.strip_prefix("__Host-session=").unwrap().to_owned();
            self.attributes = attributes.to_owned();
        }
        Answer {
            status: response.status().as_u16(),
            location,
            cache,
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// Whether the page behind the login is shown.
    pub(crate) fn is_in(&mut self) -> bool {
        let page = self.get("/");
        assert_eq!(
            page.status == 200,
            page.body.contains("Only alice sees this page"),
            "{page:?}"
        );
        page.status == 200
    }

    pub(crate) fn sign_up(&mut self, name: &str) -> Answer {
        self.post("/signup", &[("name", name), ("password", PASSWORD)])
    }

    pub(crate) fn log_in(&mut self) -> Answer {
        self.post("/login", &[("name", "alice"), ("password", PASSWORD)])
    }

    /// The id of the form that asks for a code.
    pub(crate) fn form(&mut self) -> String {
        self.get("/code").hidden("form")
    }

    pub(crate) fn give_code(&mut self, code: &str) -> Answer {
        let form = self.form();
        self.post("/code", &[("form", &form), ("code", code)])
    }

    pub(crate) fn enroll(&mut self, label: &str) -> (Secret, Confirmation) {
        let fields = [("label", label), ("password", PASSWORD)];
        let page = self.post("/security/enroll", &fields);
        let key = page.between("type the key ", "\n");
        let confirmation = Confirmation {
            device: page.hidden("device"),
            uri: page.hidden("uri").replace("&#38;", "&"),
            form: page.hidden("form"),
        };
        (Secret::from_base32(key).unwrap(), confirmation)
    }

    pub(crate) fn confirm(&mut self, new: &Confirmation, code: &str) -> Answer {
        let fields = [
            ("device", &*new.device),
            ("uri", &*new.uri),
            ("form", &*new.form),
            ("code", code),
        ];
        self.post("/security/confirm", &fields)
    }

    /// New recovery codes, in the place of those that the page names.
    pub(crate) fn new_codes(&mut self) -> Vec<String> {
        let page = self.get("/security");
        let fields = page
            .body
            .contains("name=\"replaces\"")
            .then(|| page.hidden("replaces"));
        let fields: Vec<_> = fields.iter().map(|set| ("replaces", &**set)).collect();
        self.post("/security/codes", &fields).recovery_codes()
    }
}

impl Answer {
    fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.body.split_once(before).expect(&self.body);
        rest.split_once(after).unwrap().0
    }

    fn hidden(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""), "\"")
            .to_owned()
    }

    pub(crate) fn recovery_codes(&self) -> Vec<String> {
        let codes = self.body.split("<code>").skip(1);
        codes
            .map(|rest| rest.split_once("</code>").unwrap().0.to_owned())
            .collect()
    }
}
