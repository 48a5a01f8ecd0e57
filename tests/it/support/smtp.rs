//! An SMTP server that keeps what it is given: enough of RFC 5321 to tell a client what it does wrong.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::caller::percent_decode;

/// Nobody waits longer for a mail; one that does not come fails its test.
const MAIL_MAX: Duration = Duration::from_secs(60);

/// What a client delivered.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    /// Who it is from, to the servers.
    pub(crate) from: String,
    /// Who gets it, to the servers.
    pub(crate) to: Vec<String>,
    /// Headers and text.
    pub(crate) message: String,
    /// User and password, if the client said who it is: as base64, the way it came.
    pub(crate) credentials: Option<String>,
}

impl Delivered {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.message.split("\r\n\r\n").next().unwrap_or_default();
        let start = format!("{}:", name.to_ascii_lowercase());
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&start))?;
        Some(line[start.len()..].trim())
    }

    /// What stands below the headers, as a reader sees it.
    pub(crate) fn text(&self) -> String {
        let text = self.message.split_once("\r\n\r\n").expect("headers, then a text").1;
        match self.header("content-transfer-encoding") {
            Some("quoted-printable") => {
                percent_decode(&text.replace('%', "=25").replace("=\r\n", "").replace('=', "%"))
            }
            Some("7bit") => text.to_owned(),
            other => panic!("an unexpected encoding: {other:?}"),
        }
    }

    /// The address in the text.
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        let start = text.find("http").expect("a link");
        text[start..].split_whitespace().next().expect("a link").to_owned()
    }

    /// The token in that address.
    pub(crate) fn token(&self) -> String {
        let link = self.link();
        link.split_once("token=").expect("a token").1.to_owned()
    }
}

/// A server on a port of this machine.
pub(crate) struct SmtpServer {
    port: u16,
    mails: Arc<(Mutex<Vec<Delivered>>, Condvar)>,
}

impl SmtpServer {
    /// A server that takes every mail.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let mails: Arc<(Mutex<Vec<Delivered>>, Condvar)> = Arc::default();
        let shelf = Arc::clone(&mails);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shelf = Arc::clone(&shelf);
                // A client that goes away in the middle has delivered nothing.
                thread::spawn(move || drop(converse(stream, &shelf)));
            }
        });
        Self { port, mails }
    }

    /// The option `emailAdapter` for this server.
    pub(crate) fn adapter(&self) -> Value {
        json!({"module": "smtp", "options": {
            "host": "127.0.0.1", "port": self.port, "fromAddress": "It App <noreply@it.example>",
            "user": "it", "password": "it-password",
        }})
    }

    /// The number of mails so far.
    pub(crate) fn count(&self) -> usize {
        self.mails.0.lock().expect("nobody panicked with the mails").len()
    }

    /// Waits for a mail that was not asked for before: the one with this number, counted from 0.
    pub(crate) fn mail(&self, number: usize) -> Delivered {
        let mails = self.mails.0.lock().expect("nobody panicked with the mails");
        let waited =
            self.mails.1.wait_timeout_while(mails, MAIL_MAX, |mails| mails.len() <= number);
        let (mails, waited) = waited.expect("nobody panicked with the mails");
        assert!(!waited.timed_out(), "mail {number} did not come");
        mails[number].clone()
    }
}

fn converse(stream: TcpStream, shelf: &(Mutex<Vec<Delivered>>, Condvar)) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut credentials = None;
    let (mut from, mut to): (Option<String>, Vec<String>) = (None, Vec::new());
    say(&mut client, "220 it.example ready")?;
    loop {
        let line = hear(&mut client)?;
        let verb = line.to_ascii_uppercase();
        let answer = if verb.starts_with("EHLO ") {
            "250-it.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"
        } else if verb.starts_with("AUTH PLAIN ") {
            credentials = line.rsplit(' ').next().map(str::to_owned);
            "235 welcome"
        } else if verb.starts_with("MAIL FROM:<") && from.is_none() {
            from = bracketed(&line);
            "250 ok"
        } else if verb.starts_with("RCPT TO:<") && from.is_some() {
            to.extend(bracketed(&line));
            "250 ok"
        } else if verb == "DATA" && !to.is_empty() {
            say(&mut client, "354 go ahead")?;
            let message = hear_message(&mut client)?;
            let from = from.take().unwrap_or_default();
            let to = std::mem::take(&mut to);
            let delivered = Delivered { from, to, message, credentials: credentials.clone() };
            shelf.0.lock().expect("nobody panicked with the mails").push(delivered);
            shelf.1.notify_all();
            "250 taken"
        } else if verb == "RSET" || verb == "NOOP" {
            (from, to) = (None, Vec::new());
            "250 ok"
        } else if verb == "QUIT" {
            return say(&mut client, "221 bye");
        } else {
            "503 that makes no sense here"
        };
        say(&mut client, answer)?;
    }
}

fn bracketed(line: &str) -> Option<String> {
    let (_, after) = line.split_once('<')?;
    Some(after.split_once('>')?.0.to_owned())
}

/// The lines up to a single dot; a dot that begins a line was doubled on the way.
fn hear_message(client: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut message = String::new();
    loop {
        let line = hear(client)?;
        if line == "." {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
        message.push_str("\r\n");
    }
}

fn hear(client: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match client.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

fn say(client: &mut BufReader<TcpStream>, answer: &str) -> io::Result<()> {
    client.get_mut().write_all(format!("{answer}\r\n").as_bytes())
}
