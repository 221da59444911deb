//! The id of a form, by which a submission is known again.

use std::fmt;
use std::str::FromStr;

use crate::codes::{RngError, fill_random};

/// Names one form that was shown: 128 random bits, to be put into it as a hidden field.
///
/// Make a new one for each page that asks for a code. The same form sent twice gets the same
/// answer: see [`Submission::with_form`](super::Submission::with_form).
///
/// ```
/// use secondfactor::account::FormId;
///
/// let form = FormId::generate()?;
/// let hidden_field = form.to_string();
/// assert_eq!(hidden_field.len(), 32);
/// assert_eq!(hidden_field.parse::<FormId>()?, form);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormId([u8; Self::LEN]);

impl FormId {
    const LEN: usize = 16;

    /// Makes a new id from the operating system's random generator.
    ///
    /// # Errors
    /// [`RngError`] if the generator fails.
    pub fn generate() -> Result<Self, RngError> {
        let mut bytes = [0; Self::LEN];
        fill_random(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Writes 32 hexadecimal digits.
impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for FormId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        from_hexadecimal(text).map(Self)
    }
}

/// The text of a hidden field is no id: the form was changed, or is another one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form is damaged: load the page again")]
pub struct IdError(());

/// Reads two hexadecimal digits for each byte.
pub(super) fn from_hexadecimal<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    let mut bytes = [0; N];
    for byte in &mut bytes {
        let pair = digits.next().flatten().zip(digits.next().flatten());
        let (high, low) = pair.ok_or(IdError(()))?;
        *byte = u8::try_from((high << 4) | low).map_err(|_| IdError(()))?;
    }
    match digits.next() {
        None => Ok(bytes),
        Some(_) => Err(IdError(())),
    }
}
