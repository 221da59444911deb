//! Headers, cookies, and how much is taken from one visitor.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::harness::http::Answer;
use crate::harness::{run, run_with};
use crate::people::Person;

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn every_answer_has_the_headers_that_protect_it() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let device = ada.device("Phone").await;
        let (cookie, http) = (ada.browser.session().await.unwrap(), world.http());
        let inside = [
            "/account",
            "/account/activity",
            "/account/devices/new",
            "/account/keep",
            "/account/recovery-codes",
            "/users",
            "/notes",
            "/account/password",
            "/account/opt-out",
            "/nothing-here",
            "/login",
            "/",
            "/code?for=account/recovery-codes",
        ];
        let of_device = ["rename", "revoke", "rotate", "resync", "confirm"]
            .map(|action| format!("/account/devices/{device}/{action}"));
        for path in inside
            .into_iter()
            .chain(of_device.iter().map(String::as_str))
        {
            is_protected(path, &http.get(path, &[("cookie", &cookie)]));
            is_protected(path, &http.get(path, &[]));
        }
        for path in [
            "/sign-up",
            "/login/code",
            "/login/recovery",
            "/login/resync",
        ] {
            is_protected(path, &http.get(path, &[]));
        }
        // Refusals too.
        is_protected(
            "a cross-site post",
            &http.post("/login", &[("origin", "https://kittens.example")], &[]),
        );
        is_protected(
            "a wrong method",
            &http.post("/account/activity", &[("cookie", &cookie)], &[]),
        );
        is_protected("the store's answer", &http.get("/healthz", &[]));
    });
}

fn is_protected(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(
            policy.contains(directive),
            "{what}: {directive} in {policy:?}"
        );
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains("script-src"),
        "{what}: {policy:?}"
    );
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{what}: {:?}",
        answer.header("cache-control")
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(answer.header("server"), "", "{what}");
    assert!(
        !answer.body.contains("<script") && !answer.body.contains(" style="),
        "{what}"
    );
    for cookie in answer.set_cookies() {
        for flag in ["HttpOnly", "SameSite=", "Path=/"] {
            assert!(cookie.contains(flag), "{what}: {flag} in {cookie}");
        }
        assert!(
            !cookie.contains("Domain") && !cookie.contains("SameSite=None"),
            "{what}: {cookie}"
        );
    }
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        // By the page, so that the browser has it as the site gives it.
        ada.logs_in(&phone).await;
        let cookies = ada.browser.client.get_all_cookies().await.unwrap();
        // The session's, and that by which the account knows the browser.
        assert_eq!(cookies.len(), 2);
        for cookie in &cookies {
            assert_eq!(cookie.http_only(), Some(true));
            assert!(
                cookie
                    .same_site()
                    .is_some_and(|same| same.is_lax() || same.is_strict()),
                "{cookie}"
            );
            assert_eq!(cookie.path(), Some("/"));
            // Long enough that nobody guesses one: 128 bits are 22 characters of Base64.
            assert!(cookie.value().len() >= 22, "{}", cookie.value().len());
        }
        assert_eq!(ada.browser.evaluate("return document.cookie").await, "");
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_address_has_so_many_passwords_a_minute() {
    run_with(&["--password-tries-per-minute", "5"], async |world| {
        let browser = world.browser().await;
        let ada = Person::new(world, browser, "Ada");
        let http = world.http();
        // Ready to be sent, as a try comes back every twelve seconds.
        let login = [("name", &*ada.name), ("password", &*ada.password)];
        ada.browser.open("/login").await;
        ada.browser.fills("#login-form", &login).await;
        let mut wrong = 0;
        let limited = loop {
            let answer = http.post_own(
                "/login",
                "",
                &[("name", "Ada"), ("password", "not the password")],
            );
            if answer.status == 429 {
                break answer;
            }
            wrong += 1;
            // One more may have come back meanwhile.
            assert!(wrong <= 6, "{}", answer.body);
        };
        assert!(wrong >= 5);
        is_protected("a limited try", &limited);
        assert!(!limited.header("retry-after").is_empty());
        ada.browser.press("#login-form").await;
        ada.browser.sees("Too many tries from your network.").await;
        // Other pages are not limited.
        ada.browser.open("/login").await;
        ada.browser.find("#login-form").await;
        assert_eq!(http.get("/healthz", &[]).status, 200);
    });
}

/// However many addresses the guesses come from. A name that nobody has is limited like one that somebody has.
#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_name_has_so_many_passwords_an_hour() {
    run_with(&["--password-tries-per-minute", "1000"], async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let _bob = Person::signs_up(world, "Bob").await;
        let (http, session) = (world.http(), ada.browser.session().await.unwrap());
        for name in ["ada", "nobody"] {
            let guess = || {
                http.post_own(
                    "/login",
                    "",
                    &[("name", name), ("password", "not the password")],
                )
            };
            for n in 0..25 {
                assert_eq!(guess().status, 422, "{name}, {n}");
            }
            let limited = guess();
            assert_eq!(limited.status, 429, "{name}");
            is_protected("a limited try", &limited);
            assert!(limited.body.contains("Too many tries for this name."));
        }
        // Whoever is logged in has tries of their own; but whoever has stolen a session has no more than these.
        let guess = || {
            http.post_own(
                "/password?for=notes",
                &session,
                &[("password", "not the password")],
            )
        };
        for n in 0..25 {
            assert_eq!(guess().status, 422, "{n}");
        }
        assert_eq!(guess().status, 429);
        let change = [
            ("current", "not the password"),
            ("new", "a password nobody has"),
        ];
        assert_eq!(
            http.post_own("/account/password", &session, &change).status,
            429
        );
        // Others are not held up.
        assert_eq!(
            http.post_own("/login", "", &[("name", "bob"), ("password", "not it")])
                .status,
            422
        );
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_owner_can_not_try_names_without_end() {
    run_with(&["--password-tries-per-minute", "5"], async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let (cookie, http) = (ada.browser.session().await.unwrap(), world.http());
        let mut statuses =
            (0..8).map(|_| http.post_own("/users", &cookie, &[("name", "ada")]).status);
        assert!(statuses.any(|status| status == 429));
        assert_eq!(http.get("/users", &[("cookie", &cookie)]).status, 200);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_name_that_can_be_none_is_wrong_like_any_other() {
    run(async |world| {
        let answer = world
            .http()
            .post_own("/login", "", &[("name", "a\0b"), ("password", "x")]);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("Name or password is wrong."));
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_request_too_large_is_refused() {
    run(async |world| {
        // By its head alone, and also where the head does not say how much comes.
        let chunk = format!("{:x}\r\n{}\r\n", 1 << 15, "a".repeat(1 << 15));
        for rest in [
            "content-length: 1048576\r\n\r\n",
            &format!("transfer-encoding: chunked\r\n\r\n{chunk}"),
        ] {
            let mut stream = TcpStream::connect(world.server.authority()).unwrap();
            let head = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n";
            stream
                .write_all(format!("{head}{rest}").as_bytes())
                .unwrap();
            let mut status = String::new();
            BufReader::new(stream).read_line(&mut status).unwrap();
            assert!(status.contains(" 413 "), "{status}");
        }
        let large = "a".repeat(20_000);
        let answer = world
            .http()
            .post_own("/login", "", &[("name", "Ada"), ("password", &large)]);
        assert_eq!(answer.status, 413);
        is_protected("too large", &answer);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn no_field_breaks_the_server() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let (cookie, http) = (ada.browser.session().await.unwrap(), world.http());
        let device = ada.device("Phone").await;
        let long = "é".repeat(200);
        let texts = [
            "",
            "\0",
            "😀",
            "'; drop table users; --",
            "<script>alert(1)</script>",
            "１２３４５６",
            &long,
        ];
        let of_device = ["rename", "resync", "confirm"]
            .map(|action| format!("/account/devices/{device}/{action}"));
        let paths = [
            "/sign-up",
            "/login",
            "/account/devices/new",
            "/account/password",
            "/users",
            "/notes",
            "/code?for=account/devices/new",
        ];
        for path in paths
            .into_iter()
            .chain(of_device.iter().map(String::as_str))
        {
            for text in texts {
                let names = [
                    "organisation",
                    "name",
                    "password",
                    "label",
                    "code",
                    "code1",
                    "code2",
                    "current",
                    "new",
                    "text",
                ];
                let fields: Vec<(&str, &str)> = names.iter().map(|&name| (name, text)).collect();
                let answer = http.post_own(path, &cookie, &fields);
                assert!(answer.status < 500, "{path} {text:.20}: {}", answer.status);
                assert!(!answer.body.contains("<script"), "{path} {text:.20}");
            }
        }
        for id in [
            "x",
            "0",
            "-1",
            "%00",
            "..%2f..",
            "ffffffffffffffffffffffffffffffff",
        ] {
            let answer = http.get(
                &format!("/account/devices/{id}/rename"),
                &[("cookie", &cookie)],
            );
            assert!(matches!(answer.status, 400..500), "{id}: {}", answer.status);
        }
    });
}
