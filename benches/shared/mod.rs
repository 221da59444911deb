//! The benches share this: groups of contenders, the floors beneath them, and the tables of times.
#![allow(
    dead_code, // each bench uses a part
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

pub(crate) mod floors;
pub(crate) mod group;
pub(crate) mod hot_path;
pub(crate) mod table;

/// The contender that the table compares the others with.
pub(crate) const OURS: &str = "secondfactor";
