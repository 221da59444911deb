//! Values that no release wrote.

use super::*;

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
    let is_possible = |list: Vec<BrowserRecord<'_>>| {
        let read = minicbor::decode::<Vec<Browser>>(&minicbor::to_vec(list).unwrap()).ok();
        read.and_then(|list| to_browsers(Some(list), Some(9)))
            .is_some()
    };
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
