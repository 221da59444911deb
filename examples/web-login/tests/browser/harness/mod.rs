//! What every test stands on: a server process of its own, a clock to move, browsers that are closed again, and a
//! look at the end for secrets in the log and in addresses.

pub(crate) mod browser;
pub(crate) mod chromium;
pub(crate) mod driver;
pub(crate) mod http;
pub(crate) mod line;
pub(crate) mod other_site;
pub(crate) mod server;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;

use secondfactor::store::drivers::sqlx::SqlitePool;
use secondfactor::store::drivers::sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use browser::{Browser, Look};
use chromium::{RUNTIME, Turn};
use http::Http;
use server::{Clock, Server};

/// Runs a test beside a server process of its own.
pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
    run_with(&[], test);
}

/// The same, with more arguments for the server.
pub(crate) fn run_with(arguments: &[&str], test: impl AsyncFnOnce(&World)) {
    let _turn = Turn::new();
    let world = World::new(arguments);
    let outcome = catch_unwind(AssertUnwindSafe(|| RUNTIME.block_on(test(&world))));
    // A browser ends with its session only, and a panic must not leave one behind.
    let browsers = world.browsers.take();
    match outcome {
        Ok(()) => {
            for browser in browsers {
                RUNTIME.block_on(browser.close());
            }
            world.secrets.look_into(&world.server.stop());
        }
        Err(panic) => {
            for browser in browsers {
                RUNTIME.block_on(browser.report());
                RUNTIME.block_on(browser.abandon());
            }
            eprintln!("the server's log:\n{}", world.server.stop());
            resume_unwind(panic);
        }
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) clock: Clock,
    pub(crate) secrets: Secrets,
    browsers: RefCell<Vec<Browser>>,
    // The last, as fields are dropped in this order.
    folder: TempDir,
}

impl World {
    fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(&folder.path().join("clock"));
        let server = Server::start(folder.path(), arguments);
        Self {
            server,
            clock,
            secrets: Secrets::default(),
            browsers: RefCell::default(),
            folder,
        }
    }

    /// Another server process, on the same key and clock, and on the same store if the arguments say so.
    pub(crate) fn another_server(&self, arguments: &[&str]) -> Server {
        Server::start(self.folder.path(), arguments)
    }

    /// Where the server's files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's SQLite file, as another process sees it.
    pub(crate) async fn database(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(self.folder().join("accounts.db"));
        SqlitePool::connect_with(options).await.unwrap()
    }

    pub(crate) async fn browser(&self) -> Browser {
        self.browser_with(Look::default()).await
    }

    pub(crate) async fn browser_with(&self, look: Look) -> Browser {
        self.browser_at(&self.server.address, look).await
    }

    pub(crate) async fn browser_at(&self, address: &str, look: Look) -> Browser {
        let browser = Browser::start(address, look, self.secrets.clone()).await;
        self.browsers.borrow_mut().push(browser.clone());
        browser
    }

    /// A client that is no browser: no cookies but those it is given, and no redirects followed.
    pub(crate) fn http(&self) -> Http {
        Http::new(&self.server.address)
    }
}

/// What must be in no log line and in no address.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Rc<RefCell<Vec<String>>>);

impl Secrets {
    pub(crate) fn add(&self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 6, "too short to be looked for");
        self.0.borrow_mut().push(secret);
    }

    /// # Panics
    ///
    /// Where one of them is in the text. Codes are short: they count as whole words only, and not in the time at the
    /// beginning of a line.
    pub(crate) fn look_into(&self, text: &str) {
        for line in text.lines() {
            let after_time = line
                .trim_start()
                .split_once(' ')
                .map_or(line, |(first, rest)| match first.contains(':') {
                    true => rest,
                    false => line,
                });
            for secret in self.0.borrow().iter() {
                let found = after_time
                    .match_indices(secret.as_str())
                    .any(|(at, found)| {
                        let (before, after) = (&after_time[..at], &after_time[at + found.len()..]);
                        secret.len() > 8
                            || !(before.ends_with(char::is_alphanumeric)
                                || after.starts_with(char::is_alphanumeric))
                    });
                assert!(!found, "the secret {secret} is in: {line}");
            }
        }
    }
}
