//! The manual: what an operator and an integrator must know, chapter by chapter. Text only, no code.

#[doc = include_str!("manual/attacks.md")]
pub mod attacks {}

#[doc = include_str!("manual/defaults.md")]
pub mod defaults {}

#[doc = include_str!("manual/migrating.md")]
pub mod migrating {}

#[doc = include_str!("manual/operating.md")]
pub mod operating {}

#[doc = include_str!("manual/record_format.md")]
pub mod record_format {}

#[doc = include_str!("manual/standards.md")]
pub mod standards {}

#[doc = include_str!("manual/threat_model.md")]
pub mod threat_model {}
