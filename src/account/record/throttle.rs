//! Budgets in the record, as what is left of them in seconds.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::account::throttle::{Bucket, Throttle};

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct ThrottleRecord {
    #[n(0)]
    failures: u32,
    #[n(1)]
    wait: u64,
    #[n(2)]
    pressure: u64,
    #[n(3)]
    disabled_told: bool,
}

impl From<Throttle> for ThrottleRecord {
    fn from(throttle: Throttle) -> Self {
        Self {
            failures: throttle.failures,
            wait: throttle.wait.as_secs(),
            pressure: throttle.pressure.left.as_secs(),
            disabled_told: throttle.disabled_told,
        }
    }
}

impl From<ThrottleRecord> for Throttle {
    fn from(record: ThrottleRecord) -> Self {
        Self {
            failures: record.failures,
            wait: Duration::from_secs(record.wait),
            pressure: bucket(record.pressure),
            disabled_told: record.disabled_told,
        }
    }
}

pub(super) const fn bucket(left: u64) -> Bucket {
    Bucket {
        left: Duration::from_secs(left),
    }
}
