//! A login and its parts beside their floors: `cargo bench --bench account`. With `-- --check` it fails if
//! a limit is missed.
//!
//! An account has one or eight devices, ten recovery codes, and no browsers or eight. Each login is the
//! right code of the next step.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing
)]

#[path = "shared/enrolled.rs"]
mod enrolled;
#[path = "account/floor.rs"]
mod floor;
mod shared;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use enrolled::{code, keyring};
use floor::{Aead, hmacs};
use secondfactor::account::{Account, Submission};
use secondfactor::codes::{ManualClock, Secret, UnixTime};
use secondfactor::store::{MemoryStore, Store, Swap};
use secondfactor::{AccountId, Code, Label, Mfa};
use shared::OURS;
use shared::group::Group;
use shared::table::{self, Limit, Row};

const START: UnixTime = UnixTime::from_secs(1_700_000_025);
const PERIOD: Duration = Duration::from_secs(30);
const ROUNDS: usize = 501;
const FLOOR: &str = "floor";
const LIMITS: [Limit; 3] = [
    ("Mfa::verify, 1 device", FLOOR, 1.5),
    ("Mfa::verify, 8 devices", FLOOR, 1.5),
    ("Mfa::verify, 8 devices and browsers", FLOOR, 1.5),
];

fn main() -> ExitCode {
    let has = |flag| std::env::args().any(|argument| argument == flag);
    let mut groups = Vec::new();
    for (devices, browsers, count) in [
        (1, 0, "1 device"),
        (8, 0, "8 devices"),
        (8, 8, "8 devices and browsers"),
    ] {
        let login = Login::new(devices, browsers);
        groups.push(open(&login, Group::new(format!("Account::open, {count}"))));
        groups.push(judge(
            &login,
            Group::new(format!("Account::verify, {count}")),
        ));
        groups.push(seal(&login, Group::new(format!("Attempt::seal, {count}"))));
        groups.push(whole(login, Group::new(format!("Mfa::verify, {count}"))));
    }
    groups
        .iter_mut()
        .for_each(|group| group.measure(if has("--bench") { ROUNDS } else { 1 }));
    let rows: Vec<Row> = groups.iter().flat_map(Group::rows).collect();
    table::print(&rows);
    let met = table::judge(&rows, &LIMITS);
    ExitCode::from(u8::from(has("--check") && !met))
}

/// An account that is ready for its next login.
struct Login {
    mfa: Mfa<Arc<MemoryStore>>,
    clock: Arc<ManualClock>,
    id: AccountId,
    secrets: Vec<Secret>,
    record: Vec<u8>,
    /// Of its last login.
    last: UnixTime,
}

impl Login {
    fn new(devices: u8, browsers: u8) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(START));
        let mfa = Mfa::new(Arc::clone(&store), keyring()).with_clock(Arc::clone(&clock));
        let id = AccountId::new("user-4711").expect("an id");
        let secret = |number| Secret::from_bytes(&[number; 20]).expect("long enough");
        let secrets: Vec<Secret> = (0..devices).map(secret).collect();
        let (record, proof) = enrolled::record(&id, &secrets, START);
        let mut last = START;
        let record = pollster::block_on(async {
            let swap = store.swap(&id, None, &record).await.expect("in memory");
            assert!(matches!(swap, Swap::Committed(_)));
            let _shown = mfa
                .issue_recovery_codes(&proof, None)
                .await
                .expect("proven");
            for _ in 0..browsers {
                clock.advance(PERIOD);
                last = last.saturating_add(PERIOD);
                let label = Label::new("Firefox, Linux").expect("a label");
                let submission = Submission::new(code(&secrets[0], last)).remember_browser(label);
                let _verified = mfa.verify(&id, submission).await.expect("the right code");
            }
            store
                .load(&id)
                .await
                .expect("in memory")
                .expect("a record")
                .body()
                .to_vec()
        });
        Self {
            mfa,
            clock,
            id,
            secrets,
            record,
            last,
        }
    }

    fn open(&self) -> impl Fn() -> Account + use<> {
        let (id, record, keyring) = (self.id.clone(), self.record.clone(), keyring());
        move || Account::open(black_box(&id), black_box(&record), &keyring).expect("sealed here")
    }

    fn aead(&self) -> Aead {
        Aead::new(&self.id, &self.record)
    }

    fn next_code(&self) -> (Code, UnixTime) {
        let now = self.last.saturating_add(PERIOD);
        (code(&self.secrets[0], now), now)
    }
}

fn open(login: &Login, mut group: Group) -> Group {
    let mut aead = login.aead();
    group.add(FLOOR, move || aead.open());
    group.add(OURS, login.open());
    group
}

fn judge(login: &Login, mut group: Group) -> Group {
    let (code, now) = login.next_code();
    group.add(FLOOR, hmacs(login.secrets.len()));
    group.add_prepared(OURS, login.open(), move |account| {
        account.verify(code, now).expect("judged")
    });
    group
}

fn seal(login: &Login, mut group: Group) -> Group {
    let (mut aead, open, keyring) = (login.aead(), login.open(), keyring());
    let (code, now) = login.next_code();
    group.add(FLOOR, move || aead.seal());
    let judge = move || open().verify(code, now).expect("judged");
    group.add_prepared(OURS, judge, move |mut attempt| {
        (attempt.seal(&keyring).expect("random bytes"), attempt)
    });
    group
}

fn whole(login: Login, mut group: Group) -> Group {
    let (mut aead, mut hmacs) = (login.aead(), hmacs(login.secrets.len()));
    group.add(FLOOR, move || {
        aead.open();
        hmacs();
        aead.seal();
    });
    let mut now = login.last;
    group.add_turn(OURS, move |runs| {
        let next = |_| {
            now = now.saturating_add(PERIOD);
            code(&login.secrets[0], now)
        };
        let codes: Vec<Code> = (0..runs).map(next).collect();
        let start = Instant::now();
        for code in codes {
            login.clock.advance(PERIOD);
            let verified = pollster::block_on(login.mfa.verify(&login.id, black_box(code)));
            let _verified = black_box(verified.expect("the right code"));
        }
        start.elapsed()
    });
    group
}
