//! For `scripts/one-tree`: the second factor inside a transaction of `diesel`, in one tree and one file with `SqliteStore`.
//!
//! Ends with an error if a rule does not hold.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Barrier;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Binary};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use secondfactor::account::{Account, Attempt};
use secondfactor::codes::{Secret, Totp, UnixTime};
use secondfactor::store::{Committed, SqliteStore};
use secondfactor::{AccountId, Code, Denial, Error, Keyring, Label, SealingKey, Verified};

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("application.db");
    let store = SqliteStore::open(&path)?; // in the same file, by the same SQLite
    let secret = sign_up(&path)?;
    let wrong = wrong_code(&secret)?;

    for _ in 0..20 {
        let denial = refusal(log_in(&path, wrong, Reveal::Inside))?;
        if denial != Denial::Mismatch {
            return Err("the trap is none any longer: say so in the manual".into());
        }
    }
    for round in 0..20 {
        let denial = refusal(log_in(&path, wrong, Reveal::AfterTheCommit))?;
        if matches!(denial, Denial::Throttled { .. }) != (round >= 5) {
            return Err(format!("round {round}: {denial}").into());
        }
    }

    let secret = sign_up(&path)?;
    let code = Totp::new(&secret).at(NOW)?;
    let barrier = Barrier::new(16);
    let let_in = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    log_in(&path, code, Reveal::AfterTheCommit).is_ok()
                })
            })
            .collect();
        logins
            .into_iter()
            .filter_map(|login| login.join().ok())
            .filter(|is_in| *is_in)
            .count()
    });
    if let_in != 1 {
        return Err(format!("{let_in} of 16 logins by one code got in").into());
    }
    drop(store);
    println!("diesel: a wrong code is charged, and of 16 logins by one code 1 got in");
    Ok(())
}

fn connect(path: &Path) -> Outcome<SqliteConnection> {
    let mut connection = SqliteConnection::establish(path.to_str().ok_or("no text")?)?;
    connection.batch_execute("PRAGMA busy_timeout = 60000")?;
    Ok(connection)
}

fn keyring() -> Keyring {
    Keyring::new(SealingKey::from_bytes(&[7; SealingKey::LEN]))
}

fn alice() -> Outcome<AccountId> {
    Ok(AccountId::new("member-1")?)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    second_factor: Vec<u8>,
}

/// What was judged in a transaction, to be read after its commit.
struct Judged<T> {
    attempt: Attempt<T>,
    loaded: Vec<u8>,
    next: Vec<u8>,
    rows: u64,
}

impl<T> Judged<T> {
    fn reveal(self) -> Result<T, Error> {
        let receipt = Committed::attest(Some(&self.loaded), &self.next, self.rows);
        self.attempt.reveal(receipt.ok_or(Error::Contended)?)
    }
}

/// A member with a confirmed phone, in the place of the one before.
fn sign_up(path: &Path) -> Outcome<Secret> {
    let mut connection = connect(path)?;
    connection.batch_execute(
        "CREATE TABLE IF NOT EXISTS member (id INTEGER PRIMARY KEY, second_factor BLOB NOT NULL);
         INSERT OR REPLACE INTO member (id, second_factor) VALUES (1, x'')",
    )?;
    let enrolled = connection.immediate_transaction(|connection| {
        let attempt = Account::new(alice()?).enroll(Label::new("phone")?, NOW)?;
        write(connection, attempt, Vec::new())
    })?;
    let enrollment = enrolled.reveal()?;
    let secret = enrollment.secret().duplicate();
    let code = Totp::new(&secret).at(UnixTime::from_secs(NOW.as_secs() - 30))?;
    let confirmed = connection.immediate_transaction(|connection| {
        let (account, loaded) = load(connection)?;
        write(
            connection,
            account.confirm(enrollment.device(), code, NOW)?,
            loaded,
        )
    })?;
    let _confirmed = confirmed.reveal()?;
    Ok(secret)
}

#[derive(Clone, Copy, PartialEq)]
enum Reveal {
    /// Wrong: the closure takes the verdict for its own failure.
    Inside,
    AfterTheCommit,
}

fn log_in(path: &Path, code: Code, reveal: Reveal) -> Outcome<Verified> {
    let mut connection = connect(path)?;
    let judge = |connection: &mut SqliteConnection| {
        let (account, loaded) = load(connection)?;
        write(connection, account.verify(code, NOW)?, loaded)
    };
    if reveal == Reveal::Inside {
        return connection.immediate_transaction(|connection| Ok(judge(connection)?.reveal()?));
    }
    Ok(connection.immediate_transaction(judge)?.reveal()?)
}

fn load(connection: &mut SqliteConnection) -> Outcome<(Account, Vec<u8>)> {
    let row: Row =
        sql_query("SELECT second_factor FROM member WHERE id = 1").get_result(connection)?;
    let account = Account::open(&alice()?, &row.second_factor, &keyring())?;
    Ok((account, row.second_factor))
}

fn write<T>(
    connection: &mut SqliteConnection,
    mut attempt: Attempt<T>,
    loaded: Vec<u8>,
) -> Outcome<Judged<T>> {
    let next = attempt.seal(&keyring())?;
    let rows = sql_query("UPDATE member SET second_factor = ? WHERE id = ? AND second_factor = ?")
        .bind::<Binary, _>(&next)
        .bind::<BigInt, _>(1)
        .bind::<Binary, _>(&loaded)
        .execute(connection)?;
    if rows != 1 {
        return Err("another transaction was first".into());
    }
    Ok(Judged {
        attempt,
        loaded,
        next,
        rows: rows as u64,
    })
}

fn wrong_code(secret: &Secret) -> Outcome<Code> {
    let totp = Totp::new(secret);
    let near: Result<Vec<Code>, _> = (0..40)
        .map(|step| totp.at(UnixTime::from_secs(NOW.as_secs() - 600 + 30 * step)))
        .collect();
    let near = near?;
    let mut codes = (0..).filter_map(|number| format!("{number:06}").parse::<Code>().ok());
    Ok(codes
        .find(|code| !near.contains(code))
        .ok_or("every code is near")?)
}

fn refusal(verdict: Outcome<Verified>) -> Outcome<Denial> {
    match verdict {
        Err(error) => match *error.downcast::<Error>()? {
            Error::Denied(denial) => Ok(denial),
            other => Err(other.into()),
        },
        Ok(_) => Err("a wrong code got in".into()),
    }
}
