//! Arbitrary questions and arbitrary objects: whatever is asked, there is an answer without a word of the inside in it, what
//! a find refuses is refused here too, and events go on.

use serde_json::{Value, json};

use crate::arbitrary::{self, FIELDS};
use crate::http;
use crate::process::{APP_ID, MOUNT, Process};
use crate::random::Random;
use crate::socket::Socket;

const CLASS: &str = "Thing";
const MARKER: &str = "Marker";
const MARKER_ID: u64 = 1_000_000;
const ROUNDS: usize = 60;
const QUESTIONS: usize = 12;
const SEED: u64 = 20_261_122;
/// What no answer may say.
const INNER_WORDS: [&str; 6] = ["sqlite", "select ", "panicked", ".rs:", "postgres", "datatype"];

/// Plays on an empty database.
pub(crate) fn run(database: &str) {
    let server = Process::parsimony(
        database,
        &json!({
            "allowClientClassCreation": true,
            "liveQuery": {"classNames": [CLASS, MARKER]},
            "startLiveQueryServer": true,
        }),
    );
    let origin = server.origin();
    let first = json!({
        "s": "x", "n": 1, "b": true, "d": {"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"}, "o": {"k": 1}, "a": [1],
        "g": {"__type": "GeoPoint", "latitude": 0, "longitude": 0},
        "p": {"__type": "Pointer", "className": CLASS, "objectId": "x"},
    });
    let (status, made) = send(origin, "POST", &format!("/classes/{CLASS}"), &first);
    assert_eq!(status, 201, "{made}");
    let id = made["objectId"].as_str().expect("an id").to_owned();

    let mut random = Random::new(SEED);
    let mut socket = Socket::open(origin, "/");
    socket.send(&json!({"op": "connect", "applicationId": APP_ID}));
    assert_eq!(socket.next()["op"], "connected");
    let query = json!({"className": MARKER, "where": {}});
    socket.send(&json!({"op": "subscribe", "requestId": MARKER_ID, "query": query}));
    assert_eq!(socket.next()["op"], "subscribed");
    let (mut taken, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        for number in 0..QUESTIONS {
            let question = arbitrary::filter(&mut random, 3);
            let query = json!({"className": CLASS, "where": question});
            socket.send(&json!({"op": "subscribe", "requestId": number, "query": query}));
            let answer = socket.next();
            check(&question, &answer);
            if answer["op"] == "subscribed" {
                taken += 1;
                let (status, found) = find(origin, &question);
                // PostgreSQL has no texts with U+0000, so that it can not look for one.
                let is_possible = !question.to_string().contains("\\u0000");
                assert!(status == 200 || !is_possible, "{question}: {found}");
            } else {
                refused += 1;
                assert_ne!(answer["code"], 1, "{question}: {answer}");
            }
        }
        let mut fields = json!({});
        fields[random.pick(&FIELDS)] = arbitrary::value(&mut random, 2);
        let (status, answer) = send(origin, "PUT", &format!("/classes/{CLASS}/{id}"), &fields);
        assert!(status < 500, "round {round}: {fields}: {answer}");
        let (status, marker) = send(origin, "POST", &format!("/classes/{MARKER}"), &json!({}));
        assert_eq!(status, 201, "{marker}");
        loop {
            let told = socket.next();
            if told["requestId"] == json!(MARKER_ID) {
                break;
            }
            assert!(told["object"].is_object(), "round {round}: {fields}: {told}");
        }
    }
    assert!(taken > ROUNDS && refused > ROUNDS, "{taken} taken and {refused} refused");
    server.stop();
}

fn check(question: &Value, answer: &Value) {
    let (question, answer) = (question.to_string().to_lowercase(), answer.to_string());
    let answer = answer.to_lowercase();
    for word in INNER_WORDS {
        assert!(!answer.contains(word) || question.contains(word), "{question}: {answer}");
    }
}

fn find(origin: &str, question: &Value) -> (u16, Value) {
    let body = json!({"where": question, "_method": "GET"});
    send(origin, "POST", &format!("/classes/{CLASS}"), &body)
}

fn send(origin: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = [("X-Parse-Application-Id", APP_ID), ("Content-Type", "application/json")];
    let request = http::Request {
        method: method.to_owned(),
        target: format!("{MOUNT}{path}"),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: Some(body.to_string().into_bytes()),
    };
    let answer = http::send(origin, &request).expect("an answer");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}
