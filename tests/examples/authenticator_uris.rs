//! The `authenticator` example where it reads URIs: `inspect`, `totp --uri`, `qr`, `import` and `export`.

use crate::SECRET;
use crate::program::{Run, example};

const MICROSOFT: &str =
    "otpauth://totp/Some+Company%3ame%40somecompany.net?secret=abcdefghijklmnop&issuer=Microsoft";

/// Whether it succeeded, what it printed, what it complained about.
fn run(arguments: &[&str], stdin: &str) -> (bool, String, String) {
    let run = Run::of(example("authenticator").args(arguments), stdin);
    (run.status == Some(0), run.stdout, run.stderr)
}

fn prints(arguments: &[&str], stdin: &str) -> String {
    let (success, printed, complaint) = run(arguments, stdin);
    assert!(success, "{arguments:?}: {complaint}");
    printed
}

fn refuses(arguments: &[&str], stdin: &str) -> String {
    let (success, printed, complaint) = run(arguments, stdin);
    assert!(!success && printed.is_empty(), "{arguments:?}: {printed}");
    complaint
}

fn uri(more: &str) -> String {
    format!("otpauth://totp/Example:alice?secret={SECRET}{more}")
}

#[test]
fn inspect_tells_all_but_the_secret() {
    let expected = "type: totp\nissuer: Example\naccount: alice\nalgorithm: SHA256\ndigits: 8\nperiod: 60\n\
                    strength: 160 bits\n";
    let text = uri("&algorithm=SHA256&digits=8&period=60");
    assert_eq!(prints(&["inspect", &text], ""), expected);
    assert_eq!(prints(&["inspect", "-"], &format!("{text}\n\n")), expected);
    let shown = prints(&["inspect", "--show-secret", &text], "");
    assert_eq!(
        shown,
        format!(
            "{expected}secret: {SECRET}\nuri: {}\n",
            uri("&issuer=Example&algorithm=SHA256&digits=8&period=60")
        )
    );

    let expected = "type: totp\nissuer: Microsoft\naccount: me@somecompany.net\nalgorithm: SHA1\ndigits: 6\nperiod: 30\n\
                    strength: 80 bits, weak\n\
                    repair: the secret has fewer than 128 bits\n\
                    repair: the label names another issuer, the parameter's was taken (the label's: Some+Company)\n";
    assert_eq!(prints(&["inspect", MICROSOFT, "--lenient"], ""), expected);
    assert_eq!(
        refuses(&["inspect", MICROSOFT], ""),
        "authenticator: the secret can't be used: the secret has fewer than 128 bits\n",
    );

    // A file may begin with a mark, alone on its line or not.
    for text in [
        format!("\u{feff}\n{MICROSOFT}\n"),
        format!("\u{feff}{MICROSOFT}\r\n"),
    ] {
        let printed = prints(&["inspect", "-", "--lenient"], &text);
        assert!(
            printed.contains("\naccount: me@somecompany.net\n"),
            "{printed}"
        );
    }
    // Whatever is repaired is told.
    for (text, told) in [
        (
            uri("").replace(
                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                "GEZDGNBVGY3TQOJQGEZDGNBVGZ",
            ),
            "bits behind the end of the secret dropped",
        ),
        (
            uri("&issuer=Example").replace("alice", ""),
            "an empty account name read as absent",
        ),
        (
            uri("&issuer=My+Site").replace("Example", "My%20Site"),
            "a plus in the issuer read as a blank",
        ),
        (
            uri("").replace("Example", "Steam"),
            "the service may show other codes than these",
        ),
        (
            uri("&algorithm=Algorithm.sha1"),
            "another spelling of the algorithm understood",
        ),
    ] {
        let printed = prints(&["inspect", &text, "--lenient"], "");
        assert!(
            printed.ends_with(&format!("\nrepair: {told}\n")),
            "{printed}"
        );
    }

    let hotp = format!("otpauth://hotp/alice?secret={SECRET}&counter=7");
    let expected =
        "type: hotp\naccount: alice\nalgorithm: SHA1\ndigits: 6\ncounter: 7\nstrength: 160 bits\n";
    assert_eq!(prints(&["inspect", &hotp], ""), expected);
}

#[test]
fn codes_come_from_uris() {
    assert_eq!(
        prints(&["totp", "--uri", &uri("&digits=8"), "--at", "59"], ""),
        "94287082\n"
    );
    assert_eq!(
        prints(
            &["totp", "--uri", "-", "--at", "1111111109"],
            &uri("&digits=8")
        ),
        "07081804\n"
    );
    let hotp = format!("otpauth://hotp/alice?secret={SECRET}&counter=7");
    assert_eq!(prints(&["hotp", "--uri", &hotp], ""), "162583\n");
    // By hand, the same.
    assert_eq!(
        prints(&["hotp", "--secret", "-", "--counter", "7"], SECRET),
        "162583\n"
    );

    let (success, _, complaint) = run(&["totp", "--uri", MICROSOFT, "--lenient", "--at", "59"], "");
    assert!(
        success && complaint.contains("warning: the secret has fewer than 128 bits"),
        "{complaint}"
    );
    assert!(refuses(&["totp", "--uri", &hotp], "").contains("--uri is for hotp"));
    assert!(refuses(&["hotp", "--uri", &uri("")], "").contains("--uri is for totp"));
}

#[test]
fn a_qr_code_is_drawn() {
    let text = prints(&["qr", &uri("")], "");
    assert!(
        text.lines().count() > 20 && text.lines().all(|line| line.starts_with("\u{1b}[30;107m"))
    );
    let svg = prints(&["qr", "--svg", "--lenient", "-"], MICROSOFT);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[test]
fn an_export_is_imported() {
    let uris: Vec<_> = (0..25)
        .map(|n| uri(&format!("&digits={}", 6 + n % 2 * 2)).replace("alice", &format!("a{n}")))
        .collect();
    let export = prints(&["export", "--batch-id", "5", "-"], &uris.join("\n"));
    let mut parts: Vec<_> = export.lines().collect();
    assert_eq!(parts.len(), 3);
    let shown = prints(
        &["import", parts[2], parts[0], parts[1], "--show-secret"],
        "",
    );
    assert_eq!(shown.split("\n\n").count(), 25);
    let again = shown.lines().filter_map(|line| line.strip_prefix("uri: "));
    for (uri, again) in uris.iter().zip(again) {
        let name = uri.split('?').next().unwrap();
        assert!(again.starts_with(name), "{again}");
    }
    assert!(!prints(&["import", "-"], &export).contains(SECRET));

    let all = parts.clone();
    parts.remove(1);
    assert_eq!(
        refuses(&["import", parts[0], parts[1]], ""),
        "authenticator: parts of the export are missing: 2\n"
    );
    let other = prints(&["export", "--batch-id", "6", "-"], &uris.join("\n"));
    let other: Vec<&str> = other.lines().collect();
    assert_eq!(
        refuses(
            &["import", parts[0], parts[1], other[0], other[1], other[2]],
            ""
        ),
        "authenticator: export 1: parts of the export are missing: 2\n"
    );
    // Several exports are read one after the other.
    let both = [&all[..], &other[..]].concat();
    let printed = prints(&["import", "-"], &both.join("\n"));
    assert_eq!(printed.matches("type: ").count(), 2 * uris.len());
    // A key of MD5 beside one that can be used.
    let mixed = "otpauth-migration://offline?data=CiMKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgVhbGljZSAEKAEwAgohChQxMjM0NTY3ODkwMTIzNDU2Nzg5MBIDYm9iIAEoATAC";
    let printed = prints(&["import", mixed], "");
    assert!(
        printed.starts_with("type: totp\naccount: bob\n"),
        "{printed}"
    );
    assert!(printed.ends_with("\n\nnot read: key 1 of part 1: not a known algorithm\n"));
    let printed = prints(&["import", mixed, all[0], all[1], all[2]], "");
    assert!(
        printed.contains("\n\nnot read: export 1: key 1 of part 1: not"),
        "{printed}"
    );
    assert!(
        refuses(&["export", &uri("&digits=7")], "").contains("can't hold this number of digits")
    );
}

#[test]
fn mistakes_are_told_without_the_secret() {
    let (good, weak) = (uri(""), "otpauth://totp/a?secret=GEZDGNBV");
    let mistakes: [&[&str]; 23] = [
        &["inspect"],
        &["inspect", &good, &good],
        &["inspect", SECRET],
        &["inspect", weak],
        &["inspect", &good, "--svg"],
        &["inspect", &good, "--digits", "6"],
        &["inspect", &good, "--lenient", "--lenient"],
        &["inspect", &good, "--lenient=GEZDGNBV"],
        &["qr", &good, "--show-secret"],
        &["qr", &good, "--batch-id", "1"],
        &["totp", &good],
        &["totp", "--uri", &good, "--secret", SECRET],
        &["totp", "--uri", &good, "--digits", "6"],
        &["totp", "--uri", &good, "--uri", &good],
        &["totp", "--secret", SECRET, "--lenient"],
        &["import"],
        &["import", &good],
        &["import", &good, "--file", "x"],
        &["import", "--file", "no such file"],
        &["inspect", &good, "--file", "x"],
        &["export"],
        &["export", &good, "--batch-id", "2147483648"],
        &[SECRET, "inspect"],
    ];
    for arguments in mistakes {
        let complaint = refuses(arguments, "");
        assert!(
            complaint.starts_with("authenticator: ") && complaint.lines().count() == 1,
            "{complaint}"
        );
        assert!(!complaint.contains("GEZDGNBV"), "{complaint}");
    }
    assert!(refuses(&["inspect", "-"], "\n").contains("a URI is missing"));
}
