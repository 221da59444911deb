//! What a thief, a cut connection and two requests at once must not bring about.

mod site;

use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use secondfactor::sign_in::Note;
use site::{Answer, Browser, Call, PASSWORD, Site};

use crate::pages;

/// For what comes at once, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);
const NEW_PASSWORD: &str = "another+long+password";

fn change_password() -> String {
    format!("current={PASSWORD}&new={NEW_PASSWORD}")
}

/// Shown to whoever comes.
const OPEN: [&str; 5] = ["/sign-up", "/login", "/healthz", "/style.css", "/icon.svg"];

#[test]
fn no_page_is_outside_of_the_guard() {
    let site = Site::new();
    let is_guarded = |path: &str, answer: &Answer| {
        for header in [
            "default-src 'none'",
            "nosniff",
            "referrer-policy: same-origin",
        ] {
            assert!(answer.head.contains(header), "{path}: {}", answer.head);
        }
        let is_kept = path.contains('.');
        assert!(
            is_kept || answer.head.contains("no-store"),
            "{path}: {}",
            answer.head
        );
    };
    for path in pages::paths().into_iter().chain(["/nothing-here"]) {
        let place = path.replace("{id}", "1").replace("{key}", "1");
        let mut visitor = site.browser();
        let shown = visitor.get(&place);
        is_guarded(path, &shown);
        let is_open = OPEN.contains(&path) || path == "/nothing-here";
        assert!(
            is_open || shown.location.starts_with("/login"),
            "{path}: {shown:?}"
        );

        let mut elsewhere = site.browser();
        elsewhere.site = "cross-site";
        let refused = elsewhere.post(&place, "");
        is_guarded(path, &refused);
        assert_eq!(refused.status, 403, "{path}: {refused:?}");

        // No page is the answer to a form.
        let sent = visitor
            .sends("POST", &place, "Content-Length: 0\r\n", "")
            .read();
        is_guarded(path, &sent);
        assert_eq!(sent.status, 303, "{path}: {sent:?}");
    }
}

/// The second factor is gone, and the password lets in.
fn is_off(site: &Site, name: &str) -> bool {
    let leads = site.browser().gives_password(name);
    leads == "/account" && !site.has_record(name) && site.user(name).note != Note::OptedIn
}

#[test]
fn an_opt_out_beside_a_confirmation_shuts_nobody_out() {
    let site = Site::new();
    let (mut ada, phone) = site.opts_in("ada");
    let mut other = site.logs_in("ada", &phone);
    let tablet = other.enrolls("Tablet");
    let confirm = format!("/account/devices/{}/confirm", tablet.device);
    let code = format!("code={}", site.code(&tablet));
    let (committed, is_committed) = mpsc::channel();
    let (removed, is_removed) = mpsc::channel::<()>();
    site.between.at(Call::Swapped, 0, move || {
        committed.send(()).unwrap();
        is_removed.recv_timeout(PATIENCE).unwrap();
    });
    let confirmation = std::thread::spawn(move || other.post(&confirm, &code));
    is_committed.recv_timeout(PATIENCE).unwrap();
    site.between.at(Call::Removed, 0, move || {
        removed.send(()).unwrap();
        confirmation.join().unwrap();
    });
    ada.post("/account/opt-out", "");
    assert!(site.between.has_happened());
    assert!(is_off(&site, "ada"));
}

#[test]
fn an_opt_out_beside_a_login_by_a_recovery_code_shuts_nobody_out() {
    let site = Site::new();
    let (mut ada, _) = site.opts_in("ada");
    let codes = ada.codes();
    let mut other = site.browser();
    site.between.at(Call::Remove, 0, move || {
        // Begun after the opt-out, whose note has ended all that were begun before.
        assert_eq!(other.gives_password("ada"), "/login/code");
        let code = format!("recovery_code={}", codes[0]);
        let answer = other.post("/login/recovery", &code);
        assert_eq!(answer.location, "/account/recovered");
    });
    ada.post("/account/opt-out", "");
    assert!(site.between.has_happened());
    assert!(is_off(&site, "ada"));
}

#[test]
fn a_login_does_not_take_back_an_opt_out_that_may_be_under_way() {
    let site = Site::new();
    let (_, phone) = site.opts_in("ada");
    for (note, then) in [
        (Note::OptingOut, Note::OptingOut),
        (Note::OptingIn, Note::OptedIn),
        (Note::OptedOut, Note::OptedIn),
    ] {
        site.leaves_note("ada", note);
        site.logs_in("ada", &phone);
        assert_eq!(site.user("ada").note, then);
    }
}

#[test]
fn a_cut_connection_leaves_no_change_half_done() {
    let site = Site::new();
    let (ada, _) = site.opts_in("ada");
    let (cut, is_cut) = mpsc::channel();
    let (begin, has_begun) = mpsc::channel();
    site.between.at(Call::Remove, 0, move || {
        begin.send(()).unwrap();
        is_cut.recv_timeout(PATIENCE).unwrap();
        // The site hears of the cut beside this.
        std::thread::sleep(Duration::from_millis(100));
    });
    let connection = ada.sends("POST", "/account/opt-out", "Content-Length: 0\r\n", "");
    has_begun.recv_timeout(PATIENCE).unwrap();
    drop(connection);
    cut.send(()).unwrap();
    let end = Instant::now() + PATIENCE;
    while site.user("ada").note != Note::OptedOut {
        assert!(Instant::now() < end, "{:?}", site.user("ada").note);
        std::thread::yield_now();
    }
    assert!(!site.has_record("ada"));
}

#[test]
fn a_logout_is_not_undone_by_a_request_that_is_under_way() {
    let site = Site::new();
    let (mut ada, phone) = site.opts_in("ada");
    site.passes(30);
    let mut owner = ada.clone();
    site.between.at(Call::Swap, 0, move || {
        assert_eq!(owner.post("/logout", "").location, "/login?bye");
    });
    let code = format!("code={}", site.code(&phone));
    ada.post("/code?for=account", &code);
    assert!(site.between.has_happened());
    assert!(!ada.is_logged_in());
}

#[test]
fn a_request_whose_body_is_held_back_is_no_way_into_a_session_that_has_ended() {
    let site = Site::new();
    let mut ada = site.signs_up("ada");
    let mut thief = site.browser();
    assert_eq!(thief.gives_password("ada"), "/account");
    let phone = thief.enrolls("Phone");
    let confirm = format!("/account/devices/{}/confirm", phone.device);
    let held = [
        thief.holds_back("/account/devices/new", "label=Phone"),
        thief.holds_back(&confirm, &format!("code={}", site.code(&phone))),
        thief.holds_back("/notes", "text=late"),
        thief.holds_back("/users", "name=mallory"),
    ];
    let answer = ada.post("/account/password", &change_password());
    assert_eq!(answer.location, "/account");
    for held in held {
        let answer = held.finish();
        assert_eq!((answer.status, answer.location.as_str()), (303, "/login"));
    }
    assert!(!ada.get("/notes").body.contains("late"));
    assert_eq!(site.user("ada").note, Note::OptingIn);
    assert!(ada.is_logged_in());
}

#[test]
fn nobody_is_added_by_a_session_that_ended_meanwhile() {
    let site = Site::new();
    let (mut ada, phone) = site.opts_in("ada");
    let mut thief = site.logs_in("ada", &phone);
    // The session is looked up by one call of the store, and its proof by the next.
    site.between.at(Call::Load, 1, move || {
        let answer = ada.post("/account/password", &change_password());
        assert_eq!(answer.location, "/account");
    });
    let answer = thief.post("/users", "name=mallory");
    assert!(site.between.has_happened());
    assert_eq!(answer.location, "/login");
    let mallory = site.app.database.user_by_name("mallory");
    assert!(site.runtime.block_on(mallory).unwrap().is_none());
}

#[test]
fn a_session_that_ended_meanwhile_changes_no_device() {
    let site = Site::new();
    let (mut owner, phone) = site.opts_in("ada");
    let mut thief = site.logs_in("ada", &phone);
    site.between.at(Call::Load, 1, move || {
        let answer = owner.post("/account/password", &change_password());
        assert_eq!(answer.location, "/account");
    });
    let path = format!("/account/devices/{}/rename", phone.device);
    let answer = thief.post(&path, "label=Evil");
    assert!(site.between.has_happened());
    assert_eq!(answer.location, "/login");
    let mut ada = site.browser();
    let form = format!("name=ada&password={NEW_PASSWORD}");
    ada.post("/login", &form);
    site.passes(30);
    ada.post("/login/code", &format!("code={}", site.code(&phone)));
    let page = ada.get("/account").body;
    assert!(page.contains("Phone") && !page.contains("Evil"), "{page}");
}

#[test]
fn no_record_is_begun_beside_a_note_that_says_no() {
    let site = Site::new();
    let mut ada = site.signs_up("ada");
    let mut thief = site.browser();
    assert_eq!(thief.gives_password("ada"), "/account");
    thief.enrolls("Phone");
    // While the session of the thief is looked up.
    let clock = Arc::clone(&site.clock);
    site.between.at(Call::Load, 0, move || {
        let phone = ada.enrolls("Phone");
        let code = phone.code(&clock);
        ada.confirms(&phone, &code);
        assert_eq!(ada.post("/account/opt-out", "").location, "/account");
    });
    let answer = thief.post("/account/devices/new", "label=thief");
    assert!(site.between.has_happened());
    assert_eq!(answer.location, "/login", "{answer:?}");
    assert!(!site.has_record("ada"));
    assert_eq!(site.user("ada").note, Note::OptedOut);
}

#[test]
fn a_password_is_not_enough_beside_a_device_whatever_the_note_says() {
    let site = Site::new();
    let mut password = site.signs_up("ada");
    let (mut ada, phone) = (password.clone(), password.enrolls("Phone"));
    ada.confirms(&phone, &site.code(&phone));
    site.leaves_note("ada", Note::OptedOut);
    assert_eq!(site.browser().gives_password("ada"), "/login/code");
    site.logs_in("ada", &phone);
    assert_eq!(site.user("ada").note, Note::OptedIn);
}

#[test]
fn a_password_alone_is_not_enough_after_an_opt_out_that_was_cut_off() {
    let site = Site::new();
    let (mut ada, _) = site.opts_in("ada");
    let codes = ada.codes();
    let mut owner = site.browser();
    assert_eq!(owner.gives_password("ada"), "/login/code");
    let code = format!("recovery_code={}", codes[0]);
    owner.post("/login/recovery", &code);
    site.leaves_note("ada", Note::OptingOut);
    let answer = owner.post("/account/keep", "none=kept");
    assert_eq!(answer.location, "/account/recovery-codes");
    assert_eq!(site.browser().gives_password("ada"), "/login/code");
    assert!(owner.is_logged_in());
}

#[test]
fn a_refused_opt_out_leaves_the_note_as_it_was() {
    let site = Site::new();
    let (mut ada, _) = site.opts_in("ada");
    site.between.conflicts();
    assert_eq!(ada.post("/account/opt-out", "").location, "/account");
    assert_eq!(site.user("ada").note, Note::OptedIn);
    let page = ada.get("/account").body;
    assert!(page.contains("Try again"), "{page}");
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_young() {
    let site = Site::new();
    let hour = 3600;
    site.passes(hour);
    let (_, phone) = site.opts_in("eve");
    let mut half = site.browser();
    assert_eq!(half.gives_password("eve"), "/login/code");
    let mut ada = site.signs_up("ada");
    site.goes_back(hour);
    assert!(!ada.is_logged_in());
    site.passes(30);
    let code = format!("code={}", site.code(&phone));
    let answer = half.post("/login/code", &code);
    assert_eq!(answer.location, "/login?ended=from_the_future");
    // The clocks of two servers are never quite the same.
    let mut ada = site.browser();
    ada.gives_password("ada");
    site.goes_back(5);
    assert!(ada.is_logged_in());
}

#[test]
fn what_can_be_repeated_does_not_push_a_new_device_out_of_the_activity() {
    let site = Site::new();
    let (mut ada, phone) = site.opts_in("ada");
    let path = format!("/account/devices/{}/rename", phone.device);
    for n in 0..201 {
        let answer = ada.post(&path, &format!("label=Evil{}", n % 2));
        assert_eq!(answer.location, "/account");
    }
    // The list is written beside the requests: the last entry is there when all are.
    ada.codes();
    ada.post("/account/password", &change_password());
    let end = Instant::now() + PATIENCE;
    let activity = loop {
        let body = ada.get("/account/activity").body;
        if body.contains("10 new recovery codes") {
            break body;
        }
        assert!(Instant::now() < end, "{body}");
    };
    assert!(activity.contains("A device was confirmed."));
    assert!(activity.contains("A device has another name."));
    assert!(activity.contains("The password was changed."));
    assert!(!activity.contains("Evil"));
}

/// The forms with a code: who sends it, to which path, what is typed, and where it leads.
fn forms(site: &Site) -> Vec<(Browser, String, String, &'static str)> {
    let (mut ada, phone) = site.opts_in("ada");
    let recovery = ada.codes().swap_remove(0);
    site.passes(30);
    let mut half = site.browser();
    assert_eq!(half.gives_password("ada"), "/login/code");
    let login = half.form("/login/code", &format!("code={}", site.code(&phone)));
    let (mut eve, phone) = site.opts_in("eve");
    site.passes(30);
    let again = eve.form("/code", &format!("code={}", site.code(&phone)));
    let mut bob = site.signs_up("bob");
    let phone = bob.enrolls("Phone");
    let confirm = format!("code={}&form={}", site.code(&phone), phone.form);
    let confirm_path = format!("/account/devices/{}/confirm", phone.device);
    let mut lost = site.browser();
    assert_eq!(lost.gives_password("ada"), "/login/code");
    let recovery = lost.form("/login/recovery", &format!("recovery_code={recovery}"));
    let path = |path: &str| path.to_owned();
    vec![
        (half, path("/login/code"), login, "/account"),
        (eve, path("/code"), again, "/account"),
        (bob, confirm_path, confirm, "/account/recovery-codes"),
        (
            lost,
            path("/login/recovery"),
            recovery,
            "/account/recovered",
        ),
    ]
}

#[test]
fn a_form_that_is_sent_again_leads_to_where_it_led() {
    let site = Site::new();
    for (before, path, typed, leads) in forms(&site) {
        for nth in 1..=3 {
            let mut browser = before.clone();
            let answer = browser.post(&path, &format!("{typed}&{}", "again=yes".repeat(nth / 2)));
            assert_eq!(
                answer.location, leads,
                "{path}, the {nth}. time: {answer:?}"
            );
            assert!(browser.is_logged_in(), "{path}, the {nth}. time");
        }
        // The cookie of before does nothing else.
        let mut before = before;
        assert!(!before.is_logged_in(), "{path}");
        let (typed, _) = typed.split_once("form=").unwrap();
        let other = before.post(&path, &format!("{typed}form={}", "0".repeat(32)));
        assert!(other.location.starts_with("/login"), "{path}: {other:?}");
    }
}

#[test]
fn a_form_that_is_sent_twice_at_once_leaves_nothing_behind_a_logout() {
    let calls = [
        (Call::Load, 0),
        (Call::Load, 1),
        (Call::Swap, 0),
        (Call::Swapped, 0),
    ];
    for (call, nth) in calls {
        let site = Site::new();
        for (before, path, typed, leads) in forms(&site) {
            let (mut first, mut second) = (before.clone(), before);
            let (told, is_told) = mpsc::channel();
            // Another form for the site, which would wait for the first one, and the same one for the library.
            let (to, form) = (path.clone(), format!("{typed}&again=yes"));
            site.between.at(call, nth, move || {
                let answer = second.post(&to, &form);
                told.send((second, answer)).unwrap();
            });
            let answer = first.post(&path, &typed);
            let at = format!("{call:?} {nth}, {path}: {answer:?}");
            assert_eq!(answer.location, leads, "{at}");
            site.between.forget();
            // Not every form has so many calls.
            if let Ok((mut second, answer)) = is_told.recv() {
                assert_eq!(answer.location, leads, "{at} {answer:?}");
                assert!(first.is_logged_in() && second.is_logged_in(), "{at}");
                first.post("/logout", "");
                assert!(!second.is_logged_in(), "{at}");
            }
            first.post("/logout", "");
            assert!(!first.is_logged_in(), "{at}");
        }
    }
}

#[test]
fn a_form_that_is_sent_by_four_at_once_leaves_nothing_behind_a_logout() {
    let site = Site::new();
    for (before, path, typed, leads) in forms(&site) {
        let (barrier, sessions) = (Barrier::new(4), site.sessions());
        let send = || {
            let mut browser = before.clone();
            barrier.wait();
            let answer = browser.post(&path, &typed);
            assert_eq!(answer.location, leads, "{path}: {answer:?}");
            browser
        };
        let mut browsers: Vec<Browser> = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(send));
            threads.map(|thread| thread.join().unwrap()).into()
        });
        assert!(browsers.iter_mut().all(Browser::is_logged_in), "{path}");
        browsers[0].post("/logout", "");
        assert!(!browsers.iter_mut().any(Browser::is_logged_in), "{path}");
        assert!(site.sessions() < sessions, "{path}");
    }
}

#[test]
fn a_logout_with_the_cookie_of_before_ends_the_session() {
    let site = Site::new();
    for (before, path, typed, leads) in forms(&site) {
        let mut after = before.clone();
        assert_eq!(after.post(&path, &typed).location, leads, "{path}");
        let mut before = before;
        before.post("/logout", "");
        assert!(!after.is_logged_in(), "{path}");
    }
}

#[test]
fn a_device_that_waits_can_be_dropped() {
    let site = Site::new();
    let (mut ada, phone) = site.opts_in("ada");
    let tablet = ada.enrolls("Tablet");
    let path = |device: &str| format!("/account/devices/{device}/revoke");
    let page = ada.get("/account").body;
    assert!(page.contains(&path(&tablet.device)) && page.contains(&path(&phone.device)));
    assert_eq!(ada.post(&path(&tablet.device), "").location, "/account");
    let page = ada.get("/account").body;
    assert!(page.contains("Phone") && !page.contains("Tablet"), "{page}");
}

#[test]
fn a_copied_cookie_ends_with_each_change() {
    let site = Site::new();
    let (mut owner, phone) = site.opts_in("ada");
    let tablet = owner.enrolls("Tablet");
    owner.confirms(&tablet, &site.code(&tablet));
    let revoke = format!("/account/devices/{}/revoke", tablet.device);
    let posts = [
        ("/account/recovery-codes", String::new()),
        ("/account/password", change_password()),
        (revoke.as_str(), String::new()),
        ("/account/keep", format!("devices={}", phone.device)),
        ("/account/opt-out", String::new()),
        ("/password", format!("password={NEW_PASSWORD}")),
        (
            "/account/password",
            format!("current={NEW_PASSWORD}&new={PASSWORD}"),
        ),
    ];
    let mut session = site.logs_in("ada", &phone);
    for (path, form) in posts {
        let mut thief = session.clone();
        assert!(thief.is_logged_in(), "before {path}");
        let answer = session.post(path, &form);
        assert!(matches!(answer.status, 200 | 303), "{path}: {answer:?}");
        assert!(session.is_logged_in(), "{path}");
        assert!(!thief.is_logged_in(), "{path}");
    }
}
