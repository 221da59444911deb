//! Known browsers: the two sides of the throttle, stolen cookies, and trust.

use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{BrowserCookie, BrowserId, FormId, Lock, Recognized, Submission};
use secondfactor::codes::SecretText;
use secondfactor::sign_in::{self, EndReason, Note, SessionLimits, SignIn};
use secondfactor::{Code, Denial, Error, Event, Mfa, Policy, Verified};

use super::{is_throttled, kind};
use crate::stage::{Held, Stage};
use crate::support::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A browser with its cookie.
struct Browser {
    id: BrowserId,
    cookie: SecretText,
}

impl Stage {
    fn trusting() -> (Self, Held, Browser) {
        let (stage, phone, _) = Self::with_phone();
        let policy = Policy::builder().trust(DAY * 30).build().unwrap();
        let stage = stage.with_policy(policy);
        let browser = stage.remember(&phone, "laptop");
        stage.trust(&phone, &browser, DAY * 30).unwrap();
        (stage, phone, browser)
    }

    fn verify(&self, submission: Submission<Code>) -> Result<Verified, Error> {
        run(self.mfa.verify(&alice(), submission))
    }

    fn log_in_from(&self, device: &Held, cookie: &str) -> Result<Verified, Error> {
        self.wait(STEP);
        self.verify(Submission::new(self.shows(device)).in_browser(Some(cookie)))
    }

    fn remember(&self, device: &Held, name: &str) -> Browser {
        self.wait(STEP);
        let submission = Submission::new(self.shows(device)).remember_browser(label(name));
        let mut verified = self.verify(submission).unwrap();
        let cookie = verified.take_browser_cookie().unwrap();
        assert!(verified.take_browser_cookie().is_none(), "handed out once");
        assert_eq!(cookie.name(), BrowserCookie::name_for(&alice()));
        Browser {
            id: verified.browser().unwrap(),
            cookie: cookie.expose_value(),
        }
    }

    fn guess(&self, device: &Held, cookie: Option<&str>) -> Denial {
        let wrong = wrong_code(&device.secret, self.now());
        kind(self.verify(Submission::new(wrong).in_browser(cookie)))
    }

    /// Guesses as long as anything is judged. Returns how much was.
    fn guess_on(&self, device: &Held, cookie: Option<&str>) -> u32 {
        std::iter::from_fn(|| (self.guess(device, cookie) == Denial::Mismatch).then_some(1)).sum()
    }

    /// Guesses until so many are judged, without a wait between those that need none.
    fn guess_times(&self, device: &Held, cookie: Option<&str>, times: u32) {
        let mut judged = 0;
        for _ in 0..24 * 30 {
            match self.guess(device, cookie) {
                Denial::Mismatch => judged += 1,
                _ => self.wait(Duration::from_secs(3600)),
            }
            if judged == times {
                break;
            }
        }
        assert_eq!(judged, times);
        self.wait(DAY);
    }

    /// Shuts strangers out.
    fn shut_out(&self, device: &Held) {
        for _ in 0..24 * 30 {
            if self.guess(device, None) == Denial::StrangersClosed {
                return;
            }
            self.wait(Duration::from_secs(3600));
        }
        panic!("strangers are not shut out, or all are");
    }

    fn browsers(&self) -> Vec<BrowserId> {
        let status = run(self.mfa.status(&alice())).unwrap();
        status.browsers().iter().map(|one| one.id()).collect()
    }

    fn trust(&self, device: &Held, browser: &Browser, time: Duration) -> Result<(), Error> {
        let verified = self.log_in_from(device, &browser.cookie).unwrap();
        run(self.mfa.trust_browser(&verified, browser.id, time))
    }

    fn recognize(&self, browser: &Browser) -> Result<Recognized, Error> {
        run(self.mfa.recognize(&alice(), Some(&browser.cookie)))
    }

    fn is_asked(&self, browser: &Browser) -> bool {
        let writes = self.writes();
        let is_asked = matches!(self.recognize(browser), Err(Error::CodeRequired));
        is_asked && self.writes() == writes
    }
}

/// The owner logs in at the hour at which they are last to come. The guesser has taken all that is left by then.
#[test]
fn strangers_do_not_lock_known_browsers_out() {
    let (stage, phone, _) = Stage::with_phone();
    let browser = stage.remember(&phone, "laptop");
    let mut judged = 0;
    for _ in 0..30 {
        for _ in 0..24 {
            stage.wait(Duration::from_secs(3600));
            judged += stage.guess_on(&phone, None);
        }
        let verified = stage.log_in_from(&phone, &browser.cookie).unwrap();
        assert_eq!(verified.browser(), Some(browser.id));
    }
    assert_eq!(judged, 80, "her logins open nothing for a guesser");
    let status = run(stage.mfa.status(&alice())).unwrap();
    assert_eq!(
        (status.lock(), status.known_browsers_lock()),
        (Lock::Disabled, Lock::Open)
    );
    assert_eq!(stage.guess(&phone, None), Denial::StrangersClosed);
    let disabled = |event: &&Event| **event == Event::Disabled;
    assert_eq!(stage.told().iter().filter(disabled).count(), 1);
}

#[test]
fn a_changed_password_opens_the_strangers_side() {
    let (stage, phone, _) = Stage::with_phone();
    let (laptop, other) = (
        stage.remember(&phone, "laptop"),
        stage.remember(&phone, "other"),
    );
    stage.shut_out(&phone);
    assert_eq!(kind(stage.log_in(&phone)), Denial::StrangersClosed);
    let verified = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    stage.told();
    run(stage.mfa.password_changed(&verified, Some(&laptop.cookie))).unwrap();
    assert_eq!(
        stage.told_codes(),
        ["browser_forgotten", "password_changed"]
    );
    assert_eq!(stage.browsers(), [laptop.id]);
    let _verified = stage.log_in(&phone).unwrap();
    let by_other = stage.log_in_from(&phone, &other.cookie).unwrap();
    assert_eq!(by_other.browser(), None);
    assert!(
        stage
            .log_in_from(&phone, &laptop.cookie)
            .unwrap()
            .browser()
            .is_some()
    );
}

/// Whoever has eight cookies and the password misses no chance. The owner logs in every day, in one browser after the
/// other and as a stranger too, and so resets all that a login resets.
#[test]
fn cookies_multiply_no_guesses() {
    let (stage, phone, _) = Stage::with_phone();
    let browsers: Vec<Browser> = (0..8)
        .map(|n| stage.remember(&phone, &n.to_string()))
        .collect();
    let (start, mut judged, mut by_browser) = (stage.now(), Vec::new(), [0; 8]);
    let days_from_start = || stage.now().saturating_since(start).as_secs() / DAY.as_secs();
    for day in (0..).take_while(|_| days_from_start() < 364) {
        // Twelve times a day is as good as always: a bucket lets one more in after 2.4 hours. The tenth from one
        // browser would close it, and spare nobody a login.
        for _ in 0..12 {
            stage.wait(Duration::from_secs(2 * 3600));
            let mut count = stage.guess_on(&phone, None);
            // The next one that has a guess left, until their side waits.
            while let Some(at) = by_browser.iter().position(|failures| *failures < 9) {
                if stage.guess(&phone, Some(&browsers[at].cookie)) != Denial::Mismatch {
                    break;
                }
                (by_browser[at], count) = (by_browser[at] + 1, count + 1);
            }
            judged.extend((0..count).map(|_| stage.now().as_secs()));
        }
        let status = run(stage.mfa.status(&alice())).unwrap();
        for lock in [status.lock(), status.known_browsers_lock()] {
            match lock {
                Lock::Until(until) => stage.clock.set(until.max(stage.now())),
                lock => assert_eq!(lock, Lock::Open),
            }
        }
        let cookie = &browsers[day % 8].cookie;
        let _in_a_browser = stage.log_in_from(&phone, cookie).unwrap();
        by_browser[day % 8] = 0;
        let _as_a_stranger = stage.log_in(&phone).unwrap();
    }
    let bound = Policy::DEFAULT.guess_bound().with_cookies(8);
    let in_a_guess = Policy::DEFAULT.guess_bound().per_day() / 25.0;
    let year = judged.len() as f64 * in_a_guess;
    assert!(
        year <= bound.per_year_beside_the_owner(),
        "{}",
        judged.len()
    );
    assert!(
        judged.len() > 6500,
        "the simulation guesses: {}",
        judged.len()
    );
    let day = DAY.as_secs();
    let in_a_day = |from: &u64| {
        judged
            .iter()
            .filter(|at| (*from..from + day).contains(at))
            .count()
    };
    let most = judged.iter().step_by(7).map(in_a_day).max().unwrap();
    assert!(
        most as f64 * in_a_guess <= bound.per_day(),
        "{most} in a day"
    );
}

/// Without the owner: 80 as a stranger, 10 more by one cookie, 20 by any number of them.
#[test]
fn sides_close_after_what_the_bound_counts() {
    for (cookies, expected) in [(0, 80), (1, 90), (2, 100), (8, 100)] {
        let (stage, phone, _) = Stage::with_phone();
        let browsers: Vec<Browser> = (0..cookies)
            .map(|n| stage.remember(&phone, &n.to_string()))
            .collect();
        let mut judged = 0;
        for _ in 0..12 * 12 {
            stage.wait(Duration::from_secs(2 * 3600));
            let known = browsers.iter().map(|browser| Some(&*browser.cookie));
            judged += known
                .chain([None])
                .map(|cookie| stage.guess_on(&phone, cookie))
                .sum::<u32>();
        }
        assert_eq!(judged, expected);
        let bound = Policy::DEFAULT.guess_bound().with_cookies(cookies);
        assert_eq!(bound.until_disabled(), f64::from(expected * 3) / 1e6);
        let told = stage.told_codes();
        let count = |code| told.iter().filter(|told| **told == code).count();
        assert_eq!(count("disabled"), 1);
        assert_eq!(count("browser_closed"), usize::from(cookies.min(2)));
        assert_eq!(count("known_browsers_closed"), usize::from(cookies > 1));
    }
}

#[test]
fn a_browser_is_a_stranger_after_ten_wrong_codes_until_it_verifies() {
    let (stage, phone, _) = Stage::with_phone();
    let (laptop, other) = (
        stage.remember(&phone, "laptop"),
        stage.remember(&phone, "other"),
    );
    for failures in 1..=10 {
        assert_eq!(stage.guess(&phone, Some(&laptop.cookie)), Denial::Mismatch);
        let is_closed = failures == 10;
        let status = run(stage.mfa.status(&alice())).unwrap();
        let seen = status.browsers().iter().find(|one| one.id() == laptop.id);
        assert_eq!(seen.unwrap().is_closed(), is_closed);
        stage.wait(Duration::from_secs(3 * 3600));
    }
    // It fails on the other side now. The other browser waits for nothing of it.
    assert_eq!(stage.guess(&phone, Some(&laptop.cookie)), Denial::Mismatch);
    let is_of_strangers = |event: &Event| matches!(event, Event::Mismatch { failures: 1, .. });
    assert!(is_of_strangers(stage.told().last().unwrap()));
    let _verified = stage.log_in_from(&phone, &other.cookie).unwrap();
    assert_eq!(
        stage.guess_on(&phone, Some(&laptop.cookie)),
        4,
        "a stranger's free tries"
    );
    stage.wait(DAY);
    let verified = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    assert_eq!(verified.browser(), Some(laptop.id));
    assert_eq!(
        stage.guess_on(&phone, Some(&laptop.cookie)),
        5,
        "known again"
    );
    assert_eq!(stage.guess_on(&phone, None), 1, "forgiven nothing by that");
}

/// Whoever has one cookie closes its browser, again and again.
#[test]
fn one_copied_cookie_does_not_close_the_side_of_the_others() {
    let (stage, phone, _) = Stage::with_phone();
    let (laptop, other) = (
        stage.remember(&phone, "laptop"),
        stage.remember(&phone, "other"),
    );
    for _ in 0..3 {
        stage.guess_times(&phone, Some(&laptop.cookie), 10);
        let _in_it = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    }
    assert!(!stage.told_codes().contains(&"known_browsers_closed"));
    stage.shut_out(&phone);
    let verified = stage.log_in_from(&phone, &other.cookie).unwrap();
    assert_eq!(verified.browser(), Some(other.id));
}

#[test]
fn a_login_in_a_known_browser_opens_their_side_again() {
    let (stage, phone, _) = Stage::with_phone();
    let [laptop, other, third] =
        ["laptop", "other", "third"].map(|name| stage.remember(&phone, name));
    for browser in [&laptop, &other] {
        stage.guess_times(&phone, Some(&browser.cookie), 10);
    }
    assert!(stage.told_codes().contains(&"known_browsers_closed"));
    let _judged_with_strangers = stage.log_in_from(&phone, &third.cookie).unwrap();
    stage.shut_out(&phone);
    let _verified = stage.log_in_from(&phone, &third.cookie).unwrap();
}

/// It is judged with strangers, and forgives them nothing.
#[test]
fn a_login_in_a_closed_browser_gives_strangers_no_new_tries() {
    let (stage, phone, _) = Stage::with_phone();
    let laptop = stage.remember(&phone, "laptop");
    stage.guess_times(&phone, None, 10);
    stage.guess_times(&phone, Some(&laptop.cookie), 10);
    let _in_it = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    stage.guess_times(&phone, None, 1);
    let failures = |event: Event| match event {
        Event::Mismatch { failures, .. } => Some(failures),
        _ => None,
    };
    assert_eq!(
        stage.told().into_iter().filter_map(failures).next_back(),
        Some(11)
    );
    // By a stranger's login they are forgiven.
    let _as_a_stranger = stage.log_in(&phone).unwrap();
    stage.guess_times(&phone, None, 1);
    assert_eq!(
        stage.told().into_iter().filter_map(failures).next_back(),
        Some(1)
    );
}

/// The limits are changed after both sides were closed, or while one of them is.
#[test]
fn a_changed_policy_judges_no_more_in_a_row() {
    let judged = |policy| {
        let (stage, phone, _) = Stage::with_phone();
        let [laptop, other] = ["laptop", "other"].map(|name| stage.remember(&phone, name));
        for (cookie, times) in [(Some(&laptop), 10), (Some(&other), 9), (None, 40)] {
            let cookie = cookie.map(|browser| &*browser.cookie);
            stage.guess_times(&phone, cookie, times);
        }
        let stage = stage.with_policy(policy);
        stage.told();
        for _ in 0..24 * 14 {
            stage.wait(Duration::from_secs(3600));
            stage.guess_on(&phone, Some(&other.cookie));
            stage.guess_on(&phone, None);
        }
        let told = stage.told_codes();
        59 + told.iter().filter(|code| **code == "mismatch").count()
    };
    let tighter = Policy::builder().max_failures(61).build().unwrap();
    assert_eq!(judged(Policy::PCI), 100);
    assert_eq!(judged(Policy::DEFAULT), 100);
    assert_eq!(judged(tighter), 61);
}

/// From a policy with one side, whose count is that of strangers then.
#[test]
fn the_side_of_known_browsers_has_what_strangers_have_left() {
    let (stage, phone, _) = Stage::with_phone();
    let stage = stage.with_policy(Policy::PCI);
    let laptop = stage.remember(&phone, "laptop");
    stage.guess_times(&phone, None, 95);
    let stage = stage.with_policy(Policy::DEFAULT);
    for _ in 0..24 {
        stage.guess_on(&phone, Some(&laptop.cookie));
        stage.wait(Duration::from_secs(3600));
    }
    stage.told();
    assert_eq!(stage.guess(&phone, Some(&laptop.cookie)), Denial::Disabled);
    let status = run(stage.mfa.status(&alice())).unwrap();
    assert_eq!(status.known_browsers_lock(), Lock::Disabled);
}

/// By whatever browser, as there is one count.
#[test]
fn a_success_under_one_side_resets_all() {
    let (stage, phone, _) = Stage::with_phone();
    let laptop = stage.remember(&phone, "laptop");
    stage.guess_times(&phone, Some(&laptop.cookie), 9);
    let stage = stage.with_policy(Policy::PCI);
    stage.guess_times(&phone, None, 9);
    let _in_it = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    stage.guess_times(&phone, None, 1);
    let stage = stage.with_policy(Policy::DEFAULT);
    stage.guess_times(&phone, Some(&laptop.cookie), 1);
    let told = stage.told();
    let last = |from: Option<BrowserId>| {
        told.iter().rev().find_map(|event| match event {
            Event::Mismatch {
                failures, browser, ..
            } if *browser == from => Some(*failures),
            _ => None,
        })
    };
    assert_eq!((last(None), last(Some(laptop.id))), (Some(1), Some(1)));
}

#[test]
fn pci_has_one_side() {
    let (stage, phone, _) = Stage::with_phone();
    let stage = stage.with_policy(Policy::PCI);
    let browser = stage.remember(&phone, "laptop");
    assert_eq!(stage.guess_on(&phone, None), 10);
    assert!(is_throttled(stage.log_in_from(&phone, &browser.cookie)));
}

#[test]
fn an_unknown_cookie_is_a_stranger() {
    let (stage, phone, _) = Stage::with_phone();
    let (laptop, forgotten) = (
        stage.remember(&phone, "laptop"),
        stage.remember(&phone, "old"),
    );
    let by_laptop = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    run(stage.mfa.forget_browser(&by_laptop, forgotten.id)).unwrap();
    let again = run(stage.mfa.forget_browser(&by_laptop, forgotten.id));
    assert!(matches!(again, Err(Error::UnknownBrowser)));

    // Another account's, by the same value too.
    let bob = account("bob");
    let bobs = Held::new(&run(stage.mfa.enroll(&bob, label("phone"))).unwrap());
    let submission = Submission::new(stage.shows(&bobs)).remember_browser(label("bob's"));
    let mut confirmed = run(stage.mfa.confirm(&bob, bobs.id, submission)).unwrap();
    let of_bob = confirmed.take_browser_cookie().unwrap();
    assert_ne!(of_bob.name(), BrowserCookie::name_for(&alice()));
    stage.wait(STEP);
    let at_bob = Submission::new(stage.shows(&bobs)).in_browser(Some(&laptop.cookie));
    assert_eq!(run(stage.mfa.verify(&bob, at_bob)).unwrap().browser(), None);

    let good = laptop.cookie.as_str();
    let last = if good.ends_with('A') { 'E' } else { 'A' };
    let unknown = [
        forgotten.cookie.to_string(),
        of_bob.expose_value().to_string(),
        String::new(),
        good[1..].to_owned(),
        good[..25].to_owned(),
        format!("{good}A"),
        format!("{good} "),
        format!("{}{last}", &good[..25]),
        "\u{1f36a}".repeat(7),
        "=".repeat(26),
    ];
    for cookie in &unknown {
        stage.told();
        let verified = stage.log_in_from(&phone, cookie).unwrap();
        assert_eq!(verified.browser(), None, "{cookie:?}");
        assert_eq!(stage.told_codes(), ["verified"], "without a word");
    }
    // All of them are on one side.
    for _ in 0..12 {
        stage.wait(Duration::from_secs(3600));
        stage.guess_on(&phone, None);
    }
    for cookie in &unknown {
        assert!(
            is_throttled(stage.log_in_from(&phone, cookie)),
            "{cookie:?}"
        );
    }
    let by_laptop = stage.log_in_from(&phone, good).unwrap();

    // Of before an opt-out.
    run(stage.mfa.opt_out(&by_laptop)).unwrap();
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    stage.confirm(&phone).unwrap();
    let verified = stage.log_in_from(&phone, good).unwrap();
    assert_eq!(verified.browser(), None);
}

/// A double click, a lost answer: in whatever order the answers arrive, the cookie works.
#[test]
fn a_retry_gets_the_same_cookie() {
    let (stage, phone, _) = Stage::with_phone();
    let form = |n: u8| -> FormId { format!("{n:032x}").parse().unwrap() };
    stage.wait(STEP);
    let typed = |n| {
        let submission = Submission::new(stage.shows(&phone)).remember_browser(label("laptop"));
        submission.with_form(b"the session's id", form(n)).unwrap()
    };
    let submit = |submission| {
        let mut verified = stage.verify(submission).unwrap();
        let cookie = verified
            .take_browser_cookie()
            .map(|cookie| cookie.expose_value().to_string());
        (verified.browser(), cookie)
    };
    let first = submit(typed(1));
    assert_eq!(submit(typed(1)), first);
    let cookie = first.1.clone().unwrap();
    assert_eq!(submit(typed(1).in_browser(Some(&cookie))), first);
    assert_eq!(stage.browsers().len(), 1);
    // Whoever does not ask gets none.
    let silent = Submission::new(stage.shows(&phone)).with_form(b"the session's id", form(1));
    assert_eq!(submit(silent.unwrap()).1, None);

    // A known browser keeps its value, by a retry too.
    stage.wait(STEP);
    let known = typed(2).in_browser(Some(&cookie));
    assert_eq!(submit(known.clone()), first);
    assert_eq!(submit(known), first);

    // Forgotten meanwhile, it stays forgotten.
    stage.wait(STEP);
    let (id, _) = submit(typed(3));
    let verified = stage.verify(typed(3)).unwrap();
    run(stage.mfa.forget_browser(&verified, id.unwrap())).unwrap();
    assert_eq!(submit(typed(3)), (None, None));
}

#[test]
fn the_browser_that_was_unused_longest_makes_room() {
    let (stage, phone, _) = Stage::with_phone();
    let browsers: Vec<Browser> = (0..8)
        .map(|n| stage.remember(&phone, &n.to_string()))
        .collect();
    let _used = stage.log_in_from(&phone, &browsers[0].cookie).unwrap();
    stage.told();
    let ninth = stage.remember(&phone, "ninth");
    assert_eq!(
        stage.told_codes(),
        ["verified", "browser_forgotten", "browser_remembered"]
    );
    let mut expected: Vec<BrowserId> = browsers[2..].iter().map(|browser| browser.id).collect();
    expected.extend([browsers[0].id, ninth.id]);
    assert_eq!(stage.browsers(), expected);
}

#[test]
fn trust_is_off_unless_the_policy_allows_it() {
    for policy in [Policy::DEFAULT, Policy::ASVS, Policy::NIST, Policy::PCI] {
        let (stage, phone, _) = Stage::with_phone();
        let stage = stage.with_policy(policy);
        let browser = stage.remember(&phone, "laptop");
        let refused = stage.trust(&phone, &browser, Duration::from_secs(1));
        assert!(matches!(refused, Err(Error::TrustRefused)));
        assert!(stage.is_asked(&browser));
    }
}

#[test]
fn a_trusted_browser_is_recognized_and_proves_nothing() {
    let (stage, phone, laptop) = Stage::trusting();
    stage.told();
    let recognized = stage.recognize(&laptop).unwrap();
    assert_eq!(
        (recognized.account(), recognized.browser()),
        (&alice(), laptop.id)
    );
    assert_eq!(
        (recognized.at(), stage.told_codes()),
        (stage.now(), vec!["recognized"])
    );
    // By a code that was verified in it, and by that device.
    let other = stage.remember(&phone, "other");
    let by_other = stage.log_in_from(&phone, &other.cookie).unwrap();
    let (tablet, _) = stage.add(&by_other, "tablet");
    let by_tablet = stage.log_in(&tablet).unwrap();
    let refused = run(stage.mfa.trust_browser(&by_tablet, other.id, DAY));
    assert!(matches!(refused, Err(Error::UnknownBrowser)));
    assert!(stage.is_asked(&other));
    let refused = run(stage.mfa.trust_browser(&by_other, other.id, DAY * 31));
    assert!(matches!(refused, Err(Error::TrustRefused)));
    stage.six_minutes();
    let stale = run(stage.mfa.trust_browser(&by_other, other.id, DAY));
    assert!(matches!(stale, Err(Error::Stale(_))));
    // It ends with the browser.
    let by_laptop = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    run(stage.mfa.forget_browser(&by_laptop, laptop.id)).unwrap();
    assert!(stage.is_asked(&laptop));
}

#[test]
fn trust_takes_a_code_that_was_verified_in_that_browser() {
    let (stage, phone, _) = Stage::trusting();
    let [laptop, other] = ["one", "other"].map(|name| stage.remember(&phone, name));
    let trust = |verified: &Verified, time| run(stage.mfa.trust_browser(verified, laptop.id, time));
    for elsewhere in [
        stage.log_in(&phone).unwrap(),
        stage.log_in_from(&phone, &other.cookie).unwrap(),
    ] {
        let refused = trust(&elsewhere, DAY);
        assert!(matches!(refused, Err(Error::UnknownBrowser)));
    }
    let in_it = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    let token = stage
        .mfa
        .seal_proof(&in_it, b"a session's id of 16")
        .unwrap();
    let opened = stage
        .mfa
        .open_verified(&alice(), b"a session's id of 16", &token, DAY);
    assert!(matches!(
        trust(&opened.unwrap(), DAY),
        Err(Error::UnknownBrowser)
    ));
    // The record keeps whole seconds.
    for too_short in [Duration::ZERO, Duration::from_millis(999)] {
        let refused = trust(&in_it, too_short);
        assert!(matches!(refused, Err(Error::TrustRefused)));
    }
    assert!(stage.is_asked(&laptop));
    trust(&in_it, DAY).unwrap();
    let _recognized = stage.recognize(&laptop).unwrap();

    // Not of one that was closed since.
    let policy = Policy::builder().trust(DAY).waits(10, STEP, DAY);
    let stage = stage.with_policy(policy.build().unwrap());
    for _ in 0..10 {
        let _mismatch = stage.guess(&phone, Some(&laptop.cookie));
    }
    let refused = run(stage.mfa.trust_browser(&in_it, laptop.id, DAY));
    assert!(matches!(refused, Err(Error::TrustRefused)));
}

/// Whoever has the form, the session and the code is in that session already. It wins them no trust.
#[test]
fn a_retry_in_another_browser_is_verified_in_none() {
    let (stage, phone, laptop) = Stage::trusting();
    let by_laptop = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    run(stage.mfa.forget_browser(&by_laptop, laptop.id)).unwrap();
    let [copied, own] = ["copied", "own"].map(|name| stage.remember(&phone, name));
    let form = FormId::generate().unwrap();
    for first in [None, Some(own)] {
        stage.wait(STEP);
        let typed = |cookie| {
            let typed = Submission::new(stage.shows(&phone)).in_browser(cookie);
            typed.with_form(b"the session's id", form).unwrap()
        };
        let cookie = first.as_ref().map(|browser| browser.cookie.as_str());
        let verified = stage.verify(typed(cookie)).unwrap();
        assert_eq!(verified.browser(), first.as_ref().map(|browser| browser.id));

        let again = stage.verify(typed(Some(&copied.cookie))).unwrap();
        assert_eq!(again.browser(), None);
        let refused = run(stage.mfa.trust_browser(&again, copied.id, DAY));
        assert!(matches!(refused, Err(Error::UnknownBrowser)));
        let again = stage.verify(typed(cookie)).unwrap();
        assert_eq!(again.browser(), verified.browser());
    }
}

/// A thief was let in by a copied cookie, and keeps the session while the trust ends. Then the owner
/// trusts a browser again, which may have the same number.
#[test]
fn a_session_let_in_by_an_earlier_trust_does_not_come_back() {
    type Again = fn(&Stage, &Held, &Browser) -> Option<Browser>;
    let agains: [(&str, Again); 3] = [
        ("opted out and in", |stage, phone, _| {
            let verified = stage.log_in(phone).unwrap();
            run(stage.mfa.opt_out(&verified)).unwrap();
            let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
            stage.confirm(&phone).unwrap();
            let laptop = stage.remember(&phone, "laptop");
            stage.trust(&phone, &laptop, DAY).unwrap();
            Some(laptop)
        }),
        ("forgotten by a wrong clock", |stage, phone, laptop| {
            stage.clock.set(stage.now().saturating_sub(STEP * 3));
            run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
            stage.wait(STEP * 4);
            stage.trust(phone, laptop, DAY).unwrap();
            None
        }),
        ("trusted anew", |stage, phone, laptop| {
            stage.trust(phone, laptop, DAY).unwrap();
            None
        }),
    ];
    for (name, again) in agains {
        let (stage, phone, laptop) = Stage::trusting();
        let thief = SignIn::recognized(&stage.recognize(&laptop).unwrap(), stage.now()).unwrap();
        let stage_of = |sign_in: &SignIn| {
            let stage = stage
                .mfa
                .stage(sign_in, b"", Note::OptedIn, SessionLimits::AAL2);
            run(stage).unwrap()
        };
        assert_eq!(stage_of(&thief), sign_in::Stage::Recognized, "{name}");
        let id = laptop.id;
        let laptop = again(&stage, &phone, &laptop).unwrap_or(laptop);
        assert_eq!(laptop.id, id, "{name}: else it shows nothing");
        let ended = sign_in::Stage::Ended(EndReason::CodeNeeded);
        assert_eq!(stage_of(&thief), ended, "{name}");
        let recognized = stage.recognize(&laptop).unwrap();
        let own = SignIn::recognized(&recognized, stage.now()).unwrap();
        assert_eq!(stage_of(&own), sign_in::Stage::Recognized, "{name}");
    }
}

#[test]
fn trust_ends_with_what_it_rests_on() {
    type Ending = fn(&Stage, &Held, &Browser);
    let endings: [(&str, Ending); 11] = [
        ("revoke", |stage, phone, _| {
            let (tablet, _) = stage.add(stage.log_in(phone).unwrap(), "tablet");
            let by_tablet = stage.log_in(&tablet).unwrap();
            run(stage.mfa.revoke(&by_tablet, phone.id)).unwrap();
        }),
        ("suspend and resume", |stage, phone, _| {
            let (tablet, _) = stage.add(stage.log_in(phone).unwrap(), "tablet");
            let by_tablet = stage.log_in(&tablet).unwrap();
            run(stage.mfa.suspend(&by_tablet, phone.id)).unwrap();
            run(stage.mfa.resume(&by_tablet, phone.id)).unwrap();
        }),
        ("rotate", |stage, phone, _| {
            let new = stage
                .rotate(stage.log_in(phone).unwrap(), phone, DAY)
                .unwrap();
            stage.confirm(&new).unwrap();
        }),
        ("redeem", |stage, phone, _| {
            let codes = stage.issue(stage.log_in(phone).unwrap());
            let _recovered = stage.redeem(&codes[0]).unwrap();
        }),
        ("disabled", |stage, phone, _| stage.shut_out(phone)),
        ("ten wrong codes", |stage, phone, browser| {
            for _ in 0..10 {
                assert_eq!(stage.guess(phone, Some(&browser.cookie)), Denial::Mismatch);
                stage.wait(Duration::from_secs(3600));
            }
        }),
        ("ten wrong codes, and a login", |stage, phone, browser| {
            stage.guess_times(phone, Some(&browser.cookie), 10);
            let _known_again = stage.log_in_from(phone, &browser.cookie).unwrap();
        }),
        ("another device", |stage, phone, browser| {
            let (tablet, _) = stage.add(stage.log_in(phone).unwrap(), "tablet");
            let _by_tablet = stage.log_in_from(&tablet, &browser.cookie).unwrap();
        }),
        ("its end", |stage, _, _| stage.wait(DAY * 30 - STEP * 2)),
        ("the clock goes back", |stage, _, _| {
            stage.clock.set(stage.now().saturating_sub(STEP * 3));
            run(stage.mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
            stage.wait(Duration::from_secs(60));
        }),
        ("keep only", |stage, phone, _| {
            stage.keep(stage.log_in(phone).unwrap(), &[phone]);
        }),
    ];
    for (name, end) in endings {
        let (stage, phone, laptop) = Stage::trusting();
        let _recognized = stage.recognize(&laptop).unwrap();
        stage.wait(STEP * 2);
        end(&stage, &phone, &laptop);
        assert!(stage.is_asked(&laptop), "{name}");
        // Plain endings of the device end the trust, not the browser.
        let is_plain = name != "keep only";
        assert_eq!(stage.browsers().contains(&laptop.id), is_plain, "{name}");
    }

    // The clock goes back at the login itself.
    let (stage, _, laptop) = Stage::trusting();
    stage
        .clock
        .set(stage.now().saturating_sub(Duration::from_secs(6)));
    assert!(matches!(stage.recognize(&laptop), Err(Error::CodeRequired)));

    // A policy that was tightened counts from when the trust began.
    let (stage, _, laptop) = Stage::trusting();
    stage.wait(DAY * 2);
    let _recognized = stage.recognize(&laptop).unwrap();
    for (days, is_trusted) in [(3, true), (2, false), (0, false)] {
        let policy = Policy::builder().trust(DAY * days).build().unwrap();
        let mfa = Mfa::new(Arc::clone(&stage.store), keyring()).with_policy(policy);
        let mfa = mfa.with_clock(Arc::clone(&stage.clock));
        let answer = run(mfa.recognize(&alice(), Some(&laptop.cookie)));
        assert_eq!(answer.is_ok(), is_trusted, "{days} days");
    }
}

/// The status, the trust and the login agree, while one side is closed or the other.
#[test]
fn what_is_shown_as_trusted_does_without_a_code() {
    let (stage, phone, laptop) = Stage::trusting();
    let other = stage.remember(&phone, "other");
    let policy = Policy::builder().trust(DAY * 30).max_failures(5);
    let stage = stage.with_policy(policy.build().unwrap());
    let shows = || {
        let status = run(stage.mfa.status(&alice())).unwrap();
        let seen = status.browsers().iter().find(|one| one.id() == laptop.id);
        seen.unwrap().trusted_until().is_some()
    };
    let trust = |verified| run(stage.mfa.trust_browser(&verified, laptop.id, DAY));
    let refused = |answer| matches!(answer, Err(Error::TrustRefused));
    assert!(shows() && !stage.is_asked(&laptop));

    let verified = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    assert_eq!(stage.guess(&phone, Some(&other.cookie)), Denial::Mismatch);
    assert!(!shows() && stage.is_asked(&laptop) && refused(trust(verified)));
    // Her login opens the side of known browsers.
    let _verified = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    assert!(shows() && !stage.is_asked(&laptop));

    stage.shut_out(&phone);
    let verified = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    assert!(!shows() && stage.is_asked(&laptop) && refused(trust(verified)));
}

/// Every other device ends then, so the owner in a known browser must be asked no such thing.
#[test]
fn a_closed_side_of_strangers_binds_nothing_again_for_the_owner() {
    let (stage, phone, confirmed) = Stage::with_phone();
    let codes = stage.issue(&confirmed);
    let laptop = stage.remember(&phone, "laptop");
    stage.shut_out(&phone);
    let by_laptop = stage.log_in_from(&phone, &laptop.cookie).unwrap();
    let (tablet, _) = stage.add(&by_laptop, "tablet");
    assert!(stage.has(&phone) && stage.has(&tablet));
    assert_eq!(kind(stage.log_in(&tablet)), Denial::StrangersClosed);
    // Its devices are not resynchronized by strangers alone.
    let pair = [7, 8].map(|steps| code(&phone.secret, stage.now(), steps));
    run(stage.mfa.resync(&alice(), phone.id, pair)).unwrap();

    // Whoever has only recovery codes left binds it again.
    let recovered = stage.redeem(&codes[0]).unwrap();
    stage.told();
    let (new, _) = stage.add(&recovered, "new phone");
    assert!(stage.has(&new) && !stage.has(&phone) && !stage.has(&tablet));
    assert_eq!(stage.browsers(), []);
    stage.wait(DAY);
    let _verified = stage.log_in(&new).unwrap();
}
