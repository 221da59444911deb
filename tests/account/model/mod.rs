//! An account under random commands, clocks, lost swaps and crashes, and the naive model of what it
//! should be.
//!
//! It is played by the test `sequences`, by the fuzz target `account`, and by the replay of that
//! target's inputs.

mod browsers;
mod checks;
mod commands;
mod device;
mod devices;
pub(crate) mod dice;
mod events;
pub(crate) mod faulty;
mod forms;
pub(crate) mod leaks;
mod logins;
mod manage;
pub(crate) mod naive;
mod pages;
pub(crate) mod proven;
mod prover;
mod recovery;
pub(crate) mod world;
