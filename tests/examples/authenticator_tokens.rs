//! The `authenticator` example where it lists the tokens in a vendor's file.

use std::path::PathBuf;

use crate::SECRET;
use crate::program::{Run, example};

const HEX: &str = "3132333435363738393031323334353637383930";

/// A folder with a file.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn list(text: &str, arguments: &[&str], input: &str) -> Run {
    let (_folder, path) = file(text);
    Run::of(
        example("authenticator")
            .arg("tokens")
            .arg(path)
            .args(arguments),
        input,
    )
}

fn prints(text: &str, arguments: &[&str]) -> String {
    let run = list(text, arguments, "");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

fn refusal(sentence: &str) -> Run {
    Run {
        status: Some(2),
        stdout: String::new(),
        stderr: format!("authenticator: {sentence}\n"),
    }
}

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../vectors/python-pskc-1.4.json")).unwrap()
}

fn vector(vectors: &serde_json::Value, what: &str) -> (String, String) {
    let files = vectors["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["what"] == what).unwrap();
    let opens = file["key"]
        .as_str()
        .or(file["password"].as_str())
        .unwrap_or_default();
    (file["file"].as_str().unwrap().to_owned(), opens.to_owned())
}

const TABLE: &str = "\
serial  type  hash    digits  period/counter  drift  bits  manufacturer  owner  until
100001  totp  SHA1    6       30              0      160   Acme & Söhne  -      -
100002  totp  SHA256  8       60              -4     256   Acme & Söhne  -      -
100003  totp  SHA512  7       30              12     512   Acme & Söhne  -      -
100004  hotp  SHA1    6       0               0      160   Acme & Söhne  -      -
100005  hotp  SHA1    8       123456789       0      160   Acme & Söhne  -      -
";

#[test]
fn the_tokens_of_a_pskc_file_are_listed() {
    let vectors = vectors();
    assert_eq!(prints(&vector(&vectors, "plain").0, &[]), TABLE);
    let (shared, key) = vector(&vectors, "aes256-cbc, hmac-sha256");
    assert_eq!(prints(&shared, &["--key", &key]), TABLE);
    assert_eq!(
        list(&shared, &["--key", "-"], &format!("{key}\n")).stdout,
        TABLE
    );
    let (protected, password) = vector(&vectors, "aes128-cbc, PBKDF2");
    let (_folder, path) = file(&format!("{password}\n"));
    assert_eq!(
        prints(&protected, &["--password-file", path.to_str().unwrap()]),
        TABLE
    );

    let shown = prints(&shared, &["--key", &key, "--show-secret"]);
    let secrets: Vec<_> = shown
        .lines()
        .filter_map(|line| line.rsplit("  ").next())
        .collect();
    let expected = vectors["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["secret"].as_str().unwrap());
    assert_eq!(
        secrets,
        ["secret"].into_iter().chain(expected).collect::<Vec<_>>()
    );
}

#[test]
fn the_tokens_of_a_table_are_listed_with_the_bad_lines() {
    let table = format!(
        "upn,serial number,secret key,time interval,manufacturer,model\n\
         alice@example.com,10001001,{SECRET},60,Acme,C100\n,10001002,{SECRET},4,Acme,C100\n"
    );
    let expected = "\
serial    type  hash  digits  period/counter  drift  bits  manufacturer  owner              until
10001001  totp  SHA1  6       60              0      160   Acme          alice@example.com  -
entry 3   can't be used: the period can't be read, or is out of range
";
    assert_eq!(prints(&table, &[]), expected);
}

#[test]
fn dates_are_shown_as_days() {
    let plain = vector(&vectors(), "plain").0;
    for (date, day) in [
        ("2037-12-31T23:59:59Z", "2037-12-31"),
        ("2024-02-29T00:00:00Z", "2024-02-29"),
        ("1970-01-01T00:00:00Z", "1970-01-01"),
        ("2100-03-01T00:30:00+01:00", "2100-02-28"),
    ] {
        let device = "</pskc:Manufacturer>";
        let dated = plain.replace(
            device,
            &format!("{device}<pskc:ExpiryDate>{date}</pskc:ExpiryDate>"),
        );
        let shown = prints(&dated, &[]);
        assert!(
            shown.lines().skip(1).all(|line| line.ends_with(day)),
            "{shown}"
        );
    }
}

#[test]
fn mistakes_are_told_in_one_line_without_the_secret() {
    let vectors = vectors();
    let (plain, _) = vector(&vectors, "plain");
    let (shared, key) = vector(&vectors, "aes256-cbc, hmac-sha256");
    let (protected, _) = vector(&vectors, "aes128-cbc, PBKDF2");
    let wrong = "00".repeat(32);
    let not_opened = "no token can be used: the key or password is wrong, or the file was altered";
    for (text, arguments, sentence) in [
        (
            shared.as_str(),
            &[][..],
            "no token can be used: the value is encrypted: give the key",
        ),
        (
            &protected,
            &[],
            "no token can be used: the value is encrypted: give the password",
        ),
        (&shared, &["--key", &wrong], not_opened),
        (
            &shared,
            &["--key", &key[1..]],
            "--key is 32, 48 or 64 hexadecimal digits",
        ),
        (
            &shared,
            &["--key", "x"],
            "--key is 32, 48 or 64 hexadecimal digits",
        ),
        (
            &shared,
            &["--key", &key, "--password-file", "x"],
            "a file has a key or a password, not both",
        ),
        (
            &protected,
            &["--password-file", "/none"],
            "the file with the password can't be read",
        ),
        (&plain, &["another"], "the file is given twice"),
        (&plain, &["--svg"], "--svg belongs to qr"),
        ("<html/>", &[], "not a PSKC file of RFC 6030"),
        ("<html", &[], "the file is not well-formed XML"),
        ("", &[], "there is no token in the file"),
        (
            "1,0",
            &[],
            "no token can be used: the secret can't be used: not a Base32 character at byte 0",
        ),
        (HEX, &[], "no token can be used: the secret is missing"),
        (
            "serial,secret,seed",
            &[],
            "the header has no column for serial numbers, or two columns that mean the same",
        ),
        (
            &format!("1,{HEX}"),
            &["--key", &key],
            "a table is not encrypted",
        ),
    ] {
        assert_eq!(
            list(text, arguments, ""),
            refusal(sentence),
            "{arguments:?}"
        );
    }
    let run = |arguments: &[&str]| Run::of(example("authenticator").args(arguments), "");
    assert_eq!(run(&["tokens"]), refusal("a file is missing"));
    assert_eq!(run(&["tokens", "/none"]), refusal("the file can't be read"));
    assert_eq!(
        run(&["totp", "--key", &key]),
        refusal("--key and --password-file belong to tokens")
    );
}

fn import(text: &str, arguments: &[&str]) -> Run {
    let (_folder, path) = file(text);
    let mut command = example("authenticator");
    Run::of(
        command
            .arg("import")
            .arg("--file")
            .arg(path)
            .args(arguments),
        "",
    )
}

#[test]
fn the_files_of_pam_modules_are_imported() {
    let users = format!(
        "# users\n\nHOTP/T30/8 alice - {HEX}\nHOTP\tbob\t1234\t{HEX}\t4\t338314\t2026-02-27T14:47:34L\n\
         HOTP/T30 carol - {SECRET}\n"
    );
    let expected = "\
serial   type  hash  digits  period/counter  drift  bits  manufacturer  owner  until
-        totp  SHA1  8       30              0      160   -             alice  -
-        hotp  SHA1  6       5               0      160   -             bob    -
entry 5  can't be used: the secret can't be read, or is out of range
";
    let run = import(&users, &[]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));

    let options =
        "\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 17\n\" TIME_SKEW -2\n\" TOTP_AUTH\n87654321\n";
    let run = import(&format!("{SECRET}\n{options}"), &["--show-secret"]);
    let shown = run.stdout.lines().nth(1).unwrap();
    assert_eq!(
        shown.split_whitespace().collect::<Vec<_>>(),
        [
            "-", "totp", "SHA1", "6", "30", "-2", "160", "-", "-", "-", SECRET
        ]
    );
    assert!(
        !import(&format!("{SECRET}\n{options}"), &[])
            .stdout
            .contains(SECRET)
    );

    let run = import(&format!("HOTP/T30 alice - {SECRET}"), &[]);
    let sentence = "no token can be used: the secret can't be read, or is out of range";
    assert_eq!(run, refusal(sentence));
    assert_eq!(import("\n", &[]), refusal("there is no token in the file"));
}
