//! What no sequence of commands may do to an account's inside, at any time and from any record.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_sign_loss,
    clippy::indexing_slicing
)] // small numbers

use std::time::Duration;

use proptest::prelude::*;

use super::device::drift::Drift;
use super::device::entry::{Device, State};
use super::*;
use crate::account_id::AccountId;
use crate::codes::{
    Algorithm, Code, Counter, Digits, Hotp, MovingFactor, Parameters, Secret, UnixTime,
};
use crate::sealing::key::SealingKey;
use crate::sealing::{Keyring, Purpose};
use crate::store::Committed;

const NOW: u64 = 1_700_000_010;

fn alice() -> AccountId {
    AccountId::new("alice").unwrap()
}

fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; 32]))
}

/// The account after a command, if it changes anything; and what it said.
fn commit<T>(account: &Account, attempt: Result<Attempt<T>, Error>) -> (Account, Option<T>) {
    let Ok(mut attempt) = attempt else {
        return (reopen(account), None);
    };
    let sealed = attempt.seal(&keyring()).unwrap();
    (
        Account::open(&alice(), &sealed, &keyring()).unwrap(),
        attempt.reveal(Committed::attest(&sealed)).ok(),
    )
}

fn reopen(account: &Account) -> Account {
    Account::open(&alice(), &account.seal(&keyring()).unwrap(), &keyring()).unwrap()
}

/// Seals these bytes as Alice's record, whatever they say.
fn seal(plain: &[u8]) -> Vec<u8> {
    keyring()
        .seal(Purpose::Record(&alice()), plain.len(), |to| {
            to.copy_from_slice(plain);
            Ok::<_, Error>(())
        })
        .unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Command {
    Verify { steps: i64 },
    Resync { steps: i64 },
    Enroll { is_token: bool },
    Confirm { steps: i64 },
    ConfirmPair { steps: i64 },
    Rotate,
    Suspend,
    Resume,
    Revoke,
    Unlock,
    Issue,
    Redeem,
}

/// A command, of which device, and when.
fn command() -> impl Strategy<Value = (Command, usize, u64)> {
    let near = prop_oneof![4 => -1..=1_i64, 2 => -6..=6_i64, 1 => -130..=130_i64];
    let time = prop_oneof![20 => NOW..NOW + 4_000, 5 => NOW..NOW + 40 * 86_400, 1 => any::<u64>(), 1 => u64::MAX - 90.., 1 => 0..4_000_u64];
    let command = prop_oneof![
        8 => near.clone().prop_map(|steps| Command::Verify { steps }),
        3 => near.clone().prop_map(|steps| Command::Resync { steps }),
        2 => any::<bool>().prop_map(|is_token| Command::Enroll { is_token }),
        4 => near.clone().prop_map(|steps| Command::Confirm { steps }),
        1 => near.prop_map(|steps| Command::ConfirmPair { steps }),
        1 => Just(Command::Rotate),
        1 => Just(Command::Suspend),
        1 => Just(Command::Resume),
        1 => Just(Command::Revoke),
        1 => Just(Command::Unlock),
        1 => Just(Command::Issue),
        1 => Just(Command::Redeem),
    ];
    (command, 0..3_usize, time)
}

/// What the device shows, so many steps off the centre or counters after the last.
fn code(device: &Device, steps: i64, now: UnixTime) -> Code {
    let moving = match device.parameters().moving_factor() {
        MovingFactor::Time(period) => (now.as_secs() / u64::from(period.as_secs()))
            .saturating_add_signed(device.drift.steps(now)),
        MovingFactor::Counter(next) => next.get(),
    };
    let (algorithm, digits) = (device.parameters.algorithm(), device.parameters.digits());
    let hotp = Hotp::keyed(&device.secret, algorithm, digits);
    hotp.at(Counter::new(moving.saturating_add_signed(steps)))
}

fn run(account: Account, command: Command, nth: usize, now: UnixTime) -> Account {
    let before = reopen(&account);
    let proof = Verified::new(alice(), DeviceId::new(1), now);
    let Some(device) = before.devices.get(nth % before.devices.len().max(1)) else {
        return commit(&before, account.enroll(Label::new("first").unwrap(), now)).0;
    };
    let id = device.id;
    let pair = |steps: i64| [code(device, steps - 1, now), code(device, steps, now)];
    match command {
        Command::Verify { steps } => {
            commit(&before, account.verify(code(device, steps, now), now)).0
        }
        Command::Resync { steps } => commit(&before, account.resync(id, pair(steps), now)).0,
        Command::Enroll { is_token } => {
            let label = Label::new(format!("device {}", before.next_device)).unwrap();
            let new = if is_token {
                NewDevice::hotp(label, Counter::new(now.as_secs()))
            } else {
                label.into()
            };
            commit(&before, account.enroll_another(&proof, new, now)).0
        }
        Command::Confirm { steps } => {
            commit(&before, account.confirm(id, code(device, steps, now), now)).0
        }
        Command::ConfirmPair { steps } => {
            commit(&before, account.confirm_pair(id, pair(steps), now)).0
        }
        Command::Rotate => commit(&before, account.rotate(&proof, id, now)).0,
        Command::Suspend => commit(&before, account.suspend(&proof, id, now)).0,
        Command::Resume => commit(&before, account.resume(&proof, id, now)).0,
        Command::Revoke => commit(&before, account.revoke(&proof, id, now)).0,
        Command::Unlock => commit(&before, Ok(account.danger_unlock_unproven(now))).0,
        Command::Issue => commit(&before, account.issue_recovery_codes(&proof, now)).0,
        Command::Redeem => {
            let code: RecoveryCode = RecoveryCodes::generate()
                .unwrap()
                .into_iter()
                .next()
                .unwrap();
            commit(&before, account.redeem(&code, now)).0
        }
    }
}

fn check(before: &Account, after: &Account) {
    for device in &after.devices {
        if let Some(earlier) = before
            .devices
            .iter()
            .find(|earlier| earlier.id == device.id)
        {
            assert!(device.watermark >= earlier.watermark, "a watermark fell");
            assert_eq!(
                device.secret.expose_bytes(),
                earlier.secret.expose_bytes(),
                "a secret was exchanged"
            );
            let became_active = earlier.is_pending() && !device.is_pending();
            assert!(
                !became_active || device.watermark > earlier.watermark,
                "active without a burned code"
            );
        } else {
            assert!(device.is_pending(), "a device that nobody confirmed");
        }
        let drift = device.drift;
        assert!(
            drift.is_possible() && drift.base.abs() <= 120 && drift.learned.abs() <= 4,
            "{drift:?}"
        );
    }
    let most = u32::from(after.policy.max_failures());
    assert!(after.throttle.failures <= most, "over the cap");
    assert!(
        after
            .recovery
            .as_ref()
            .is_none_or(|recovery| recovery.throttle.failures <= most),
        "over the cap"
    );
}

/// An account with all there is: a phone, a token, one pending, one suspended, one retiring; failures and recovery codes.
fn everything() -> Account {
    let now = UnixTime::from_secs(NOW);
    let mut account = Account::new(alice());
    let proof = Verified::new(alice(), DeviceId::new(1), now);
    let mut drift = Drift::default();
    drift.resync(-77, now);
    let (totp, hotp) = (Parameters::DEFAULT, Parameters::hotp(Counter::new(0)));
    let device = |n: u8, state: State, parameters: Parameters| Device {
        id: DeviceId::new(n.into()),
        label: Label::new(format!("device {n}")).unwrap(),
        secret: Secret::from_bytes(&[n; 20]).unwrap(),
        parameters: parameters
            .with_algorithm(
                [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512][usize::from(n % 3)],
            )
            .with_digits([Digits::Six, Digits::Seven, Digits::Eight][usize::from(n % 3)]),
        drift: parameters.period().map_or(Drift::default(), |_| drift),
        created: now,
        state,
        last_used: Some(now),
        watermark: Some(u64::from(n)),
    };
    let pending = State::Pending {
        tries: 2,
        replaces: Some(DeviceId::new(1)),
    };
    let retiring = State::Retiring {
        until: now.saturating_add(Duration::from_secs(9)),
    };
    account.devices = vec![
        device(1, State::Active, totp),
        device(2, State::Active, hotp),
        device(3, pending, totp),
        device(4, State::Suspended, totp),
        device(5, retiring, hotp),
    ];
    account.next_device = 6;
    account.throttle.fail(now);
    account.resyncs.add(policy::RESYNCS, now);
    let (account, codes) = commit(
        &Account::new(alice()),
        account.issue_recovery_codes(&proof, now),
    );
    assert!(codes.is_some() && account.devices.len() == 5);
    account
}

#[test]
fn every_command_is_judged_at_the_ends_of_time() {
    let steps = [-130, -1, 0, 1, 130];
    let with_codes = steps.into_iter().flat_map(|steps| {
        [
            Command::Verify { steps },
            Command::Resync { steps },
            Command::Confirm { steps },
            Command::ConfirmPair { steps },
        ]
    });
    let others = [
        Command::Enroll { is_token: true },
        Command::Rotate,
        Command::Suspend,
        Command::Resume,
        Command::Revoke,
        Command::Unlock,
        Command::Issue,
        Command::Redeem,
    ];
    for command in with_codes.chain(others) {
        for nth in 0..5 {
            for now in [
                0,
                1,
                29,
                30,
                3_000,
                3_630,
                i64::MAX as u64,
                1 << 63,
                u64::MAX - 1,
                u64::MAX,
            ] {
                let before = everything();
                let after = run(reopen(&before), command, nth, UnixTime::from_secs(now));
                let _status = after.status(UnixTime::from_secs(now));
                check(&before, &after);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_breaks_what_must_hold(commands in prop::collection::vec(command(), 1..40)) {
        let mut account = Account::new(alice());
        for (command, nth, at) in commands {
            let before = reopen(&account);
            account = run(account, command, nth, UnixTime::from_secs(at));
            check(&before, &account);
        }
    }

    /// Sealed by the right key, and yet damaged: by a fault in memory, or a release that was wrong.
    #[test]
    fn no_record_that_opens_panics(
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        commands in prop::collection::vec(command(), 1..6),
    ) {
        let sealed = everything().seal(&keyring()).unwrap();
        let mut plain = keyring().open(Purpose::Record(&alice()), &sealed).unwrap().plaintext.to_vec();
        let len = plain.len();
        at.iter().for_each(|(at, byte)| plain[at.index(len)] = *byte);
        let damaged = seal(&plain);
        let Ok(account) = Account::open(&alice(), &damaged, &keyring()) else { return Ok(()) };
        for (command, nth, at) in commands {
            let now = UnixTime::from_secs(at);
            let account = Account::open(&alice(), &damaged, &keyring()).unwrap();
            let _status = account.status(now);
            let _next = run(account, command, nth, now);
        }
        let _status = account.status(UnixTime::from_secs(u64::MAX));
    }
}
