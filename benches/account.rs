//! A login beside its floor, in one run: `cargo bench --bench account`; with `-- --check` it fails if the target is missed.
//!
//! An account has one or eight devices and ten recovery codes; each login is a right code of the next step. Whatever
//! remembers an account must at the least
//! - compute for each device the HMACs of three steps: 8 bare compressions of the hash, two of them for the key;
//! - open the record, and seal one of the same length: one AEAD each, in place, by the bare crate, with nothing allocated;
//! - get a nonce for the seal: 24 bytes from the operating system's generator, a system call.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod round_robin;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use rand::TryRng;
use rand::rngs::SysRng;
use round_robin::{Group, OURS};
use secondfactor::{
    Account, AccountId, Code, Counter, Hotp, KeyId, Keyring, Label, ManualClock, MemoryStore, Mfa, SealingKey, Secret,
    Store, Totp, UnixTime,
};

const START: u64 = 1_700_000_025;
const KEY: [u8; 32] = [7; 32];
const ROUNDS: usize = 501;
const FLOOR: &str = "floor";

fn main() -> ExitCode {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let check = std::env::args().any(|argument| argument == "--check");
    let mut groups = Vec::new();
    for devices in [1, 8] {
        let login = Login::new(devices);
        let count = if devices == 1 { "1 device" } else { "8 devices" };
        groups.push(open(&login, &format!("Account::open, {count}")));
        groups.push(judge(&login, &format!("Account::verify, {count}")));
        groups.push(seal(&login, &format!("Attempt::seal, {count}")));
        groups.push(whole(login, &format!("Mfa::verify, {count}")));
    }
    groups.iter_mut().for_each(|group| group.measure(if is_bench { ROUNDS } else { 1 }));
    let met =
        round_robin::print(&groups, &[("Mfa::verify, 1 device", FLOOR, 1.5), ("Mfa::verify, 8 devices", FLOOR, 1.5)]);
    ExitCode::from(u8::from(check && !met))
}

/// An account that is ready for its next login.
struct Login {
    mfa: Mfa<Arc<MemoryStore>, Arc<ManualClock>>,
    clock: Arc<ManualClock>,
    account: AccountId,
    secrets: Vec<Secret>,
    record: Vec<u8>,
}

impl Login {
    fn new(devices: usize) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(START)));
        let mfa = Mfa::new(Arc::clone(&store), keyring()).with_clock(Arc::clone(&clock));
        let account = AccountId::new("user-4711").expect("an id");
        let label = |number: usize| Label::new(format!("phone {number}")).expect("a label");

        pollster::block_on(async {
            let first = mfa.enroll(&account, label(0)).await.expect("new");
            let mut secrets = vec![first.secret().duplicate()];
            let code = code(&secrets[0], START);
            let proof = mfa.confirm(&account, first.device(), code).await.expect("the right code");
            for number in 1..devices {
                let next = mfa.enroll_another(&proof, label(number)).await.expect("proven");
                mfa.confirm(&account, next.device(), self::code(next.secret(), START)).await.expect("the right code");
                secrets.push(next.secret().duplicate());
            }
            let _shown = mfa.issue_recovery_codes(&proof).await.expect("proven");
            let record = store.load(&account).await.expect("in memory").expect("a record").body().to_vec();
            Self { mfa, clock, account, secrets, record }
        })
    }

    fn open(&self) -> impl Fn() -> Account + use<> {
        let (account, record, keyring) = (self.account.clone(), self.record.clone(), keyring());
        move || Account::open(black_box(&account), black_box(&record), &keyring).expect("sealed here")
    }
}

fn keyring() -> Keyring {
    Keyring::new(KeyId::new(1), SealingKey::from_bytes(&KEY))
}

fn code(secret: &Secret, secs: u64) -> Code {
    Totp::new(secret).at(UnixTime::from_secs(secs)).expect("after T0")
}

fn open(login: &Login, name: &str) -> Group {
    let mut group = Group::new(name);
    let mut floor = Floor::new(login);
    group.add(FLOOR, move || floor.open());
    group.add(OURS, login.open());
    group
}

fn judge(login: &Login, name: &str) -> Group {
    let mut group = Group::new(name);
    let devices = login.secrets.len();
    group.add(FLOOR, move || hmacs(devices));
    let (code, now) = (code(&login.secrets[0], START + 30), UnixTime::from_secs(START + 30));
    group.add_prepared(OURS, login.open(), move |account| account.verify(code, now).expect("judged"));
    group
}

fn seal(login: &Login, name: &str) -> Group {
    let mut group = Group::new(name);
    let mut floor = Floor::new(login);
    group.add(FLOOR, move || floor.seal());
    let (open, keyring) = (login.open(), keyring());
    let (code, now) = (code(&login.secrets[0], START + 30), UnixTime::from_secs(START + 30));
    let attempt = move || open().verify(code, now).expect("judged");
    group.add_prepared(OURS, attempt, move |mut attempt| (attempt.seal(&keyring).expect("random bytes"), attempt));
    group
}

fn whole(login: Login, name: &str) -> Group {
    let mut group = Group::new(name);
    let mut floor = Floor::new(&login);
    let devices = login.secrets.len();
    group.add(FLOOR, move || {
        floor.open();
        hmacs(devices);
        floor.seal();
    });
    let mut step = START / 30;
    group.add_turn(OURS, move |runs| {
        let hotp = Hotp::new(&login.secrets[0]);
        let codes: Vec<Code> = (step + 1..).map(|step| hotp.at(Counter::new(step))).take(runs as usize).collect();
        step += u64::from(runs);
        let start = Instant::now();
        for code in codes {
            login.clock.advance(Duration::from_secs(30));
            let verified = pollster::block_on(login.mfa.verify(&login.account, black_box(code)));
            let _verified = black_box(verified.expect("the right code"));
        }
        start.elapsed()
    });
    group
}

/// A key and three steps for each device.
fn hmacs(devices: usize) {
    let blocks = [[0x5a; 64]; 8];
    for _ in 0..devices {
        for block in black_box(&blocks).chunks_exact(1) {
            let mut state = [1_u32; 5];
            sha1::block_api::compress(&mut state, block);
            black_box(&state);
        }
    }
}

/// The bare AEAD over as many bytes as the record has.
struct Floor {
    associated: Vec<u8>,
    sealed: Vec<u8>,
    nonce: [u8; 24],
    tag: [u8; 16],
    buffer: Vec<u8>,
}

impl Floor {
    fn new(login: &Login) -> Self {
        // Format, key id, nonce; and the tag.
        let (header, tag) = (29, 16);
        let buffer = vec![0x5a; login.record.len() - header - tag];
        let associated = vec![0; b"secondfactor record".len() + header + login.account.as_str().len()];
        let mut floor = Self { associated, sealed: buffer.clone(), nonce: [0; 24], tag: [0; 16], buffer };
        floor.seal();
        floor
    }

    fn open(&mut self) {
        self.buffer.copy_from_slice(&self.sealed);
        let cipher = XChaCha20Poly1305::new(black_box(&KEY.into()));
        let opened = cipher.decrypt_inout_detached(
            &self.nonce.into(),
            black_box(&self.associated),
            self.buffer.as_mut_slice().into(),
            &self.tag.into(),
        );
        opened.expect("sealed here");
        black_box(&self.buffer);
    }

    fn seal(&mut self) {
        SysRng.try_fill_bytes(&mut self.nonce).expect("the system has random bytes");
        let cipher = XChaCha20Poly1305::new(black_box(&KEY.into()));
        let tag = cipher.encrypt_inout_detached(
            &self.nonce.into(),
            black_box(&self.associated),
            self.buffer.as_mut_slice().into(),
        );
        self.tag = tag.expect("short enough").into();
        std::mem::swap(&mut self.sealed, &mut self.buffer);
    }
}
