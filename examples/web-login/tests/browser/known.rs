//! The browsers that an account knows, and where its owner is logged in.

use std::time::Duration;

use crate::harness::browser::Browser;
use crate::harness::{World, run, run_with};
use crate::people::Person;
use crate::phone::Phone;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl Person<'_> {
    async fn ticks_trust(&self, phone: &Phone) {
        self.world.clock.next_step();
        self.types_password().await;
        let tick = self.browser.find("#code-form [name=trust]").await;
        tick.click().await.unwrap();
        self.types_code(&phone.code(self.world)).await;
        self.browser.is_at("/account").await;
    }
}

/// As the page names them, those in use first.
async fn listed(browser: &Browser, kind: &str) -> Vec<String> {
    browser.open("/account").await;
    let mut texts = Vec::new();
    for row in browser.find_all(&format!("li.{kind}")).await {
        texts.push(row.text().await.unwrap());
    }
    texts
}

/// So many wrong codes from a browser that nobody knows that not even the right one is judged.
async fn strangers_type_wrong_codes(world: &World, ada: &Person<'_>, phone: &Phone) {
    let stranger = ada.elsewhere().await;
    stranger.types_password().await;
    for _ in 0..6 {
        stranger.types_code(&phone.wrong_code(world)).await;
    }
    stranger.types_code(&phone.code(world)).await;
    stranger.browser.is_told("Too many wrong codes.").await;
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn strangers_do_not_lock_anybody_out_of_the_browser_they_use() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_in(&phone).await;
        world.clock.next_step();
        strangers_type_wrong_codes(world, &ada, &phone).await;
        ada.logs_in(&phone).await;
        // The list shows which one it is, by what the browser says of itself.
        let browsers = listed(&ada.browser, "browser").await;
        assert_eq!(browsers.len(), 1, "{browsers:?}");
        assert!(browsers[0].contains("Chrome on Linux"), "{browsers:?}");
        assert!(browsers[0].contains("this one"), "{browsers:?}");

        // Once it is forgotten, it is a stranger like them.
        ada.browser.press("li.browser form").await;
        ada.browser.sees("That browser is no longer known.").await;
        assert!(listed(&ada.browser, "browser").await.is_empty());
        world.clock.next_step();
        strangers_type_wrong_codes(world, &ada, &phone).await;
        ada.types_password().await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_told("Too many wrong codes.").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_new_password_forgets_the_other_browsers() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_in(&phone).await;
        let other = ada.elsewhere().await;
        other.logs_in(&phone).await;
        assert_eq!(listed(&ada.browser, "browser").await.len(), 2);
        let new = "another long password of Ada";
        world.secrets.add(new);
        ada.browser.open("/account/password").await;
        let change = [("current", &*ada.password), ("new", new)];
        ada.browser.send("#password-form", &change).await;
        let left = listed(&ada.browser, "browser").await;
        assert_eq!(left.len(), 1);
        assert!(left[0].contains("this one"), "{left:?}");

        ada.browser.press("#forget-browsers-form").await;
        assert!(listed(&ada.browser, "browser").await.is_empty());
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_trusted_browser_is_asked_for_no_code_until_something_is_to_be_changed() {
    run_with(&["--trust-days", "7"], async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.ticks_trust(&phone).await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/account").await;
        ada.browser.sees("no code until").await;
        // Elsewhere a code is asked for.
        let other = ada.elsewhere().await;
        other.types_password().await;
        other.browser.is_at("/login/code").await;

        for page in ["devices/new", "recovery-codes", "password", "opt-out"] {
            ada.browser.open(&format!("/account/{page}")).await;
            let asked = format!("/code?for=account/{page}");
            assert_eq!(ada.browser.path().await, asked);
        }
        world.clock.next_step();
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account/opt-out").await;

        // It ends by the week, and the session with it.
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/account").await;
        world.clock.advance(WEEK);
        ada.types_password().await;
        ada.browser.is_at("/login/code").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_browser_that_is_forgotten_is_trusted_no_longer() {
    run_with(&["--trust-days", "7"], async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.ticks_trust(&phone).await;
        ada.logs_out().await;
        ada.types_password().await;
        assert!(ada.is_logged_in().await);
        let other = ada.elsewhere().await;
        other.logs_in(&phone).await;
        other.browser.press("#forget-browsers-form").await;
        assert!(!ada.is_logged_in().await);
        ada.types_password().await;
        ada.browser.is_at("/login/code").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn nobody_is_trusted_unless_the_site_says_so() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        world.clock.next_step();
        ada.types_password().await;
        assert!(!ada.browser.has("[name=trust]").await);
        // Nor by a form that says so.
        let session = ada.browser.session().await.unwrap();
        let code = phone.code(world);
        let fields = [("code", &*code), ("trust", "yes")];
        let answer = world.http().post_own("/login/code", &session, &fields);
        assert_eq!(answer.location(), "/account");
        for cookie in answer.set_cookies() {
            ada.browser.accept_cookie(cookie).await;
        }
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/login/code").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn logins_are_listed_and_ended() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let (tablet, thief) = (ada.elsewhere().await, ada.elsewhere().await);
        tablet.logs_in(&phone).await;
        thief.logs_in(&phone).await;
        let (eve, _) = Person::opts_in(world, "Eve").await;
        let logins = listed(&ada.browser, "login").await;
        assert_eq!(logins.len(), 3, "{logins:?}");
        assert!(logins[0].contains("this one"), "{logins:?}");
        assert!(!logins[1..].iter().any(|login| login.contains("this one")));
        assert_eq!(listed(&eve.browser, "login").await.len(), 1);

        // The latest comes first.
        ada.browser.open("/account").await;
        let end = ada.browser.find("li.login form").await;
        let end = end.attr("action").await.unwrap().unwrap();
        let session = eve.browser.session().await.unwrap();
        world.http().post_own(&end, &session, &[]);
        assert!(thief.is_logged_in().await, "of somebody else");
        // Not without a fresh code, if this is a screen that was left alone.
        world.clock.advance(Duration::from_secs(301));
        ada.browser.open("/account").await;
        ada.browser.press("li.login form").await;
        ada.browser.is_at("/code?for=account").await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.press("li.login form").await;
        assert!(!thief.is_logged_in().await);
        assert!(tablet.is_logged_in().await && ada.is_logged_in().await);
        assert_eq!(listed(&ada.browser, "login").await.len(), 2);

        thief.logs_in(&phone).await;
        ada.browser.open("/account").await;
        ada.browser.press("#end-logins-form").await;
        ada.browser
            .sees("You are logged out everywhere else.")
            .await;
        assert!(!thief.is_logged_in().await && !tablet.is_logged_in().await);
        assert!(ada.is_logged_in().await && eve.is_logged_in().await);
        assert_eq!(listed(&ada.browser, "login").await.len(), 1);
    });
}
