//! Reads the users file of pam_oath (OATH Toolkit, `liboath/usersfile.c`).

use alloc::vec::Vec;

use crate::codes::{Counter, Digits, Parameters, Period, Secret};
use crate::provisioning::token::{
    Token, TokenError, TokenPart, TokenReason, hex, lines, name, number,
};

/// The type, the user, the PIN, the secret, the moving factor, the last code and its time.
const MAX_FIELDS: usize = 7;

impl Token {
    /// Reads the users file of `pam_oath`, which has a line for each device of a server's users.
    ///
    /// There is one result for each line, numbered by it. A bad line hides no other one. Empty lines
    /// and comments are passed over. The [`owner`](Self::owner) is the name of the user.
    ///
    /// The counter of a counting token is taken over: the file holds the one of the last code, once
    /// there was a code. The PIN, the last code and its time are not taken over, nor is the window,
    /// which is an option of the module. Wipe the file afterwards.
    ///
    /// ```
    /// use secondfactor::codes::{Counter, Parameters};
    /// use secondfactor::provisioning::Token;
    ///
    /// let file = "HOTP/T30/6 alice - 3132333435363738393031323334353637383930\n\
    ///             HOTP bob - 3132333435363738393031323334353637383930 4 338314 2026-02-27T14:47:34L\n";
    /// let tokens: Vec<_> = Token::read_users_file(file.as_bytes()).collect();
    /// let [Ok(alice), Ok(bob)] = tokens.as_slice() else { panic!("two tokens") };
    /// assert_eq!((alice.owner(), alice.parameters()), (Some("alice"), Parameters::DEFAULT));
    /// assert_eq!(bob.parameters(), Parameters::hotp(Counter::new(5)));
    /// ```
    pub fn read_users_file(file: &[u8]) -> impl Iterator<Item = Result<Self, TokenError>> {
        lines(file).filter_map(|(number, line)| {
            let token = match line {
                Ok(line) => {
                    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
                    let is_said = fields.first().is_some_and(|first| !first.starts_with('#'));
                    is_said.then(|| read_line(&fields))?
                }
                Err(reason) => Err(reason),
            };
            Some(token.map_err(|reason| TokenError::of_line(number, reason)))
        })
    }
}

fn read_line(fields: &[&str]) -> Result<Token, TokenReason> {
    let field = |at: usize, part| fields.get(at).ok_or(TokenReason::Missing { part });
    let (period, digits) = read_type(field(0, TokenPart::Kind)?)?;
    let owner = name(field(1, TokenPart::Owner)?, TokenPart::Owner)?;
    let part = TokenPart::Secret;
    let secret = hex(field(3, part)?).ok_or(TokenReason::Value { part })?;
    if fields.len() > MAX_FIELDS {
        let part = TokenPart::Columns;
        return Err(TokenReason::Value { part });
    }
    let parameters = match period {
        Some(period) => Parameters::totp(period),
        None => Parameters::hotp(next_counter(fields)?),
    };
    let secret = Secret::from_weak_bytes(&secret).map_err(TokenReason::Secret)?;
    Ok(Token {
        owner,
        ..Token::new(secret, parameters.with_digits(digits))
    })
}

/// The moving factor is the counter of the last code, which is written behind it. Without a code it
/// is the first counter.
fn next_counter(fields: &[&str]) -> Result<Counter, TokenReason> {
    let part = TokenPart::Counter;
    let moving = fields.get(4).map_or(Some(0), |moving| number(moving));
    let used = u64::from(fields.len() > 5);
    let next = moving.and_then(|moving| moving.checked_add(used));
    next.map(Counter::new).ok_or(TokenReason::Value { part })
}

/// Reads `HOTP`, `HOTP/E` or `HOTP/T30`. Each may have a slash and the digits behind it. A device
/// that counts time has a period.
fn read_type(text: &str) -> Result<(Option<Period>, Digits), TokenReason> {
    let part = TokenPart::Kind;
    let mut parts = text.split('/');
    let (algorithm, moving, digits) = (parts.next(), parts.next(), parts.next());
    let period = match moving {
        None | Some("E") => None,
        Some(step) => {
            let seconds = step.strip_prefix('T').and_then(number);
            let period =
                seconds.and_then(|seconds| Period::from_secs(u16::try_from(seconds).ok()?).ok());
            Some(period.ok_or(TokenReason::Unsupported { part })?)
        }
    };
    if algorithm != Some("HOTP") || parts.next().is_some() {
        return Err(TokenReason::Unsupported { part });
    }
    let part = TokenPart::Digits;
    let count = |text| Digits::from_count(u8::try_from(number(text)?).ok()?);
    let digits = digits.map_or(Some(Digits::Six), count);
    Ok((period, digits.ok_or(TokenReason::Unsupported { part })?))
}
