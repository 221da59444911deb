//! What the command line and the environment say.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt as _};

use crate::Outcome;
use crate::user::normal_name;

/// What `--help` answers.
pub const HELP: &str = "\
secondfactor-web-login: a small account site whose logins have an opt-in second factor

secondfactor-web-login [OPTION..]                               serve
secondfactor-web-login [OPTION..] reset NAME                    turn off the second factor of the user NAME, who has lost
                                                                it, and end all their sessions
secondfactor-web-login [OPTION..] temporary-code NAME [--hours N]
                                                                a code that lets NAME in once, in the place of a recovery
                                                                code, within N hours, at most 24 [ten minutes]

The commands work while the site runs, on the same store and key. Make sure first that it is NAME who asks, as strictly as
when they were taken on.

  --listen ADDRESS                  where to listen [127.0.0.1:8080]
  --store STORE                     a SQLite file, or postgres://.. [SECONDFACTOR_STORE, or accounts.db]
  --key-file FILE                   the sealing key, the same one on all servers of a store; made where nothing was
                                    sealed yet [web-login.key]
  --retired-key-file FILE           an earlier sealing key, or the next one: it opens records, and seals none; repeatable
  --password-tries-per-minute N     how many passwords an address may try [20]
  --trust-days N                    how long people may let a browser do without a code, at most 30; 0 for never [0]
  --behind-proxy                    a proxy in front ends TLS, and writes X-Forwarded-For; without one it listens on
                                    loopback alone
  -h, --help

An address with a password belongs in the environment variable SECONDFACTOR_STORE: every local user sees a command line.
There is no TLS to PostgreSQL: over a network, sessions and password hashes need a tunnel.
";

/// How the site is run.
#[derive(Debug)]
pub struct Config {
    /// What is to be done.
    pub command: Command,
    pub(crate) listen: SocketAddr,
    pub(crate) store: StoreAddress,
    pub(crate) key_file: PathBuf,
    pub(crate) retired_key_files: Vec<PathBuf>,
    pub(crate) password_tries: NonZero<u32>,
    pub(crate) trust_days: u32,
    pub(crate) behind_proxy: bool,
}

/// What is enough to say it by telephone (NIST SP 800-63B-4 section 4.2.1.2).
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Serve until it is stopped.
    Serve,
    /// Turn a user's second factor off.
    Reset {
        /// The user's name.
        name: String,
    },
    /// Issue a temporary code.
    TemporaryCode {
        /// The user's name.
        name: String,
        /// How long it can be used.
        lifetime: Duration,
    },
}

/// Where everything is kept.
pub(crate) enum StoreAddress {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Config {
    /// Reads the arguments; `None` if they ask for help. The store's address from the environment counts where they name
    /// none.
    ///
    /// # Errors
    /// An unknown argument, or one that makes no sense.
    pub fn new(
        arguments: impl IntoIterator<Item = OsString>,
        mut store: Option<OsString>,
    ) -> Outcome<Option<Self>> {
        let mut config = Self {
            command: Command::Serve,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            store: StoreAddress::Sqlite(PathBuf::from("accounts.db")),
            key_file: PathBuf::from("web-login.key"),
            retired_key_files: Vec::new(),
            password_tries: NonZero::new(20).ok_or("no tries")?,
            trust_days: 0,
            behind_proxy: false,
        };
        let (mut words, mut hours) = (Vec::new(), None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => config.listen = parser.value()?.parse()?,
                Long("store") => store = Some(parser.value()?),
                Long("key-file") => config.key_file = parser.value()?.into(),
                Long("retired-key-file") => config.retired_key_files.push(parser.value()?.into()),
                Long("password-tries-per-minute") => {
                    config.password_tries = parser.value()?.parse()?
                }
                Long("hours") => hours = Some(parser.value()?.parse::<u64>()?),
                Value(word) => words.push(word.string()?),
                Long("trust-days") => config.trust_days = parser.value()?.parse()?,
                Long("behind-proxy") => config.behind_proxy = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        config.command = Command::parse(&words, hours)?;
        if let Some(store) = store {
            config.store = StoreAddress::parse(store)?;
        }
        if !config.behind_proxy && !config.listen.ip().is_loopback() {
            return Err(format!(
                "at {} passwords and codes would cross the network in the clear: put a proxy in front that ends TLS, \
                 and say --behind-proxy",
                config.listen
            )
            .into());
        }
        Ok(Some(config))
    }
}

impl Command {
    fn parse(words: &[String], hours: Option<u64>) -> Outcome<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (words.as_slice(), hours) {
            ([], None) => Ok(Self::Serve),
            (["reset", name], None) => Ok(Self::Reset {
                name: normal_name(name),
            }),
            (["temporary-code", name], hours @ (None | Some(1..=24))) => Ok(Self::TemporaryCode {
                name: normal_name(name),
                lifetime: hours.map_or(TEN_MINUTES, |hours| {
                    Duration::from_secs(hours.saturating_mul(3600))
                }),
            }),
            (["temporary-code", _], _) => Err("a temporary code has 1 to 24 hours".into()),
            (_, Some(_)) => Err("only a temporary code has --hours".into()),
            _ => Err(format!("there is no command \"{}\"", words.join(" ")).into()),
        }
    }
}

impl StoreAddress {
    /// A mistyped address must not become a file's name, with the password in it.
    fn parse(text: OsString) -> Outcome<Self> {
        let text = text
            .into_string()
            .map_err(|_| "the store's address is not UTF-8")?;
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text)),
            None if !text.starts_with("host=") => Ok(Self::Sqlite(PathBuf::from(text))),
            _ => Err("the store is a file, or postgres://..".into()),
        }
    }
}

/// An address may hold the database's password.
impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite(..)",
            Self::Postgres(_) => "Postgres(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Config {
        Config::new(arguments.iter().map(OsString::from), None)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn nothing_goes_over_plain_http_beyond_this_machine() {
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
            let open = ["--listen", address].map(OsString::from);
            let error = Config::new(open, None).unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("--behind-proxy"));
            assert!(config(&["--listen", address, "--behind-proxy"]).behind_proxy);
        }
        for address in ["127.0.0.1:80", "[::1]:80"] {
            assert!(!config(&["--listen", address]).behind_proxy);
        }
    }

    #[test]
    fn help_is_asked_for_in_two_ways() {
        for argument in ["-h", "--help"] {
            assert!(Config::new([argument.into()], None).unwrap().is_none());
        }
    }

    #[test]
    fn the_store_of_the_environment_counts_where_no_argument_names_one() {
        let store = |arguments: &[&str], store: Option<&str>| {
            Config::new(
                arguments.iter().map(OsString::from),
                store.map(OsString::from),
            )
            .unwrap()
            .unwrap()
            .store
        };
        assert!(matches!(
            store(&[], Some("postgresql://db/web")),
            StoreAddress::Postgres(_)
        ));
        assert!(matches!(
            store(&["--store", "web.db"], Some("postgres://db/web")),
            StoreAddress::Sqlite(_)
        ));
        assert!(matches!(store(&[], None), StoreAddress::Sqlite(_)));
    }

    #[test]
    fn one_key_seals_and_any_number_of_others_opens() {
        let keys = |arguments: &[&str]| {
            let config = config(arguments);
            (config.key_file, config.retired_key_files)
        };
        assert_eq!(keys(&[]), ("web-login.key".into(), vec![]));
        let retired = [
            "--key-file",
            "new=er",
            "--retired-key-file",
            "old",
            "--retired-key-file",
            "older",
        ];
        assert_eq!(
            keys(&retired),
            ("new=er".into(), vec!["old".into(), "older".into()])
        );
    }

    #[test]
    fn a_database_password_is_not_shown() {
        use std::os::unix::ffi::OsStringExt as _;
        let config = config(&["--store", "postgres://web:hunter2@db/web"]);
        assert!(!format!("{config:?}").contains("hunter2"));
        for address in [
            "postgress://web:hunter2@db/web".into(),
            "host=db user=web password=hunter2".into(),
            OsString::from_vec(b"postgres://web:hunter2\xff@db/".to_vec()),
        ] {
            let by_argument = Config::new(["--store".into(), address.clone()], None);
            for error in [
                by_argument.unwrap_err(),
                Config::new([], Some(address)).unwrap_err(),
            ] {
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }
}
