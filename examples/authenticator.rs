//! The prover's side: prints the code that an authenticator app would show.
//!
//! ```sh
//! cargo run -q --example authenticator -- totp --secret GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
//! cargo run -q --example authenticator -- hotp --secret GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ --counter 0
//! ```
//!
//! For trials and scripts. A secret on the command line can be read by every user of the machine, so `--secret -` reads
//! it from the first line of standard input.

use std::io::{Write, stderr, stdin, stdout};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use secondfactor::{Algorithm, Clock, Code, Counter, Digits, Hotp, Period, Secret, SystemClock, Totp, UnixTime};

const USAGE: &str = "\
usage: authenticator totp --secret BASE32 [--algorithm sha1|sha256|sha512] [--digits N] [--period S] [--t0 S] [--at UNIX]
       authenticator hotp --secret BASE32 --counter N [--algorithm sha1|sha256|sha512] [--digits N]
       (--secret - reads the secret from standard input)";

fn main() -> ExitCode {
    let output = Options::read(lexopt::Parser::from_env()).and_then(|options| options.run());
    let printed = output.and_then(|text| writeln!(stdout(), "{text}").map_err(|error| error.to_string()));
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
}

#[derive(Clone, Copy, PartialEq)]
enum Command {
    Help,
    Totp,
    Hotp,
}

impl Options {
    fn read(mut arguments: lexopt::Parser) -> Result<Self, Message> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next().map_err(|_| "an option has a value it doesn't take")? {
            let name = match argument {
                Short('h') | Long("help") => {
                    options.command = Some(Command::Help);
                    continue;
                }
                Value(command) => {
                    let command = match command.to_str() {
                        Some("totp") => Command::Totp,
                        Some("hotp") => Command::Hotp,
                        _ => return Err("the command is totp or hotp (try --help)".into()),
                    };
                    once(&mut options.command, command, "the command")?;
                    continue;
                }
                Long(name) => name.to_owned(),
                Short(_) => return Err("unknown option (try --help)".into()),
            };
            options.set(&name, &mut arguments)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, arguments: &mut lexopt::Parser) -> Result<(), Message> {
        let mut value = || -> Result<String, Message> {
            let value = arguments.value().map_err(|_| format!("--{name} needs a value"))?;
            value.into_string().map_err(|_| format!("--{name} is not UTF-8"))
        };
        match name {
            "secret" => once(&mut self.secret, secret(&value()?)?, "--secret"),
            "algorithm" => once(&mut self.algorithm, algorithm(&value()?)?, "--algorithm"),
            "digits" => once(&mut self.digits, digits(&value()?)?, "--digits"),
            "period" => once(&mut self.period, period(&value()?)?, "--period"),
            "t0" => once(&mut self.t0, UnixTime::from_secs(number(&value()?, "--t0")?), "--t0"),
            "at" => once(&mut self.at, UnixTime::from_secs(number(&value()?, "--at")?), "--at"),
            "counter" => once(&mut self.counter, Counter::new(number(&value()?, "--counter")?), "--counter"),
            _ => Err("unknown option (try --help)".into()),
        }
    }

    fn run(&self) -> Result<String, Message> {
        let code = match self.command {
            Some(Command::Help) => return Ok(USAGE.into()),
            Some(Command::Totp) => self.totp()?,
            Some(Command::Hotp) => self.hotp()?,
            None => return Err("the command is totp or hotp (try --help)".into()),
        };
        if self.secret()?.is_weak() {
            complain("warning: the secret has fewer than 128 bits");
        }
        Ok(code.to_string())
    }

    fn totp(&self) -> Result<Code, Message> {
        if self.counter.is_some() {
            return Err("--counter belongs to hotp".into());
        }
        let secret = self.secret()?;
        Totp::new(secret)
            .with_algorithm(self.algorithm.unwrap_or_default())
            .with_digits(self.digits.unwrap_or_default())
            .with_period(self.period.unwrap_or_default())
            .with_t0(self.t0.unwrap_or(UnixTime::from_secs(0)))
            .at(self.at.unwrap_or_else(|| SystemClock.now()))
            .map_err(|error| error.to_string())
    }

    fn hotp(&self) -> Result<Code, Message> {
        if self.period.is_some() || self.t0.is_some() || self.at.is_some() {
            return Err("--period, --t0 and --at belong to totp".into());
        }
        let secret = self.secret()?;
        let counter = self.counter.ok_or("hotp needs --counter")?;
        Ok(Hotp::new(secret)
            .with_algorithm(self.algorithm.unwrap_or_default())
            .with_digits(self.digits.unwrap_or_default())
            .at(counter))
    }

    fn secret(&self) -> Result<&Secret, Message> {
        self.secret.as_ref().ok_or_else(|| "--secret is missing".into())
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
    let secret = if text == "-" {
        let mut line = String::new();
        stdin().read_line(&mut line).map_err(|_| "standard input can't be read")?;
        Secret::from_weak_base32(line.trim_end_matches(['\r', '\n']))
    } else {
        Secret::from_weak_base32(text)
    };
    secret.map_err(|error| format!("--secret: {error}"))
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
    let digits = number(text, "--digits").ok().and_then(|count| u8::try_from(count).ok()).and_then(Digits::from_count);
    digits.ok_or_else(|| "--digits is 6, 7 or 8".into())
}

fn period(text: &str) -> Result<Period, Message> {
    let seconds = u16::try_from(number(text, "--period")?).unwrap_or(u16::MAX);
    Period::from_secs(seconds).map_err(|error| format!("--period: {error}"))
}

/// Decimal digits alone: no sign, no blank.
fn number(text: &str, name: &str) -> Result<u64, Message> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name} is not a number below 2^64"))
}
