//! What `serde` writes and reads.

use secondfactor::account::DeviceId;
use secondfactor::codes::{Algorithm, Digits, Period, UnixTime};
use secondfactor::store::MemoryStore;
use secondfactor::{AccountId, Code, Label, RecoveryCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use crate::support::*;

fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &T,
    written: &Value,
) {
    assert_eq!(to_value(value).unwrap(), *written);
    assert_eq!(from_value::<T>(written.clone()).unwrap(), *value);
}

fn refused<T: DeserializeOwned>(written: Value) -> String {
    from_value::<T>(written).err().expect("refused").to_string()
}

#[test]
fn settings_and_names_are_written_and_read() {
    both_ways(&UnixTime::from_secs(u64::MAX), &json!(u64::MAX));
    both_ways(&Period::from_secs(60).unwrap(), &json!(60));
    both_ways(&Digits::Eight, &json!(8));
    for (algorithm, name) in [
        (Algorithm::Sha1, "SHA1"),
        (Algorithm::Sha256, "SHA256"),
        (Algorithm::Sha512, "SHA512"),
    ] {
        both_ways(&algorithm, &json!(name));
    }
    both_ways(&"7".parse::<DeviceId>().unwrap(), &json!(7));
    let id = keyring().active_id();
    assert_eq!(to_value(id).unwrap(), json!(id.to_string()));
    both_ways(&AccountId::new("alice").unwrap(), &json!("alice"));
    both_ways(&Label::new("my phone").unwrap(), &json!("my phone"));
}

#[test]
fn what_is_no_value_is_refused() {
    assert_eq!(refused::<Digits>(json!(5)), "out of range for Digits");
    assert_eq!(refused::<Period>(json!(4)), "out of range for Period");
    assert_eq!(
        refused::<AccountId>(json!("")),
        AccountId::new("").unwrap_err().to_string()
    );
    assert_eq!(
        refused::<Label>(json!("\n")),
        Label::new("\n").unwrap_err().to_string()
    );
    refused::<Algorithm>(json!("MD5"));
    refused::<DeviceId>(json!(-1));
}

#[test]
fn what_people_type_is_read_and_no_error_shows_it() {
    assert_eq!(
        from_value::<Code>(json!("123 456")).unwrap(),
        "123456".parse().unwrap()
    );
    let typed: RecoveryCode = "00000-00000-00000-00000-00000".parse().unwrap();
    let text = typed.expose_text();
    assert_eq!(
        *from_value::<RecoveryCode>(json!(text.as_str()))
            .unwrap()
            .expose_text(),
        *text
    );
    for secret in [
        json!(123_456),
        json!(-123_456),
        json!(123_456.5),
        json!("123456x"),
        json!(true),
        json!(["123456"]),
    ] {
        for error in [
            refused::<Code>(secret.clone()),
            refused::<RecoveryCode>(secret.clone()),
        ] {
            assert!(!error.contains("123456"), "{error}");
        }
    }
}

#[test]
fn a_status_is_written() {
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    let status = to_value(run(mfa.status(&alice())).unwrap()).unwrap();
    assert_eq!(status["lock"], "open");
    assert_eq!(status["recovery_codes_left"], 0);
    assert_eq!(status["recovery_codes_by"], Value::Null);
    assert_eq!(status["sealed_by"], keyring().active_id().to_string());
    let device = &status["devices"][0];
    let expected = json!({
        "id": 1, "label": "phone", "state": "active",
        "parameters": { "algorithm": "SHA1", "digits": 6, "moving_factor": { "time": 30 } },
        "serial": null, "created": NOW.as_secs(), "vouched_by": { "by": "nobody", "at": NOW.as_secs() }, "last_used": null, "drift": 0, "is_weak": false,
    });
    assert_eq!(*device, expected);
}

#[test]
fn an_event_is_written_under_its_name() {
    let told = crate::events::everything_that_is_told();
    for event in &told {
        assert_eq!(to_value(event).unwrap()["event"], event.code());
    }
    let revoked = told.iter().find(|event| event.code() == "revoked").unwrap();
    let expected =
        json!({ "event": "revoked", "device": revoked.device(), "label": "pad", "serial": null });
    assert_eq!(to_value(revoked).unwrap(), expected);
}
