//! A server process per test: started, watched, and stopped like a service.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{APP_ID, Caller, MASTER_KEY};
use crate::postgres::TestDatabase;

const START_MAX: Duration = Duration::from_secs(60);
/// Which database servers are tested on.
const DATABASE: &str = "PARSIMONY_TEST_DATABASE";
/// Where npm packages for cloud code are installed, beside parse-server.
const PACKAGES: &str = "PARSIMONY_TEST_PARSE_SERVER";
const STOP_MAX: Duration = Duration::from_secs(30);

/// A running server. Dropped at the end of a test, it must still be up and must not have caught a panic.
pub(crate) struct TestServer {
    child: Child,
    lines: Mutex<Receiver<String>>,
    said: Vec<String>,
    origin: String,
    directory: TempDir,
    is_ended: bool,
    _database: Option<TestDatabase>,
}

impl TestServer {
    /// A server on an empty database; clients may create classes. The database is in memory, or one of the PostgreSQL
    /// server of the tests if `PARSIMONY_TEST_DATABASE` is `postgres`.
    pub(crate) fn start() -> Self {
        Self::with(&json!({}))
    }

    /// The same with further options.
    pub(crate) fn with(options: &Value) -> Self {
        let is_free = Self::is_on_postgres() && options.get("databaseURI").is_none();
        let database = if is_free { TestDatabase::create() } else { None };
        let uri = database.as_ref().map_or("sqlite::memory:".to_owned(), TestDatabase::uri);
        let config = json!({
            "appId": APP_ID,
            "masterKey": MASTER_KEY,
            "databaseURI": uri,
            "allowClientClassCreation": true,
        });
        let mut server = Self::launch(&merged(config, options), &[]);
        server._database = database;
        server
    }

    /// A server like [`Self::with`] that runs this cloud code in one worker. Nothing if the npm packages of the tests are
    /// not there, which only continuous integration may not lack.
    pub(crate) fn with_cloud(code: &str, options: &Value) -> Option<Self> {
        let Some(installed) = std::env::var_os(PACKAGES) else {
            assert!(std::env::var_os("CI").is_none(), "{PACKAGES} is not set");
            eprintln!("{PACKAGES} is not set: no cloud code runs");
            return None;
        };
        let directory = TempDir::new().expect("a temporary directory");
        let packages = PathBuf::from(installed).join("node_modules");
        std::os::unix::fs::symlink(packages, directory.path().join("node_modules"))
            .expect("a link to the packages");
        fs::write(directory.path().join("main.js"), code).expect("the cloud code is written");
        let config = json!({
            "appId": APP_ID,
            "masterKey": MASTER_KEY,
            "databaseURI": "sqlite::memory:",
            "allowClientClassCreation": true,
            "cloud": "./main.js",
            "cloudWorkers": 1,
        });
        Some(Self::launch_in(directory, &merged(config, options), &[]))
    }

    /// Whether servers get a database of the PostgreSQL server of the tests.
    pub(crate) fn is_on_postgres() -> bool {
        std::env::var(DATABASE).is_ok_and(|kind| kind == "postgres")
    }

    /// The directory that the server runs in.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The same on the file `database.db` of a directory, at a port or anywhere.
    pub(crate) fn on_file(directory: &TempDir, port: u16) -> Self {
        let uri = format!("sqlite:{}", directory.path().join("database.db").display());
        Self::with(&json!({"databaseURI": uri, "port": port, "allowCustomObjectId": true}))
    }

    /// A server with these options and arguments and nothing else but where it listens.
    pub(crate) fn launch(options: &Value, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        Self::launch_in(directory, options, arguments)
    }

    fn launch_in(directory: TempDir, options: &Value, arguments: &[&str]) -> Self {
        let config = merged(json!({"host": "127.0.0.1", "port": 0}), options);
        let file = directory.path().join("config.json");
        fs::write(&file, config.to_string()).expect("the configuration is written");
        let mut child = command(arguments)
            .arg(&file)
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.path().join("stderr")).expect("a file for the log"))
            .spawn()
            .expect("the server starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut server = Self {
            child,
            lines: Mutex::new(lines),
            said: Vec::new(),
            origin: String::new(),
            directory,
            is_ended: false,
            _database: None,
        };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + START_MAX;
        loop {
            match self.next_line(deadline) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Timeout) => self.fail("the server was not ready in time"),
                Err(RecvTimeoutError::Disconnected) => {
                    self.fail("the server ended before it was ready")
                }
            }
            if let Some(origin) = self.said.last().and_then(|line| line.strip_prefix("ready ")) {
                self.origin = origin.to_owned();
                return;
            }
        }
    }

    fn next_line(&mut self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        let lines = self.lines.get_mut().expect("nobody panicked while reading a line");
        lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
    }

    /// What the server wrote to its standard output until it was ready.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// What the server has logged so far.
    pub(crate) fn logged(&self) -> String {
        fs::read_to_string(self.directory.path().join("stderr")).expect("the log is readable")
    }

    /// The id of its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// A caller without any key.
    pub(crate) fn nobody(&self) -> Caller {
        Caller::new(&self.origin)
    }

    /// A caller with the application id.
    pub(crate) fn public(&self) -> Caller {
        self.nobody().with("X-Parse-Application-Id", APP_ID)
    }

    /// A caller with the master key.
    pub(crate) fn master(&self) -> Caller {
        self.public().with("X-Parse-Master-Key", MASTER_KEY)
    }

    /// Makes a class with these fields, open to everybody.
    pub(crate) fn class(&self, name: &str, fields: &Value) {
        self.master().post(&format!("/schemas/{name}"), &json!({"fields": fields})).is(200);
    }

    /// Makes a class with these fields and permissions.
    pub(crate) fn class_with(&self, name: &str, fields: &Value, permissions: &Value) {
        let class = json!({"fields": fields, "classLevelPermissions": permissions});
        self.master().post(&format!("/schemas/{name}"), &class).is(200);
    }

    /// The sum of all counters of that name.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let text = self.nobody().send("GET", "/metrics", None).is(200).text();
        let values = text.lines().filter_map(|line| {
            let (counter, value) = line.rsplit_once(' ')?;
            (counter.split('{').next() == Some(name)).then(|| value.parse::<u64>().ok())?
        });
        values.sum()
    }

    /// How many statements the server sends to the database for a request.
    pub(crate) fn statements_of<T>(&self, request: impl FnOnce() -> T) -> u64 {
        const COUNTER: &str = "parsimony_storage_statements_total";
        let before = self.counter(COUNTER);
        request();
        self.counter(COUNTER) - before
    }

    /// Asks the process to end; it must finish what is under way and end well.
    pub(crate) fn stop(mut self) {
        self.tell_to_stop();
        self.wait_for_a_good_end();
    }

    /// Sends SIGTERM.
    pub(crate) fn tell_to_stop(&mut self) {
        self.is_ended = true;
        let signal = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().expect("sh runs").success());
    }

    /// Waits for the end after SIGTERM.
    pub(crate) fn wait_for_a_good_end(&mut self) {
        let deadline = Instant::now() + STOP_MAX;
        loop {
            match self.next_line(deadline) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => self.fail("the server did not end on SIGTERM"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().expect("the server is a child of this process");
        assert!(status.success(), "the server ended with {status}\n{}", self.logged());
    }

    /// Ends the process as a crash would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.is_ended = true;
        self.child.kill().expect("the server runs");
        self.child.wait().expect("the server is a child of this process");
    }

    fn fail(&mut self, what: &str) -> ! {
        self.is_ended = true;
        // Killing a process that has ended is no error worth telling.
        let _ = self.child.kill();
        panic!("{what}\n--- stdout\n{}\n--- stderr\n{}", self.said.join("\n"), self.logged());
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if thread::panicking() || self.is_ended {
            // After the end of the process there is nothing left to kill or to wait for.
            let _ = self.child.kill();
            let _ = self.child.wait();
            if thread::panicking() {
                let lines: Vec<String> = self
                    .lines
                    .get_mut()
                    .map(|lines| lines.try_iter().collect())
                    .unwrap_or_default();
                eprintln!(
                    "--- the server's last lines\n{}\n{}",
                    lines[lines.len().saturating_sub(5)..].join("\n"),
                    self.logged()
                );
            }
            return;
        }
        let panics = self.counter("parsimony_panics_total");
        let log = self.logged();
        self.kill();
        assert_eq!(panics, 0, "the server caught panics:\n{log}");
    }
}

/// The options of one object and those of another, which win.
fn merged(mut config: Value, options: &Value) -> Value {
    for (name, value) in options.as_object().expect("options are an object") {
        config[name] = value.clone();
    }
    config
}

/// The program with an empty environment.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_parsimony")));
    command
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end: its exit code, standard output and standard error.
pub(crate) fn run(
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let directory = TempDir::new().expect("a temporary directory");
    let log = directory.path().join("stderr");
    let mut child = command(arguments)
        .envs(environment.iter().copied())
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).expect("a file for the log"))
        .spawn()
        .expect("the program starts");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        // What was read until an error is all there is to look at.
        let _ = stdout.read_to_string(&mut text);
        sender.send(text)
    });
    let text = receiver.recv_timeout(STOP_MAX).unwrap_or_else(|_| {
        let _ = child.kill();
        panic!("the program with {arguments:?} did not end")
    });
    let status = child.wait().expect("the program is a child of this process");
    (status.code(), text, fs::read_to_string(log).expect("the log is readable"))
}
