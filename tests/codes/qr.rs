//! QR codes, read by a decoder that is not ours.

use secondfactor::codes::Secret;
use secondfactor::provisioning::KeyUri;

fn uris() -> Vec<KeyUri> {
    let uri = |length: usize, issuer: &str, account: &str| {
        KeyUri::totp(
            Secret::from_weak_bytes(&vec![0x5a; length]).unwrap(),
            issuer,
            account,
        )
        .unwrap()
    };
    vec![
        uri(20, "Example", "alice@example.com"),
        uri(10, "日本", "🔑 & <svg>"),
        uri(64, "Example", &"alice".repeat(20)),
        uri(128, &"ü".repeat(64), &"ü".repeat(64)),
        // The longest there is: 254 bytes that are all percent-encoded, thrice, and the longest secret.
        uri(128, &"ü".repeat(127), &"ü".repeat(127)),
    ]
}

/// What a decoder reads in the modules, drawn 3 pixels wide on a ground of this grey.
fn scan(modules: &[Vec<bool>], ground: u8) -> String {
    decode(modules, ground).1
}

fn decode(modules: &[Vec<bool>], ground: u8) -> (rqrr::MetaData, String) {
    const MODULE: usize = 3;
    const GROUND: usize = 10;
    let size = modules.len() + 2 * GROUND;
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(size * MODULE, size * MODULE, |x, y| {
            let row = (y / MODULE)
                .checked_sub(GROUND)
                .and_then(|y| modules.get(y));
            let module =
                row.and_then(|row| (x / MODULE).checked_sub(GROUND).and_then(|x| row.get(x)));
            module.map_or(ground, |dark| if *dark { 0 } else { 255 })
        });
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap()
}

/// Draws the path of an SVG as it is written here: rectangles one module high.
fn modules_of_svg(svg: &str) -> Vec<Vec<bool>> {
    let between = |begin: &str, end: &str| {
        svg.split_once(begin)
            .unwrap()
            .1
            .split_once(end)
            .unwrap()
            .0
            .to_owned()
    };
    let size: usize = between("viewBox=\"0 0 ", " ").parse().unwrap();
    let mut modules = vec![vec![false; size]; size];
    for rectangle in between(" d=\"M", "z\"").split("zM") {
        let (x, rest) = rectangle.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (run, rest) = rest.split_once("v1h-").unwrap();
        assert_eq!(run, rest);
        let (x, y, run): (usize, usize, usize) =
            (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
        modules[y][x..x + run].iter_mut().for_each(|dark| {
            assert!(!*dark, "drawn twice");
            *dark = true;
        });
    }
    modules
}

fn modules_of_terminal(text: &str) -> Vec<Vec<bool>> {
    let mut modules = Vec::new();
    for line in text.lines() {
        // Black on white whatever the terminal's colours are, and only for this line.
        let cells = line
            .strip_prefix("\u{1b}[30;107m")
            .unwrap()
            .strip_suffix("\u{1b}[0m")
            .unwrap();
        let half = |dark: [char; 2]| {
            cells
                .chars()
                .map(|cell| dark.contains(&cell))
                .collect::<Vec<_>>()
        };
        assert!(cells.chars().all(|cell| " ▀▄█".contains(cell)));
        modules.extend([half(['▀', '█']), half(['▄', '█'])]);
    }
    modules
}

#[test]
fn an_svg_scans() {
    for uri in uris() {
        let svg = uri.expose_svg().unwrap();
        let modules = modules_of_svg(&svg);
        for ground in [0, 255] {
            assert_eq!(scan(&modules, ground), *uri.expose_uri());
        }
        // ISO/IEC 18004: a quiet zone of four modules, then the corner of a finder pattern.
        let size = modules.len();
        let is_margin = |at: usize| !(4..size - 4).contains(&at);
        assert!(
            (0..size).all(|y| (0..size).all(|x| !(is_margin(x) || is_margin(y)) || !modules[y][x]))
        );
        assert!(modules[4][4] && modules[4][size - 5] && modules[size - 5][4]);
    }
}

#[test]
fn an_svg_says_what_it_is_and_no_secret() {
    let uri = &uris()[1];
    let svg = uri.expose_svg().unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "));
    assert!(
        svg.contains(" role=\"img\"")
            && svg.contains("<title>QR code for your authenticator app</title>")
    );
    assert!(svg.ends_with("</svg>") && svg.is_ascii());
    for text in [
        &*uri.secret().expose_base32(),
        "otpauth",
        "secret",
        "日本",
        "🔑",
    ] {
        assert!(!svg.contains(text), "{text}");
    }
    assert_eq!(format!("{svg:?}"), "SecretText(..)");
}

#[test]
fn a_terminal_scans() {
    for uri in uris() {
        let modules = modules_of_terminal(&uri.expose_terminal().unwrap());
        for ground in [0, 255] {
            assert_eq!(scan(&modules, ground), *uri.expose_uri());
        }
    }
}

/// With a line for the question below it.
#[test]
fn a_terminal_of_24_lines_shows_the_code_of_usual_names() {
    let text = uris()[0].expose_terminal().unwrap();
    assert!(text.lines().count() < 24);
    let widths = modules_of_terminal(&text).into_iter().map(|row| row.len());
    assert!(widths.max() <= Some(80));
}

/// A wider code is harder to scan: what people enroll with stays small, and the longest stays readable. Level M is 0 and L
/// is 1 in the format information (ISO/IEC 18004, 7.9).
#[test]
fn a_code_is_as_small_as_it_can_be() {
    let codes = uris().into_iter().map(|uri| {
        let (data, _) = decode(&modules_of_svg(&uri.expose_svg().unwrap()), 255);
        (data.version.0, data.ecc_level)
    });
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [(8, 0), (8, 0), (12, 0), (31, 0), (37, 1)]
    );
}

#[cfg(feature = "migration")]
#[test]
fn an_export_scans() {
    let mut export = secondfactor::provisioning::MigrationExport::new(1);
    (0..3)
        .flat_map(|_| uris())
        .for_each(|uri| export.add(&uri).unwrap());
    let uris = export.expose_uris();
    let (svgs, texts) = (
        export.expose_svgs().unwrap(),
        export.expose_terminals().unwrap(),
    );
    assert!(uris.len() > 1 && svgs.len() == uris.len() && texts.len() == uris.len());
    for ((uri, svg), text) in uris.iter().zip(&svgs).zip(&texts) {
        assert_eq!(scan(&modules_of_svg(svg), 255), **uri);
        assert_eq!(scan(&modules_of_terminal(text), 0), **uri);
    }
}
