//! An app of some files in a directory, served.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{self, Request};
use crate::process::{APP_ID, MASTER_KEY, MOUNT, Process, link_packages, parse_server};

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// What adapters of these tests do with what they are told: one line each in a file beside them.
const CALLS: &str = "calls.jsonl";
/// Lines of JavaScript that give files the function `record`.
pub(crate) const RECORD: &str = r#"
const fs = require('fs');
const shown = value => {
  if (value === null || typeof value !== 'object') return value === undefined ? null : value;
  if (typeof value.toJSON === 'function' && value.className) {
    return { class: value.className, id: value.id || null, json: value.toJSON() };
  }
  if (Array.isArray(value)) return value.map(shown);
  const plain = {};
  for (const name of Object.keys(value)) if (name !== 'headers' && name !== 'log' && name !== 'config') plain[name] = shown(value[name]);
  return plain;
};
const record = (name, ...args) => fs.appendFileSync('calls.jsonl', JSON.stringify([name, ...args.map(shown)]) + '\n');
"#;

/// A served app.
pub(crate) struct App {
    process: Process,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Answer {
    /// The answer, which has this status.
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// The refusal with this code and text.
    pub(crate) fn refuses(self, code: i64, text: &str) {
        assert_eq!((&self.json["code"], &self.json["error"]), (&json!(code), &json!(text)));
    }
}

/// A directory with files and the packages of the app. Nothing if there are no packages here.
pub(crate) fn directory(files: &[(&str, &str)]) -> Option<TempDir> {
    let directory = TempDir::new().expect("a temporary directory");
    link_packages(&parse_server()?, directory.path());
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a file is written");
    }
    Some(directory)
}

/// Options that every app has.
pub(crate) fn options(more: &Value) -> Value {
    let mut options = json!({
        "appId": APP_ID,
        "masterKey": MASTER_KEY,
        "databaseURI": "sqlite::memory:",
        "host": "127.0.0.1",
        "port": 0,
        "allowClientClassCreation": true,
        "cloudWorkers": 1,
    });
    for (name, value) in more.as_object().expect("options are an object") {
        options[name] = value.clone();
    }
    options
}

impl App {
    /// Serves an app with these files and these options.
    pub(crate) fn with(files: &[(&str, &str)], more: &Value) -> Option<Self> {
        let config = options(more).to_string();
        let files: Vec<_> =
            files.iter().copied().chain([("config.json", config.as_str())]).collect();
        Some(Self::started(directory(&files)?, &["config.json"]))
    }

    /// Serves the app of a directory.
    pub(crate) fn started(directory: TempDir, arguments: &[&str]) -> Self {
        Self { process: Process::in_directory(directory, arguments) }
    }

    /// Sends a request with these further headers.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let given = [("X-Parse-Application-Id", APP_ID), ("Content-Type", "application/json")];
        let headers = given.iter().chain(headers);
        let request = Request {
            method: method.to_owned(),
            target: format!("{MOUNT}{path}"),
            headers: headers.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.map(|body| body.to_string().into_bytes()),
        };
        let answer = http::send(self.process.origin(), &request).expect("an answer");
        let json = serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!(answer.text()));
        Answer { status: answer.status, json }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body), &[])
    }

    pub(crate) fn get_as(&self, session: &str, path: &str) -> Answer {
        self.send("GET", path, None, &[("X-Parse-Session-Token", session)])
    }

    pub(crate) fn put_as(&self, session: &str, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body), &[("X-Parse-Session-Token", session)])
    }

    /// Signs up by name and password; the session.
    pub(crate) fn sign_up(&self, name: &str) -> (String, String) {
        let body = json!({"username": name, "password": "pw"});
        let user = self.post("/users", &body).is(201);
        (text(&user["objectId"]), text(&user["sessionToken"]))
    }

    /// Asks the server to end.
    pub(crate) fn stop(self) {
        self.process.stop();
    }

    /// Asks the server to end; its directory stays.
    pub(crate) fn stop_and_keep(self) -> TempDir {
        self.process.stop_and_keep()
    }

    /// Where the server works.
    pub(crate) fn directory(&self) -> &Path {
        self.process.directory()
    }

    /// Everything that adapters were told so far.
    pub(crate) fn calls(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.process.directory().join(CALLS)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// What a method was told each time.
    pub(crate) fn calls_of(&self, method: &str) -> Vec<Value> {
        self.calls().into_iter().filter(|call| call[0] == method).collect()
    }

    /// Waits until a method was called so often; what it was told each time.
    pub(crate) fn wait_for(&self, method: &str, times: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let calls = self.calls_of(method);
            if calls.len() >= times {
                return calls;
            }
            assert!(Instant::now() < deadline, "{method} was not called: {:?}", self.calls());
            thread::sleep(POLL);
        }
    }
}

/// A text that an answer holds.
pub(crate) fn text(json: &Value) -> String {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}")).to_owned()
}

/// Runs the program to its end: its exit code, standard output and standard error.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_parsimony"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
