//! Windows that reach far: a counter's look-ahead of 100, and a clock's resynchronization over 120 steps each way.

use secondfactor::{
    Account, AccountId, Attempt, Code, Committed, Counter, DeviceId, Hotp, KeyId, Keyring, Label, LookAhead,
    SealingKey, Secret, Totp, UnixTime,
};

use crate::floors;
use crate::peers::{NOW, decode};
use crate::round_robin::{Group, OURS};

pub(crate) const LOOK_AHEAD: &str = "HOTP, look-ahead of 100";
pub(crate) const RESYNC: &str = "resync over 241 steps";
/// Those of 101 counters.
pub(crate) const LOOK_AHEAD_FLOOR: &str = "202 compressions";
/// Those of 241 steps. That of the key and the step before the first, which may show the first of the two codes, and
/// all that the account does beside, count as ours.
pub(crate) const RESYNC_FLOOR: &str = "482 compressions";

pub(crate) fn look_ahead(base32: &'static str, wrong: &'static str) -> Group {
    let mut group = Group::new(LOOK_AHEAD);
    group.add(LOOK_AHEAD_FLOOR, floors::sha1(202));
    group.add("hmac, cloned", floors::cloned_hmac(&decode(base32), 0, 101));

    let secret = Box::leak(Box::new(Secret::from_base32(base32).expect("Base32")));
    let hotp = Hotp::new(secret);
    let last = hotp.at(Counter::new(100)).to_string();
    let ours = move |typed: &str| {
        let code = typed.parse::<Code>();
        code.is_ok_and(|code| hotp.verify(code, Counter::new(0), LookAhead::MAX).is_some())
    };
    let bytes = decode(base32);
    let totp_rfc = move |typed: &str| {
        let secret = totp_rfc::Secret::new(&bytes).expect("long enough");
        totp_rfc::Hotp::default().verify_window(&secret, 0, 100, typed).is_ok_and(|found| found.is_some())
    };
    let builder = slauth::oath::hotp::HOTPBuilder::new().secret(&decode(base32)).counter(0).re_sync_parameter(101);
    // Goes on behind a right code by itself.
    let mut slauth = builder.build();
    let slauth = move |typed: &str| slauth.verify(typed);
    let mut builder = libreauth::oath::HOTPBuilder::new();
    let libreauth = builder.base32_key(base32).look_ahead(100).finalize().expect("a key");
    let libreauth = move |typed: &str| libreauth.is_valid(typed);

    add(&mut group, OURS, &last, wrong, ours);
    add(&mut group, "totp-rfc", &last, wrong, totp_rfc);
    add(&mut group, "slauth", &last, wrong, slauth);
    add(&mut group, "libreauth", &last, wrong, libreauth);
    group
}

fn add(
    group: &mut Group,
    name: &'static str,
    right: &str,
    wrong: &'static str,
    mut accepts: impl FnMut(&str) -> bool + 'static,
) {
    assert!(!accepts(wrong), "{name} accepts a wrong code");
    assert!(accepts(right), "{name} refuses the last code of the look-ahead");
    group.add(name, move || accepts(std::hint::black_box(wrong)));
}

pub(crate) fn resync(wrong: &'static str) -> Group {
    let mut group = Group::new(RESYNC);
    group.add(RESYNC_FLOOR, floors::sha1(482));
    let wrong: Code = wrong.parse().expect("a code");
    let enrolled = Enrolled::new();
    let secret = enrolled.secret.duplicate();
    group.add("hmac, cloned", floors::cloned_hmac(secret.expose_bytes(), NOW / 30 - 120, 241));

    let at = |secs| Totp::new(&secret).at(UnixTime::from_secs(secs)).expect("after T0");
    for first in [NOW - 121 * 30, NOW + 119 * 30] {
        let attempt = enrolled
            .account()
            .resync(enrolled.device, [at(first), at(first + 30)], UnixTime::from_secs(NOW))
            .expect("judged");
        assert!(enrolled.reveal(attempt), "a pair in reach is refused");
    }
    let (device, now) = (enrolled.device, UnixTime::from_secs(NOW));
    let attempt = enrolled.account().resync(device, [wrong, wrong], now).expect("judged");
    assert!(!enrolled.reveal(attempt), "a wrong pair is accepted");
    group.add_prepared(OURS, move || enrolled.account(), move |account| account.resync(device, [wrong, wrong], now));
    group
}

/// An account with one device, as its record.
struct Enrolled {
    keyring: Keyring,
    id: AccountId,
    device: DeviceId,
    secret: Secret,
    record: Vec<u8>,
}

impl Enrolled {
    /// Confirmed long before `NOW`, so that all of the 241 steps are unused.
    fn new() -> Self {
        let keyring = Keyring::new(KeyId::new(1), SealingKey::from_bytes(&[7; 32]));
        let id = AccountId::new("alice").expect("an id");
        let then = UnixTime::from_secs(NOW - 86_400);
        let mut attempt = Account::new(id.clone()).enroll(Label::new("phone").expect("a label"), then).expect("new");
        let record = attempt.seal(&keyring).expect("random bytes");
        let enrollment = attempt.reveal(Committed::attest(&record)).expect("enrolled");
        let (device, secret) = (enrollment.device(), enrollment.secret().duplicate());
        let code = Totp::new(&secret).at(then).expect("after T0");
        let account = Account::open(&id, &record, &keyring).expect("sealed here");
        let record = account.confirm(device, code, then).expect("judged").seal(&keyring).expect("random bytes");
        Self { keyring, id, device, secret, record }
    }

    fn account(&self) -> Account {
        Account::open(&self.id, &self.record, &self.keyring).expect("sealed here")
    }

    fn reveal(&self, mut attempt: Attempt<()>) -> bool {
        let record = attempt.seal(&self.keyring).expect("random bytes");
        attempt.reveal(Committed::attest(&record)).is_ok()
    }
}
