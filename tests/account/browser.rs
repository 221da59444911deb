//! What a known browser gets, and what it costs.

use secondfactor::account::{BrowserCookie, Submission};
use secondfactor::codes::Clock as _;
use secondfactor::store::{MemoryStore, Store as _};
use secondfactor::{AccountId, NewDevice};

use std::sync::Arc;

use crate::support::*;

/// NIST SP 800-63B-4 section 5.1.1.
#[test]
fn a_cookie_is_for_https_alone_and_says_nothing_of_the_account() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let submission = Submission::new(code(&secret, NOW, 0)).remember_browser(label("Firefox"));
    let mut verified = run(mfa.verify(&alice(), submission)).unwrap();
    let cookie = verified.take_browser_cookie().unwrap();
    let (name, value) = (cookie.name(), cookie.expose_value());
    assert_eq!(name.len(), "__Host-browser-".len() + 16);
    assert!(!name.contains("alice") && value.len() == 26);
    let other = BrowserCookie::name_for(&AccountId::new("alice2").unwrap());
    assert_ne!(name, other);
    assert_eq!(
        &*cookie.expose_set_cookie(),
        format!(
            "{name}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000",
            &*value
        )
    );
    let shown = format!(
        "{cookie:?} {verified:?} {:?}",
        run(mfa.status(&alice())).unwrap()
    );
    assert!(!shown.contains(&*value));
}

/// Eight devices, ten recovery codes and eight browsers, with short labels.
#[test]
fn a_full_record_is_below_two_kibibytes() {
    let store = Arc::new(MemoryStore::new());
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(Arc::clone(&store));
    for n in 1..8 {
        let new = NewDevice::totp(label(&format!("device {n}")));
        let new = run(mfa.enroll_another(&proof, new)).unwrap();
        run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
    }
    let _codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    for n in 0..8 {
        clock.advance(STEP);
        let submission = Submission::new(code(&secret, clock.now(), 0));
        let submission = submission.remember_browser(label(&format!("browser {n}")));
        let _verified = run(mfa.verify(&alice(), submission)).unwrap();
    }
    let status = run(mfa.status(&alice())).unwrap();
    assert_eq!((status.devices().len(), status.browsers().len()), (8, 8));
    assert_eq!(status.recovery_codes_left(), 10);
    let stored = run(store.load(&alice())).unwrap().unwrap();
    assert!(stored.body().len() < 2048, "{}", stored.body().len());
}
