//! From start to end: when requests are answered, what an end loses (nothing), what a crash loses (nothing that was
//! acknowledged).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{APP_ID, TestServer, add_relation, pointer};

fn address_of(origin: &str) -> &str {
    origin.strip_prefix("http://").expect("an origin")
}

/// A POST of a body whose end is kept back.
fn begin_post(server: &TestServer, body: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address_of(server.origin())).expect("the server listens");
    let head = format!(
        "POST /parse/classes/Late HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: {APP_ID}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (sent, kept) = body.split_at(body.len() / 2);
    stream.write_all(format!("{head}{sent}").as_bytes()).expect("the server reads");
    // The request that asks is in flight too.
    while server.counter("parsimony_requests_in_flight") < 2 {
        thread::yield_now();
    }
    (stream, kept.to_owned())
}

/// Waits until nobody is let in any more.
fn wait_until_closed(origin: &str) {
    while TcpStream::connect(address_of(origin)).is_ok() {
        thread::yield_now();
    }
}

#[test]
fn an_end_waits_for_the_request_under_way() {
    let directory = TempDir::new().unwrap();
    let mut server = TestServer::on_file(&directory, 0);
    let (mut stream, rest) =
        begin_post(&server, &json!({"objectId": "late", "s": "in time"}).to_string());
    let origin = server.origin().to_owned();
    server.tell_to_stop();
    wait_until_closed(&origin);
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    server.wait_for_a_good_end();

    let server = TestServer::on_file(&directory, 0);
    assert_eq!(server.public().get("/classes/Late/late").is(200).json()["s"], "in time");
}

#[test]
fn an_end_may_come_right_after_the_start() {
    for _ in 0..12 {
        TestServer::start().stop();
    }
}

#[test]
fn an_end_does_not_wait_for_idle_connections() {
    let server = TestServer::start();
    let idle = [server.public(), server.master()];
    for caller in &idle {
        caller.get("/classes/A").is(200);
    }
    server.stop();
    assert!(idle[0].try_send("GET", "/parse/health", None).is_err());
}

#[test]
fn the_first_answer_is_a_complete_one() {
    let directory = TempDir::new().unwrap();
    let server = TestServer::on_file(&directory, 0);
    for at in 0..40 {
        server.class(&format!("Class{at}"), &json!({"s": {"type": "String"}}));
    }
    server.public().create("Class39", &json!({"s": "here"}));
    server.stop();

    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let asker = thread::spawn(move || {
        let caller = crate::support::Caller::new(&format!("http://127.0.0.1:{port}"))
            .with("X-Parse-Application-Id", APP_ID);
        let body = json!({"query": "{ class39s { edges { node { s } } } }"}).to_string();
        loop {
            if let Ok(answer) = caller.try_send("POST", "/graphql", Some(body.as_bytes())) {
                return answer;
            }
            thread::yield_now();
        }
    });
    let server = TestServer::on_file(&directory, port);
    assert_eq!(asker.join().unwrap().data("/class39s/edges/0/node/s"), "here");
    server.stop();
}

#[test]
fn everything_is_there_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let server = TestServer::on_file(&directory, 0);
    let master = server.master();
    let class = json!({
        "fields": {
            "s": {"type": "String", "required": true, "defaultValue": "d"}, "n": {"type": "Number"}, "b": {"type": "Boolean"},
            "d": {"type": "Date"}, "o": {"type": "Object"}, "a": {"type": "Array"}, "g": {"type": "GeoPoint"},
            "y": {"type": "Polygon"}, "f": {"type": "File"}, "z": {"type": "Bytes"},
            "p": {"type": "Pointer", "targetClass": "Kept"}, "r": {"type": "Relation", "targetClass": "Kept"},
        },
        "classLevelPermissions": {
            "find": {"*": true}, "get": {"*": true}, "count": {}, "create": {"role:x": true}, "update": {}, "delete": {},
            "addField": {}, "protectedFields": {"*": ["n"]},
        },
        "indexes": {"by_number": {"n": 1, "s": -1}, "words": {"s": "text"}},
    });
    master.post("/schemas/Kept", &class).is(200);
    let first = master.create("Kept", &json!({"objectId": "first"}));
    let values = json!({
        "s": "é😀\u{0}'\"", "n": 0.1, "b": false, "d": {"__type": "Date", "iso": "1969-12-31T23:59:59.999Z"}, "o": {"k": [1, {"x": null}]},
        "a": [1, "x", pointer("Kept", &first)], "g": {"__type": "GeoPoint", "latitude": 1.5, "longitude": -2.5},
        "y": {"__type": "Polygon", "coordinates": [[0, 0], [0, 1], [1, 1]]}, "f": {"__type": "File", "name": "x.txt"},
        "z": {"__type": "Bytes", "base64": "aGk="}, "p": pointer("Kept", &first), "r": add_relation("Kept", &[&first]),
        "ACL": {"*": {"read": true}},
    });
    master.create("Kept", &values);
    let state = |server: &TestServer| {
        let master = server.master();
        let related =
            json!({"where": {"$relatedTo": {"object": pointer("Kept", "first"), "key": "r"}}});
        let mut objects = master.get("/classes/Kept?order=createdAt").is(200).json();
        // The address of a file holds the port, which changes.
        objects["results"][1]["f"]["url"] = Value::Null;
        [
            objects,
            master.get("/schemas").is(200).json(),
            master.find("Kept", &related).is(200).json(),
        ]
    };
    let before = state(&server);
    server.stop();

    let server = TestServer::on_file(&directory, 0);
    assert_eq!(state(&server), before);
    assert_eq!(server.master().graphql("{ kepts { count } }").data("/kepts/count"), 2);
    server.public().find("Kept", &json!({"where": {"n": 1}})).is_refused_with(&[119]);
    assert_eq!(
        server
            .master()
            .find("Kept", &json!({"where": {"r": pointer("Kept", "first")}}))
            .results()
            .len(),
        1
    );
    server
        .master()
        .put("/schemas/Kept", &json!({"indexes": {"by_number": {"__op": "Delete"}}}))
        .is(200);
}

#[test]
fn a_crash_loses_no_acknowledged_write() {
    const ACKNOWLEDGED_MIN: usize = 400;
    let directory = TempDir::new().unwrap();
    let mut server = TestServer::on_file(&directory, 0);
    let (sender, receiver) = channel();
    let mut writers = Vec::new();
    for writer in 0..6 {
        let (caller, sender) = (server.public(), sender.clone());
        writers.push(thread::spawn(move || {
            for number in 0.. {
                let id = format!("w{writer}n{number}");
                let (path, body) = match number % 4 {
                    0 => ("/parse/batch", transaction(&id)),
                    _ => ("/parse/classes/Log", json!({"objectId": id, "tag": id})),
                };
                match caller.try_send("POST", path, Some(body.to_string().as_bytes())) {
                    Ok(answer) if answer.status < 300 => {
                        sender.send((id, number % 4 == 0)).expect("the test listens")
                    }
                    Ok(answer) => panic!("{answer}"),
                    Err(_) => return,
                }
            }
        }));
    }
    drop(sender);
    let mut acknowledged: Vec<(String, bool)> = receiver.iter().take(ACKNOWLEDGED_MIN).collect();
    server.kill();
    acknowledged.extend(receiver.iter());
    writers.into_iter().for_each(|writer| writer.join().unwrap());

    for _ in 0..2 {
        let mut server = TestServer::on_file(&directory, 0);
        let found = server.master().get("/classes/Log?limit=1000000&keys=tag").is(200);
        let mut per_tag: BTreeMap<String, usize> = BTreeMap::new();
        for tag in found.each("tag") {
            *per_tag.entry(tag.as_str().unwrap().to_owned()).or_default() += 1;
        }
        for (id, in_transaction) in &acknowledged {
            assert_eq!(per_tag.get(id), Some(&if *in_transaction { 2 } else { 1 }), "{id}");
        }
        let halves = per_tag.iter().filter(|(id, count)| is_of_transaction(id) && **count != 2);
        assert_eq!(halves.count(), 0, "a transaction is whole or not there");
        server.kill();
    }
}

/// Two objects with one tag.
fn transaction(tag: &str) -> Value {
    let entry = |half: &str| json!({"method": "POST", "path": "/parse/classes/Log", "body": {"objectId": format!("{tag}{half}"), "tag": tag}});
    json!({"requests": [entry("a"), entry("b")], "transaction": true})
}

fn is_of_transaction(id: &str) -> bool {
    id.rsplit('n')
        .next()
        .and_then(|number| number.parse::<u64>().ok())
        .is_some_and(|number| number.is_multiple_of(4))
}
