//! From signing up to a phone that counts.

use std::time::Duration;

use crate::harness::browser::Look;
use crate::harness::run;
use crate::people::{Person, REFUSED, WORKS};
use crate::phone::Phone;

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_person_signs_up_scans_saves_the_codes_and_logs_in() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let phone = ada.enrolls("Ada's phone").await;
        assert!(phone.uri.contains("ada"), "{}", phone.uri);
        ada.confirms(&phone).await;
        ada.browser.open("/account").await;
        assert_eq!(ada.state_of("Ada's phone").await, WORKS);

        let codes = ada.issues_codes().await;
        let (name, file) = ada.browser.download("#recovery-codes-file-form").await;
        assert!(name.ends_with(".txt"), "{name}");
        assert!(codes.iter().all(|code| file.contains(code)), "{file}");
        ada.browser.open("/account").await;
        assert_eq!(ada.browser.text_of("#recovery-codes-left").await, "10");

        ada.logs_out().await;
        ada.browser.is_at("/login").await;
        ada.logs_in(&phone).await;
        ada.browser.sees("Ada's phone").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_key_can_be_typed_instead_of_scanned() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let scanned = ada.enrolls("Phone").await;
        let typed = Phone::type_key(&ada.browser).await;
        assert_eq!(typed.code(world), scanned.code(world));
        // In groups, as nobody types 32 characters in a row.
        let shown = ada.browser.text_of("#key").await;
        assert!(
            shown.split_whitespace().all(|group| group.len() <= 4),
            "{shown}"
        );
        ada.confirms(&typed).await;
        ada.logs_in(&typed).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_qr_code_is_read_from_a_narrow_screen_in_the_dark() {
    run(async |world| {
        let look = Look {
            width: 320,
            dark: true,
            ..Look::default()
        };
        let ada = Person::signs_up_with(world, "Ada", look).await;
        ada.enrolls("Phone").await;
        let phone = Phone::scan_window(&ada.browser).await;
        ada.confirms(&phone).await;
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_expired_enrolment_says_so() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let phone = ada.enrolls("Phone").await;
        world.clock.advance(Duration::from_secs(10 * 60 + 1));
        ada.confirms(&phone).await;
        ada.browser.is_told("This took too long").await;
        // It counts for nothing, and a new start is possible.
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/account").await;
        let phone = ada.adds("Phone").await;
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_picture_stays_until_the_code_is_right() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let phone = ada.enrolls("Phone").await;
        for typed in ["12345", &phone.wrong_code(world)] {
            ada.browser.send("#confirm-form", &[("code", typed)]).await;
            assert!(ada.browser.has("#confirm-form [aria-invalid=true]").await);
            assert!(ada.browser.has("[role=alert]").await);
            let shown = Phone::scan(&ada.browser).await;
            assert_eq!(shown.uri, phone.uri, "{typed}");
            assert_eq!(Phone::type_key(&ada.browser).await.key, phone.key);
        }
        ada.confirms(&phone).await;
        assert!(!ada.browser.has(".qr svg, #key").await);
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_phone_whose_clock_is_off_is_told_so_at_the_confirmation() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let mut phone = ada.enrolls("Phone").await;
        phone.clock_error = -10 * 60;
        ada.confirms(&phone).await;
        ada.browser.is_told("clock").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_secret_is_shown_once() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let phone = ada.enrolls("Phone").await;
        let device = ada.browser.path().await;
        for path in [
            device.as_str(),
            "/account",
            "/account/activity",
            "/account/devices/new",
        ] {
            ada.browser.open(path).await;
            let page = ada.browser.client.source().await.unwrap();
            assert!(
                !page.contains(&phone.key) && !ada.browser.has(".qr svg, #key").await,
                "{path}"
            );
        }
        // No page is kept that the back button would bring up.
        for _ in 0..4 {
            ada.browser.back().await;
            assert!(!ada.browser.has(".qr svg, #key").await);
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_unconfirmed_phone_is_not_asked_for() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        ada.enrolls("Phone").await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_code_of_the_confirmation_is_no_login() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let burned = phone.code(world);
        ada.logs_out().await;
        ada.types_password().await;
        ada.types_code(&burned).await;
        ada.browser.is_told(REFUSED).await;
        ada.browser.is_at("/login/code").await;
        ada.logs_in(&phone).await;
    });
}
