//! Whole commands of an account: judged, sealed and revealed, with every secret in the record, and the code, undefined.

use std::time::Duration;

use secondfactor::account::{Account, Actor, Attempt, DeviceId, PendingDevice, Submission};
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret, UnixTime};
use secondfactor::store::{Committed, MemoryStore, Swap};
use secondfactor::{
    AccountId, Code, Confirmed, Denial, Error, Keyring, Label, Mfa, NewDevice, RecoveryCode,
    SealingKey, Verified,
};

use crate::Cases;
use crate::valgrind::{mark_code, mark_recovery_code, mark_undefined};

/// The beginning of a step. Devices are enrolled an hour earlier.
const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);
const ENROLLED: UnixTime = UnixTime::from_secs(1_700_000_010 - 3600);
const FIRST_COUNTER: u64 = 1000;
const SESSION: &[u8] = b"a session's name";

pub fn run(cases: &mut Cases) {
    let one = Owner::with([Kind::TOTP]);
    let eight = Owner::with([
        Kind::TOTP,
        Kind {
            algorithm: Algorithm::Sha256,
            ..Kind::TOTP
        },
        Kind {
            algorithm: Algorithm::Sha512,
            digits: Digits::Eight,
            ..Kind::TOTP
        },
        Kind::HOTP,
        Kind {
            digits: Digits::Seven,
            ..Kind::TOTP
        },
        Kind {
            algorithm: Algorithm::Sha256,
            digits: Digits::Eight,
            ..Kind::HOTP
        },
        Kind {
            algorithm: Algorithm::Sha512,
            ..Kind::HOTP
        },
        Kind::TOTP,
    ]);
    let token = Owner::with([Kind::HOTP]);
    verify(cases, "one", &one, &[0]);
    verify(cases, "eight", &eight, &[0, 2, 3, 6, 7]);
    verify(cases, "one token", &token, &[0]);
    learned(cases, &one);
    confirm(cases);
    resync(cases, &one, &token);
    browsers(cases, &one);
    redeem(cases, &eight);
    enroll(cases, &eight);
    import(cases);
    seal(cases, &one);
}

fn verify(cases: &mut Cases, name: &str, owner: &Owner, devices: &[usize]) {
    // A window for each device, whatever is in it.
    let (all, clocks) = (
        owner.kinds.len(),
        owner.kinds.iter().filter(|kind| !kind.is_token).count(),
    );
    for at in devices {
        for steps in if owner.kinds[*at].is_token {
            [0, 1, 5]
        } else {
            [-1, 0, 1]
        } {
            let code = owner.code(*at, NOW, steps);
            let name = format!("verify, {name}: device {at}, {steps} off");
            cases.quiet(&name, all, || {
                let verified: Verified =
                    judged(owner.unknown().verify(mark_code(code), NOW)).expect("right");
                assert_eq!(verified.device(), id(at + 1));
            });
        }
        let code = owner.code(*at, NOW, 0);
        let used = judged_and_kept(open(&owner.record).verify(code, NOW)).0;
        cases.quiet(
            &format!("verify, {name}: a replay, device {at}"),
            all,
            || {
                let answer = judged(unknown(&used).verify(mark_code(code), NOW));
                assert!(matches!(answer, Err(Error::Denied(Denial::Replayed))));
            },
        );
    }
    retry(cases, name, owner, devices);
    // Then each clock is asked whether it is off.
    for (kind, steps) in [("a wrong code", 100_000), ("a code of 50 steps ago", -50)] {
        let code = owner.code(0, NOW, steps);
        cases.quiet(&format!("verify, {name}: {kind}"), all + clocks, || {
            let answer = judged(owner.unknown().verify(mark_code(code), NOW));
            assert!(matches!(answer, Err(Error::Denied(Denial::Mismatch))));
        });
    }
}

/// One remembered answer is looked at, and then, if it is none to this, each window.
fn retry(cases: &mut Cases, name: &str, owner: &Owner, devices: &[usize]) {
    let all = owner.kinds.len();
    for at in devices {
        let code = owner.code(*at, NOW, 0);
        let used = judged_and_kept(open(&owner.record).verify(in_form(code, "1"), NOW)).0;
        for (form, verdicts) in [("1", 1), ("2", 1 + all)] {
            let name = format!("verify, {name}: form {form} after form 1, device {at}");
            cases.quiet(&name, verdicts, || {
                let submission = in_form(mark_code(code), form);
                let answer = judged(unknown(&used).verify(submission, NOW));
                assert_eq!(answer.is_ok(), form == "1");
            });
        }
    }
}

fn in_form<C>(code: C, digit: &str) -> Submission<C> {
    let form = digit.repeat(32).parse().expect("hexadecimal");
    let submission = Submission::new(code).with_form(b"the session's id", form);
    submission.expect("a long session")
}

/// A clock that the account has learned to be fast: the drift moves the window.
fn learned(cases: &mut Cases, owner: &Owner) {
    let mut record = owner.record.clone();
    let mut now = NOW;
    for _ in 0..2 {
        let (next, verified) = judged_and_kept(open(&record).verify(owner.code(0, now, 1), now));
        assert!(verified.is_ok());
        (record, now) = (next, now.saturating_add(Duration::from_secs(90)));
    }
    assert_eq!(open(&record).status(now).devices()[0].drift(), 1);
    for (steps, is_right) in [(0, true), (1, true), (2, true), (-1, false)] {
        let (code, verdicts) = (owner.code(0, now, steps), if is_right { 1 } else { 2 });
        cases.quiet(
            &format!("verify, a fast clock: {steps} off"),
            verdicts,
            || {
                assert_eq!(
                    judged(unknown(&record).verify(mark_code(code), now)).is_ok(),
                    is_right
                );
            },
        );
    }
}

fn confirm(cases: &mut Cases) {
    // A wrong code is looked for by other settings, then by another clock, then in other time zones.
    for (kind, others) in [
        (Kind::TOTP, 0),
        (
            Kind {
                algorithm: Algorithm::Sha512,
                digits: Digits::Eight,
                ..Kind::TOTP
            },
            6,
        ),
    ] {
        let pending = Owner::pending(kind);
        let name = format!("{} {} digits", kind.algorithm.name(), kind.digits.count());
        for (steps, verdicts, is_right) in [
            (0, 1, true),
            (1, 1, true),
            (50, 2 + others, false),
            (240, 3 + others, false),
            (9999, 3 + others, false),
        ] {
            let code = pending.code(0, ENROLLED, steps);
            cases.quiet(&format!("confirm, {name}: {steps} off"), verdicts, || {
                let answer = judged(
                    pending
                        .unknown()
                        .confirm(begun(1), mark_code(code), ENROLLED),
                );
                assert_eq!(answer.is_ok(), is_right);
            });
        }
        for (steps, is_right) in [([40, 41], true), ([40, 42], false)] {
            let codes = steps.map(|steps| pending.code(0, ENROLLED, steps));
            cases.quiet(&format!("confirm a pair, {name}: {steps:?} off"), 1, || {
                let answer = judged(pending.unknown().confirm_pair(
                    begun(1),
                    codes.map(mark_code),
                    ENROLLED,
                ));
                assert_eq!(answer.is_ok(), is_right);
            });
        }
    }
}

fn resync(cases: &mut Cases, one: &Owner, token: &Owner) {
    for (name, owner) in [("a clock", one), ("a token", token)] {
        for (steps, is_right) in [
            ([70, 71], true),
            ([0, 1], true),
            ([70, 70], false),
            ([500, 501], false),
        ] {
            let codes = steps.map(|steps| owner.code(0, NOW, steps));
            cases.quiet(&format!("resync, {name}: {steps:?} off"), 1, || {
                let answer = judged(owner.unknown().resync(id(1), codes.map(mark_code), NOW));
                assert_eq!(answer.is_ok(), is_right);
            });
        }
    }
}

/// All symbols are undefined, the selector too.
/// The hashes of the cookies of all known browsers are unknown.
fn browsers(cases: &mut Cases, owner: &Owner) {
    let label = || Label::new("browser").expect("a label");
    let (mut record, mut cookies) = (owner.record.clone(), Vec::new());
    for steps in [-1, 0] {
        let submission = Submission::new(owner.code(0, NOW, steps)).remember_browser(label());
        let (next, verified) = judged_and_kept(open(&record).verify(submission, NOW));
        let cookie = verified.expect("right").take_browser_cookie();
        (record, _) = (
            next,
            cookies.push(cookie.expect("a cookie").expose_value().to_string()),
        );
    }
    cookies.push("A".repeat(26));
    // One look at all browsers, and one at the device's window.
    for (name, cookie) in ["the first", "the last", "no known"].iter().zip(&cookies) {
        let code = owner.code(0, NOW, 1);
        cases.quiet(&format!("verify, {name} browser"), 2, || {
            let submission = Submission::new(mark_code(code)).in_browser(Some(cookie));
            assert!(judged(unknown(&record).verify(submission, NOW)).is_ok());
        });
        cases.quiet(&format!("recognize, {name} browser"), 1, || {
            let answer = judged(unknown(&record).recognize(Some(cookie), NOW));
            assert!(matches!(answer, Err(Error::CodeRequired)));
        });
    }
    let code = owner.code(0, NOW, 1);
    cases.quiet("verify, a new browser", 1, || {
        let submission = Submission::new(mark_code(code)).remember_browser(label());
        assert!(judged(unknown(&record).verify(submission, NOW)).is_ok());
    });
}

fn redeem(cases: &mut Cases, owner: &Owner) {
    let (record, codes) =
        judged_and_kept(open(&owner.record).issue_recovery_codes(owner.proof(), None, ENROLLED));
    let codes: Vec<RecoveryCode> = codes.expect("issued").into_iter().collect();
    for (name, code) in [("the first", &codes[0]), ("the last", &codes[9])] {
        mark_recovery_code(code);
        cases.quiet(&format!("redeem, {name}"), 1, || {
            assert!(judged(unknown(&record).redeem(code, NOW)).is_ok());
        });
        let in_form = || in_form(code, "1");
        let redeemed = judged_and_kept(open(&record).redeem(in_form(), NOW)).0;
        cases.quiet(&format!("redeem, {name}: a retry"), 1, || {
            assert!(judged(unknown(&redeemed).redeem(in_form(), NOW)).is_ok());
        });
    }
    let present = open(&record).status(ENROLLED).recovery_set();
    let (reissued, _) =
        judged_and_kept(open(&record).issue_recovery_codes(owner.proof(), present, ENROLLED));
    mark_recovery_code(&codes[4]);
    let (with_one, code) = temporary(&record);
    cases.quiet("redeem a temporary code", 2, || {
        assert!(judged(unknown(&with_one).redeem(&code, NOW)).is_ok());
    });
    cases.quiet("redeem a code beside a temporary one", 2, || {
        assert!(judged(unknown(&with_one).redeem(&codes[4], NOW)).is_ok());
    });
    cases.quiet("redeem, a wrong one", 1, || {
        let answer = judged(unknown(&reissued).redeem(&codes[4], NOW));
        assert!(matches!(answer, Err(Error::Denied(Denial::Mismatch))));
    });
}

/// The record with a temporary code, whose symbols are undefined.
fn temporary(record: &[u8]) -> (Vec<u8>, RecoveryCode) {
    let lifetime = Duration::from_secs(600);
    let issued = open(record).danger_issue_temporary_code_unproven(&bob(), lifetime, NOW);
    let (record, code) = judged_and_kept(issued);
    let code = code.expect("issued");
    mark_recovery_code(&code);
    (record, code)
}

fn enroll(cases: &mut Cases, owner: &Owner) {
    for (name, secret, is_new) in [("a known", secret(7), false), ("a new", secret(8), true)] {
        cases.quiet(&format!("enroll {name} secret"), 1, || {
            mark_undefined(secret.expose_bytes());
            let device = NewDevice::totp(Label::new("another").expect("a label"))
                .with_secret(secret.duplicate());
            let answer = judged(
                owner
                    .unknown()
                    .enroll_another(owner.proof(), device, ENROLLED),
            );
            let expected = if is_new {
                Error::TooManyDevices
            } else {
                Error::DuplicateSecret
            };
            assert_eq!(answer.expect_err("full").to_string(), expected.to_string());
        });
    }
}

/// Each secret is compared with all that came before it; to repeat it, with all that are there.
fn bob() -> Actor {
    Actor::new("bob").expect("a name")
}

fn import(cases: &mut Cases) {
    let device = |at: usize| {
        let secret = secret(at);
        mark_undefined(secret.expose_bytes());
        NewDevice::totp(Label::new(format!("device {at}")).expect("a label")).with_secret(secret)
    };
    let twin = || {
        let secret = secret(0);
        mark_undefined(secret.expose_bytes());
        NewDevice::totp(Label::new("twin").expect("a label")).with_secret(secret)
    };
    let new = || Account::new(alice());
    cases.quiet("import two secrets", 2, || {
        let answer =
            judged(new().danger_import_unproven(&bob(), [device(0), device(1)], None, NOW));
        assert!(answer.is_ok());
    });
    cases.quiet("import one secret twice", 2, || {
        let answer = judged(new().danger_import_unproven(&bob(), [device(0), twin()], None, NOW));
        assert!(matches!(answer, Err(Error::DuplicateSecret)));
    });
    let devices = [0, 1].map(|at| {
        NewDevice::totp(Label::new(format!("device {at}")).expect("a label"))
            .with_secret(secret(at))
    });
    let (record, _) = judged_and_kept(new().danger_import_unproven(&bob(), devices, None, NOW));
    cases.quiet("import the same secrets again", 2, || {
        let answer = judged(unknown(&record).danger_import_unproven(
            &bob(),
            [device(0), device(1)],
            None,
            NOW,
        ));
        assert!(answer.is_ok());
    });
}

/// The sealing key is undefined, and so is all that it seals. Opening branches on whether the tag is right, in the cipher's
/// crate, and then on what a record has in it, so it is no case here.
fn seal(cases: &mut Cases, owner: &Owner) {
    let key = [5; SealingKey::LEN];
    mark_undefined(&key);
    let keyring = || Keyring::new(SealingKey::from_bytes(&key));
    let mut attempt = owner.unknown().reseal(&keyring());
    cases.quiet("seal a record", 0, || {
        assert!(attempt.seal(&keyring()).is_ok())
    });
    let verified: Verified =
        judged(open(&owner.record).verify(owner.code(0, NOW, 0), NOW)).expect("right");
    let mfa = Mfa::new(MemoryStore::new(), keyring());
    cases.quiet("seal a token", 0, || {
        assert!(mfa.seal_proof(&verified, b"session").is_ok())
    });
}

#[derive(Clone, Copy)]
struct Kind {
    is_token: bool,
    algorithm: Algorithm,
    digits: Digits,
}

impl Kind {
    const TOTP: Self = Self {
        is_token: false,
        algorithm: Algorithm::Sha1,
        digits: Digits::Six,
    };
    const HOTP: Self = Self {
        is_token: true,
        ..Self::TOTP
    };

    fn parameters(self, counter: u64) -> Parameters {
        let parameters = match self.is_token {
            true => Parameters::hotp(Counter::new(counter)),
            false => Parameters::totp(Period::DEFAULT),
        };
        parameters
            .with_algorithm(self.algorithm)
            .with_digits(self.digits)
    }
}

struct Owner {
    kinds: Vec<Kind>,
    record: Vec<u8>,
    proof: Option<Confirmed>,
}

impl Owner {
    /// With one device, which waits to be confirmed.
    fn pending(kind: Kind) -> Self {
        let mut owner = Self {
            kinds: vec![kind],
            record: Vec::new(),
            proof: None,
        };
        owner.record = judged_and_kept(Account::new(alice()).enroll(owner.device(0), ENROLLED)).0;
        owner
    }

    /// With devices that count.
    fn with<const N: usize>(kinds: [Kind; N]) -> Self {
        let mut owner = Self::pending(kinds[0]);
        owner.kinds = kinds.to_vec();
        for (at, kind) in kinds.into_iter().enumerate() {
            if at > 0 {
                let account = open(&owner.record);
                owner.record = judged_and_kept(account.enroll_another(
                    owner.proof(),
                    owner.device(at),
                    ENROLLED,
                ))
                .0;
            }
            let code = owner.code(at, ENROLLED, if kind.is_token { -1 } else { 0 });
            let (record, confirmed) =
                judged_and_kept(open(&owner.record).confirm(begun(at + 1), code, ENROLLED));
            (owner.record, owner.proof) = (record, confirmed.ok());
        }
        owner
    }

    fn device(&self, at: usize) -> NewDevice {
        let (kind, label) = (
            self.kinds[at],
            Label::new(format!("device {at}")).expect("a label"),
        );
        let new =
            NewDevice::with_parameters(label, kind.parameters(FIRST_COUNTER)).expect("in range");
        new.with_secret(secret(at)).in_session(SESSION)
    }

    fn proof(&self) -> &Confirmed {
        self.proof.as_ref().expect("confirmed")
    }

    /// What a device shows; a token's present is what comes after the code that confirmed it.
    fn code(&self, at: usize, now: UnixTime, steps: i64) -> Code {
        let kind = self.kinds[at];
        let present = if kind.is_token {
            FIRST_COUNTER + 1
        } else {
            now.as_secs() / 30
        };
        let secret = secret(at);
        let counter = present.saturating_add_signed(steps);
        let parameters = Kind {
            is_token: true,
            ..kind
        }
        .parameters(counter);
        let (hotp, counter) = Hotp::from_parameters(&secret, parameters).expect("of HOTP");
        hotp.at(counter)
    }

    fn unknown(&self) -> Account {
        unknown(&self.record)
    }
}

fn alice() -> AccountId {
    AccountId::new("alice").expect("a name")
}

/// As the session names it that began the device. How far a clock is off is told to it alone.
fn begun(number: usize) -> PendingDevice {
    id(number).in_session(SESSION)
}

fn id(number: usize) -> DeviceId {
    number.to_string().parse().expect("a number")
}

fn secret(at: usize) -> Secret {
    Secret::from_bytes(&[b'a' + u8::try_from(at).expect("small"); 20]).expect("long enough")
}

fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; SealingKey::LEN]))
}

fn open(record: &[u8]) -> Account {
    Account::open(&alice(), record, &keyring()).expect("a good record")
}

/// The account, of whose secrets nothing may be known.
fn unknown(record: &[u8]) -> Account {
    let account = open(record);
    account.for_each_secret(mark_undefined);
    account
}

/// The receipt of a store that has committed these bytes.
fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

/// Seals what was judged and reveals it; what was refused at once is the answer.
fn judged<T>(judged: Result<Attempt<T>, Error>) -> Result<T, Error> {
    let mut attempt = judged?;
    let sealed = attempt.seal(&keyring())?;
    attempt.reveal(receipt(&sealed))
}

fn judged_and_kept<T>(judged: Result<Attempt<T>, Error>) -> (Vec<u8>, Result<T, Error>) {
    let mut attempt = judged.expect("judged");
    let sealed = attempt.seal(&keyring()).expect("random bytes");
    (sealed.clone(), attempt.reveal(receipt(&sealed)))
}
