//! Stands between a client and a server, and cuts the connection where the test says.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::daemon::{Daemon, socket_name};

/// Where to cut, once.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// In the middle of the next request that carries a record: the server gets the first half.
    Request,
    /// Before the reply that holds these bytes: the server has done what it was asked.
    Reply(&'static [u8]),
}

pub(crate) struct Proxy {
    folder: TempDir,
    cut: Arc<Mutex<Option<Cut>>>,
    server: Arc<Mutex<PathBuf>>,
}

impl Proxy {
    pub(crate) fn to(daemon: &Daemon) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(socket_name(daemon.kind))).unwrap();
        let cut = Arc::new(Mutex::new(None));
        let server = Arc::new(Mutex::new(daemon.socket()));
        let (to, order) = (Arc::clone(&server), Arc::clone(&cut));
        std::thread::spawn(move || listen(&listener, &to, &order));
        Self {
            folder,
            cut,
            server,
        }
    }

    /// From now on new connections lead there. Those that are open stay where they are.
    pub(crate) fn move_to(&self, daemon: &Daemon) {
        *self.server.lock().unwrap() = daemon.socket();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn order(&self) -> Arc<Mutex<Option<Cut>>> {
        Arc::clone(&self.cut)
    }
}

fn listen(listener: &UnixListener, server: &Mutex<PathBuf>, order: &Arc<Mutex<Option<Cut>>>) {
    for client in listener.incoming().map_while(Result::ok) {
        let address = server.lock().unwrap().clone();
        let Ok(server) = UnixStream::connect(address) else {
            continue;
        };
        for is_request in [true, false] {
            let (from, to) = if is_request {
                (&client, &server)
            } else {
                (&server, &client)
            };
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let order = Arc::clone(order);
            std::thread::spawn(move || forward(from, to, is_request, &order));
        }
    }
}

fn forward(mut from: UnixStream, mut to: UnixStream, is_request: bool, order: &Mutex<Option<Cut>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        let mut cut = order.lock().unwrap();
        let passes = match &*cut {
            Some(Cut::Request) if is_request && length > 100 => length / 2,
            Some(Cut::Reply(end))
                if !is_request && bytes.windows(end.len()).any(|part| part == *end) =>
            {
                0
            }
            _ => length,
        };
        if passes < length {
            *cut = None;
        }
        drop(cut);
        if to.write_all(&bytes[..passes]).is_err() || passes < length {
            break;
        }
    }
    let _closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
