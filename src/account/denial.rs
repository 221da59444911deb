//! Refusals of submissions.

use std::time::Duration;

use super::diagnosis::Diagnosis;
use super::event::Event;
use super::wait::Wait;
use crate::codes::UnixTime;

/// Says why a claimant is refused.
///
/// [`text`](Self::text) is for them to read, with the time to wait. It says the same for a wrong code and a used one.
/// Translate it by [`code`](Self::code), and by the [`Wait`] of [`retry_after`](Self::retry_after).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// No device shows this code now.
    #[error("wrong code: try another one")]
    Mismatch,
    /// The code was right, but has been used (RFC 6238 section 5.2, NIST SP 800-63B-4 section
    /// 3.1.4.2). The claimant waits for the next one. If the claimant did not type it twice,
    /// somebody else used it.
    ///
    /// Of a counter it is the code that was used last. An earlier one is a wrong code, and charged.
    #[error("wrong code: try another one")]
    Replayed,
    /// The code is wrong for a device that is being confirmed, and this seems to be the reason.
    #[error("wrong code: {0}")]
    Unconfirmed(Diagnosis),
    /// The code was wrong, and it began a wait, as there were too many. The claimant waits before the next one. So does
    /// the third wrong pair of a resynchronization.
    ///
    /// The wrong code that closes its side is a [`Mismatch`](Self::Mismatch), and the next one is refused. A browser that it
    /// closes is a stranger for the next one, and waits as strangers do.
    #[error("wrong code: wait before the next one")]
    #[non_exhaustive]
    Locked {
        /// From this time on a code is judged again.
        retry_at: UnixTime,
    },
    /// There were too many wrong codes, so this one was not judged. Codes, recovery codes and
    /// resynchronizations are counted apart, so the claimant waits only with the kind that was
    /// refused.
    #[error("too many wrong codes: wait before the next one")]
    #[non_exhaustive]
    Throttled {
        /// From this time on a code is judged again.
        retry_at: UnixTime,
    },
    /// There were too many wrong codes in a row, so none is judged (NIST SP 800-63B-4 section
    /// 3.2.2). For devices this ends when the account is bound to a new one, and when the
    /// [password is changed](crate::Mfa::password_changed). For recovery codes, which
    /// [`Policy::NIST`](crate::Policy::NIST) alone closes, it ends when new ones are issued.
    #[error("too many wrong codes: enroll a new device, or ask for help")]
    Disabled,
    /// There were too many wrong codes in a row from strangers, so none of theirs is judged. Codes from
    /// known browsers are. This ends when the [password is changed](crate::Mfa::password_changed), and
    /// when the account is bound to a new device.
    #[error("too many wrong codes: use a browser that is known here, or take a recovery code")]
    StrangersClosed,
    /// The account no longer has a device, as a recovery code took the last one away. The claimant
    /// takes a recovery code, and enrolls a new device.
    #[error("no device is enrolled: take a recovery code, or ask for help")]
    NoDevice,
}

impl Denial {
    /// Returns a stable name for translations, in lower case with underscores. A wrong and a used
    /// code share one.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mismatch | Self::Replayed => "wrong_code",
            Self::Unconfirmed(_) => "wrong_code_of_new_device",
            Self::Locked { .. } => "wrong_code_begins_wait",
            Self::Throttled { .. } => "throttled",
            Self::Disabled => "disabled",
            Self::StrangersClosed => "strangers_closed",
            Self::NoDevice => "no_device",
        }
    }

    /// Returns how long the claimant has to wait, or `None` if waiting does not help or is not
    /// needed.
    ///
    /// ```
    /// use secondfactor::Denial;
    /// use secondfactor::codes::UnixTime;
    /// assert_eq!(Denial::Mismatch.retry_after(UnixTime::from_secs(1_700_000_000)), None);
    /// ```
    #[must_use]
    pub const fn retry_after(self, now: UnixTime) -> Option<Duration> {
        match self {
            Self::Locked { retry_at } | Self::Throttled { retry_at } => {
                Some(retry_at.saturating_since(now))
            }
            _ => None,
        }
    }

    /// Returns the text for the claimant, with how long to wait.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Code, Error, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, code: Code) {
    /// if let Err(Error::Denied(denial)) = mfa.verify(alice, code).await {
    ///     println!("{}", denial.text(mfa.now())); // "wrong code: try again in 30 seconds"
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn text(self, now: UnixTime) -> String {
        let what = match self {
            Self::Locked { .. } => "wrong code",
            Self::Throttled { .. } => "too many wrong codes",
            _ => return self.to_string(),
        };
        let wait = Wait::from(self.retry_after(now).unwrap_or_default());
        format!("{what}: try again in {wait}")
    }

    /// Returns the refusal of a wrong code, by what the next one would meet.
    pub(super) const fn of_wrong_code(next: Result<(), Self>) -> Self {
        match next {
            Err(Self::Throttled { retry_at }) => Self::Locked { retry_at },
            _ => Self::Mismatch,
        }
    }

    /// Returns the event of a submission that was refused at once, without a change.
    ///
    /// [`Mfa`](crate::Mfa) tells it to its handlers. Refusals that were charged are told by
    /// [`Attempt::reveal_with`](super::Attempt::reveal_with) instead.
    #[must_use]
    pub const fn event(self) -> Option<Event> {
        match self {
            Self::Replayed => Some(Event::ReplayRefused { is_first: false }),
            Self::Throttled { retry_at } => Some(Event::Throttled { retry_at }),
            Self::Disabled | Self::StrangersClosed => Some(Event::RefusedDisabled),
            Self::Mismatch | Self::Locked { .. } | Self::Unconfirmed(_) | Self::NoDevice => None,
        }
    }
}
