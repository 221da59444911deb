//! The system log of the machine.

use std::os::unix::net::UnixDatagram;
use std::sync::{Condvar, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// What a test waits for comes long before.
const DEADLINE: Duration = Duration::from_secs(120);

#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Log {
    pub(crate) fn open() -> &'static Self {
        static LOG: OnceLock<&Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log: &Self = Box::leak(Box::default());
            let socket = UnixDatagram::bind("/dev/log").unwrap();
            // As any user may write there.
            let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
            std::fs::set_permissions("/dev/log", everybody).unwrap();
            thread::spawn(move || log.listen(&socket));
            log
        })
    }

    fn listen(&self, socket: &UnixDatagram) {
        let mut buffer = [0; 8192];
        while let Ok(len) = socket.recv(&mut buffer) {
            let line = String::from_utf8_lossy(&buffer[..len]).into_owned();
            self.lines.lock().unwrap().push(line);
            self.grown.notify_all();
        }
    }

    /// Waits for a line that has all of these, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, parts: &[&str]) -> String {
        let find = |lines: &Vec<String>| {
            let mut lines = lines.iter();
            lines
                .find(|line| parts.iter().all(|part| line.contains(part)))
                .cloned()
        };
        let lines = self.lines.lock().unwrap();
        let is_missing = |lines: &mut Vec<String>| find(lines).is_none();
        let waited = self.grown.wait_timeout_while(lines, DEADLINE, is_missing);
        let (lines, _) = waited.unwrap();
        find(&lines).unwrap_or_else(|| panic!("no line has {parts:?}: {lines:#?}"))
    }

    /// Looks at what has come up to now.
    #[track_caller]
    pub(crate) fn assert_nowhere(&self, text: &str) {
        let lines = self.lines.lock().unwrap();
        assert!(
            !lines.iter().any(|line| line.contains(text)),
            "{text:?} is in the log"
        );
    }
}
