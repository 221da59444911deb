//! What a record may hold.

use proptest::prelude::*;

use super::device::{ACTIVE, DeviceRecord, DriftRecord};
use super::recovery::{CodeRecord, RecoveryRecord};
use super::*;
use crate::account::throttle::Throttle;

fn decode(bytes: &[u8]) -> Result<Account, RecordError> {
    super::decode(&AccountId::new("alice").unwrap(), bytes)
}

const DRIFT: DriftRecord = DriftRecord {
    base: -120,
    learned: 4,
    lean: -1,
    provisional_until: Some(9),
    base_before: Some(7),
    learned_before: Some(-4),
};

fn device() -> DeviceRecord<'static> {
    DeviceRecord {
        id: 1,
        label: "phone",
        secret: &[1; 20],
        algorithm: 1,
        digits: 6,
        period: Some(30),
        created: 1_700_000_000,
        state: ACTIVE,
        tries: None,
        last_used: Some(1_700_000_000),
        watermark: Some(56_666_666),
        replaces: None,
        until: None,
        drift: None,
    }
}

fn encode(devices: Vec<DeviceRecord<'_>>, next_device: u32) -> Vec<u8> {
    let record = Record {
        devices,
        next_device,
        throttle: Throttle::NEW.into(),
        resyncs: None,
        recovery: None,
        last_change: None,
    };
    minicbor::to_vec(record).unwrap()
}

#[test]
fn a_record_comes_back() {
    let bytes = encode(
        vec![
            device(),
            DeviceRecord {
                id: 2,
                state: 0,
                tries: Some(3),
                replaces: Some(1),
                ..device()
            },
            DeviceRecord {
                id: 3,
                period: None,
                state: 2,
                ..device()
            },
            DeviceRecord {
                id: 4,
                state: 3,
                until: Some(7),
                drift: Some(DRIFT),
                ..device()
            },
        ],
        5,
    );
    let account = decode(&bytes).unwrap();
    let again = account.devices.iter().map(DeviceRecord::from).collect();
    assert_eq!(encode(again, account.next_device), bytes);
}

#[test]
fn a_field_of_a_later_release_is_no_obstacle_to_the_codec() {
    let mut bytes = encode(Vec::new(), 1);
    assert_eq!(bytes[0], 0xa3, "a map of three");
    bytes[0] = 0xa4;
    bytes.extend([0x18, 200, 0x63, b'n', b'e', b'w']);
    assert!(decode(&bytes).is_ok());
}

#[test]
fn impossible_values_are_refused() {
    let bad = [
        DeviceRecord {
            state: 9,
            ..device()
        },
        DeviceRecord {
            algorithm: 0,
            ..device()
        },
        DeviceRecord {
            algorithm: 4,
            ..device()
        },
        DeviceRecord {
            digits: 5,
            ..device()
        },
        DeviceRecord {
            digits: 9,
            ..device()
        },
        DeviceRecord {
            period: Some(0),
            ..device()
        },
        DeviceRecord {
            period: Some(3601),
            ..device()
        },
        DeviceRecord {
            secret: &[],
            ..device()
        },
        DeviceRecord {
            secret: &[1; 129],
            ..device()
        },
        DeviceRecord {
            label: "",
            ..device()
        },
        DeviceRecord { id: 7, ..device() },
        DeviceRecord {
            state: 3,
            ..device()
        },
        DeviceRecord {
            drift: Some(DriftRecord { base: 121, ..DRIFT }),
            ..device()
        },
        DeviceRecord {
            drift: Some(DriftRecord {
                learned: 5,
                ..DRIFT
            }),
            ..device()
        },
        DeviceRecord {
            drift: Some(DriftRecord { lean: 2, ..DRIFT }),
            ..device()
        },
        DeviceRecord {
            drift: Some(DriftRecord {
                base_before: None,
                ..DRIFT
            }),
            ..device()
        },
        DeviceRecord {
            drift: Some(DriftRecord {
                base_before: Some(i16::MIN),
                ..DRIFT
            }),
            ..device()
        },
    ];
    for (n, device) in bad.into_iter().enumerate() {
        assert_eq!(
            decode(&encode(vec![device], 7)).unwrap_err(),
            RecordError::Value,
            "value {n}"
        );
    }
    assert_eq!(
        decode(&encode(vec![device(), device()], 7)).unwrap_err(),
        RecordError::Value,
        "one id twice"
    );
    assert_eq!(decode(&[]).unwrap_err(), RecordError::Malformed);
    assert_eq!(decode(&[0xa0]).unwrap_err(), RecordError::Malformed);
    assert_eq!(
        RecordError::Malformed.to_string(),
        "the account's record is malformed: restore it from a backup"
    );
    assert_eq!(
        RecordError::Value.to_string(),
        "the account's record has an unknown or impossible value: update this server, or restore the record"
    );
}

#[test]
fn a_recovery_code_is_there_once() {
    let decode = |selectors: [u8; 2]| {
        let codes = selectors
            .map(|selector| CodeRecord {
                selector,
                hash: [3; 32],
            })
            .to_vec();
        RecoveryRecord {
            issued: 0,
            salt: &[1; 16],
            codes,
            throttle: Throttle::NEW.into(),
        }
        .into_set()
    };
    assert!(decode([1, 0]).is_some());
    assert!(decode([1, 1]).is_none());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let _judged = decode(&bytes);
        let mut edited = encode(vec![device()], 2);
        let at = at.index(edited.len());
        edited[at] = byte;
        let _judged = decode(&edited);
    }
}
