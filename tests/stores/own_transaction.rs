//! The second factor inside the application's own transaction on PostgreSQL: the example's code, raced and mistreated.

use std::sync::Arc;

use secondfactor::account::Account;
use secondfactor::codes::Secret;
use secondfactor::store::Committed;
use secondfactor::store::drivers::sqlx;
use secondfactor::{Code, Denial, Error, Verified};

use crate::place::Place;
use crate::sqlx_pools;
use crate::support::*;
use crate::users::{Outcome, Users, account_id, in_transaction};

/// With a phone that is confirmed.
fn users() -> (Arc<Users>, i64, Secret) {
    let Place::SqlxPostgres { config } = Place::sqlx_postgres() else {
        unreachable!()
    };
    let users = Users {
        pool: sqlx_pools::postgres(&config),
        keyring: keyring(),
    };
    run(async {
        users.create_tables().await.unwrap();
        let (alice, enrollment) = users.sign_up("alice", NOW).await.unwrap();
        let secret = enrollment.secret().duplicate();
        let confirm = users.confirm(alice, enrollment.device(), code(&secret, NOW, -1), NOW);
        let _confirmed = confirm.await.unwrap();
        (Arc::new(users), alice, secret)
    })
}

fn refusal(verdict: Outcome<Verified>) -> Denial {
    match *verdict.unwrap_err().downcast::<Error>().unwrap() {
        Error::Denied(denial) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn a_wrong_code_is_charged_in_a_closure_on_postgres() {
    let (users, alice, secret) = users();
    let wrong = wrong_code(&secret, NOW);
    for round in 0..20 {
        let denial = refusal(run(users.log_in(alice, wrong, NOW)));
        let is_throttled = matches!(denial, Denial::Throttled { .. });
        assert_eq!(is_throttled, round >= 5, "round {round}: {denial:?}");
    }
    let submissions = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM audit");
    let submissions = run(submissions.fetch_one(&users.pool)).unwrap();
    assert_eq!(submissions, 5, "those that were judged");
}

/// What the manual warns of, as it is.
#[test]
#[ignore = "needs a server: scripts/services"]
fn a_verdict_read_inside_the_closure_takes_its_charge_back_on_postgres() {
    let (users, alice, secret) = users();
    let wrong = wrong_code(&secret, NOW);
    for _ in 0..20 {
        let verdict = run(in_transaction(&users.pool, async |connection| {
            let (account, loaded) = users.load(connection, alice).await?;
            let attempt = account.verify(wrong, NOW)?;
            let judged = users.write(connection, alice, loaded, attempt).await?;
            Ok(judged.reveal()?)
        }));
        assert_eq!(refusal(verdict), Denial::Mismatch, "it is never throttled");
    }
}

async fn without_the_lock(users: &Users, alice: i64, code: Code) -> Outcome<Verified> {
    let judged = in_transaction(&users.pool, async |connection| {
        let load = sqlx::query_scalar("SELECT second_factor FROM member WHERE id = $1");
        let loaded: Vec<u8> = load.bind(alice).fetch_one(&mut *connection).await?;
        let account = Account::open(&account_id(alice)?, &loaded, &users.keyring)?;
        let attempt = account.verify(code, NOW)?;
        users.write(connection, alice, Some(loaded), attempt).await
    });
    Ok(judged.await?.reveal()?)
}

fn sixteen_logins<F>(log_in: impl Fn(Arc<Users>, i64, Code) -> F)
where
    F: Future<Output = bool> + Send + 'static,
{
    let (users, alice, secret) = users();
    let code = code(&secret, NOW, 0);
    let logins: Vec<_> = (0..16)
        .map(|_| RUNTIME.spawn(log_in(Arc::clone(&users), alice, code)))
        .collect();
    let let_in = logins
        .into_iter()
        .filter_map(|login| run(login).unwrap().then_some(()));
    assert_eq!(let_in.count(), 1);
}

#[test]
#[ignore = "needs a server: scripts/services"]
fn of_sixteen_logins_by_one_code_one_gets_in_on_postgres() {
    for _ in 0..10 {
        sixteen_logins(
            |users, alice, code| async move { users.log_in(alice, code, NOW).await.is_ok() },
        );
        sixteen_logins(|users, alice, code| async move {
            without_the_lock(&users, alice, code).await.is_ok()
        });
    }
}

/// One row, of the bytes that the account was opened from: anything else reveals nothing.
#[test]
fn a_commit_is_one_row_of_the_bytes_that_were_loaded() {
    let enroll = || Account::new(alice()).enroll(label("phone"), NOW).unwrap();
    let mut attempt = enroll();
    let first = attempt.seal(&keyring()).unwrap();
    for rows in [0, 2, u64::MAX] {
        assert!(Committed::attest(None, &first, rows).is_none());
    }
    let receipt = Committed::attest(Some(&first), &first, 1).unwrap();
    assert!(matches!(
        attempt.reveal(receipt),
        Err(Error::ForeignReceipt)
    ));

    let mut attempt = enroll();
    let first = attempt.seal(&keyring()).unwrap();
    let enrollment = attempt
        .reveal(Committed::attest(None, &first, 1).unwrap())
        .unwrap();
    let confirm = |loaded: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        let account = Account::open(&alice(), &first, &keyring()).unwrap();
        let code = code(enrollment.secret(), NOW, 0);
        let mut attempt = account.confirm(enrollment.device(), code, NOW).unwrap();
        let next = attempt.seal(&keyring()).unwrap();
        attempt.reveal(Committed::attest(loaded(&next).as_deref(), &next, 1).unwrap())
    };
    assert!(matches!(confirm(&|_| None), Err(Error::ForeignReceipt)));
    assert!(matches!(
        confirm(&|next| Some(next.to_vec())),
        Err(Error::ForeignReceipt)
    ));
    assert!(confirm(&|_| Some(first.clone())).is_ok());
}
