//! One server process per test: started on an empty database, watched, and stopped like a service.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

const START_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(20);
const SHOWN_MAX: usize = 4_000;
const MOUNT: &str = "/parse";

/// A running server.
pub(crate) struct Server {
    child: Child,
    stdout: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    seen: Vec<String>,
    origin: String,
    _directory: TempDir,
}

impl Server {
    /// Starts a server with these options on an empty database at this address and waits until it is up.
    ///
    /// In option texts `<serverURL>` is the server's own address, and what starts with `./` is a file
    /// of the contract.
    pub(crate) fn start(options: &Map<String, Value>, database: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let config = directory.path().join("config.json");
        fs::write(&config, config_of(options, database).to_string())
            .expect("the configuration is written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_parsimony"))
            .arg(&config)
            .current_dir(directory.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut server = Self {
            child,
            stdout: lines_of(stdout),
            stderr: Some(thread::spawn(move || {
                let mut bytes = Vec::new();
                // What was read until an error is all there is to show.
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })),
            seen: Vec::new(),
            origin: String::new(),
            _directory: directory,
        };
        server.wait_until_ready();
        server
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Asks the process to end and demands that it ends well.
    pub(crate) fn stop(mut self) {
        let signal = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &signal]).status().expect("sh runs");
        let deadline = Instant::now() + STOP_MAX;
        let gone = sent.success() && self.read_lines(deadline, |_| false).is_none();
        if !gone {
            self.fail("the server did not end on SIGTERM");
        }
        let status = self.child.wait().expect("the server is a child of this process");
        if !status.success() {
            self.fail(&format!("the server ended with {status}"));
        }
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        match self.read_lines(deadline, |line| line.starts_with("ready ")) {
            Some(true) => {}
            Some(false) => self.fail("the server was not ready in time"),
            None => self.fail("the server ended before it was ready"),
        }
        let Some(url) = self.seen.iter().find_map(|line| line.strip_prefix("rest ")) else {
            self.fail("the server did not print the address of the REST API");
        };
        let Some(origin) = url.trim_end().strip_suffix(MOUNT) else {
            self.fail("the REST API is not mounted at /parse");
        };
        self.origin = origin.to_owned();
    }

    /// Reads lines until one is wanted: true. False when time is up, nothing when the output ended.
    fn read_lines(&mut self, deadline: Instant, wanted: impl Fn(&str) -> bool) -> Option<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(left) {
                Ok(line) => {
                    let found = wanted(&line);
                    self.seen.push(line);
                    if found {
                        return Some(true);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Some(false),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Ends the process and panics with what went wrong and the end of what the process said.
    pub(crate) fn fail(&mut self, what: &str) -> ! {
        // Killing a process that has ended is no error worth telling.
        let _ = self.child.kill();
        let stderr = self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        self.read_lines(Instant::now() + STOP_MAX, |_| false);
        let (stdout, stderr) = (end_of(&self.seen.join("\n")), end_of(&stderr));
        panic!("{what}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill or to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The directory with the data of the contract.
pub(crate) fn data_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

fn config_of(options: &Map<String, Value>, database: &str) -> Value {
    let mut config = Value::Object(options.clone());
    config["compat"] = json!("9.10");
    config["databaseURI"] = json!(database);
    config["host"] = json!("127.0.0.1");
    // Only a server that is told its own address before it starts needs a port chosen beforehand.
    let port = if config.to_string().contains("<serverURL>") { free_port() } else { 0 };
    config["port"] = json!(port);
    // The recorded adapter takes every mail and does nothing with it; ours that does so is built in.
    if config["emailAdapter"]["module"] == "./mail/capture.js" {
        config["emailAdapter"] = json!("memory");
    }
    let url = format!("http://127.0.0.1:{port}{MOUNT}");
    resolve(&mut config, &url);
    config
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

fn resolve(value: &mut Value, url: &str) {
    if let Some(text) = value.as_str() {
        if text == "<serverURL>" {
            *value = json!(url);
        } else if let Some(file) = text.strip_prefix("./") {
            *value = json!(data_directory().join(file));
        }
    } else if let Some(elements) = value.as_array_mut() {
        elements.iter_mut().for_each(|element| resolve(element, url));
    } else if let Some(members) = value.as_object_mut() {
        members.values_mut().for_each(|member| resolve(member, url));
    }
}

/// The last characters of a text.
fn end_of(text: &str) -> String {
    let left_out = text.chars().count().saturating_sub(SHOWN_MAX);
    text.chars().skip(left_out).collect()
}

fn lines_of(stdout: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
