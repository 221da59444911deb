//! Races of several server processes for what an account remembers beside its codes: guesses, recovery codes, rotations; on
//! one PostgreSQL, one MariaDB, one Redis, one SQLite file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::DeviceId;
use secondfactor::codes::{ManualClock, Secret};
use secondfactor::store::AnyStore;
use secondfactor::{Confirmed, Error, Mfa};

use crate::place::Place;
use crate::server::{Server, rounds};
use crate::support::*;

const SERVERS: usize = 4;

struct Race {
    mfa: Mfa<AnyStore>,
    servers: Vec<Server>,
}

impl Race {
    fn new(place: &Place) -> Self {
        let mfa = Mfa::new(place.open(), keyring()).with_clock(Arc::new(ManualClock::new(NOW)));
        Self {
            mfa,
            servers: (0..SERVERS).map(|_| Server::start(place)).collect(),
        }
    }

    /// A new account for each round, with a phone that the step before `NOW` confirmed.
    fn account(&self, id: &str) -> (DeviceId, Secret, Confirmed) {
        let enrollment = run(self.mfa.enroll(&account(id), label("phone"))).unwrap();
        let secret = enrollment.secret().duplicate();
        let proof =
            run(self
                .mfa
                .confirm(&account(id), enrollment.device(), code(&secret, NOW, -1)))
            .unwrap();
        (enrollment.device(), secret, proof)
    }

    /// Sends `each` commands to every server before it reads an answer, and counts what they say.
    fn run(&mut self, each: usize, submit: impl Fn(usize, &mut Server)) -> BTreeMap<String, usize> {
        let servers = &mut self.servers;
        servers
            .iter_mut()
            .enumerate()
            .for_each(|(number, server)| (0..each).for_each(|_| submit(number, server)));
        let mut counts = BTreeMap::new();
        for server in servers {
            (0..each).for_each(|_| *counts.entry(server.answer()).or_default() += 1);
        }
        counts
    }
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected
        .map(|(answer, count)| (answer.to_owned(), count))
        .into()
}

/// Sixteen guesses by four servers: five are answered, none more.
fn guesses(place: &Place) {
    let mut race = Race::new(place);
    for round in 0..rounds() {
        let id = format!("user-{round}");
        let (_, secret, _) = race.account(&id);
        let wrong = wrong_code(&secret, NOW);
        let answers = race.run(4, |_, server| server.verify(&id, NOW, wrong));
        assert_eq!(
            answers,
            counts([("Mismatch", 5), ("Throttled", 11)]),
            "round {round}"
        );
    }
}

fn one_recovery_code(place: &Place) {
    let mut race = Race::new(place);
    for round in 0..rounds() {
        let id = format!("user-{round}");
        let (_, _, proof) = race.account(&id);
        let codes = run(race.mfa.issue_recovery_codes(&proof, None)).unwrap();
        let code = codes.iter().next().unwrap();
        let answers = race.run(1, |_, server| server.redeem(&id, code));
        assert_eq!(
            answers,
            counts([("Mismatch", 3), ("Recovered", 1)]),
            "round {round}"
        );
        assert_eq!(
            run(race.mfa.status(&account(&id)))
                .unwrap()
                .recovery_codes_left(),
            9
        );
    }
}

/// Sixteen times one form by four servers: each gets the same answer, of one act, or loses to the
/// others all the time. Another form is a replay.
fn one_form(place: &Place) {
    let mut race = Race::new(place);
    for round in 0..rounds() {
        let id = format!("user-{round}");
        let (device, secret, _) = race.account(&id);
        let code = code(&secret, NOW, 0);
        let contended = Error::Contended.to_string();
        for (form, said) in [(1, "Verified"), (2, "Replayed")] {
            let answers = race.run(4, |_, server| server.verify_in(&id, NOW, code, form));
            let count = |answer: &str| answers.get(answer).copied().unwrap_or_default();
            assert!(count(said) > 0, "round {round}: {answers:?}");
            assert_eq!(
                count(said) + count(&contended),
                16,
                "round {round}: {answers:?}"
            );
        }
        let devices = run(race.mfa.devices(&account(&id))).unwrap();
        assert_eq!(
            (devices[0].id(), devices[0].last_used()),
            (device, Some(NOW))
        );
    }
}

/// Two servers confirm the new secret while two verify a code of the old one.
fn rotation_and_login(place: &Place) {
    let mut race = Race::new(place);
    for round in 0..rounds() {
        let id = format!("user-{round}");
        let (device, old, proof) = race.account(&id);
        let new = run(race.mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
        let (of_old, of_new) = (code(&old, NOW, 0), code(new.secret(), NOW, 0));
        let answers = race.run(1, |number, server| match number % 2 {
            0 => server.confirm(&id, new.device(), of_new),
            _ => server.verify(&id, NOW, of_old),
        });
        let count = |answer: &str| answers.get(answer).copied().unwrap_or_default();
        assert_eq!(
            (count("Confirmed"), count("no such device")),
            (1, 1),
            "round {round}: {answers:?}"
        );
        assert!(count("Verified") <= 1, "round {round}: {answers:?}");
        assert_eq!(
            count("Verified") + count("Replayed") + count("Mismatch"),
            2,
            "round {round}: {answers:?}"
        );

        // Whatever came first, the old secret has ended, and both codes are burned.
        for code in [of_old, of_new] {
            assert!(
                matches!(
                    run(race.mfa.verify(&account(&id), code)),
                    Err(Error::Denied(_))
                ),
                "round {round}"
            );
        }
        let devices = run(race.mfa.devices(&account(&id))).unwrap();
        assert_eq!(
            devices.iter().map(|device| device.id()).collect::<Vec<_>>(),
            [new.device()],
            "round {round}"
        );
    }
}

macro_rules! on_every_place {
    ($($race:ident: $sqlite:ident $postgres:ident $redis:ident $sqlx_postgres:ident $sqlx_mariadb:ident;)*) => {$(
        #[test]
        fn $sqlite() {
            let folder = tempfile::tempdir().unwrap();
            $race(&Place::sqlite(&folder.path().join("store.db")));
        }

        #[test]
        #[ignore = "needs a server: scripts/services"]
        fn $postgres() {
            $race(&Place::postgres());
        }

        #[test]
        #[ignore = "needs a server: scripts/services"]
        fn $redis() {
            $race(&Place::redis());
        }

        #[test]
        #[ignore = "needs a server: scripts/services"]
        fn $sqlx_postgres() {
            $race(&Place::sqlx_postgres());
        }

        #[test]
        #[ignore = "needs a server: scripts/services"]
        fn $sqlx_mariadb() {
            $race(&Place::sqlx_mariadb());
        }
    )*};
}

on_every_place! {
    one_form: one_form_on_sqlite one_form_on_postgres one_form_on_redis one_form_on_sqlx_postgres one_form_on_sqlx_mariadb;
    guesses: guesses_on_sqlite guesses_on_postgres guesses_on_redis
        guesses_on_sqlx_postgres guesses_on_sqlx_mariadb;
    one_recovery_code: one_recovery_code_on_sqlite one_recovery_code_on_postgres one_recovery_code_on_redis
        one_recovery_code_on_sqlx_postgres one_recovery_code_on_sqlx_mariadb;
    rotation_and_login: rotation_and_login_on_sqlite rotation_and_login_on_postgres rotation_and_login_on_redis
        rotation_and_login_on_sqlx_postgres rotation_and_login_on_sqlx_mariadb;
}
