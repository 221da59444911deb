//! The move of an account to another id.

use super::judge::{Absent, Mfa, TRIES};
use crate::account::{Account, Actor, Error};
use crate::account_id::AccountId;
use crate::store::Store;

impl<S: Store> Mfa<S> {
    /// Moves an account's second factor to another id, for an application whose account ids change.
    ///
    /// Devices, recovery codes, and the count of wrong codes go along. Proofs, tokens and sessions of
    /// the old id end.
    ///
    /// First the old record is frozen, then the new one is inserted, then the old one is removed. So
    /// never two ids have the second factor, and nothing is accepted under the old id from the first
    /// step on. If the call is cut off, neither id may have it: repeat the call with the same ids, and
    /// let only one server move an account. A move that was done already is no error.
    ///
    /// Known browsers are forgotten, as their cookies are of the old id.
    ///
    /// The owner of `to` must be the owner of `from`. The library can't know that.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, account::Actor, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, bob: &Actor) -> Result<(), Box<dyn std::error::Error>> {
    /// let (from, to) = (AccountId::new("alice@example.com")?, AccountId::new("user-4711")?);
    /// mfa.danger_move_unproven(bob, &from, &to).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`NotEnrolled`](Error::NotEnrolled) if the old id has no record.
    /// * [`Occupied`](Error::Occupied) if the new id has a record that this move did not make.
    /// * [`Moving`](Error::Moving) if the account is on its way to a third id.
    pub async fn danger_move_unproven(
        &self,
        actor: &Actor,
        from: &AccountId,
        to: &AccountId,
    ) -> Result<(), Error> {
        let Some(old) = self.open_if_there(from).await? else {
            let new = self.open_if_there(to).await?;
            return match new.is_some_and(|new| new.was_moved_from(from)) {
                true => Ok(()),
                false => Err(Error::NotEnrolled),
            };
        };
        if !old.is_moving_to(to) && self.load(to).await?.is_some() {
            return Err(Error::Occupied);
        }
        let freeze = |account: Account, now| account.freeze(actor, to, now);
        self.judge(from, Absent::IsNotEnrolled, freeze).await?;

        for _ in 0..TRIES {
            let Some(stored) = self.load(from).await? else {
                return Ok(());
            };
            let frozen = self.open(from, stored.body())?;
            self.insert(actor, to, frozen).await?;
            if self
                .removes(from, self.clock.now(), stored.version(), &[])
                .await?
            {
                return Ok(());
            }
        }
        Err(Error::Contended)
    }

    /// Inserts the frozen account under its new id, if that was not done before.
    async fn insert(&self, actor: &Actor, to: &AccountId, frozen: Account) -> Result<(), Error> {
        let mark = frozen.move_mark();
        let attempt = frozen.relocate(actor)?;
        if let Some(()) = self.commit(to, self.clock.now(), None, attempt).await? {
            return Ok(());
        }
        match self.open_if_there(to).await? {
            Some(there) if there.was_moved_by(mark) => Ok(()),
            _ => Err(Error::Occupied),
        }
    }

    async fn open_if_there(&self, id: &AccountId) -> Result<Option<Account>, Error> {
        let stored = self.load(id).await?;
        stored
            .map(|stored| self.open(id, stored.body()))
            .transpose()
    }
}
