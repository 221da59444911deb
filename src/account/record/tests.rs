//! What a record may hold.

mod refused;

use proptest::prelude::*;

use super::answer::AnswerRecord;
use super::browser::{BrowserRecord, TrustRecord, to_browsers};
use super::device::{DeviceRecord, DriftRecord, PendingRecord, ProvisionalRecord, ReplacedRecord};
use super::recovery::{CODE_LEN, RecoveryRecord};
use super::*;
use crate::account::throttle::Throttle;

fn decode(bytes: &[u8]) -> Result<Account, RecordError> {
    super::decode(&AccountId::new("alice").unwrap(), bytes)
}

const DRIFT: DriftRecord = DriftRecord {
    base: -122,
    learned: 4,
    lean: -1,
    provisional: Some(PROVISIONAL),
};

const PROVISIONAL: ProvisionalRecord = ProvisionalRecord {
    left: 9,
    base: 122,
    learned: -4,
};

const PENDING: PendingRecord = PendingRecord {
    left: 600,
    tries: 3,
    rests_on: Some([5; 8]),
    replaces: Some(ReplacedRecord {
        device: 1,
        credential: [6; 8],
        grace: 7,
    }),
    session: Some([7; 16]),
    rebinds: Some(true),
};

const OPTING_IN: PendingRecord = PendingRecord {
    rests_on: None,
    replaces: None,
    session: None,
    rebinds: None,
    ..PENDING
};

const ANSWER: AnswerRecord = AnswerRecord {
    left: 60,
    at: 1_700_000_000,
    credential: [4; 8],
    hash: [8; 16],
    cookie_salt: Some([2; 16]),
    browser: Some(7),
};

const fn browser(id: u32) -> BrowserRecord<'static> {
    BrowserRecord {
        id,
        hash: [7; 16],
        label: "Firefox",
        device: [4; 8],
        last_used: 1_700_000_000,
        failures: None,
        trust: None,
    }
}

const TRUST: TrustRecord = TrustRecord {
    lasts: 30 * 86_400,
    age: 7,
    grant: [3; 8],
};

const MOVE: RelocationRecord<'static> = RelocationRecord {
    other: "user-1",
    mark: [1; 8],
};

const fn device() -> DeviceRecord<'static> {
    DeviceRecord {
        id: 1,
        credential: [4; 8],
        label: "phone",
        secret: &[1; 20],
        algorithm: None,
        digits: None,
        period: None,
        created: 1_700_000_000,
        vouched_by: None,
        vouched_by_device: None,
        state: None,
        pending: None,
        left: None,
        last_used: Some(1_700_000_000),
        watermark: Some(56_666_666),
        replay_told: Some(56_666_665),
        drift: None,
        answer: None,
        successor: None,
        serial: None,
    }
}

fn encode(devices: Vec<DeviceRecord<'_>>, next_device: u32) -> Vec<u8> {
    let record = Record {
        devices,
        next_device,
        throttle: Throttle::NEW.into(),
        resyncs: 0,
        recovery: None,
        last_change: None,
        epoch: 0,
        was_confirmed: false,
        moving: None,
        moved: None,
        browsers: None::<Vec<Browser>>,
        next_browser: None,
        known: None,
        temporary: None,
    };
    minicbor::to_vec(record).unwrap()
}

#[test]
fn a_record_comes_back() {
    let longest = "9".repeat(128);
    let pending = |id, pending| DeviceRecord {
        id,
        state: Some(0),
        pending: Some(pending),
        ..device()
    };
    let suspended = DeviceRecord {
        id: 4,
        algorithm: Some(3),
        digits: Some(8),
        period: Some(0),
        state: Some(2),
        vouched_by: Some(1),
        vouched_by_device: Some(1),
        answer: Some(ANSWER),
        serial: Some(&longest),
        ..device()
    };
    let retiring = DeviceRecord {
        id: 5,
        state: Some(3),
        left: Some(7),
        drift: Some(DRIFT),
        successor: Some([4; 8]),
        ..device()
    };
    let devices = vec![
        device(),
        pending(2, PENDING),
        pending(3, OPTING_IN),
        suspended,
        retiring,
    ];
    let bytes = encode(devices, 6);
    let account = decode(&bytes).unwrap();
    let again = account.devices.iter().map(DeviceRecord::from).collect();
    assert_eq!(encode(again, account.next_device), bytes);
}

#[test]
fn a_whole_record_comes_back() {
    let codes = code(31);
    let record = Record {
        devices: vec![device()],
        next_device: 9,
        throttle: Throttle::NEW.into(),
        resyncs: 4,
        recovery: Some(RecoveryRecord {
            redemptions: vec![[8; 8].into(), [9; 8].into()],
            ..recovery(codes)
        }),
        last_change: Some(1_700_000_001),
        epoch: 3,
        was_confirmed: true,
        moving: Some(MOVE),
        moved: Some(MOVE),
        browsers: Some(vec![
            BrowserRecord {
                failures: Some(10),
                ..browser(3)
            },
            BrowserRecord {
                trust: Some(TRUST),
                ..browser(2)
            },
        ]),
        next_browser: Some(4),
        known: Some(ThrottleRecord::from(Throttle {
            failures: 2,
            ..Throttle::NEW
        })),
        temporary: Some(TemporaryRecord {
            left: 24 * 3600,
            set: recovery(code(31)),
        }),
    };
    let bytes = minicbor::to_vec(record).unwrap();
    let account = decode(&bytes).unwrap();
    assert_eq!(minicbor::to_vec(Record::from(&account)).unwrap(), bytes);
}

#[test]
fn a_field_of_a_later_release_is_no_obstacle_to_the_codec() {
    let mut bytes = encode(Vec::new(), 1);
    assert_eq!(bytes[0], 0xa6, "a map of six");
    bytes[0] = 0xa7;
    bytes.extend([0x18, 200, 0x63, b'n', b'e', b'w']);
    assert!(decode(&bytes).is_ok());
}

#[track_caller]
#[test]
fn an_id_is_there_once_and_in_order() {
    let second = || DeviceRecord { id: 2, ..device() };
    assert!(decode(&encode(vec![device(), second()], 3)).is_ok());
    for devices in [vec![device(), device()], vec![second(), device()]] {
        assert_eq!(decode(&encode(devices, 3)).unwrap_err(), RecordError::Value);
    }
}

#[test]
fn errors_say_what_to_do() {
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

fn recovery(codes: Vec<u8>) -> RecoveryRecord<'static> {
    RecoveryRecord {
        credential: [2; 8],
        issued: 1_700_000_000,
        vouched_by: Some(1),
        vouched_by_device: Some(1),
        salt: &[1; 16],
        codes: codes.into(),
        redemptions: Vec::new(),
        throttle: Throttle::NEW.into(),
        answer: Some(ANSWER),
    }
}

fn code(selector: u8) -> Vec<u8> {
    let mut code = vec![3; CODE_LEN];
    code[0] = selector;
    code
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let _judged = decode(&bytes);
        let pending = DeviceRecord { id: 2, state: Some(0), pending: Some(PENDING), ..device() };
        let mut edited = encode(vec![device(), pending], 3);
        let at = at.index(edited.len());
        edited[at] = byte;
        let _judged = decode(&edited);
    }
}
