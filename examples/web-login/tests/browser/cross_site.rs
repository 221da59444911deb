//! Pages of other sites that make a person's browser send something.

use crate::harness::other_site::OtherSite;
use crate::harness::run;
use crate::people::{Person, WORKS};

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_form_on_another_site_changes_nothing() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        // By the page, so that the browser has the cookie as the site gives it.
        ada.logs_in(&phone).await;
        let forms = ["/logout", "/account/opt-out", "/account/recovery-codes"];
        for path in forms {
            let form = format!(
                "<!doctype html><title>Kittens</title><form method=post action='{}{path}'><button>more</button></form>",
                world.server.address
            );
            let site = OtherSite::new(&form);
            // One is another site, the other only another origin, to which the browser would give cookies of the site.
            for host in ["localhost", "127.0.0.1"] {
                ada.browser.client.goto(&site.address(host)).await.unwrap();
                ada.browser.click("button").await;
                assert_eq!(ada.browser.path().await, path);
                assert!(!ada.browser.has("ol#recovery-codes").await);
                assert!(ada.is_logged_in().await, "{path} from {host}");
                assert_eq!(ada.state_of("Phone").await, WORKS, "{path} from {host}");
            }
        }
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_login_by_another_site_is_refused() {
    run(async |world| {
        // Else somebody could log people in as himself and read what they do.
        let eve = Person::signs_up(world, "Eve").await;
        let form = format!(
            "<!doctype html><form method=post action='{}/login'><input name=name value=Eve>\
             <input name=password value=\"{}\"><button>more</button></form>",
            world.server.address, eve.password
        );
        let site = OtherSite::new(&form);
        let victim = world.browser().await;
        for host in ["localhost", "127.0.0.1"] {
            victim.client.goto(&site.address(host)).await.unwrap();
            victim.click("button").await;
            victim.open("/account").await;
            victim.is_at("/login").await;
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn posts_with_a_foreign_origin_are_refused() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let eve = Person::signs_up(world, "Eve").await;
        let http = world.http();
        let cookie = ada.browser.session().await.unwrap();

        let foreign: [&[(&str, &str)]; 6] = [
            &[("origin", "https://kittens.example")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:1")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[
                ("origin", "https://kittens.example"),
                ("sec-fetch-site", "cross-site"),
            ],
        ];
        for path in [
            "/logout",
            "/account/opt-out",
            "/login",
            "/sign-up",
            "/account/password",
            "/users",
        ] {
            for headers in foreign {
                let mut all = vec![("cookie", cookie.as_str())];
                all.extend(headers);
                let answer = http.post(path, &all, &[("name", "Eve"), ("password", &eve.password)]);
                assert_eq!(answer.status, 403, "{path} with {headers:?}");
            }
        }
        assert_eq!(http.get("/account", &[("cookie", &cookie)]).status, 200);
        // The same request without a fault is taken: it was the fault that counted.
        let answer = http.post_own("/logout", &cookie, &[]);
        assert_eq!(answer.status, 303);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn no_other_site_shows_our_pages_in_a_frame() {
    run(async |world| {
        let site = OtherSite::new(&format!(
            "<!doctype html><iframe src='{}/login'></iframe>",
            world.server.address
        ));
        let browser = world.browser().await;
        for host in ["localhost", "127.0.0.1"] {
            browser.client.goto(&site.address(host)).await.unwrap();
            browser.find("iframe").await.enter_frame().await.unwrap();
            assert!(!browser.has("#login-form").await);
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_address_decides_nothing_about_where_a_login_leads() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let http = world.http();
        let cookie = ada.browser.session().await.unwrap();
        for target in [
            "https://kittens.example/",
            "//kittens.example",
            "/account",
            "%0d%0aset-cookie:x=1",
            "",
        ] {
            for page in ["/code", "/password", "/login", "/login/code"] {
                let answer = http.get(
                    &format!("{page}?for={target}&next={target}"),
                    &[("cookie", &cookie)],
                );
                assert!(
                    !answer.location().contains("kittens"),
                    "{page} {target}: {}",
                    answer.location()
                );
                assert!(!answer.body.contains("kittens"), "{page} {target}");
            }
        }
        ada.logs_out().await;
        world.clock.next_step();
        ada.browser
            .open("/login?for=https://kittens.example/&next=//kittens.example")
            .await;
        ada.browser
            .send(
                "#login-form",
                &[("name", "Ada"), ("password", &ada.password)],
            )
            .await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
    });
}
