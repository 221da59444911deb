//! What stands, and what ends with it: sessions, devices that were begun, the note of who has opted in.

use secondfactor::account::Actor;
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::store::SqlxSqliteStore;
use secondfactor::store::drivers::sqlx;
use secondfactor::{AccountId, Keyring, Mfa, SealingKey};

use crate::harness::{World, run};
use crate::people::{Person, REFUSED, WORKS};
use crate::phone::Phone;

/// The site's own note of who has opted in, and the generation of their sessions.
async fn note(world: &World, name: &str) -> (String, i64) {
    sqlx::query_as("SELECT note, generation FROM web_user WHERE name = $1")
        .bind(name)
        .fetch_one(&world.database().await)
        .await
        .unwrap()
}

impl Person<'_> {
    /// A new key for a device, while the old one logs in for one more day.
    async fn replaces_slowly(&self, label: &str) -> Phone {
        self.follows(label, "rotate").await;
        let day = self.browser.find("#rotate-form [value=day]").await;
        day.click().await.unwrap();
        self.browser.press("#rotate-form").await;
        let new = Phone::scan(&self.browser).await;
        self.confirms(&new).await;
        new
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_refused_opt_out_changes_no_note() {
    run(async |world| {
        let (ada, old) = Person::opts_in(world, "Ada").await;
        ada.replaces_slowly("Phone").await;
        // The old key logs in, and its proof is fresh, but it changes nothing.
        let other = ada.elsewhere().await;
        other.logs_in(&old).await;
        let before = note(world, &ada.name).await;
        assert_eq!(before.0, "yes");
        let cookie = other.browser.session().await.unwrap();
        let answer = world.http().post_own("/account/opt-out", &cookie, &[]);
        assert_eq!(answer.location(), "/code?for=account/opt-out");
        assert_eq!(note(world, &ada.name).await, before);
        assert!(ada.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_replaced_key_logs_in_and_changes_nothing() {
    run(async |world| {
        let (ada, old) = Person::opts_in(world, "Ada").await;
        let new = ada.replaces_slowly("Phone").await;
        let other = ada.elsewhere().await;
        other.logs_in(&old).await;
        let pages = [
            "devices/new",
            "keep",
            "opt-out",
            "password",
            "recovery-codes",
        ];
        for page in pages.map(|page| format!("/account/{page}")) {
            other.browser.open(&page).await;
            let asked = other.browser.path().await;
            assert_eq!(asked, format!("/code?for={}", &page[1..]));
        }
        world.clock.next_step();
        other.types_code(&old.code(world)).await;
        other.browser.is_told("a key that you have replaced").await;
        world.clock.next_step();
        other.types_code(&new.code(world)).await;
        other.browser.is_at("/account/recovery-codes").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn new_codes_end_other_sessions() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let thief = ada.elsewhere().await;
        thief.logs_in(&phone).await;
        ada.issues_codes().await;
        assert!(!thief.is_logged_in().await);
        assert!(ada.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn opting_in_ends_password_sessions() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let other = ada.elsewhere().await;
        other.types_password().await;
        assert!(other.is_logged_in().await);
        let (_, generation) = note(world, &ada.name).await;
        ada.adds("Phone").await;
        // As if the site had been stopped between the confirmation and its note.
        let sql = "UPDATE web_user SET note = 'opting-in', generation = $1 WHERE name = $2";
        let change = sqlx::query(sql).bind(generation).bind(&ada.name);
        let changed = change.execute(&world.database().await).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        assert!(!other.is_logged_in().await);
        other.types_password().await;
        other.browser.is_at("/login/code").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn what_is_not_in_hand_ends() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let tablet = ada.adds("Tablet").await;
        let old = ada.issues_codes().await;
        ada.logs_in(&phone).await;
        let thief = ada.elsewhere().await;
        thief.logs_in(&tablet).await;
        let begun = thief.enrolls("Phone of a thief").await;

        let kept = ada.device("Phone").await;
        ada.browser.click("#keep").await;
        let ticked = ada.browser.find_all("#keep-form input:checked").await;
        assert_eq!(ticked.len(), 1);
        assert_eq!(ticked[0].attr("value").await.unwrap().unwrap(), kept);
        // The one who holds nothing keeps nothing by a device.
        ticked[0].click().await.unwrap();
        ada.browser.press("#keep-form").await;
        ada.browser.is_told("Tick one at least").await;
        ada.browser.press("#keep-form").await;

        ada.browser.is_at("/account/recovery-codes").await;
        ada.browser.press("#issue-codes-form").await;
        let new = ada.recovery_codes().await;
        assert!(!new.iter().any(|code| old.contains(code)));
        ada.browser.open("/account").await;
        assert_eq!(ada.browser.find_all("li.device").await.len(), 1);
        assert_eq!(ada.state_of("Phone").await, WORKS);
        ada.browser
            .sees("Vouched for by the device \u{201c}Phone\u{201d}")
            .await;

        assert!(!thief.is_logged_in().await);
        world.clock.next_step();
        thief.types_password().await;
        for key in [&tablet, &begun] {
            thief.types_code(&key.code(world)).await;
            thief.browser.is_told(REFUSED).await;
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_stolen_last_phone_ends_by_a_recovery_code() {
    run(async |world| {
        let (ada, stolen) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        let thief = ada.elsewhere().await;
        thief.logs_in(&stolen).await;
        ada.types_password().await;
        ada.browser.open("/login/recovery").await;
        let code = [("recovery_code", codes[0].as_str())];
        ada.browser.send("#recovery-form", &code).await;
        // None is ticked, as none is in use.
        ada.browser.open("/account/keep").await;
        assert!(!ada.browser.has("#keep-form input:checked").await);
        ada.browser.press("#keep-form").await;
        ada.browser.is_at("/account/recovery-codes").await;
        ada.browser.press("#issue-codes-form").await;
        let codes = ada.recovery_codes().await;

        // The password alone opens nothing, and the stolen phone nothing either.
        assert!(!thief.is_logged_in().await);
        thief.types_password().await;
        world.clock.next_step();
        thief.types_code(&stolen.code(world)).await;
        thief.browser.is_told("You have no device").await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.open("/login/recovery").await;
        let code = [("recovery_code", codes[0].as_str())];
        ada.browser.send("#recovery-form", &code).await;
        let phone = ada.adds("New phone").await;
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_session_ends_with_its_device() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let tablet = ada.adds("Tablet").await;
        ada.logs_in(&tablet).await;
        ada.follows("Tablet", "revoke").await;
        ada.browser.press("#revoke-form").await;
        ada.browser.is_at("/login").await;
        assert!(!ada.is_logged_in().await);
        ada.logs_in(&phone).await;

        // Also if it was an operator who revoked it.
        let tablet = ada.adds("Tablet").await;
        ada.logs_in(&tablet).await;
        revoke_as_operator(world, &ada.name, &ada.device("Tablet").await).await;
        assert!(!ada.is_logged_in().await);
    });
}

async fn revoke_as_operator(world: &World, name: &str, device: &str) {
    let pool = world.database().await;
    let id = sqlx::query_scalar("SELECT id FROM web_user WHERE name = $1").bind(name);
    let id: String = id.fetch_one(&pool).await.unwrap();
    let store = SqlxSqliteStore::new(pool);
    let key = SealingKey::load_file(world.folder().join("web-login.key")).unwrap();
    let now = UnixTime::from_secs(world.clock.now());
    let mfa = Mfa::new(store, Keyring::new(key)).with_clock(ManualClock::new(now));
    let (account, device) = (AccountId::new(id).unwrap(), device.parse().unwrap());
    let bob = Actor::new("bob").unwrap();
    mfa.danger_revoke_unproven(&account, &bob, device)
        .await
        .unwrap();
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_device_is_confirmed_only_where_it_was_begun() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let phone = ada.enrolls("Phone").await;
        let form = ada.browser.find("#confirm-form").await;
        let form = form.attr("action").await.unwrap().unwrap();

        // Somebody else who has the password: not by the right code, and their wrong ones cost no try.
        let other = ada.elsewhere().await;
        other.types_password().await;
        let cookie = other.browser.session().await.unwrap();
        let codes = [phone.code(world)].into_iter();
        for code in codes.chain((0..6).map(|_| phone.wrong_code(world))) {
            let answer = world.http().post_own(&form, &cookie, &[("code", &code)]);
            assert_eq!(answer.status, 422);
            assert!(answer.body.contains("begun in another browser"));
        }
        ada.confirms(&phone).await;
        ada.browser.is_at("/account/recovery-codes").await;
    });
}
