//! What `scripts/one-tree` builds with each version of SQLite: the laws on `SqliteStore`, and a file that it shares with
//! the application's own library.

use std::path::Path;

use secondfactor::store::{SqliteStore, ThisThread, conformance};

#[test]
fn the_laws_hold() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("store.db")).unwrap();
    conformance::check(open, &ThisThread).unwrap();
    conformance::check_accounts(open, &ThisThread).unwrap();
    assert!(count(&folder.path().join("store.db")) > 0);
}

#[cfg(not(feature = "sqlx"))]
fn count(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let count = "SELECT count(*) FROM secondfactor_record";
    connection.query_row(count, [], |row| row.get(0)).unwrap()
}

#[cfg(feature = "sqlx")]
fn count(path: &Path) -> i64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM secondfactor_record");
        count.fetch_one(&pool).await.unwrap()
    })
}
