//! What the checks stand on: handles to the store on test, with answers that are easy to check.

use std::error::Error as StdError;
use std::sync::Barrier;

use crate::account_id::AccountId;
use crate::store::block_on::BlockOn;
use crate::store::contract::{Store, Stored, Swap, Version, tag};

/// A store on test: how to open a handle to it, and how to wait for it.
pub(super) struct Bench<'a, F, R> {
    pub(super) open: &'a F,
    pub(super) runtime: &'a R,
}

/// What was seen, if a law was broken.
pub(super) type Seen = Result<(), String>;

impl<S: Store, F: Fn() -> S, R: BlockOn> Bench<'_, F, R> {
    pub(super) fn open(&self) -> Handle<'_, S, R> {
        Handle {
            store: (self.open)(),
            runtime: self.runtime,
        }
    }
}

/// An open store, with answers that are easy to check.
pub(super) struct Handle<'a, S, R> {
    pub(super) store: S,
    runtime: &'a R,
}

impl<S: Store, R: BlockOn> Handle<'_, S, R> {
    pub(super) fn answer<T>(
        &self,
        future: impl Future<Output = Result<T, S::Error>>,
    ) -> Result<T, String> {
        self.runtime.block_on(future).map_err(|error| {
            let mut seen = format!("the store failed: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                seen = format!("{seen}: {error}");
                cause = error.source();
            }
            seen
        })
    }

    pub(super) fn load(&self, account: &AccountId) -> Result<Option<Stored>, String> {
        self.answer(self.store.load(account))
    }

    pub(super) fn version(&self, account: &AccountId) -> Result<Version, String> {
        Ok(self
            .load(account)?
            .ok_or("no record after a committed swap")?
            .version())
    }

    /// Whether it committed.
    pub(super) fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        body: &[u8],
    ) -> Result<bool, String> {
        match self.answer(self.store.swap(account, expected, body))? {
            Swap::Committed(receipt) if body.len() >= 16 && !receipt.is_for(None, tag(body)) => {
                Err("the receipt is for other bytes".to_owned())
            }
            Swap::Committed(_) => Ok(true),
            Swap::Conflict => Ok(false),
        }
    }

    pub(super) fn remove(&self, account: &AccountId, expected: Version) -> Result<bool, String> {
        Ok(matches!(
            self.answer(self.store.remove(account, expected))?,
            Swap::Committed(_)
        ))
    }

    pub(super) fn commit(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        body: &[u8],
    ) -> Seen {
        ensure(self.swap(account, expected, body)?, || {
            format!(
                "{}: a swap that expected what is there ({expected:?}) lost",
                shown(account.as_str())
            )
        })
    }

    pub(super) fn expect_body(&self, account: &AccountId, body: &[u8], when: &str) -> Seen {
        match self.load(account)? {
            None => Err(format!("{when}: no record")),
            Some(stored) => ensure(stored.body() == body, || {
                format!("{when}: the record holds other bytes")
            }),
        }
    }
}

/// Runs the call on every handle at once, each on its thread.
pub(super) fn race<S: Store, R: BlockOn + Sync>(
    handles: &[Handle<'_, S, R>],
    call: impl Fn(usize, &Handle<'_, S, R>) -> Result<bool, String> + Sync,
) -> Result<Vec<bool>, String> {
    let start = Barrier::new(handles.len());
    std::thread::scope(|scope| {
        let racers: Vec<_> = handles
            .iter()
            .enumerate()
            .map(|(number, handle)| {
                let (start, call) = (&start, &call);
                scope.spawn(move || {
                    start.wait();
                    call(number, handle)
                })
            })
            .collect();
        // All are joined before any answer is looked at: the scope panics for one that panicked and was not.
        let joined: Vec<_> = racers.into_iter().map(|racer| racer.join()).collect();
        joined
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|_| Err("the store panicked".to_owned())))
            .collect()
    })
}

/// Walks over all accounts, so many at a time.
pub(super) fn pages(
    list: &impl Fn(Option<&AccountId>, usize) -> Result<Vec<AccountId>, String>,
    limit: usize,
) -> Result<Vec<AccountId>, String> {
    let mut listed: Vec<AccountId> = Vec::new();
    loop {
        let page = list(listed.last(), limit)?;
        ensure(page.len() <= limit, || {
            format!("a page of {limit} holds {}", page.len())
        })?;
        if page.is_empty() {
            return Ok(listed);
        }
        ensure(page.first() > listed.last(), || {
            "a page begins before the last one's end".to_owned()
        })?;
        listed.extend(page);
    }
}

/// Ids that text columns, collations, trimming, normalization and key formats take for one another.
pub(super) fn odd_ids() -> Vec<String> {
    let long = "x".repeat(AccountId::MAX_LEN);
    let long_two = format!("{}y", "x".repeat(AccountId::MAX_LEN.saturating_sub(1)));
    let wide = "\u{10ffff}".repeat(AccountId::MAX_LEN / 4);
    #[rustfmt::skip] // one line would be one id
    let odd = [
        "a", "A", "aa", "a ", " a", "a\0", "\0a", "\0", "a\n", "a/b", "a\\b", "a:b", "a%", "a_",
        "{a}", "}a{", "%61", "1", "01", "1.0", "+1", "-", "+", "(a", "[a", "'; DROP TABLE x; --",
        "\"", "\u{e9}", "e\u{301}", "\u{430}", "\u{ff41}", "\u{df}", "ss", "i", "\u{131}",
        "\u{130}", "\u{200b}a", "\u{feff}a", "\u{202e}a", "\u{ffff}", "\u{10000}", "null",
    ];
    odd.into_iter()
        .map(str::to_owned)
        .chain([long, long_two, wide])
        .collect()
}

/// An id as it can be told, however odd or long.
pub(super) fn shown(id: &str) -> String {
    match id.char_indices().nth(24) {
        Some((end, _)) => format!(
            "{:?}.. ({} bytes)",
            id.get(..end).unwrap_or_default(),
            id.len()
        ),
        None => format!("{id:?}"),
    }
}

pub(super) fn account(id: &str) -> Result<AccountId, String> {
    AccountId::new(id).map_err(|error| error.to_string())
}

pub(super) fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Seen {
    if holds { Ok(()) } else { Err(seen()) }
}
