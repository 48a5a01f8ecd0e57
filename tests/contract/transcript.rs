//! The transcripts as data, and what stands beside them: exchanges left out, differences, multisets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::server::data_directory;

/// A recorded scenario.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transcript {
    pub(crate) options: Map<String, Value>,
    /// What the webhooks of the scenario answer, by path.
    #[serde(default)]
    pub(crate) webhook_answers: BTreeMap<String, Value>,
    pub(crate) common_response_headers: BTreeMap<String, String>,
    pub(crate) exchanges: Vec<Exchange>,
}

/// A request and the answer to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    pub(crate) request: Request,
    pub(crate) response: Response,
    /// What the server sent to a webhook meanwhile.
    pub(crate) webhook_request: Option<WebhookRequest>,
}

/// What a webhook was asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// A request with at most one form of body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<Map<String, Value>>,
    pub(crate) raw_query: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Value>,
    pub(crate) body_text: Option<String>,
    pub(crate) body_base64: Option<String>,
    pub(crate) multipart: Option<Vec<FormPart>>,
}

/// A part of a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FormPart {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) value: String,
}

/// An answer with one form of body.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Response {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Value>,
    pub(crate) body_text: Option<String>,
    pub(crate) body_base64: Option<String>,
    /// The body was a page shipped with the server; only its title is known.
    #[serde(default)]
    pub(crate) body_omitted: bool,
    pub(crate) html_title: Option<String>,
    /// JSON pointers of arrays whose order says nothing.
    #[serde(default)]
    pub(crate) unordered: BTreeSet<String>,
    /// JSON pointers of values that differ from run to run.
    #[serde(default)]
    pub(crate) unstable: BTreeSet<String>,
}

/// Names one exchange; the index in the file tells exchanges of one name apart.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scenario: String,
    pub(crate) exchange: String,
    pub(crate) index: Option<usize>,
}

impl Place {
    /// Whether this is the exchange at an index of a scenario.
    pub(crate) fn is(&self, scenario: &str, index: usize, exchange: &Exchange) -> bool {
        self.scenario == scenario
            && self.exchange == exchange.name
            && self.index.is_none_or(|own| own == index)
    }
}

/// `left-out.json`: what is not replayed yet, and the feature that it waits for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeftOut {
    pub(crate) scenarios: BTreeMap<String, String>,
    pub(crate) exchanges: Vec<LeftOutExchange>,
}

/// An exchange that is left out of a replayed scenario.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeftOutExchange {
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) waits_for: String,
}

/// `differences.json`: an exchange to which ours is the better answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Difference {
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) reason: String,
    /// Placeholders that get a new value here.
    #[serde(default)]
    pub(crate) rebinds: Vec<String>,
    /// Recorded headers that are not named stay as they are.
    pub(crate) response: Response,
}

/// `multisets.json`: arrays that came in an order that says nothing, though the recorder did not see it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Multiset {
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) reason: String,
    pub(crate) pointers: Vec<String>,
}

impl Transcript {
    /// Reads a scenario.
    pub(crate) fn read(name: &str) -> Self {
        read_json(&format!("transcripts/{name}.json"))
    }

    /// The names of all scenarios.
    pub(crate) fn names() -> BTreeSet<String> {
        let entries =
            fs::read_dir(data_directory().join("transcripts")).expect("transcripts exist");
        entries
            .map(|entry| entry.expect("a readable directory").file_name())
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()))
            .collect()
    }
}

/// Reads a file of the contract.
pub(crate) fn read_json<T: DeserializeOwned>(file: &str) -> T {
    let path = data_directory().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{file}: {cause}"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{file}: {cause}"))
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}
