//! The manual: what an operator and an integrator must know, chapter by chapter. Text only, no code.

#[doc = include_str!("manual/operating.md")]
pub mod operating {}
