//! When the phone is gone.

use crate::harness::run;
use crate::people::{Person, REFUSED};

impl Person<'_> {
    /// Password, then a recovery code.
    async fn recovers(&self, code: &str) {
        self.types_password().await;
        self.browser.open("/login/recovery").await;
        self.browser
            .send("#recovery-form", &[("recovery_code", code)])
            .await;
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn recovery_leads_to_a_new_phone() {
    run(async |world| {
        let (ada, lost) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        ada.logs_out().await;
        ada.types_password().await;
        // The way there is on the page.
        ada.browser.click("a[href='/login/recovery']").await;
        ada.browser
            .send("#recovery-form", &[("recovery_code", &codes[3])])
            .await;
        ada.browser.is_at("/account/recovered").await;
        assert_eq!(ada.browser.text_of("#recovery-codes-left").await, "9");
        assert!(ada.browser.has("a[href='/account/devices/new']").await);

        let phone = ada.adds("New phone").await;
        ada.follows("Phone", "revoke").await;
        ada.browser.press("#revoke-form").await;
        ada.logs_out().await;

        // The lost phone opens nothing, the new one does.
        world.clock.next_step();
        ada.types_password().await;
        ada.types_code(&lost.code(world)).await;
        ada.browser.is_told(REFUSED).await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_recovery_code_works_once() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        ada.logs_out().await;
        ada.recovers(&codes[0]).await;
        ada.browser.is_at("/account/recovered").await;
        let other = ada.elsewhere().await;
        other.recovers(&codes[0]).await;
        other.browser.is_told(REFUSED).await;
        assert!(!other.is_logged_in().await);
        // Another one does, in lower case and with blanks for hyphens, as people write them down.
        other
            .recovers(&codes[1].to_lowercase().replace('-', " "))
            .await;
        other.browser.is_at("/account/recovered").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_recovery_code_in_two_tabs_at_once_lets_one_in() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        ada.logs_out().await;
        let other = ada.elsewhere().await;
        for person in [&ada, &other] {
            person.types_password().await;
            person.browser.open("/login/recovery").await;
            person
                .browser
                .fill("#recovery-form [name=recovery_code]", &codes[0])
                .await;
        }
        tokio::join!(
            ada.browser.press("#recovery-form"),
            other.browser.press("#recovery-form")
        );
        let paths = [ada.browser.path().await, other.browser.path().await];
        let inside = paths
            .iter()
            .filter(|path| *path == "/account/recovered")
            .count();
        assert_eq!(inside, 1, "{paths:?}");
        // The other session has ended with that, if it was not just refused.
        assert!(ada.is_logged_in().await != other.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn new_recovery_codes_end_the_old_ones() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let old = ada.issues_codes().await;
        let new = ada.issues_codes().await;
        assert!(!new.iter().any(|code| old.contains(code)));
        ada.logs_out().await;
        ada.recovers(&old[0]).await;
        ada.browser.is_told(REFUSED).await;
        ada.browser
            .send("#recovery-form", &[("recovery_code", &new[0])])
            .await;
        ada.browser.is_at("/account/recovered").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn recovery_codes_are_shown_once() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        for path in ["/account/recovery-codes", "/account", "/account/activity"] {
            ada.browser.open(path).await;
            let page = ada.browser.client.source().await.unwrap();
            assert!(!codes.iter().any(|code| page.contains(code)), "{path}");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_owner_without_codes_is_told_who_can_help() {
    run(async |world| {
        let (eve, _) = Person::opts_in(world, "Eve").await;
        let codes = eve.issues_codes().await;
        let (ada, _) = Person::opts_in(world, "Ada").await;
        ada.browser.sees("nobody in Tea & Co can help you").await;
        ada.logs_out().await;
        ada.recovers(&codes[0]).await;
        ada.browser.is_told("whoever runs this site").await;
        assert!(!ada.is_logged_in().await);
    });
}
