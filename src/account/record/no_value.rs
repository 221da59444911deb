//! An element of a list that no release wrote.

use minicbor::decode::Error;

pub(super) fn no_value() -> Error {
    Error::message("no value of a record")
}
