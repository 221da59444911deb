//! The holes that a first integration makes, each tried by a client that is no browser.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used
)] // a test fails by panicking

#[path = "../src/main.rs"]
#[allow(dead_code)] // `main` is not called here
mod site;

mod client;

use std::time::Duration;

use client::{PASSWORD, Site};
use secondfactor::SealingKey;

/// By all that the site answers to.
const GETS: [&str; 5] = ["/", "/login", "/code", "/security", "/nowhere"];
const POSTS: [&str; 8] = [
    "/login",
    "/signup",
    "/code",
    "/security/enroll",
    "/security/confirm",
    "/security/codes",
    "/security/keep",
    "/logout",
];

#[test]
fn a_login_takes_the_password_and_a_code_that_works_once() {
    let site = Site::new();
    let (mut alice, phone) = site.opted_in();
    assert!(alice.is_in());
    let code = site.next_code(&phone);
    for (is_first, mut browser) in [(true, site.browser()), (false, site.browser())] {
        assert_eq!(browser.log_in().location, "/code");
        assert_eq!(browser.give_code(&code).location == "/security", is_first);
        assert_eq!(browser.is_in(), is_first);
    }
    assert_eq!(
        site.browser()
            .post("/login", &[("name", "alice"), ("password", "wrong")])
            .status,
        403
    );
}

/// A crash came between the confirmation and its note. A login that asks the note alone lets the password in.
#[test]
fn a_code_is_asked_for_though_the_note_is_late() {
    let site = Site::new();
    let (_, phone) = site.opted_in();
    for note in ["opted_out", "opting_in"] {
        site.set_note(note);
        let mut browser = site.browser();
        assert_eq!(browser.log_in().location, "/code");
        assert!(!browser.is_in());
        assert_eq!(
            browser.give_code(&site.next_code(&phone)).location,
            "/security"
        );
        assert_eq!(site.note(), "opted_in", "and the note is made now");
    }
}

#[test]
fn opting_in_is_noted_before_the_record_changes_and_after_it() {
    let site = Site::new();
    let mut alice = site.signed_up();
    assert_eq!(site.note(), "opted_out");
    let (phone, confirm) = alice.enroll("phone");
    assert_eq!(site.note(), "opting_in");
    alice.confirm(&confirm, &site.next_code(&phone));
    assert_eq!(site.note(), "opted_in");
}

/// `status(..).await.is_ok_and(..)` takes a store that fails for an account without a second factor.
#[test]
fn a_record_that_does_not_open_lets_nobody_in() {
    let site = Site::new();
    let (_, _) = site.opted_in();
    site.damage_record();
    for note in ["opted_out", "opting_in"] {
        site.set_note(note);
        let mut browser = site.browser();
        assert_eq!(browser.log_in().status, 500);
        assert!(!browser.is_in());
    }
}

#[test]
fn a_record_that_is_gone_lets_nobody_in() {
    let site = Site::new();
    let (mut alice, phone) = site.opted_in();
    site.remove_record();
    assert!(!alice.is_in(), "its proof stands no longer");
    let mut browser = site.browser();
    assert_eq!(browser.log_in().location, "/code");
    assert_eq!(browser.give_code(&site.next_code(&phone)).status, 500);
    assert!(!browser.is_in());
    assert_eq!(
        browser.get("/security").location,
        "/code",
        "and nobody enrolls a device in its place"
    );
}

#[test]
fn opting_in_ends_the_sessions_of_the_password_alone() {
    let site = Site::new();
    let mut thief = site.signed_up();
    let mut alice = site.browser();
    alice.log_in();
    assert!(thief.is_in());
    site.opts_in(&mut alice);
    let page = thief.get("/");
    assert_eq!(page.status, 403);
    assert!(
        page.body
            .contains("a second factor is needed now: log in again")
    );
    assert!(alice.is_in());
}

#[test]
fn no_answer_stays_in_a_cache() {
    let site = Site::new();
    let (mut proven, _) = site.opted_in();
    let mut half = site.browser();
    half.log_in();
    let mut nobody = site.browser();
    let mut answers = Vec::new();
    for browser in [&mut nobody, &mut half, &mut proven] {
        answers.extend(GETS.map(|path| browser.get(path)));
        answers.push(browser.post("/code", &[("code", &"0".repeat(20_000))]));
        answers.push(browser.post_from_elsewhere("/code"));
        answers.extend(POSTS.map(|path| browser.post(path, &[])));
    }
    for answer in answers {
        assert_eq!(answer.cache, "no-store", "{answer:?}");
    }
}

#[test]
fn a_session_gets_a_new_id_at_the_password_and_at_the_code() {
    let site = Site::new();
    let (_, phone) = site.opted_in();
    let mut browser = site.browser();
    browser.cookie = "0123456789abcdef0123456789abcdef".to_owned();
    let planted = browser.clone();
    browser.log_in();
    assert_ne!(browser.cookie, planted.cookie);
    let half = browser.clone();
    browser.give_code(&site.next_code(&phone));
    assert_ne!(browser.cookie, half.cookie);
    assert!(browser.is_in());
    for mut copy in [planted, half.clone()] {
        assert!(!copy.is_in());
    }
    assert_eq!(half.attributes, " Path=/; Secure; HttpOnly; SameSite=Lax");
    assert!(!site.stores(&browser.cookie), "it is stored as a hash");
}

#[test]
fn half_a_login_opens_the_second_step_and_nothing_else() {
    let site = Site::new();
    let (mut alice, _) = site.opted_in();
    let mut half = site.browser();
    half.log_in();
    for path in ["/", "/security"] {
        assert_eq!(half.get(path).location, "/code", "{path}");
    }
    for path in ["enroll", "confirm", "codes", "keep"] {
        let answer = half.post(
            &format!("/security/{path}"),
            &[("label", "mine"), ("password", PASSWORD)],
        );
        assert_eq!(answer.location, "/code", "{path}");
    }
    assert!(alice.is_in());
    site.clock.advance(Duration::from_secs(601));
    assert_eq!(
        half.get("/code").status,
        403,
        "and not for longer than ten minutes"
    );
}

#[test]
fn a_post_from_another_site_does_nothing() {
    let site = Site::new();
    let (mut alice, _) = site.opted_in();
    for path in POSTS {
        assert_eq!(alice.post_from_elsewhere(path).status, 403, "{path}");
        assert_eq!(
            alice.get(path).status == 405,
            !GETS.contains(&path),
            "{path}"
        );
    }
    assert!(alice.is_in(), "nor was she logged out");
}

#[test]
fn a_form_that_is_sent_twice_leads_on_twice() {
    let site = Site::new();
    let mut alice = site.signed_up();
    let (phone, confirm) = alice.enroll("phone");
    let mut twin = alice.clone();
    let code = site.next_code(&phone);
    for browser in [&mut alice, &mut twin] {
        assert_eq!(browser.confirm(&confirm, &code).location, "/security");
        assert!(browser.is_in());
    }

    let mut half = site.browser();
    half.log_in();
    let (form, code) = (half.form(), site.next_code(&phone));
    let mut twin = half.clone();
    for browser in [&mut half, &mut twin] {
        assert_eq!(
            browser
                .post("/code", &[("form", &form), ("code", &code)])
                .location,
            "/security"
        );
        assert!(browser.is_in());
    }
    let form = half.form();
    assert_ne!(
        half.post("/code", &[("form", &form), ("code", &code)])
            .location,
        "/security"
    );
}

#[test]
fn a_logout_ends_every_session_of_its_login() {
    let site = Site::new();
    let (_, phone) = site.opted_in();
    let mut browser = site.browser();
    browser.log_in();
    let mut half = browser.clone();
    let (form, code) = (half.form(), site.next_code(&phone));
    browser.post("/code", &[("form", &form), ("code", &code)]);
    let mut copy = browser.clone();
    assert_eq!(browser.post("/logout", &[]).location, "/login");
    assert!(!copy.is_in());
    assert_eq!(
        half.post("/code", &[("form", &form), ("code", &code)])
            .location,
        "/login"
    );
}

/// It begins before the logout, and the rest of it comes behind.
#[test]
fn a_form_that_is_held_back_does_nothing_after_a_logout() {
    let site = Site::new();
    let (mut alice, _) = site.opted_in();
    let held_back = alice.begin_post("/security/codes", "a=b");
    alice.post("/logout", &[]);
    let answer = held_back.finish();
    assert!(answer.contains("\r\nlocation: /login\r\n"), "{answer}");
}

#[test]
fn opting_in_takes_the_password_again() {
    let site = Site::new();
    let mut alice = site.signed_up();
    for password in ["", "a wrong password"] {
        let fields = [("label", "mine"), ("password", password)];
        assert_eq!(alice.post("/security/enroll", &fields).status, 409);
        assert_eq!(site.note(), "opted_out");
    }
}

#[test]
fn a_device_is_confirmed_where_it_was_begun() {
    let site = Site::new();
    let mut alice = site.signed_up();
    let mut thief = site.browser();
    thief.log_in();
    let (theirs, confirm) = thief.enroll("phone");
    assert_eq!(
        alice.confirm(&confirm, &site.next_code(&theirs)).status,
        409
    );
    assert_eq!(site.note(), "opting_in");
}

#[test]
fn a_change_takes_a_fresh_code() {
    let site = Site::new();
    let (mut alice, phone) = site.opted_in();
    site.clock.advance(Duration::from_secs(301));
    for (path, fields) in [
        ("codes", vec![]),
        ("enroll", vec![("label", "mine"), ("password", PASSWORD)]),
        ("keep", vec![]),
    ] {
        assert_eq!(
            alice.post(&format!("/security/{path}"), &fields).location,
            "/code",
            "{path}"
        );
    }
    assert_eq!(
        alice.give_code(&site.next_code(&phone)).location,
        "/security"
    );
    assert_eq!(alice.new_codes().len(), 10);
}

#[test]
fn a_recovery_code_opens_what_mends_the_second_factor_and_nothing_else() {
    let site = Site::new();
    let (mut thief, phone) = site.opted_in();
    let codes = thief.new_codes();
    let mut browser = site.browser();
    browser.log_in();
    assert_eq!(browser.give_code(&codes[0]).location, "/security");
    assert_eq!(browser.get("/").location, "/security");
    assert!(!thief.is_in(), "whoever has the phone is out");
    let (new_phone, confirm) = browser.enroll("new phone");
    assert_eq!(
        browser
            .confirm(&confirm, &site.next_code(&new_phone))
            .location,
        "/security"
    );
    assert!(browser.is_in());

    thief.log_in();
    thief.give_code(&site.next_code(&phone));
    assert!(thief.is_in());
    assert_eq!(
        browser.post("/security/keep", &[]).recovery_codes().len(),
        10
    );
    assert!(browser.is_in() && !thief.is_in());
    thief.log_in();
    for old in [site.next_code(&phone), codes[1].clone()] {
        assert_ne!(thief.give_code(&old).location, "/security");
    }
}

#[test]
fn recovery_codes_that_were_printed_stay_good_if_their_form_comes_again() {
    let site = Site::new();
    let (mut alice, _) = site.opted_in();
    let printed = alice.new_codes();
    assert_eq!(alice.post("/security/codes", &[]).status, 409);
    let mut browser = site.browser();
    browser.log_in();
    assert_eq!(browser.give_code(&printed[0]).location, "/security");
}

#[test]
fn a_session_ends_when_it_is_idle_or_old() {
    let site = Site::new();
    let (mut alice, _) = site.opted_in();
    for _ in 0..24 {
        site.clock.advance(Duration::from_secs(3500));
        assert!(alice.is_in());
    }
    site.clock.advance(Duration::from_secs(3500));
    assert_eq!(alice.get("/").status, 403);
    let mut idle = site.browser();
    idle.log_in();
    site.clock.advance(Duration::from_secs(3601));
    assert_eq!(idle.get("/").status, 403);
}

#[test]
fn names_that_look_alike_are_not_taken() {
    let site = Site::new();
    for name in [
        "",
        "Alice",
        "\u{430}lice",
        "a lice",
        "alice\u{200b}",
        &"a".repeat(33),
    ] {
        assert_eq!(site.browser().sign_up(name).status, 403, "{name:?}");
    }
    assert_eq!(site.browser().sign_up("alice").status, 200);
    assert_eq!(site.browser().sign_up("alice").status, 403);
    let short = [("name", "bob"), ("password", "14 characters.")];
    assert_eq!(site.browser().post("/signup", &short).status, 403);
}

#[test]
fn a_wrong_key_does_not_start_and_a_lost_one_is_not_made_anew() {
    let site = Site::new();
    let (_, _) = site.opted_in();
    let key = site.folder().join("sealing.key");
    std::fs::remove_file(&key).unwrap();
    assert!(site.starts_again().is_err());
    assert!(!key.exists());
    SealingKey::create_file(&key).unwrap();
    assert!(site.starts_again().is_err());
}
