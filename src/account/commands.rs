//! The commands of an account: one file for each, or for those that belong together.

mod browsers;
mod change_devices;
mod check_proof;
mod confirm;
mod enroll;
mod issue_recovery_codes;
mod redeem;
mod relocate;
mod remember;
mod resync;
mod sides;
mod temporary_code;
mod unproven;
mod verify;
