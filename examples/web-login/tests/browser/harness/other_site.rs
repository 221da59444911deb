//! A page of somebody else, on another origin.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Answers every connection, until it is dropped.
pub(crate) struct OtherSite {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl OtherSite {
    /// Answers every request with the same page.
    pub(crate) fn new(body: &str) -> Self {
        let page = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n\
             {body}",
            body.len()
        );
        Self::answering(move |stream| answer(stream, &page))
    }

    pub(crate) fn answering(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    // Browsers open connections they don't use: each has its own thread.
                    let answer = Arc::clone(&answer);
                    std::thread::spawn(move || answer(stream));
                }
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    /// Its address by a host name. `127.0.0.1` is another origin of the same site as the server's, as ports don't count
    /// for a site; `localhost` is another site.
    pub(crate) fn address(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.address.port())
    }
}

impl Drop for OtherSite {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(mut stream: TcpStream, page: &str) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    if lines.map_while(Result::ok).any(|line| line.is_empty()) {
        // The browser may be gone.
        let _sent = stream.write_all(page.as_bytes());
    }
}
