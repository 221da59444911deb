//! What people do on the pages, step by step.

use crate::harness::World;
use crate::harness::browser::{Browser, Look};
use crate::phone::Phone;

/// How the account page calls a device that is in use.
pub(crate) const WORKS: &str = "active";
/// What a wrong code and a used one are answered with.
pub(crate) const REFUSED: &str = "That code is wrong, or was used already.";

/// Somebody with an account, in front of a browser.
pub(crate) struct Person<'world> {
    pub(crate) world: &'world World,
    pub(crate) browser: Browser,
    pub(crate) name: String,
    pub(crate) password: String,
}

impl<'world> Person<'world> {
    /// Somebody who is not known yet.
    pub(crate) fn new(world: &'world World, browser: Browser, name: &str) -> Self {
        let name = name.to_lowercase();
        let password = format!("password of {name}");
        world.secrets.add(&password);
        Self {
            world,
            browser,
            name,
            password,
        }
    }

    /// The owner of a new organisation, logged in, without a second factor.
    pub(crate) async fn signs_up(world: &'world World, name: &str) -> Self {
        Self::signs_up_with(world, name, Look::default()).await
    }

    pub(crate) async fn signs_up_with(world: &'world World, name: &str, look: Look) -> Self {
        let person = Self::new(world, world.browser_with(look).await, name);
        person.browser.open("/sign-up").await;
        let fields = [
            ("organisation", "Tea & Co"),
            ("name", person.name.as_str()),
            ("password", person.password.as_str()),
        ];
        person.browser.send("#sign-up-form", &fields).await;
        person.browser.is_at("/account").await;
        person
    }

    /// The same with a phone, at the account's page. Most tests begin here, so all of it is sent without the pages, which
    /// take long; `enrolment` goes through them.
    pub(crate) async fn opts_in(world: &'world World, name: &str) -> (Self, Phone) {
        let person = Self::new(world, world.browser().await, name);
        let http = world.http();
        let fields = [
            ("organisation", "Tea & Co"),
            ("name", person.name.as_str()),
            ("password", person.password.as_str()),
        ];
        let signed_up = http.post_own("/sign-up", "", &fields);
        let session = signed_up.cookie().expect("no session");
        let label = [("label", "Phone")];
        let enrolled = http.post_own("/account/devices/new", &session, &label);
        let phone = Phone::read_key(&person.browser, enrolled.between("<code id=\"key\">", "<"));
        let form = enrolled.between("id=\"confirm-form\" method=\"post\" action=\"", "\"");
        let code = phone.code(world);
        let confirmed = http.post_own(form, &session, &[("code", &code)]);

        assert_eq!(confirmed.status, 303, "{}", confirmed.body);
        let browser = &person.browser;
        for cookie in confirmed.set_cookies() {
            browser.accept_cookie(cookie).await;
        }
        browser.open("/account").await;
        browser.is_at("/account").await;
        (person, phone)
    }

    /// The same person in another browser, not logged in.
    pub(crate) async fn elsewhere(&self) -> Person<'world> {
        self.in_browser(self.world.browser().await)
    }

    pub(crate) fn in_browser(&self, browser: Browser) -> Person<'world> {
        Person {
            world: self.world,
            browser,
            name: self.name.clone(),
            password: self.password.clone(),
        }
    }

    /// Begins with a device, and scans what is shown.
    pub(crate) async fn enrolls(&self, label: &str) -> Phone {
        self.browser.open("/account/devices/new").await;
        self.browser.send("#label-form", &[("label", label)]).await;
        Phone::scan(&self.browser).await
    }

    pub(crate) async fn confirms(&self, phone: &Phone) {
        let code = phone.code(self.world);
        self.browser.send("#confirm-form", &[("code", &code)]).await;
    }

    /// A device that is in use from now on.
    pub(crate) async fn adds(&self, label: &str) -> Phone {
        let phone = self.enrolls(label).await;
        self.confirms(&phone).await;
        self.browser.open("/account").await;
        assert_eq!(self.state_of(label).await, WORKS);
        phone
    }

    /// New recovery codes, as the page shows them.
    pub(crate) async fn issues_codes(&self) -> Vec<String> {
        self.browser.open("/account/recovery-codes").await;
        self.browser.press("#issue-codes-form").await;
        self.recovery_codes().await
    }

    pub(crate) async fn recovery_codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for element in self.browser.find_all("ol#recovery-codes > li > code").await {
            let code = element.text().await.unwrap();
            self.world.secrets.add(&code);
            codes.push(code);
        }
        assert_eq!(codes.len(), 10, "{codes:?}");
        codes
    }

    pub(crate) async fn logs_out(&self) {
        self.browser.open("/account").await;
        self.browser.press("#logout-form").await;
    }

    pub(crate) async fn types_password(&self) {
        self.browser.open("/login").await;
        if !self.browser.has("#login-form").await {
            self.logs_out().await;
            self.browser.open("/login").await;
        }
        self.browser
            .send(
                "#login-form",
                &[("name", &self.name), ("password", &self.password)],
            )
            .await;
    }

    pub(crate) async fn types_code(&self, code: &str) {
        self.browser.send("#code-form", &[("code", code)]).await;
    }

    /// Password and code; waits for the next code if this one has been used.
    pub(crate) async fn logs_in(&self, phone: &Phone) {
        self.world.clock.next_step();
        self.types_password().await;
        self.browser.is_at("/login/code").await;
        self.types_code(&phone.code(self.world)).await;
        self.browser.is_at("/account").await;
    }

    pub(crate) async fn is_logged_in(&self) -> bool {
        self.browser.open("/account").await;
        self.browser.path().await == "/account"
    }

    /// The id of the device with a label, on the account page.
    pub(crate) async fn device(&self, label: &str) -> String {
        for device in self.browser.find_all("li.device").await {
            let shown = device
                .find(fantoccini::Locator::Css(".device-label"))
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            if shown == label {
                return device.attr("data-device").await.unwrap().unwrap();
            }
        }
        panic!("no device {label:?} in:\n{}", self.browser.text().await);
    }

    pub(crate) async fn state_of(&self, label: &str) -> String {
        let device = self.device(label).await;
        self.browser
            .text_of(&format!("li.device[data-device='{device}'] .device-state"))
            .await
            .to_lowercase()
    }

    /// Follows a link of a device: rename, revoke, rotate or resync.
    pub(crate) async fn follows(&self, label: &str, link: &str) {
        self.browser.open("/account").await;
        let device = self.device(label).await;
        self.browser
            .click(&format!("li.device[data-device='{device}'] a.{link}"))
            .await;
    }
}
