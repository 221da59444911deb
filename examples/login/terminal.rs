//! Questions and answers.

use std::error::Error as StdError;
use std::io::{BufRead, ErrorKind, Write, stderr, stdin, stdout};

use secondfactor::Code;

use crate::Outcome;
use crate::words::explain;

/// Questions and answers: at a terminal with prompts, from a pipe as plain lines.
pub(crate) struct Terminal {
    pub(crate) interactive: bool,
}

impl Terminal {
    /// The next command; `None` at the end of input.
    pub(crate) fn command(&self, name: Option<&str>) -> Outcome<Option<String>> {
        self.prompt(&name.map_or_else(|| "> ".to_owned(), |name| format!("{name}> ")))?;
        self.line()
    }

    pub(crate) fn ask(&self, question: &str) -> Outcome<String> {
        self.prompt(question)?;
        self.line()?
            .ok_or_else(|| "The input ended before the answer".into())
    }

    /// At a terminal an answer with a typing mistake is asked for again; an empty one gives up.
    pub(crate) fn ask_for<T>(
        &self,
        question: &str,
        read: impl Fn(&str) -> Outcome<T>,
    ) -> Outcome<T> {
        loop {
            let answer = self.ask(question)?;
            match read(&answer) {
                Err(error) if self.interactive && !answer.is_empty() => say_error(&*error),
                read => return read,
            }
        }
    }

    pub(crate) fn ask_code(&self, question: &str) -> Outcome<Code> {
        self.ask_for(question, |answer| Ok(answer.parse()?))
    }

    pub(crate) fn ask_hidden(&self, question: &str) -> Outcome<String> {
        if self.interactive {
            Ok(rpassword::prompt_password(question)?)
        } else {
            self.ask(question)
        }
    }

    fn prompt(&self, text: &str) -> Outcome {
        if self.interactive {
            write!(stdout(), "{text}")?;
            stdout().flush()?;
        }
        Ok(())
    }

    fn line(&self) -> Outcome<Option<String>> {
        let mut line = String::new();
        match stdin().lock().read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err("The input is not UTF-8".into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) fn say_error(error: &(dyn StdError + 'static)) {
    let _ = writeln!(stderr(), "{}.", explain(error));
}

/// Unlike `println!`, no panic when nobody reads it.
pub(crate) fn say(text: impl std::fmt::Display) -> Outcome {
    Ok(writeln!(stdout(), "{text}")?)
}
