//! Shows that no branch and no address depends on a secret or a submitted code, by valgrind's memcheck: it is told that
//! their bytes are undefined, and reports each jump and each load that depends on them (the method of "ctgrind").
//!
//! What may be known is declassified by the library, in `src/codes/constant_time.rs` alone, and the verdicts are counted, so that
//! nothing passes as one. With the argument `twins`, variants that leak run instead, and each must be reported, or the
//! run proves nothing. It runs the hashes in software; what the processor's own instructions do with time is theirs.
//!
//! Only for x86-64, and only under valgrind: run `scripts/constant-time`.

mod accounts;
mod codes;
mod twins;
mod valgrind;

use std::process::ExitCode;

fn main() -> ExitCode {
    if !valgrind::is_there() {
        println!("run it under valgrind: scripts/constant-time");
        return ExitCode::FAILURE;
    }
    secondfactor::constant_time_hook::set(valgrind::declassify);
    let mut cases = Cases {
        have_failed: false,
        count: 0,
    };
    if std::env::args().nth(1).as_deref() == Some("twins") {
        twins::run(&mut cases);
    } else {
        codes::run(&mut cases);
        accounts::run(&mut cases);
    }
    println!("{} cases", cases.count);
    ExitCode::from(u8::from(cases.have_failed))
}

struct Cases {
    have_failed: bool,
    count: usize,
}

impl Cases {
    /// Nothing is reported, and so many verdicts are declassified.
    fn quiet(&mut self, name: &str, verdicts: usize, run: impl FnOnce()) {
        let (reports, declassified) = observe(run);
        self.judge(
            reports == 0 && declassified == verdicts,
            name,
            reports,
            declassified,
        );
    }

    /// A leak, which is reported.
    fn leaky(&mut self, name: &str, run: impl FnOnce()) {
        let (reports, declassified) = observe(run);
        self.judge(reports > 0, name, reports, declassified);
    }

    fn judge(&mut self, is_right: bool, name: &str, reports: usize, verdicts: usize) {
        self.count += 1;
        self.have_failed |= !is_right;
        println!(
            "{} {name}: {reports} reports, {verdicts} verdicts",
            if is_right { "ok  " } else { "FAIL" }
        );
    }
}

fn observe(run: impl FnOnce()) -> (usize, usize) {
    valgrind::take_verdicts();
    let before = valgrind::reports();
    run();
    (valgrind::reports() - before, valgrind::take_verdicts())
}
