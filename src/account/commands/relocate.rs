//! The steps of a move to another id: the old record is frozen, and the new one takes its place.

use crate::account::actor::Actor;
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::relocation::Relocation;
use crate::account::state::Account;
use crate::account_id::AccountId;
use crate::codes::UnixTime;

impl Account {
    /// First step: under this id nothing is accepted from now on. A repeated step keeps the mark.
    ///
    /// # Errors
    /// [`Error::Moving`] if it is on its way to another id.
    pub(crate) fn freeze(
        self,
        actor: &Actor,
        to: &AccountId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        if self.is_moving_to(to) {
            return Ok(Attempt::new(self, Ok(())));
        }
        let mark = Credential::generate()?;
        self.judge(now, |account| {
            account.moving = Some(Relocation {
                other: to.clone(),
                mark,
            });
            account.note(Event::MovedAway {
                to: to.clone(),
                actor: actor.clone(),
            });
            Ok(())
        })
    }

    /// Second step: the account under its new id.
    ///
    /// # Errors
    /// [`Error::Moving`] if it was not frozen for a move.
    pub(crate) fn relocate(mut self, actor: &Actor) -> Result<Attempt<()>, Error> {
        let Relocation { other: to, mark } = self.moving.take().ok_or(Error::Moving)?;
        let from = std::mem::replace(&mut self.id, to);
        self.moved = Some(Relocation {
            other: from.clone(),
            mark,
        });
        // Back under its old id, the proofs of before the move do not stand again.
        self.clock.epoch = self.clock.epoch.wrapping_add(1);
        self.forget_answers();
        // The name and the hash of their cookies hold the old id.
        self.forget_browsers_if(|_| true);
        self.note(Event::MovedHere {
            from,
            actor: actor.clone(),
        });
        Ok(Attempt::new(self, Ok(())))
    }

    pub(crate) fn is_moving_to(&self, to: &AccountId) -> bool {
        self.moving
            .as_ref()
            .is_some_and(|moving| moving.other == *to)
    }

    /// Says whether this is where the other account was moved to.
    pub(crate) fn was_moved_from(&self, from: &AccountId) -> bool {
        self.moved
            .as_ref()
            .is_some_and(|moved| moved.other == *from)
    }

    /// Returns the mark of the move that froze it.
    pub(crate) fn move_mark(&self) -> Option<Credential> {
        self.moving.as_ref().map(|moving| moving.mark)
    }

    /// Says whether this is where the move of this mark leads.
    pub(crate) fn was_moved_by(&self, mark: Option<Credential>) -> bool {
        mark.is_some() && mark == self.moved.as_ref().map(|moved| moved.mark)
    }

    pub(crate) fn refuse_moving(&self) -> Result<(), Error> {
        match self.moving {
            Some(_) => Err(Error::Moving),
            None => Ok(()),
        }
    }
}
