//! The session cookie: new at each rise, and worth nothing when forged, taken too early or too late.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use crate::harness::run;
use crate::people::{Person, REFUSED, WORKS};

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_session_id_changes_at_each_rise() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let codes = ada.issues_codes().await;
        ada.logs_out().await;
        ada.browser.open("/login").await;
        let mut sessions = vec![ada.browser.session().await];

        world.clock.next_step();
        ada.types_password().await;
        sessions.push(ada.browser.session().await);
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account").await;
        sessions.push(ada.browser.session().await);

        world.clock.advance(Duration::from_secs(301));
        ada.browser.open("/account/recovery-codes").await;
        ada.types_code(&phone.code(world)).await;
        ada.browser.is_at("/account/recovery-codes").await;
        sessions.push(ada.browser.session().await);

        ada.logs_out().await;
        sessions.push(ada.browser.session().await);
        ada.types_password().await;
        sessions.push(ada.browser.session().await);
        ada.browser.open("/login/recovery").await;
        ada.browser
            .send("#recovery-form", &[("recovery_code", &codes[0])])
            .await;
        ada.browser.is_at("/account/recovered").await;
        sessions.push(ada.browser.session().await);

        let ids: BTreeSet<_> = sessions.iter().flatten().collect();
        assert_eq!(ids.len(), sessions.iter().flatten().count(), "{sessions:?}");
        assert!(ids.len() >= 5);
        // Those before are worth nothing.
        let last = sessions.last().unwrap().as_ref();
        let http = world.http();
        for session in ids {
            let answer = http.get("/account", &[("cookie", session)]);
            assert_eq!(answer.status == 200, Some(session) == last, "{session}");
        }
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_session_fixed_by_somebody_else_is_not_raised() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.logs_out().await;
        // Eve is half logged in as herself, and slips the cookie of that into Ada's browser.
        let (eve, _) = Person::opts_in(world, "Eve").await;
        eve.types_password().await;
        eve.browser.is_at("/login/code").await;
        let fixed = eve.browser.session().await.unwrap();
        ada.browser.take_session(&fixed).await;
        ada.logs_in(&phone).await;
        ada.browser.sees("ada").await;
        assert_ne!(ada.browser.session().await.unwrap(), fixed);
        assert_ne!(
            world.http().get("/account", &[("cookie", &fixed)]).status,
            200
        );
        assert!(!eve.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_forged_session_opens_nothing() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let real = ada.browser.session().await.unwrap();
        let (name, value) = real.split_once('=').unwrap();
        // One character off, at the beginning, in the middle and at the end; cut; empty; made up.
        let mut forged: Vec<String> = [0, value.len() / 2, value.len() - 1]
            .map(|at| {
                let mut bytes = value.as_bytes().to_vec();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                String::from_utf8(bytes).unwrap()
            })
            .into();
        forged.extend([
            value[1..].to_owned(),
            String::new(),
            "A".repeat(value.len()),
            "../../etc/passwd".to_owned(),
        ]);
        let http = world.http();
        for forged in forged {
            let answer = http.get("/account", &[("cookie", &format!("{name}={forged}"))]);
            assert_eq!(
                (answer.status, answer.location()),
                (303, "/login"),
                "{forged}"
            );
        }
        ada.browser
            .take_session(&format!("{name}={}", "A".repeat(value.len())))
            .await;
        assert!(!ada.is_logged_in().await);
        ada.browser.take_session(&real).await;
        assert!(ada.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_session_from_before_logging_out_opens_nothing() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let kept = ada.browser.session().await.unwrap();
        ada.logs_out().await;
        ada.browser.take_session(&kept).await;
        assert!(!ada.is_logged_in().await);
        assert_ne!(
            world.http().get("/account", &[("cookie", &kept)]).status,
            200
        );
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn an_idle_session_ends_after_an_hour_and_any_after_a_day() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        world.clock.advance(Duration::from_secs(3601));
        assert!(!ada.is_logged_in().await);
        ada.logs_in(&phone).await;
        let mut hours = 0;
        while hours < 30 {
            world.clock.advance(Duration::from_secs(3500));
            if !ada.is_logged_in().await {
                break;
            }
            hours += 1;
        }
        // 24 times 3500 seconds are less than a day, 25 times are more.
        assert_eq!(hours, 24);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_device_of_somebody_else_is_out_of_reach() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        ada.adds("Tablet").await;
        let (eve, _) = Person::opts_in(world, "Eve").await;
        let device = ada.device("Tablet").await;
        assert_ne!(
            eve.device("Phone").await,
            device,
            "an id that Eve has too says nothing here"
        );
        let (cookie, http) = (eve.browser.session().await.unwrap(), world.http());
        for action in ["rename", "revoke", "rotate", "resync", "confirm"] {
            let path = format!("/account/devices/{device}/{action}");
            let fields = [
                ("label", "stolen"),
                ("code", "123456"),
                ("code1", "123456"),
                ("code2", "654321"),
            ];
            for status in [
                http.get(&path, &[("cookie", &cookie)]).status,
                http.post_own(&path, &cookie, &fields).status,
            ] {
                assert!(matches!(status, 400..500), "{action}: {status}");
            }
        }
        ada.browser.open("/account").await;
        assert_eq!(ada.state_of("Tablet").await, WORKS);
        assert_eq!(eve.state_of("Phone").await, WORKS);
        ada.logs_in(&phone).await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn the_code_of_somebody_else_opens_nothing() {
    run(async |world| {
        let (ada, _phone) = Person::opts_in(world, "Ada").await;
        let (eve, phone_of_eve) = Person::opts_in(world, "Eve").await;
        ada.logs_out().await;
        eve.logs_out().await;
        world.clock.next_step();
        ada.types_password().await;
        ada.types_code(&phone_of_eve.code(world)).await;
        ada.browser.is_told(REFUSED).await;
        assert!(!ada.is_logged_in().await);
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn a_new_password_ends_other_sessions() {
    run(async |world| {
        let (ada, phone) = Person::opts_in(world, "Ada").await;
        let other = ada.elsewhere().await;
        other.logs_in(&phone).await;
        let new = "another long password of Ada";
        world.secrets.add(new);
        ada.browser.open("/account/password").await;
        ada.browser
            .send(
                "#password-form",
                &[("current", &ada.password), ("new", new)],
            )
            .await;
        assert!(ada.is_logged_in().await);
        assert!(!other.is_logged_in().await);
        other.types_password().await;
        other.browser.is_told("Name or password is wrong.").await;
    });
}

#[test]
#[ignore = "needs Chromium: scripts/browser"]
fn of_two_sessions_that_change_the_password_at_once_one_stays() {
    run(async |world| {
        let ada = Person::signs_up(world, "Ada").await;
        let http = world.http();
        let mut password = ada.password.clone();
        for round in 0..5 {
            let sessions = [0, 1].map(|_| {
                let fields = [("name", ada.name.as_str()), ("password", password.as_str())];
                http.post_own("/login", "", &fields).cookie().unwrap()
            });
            let barrier = Barrier::new(sessions.len());
            let new = [0, 1].map(|n| format!("another long password {round} {n}"));
            let stays = std::thread::scope(|scope| {
                let changes = [0, 1].map(|n| {
                    let (cookie, new, password) = (sessions[n].clone(), &new[n], &password);
                    let (barrier, http) = (&barrier, &http);
                    scope.spawn(move || {
                        barrier.wait();
                        let fields = [("current", password.as_str()), ("new", new.as_str())];
                        let answer = http.post_own("/account/password", &cookie, &fields);
                        // Not even for a moment does the other one's password count.
                        let is_changed = answer.location() == "/account";
                        (is_changed, answer.cookie().unwrap_or(cookie))
                    })
                });
                changes.map(|change| change.join().unwrap())
            })
            .map(|(is_changed, cookie)| {
                (
                    is_changed,
                    http.get("/account", &[("cookie", &cookie)]).status == 200,
                )
            });
            assert!(
                matches!(
                    stays,
                    [(true, true), (false, false)] | [(false, false), (true, true)]
                ),
                "{stays:?}"
            );
            password.clone_from(&new[usize::from(stays[1].1)]);
        }
    });
}
