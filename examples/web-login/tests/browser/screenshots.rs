//! No test, but pictures of every page for people to look at: `scripts/browser --screenshots FOLDER`.

use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use serde_json::json;

use crate::harness::browser::Look;
use crate::harness::run;
use crate::tour::tour;

#[test]
#[ignore = "makes pictures: scripts/browser --screenshots FOLDER"]
fn screenshots_of_every_page() {
    let folder =
        PathBuf::from(std::env::var_os("SECONDFACTOR_SCREENSHOTS").expect("no folder for them"));
    run(async |world| {
        tour(world, Look::default(), async |browser, page| {
            for (width, dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
                browser
                    .look(Look {
                        width,
                        dark,
                        ..Look::default()
                    })
                    .await;
                let whole = json!({ "format": "png", "captureBeyondViewport": true });
                let picture = browser.dev_tools("Page.captureScreenshot", whole).await;
                let picture = Base64::decode_vec(picture["data"].as_str().unwrap()).unwrap();
                let name = format!("{page}-{width}-{}.png", if dark { "dark" } else { "light" });
                std::fs::write(folder.join(name), picture).unwrap();
            }
        })
        .await;
    });
}
