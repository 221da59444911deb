//! A device of an account: its identity, its clock, its codes.

pub(super) mod drift;
pub(super) mod enrollment;
pub(super) mod entry;
pub(super) mod id;
pub(crate) mod new_device;
pub(super) mod searching;
pub(super) mod session;

pub use enrollment::Enrollment;
pub use id::DeviceId;
pub use session::PendingDevice;
