//! What asks for a code again when the last one is more than five minutes old.

use std::time::Duration;

use crate::harness::run;
use crate::people::{Person, REFUSED, WORKS};

const FRESH: Duration = Duration::from_secs(5 * 60);

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn sensitive_pages_ask_for_a_fresh_code() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let device = ada.device("Phone").await;
        let sensitive = [
            "/account/recovery-codes".to_owned(),
            "/account/devices/new".to_owned(),
            "/account/keep".to_owned(),
            "/account/opt-out".to_owned(),
            "/account/password".to_owned(),
            format!("/account/devices/{device}/revoke"),
            format!("/account/devices/{device}/rotate"),
            format!("/account/devices/{device}/rename"),
        ];
        for page in sensitive {
            world.clock.advance(FRESH + Duration::from_secs(1));
            ada.browser.open(&page).await;
            let asked = ada.browser.path().await;
            assert!(asked.starts_with("/code?for="), "{page}: {asked}");
            // A wrong one opens nothing.
            ada.types_code(&phone.wrong_code(world)).await;
            ada.browser.is_told(REFUSED).await;
            ada.browser.open(&page).await;
            assert_eq!(ada.browser.path().await, asked);
            ada.types_code(&phone.code(world)).await;
            ada.browser.is_at(&page).await;
            // And it lasts for a while.
            world.clock.advance(FRESH - Duration::from_secs(30));
            ada.browser.open(&page).await;
            ada.browser.is_at(&page).await;
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_sensitive_form_that_was_open_too_long_does_nothing() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let device = ada.device("Phone").await;
        for (path, form) in [
            ("/account/recovery-codes".to_owned(), "#issue-codes-form"),
            (format!("/account/devices/{device}/revoke"), "#revoke-form"),
            (format!("/account/devices/{device}/rotate"), "#rotate-form"),
            ("/account/keep".to_owned(), "#keep-form"),
            ("/account/opt-out".to_owned(), "#opt-out-form"),
        ] {
            ada.logs_in(&phone).await;
            ada.browser.open(&path).await;
            world.clock.advance(FRESH + Duration::from_secs(1));
            ada.browser.press(form).await;
            let asked = ada.browser.path().await;
            assert!(asked.starts_with("/code?for="), "{path}: {asked}");
            ada.browser.open("/account").await;
            assert_eq!(ada.state_of("Phone").await, WORKS);
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn who_has_no_phone_types_the_password_again() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        world.clock.advance(FRESH + Duration::from_secs(1));
        ada.browser.open("/account/devices/new").await;
        let asked = ada.browser.path().await;
        assert!(asked.starts_with("/password?for="), "{asked}");
        ada.browser
            .send(
                "#password-again-form",
                &[("password", "not the password of Ada")],
            )
            .await;
        assert!(ada.browser.has("[role=alert]").await);
        ada.browser
            .send("#password-again-form", &[("password", &ada.password)])
            .await;
        ada.browser.is_at("/account/devices/new").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_password_is_no_fresh_code() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        world.clock.advance(FRESH + Duration::from_secs(1));
        let (cookie, http) = (ada.browser.session().await.unwrap(), world.http());
        let answer = http.post_own(
            "/password?for=account/recovery-codes",
            &cookie,
            &[("password", ada.password.as_str())],
        );
        let cookie = answer.cookie().unwrap_or(cookie);
        let answer = http.get("/account/recovery-codes", &[("cookie", &cookie)]);
        assert_ne!(answer.status, 200);
    });
}
