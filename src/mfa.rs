//! The second factor of every account in a store: load, judge, commit, reveal.

pub mod blocking;
pub(crate) mod judge;
mod login;
mod manage;
mod sweep;
mod token;

pub use sweep::{Batch, KeyUsage};
