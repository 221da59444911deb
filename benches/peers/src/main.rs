//! One-time codes by several crates, and the floors beneath them, in one run.
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml             # the table
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --check  # .. and fails if a target is missed
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --quick  # only whether all agree
//! ```
//!
//! First all must agree: the same code, and the same answer to right and to wrong ones. Then they take turns.
//!
//! What is verified is a wrong code: then each computes the whole window, also those that end early on a right one.

mod far;
mod floors;
mod peers;
#[path = "../../round_robin/mod.rs"]
mod round_robin;

use std::hint::black_box;
use std::process::ExitCode;

use peers::{Latchkey, Libreauth, NOW, Ours, Peer, Slauth, TotpLite, TotpRfc, TotpRs};
use round_robin::Group;
use secondfactor::{Algorithm, Secret, Totp, UnixTime};

const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const ROUNDS: usize = 501;

/// What is measured, beside what, and the greatest ratio of the two that is allowed.
const TARGETS: [(&str, &str, f64); 7] = [
    (GENERATE, "totp-rs", 0.55),
    (VERIFY, "6 compressions", 1.55),
    (VERIFY, "totp-rs", 0.36),
    (ONCE, "totp-rs", 0.5),
    (ONCE_SHA256, "totp-rs", 0.5),
    (far::LOOK_AHEAD, far::LOOK_AHEAD_FLOOR, 1.15),
    (far::RESYNC, far::RESYNC_FLOOR, 1.15),
];
const GENERATE: &str = "generate";
const VERIFY: &str = "verify, one step each way";
const ONCE: &str = "from Base32 and verify";
const ONCE_SHA256: &str = "the same, SHA-256";
const ONCE_SHA512: &str = "the same, SHA-512";

fn main() -> ExitCode {
    let (mut check, mut quick) = (false, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            "--quick" => quick = true,
            _ => {
                eprintln!("usage: secondfactor-peers [--check | --quick]");
                return ExitCode::FAILURE;
            }
        }
    }

    let wrong = wrong_code();
    agree(wrong);
    let mut groups = [
        generate(),
        verify(wrong),
        once(wrong),
        once_sha256(wrong),
        once_sha512(wrong),
        far::look_ahead(BASE32, wrong),
        far::resync(wrong),
    ];
    println!("All agree.");
    groups.iter_mut().for_each(|group| group.measure(if quick { 1 } else { ROUNDS }));
    if quick {
        return ExitCode::SUCCESS;
    }
    let met = round_robin::print(&groups, &TARGETS);
    ExitCode::from(u8::from(check && !met))
}

/// A code that no step has which any of them may look at, even minutes from now.
fn wrong_code() -> &'static str {
    let secret = Secret::from_base32(BASE32).expect("Base32");
    let totp = Totp::new(&secret);
    let near = |code: &String| (0..400).any(|step| at(&totp, (step * 30 + NOW) - 200 * 30) == *code);
    let counters = |code: &String| (0..300).any(|counter| at(&totp, counter * 30) == *code);
    let wrong = (0..1_000_000).map(|n| format!("{n:06}")).find(|code| !near(code) && !counters(code));
    String::leak(wrong.expect("one of a million"))
}

fn at(totp: &Totp<'_>, secs: u64) -> String {
    totp.at(UnixTime::from_secs(secs)).expect("after T0").to_string()
}

/// Nothing is timed unless all give the same answers.
fn agree(wrong: &str) {
    let secret = Secret::from_base32(BASE32).expect("Base32");
    let totp = Totp::new(&secret);
    let codes = [NOW - 60, NOW - 30, NOW, NOW + 30, NOW + 60].map(|time| at(&totp, time));
    answers::<Ours>(&codes, wrong);
    answers::<TotpRs>(&codes, wrong);
    answers::<TotpRfc>(&codes, wrong);
    answers::<TotpLite>(&codes, wrong);
    answers::<Latchkey>(&codes, wrong);
    answers::<Slauth>(&codes, wrong);
    answers::<Libreauth>(&codes, wrong);
}

fn answers<P: Peer>([early, past, present, future, late]: &[String; 5], wrong: &str) {
    assert_eq!(P::new(BASE32).generate().to_string(), *present, "{}", P::NAME);
    for right in [past, present, future] {
        assert!(P::new(BASE32).accepts(right) && P::accepts_once(BASE32, right), "{} refuses a right code", P::NAME);
    }
    for wrong in [early, late, wrong] {
        assert!(!P::new(BASE32).accepts(wrong) && !P::accepts_once(BASE32, wrong), "{} accepts a wrong one", P::NAME);
    }
}

fn generate() -> Group {
    fn add<P: Peer>(group: &mut Group) {
        let peer = P::new(BASE32);
        group.add(P::NAME, move || black_box(&peer).generate());
    }
    let mut group = Group::new(GENERATE);
    group.add("2 compressions", floors::sha1(2));
    group.add("hmac, cloned", floors::cloned_hmac(&peers::decode(BASE32), NOW / 30, 1));
    add::<Ours>(&mut group);
    add::<TotpRs>(&mut group);
    add::<TotpRfc>(&mut group);
    add::<TotpLite>(&mut group);
    add::<Latchkey>(&mut group);
    add::<Slauth>(&mut group);
    add::<Libreauth>(&mut group);
    group
}

fn verify(wrong: &'static str) -> Group {
    fn add<P: Peer>(group: &mut Group, wrong: &'static str) {
        let mut peer = P::new(BASE32);
        group.add(P::NAME, move || black_box(&mut peer).accepts(black_box(wrong)));
    }
    let mut group = Group::new(VERIFY);
    group.add("6 compressions", floors::sha1(6));
    group.add("hmac, cloned", floors::cloned_hmac(&peers::decode(BASE32), NOW / 30 - 1, 3));
    add::<Ours>(&mut group, wrong);
    add::<TotpRs>(&mut group, wrong);
    add::<TotpRfc>(&mut group, wrong);
    add::<TotpLite>(&mut group, wrong);
    add::<Latchkey>(&mut group, wrong);
    add::<Slauth>(&mut group, wrong);
    add::<Libreauth>(&mut group, wrong);
    group
}

fn once(wrong: &'static str) -> Group {
    fn add<P: Peer>(group: &mut Group, wrong: &'static str) {
        group.add(P::NAME, || P::accepts_once(black_box(BASE32), black_box(wrong)));
    }
    let mut group = Group::new(ONCE);
    group.add("8 compressions", floors::sha1(8));
    add::<Ours>(&mut group, wrong);
    add::<TotpRs>(&mut group, wrong);
    add::<TotpRfc>(&mut group, wrong);
    add::<TotpLite>(&mut group, wrong);
    add::<Latchkey>(&mut group, wrong);
    add::<Slauth>(&mut group, wrong);
    add::<Libreauth>(&mut group, wrong);
    group
}

fn once_sha256(wrong: &'static str) -> Group {
    let mut group = Group::new(ONCE_SHA256);
    group.add("8 compressions", floors::sha256(8));
    add_once(&mut group, wrong, Algorithm::Sha256, totp_rs::Algorithm::SHA256);
    group
}

fn once_sha512(wrong: &'static str) -> Group {
    let mut group = Group::new(ONCE_SHA512);
    group.add("8 compressions", floors::sha512(8));
    add_once(&mut group, wrong, Algorithm::Sha512, totp_rs::Algorithm::SHA512);
    group
}

fn add_once(group: &mut Group, wrong: &'static str, algorithm: Algorithm, theirs: totp_rs::Algorithm) {
    let ours = move |typed: &str| {
        let secret = Secret::from_base32(black_box(BASE32)).expect("Base32");
        peers::accepts(&Totp::new_for(&secret, algorithm), typed)
    };
    let totp_rs = move |typed: &str| TotpRs::with(black_box(BASE32), theirs).accepts(typed);
    let right = TotpRs::with(BASE32, theirs).generate().to_string();
    assert!(ours(&right) && totp_rs(&right), "{}: a right code is refused", algorithm.name());
    group.add(Ours::NAME, move || ours(black_box(wrong)));
    group.add(TotpRs::NAME, move || totp_rs(black_box(wrong)));
}
