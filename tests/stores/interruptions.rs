//! Calls that are dropped after their write has begun: the handlers hear of it, whether it was committed or not.

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use secondfactor::account::{BrowserId, DeviceId, RecoverySetId, Submission};
use secondfactor::codes::{ManualClock, Secret, SecretText};
use secondfactor::store::{
    AnyStore, AnyStoreError, MemoryStore, Report, Store, Stored, Swap, Version,
};
use secondfactor::{
    AccountId, Confirmed, Error, Keyring, Mfa, NewDevice, Policy, RecoveryCode, SealingKey,
    Verified,
};

use crate::place::Place;
use crate::support::*;

/// What becomes of the next write.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It is lost on its way.
    Lost,
    /// It is on its way when the caller hangs up.
    Sent,
    /// It is committed, and the answer is lost.
    Committed,
}

/// A store that never answers a write.
struct Unanswered {
    inner: Arc<AnyStore>,
    fate: Fate,
    has_written: Arc<AtomicBool>,
}

impl Unanswered {
    async fn leave_unanswered(
        &self,
        write: impl Future<Output = Result<Swap, AnyStoreError>>,
    ) -> Result<Swap, AnyStoreError> {
        let mut write = pin!(write);
        match self.fate {
            Fate::Lost => {}
            Fate::Sent => {
                poll_fn(|context| {
                    let _on_its_way = write.as_mut().poll(context);
                    Poll::Ready(())
                })
                .await;
            }
            Fate::Committed => assert!(matches!(write.await, Ok(Swap::Committed(_)))),
        }
        self.has_written.store(true, Ordering::Relaxed);
        pending().await
    }
}

impl Store for Unanswered {
    type Error = AnyStoreError;

    async fn check(&self) -> Result<Report, AnyStoreError> {
        self.inner.check().await
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyStoreError> {
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, AnyStoreError> {
        self.leave_unanswered(self.inner.swap(account, expected, next))
            .await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyStoreError> {
        self.leave_unanswered(self.inner.remove(account, expected))
            .await
    }
}

/// An account with everything that a command may need, and what its owner has.
struct Owner {
    record: Vec<u8>,
    phone: DeviceId,
    /// Suspended.
    tablet: DeviceId,
    /// Not yet confirmed.
    watch: DeviceId,
    secret: Secret,
    watch_secret: Secret,
    recovery_code: RecoveryCode,
    /// It was redeemed a moment ago.
    used_code: RecoveryCode,
    codes: Option<RecoverySetId>,
    proof: Confirmed,
    /// It is trusted.
    browser: BrowserId,
    cookie: SecretText,
    /// In that browser.
    verified: Verified,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn policy() -> Policy {
    Policy::builder().trust(DAY).build().unwrap()
}

impl Owner {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let Login {
            mfa,
            device: phone,
            secret,
            proof,
            ..
        } = Login::new(Arc::clone(&store));
        let mfa = mfa.with_policy(policy());
        run(async {
            let mut secrets = Vec::new();
            for name in ["laptop", "tablet"] {
                let device = mfa.enroll_another(&proof, label(name)).await.unwrap();
                let code = code(device.secret(), NOW, 0);
                mfa.confirm(&alice(), device.device(), code).await.unwrap();
                secrets.push(device.secret().duplicate());
            }
            let next = Submission::new(code(&secrets[0], NOW, 1)).remember_browser(label("home"));
            let mut verified = mfa.verify(&alice(), next).await.unwrap();
            let cookie = verified.take_browser_cookie().unwrap().expose_value();
            let browser = verified.browser().unwrap();
            let tablet = mfa.devices(&alice()).await.unwrap()[2].id();
            mfa.suspend(&proof, tablet).await.unwrap();
            let codes = mfa.issue_recovery_codes(&proof, None).await.unwrap();
            let mut sheet = codes.into_iter();
            let (used_code, recovery_code) = (sheet.next().unwrap(), sheet.next().unwrap());
            let redeemed = mfa.redeem(&alice(), in_form(&used_code)).await;
            // A redemption ends trust.
            mfa.trust_browser(&verified, browser, DAY).await.unwrap();
            let watch = mfa.enroll_another(&proof, label("watch")).await.unwrap();
            let minute = Duration::from_secs(60);
            let _shown = mfa
                .danger_issue_temporary_code_unproven(&alice(), &operator(), minute)
                .await
                .unwrap();
            let stored = store.load(&alice()).await.unwrap().unwrap();
            Self {
                record: stored.body().to_vec(),
                phone,
                tablet,
                watch: watch.device(),
                secret,
                watch_secret: watch.secret().duplicate(),
                recovery_code,
                used_code,
                codes: redeemed.unwrap().recovery_set(),
                proof,
                browser,
                cookie,
                verified,
            }
        })
    }
}

fn in_form<C>(code: C) -> Submission<C> {
    let form = "0123456789abcdef0123456789abcdef".parse().unwrap();
    Submission::new(code)
        .with_form(b"the session's id", form)
        .unwrap()
}

/// Those of alice, with what they are about.
const COMMANDS: [&str; 30] = [
    "enroll_another",
    "confirm",
    "confirm a wrong code",
    "confirm_pair",
    "verify",
    "verify a wrong code",
    "verify a replay",
    "resync",
    "rotate",
    "issue_recovery_codes",
    "redeem",
    "redeem again",
    "rename",
    "suspend",
    "resume",
    "revoke",
    "keep_only",
    "opt_out",
    "forget_browser",
    "forget_browsers",
    "password_changed",
    "trust_browser",
    "recognize",
    "danger_revoke_unproven",
    "danger_unlock_unproven",
    "danger_opt_out_unproven",
    "danger_issue_temporary_code_unproven",
    "danger_withdraw_temporary_code_unproven",
    "danger_move_unproven",
    "reseal",
];
/// Those of somebody who has no record.
const FIRST_COMMANDS: [&str; 2] = ["enroll", "danger_import_unproven"];
/// They write nothing of an account, or call those above.
const OTHERS: [&str; 9] = [
    "check",
    "status",
    "needs_code",
    "stage",
    "devices",
    "check_proof",
    "stands",
    "reseal_batch",
    "key_usage",
];

async fn perform(
    command: &str,
    mfa: &Mfa<Unanswered>,
    id: &AccountId,
    owner: &Owner,
) -> Result<(), Error> {
    let proof = &owner.proof;
    let pair = |secret| [7, 8].map(|steps| code(secret, NOW, steps));
    let wrong = wrong_code(&owner.secret, NOW);
    match command {
        "enroll" => mfa.enroll(id, label("phone")).await.map(drop),
        "enroll_another" => mfa.enroll_another(proof, label("car")).await.map(drop),
        "confirm" => {
            let code = code(&owner.watch_secret, NOW, 0);
            mfa.confirm(id, owner.watch, code).await.map(drop)
        }
        "confirm a wrong code" => mfa.confirm(id, owner.watch, wrong).await.map(drop),
        "confirm_pair" => {
            let pair = pair(&owner.watch_secret);
            mfa.confirm_pair(id, owner.watch, pair).await.map(drop)
        }
        "verify" => mfa.verify(id, code(&owner.secret, NOW, 0)).await.map(drop),
        "verify a wrong code" => mfa.verify(id, wrong).await.map(drop),
        "verify a replay" => mfa.verify(id, code(&owner.secret, NOW, -1)).await.map(drop),
        "resync" => mfa.resync(id, owner.phone, pair(&owner.secret)).await,
        "rotate" => mfa
            .rotate(proof, owner.phone, Duration::ZERO)
            .await
            .map(drop),
        "issue_recovery_codes" => mfa.issue_recovery_codes(proof, owner.codes).await.map(drop),
        "redeem" => mfa.redeem(id, &owner.recovery_code).await.map(drop),
        "redeem again" => mfa.redeem(id, in_form(&owner.used_code)).await.map(drop),
        "rename" => mfa.rename(proof, owner.phone, label("old phone")).await,
        "suspend" => mfa.suspend(proof, owner.phone).await,
        "resume" => mfa.resume(proof, owner.tablet).await,
        "revoke" => mfa.revoke(proof, owner.phone).await,
        "keep_only" => mfa.keep_only(proof, &[owner.phone]).await.map(drop),
        "opt_out" => mfa.opt_out(proof).await,
        "forget_browser" => mfa.forget_browser(proof, owner.browser).await,
        "forget_browsers" => mfa.forget_browsers(proof).await,
        "password_changed" => mfa.password_changed(proof, None).await,
        "trust_browser" => {
            let (verified, browser) = (&owner.verified, owner.browser);
            mfa.trust_browser(verified, browser, DAY / 2).await
        }
        "recognize" => mfa.recognize(id, Some(&owner.cookie)).await.map(drop),
        "danger_import_unproven" => {
            let phone = NewDevice::totp(label("phone")).with_secret(owner.secret.duplicate());
            mfa.danger_import_unproven(id, &operator(), vec![phone], None)
                .await
        }
        "danger_revoke_unproven" => {
            mfa.danger_revoke_unproven(id, &operator(), owner.phone)
                .await
        }
        "danger_unlock_unproven" => mfa.danger_unlock_unproven(id, &operator()).await,
        "danger_opt_out_unproven" => mfa.danger_opt_out_unproven(id, &operator()).await,
        "danger_issue_temporary_code_unproven" => {
            let lifetime = Duration::from_secs(600);
            mfa.danger_issue_temporary_code_unproven(id, &operator(), lifetime)
                .await
                .map(drop)
        }
        "danger_withdraw_temporary_code_unproven" => {
            mfa.danger_withdraw_temporary_code_unproven(id, &operator())
                .await
        }
        "danger_move_unproven" => {
            mfa.danger_move_unproven(&operator(), id, &account("alice-2"))
                .await
        }
        "reseal" => mfa.reseal(id).await,
        _ => panic!("{command}"),
    }
}

/// Attack E1.
fn a_dropped_call_is_told_on(store: AnyStore) {
    let (store, owner) = (Arc::new(store), Owner::new());
    for fate in [Fate::Lost, Fate::Sent, Fate::Committed] {
        for command in COMMANDS {
            run(put(&store, &owner.record));
            drop_a_call(&store, &owner, &alice(), command, fate);
        }
        for command in FIRST_COMMANDS {
            // Of its own, as what was sent may arrive later.
            let id = account(&format!("{command}, {fate:?}"));
            drop_a_call(&store, &owner, &id, command, fate);
        }
    }
}

/// Puts alice's record in the place of what is there. A write that was sent before may still come first.
async fn put(store: &AnyStore, record: &[u8]) {
    loop {
        if let Some(stored) = store.load(&alice()).await.unwrap() {
            let _removed = store.remove(&alice(), stored.version()).await.unwrap();
        }
        if let Swap::Committed(_) = store.swap(&alice(), None, record).await.unwrap() {
            return;
        }
    }
}

fn drop_a_call(store: &Arc<AnyStore>, owner: &Owner, id: &AccountId, command: &str, fate: Fate) {
    let (log, has_written) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let unanswered = Unanswered {
        inner: Arc::clone(store),
        fate,
        has_written: Arc::clone(&has_written),
    };
    // A new key, so that there is something to reseal.
    let key = SealingKey::from_bytes(&[8; SealingKey::LEN]);
    let keyring = Keyring::new(key).with_retired(SealingKey::from_bytes(&[7; SealingKey::LEN]));
    let mfa = Mfa::new(unanswered, keyring)
        .with_policy(policy())
        .with_clock(ManualClock::new(NOW))
        .on_event(log.handler());

    let before = run(store.load(id)).unwrap();
    run(async {
        let mut call = pin!(perform(command, &mfa, id, owner));
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(answer) => panic!("{command}: {answer:?} without a write"),
            Poll::Pending if has_written.load(Ordering::Relaxed) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        })
        .await;
        assert_eq!(codes(&log), [""; 0], "{command}, {fate:?}: told too early");
    });
    assert_eq!(codes(&log), ["interrupted"], "{command}, {fate:?}");

    let after = run(store.load(id)).unwrap();
    match fate {
        Fate::Lost => assert_eq!(after, before, "{command}"),
        Fate::Sent => {}
        Fate::Committed => assert_ne!(after, before, "{command}"),
    }
}

fn codes(log: &Log) -> Vec<&'static str> {
    log.events().iter().map(secondfactor::Event::code).collect()
}

#[test]
fn a_dropped_call_is_told() {
    a_dropped_call_is_told_on(AnyStore::new(MemoryStore::new()));
    let folder = tempfile::tempdir().unwrap();
    a_dropped_call_is_told_on(Place::sqlite(&folder.path().join("store.db")).open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_postgres() {
    a_dropped_call_is_told_on(Place::postgres().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_redis() {
    a_dropped_call_is_told_on(Place::redis().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_sqlx_postgres() {
    a_dropped_call_is_told_on(Place::sqlx_postgres().open());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_dropped_call_is_told_on_sqlx_mariadb() {
    a_dropped_call_is_told_on(Place::sqlx_mariadb().open());
}

#[test]
fn every_command_is_dropped_once() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mfa");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let source: String = files
        .filter(|file| !file.ends_with("blocking.rs"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let declared: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .collect();
    let known = COMMANDS.iter().chain(&FIRST_COMMANDS).chain(&OTHERS);
    let known: BTreeSet<&str> = known.filter_map(|name| name.split(' ').next()).collect();
    assert_eq!(declared, known);
}
