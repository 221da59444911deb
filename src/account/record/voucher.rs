//! Who vouched, in the record: a number, and the id of a device.

use crate::account::device::id::DeviceId;
use crate::account::voucher::VouchedBy;

const DEVICE: u8 = 1;
const RECOVERY_CODE: u8 = 2;
const OPERATOR: u8 = 3;

pub(super) const fn to_numbers(by: VouchedBy) -> (Option<u8>, Option<u32>) {
    match by {
        VouchedBy::Nobody => (None, None),
        VouchedBy::Device(device) => (Some(DEVICE), Some(device.get())),
        VouchedBy::RecoveryCode => (Some(RECOVERY_CODE), None),
        VouchedBy::Operator => (Some(OPERATOR), None),
    }
}

/// `None` for a value that no release wrote.
pub(super) fn from_numbers(by: Option<u8>, device: Option<u32>) -> Option<VouchedBy> {
    match (by, device) {
        (None, None) => Some(VouchedBy::Nobody),
        (Some(DEVICE), Some(device)) => Some(VouchedBy::Device(DeviceId::new(device))),
        (Some(RECOVERY_CODE), None) => Some(VouchedBy::RecoveryCode),
        (Some(OPERATOR), None) => Some(VouchedBy::Operator),
        _ => None,
    }
}
