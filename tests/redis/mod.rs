//! A Redis server of a test's own, which can be stopped, killed and started again. It keeps nothing, works in a temporary
//! directory and listens on a free port of this machine.

#![allow(dead_code, reason = "not every test that starts Redis needs all of this")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROGRAM: &str = "PARSIMONY_TEST_REDIS_SERVER";
const START_MAX: Duration = Duration::from_secs(60);
/// Nobody waits longer; a server that hangs fails its test.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A server. It ends with the test.
pub(crate) struct RedisServer {
    program: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    directory: TempDir,
}

/// What Redis answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Nothing,
    Number(i64),
    Text(String),
    Failed(String),
    List(Vec<Reply>),
}

impl RedisServer {
    /// Starts a server with these settings. Nothing if Redis is not installed, which only continuous integration may
    /// not do.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let mut server = Self::prepare(settings)?;
        server.run();
        Some(server)
    }

    /// The same; it does not run yet.
    pub(crate) fn prepare(settings: &[&str]) -> Option<Self> {
        let named = std::env::var_os(PROGRAM).map(PathBuf::from);
        let Some(program) = named.or_else(on_path) else {
            assert!(std::env::var_os("CI").is_none(), "redis-server is not installed");
            eprintln!("redis-server is not installed: nothing went through Redis");
            return None;
        };
        Some(Self {
            program,
            port: free_port(),
            settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
            server: None,
            directory: TempDir::new().expect("a temporary directory"),
        })
    }

    /// Where it works.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Adds a setting for the next time that it runs.
    pub(crate) fn set(&mut self, settings: &[&str]) {
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn run(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        let port = self.port.to_string();
        let child = Command::new(&self.program)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--port", &port])
            .args(&self.settings)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server can be started");
        self.server = Some(child);
        let deadline = Instant::now() + START_MAX;
        while !self.answers() {
            let ended = self.server.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "redis-server ended: {ended:?}");
            assert!(Instant::now() < deadline, "redis-server does not start");
            std::thread::yield_now();
        }
    }

    /// Whether it is there, and it is this one.
    fn answers(&self) -> bool {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        if self.settings.iter().any(|setting| setting == "--tls-port") {
            return true;
        }
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a socket option");
        let id = self.server.as_ref().map(Child::id).unwrap_or_default();
        match Connection(BufReader::new(stream)).try_ask(&[b"INFO", b"server"]) {
            Ok(Reply::Text(text)) => text.lines().any(|line| line == format!("process_id:{id}")),
            // It wants to know first who asks.
            Ok(Reply::Failed(text)) => text.starts_with("NOAUTH"),
            Ok(other) => panic!("{other:?}"),
            Err(_) => false,
        }
    }

    /// Kills it as nobody kills a server that he likes.
    pub(crate) fn kill(&mut self) {
        let mut child = self.server.take().expect("it runs");
        child.kill().expect("it is a child of this process");
        child.wait().expect("it is a child of this process");
    }

    /// Sends a signal, as `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.server.as_ref().expect("it runs").id();
        let command = format!("kill -{signal} {id}");
        let sent = Command::new("sh").args(["-c", &command]).status().expect("sh runs");
        assert!(sent.success());
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection of the test's own.
    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it runs");
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a socket option");
        Connection(BufReader::new(stream))
    }

    /// How many connections listen on a channel.
    pub(crate) fn listeners(&self, channel: &str) -> i64 {
        let reply = self.connect().ask(&[b"PUBSUB", b"NUMSUB", channel.as_bytes()]);
        let Reply::List(list) = &reply else { panic!("{reply:?}") };
        let Some(Reply::Number(number)) = list.get(1) else { panic!("{reply:?}") };
        *number
    }

    /// Waits until so many connections listen on a channel.
    pub(crate) fn await_listeners(&self, channel: &str, wanted: i64) {
        let deadline = Instant::now() + ANSWER_MAX;
        while self.listeners(channel) != wanted {
            assert!(Instant::now() < deadline, "{channel}: {}", self.listeners(channel));
            std::thread::yield_now();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.server.take() {
            // A server that has ended already can not be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A connection of the test's own, which speaks the second version of the protocol.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Sends a command and reads its answer.
    pub(crate) fn ask(&mut self, words: &[&[u8]]) -> Reply {
        self.try_ask(words).expect("an answer")
    }

    fn try_ask(&mut self, words: &[&[u8]]) -> io::Result<Reply> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&command)?;
        self.read()
    }

    /// Publishes a text. How many heard it.
    pub(crate) fn publish(&mut self, channel: &str, text: &[u8]) -> i64 {
        let reply = self.ask(&[b"PUBLISH", channel.as_bytes(), text]);
        let Reply::Number(number) = reply else { panic!("{reply:?}") };
        number
    }

    /// From now on hears everything.
    pub(crate) fn listen(&mut self) {
        self.ask(&[b"PSUBSCRIBE", b"*"]);
    }

    /// The next message that is heard: its channel, and its text.
    pub(crate) fn heard(&mut self) -> (String, String) {
        let reply = self.read().expect("a message");
        let Reply::List(list) = reply else { panic!("{reply:?}") };
        match <[Reply; 4]>::try_from(list) {
            Ok([_, _, Reply::Text(channel), Reply::Text(text)]) => (channel, text),
            other => panic!("{other:?}"),
        }
    }

    fn read(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::UnexpectedEof)?;
        let number = || rest.parse::<i64>().map_err(io::Error::other);
        Ok(match kind {
            "+" => Reply::Text(rest.to_owned()),
            "-" => Reply::Failed(rest.to_owned()),
            ":" => Reply::Number(number()?),
            "$" => match usize::try_from(number()?) {
                Err(_) => Reply::Nothing,
                Ok(length) => {
                    let mut text = vec![0; length + 2];
                    self.0.read_exact(&mut text)?;
                    text.truncate(length);
                    Reply::Text(String::from_utf8_lossy(&text).into_owned())
                }
            },
            "*" => {
                let list: io::Result<Vec<Reply>> = (0..number()?).map(|_| self.read()).collect();
                Reply::List(list?)
            }
            other => panic!("{other}{rest}"),
        })
    }
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let programs = std::env::split_paths(&path).map(|place| place.join("redis-server"));
    programs.into_iter().find(|program| program.is_file())
}

/// A port that no connection is given by the system, since a server that starts again wants the same one.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(7_919);
    let ports = (0..PORTS.len() as u32).map(|_| {
        let at = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u32;
        PORTS.start + u16::try_from(at).expect("below the number of ports")
    });
    let mut ports = ports.into_iter();
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

const PORTS: std::ops::Range<u16> = 12_000..20_000;
