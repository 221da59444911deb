//! Budgets in the record.

use minicbor::{CborLen, Decode, Encode};

use crate::account::throttle::{Bucket, Throttle};
use crate::codes::UnixTime;

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct ThrottleRecord {
    #[n(0)]
    failures: u32,
    #[n(1)]
    last_failure: Option<u64>,
    #[n(2)]
    pressure: Option<u64>,
}

impl From<Throttle> for ThrottleRecord {
    fn from(throttle: Throttle) -> Self {
        Self {
            failures: throttle.failures,
            last_failure: throttle.last_failure.map(UnixTime::as_secs),
            pressure: bucket_record(throttle.pressure),
        }
    }
}

impl From<ThrottleRecord> for Throttle {
    fn from(record: ThrottleRecord) -> Self {
        Self {
            failures: record.failures,
            last_failure: record.last_failure.map(UnixTime::from_secs),
            pressure: bucket(record.pressure),
        }
    }
}

pub(super) fn bucket(empty_at: Option<u64>) -> Bucket {
    empty_at.map_or(Bucket::EMPTY, |secs| Bucket {
        empty_at: UnixTime::from_secs(secs),
    })
}

pub(super) fn bucket_record(bucket: Bucket) -> Option<u64> {
    (bucket != Bucket::EMPTY).then(|| bucket.empty_at.as_secs())
}
