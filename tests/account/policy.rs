//! The policies: their numbers, what they refuse, and what they leave to a guesser, counted on the real thing.

use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{Lock, PolicyBuilder};
use secondfactor::codes::{
    Clock, Counter, Hotp, LookAhead, ManualClock, Secret, Totp, UnixTime, Window,
};
use secondfactor::store::MemoryStore;
use secondfactor::{Code, Denial, Error, Mfa, Policy};

use crate::support::*;

const DAY: u64 = 24 * 3600;
/// A year takes too long without optimization.
const DAYS: u64 = if cfg!(debug_assertions) { 20 } else { 365 };

fn waits(policy: Policy) -> [u64; 8] {
    [0, 4, 5, 6, 9, 10, 12, 99].map(|failures| policy.wait_after(failures).as_secs())
}

#[test]
fn the_profiles_have_their_numbers() {
    let doubling = [0, 0, 30, 60, 480, 960, 3600, 3600];
    let half_an_hour = [0, 0, 0, 0, 0, 1800, 1800, 1800];
    let profiles = [
        (Policy::DEFAULT, doubling, 3, 6),
        (Policy::NIST, doubling, 3, 6),
        (Policy::ASVS, doubling, 1, 6),
        (Policy::PCI, half_an_hour, 2, 6),
    ];
    for (policy, expected, steps, counters) in profiles {
        assert_eq!(waits(policy), expected);
        for (bound, candidates) in [
            (policy.guess_bound(), steps),
            (policy.hotp_guess_bound(), counters),
        ] {
            assert_eq!(bound.per_day(), f64::from(candidates * 25) / 1e6);
            assert_eq!(bound.for_devices(8).per_day(), 8.0 * bound.per_day());
            let sides = if policy == Policy::PCI { 1.0 } else { 2.0 };
            assert_eq!(bound.with_cookies(1).per_day(), sides * bound.per_day());
            let alone = f64::from(policy.max_stranger_failures());
            assert_eq!(bound.until_disabled(), f64::from(candidates) * alone / 1e6);
            let all = bound.with_cookies(8).until_disabled();
            assert_eq!(all, f64::from(candidates * 100) / 1e6);
            assert_eq!(
                bound.per_year_beside_the_owner(),
                f64::from(candidates * 3665) / 1e6
            );
        }
    }
    assert_eq!(Policy::default(), Policy::DEFAULT);
    let sides = |policy: Policy| (policy.max_stranger_failures(), policy.max_known_failures());
    for policy in [Policy::DEFAULT, Policy::NIST, Policy::ASVS] {
        assert_eq!(sides(policy), (80, 20));
    }
    assert_eq!(sides(Policy::PCI), (100, 0));
    for (all, expected) in [(1, (1, 0)), (4, (4, 0)), (5, (4, 1)), (99, (80, 19))] {
        let policy = Policy::builder().max_failures(all).build().unwrap();
        assert_eq!(sides(policy), expected);
    }
}

#[test]
fn what_a_policy_may_not_be_is_said() {
    let secs = Duration::from_secs;
    let new = Policy::builder;
    let wide = |past, future| new().window(Window::new(past, future).unwrap());
    let ahead = |counters| new().look_ahead(LookAhead::new(counters).unwrap());
    let guesses = "a guesser would have a chance of more than one in a thousand";
    let devices = "the limit of devices must be 1 to 8";
    let failures = "the limit of failures must be 1 to 100";
    let waits = "waits must be 1 second to a day, the first not above the longest";
    let too_long = "trust in a browser must be at most 30 days";
    let trust = "the profile refuses trust in browsers: begin with the default policy";
    let refused: [(PolicyBuilder, &str); 16] = [
        // 11 steps times 100 guesses are over one in a thousand, 10 are not.
        (wide(5, 5), guesses),
        (wide(10, 10), guesses),
        (new().look_ahead(LookAhead::DEFAULT), guesses),
        // Few failures in a row, and yet 25 guesses a day, at 41 counters.
        (ahead(40).max_failures(24), guesses),
        (new().max_devices(0), devices),
        (new().max_devices(9), devices),
        (new().max_failures(0), failures),
        (new().max_failures(101), failures),
        (new().waits(5, secs(0), secs(60)), waits),
        (new().waits(5, secs(61), secs(60)), waits),
        (new().waits(5, secs(60), secs(DAY + 1)), waits),
        (Policy::ASVS.to_builder().max_failures(0), failures),
        (
            new().trust(Policy::MAX_TRUST + Duration::from_nanos(1)),
            too_long,
        ),
        (Policy::ASVS.to_builder().trust(secs(1)), trust),
        (Policy::NIST.to_builder().trust(secs(1)), trust),
        (Policy::PCI.to_builder().trust(secs(1)), trust),
    ];
    for (policy, message) in refused {
        assert_eq!(policy.build().unwrap_err().to_string(), message);
    }
    let allowed = [
        wide(5, 4),
        wide(0, 0),
        ahead(9),
        new().max_devices(1),
        new().max_devices(8),
        new().max_failures(1),
        new().max_failures(100),
        new().trust(Policy::MAX_TRUST),
        Policy::NIST.to_builder().trust(Duration::ZERO),
        new().waits(0, secs(1), secs(DAY)),
        new().waits(5, secs(60), secs(60)),
        // 25 guesses a day at 40 counters.
        ahead(39).max_failures(25),
        // Fewer failures in all leave room for a wider window, whichever is said first.
        wide(10, 10).max_failures(40),
        new().max_failures(40).window(Window::new(10, 10).unwrap()),
    ];
    for policy in allowed {
        let policy = policy.build().unwrap();
        for bound in [policy.guess_bound(), policy.hotp_guess_bound()] {
            assert!(bound.per_day() <= 1e-3 && bound.until_disabled() <= 1e-3);
        }
    }
}

#[test]
fn a_policy_has_the_limits_that_it_was_built_with() {
    let secs = Duration::from_secs;
    let narrow = Policy::builder()
        .window(Window::new(1, 0).unwrap())
        .max_devices(3)
        .waits(2, secs(10), secs(100))
        .max_failures(20)
        .look_ahead(LookAhead::NONE)
        .build()
        .unwrap();
    assert_eq!(
        (narrow.window(), narrow.look_ahead()),
        (Window::new(1, 0).unwrap(), LookAhead::NONE)
    );
    assert_eq!(
        (
            narrow.max_devices(),
            narrow.free_tries(),
            narrow.max_failures()
        ),
        (3, 2, 20)
    );
    assert_eq!(
        (narrow.first_wait(), narrow.max_wait()),
        (secs(10), secs(100))
    );
    assert_eq!(narrow.to_builder().build(), Ok(narrow));
    let mfa = Mfa::new(MemoryStore::new(), keyring()).with_policy(narrow);
    assert_eq!(mfa.policy(), narrow);
    for profile in PROFILES {
        assert_eq!(profile.to_builder().build(), Ok(profile));
    }
}

/// A guesser who never misses a chance, and an owner, on one account.
struct Siege {
    mfa: Mfa<MemoryStore>,
    clock: Arc<ManualClock>,
    secret: Secret,
    /// When a guess was judged.
    judged: Vec<u64>,
}

impl Siege {
    fn new(policy: Policy) -> Self {
        let Login {
            mfa, clock, secret, ..
        } = Login::new(MemoryStore::new());
        Self {
            mfa: mfa.with_policy(policy),
            clock,
            secret,
            judged: Vec::new(),
        }
    }

    fn lock(&self) -> Lock {
        run(self.mfa.status(&alice())).unwrap().lock()
    }

    fn guess(&mut self) {
        let now = self.clock.now();
        let near: Vec<Code> = (-3..=3)
            .map(|steps| code(&self.secret, now, steps))
            .collect();
        let guess = (0..)
            .map(|n| format!("{n:06}").parse().unwrap())
            .find(|guess| !near.contains(guess))
            .unwrap();
        match run(self.mfa.verify(&alice(), guess)) {
            Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. })) => {
                self.judged.push(now.as_secs())
            }
            Err(Error::Denied(Denial::Throttled { .. } | Denial::Disabled)) => {}
            other => panic!("{other:?}"),
        }
    }

    fn owner_logs_in(&self) -> Result<(), Error> {
        run(self
            .mfa
            .verify(&alice(), code(&self.secret, self.clock.now(), 0)))
        .map(|_| ())
    }

    /// Until `end`, or until none is judged any longer.
    fn guess_until(&mut self, end: u64) {
        while self.clock.now().as_secs() < end {
            match self.lock() {
                Lock::Open => self.guess(),
                Lock::Until(until) => self.clock.set(until.min(UnixTime::from_secs(end))),
                _ => return,
            }
        }
    }

    /// The most in any 24 hours.
    fn most_in_a_day(&self) -> usize {
        let within = |from: u64| {
            self.judged
                .iter()
                .filter(|at| (from..from + DAY).contains(at))
                .count()
        };
        self.judged
            .iter()
            .map(|from| within(*from))
            .max()
            .unwrap_or(0)
    }
}

const PROFILES: [Policy; 4] = [Policy::DEFAULT, Policy::ASVS, Policy::NIST, Policy::PCI];

#[test]
fn a_guesser_alone_gets_the_strangers_share_and_then_none() {
    for policy in PROFILES {
        let mut siege = Siege::new(policy);
        siege.guess_until(u64::MAX / 2);
        assert_eq!(siege.lock(), Lock::Disabled);
        assert_eq!(
            siege.judged.len(),
            usize::from(policy.max_stranger_failures())
        );
        assert!(siege.most_in_a_day() <= 25, "{}", siege.most_in_a_day());
        assert!(matches!(
            siege.owner_logs_in(),
            Err(Error::Denied(Denial::Disabled))
        ));
    }
}

/// The owner comes once a day, waits if need be, and so sets the failures in a row back.
#[test]
fn a_guesser_beside_a_daily_owner_stays_in_the_bound() {
    for policy in PROFILES {
        let mut siege = Siege::new(policy);
        let start = NOW.as_secs();
        for day in 1..=DAYS {
            siege.guess_until(start + day * DAY);
            if let Lock::Until(until) = siege.lock() {
                siege.clock.set(until);
            }
            siege
                .owner_logs_in()
                .expect("the owner's right code, once no lock holds");
        }
        let (count, days) = (
            siege.judged.len() as u64,
            (siege.clock.now().as_secs() - start).div_ceil(DAY),
        );
        assert!(count <= 15 + 10 * days, "{count} guesses in {days} days");
        assert!(count > 9 * DAYS, "the simulation guesses: {count}");
        assert!(siege.most_in_a_day() <= 25, "{}", siege.most_in_a_day());
        let bound = policy.guess_bound();
        if days <= 365 {
            let chance = count as f64 * (bound.per_day() / 25.0);
            assert!(chance <= bound.per_year_beside_the_owner(), "{chance}");
        }
    }
}

/// The owner comes whenever the guesser would have to wait, and is first then: the pressure alone holds.
#[test]
fn an_owner_who_comes_all_the_time_buys_a_guesser_nothing() {
    let mut siege = Siege::new(Policy::DEFAULT);
    let start = NOW.as_secs();
    let mut logins = 0;
    while siege.clock.now().as_secs() < start + 10 * DAY {
        (0..4).for_each(|_| siege.guess());
        siege.clock.advance(STEP);
        if let Lock::Until(until) = siege.lock() {
            siege.clock.set(until);
        }
        siege
            .owner_logs_in()
            .expect("the owner's right code, once no lock holds");
        logins += 1;
    }
    let days = (siege.clock.now().as_secs() - start).div_ceil(DAY);
    assert!(
        siege.judged.len() as u64 <= 15 + 10 * days,
        "{}",
        siege.judged.len()
    );
    assert!(siege.judged.len() > 95 && logins > 3);
    assert!(siege.most_in_a_day() <= 25);
}

/// What a guess may hit: the steps of the window, or the counters of the look-ahead, and no other of 10^6 codes.
#[test]
fn no_more_codes_pass_than_the_bound_counts() {
    // All of them with optimization; else a part of them, and those that should pass.
    let stride = if cfg!(debug_assertions) { 211 } else { 1 };
    let secret = Secret::from_bytes(&[9; 20]).unwrap();
    let (totp, hotp) = (Totp::new(&secret), Hotp::new(&secret));
    let all = |right: &[Code]| {
        let some = (0..1_000_000_u32)
            .step_by(stride)
            .map(|n| format!("{n:06}").parse().unwrap());
        let mut codes: Vec<Code> = some.filter(|code| !right.contains(code)).collect();
        codes.extend(right);
        codes
    };
    for (past, future) in [(0, 0), (1, 0), (1, 1), (5, 4)] {
        let window = Window::new(past, future).unwrap();
        let right: Vec<Code> = (-i64::from(past)..=i64::from(future))
            .map(|steps| code(&secret, NOW, steps))
            .collect();
        let passes = all(&right)
            .iter()
            .filter(|code| totp.verify(**code, NOW, window, None).is_some())
            .count();
        assert_eq!(passes, right.len());
        let policy = Policy::builder().window(window).build().unwrap();
        assert_eq!(policy.guess_bound().per_day(), (passes * 25) as f64 / 1e6);
    }
    let look_ahead = LookAhead::new(5).unwrap();
    let right: Vec<Code> = (7..=12)
        .map(|counter| hotp.at(Counter::new(counter)))
        .collect();
    let next = Counter::new(7);
    let passes = all(&right)
        .iter()
        .filter(|code| hotp.verify(**code, next, look_ahead).is_some())
        .count();
    assert_eq!(
        Policy::DEFAULT.hotp_guess_bound().per_day(),
        (passes * 25) as f64 / 1e6
    );
}
