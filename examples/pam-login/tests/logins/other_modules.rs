//! How often other modules let one code in, and how long they judge wrong ones: `scripts/pam --peers FOLDER`, for the table of the README.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::machine::Service;
use crate::phone::Phone;
use crate::race;

const ROUNDS: u32 = 20;
const AT_ONCE: usize = 16;
const WRONG_CODES: usize = 200;
/// Of RFC 4226: "12345678901234567890", in the writing of each.
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const HEX: &str = "3132333435363738393031323334353637383930";

/// A module, how it is set up for alice in its file, and what it asks.
struct Other {
    title: &'static str,
    line: fn(module: &Path, file: &Path) -> String,
    file: String,
    question: &'static str,
}

#[test]
#[ignore = "measures other modules: scripts/pam --peers FOLDER"]
fn other_modules_are_measured() {
    let google = |title, options: &str| Other {
        title,
        line: |module, file| {
            let module = module.join("pam_google_authenticator.so");
            format!("{} secret={} user=root", module.display(), file.display())
        },
        file: format!("{BASE32}\n{options}\" WINDOW_SIZE 3\n\" TOTP_AUTH\n"),
        question: "Verification code: ",
    };
    let oath = Other {
        title: "pam_oath",
        line: |module, file| {
            let module = module.join("pam_oath.so");
            format!("{} usersfile={} window=2", module.display(), file.display())
        },
        file: format!("HOTP/T30/6 alice - {HEX}\n"),
        question: "One-time password (OATH) for `alice': ",
    };
    for other in [
        google("google, plain", ""),
        google("google, DISALLOW_REUSE", "\" DISALLOW_REUSE\n"),
        google(
            "google, DISALLOW_REUSE and RATE_LIMIT 3 30",
            "\" RATE_LIMIT 3 30\n\" DISALLOW_REUSE\n",
        ),
        oath,
    ] {
        measure(&other);
    }
}

fn measure(other: &Other) {
    let service = Service::without_file("peer");
    let file = service.folder.path().join("secrets");
    let line = (other.line)(&modules(), &file);
    service.write(&[format!("auth required {line}")]);
    // With nothing remembered of before.
    let forget = || {
        fs::write(&file, &other.file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let phone = Phone::new(BASE32);
    let ask = || service.ask_until(other.question, "alice");
    let is_in = |code: &str| ask().is_some_and(|asked| asked.answer(code).is_in);

    let (mut counts, mut again) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        forget();
        let code = phone.code();
        let answers = race((0..AT_ONCE).filter_map(|_| ask()), &code);
        counts.push(answers.iter().filter(|answer| answer.is_in).count());
        again += u32::from(is_in(&code));
    }
    counts.sort_unstable();
    forget();
    let wrong = phone.wrong_codes().take(WRONG_CODES);
    assert_eq!(wrong.filter(|code| is_in(code)).count(), 0);
    println!(
        "{}: of {AT_ONCE} at once in {counts:?}; a later one in {again} of {ROUNDS}; a right code after {WRONG_CODES} wrong \
         ones: {}",
        other.title,
        is_in(&phone.code())
    );
}

fn modules() -> PathBuf {
    let folder = std::env::var_os("SECONDFACTOR_PEERS").unwrap();
    Path::new(&folder).join("lib/x86_64-linux-gnu/security")
}
