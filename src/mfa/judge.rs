//! The one loop behind every call: load, open, judge, seal, swap, reveal.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::account::{Account, Attempt, Error, Event, Origin, Policy, Proof};
use crate::account_id::AccountId;
use crate::codes::{Clock, SystemClock, UnixTime};
use crate::sealing::Keyring;
use crate::store::{Store, Stored, Swap, Version};

/// A command is judged again so many times, if another one won the swap.
///
/// Each loss is another submission's commit on the same account, so one of them always succeeds.
/// Guessers can commit a few at once before they are locked. An owner who loses to all of these
/// tries again, and the guessers can't.
pub(super) const TRIES: usize = 8;

/// Runs the second factor of every account in a store.
///
/// Every call loads the record, opens it, judges, seals, and swaps. The verdict is revealed only
/// when its swap has won. So of any number of submissions of one code, on any number of servers,
/// exactly one succeeds. The futures run under any runtime.
/// [`blocking::Mfa`](crate::mfa::blocking::Mfa) is for programs without one.
///
/// Whatever changes a second factor takes a fresh [`Proof`] of it: a [`Verified`](crate::Verified),
/// or what [`redeem`](Self::redeem) or [`confirm`](Self::confirm) returned. The calls that an
/// operator makes without one are named `danger_`.
///
/// ```
/// use secondfactor::{AccountId, Keyring, Label, Mfa, SealingKey, store::MemoryStore};
/// # use secondfactor::codes::{Clock, SystemClock, Totp};
///
/// # pollster::block_on(async {
/// let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?));
/// let alice = AccountId::new("alice")?;
///
/// let enrollment = mfa.enroll(&alice, Label::new("phone")?).await?;
/// let uri = enrollment.key_uri("Example", "alice@example.com"); // shown once, as a QR code
/// # let code = Totp::new(enrollment.secret()).at(SystemClock.now())?;
/// let confirmed = mfa.confirm(&alice, enrollment.device(), code).await?;
/// let recovery_codes = mfa.issue_recovery_codes(&confirmed, None).await?; // shown once, to be printed
///
/// // At the next login, after the password, with the next code:
/// # let code = Totp::new(enrollment.secret()).at(SystemClock.now().saturating_add(std::time::Duration::from_secs(30)))?;
/// let verified = mfa.verify(&alice, code).await?;
/// assert_eq!(verified.account(), &alice);
/// assert!(mfa.verify(&alice, code).await.is_err()); // a code works once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// Each method names its own errors. Every call that reads or writes a record may also return
///
/// * [`Error::Store`] if the store fails, and [`Error::Contended`] if others change the record all
///   the time,
/// * [`Error::Seal`] or [`Error::Record`] if the stored record does not open or makes no sense,
/// * [`Error::Rng`] if there are no random bytes to seal it again.
///
/// A call by a proof, or by an operator, is [`Error::NotEnrolled`] if the account has no record. Where several errors
/// apply, that of the proof comes first: whether it is fresh, then whether it stands. A grace, a lifetime or a length of
/// trust that is out of range comes next, then what the record says of a device, a browser or a set.
///
/// A refused call writes nothing, except that a wrong code is charged, and that the server's clock went back
/// ([`Event::ClockRegressed`](crate::Event::ClockRegressed)).
///
/// [`Error::fault`] says who can do something about it. None of them lets anybody in.
pub struct Mfa<S> {
    pub(super) store: S,
    pub(super) keyring: Keyring,
    pub(super) clock: Box<dyn Clock>,
    policy: Policy,
    on_event: Vec<Box<OnEvent>>,
    pub(super) accounts_at_once: usize,
}

/// A walk leaves room for logins in a store's pool, which has 10 to 20 connections as a rule.
const ACCOUNTS_AT_ONCE: usize = 8;

type OnEvent = dyn Fn(&AccountId, UnixTime, &Event, Option<&Origin>) + Send + Sync;

/// Names the account that a call is about, and where the call came from.
#[derive(Clone, Copy)]
pub(super) struct Whose<'w> {
    pub(super) id: &'w AccountId,
    origin: Option<&'w Origin>,
}

impl<'w> Whose<'w> {
    pub(super) const fn from(id: &'w AccountId, origin: Option<&'w Origin>) -> Self {
        Self { id, origin }
    }

    pub(super) const fn of_proof(proof: &'w Proof) -> Self {
        Self::from(proof.account(), proof.origin())
    }
}

impl<'w> From<&'w AccountId> for Whose<'w> {
    fn from(id: &'w AccountId) -> Self {
        Self { id, origin: None }
    }
}

impl<S: Store> Mfa<S> {
    /// Makes the second factor over a store, with the system's clock and the default policy. The
    /// keyring seals its records.
    #[must_use]
    pub fn new(store: S, keyring: Keyring) -> Self {
        Self {
            store,
            keyring,
            clock: Box::new(SystemClock),
            policy: Policy::DEFAULT,
            on_event: Vec::new(),
            accounts_at_once: ACCOUNTS_AT_ONCE,
        }
    }

    /// Replaces the limits.
    ///
    /// ```
    /// # use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
    /// use secondfactor::Policy;
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// let mfa = Mfa::new(MemoryStore::new(), keyring).with_policy(Policy::NIST);
    /// # Ok::<(), secondfactor::codes::RngError>(())
    /// ```
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Replaces the clock, for example by a [`ManualClock`](crate::codes::ManualClock) in tests.
    ///
    /// ```
    /// # use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
    /// use secondfactor::codes::{ManualClock, UnixTime};
    /// use std::sync::Arc;
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// let clock = Arc::new(ManualClock::new(UnixTime::from_secs(1_700_000_000)));
    /// let mfa = Mfa::new(MemoryStore::new(), keyring).with_clock(Arc::clone(&clock));
    /// assert_eq!(mfa.now().as_secs(), 1_700_000_000);
    /// # Ok::<(), secondfactor::codes::RngError>(())
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Adds a handler that gets every event, with its account and time, after it is committed.
    ///
    /// Write a log with it, and tell the owner. It runs before the verdict is returned, so let it
    /// hand over work that takes time. Several handlers are called in the order in which they were
    /// added. If one panics, the others still get the event. See [`Event`] for an example.
    #[must_use]
    pub fn on_event(
        self,
        handler: impl Fn(&AccountId, UnixTime, &Event) + Send + Sync + 'static,
    ) -> Self {
        self.on_event_from(move |account, at, event, _| handler(account, at, event))
    }

    /// Adds a handler as [`on_event`](Self::on_event) does, which gets the [`Origin`] of the call too.
    ///
    /// It is what the application gave with the submission or the proof, or `None`.
    ///
    /// ```
    /// # use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// let mfa = Mfa::new(MemoryStore::new(), keyring).on_event_from(|account, at, event, origin| {
    ///     let from = origin.map(|origin| origin.as_bytes().escape_ascii().to_string());
    ///     println!("{} {account} {} {from:?}", at.as_secs(), event.code());
    /// });
    /// # Ok::<(), secondfactor::codes::RngError>(())
    /// ```
    #[must_use]
    pub fn on_event_from(
        mut self,
        handler: impl Fn(&AccountId, UnixTime, &Event, Option<&Origin>) + Send + Sync + 'static,
    ) -> Self {
        self.on_event.push(Box::new(handler));
        self
    }

    /// Lets a walk over all accounts work on so many of them at once, at least 1; 8 unless set.
    ///
    /// A walk is [`reseal_batch`](Self::reseal_batch) or [`key_usage`](Self::key_usage). Stay below
    /// the number of connections in the store's pool, so that logins find one.
    ///
    /// ```
    /// # use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// let mfa = Mfa::new(MemoryStore::new(), keyring).with_accounts_at_once(32);
    /// # Ok::<(), secondfactor::codes::RngError>(())
    /// ```
    #[must_use]
    pub fn with_accounts_at_once(mut self, count: usize) -> Self {
        self.accounts_at_once = count.max(1);
        self
    }

    /// Returns the time of its clock, for [`Proof::require_within`] and
    /// [`Denial::retry_after`](crate::Denial::retry_after).
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Returns its limits.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    pub(super) async fn judge_proven<T>(
        &self,
        proof: &Proof,
        command: impl Fn(Account, UnixTime) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        self.judge(Whose::of_proof(proof), Absent::IsNotEnrolled, command)
            .await
    }

    /// Loads, judges, commits, and only then reveals.
    pub(super) async fn judge<'w, T>(
        &self,
        whose: impl Into<Whose<'w>>,
        absent: Absent,
        command: impl Fn(Account, UnixTime) -> Result<Attempt<T>, Error>,
    ) -> Result<T, Error> {
        let whose = whose.into();
        for _ in 0..TRIES {
            let stored = self.load(whose.id).await?;
            let account = match (&stored, absent) {
                (Some(stored), _) => self.open(whose, stored.body())?,
                (None, Absent::IsNew) => Account::new(whose.id.clone()).with_policy(self.policy),
                (None, Absent::IsNotEnrolled) => return Err(Error::NotEnrolled),
            };
            let now = self.clock.now();
            let attempt =
                command(account, now).inspect_err(|error| self.tell_refusal(whose, now, error))?;
            let expected = stored.map(|stored| stored.version());
            if let Some(verdict) = self.commit(whose, now, expected, attempt).await? {
                return Ok(verdict);
            }
        }
        Err(Error::Contended)
    }

    /// Seals, swaps, and reveals the verdict, or returns `None` if another one won the swap.
    pub(super) async fn commit<'w, T>(
        &self,
        whose: impl Into<Whose<'w>>,
        now: UnixTime,
        expected: Option<Version>,
        mut attempt: Attempt<T>,
    ) -> Result<Option<T>, Error> {
        let whose = whose.into();
        let sealed = attempt.seal(&self.keyring)?;
        let interruption = self.interruption(whose, now, attempt.events());
        let swap = self.store.swap(whose.id, expected, &sealed).await;
        let swap = swap.map_err(store_error)?;
        interruption.averted();
        match swap {
            Swap::Committed(receipt) => attempt
                .reveal_with(receipt, |event| self.tell(whose, now, event))
                .map(Some),
            Swap::Conflict => Ok(None),
        }
    }

    /// Removes the record if it still has this version, and says whether it had. Its caller tells
    /// the events then.
    pub(super) async fn removes<'w>(
        &self,
        whose: impl Into<Whose<'w>>,
        now: UnixTime,
        version: Version,
        events: &[Event],
    ) -> Result<bool, Error> {
        let whose = whose.into();
        let interruption = self.interruption(whose, now, events);
        let removed = self
            .store
            .remove(whose.id, version)
            .await
            .map_err(store_error)?;
        interruption.averted();
        Ok(matches!(removed, Swap::Committed(_)))
    }

    pub(super) async fn load(&self, id: &AccountId) -> Result<Option<Stored>, Error> {
        self.store.load(id).await.map_err(store_error)
    }

    /// Reads an account that is there, without changing it.
    pub(super) async fn read(&self, id: &AccountId) -> Result<Account, Error> {
        let stored = self.load(id).await?.ok_or(Error::NotEnrolled)?;
        self.open(id, stored.body())
    }

    pub(super) fn open<'w>(
        &self,
        whose: impl Into<Whose<'w>>,
        sealed: &[u8],
    ) -> Result<Account, Error> {
        let whose = whose.into();
        let account = Account::open(whose.id, sealed, &self.keyring);
        let account =
            account.inspect_err(|_| self.tell(whose, self.clock.now(), &Event::Unreadable))?;
        Ok(account.with_policy(self.policy))
    }

    fn tell_refusal(&self, whose: Whose<'_>, now: UnixTime, error: &Error) {
        if let Error::Denied(denial) = error {
            denial
                .event()
                .iter()
                .for_each(|event| self.tell(whose, now, event));
        }
    }
}

impl<S> Mfa<S> {
    const fn interruption<'m>(
        &'m self,
        whose: Whose<'m>,
        now: UnixTime,
        events: &'m [Event],
    ) -> Interruption<'m, S> {
        let mfa = self;
        Interruption {
            mfa,
            whose,
            now,
            events,
        }
    }

    /// Tells every handler. One that panics hides nothing from the others, nor the verdict from the
    /// caller.
    pub(super) fn tell(&self, whose: Whose<'_>, now: UnixTime, event: &Event) {
        let Whose { id, origin } = whose;
        for handler in &self.on_event {
            let _panicked = catch_unwind(AssertUnwindSafe(|| handler(id, now, event, origin)));
        }
    }
}

/// Tells that a write has begun and what it was to tell, if the call is dropped or its store fails
/// before the outcome is known.
struct Interruption<'m, S> {
    mfa: &'m Mfa<S>,
    whose: Whose<'m>,
    now: UnixTime,
    events: &'m [Event],
}

impl<S> Interruption<'_, S> {
    fn averted(self) {
        std::mem::forget(self);
    }
}

impl<S> Drop for Interruption<'_, S> {
    fn drop(&mut self) {
        let events = self.events.to_vec();
        self.mfa
            .tell(self.whose, self.now, &Event::Interrupted { events });
    }
}

/// Says what an account without a record means to a command.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    IsNew,
    IsNotEnrolled,
}

impl<S: fmt::Debug> fmt::Debug for Mfa<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            store,
            keyring,
            policy,
            clock: _,
            on_event: _,
            accounts_at_once: _,
        } = self;
        let mut all = f.debug_struct("Mfa");
        all.field("store", store)
            .field("keyring", keyring)
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

pub(super) fn store_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(error))
}
