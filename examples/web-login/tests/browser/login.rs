//! Name and password, then the code.

use std::time::Duration;

use crate::harness::run;
use crate::people::{Person, REFUSED};

/// Closed until somebody is wholly logged in.
const CLOSED: [&str; 11] = [
    "/account",
    "/account/activity",
    "/account/devices/new",
    "/account/keep",
    "/account/opt-out",
    "/account/password",
    "/account/recovered",
    "/account/recovery-codes",
    "/code?for=account/devices/new",
    "/notes",
    "/users",
];

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_code_before_the_password_opens_nothing() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        world.clock.next_step();
        let stranger = world.browser().await;
        for path in ["/login/code", "/login/recovery", "/login/resync"] {
            stranger.open(path).await;
            stranger.is_at("/login").await;
        }
        // The same without the form's help.
        let http = world.http();
        let answer = http.post_own("/login/code", "", &[("code", &phone.code(world))]);
        assert!(
            answer.status == 403 || answer.location() == "/login",
            "{} {}",
            answer.status,
            answer.location()
        );
        let cookie = answer.cookie().unwrap_or_default();
        assert_ne!(http.get("/account", &[("cookie", &cookie)]).status, 200);
        // The code was not spent by that.
        ada.logs_out().await;
        ada.types_password().await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn half_logged_in_opens_nothing_but_the_second_step() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let device = ada.device("Phone").await;
        ada.logs_out().await;
        ada.types_password().await;
        ada.browser.is_at("/login/code").await;
        let (cookie, http) = (ada.browser.session().await.unwrap(), world.http());
        let of_device = ["rename", "revoke", "rotate", "resync", "confirm"]
            .map(|action| format!("/account/devices/{device}/{action}"));
        for path in CLOSED
            .into_iter()
            .chain(of_device.iter().map(String::as_str))
        {
            let answer = http.get(path, &[("cookie", &cookie)]);
            assert!(
                answer.status == 303 && answer.location() == "/login/code",
                "{path}: {}",
                answer.status
            );
            let answer = http.post_own(
                path,
                &cookie,
                &[("code", "123456"), ("label", "x"), ("name", "x")],
            );
            let led_away = answer.status == 303 && answer.location() == "/login/code";
            assert!(
                led_away || matches!(answer.status, 403..=405),
                "{path}: {} {}",
                answer.status,
                answer.location()
            );
        }
        ada.browser.open("/account").await;
        ada.browser.is_at("/login/code").await;
        // The other way out.
        ada.browser.press("#logout-form").await;
        ada.browser.open("/login/code").await;
        ada.browser.is_at("/login").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_code_in_two_tabs_at_once_lets_one_in() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        let other = ada.elsewhere().await;
        for _ in 0..3 {
            world.clock.next_step();
            let code = phone.code(world);
            for person in [&ada, &other] {
                person.types_password().await;
                person.browser.is_at("/login/code").await;
                person.browser.fill("#code-form [name=code]", &code).await;
            }
            tokio::join!(
                ada.browser.press("#code-form"),
                other.browser.press("#code-form")
            );
            let paths = [ada.browser.path().await, other.browser.path().await];
            let (inside, outside) = match paths.each_ref().map(String::as_str) {
                ["/account", "/login/code"] => (&ada, &other),
                ["/login/code", "/account"] => (&other, &ada),
                _ => panic!("they are at {paths:?}"),
            };
            outside.browser.is_told(REFUSED).await;
            assert!(!outside.is_logged_in().await);
            inside.logs_out().await;
            outside.browser.press("#logout-form").await;
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_used_code_is_refused_in_the_same_words_as_a_wrong_one() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_in(&phone).await;
        let other = ada.elsewhere().await;
        other.types_password().await;
        other.types_code(&phone.code(world)).await;
        other.browser.is_told(REFUSED).await;
        let replayed = other.browser.text().await;
        other.types_code(&phone.wrong_code(world)).await;
        assert_eq!(other.browser.text().await, replayed);
        // Nor one that is older than the last used.
        other.types_code(&phone.code_at(world, -1)).await;
        assert_eq!(other.browser.text().await, replayed);
        assert!(!other.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn wrong_codes_lead_to_a_wait_that_is_told() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        ada.types_password().await;
        world.clock.next_step();
        for _ in 0..4 {
            ada.types_code(&phone.wrong_code(world)).await;
            ada.browser.is_told(REFUSED).await;
        }
        ada.types_code(&phone.wrong_code(world)).await;
        // Not even the right one counts now, and a new session changes nothing.
        for person in [&ada; 2] {
            person.types_password().await;
            person.types_code(&phone.code(world)).await;
            person.browser.is_told("Too many wrong codes.").await;
            person.browser.is_told("30 seconds").await;
            let until = person
                .browser
                .find("[role=alert] time")
                .await
                .attr("datetime")
                .await
                .unwrap()
                .unwrap();
            assert!(until.ends_with('Z'), "{until}");
            assert!(!person.is_logged_in().await);
        }
        world.clock.advance(Duration::from_secs(30));
        ada.types_password().await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_back_button_after_logging_out_shows_nothing() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        ada.browser.open("/account").await;
        ada.logs_out().await;
        for _ in 0..5 {
            ada.browser.back().await;
            let page = ada.browser.client.source().await.unwrap();
            assert!(
                !page.contains("data-device"),
                "{}",
                ada.browser.path().await
            );
            assert!(!codes.iter().any(|code| page.contains(code)));
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_pasted_code_may_have_a_blank() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        world.clock.next_step();
        let code = phone.code(world);
        let as_shown = format!("{} {}", &code[..3], &code[3..]);
        // Copied from a field, with the keys that people use.
        ada.browser.open("/login").await;
        ada.browser.fill("#login-form [name=name]", &as_shown).await;
        ada.browser
            .find("#login-form [name=name]")
            .await
            .send_keys("\u{E009}ac\u{E000}")
            .await
            .unwrap();
        ada.types_password().await;
        let field = "#code-form [name=code]";
        ada.browser
            .find(field)
            .await
            .send_keys("\u{E009}v\u{E000}")
            .await
            .unwrap();
        ada.browser.holds(field, &as_shown).await;
        ada.browser.press("#code-form").await;
        ada.browser.is_at("/account").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_unknown_name_gets_the_answer_of_a_wrong_password() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        ada.browser
            .send(
                "#login-form",
                &[("name", "Ada"), ("password", "not the password of Ada")],
            )
            .await;
        ada.browser.is_told("Name or password is wrong.").await;
        let of_known = ada.browser.text().await;
        ada.browser
            .send(
                "#login-form",
                &[("name", "Nobody"), ("password", "not the password of Eve")],
            )
            .await;
        ada.browser.is_told("Name or password is wrong.").await;
        assert_eq!(ada.browser.text().await, of_known);

        // To the byte, but for the name that was typed and the form's id.
        let http = world.http();
        let answers = ["ada", "eve"].map(|name| {
            let answer = http.post_own(
                "/login",
                "",
                &[("name", name), ("password", "not the password")],
            );
            (
                answer.status,
                answer
                    .body
                    .replace(&format!("value=\"{name}\""), "")
                    .replace(answer.between("name=\"form\" value=\"", "\""), ""),
            )
        });
        assert_eq!(answers[0], answers[1]);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn logging_in_leads_to_the_page_that_was_wanted() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        world.clock.next_step();
        ada.browser.open("/account/activity").await;
        ada.browser.is_at("/login").await;
        ada.browser
            .send(
                "#login-form",
                &[("name", "Ada"), ("password", &ada.password)],
            )
            .await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account/activity").await;
    });
}
