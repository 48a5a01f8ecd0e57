//! Servers of one application on one PostgreSQL database and one Redis: two of ours, or one of ours and parse-server.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::postgres::TestDatabase;
use crate::process::{self, APP_ID, MASTER_KEY, Process};
use crate::redis::RedisServer;
use crate::socket::{Received, Socket};

/// Nobody waits longer; servers that do not hear each other fail the test.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Who listens to the objects of a class, from now on.
struct Listener(Receiver<Value>);

impl Listener {
    fn at(origin: &str, query: &Value) -> Self {
        Self::with(origin, query, &json!({}))
    }

    /// With these members in the first message.
    fn with(origin: &str, query: &Value, members: &Value) -> Self {
        let mut socket = Socket::open(origin, "/parse");
        let mut connect = members.clone();
        connect["op"] = json!("connect");
        connect["applicationId"] = json!(APP_ID);
        socket.send(&connect);
        assert_eq!(socket.next()["op"], "connected");
        socket.send(&json!({"op": "subscribe", "requestId": 1, "query": query}));
        assert_eq!(socket.next()["op"], "subscribed");
        let (sender, events) = channel();
        std::thread::spawn(move || {
            while let Received::Text(text) = socket.receive() {
                let Ok(event) = serde_json::from_str(&text) else { return };
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self(events)
    }

    fn next(&self) -> Value {
        self.0.recv_timeout(WAIT_MAX).expect("an event")
    }

    /// The next event: what it is called, and the title of the object and of the original.
    fn told(&self) -> (String, Value, Value) {
        let event = self.next();
        let op = event["op"].as_str().unwrap().to_owned();
        (op, event["object"]["title"].clone(), event["original"]["title"].clone())
    }
}

fn options(redis: &RedisServer) -> Value {
    json!({
        "liveQuery": {"classNames": ["Post", "_Role"], "redisURL": redis.url()},
        "liveQueryServerOptions": {"redisURL": redis.url()},
        "startLiveQueryServer": true,
        "allowClientClassCreation": true,
    })
}

const SCHEMA: &str = "/schemas/Post";

fn schema() -> Value {
    let public = json!({"*": true});
    json!({
        "className": "Post",
        "fields": {
            "title": {"type": "String"}, "n": {"type": "Number"}, "when": {"type": "Date"},
            "place": {"type": "GeoPoint"}, "list": {"type": "Array"}, "any": {"type": "Object"},
            "owner": {"type": "Pointer", "targetClass": "_User"},
            "tags": {"type": "Relation", "targetClass": "Post"},
            "secret": {"type": "String"},
        },
        "classLevelPermissions": {
            "find": public, "get": public, "count": public, "create": public, "update": public,
            "delete": public, "addField": public, "protectedFields": {"*": ["secret"]},
        },
    })
}

/// Makes a class that both know before anybody subscribes.
fn prepare(first: Client<'_>, second: Client<'_>) {
    first.master("POST", SCHEMA, &schema());
    let deadline = Instant::now() + WAIT_MAX;
    while second.ask(Some(MASTER_KEY), "GET", SCHEMA, &Value::Null).0 != 200 {
        assert!(Instant::now() < deadline, "the other server does not hear of the class");
    }
}

fn post() -> Value {
    json!({
        "title": "a", "n": 1.5, "secret": "hush", "list": [1, {"a": null}], "any": {"deep": {"er": [true]}},
        "when": {"__type": "Date", "iso": "2020-01-02T03:04:05.678Z"},
        "place": {"__type": "GeoPoint", "latitude": 1, "longitude": -2.5},
        "owner": {"__type": "Pointer", "className": "_User", "objectId": "nobody"},
    })
}

/// What one server does, subscribers of the other are told, as a find there would show it.
fn check_told(writer: Client<'_>, reader: Client<'_>, listener: &Listener) {
    let id = writer.create("Post", &post());
    let path = format!("/classes/Post/{id}");
    let created = listener.next();
    assert_eq!(created["op"], "create", "{created}");
    let found = reader.done("GET", &path, &Value::Null);
    for field in ["title", "n", "list", "any", "when", "place", "owner", "createdAt", "objectId"] {
        assert_eq!(created["object"][field], found[field], "{field} of {created}");
        assert!(!found[field].is_null(), "{field} of {found}");
    }
    assert!(created["object"].get("secret").is_none(), "{created}");

    writer.done("PUT", &path, &json!({"title": "ab"}));
    assert_eq!(listener.told(), ("update".to_owned(), json!("ab"), json!("a")));
    writer.done("PUT", &path, &json!({"title": "b"}));
    let left = listener.next();
    assert_eq!(
        (&left["op"], &left["original"]["title"]),
        (&json!("leave"), &json!("ab")),
        "{left}"
    );
    writer.done("PUT", &path, &json!({"title": "a"}));
    assert_eq!(listener.told(), ("enter".to_owned(), json!("a"), json!("b")));
    // Who may not read it any more is told no more of it.
    writer.done("PUT", &path, &json!({"title": "ac", "ACL": {"somebody": {"read": true}}}));
    let left = listener.next();
    assert_eq!(left["op"], "leave", "{left}");
    assert!(!left.to_string().contains("\"ac\""), "{left}");
    writer.master("PUT", &path, &json!({"ACL": {"*": {"read": true, "write": true}}}));
    assert_eq!(listener.next()["op"], "enter");
    writer.done("DELETE", &path, &Value::Null);
    assert_eq!(listener.told(), ("delete".to_owned(), json!("ac"), Value::Null));
}

fn starting_with_a() -> Value {
    json!({"className": "Post", "where": {"title": {"$regex": "^a"}}})
}

#[test]
fn two_of_ours() {
    let Some(mut redis) = RedisServer::start(&[]) else { return };
    let Some(database) = TestDatabase::create() else { return };
    let options = options(&redis);
    let [a, b] = [(), ()].map(|()| Process::parsimony(&database.uri(), &options));
    let (first, second) = (Client::new(a.origin()), Client::new(b.origin()));
    redis.await_listeners("appafterSave", 2);
    prepare(first, second);
    let listener = Listener::at(b.origin(), &starting_with_a());
    check_told(first, second, &listener);

    // Without Redis all goes on, but for what the other one hears.
    redis.kill();
    let own = Listener::at(a.origin(), &starting_with_a());
    let mut made = BTreeSet::new();
    for at in 0..20 {
        made.insert(first.create("Post", &json!({"title": "a", "n": at})));
        assert_eq!(own.told().0, "create");
    }
    redis.run();
    let deadline = Instant::now() + WAIT_MAX;
    let heard = loop {
        assert!(Instant::now() < deadline, "nothing comes through");
        made.insert(first.create("Post", &json!({"title": "a"})));
        if let Ok(event) = listener.0.recv_timeout(Duration::from_millis(50)) {
            break event;
        }
    };
    assert!(made.contains(heard["object"]["objectId"].as_str().unwrap()), "{heard}");
    let counted = second.done("GET", "/classes/Post?count=1&limit=0", &Value::Null);
    assert_eq!(counted["count"], made.len(), "no write is lost");
    first.create("Post", &json!({"title": "a last one"}));
    while listener.next()["object"]["title"] != "a last one" {}

    // Garbage from whoever can reach Redis.
    redis.await_listeners("appafterSave", 2);
    let mut stranger = redis.connect();
    for text in
        ["{", "[]", r#"{"currentParseObject":{"className":"Post","objectId":"x","title":{"a":1}}}"#]
    {
        assert_eq!(stranger.publish("appafterSave", text.as_bytes()), 2);
    }
    first.create("Post", &json!({"title": "a final one"}));
    while listener.next()["object"]["title"] != "a final one" {}
    a.stop();
    b.stop();
}

#[test]
fn a_role_that_is_taken_away_at_one_counts_for_the_next_event_at_the_other() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let Some(database) = TestDatabase::create() else { return };
    let options = options(&redis);
    let [a, b] = [(), ()].map(|()| Process::parsimony(&database.uri(), &options));
    let (first, second) = (Client::new(a.origin()), Client::new(b.origin()));
    redis.await_listeners("appafterSave", 2);
    prepare(first, second);
    let user = first.done("POST", "/users", &json!({"username": "u", "password": "p"}));
    let member = json!({"__type": "Pointer", "className": "_User", "objectId": user["objectId"]});
    let members = |op: &str| json!({"users": {"__op": op, "objects": [member]}});
    let role = first.master("POST", "/roles", &json!({"name": "Readers", "ACL": {}}));
    let role = format!("/roles/{}", role["objectId"].as_str().unwrap());
    let all = json!({"className": "Post", "where": {}});
    let listener = Listener::with(b.origin(), &all, &json!({"sessionToken": user["sessionToken"]}));
    let secret = json!({"title": "secret", "ACL": {"role:Readers": {"read": true}}});
    for _ in 0..10 {
        first.master("PUT", &role, &members("AddRelation"));
        first.create("Post", &secret);
        assert_eq!(listener.next()["object"]["title"], "secret");
        first.master("PUT", &role, &members("RemoveRelation"));
        first.create("Post", &secret);
        first.create("Post", &json!({"title": "public"}));
        assert_eq!(listener.next()["object"]["title"], "public");
    }
    a.stop();
    b.stop();
}

#[test]
fn a_live_query_server_by_itself() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let Some(database) = TestDatabase::create() else { return };
    let mut api = options(&redis);
    api["startLiveQueryServer"] = json!(false);
    let api = Process::parsimony(&database.uri(), &api);
    let client = Client::new(api.origin());
    prepare(client, client);
    let directory = tempfile::tempdir().unwrap();
    // As the program of parse-server by that name wants it, and where the data is.
    let config = json!({
        "appId": APP_ID, "masterKey": MASTER_KEY, "serverURL": format!("{}/parse", api.origin()),
        "databaseURI": database.uri(), "host": "127.0.0.1", "port": 0, "redisURL": redis.url(),
    });
    std::fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
    let live = Process::in_directory(directory, &["live-query-server", "config.json"]);
    redis.await_listeners("appafterSave", 2);
    let listener = Listener::at(live.origin(), &starting_with_a());
    check_told(client, client, &listener);
    live.stop();
    api.stop();
}

#[test]
fn parse_server_tells_ours() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let Some(installed) = process::parse_server() else { return };
    let Some(database) = TestDatabase::create() else { return };
    database.psql("CREATE EXTENSION postgis").unwrap();
    let theirs = Process::original(&installed, &database.uri(), &options(&redis));
    let ours = Process::parsimony(&database.uri(), &options(&redis));
    redis.await_listeners("appafterSave", 2);
    let (writer, reader) = (Client::new(theirs.origin()), Client::new(ours.origin()));
    prepare(writer, reader);
    let listener = Listener::at(ours.origin(), &starting_with_a());
    check_told(writer, reader, &listener);
    ours.stop();
}

#[test]
fn ours_tells_parse_server() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let Some(installed) = process::parse_server() else { return };
    let Some(database) = TestDatabase::create() else { return };
    database.psql("CREATE EXTENSION postgis").unwrap();
    let theirs = Process::original(&installed, &database.uri(), &options(&redis));
    let ours = Process::parsimony(&database.uri(), &options(&redis));
    redis.await_listeners("appafterSave", 2);
    let (writer, reader) = (Client::new(ours.origin()), Client::new(theirs.origin()));
    prepare(reader, writer);
    let listener = Listener::at(theirs.origin(), &starting_with_a());
    check_told(writer, reader, &listener);

    // What a user is whose roles changed is looked up anew there.
    let mut stranger = redis.connect();
    stranger.listen();
    let user = json!({"__type": "Pointer", "className": "_User", "objectId": "u1"});
    let users = json!({"__op": "AddRelation", "objects": [user]});
    writer.master("POST", "/roles", &json!({"name": "R", "ACL": {}, "users": users}));
    loop {
        let (channel, text) = stranger.heard();
        if channel == "appclearCache" {
            let message: Value = serde_json::from_str(&text).unwrap();
            break assert_eq!(message["userId"], "u1");
        }
    }
    ours.stop();
}
