//! What an application remembers beside the record: who has opted in, who must, and how far a session has come.
//!
//! An application that takes these writes no state machine of its own. All of them are plain values, which know no
//! framework: store them in the user's row and in the session's.
//!
//! 1. After the password, [`Mfa::needs_code`](crate::Mfa::needs_code) says whether a code is asked for, by your [`Note`]
//!    and the record. [`SignIn::begin`] is what the session remembers then.
//! 2. After the code, [`SignIn::prove`] makes what the next session remembers, beside the one that asked.
//! 3. At each request, [`Mfa::stage`](crate::Mfa::stage) says how far the session has come, or why it has ended.
//! 4. [`Requirement`] says whether the owner must enroll a device, and by when.
//!
//! The manual's chapter [a login, step by step](crate::manual::login) gives the reasons.
//! `examples/sign_in.rs` is a whole program.

mod limits;
mod note;
mod requirement;
mod stage;
mod state;

pub use limits::SessionLimits;
pub use note::{NeedsCode, Note};
pub use requirement::{Demand, Requirement};
pub use stage::{EndReason, Stage};
pub use state::{ProveError, Proved, SessionKeys, SignIn};
