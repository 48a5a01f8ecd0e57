//! The recorded conversations as data, and where ours differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What each socket heard.
pub(crate) type Messages = BTreeMap<String, Vec<Value>>;

/// A recorded scenario.
#[derive(Deserialize)]
pub(crate) struct Conversation {
    pub(crate) options: Map<String, Value>,
    pub(crate) steps: Vec<Step>,
}

/// One thing that is done, and what came of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) open: Option<Open>,
    pub(crate) opened: Option<Opened>,
    pub(crate) send: Option<Message>,
    pub(crate) request: Option<Request>,
    pub(crate) response: Option<Response>,
    /// The name of the socket that is closed.
    pub(crate) close: Option<String>,
    #[serde(default)]
    pub(crate) messages: Messages,
}

/// A socket to be opened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Open {
    pub(crate) socket: String,
    pub(crate) path: Option<String>,
    #[serde(default)]
    pub(crate) protocols: Vec<String>,
}

/// What came of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opened {
    pub(crate) protocol: Option<String>,
}

/// A message to the server, in one of three forms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) socket: String,
    pub(crate) message: Option<Value>,
    pub(crate) text: Option<String>,
    pub(crate) base64: Option<String>,
}

/// A request over HTTP; the path is below the mount path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
}

/// The answer to it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// `differences.json`: a step in which ours is better.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    pub(crate) scenario: String,
    pub(crate) step: String,
    pub(crate) reason: String,
    /// Placeholders that get a new value here.
    #[serde(default)]
    pub(crate) rebinds: Vec<String>,
    response: Option<Response>,
    /// In place of what these sockets were recorded to hear; nothing is said of the others.
    #[serde(default)]
    messages: Messages,
}

impl Conversation {
    /// Reads a scenario.
    pub(crate) fn read(name: &str) -> Self {
        read_json(&format!("conversations/{name}.json"))
    }

    /// The names of all scenarios.
    pub(crate) fn names() -> BTreeSet<String> {
        let entries = fs::read_dir(directory().join("conversations")).expect("they exist");
        entries
            .map(|entry| entry.expect("a readable directory").file_name())
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()))
            .collect()
    }
}

impl Difference {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        read_json("differences.json")
    }

    /// What is expected in place of what was recorded.
    pub(crate) fn applied_to(&self, mut step: Step) -> Step {
        if let Some(response) = &self.response {
            step.response = Some(response.clone());
        }
        for (socket, messages) in &self.messages {
            step.messages.insert(socket.clone(), messages.clone());
        }
        step.messages.retain(|_, messages| !messages.is_empty());
        step
    }
}

/// The directory with the conversations and what belongs to them.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live")
}

fn read_json<T: DeserializeOwned>(file: &str) -> T {
    let text = fs::read_to_string(directory().join(file));
    let text = text.unwrap_or_else(|cause| panic!("{file}: {cause}"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{file}: {cause}"))
}
