//! What lies between a browser and the server: a slow line, or one that is cut.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::other_site::OtherSite;

/// How slow the answers to a form are.
const SLOW: Duration = Duration::from_millis(1500);

/// Passes requests on, but not what only new browsers say of where they come from. The answers to one form are late, or never come.
pub(crate) struct Line {
    site: OtherSite,
    form: Arc<Mutex<Form>>,
}

#[derive(Default)]
struct Form {
    /// How its path ends.
    path: String,
    is_cut: bool,
    sent: usize,
}

impl Line {
    pub(crate) fn new(authority: &str) -> Self {
        let form = Arc::new(Mutex::new(Form::default()));
        let (server, watched) = (authority.to_owned(), Arc::clone(&form));
        let site = OtherSite::answering(move |stream| {
            // The browser may be gone, or keep a connection that it does not use.
            let _passed = pass(stream, &server, &watched);
        });
        Self { site, form }
    }

    /// Without a slash at its end.
    pub(crate) fn address(&self) -> String {
        let address = self.site.address("127.0.0.1");
        address.trim_end_matches('/').to_owned()
    }

    pub(crate) fn is_slow_at(&self, path: &str) {
        *self.form.lock().unwrap() = Form {
            path: path.to_owned(),
            ..Form::default()
        };
    }

    /// The server gets the form, and the browser no answer, until it is mended.
    pub(crate) fn is_cut_at(&self, path: &str) {
        self.is_slow_at(path);
        self.form.lock().unwrap().is_cut = true;
    }

    pub(crate) fn mends(&self) {
        self.form.lock().unwrap().is_cut = false;
    }

    /// How often the form was sent.
    pub(crate) fn sent(&self) -> usize {
        self.form.lock().unwrap().sent
    }
}

fn pass(mut browser: TcpStream, server: &str, watched: &Mutex<Form>) -> std::io::Result<()> {
    let mut reader = BufReader::new(browser.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let field = line.to_ascii_lowercase();
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if !field.starts_with("connection:") && !field.starts_with("sec-fetch-") {
            head += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let is_watched = {
        let form = watched.lock().unwrap();
        head.starts_with("POST ") && path.ends_with(&*form.path) && !form.path.is_empty()
    };
    let mut to_server = TcpStream::connect(server)?;
    to_server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    to_server.write_all(&body)?;
    let mut answer = Vec::new();
    to_server.read_to_end(&mut answer)?;
    if is_watched {
        let is_cut = {
            let mut form = watched.lock().unwrap();
            form.sent += 1;
            form.is_cut
        };
        if is_cut {
            return Ok(());
        }
        std::thread::sleep(SLOW);
    }
    browser.write_all(&answer)
}
