//! The window, walked away or held open.

use secondfactor::{Policy, Window};

use crate::support::*;

/// With no step forward in the window, two codes typed late must not move it off the present: the owner would be out.
#[test]
fn late_typing_does_not_walk_a_one_sided_window_away_from_the_owner() {
    let two_back = Policy::DEFAULT.with_window(Window::new(2, 0).unwrap()).unwrap();
    for policy in [Policy::PCI, two_back] {
        let (mut account, phone) = crate::with_phone();
        for round in 1..=10_u32 {
            let now = NOW.saturating_add(STEP * (10 * round));
            let attempt = account.with_policy(policy).verify(code(&phone.secret, now, -1), now).unwrap();
            let (next, verdict) = commit(attempt);
            let _verified = verdict.unwrap();
            account = next;
            assert_eq!(account.status(now).devices()[0].drift(), 0);
        }
        let now = NOW.saturating_add(STEP * 200);
        assert!(commit(account.with_policy(policy).verify(code(&phone.secret, now, 0), now).unwrap()).1.is_ok());
    }
}
