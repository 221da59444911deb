//! What an account's owner does with the devices.

use crate::harness::run;
use crate::people::{Person, REFUSED, WORKS};
use crate::phone::Phone;

impl Person<'_> {
    /// The code that a phone shows, and then the next.
    async fn types_pair(&self, phone: &Phone) {
        let first = phone.code(self.world);
        self.browser.fill("#resync-form [name=code1]", &first).await;
        self.world.clock.next_step();
        let second = phone.code(self.world);
        self.browser
            .fill("#resync-form [name=code2]", &second)
            .await;
        self.browser.press("#resync-form").await;
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_device_is_renamed() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.adds("Tablet").await;
        ada.follows("Phone", "rename").await;
        // Two of one name could not be told apart.
        ada.browser
            .send("#rename-form", &[("label", "Tablet")])
            .await;
        assert!(
            ada.browser
                .has("#rename-form [name=label][aria-invalid=true]")
                .await
        );
        ada.browser
            .send("#rename-form", &[("label", "Old <b>phone</b>")])
            .await;
        ada.browser.open("/account").await;
        assert_eq!(ada.state_of("Old <b>phone</b>").await, WORKS);
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_revoked_phone_opens_nothing_and_ends_other_sessions() {
    run(async |world| {
        let (ada, lost) = Person::opts_in(world, "Ada").await;
        let kept = ada.adds("Tablet").await;
        let thief = ada.elsewhere().await;
        thief.logs_in(&lost).await;
        ada.follows("Phone", "revoke").await;
        ada.browser.press("#revoke-form").await;
        assert!(ada.is_logged_in().await);
        assert!(!thief.is_logged_in().await);

        world.clock.next_step();
        thief.types_password().await;
        thief.types_code(&lost.code(world)).await;
        thief.browser.is_told(REFUSED).await;
        ada.logs_out().await;
        ada.logs_in(&kept).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_rotation_leaves_no_gap() {
    run(async |world| {
        let (ada, old) = Person::opts_in(world, "Ada").await;
        ada.follows("Phone", "rotate").await;
        ada.browser.press("#rotate-form").await;
        let new = Phone::scan(&ada.browser).await;
        assert_ne!(new.key, old.key);

        // The old one works until the new one is confirmed.
        let other = ada.elsewhere().await;
        other.logs_in(&old).await;
        ada.confirms(&new).await;
        assert!(!other.is_logged_in().await);
        world.clock.next_step();
        other.types_password().await;
        other.types_code(&old.code(world)).await;
        other.browser.is_told(REFUSED).await;
        other.types_code(&new.code(world)).await;
        other.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_phone_forty_minutes_off_is_resynchronized_at_the_login() {
    run(async |world| {
        let (ada, mut phone) = Person::opts_in(world, "Ada").await;
        let device = ada.device("Phone").await;
        ada.logs_out().await;
        world.clock.next_step();
        phone.clock_error = 40 * 60;
        ada.types_password().await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_told(REFUSED).await;

        ada.browser.click("a[href='/login/resync']").await;
        // With one device there is nothing to choose.
        assert!(
            ada.browser
                .has(&format!(
                    "#resync-form [type=hidden][name=device][value='{device}']"
                ))
                .await
        );
        ada.types_pair(&phone).await;
        ada.browser.is_at("/login/code").await;
        assert!(ada.browser.has("[role=status]").await);
        world.clock.next_step();
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_phone_is_resynchronized_from_the_account_page() {
    run(async |world| {
        let (ada, mut phone) = Person::opts_in(world, "Ada").await;
        phone.clock_error = -40 * 60;
        ada.follows("Phone", "resync").await;
        // Two that don't follow each other are refused.
        let codes = [phone.code_at(world, 0), phone.code_at(world, 2)];
        ada.browser
            .send(
                "#resync-form",
                &[("code1", &codes[0]), ("code2", &codes[1])],
            )
            .await;
        assert!(ada.browser.has("[role=alert]").await);
        // A clock that goes backwards would offer used codes: the phone is fast again by then.
        phone.clock_error = 40 * 60;
        ada.types_pair(&phone).await;
        ada.browser.is_at("/account").await;
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn opting_out_ends_the_second_step() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let other = ada.elsewhere().await;
        other.logs_in(&phone).await;
        ada.browser.open("/account/opt-out").await;
        ada.browser.press("#opt-out-form").await;
        assert!(!other.is_logged_in().await);
        other.types_password().await;
        other.browser.is_at("/account").await;
        // And in again.
        let phone = other.adds("Phone").await;
        other.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_activity_tells_what_happened() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.adds("Tablet").await;
        ada.logs_in(&phone).await;
        ada.types_password().await;
        ada.types_code(&phone.wrong_code(world)).await;
        world.clock.next_step();
        ada.types_code(&phone.code(world)).await;
        // It is written beside the requests, so a moment later.
        ada.browser
            .opens_until("/account/activity", "A wrong code.")
            .await;
        let entries = ada.browser.find_all("main time[datetime]").await;
        assert!(entries.len() >= 6, "{}", ada.browser.text().await);
        // Newest first.
        let mut times = Vec::new();
        for entry in entries {
            times.push(entry.attr("datetime").await.unwrap().unwrap());
        }
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    });
}
