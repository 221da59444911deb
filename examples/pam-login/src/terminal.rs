//! Questions and answers.

use std::error::Error as StdError;
use std::io::{BufRead as _, Write as _, stderr, stdin, stdout};

use crate::Outcome;

/// Asks on standard output, and takes a line of standard input.
pub(crate) fn ask(question: &str) -> Outcome<String> {
    write!(stdout(), "{question}")?;
    stdout().flush()?;
    let mut line = String::new();
    if stdin().lock().read_line(&mut line)? == 0 {
        return Err("the input ended before the answer".into());
    }
    Ok(line.trim().to_owned())
}

/// Unlike `println!`, no panic when nobody reads it.
pub(crate) fn say(text: impl std::fmt::Display) -> Outcome {
    Ok(writeln!(stdout(), "{text}")?)
}

/// With its causes: whoever runs this can mend them.
pub(crate) fn complain(error: &dyn StdError) {
    let mut line = format!("secondfactor-pam: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    let _ = writeln!(stderr(), "{line}");
}
