//! The number of a known browser.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Names a known browser of an account, in forms and pages.
///
/// It is no secret, and it is not the cookie. No other browser gets the same one within a life of the
/// record. `Display` and [`FromStr`] take it through a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrowserId(u32);

impl BrowserId {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for BrowserId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
