//! One check for each law.

use std::sync::atomic::{AtomicBool, Ordering};

use super::bench::{Bench, Handle, Seen, account, ensure, odd_ids, pages, race, shown};
use crate::account_id::AccountId;
use crate::store::block_on::BlockOn;
use crate::store::contract::{ListAccounts, Store, Stored, Version};

const THREADS: usize = 8;
const RACES: u32 = 40;
const CHAIN: u32 = 100;

impl<S: Store, F: Fn() -> S + Sync, R: BlockOn + Sync> Bench<'_, F, R> {
    pub(super) fn any_bytes(&self) -> Seen {
        let store = self.open();
        let every: Vec<u8> = (0..=u8::MAX).collect();
        let large = every.repeat(1024);
        for (name, body) in [
            ("no bytes", &[][..]),
            ("each byte", &every),
            ("256 KiB", &large),
            ("one NUL", &[0]),
        ] {
            let account = account(&format!("bytes/{name}"))?;
            store.commit(&account, None, body)?;
            store.expect_body(&account, body, name)?;
            let version = store.version(&account)?;
            store.commit(&account, Some(version), b"then other bytes")?;
            let version = store.version(&account)?;
            store.commit(&account, Some(version), body)?;
            store.expect_body(&account, body, name)?;
        }
        Ok(())
    }

    pub(super) fn any_account(&self) -> Seen {
        let store = self.open();
        let ids = odd_ids();
        for id in &ids {
            let account = account(id)?;
            ensure(store.load(&account)?.is_none(), || {
                format!("{}: there before it was written", shown(id))
            })?;
            store.commit(&account, None, id.as_bytes())?;
        }
        for id in &ids {
            let account = account(id)?;
            store.expect_body(&account, id.as_bytes(), &shown(id))?;
            let version = store.version(&account)?;
            ensure(store.remove(&account, version)?, || {
                format!("{}: not removed", shown(id))
            })?;
            ensure(store.load(&account)?.is_none(), || {
                format!("{}: there after its remove", shown(id))
            })?;
        }
        Ok(())
    }

    pub(super) fn conflict_changes_nothing(&self) -> Seen {
        let store = self.open();
        let account = account("conflict")?;
        let wrong = [0, 1, 2, 1 << 32, 1 << 53, 1 << 63, u64::MAX].map(Version::new);
        for expected in wrong {
            ensure(!store.swap(&account, Some(expected), b"x")?, || {
                "a swap of no record committed".to_owned()
            })?;
            ensure(!store.remove(&account, expected)?, || {
                "a remove of no record committed".to_owned()
            })?;
            ensure(store.load(&account)?.is_none(), || {
                "a lost swap made a record".to_owned()
            })?;
        }
        store.commit(&account, None, b"old")?;
        let old = store.version(&account)?;
        store.commit(&account, Some(old), b"new")?;
        let before = store.load(&account)?;
        let version = store.version(&account)?;

        let others = wrong
            .into_iter()
            .filter(|other| *other != version)
            .map(Some)
            .chain([None, Some(old)]);
        for expected in others {
            ensure(!store.swap(&account, expected, b"x")?, || {
                format!("a swap that expected {expected:?} committed")
            })?;
            if let Some(expected) = expected {
                ensure(!store.remove(&account, expected)?, || {
                    format!("a remove that expected {expected:?} committed")
                })?;
            }
            ensure(store.load(&account)? == before, || {
                "a lost swap changed the record".to_owned()
            })?;
        }
        // The winner's version is still the one to expect.
        store.commit(&account, Some(version), b"newer")
    }

    pub(super) fn versions_increase(&self) -> Seen {
        let handles = [self.open(), self.open()];
        let account = account("versions")?;
        let mut used: Vec<Version> = Vec::new();
        for store in handles.iter().cycle().take(6) {
            for expect_record in [false, true, true] {
                let expected = used.last().copied().filter(|_| expect_record);
                store.commit(&account, expected, b"x")?;
                let version = store.version(&account)?;
                if let Some(last) = used.last().filter(|last| **last >= version) {
                    return Err(format!("{version:?} came after {last:?}"));
                }
                used.push(version);
            }
            let last = used.last().copied().unwrap_or(Version::new(0));
            ensure(store.remove(&account, last)?, || {
                "the record's own version did not remove it".to_owned()
            })?;
            for stale in &used {
                ensure(!store.swap(&account, Some(*stale), b"x")?, || {
                    format!("{stale:?} swapped after a remove")
                })?;
            }
        }
        Ok(())
    }

    pub(super) fn commits_alone(&self) -> Seen {
        let (writer, reader) = (self.open(), self.open());
        let account = account("alone")?;
        writer.commit(&account, None, b"one")?;
        reader.expect_body(
            &account,
            b"one",
            "after the first swap, from another handle",
        )?;
        writer.commit(&account, Some(reader.version(&account)?), b"two")?;
        reader.expect_body(
            &account,
            b"two",
            "after the second swap, from another handle",
        )?;
        // A write that waits for a transaction of the first handle would fail here, or wait for ever.
        reader.commit(&account, Some(reader.version(&account)?), b"three")?;
        writer.expect_body(&account, b"three", "after another handle's swap")
    }

    pub(super) fn load_sees_swaps(&self) -> Seen {
        let handles = [self.open(), self.open(), self.open()];
        let account = account("seen")?;
        let mut expected = None;
        for (round, writer) in handles.iter().cycle().take(12).enumerate() {
            let body = round.to_be_bytes();
            for reader in &handles {
                reader.load(&account)?; // what it remembers must not be what it answers next
            }
            writer.commit(&account, expected, &body)?;
            for reader in &handles {
                reader.expect_body(&account, &body, "after a completed swap")?;
            }
            expected = Some(writer.version(&account)?);
        }
        if let (Some(last), [first, others @ ..]) = (expected, &handles) {
            ensure(first.remove(&account, last)?, || {
                "the record's own version did not remove it".to_owned()
            })?;
            for reader in others {
                ensure(reader.load(&account)?.is_none(), || {
                    "a removed record was loaded".to_owned()
                })?;
            }
        }
        Ok(())
    }

    pub(super) fn durable(&self) -> Seen {
        let account = account("durable")?;
        let mut expected = None;
        for round in 0..4_u32 {
            let body = [&[0; 16][..], &round.to_be_bytes()].concat();
            let writer = self.open();
            writer.commit(&account, expected, &body)?;
            drop(writer);
            let reader = self.open();
            reader.expect_body(
                &account,
                &body,
                "from a handle opened after the writer was closed",
            )?;
            expected = Some(reader.version(&account)?);
        }
        Ok(())
    }

    pub(super) fn one_winner(&self) -> Seen {
        let account = account("raced")?;
        let watcher = self.open();
        let handles: Vec<_> = (0..THREADS).map(|_| self.open()).collect();
        for round in 0..RACES {
            let expected = watcher.load(&account)?.map(|stored| stored.version());
            let removes = |number: usize| round % 5 == 4 && number % 2 == 1;
            let wins = race(&handles, |number, store| match expected {
                Some(expected) if removes(number) => store.remove(&account, expected),
                _ => store.swap(&account, expected, &body(round, number)),
            })?;
            let winners: Vec<usize> = wins
                .iter()
                .enumerate()
                .filter(|(_, won)| **won)
                .map(|(n, _)| n)
                .collect();
            let [winner] = winners[..] else {
                return Err(format!("{} of {THREADS} committed at once", winners.len()));
            };
            match watcher.load(&account)? {
                None if removes(winner) => {}
                Some(stored) if !removes(winner) && stored.body() == body(round, winner) => {}
                _ => return Err("the record is not the winner's".to_owned()),
            }
        }
        Ok(())
    }

    /// Writers count up in the body, one by one, while readers watch: none may be lost, torn or seen backwards.
    pub(super) fn linearizable(&self) -> Seen {
        let account = account("chain")?;
        let watcher = self.open();
        watcher.commit(&account, None, &numbered(0))?;
        let handles: Vec<_> = (0..THREADS).map(|_| self.open()).collect();
        let done = AtomicBool::new(false);
        race(&handles, |number, store| {
            if number % 2 == 1 {
                return watch(store, &account, &done);
            }
            let _done = SetWhenDropped(&done);
            count_up(store, &account)
        })?;
        let last = watcher.load(&account)?;
        let count = last.as_ref().and_then(number);
        ensure(count == Some(CHAIN), || {
            format!("after {CHAIN} swaps, one by one, the record says {count:?}")
        })
    }
}

/// Goes on until it is done, whoever counts. A swap is lost only to another that won, so a writer loses no more often
/// than the chain is long; a store may give way for its own reasons too, but not for ever.
fn count_up<S: Store, R: BlockOn>(
    store: &Handle<'_, S, R>,
    account: &AccountId,
) -> Result<bool, String> {
    for _ in 0..CHAIN.saturating_mul(20) {
        let stored = store.load(account)?.ok_or("the record vanished")?;
        let count = number(&stored).ok_or("a load saw half of a swap")?;
        if count >= CHAIN {
            return Ok(true);
        }
        store.swap(
            account,
            Some(stored.version()),
            &numbered(count.saturating_add(1)),
        )?;
    }
    Err("swaps are lost again and again, and nobody gets on".to_owned())
}

/// Also after an error or a panic, or the readers would wait for ever.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn watch<S: Store, R: BlockOn>(
    store: &Handle<'_, S, R>,
    account: &AccountId,
    done: &AtomicBool,
) -> Result<bool, String> {
    let mut last: Option<(u32, Version)> = None;
    while !done.load(Ordering::Acquire) {
        let stored = store.load(account)?.ok_or("the record vanished")?;
        let seen = (
            number(&stored).ok_or("a load saw half of a swap")?,
            stored.version(),
        );
        let in_order = last.is_none_or(|last| last == seen || (last.0 < seen.0 && last.1 < seen.1));
        ensure(in_order, || format!("a load saw {seen:?} after {last:?}"))?;
        last = Some(seen);
    }
    Ok(false)
}

impl<S: ListAccounts, F: Fn() -> S + Sync, R: BlockOn + Sync> Bench<'_, F, R> {
    pub(super) fn listing(&self) -> Seen {
        let store = self.open();
        let list = |after: Option<&AccountId>, limit| {
            store.answer(store.store.list_accounts(after, limit))
        };
        let before = pages(&list, 7)?;
        let mut ids = odd_ids()
            .iter()
            .map(|id| account(id))
            .collect::<Result<Vec<_>, _>>()?;
        // No account's, but it is kept and listed like theirs.
        ids.push(AccountId::beacon());
        for account in &ids {
            store.commit(account, None, b"x")?;
        }
        ids.sort_unstable();
        for limit in [1, 3, ids.len(), usize::MAX] {
            let listed = pages(&list, limit)?;
            let ours: Vec<AccountId> = listed
                .iter()
                .filter(|account| !before.contains(account))
                .cloned()
                .collect();
            ensure(listed.is_sorted(), || {
                format!("pages of {limit} are out of order")
            })?;
            ensure(ours == ids, || {
                format!(
                    "pages of {limit} list {} of {} accounts",
                    ours.len(),
                    ids.len()
                )
            })?;
        }
        ensure(list(None, 0)?.is_empty(), || {
            "no account was asked for, and some came".to_owned()
        })?;
        self.listing_after_a_remove(&before, &ids)
    }

    fn listing_after_a_remove(&self, before: &[AccountId], ids: &[AccountId]) -> Seen {
        let store = self.open();
        let list = |after: Option<&AccountId>, limit| {
            store.answer(store.store.list_accounts(after, limit))
        };
        let Some((first, rest)) = ids.split_first() else {
            return Ok(());
        };
        ensure(store.remove(first, store.version(first)?)?, || {
            "an account was not removed".to_owned()
        })?;
        ensure(!pages(&list, 5)?.contains(first), || {
            "a removed account is listed".to_owned()
        })?;
        let after = list(Some(first), 1)?;
        let next = before
            .iter()
            .chain(rest)
            .filter(|account| *account > first)
            .min();
        ensure(after.first() == next, || {
            "a removed account can't be gone on after".to_owned()
        })
    }
}

pub(super) fn errors_are_errors<S: Store, R: BlockOn>(store: &S, runtime: &R) -> Seen {
    let account = account("failing")?;
    ensure(runtime.block_on(store.load(&account)).is_err(), || {
        "a load answered".to_owned()
    })?;
    for expected in [None, Some(Version::new(1))] {
        ensure(
            runtime
                .block_on(store.swap(&account, expected, b"x"))
                .is_err(),
            || "a swap answered".to_owned(),
        )?;
    }
    ensure(
        runtime
            .block_on(store.remove(&account, Version::new(1)))
            .is_err(),
        || "a remove answered".to_owned(),
    )
}

fn body(round: u32, number: usize) -> Vec<u8> {
    format!("the body of racer {number} in round {round}").into_bytes()
}

/// A number many times over: half of another one would show.
fn numbered(number: u32) -> Vec<u8> {
    number.to_be_bytes().repeat(64)
}

fn number(stored: &Stored) -> Option<u32> {
    let first = stored
        .body()
        .first_chunk()
        .copied()
        .map(u32::from_be_bytes)?;
    (stored.body() == numbered(first)).then_some(first)
}
