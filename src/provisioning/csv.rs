//! Tables of comma-separated values, which come with hardware tokens.

mod columns;
mod error;
mod read;
mod row;

pub use error::CsvError;
