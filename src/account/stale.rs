//! Why a proof no longer proves anything.

/// The proof no longer proves anything: ask for another code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Stale {
    /// The second factor was proved longer ago than is accepted here.
    #[error("the second factor was proved too long ago: ask for another code")]
    TooOld,
    /// The proof is dated in the future: a server's clock is wrong.
    #[error("the second factor was proved by a clock that is ahead: ask for another code")]
    FromTheFuture,
    /// The device or the recovery codes that it rests on were suspended, revoked or replaced. Or the
    /// owner said since what is kept ([`keep_only`](crate::Mfa::keep_only)), which gave a new proof.
    #[error("what proved the second factor has ended: ask for another code")]
    Ended,
}
