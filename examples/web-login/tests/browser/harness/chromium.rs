//! Chromium takes long to start, so a test takes one that another test has left, and opens a context of its own in it. A
//! context is a profile that begins empty, and nothing of it stays.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use fantoccini::Client;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::browser::PATIENCE;
use super::driver;

/// Sessions outlive the test that began them, so all tests share this one.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
});

static POOL: Mutex<Pool> = Mutex::new(Pool {
    tests: 0,
    idle: Vec::new(),
});

struct Pool {
    /// How many tests run.
    tests: usize,
    idle: Vec<Chromium>,
}

/// What a test holds as long as it may want a Chromium. The last one closes them all.
pub(crate) struct Turn(());

impl Turn {
    pub(crate) fn new() -> Self {
        POOL.lock().unwrap().tests += 1;
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut pool = POOL.lock().unwrap();
        pool.tests -= 1;
        let last = match pool.tests {
            0 => std::mem::take(&mut pool.idle),
            _ => Vec::new(),
        };
        drop(pool);
        for chromium in last {
            RUNTIME.block_on(chromium.close());
        }
    }
}

struct Chromium {
    client: Client,
    /// The window that it has begun with, and that is in no context.
    home: WindowHandle,
    dev_tools: Connection,
    scripts: bool,
    folder: TempDir,
}

impl Chromium {
    async fn take(scripts: bool) -> Self {
        let idle = {
            let mut pool = POOL.lock().unwrap();
            let at = pool.idle.iter().position(|idle| idle.scripts == scripts);
            at.map(|at| pool.idle.swap_remove(at))
        };
        match idle {
            Some(chromium) => chromium,
            None => Self::start(scripts).await,
        }
    }

    async fn start(scripts: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("profile");
        let client = driver::session(&profile, scripts).await;
        let home = client.window().await.unwrap();
        Self {
            client,
            home,
            dev_tools: Connection::new(&profile),
            scripts,
            folder,
        }
    }

    fn give_back(self) {
        POOL.lock().unwrap().idle.push(self);
    }

    /// No panic: a test may have failed already. `scripts/browser` looks for a Chromium that is left behind.
    async fn close(self) {
        if let Err(error) = self.client.close().await {
            eprintln!("a Chromium does not close: {error}");
        }
    }
}

/// A profile of its own in a Chromium, with one window.
pub(crate) struct Context {
    chromium: Chromium,
    id: Value,
    downloads: PathBuf,
}

impl Context {
    pub(crate) async fn new(scripts: bool) -> Self {
        let mut chromium = Chromium::take(scripts).await;
        let dev_tools = &mut chromium.dev_tools;
        let id =
            dev_tools.call("Target.createBrowserContext", json!({}))["browserContextId"].take();
        let downloads = chromium.folder.path().join(id.as_str().unwrap());
        dev_tools.call(
            "Browser.setDownloadBehavior",
            json!({ "behavior": "allow", "browserContextId": id, "downloadPath": downloads, "eventsEnabled": true }),
        );
        let mut context = Self {
            chromium,
            id,
            downloads,
        };
        let window = context.new_tab();
        let client = context.client();
        client.switch_to_window(window).await.unwrap();
        context
    }

    /// Another tab of the same person, beside the one that is looked at.
    pub(crate) fn new_tab(&mut self) -> WindowHandle {
        let tab = json!({ "url": "about:blank", "browserContextId": self.id });
        let tab = self.chromium.dev_tools.call("Target.createTarget", tab);
        let tab = tab["targetId"].as_str().unwrap().to_owned();
        WindowHandle::try_from(tab).unwrap()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.chromium.client
    }

    /// The file that is on its way, when it is whole.
    pub(crate) fn next_download(&mut self) -> PathBuf {
        let dev_tools = &mut self.chromium.dev_tools;
        let begun = dev_tools.wait_for(|event| event["method"] == "Browser.downloadWillBegin");
        let [download, name] = ["guid", "suggestedFilename"].map(|key| &begun["params"][key]);
        dev_tools.wait_for(|event| {
            event["method"] == "Browser.downloadProgress"
                && event["params"]["guid"] == *download
                && event["params"]["state"] != "inProgress"
        });
        self.downloads.join(name.as_str().unwrap())
    }

    /// Closes its window, and forgets all that it knows.
    pub(crate) async fn close(mut self) {
        let home = self.chromium.home.clone();
        self.chromium.client.switch_to_window(home).await.unwrap();
        let context = json!({ "browserContextId": self.id });
        self.chromium
            .dev_tools
            .call("Target.disposeBrowserContext", context);
        self.chromium.give_back();
    }

    /// Ends its Chromium too, in which a test has failed.
    pub(crate) async fn abandon(self) {
        self.chromium.close().await;
    }
}

/// A connection to the DevTools of a whole Chromium. WebDriver reaches those of a page only.
struct Connection {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    calls: u64,
}

impl Connection {
    fn new(profile: &Path) -> Self {
        let place = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
        let (port, path) = place.split_once('\n').unwrap();
        let address = format!("ws://127.0.0.1:{port}{}", path.trim_end());
        let (socket, _answer) = tungstenite::connect(address).unwrap();
        let MaybeTlsStream::Plain(stream) = socket.get_ref() else {
            unreachable!("there is no TLS on this machine")
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, calls: 0 }
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let call = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(call.to_string())).unwrap();
        let mut answer = self.wait_for(|message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    fn wait_for(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.socket.read().expect("Chromium says nothing");
            let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if is_meant(&message) {
                return message;
            }
        }
    }
}
