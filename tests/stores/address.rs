//! A TCP address that leads to one server after the other, as the name of a primary does.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::daemon::Daemon;

pub(crate) struct Address {
    port: u16,
    leads_to: Arc<Mutex<PathBuf>>,
}

impl Address {
    pub(crate) fn of(daemon: &Daemon) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let leads_to = Arc::new(Mutex::new(daemon.socket()));
        let target = Arc::clone(&leads_to);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // With no server behind it, the connection is closed.
                if let Ok(server) = UnixStream::connect(&*target.lock().unwrap()) {
                    connect(client, server);
                }
            }
        });
        Self { port, leads_to }
    }

    pub(crate) fn postgres(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres",
            self.port
        )
    }

    /// For new connections. Those of before stay where they are.
    pub(crate) fn move_to(&self, daemon: &Daemon) {
        *self.leads_to.lock().unwrap() = daemon.socket();
    }
}

fn connect(client: TcpStream, server: UnixStream) {
    let (mut from_client, mut from_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut to_client, mut to_server) = (client, server);
    std::thread::spawn(move || {
        let _ended = std::io::copy(&mut from_client, &mut to_server);
        let _closed = to_server.shutdown(std::net::Shutdown::Both);
    });
    std::thread::spawn(move || {
        let _ended = std::io::copy(&mut from_server, &mut to_client);
        let _closed = to_client.shutdown(std::net::Shutdown::Both);
    });
}
