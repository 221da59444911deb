//! Every order across accounts: a move, and a walk that reseals all records while their owners log in.

use std::sync::{Arc, LazyLock};

use secondfactor::account::Account;
use secondfactor::{AccountId, Error, Keyring, SealingKey};

use super::gate::{Gate, Trail, World};
use super::model::{KEYS, Server};
use super::schedule::{Budget, Call, Move, every_order};
use super::walks::{budget, is_whole, print};
use super::{Answer, Count, OWNER, server};
use crate::commands::perform;
use crate::given::Given;
use crate::support::*;

/// Where alice moves.
fn new_id() -> AccountId {
    account("alice-2")
}

/// Somebody else, whose record the old key has sealed too.
static BOB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut enrolled = Account::new(account("bob"))
        .enroll(label("phone"), NOW)
        .unwrap();
    enrolled.seal(&Server::OLD_KEY.keyring()).unwrap()
});

#[derive(Clone, Copy, Debug)]
enum Request {
    /// Of the account with this id.
    Command(&'static str, &'static str),
    /// Over all accounts, by the new key.
    Walk,
}

const MOVE: Request = Request::Command("danger_move_unproven", "alice");

impl Request {
    async fn perform(self, mfa: &secondfactor::Mfa<Arc<Gate>>) -> Answer {
        match self {
            Self::Command(command, id) => perform(command, mfa, &account(id), &OWNER).await,
            Self::Walk => mfa.reseal_batch(None, 10).await.map(|batch| Given {
                shown: format!("{:?}", batch.failures()),
                ..Given::default()
            }),
        }
    }

    /// While keys change, a walk goes to the new one, and the other calls come to a server that still has the old one.
    const fn server(self) -> Server {
        match self {
            Self::Command(..) => Server::OLD_KEY,
            Self::Walk => Server::NEW_KEY,
        }
    }
}

/// What has come of one order, before and after what was cut off is repeated.
struct End<'e> {
    requests: &'e [Request],
    history: Vec<Move>,
    answers: Vec<Option<Answer>>,
    trails: Vec<Trail>,
    world: Arc<World>,
}

impl End<'_> {
    fn story(&self) -> String {
        let Self {
            requests,
            history,
            answers,
            ..
        } = self;
        format!("{requests:?}: {history:?} with {answers:?}")
    }

    /// How many commits have told this, by themselves or as what was cut off.
    fn told(&self, event: &str) -> usize {
        let trails = self.trails.iter().filter(|trail| !trail.commits.is_empty());
        trails
            .filter(|trail| trail.told.iter().any(|told| told.contains(event)))
            .count()
    }

    fn open(&self, id: &AccountId, keyring: &Keyring) -> Option<Result<Account, Error>> {
        let stored = self.world.record(id)?;
        Some(Account::open(id, stored.body(), keyring))
    }

    /// Whether the second factor is there, and not frozen.
    fn is_alive(&self, id: &AccountId) -> bool {
        let account = self.open(id, &Server::NEW_KEY.keyring());
        account.is_some_and(|account| {
            let judged = account.unwrap().verify(OWNER.wrong, NOW);
            !matches!(judged, Err(Error::Moving))
        })
    }

    /// Once more, by another server, and nothing goes wrong.
    fn repeat(&self, request: Request) -> (Answer, Vec<String>) {
        let (gate, mfa) = server(&self.world, request.server());
        let mut call = Call::new(&gate, request.perform(&mfa));
        let answer = call.finish();
        drop(call);
        let told = gate.trail().told.clone();
        (answer, told)
    }
}

fn walk(requests: &[Request], budget: Budget, check: impl Fn(&End<'_>)) -> u64 {
    every_order(budget, |way| {
        let world = Arc::new(World::new());
        world.put(&alice(), &OWNER.record);
        world.put(&account("bob"), &BOB);
        let asked = requests
            .iter()
            .map(|request| server(&world, request.server()));
        let (gates, servers): (Vec<_>, Vec<_>) = asked.unzip();
        let begin = |n: usize| Call::new(&gates[n], requests[n].perform(&servers[n]));
        let mut calls: Vec<_> = (0..servers.len()).map(begin).collect();
        let history = way.go(&world, &mut calls);
        let answers = calls.into_iter().map(|call| call.answer).collect();
        let trails = gates.iter().map(|gate| gate.trail().clone()).collect();
        check(&End {
            requests,
            history,
            answers,
            trails,
            world,
        });
    })
}

/// Never two ids have the second factor, no code works under both, and a move that was cut off can be repeated.
fn check_move(end: &End<'_>) {
    let acts = end.told("Verified {") + end.told("Recovered {");
    assert!(acts <= 1, "{acts} acts with one code: {}", end.story());
    let both = end.is_alive(&alice()) && end.is_alive(&new_id());
    assert!(!both, "both ids are alive: {}", end.story());

    let was_there = end.world.record(&alice()).is_some() || end.world.record(&new_id()).is_some();
    let (answer, told) = end.repeat(MOVE);
    assert_eq!(
        answer.is_ok(),
        was_there,
        "{answer:?}, repeated: {}",
        end.story()
    );
    assert!(end.world.record(&alice()).is_none(), "{}", end.story());
    assert_eq!(end.is_alive(&new_id()), was_there, "{}", end.story());
    let trails = end.trails.iter().flat_map(|trail| &trail.told);
    let told: Vec<&String> = trails.chain(&told).collect();
    for event in ["MovedAway {", "MovedHere {"] {
        let (cut_off, told): (Vec<&String>, Vec<&String>) = (told.iter())
            .filter(|told| told.contains(event))
            .partition(|told| told.contains("Interrupted {"));
        let is_told = told.len() == 1 || told.is_empty() && !(was_there && cut_off.is_empty());
        assert!(is_told, "{event} {told:?}, {cut_off:?}: {}", end.story());
    }

    let commands = end.requests.iter().filter(|request| match request {
        Request::Command(command, _) => ["verify", "danger_move_unproven"].contains(command),
        Request::Walk => false,
    });
    if commands.count() == end.requests.len() {
        let (answer, _) = end.repeat(Request::Command("verify", "alice-2"));
        assert_eq!(
            answer.is_ok(),
            acts == 0,
            "{answer:?}, in the end: {}",
            end.story()
        );
    }
}

/// A walk loses nothing of what others write meanwhile. When it has come to its end once more, the old key can go.
fn check_walk(end: &End<'_>) {
    let acts = end.told("Verified {");
    assert!(acts <= 1, "{acts} acts with one code: {}", end.story());
    for (request, answer) in end.requests.iter().zip(&end.answers) {
        if let (Request::Walk, Some(Ok(given))) = (request, answer) {
            let is_cut = given.shown.contains("Store(");
            assert!(
                given.shown == "[]" || is_cut,
                "{}: {}",
                given.shown,
                end.story()
            );
        }
    }
    let bob = end.world.record(&account("bob")).is_some();
    let (answer, _) = end.repeat(Request::Walk);
    assert_eq!(answer.unwrap().shown, "[]", "{}", end.story());
    let new_alone = Keyring::new(SealingKey::from_bytes(&KEYS[1]));
    for id in [alice(), account("bob")] {
        if let Some(opened) = end.open(&id, &new_alone) {
            opened.unwrap();
        }
    }
    assert_eq!(
        end.world.record(&account("bob")).is_some(),
        bob,
        "{}",
        end.story()
    );
    let (answer, _) = end.repeat(Request::Command("verify", "alice"));
    assert_eq!(
        answer.is_ok(),
        acts == 0,
        "{answer:?}, in the end: {}",
        end.story()
    );
}

fn walk_each(what: &str, sets: &[&[Request]], budget: Budget, check: impl Fn(&End<'_>)) {
    let orders: u64 = sets.iter().map(|set| walk(set, budget, &check)).sum();
    let ends = usize::try_from(orders).unwrap(); // they are not compared
    print(what, sets.len(), budget, Count { orders, ends });
}

const fn old(command: &'static str) -> Request {
    Request::Command(command, "alice")
}

const fn new(command: &'static str) -> Request {
    Request::Command(command, "alice-2")
}

/// Faults take long without optimization.
fn one_if_whole() -> Budget {
    budget(usize::from(is_whole()), 0)
}

#[test]
fn an_account_that_moves_is_never_at_two_places() {
    let logins: [&[Request]; 4] = [
        &[MOVE, old("verify")],
        &[MOVE, new("verify")],
        &[MOVE, old("reseal")],
        &[MOVE, old("opt_out")],
    ];
    walk_each("moves alone", &[&[MOVE]], budget(2, 0), check_move);
    walk_each("moves and others", &logins, one_if_whole(), check_move);
    if is_whole() {
        let both = ["verify", "redeem"].map(|command| [MOVE, old(command), new(command)]);
        let both = both.each_ref().map(<[Request; 3]>::as_slice);
        walk_each("moves and both ids", &both, budget(0, 0), check_move);
    }
}

#[test]
fn a_walk_that_reseals_loses_nothing() {
    let with = |request| [Request::Walk, request];
    let out = Request::Command("danger_opt_out_unproven", "bob");
    let (verify, out) = (with(old("verify")), with(out));
    walk_each(
        "walks and others",
        &[&verify, &out],
        one_if_whole(),
        check_walk,
    );
    if is_whole() {
        let three = [Request::Walk, old("verify"), old("reseal")];
        let sets: [&[Request]; 2] = [&[Request::Walk; 2], &three];
        walk_each("walks and more", &sets, budget(0, 0), check_walk);
    }
}
