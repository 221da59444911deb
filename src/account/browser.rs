//! Known browsers: their cookie, what is remembered of them, and what they are trusted with.

pub(super) mod cookie;
pub(super) mod entry;
pub(super) mod id;
pub(super) mod list;
pub(super) mod recognized;
pub(super) mod side;
pub(super) mod status;

pub use cookie::BrowserCookie;
pub use id::BrowserId;
pub use recognized::Recognized;
pub use status::BrowserStatus;
