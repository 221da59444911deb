//! PgBouncer between the store and PostgreSQL.

use std::process::{Child, Command, Stdio};

use secondfactor::store::{Finding, PostgresStore, Severity, Store};

use crate::daemon::{Daemon, Kind, as_postgres, private_folder};
use crate::place::pool;
use crate::reports::use_all;
use crate::support::*;

struct Pooler {
    process: Child,
    folder: tempfile::TempDir,
}

impl Pooler {
    fn start(daemon: &Daemon, mode: &str) -> Self {
        let folder = private_folder(Kind::Postgres);
        let socket = folder.path().display();
        let server = daemon.socket();
        let settings = format!(
            "[databases]\n\
             * = host={} user=postgres\n\
             [pgbouncer]\n\
             unix_socket_dir = {socket}\n\
             listen_port = 5432\n\
             auth_type = any\n\
             pool_mode = {mode}\n\
             {}\n",
            server.parent().unwrap().display(),
            // What older ones don't know, and can't do either.
            if is_older_than_1_21() {
                ""
            } else {
                "max_prepared_statements = 0"
            },
        );
        let path = folder.path().join("pgbouncer.ini");
        std::fs::write(&path, settings).unwrap();
        let process = as_postgres("pgbouncer".as_ref())
            .arg("--quiet")
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self { process, folder };
        let waits = pool(&pooler.address());
        while run(waits.get()).is_err() {}
        pooler
    }

    fn address(&self) -> String {
        let folder = self.folder.path().display();
        format!("host={folder} user=postgres dbname=postgres")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn is_older_than_1_21() -> bool {
    let output = Command::new("pgbouncer").arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let number = version.split_whitespace().nth(1).unwrap();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap());
    (parts.next(), parts.next()) < (Some(1), Some(21))
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_pooler_that_loses_statements_of_postgres_is_found() {
    let daemon = Daemon::start(Kind::Postgres);
    run(PostgresStore::new(pool(&daemon.address())).create_schema()).unwrap();
    let transactions = Pooler::start(&daemon, "transaction");
    let report = run(PostgresStore::new(pool(&transactions.address())).check()).unwrap();
    assert_eq!(report.findings(), [Finding::LosesStatements]);
    assert_eq!(report.worst(), Some(Severity::Unsafe));

    let sessions = Pooler::start(&daemon, "session");
    let store = PostgresStore::new(pool(&sessions.address()));
    assert_eq!(run(store.check()).unwrap().findings(), []);
    use_all(store);
}
