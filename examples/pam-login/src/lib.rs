//! A PAM module that asks for a one-time code after the password, for `sshd`, `sudo` and `su`.
//!
//! The README says how to install it. `login` has what happens at a login, `settings` the files and how they are guarded,
//! `words` what claimants read, `log` what administrators read. The command `secondfactor-pam` is in `main.rs`.
#![forbid(unsafe_code)]

mod hooks;
pub mod log;
mod login;
pub mod settings;
pub mod words;
