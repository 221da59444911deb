//! What is walked: a part at every check, and all of it by `scripts/interleavings`.

use std::io::Write as _;
use std::sync::Mutex;

use super::model::{Request, Server};
use super::schedule::Budget;
use super::{Count, walk};
use crate::commands::{COMMANDS, FIRST_COMMANDS};

type Set = Vec<&'static str>;

/// Browsers, retries and cascades are among them.
const MOST_USED: [&str; 10] = [
    "verify",
    "verify in a form",
    "verify a wrong code in a known browser",
    "redeem",
    "confirm",
    "enroll_another",
    "issue_recovery_codes",
    "rotate",
    "revoke",
    "keep_only",
];

pub(super) const fn budget(faults: usize, clock_moves: usize) -> Budget {
    Budget {
        faults,
        clock_moves,
    }
}

/// Those of alice that are one step on one account.
fn commands() -> Set {
    let moves = "danger_move_unproven";
    COMMANDS.into_iter().filter(|name| *name != moves).collect()
}

/// All sets of so many commands, the same ones too.
fn sets(of: &[&'static str], count: usize) -> Vec<Set> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let with = |at: usize| {
        let rest = sets(&of[at..], count - 1).into_iter();
        rest.map(move |rest| [vec![of[at]], rest].concat())
    };
    (0..of.len()).flat_map(with).collect()
}

/// Walks each of them, as many at once as there are processors.
fn walk_each(what: &str, sets: &[Set], budget: Budget) {
    walk_on(&[Server::NEW_KEY], what, sets, budget);
}

/// The first command of a set is asked of the first server, and so on.
fn walk_on(servers: &[Server], what: &str, sets: &[Set], budget: Budget) {
    let (left, all) = (Mutex::new(sets.iter()), Mutex::new(Count::default()));
    let work = || {
        while let Some(set) = { left.lock().unwrap().next() } {
            let requests: Vec<Request> = (set.iter().zip(servers.iter().cycle()))
                .map(|(command, server)| (*command, *server))
                .collect();
            let Count { orders, ends } = walk(&requests, budget);
            let mut all = all.lock().unwrap();
            all.orders += orders;
            all.ends += ends;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    print(what, sets.len(), budget, all.into_inner().unwrap());
}

/// Says what was walked. A test that passes shows nothing of what it prints, but for what it writes itself.
pub(super) fn print(what: &str, sets: usize, budget: Budget, count: Count) {
    let Budget {
        faults,
        clock_moves,
    } = budget;
    let Count { orders, ends } = count;
    let line = format!(
        "interleavings of {sets} {what}, faults up to {faults}, moves of the clock up to {clock_moves}: \
         {orders} orders, each end checked, {ends} different ones\n"
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Whether everything is walked. That takes long without optimization.
pub(super) fn is_whole() -> bool {
    std::env::var_os("SECONDFACTOR_INTERLEAVINGS").is_some_and(|which| which == "all")
}

#[test]
fn each_pair_is_as_if_one_came_after_the_other() {
    walk_each("pairs of all commands", &sets(&commands(), 2), budget(0, 0));
}

#[test]
fn a_pair_with_a_fault_is_as_if_one_came_after_the_other() {
    let sets = sets(&MOST_USED, 2);
    walk_each("pairs of the most used", &sets, budget(1, 0));
}

#[test]
fn a_pair_whose_clock_moves_is_as_if_one_came_after_the_other() {
    let sets = sets(&MOST_USED, 2);
    walk_each("pairs of the most used", &sets, budget(0, 1));
}

#[test]
fn three_that_send_the_same_are_as_if_one_came_after_the_other() {
    let sets = ["verify", "verify in a form", "verify a replay"].map(|name| vec![name; 3]);
    walk_each("triples of the same", &sets, budget(0, 0));
    let sets = ["verify", "verify in a form"].map(|name| vec![name; 2]);
    walk_each("pairs of the same", &sets, budget(2, 0));
}

#[test]
fn the_first_calls_of_an_account_are_as_if_one_came_after_the_other() {
    let with = ["verify", "redeem", "danger_opt_out_unproven", "reseal"];
    let commands = [&FIRST_COMMANDS[..], &with].concat();
    let mut sets = sets(&commands, 2);
    sets.retain(|set| FIRST_COMMANDS.contains(&set[0]));
    walk_each("pairs on no record", &sets, budget(1, 0));
}

#[test]
fn an_account_that_opts_out_and_in_again_is_another_one() {
    let mut sets = Vec::new();
    for one in ["verify", "redeem", "rename", "opt_out"] {
        for out in ["opt_out", "danger_opt_out_unproven"] {
            sets.extend(FIRST_COMMANDS.map(|first| vec![one, out, first]));
        }
    }
    walk_each("triples with a removal", &sets, budget(0, 0));
}

/// Each key is the active one of one server, and retired at the other.
#[test]
fn servers_with_other_keys_are_as_if_one_came_after_the_other() {
    for servers in [
        [Server::OLD_KEY, Server::NEW_KEY],
        [Server::NEW_KEY, Server::OLD_KEY],
    ] {
        let sets: Vec<Set> = commands().iter().map(|one| vec!["reseal", *one]).collect();
        walk_on(
            &servers,
            "pairs with a reseal, by two keys",
            &sets,
            budget(1, 0),
        );
        let sets = [vec!["verify", "reseal", "reseal"]];
        walk_on(
            &servers,
            "triples with reseals, by two keys",
            &sets,
            budget(0, 0),
        );
    }
}

/// An older release refuses what a newer one has written, and does not write over it.
#[test]
fn servers_of_two_releases_are_as_if_one_came_after_the_other() {
    let servers = [Server::NEXT_RELEASE, Server::NEW_KEY];
    let sets: Vec<Set> = (MOST_USED.iter())
        .flat_map(|newer| MOST_USED.map(|older| vec![*newer, older]))
        .collect();
    walk_on(&servers, "pairs by two releases", &sets, budget(0, 0));
    let sets = ["verify", "redeem", "opt_out", "reseal"].map(|one| vec![one, one, one]);
    walk_on(&servers, "triples by two releases", &sets, budget(0, 0));
}

#[test]
fn all_of_it() {
    if !is_whole() {
        return;
    }
    let (pairs, triples) = (sets(&commands(), 2), sets(&MOST_USED, 3));
    for (faults, clock_moves) in [(1, 0), (0, 1), (2, 0), (1, 1)] {
        walk_each("pairs of all commands", &pairs, budget(faults, clock_moves));
    }
    for (faults, clock_moves) in [(0, 0), (0, 1), (1, 0)] {
        walk_each(
            "triples of the most used",
            &triples,
            budget(faults, clock_moves),
        );
    }
    walk_each(
        "triples of all commands",
        &sets(&commands(), 3),
        budget(0, 0),
    );
    // These take longest.
    let fours = ["verify a replay", "verify", "verify in a form"].map(|name| vec![name; 4]);
    walk_each("fours of the same", &fours, budget(0, 0));
}
