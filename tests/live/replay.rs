//! Plays a conversation again: all steps in order, then all that went wrong at once.

use std::collections::{BTreeMap, BTreeSet};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use crate::compare::{Comparison, Mismatch, Rules};
use crate::conversation::{
    Conversation, Difference, Message, Messages, Open, Request, Step, directory,
};
use crate::http;
use crate::placeholders::Bindings;
use crate::process::{MOUNT, Process, parse_server};
use crate::socket::{Received, Socket};

/// As in `live-scenarios.mjs`.
const MARKER: &str = "Marker";
const MARKER_ID: i64 = 1_000_000;
/// No server knows this operation, and each says so at once.
const REFUSED_OP: &str = "marker";

/// Plays a scenario on an empty database and panics with everything that is not as expected.
pub(crate) fn run(scenario: &str, database: &str) {
    let conversation = Conversation::read(scenario);
    let differences = Difference::all();
    let Some(mut server) = start(&conversation.options, database) else { return };
    let mut play = Play {
        origin: server.origin().to_owned(),
        bindings: Bindings::new(server.origin(), ""),
        guests: BTreeMap::new(),
    };
    let mut failures = String::new();
    let (steps, mut failed) = (conversation.steps.len(), 0);
    for recorded in conversation.steps {
        let ours =
            differences.iter().find(|ours| ours.scenario == scenario && ours.step == recorded.name);
        let step = match ours {
            Some(ours) => {
                ours.rebinds.iter().for_each(|name| play.bindings.forget(name));
                ours.applied_to(recorded)
            }
            None => recorded,
        };
        let mismatches = play.step(&step);
        if !mismatches.is_empty() {
            failed += 1;
            failures.push_str(&described(&step.name, &mismatches));
        }
    }
    drop(play);
    if failed > 0 {
        server.fail(&format!("differs in {failed} of {steps} steps of {scenario}{failures}"));
    }
    server.stop();
}

/// Cloud code takes its packages from those of parse-server. Nothing if they are not there.
fn start(options: &Map<String, Value>, database: &str) -> Option<Process> {
    let mut config = Value::Object(options.clone());
    config["compat"] = json!("9.10");
    config["databaseURI"] = json!(database);
    config["host"] = json!("127.0.0.1");
    config["port"] = json!(0);
    let Some(cloud) = options.get("cloud").and_then(Value::as_str) else {
        return Some(Process::configured(&config));
    };
    config["cloud"] = json!(directory().join(cloud));
    Some(Process::with_packages(&config, &parse_server()?))
}

fn described(step: &str, mismatches: &[Mismatch]) -> String {
    let mut text = format!("\n\n{step}");
    for Mismatch { pointer, expected, got } in mismatches {
        text.push_str(&format!("\n  {pointer}\n    expected {expected}\n    got      {got}"));
    }
    text
}

/// A conversation in progress.
struct Play {
    origin: String,
    bindings: Bindings,
    guests: BTreeMap<String, Guest>,
}

/// An open socket.
struct Guest {
    socket: Socket,
    has_marker: bool,
    is_closed: bool,
}

impl Play {
    fn step(&mut self, step: &Step) -> Vec<Mismatch> {
        let mut response = None;
        let mut protocol = None;
        let mut heard = Messages::new();
        if let Some(open) = &step.open {
            protocol = self.open(open);
        }
        if let Some(message) = &step.send {
            self.send(message, &mut heard);
        }
        if let Some(request) = &step.request {
            response = Some(self.request(request));
            self.settle(&mut heard);
        }
        if let Some(socket) = &step.close {
            self.guests.remove(socket);
        }

        let rules = Rules::default();
        let mut comparison =
            Comparison { bindings: &mut self.bindings, rules: &rules, mismatches: Vec::new() };
        if let Some(expected) = step.opened.as_ref().and_then(|opened| opened.protocol.as_deref()) {
            comparison.text("/protocol", expected, protocol.as_deref());
        }
        if let (Some(expected), Some((status, body))) = (&step.response, &response) {
            comparison.json("/status", &json!(expected.status), &json!(status));
            comparison.json("/body", &expected.body, body);
        }
        let none = Vec::new();
        let sockets: BTreeSet<&String> = step.messages.keys().chain(heard.keys()).collect();
        for socket in sockets {
            let expected = step.messages.get(socket).unwrap_or(&none);
            let got = heard.get(socket).unwrap_or(&none);
            comparison.json(&format!("/{socket}"), &json!(expected), &json!(got));
        }
        comparison.mismatches
    }

    fn open(&mut self, open: &Open) -> Option<String> {
        let path = open.path.as_deref().unwrap_or("/");
        let protocols = open.protocols.join(", ");
        let headers = [("Sec-WebSocket-Protocol", protocols.as_str())];
        let headers = if protocols.is_empty() { &headers[..0] } else { &headers };
        let socket = Socket::try_open(&self.origin, path, headers)
            .unwrap_or_else(|refused| panic!("{}: {refused:?}", open.socket));
        let protocol = socket.protocol().map(str::to_owned);
        let guest = Guest { socket, has_marker: false, is_closed: false };
        self.guests.insert(open.socket.clone(), guest);
        protocol
    }

    fn send(&mut self, message: &Message, heard: &mut Messages) {
        let guest = self.guests.get_mut(&message.socket).expect("the socket is open");
        if let Some(bytes) = &message.base64 {
            guest.socket.send_binary(&BASE64_STANDARD.decode(bytes).expect("recorded as base64"));
        } else if let Some(text) = &message.text {
            guest.socket.send_text(text);
        } else if let Some(json) = &message.message {
            guest.socket.send(&self.bindings.fill_json(json));
        }
        guest.socket.send(&json!({"op": REFUSED_OP}));
        let refusal = format!("No enum match for: \"{REFUSED_OP}\"");
        let messages = guest.listen(|told| told["error"] == json!(refusal));
        if messages.iter().any(|told| told["op"] == "connected") {
            guest.has_marker = true;
            let query = json!({"className": MARKER, "where": {}});
            guest.socket.send(&json!({"op": "subscribe", "requestId": MARKER_ID, "query": query}));
            assert_eq!(guest.socket.next()["op"], "subscribed", "the marker of {}", message.socket);
        }
        if !messages.is_empty() {
            heard.insert(message.socket.clone(), messages);
        }
    }

    fn request(&self, request: &Request) -> (u16, Value) {
        let fill = |(name, value): (&String, &String)| (name.clone(), self.bindings.fill(value));
        let mut headers: Vec<(String, String)> = request.headers.iter().map(fill).collect();
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        let body = request.body.as_ref().map(|body| self.bindings.fill_json(body).to_string());
        let request = http::Request {
            method: request.method.clone(),
            target: format!("{MOUNT}{}", self.bindings.fill(&request.path)),
            headers,
            body: body.map(String::into_bytes),
        };
        let answer = http::send(&self.origin, &request).expect("an answer");
        let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
        assert!(is_json, "{} {}: {}", request.method, request.target, answer.text());
        (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
    }

    /// All that the sockets hear up to a marker.
    fn settle(&mut self, heard: &mut Messages) {
        let headers = BTreeMap::from([("X-Parse-Application-Id".to_owned(), "app".to_owned())]);
        let (method, path) = ("POST".to_owned(), format!("/classes/{MARKER}"));
        let (status, made) =
            self.request(&Request { method, path, headers, body: Some(json!({})) });
        assert_eq!(status, 201, "the marker: {made}");
        for (name, guest) in &mut self.guests {
            if !guest.has_marker || guest.is_closed {
                continue;
            }
            let mut messages = guest.listen(|told| told["requestId"] == json!(MARKER_ID));
            let number = |told: &Value| told["requestId"].as_f64().unwrap_or_default();
            messages.sort_by(|one, other| number(one).total_cmp(&number(other)));
            if !messages.is_empty() {
                heard.insert(name.clone(), messages);
            }
        }
    }
}

impl Guest {
    /// What comes before a certain message. A closed socket is told as `{"closed": code}`.
    fn listen(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut messages = Vec::new();
        while !self.is_closed {
            match self.socket.receive() {
                Received::Text(text) => {
                    let told = serde_json::from_str(&text).expect("JSON");
                    if is_last(&told) {
                        break;
                    }
                    messages.push(told);
                }
                Received::Closed(code, _) => {
                    self.is_closed = true;
                    messages.push(json!({"closed": code}));
                }
                other @ (Received::Gone
                | Received::Binary(_)
                | Received::Ping(_)
                | Received::Pong(_)) => {
                    panic!("{other:?} after {messages:?}");
                }
            }
        }
        messages
    }
}
