//! Measures whether the time of a verification tells anything that is secret: two classes of inputs with the same verdict,
//! in random order, and Welch's t-test over the times (the method of "dudect"). Evidence, and no proof; but it runs what
//! the processor has, its instructions for SHA too. Run `scripts/timing`, which judges what this prints.

use std::cell::Cell;
use std::collections::BTreeSet;

use dudect_bencher::rand::RngExt as _;
use dudect_bencher::{BenchRng, Class, CtRunner, ctbench_main};
use secondfactor::account::{Account, Attempt};
use secondfactor::codes::{Counter, Hotp, Secret, Totp, UnixTime, Window};
use secondfactor::store::{Committed, Swap};
use secondfactor::{
    AccountId, Code, Confirmed, Error, Keyring, Label, NewDevice, RecoveryCode, RecoveryCodes,
    SealingKey,
};

/// The beginning of a step.
const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);
const ENROLLED: UnixTime = UnixTime::from_secs(1_700_000_010 - 3600);
const CODES: usize = 100_000;
const ACCOUNTS: usize = 10_000;

ctbench_main!(
    hit_at_the_first_or_the_last_step,
    miss_by_one_digit_or_any,
    one_key_or_any,
    account_miss_by_one_digit_or_any,
    account_hit_by_one_secret_or_any,
    redeem_one_wrong_code_or_any,
    twin_that_leaves_the_window_early
);

fn hit_at_the_first_or_the_last_step(runner: &mut CtRunner, rng: &mut BenchRng) {
    let secret = secret(1);
    let totp = Totp::new(&secret);
    let [first, last] = [code(&secret, -1), code(&secret, 1)];
    for class in classes(rng, CODES) {
        let code = either(class, first, last);
        runner.run_one(class, || totp.verify(code, NOW, Window::DEFAULT, None));
    }
}

fn miss_by_one_digit_or_any(runner: &mut CtRunner, rng: &mut BenchRng) {
    let secret = secret(1);
    let totp = Totp::new(&secret);
    let guesser = Guesser::of(&[secret.duplicate()]);
    let near = guesser.near(code(&secret, 0));
    for class in classes(rng, CODES) {
        let code = either(class, near, guesser.any(rng));
        runner.run_one(class, || totp.verify(code, NOW, Window::DEFAULT, None));
    }
}

fn one_key_or_any(runner: &mut CtRunner, rng: &mut BenchRng) {
    let code = Guesser::of(&[]).any(rng);
    for class in classes(rng, CODES) {
        // Both are as fresh in memory.
        let secret =
            Secret::from_bytes(&either(class, [1; 20], rng.random())).expect("long enough");
        runner.run_one(class, || {
            Totp::new(&secret).verify(code, NOW, Window::EXACT, None)
        });
    }
}

fn account_miss_by_one_digit_or_any(runner: &mut CtRunner, rng: &mut BenchRng) {
    let secrets: Vec<Secret> = (1..=8).map(secret).collect();
    let (record, _) = enrolled(&secrets);
    let guesser = Guesser::of(&secrets);
    let near = guesser.near(code(&secrets[0], 0));
    for class in classes(rng, ACCOUNTS) {
        let code = either(class, near, guesser.any(rng));
        let account = Cell::new(Some(open(&record)));
        runner.run_one(class, || {
            account.take().map(|account| account.verify(code, NOW))
        });
    }
}

fn account_hit_by_one_secret_or_any(runner: &mut CtRunner, rng: &mut BenchRng) {
    let owner = |secret: Secret| {
        let code = code(&secret, 0);
        (enrolled(&[secret]).0, code)
    };
    let accounts: Vec<(Vec<u8>, Code)> = (1..=64).map(secret).map(owner).collect();
    for class in classes(rng, ACCOUNTS) {
        let any = rng.random_range(0..accounts.len());
        let (record, code) = &accounts[either(class, 0, any)];
        let account = Cell::new(Some(open(record)));
        runner.run_one(class, || {
            account.take().map(|account| account.verify(*code, NOW))
        });
    }
}

fn redeem_one_wrong_code_or_any(runner: &mut CtRunner, rng: &mut BenchRng) {
    let (record, proof) = enrolled(&[secret(1)]);
    let (record, _) = commit(open(&record).issue_recovery_codes(&proof, None, ENROLLED));
    let wrong: Vec<RecoveryCode> = (0..200)
        .flat_map(|_| RecoveryCodes::generate().expect("random bytes"))
        .collect();
    for class in classes(rng, ACCOUNTS) {
        let any = rng.random_range(0..wrong.len());
        // A copy of either: one that is used again and again would be in the cache.
        let code: RecoveryCode = wrong[either(class, 0, any)]
            .expose_text()
            .parse()
            .expect("a code");
        let account = Cell::new(Some(open(&record)));
        runner.run_one(class, || {
            account.take().map(|account| account.redeem(&code, NOW))
        });
    }
}

/// Must be noticed.
fn twin_that_leaves_the_window_early(runner: &mut CtRunner, rng: &mut BenchRng) {
    let secret = secret(1);
    let hotp = Hotp::new(&secret);
    let centre = NOW.as_secs() / 30;
    let [first, last] = [code(&secret, -1), code(&secret, 1)];
    for class in classes(rng, CODES) {
        let code = either(class, first, last);
        runner.run_one(class, || {
            (centre - 1..=centre + 1).find(|step| hotp.at(Counter::new(*step)) == code)
        });
    }
}

fn classes(rng: &mut BenchRng, count: usize) -> Vec<Class> {
    (0..count)
        .map(|_| {
            if rng.random() {
                Class::Left
            } else {
                Class::Right
            }
        })
        .collect()
}

fn either<T>(class: Class, left: T, right: T) -> T {
    match class {
        Class::Left => left,
        Class::Right => right,
    }
}

fn secret(number: u8) -> Secret {
    Secret::from_bytes(&[number; 20]).expect("long enough")
}

fn code(secret: &Secret, steps: i64) -> Code {
    Hotp::new(secret).at(Counter::new(
        (NOW.as_secs() / 30).saturating_add_signed(steps),
    ))
}

/// Knows the codes that would be told from other wrong ones: as right, or as a sign of a clock that is off.
struct Guesser {
    known: BTreeSet<String>,
}

impl Guesser {
    fn of(secrets: &[Secret]) -> Self {
        let near = |secret| (-122..=122).map(move |steps| code(secret, steps).to_string());
        Self {
            known: secrets.iter().flat_map(near).collect(),
        }
    }

    fn any(&self, rng: &mut BenchRng) -> Code {
        let guesses = std::iter::repeat_with(|| format!("{:06}", rng.random_range(0..1_000_000)));
        self.first_wrong(guesses)
    }

    /// Another last digit than the right one.
    fn near(&self, right: Code) -> Code {
        let (right, digits) = (right.to_string(), 0..10);
        self.first_wrong(digits.map(|last| format!("{}{last}", &right[..5])))
    }

    fn first_wrong(&self, mut guesses: impl Iterator<Item = String>) -> Code {
        guesses
            .find(|guess| !self.known.contains(guess))
            .and_then(|guess| guess.parse().ok())
            .expect("not all are known")
    }
}

fn alice() -> AccountId {
    AccountId::new("alice").expect("a name")
}

fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; SealingKey::LEN]))
}

fn open(record: &[u8]) -> Account {
    Account::open(&alice(), record, &keyring()).expect("a good record")
}

/// The receipt of a store that has committed these bytes.
fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

fn commit<T>(judged: Result<Attempt<T>, Error>) -> (Vec<u8>, T) {
    let mut attempt = judged.expect("judged");
    let sealed = attempt.seal(&keyring()).expect("random bytes");
    (
        sealed.clone(),
        attempt.reveal(receipt(&sealed)).expect("right"),
    )
}

/// The record of an account with these devices, and the last one's confirmation.
fn enrolled(secrets: &[Secret]) -> (Vec<u8>, Confirmed) {
    let mut done: Option<(Vec<u8>, Confirmed)> = None;
    for (at, secret) in secrets.iter().enumerate() {
        let device = NewDevice::totp(Label::new(format!("device {at}")).expect("a label"))
            .with_secret(secret.duplicate());
        let (record, enrollment) = commit(match &done {
            Some((record, proof)) => open(record).enroll_another(proof, device, ENROLLED),
            None => Account::new(alice()).enroll(device, ENROLLED),
        });
        let code = Totp::new(secret).at(ENROLLED).expect("after T0");
        done = Some(commit(open(&record).confirm(
            enrollment.device(),
            code,
            ENROLLED,
        )));
    }
    done.expect("a device")
}
