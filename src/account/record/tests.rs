//! What a record may hold.

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
        browsers: None,
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
fn assert_refused(bad: impl IntoIterator<Item = DeviceRecord<'static>>) {
    for (n, device) in bad.into_iter().enumerate() {
        assert_eq!(
            decode(&encode(vec![device], 7)).unwrap_err(),
            RecordError::Value,
            "value {n}"
        );
    }
}

#[test]
fn impossible_settings_are_refused() {
    let with = |change: fn(&mut DeviceRecord<'static>)| {
        let mut device = device();
        change(&mut device);
        device
    };
    assert_refused([
        with(|device| device.algorithm = Some(1)),
        with(|device| device.algorithm = Some(4)),
        with(|device| device.digits = Some(5)),
        with(|device| device.digits = Some(6)),
        with(|device| device.digits = Some(9)),
        with(|device| device.period = Some(4)),
        with(|device| device.period = Some(3601)),
        with(|device| device.secret = &[]),
        with(|device| device.secret = &[1; 129]),
        with(|device| device.label = ""),
        with(|device| device.serial = Some("")),
        with(|device| device.serial = Some("9".repeat(129).leak())),
        with(|device| device.id = 7),
    ]);
}

#[test]
fn states_that_no_release_wrote_are_refused() {
    let with = |state, pending, left| DeviceRecord {
        state,
        pending,
        left,
        ..device()
    };
    assert_refused([
        with(Some(9), None, None),
        with(Some(1), None, None),
        with(Some(0), None, None),
        with(Some(0), Some(PENDING), Some(1)),
        with(None, Some(PENDING), None),
        with(None, None, Some(1)),
        with(Some(2), Some(PENDING), None),
        with(Some(2), None, Some(1)),
        with(Some(3), None, None),
        with(Some(3), Some(PENDING), Some(1)),
        with(Some(3), None, Some(1)),
        DeviceRecord {
            successor: Some([4; 8]),
            ..device()
        },
        with(
            Some(0),
            Some(PendingRecord {
                rebinds: Some(false),
                ..PENDING
            }),
            None,
        ),
    ]);
}

#[test]
fn impossible_drifts_are_refused() {
    let with = |drift| DeviceRecord {
        drift: Some(drift),
        ..device()
    };
    let fallen_back = |base, learned| DriftRecord {
        provisional: Some(ProvisionalRecord {
            base,
            learned,
            ..PROVISIONAL
        }),
        ..DRIFT
    };
    assert!(decode(&encode(vec![with(DRIFT)], 7)).is_ok());
    let longer = DeviceRecord {
        period: Some(60),
        ..with(DRIFT)
    };
    assert_refused([
        with(DriftRecord { base: 123, ..DRIFT }),
        with(DriftRecord {
            base: i16::MIN,
            ..DRIFT
        }),
        with(DriftRecord {
            learned: 5,
            ..DRIFT
        }),
        with(DriftRecord { lean: 2, ..DRIFT }),
        with(fallen_back(-123, 0)),
        with(fallen_back(i16::MIN, 0)),
        with(fallen_back(0, -5)),
        longer,
    ]);
}

#[test]
fn impossible_vouchers_are_refused() {
    let with = |vouched_by, vouched_by_device| DeviceRecord {
        vouched_by,
        vouched_by_device,
        ..device()
    };
    for good in [
        with(None, None),
        with(Some(1), Some(7)),
        with(Some(2), None),
        with(Some(3), None),
    ] {
        assert!(decode(&encode(vec![good], 7)).is_ok());
    }
    assert_refused([
        with(None, Some(1)),
        with(Some(0), None),
        with(Some(1), None),
        with(Some(2), Some(1)),
        with(Some(3), Some(1)),
        with(Some(4), None),
    ]);
}

#[test]
fn impossible_answers_are_refused() {
    let with = |left| AnswerRecord { left, ..ANSWER };
    let of_device = |left| DeviceRecord {
        answer: Some(with(left)),
        ..device()
    };
    for left in [1, 60] {
        assert!(decode(&encode(vec![of_device(left)], 7)).is_ok());
    }
    assert_refused([0, 61, u64::MAX].map(of_device));
    let of_recovery = |left| RecoveryRecord {
        answer: Some(with(left)),
        ..recovery(Vec::new())
    };
    assert!(of_recovery(1).into_set().is_some());
    assert!(
        [0, 61, u64::MAX]
            .map(of_recovery)
            .into_iter()
            .all(|set| set.into_set().is_none())
    );
}

#[test]
fn impossible_browsers_are_refused() {
    let is_possible = |list: Vec<BrowserRecord<'_>>| to_browsers(Some(&list), Some(9)).is_some();
    let with = |failures, trust| BrowserRecord {
        failures,
        trust,
        ..browser(1)
    };
    assert!(is_possible(vec![with(Some(10), Some(TRUST))]));
    assert!(is_possible((1..9).rev().map(browser).collect()));
    let longer = TrustRecord {
        lasts: TRUST.lasts + 1,
        ..TRUST
    };
    for impossible in [
        vec![browser(1), browser(1)],
        vec![browser(9)],
        vec![with(Some(0), None)],
        vec![with(Some(11), None)],
        vec![with(None, Some(longer))],
        vec![BrowserRecord {
            label: "",
            ..browser(1)
        }],
        (0..9).map(browser).collect(),
    ] {
        assert!(!is_possible(impossible));
    }
}

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

#[test]
fn impossible_temporary_codes_are_refused() {
    let record = |left, set| {
        let bytes = minicbor::to_vec(TemporaryRecord { left, set }).unwrap();
        let read: TemporaryRecord<'_> = minicbor::decode(&bytes).unwrap();
        read.into_temporary().is_some()
    };
    let one = || recovery(code(31));
    let redeemed = |codes| RecoveryRecord {
        redemptions: vec![[8; 8].into()],
        ..recovery(codes)
    };
    assert!(record(1, one()) && record(86_400, redeemed(Vec::new())));
    assert!(!record(0, one()) && !record(86_401, one()) && !record(1, recovery(Vec::new())));
    assert!(!record(1, redeemed(code(31))));
}

#[test]
fn a_recovery_code_is_there_once() {
    let set = |codes: Vec<u8>| recovery(codes).into_set();
    assert!(set([code(1), code(0)].concat()).is_some());
    assert!(set([code(1), code(1)].concat()).is_none());
    assert!(set([code(1), code(32)].concat()).is_none());
    assert!(set([code(1), code(2)[..CODE_LEN - 1].to_vec()].concat()).is_none());
    assert!(set(vec![1]).is_none());
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
