//! Requests with the master key.

use serde_json::Value;

use crate::http::{Request, Response, send};
use crate::process::{APP_ID, MASTER_KEY, Process};

/// The body of an answer that must be a success.
pub(crate) fn ask(server: &Process, method: &str, path: &str, body: &Value) -> Value {
    ask_with(server, ("X-Parse-Master-Key", MASTER_KEY), method, path, body)
}

/// The body of an answer, whatever it is.
pub(crate) fn answer(server: &Process, method: &str, path: &str, body: &Value) -> Value {
    serde_json::from_str(
        &sent(server, ("X-Parse-Master-Key", MASTER_KEY), method, path, body).text(),
    )
    .unwrap()
}

/// The body of an answer that must be a success, to a request with another header than that of the master key.
pub(crate) fn ask_with(
    server: &Process,
    header: (&str, &str),
    method: &str,
    path: &str,
    body: &Value,
) -> Value {
    let answer = sent(server, header, method, path, body);
    let text = answer.text();
    assert!((200..300).contains(&answer.status), "{method} {path} {body}\n{text}");
    serde_json::from_str(&text).unwrap()
}

fn sent(
    server: &Process,
    header: (&str, &str),
    method: &str,
    path: &str,
    body: &Value,
) -> Response {
    let headers =
        [("X-Parse-Application-Id", APP_ID), ("Content-Type", "application/json"), header];
    let request = Request {
        method: method.to_owned(),
        target: format!("/parse{path}"),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: (!body.is_null()).then(|| body.to_string().into_bytes()),
    };
    send(server.origin(), &request).unwrap()
}
