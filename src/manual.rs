//! Says what an operator and the author of an application must know, chapter by chapter.
//!
//! | you want to know | read |
//! | --- | --- |
//! | how to build a login around the library, step by step, and what is left to you | [`login`] |
//! | what an attacker can do, what ends with what, and what to call after a theft | [`threat_model`] |
//! | why each limit is what it is, and how good a guesser's chances are | [`defaults`] |
//! | how to start, change keys and run a store | [`operating`] |
//! | how to bring devices from another library | [`migrating`] |
//! | how a hardware token gets from its vendor's file to its owner | [`hardware_tokens`] |
//! | what NIST, OWASP and PCI DSS demand, and where it is kept | [`standards`] |
//! | which test shows that a known attack fails | [`attacks`] |
//! | what lies in the store, byte by byte | [`record_format`] |
//!
//! The programs in the chapters are tests.

#[doc = include_str!("manual/attacks.md")]
pub mod attacks {}

#[doc = include_str!("manual/defaults.md")]
pub mod defaults {}

#[doc = include_str!("manual/hardware_tokens.md")]
pub mod hardware_tokens {}

#[doc = include_str!("manual/login.md")]
pub mod login {}

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
