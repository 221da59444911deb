//! A real `sshd` on loopback, a process for each connection, and its client.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use crate::machine::{PASSWORD, Service, machine};

/// Its service of PAM is the name of its binary.
pub(crate) const SERVICE: &str = "sshd";
const SERVER: &str = "/usr/sbin/sshd";

pub(crate) struct Sshd {
    pub(crate) service: Service,
    address: SocketAddr,
}

/// What came of a login.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) is_in: bool,
    /// What the client has shown.
    pub(crate) said: String,
    /// The questions that it was asked.
    pub(crate) questions: String,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        let service = Service::of_password_and_code(SERVICE);
        let configuration = machine().join("sshd_config");
        let host_key = machine().join("host_key");
        let text = format!(
            "HostKey {}\nUsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication yes\nPrintMotd no\n\
             LogLevel VERBOSE\n",
            host_key.display()
        );
        fs::write(&configuration, text).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let configuration = configuration.clone();
                thread::spawn(move || serve(stream, &configuration));
            }
        });
        Self { service, address }
    }

    pub(crate) fn log_in(&self, user: &str, code: &str) -> Session {
        self.log_in_by("keyboard-interactive", user, PASSWORD, code)
    }

    pub(crate) fn log_in_by(
        &self,
        method: &str,
        user: &str,
        password: &str,
        code: &str,
    ) -> Session {
        let questions = tempfile::NamedTempFile::new_in(machine()).unwrap();
        let mut client = Command::new("ssh");
        client.args(["-F", "none", "-T", "-p", &self.address.port().to_string()]);
        client.args(["-o", &format!("PreferredAuthentications={method}")]);
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
            "NumberOfPasswordPrompts=1",
        ] {
            client.args(["-o", option]);
        }
        client.arg(format!("{user}@{}", self.address.ip()));
        client.arg("echo in");
        let askpass = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logins/askpass");
        client
            .env("SSH_ASKPASS", askpass)
            .env("SSH_ASKPASS_REQUIRE", "force");
        client
            .env("ASKED", questions.path())
            .env("PASSWORD", password)
            .env("CODE", code);
        let output = client.stdin(Stdio::null()).output().unwrap();
        Session {
            is_in: output.stdout == b"in\n" && output.status.success(),
            said: String::from_utf8(output.stderr).unwrap(),
            questions: fs::read_to_string(questions.path()).unwrap(),
        }
    }
}

fn serve(stream: TcpStream, configuration: &PathBuf) {
    let [input, output] = [stream.try_clone().unwrap(), stream].map(OwnedFd::from);
    let mut server = Command::new(SERVER);
    server.arg("-i").arg("-f").arg(configuration);
    server.stdin(input).stdout(output).stderr(Stdio::null());
    // The command holds them too.
    let mut child = server.spawn().unwrap();
    drop(server);
    child.wait().unwrap();
}
