//! Requests to either server.

use serde_json::Value;

use crate::http::{self, Request};
use crate::process::{APP_ID, MASTER_KEY, MOUNT};

/// Asks a server at an address.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    origin: &'a str,
}

impl<'a> Client<'a> {
    pub(crate) fn new(origin: &'a str) -> Self {
        Self { origin }
    }

    /// Status and body of an answer, whatever it is.
    pub(crate) fn ask(
        &self,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let mut headers = vec![("X-Parse-Application-Id".to_owned(), APP_ID.to_owned())];
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.extend(key.map(|key| ("X-Parse-Master-Key".to_owned(), key.to_owned())));
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let target = format!("{MOUNT}{path}");
        let request = Request { method: method.to_owned(), target, headers, body };
        let answer = http::send(self.origin, &request)
            .unwrap_or_else(|cause| panic!("{method} {path}: {cause}"));
        let text = answer.text();
        (answer.status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The body of an answer that must be a success.
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        self.done_by(None, method, path, body)
    }

    /// The same with the master key.
    pub(crate) fn master(&self, method: &str, path: &str, body: &Value) -> Value {
        self.done_by(Some(MASTER_KEY), method, path, body)
    }

    fn done_by(&self, key: Option<&str>, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(key, method, path, body);
        assert!((200..300).contains(&status), "{method} {path} {body}\n{status} {answer}");
        answer
    }

    /// Creates an object and gives its id.
    pub(crate) fn create(&self, class: &str, fields: &Value) -> String {
        let made = self.done("POST", &format!("/classes/{class}"), fields);
        made["objectId"].as_str().expect("an id").to_owned()
    }
}
