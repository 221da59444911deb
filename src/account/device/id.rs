//! The number of a device.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Names a device of an account, in forms and pages.
///
/// It is no secret, and no other device gets the same one within a life of the record. After an
/// opt-out and after a lost write ids are given again, so a page from before may name another device:
/// show labels in its answer. `Display` and [`FromStr`] take it through a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u32);

impl DeviceId {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DeviceId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
