//! What subscribers know from events is what a find tells them: after each of many random writes, each object that a
//! question gives to its asker is the one that he was told of, member by member, and he was told of no other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Listener, server};
use crate::support::people::Person;
use crate::support::{Caller, Random, TestServer, pointer, together};

const WRITES: usize = 150;
const QUESTIONS: usize = 24;
const IDS: usize = 12;

/// Somebody who asks: over REST, and as a listener.
struct Asker {
    caller: Caller,
    listener: Listener,
    questions: BTreeMap<i64, Question>,
}

/// A question, and what its asker knows of the answer.
struct Question {
    query: Value,
    known: BTreeMap<String, Value>,
}

impl Asker {
    fn new(caller: Caller, listener: Listener) -> Self {
        Self { caller, listener, questions: BTreeMap::new() }
    }

    fn ask(&mut self, random: &mut Random, class: &str) {
        let mut query = json!({"className": class, "where": filter(random, 2)});
        if random.once_in(4) {
            query["keys"] =
                json!([random.pick(&["s", "n", "o"]), random.pick(&["a", "g", "owner"])]);
        }
        let number = self.listener.subscribe(&query);
        let known = found(&self.caller, &query);
        self.questions.insert(number, Question { query, known });
    }

    /// Takes in what was told, and compares what is known with what is found.
    fn check(&mut self, server: &TestServer, after: &str) -> usize {
        let told = self.listener.told(server);
        for event in &told {
            let number = event["requestId"].as_i64().expect("a number");
            let question = self.questions.get_mut(&number).expect("a question");
            let id = event["object"]["objectId"].as_str().expect("an id").to_owned();
            let mut object = event["object"].clone();
            object.as_object_mut().expect("an object").remove("className");
            let was_known = match event["op"].as_str() {
                Some("create" | "enter") => !question.known.contains_key(&id),
                _ => question.known.contains_key(&id),
            };
            assert!(was_known, "{event}\nafter {after}\nof {}", question.query);
            match event["op"].as_str() {
                Some("leave" | "delete") => drop(question.known.remove(&id)),
                _ => drop(question.known.insert(id, object)),
            }
        }
        for Question { query, known } in self.questions.values() {
            assert_eq!(*known, found(&self.caller, query), "after {after}\nof {query}");
        }
        told.len()
    }
}

fn found(caller: &Caller, query: &Value) -> BTreeMap<String, Value> {
    let mut parameters = json!({"where": query["where"], "limit": 1000});
    if let Some(keys) = query["keys"].as_array() {
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        parameters["keys"] = json!(keys.join(","));
    }
    let objects =
        caller.find(query["className"].as_str().expect("a class"), &parameters).is(200).results();
    let by_id = |object: Value| (object["objectId"].as_str().expect("an id").to_owned(), object);
    objects.into_iter().map(by_id).collect()
}

const TEXTS: [&str; 8] = ["", "a", "A", "ab", "b a", "é", "10", "x%y"];
const NUMBERS: [f64; 6] = [0.0, 1.0, -1.0, 1.5, 10.0, 1e21];
const ISO: [&str; 3] =
    ["1969-12-31T23:59:59.999Z", "2020-01-01T00:00:00.000Z", "2024-02-29T12:00:00.500Z"];

fn point(random: &mut Random) -> Value {
    let (latitude, longitude) =
        (random.pick(&[0.0, 10.0, 52.5, -10.0]), random.pick(&[0.0, 10.0, 13.4, -170.0]));
    json!({"__type": "GeoPoint", "latitude": latitude, "longitude": longitude})
}

fn date(random: &mut Random) -> Value {
    json!({"__type": "Date", "iso": random.pick(&ISO)})
}

fn small(random: &mut Random) -> Value {
    match random.below(4) {
        0 => json!(random.pick(&NUMBERS)),
        1 => Value::Null,
        2 => json!({"k": random.pick(&TEXTS)}),
        _ => json!(random.pick(&TEXTS)),
    }
}

fn list(random: &mut Random, value: impl Fn(&mut Random) -> Value) -> Value {
    Value::Array((0..random.below(4)).map(|_| value(random)).collect())
}

/// A value of a field.
fn value(random: &mut Random, field: &str) -> Value {
    match field {
        "s" => json!(random.pick(&TEXTS)),
        "n" => json!(random.pick(&NUMBERS)),
        "b" => json!(random.once_in(2)),
        "d" => date(random),
        "a" => list(random, small),
        "g" => point(random),
        "p" => pointer("Other", random.pick(&["x", "y"])),
        _ => json!({"k": small(random), "l": list(random, small)}),
    }
}

const FIELDS: [&str; 8] = ["s", "n", "b", "d", "a", "g", "p", "o"];

/// A condition of a field.
fn test(random: &mut Random, field: &str) -> Value {
    let literal = |random: &mut Random| match field {
        "a" => small(random),
        _ => value(random, field),
    };
    match random.below(16) {
        0 | 1 => literal(random),
        2 => Value::Null,
        3 => json!({"$ne": literal(random)}),
        4 => json!({"$exists": random.once_in(2)}),
        5 => json!({"$in": [literal(random), literal(random), nothing(random)]}),
        6 => json!({"$nin": [literal(random), literal(random)]}),
        7 if matches!(field, "s" | "n" | "d") => {
            json!({random.pick(&["$lt", "$lte", "$gt", "$gte"]): literal(random)})
        }
        8 if matches!(field, "s" | "n" | "d") => {
            json!({"$gte": literal(random), "$lt": literal(random)})
        }
        9 if field == "s" => {
            json!({"$regex": random.pick(&["^a", "b$", "A|é", "\\Qx%\\E", "."]), "$options": random.pick(&["", "i"])})
        }
        10 if field == "s" => {
            json!({"$text": {"$search": {"$term": random.pick(&["a", "ab", "é x"])}}})
        }
        11 if field == "a" => json!({"$all": [small(random)]}),
        12 if field == "a" => {
            json!({"$containedBy": [small(random), small(random), small(random)]})
        }
        13 if field == "g" => {
            json!({"$nearSphere": point(random), "$maxDistance": random.pick(&[0.1, 0.5, 2.0])})
        }
        14 if field == "g" => {
            json!({"$geoWithin": {"$centerSphere": [[random.pick(&[0.0, 13.0]), random.pick(&[0.0, 50.0])], 0.5]}})
        }
        15 if field == "g" => json!({"$within": {"$box": [
            {"__type": "GeoPoint", "latitude": -20, "longitude": -5}, {"__type": "GeoPoint", "latitude": 20, "longitude": 15}]}}),
        _ => json!({"$not": {"$in": [literal(random)]}}),
    }
}

fn nothing(random: &mut Random) -> Value {
    if random.once_in(2) { Value::Null } else { json!("a") }
}

fn filter(random: &mut Random, depth: usize) -> Value {
    let mut filter = Map::new();
    for _ in 0..random.below(3) {
        match random.below(if depth == 0 { 6 } else { 8 }) {
            0 => {
                filter.insert("o.k".to_owned(), small(random));
            }
            1 if random.once_in(4) => {
                filter.insert("objectId".to_owned(), json!({"$in": [name(random), name(random)]}));
            }
            6 | 7 => {
                let parts =
                    (0..=random.below(2)).map(|_| self::filter(random, depth - 1)).collect();
                filter
                    .insert(random.pick(&["$or", "$and", "$nor"]).to_owned(), Value::Array(parts));
            }
            _ => {
                let field = random.pick(&FIELDS);
                filter.insert(field.to_owned(), test(random, field));
            }
        }
    }
    Value::Object(filter)
}

fn name(random: &mut Random) -> String {
    format!("o{:02}", random.below(IDS))
}

/// What an object gets.
fn fields(random: &mut Random, users: &[Person], is_new: bool) -> Value {
    let mut fields = Map::new();
    for field in FIELDS {
        if random.once_in(2) {
            continue;
        }
        let given = match (field, random.below(if is_new { 3 } else { 6 })) {
            (_, 3) => json!({"__op": "Delete"}),
            ("n", 4 | 5) => json!({"__op": "Increment", "amount": 1}),
            ("a", 4) => json!({"__op": "AddUnique", "objects": [small(random)]}),
            ("a", 5) => json!({"__op": "Remove", "objects": [small(random)]}),
            _ => value(random, field),
        };
        fields.insert(field.to_owned(), given);
    }
    if random.once_in(3) {
        fields.insert("secret".to_owned(), json!(random.pick(&TEXTS)));
    }
    if random.once_in(3) {
        let owner = random.pick(users).id;
        fields.insert("owner".to_owned(), pointer("_User", &owner));
    }
    if random.once_in(2) {
        let mut acl = Map::new();
        for user in users {
            if random.once_in(3) {
                acl.insert(user.id.clone(), json!({"read": true, "write": random.once_in(2)}));
            }
        }
        for group in ["*", "role:editors"] {
            if random.once_in(2) {
                acl.insert(group.to_owned(), json!({"read": true}));
            }
        }
        fields.insert("ACL".to_owned(), Value::Object(acl));
    }
    Value::Object(fields)
}

fn write(random: &mut Random, writer: &Caller, class: &str, users: &[Person]) -> String {
    let id = name(random);
    let path = format!("/classes/{class}/{id}");
    let body = fields(random, users, false);
    let updated = if random.once_in(6) { writer.delete(&path) } else { writer.put(&path, &body) };
    if !updated.is_refusal() {
        return updated.to_string();
    }
    let mut body = fields(random, users, true);
    body["objectId"] = json!(id);
    writer.post(&format!("/classes/{class}"), &body).to_string()
}

/// Everybody may find every object that its list opens to him. Of hidden fields, one is shown to whoever owns the object.
fn open() -> Value {
    let everybody = json!({"*": true});
    json!({
        "find": everybody, "get": everybody, "count": everybody, "create": everybody, "update": everybody,
        "delete": everybody, "addField": everybody,
        "protectedFields": {"*": ["secret"], "userField:owner": [], "role:editors": ["d"]},
    })
}

/// Only whoever an object names finds it.
fn owned() -> Value {
    let mut permissions = open();
    permissions["find"] = json!({"pointerFields": ["owner"]});
    permissions["get"] = json!({"pointerFields": ["owner"]});
    permissions
}

fn agree(seed: u64, permissions: &Value) {
    let mut random = Random::new(seed);
    let server = server(&["Thing"], &json!({"allowCustomObjectId": true}));
    server.class_with("Thing", &thing(), permissions);
    let users = ["ann", "bob"].map(|name| Person::new(&server, name));
    let editors = json!({"name": "editors", "ACL": {}, "users": crate::support::add_relation("_User", &[&users[1].id])});
    server.master().post("/roles", &editors).is(201);
    let mut askers = vec![
        Asker::new(server.public(), Listener::public(&server)),
        Asker::new(server.master(), Listener::master(&server)),
    ];
    for user in &users {
        let caller = server.public().with("X-Parse-Session-Token", &user.token);
        askers.push(Asker::new(caller, Listener::of_session(&server, &user.token)));
    }
    let is_open_to_public = permissions["find"]["*"] == true;
    let writers = [server.master(), server.master(), server.public()];
    let mut told = 0;
    for round in 0..WRITES {
        if round % (WRITES / QUESTIONS) == 0 {
            let first = usize::from(!is_open_to_public);
            let asker = first + random.below(askers.len() - first);
            askers[asker].ask(&mut random, "Thing");
        }
        let writer = random.below(writers.len());
        let written = write(&mut random, &writers[writer], "Thing", &users);
        for asker in &mut askers {
            told += asker.check(&server, &written);
        }
    }
    assert!(told > WRITES, "the questions say something: {told} events");
}

fn thing() -> Value {
    json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "b": {"type": "Boolean"}, "d": {"type": "Date"},
        "a": {"type": "Array"}, "g": {"type": "GeoPoint"}, "p": {"type": "Pointer", "targetClass": "Other"},
        "o": {"type": "Object"}, "secret": {"type": "String"}, "owner": {"type": "Pointer", "targetClass": "_User"},
    })
}

#[test]
fn with_access_lists_and_hidden_fields() {
    together(2, |seed| agree(seed as u64 + 1, &open()));
}

#[test]
fn with_permissions_by_pointer() {
    together(2, |seed| agree(seed as u64 + 3, &owned()));
}
