//! A PostgreSQL, a MariaDB or a Redis of a test's own, to be killed. They listen on sockets in a temporary folder.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::place::{Place, pool};
use crate::support::run;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
    Redis,
}

pub(crate) struct Daemon {
    pub(crate) kind: Kind,
    /// Whether its places are reached by way of `sqlx`.
    by_sqlx: bool,
    folder: TempDir,
    process: Mutex<Child>,
    /// Of a Redis that others replicate.
    port: Option<u16>,
    log: Log,
}

/// The lines that it has written since its last start.
type Log = Arc<Mutex<Vec<String>>>;

impl Daemon {
    pub(crate) fn start(kind: Kind) -> Self {
        let folder = private_folder(kind);
        if kind == Kind::Postgres {
            let mut initdb = postgres_program("initdb");
            initdb.args([
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-locale",
            ]);
            initdb.arg("-D").arg(folder.path().join("data"));
            succeeds(initdb.current_dir(folder.path()));
        }
        if kind == Kind::MariaDb {
            let mut install = Command::new("mariadb-install-db");
            install
                .args(["--no-defaults", "--skip-test-db", "--user", user()])
                .arg("--auth-root-authentication-method=normal")
                .arg(format!("--datadir={}/data", folder.path().display()));
            succeeds(&mut install);
        }
        Self::launch_in(kind, folder)
    }

    fn launch_in(kind: Kind, folder: TempDir) -> Self {
        let log = Log::default();
        let process = Mutex::new(launch(kind, folder.path(), None, &log));
        Self {
            kind,
            by_sqlx: kind == Kind::MariaDb,
            folder,
            process,
            port: None,
            log,
        }
    }

    /// A Redis with a port on the loopback interface too, as replicas come over TCP only. It does not wait for the disk.
    pub(crate) fn start_redis_for_replicas() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::default();
        let (port, process) = std::iter::repeat_with(free_port)
            .take(20)
            .find_map(|port| {
                let mut command = redis(folder.path(), Some(port));
                command.args(["--appendfsync", "no"]);
                Some((port, try_launch(command, &log)?))
            })
            .expect("Redis does not start");
        Self {
            kind: Kind::Redis,
            folder,
            process: Mutex::new(process),
            port: Some(port),
            by_sqlx: false,
            log,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap()
    }

    /// A standby of a PostgreSQL, which is as far as its primary.
    pub(crate) fn start_standby(&self) -> Self {
        let folder = private_folder(self.kind);
        let mut copy = postgres_program("pg_basebackup");
        copy.args([
            "-U",
            "postgres",
            "--checkpoint=fast",
            "--write-recovery-conf",
        ]);
        copy.arg("-h").arg(self.folder.path());
        copy.arg("-D").arg(folder.path().join("data"));
        succeeds(copy.current_dir(folder.path()));
        let standby = Self::launch_in(self.kind, folder);
        self.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'");
        standby
    }

    /// From now on each commit waits for a standby of this name, or for any if it is `*`.
    pub(crate) fn wait_for_standby(&self, name: &str) {
        self.sql(&format!(
            "ALTER SYSTEM SET synchronous_standby_names = '{name}'"
        ));
        self.sql("SELECT pg_reload_conf()");
        if name == "*" {
            self.until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
        }
    }

    /// Makes a standby of PostgreSQL a primary.
    pub(crate) fn promote(&self) {
        let mut promote = postgres_program("pg_ctl");
        promote.args(["promote", "--silent", "-D"]);
        succeeds(promote.arg(self.folder.path().join("data")));
    }

    pub(crate) fn sql(&self, sql: &str) {
        run(async {
            let client = pool(&self.address()).get().await.unwrap();
            client.batch_execute(sql).await.unwrap();
        });
    }

    pub(crate) fn until(&self, condition: &str) {
        run(async {
            let client = pool(&self.address()).get().await.unwrap();
            while !client
                .query_one(condition, &[])
                .await
                .unwrap()
                .get::<_, bool>(0)
            {}
        });
    }

    pub(crate) fn by_sqlx(mut self) -> Self {
        self.by_sqlx = true;
        self
    }

    /// The file of its socket; clients of PostgreSQL name the folder only.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(socket_name(self.kind))
    }

    pub(crate) fn place(&self) -> Place {
        match self.kind {
            Kind::Postgres if self.by_sqlx => Place::postgres_at(&self.address()).on_sqlx(),
            Kind::Postgres => Place::postgres_at(&self.address()),
            Kind::MariaDb => Place::sqlx_mariadb_at(MARIADB, &self.address()),
            Kind::Redis => Place::redis_at(&self.address()),
        }
    }

    pub(crate) fn address(&self) -> String {
        address(self.kind, self.folder.path())
    }

    /// The same place by way of a socket in another folder.
    pub(crate) fn place_by_way_of(&self, folder: &Path, place: &Place) -> Place {
        let (direct, detour) = (self.address(), address(self.kind, folder));
        match place.clone() {
            Place::Postgres { config } => Place::Postgres {
                config: config.replace(&direct, &detour),
            },
            Place::Redis { url, namespace } => Place::Redis {
                url: url.replace(&direct, &detour),
                namespace,
            },
            Place::SqlxPostgres { config } => Place::SqlxPostgres {
                config: config.replace(&direct, &detour),
            },
            Place::SqlxMariaDb { url } => Place::SqlxMariaDb {
                url: url.replace(&direct, &detour),
            },
            place => place,
        }
    }

    /// SIGKILL for all its processes, the first one first, so that it can't start others.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        let children = children(&process.id().to_string());
        process.kill().unwrap();
        process.wait().unwrap();
        children.iter().for_each(|child| send("-KILL", child));
    }

    /// Stops all its processes where they are, the first one first, so that it hangs: the system goes on to accept
    /// connections.
    pub(crate) fn pause(&self) {
        let id = self.process.lock().unwrap().id().to_string();
        send("-STOP", &id);
        // A thread that runs meanwhile could still answer, or start a process.
        wait_until_stopped(&id);
        for child in children(&id) {
            send("-STOP", &child);
            wait_until_stopped(&child);
        }
    }

    pub(crate) fn resume(&self) {
        let id = self.process.lock().unwrap().id().to_string();
        children(&id).iter().for_each(|child| send("-CONT", child));
        send("-CONT", &id);
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// For a PostgreSQL that does not run: it will start as a standby without a primary.
    pub(crate) fn make_standby(&self) {
        std::fs::write(self.folder.path().join("data/standby.signal"), "").unwrap();
    }

    /// Starts it again on its files. Its processes may take a moment to go away, and it does not start before.
    pub(crate) fn restart(&self) {
        *self.process.lock().unwrap() = launch(self.kind, self.folder.path(), self.port, &self.log);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let runs = matches!(self.process.lock().unwrap().try_wait(), Ok(None));
        if runs {
            self.kill();
        }
    }
}

pub(crate) fn socket_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => ".s.PGSQL.5432",
        Kind::MariaDb => "mariadb.sock",
        Kind::Redis => "redis.sock",
    }
}

/// Its databases come between this and its address.
pub(crate) const MARIADB: &str = "mysql://root@localhost";

fn address(kind: Kind, folder: &Path) -> String {
    match kind {
        Kind::Postgres => format!("host={} user=postgres dbname=postgres", folder.display()),
        Kind::MariaDb => format!("?socket={}/{}", folder.display(), socket_name(kind)),
        Kind::Redis => format!("redis+unix://{}/{}", folder.display(), socket_name(kind)),
    }
}

fn launch(kind: Kind, folder: &Path, port: Option<u16>, log: &Log) -> Child {
    let command = || match kind {
        Kind::Postgres => postgres(folder),
        Kind::MariaDb => mariadb(folder),
        Kind::Redis => redis(folder, port),
    };
    let mut tries = std::iter::repeat_with(command).take(20);
    tries
        .find_map(|command| try_launch(command, log))
        .unwrap_or_else(|| panic!("{kind:?} does not start"))
}

/// Until it says that it is ready, or ends.
fn try_launch(mut command: Command, log: &Log) -> Option<Child> {
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let output: Box<dyn std::io::Read + Send> = match child.stderr.take() {
        Some(stderr) => Box::new(stderr),
        None => Box::new(child.stdout.take().unwrap()),
    };
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let ready = lines.any(|line| {
        let line = line.to_lowercase();
        line.contains("ready to accept") || line.contains("ready for connections")
    });
    if !ready {
        child.wait().unwrap();
        return None;
    }
    // The rest must be read, or it would wait for its reader.
    let log = Arc::clone(log);
    log.lock().unwrap().clear();
    std::thread::spawn(move || lines.for_each(|line| log.lock().unwrap().push(line)));
    Some(child)
}

/// Another program may take it before it is used.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn postgres(folder: &Path) -> Command {
    let mut command = postgres_program("postgres");
    command
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses="]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.current_dir(folder);
    command
}

fn mariadb(folder: &Path) -> Command {
    let mut command = Command::new("mariadbd");
    command
        .args(["--no-defaults", "--skip-networking", "--user", user()])
        .arg(format!("--datadir={}/data", folder.display()))
        .arg(format!(
            "--socket={}/{}",
            folder.display(),
            socket_name(Kind::MariaDb)
        ));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.current_dir(folder);
    command
}

/// Or a Valkey, if the environment names one.
fn redis(folder: &Path, port: Option<u16>) -> Command {
    let program = std::env::var("SECONDFACTOR_TEST_REDIS_SERVER");
    let mut command = Command::new(program.as_deref().unwrap_or("redis-server"));
    command
        .args(["--bind", "127.0.0.1", "--port"])
        .arg(port.unwrap_or(0).to_string())
        .arg("--unixsocket")
        .arg(folder.join(socket_name(Kind::Redis)))
        .arg("--dir")
        .arg(folder);
    command.args(["--appendonly", "yes", "--appendfsync", "always"]);
    command.args(["--save", "", "--repl-diskless-sync-delay", "0"]);
    command.current_dir(folder).stdout(Stdio::piped());
    command
}

fn postgres_program(name: &str) -> Command {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map_while(Result::ok);
    let found = installed
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .max();
    as_postgres(&found.unwrap_or_else(|| name.into()))
}

/// PostgreSQL and PgBouncer refuse to run as root.
pub(crate) fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

/// A folder that the server may write to, and nobody else.
pub(crate) fn private_folder(kind: Kind) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if kind == Kind::Postgres {
        if is_root() {
            succeeds(Command::new("chown").arg("postgres:").arg(folder.path()));
        }
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
    }
    folder
}

fn children(id: &str) -> Vec<String> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children.split_whitespace().map(str::to_owned).collect()
}

/// A process that has ended by itself needs no signal.
fn send(signal: &str, id: &str) {
    let mut kill = Command::new("kill");
    let _status = kill.args([signal, id]).stderr(Stdio::null()).status();
}

/// Until all threads of a process are, or it has ended.
fn wait_until_stopped(id: &str) {
    let is_running = |thread: std::fs::DirEntry| {
        let status = std::fs::read_to_string(thread.path().join("status"));
        status.is_ok_and(|status| !status.contains("(stopped)") && !status.contains("(zombie)"))
    };
    let threads = || {
        std::fs::read_dir(format!("/proc/{id}/task"))
            .into_iter()
            .flatten()
    };
    while threads().map_while(Result::ok).any(is_running) {
        std::thread::yield_now();
    }
}

/// MariaDB runs as root only if that is said, and ignores it otherwise.
fn user() -> &'static str {
    if is_root() { "root" } else { "mysql" }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
