//! A form that is sent twice: by a double click, or because no answer came. All of it ends where one click does.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::browser::{Look, PATIENCE, POLL};
use crate::harness::line::Line;
use crate::harness::{World, run};
use crate::people::{Person, REFUSED};
use crate::phone::Phone;

/// Milliseconds between two clicks. The answer takes longer than all of them.
const GAPS: [u32; 4] = [60, 120, 200, 1000];

impl<'world> Person<'world> {
    /// The same person behind a line.
    async fn behind(&self, line: &Line) -> Person<'world> {
        let look = Look {
            scripts: true,
            ..Look::default()
        };
        self.in_browser(self.world.browser_at(&line.address(), look).await)
    }

    async fn clicks_twice(&self, form: &str, gap: u32) {
        let script = format!(
            "document.documentElement.dataset.sent = 'yes';
            const button = document.querySelector('{form} button');
            setTimeout(() => button.click(), 1);
            setTimeout(() => button.click(), 1 + {gap});"
        );
        self.browser.evaluate(&script).await;
    }

    /// At another page than that with the form, and its path.
    async fn arrives_at(&self, path: &str) {
        let script =
            "return document.readyState === 'complete' && !document.documentElement.dataset.sent";
        let start = Instant::now();
        loop {
            let has_come = self.browser.client.execute(script, vec![]).await;
            if matches!(has_come, Ok(Value::Bool(true))) && self.browser.path().await == path {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "not at {path} but at {}:\n{}",
                self.browser.path().await,
                self.browser.text().await
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Sends a form by two clicks, and ends where one does. A reload of that page sends nothing.
    async fn twice(&self, line: &Line, gap: u32, form: &str, path: &str, text: &str) {
        let action = self.browser.find(form).await.attr("action").await;
        line.is_slow_at(&action.unwrap().unwrap());
        self.clicks_twice(form, gap).await;
        self.arrives_at(path).await;
        self.browser.sees(text).await;
        assert_eq!(line.sent(), 2, "{form}, {gap} ms");
    }

    async fn reloads(&self, line: &Line) {
        let (at, sent) = (self.browser.path().await, line.sent());
        self.browser.refresh().await;
        self.browser.is_at(&at).await;
        assert_eq!(line.sent(), sent, "a reload of {at} sends a form");
    }
}

/// Somebody who is about to confirm a first device.
async fn enrolls<'world>(world: &'world World, line: &Line, name: &str) -> Person<'world> {
    let ada = Person::signs_up(world, name).await.behind(line).await;
    ada.types_password().await;
    let phone = ada.enrolls("Phone").await;
    let code = phone.code(world);
    ada.browser.fills("#confirm-form", &[("code", &code)]).await;
    ada
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_clicks_on_log_in_log_in() {
    run(async |world| {
        let line = Line::new(world.server.authority());
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let ada = ada.behind(&line).await;
        for gap in GAPS {
            world.clock.next_step();
            ada.types_password().await;
            ada.browser.is_at("/login/code").await;
            line.is_slow_at("/login/code");
            let code = phone.code(world);
            ada.browser.fills("#code-form", &[("code", &code)]).await;
            ada.clicks_twice("#code-form", gap).await;
            ada.arrives_at("/account").await;
            assert_eq!(line.sent(), 2, "{gap} ms");
            ada.logs_out().await;
            assert!(!ada.is_logged_in().await, "{gap} ms");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_clicks_on_confirm_confirm() {
    run(async |world| {
        for gap in GAPS {
            let line = Line::new(world.server.authority());
            let ada = enrolls(world, &line, &format!("Ada{gap}")).await;
            line.is_slow_at("/confirm");
            ada.clicks_twice("#confirm-form", gap).await;
            ada.arrives_at("/account/recovery-codes").await;
            ada.browser.sees("Your device works").await;
            assert_eq!(line.sent(), 2, "{gap} ms");
            assert!(ada.is_logged_in().await, "{gap} ms");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_form_whose_answer_is_lost_is_sent_again() {
    run(async |world| {
        let line = Line::new(world.server.authority());
        let ada = enrolls(world, &line, "Ada").await;
        line.is_cut_at("/confirm");
        ada.loses_the_answer("#confirm-form", &line).await;
        ada.arrives_at("/account/recovery-codes").await;
        ada.browser.sees("Your device works").await;

        let (eve, phone) = Person::opts_in(world, "Eve").await;
        let eve = eve.behind(&line).await;
        world.clock.next_step();
        eve.types_password().await;
        let code = phone.code(world);
        eve.browser.fills("#code-form", &[("code", &code)]).await;
        line.is_cut_at("/login/code");
        eve.loses_the_answer("#code-form", &line).await;
        eve.arrives_at("/account").await;
        // Nor are codes lost that were issued, or passwords that were made.
        eve.browser.open("/account/recovery-codes").await;
        line.is_cut_at("/account/recovery-codes");
        eve.loses_the_answer("#issue-codes-form", &line).await;
        eve.arrives_at("/account/recovery-codes").await;
        eve.recovery_codes().await;
        eve.browser.open("/users").await;
        eve.browser.fill("[name=name]", "bob").await;
        line.is_cut_at("/users");
        eve.loses_the_answer("#new-user-form", &line).await;
        eve.arrives_at("/users").await;
        eve.browser.find("#initial-password").await;
    });
}

/// Each form once, in the order of a life.
async fn life(world: &World, gap: u32) {
    let line = Line::new(world.server.authority());
    let browser = world.browser().await;
    let ada = Person::new(world, browser, "Ada").behind(&line).await;
    let browser = &ada.browser;
    let twice = async |form: &str, path: &str, text: &str| {
        ada.twice(&line, gap, form, path, text).await;
    };
    browser.open("/sign-up").await;
    let fields = [
        ("organisation", "Tea & Co"),
        ("name", "ada"),
        ("password", &*ada.password),
    ];
    browser.fills("#sign-up-form", &fields).await;
    twice("#sign-up-form", "/account", "Turn it on").await;
    ada.reloads(&line).await;
    ada.logs_out().await;
    browser.fills("#login-form", &fields[1..]).await;
    twice("#login-form", "/account", "Turn it on").await;

    browser.open("/notes").await;
    browser.fill("[name=text]", "tea at five").await;
    twice("#note-form", "/notes", "Your note is kept.").await;
    ada.reloads(&line).await;
    assert_eq!(browser.find_all("#notes > li").await.len(), 1);
    browser.open("/users").await;
    browser.fill("[name=name]", "bob").await;
    twice("#new-user-form", "/users", "bob is added").await;
    browser.find("#initial-password").await;
    ada.reloads(&line).await;
    assert_eq!(browser.find_all("li.user").await.len(), 2);
    browser.click("main a[href^='/users/']").await;
    twice("#grant-form", "/users", "is changed").await;

    world.clock.advance(Duration::from_secs(301));
    browser.open("/account/devices/new").await;
    browser.fill("[name=password]", &ada.password).await;
    twice(
        "#password-again-form",
        "/account/devices/new",
        "Add a device",
    )
    .await;
    browser.fill("[name=label]", "Phone").await;
    twice("#label-form", "/account/devices/1/confirm", "Scan this").await;
    let mut phone = Phone::scan(browser).await;
    ada.reloads(&line).await;
    assert!(!browser.has(".qr svg, #key").await);
    phone.clock_error = -1800;
    browser.fill("[name=code]", &phone.code(world)).await;
    twice(
        "#confirm-form",
        "/account/devices/1/confirm",
        "two codes in a row",
    )
    .await;
    let pair = [phone.code_at(world, -1), phone.code(world)];
    let pair = [("code1", &*pair[0]), ("code2", &*pair[1])];
    browser.fills("#confirm-pair-form", &pair).await;
    twice(
        "#confirm-pair-form",
        "/account/recovery-codes",
        "Your device works",
    )
    .await;

    twice(
        "#issue-codes-form",
        "/account/recovery-codes",
        "shown this once",
    )
    .await;
    let codes = ada.recovery_codes().await;
    ada.reloads(&line).await;
    assert_eq!(browser.text_of("#recovery-codes-left").await, "10");
    changes(world, &ada, &line, gap, &phone).await;

    ada.logs_out().await;
    ada.types_password().await;
    browser.open("/login/recovery").await;
    browser.fill("[name=recovery_code]", &codes[0]).await;
    twice("#recovery-form", "/account/recovered", "You are back in").await;
    ada.reloads(&line).await;
    assert_eq!(browser.text_of("#recovery-codes-left").await, "9");
    browser.open("/account/keep").await;
    browser
        .find("#keep-form [name=devices]")
        .await
        .click()
        .await
        .unwrap();
    twice(
        "#keep-form",
        "/account/recovery-codes",
        "Everything else has ended",
    )
    .await;
    browser.open("/account/opt-out").await;
    twice("#opt-out-form", "/account", "The second factor is off.").await;
    ada.reloads(&line).await;
}

/// What is changed of an account with a device.
async fn changes(world: &World, ada: &Person<'_>, line: &Line, gap: u32, phone: &Phone) {
    let browser = &ada.browser;
    let twice = async |form: &str, path: &str, text: &str| {
        ada.twice(line, gap, form, path, text).await;
    };
    world.clock.advance(Duration::from_secs(301));
    browser.open("/account/password").await;
    let asks = "/code?for=account/password";
    for _ in 0..4 {
        browser.fill("[name=code]", &phone.wrong_code(world)).await;
        twice("#code-form", asks, REFUSED).await;
    }
    // Of the eight only four were judged, or there were a wait.
    browser.fill("[name=code]", &phone.code(world)).await;
    twice("#code-form", "/account/password", "Change your password").await;
    let new = "a password that is short no longer";
    world.secrets.add(new);
    let fields = [("current", &*ada.password), ("new", "too short")];
    browser.fills("#password-form", &fields).await;
    twice("#password-form", "/account/password", "That is too short.").await;
    ada.reloads(line).await;
    let fields = [("current", &*ada.password), ("new", new)];
    browser.fills("#password-form", &fields).await;
    twice("#password-form", "/account", "Your password is changed.").await;
    browser.open("/account/password").await;
    let fields = [("current", new), ("new", &*ada.password)];
    browser.fills("#password-form", &fields).await;
    twice("#password-form", "/account", "Your password is changed.").await;

    ada.follows("Phone", "rename").await;
    browser.fill("[name=label]", "Mobile").await;
    twice("#rename-form", "/account", "The device has its new name.").await;
    ada.follows("Mobile", "resync").await;
    world.clock.advance(Duration::from_secs(60));
    let pair = [phone.code_at(world, -1), phone.code(world)];
    let pair = [("code1", &*pair[0]), ("code2", &*pair[1])];
    browser.fills("#resync-form", &pair).await;
    twice("#resync-form", "/account", "clock is allowed for").await;
    let tablet = ada.adds("Tablet").await;
    ada.follows("Tablet", "rotate").await;
    twice("#rotate-form", "/account/devices/3/confirm", "Scan this").await;
    let new = Phone::scan(browser).await;
    assert_ne!(new.key, tablet.key);
    browser.fill("[name=code]", &new.code(world)).await;
    twice("#confirm-form", "/account", "Your device works.").await;
    ada.follows("Tablet", "revoke").await;
    // It was confirmed last, so the session is its own.
    twice("#revoke-form", "/login", "Log in").await;
    ada.logs_in(phone).await;
    assert_eq!(browser.find_all("li.device").await.len(), 1);

    let other = ada.elsewhere().await;
    other.logs_in(phone).await;
    browser.open("/account").await;
    twice("li.login form", "/account", "It is logged out.").await;
    twice("li.browser form", "/account", "no longer known").await;
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_quick_clicks_on_any_form_do_what_one_does() {
    run(async |world| life(world, GAPS[0]).await);
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_slow_clicks_on_any_form_do_what_one_does() {
    run(async |world| life(world, GAPS[3]).await);
}

impl Person<'_> {
    /// The browser says that there was no answer, perhaps after it has sent the form again by itself. They load the page
    /// again, which sends it once more.
    async fn loses_the_answer(&self, form: &str, line: &Line) {
        self.browser.press(form).await;
        assert!(line.sent() > 0);
        line.mends();
        self.browser.refresh().await;
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn two_tabs_are_in_nobodys_way() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        world.clock.next_step();
        ada.types_password().await;
        let client = &ada.browser.client;
        let first = client.window().await.unwrap();
        let second = ada.browser.new_tab();
        client.switch_to_window(second.clone()).await.unwrap();
        ada.browser.open("/login/code").await;
        let code = phone.code(world);
        ada.types_code(&code).await;
        ada.browser.is_at("/account").await;
        // What the other one still shows leads to the same place, and not to "used already".
        client.switch_to_window(first.clone()).await.unwrap();
        ada.types_code(&code).await;
        ada.browser.is_at("/account").await;

        // A tab in the background has no picture.
        let begins = async |label: &str| {
            ada.browser.open("/account/devices/new").await;
            ada.browser.send("#label-form", &[("label", label)]).await;
            Phone::type_key(&ada.browser).await
        };
        let tablet = begins("Tablet").await;
        client.switch_to_window(second.clone()).await.unwrap();
        let laptop = begins("Laptop").await;
        client.switch_to_window(first).await.unwrap();
        ada.confirms(&tablet).await;
        ada.browser.is_at("/account/recovery-codes").await;
        client.switch_to_window(second).await.unwrap();
        ada.confirms(&laptop).await;
        ada.browser.open("/account").await;
        assert_eq!(ada.browser.find_all("li.device").await.len(), 3);
    });
}
