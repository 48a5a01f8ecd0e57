//! Requests to a server whose database fails, and what they came to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{self, Request};
use crate::process::{APP_ID, MASTER_KEY};

/// Nobody waits longer for a condition.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// Status and body of what was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Asks a server at an address.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) origin: &'a str,
}

impl Answer {
    /// What the answer says of a failure, or nothing.
    pub(crate) fn error(&self) -> &str {
        let text = self.body.get("error").or_else(|| self.body.get("message"));
        text.and_then(Value::as_str).unwrap_or_default()
    }

    /// What the answer is: status and, if it failed, code and text.
    pub(crate) fn failure(&self) -> (u16, i64, &str) {
        (self.status, self.body["code"].as_i64().unwrap_or_default(), self.error())
    }
}

impl Client<'_> {
    /// The answer to a request with the master key. Every request is answered in time.
    pub(crate) fn ask(self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some(body), &[("X-Parse-Master-Key", MASTER_KEY)])
    }

    /// The answer to a request without any key.
    pub(crate) fn ask_openly(self, path: &str) -> Answer {
        self.send("GET", path, None, &[])
    }

    fn send(
        self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let common = [("X-Parse-Application-Id", APP_ID), ("Content-Type", "application/json")];
        let headers = headers.iter().chain(common.iter().filter(|_| !headers.is_empty()));
        let target = if path == "/graphql" { path.to_owned() } else { format!("/parse{path}") };
        let request = Request {
            method: method.to_owned(),
            target,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.filter(|_| method != "GET").map(|body| body.to_string().into_bytes()),
        };
        let response = http::send(self.origin, &request)
            .unwrap_or_else(|cause| panic!("{method} {path} is not answered: {cause}"));
        let text = response.text();
        for inner in ["127.0.0.1", "postgres", "sqlx", "pool", "os error", "SELECT"] {
            assert!(!text.contains(inner), "{method} {path} tells about the inside: {text}");
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status: response.status, body }
    }

    /// Creates an object with an id of the caller's choice.
    pub(crate) fn create(self, id: &str) -> Answer {
        self.ask("POST", "/classes/Item", &json!({"objectId": id, "text": id.repeat(20)}))
    }

    /// Creates objects, all or none.
    pub(crate) fn create_all(self, ids: &[&str]) -> Answer {
        let create = |id: &&str| json!({"method": "POST", "path": "/parse/classes/Item", "body": {"objectId": id}});
        let requests: Vec<Value> = ids.iter().map(create).collect();
        self.ask("POST", "/batch", &json!({"requests": requests, "transaction": true}))
    }

    /// The ids of all objects.
    pub(crate) fn ids(self) -> BTreeSet<String> {
        let answer = self.ask("GET", "/classes/Item?limit=1000000&keys=objectId", &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        let rows = answer.body["results"].as_array().expect("results").iter();
        rows.map(|row| row["objectId"].as_str().expect("an id").to_owned()).collect()
    }

    /// Whether the server is alive, and whether it is ready.
    pub(crate) fn health(self) -> (u16, u16) {
        (self.ask_openly("/health").status, self.ask_openly("/health/ready").status)
    }
}

/// Waits until something holds.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + WAIT_MAX;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {WAIT_MAX:?}");
        std::thread::yield_now();
    }
}

/// What became of objects that writers made.
#[derive(Default)]
pub(crate) struct Journal {
    acknowledged: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
    made: AtomicUsize,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

impl Journal {
    /// Starts writers that create objects, one after the other, until the journal is closed.
    pub(crate) fn start_writers<'s>(
        &'s self,
        scope: &'s Scope<'s, '_>,
        client: Client<'s>,
        names: &'s [&'s str],
    ) {
        for name in names {
            scope.spawn(move || {
                let mut number = 0;
                while !self.is_over.load(Ordering::Relaxed) {
                    let id = format!("{name}x{number}");
                    self.note(&id, &client.create(&id));
                    number += 1;
                }
            });
        }
    }

    /// Notes what an answer says of an object. Every error is a clear one.
    pub(crate) fn note(&self, id: &str, answer: &Answer) {
        let push = |list: &Mutex<Vec<String>>| {
            list.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        };
        match answer.failure() {
            (201, ..) => {
                push(&self.acknowledged);
                self.made.fetch_add(1, Ordering::Relaxed);
                return;
            }
            (503, 1 | 155, text) if text.starts_with("The database ") => push(&self.refused),
            (500, 1, text) if text.ends_with("whether the change was made is not known.") => {}
            _ => panic!("an unclear answer to the creation of {id}: {answer:?}"),
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until so many more objects were acknowledged.
    pub(crate) fn wait_for_made(&self, more: usize) {
        let wanted = self.made.load(Ordering::Relaxed) + more;
        wait_until("objects are made", || self.made.load(Ordering::Relaxed) >= wanted);
    }

    /// Waits until so many more objects were not made.
    pub(crate) fn wait_for_failed(&self, more: usize) {
        let wanted = self.failed.load(Ordering::Relaxed) + more;
        wait_until("errors are told", || self.failed.load(Ordering::Relaxed) >= wanted);
    }

    /// Tells the writers to end.
    pub(crate) fn close(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Demands that what is there is what was said to be.
    pub(crate) fn check(&self, found: &BTreeSet<String>) {
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let lost: Vec<&String> = acknowledged.iter().filter(|id| !found.contains(*id)).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let there: Vec<&String> = refused.iter().filter(|id| found.contains(*id)).collect();
        assert!(there.is_empty(), "refused and made: {there:?}");
    }
}
