//! Two servers on one database at the same time: what the first one does, the second one knows.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Client, Question, Who};

/// The original keeps what it knows of classes, sessions and roles for five seconds.
const KNOWN_MAX: Duration = Duration::from_secs(60);

/// Asks until the answer is as wanted.
fn ask_until(client: Client<'_>, question: &Question, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + KNOWN_MAX;
    loop {
        let answer = client.ask(question);
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{question:?}\n{answer:?}");
    }
}

fn is_done(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

fn get(who: &Who, path: &str) -> Question {
    Question::new(who, "GET", path, Value::Null)
}

fn class_with(first: Client<'_>, class: &str, fields: &Value) {
    let schema = json!({"className": class, "fields": fields});
    first.master("POST", &format!("/schemas/{class}"), schema);
}

/// Objects that one makes, changes and deletes are at once the same for the other.
pub(crate) fn objects(first: Client<'_>, second: Client<'_>, name: &str) {
    let class = format!("{name}Note");
    class_with(first, &class, &json!({"text": {"type": "String"}, "count": {"type": "Number"}}));
    let path = format!("/classes/{class}");
    let all = Question::get(&Who::Master, &path, &json!({"order": "count", "count": 1}));
    // From here on the second one knows the class.
    ask_until(second, &all, is_done);
    let id = first.create(&Who::Master, &class, json!({"text": "one", "count": 1}));
    let one = format!("{path}/{id}");
    assert_eq!(second.ask(&get(&Who::Master, &one)).body["text"], "one");
    second.master("PUT", &one, json!({"count": {"__op": "Increment", "amount": 2}}));
    first.master("PUT", &one, json!({"count": {"__op": "Increment", "amount": 3}}));
    let known = [first, second].map(|server| server.ask(&get(&Who::Master, &one)).body);
    assert_eq!(known[0], known[1]);
    assert_eq!(known[0]["count"], 6);
    let other = second.create(&Who::Master, &class, json!({"text": "two", "count": 2}));
    assert_eq!(first.ask(&all).body["results"].as_array().map(Vec::len), Some(2));
    first.master("DELETE", &format!("{path}/{other}"), Value::Null);
    assert_eq!(second.ask(&get(&Who::Master, &format!("{path}/{other}"))).status, 404);
}

/// A user of one is a user of the other, with his session and his roles; what one takes from him, the other takes.
pub(crate) fn people(first: Client<'_>, second: Client<'_>, name: &str) {
    let log_in = json!({"username": format!("{name}Dora"), "password": "first"});
    let made = first.done(&Who::Nobody, "POST", "/users", log_in.clone());
    let session =
        |made: &Value| Who::Session(made["sessionToken"].as_str().expect("a token").to_owned());
    let (dora, id) = (session(&made), made["objectId"].clone());
    let me = get(&dora, "/users/me");
    // The very first session brings its class, of which the other hears a moment later.
    let known = ask_until(second, &me, is_done);
    assert_eq!(known.body["objectId"], id, "{name}: {known:?}");
    let of_second = session(&second.done(&Who::Nobody, "POST", "/login", log_in));
    let known = first.ask(&get(&of_second, "/users/me"));
    assert_eq!(known.body["objectId"], id, "{name}: {known:?}");

    let class = format!("{name}Secret");
    class_with(first, &class, &json!({"text": {"type": "String"}}));
    let role = format!("{name}Keepers");
    let user = json!({"__type": "Pointer", "className": "_User", "objectId": id});
    let role_id =
        first.create(&Who::Master, "_Role", json!({"name": role, "ACL": {"*": {"read": true}}}));
    let object = json!({"text": "s", "ACL": {(format!("role:{role}")): {"read": true}}});
    let secret = first.create(&Who::Master, &class, object);
    let read = get(&dora, &format!("/classes/{class}/{secret}"));
    ask_until(second, &read, |answer| answer.status == 404);
    let members = |operation: &str| json!({"users": {"__op": operation, "objects": [user]}});
    let path = format!("/roles/{role_id}");
    first.master("PUT", &path, members("AddRelation"));
    ask_until(second, &read, is_done);
    second.master("PUT", &path, members("RemoveRelation"));
    ask_until(first, &read, |answer| answer.status == 404);

    // A new password ends all sessions, and only the new one is good for either.
    let path = format!("/users/{}", id.as_str().expect("an id"));
    first.done(&dora, "PUT", &path, json!({"password": "second"}));
    ask_until(second, &me, |answer| answer.body["code"] == 209);
    let log_in = json!({"username": format!("{name}Dora"), "password": "second"});
    let newest = session(&second.done(&Who::Nobody, "POST", "/login", log_in));
    assert!(is_done(&first.ask(&get(&newest, "/users/me"))));
    second.done(&newest, "POST", "/logout", json!({}));
    ask_until(first, &get(&newest, "/users/me"), |answer| answer.body["code"] == 209);
}

/// Classes and fields that one adds or takes, the other has or has not.
pub(crate) fn classes(first: Client<'_>, second: Client<'_>, name: &str) {
    let class = format!("{name}Shape");
    let schema = format!("/schemas/{class}");
    let change = |client: Client<'_>, fields: Value| {
        client.master("PUT", &schema, json!({"className": class, "fields": fields}));
    };
    class_with(first, &class, &json!({"a": {"type": "String"}}));
    ask_until(second, &get(&Who::Master, &schema), is_done);
    // A field at a time from either side: none gets lost.
    change(first, json!({"b": {"type": "Number"}}));
    let has = |field: &'static str| move |answer: &Answer| answer.body["fields"][field].is_object();
    ask_until(second, &get(&Who::Master, &schema), has("b"));
    change(
        second,
        json!({"c": {"type": "Array"}, "likes": {"type": "Relation", "targetClass": "_User"}}),
    );
    ask_until(first, &get(&Who::Master, &schema), has("c"));
    let path = format!("/classes/{class}");
    let create = Question::new(&Who::Master, "POST", &path, json!({"a": "x", "b": 2, "c": [3]}));
    let made =
        [first, second].map(|server| ask_until(server, &create, is_done).body["objectId"].clone());
    for id in made {
        let path = format!("{path}/{}", id.as_str().expect("an id"));
        let known = [first, second].map(|server| server.ask(&get(&Who::Master, &path)).body);
        assert_eq!(known[0], known[1]);
        assert_eq!((&known[0]["b"], &known[0]["c"]), (&json!(2), &json!([3])));
    }
    // Who may do what.
    let permissions = json!({"find": {"*": true}, "get": {"*": true}});
    first.master("PUT", &schema, json!({"className": class, "classLevelPermissions": permissions}));
    let create = Question::new(&Who::Nobody, "POST", &path, json!({"a": "y"}));
    ask_until(second, &create, |answer| answer.body["code"] == 119);
    // A field goes, with its values; then the class.
    change(second, json!({"b": {"__op": "Delete"}}));
    let lacks = |field: &'static str| {
        move |answer: &Answer| is_done(answer) && answer.body["fields"][field].is_null()
    };
    ask_until(first, &get(&Who::Master, &schema), lacks("b"));
    let all = Question::get(&Who::Master, &path, &json!({}));
    ask_until(first, &all, |answer| {
        answer.body["results"]
            .as_array()
            .is_some_and(|rows| rows.iter().all(|row| row.get("b").is_none()))
    });
    for row in second.ask(&all).body["results"].as_array().into_iter().flatten() {
        let id = row["objectId"].as_str().expect("an id");
        second.master("DELETE", &format!("{path}/{id}"), Value::Null);
    }
    first.master("DELETE", &schema, Value::Null);
    ask_until(second, &get(&Who::Master, &schema), |answer| answer.body["code"] == 103);
}
