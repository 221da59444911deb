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

/// The log of one login.
#[derive(Clone)]
pub(crate) struct Log {
    /// As with other modules, the log's tag is the program: `sshd`.
    service: String,
    name: String,
}

impl Log {
    /// A name is the claimant's text: nothing in it may look like another line.
    pub(crate) fn new(service: String, name: &str) -> Self {
        let name = name.escape_debug().to_string();
        Self { service, name }
    }

    /// Without a log there is nobody to tell that there is none.
    pub(crate) fn line(&self, level: Level, text: &str) {
        let (service, name) = (&self.service, &self.name);
        let priority = FACILITY << 3 | level as u8;
        let process = std::process::id();
        let line = format!(
            "<{priority}>{service}[{process}]: pam_secondfactor({service}:auth): {name}: {text}"
        );
        let Ok(socket) = UnixDatagram::unbound() else {
            return;
        };
        if socket.set_write_timeout(Some(LIMIT)).is_ok() {
            let _ = socket.send_to(line.as_bytes(), SOCKET);
        }
    }

    pub(crate) fn event(&self, event: &Event) {
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
