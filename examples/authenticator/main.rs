//! The prover's side: shows the code that an authenticator app would show, and what is in a key URI.
//!
//! ```sh
//! alias authenticator='cargo run -q --all-features --example authenticator --'
//! authenticator totp --secret GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
//! authenticator hotp --secret GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ --counter 0
//! authenticator inspect 'otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
//! authenticator tokens seeds.pskcxml --password-file password.txt
//! authenticator import --file ~/.google_authenticator
//! authenticator qr 'otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
//! ```
//!
//! For trials and scripts. A secret on the command line can be read by every user of the machine, so `--secret -` reads
//! it from the first line of standard input, and `-` for a URI reads all lines, one URI each. `totp`, `hotp` and
//! `inspect` need no feature, `qr` that of its name, `tokens` both `pskc` and `csv`. `import` and `export` need
//! `migration` for Google Authenticator's exports, and nothing for the files of PAM modules: pam_oath's users file, and
//! `.google_authenticator`.

mod table;
mod tokens;
mod uris;

use std::ffi::OsString;
use std::io::{Write, stderr, stdin, stdout};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use secondfactor::Code;
use secondfactor::codes::{
    Algorithm, Clock, Counter, Digits, Hotp, Parameters, Period, Secret, SystemClock, Totp,
    UnixTime,
};
use secondfactor::provisioning::KeyUri;

const USAGE: &str = "\
usage: authenticator totp --secret BASE32 [--algorithm sha1|sha256|sha512] [--digits N] [--period S] [--t0 S] [--at UNIX]
       authenticator totp --uri URI [--lenient] [--at UNIX]
       authenticator hotp --secret BASE32 --counter N [--algorithm sha1|sha256|sha512] [--digits N]
       authenticator hotp --uri URI [--lenient]
       authenticator inspect URI [--lenient] [--show-secret]
       authenticator qr URI [--lenient] [--svg]
       authenticator import MIGRATION-URI.. [--show-secret]
       authenticator import --file FILE [--show-secret]
       authenticator export URI.. [--lenient] [--batch-id N]
       authenticator tokens FILE [--key HEX | --password-file FILE] [--show-secret]
       (--secret -, --key - and - for a URI read from standard input)";

fn main() -> ExitCode {
    let output = Options::read(lexopt::Parser::from_env()).and_then(Options::run);
    let printed =
        output.and_then(|text| writeln!(stdout(), "{text}").map_err(|error| error.to_string()));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&message);
            ExitCode::from(2)
        }
    }
}

fn complain(message: &str) {
    let _ = writeln!(stderr(), "authenticator: {message}");
}

/// What went wrong, in a sentence that never repeats a value: it may be the secret, in the wrong place.
type Message = String;

#[derive(Default)]
struct Options {
    command: Option<Command>,
    secret: Option<Secret>,
    algorithm: Option<Algorithm>,
    digits: Option<Digits>,
    period: Option<Period>,
    t0: Option<UnixTime>,
    at: Option<UnixTime>,
    counter: Option<Counter>,
    uri: Option<String>,
    uris: Vec<String>,
    batch_id: Option<u64>,
    file: Option<OsString>,
    key: Option<tokens::Key>,
    password_file: Option<OsString>,
    lenient: bool,
    show_secret: bool,
    svg: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Command {
    Help,
    Totp,
    Hotp,
    Inspect,
    Qr,
    Import,
    Export,
    Tokens,
}

impl Options {
    fn read(mut arguments: lexopt::Parser) -> Result<Self, Message> {
        let mut options = Self::default();
        while let Some(argument) = arguments
            .next()
            .map_err(|_| "an option has a value it doesn't take")?
        {
            let name = match argument {
                Short('h') | Long("help") => {
                    options.command = Some(Command::Help);
                    continue;
                }
                Value(value) if options.command.is_none() => {
                    options.command = Some(command(value.to_str())?);
                    continue;
                }
                Value(uri) if options.command.is_some_and(Command::takes_uris) => {
                    options.uris.extend(uris::from_argument(uri)?);
                    continue;
                }
                Value(file) if options.command == Some(Command::Tokens) => {
                    once(&mut options.file, file, "the file")?;
                    continue;
                }
                Value(_) => return Err("there is an argument too much (try --help)".into()),
                Long(name) => name.to_owned(),
                Short(_) => return Err("unknown option (try --help)".into()),
            };
            options.set(&name, &mut arguments)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, arguments: &mut lexopt::Parser) -> Result<(), Message> {
        let mut value = || -> Result<String, Message> {
            let value = arguments
                .value()
                .map_err(|_| format!("--{name} needs a value"))?;
            value
                .into_string()
                .map_err(|_| format!("--{name} is not UTF-8"))
        };
        match name {
            "secret" => once(&mut self.secret, secret(&value()?)?, "--secret"),
            "algorithm" => once(&mut self.algorithm, algorithm(&value()?)?, "--algorithm"),
            "digits" => once(&mut self.digits, digits(&value()?)?, "--digits"),
            "period" => once(&mut self.period, period(&value()?)?, "--period"),
            "t0" => once(
                &mut self.t0,
                UnixTime::from_secs(number(&value()?, "--t0")?),
                "--t0",
            ),
            "at" => once(
                &mut self.at,
                UnixTime::from_secs(number(&value()?, "--at")?),
                "--at",
            ),
            "uri" => once(
                &mut self.uri,
                uris::one(uris::from_argument(value()?.into())?)?,
                "--uri",
            ),
            "batch-id" => once(
                &mut self.batch_id,
                number(&value()?, "--batch-id")?,
                "--batch-id",
            ),
            "key" => once(&mut self.key, tokens::key(&value()?)?, "--key"),
            "file" => once(&mut self.file, value()?.into(), "--file"),
            "password-file" => once(&mut self.password_file, value()?.into(), "--password-file"),
            "lenient" => set(&mut self.lenient, "--lenient"),
            "show-secret" => set(&mut self.show_secret, "--show-secret"),
            "svg" => set(&mut self.svg, "--svg"),
            "counter" => once(
                &mut self.counter,
                Counter::new(number(&value()?, "--counter")?),
                "--counter",
            ),
            _ => Err("unknown option (try --help)".into()),
        }
    }

    fn run(self) -> Result<String, Message> {
        let command = self.command.ok_or(NO_COMMAND)?;
        if command != Command::Help {
            self.refuse_stray_options(command)?;
        }
        match command {
            Command::Help => Ok(USAGE.into()),
            Command::Totp => self.totp().map(|code| self.show(code)),
            Command::Hotp => self.hotp().map(|code| self.show(code)),
            Command::Inspect => {
                uris::inspect(&uris::one(self.uris)?, self.lenient, self.show_secret)
            }
            Command::Qr => uris::qr(&uris::one(self.uris)?, self.lenient, self.svg),
            Command::Import => match self.file {
                Some(file) => tokens::import(&file, self.show_secret),
                None => uris::import(&self.uris, self.show_secret),
            },
            Command::Export => uris::export(&self.uris, self.lenient, self.batch_id.unwrap_or(1)),
            Command::Tokens => {
                let file = self.file.ok_or("a file is missing")?;
                let key = match self.password_file {
                    Some(file) => Some(tokens::password(file)?),
                    None => self.key,
                };
                tokens::list(&file, key.as_ref(), self.show_secret)
            }
        }
    }

    /// The code, with a warning beside it if it says little.
    fn show(&self, code: Code) -> String {
        if self.secret.as_ref().is_some_and(Secret::is_weak) {
            complain("warning: the secret has fewer than 128 bits");
        }
        code.to_string()
    }

    /// An option that another command takes is a mistake, not to be passed over.
    fn refuse_stray_options(&self, command: Command) -> Result<(), Message> {
        use Command::{Export, Hotp, Import, Inspect, Qr, Tokens, Totp};
        let has_key = self.secret.is_some() || self.algorithm.is_some() || self.digits.is_some();
        let has_time = self.period.is_some() || self.t0.is_some() || self.at.is_some();
        let by_hand =
            has_key || self.period.is_some() || self.t0.is_some() || self.counter.is_some();
        let stray = [
            (
                has_time && command != Totp,
                "--period, --t0 and --at belong to totp",
            ),
            (
                self.counter.is_some() && command != Hotp,
                "--counter belongs to hotp",
            ),
            (
                has_key && !matches!(command, Totp | Hotp),
                "--secret, --algorithm and --digits belong to totp and hotp",
            ),
            (
                self.uri.is_some() && !matches!(command, Totp | Hotp),
                "--uri belongs to totp and hotp",
            ),
            (
                self.uri.is_some() && by_hand,
                "a URI has the secret and all settings in it",
            ),
            (
                self.lenient && self.uri.is_none() && !matches!(command, Inspect | Qr | Export),
                "--lenient belongs to URIs",
            ),
            (
                self.show_secret && !matches!(command, Inspect | Import | Tokens),
                "--show-secret belongs to inspect, import and tokens",
            ),
            (
                (self.key.is_some() || self.password_file.is_some()) && command != Tokens,
                "--key and --password-file belong to tokens",
            ),
            (
                self.key.is_some() && self.password_file.is_some(),
                "a file has a key or a password, not both",
            ),
            (
                self.file.is_some() && !matches!(command, Import | Tokens),
                "--file belongs to import",
            ),
            (
                self.file.is_some() && !self.uris.is_empty(),
                "import reads URIs or a file, not both",
            ),
            (self.svg && command != Qr, "--svg belongs to qr"),
            (
                self.batch_id.is_some() && command != Export,
                "--batch-id belongs to export",
            ),
        ];
        match stray.into_iter().find(|(is_stray, _)| *is_stray) {
            Some((_, message)) => Err(message.into()),
            None => Ok(()),
        }
    }

    fn totp(&self) -> Result<Code, Message> {
        let now = self.at.unwrap_or_else(|| SystemClock.now());
        if let Some(uri) = &self.uri {
            let uri = self.key(uri)?;
            let totp = uri.to_totp().ok_or("--uri is for hotp")?;
            return totp.at(now).map_err(to_message);
        }
        let parameters = self.parameters(Parameters::totp(self.period.unwrap_or_default()));
        let totp = Totp::from_parameters(self.secret()?, parameters).map_err(to_message)?;
        totp.with_t0(self.t0.unwrap_or(UnixTime::from_secs(0)))
            .at(now)
            .map_err(to_message)
    }

    fn hotp(&self) -> Result<Code, Message> {
        if let Some(uri) = &self.uri {
            let uri = self.key(uri)?;
            let (hotp, next) = uri.to_hotp().ok_or("--uri is for totp")?;
            return Ok(hotp.at(next));
        }
        let secret = self.secret()?;
        let counter = self.counter.ok_or("hotp needs --counter")?;
        let parameters = self.parameters(Parameters::hotp(counter));
        let (hotp, next) = Hotp::from_parameters(secret, parameters).map_err(to_message)?;
        Ok(hotp.at(next))
    }

    fn parameters(&self, parameters: Parameters) -> Parameters {
        parameters
            .with_algorithm(self.algorithm.unwrap_or_default())
            .with_digits(self.digits.unwrap_or_default())
    }

    /// The key in `--uri`; what had to be repaired is told.
    fn key(&self, uri: &str) -> Result<KeyUri, Message> {
        let (uri, repairs) = uris::read(uri, self.lenient)?;
        repairs
            .iter()
            .for_each(|repair| complain(&format!("warning: {repair}")));
        Ok(uri)
    }

    fn secret(&self) -> Result<&Secret, Message> {
        self.secret
            .as_ref()
            .ok_or_else(|| "--secret is missing".into())
    }
}

fn to_message(error: impl std::error::Error) -> Message {
    error.to_string()
}

const NO_COMMAND: &str =
    "the command is totp, hotp, inspect, qr, import, export or tokens (try --help)";

fn command(name: Option<&str>) -> Result<Command, Message> {
    match name {
        Some("totp") => Ok(Command::Totp),
        Some("hotp") => Ok(Command::Hotp),
        Some("inspect") => Ok(Command::Inspect),
        Some("qr") => Ok(Command::Qr),
        Some("import") => Ok(Command::Import),
        Some("export") => Ok(Command::Export),
        Some("tokens") => Ok(Command::Tokens),
        _ => Err(NO_COMMAND.into()),
    }
}

impl Command {
    const fn takes_uris(self) -> bool {
        matches!(self, Self::Inspect | Self::Qr | Self::Import | Self::Export)
    }
}

fn set(flag: &mut bool, name: &str) -> Result<(), Message> {
    match std::mem::replace(flag, true) {
        false => Ok(()),
        true => Err(format!("{name} is given twice")),
    }
}

fn once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), Message> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{name} is given twice")),
    }
}

/// A prover takes what it was given, short secrets too; `run` warns.
fn secret(text: &str) -> Result<Secret, Message> {
    let secret = match text {
        "-" => Secret::from_weak_base32(&first_line()?),
        text => Secret::from_weak_base32(text),
    };
    secret.map_err(|error| format!("--secret: {error}"))
}

fn first_line() -> Result<String, Message> {
    let mut line = String::new();
    let read = stdin().read_line(&mut line);
    read.map_err(|_| "standard input can't be read")?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn algorithm(name: &str) -> Result<Algorithm, Message> {
    match name.to_ascii_lowercase().as_str() {
        "sha1" => Ok(Algorithm::Sha1),
        "sha256" => Ok(Algorithm::Sha256),
        "sha512" => Ok(Algorithm::Sha512),
        _ => Err("--algorithm is sha1, sha256 or sha512".into()),
    }
}

fn digits(text: &str) -> Result<Digits, Message> {
    let digits = number(text, "--digits")
        .ok()
        .and_then(|count| u8::try_from(count).ok())
        .and_then(Digits::from_count);
    digits.ok_or_else(|| "--digits is 6, 7 or 8".into())
}

fn period(text: &str) -> Result<Period, Message> {
    let seconds = u16::try_from(number(text, "--period")?).unwrap_or(u16::MAX);
    Period::from_secs(seconds).map_err(|error| format!("--period: {error}"))
}

/// Decimal digits alone: no sign, no blank.
fn number(text: &str, name: &str) -> Result<u64, Message> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("{name} is not a number below 2^64"))
}
