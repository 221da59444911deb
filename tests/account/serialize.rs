//! What `serde` writes and reads.

use secondfactor::{
    AccountId, Algorithm, Code, DeviceId, Digits, Event, KeyId, Label, MemoryStore, Period, RecoveryCode, UnixTime,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use crate::support::*;

fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, written: &Value) {
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
    for (algorithm, name) in [(Algorithm::Sha1, "SHA1"), (Algorithm::Sha256, "SHA256"), (Algorithm::Sha512, "SHA512")] {
        both_ways(&algorithm, &json!(name));
    }
    both_ways(&"7".parse::<DeviceId>().unwrap(), &json!(7));
    both_ways(&KeyId::new(3), &json!(3));
    both_ways(&AccountId::new("alice").unwrap(), &json!("alice"));
    both_ways(&Label::new("my phone").unwrap(), &json!("my phone"));
}

#[test]
fn what_is_no_value_is_refused() {
    assert_eq!(refused::<Digits>(json!(5)), "out of range for Digits");
    assert_eq!(refused::<Period>(json!(4)), "out of range for Period");
    assert_eq!(refused::<AccountId>(json!("")), AccountId::new("").unwrap_err().to_string());
    assert_eq!(refused::<Label>(json!("\n")), Label::new("\n").unwrap_err().to_string());
    refused::<Algorithm>(json!("MD5"));
    refused::<DeviceId>(json!(-1));
}

#[test]
fn what_people_type_is_read_and_no_error_shows_it() {
    assert_eq!(from_value::<Code>(json!("123 456")).unwrap(), "123456".parse().unwrap());
    let typed: RecoveryCode = "00000-00000-00000-00000-00000".parse().unwrap();
    let text = typed.expose_text();
    assert_eq!(*from_value::<RecoveryCode>(json!(text.as_str())).unwrap().expose_text(), *text);
    for secret in [json!(123_456), json!(-123_456), json!(123_456.5), json!("123456x"), json!(true), json!(["123456"])]
    {
        for error in [refused::<Code>(secret.clone()), refused::<RecoveryCode>(secret.clone())] {
            assert!(!error.contains("123456"), "{error}");
        }
    }
}

#[test]
fn a_status_is_written() {
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    let status = to_value(run(mfa.status(&alice())).unwrap()).unwrap();
    assert_eq!(status["lock"], "open");
    assert_eq!(status["recovery_codes"], 0);
    let device = &status["devices"][0];
    let expected = json!({
        "id": device["id"], "label": "phone", "kind": "totp", "state": "active", "algorithm": "SHA1", "digits": 6,
        "created": NOW.as_secs(), "last_used": device["last_used"], "period": 30, "drift": 0, "is_weak": false,
    });
    assert_eq!(*device, expected);
}

#[test]
fn an_event_is_written_under_its_name() {
    let device: DeviceId = "1".parse().unwrap();
    let (time, key, gone) = (NOW, KeyId::new(1), || label("phone"));
    let revoked = to_value(Event::Revoked { device, label: gone() }).unwrap();
    assert_eq!(revoked, json!({ "event": "revoked", "device": 1, "label": "phone" }));
    for event in [
        Event::EnrollmentBegun { device },
        Event::ConfirmationFailed { device, diagnosis: None },
        Event::DeviceConfirmed { device },
        Event::Rotated { old: device, new: device, ends: time },
        Event::Retired { device, label: gone() },
        Event::Rebound { device },
        Event::Verified { device, failures_before: 0, after_lock: false },
        Event::Mismatch { failures: 1 },
        Event::ReplayRefused,
        Event::Throttled { retry_at: time },
        Event::Locked { failures: 5, until: time },
        Event::Disabled,
        Event::RefusedDisabled,
        Event::DriftSuspected { device, steps: 9 },
        Event::DriftMoved { device, steps: 1 },
        Event::Resynchronized { device },
        Event::ResyncFailed { device },
        Event::Renamed { device },
        Event::Suspended { device },
        Event::Resumed { device },
        Event::RevokedUnproven { device, label: gone() },
        Event::OptedOut,
        Event::OptedOutUnproven,
        Event::UnlockedUnproven,
        Event::RecoveryCodesIssued { count: 10 },
        Event::RecoveryCodesReplenished { count: 1 },
        Event::Recovered { left: 9 },
        Event::RecoveryMismatch { failures: 1 },
        Event::RecoveryDisabled,
        Event::Resealed { from: key, to: key },
        Event::ClockRegressed { last: time },
    ] {
        assert_eq!(to_value(&event).unwrap()["event"], event.code());
    }
}
