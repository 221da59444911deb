//! Who must have a second factor, and by when.

use std::time::Duration;

use super::note::Note;
use crate::account::Status;
use crate::codes::UnixTime;

/// Demands a second factor of an owner: within a time from the first demand, or by a date, or both.
///
/// ```
/// use std::time::Duration;
/// use secondfactor::{codes::UnixTime, sign_in::Demand};
///
/// // Two weeks for everybody, but not beyond 1 January 2027.
/// let two_weeks = Duration::from_secs(14 * 24 * 3600);
/// let demand = Demand::within(two_weeks).until(UnixTime::from_secs(1_798_761_600));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    grace: Duration,
    latest: Option<UnixTime>,
}

impl Demand {
    /// Demands it at once.
    pub const AT_ONCE: Self = Self::within(Duration::ZERO);

    /// Demands it within this time from the first demand.
    #[must_use]
    pub const fn within(grace: Duration) -> Self {
        Self {
            grace,
            latest: None,
        }
    }

    /// Demands it by this date at the latest.
    #[must_use]
    pub const fn until(self, latest: UnixTime) -> Self {
        Self {
            latest: Some(latest),
            ..self
        }
    }
}

/// Says whether an owner has the second factor that is demanded of them, or by when they must.
///
/// The application writes the deadline down the first time that it is demanded. One that is written never moves to a later
/// date, whatever the policy says then. A stricter policy, and a date that a wrong clock wrote, move it to an earlier one.
/// What is demanded at once is not written: it holds as long as that policy does.
///
/// ```
/// # use secondfactor::{AccountId, Mfa, store::Store, codes::UnixTime};
/// # use std::time::Duration;
/// use secondfactor::sign_in::{Demand, Note, Requirement};
/// # struct User { note: Note, deadline: Option<UnixTime> }
/// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId, user: &mut User) -> Result<(), secondfactor::Error> {
/// let status = match mfa.status(alice).await {
///     Err(secondfactor::Error::NotEnrolled) => None,
///     status => Some(status?),
/// };
/// let demand = Demand::within(Duration::from_secs(14 * 24 * 3600));
/// match Requirement::new(demand, status.as_ref(), user.note, user.deadline, mfa.now()) {
///     Requirement::Satisfied => {}
///     Requirement::EnrollBy { deadline, must_be_written } => {
///         if must_be_written {
///             user.deadline = Some(deadline); // .. and store it ..
///         }
///         // .. remind them ..
///     }
///     Requirement::Overdue => { /* .. nothing but enrolling a device .. */ }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says whether an owner may go on"]
pub enum Requirement {
    /// They have one.
    Satisfied,
    /// They have none yet, and are reminded.
    EnrollBy {
        /// They must have one by this time.
        deadline: UnixTime,
        /// The application writes this deadline down, as there was none or a later one.
        must_be_written: bool,
    },
    /// The deadline is past. They do nothing else before a device is enrolled.
    Overdue,
}

impl Requirement {
    /// Decides what is demanded now. `status` is `None` if the account has no record, `written` is the deadline that was
    /// written down, and `now` is the server's time.
    ///
    /// Where the note says that they have opted in and no device was confirmed, the record was lost. That is for an
    /// operator, and nobody is sent to enroll by it.
    pub fn new(
        demand: Demand,
        status: Option<&Status>,
        note: impl Into<Note>,
        written: Option<UnixTime>,
        now: UnixTime,
    ) -> Self {
        let confirmed = status.filter(|status| status.was_confirmed());
        let is_satisfied = match confirmed {
            Some(status) => status.has_accepted_device(),
            None => note.into() == Note::OptedIn,
        };
        if is_satisfied {
            return Self::Satisfied;
        }
        let deadlines = [
            Some(now.saturating_add(demand.grace)),
            demand.latest,
            written,
        ];
        let deadline = deadlines.into_iter().flatten().min().unwrap_or(now);
        if deadline <= now {
            Self::Overdue
        } else {
            Self::EnrollBy {
                deadline,
                must_be_written: written != Some(deadline),
            }
        }
    }
}
