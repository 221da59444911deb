//! Tests any store on the store laws. Feature `conformance`.
//!
//! Give [`check`] a function that opens one more handle to the same storage, as another server
//! would, and the [`BlockOn`] that your driver needs. The storage must be empty at the start. The
//! suite names every law that is broken, and what was seen.
//!
//! ```
//! use secondfactor::store::{conformance, MemoryStore, ThisThread};
//! use std::sync::Arc;
//!
//! let store = Arc::new(MemoryStore::new());
//! conformance::check(|| Arc::clone(&store), &ThisThread)?;
//! conformance::check_accounts(|| Arc::clone(&store), &ThisThread)?;
//! # Ok::<(), conformance::Violations>(())
//! ```
//!
//! A suite can't cut the power. So it checks that committed bytes are durable (S3) only as far as a
//! handle opened later sees them. It can't make a store fail either: [`check_failing`] takes one
//! that fails.

mod bench;
mod laws;

use std::fmt;

use crate::store::block_on::BlockOn;
use crate::store::contract::{ListAccounts, Store};
use bench::Bench;

/// Names a law of the [store contract](crate::store::Store) that the suite checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Law {
    /// S1: swaps of one account take effect one after the other. No reader sees half of one, or
    /// goes back.
    Linearizable,
    /// S2: of any set of racing swaps or removes with the same `expected`, exactly one commits.
    OneWinner,
    /// S3: a handle that is opened later sees what was committed. The receipt is for the bytes
    /// given.
    Durable,
    /// S4: a conflict changes nothing.
    ConflictChangesNothing,
    /// S5: a store that fails says so. It reports no commit, no conflict, and no missing record.
    ErrorsAreErrors,
    /// S6: versions strictly increase, and none is used again after a remove.
    VersionsIncrease,
    /// S7: a load sees every completed swap, whichever handle made it.
    LoadSeesSwaps,
    /// S8: a swap commits on its own. Others see it although nothing else happened on its handle.
    CommitsAlone,
    /// Any bytes come back as they were: none, many, and each value.
    AnyBytes,
    /// Any id is an account of its own, also a look-alike, a long one, and one with any character.
    AnyAccount,
    /// [`ListAccounts`] lists each account once, in the order of its bytes, after the one named,
    /// and no more than asked. The record by which [`Mfa::check`](crate::Mfa::check) knows its keys
    /// is listed too: [`AccountId::from_stored`](crate::AccountId::from_stored) reads its id.
    Listing,
}

impl Law {
    const fn text(self) -> &'static str {
        match self {
            Self::Linearizable => "S1, swaps are linearizable",
            Self::OneWinner => "S2, one winner",
            Self::Durable => "S3, committed is durable",
            Self::ConflictChangesNothing => "S4, a conflict changes nothing",
            Self::ErrorsAreErrors => "S5, an error is an error",
            Self::VersionsIncrease => "S6, versions strictly increase",
            Self::LoadSeesSwaps => "S7, load sees completed swaps",
            Self::CommitsAlone => "S8, a swap commits alone",
            Self::AnyBytes => "any bytes",
            Self::AnyAccount => "any account id",
            Self::Listing => "accounts are listed in order",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Names a law that was broken, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    law: Law,
    seen: String,
}

impl Violation {
    /// Returns the law.
    #[must_use]
    pub const fn law(&self) -> Law {
        self.law
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.seen)
    }
}

/// Holds every law that was broken.
#[derive(Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Returns one violation for each law.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store breaks its laws")?;
        self.0
            .iter()
            .try_for_each(|violation| write!(f, "\n{violation}"))
    }
}

/// Shows the same as `Display`, for a test that ends by `?` or `unwrap`.
impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Violations {}

/// Checks the laws of [`Store`] except S5, with several threads and handles.
///
/// # Errors
/// [`Violations`] with the laws that were broken.
pub fn check<S: Store>(
    open: impl Fn() -> S + Sync,
    runtime: &(impl BlockOn + Sync),
) -> Result<(), Violations> {
    let bench = Bench {
        open: &open,
        runtime,
    };
    gather([
        (Law::AnyBytes, bench.any_bytes()),
        (Law::AnyAccount, bench.any_account()),
        (
            Law::ConflictChangesNothing,
            bench.conflict_changes_nothing(),
        ),
        (Law::VersionsIncrease, bench.versions_increase()),
        (Law::CommitsAlone, bench.commits_alone()),
        (Law::LoadSeesSwaps, bench.load_sees_swaps()),
        (Law::Durable, bench.durable()),
        (Law::OneWinner, bench.one_winner()),
        (Law::Linearizable, bench.linearizable()),
    ])
}

/// Checks [`ListAccounts`].
///
/// # Errors
/// [`Violations`] if it was broken.
pub fn check_accounts<S: ListAccounts>(
    open: impl Fn() -> S + Sync,
    runtime: &(impl BlockOn + Sync),
) -> Result<(), Violations> {
    gather([(
        Law::Listing,
        Bench {
            open: &open,
            runtime,
        }
        .listing(),
    )])
}

/// Checks S5 on a store that you have made fail: its server is gone, its table dropped, or its file
/// unreadable.
///
/// # Errors
/// [`Violations`] if the store answered.
pub fn check_failing<S: Store>(store: &S, runtime: &impl BlockOn) -> Result<(), Violations> {
    gather([(
        Law::ErrorsAreErrors,
        laws::errors_are_errors(store, runtime),
    )])
}

fn gather<const N: usize>(results: [(Law, Result<(), String>); N]) -> Result<(), Violations> {
    let broken = results.into_iter().filter_map(|(law, result)| {
        Some(Violation {
            law,
            seen: result.err()?,
        })
    });
    let violations: Vec<Violation> = broken.collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Violations(violations))
    }
}
