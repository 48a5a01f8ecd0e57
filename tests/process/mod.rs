//! Servers as processes of their own: ours and the original beside it. Started with a configuration file, watched
//! until they are ready, and stopped like a service.

#![allow(dead_code, reason = "not every test that starts a server needs all of this")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const START_MAX: Duration = Duration::from_secs(120);
const STOP_MAX: Duration = Duration::from_secs(30);
const SHOWN_MAX: usize = 4_000;
const PARSE_SERVER: &str = "PARSIMONY_TEST_PARSE_SERVER";
/// Where both serve REST.
pub(crate) const MOUNT: &str = "/parse";

/// The application that both servers serve if the options do not say otherwise.
pub(crate) const APP_ID: &str = "app";
/// Its master key.
pub(crate) const MASTER_KEY: &str = "master";

/// A running server.
pub(crate) struct Process {
    what: &'static str,
    child: Child,
    stdout: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    seen: Vec<String>,
    origin: String,
    directory: TempDir,
}

/// The directory in which parse-server is installed, as `PARSIMONY_TEST_PARSE_SERVER` names it. Nothing if it does
/// not, which only continuous integration may not do.
pub(crate) fn parse_server() -> Option<PathBuf> {
    if let Some(directory) = std::env::var_os(PARSE_SERVER) {
        return Some(PathBuf::from(directory));
    }
    assert!(std::env::var_os("CI").is_none(), "{PARSE_SERVER} is not set");
    eprintln!("{PARSE_SERVER} is not set: nothing was compared with parse-server");
    None
}

/// Node looks for packages from where a module lies.
pub(crate) fn link_packages(installed: &Path, directory: &Path) {
    let packages = installed.join("node_modules");
    std::os::unix::fs::symlink(packages, directory.join("node_modules"))
        .expect("a link to the packages");
}

impl Process {
    /// Starts Parsimony on this database with these options: REST below `/parse`, GraphQL at `/graphql`.
    pub(crate) fn parsimony(database_uri: &str, options: &Value) -> Self {
        Self::configured(&configuration(database_uri, options))
    }

    /// Starts Parsimony with this configuration and nothing else.
    pub(crate) fn configured(config: &Value) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_parsimony"));
        command.arg(written(directory.path(), config));
        Self::start("parsimony", command, directory)
    }

    /// Starts Parsimony with this configuration beside the npm packages that its cloud code wants.
    pub(crate) fn with_packages(config: &Value, installed: &Path) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        link_packages(installed, directory.path());
        let mut command = Command::new(env!("CARGO_BIN_EXE_parsimony"));
        command.arg(written(directory.path(), config));
        Self::start("parsimony", command, directory)
    }

    /// Starts Parsimony in a directory that has all that it needs.
    pub(crate) fn in_directory(directory: TempDir, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parsimony"));
        command.args(arguments);
        Self::start("parsimony", command, directory)
    }

    /// Where the process works.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts parse-server 9.10.0 likewise.
    pub(crate) fn original(installed: &Path, database_uri: &str, options: &Value) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        // Node looks for packages from where a module lies.
        let start = directory.path().join("start.mjs");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parse-server/start.mjs");
        fs::copy(script, &start).expect("the script is copied");
        link_packages(installed, directory.path());
        let mut command = Command::new("node");
        let config = configuration(database_uri, options);
        command.arg(start).arg(written(directory.path(), &config));
        Self::start("parse-server", command, directory)
    }

    fn start(what: &'static str, mut command: Command, directory: TempDir) -> Self {
        let mut child = command
            .current_dir(directory.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            // Node tells no stack traces to clients.
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|cause| panic!("{what} can not be started: {cause}"));
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut process = Self {
            what,
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
            directory,
        };
        process.wait_until_ready();
        process
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to end and demands that it ends well.
    pub(crate) fn stop(self) {
        drop(self.stop_and_keep());
    }

    /// The same; the directory in which it worked stays.
    pub(crate) fn stop_and_keep(mut self) -> TempDir {
        let signal = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &signal]).status().expect("sh runs");
        let deadline = Instant::now() + STOP_MAX;
        let gone = sent.success() && self.read_lines(deadline, |_| false).is_none();
        if !gone {
            self.fail("did not end on SIGTERM");
        }
        let status = self.child.wait().expect("the server is a child of this process");
        if !status.success() {
            self.fail(&format!("ended with {status}"));
        }
        let other = TempDir::new().expect("a temporary directory");
        std::mem::replace(&mut self.directory, other)
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        match self.read_lines(deadline, |line| line.starts_with("ready ")) {
            Some(true) => {}
            Some(false) => self.fail("was not ready in time"),
            None => self.fail("ended before it was ready"),
        }
        // The original says its address in the line `ready`, ours in a line of its own, if it serves REST.
        let address = |line: &String| {
            let url = line.strip_prefix("rest ").or_else(|| line.strip_prefix("ready "))?;
            let url = url.trim_end();
            Some(url.strip_suffix(MOUNT).unwrap_or(url).to_owned())
        };
        match self.seen.iter().find_map(address) {
            Some(origin) => self.origin = origin,
            None => self.fail("did not print the address of the REST API"),
        }
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
        panic!("{} {what}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", self.what);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill or to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A configuration that both servers understand.
fn configuration(database_uri: &str, options: &Value) -> Value {
    let mut config = json!({
        "appId": APP_ID,
        "masterKey": MASTER_KEY,
        "databaseURI": database_uri,
        "host": "127.0.0.1",
        "port": 0,
        "mountPath": MOUNT,
        "logLevel": "error",
    });
    for (name, value) in options.as_object().expect("options are an object") {
        config[name] = value.clone();
    }
    config
}

fn written(directory: &Path, config: &Value) -> PathBuf {
    let path = directory.join("config.json");
    fs::write(&path, config.to_string()).expect("the configuration is written");
    path
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
