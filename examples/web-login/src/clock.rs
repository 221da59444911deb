//! Where the present comes from.

use secondfactor::codes::{Clock, SystemClock, UnixTime};

/// The system's clock. Built for the browser tests, a file that they write may stand in for it.
#[derive(Debug)]
pub(crate) struct SiteClock {
    #[cfg(feature = "test-clock")]
    file: Option<std::path::PathBuf>,
}

impl SiteClock {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "test-clock")]
            file: std::env::var_os("SECONDFACTOR_TEST_CLOCK_FILE").map(Into::into),
        }
    }
}

impl Clock for SiteClock {
    fn now(&self) -> UnixTime {
        #[cfg(feature = "test-clock")]
        if let Some(now) = self
            .file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok())
        {
            return UnixTime::from_secs(now);
        }
        SystemClock.now()
    }
}
