//! Adds a second factor to your login: six-digit codes from any authenticator app (TOTP) that work
//! once, on all your servers.
//!
//! ```no_run
//! use secondfactor::{AccountId, Code, Keyring, Label, Mfa};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let (key, alice) = (secondfactor::SealingKey::generate()?, AccountId::new("user-4711")?);
//! let mfa = Mfa::new(secondfactor::store::MemoryStore::new(), Keyring::new(key));
//!
//! // Opting in: show the key once, as a QR code. A code that the app shows proves that it works.
//! let enrollment = mfa.enroll(&alice, Label::new("phone")?).await?;
//! let shown_once = enrollment.key_uri("Example", "alice@example.com");
//! let confirmed = mfa.confirm(&alice, enrollment.device(), "123 456".parse::<Code>()?).await?;
//!
//! // At each login, after the password. The same code a second time is an error.
//! let verified = mfa.verify(&alice, "081 804".parse::<Code>()?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/first_login.rs` is a whole program around these lines. **Go on with [a login, step by
//! step](manual::login):** what your application remembers, and which sessions end when.
//! `examples/axum-login` is that chapter as a program to begin with. `examples/web-login` is a whole
//! site, `examples/login` a login in a terminal, and `examples/pam-login` a PAM module for `sshd`,
//! `sudo` and `su`.
//!
//! # What to take
//!
//! | you have | take |
//! | --- | --- |
//! | one machine | feature `sqlite`: [`SqliteStore`](store) |
//! | several servers | feature `postgres` or `redis`: [`PostgresStore`](store), [`RedisStore`](store) |
//! | a pool of `sqlx` | feature `sqlx-postgres`, `sqlx-mysql` (MariaDB too) or `sqlx-sqlite`: [`SqlxPostgresStore`](store) and so on |
//! | a store of your own | [`Store`](store::Store), and feature `conformance`: its laws as tests |
//! | a transaction of your own | [`Account`](account::Account) |
//! | no async runtime | [`blocking::Mfa`](mfa::blocking::Mfa) |
//! | codes only, or no `std` | `default-features = false`: [`codes`] and [`provisioning`] |
//!
//! Feature `qr` draws key URIs. `migration` reads and writes the exports of Google Authenticator.
//! `pskc` and `csv` read the files that come with hardware tokens.
//! `serde` writes statuses and events, and reads codes from forms. `tracing` writes events.
//! Features only add items.
//!
//! # Map
//!
//! | module | what is in it |
//! | --- | --- |
//! | here | what a login needs: [`Mfa`], [`Keyring`], [`Verified`], [`Error`] and others |
//! | [`account`] | devices, statuses, limits: what is remembered about one account, as a value |
//! | [`store`] | where records are kept: the contract, the adapters, their test suite |
//! | [`sealing`] | the record at rest |
//! | [`sign_in`] | what your application remembers: who has opted in, who must, how far a session has come |
//! | [`mfa`] | the blocking front, and walks over all accounts |
//! | [`codes`] | RFC 4226 and RFC 6238: secrets, codes, times |
//! | [`provisioning`] | key URIs, QR codes, exports, files of hardware tokens and of PAM modules |
//! | [`manual`] | a login step by step, threat model, limits, operating, record format, standards, attacks |
//!
//! # What it remembers for you
//!
//! * **A code works once.** Only codes later than the last one are accepted. If several servers get
//!   one code at the same instant, exactly one accepts it. A verdict can be read only after its
//!   record has won a compare-and-swap.
//! * **It can't be guessed.** An attacker who knows the password guesses one device's code with a
//!   chance of at most 7.5 in 100,000 per day ([`Policy::guess_bound`]). Guesses in parallel, new
//!   sessions and other servers win nothing.
//! * **Devices come and go without a gap.** An account has up to eight. A secret is rotated beside
//!   the one in use.
//! * **A lost phone locks nobody out.** Ten [recovery codes](RecoveryCodes) work once each. They
//!   give a [`Recovered`], not the [`Verified`] of a code.
//! * **A password is no proof.** Whatever changes a second factor takes a fresh [`Proof`] of it.
//!   The calls that an operator makes without one are named `danger_`.
//! * **Nothing is stored in clear.** Each record is sealed whole and bound to its account. Nobody
//!   opens it without the key.
//! * **It fails closed.** No verdict is a `bool`. A missing record is [`Error::NotEnrolled`], never
//!   "no second factor needed".
//! * **It tells what happens.** Every login, refusal and change is an [`Event`], which says whether
//!   its owner must hear of it.
//!
//! # What it does not do
//!
//! * Passwords, sessions, names and mail stay yours. Ask for the code after the password was right,
//!   and leave no login path around it.
//! * Codes are not phishing-resistant. Offer passkeys beside them to everybody who needs that.
//! * It can't detect a database that was rolled back. Whoever can restore an old row can use a code
//!   again while it is fresh.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The page above is about the whole crate. Without `mfa` most of its links lead nowhere.
#![cfg_attr(not(feature = "mfa"), allow(rustdoc::broken_intra_doc_links))]

extern crate alloc;

#[cfg(feature = "mfa")]
pub mod account;
#[cfg(feature = "mfa")]
mod account_id;
pub mod codes;
#[cfg(feature = "mfa")]
pub mod manual;
#[cfg(feature = "mfa")]
pub mod mfa;
pub mod provisioning;
#[cfg(feature = "mfa")]
pub mod sealing;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "mfa")]
pub mod sign_in;
#[cfg(feature = "mfa")]
pub mod store;

#[cfg(feature = "mfa")]
pub use account::denial::Denial;
#[cfg(feature = "mfa")]
pub use account::device::new_device::NewDevice;
#[cfg(feature = "mfa")]
pub use account::error::Error;
#[cfg(feature = "mfa")]
pub use account::event::Event;
#[cfg(feature = "mfa")]
pub use account::label::Label;
#[cfg(feature = "mfa")]
pub use account::policy::Policy;
#[cfg(feature = "mfa")]
pub use account::proof::Proof;
#[cfg(feature = "mfa")]
pub use account::proved::{Confirmed, Recovered, Verified};
#[cfg(feature = "mfa")]
pub use account::recovery::code::RecoveryCode;
#[cfg(feature = "mfa")]
pub use account::recovery::codes::RecoveryCodes;
#[cfg(feature = "mfa")]
pub use account::status::Status;
#[cfg(feature = "mfa")]
pub use account_id::AccountId;
pub use codes::code::Code;
#[cfg(secondfactor_constant_time)]
#[doc(hidden)]
pub use codes::constant_time::hook as constant_time_hook;
#[cfg(feature = "mfa")]
pub use mfa::judge::Mfa;
#[cfg(feature = "mfa")]
pub use sealing::key::SealingKey;
#[cfg(feature = "mfa")]
pub use sealing::keyring::Keyring;

/// The README's programs are tests too.
#[cfg(all(doctest, feature = "mfa"))]
#[doc = include_str!("../README.md")]
mod readme {}
