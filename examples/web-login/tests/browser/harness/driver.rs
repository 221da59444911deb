//! The WebDriver that `scripts/browser` has started, and the commands of Chromium's own that WebDriver has no word for.

use std::path::Path;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::chromium::RUNTIME;

/// A new Chromium, with all that it remembers in the folder `profile`.
pub(crate) async fn session(profile: &Path, scripts: bool) -> Client {
    let driver = std::env::var("SECONDFACTOR_TEST_WEBDRIVER")
        .expect("these tests are run by scripts/browser");
    let options = json!({
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--hide-scrollbars", "--force-prefers-reduced-motion",
            // Pages of its own for the address bar, which nobody sees here: they take as long as ours.
            "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
            format!("--user-data-dir={}", profile.display()),
        ],
        "prefs": {
            // 2 forbids JavaScript in pages. WebDriver's own scripts still run.
            "profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 },
            "download.prompt_for_download": false,
            "credentials_enable_service": false,
        },
    });
    let Value::Object(capabilities) = json!({ "goog:chromeOptions": options }) else {
        unreachable!()
    };
    // The session is a task that goes on after the test.
    let session = RUNTIME.spawn(async move {
        ClientBuilder::new(HttpConnector::new())
            .capabilities(Capabilities::from(capabilities))
            .connect(&driver)
            .await
    });
    session.await.unwrap().expect("Chromium does not start")
}

/// A command of the DevTools protocol.
#[derive(Debug)]
pub(crate) struct DevTools(pub(crate) &'static str, pub(crate) Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({ "cmd": self.0, "params": self.1 }).to_string()),
        )
    }
}
