//! One person's browser, in which pages run no JavaScript.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::Secrets;
use super::chromium::Context;
use super::driver::DevTools;

/// Long, for a machine under load: it is waited for events, not for time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// Control and A: selects all that a field holds, for what is typed then to replace.
const ALL: &str = "\u{E009}a\u{E000}";

/// How a page is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) dark: bool,
    pub(crate) scripts: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            width: 1280,
            dark: false,
            scripts: false,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) client: Client,
    address: String,
    secrets: Secrets,
    /// Until it is closed.
    context: Rc<RefCell<Option<Context>>>,
}

impl Browser {
    pub(crate) async fn start(address: &str, look: Look, secrets: Secrets) -> Self {
        let context = Context::new(look.scripts).await;
        let browser = Self {
            client: context.client().clone(),
            address: address.to_owned(),
            secrets,
            context: Rc::new(RefCell::new(Some(context))),
        };
        browser.look(look).await;
        browser
    }

    pub(crate) async fn close(self) {
        self.take_context().close().await;
    }

    /// After a test that has failed: nobody knows what the browser is at.
    pub(crate) async fn abandon(self) {
        self.take_context().abandon().await;
    }

    fn take_context(self) -> Context {
        self.context.take().expect("the browser is closed already")
    }

    pub(crate) async fn look(&self, look: Look) {
        let height = if look.width < 600 { 844 } else { 900 };
        let screen = json!({ "width": look.width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.dev_tools("Emulation.setDeviceMetricsOverride", screen)
            .await;
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.dev_tools("Emulation.setEmulatedMedia", media).await;
    }

    pub(crate) async fn dev_tools(&self, command: &'static str, parameters: Value) -> Value {
        self.client
            .issue_cmd(DevTools(command, parameters))
            .await
            .unwrap()
    }

    /// Says where a test that failed stood.
    pub(crate) async fn report(&self) {
        let url = self
            .client
            .current_url()
            .await
            .map(String::from)
            .unwrap_or_default();
        let text = match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        eprintln!("a browser stood at {url}:\n{text}\n");
    }

    pub(crate) async fn open(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.address))
            .await
            .unwrap();
        self.arrived().await;
    }

    /// Opens a page again and again until it says something.
    pub(crate) async fn opens_until(&self, path: &str, text: &str) {
        let start = Instant::now();
        loop {
            self.open(path).await;
            let all = self.text().await;
            if all.contains(text) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?} at {path}:\n{all}");
        }
    }

    /// Another tab, beside this one.
    pub(crate) fn new_tab(&self) -> WindowHandle {
        self.context.borrow_mut().as_mut().unwrap().new_tab()
    }

    /// Loads the page again.
    pub(crate) async fn refresh(&self) {
        let page = self.find("html").await;
        self.dev_tools("Page.reload", json!({})).await;
        self.leaves(page).await;
    }

    /// Presses the back button, and waits for that page. With none before, the button does nothing.
    pub(crate) async fn back(&self) {
        let history = self.dev_tools("Page.getNavigationHistory", json!({})).await;
        if history["currentIndex"] != 0 {
            let page = self.find("html").await;
            self.client.back().await.unwrap();
            self.leaves(page).await;
        }
    }

    /// Path and query of where it is.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url[url::Position::BeforePath..].to_owned()
    }

    /// The query counts only if the path has one.
    pub(crate) async fn is_at(&self, path: &str) {
        let at = self.path().await;
        let shown = if path.contains('?') {
            at.as_str()
        } else {
            at.split('?').next().unwrap()
        };
        assert_eq!(shown, path, "{}", self.text().await);
    }

    async fn arrived(&self) {
        self.secrets
            .look_into(self.client.current_url().await.unwrap().as_str());
    }

    pub(crate) async fn find(&self, css: &str) -> Element {
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error:.60}", self.path().await),
        }
    }

    pub(crate) async fn find_all(&self, css: &str) -> Vec<Element> {
        self.client.find_all(Locator::Css(css)).await.unwrap()
    }

    pub(crate) async fn has(&self, css: &str) -> bool {
        !self.find_all(css).await.is_empty()
    }

    pub(crate) async fn text(&self) -> String {
        self.text_of("body").await
    }

    pub(crate) async fn text_of(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub(crate) async fn sees(&self, text: &str) {
        let all = self.text().await;
        assert!(
            all.contains(text),
            "no {text:?} at {}:\n{all}",
            self.path().await
        );
    }

    pub(crate) async fn sees_no(&self, text: &str) {
        let all = self.text().await;
        assert!(
            !all.contains(text),
            "{text:?} at {}:\n{all}",
            self.path().await
        );
    }

    /// What the page says by `role="alert"`.
    pub(crate) async fn is_told(&self, text: &str) {
        let alerts = self.find_all("[role=alert]").await;
        let mut all = Vec::new();
        for alert in alerts {
            all.push(alert.text().await.unwrap());
        }
        let told = all.iter().any(|alert| alert.contains(text));
        assert!(
            told,
            "no alert {text:?} at {}, but {all:?}:\n{}",
            self.path().await,
            self.text().await
        );
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.find(css)
            .await
            .send_keys(&format!("{ALL}{text}"))
            .await
            .unwrap();
    }

    /// Waits until a field holds a text.
    pub(crate) async fn holds(&self, css: &str, text: &str) {
        let start = Instant::now();
        loop {
            let value = self.find(css).await.prop("value").await.unwrap();
            if value.as_deref() == Some(text) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{value:?} in {css}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Fills the fields of a form by name.
    pub(crate) async fn fills(&self, form: &str, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.fill(&format!("{form} [name={name}]"), text).await;
        }
    }

    /// Fills the fields of a form by name, and presses its button.
    pub(crate) async fn send(&self, form: &str, fields: &[(&str, &str)]) {
        self.fills(form, fields).await;
        self.press(form).await;
    }

    /// Presses the button of a form.
    pub(crate) async fn press(&self, form: &str) {
        self.click(&format!("{form} button:not([type=button])"))
            .await;
    }

    /// Clicks something that leads to another page, and waits for that page.
    pub(crate) async fn click(&self, css: &str) {
        let (page, target) = (self.find("html").await, self.find(css).await);
        target.click().await.unwrap();
        self.leaves(page).await;
    }

    /// Presses Enter where the focus is, and waits for the next page.
    pub(crate) async fn enter(&self) {
        let page = self.find("html").await;
        self.type_keys("\u{E007}").await;
        self.leaves(page).await;
    }

    /// Types where the focus is.
    pub(crate) async fn type_keys(&self, keys: &str) {
        self.client
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    }

    /// A page is left when its elements are no longer known.
    async fn leaves(&self, page: Element) {
        let start = Instant::now();
        while page.tag_name().await.is_ok() {
            assert!(
                start.elapsed() < PATIENCE,
                "nothing comes after {}",
                self.path().await
            );
            tokio::time::sleep(POLL).await;
        }
        self.client
            .wait()
            .at_most(PATIENCE)
            .every(POLL)
            .for_element(Locator::Css("body"))
            .await
            .unwrap();
        self.arrived().await;
    }

    /// The file that a button brings, when it is whole.
    pub(crate) async fn download(&self, form: &str) -> (String, String) {
        self.find(&format!("{form} button"))
            .await
            .click()
            .await
            .unwrap();
        let mut context = self.context.borrow_mut();
        let path = context.as_mut().unwrap().next_download();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    }

    /// What a script of the test sees in the page.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Name and value of the session cookie, as a `Cookie` header has them. All cookies are secrets.
    pub(crate) async fn session(&self) -> Option<String> {
        let cookies = self.client.get_all_cookies().await.unwrap();
        for cookie in &cookies {
            self.secrets.add(cookie.value());
        }
        let cookie = cookies.iter().find(|cookie| cookie.name() == "session")?;
        Some(format!("{}={}", cookie.name(), cookie.value()))
    }

    /// Takes a cookie as a `Set-Cookie` header gives it.
    pub(crate) async fn accept_cookie(&self, header: &str) {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let mut cookie = json!({ "name": name, "value": value, "url": self.address });
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "HttpOnly" => cookie["httpOnly"] = true.into(),
                "SameSite" => cookie["sameSite"] = value.into(),
                "Path" => cookie["path"] = value.into(),
                "Max-Age" => {
                    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                    let lasts: f64 = value.parse().unwrap();
                    cookie["expires"] = (now.unwrap().as_secs_f64() + lasts).into();
                }
                _ => panic!("no browser test knows {part} of a cookie"),
            }
        }
        let set = self.dev_tools("Network.setCookie", cookie).await;
        assert_eq!(set["success"], true);
    }

    /// Another session cookie in place of its own.
    pub(crate) async fn take_session(&self, cookie: &str) {
        let (name, value) = cookie.split_once('=').unwrap();
        let cookie = json!({ "name": name, "value": value, "url": self.address, "httpOnly": true });
        assert_eq!(
            self.dev_tools("Network.setCookie", cookie).await["success"],
            true
        );
    }

    pub(crate) fn knows(&self, secret: &str) {
        self.secrets.add(secret);
    }
}
