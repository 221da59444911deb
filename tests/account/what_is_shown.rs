//! What only reads a record sees what a command would: whatever rests on what has ended has ended too.

use std::time::Duration;

use secondfactor::account::Stale;
use secondfactor::store::MemoryStore;
use secondfactor::{Error, Verified};

use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_device_begun_by_a_redemption_whose_time_is_over_is_not_shown() {
    let login = Login::new(MemoryStore::new());
    let (mfa, alice, bob) = (&login.mfa, alice(), operator());
    let minute = Duration::from_secs(60);
    let code = mfa.danger_issue_temporary_code_unproven(&alice, &bob, minute);
    let recovered = run(mfa.redeem(&alice, &run(code).unwrap())).unwrap();
    login.clock.advance(14 * minute);
    let begun = run(mfa.enroll_another(&recovered, label("tablet"))).unwrap();
    assert_eq!(run(mfa.devices(&alice)).unwrap().len(), 2);

    login.clock.advance(minute);
    assert_eq!(run(mfa.devices(&alice)).unwrap().len(), 1);
    let typed = code_of(begun.secret(), &login);
    let confirmed = run(mfa.confirm(&alice, begun.device(), typed));
    assert!(
        matches!(confirmed, Err(Error::UnknownDevice)),
        "{confirmed:?}"
    );
}

#[test]
fn a_session_ends_with_the_retiring_device_that_its_own_hangs_below() {
    let login = Login::new(MemoryStore::new());
    let (mfa, alice) = (&login.mfa, alice());
    let session: Verified = run(mfa.verify(&alice, code_of(&login.secret, &login))).unwrap();
    let tablet = run(mfa.rotate(&session, login.device, 24 * HOUR)).unwrap();
    let typed = code_of(tablet.secret(), &login);
    let confirmed = run(mfa.confirm(&alice, tablet.device(), typed)).unwrap();
    let last = run(mfa.rotate(&confirmed, tablet.device(), HOUR)).unwrap();
    let _confirmed =
        run(mfa.confirm(&alice, last.device(), code_of(last.secret(), &login))).unwrap();
    run(mfa.stands(&session)).unwrap();
    assert_eq!(run(mfa.devices(&alice)).unwrap().len(), 3);

    login.clock.advance(HOUR);
    let devices = run(mfa.devices(&alice)).unwrap();
    let ids: Vec<_> = devices
        .iter()
        .map(secondfactor::account::DeviceStatus::id)
        .collect();
    assert_eq!(ids, [last.device()]);
    let goes_on = run(mfa.stands(&session));
    assert!(
        matches!(goes_on, Err(Error::Stale(Stale::Ended))),
        "{goes_on:?}"
    );
    let typed = code_of(&login.secret, &login);
    assert!(run(mfa.verify(&alice, typed)).is_err());
}

fn code_of(secret: &secondfactor::codes::Secret, login: &Login<MemoryStore>) -> secondfactor::Code {
    code(secret, login.mfa.now(), 0)
}
