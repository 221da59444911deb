//! The second factor inside the application's own transaction, in PostgreSQL, where the transaction is a closure.
//!
//! ```sh
//! cargo run --example own_transaction_postgres --features sqlx-postgres -- postgres://app@localhost/trial
//! ```
//!
//! It makes the tables `member` and `audit` in an empty schema. `users.rs` is what to copy. `own_transaction` lists what
//! you take over from the library then. Two things are easy to get wrong:
//! * The closure returns the attempt and its bytes, and the verdict is read after the commit. Read inside, a wrong code is
//!   an `Err`, so the closure's transaction is rolled back, the charge with it, and a guesser is never throttled.
//! * The write compares with the bytes that were loaded. Without that and without the row's lock, every one of several
//!   logins at once by the same code gets in.
#![allow(clippy::print_stdout)] // a program prints

mod users;

use std::time::Duration;

use secondfactor::codes::{Clock, SystemClock, Totp};
use secondfactor::store::drivers::sqlx::PgPool;
use secondfactor::{Keyring, SealingKey};

use users::{Outcome, Users};

fn main() -> Outcome<()> {
    tokio::runtime::Runtime::new()?.block_on(dialogue())
}

async fn dialogue() -> Outcome<()> {
    let address = std::env::args().nth(1).ok_or("which database?")?;
    let users = Users {
        pool: PgPool::connect(&address).await?,
        keyring: Keyring::new(SealingKey::generate()?),
    };
    users.create_tables().await?;
    let now = SystemClock.now();
    let (alice, enrollment) = users.sign_up("alice", now).await?;
    println!("alice signed up; her row and her second factor came in one transaction.");

    let phone = Totp::new(enrollment.secret()); // we play her phone as well
    users
        .confirm(alice, enrollment.device(), phone.at(now)?, now)
        .await?;
    println!("Her phone is confirmed.");

    let later = now.saturating_add(Duration::from_secs(30));
    let code = phone.at(later)?;
    let verified = users.log_in(alice, code, later).await?;
    println!("She is logged in, by device {}.", verified.device());
    match users.log_in(alice, code, later).await {
        Ok(_) => Err("a code was accepted twice".into()),
        Err(error) => {
            println!("The same code again: {error}.");
            Ok(())
        }
    }
}
