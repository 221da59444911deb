//! What the three stores have in common: all but their SQL.

use sqlx::SqlStr;

use crate::account_id::AccountId;
use crate::store::contract::{Stored, Version};
use crate::store::table_names::TableNames;

/// Holds the statements, written once for the names of a store.
pub(super) struct Texts {
    pub(super) load: SqlStr,
    pub(super) list: SqlStr,
    pub(super) update: SqlStr,
    pub(super) insert: SqlStr,
    #[cfg_attr(
        not(any(feature = "sqlx-mysql", feature = "sqlx-sqlite")),
        expect(dead_code, reason = "a sequence is its own floor")
    )]
    pub(super) raise_floor: SqlStr,
    pub(super) remove: SqlStr,
    pub(super) check: SqlStr,
}

/// Returns a statement for these names. They were checked when they were made, and nothing else is
/// put into a text.
pub(super) fn text(names: &TableNames, template: &str) -> SqlStr {
    use sqlx::SqlSafeStr as _;
    let text: std::sync::Arc<str> = names.fill(template).into();
    sqlx::AssertSqlSafe(text).into_sql_str()
}

pub(super) fn key(account: &AccountId) -> &[u8] {
    account.as_str().as_bytes()
}

pub(super) fn stored((version, body): (i64, Vec<u8>)) -> Stored {
    Stored::new(Version::from_signed(version), body)
}

/// Makes a store on a pool. The module that calls it has the SQL as `SCHEMA`, `LOAD`, `LIST`,
/// `UPDATE`, `INSERT`, `RAISE_FLOOR`, `REMOVE`, `CHECK` and `CREATE`, and the functions `prepare`,
/// `fits`, `remove`, `lost_to_another`, `is_demoted` and `findings`.
///
/// No trait of `sqlx` gives the number of changed rows, and no bound says that a connection of any
/// database executes: so this is no generic type.
macro_rules! adapter {
    ($(#[$doc:meta])* $store:ident, $database:ty) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $store {
            pool: sqlx::Pool<$database>,
            names: TableNames,
            texts: std::sync::Arc<Texts>,
            limit: std::time::Duration,
        }

        impl $store {
            /// Makes a store on this pool. It connects at the first call.
            #[must_use]
            pub fn new(pool: sqlx::Pool<$database>) -> Self {
                let names = TableNames::default();
                let texts = std::sync::Arc::new(texts(&names));
                Self { pool, names, texts, limit: limit::DEFAULT }
            }

            /// Sets the names of the tables.
            #[must_use]
            pub fn with_names(self, names: TableNames) -> Self {
                let texts = std::sync::Arc::new(texts(&names));
                Self { names, texts, ..self }
            }

            /// Sets how long a call may take in all, with the wait for a connection. It is 5 seconds
            /// otherwise.
            ///
            /// A call that takes longer ends with an error that has
            /// [`TimeLimit`](crate::store::TimeLimit) among its sources, and its connection is
            /// closed.
            #[must_use]
            pub fn with_time_limit(self, limit: std::time::Duration) -> Self {
                Self { limit, ..self }
            }

            /// Returns the SQL that creates the tables, for applications that run migrations of
            /// their own.
            #[must_use]
            pub fn schema(names: &TableNames) -> String {
                names.fill(SCHEMA)
            }

            /// Creates what [`schema`](Self::schema) names, if it is missing.
            ///
            /// # Errors
            /// [`SqlxError`] if there is no connection, or no right to create it.
            pub async fn create_schema(&self) -> Result<(), SqlxError> {
                self.bounded(async {
                    let mut taken = self.take().await?;
                    let create = CREATE.replace("{SCHEMA}", SCHEMA);
                    sqlx::raw_sql(text(&self.names, &create)).execute(taken.get()?).await?;
                    taken.give_back();
                    Ok(())
                })
                .await
            }

            async fn bounded<T>(
                &self,
                call: impl Future<Output = Result<T, SqlxError>>,
            ) -> Result<T, SqlxError> {
                let answer = within(self.limit, call).await;
                if answer.as_ref().is_err_and(|error| error.is_of_the_server(is_demoted)) {
                    close_idle(&self.pool);
                }
                answer
            }

            async fn take(&self) -> Result<Taken<$database>, SqlxError> {
                let mut taken = Taken::from(&self.pool).await?;
                prepare(&mut taken).await?;
                Ok(taken)
            }
        }

        /// Says how a write ended that changed so many rows.
        fn swapped(
            taken: Taken<$database>,
            changed: Result<u64, sqlx::Error>,
            body: &[u8],
        ) -> Result<Swap, SqlxError> {
            let changed = match changed {
                Ok(changed) => changed,
                Err(error) if lost_to_another(&error) => 0,
                Err(error) => return Err(error.into()),
            };
            taken.give_back();
            Ok(Swap::from_rows(body, changed))
        }

        fn texts(names: &TableNames) -> Texts {
            Texts {
                load: text(names, LOAD),
                list: text(names, LIST),
                update: text(names, UPDATE),
                insert: text(names, INSERT),
                raise_floor: text(names, RAISE_FLOOR),
                remove: text(names, REMOVE),
                check: text(names, CHECK),
            }
        }

        impl Store for $store {
            type Error = SqlxError;

            async fn check(&self) -> Result<Report, SqlxError> {
                self.bounded(async {
                    let mut taken = self.take().await?;
                    let findings = findings(taken.get()?, &self.texts).await?;
                    taken.give_back();
                    Ok(Report::new(findings))
                })
                .await
            }

            async fn load(&self, account: &AccountId) -> Result<Option<Stored>, SqlxError> {
                self.bounded(async {
                    let mut taken = self.take().await?;
                    let load = sqlx::query_as(self.texts.load.clone()).bind(key(account));
                    let row = load.fetch_optional(taken.get()?).await?;
                    taken.give_back();
                    Ok(row.map(stored))
                })
                .await
            }

            async fn swap(
                &self,
                account: &AccountId,
                expected: Option<Version>,
                next: &[u8],
            ) -> Result<Swap, SqlxError> {
                fits(next)?;
                self.bounded(async {
                    let mut taken = self.take().await?;
                    let write = match expected {
                        Some(expected) => sqlx::query(self.texts.update.clone())
                            .bind(next)
                            .bind(key(account))
                            .bind(expected.signed()),
                        None => sqlx::query(self.texts.insert.clone())
                            .bind(key(account))
                            .bind(next),
                    };
                    let done = write.execute(taken.get()?).await;
                    swapped(taken, done.map(|done| done.rows_affected()), next)
                })
                .await
            }

            async fn remove(
                &self,
                account: &AccountId,
                expected: Version,
            ) -> Result<Swap, SqlxError> {
                self.bounded(async {
                    let mut taken = self.take().await?;
                    let expected = expected.signed();
                    let removed = remove(taken.get()?, &self.texts, key(account), expected).await;
                    swapped(taken, removed, &[])
                })
                .await
            }
        }

        impl ListAccounts for $store {
            async fn list_accounts(
                &self,
                after: Option<&AccountId>,
                limit: usize,
            ) -> Result<Vec<AccountId>, SqlxError> {
                let after = after.map_or(&[][..], key); // no id is empty, so all come after the empty one
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let keys: Vec<(Vec<u8>,)> = self.bounded(async {
                    let mut taken = self.take().await?;
                    let list = sqlx::query_as(self.texts.list.clone()).bind(after).bind(limit);
                    let keys = list.fetch_all(taken.get()?).await?;
                    taken.give_back();
                    Ok::<_, SqlxError>(keys)
                })
                .await?;
                let account = |key| AccountId::from_stored(key).map_err(|_| SqlxError::FOREIGN_KEY);
                keys.into_iter().map(|(key,)| account(key)).collect()
            }
        }

        impl std::fmt::Debug for $store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($store), "(..)"))
            }
        }
    };
}
pub(super) use adapter;
