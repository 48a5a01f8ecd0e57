//! What subscribers are told is what finds say: random questions of four askers, held against random writes.
//!
//! Before and after each write every question is also asked as a find, by the same asker. An object that the second find
//! has and the first has not was created or entered, and so on; and it must be told as the find shows it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http;
use crate::process::{APP_ID, MASTER_KEY, MOUNT, Process};
use crate::random::Random;
use crate::socket::Socket;

const CLASS: &str = "Thing";
const MARKER: &str = "Marker";
const MARKER_ID: u64 = 1_000_000;
const QUESTIONS: usize = 24;
const WRITES: usize = 40;
const SEED: u64 = 20_261_121;

/// Objects by their ids.
type Objects = BTreeMap<String, Value>;

/// Somebody who asks.
struct Asker {
    name: &'static str,
    origin: String,
    headers: Vec<(String, String)>,
    socket: Socket,
    /// What his finds said last, by question, of which the first is for everything. Nothing if he may not ask.
    known: Vec<Option<Objects>>,
}

/// A write to an object.
struct Write {
    id: String,
    kind: Kind,
    title: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Update,
    Delete,
}

/// Plays on an empty database, once with a class that is open to everybody, once with one that is not.
pub(crate) fn run(database: &str, permissions: &Value) {
    let keys = json!({"masterKey": MASTER_KEY, "javascriptKey": "script"});
    let server = Process::parsimony(
        database,
        &json!({
            "allowClientClassCreation": true,
            "liveQuery": {"classNames": [CLASS, MARKER]},
            "startLiveQueryServer": true,
            "liveQueryServerOptions": {"keyPairs": keys},
        }),
    );
    let origin = server.origin();
    let mut random = Random::new(SEED);
    let mut world = World::new(origin, permissions);
    let mut questions = vec![json!({})];
    questions.extend((1..QUESTIONS).map(|_| question(&mut random, 2)));
    let token = |at: usize| Some(world.people[at].1.as_str());
    let mut askers = [
        Asker::new(origin, "nobody", None),
        Asker::new(origin, "ann", token(0)),
        Asker::new(origin, "bob", token(1)),
        Asker::new(origin, "master", None),
    ];
    for asker in &mut askers {
        asker.subscribe(&questions);
    }
    for round in 0..WRITES {
        let write = world.write(&mut random);
        made(send(origin, &headers(&[]), "POST", &format!("/classes/{MARKER}"), &json!({})));
        for asker in &mut askers {
            let title = format!("round {round}, {}, {}", asker.name, write.title);
            asker.check(&title, &questions, &write);
        }
    }
    drop(askers);
    server.stop();
}

/// What there is.
struct World {
    origin: String,
    master: Vec<(String, String)>,
    /// Ids and sessions.
    people: Vec<(String, String)>,
    ids: Vec<String>,
}

impl World {
    fn new(origin: &str, permissions: &Value) -> Self {
        let master = headers(&[("X-Parse-Master-Key", MASTER_KEY)]);
        let schema = schema(permissions);
        made(send(origin, &master, "POST", &format!("/schemas/{CLASS}"), &schema));
        let mut people = Vec::new();
        for name in ["ann", "bob"] {
            let user = json!({"username": name, "password": "p"});
            let user = made(send(origin, &headers(&[]), "POST", "/users", &user));
            let text = |name: &str| user[name].as_str().expect("a text").to_owned();
            people.push((text("objectId"), text("sessionToken")));
        }
        let bob = json!({"__type": "Pointer", "className": "_User", "objectId": people[1].0});
        let users = json!({"__op": "AddRelation", "objects": [bob]});
        let role = json!({"name": "staff", "ACL": {}, "users": users});
        made(send(origin, &master, "POST", "/roles", &role));
        Self { origin: origin.to_owned(), master, people, ids: Vec::new() }
    }

    fn write(&mut self, random: &mut Random) -> Write {
        let fields = object(random, &self.people);
        match if self.ids.len() < 6 { 0 } else { random.below(8) } {
            0 | 1 => {
                let made = self.ask("POST", "", &fields);
                let id = made["objectId"].as_str().expect("an id").to_owned();
                self.ids.push(id.clone());
                Write { id, kind: Kind::Create, title: format!("create {fields}") }
            }
            2 => {
                let id = self.ids.swap_remove(random.below(self.ids.len()));
                self.ask("DELETE", &id, &Value::Null);
                Write { title: format!("delete {id}"), id, kind: Kind::Delete }
            }
            _ => {
                let id = random.pick(&self.ids);
                self.ask("PUT", &id, &fields);
                Write { title: format!("update {id} {fields}"), id, kind: Kind::Update }
            }
        }
    }

    fn ask(&self, method: &str, id: &str, fields: &Value) -> Value {
        let path = format!("/classes/{CLASS}/{id}");
        made(send(&self.origin, &self.master, method, path.trim_end_matches('/'), fields))
    }
}

impl Asker {
    fn new(origin: &str, name: &'static str, token: Option<&str>) -> Self {
        let mut socket = Socket::open(origin, "/");
        let mut connect =
            json!({"op": "connect", "applicationId": APP_ID, "javascriptKey": "script"});
        let mut asker = headers(&[]);
        if name == "master" {
            connect["masterKey"] = json!(MASTER_KEY);
            asker = headers(&[("X-Parse-Master-Key", MASTER_KEY)]);
        }
        if let Some(token) = token {
            connect["sessionToken"] = json!(token);
            asker = headers(&[("X-Parse-Session-Token", token)]);
        }
        socket.send(&connect);
        assert_eq!(socket.next()["op"], "connected");
        let origin = origin.to_owned();
        Self { name, origin, headers: asker, socket, known: Vec::new() }
    }

    fn subscribe(&mut self, questions: &[Value]) {
        for (number, question) in questions.iter().enumerate() {
            let query = json!({"className": CLASS, "where": question});
            self.socket.send(&json!({"op": "subscribe", "requestId": number, "query": query}));
            let answer = self.socket.next();
            let (status, found) = self.ask(question);
            let is_subscribed = answer["op"] == "subscribed";
            assert_eq!(is_subscribed, status == 200, "{} {question}: {answer} {found}", self.name);
            assert_eq!(answer.get("code"), found.get("code"), "{} {question}", self.name);
            self.known.push(is_subscribed.then(|| objects_of(&found)));
        }
        let query = json!({"className": MARKER, "where": {}});
        self.socket.send(&json!({"op": "subscribe", "requestId": MARKER_ID, "query": query}));
        assert_eq!(self.socket.next()["op"], "subscribed");
    }

    fn ask(&self, question: &Value) -> (u16, Value) {
        send(&self.origin, &self.headers, "GET", &path_of(question), &Value::Null)
    }

    /// Holds what was told after a write against finds.
    fn check(&mut self, title: &str, questions: &[Value], write: &Write) {
        let mut told = self.told(title);
        let found = questions
            .iter()
            .zip(&self.known)
            .map(|(question, known)| known.as_ref().map(|_| objects_of(&made(self.ask(question)))));
        let found: Vec<Option<Objects>> = found.collect();
        let of = |all: &[Option<Objects>], number: usize| {
            all[number].as_ref().and_then(|objects| objects.get(&write.id)).cloned()
        };
        let (was_seen, is_seen) = (of(&self.known, 0), of(&found, 0));
        for (number, question) in questions.iter().enumerate() {
            let (was, is) = (of(&self.known, number), of(&found, number));
            let is_seen = is_seen.clone();
            let expected = match (was, is) {
                (None, None) => None,
                (None, Some(now)) if write.kind == Kind::Create => Some(("create", now, None)),
                (None, Some(now)) => Some(("enter", now, was_seen.clone())),
                (Some(was), Some(now)) => Some(("update", now, Some(was))),
                (Some(was), None) if write.kind == Kind::Delete => Some(("delete", was, None)),
                (Some(was), None) => {
                    Some(("leave", is_seen.unwrap_or_else(|| was.clone()), Some(was)))
                }
            };
            let expected = expected.map(|(op, object, original)| {
                let mut event = json!({"op": op, "requestId": number, "object": object});
                if let Some(original) = original {
                    event["original"] = original;
                }
                event
            });
            let told = told.remove(&number).map(plain);
            assert_eq!(told, expected, "{title}\n{question}");
        }
        assert!(told.is_empty(), "told more of {title}: {told:?}");
        self.known = found;
    }

    /// The events up to the marker, by the number of the question.
    fn told(&mut self, title: &str) -> BTreeMap<usize, Value> {
        let mut told = BTreeMap::new();
        loop {
            let mut message = self.socket.next();
            let number = message["requestId"].as_u64().expect("a number");
            if number == MARKER_ID {
                return told;
            }
            message.as_object_mut().expect("an object").remove("clientId");
            let number = usize::try_from(number).expect("a small number");
            assert_eq!(told.insert(number, message), None, "told twice: {title}");
        }
    }
}

/// An event as finds show objects: without the class, and without what is null.
fn plain(mut event: Value) -> Value {
    for name in ["object", "original"] {
        if let Some(object) = event.get_mut(name).and_then(Value::as_object_mut) {
            assert_eq!(object.remove("className"), Some(json!(CLASS)));
            object.retain(|_, value| !value.is_null());
        }
    }
    event
}

fn objects_of(found: &Value) -> Objects {
    let results = found["results"].as_array().expect("results").iter();
    let id = |object: &Value| object["objectId"].as_str().expect("an id").to_owned();
    results.map(|object| (id(object), object.clone())).collect()
}

fn path_of(question: &Value) -> String {
    let mut encoded = String::new();
    for byte in question.to_string().bytes() {
        encoded.push_str(&format!("%{byte:02X}"));
    }
    format!("/classes/{CLASS}?limit=1000&where={encoded}")
}

fn headers(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = [("X-Parse-Application-Id", APP_ID), ("Content-Type", "application/json")];
    all.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn send(
    origin: &str,
    headers: &[(String, String)],
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    let (method, target) = (method.to_owned(), format!("{MOUNT}{path}"));
    let request = http::Request { method, target, headers: headers.to_vec(), body };
    let answer = http::send(origin, &request).expect("an answer");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

fn made((status, answer): (u16, Value)) -> Value {
    assert!((200..300).contains(&status), "{status} {answer}");
    answer
}

/// Permissions of a class: everybody may do everything.
pub(crate) fn open() -> Value {
    let verbs = ["find", "get", "count", "create", "update", "delete", "addField"];
    let everybody = verbs.iter().map(|verb| ((*verb).to_owned(), json!({"*": true})));
    Value::Object(everybody.collect())
}

/// Only whom an object points to may see it, and most may not see all of it.
pub(crate) fn guarded() -> Value {
    let mut permissions = open();
    for verb in ["find", "get"] {
        permissions[verb] = json!({"role:staff": true, "pointerFields": ["owner"]});
    }
    permissions["protectedFields"] = json!({"*": ["s", "o"], "role:staff": ["o"]});
    permissions
}

fn schema(permissions: &Value) -> Value {
    let types = [
        ("s", "String"),
        ("n", "Number"),
        ("b", "Boolean"),
        ("d", "Date"),
        ("g", "GeoPoint"),
        ("l", "Array"),
        ("o", "Object"),
    ];
    let fields = types.iter().map(|(name, kind)| ((*name).to_owned(), json!({"type": kind})));
    let mut fields: Map<String, Value> = fields.collect();
    fields.insert("p".to_owned(), json!({"type": "Pointer", "targetClass": CLASS}));
    fields.insert("owner".to_owned(), json!({"type": "Pointer", "targetClass": "_User"}));
    json!({"className": CLASS, "fields": fields, "classLevelPermissions": permissions})
}

fn value(random: &mut Random, field: &str) -> Value {
    match field {
        "s" => json!(random.pick(&["", "a", "ab", "B", "b a"])),
        "n" => json!(random.pick(&[0.0, 1.0, 1.5, -1.0])),
        "b" => json!(random.once_in(2)),
        "d" => {
            let day = random.pick(&["2020-01-01", "2021-02-03"]);
            json!({"__type": "Date", "iso": format!("{day}T00:00:00.000Z")})
        }
        "g" => {
            let (latitude, longitude) = (random.pick(&[0.0, 10.0]), random.pick(&[0.0, 20.0]));
            json!({"__type": "GeoPoint", "latitude": latitude, "longitude": longitude})
        }
        "l" => (0..random.below(4)).map(|_| element(random)).collect(),
        "o" => json!({"a": element(random), "b": {"c": element(random)}}),
        _ => {
            let id = random.pick(&["aaaaaaaaaa", "bbbbbbbbbb"]);
            json!({"__type": "Pointer", "className": CLASS, "objectId": id})
        }
    }
}

fn element(random: &mut Random) -> Value {
    random.pick(&[json!(1), json!(2), json!("a"), json!("b"), json!(true)])
}

const FIELDS: [&str; 8] = ["s", "n", "b", "d", "g", "l", "o", "p"];

/// What is written: some fields, some of them taken away, and often another access control list.
fn object(random: &mut Random, people: &[(String, String)]) -> Value {
    let mut fields = Map::new();
    for field in FIELDS {
        match random.below(4) {
            0 => continue,
            1 if random.once_in(2) => fields.insert(field.to_owned(), json!({"__op": "Delete"})),
            _ => fields.insert(field.to_owned(), value(random, field)),
        };
    }
    let (ann, bob) = (people[0].0.as_str(), people[1].0.as_str());
    if random.once_in(2) {
        let owner = random.pick(&[ann, bob]);
        let owner = json!({"__type": "Pointer", "className": "_User", "objectId": owner});
        fields.insert("owner".to_owned(), owner);
    }
    let readers: &[&str] = match random.below(8) {
        0 => &[],
        1 => &[ann],
        2 => &[bob],
        3 => &["role:staff"],
        4 => &[ann, bob],
        5 => &["*"],
        _ => return Value::Object(fields),
    };
    let grants = readers.iter().map(|name| ((*name).to_owned(), json!({"read": true})));
    fields.insert("ACL".to_owned(), Value::Object(grants.collect()));
    Value::Object(fields)
}

fn question(random: &mut Random, depth: usize) -> Value {
    if depth > 0 && random.once_in(4) {
        let parts: Vec<Value> = (0..2).map(|_| question(random, depth - 1)).collect();
        return match random.below(3) {
            0 => json!({"$or": parts}),
            1 => json!({"$and": parts}),
            _ => json!({"$nor": parts}),
        };
    }
    let field = random.pick(&FIELDS);
    let one = value(random, field);
    let exists = json!({"$exists": random.once_in(2)});
    let (first, second) = (element(random), element(random));
    let condition = match field {
        "s" => random.pick(&[
            one.clone(),
            json!({"$ne": one}),
            json!({"$gt": one}),
            json!({"$in": [one, "a"]}),
            json!({"$regex": "^a"}),
            json!({"$regex": "B", "$options": "i"}),
            exists,
            Value::Null,
        ]),
        "n" | "d" => random.pick(&[
            one.clone(),
            json!({"$ne": one}),
            json!({"$gt": one}),
            json!({"$lte": one}),
            exists,
            Value::Null,
        ]),
        "b" => random.pick(&[one.clone(), json!({"$ne": one})]),
        "g" => {
            let point = |at: f64| json!({"__type": "GeoPoint", "latitude": at, "longitude": at});
            random.pick(&[
                json!({"$within": {"$box": [point(-5.0), point(15.0)]}}),
                json!({"$nearSphere": point(0.0), "$maxDistance": 0.1}),
                exists,
            ])
        }
        "l" => random.pick(&[
            json!({"$all": [first, second]}),
            json!({"$in": [first, second]}),
            json!({"$nin": [first]}),
            json!({"$containedBy": [1, "a", true]}),
            exists,
        ]),
        "o" => return json!({"o.b.c": random.pick(&[json!("a"), json!("b")])}),
        _ => random.pick(&[one.clone(), json!({"$ne": one}), json!({"$in": [one]})]),
    };
    json!({field: condition})
}
