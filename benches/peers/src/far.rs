//! Windows that reach far: a counter's look-ahead of 100, and a clock's resynchronization over an hour
//! and two steps each way.

use std::hint::black_box;

use secondfactor::codes::{Algorithm, Counter, Hotp, LookAhead, UnixTime};
use secondfactor::{AccountId, Code};

use crate::enrolled::{commit, open, record};
use crate::shared::group::Group;
use crate::shared::hot_path::{BASE32, NOW, WRONG, code, secret};
use crate::shared::{OURS, floors};

pub(crate) const LOOK_AHEAD: &str = "HOTP, look-ahead of 100";
pub(crate) const RESYNC: &str = "resync over 245 steps";

pub(crate) fn look_ahead() -> Group {
    let mut group = Group::new(LOOK_AHEAD);
    floors::add_compressions(&mut group, Algorithm::Sha1, 202);
    floors::add_hmac(&mut group, Algorithm::Sha1, secret().expose_bytes(), 0, 101);

    let hotp = Hotp::new(&secret());
    let last = hotp.at(Counter::new(100)).to_string();
    add(&mut group, OURS, &last, move |typed| {
        let code = typed.parse::<Code>();
        code.is_ok_and(|code| hotp.verify(code, Counter::new(0), LookAhead::MAX).is_some())
    });
    let key = secret();
    add(&mut group, "totp-rfc", &last, move |typed| {
        let secret = totp_rfc::Secret::new(key.expose_bytes()).expect("long enough");
        let found = totp_rfc::Hotp::default().verify_window(&secret, 0, 100, typed);
        found.is_ok_and(|found| found.is_some())
    });
    let builder = slauth::oath::hotp::HOTPBuilder::new().secret(secret().expose_bytes());
    // Moves on behind a right code by itself.
    let mut slauth = builder.counter(0).re_sync_parameter(101).build();
    add(&mut group, "slauth", &last, move |typed| {
        slauth.verify(typed)
    });
    let mut builder = libreauth::oath::HOTPBuilder::new();
    let libreauth = builder
        .base32_key(BASE32)
        .look_ahead(100)
        .finalize()
        .expect("a key");
    add(&mut group, "libreauth", &last, move |typed| {
        libreauth.is_valid(typed)
    });
    group
}

fn add(
    group: &mut Group,
    name: &str,
    right: &str,
    mut accepts: impl FnMut(&str) -> bool + 'static,
) {
    assert!(!accepts(WRONG), "{name} accepts a wrong code");
    assert!(
        accepts(right),
        "{name} refuses the last code of the look-ahead"
    );
    group.add(name, move || accepts(black_box(WRONG)));
}

/// The floor is that of the 245 steps. Three things count as ours: the key, the account's other work, and
/// the step before the first, which may have the first of the two codes.
pub(crate) fn resync() -> Group {
    let mut group = Group::new(RESYNC);
    floors::add_compressions(&mut group, Algorithm::Sha1, 490);
    let key = secret();
    floors::add_hmac(
        &mut group,
        Algorithm::Sha1,
        key.expose_bytes(),
        NOW / 30 - 122,
        245,
    );

    let id = AccountId::new("alice").expect("an id");
    let now = UnixTime::from_secs(NOW);
    // Long before, so that all of the 245 steps are unused.
    let (record, proof) = record(&id, &[key], UnixTime::from_secs(NOW - 86_400));
    let account = move || open(&id, &record);
    let device = proof.device();
    let accepts = |codes| {
        let attempt = account().resync(device, codes, now).expect("judged");
        commit(attempt).1.is_ok()
    };
    for first in [NOW - 123 * 30, NOW + 121 * 30] {
        let pair = [first, first + 30].map(|secs| code(Algorithm::Sha1, secs));
        assert!(accepts(pair), "a pair in reach is refused");
    }
    let wrong = [WRONG; 2].map(|code| code.parse().expect("a code"));
    assert!(!accepts(wrong), "a wrong pair is accepted");
    group.add_prepared(OURS, account, move |account| {
        account.resync(device, wrong, now)
    });
    group
}
