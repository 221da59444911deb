//! An account that gets another id.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secondfactor::account::Fault;
use secondfactor::codes::{ManualClock, Secret};
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Denial, Error, Mfa, RecoveryCode, Verified};

use crate::denial;
use crate::support::*;

#[derive(Debug, thiserror::Error)]
#[error("the line is cut")]
struct Cut;

/// Its nth write from now is lost, or is made without an answer.
#[derive(Default)]
struct Cutting {
    inner: MemoryStore,
    until_cut: AtomicUsize,
    is_made: bool,
}

impl Cutting {
    async fn write(
        &self,
        write: impl Future<Output = Result<Swap, std::convert::Infallible>>,
    ) -> Result<Swap, Cut> {
        let is_cut = self.until_cut.fetch_sub(1, Ordering::SeqCst) == 1;
        if is_cut && !self.is_made {
            return Err(Cut);
        }
        let swap = write.await.unwrap();
        if is_cut { Err(Cut) } else { Ok(swap) }
    }
}

impl Store for Cutting {
    type Error = Cut;

    async fn check(&self) -> Result<Report, Cut> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Cut> {
        Ok(self.inner.load(account).await.unwrap())
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Cut> {
        self.write(self.inner.swap(account, expected, next)).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Cut> {
        self.write(self.inner.remove(account, expected)).await
    }
}

/// An account with a phone and recovery codes that is to move from `alice` to `user-1`.
struct Move {
    mfa: Mfa<Arc<Cutting>>,
    store: Arc<Cutting>,
    clock: Arc<ManualClock>,
    secret: Secret,
    verified: Verified,
    recovery_code: RecoveryCode,
    log: Log,
}

impl Move {
    fn new(is_made: bool) -> Self {
        let store = Arc::new(Cutting {
            until_cut: AtomicUsize::new(1000),
            is_made,
            ..Cutting::default()
        });
        let Login {
            mfa, clock, secret, ..
        } = Login::new(Arc::clone(&store));
        let log = Log::default();
        let mfa = mfa.on_event(log.handler());
        let verified = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
        let codes = run(mfa.issue_recovery_codes(&verified, None)).unwrap();
        let recovery_code = codes.iter().next().unwrap().expose_text().parse().unwrap();
        clock.advance(STEP);
        Self {
            mfa,
            store,
            clock,
            secret,
            verified,
            recovery_code,
            log,
        }
    }

    fn moves(&self) -> Result<(), Error> {
        run(self
            .mfa
            .danger_move_unproven(&operator(), &alice(), &user()))
    }

    fn verify(&self, id: &AccountId, steps: i64) -> Result<(), Error> {
        let verified = run(self.mfa.verify(id, code(&self.secret, NOW, steps)));
        verified.map(|verified| assert_eq!(verified.account(), id))
    }

    fn is_there(&self, id: &AccountId) -> bool {
        run(self.mfa.status(id)).is_ok()
    }
}

fn user() -> AccountId {
    account("user-1")
}

#[test]
fn a_move_takes_the_second_factor_along() {
    let moved = Move::new(false);
    let told = moved.log.events().len();
    moved.moves().unwrap();
    assert!(matches!(moved.verify(&alice(), 1), Err(Error::NotEnrolled)));
    // What was accepted under the old id is no code under the new one.
    assert_eq!(denial(moved.verify(&user(), 0)), Denial::Replayed);
    moved.verify(&user(), 1).unwrap();
    let recovered = run(moved.mfa.redeem(&user(), &moved.recovery_code)).unwrap();
    let _shown = run(moved
        .mfa
        .issue_recovery_codes(&recovered, recovered.recovery_set()))
    .unwrap();
    let events: Vec<_> = moved.log.events().drain(told..).collect();
    let codes: Vec<_> = events.iter().map(|event| event.code()).collect();
    assert_eq!(codes[..2], ["moved_away", "moved_here"]);
    assert!(events[1].notify_owner());
    // The old id is free for somebody else.
    let _shown = run(moved.mfa.enroll(&alice(), label("phone"))).unwrap();
}

#[test]
fn proofs_and_sessions_of_the_old_id_end() {
    let moved = Move::new(false);
    let token = moved.mfa.seal_proof(&moved.verified, b"session").unwrap();
    moved.moves().unwrap();
    let proof = &moved.verified;
    assert!(matches!(
        run(moved.mfa.stands(proof)),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(
        run(moved.mfa.opt_out(proof)),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(
        moved.mfa.open_proof(&user(), b"session", &token),
        Err(Error::Token)
    ));
    assert!(moved.is_there(&user()));
}

#[test]
fn what_ended_with_a_move_does_not_stand_again_after_the_move_back() {
    let moved = Move::new(false);
    let token = moved.mfa.seal_proof(&moved.verified, b"session").unwrap();
    moved.moves().unwrap();
    run(moved
        .mfa
        .danger_move_unproven(&operator(), &user(), &alice()))
    .unwrap();
    let opened = moved.mfa.open_proof(&alice(), b"session", &token).unwrap();
    for proof in [moved.verified.as_ref(), &opened] {
        let refused = run(moved.mfa.stands(proof));
        assert!(matches!(refused, Err(Error::Stale(_))));
        let refused = run(moved.mfa.opt_out(proof));
        assert!(matches!(refused, Err(Error::Stale(_))));
    }
    moved.verify(&alice(), 1).unwrap();
}

#[test]
fn a_move_that_was_done_is_done() {
    let moved = Move::new(false);
    moved.moves().unwrap();
    moved.verify(&user(), 1).unwrap();
    moved.moves().unwrap();
    assert_eq!(denial(moved.verify(&user(), 1)), Denial::Replayed);
    let elsewhere = run(moved
        .mfa
        .danger_move_unproven(&operator(), &alice(), &account("user-2")));
    assert!(matches!(elsewhere, Err(Error::NotEnrolled)));
    // And back, and on.
    run(moved
        .mfa
        .danger_move_unproven(&operator(), &user(), &alice()))
    .unwrap();
    moved.moves().unwrap();
    moved.clock.advance(STEP);
    moved.verify(&user(), 2).unwrap();
}

/// Wherever the call is cut off, no id or one has the second factor, and repeating ends the move.
#[test]
fn a_move_that_was_cut_off_is_repeated() {
    for is_made in [false, true] {
        for write in 1..=3 {
            let moved = Move::new(is_made);
            moved.store.until_cut.store(write, Ordering::SeqCst);
            assert!(matches!(moved.moves(), Err(Error::Store(_))));

            let is_frozen = (write, is_made) != (1, false);
            let is_removed = (write, is_made) == (3, true);
            if is_frozen && !is_removed {
                assert_frozen(&moved);
            }
            let is_inserted = write == 3 || (write, is_made) == (2, true);
            assert_eq!(moved.is_there(&user()), is_inserted, "{write} {is_made}");
            let by_old = moved.verify(&alice(), 1);
            let by_new = moved.verify(&user(), 1);
            assert_eq!(by_old.is_ok(), !is_frozen, "{write} {is_made}");
            assert_eq!(by_new.is_ok(), is_inserted, "{write} {is_made}");

            moved.moves().unwrap();
            assert!(!moved.is_there(&alice()));
            let used = by_old.is_ok() || by_new.is_ok();
            assert_eq!(moved.verify(&user(), 1).is_err(), used, "a code works once");
            moved.clock.advance(STEP);
            moved.verify(&user(), 2).unwrap();
        }
    }
}

/// Nothing is accepted of a frozen account, and nothing changes it.
fn assert_frozen(moved: &Move) {
    let (mfa, proof) = (&moved.mfa, &moved.verified);
    let before = run(moved.store.load(&alice())).unwrap();
    let refused = [
        moved.verify(&alice(), 1),
        run(mfa.redeem(&alice(), &moved.recovery_code)).map(drop),
        run(mfa.enroll(&alice(), label("tablet"))).map(drop),
        run(mfa.enroll_another(proof, label("tablet"))).map(drop),
        run(mfa.issue_recovery_codes(proof, None)).map(drop),
        run(mfa.keep_only(proof, &[])).map(drop),
        run(mfa.opt_out(proof)),
        run(mfa.stands(proof)),
        run(mfa.check_proof(proof)),
        run(mfa.danger_unlock_unproven(&alice(), &operator())),
        run(mfa.danger_move_unproven(&operator(), &alice(), &account("user-2"))),
    ];
    for refusal in refused {
        let error = refusal.unwrap_err();
        assert!(matches!(error, Error::Moving), "{error:?}");
        assert_eq!(error.fault(), Fault::Operator);
    }
    assert_eq!(run(moved.store.load(&alice())).unwrap(), before);
}

#[test]
fn a_frozen_record_is_resealed_and_still_moves() {
    let moved = Move::new(false);
    moved.store.until_cut.store(2, Ordering::SeqCst);
    moved.moves().unwrap_err();
    let new = secondfactor::SealingKey::from_bytes(&[9; 32]);
    let keyring = secondfactor::Keyring::new(new)
        .with_retired(secondfactor::SealingKey::from_bytes(&[7; 32]));
    let mfa = Mfa::new(Arc::clone(&moved.store), keyring).with_clock(Arc::clone(&moved.clock));
    run(mfa.reseal(&alice())).unwrap();
    run(mfa.danger_move_unproven(&operator(), &alice(), &user())).unwrap();
    let _verified = run(mfa.verify(&user(), code(&moved.secret, NOW, 1))).unwrap();
}

#[test]
fn a_move_never_takes_the_place_of_another_account() {
    let moved = Move::new(false);
    let _shown = run(moved.mfa.enroll(&user(), label("phone"))).unwrap();
    assert!(matches!(moved.moves(), Err(Error::Occupied)));
    let onto_itself = run(moved
        .mfa
        .danger_move_unproven(&operator(), &alice(), &alice()));
    assert!(matches!(onto_itself, Err(Error::Occupied)));
    moved.verify(&alice(), 1).unwrap();

    // Somebody takes the id while the move is under way: it waits until they are gone.
    let moved = Move::new(false);
    moved.store.until_cut.store(2, Ordering::SeqCst);
    moved.moves().unwrap_err();
    let _shown = run(moved.mfa.enroll(&user(), label("phone"))).unwrap();
    assert!(matches!(moved.moves(), Err(Error::Occupied)));
    assert_frozen(&moved);
    run(moved.mfa.danger_opt_out_unproven(&user(), &operator())).unwrap();
    moved.moves().unwrap();
    moved.verify(&user(), 1).unwrap();

    assert!(matches!(
        run(moved
            .mfa
            .danger_move_unproven(&operator(), &account("nobody"), &account("user-2"))),
        Err(Error::NotEnrolled)
    ));
    // That somebody else moved there is no move of this account.
    assert!(matches!(
        run(moved
            .mfa
            .danger_move_unproven(&operator(), &account("nobody"), &user())),
        Err(Error::NotEnrolled)
    ));
}
