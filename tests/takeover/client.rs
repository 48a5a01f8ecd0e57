//! Requests to either server, and answers that can be compared.

use serde_json::{Value, json};

use crate::http::{self, Request};
use crate::process::{APP_ID, MASTER_KEY};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Master,
    Nobody,
    /// A user with this session token.
    Session(String),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) who: Who,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// Status and body of what was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(String, String)>,
}

/// Asks a server at an address.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    origin: &'a str,
}

impl Question {
    pub(crate) fn new(who: &Who, method: &'static str, path: &str, body: Value) -> Self {
        Self { who: who.clone(), method, path: path.to_owned(), body }
    }

    /// A `GET` whose parameters stand in a body, as the SDKs send it.
    pub(crate) fn get(who: &Who, path: &str, parameters: &Value) -> Self {
        let mut body = parameters.clone();
        body["_method"] = json!("GET");
        Self::new(who, "POST", path, body)
    }

    /// A GraphQL document.
    pub(crate) fn graphql(who: &Who, document: &str) -> Self {
        Self::new(who, "POST", "/graphql", json!({ "query": document }))
    }
}

impl<'a> Client<'a> {
    pub(crate) fn new(origin: &'a str) -> Self {
        Self { origin }
    }

    /// The answer to a question, whatever it is.
    pub(crate) fn ask(&self, question: &Question) -> Answer {
        let mut headers = vec![("X-Parse-Application-Id".to_owned(), APP_ID.to_owned())];
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        match &question.who {
            Who::Master => headers.push(("X-Parse-Master-Key".to_owned(), MASTER_KEY.to_owned())),
            Who::Nobody => {}
            Who::Session(token) => {
                headers.push(("X-Parse-Session-Token".to_owned(), token.clone()));
            }
        }
        let target = if question.path == "/graphql" {
            question.path.clone()
        } else {
            format!("/parse{}", question.path)
        };
        let body = (question.method != "GET" && question.method != "DELETE")
            .then(|| question.body.to_string().into_bytes());
        let request = Request { method: question.method.to_owned(), target, headers, body };
        let response = http::send(self.origin, &request)
            .unwrap_or_else(|cause| panic!("{} {}: {cause}", question.method, question.path));
        // Addresses of files name the server that answers.
        let text = response.text().replace(self.origin, "<origin>");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let headers = ["location", "x-parse-job-status-id"].iter();
        let headers = headers
            .filter_map(|name| Some(((*name).to_owned(), response.header(name)?.to_owned())))
            .collect();
        Answer { status: response.status, body, headers }
    }

    /// The body of an answer that must be a success.
    pub(crate) fn done(&self, who: &Who, method: &'static str, path: &str, body: Value) -> Value {
        let question = Question::new(who, method, path, body);
        let answer = self.ask(&question);
        assert!(
            (200..300).contains(&answer.status),
            "{} {} {}\n{} {}",
            question.method,
            question.path,
            question.body,
            answer.status,
            answer.body
        );
        answer.body
    }

    /// The same with the master key.
    pub(crate) fn master(&self, method: &'static str, path: &str, body: Value) -> Value {
        self.done(&Who::Master, method, path, body)
    }

    /// Creates an object and gives its id.
    pub(crate) fn create(&self, who: &Who, class: &str, fields: Value) -> String {
        let made = self.done(who, "POST", &format!("/classes/{class}"), fields);
        made["objectId"].as_str().expect("an id").to_owned()
    }
}

/// Asks everything.
pub(crate) fn ask_all(client: Client<'_>, questions: &[Question]) -> Vec<Answer> {
    questions.iter().map(|question| client.ask(question)).collect()
}

/// Demands that two servers answered alike: every difference is told.
pub(crate) fn assert_alike(
    questions: &[Question],
    first: (&str, &[Answer]),
    second: (&str, &[Answer]),
) {
    let mut told = String::new();
    for ((question, one), other) in questions.iter().zip(first.1).zip(second.1) {
        if comparable(one) == comparable(other) {
            continue;
        }
        told.push_str(&format!(
            "\n{:?} {} {} {}\n",
            question.who, question.method, question.path, question.body
        ));
        if one.status != other.status {
            told.push_str(&format!("  {}: {} {}\n", first.0, one.status, one.body));
            told.push_str(&format!("  {}: {} {}\n", second.0, other.status, other.body));
        } else {
            differences("", &comparable(one).1, &comparable(other).1, &mut told);
        }
    }
    assert!(told.is_empty(), "answers of {} (-) and {} (+):\n{told}", first.0, second.0);
}

/// What has to be equal. A log-in makes a new session; its token is the one thing in it that must differ.
fn comparable(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(token) = body.get_mut("sessionToken") {
        *token = json!(token.as_str().is_some_and(|token| token.starts_with("r:")));
    }
    // Where pointer permissions leave nothing the original counts so.
    if body.get("count").is_some_and(|count| count == &json!([])) {
        body["count"] = json!(0);
    }
    // Neither server promises an order of fields.
    if let Some(fields) = body.pointer_mut("/data/class/schemaFields").and_then(Value::as_array_mut)
    {
        fields.sort_by_key(|field| field["name"].to_string());
    }
    (answer.status, body)
}

fn differences(path: &str, one: &Value, other: &Value, told: &mut String) {
    if one == other {
        return;
    }
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            for (key, value) in ones {
                let there = others.get(key).unwrap_or(&ABSENT);
                differences(&format!("{path}.{key}"), value, there, told);
            }
            for (key, value) in others.iter().filter(|(key, _)| !ones.contains_key(*key)) {
                differences(&format!("{path}.{key}"), &ABSENT, value, told);
            }
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            for (at, (value, there)) in ones.iter().zip(others).enumerate() {
                differences(&format!("{path}[{at}]"), value, there, told);
            }
        }
        (one, other) => told.push_str(&format!("  {path}\n    - {one}\n    + {other}\n")),
    }
}

const ABSENT: Value = Value::Null;
