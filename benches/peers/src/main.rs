//! One-time codes by several crates, and the floors beneath them, in one run.
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml             # the table
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --check  # fails if a limit is missed
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --quick  # only whether all agree
//! ```
//!
//! Nothing is timed unless all give the same answers.

#[path = "../../shared/enrolled.rs"]
mod enrolled;
mod far;
mod peers;
#[path = "../../shared/mod.rs"]
mod shared;

use std::hint::black_box;
use std::process::ExitCode;

use peers::{Latchkey, Libreauth, Peer, Slauth, TotpLite, TotpRfc, TotpRs};
use secondfactor::codes::Algorithm;
use shared::OURS;
use shared::group::Group;
use shared::hot_path::{self, BASE32, NOW, WRONG};
use shared::table::{self, Limit, Row};

const ROUNDS: usize = 501;

const LIMITS: [Limit; 6] = [
    ("generate, SHA1", "totp-rs", 0.55),
    ("verify, SHA1", "6 compressions", 1.25),
    ("verify, SHA1", "totp-rs", 0.55),
    ("from Base32 and verify, SHA1", "8 compressions", 1.5),
    (far::LOOK_AHEAD, "202 compressions", 1.15),
    (far::RESYNC, "490 compressions", 1.15),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (check, quick) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (false, false),
        ["--check"] => (true, false),
        ["--quick"] => (false, true),
        _ => {
            eprintln!("usage: secondfactor-peers [--check | --quick]");
            return ExitCode::FAILURE;
        }
    };

    let mut groups = Vec::from(beside_all());
    groups.push(beside_totp_rs(
        Algorithm::Sha256,
        totp_rs::Algorithm::SHA256,
    ));
    groups.push(beside_totp_rs(
        Algorithm::Sha512,
        totp_rs::Algorithm::SHA512,
    ));
    groups.extend([far::look_ahead(), far::resync()]);
    println!("All agree.");
    groups
        .iter_mut()
        .for_each(|group| group.measure(if quick { 1 } else { ROUNDS }));
    if quick {
        return ExitCode::SUCCESS;
    }
    let rows: Vec<Row> = groups.iter().flat_map(Group::rows).collect();
    table::print(&rows);
    let met = table::judge(&rows, &LIMITS);
    ExitCode::from(u8::from(check && !met))
}

fn beside_all() -> [Group; 3] {
    let sha1 = Algorithm::Sha1;
    let mut groups = [
        hot_path::generate(sha1),
        hot_path::verify(sha1),
        hot_path::once(sha1),
    ];
    agree(OURS, |typed| hot_path::accepts_once(sha1, BASE32, typed));
    add::<TotpRs>(&mut groups);
    add::<TotpRfc>(&mut groups);
    add::<TotpLite>(&mut groups);
    add::<Latchkey>(&mut groups);
    add::<Slauth>(&mut groups);
    add::<Libreauth>(&mut groups);
    groups
}

fn add<P: Peer>([generate, verify, once]: &mut [Group; 3]) {
    assert_eq!(
        P::new(BASE32).generate().to_string(),
        code(NOW),
        "{}",
        P::NAME
    );
    agree(P::NAME, |typed| P::new(BASE32).accepts(typed));

    let peer = P::new(BASE32);
    generate.add(P::NAME, move || black_box(&peer).generate());
    let mut peer = P::new(BASE32);
    verify.add(P::NAME, move || {
        black_box(&mut peer).accepts(black_box(WRONG))
    });
    once.add(P::NAME, || {
        P::new(black_box(BASE32)).accepts(black_box(WRONG))
    });
}

fn agree(name: &str, accepts: impl Fn(&str) -> bool) {
    for right in [NOW - 30, NOW, NOW + 30] {
        assert!(accepts(&code(right)), "{name} refuses a right code");
    }
    for wrong in [&code(NOW - 60), &code(NOW + 60), WRONG] {
        assert!(!accepts(wrong), "{name} accepts a wrong code");
    }
}

fn code(secs: u64) -> String {
    hot_path::code(Algorithm::Sha1, secs).to_string()
}

fn beside_totp_rs(algorithm: Algorithm, theirs: totp_rs::Algorithm) -> Group {
    let mut group = hot_path::once(algorithm);
    let accepts = move |typed: &str| TotpRs::with(black_box(BASE32), theirs).accepts(typed);
    let right = hot_path::code(algorithm, NOW).to_string();
    assert!(
        hot_path::accepts_once(algorithm, BASE32, &right),
        "{OURS} refuses a right code"
    );
    assert!(accepts(&right), "totp-rs refuses a right code");
    group.add(TotpRs::NAME, move || accepts(black_box(WRONG)));
    group
}
