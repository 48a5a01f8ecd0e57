//! A web server that the server under test calls: what it was asked is kept, what it answers is up to the test.

#![allow(dead_code, reason = "not every test that has a web server needs all of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Nobody keeps a connection open for longer without a request.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// What the web server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Asked {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the web server answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// JSON with the status 200.
    Json(Value),
    /// A text with a status and further headers, each with its line end.
    Text(u16, &'static str, String),
    /// The connection is closed without a word.
    Nothing,
    /// The connection stays open, and nothing is said.
    Silence,
}

/// A running web server.
pub(crate) struct WebServer {
    origin: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    is_over: Arc<AtomicBool>,
}

impl WebServer {
    /// Starts a server that answers as the function says.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("a bound address"));
        let (asked, is_over) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<AtomicBool>::default());
        let (kept, over, answer) = (Arc::clone(&asked), Arc::clone(&is_over), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                thread::spawn(move || {
                    // A connection that breaks is the end of it, and of nothing else.
                    let _ = serve(&stream, &kept, &*answer);
                });
            }
        });
        Self { origin, asked, is_over }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Everything that was asked since this was called last.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panicked with the list"))
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Whoever waits for a connection gets one, and sees that it is over.
        let _ = TcpStream::connect(self.origin.trim_start_matches("http://"));
    }
}

fn serve(
    stream: &TcpStream,
    kept: &Mutex<Vec<Asked>>,
    answer: &(impl Fn(&Asked) -> Answer + ?Sized),
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(REQUEST_MAX))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(asked) = read(&mut reader)? {
        let answer = answer(&asked);
        kept.lock().expect("nobody panicked with the list").push(asked);
        let (status, headers, body) = match answer {
            Answer::Json(json) => (200, "content-type: application/json\r\n", json.to_string()),
            Answer::Text(status, headers, text) => (status, headers, text),
            Answer::Nothing => return stream.shutdown(std::net::Shutdown::Both),
            Answer::Silence => {
                // Until whoever asked gives up.
                let _ = reader.read(&mut [0]);
                return Ok(());
            }
        };
        let head =
            format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len());
        writer.write_all(head.as_bytes())?;
        writer.write_all(body.as_bytes())?;
    }
    Ok(())
}

/// The next request of a connection; nothing at its end.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Some(Asked { method, path, headers, body }))
}
