//! Subscriptions of GraphQL as server-sent events, byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{APP_ID, TestServer, percent_encode};

const ANSWER_MAX: Duration = Duration::from_secs(60);
const LISTEN: &str = "subscription($title: String) { postChanged(where: {title: {equalTo: $title}}, after: \"\") { event node { title } } }";

fn server(options: &Value) -> TestServer {
    let mut all = options.clone();
    all["liveQuery"] = match all.get("liveQuery") {
        Some(given) => given.clone(),
        None => json!({"classNames": ["Post"]}),
    };
    let server = TestServer::with(&all);
    server.class("Post", &json!({"title": {"type": "String"}, "text": {"type": "String"}}));
    server
}

/// An answer that goes on.
struct Stream {
    reader: BufReader<TcpStream>,
    status: u16,
    head: String,
    text: String,
}

/// An event, as an `EventSource` would tell it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

impl Event {
    /// What is told of the object.
    fn told(&self) -> Value {
        assert_eq!(self.name, "next", "{self:?}");
        let answer: Value = serde_json::from_str(&self.data).expect("JSON");
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"]["postChanged"].clone()
    }
}

impl Stream {
    fn post(server: &TestServer, headers: &[(&str, &str)], query: &str, variables: &Value) -> Self {
        let body = json!({"query": query, "variables": variables}).to_string();
        Self::send(server, "POST", "/graphql", headers, &body)
    }

    fn send(
        server: &TestServer,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Self {
        let address = server.origin().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a socket option");
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {address}\r\nX-Parse-Application-Id: {APP_ID}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "Accept") {
            head.push_str("Accept: text/event-stream\r\n");
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("the request is sent");
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).expect("a line"), 0, "no answer: {head}");
        }
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Self { reader, status, head: head.to_ascii_lowercase(), text: String::new() }
    }

    /// One more piece of the body; nothing at its end.
    fn piece(&mut self) -> Option<String> {
        let length = self.head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if let Some(length) = length {
            let mut bytes = vec![0; length.trim().parse().expect("a length")];
            self.reader.read_exact(&mut bytes).expect("the body");
            self.head.clear();
            return Some(String::from_utf8(bytes).expect("UTF-8"));
        }
        if self.head.is_empty() {
            return None;
        }
        let mut size = String::new();
        if self.reader.read_line(&mut size).unwrap_or(0) == 0 {
            return None;
        }
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a piece");
        let mut bytes = vec![0; size + 2];
        self.reader.read_exact(&mut bytes).expect("a piece");
        bytes.truncate(size);
        (size > 0).then(|| String::from_utf8(bytes).expect("UTF-8"))
    }

    /// The next event, comments passed over; nothing at the end.
    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let mut event = Event::default();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => event.name = name.to_owned(),
                        Some(("id", id)) => event.id = id.to_owned(),
                        Some(("data", data)) => event.data = data.to_owned(),
                        _ => {}
                    }
                }
                if !event.name.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let piece = self.piece()?;
            self.text.push_str(&piece);
        }
    }

    fn event(&mut self) -> Event {
        self.next().expect("an event")
    }

    /// What is refused, and the end.
    fn failure(mut self) -> Value {
        assert_eq!(self.status, 200, "{}", self.head);
        let event = self.event();
        let answer: Value = serde_json::from_str(&event.data).expect("JSON");
        assert_eq!(self.event().name, "complete");
        assert_eq!(self.next(), None);
        answer["errors"][0].clone()
    }
}

#[test]
fn events_are_streamed_and_can_be_resumed() {
    let server = server(&json!({}));
    let mut stream = Stream::post(&server, &[], LISTEN, &json!({"title": "mine"}));
    assert_eq!(stream.status, 200);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    assert!(stream.head.contains("access-control-allow-origin: *"), "{}", stream.head);
    let first = stream.event();
    assert_eq!(first.told(), json!({"event": "REFETCH", "node": null}));
    let writer = server.public();
    writer.create("Post", &json!({"title": "other"}));
    writer.create("Post", &json!({"title": "mine"}));
    let created = stream.event();
    assert_eq!(created.told(), json!({"event": "CREATE", "node": {"title": "mine"}}));
    drop(stream);
    let id = writer.create("Post", &json!({"title": "mine"}));
    writer.delete(&format!("/classes/Post/{id}")).is(200);
    let back = [("Last-Event-ID", created.id.as_str())];
    let mut stream = Stream::post(&server, &back, LISTEN, &json!({"title": "mine"}));
    assert_eq!(stream.event().told()["event"], "CREATE");
    assert_eq!(stream.event().told()["event"], "DELETE");
}

#[test]
fn a_get_may_subscribe_and_ask_but_not_write() {
    let server = server(&json!({}));
    let get = |query: &str, variables: &Value| {
        let parameters = format!(
            "query={}&variables={}",
            percent_encode(query),
            percent_encode(&variables.to_string())
        );
        Stream::send(&server, "GET", &format!("/graphql?{parameters}"), &[], "")
    };
    let mut stream = get(LISTEN, &json!({"title": "a"}));
    assert_eq!(stream.event().told()["event"], "REFETCH");
    let mut asked = get("{ health }", &json!({}));
    assert_eq!(asked.event().data, r#"{"data":{"health":true}}"#);
    assert_eq!(asked.event().name, "complete");
    let refused = get("mutation { createPost(input: {fields: {}}) { post { id } } }", &json!({}));
    assert!(
        refused.failure()["message"].as_str().is_some_and(|text| text.contains("GET requests"))
    );
}

#[test]
fn what_is_not_valid_is_said_in_the_stream() {
    let server = server(&json!({"requestComplexity": {"graphQLDepth": 2, "graphQLFields": 5}}));
    for query in [
        "subscription {",
        "subscription { nothing }",
        "subscription { postChanged { node { title a: title b: title c: title d: title } } }",
        "subscription { __schema { types { name } } }",
        "{ __schema { types { name } } }",
    ] {
        let failure = Stream::post(&server, &[], query, &json!({})).failure();
        assert!(failure["message"].is_string(), "{query}: {failure}");
    }
}

#[test]
fn who_takes_json_too_is_streamed_subscriptions_only() {
    let server = server(&json!({}));
    let both = [("Accept", "application/json, text/event-stream, multipart/mixed")];
    let mut asked = Stream::post(&server, &both, "{ health }", &json!({}));
    assert!(asked.head.contains("content-type: application/json"), "{}", asked.head);
    assert_eq!(asked.piece().as_deref(), Some(r#"{"data":{"health":true}}"#));
    assert_eq!(Stream::post(&server, &both, "{ nothing }", &json!({})).status, 400);
    let mut stream = Stream::post(&server, &both, LISTEN, &json!({"title": "a"}));
    assert_eq!(stream.event().told()["event"], "REFETCH");
}

#[test]
fn keys_and_sessions_hold() {
    let server = server(&json!({}));
    let wrong = [("X-Parse-Session-Token", "r:none")];
    assert_eq!(Stream::post(&server, &wrong, LISTEN, &json!({"title": "a"})).status, 400);
    let ann = Person::new(&server, "ann");
    let session = [("X-Parse-Session-Token", ann.token.as_str())];
    let mut stream = Stream::post(&server, &session, LISTEN, &json!({"title": "a"}));
    assert_eq!(stream.event().told()["event"], "REFETCH");
    ann.caller(&server).post("/logout", &json!({})).is(200);
    let event = stream.event();
    let answer: Value = serde_json::from_str(&event.data).expect("JSON");
    assert_eq!(answer["errors"][0]["extensions"]["code"], 209, "{answer}");
    assert_eq!(stream.event().name, "complete");
    assert_eq!(stream.next(), None);
}

#[test]
fn without_live_classes_there_are_no_streams() {
    let server = server(&json!({"liveQuery": {"classNames": []}}));
    assert_eq!(Stream::post(&server, &[], "{ health }", &json!({})).status, 406);
    let fields = server.master().graphql("{ __schema { subscriptionType { name } } }");
    assert_eq!(fields.data("/__schema/subscriptionType"), Value::Null);
}

#[test]
fn who_does_not_read_is_let_go_of_and_harms_nobody() {
    let server = server(&json!({"liveQuery": {"classNames": ["Post"], "queueLength": 100}}));
    let all = "subscription { postChanged(after: \"\") { event node { title text } } }";
    let mut slow = Stream::post(&server, &[], all, &json!({}));
    assert_eq!(slow.event().told()["event"], "REFETCH");
    let mut other = Stream::post(&server, &[], LISTEN, &json!({"title": "last"}));
    assert_eq!(other.event().told()["event"], "REFETCH");
    // More than the buffers of the system take, and the queue.
    let text = "x".repeat(32 * 1024);
    let operations: Vec<Value> = (0..50)
        .map(|number| json!({"method": "POST", "path": "/parse/classes/Post", "body": {"title": format!("{number}"), "text": text}}))
        .collect();
    for _ in 0..24 {
        server.public().post("/batch", &json!({"requests": operations})).is(200);
    }
    server.public().create("Post", &json!({"title": "last"}));
    assert_eq!(other.event().told()["node"]["title"], "last");
    let mut read = 0;
    while slow.next().is_some() {
        read += 1;
    }
    assert!(read < 1_200, "the rest was dropped: {read}");
}

#[test]
fn a_server_that_stops_ends_its_streams() {
    let mut server = server(&json!({}));
    let mut stream = Stream::post(&server, &[], LISTEN, &json!({"title": "a"}));
    assert_eq!(stream.event().told()["event"], "REFETCH");
    server.tell_to_stop();
    assert_eq!(stream.next(), None);
    server.wait_for_a_good_end();
}
