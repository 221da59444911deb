//! Lines in the system log. No secret and nothing that was typed is in them.

use std::os::unix::net::UnixDatagram;
use std::panic;
use std::time::Duration;

use secondfactor::Event;

/// Where the C library's `syslog` writes too.
const SOCKET: &str = "/dev/log";
/// A log that hangs keeps nobody out for longer.
const LIMIT: Duration = Duration::from_secs(1);
/// LOG_AUTHPRIV (RFC 5424 6.2.1): what only administrators read.
const FACILITY: u8 = 10;

/// RFC 5424 6.2.1.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Error = 3,
    Notice = 5,
    Info = 6,
    Debug = 7,
}

/// The log of one login, or of one call of the command.
#[derive(Clone, Debug)]
pub struct Log {
    head: String,
}

impl Log {
    /// As with other modules, the tag is the program: `sshd[4711]: pam_secondfactor(sshd:auth): alice`.
    pub(crate) fn of_login(service: &str, name: &str) -> Self {
        Self::new(
            service,
            &format!("pam_secondfactor({service}:auth): "),
            name,
        )
    }

    /// For what an administrator does to a user: `secondfactor-pam[4711]: by bob: alice`.
    #[must_use]
    pub fn of_command(name: &str, actor: &str) -> Self {
        Self::new("secondfactor-pam", &format!("by {actor}: "), name)
    }

    /// A name is the claimant's text: nothing in it may look like another line.
    fn new(tag: &str, module: &str, name: &str) -> Self {
        let (process, name) = (std::process::id(), name.escape_debug());
        let head = format!("{tag}[{process}]: {module}{name}");
        Self { head }
    }

    /// Without a log there is nobody to tell that there is none.
    pub(crate) fn line(&self, level: Level, text: &str) {
        let priority = FACILITY << 3 | level as u8;
        let line = format!("<{priority}>{}: {text}", self.head);
        let Ok(socket) = UnixDatagram::unbound() else {
            return;
        };
        if socket.set_write_timeout(Some(LIMIT)).is_ok() {
            let _ = socket.send_to(line.as_bytes(), SOCKET);
        }
    }

    /// Writes what has happened.
    pub fn event(&self, event: &Event) {
        let level = if event.notify_owner() {
            Level::Notice
        } else {
            Level::Info
        };
        match event.device() {
            Some(device) => self.line(level, &format!("{}, device {device}", event.code())),
            None => self.line(level, event.code()),
        }
    }

    /// Says where this login panics, and nothing of it to the claimant, whose terminal standard error may be.
    pub(crate) fn panics(&self) {
        let log = self.clone();
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(ToString::to_string);
            let place = place.unwrap_or_default();
            log.line(Level::Error, &format!("refused after a panic at {place}"));
        }));
    }
}
