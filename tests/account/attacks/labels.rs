//! Devices that hide in the list, or pose as another: owners choose by the label what they keep.

use secondfactor::account::LabelError;
use secondfactor::{Error, Label};

use crate::stage::Stage;
use crate::support::*;

const INVISIBLE: [&str; 11] = [
    "phone \u{200d}",
    "\u{200d} phone",
    "my \u{200c} phone",
    "my\u{200d} phone",
    "phone\u{200d}",
    "\u{fffc}",
    "phone\u{fffc}",
    "pho\u{16fe4}ne",
    "phone\u{1d159}",
    "phone\u{13430}",
    "phone\u{a0}",
];

/// Each with texts that look like it.
const TWINS: [(&str, [&str; 3]); 2] = [
    (
        "my phone",
        ["my\u{a0}phone", "my  phone", "my\u{3000}\u{2009} phone"],
    ),
    (
        "T\u{e9}l\u{e9}phone",
        [
            "Te\u{301}le\u{301}phone",
            "Te\u{301}l\u{e9}phone",
            "T\u{e9}l\u{e9}\u{200d}phone",
        ],
    ),
];

/// Attacks: L1.
#[test]
fn labels_that_look_alike_are_alike() {
    for text in INVISIBLE {
        assert_eq!(Label::new(text), Err(LabelError::Character), "{text:?}");
    }
    for text in ["\u{301}", "my \u{301}phone"] {
        assert_eq!(Label::new(text), Err(LabelError::LoneMark), "{text:?}");
    }
    assert_eq!(label("my\u{a0} \u{2003}phone").as_str(), "my phone");

    let is_taken = |result| matches!(result, Err(Error::LabelTaken));
    for (name, twins) in TWINS {
        for twin in twins {
            let (stage, phone, by_phone) = Stage::with_phone();
            let rename = |device, text| run(stage.mfa.rename(&by_phone, device, label(text)));
            let (tablet, _) = stage.add(&by_phone, "tablet");
            // It is taken when it is confirmed.
            let begun = stage.enroll(&by_phone, label(twin)).unwrap();
            rename(phone.id, name).unwrap();
            assert!(is_taken(stage.confirm(&begun).map(drop)), "{twin:?}");
            let again = stage.enroll(&by_phone, label(twin)).map(drop);
            assert!(is_taken(again), "{twin:?}");
            assert!(is_taken(rename(tablet.id, twin)), "{twin:?}");
            // Its owner may write it in another way.
            rename(phone.id, twin).unwrap();
            assert!(is_taken(rename(tablet.id, name)), "{twin:?}");
        }
    }
}
