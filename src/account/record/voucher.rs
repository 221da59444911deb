//! Who vouched, in the record.

use minicbor::{CborLen, Decode, Encode};

use crate::account::device::id::DeviceId;
use crate::account::voucher::{VouchedBy, Voucher};
use crate::codes::UnixTime;

#[derive(Clone, Copy, Encode, Decode, CborLen)]
#[cbor(map)]
pub(super) struct VoucherRecord {
    #[n(0)]
    pub(super) by: u8,
    /// Of a device.
    #[n(1)]
    pub(super) device: Option<u32>,
    #[n(2)]
    pub(super) at: u64,
}

const NOBODY: u8 = 0;
const DEVICE: u8 = 1;
const RECOVERY_CODE: u8 = 2;
const OPERATOR: u8 = 3;

impl From<Voucher> for VoucherRecord {
    fn from(voucher: Voucher) -> Self {
        let (by, device) = match voucher.by() {
            VouchedBy::Nobody => (NOBODY, None),
            VouchedBy::Device(device) => (DEVICE, Some(device.get())),
            VouchedBy::RecoveryCode => (RECOVERY_CODE, None),
            VouchedBy::Operator => (OPERATOR, None),
        };
        Self {
            by,
            device,
            at: voucher.at().as_secs(),
        }
    }
}

impl VoucherRecord {
    /// `None` for a value that no release wrote.
    pub(super) fn to_voucher(self) -> Option<Voucher> {
        let by = match (self.by, self.device) {
            (NOBODY, None) => VouchedBy::Nobody,
            (DEVICE, Some(device)) => VouchedBy::Device(DeviceId::new(device)),
            (RECOVERY_CODE, None) => VouchedBy::RecoveryCode,
            (OPERATOR, None) => VouchedBy::Operator,
            _ => return None,
        };
        Some(Voucher::new(by, UnixTime::from_secs(self.at)))
    }
}
