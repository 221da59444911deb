//! The example `authenticator`, run as a program: RFC values, every bad input, and `oathtool` beside it.

use std::process::Stdio;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use secondfactor::codes::Secret;

use crate::SECRET;
use crate::program::{Run, example, oathtool};

fn run(arguments: &str) -> Run {
    run_with(arguments, "")
}

fn run_with(arguments: &str, input: impl AsRef<[u8]>) -> Run {
    Run::of(
        example("authenticator").args(arguments.split_whitespace()),
        input,
    )
}

fn code_alone(code: &str) -> Run {
    Run {
        status: Some(0),
        stdout: format!("{code}\n"),
        stderr: String::new(),
    }
}

fn refusal(sentence: &str) -> Run {
    Run {
        status: Some(2),
        stdout: String::new(),
        stderr: format!("authenticator: {sentence}\n"),
    }
}

#[test]
fn rfc_6238_values() {
    let digits = "1234567890".repeat(7);
    let rows = [
        (59, ["94287082", "46119246", "90693936"]),
        (1_111_111_109, ["07081804", "68084774", "25091201"]),
        (1_111_111_111, ["14050471", "67062674", "99943326"]),
        (1_234_567_890, ["89005924", "91819424", "93441116"]),
        (2_000_000_000, ["69279037", "90698825", "38618901"]),
        (20_000_000_000_u64, ["65353130", "77737706", "47863826"]),
    ];
    for (time, codes) in rows {
        for ((algorithm, length), code) in [("sha1", 20), ("sha256", 32), ("sha512", 64)]
            .into_iter()
            .zip(codes)
        {
            let secret = Secret::from_bytes(&digits.as_bytes()[..length])
                .unwrap()
                .expose_base32();
            let arguments = format!(
                "totp --secret {} --algorithm {algorithm} --digits 8 --at {time}",
                &*secret
            );
            assert_eq!(run(&arguments), code_alone(code), "{algorithm} at {time}");
        }
    }
}

#[test]
fn rfc_4226_values() {
    let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (counter, code) in codes.into_iter().enumerate() {
        assert_eq!(
            run(&format!("hotp --secret {SECRET} --counter {counter}")),
            code_alone(code)
        );
    }
}

#[test]
fn options() {
    let rows = [
        ("totp --secret KEY --at 59", "287082"),
        ("--at=59 --secret=KEY totp", "287082"),
        ("totp --secret KEY --at 59 --digits 7", "4287082"),
        ("totp --secret KEY --at 59 --algorithm SHA1", "287082"),
        ("totp --secret KEY --at 119 --period 60", "287082"),
        ("totp --secret KEY --at 1059 --t0 1000", "287082"),
        ("totp --secret KEY --at 18446744073709551615", "277486"),
        ("hotp --secret KEY --counter 1 --digits 8", "94287082"),
        ("hotp --secret KEY --counter 0 --algorithm sha256", "875740"),
    ];
    for (arguments, code) in rows {
        assert_eq!(run(&arguments.replace("KEY", SECRET)), code_alone(code));
    }
    let help = run("--help");
    assert!(help.status == Some(0) && help.stdout.starts_with("usage: ") && help.stderr.is_empty());
}

#[test]
fn the_secret_as_people_paste_it() {
    let pasted = [
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
    ];
    for secret in pasted {
        let run = Run::of(
            example("authenticator").args(["totp", "--at", "59", "--secret", secret]),
            "",
        );
        assert_eq!(run, code_alone("287082"));
    }
}

#[test]
fn the_secret_from_standard_input() {
    for input in [
        format!("{SECRET}\n"),
        format!("{SECRET}\r\nand more"),
        SECRET.to_owned(),
    ] {
        assert_eq!(
            run_with("totp --secret - --at 59", input),
            code_alone("287082")
        );
    }
    assert_eq!(
        run_with("totp --secret -", ""),
        refusal("--secret: the secret is empty")
    );
    assert_eq!(
        run_with("totp --secret -", "\n"),
        refusal("--secret: the secret is empty")
    );
    assert_eq!(
        run_with("totp --secret -", b"GEZD\xff\n"),
        refusal("standard input can't be read")
    );
}

#[test]
fn a_short_secret_gives_a_code_and_a_warning() {
    for arguments in [
        "totp --secret GEZDGNBV --at 59",
        "hotp --secret GEZDGNBV --counter 1",
    ] {
        let run = run(arguments);
        assert_eq!(run.status, Some(0));
        assert_eq!(run.stdout, "662488\n");
        assert_eq!(
            run.stderr,
            "authenticator: warning: the secret has fewer than 128 bits\n"
        );
    }
}

#[test]
fn bad_input_gets_one_line_without_the_secret() {
    let rows = [
        (
            "",
            "the command is totp, hotp, inspect, qr, import, export or tokens (try --help)",
        ),
        (
            "KEY",
            "the command is totp, hotp, inspect, qr, import, export or tokens (try --help)",
        ),
        ("totp KEY", "there is an argument too much (try --help)"),
        (
            "--secret KEY",
            "the command is totp, hotp, inspect, qr, import, export or tokens (try --help)",
        ),
        (
            "totp hotp --secret KEY",
            "there is an argument too much (try --help)",
        ),
        ("totp", "--secret is missing"),
        ("totp --secret", "--secret needs a value"),
        ("totp --secret KEY --secret KEY", "--secret is given twice"),
        ("totp --secret=", "--secret: the secret is empty"),
        (
            "totp --secret ====",
            "--secret: wrong Base32 padding at byte 0",
        ),
        (
            "totp --secret KEY!",
            "--secret: not a Base32 character at byte 32",
        ),
        (
            "totp --secret 0KEY",
            "--secret: not a Base32 character at byte 0",
        ),
        (
            "totp --secret KEYA",
            "--secret: the Base32 text is too short or too long by a symbol, at byte 32",
        ),
        ("totp --secret KEY --KEY", "unknown option (try --help)"),
        ("totp --secret KEY --KEY=KEY", "unknown option (try --help)"),
        ("totp -KEY", "unknown option (try --help)"),
        ("totp --help=KEY", "an option has a value it doesn't take"),
        (
            "totp --secret KEY --algorithm KEY",
            "--algorithm is sha1, sha256 or sha512",
        ),
        (
            "totp --secret KEY --algorithm md5",
            "--algorithm is sha1, sha256 or sha512",
        ),
        ("totp --secret KEY --digits 5", "--digits is 6, 7 or 8"),
        ("totp --secret KEY --digits 9", "--digits is 6, 7 or 8"),
        ("totp --secret KEY --digits +6", "--digits is 6, 7 or 8"),
        ("totp --secret KEY --digits 262", "--digits is 6, 7 or 8"),
        (
            "totp --secret KEY --period 0",
            "--period: period in seconds must be 5 to 3600",
        ),
        (
            "totp --secret KEY --period 65566",
            "--period: period in seconds must be 5 to 3600",
        ),
        (
            "totp --secret KEY --period KEY",
            "--period is not a number below 2^64",
        ),
        (
            "totp --secret KEY --at -1",
            "--at is not a number below 2^64",
        ),
        (
            "totp --secret KEY --at +1",
            "--at is not a number below 2^64",
        ),
        (
            "totp --secret KEY --at ١",
            "--at is not a number below 2^64",
        ),
        (
            "totp --secret KEY --at 18446744073709551616",
            "--at is not a number below 2^64",
        ),
        (
            "totp --secret KEY --t0 1.5",
            "--t0 is not a number below 2^64",
        ),
        (
            "totp --secret KEY --t0 60 --at 59",
            "time is before T0: no code",
        ),
        ("totp --secret KEY --counter 1", "--counter belongs to hotp"),
        (
            "totp --secret GEZDGNBV --counter 1",
            "--counter belongs to hotp",
        ),
        (
            "totp --secret GEZDGNBV --t0 60 --at 59",
            "time is before T0: no code",
        ),
        ("hotp --secret KEY", "hotp needs --counter"),
        ("hotp --secret GEZDGNBV", "hotp needs --counter"),
        ("hotp --secret KEY --counter", "--counter needs a value"),
        (
            "hotp --secret KEY --counter 18446744073709551616",
            "--counter is not a number below 2^64",
        ),
        (
            "hotp --secret KEY --counter 1 --at 59",
            "--period, --t0 and --at belong to totp",
        ),
        (
            "hotp --secret KEY --counter 1 --t0 0",
            "--period, --t0 and --at belong to totp",
        ),
        (
            "hotp --secret KEY --counter 1 --period 30",
            "--period, --t0 and --at belong to totp",
        ),
    ];
    for (arguments, sentence) in rows {
        let run = run(&arguments.replace("KEY", SECRET));
        assert_eq!(run, refusal(sentence), "{arguments}");
        assert!(!run.stderr.contains("GEZD"), "{arguments}");
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = std::ffi::OsStr::from_bytes(b"GEZD\xff");
    let option = std::ffi::OsStr::from_bytes(b"--GEZD\xff");
    let rows: [(&[_], _); 3] = [
        (
            &["totp".as_ref(), "--secret".as_ref(), bytes],
            "--secret is not UTF-8",
        ),
        (
            &[bytes],
            "the command is totp, hotp, inspect, qr, import, export or tokens (try --help)",
        ),
        (&["totp".as_ref(), option], "unknown option (try --help)"),
    ];
    for (arguments, sentence) in rows {
        assert_eq!(
            Run::of(example("authenticator").args(arguments), ""),
            refusal(sentence)
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_no_panic() {
    let full = Stdio::from(std::fs::File::create("/dev/full").unwrap());
    let run = Run::of(
        example("authenticator")
            .args(["hotp", "--counter", "0", "--secret", SECRET])
            .stdout(full),
        "",
    );
    assert_eq!(run.status, Some(2));
    assert_eq!(run.stderr.lines().count(), 1);
}

#[test]
#[ignore = "needs oathtool: cargo test --all-features -- --ignored"]
fn totp_equals_oathtool() {
    let parameters = (
        prop::collection::vec(any::<u8>(), 1..=128),
        prop::sample::select(vec!["sha1", "sha256", "sha512"]),
        6..=8_u8,
        5..=3600_u16,
        0..=2_000_000_000_u64,
        0..=20_000_000_000_u64,
    );
    differ_nowhere(parameters, |(key, algorithm, digits, period, t0, after)| {
        let (secret, at) = (base32(&key), t0 + after);
        let ours = format!(
            "totp --secret {secret} --algorithm {algorithm} --digits {digits} --period {period} --t0 {t0} --at {at}"
        );
        let theirs =
            format!("--totp={algorithm} -d {digits} -s {period}s -S @{t0} -N @{at} -b {secret}");
        (ours, theirs)
    });
}

#[test]
#[ignore = "needs oathtool: cargo test --all-features -- --ignored"]
fn hotp_equals_oathtool() {
    // Up to 2^63: beyond, oathtool counts on signed numbers.
    let parameters = (
        prop::collection::vec(any::<u8>(), 1..=128),
        6..=8_u8,
        0..=i64::MAX as u64,
    );
    differ_nowhere(parameters, |(key, digits, counter)| {
        let secret = base32(&key);
        let ours = format!("hotp --secret {secret} --digits {digits} --counter {counter}");
        let theirs = format!("--hotp -d {digits} -c {counter} -b {secret}");
        (ours, theirs)
    });
}

fn differ_nowhere<S: Strategy>(parameters: S, arguments: impl Fn(S::Value) -> (String, String)) {
    let config = Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&parameters, |parameters| {
        let (ours, theirs) = arguments(parameters);
        let code = oathtool(&theirs.split_whitespace().collect::<Vec<_>>());
        let run = run(&ours);
        prop_assert_eq!(run.status, Some(0));
        prop_assert_eq!(
            run.stdout.trim_end(),
            code,
            "{} and oathtool {}",
            ours,
            theirs
        );
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

fn base32(key: &[u8]) -> String {
    Secret::from_weak_bytes(key)
        .unwrap()
        .expose_base32()
        .to_string()
}
