//! Runs the second factor of every account in a store: loads the record, judges, commits, and then
//! reveals the verdict.

pub mod blocking;
mod browsers;
mod check;
pub(crate) mod judge;
mod login;
mod manage;
mod needs_code;
mod relocate;
mod stage;
mod sweep;
mod token;
mod unproven;

pub use sweep::{Batch, KeyUsage};
