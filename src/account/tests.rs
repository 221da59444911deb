//! What no sequence of commands may do to an account's inside, at any time and from any record.
#![allow(clippy::arithmetic_side_effects, clippy::cast_sign_loss)] // small numbers

mod invariants;

use std::time::Duration;

use proptest::prelude::*;

use super::browser::cookie::CookieValue;
use super::browser::entry::Trust;
use super::device::entry::{Device, Pending, Replaced, State};
use super::policy::{
    MAX_BROWSERS, MAX_REDEMPTIONS, PENDING_LIFETIME, PRESSURE, PROVISIONAL, RESYNCS, resync_steps,
};
use super::throttle::{Limits, Throttle};
use super::*;
use crate::account_id::AccountId;
use crate::codes::{
    Algorithm, Code, Counter, Digits, Hotp, MovingFactor, Parameters, Period, Secret, UnixTime,
};
use crate::sealing::{Keyring, Purpose, key::SealingKey};
use crate::store::{Committed, Swap};
use invariants::check;

const NOW: u64 = 1_700_000_010;
const GRACE: Duration = Duration::from_secs(3600);
const NEVER: Pending = Pending::new(None, None, None);

fn alice() -> AccountId {
    AccountId::new("alice").unwrap()
}

fn operator() -> Actor {
    Actor::new("bob").unwrap()
}

fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; 32]))
}

/// The receipt of a store that has committed these bytes.
fn receipt(sealed: &[u8]) -> Committed {
    match Swap::from_rows(sealed, 1) {
        Swap::Committed(receipt) => receipt,
        Swap::Conflict => unreachable!("one row"),
    }
}

/// The account after a command, if it changes anything; and what it said.
fn commit<T>(account: &Account, attempt: Result<Attempt<T>, Error>) -> (Account, Option<T>) {
    let Ok(mut attempt) = attempt else {
        return (reopen(account), None);
    };
    let sealed = attempt.seal(&keyring()).unwrap();
    (
        Account::open(&alice(), &sealed, &keyring()).unwrap(),
        attempt.reveal(receipt(&sealed)).ok(),
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
    Rename,
    Suspend,
    Resume,
    Revoke,
    KeepOnly,
    Unlock,
    RevokeUnproven,
    Import,
    Issue,
    Redeem,
    ForgetBrowser,
    PasswordChanged,
    Temporary { is_redeemed: bool },
}

impl Command {
    /// With a proof, and without codes of a device.
    const OTHERS: [Self; 16] = [
        Self::Enroll { is_token: true },
        Self::Rotate,
        Self::Rename,
        Self::Suspend,
        Self::Resume,
        Self::Revoke,
        Self::KeepOnly,
        Self::Unlock,
        Self::RevokeUnproven,
        Self::Import,
        Self::Issue,
        Self::Redeem,
        Self::ForgetBrowser,
        Self::PasswordChanged,
        Self::Temporary { is_redeemed: false },
        Self::Temporary { is_redeemed: true },
    ];
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
        13 => prop::sample::select(&Command::OTHERS[1..]),
    ];
    (command, 0..3_usize, time)
}

/// What the device shows, so many steps off the centre or counters after the last.
fn code(device: &Device, policy: &Policy, steps: i64, now: UnixTime) -> Code {
    let moving = match device.parameters().moving_factor() {
        MovingFactor::Time(period) => (now.as_secs() / u64::from(period.as_secs()))
            .saturating_add_signed(device.drift.steps(policy.window())),
        MovingFactor::Counter(next) => next.get(),
    };
    let (algorithm, digits) = (device.parameters.algorithm(), device.parameters.digits());
    let hotp = Hotp::keyed(&device.secret, algorithm, digits);
    hotp.at(Counter::new(moving.saturating_add_signed(steps)))
}

/// One that stands, if anything does and the clock does not go back now.
fn proof(account: &Account, now: UnixTime) -> Proof {
    let prove = |(kind, device, credential)| account.proof(kind, credential, device, now);
    let device = account.devices.iter().find(|device| device.is_active());
    let device = device.map(|device| (ProofKind::Code, Some(device.id), device.credential));
    let recovery = account.recovery.as_ref();
    let redemption = recovery.and_then(|recovery| recovery.redemptions.last());
    let redemption = redemption.map(|one| (ProofKind::RecoveryCode, None, *one));
    let nobody = (
        ProofKind::RecoveryCode,
        None,
        Credential::from_bytes([0; 8]),
    );
    prove(device.or(redemption).unwrap_or(nobody))
}

fn run(account: Account, command: Command, nth: usize, now: UnixTime) -> Account {
    let before = reopen(&account);
    let Some(device) = before.devices.get(nth % before.devices.len().max(1)) else {
        return run_without_devices(account, command, now);
    };
    let (id, policy) = (device.id, before.policy);
    let one = |steps: i64| code(device, &policy, steps, now);
    // Always one form, so that the same code is a retry.
    let id_of_form = "00".repeat(16).parse().unwrap();
    let typed = |steps| Submission::new(one(steps));
    // Every other one comes from a browser that may be known, and the rest is remembered.
    let cookie = BrowserCookie::new(&alice(), CookieValue::new([5; 16])).expose_value();
    let browser = (nth % 2 == 0).then(|| cookie.as_str());
    let form = |steps| {
        let form = typed(steps).with_form(&[7; 16], id_of_form).unwrap();
        form.in_browser(browser)
            .remember_browser(Label::new("browser").unwrap())
    };
    let pair = |steps: i64| [one(steps - 1), one(steps)];
    match command {
        Command::Verify { steps } => commit(&before, account.verify(form(steps), now)).0,
        Command::Resync { steps } => commit(&before, account.resync(id, pair(steps), now)).0,
        Command::Confirm { steps } => commit(&before, account.confirm(id, form(steps), now)).0,
        Command::ConfirmPair { steps } => {
            commit(&before, account.confirm_pair(id, pair(steps), now)).0
        }
        Command::Unlock => commit(&before, account.danger_unlock_unproven(&operator(), now)).0,
        Command::RevokeUnproven => {
            let attempt = account.danger_revoke_unproven(&operator(), id, now);
            commit(&before, attempt).0
        }
        Command::Temporary { is_redeemed } => temporary(account, is_redeemed, now),
        Command::Import => import(account, now),
        Command::Redeem => {
            let codes = RecoveryCodes::generate().unwrap();
            let code = codes.iter().next().unwrap();
            commit(&before, account.redeem(code, now)).0
        }
        _ => run_with_proof(account, command, id, now),
    }
}

fn run_with_proof(account: Account, command: Command, id: DeviceId, now: UnixTime) -> Account {
    let (before, proof) = (reopen(&account), proof(&account, now));
    let set = before.recovery_set_id();
    let label = Label::new(format!("device {}", before.next_device)).unwrap();
    match command {
        Command::Enroll { is_token } => {
            let new = if is_token {
                NewDevice::hotp(label, Counter::new(now.as_secs()))
            } else {
                label.into()
            };
            commit(&before, account.enroll_another(&proof, new, now)).0
        }
        Command::Rotate => commit(&before, account.rotate(&proof, id, GRACE, now)).0,
        Command::Rename => commit(&before, account.rename(&proof, id, label, now)).0,
        Command::Suspend => commit(&before, account.suspend(&proof, id, now)).0,
        Command::Resume => commit(&before, account.resume(&proof, id, now)).0,
        Command::Revoke => commit(&before, account.revoke(&proof, id, now)).0,
        Command::KeepOnly => commit(&before, account.keep_only(&proof, &[id], now)).0,
        Command::Issue => commit(&before, account.issue_recovery_codes(&proof, set, now)).0,
        Command::ForgetBrowser => {
            let first = before.browsers.list.first();
            let id = first.map_or(BrowserId::new(9), |browser| browser.id);
            commit(&before, account.forget_browser(&proof, id, now)).0
        }
        Command::PasswordChanged => commit(&before, account.password_changed(&proof, None, now)).0,
        _ => unreachable!(),
    }
}

/// It begins, or it was left without a device.
fn run_without_devices(account: Account, command: Command, now: UnixTime) -> Account {
    let (before, proof) = (reopen(&account), proof(&account, now));
    let first = Label::new("first").unwrap();
    match command {
        Command::Import => import(account, now),
        _ if before.was_confirmed => commit(&before, account.enroll_another(&proof, first, now)).0,
        _ => commit(&before, account.enroll(first, now)).0,
    }
}

/// Issues a temporary code, and redeems it.
fn temporary(account: Account, is_redeemed: bool, now: UnixTime) -> Account {
    let before = reopen(&account);
    let issued = account.danger_issue_temporary_code_unproven(&operator(), GRACE, now);
    let (after, code) = commit(&before, issued);
    match code {
        Some(code) if is_redeemed => commit(&reopen(&after), after.redeem(&code, now)).0,
        _ => after,
    }
}

fn import(account: Account, now: UnixTime) -> Account {
    let before = reopen(&account);
    let new = |n: u8| {
        let secret = Secret::from_bytes(&[n; 20]).unwrap();
        NewDevice::totp(Label::new(format!("imported {n}")).unwrap()).with_secret(secret)
    };
    commit(
        &before,
        account.danger_import_unproven(&operator(), [new(1), new(2)], None, now),
    )
    .0
}

/// An account with all there is: a phone, a token, one suspended, one retiring, two pending;
/// failures and recovery codes.
fn everything() -> Account {
    let now = UnixTime::from_secs(NOW);
    let mut account = Account::new(alice());
    let phone = Credential::from_bytes([1; 8]);
    let replaces = Replaced {
        device: DeviceId::new(2),
        credential: Credential::from_bytes([2; 8]),
        grace: GRACE,
    };
    let (totp, hotp) = (Parameters::DEFAULT, Parameters::hotp(Counter::new(0)));
    let pending = |replaces| State::Pending(Pending::new(Some(phone), replaces, Some([9; 16])));
    let retiring = State::Retiring {
        left: GRACE,
        successor: replaces.credential,
    };
    account.devices = vec![
        device(1, State::Active, totp),
        device(2, State::Active, hotp),
        device(3, pending(None), totp),
        device(4, State::Suspended, totp),
        device(5, retiring, hotp),
        device(6, pending(Some(replaces)), hotp),
    ];
    (account.next_device, account.was_confirmed) = (7, true);
    let browser = CookieValue::new([5; 16]).hash(&alice());
    let browser = (browser, Label::new("Firefox").unwrap());
    account.browsers.add(browser, phone, now).unwrap();
    account.browsers.list[0].trust = Some(Trust {
        grant: Credential::from_bytes([1; 8]),
        lasts: Policy::MAX_TRUST,
        age: Duration::ZERO,
    });
    account
        .strangers
        .fail(Limits::strangers(&Policy::DEFAULT, &Throttle::NEW));
    account.resyncs.add(RESYNCS);
    let proof = proof(&account, now);
    let issued = account.issue_recovery_codes(&proof, None, now);
    let (mut account, codes) = commit(&Account::new(alice()), issued);
    assert!(codes.is_some() && account.devices.len() == 6);
    let recovery = account.recovery.as_mut().unwrap();
    recovery.remember(Credential::from_bytes([3; 8]));
    account
}

fn device(n: u8, state: State, parameters: Parameters) -> Device {
    let now = UnixTime::from_secs(NOW);
    let algorithms = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];
    let digits = [Digits::Six, Digits::Seven, Digits::Eight];
    let new = NewDevice::totp(Label::new(format!("device {n}")).unwrap());
    let new = NewDevice {
        parameters: parameters
            .with_algorithm(algorithms[usize::from(n % 3)])
            .with_digits(digits[usize::from(n % 3)]),
        ..new
    };
    let secret = Secret::from_bytes(&[n; 20]).unwrap();
    let (id, credential) = (DeviceId::new(n.into()), Credential::from_bytes([n; 8]));
    let vouched_by = Voucher::new(VouchedBy::Nobody, now);
    let mut device = Device::pending(id, credential, new, secret, NEVER, vouched_by);
    if parameters.period().is_some() {
        device.drift.resync(-77);
    }
    Device {
        state,
        last_used: Some(now),
        watermark: Some(n.into()),
        ..device
    }
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
    let ends = [0, 1, 29, 30, 3_000, 3_630, i64::MAX as u64];
    let ends = ends.into_iter().chain([1 << 63, u64::MAX - 1, u64::MAX]);
    for command in with_codes.chain(Command::OTHERS) {
        for nth in 0..6 {
            for now in ends.clone() {
                let before = everything();
                let after = run(reopen(&before), command, nth, UnixTime::from_secs(now));
                let _status = after.status(UnixTime::from_secs(now));
                check(&before, command, &after);
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
            check(&before, command, &account);
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
