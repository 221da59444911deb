//! The second factor inside the application's own transaction: `Account` without `Mfa` and without a store.
//!
//! ```sh
//! cargo run --example own_transaction
//! ```
//!
//! Here it is SQLite; `examples/own_transaction_postgres` is the same for a database with many connections, where the
//! transaction is a closure.
//!
//! For applications whose user and whose second factor must change together: here a user row is never without its second
//! factor, and each submission of a code stands in the audit log, in the transaction that charged it.
//!
//! What you take over from the library then, in this order:
//! 1. Begin a transaction that has the write lock before it reads (`BEGIN IMMEDIATE`, `SELECT .. FOR UPDATE`).
//! 2. Read the record, judge, seal, write. A refusal that comes at once, as an error, changes nothing in the record.
//!    `Denial::event` is what to log of it.
//! 3. The write compares with the bytes that were read, and must have changed one row. Otherwise another login was first:
//!    roll back. Without the comparison all of them get in, as soon as somebody forgets the lock.
//! 4. Commit, whatever the verdict may be: it can't be read yet, and a wrong code must be charged.
//! 5. Only then attest the commit, read the verdict, and tell what has happened: some of it the owner must hear of.
#![allow(clippy::print_stdout)] // a program prints

use std::error::Error as StdError;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use secondfactor::account::{Account, Attempt, DeviceId, Enrollment};
use secondfactor::codes::{Clock, SystemClock, Totp};
use secondfactor::store::Committed;
use secondfactor::{
    AccountId, Code, Confirmed, Error, Event, Keyring, Label, SealingKey, Verified,
};

type Outcome<T> = Result<T, Box<dyn StdError>>;

fn main() -> Outcome<()> {
    let mut application = Application::new()?;
    let (user, enrollment) = application.sign_up("alice")?;
    println!("alice signed up; her user row and her second factor came in one transaction.");

    let phone = Totp::new(enrollment.secret()); // we play her phone as well
    let now = SystemClock.now();
    application.confirm(user, enrollment.device(), phone.at(now)?)?;
    println!("Her phone is confirmed.");

    let code = phone.at(now.saturating_add(Duration::from_secs(30)))?;
    let verified = application.log_in(user, code)?;
    println!("She is logged in, by device {}.", verified.device());

    match application.log_in(user, code) {
        Ok(_) => return Err("a code was accepted twice".into()),
        Err(error) => println!("The same code again: {error}."),
    }
    println!(
        "The audit log has {} submissions.",
        application.submissions(user)?
    );
    Ok(())
}

struct Application {
    database: Connection,
    keyring: Keyring,
}

impl Application {
    fn new() -> Outcome<Self> {
        let database = Connection::open_in_memory()?;
        database.execute_batch(
            "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, second_factor BLOB NOT NULL) STRICT;
             CREATE TABLE audit (user INTEGER NOT NULL, what TEXT NOT NULL) STRICT;",
        )?;
        Ok(Self {
            database,
            keyring: Keyring::new(SealingKey::generate()?),
        })
    }

    fn sign_up(&mut self, name: &str) -> Outcome<(i64, Enrollment)> {
        let transaction = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO user (name, second_factor) VALUES (?1, x'')",
            [name],
        )?;
        let user = transaction.last_insert_rowid();
        let attempt =
            Account::new(account_id(user)?).enroll(Label::new("phone")?, SystemClock.now())?;
        Ok((
            user,
            commit(transaction, user, attempt, &[], &self.keyring)?,
        ))
    }

    fn confirm(&mut self, user: i64, device: DeviceId, code: Code) -> Outcome<Confirmed> {
        let transaction = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let loaded = load(&transaction, user)?;
        let account = Account::open(&account_id(user)?, &loaded, &self.keyring)?;
        let attempt = account.confirm(device, code, SystemClock.now())?;
        commit(transaction, user, attempt, &loaded, &self.keyring)
    }

    /// After the password.
    fn log_in(&mut self, user: i64, code: Code) -> Outcome<Verified> {
        let transaction = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let loaded = load(&transaction, user)?;
        let account = Account::open(&account_id(user)?, &loaded, &self.keyring)?;
        match account.verify(code, SystemClock.now()) {
            Ok(attempt) => {
                audit(&transaction, user, "judged")?;
                commit(transaction, user, attempt, &loaded, &self.keyring)
            }
            Err(error) => {
                if let Error::Denied(denial) = &error {
                    audit(
                        &transaction,
                        user,
                        denial.event().map_or("refused", |event| event.code()),
                    )?;
                    transaction.commit()?;
                }
                Err(error.into())
            }
        }
    }

    fn submissions(&self, user: i64) -> Outcome<i64> {
        Ok(self.database.query_row(
            "SELECT count(*) FROM audit WHERE user = ?1",
            [user],
            |row| row.get(0),
        )?)
    }
}

/// A row number, never a name: names may change hands.
fn account_id(user: i64) -> Outcome<AccountId> {
    Ok(AccountId::new(format!("user-{user}"))?)
}

fn audit(transaction: &Transaction<'_>, user: i64, what: &str) -> Outcome<()> {
    transaction.execute(
        "INSERT INTO audit (user, what) VALUES (?1, ?2)",
        (user, what),
    )?;
    Ok(())
}

fn load(transaction: &Transaction<'_>, user: i64) -> Outcome<Vec<u8>> {
    let sql = "SELECT second_factor FROM user WHERE id = ?1";
    Ok(transaction.query_row(sql, [user], |row| row.get(0))?)
}

/// Writes what was judged in the place of what was loaded, commits, and only then reveals.
fn commit<T>(
    transaction: Transaction<'_>,
    user: i64,
    mut attempt: Attempt<T>,
    loaded: &[u8],
    keyring: &Keyring,
) -> Outcome<T> {
    let sealed = attempt.seal(keyring)?;
    let rows = transaction.execute(
        "UPDATE user SET second_factor = ?1 WHERE id = ?2 AND second_factor = ?3",
        (&sealed, user, loaded),
    )?;
    if rows != 1 {
        return Err("another transaction was first".into()); // and this one is rolled back
    }
    transaction.commit()?;
    let receipt = Committed::attest(Some(loaded), &sealed, rows as u64).ok_or("no row")?;
    let tell = |event: &Event| {
        if event.notify_owner() {
            println!("To the owner: {}.", event.code());
        }
    };
    Ok(attempt.reveal_with(receipt, tell)?)
}
