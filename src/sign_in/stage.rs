//! How far a session has come, and why it has ended.

/// Says how far a session has come. Without a stage it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The password was right, and a code is asked for. The session opens nothing but the second step.
    Half,
    /// The session has led to another one, and may only send the same form again.
    Repeat,
    /// The password was enough.
    Password,
    /// The password was enough, as the browser is trusted to do without a code.
    Recognized,
    /// A recovery code or a temporary code was redeemed. The session opens the pages that mend the second factor, and
    /// nothing else. A code, or a new device that is confirmed, makes it [`Proven`](Self::Proven).
    Mending,
    /// The second factor was proved by a code, or by a device that was confirmed.
    Proven,
    /// There is no stage: the owner logs in again. End the session.
    Ended(EndReason),
}

/// Says why a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The second step took longer than 10 minutes.
    #[error("this took too long: log in again")]
    HalfTooOld,
    /// It has led to another session more than a minute ago.
    #[error("this page is too old: log in again")]
    RepeatOver,
    /// It had no request for longer than it may.
    #[error("you were away for long: log in again")]
    Idle,
    /// It has lasted as long as it may.
    #[error("you have been logged in for long: log in again")]
    TooOld,
    /// It is from the future, as the server's clock was ahead.
    #[error("the server's clock was wrong: log in again")]
    FromTheFuture,
    /// It began with the password alone, and its owner has opted in since.
    #[error("a second factor is needed now: log in again")]
    CodeNeeded,
    /// The device or the recovery codes that it rests on have ended, or the owner has opted out.
    #[error("what proved your second factor has ended: log in again")]
    ProofEnded,
}

impl EndReason {
    /// Returns a stable name for logs and translations, in lower case with underscores.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HalfTooOld => "half_too_old",
            Self::RepeatOver => "repeat_over",
            Self::Idle => "idle",
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
            Self::CodeNeeded => "code_needed",
            Self::ProofEnded => "proof_ended",
        }
    }
}
