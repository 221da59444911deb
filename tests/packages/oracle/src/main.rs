//! Answers questions about codes through the public API: one a line, each with one line. `run.py` asks them.

use std::fmt::Display;
use std::io::{Result, Write, stdin, stdout};

use secondfactor::Code;
use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, LookAhead, Parameters, Period, Secret, Step, Totp, UnixTime,
    Window,
};

/// The words of a question, from left to right.
struct Words<'q>(std::str::SplitWhitespace<'q>);

impl Words<'_> {
    fn next(&mut self) -> &str {
        self.0.next().expect("a word is missing")
    }

    fn number<T: TryFrom<u64>>(&mut self) -> T {
        let number: u64 = self.next().parse().expect("a number");
        T::try_from(number).ok().expect("a smaller number")
    }

    fn step(&mut self) -> Option<Step> {
        Some(self.next())
            .filter(|word| *word != "-")
            .map(|word| Step::new(word.parse().expect("a step or -")))
    }

    fn code(&mut self) -> Code {
        self.next().parse().expect("a code")
    }

    fn secret(&mut self) -> Secret {
        let bytes = self.next().as_bytes().chunks(2).map(|pair| {
            let pair = str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("hexadecimal")
        });
        Secret::from_weak_bytes(&bytes.collect::<Vec<u8>>()).expect("a secret")
    }

    fn algorithm(&mut self) -> Algorithm {
        match self.next() {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            name => panic!("no algorithm: {name}"),
        }
    }

    fn digits(&mut self) -> Digits {
        Digits::from_count(self.number()).expect("6 to 8 digits")
    }
}

fn or_none(answer: Option<impl Display>) -> String {
    answer.map_or("none".into(), |answer| answer.to_string())
}

/// `KIND KEY ALGORITHM DIGITS`, then `PERIOD T0 TIME` of a TOTP code or `COUNTER` of a HOTP code; if one is to be
/// verified, the window and last step or the look-ahead, and the code.
fn answer(question: &str) -> String {
    let mut words = Words(question.split_whitespace());
    let kind = words.next().to_owned();
    let (secret, algorithm, digits) = (words.secret(), words.algorithm(), words.digits());
    if kind.starts_with("hotp") {
        let parameters = Parameters::hotp(Counter::new(words.number()));
        let parameters = parameters.with_algorithm(algorithm).with_digits(digits);
        let (hotp, counter) = Hotp::from_parameters(&secret, parameters).expect("of HOTP");
        if kind == "hotp" {
            return hotp.at(counter).to_string();
        }
        let look_ahead = LookAhead::new(words.number()).expect("a look-ahead");
        return or_none(
            hotp.verify(words.code(), counter, look_ahead)
                .map(Counter::get),
        );
    }
    let period = Period::from_secs(words.number()).expect("a period");
    let t0 = UnixTime::from_secs(words.number());
    let parameters = Parameters::totp(period)
        .with_algorithm(algorithm)
        .with_digits(digits);
    let totp = Totp::from_parameters(&secret, parameters)
        .expect("of TOTP")
        .with_t0(t0);
    let time = UnixTime::from_secs(words.number());
    if kind == "totp" {
        return or_none(totp.at(time).ok());
    }
    let window = Window::new(words.number(), words.number()).expect("a window");
    let last_used = words.step();
    or_none(totp.verify(words.code(), time, window, last_used))
}

fn main() -> Result<()> {
    let mut out = stdout().lock();
    for question in stdin().lines() {
        writeln!(out, "{}", answer(&question?))?;
    }
    Ok(())
}
