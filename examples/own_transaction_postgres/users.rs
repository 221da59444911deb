//! Users whose second factor is a column of their own row, in PostgreSQL by way of `sqlx`.

use std::error::Error as StdError;

use secondfactor::account::{Account, Attempt, DeviceId, Enrollment};
use secondfactor::codes::UnixTime;
use secondfactor::store::Committed;
use secondfactor::store::drivers::sqlx::{self, PgConnection, PgPool};
use secondfactor::{AccountId, Code, Confirmed, Error, Event, Keyring, Label, Verified};

pub(crate) type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

pub(crate) struct Users {
    pub(crate) pool: PgPool,
    pub(crate) keyring: Keyring,
}

/// What was judged inside a transaction, to be read after its commit.
pub(crate) struct Judged<T> {
    attempt: Attempt<T>,
    loaded: Option<Vec<u8>>,
    next: Vec<u8>,
    rows: u64,
}

impl Users {
    pub(crate) async fn create_tables(&self) -> Outcome<()> {
        let create = "CREATE TABLE member (id BIGSERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE, second_factor BYTEA);
            CREATE TABLE audit (member BIGINT NOT NULL, what TEXT NOT NULL)";
        sqlx::raw_sql(create).execute(&self.pool).await?;
        Ok(())
    }

    pub(crate) async fn sign_up(&self, name: &str, now: UnixTime) -> Outcome<(i64, Enrollment)> {
        let (member, judged) = in_transaction(&self.pool, async |connection| {
            let insert = sqlx::query_scalar("INSERT INTO member (name) VALUES ($1) RETURNING id");
            let member: i64 = insert.bind(name).fetch_one(&mut *connection).await?;
            let attempt = Account::new(account_id(member)?).enroll(Label::new("phone")?, now)?;
            let judged = self.write(connection, member, None, attempt).await?;
            Ok((member, judged))
        })
        .await?;
        Ok((member, judged.reveal()?))
    }

    pub(crate) async fn confirm(
        &self,
        member: i64,
        device: DeviceId,
        code: Code,
        now: UnixTime,
    ) -> Outcome<Confirmed> {
        let judged = in_transaction(&self.pool, async |connection| {
            let (account, loaded) = self.load(connection, member).await?;
            let attempt = account.confirm(device, code, now)?;
            self.write(connection, member, loaded, attempt).await
        });
        Ok(judged.await?.reveal()?)
    }

    /// After the password.
    pub(crate) async fn log_in(&self, member: i64, code: Code, now: UnixTime) -> Outcome<Verified> {
        let judged = in_transaction(&self.pool, async |connection| {
            let (account, loaded) = self.load(connection, member).await?;
            let audit = sqlx::query("INSERT INTO audit (member, what) VALUES ($1, 'submitted')");
            audit.bind(member).execute(&mut *connection).await?;
            // What is refused at once changes nothing, so it may be rolled back.
            let attempt = account.verify(code, now)?;
            self.write(connection, member, loaded, attempt).await
        });
        // NOT inside the closure: a wrong code is an `Err`, and would take its own charge back.
        Ok(judged.await?.reveal()?)
    }

    /// The row is locked, so that others wait and needn't begin again.
    pub(crate) async fn load(
        &self,
        connection: &mut PgConnection,
        member: i64,
    ) -> Outcome<(Account, Option<Vec<u8>>)> {
        let load = sqlx::query_scalar("SELECT second_factor FROM member WHERE id = $1 FOR UPDATE");
        let loaded: Option<Vec<u8>> = load.bind(member).fetch_one(connection).await?;
        let id = account_id(member)?;
        let account = match &loaded {
            Some(sealed) => Account::open(&id, sealed, &self.keyring)?,
            None => Account::new(id),
        };
        Ok((account, loaded))
    }

    /// Replaces what was loaded, and nothing else. An error rolls back what another one was quicker to replace.
    pub(crate) async fn write<T>(
        &self,
        connection: &mut PgConnection,
        member: i64,
        loaded: Option<Vec<u8>>,
        mut attempt: Attempt<T>,
    ) -> Outcome<Judged<T>> {
        let next = attempt.seal(&self.keyring)?;
        let update = sqlx::query(
            "UPDATE member SET second_factor = $1
             WHERE id = $2 AND second_factor IS NOT DISTINCT FROM $3",
        );
        let update = update.bind(&next).bind(member).bind(&loaded);
        let rows = update.execute(connection).await?.rows_affected();
        if rows != 1 {
            return Err("another transaction was first".into());
        }
        Ok(Judged {
            attempt,
            loaded,
            next,
            rows,
        })
    }
}

impl<T> Judged<T> {
    /// Reads the verdict. Call it after the commit.
    pub(crate) fn reveal(self) -> Result<T, Error> {
        let receipt = Committed::attest(self.loaded.as_deref(), &self.next, self.rows);
        let tell = |event: &Event| {
            if event.notify_owner() {
                println!("To the owner: {}.", event.code());
            }
        };
        self.attempt
            .reveal_with(receipt.ok_or(Error::Contended)?, tell)
    }
}

/// Commits if the closure says `Ok`, as the transactions of `diesel` and `sea-orm` do.
pub(crate) async fn in_transaction<T>(
    pool: &PgPool,
    work: impl AsyncFnOnce(&mut PgConnection) -> Outcome<T>,
) -> Outcome<T> {
    let mut transaction = pool.begin().await?;
    let done = work(&mut transaction).await?; // dropped, it is rolled back
    transaction.commit().await?;
    Ok(done)
}

/// A row number, never a name: names may change hands.
pub(crate) fn account_id(member: i64) -> Outcome<AccountId> {
    Ok(AccountId::new(format!("member-{member}"))?)
}
