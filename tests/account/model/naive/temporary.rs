//! A temporary code: a set of one, until a moment of the stopwatch.

use secondfactor::account::VouchedBy;

use super::{Identity, Lived, Naive, Recovery, Said, Verdict, Wrong};

#[derive(Clone, Debug)]
pub(crate) struct Temporary {
    pub(crate) set: Recovery,
    pub(crate) until: Lived,
}

impl Naive {
    pub(crate) fn issue_temporary(&mut self, lifetime: u64, now: u64) -> Verdict {
        self.judge(now, |naive| {
            if !naive.was_confirmed {
                return Said::NotEnrolled.into();
            }
            if !(1..=24 * 3600).contains(&lifetime) {
                return Said::TemporaryLifetime.into();
            }
            naive.temporary = Some(Temporary {
                set: Recovery {
                    identity: Identity::new(),
                    vouched_by: VouchedBy::Operator,
                    issued: now,
                    left: vec![None],
                    redemptions: Vec::new(),
                    wrong: Wrong::default(),
                    is_void: false,
                    answered: None,
                },
                until: naive.lived + Lived::from(lifetime),
            });
            Said::Yes.into()
        })
    }

    pub(crate) fn withdraw_temporary(&mut self, now: u64) -> Verdict {
        self.judge(now, |naive| match naive.temporary.take() {
            Some(_) => Said::Yes.into(),
            None => Said::NoTemporaryCode.into(),
        })
    }

    pub(super) fn has_redeemed_temporary(&self, identity: Identity) -> bool {
        let temporary = self.temporary.as_ref();
        temporary.is_some_and(|one| one.set.redemptions.contains(&identity))
    }

    /// The recovery codes, and the temporary one.
    pub(crate) fn sets(&mut self) -> impl Iterator<Item = &mut Recovery> {
        let temporary = self.temporary.iter_mut().map(|one| &mut one.set);
        self.recovery.iter_mut().chain(temporary)
    }
}
