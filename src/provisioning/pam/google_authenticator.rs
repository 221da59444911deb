//! Reads the file of Google Authenticator's PAM module (google-authenticator-libpam, `FILEFORMAT`).

use alloc::vec::Vec;

use crate::codes::{Counter, Parameters, Period, Secret};
use crate::provisioning::token::{
    Token, TokenError, TokenPart, TokenReason, integer, lines, number,
};

type Line<'f> = (u64, &'f str);

impl Token {
    /// Reads a file `.google_authenticator`, which the PAM module of Google Authenticator keeps in
    /// its owner's home.
    ///
    /// The counter, the length of a step and the skew of the clock are taken over. The codes that
    /// were used, the scratch codes, the window and the rate limit are not. The file does not say
    /// who its owner is. Wipe the file afterwards.
    ///
    /// ```
    /// use secondfactor::codes::Parameters;
    /// use secondfactor::provisioning::Token;
    ///
    /// let file = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" WINDOW_SIZE 17\n\" TIME_SKEW 2\n\" TOTP_AUTH\n12345678\n";
    /// let token = Token::read_google_authenticator(file.as_bytes())?;
    /// assert_eq!((token.parameters(), token.drift()), (Parameters::DEFAULT, 2));
    /// # Ok::<(), secondfactor::provisioning::TokenError>(())
    /// ```
    ///
    /// # Errors
    /// [`TokenError`] with the number of the line that can't be read.
    pub fn read_google_authenticator(file: &[u8]) -> Result<Self, TokenError> {
        let lines: Vec<Line<'_>> = lines(file)
            .map(|(number, line)| {
                line.map(|line| (number, line))
                    .map_err(|reason| TokenError::of_line(number, reason))
            })
            .collect::<Result<_, _>>()?;
        let (number, first) = lines.first().copied().unwrap_or((1, ""));
        // Bits behind the last byte are dropped, as the module drops them.
        let (secret, _) = Secret::from_base32_with_spare_bits(first)
            .map_err(|error| TokenError::of_line(number, TokenReason::Secret(error)))?;
        let (parameters, drift) = read_options(&lines)?;
        Ok(Self {
            drift,
            ..Self::new(secret, parameters)
        })
    }
}

fn read_options(lines: &[Line<'_>]) -> Result<(Parameters, i32), TokenError> {
    let counter = |text: &str| number(text).filter(|next| *next > 0).map(Counter::new);
    let period = |text: &str| Period::from_secs(u16::try_from(number(text)?).ok()?).ok();
    let skew = |text: &str| i32::try_from(integer(text)?).ok();
    let next = option(lines, "HOTP_COUNTER", TokenPart::Counter, counter)?;
    let period = option(lines, "STEP_SIZE", TokenPart::Period, period)?;
    let skew = option(lines, "TIME_SKEW", TokenPart::Drift, skew)?;
    let is_totp = option(lines, "TOTP_AUTH", TokenPart::Kind, |_| Some(()))?.is_some();
    match next {
        Some(next) => Ok((Parameters::hotp(next), 0)),
        None if is_totp => Ok((
            Parameters::totp(period.unwrap_or_default()),
            skew.unwrap_or(0),
        )),
        None => {
            let part = TokenPart::Kind;
            let last = lines.last().map_or(1, |(number, _)| *number);
            Err(TokenError::of_line(last, TokenReason::Missing { part }))
        }
    }
}

/// Reads the option of this name, if there is one.
fn option<T>(
    lines: &[Line<'_>],
    name: &str,
    part: TokenPart,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, TokenError> {
    let mut values = lines.iter().filter_map(|(number, line)| {
        let value = line.strip_prefix("\" ")?.strip_prefix(name)?;
        let is_whole = value.is_empty() || value.starts_with(|c: char| c.is_ascii_whitespace());
        is_whole.then_some((*number, value))
    });
    let Some((number, value)) = values.next() else {
        return Ok(None);
    };
    if let Some((number, _)) = values.next() {
        return Err(TokenError::of_line(number, TokenReason::Twice { part }));
    }
    let bad = || TokenError::of_line(number, TokenReason::Value { part });
    read(value).map(Some).ok_or_else(bad)
}
