//! What the command line and the environment say.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;

use lexopt::prelude::{Long, ValueExt as _};
use secondfactor::KeyId;

use crate::Outcome;

/// What `--help` answers.
pub const HELP: &str = "\
secondfactor-web-login: a small account site whose logins have an opt-in second factor

  --listen ADDRESS                  where to listen [127.0.0.1:8080]
  --store STORE                     a SQLite file, postgres://.. or redis://.. [SECONDFACTOR_STORE, or accounts.db]
  --key-file [ID=]FILE              the sealing key, the same one on all servers of a store; made where nothing was
                                    sealed yet [1=web-login.key]
  --retired-key-file ID=FILE        an earlier sealing key, or the next one: it opens records, and seals none; repeatable
  --password-tries-per-minute N     how many passwords an address may try [20]
  --behind-proxy                    a proxy in front ends TLS, and writes X-Forwarded-For
  --help

An address with a password belongs in the environment variable SECONDFACTOR_STORE: every local user sees a command line.
There is no TLS to PostgreSQL and Redis: over a network, sessions and password hashes need a tunnel.
";

/// How the site is run.
#[derive(Debug)]
pub struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) store: StoreAddress,
    pub(crate) key_file: KeyFile,
    pub(crate) retired_key_files: Vec<KeyFile>,
    pub(crate) password_tries: NonZero<u32>,
    pub(crate) behind_proxy: bool,
}

/// A sealing key, and the name that records know it by.
#[derive(Debug)]
pub(crate) struct KeyFile {
    pub(crate) id: KeyId,
    pub(crate) path: PathBuf,
}

/// Where everything is kept.
pub(crate) enum StoreAddress {
    Sqlite(PathBuf),
    Postgres(String),
    Redis(String),
}

impl Config {
    /// Reads the arguments; `None` if they ask for help. The store's address from the environment counts where they name
    /// none.
    ///
    /// # Errors
    /// An unknown argument, or one that makes no sense.
    pub fn new(arguments: impl IntoIterator<Item = OsString>, mut store: Option<OsString>) -> Outcome<Option<Self>> {
        let mut config = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreAddress::Sqlite(PathBuf::from("accounts.db")),
            key_file: KeyFile { id: KeyId::new(1), path: PathBuf::from("web-login.key") },
            retired_key_files: Vec::new(),
            password_tries: NonZero::new(20).ok_or("no tries")?,
            behind_proxy: false,
        };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => config.listen = parser.value()?.parse()?,
                Long("store") => store = Some(parser.value()?),
                Long("key-file") => {
                    let file = parser.value()?;
                    let first = || KeyFile { id: KeyId::new(1), path: PathBuf::from(&file) };
                    config.key_file = KeyFile::parse(&file).unwrap_or_else(first);
                }
                Long("retired-key-file") => {
                    let file = KeyFile::parse(&parser.value()?).ok_or("--retired-key-file is ID=FILE")?;
                    config.retired_key_files.push(file);
                }
                Long("password-tries-per-minute") => config.password_tries = parser.value()?.parse()?,
                Long("behind-proxy") => config.behind_proxy = true,
                Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        config.require_one_key_for_each_id()?;
        if let Some(store) = store {
            config.store = StoreAddress::parse(store)?;
        }
        Ok(Some(config))
    }

    /// The library would take the first one, and with it open no record of the other.
    fn require_one_key_for_each_id(&self) -> Outcome {
        let mut ids = HashSet::from([self.key_file.id]);
        match self.retired_key_files.iter().find(|file| !ids.insert(file.id)) {
            Some(file) => Err(format!("two key files have the id {}", file.id).into()),
            None => Ok(()),
        }
    }

    /// Whether the browser may send the cookie over HTTPS only: always, unless it is this machine's own browser that asks.
    pub(crate) const fn is_secure(&self) -> bool {
        self.behind_proxy || !self.listen.ip().is_loopback()
    }
}

impl KeyFile {
    /// `ID=FILE`.
    fn parse(text: &OsStr) -> Option<Self> {
        let (id, path) = text.to_str()?.split_once('=')?;
        Some(Self { id: KeyId::new(id.parse().ok()?), path: PathBuf::from(path) })
    }
}

impl StoreAddress {
    /// A mistyped address must not become a file's name, with the password in it.
    fn parse(text: OsString) -> Outcome<Self> {
        let text = text.into_string().map_err(|_| "the store's address is not UTF-8")?;
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text)),
            Some(("redis", _)) => Ok(Self::Redis(text)),
            Some(_) => Err("the store is a file, postgres://.. or redis://..".into()),
            None if text.starts_with("host=") => Ok(Self::Postgres(text)),
            None => Ok(Self::Sqlite(PathBuf::from(text))),
        }
    }
}

/// An address may hold the database's password.
impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite(..)",
            Self::Postgres(_) => "Postgres(..)",
            Self::Redis(_) => "Redis(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Config::new(arguments.iter().map(OsString::from), None).unwrap().unwrap()
    }

    #[test]
    fn the_cookie_goes_over_plain_http_to_this_machine_only() {
        assert!(!config(&[]).is_secure());
        assert!(!config(&["--listen", "[::1]:80"]).is_secure());
        assert!(config(&["--listen", "0.0.0.0:80"]).is_secure());
        assert!(config(&["--behind-proxy"]).is_secure());
    }

    #[test]
    fn the_store_of_the_environment_counts_where_no_argument_names_one() {
        let store = |arguments: &[&str], store: Option<&str>| {
            Config::new(arguments.iter().map(OsString::from), store.map(OsString::from)).unwrap().unwrap().store
        };
        assert!(matches!(store(&[], Some("redis://db/")), StoreAddress::Redis(_)));
        assert!(matches!(store(&["--store", "postgres://db/web"], Some("redis://db/")), StoreAddress::Postgres(_)));
        assert!(matches!(store(&[], None), StoreAddress::Sqlite(_)));
    }

    #[test]
    fn a_key_file_has_an_id() {
        let keys = |arguments: &[&str]| {
            let config = config(arguments);
            let all = std::iter::once(&config.key_file).chain(&config.retired_key_files);
            all.map(|file| format!("{} {}", file.id, file.path.display())).collect::<Vec<_>>()
        };
        assert_eq!(keys(&[]), ["1 web-login.key"]);
        assert_eq!(keys(&["--key-file", "odd=name"]), ["1 odd=name"]);
        let retired = ["--key-file", "3=new", "--retired-key-file", "1=old", "--retired-key-file", "2=ol=der"];
        assert_eq!(keys(&retired), ["3 new", "1 old", "2 ol=der"]);
        for wrong in
            [&["--retired-key-file", "old"][..], &["--retired-key-file", "1=old"], &["--retired-key-file", "x=old"]]
        {
            assert!(Config::new(wrong.iter().map(OsString::from), None).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_database_password_is_not_shown() {
        use std::os::unix::ffi::OsStringExt as _;
        let config = config(&["--store", "postgres://web:hunter2@db/web"]);
        assert!(!format!("{config:?}").contains("hunter2"));
        for address in
            ["postgress://web:hunter2@db/web".into(), OsString::from_vec(b"redis://:hunter2\xff@db/".to_vec())]
        {
            let by_argument = Config::new(["--store".into(), address.clone()], None);
            for error in [by_argument.unwrap_err(), Config::new([], Some(address)).unwrap_err()] {
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }
}
