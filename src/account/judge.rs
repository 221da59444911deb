//! What every command has in common: time passes, the command judges, what rested on what has ended ends.

use super::attempt::Attempt;
use super::denial::Denial;
use super::error::Error;
use super::state::Account;
use crate::codes::UnixTime;

/// How a command says no.
pub(super) enum Refusal {
    /// The account has changed, and the answer is revealed when that is committed.
    Charged(Denial),
    /// Nothing has changed.
    AtOnce(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::AtOnce(error)
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::AtOnce(denial.into())
    }
}

impl Account {
    /// A command must not have changed anything when it refuses at once.
    pub(super) fn judge<T>(
        mut self,
        now: UnixTime,
        command: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Attempt<T>, Error> {
        self.refuse_moving()?;
        self.begin(now);
        let verdict = match command(&mut self) {
            Ok(value) => Ok(value),
            Err(Refusal::Charged(denial)) => Err(denial.into()),
            // It is committed that the clock went back, or a wait would last until the clock is there again.
            Err(Refusal::AtOnce(error)) if self.clock_went_back => {
                if let Error::Denied(denial) = &error {
                    self.events.extend(denial.event());
                }
                Err(error)
            }
            Err(Refusal::AtOnce(error)) => return Err(error),
        };
        self.settle();
        Ok(Attempt::new(self, verdict))
    }
}
