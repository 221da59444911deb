//! What a record may hold.

use proptest::prelude::*;

use super::device::{
    ACTIVE, DeviceRecord, DriftRecord, PendingRecord, ProvisionalRecord, ReplacedRecord,
};
use super::recovery::{CodeRecord, RecoveryRecord};
use super::voucher::VoucherRecord;
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

const BY_DEVICE: VoucherRecord = VoucherRecord {
    by: 1,
    device: Some(1),
    at: 1_700_000_000,
};

const NOBODY: VoucherRecord = VoucherRecord {
    by: 0,
    device: None,
    at: 1_700_000_000,
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
};

const OPTING_IN: PendingRecord = PendingRecord {
    rests_on: None,
    replaces: None,
    session: None,
    ..PENDING
};

const fn device() -> DeviceRecord<'static> {
    DeviceRecord {
        id: 1,
        credential: [4; 8],
        label: "phone",
        secret: &[1; 20],
        algorithm: 1,
        digits: 6,
        period: Some(30),
        created: 1_700_000_000,
        vouched_by: NOBODY,
        state: ACTIVE,
        pending: None,
        left: None,
        last_used: Some(1_700_000_000),
        watermark: Some(56_666_666),
        replay_told: Some(56_666_665),
        drift: None,
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
    };
    minicbor::to_vec(record).unwrap()
}

#[test]
fn a_record_comes_back() {
    let pending = |id, pending| DeviceRecord {
        id,
        state: 0,
        pending: Some(pending),
        ..device()
    };
    let suspended = DeviceRecord {
        id: 4,
        period: None,
        state: 2,
        vouched_by: BY_DEVICE,
        ..device()
    };
    let retiring = DeviceRecord {
        id: 5,
        state: 3,
        left: Some(7),
        drift: Some(DRIFT),
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
    let codes = vec![CodeRecord {
        selector: 31,
        hash: [3; 32],
    }];
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
        with(|device| device.algorithm = 0),
        with(|device| device.algorithm = 4),
        with(|device| device.digits = 5),
        with(|device| device.digits = 9),
        with(|device| device.period = Some(0)),
        with(|device| device.period = Some(3601)),
        with(|device| device.secret = &[]),
        with(|device| device.secret = &[1; 129]),
        with(|device| device.label = ""),
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
        with(9, None, None),
        with(0, None, None),
        with(0, Some(PENDING), Some(1)),
        with(1, Some(PENDING), None),
        with(1, None, Some(1)),
        with(2, Some(PENDING), None),
        with(2, None, Some(1)),
        with(3, None, None),
        with(3, Some(PENDING), Some(1)),
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
    let with = |by, device| VoucherRecord {
        by,
        device,
        ..NOBODY
    };
    for good in [
        with(0, None),
        with(1, Some(7)),
        with(2, None),
        with(3, None),
    ] {
        assert!(good.to_voucher().is_some());
    }
    for bad in [
        with(0, Some(1)),
        with(1, None),
        with(2, Some(1)),
        with(3, Some(1)),
        with(4, None),
    ] {
        assert!(bad.to_voucher().is_none(), "{}", bad.by);
    }
    assert_refused([DeviceRecord {
        vouched_by: with(4, None),
        ..device()
    }]);
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

fn recovery(codes: Vec<CodeRecord>) -> RecoveryRecord<'static> {
    RecoveryRecord {
        credential: [2; 8],
        vouched_by: BY_DEVICE,
        salt: &[1; 16],
        codes,
        redemptions: Vec::new(),
        throttle: Throttle::NEW.into(),
    }
}

#[test]
fn a_recovery_code_is_there_once() {
    let decode = |selectors: [u8; 2]| {
        let code = |selector| CodeRecord {
            selector,
            hash: [3; 32],
        };
        recovery(selectors.map(code).to_vec()).into_set()
    };
    assert!(decode([1, 0]).is_some());
    assert!(decode([1, 1]).is_none());
    assert!(decode([1, 32]).is_none());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let _judged = decode(&bytes);
        let pending = DeviceRecord { id: 2, state: 0, pending: Some(PENDING), ..device() };
        let mut edited = encode(vec![device(), pending], 3);
        let at = at.index(edited.len());
        edited[at] = byte;
        let _judged = decode(&edited);
    }
}
