//! Every page, in the states that people see them in.

use std::time::Duration;

use crate::harness::World;
use crate::harness::browser::{Browser, Look};
use crate::people::Person;

/// Shows every page to a visitor, with a name for each.
pub(crate) async fn tour(world: &World, look: Look, visitor: impl AsyncFn(&Browser, &str)) {
    let ada = Person::new(world, world.browser_with(look).await, "Ada");
    let browser = &ada.browser;
    browser.open("/sign-up").await;
    visitor(browser, "sign-up").await;
    browser
        .send(
            "#sign-up-form",
            &[
                ("organisation", "Tea & Co"),
                ("name", "ada"),
                ("password", "too short"),
            ],
        )
        .await;
    visitor(browser, "sign-up-refused").await;
    browser
        .send(
            "#sign-up-form",
            &[
                ("organisation", "Tea & Co"),
                ("name", "ada"),
                ("password", &ada.password),
            ],
        )
        .await;
    visitor(browser, "account-new").await;
    browser.open("/account/devices/new").await;
    visitor(browser, "device-new").await;
    let phone = ada.enrolls("Ada's phone").await;
    visitor(browser, "device-qr").await;
    browser
        .send("#confirm-form", &[("code", &phone.wrong_code(world))])
        .await;
    visitor(browser, "device-wrong-code").await;
    ada.confirms(&phone).await;
    visitor(browser, "device-confirmed").await;
    browser.open("/account/recovery-codes").await;
    visitor(browser, "recovery-codes-issue").await;
    let codes = ada.issues_codes().await;
    visitor(browser, "recovery-codes").await;
    ada.adds("An old tablet with a label of forty letters")
        .await;
    visitor(browser, "account").await;
    for link in ["rename", "resync", "revoke", "rotate"] {
        ada.follows("Ada's phone", link).await;
        visitor(browser, &format!("device-{link}")).await;
    }
    ada.elsewhere().await.logs_in(&phone).await;
    browser.open("/account").await;
    visitor(browser, "account-elsewhere").await;
    for page in ["activity", "keep", "password", "opt-out"] {
        browser.open(&format!("/account/{page}")).await;
        visitor(browser, page).await;
    }
    ada.logs_in(&phone).await;
    browser.open("/users").await;
    browser.send("#new-user-form", &[("name", "bob")]).await;
    visitor(browser, "user-new").await;
    browser.open("/users").await;
    browser.press("#demand-form").await;
    visitor(browser, "users").await;
    browser.click("main a[href^='/users/']").await;
    visitor(browser, "user").await;
    browser.open("/notes").await;
    browser
        .send(
            "#note-form",
            &[(
                "text",
                &"A note of some length, as people write them. ".repeat(5),
            )],
        )
        .await;
    browser
        .send(
            "#note-form",
            &[("text", &"A-word-that-does-not-end".repeat(8))],
        )
        .await;
    visitor(browser, "notes").await;
    browser.open("/nothing-here").await;
    visitor(browser, "not-found").await;
    world.clock.advance(Duration::from_secs(301));
    browser.open("/account/recovery-codes").await;
    visitor(browser, "fresh-code").await;

    ada.logs_out().await;
    visitor(browser, "login").await;
    browser
        .send(
            "#login-form",
            &[("name", "ada"), ("password", "not the password of Ada")],
        )
        .await;
    visitor(browser, "login-refused").await;
    ada.types_password().await;
    visitor(browser, "code").await;
    for _ in 0..4 {
        ada.types_code(&phone.wrong_code(world)).await;
    }
    visitor(browser, "code-refused").await;
    ada.types_code(&phone.wrong_code(world)).await;
    ada.types_code(&phone.wrong_code(world)).await;
    visitor(browser, "code-throttled").await;
    browser.open("/login/resync").await;
    visitor(browser, "resync").await;
    browser.open("/login/recovery").await;
    visitor(browser, "recovery").await;
    browser
        .send("#recovery-form", &[("recovery_code", "no such code")])
        .await;
    visitor(browser, "recovery-refused").await;
    browser
        .send("#recovery-form", &[("recovery_code", &codes[0])])
        .await;
    visitor(browser, "recovered").await;
    browser.open("/account/recovery-codes").await;
    visitor(browser, "recovery-codes-left").await;
    browser.open("/account/opt-out").await;
    browser.press("#opt-out-form").await;
    visitor(browser, "account-demanded").await;
    ada.types_password().await;
    visitor(browser, "device-demanded").await;
}
