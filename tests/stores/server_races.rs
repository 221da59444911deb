//! Races of several server processes on one PostgreSQL, one MariaDB, one Redis, one SQLite file. What is raced is said in the
//! names.

use std::collections::BTreeSet;

use secondfactor::Mfa;
use secondfactor::codes::ManualClock;

use crate::place::Place;
use crate::server::{Server, rounds};
use crate::support::*;

const SERVERS: usize = 4;

fn servers(place: &Place) -> Vec<Server> {
    (0..SERVERS).map(|_| Server::start(place)).collect()
}

/// Sends to all before it reads an answer.
fn race(servers: &mut [Server], submit: impl Fn(usize, &mut Server)) -> Vec<String> {
    servers
        .iter_mut()
        .enumerate()
        .for_each(|(number, server)| submit(number, server));
    servers.iter_mut().map(Server::answer).collect()
}

fn one_code(place: &Place) {
    let Login { secret, .. } = Login::new(place.open());
    let mut servers = servers(place);
    for round in 0..rounds() {
        let time = NOW.saturating_add(STEP * round);
        let code = code(&secret, time, 0);
        let mut outcomes = race(&mut servers, |_, server| server.verify("alice", time, code));
        outcomes.sort_unstable();
        assert_eq!(
            outcomes,
            ["Replayed", "Replayed", "Replayed", "Verified"],
            "round {round}"
        );
    }
}

/// Each gets a device of its own, none is lost, and one confirmed keeps the label from the others.
fn enroll_at_once(place: &Place) {
    let mfa = Mfa::new(place.open(), keyring()).with_clock(ManualClock::new(NOW));
    let mut servers = servers(place);
    for round in 0..rounds() {
        let id = format!("user-{round}");
        let answers: BTreeSet<String> = race(&mut servers, |_, server| server.enroll(&id))
            .into_iter()
            .collect();
        assert_eq!(answers.len(), SERVERS, "round {round}");

        let status = run(mfa.status(&account(&id))).unwrap();
        let devices: BTreeSet<String> = status
            .devices()
            .iter()
            .map(|device| device.id().to_string())
            .collect();
        let given = answers
            .iter()
            .map(|answer| answer.split_once(' ').unwrap().0.to_owned())
            .collect();
        assert_eq!(devices, given, "round {round}");
        assert!(!status.has_accepted_device());
    }
}

#[test]
fn one_code_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    one_code(&Place::sqlite(&folder.path().join("store.db")));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn one_code_on_postgres() {
    one_code(&Place::postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn one_code_on_redis() {
    one_code(&Place::redis());
}

#[test]
fn enroll_at_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    enroll_at_once(&Place::sqlite(&folder.path().join("store.db")));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn enroll_at_once_on_postgres() {
    enroll_at_once(&Place::postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn enroll_at_once_on_redis() {
    enroll_at_once(&Place::redis());
}

#[test]
fn one_code_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    one_code(&Place::sqlx_sqlite(&folder.path().join("store.db")));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn one_code_on_sqlx_postgres() {
    one_code(&Place::sqlx_postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn one_code_on_sqlx_mariadb() {
    one_code(&Place::sqlx_mariadb());
}

#[test]
fn enroll_at_once_on_sqlx_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    enroll_at_once(&Place::sqlx_sqlite(&folder.path().join("store.db")));
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn enroll_at_once_on_sqlx_postgres() {
    enroll_at_once(&Place::sqlx_postgres());
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn enroll_at_once_on_sqlx_mariadb() {
    enroll_at_once(&Place::sqlx_mariadb());
}
