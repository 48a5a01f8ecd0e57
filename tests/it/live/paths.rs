//! Whatever way an object is written, what became of it is told once, when it is lasting, and not otherwise.

use serde_json::{Value, json};

use super::{Listener, server};
use crate::support::people::{PASSWORD, Person, log_in};
use crate::support::{
    Caller, TestServer, add_relation, open_but_hiding, pointer, private, together,
};

fn post(n: i64) -> Value {
    json!({"method": "POST", "path": "/parse/classes/Post", "body": {"n": n}})
}

fn started() -> (TestServer, Listener) {
    let server = server(&["Post"], &json!({"allowCustomObjectId": true}));
    let fields =
        json!({"n": {"type": "Number"}, "friends": {"type": "Relation", "targetClass": "Post"}});
    server.class("Post", &fields);
    let mut listener = Listener::public(&server);
    listener.hear_all(&["Post"]);
    (server, listener)
}

#[test]
fn requests_over_rest() {
    let (server, mut listener) = started();
    let public = server.public();
    let id = public.create("Post", &json!({"n": 1}));
    let path = format!("/classes/Post/{id}");
    public.put(&path, &json!({"n": 2})).is(200);
    public.put(&path, &json!({})).is(200);
    public.put(&path, &json!({"n": {"__op": "Increment", "amount": 1}})).is(200);
    public.put(&path, &json!({"friends": add_relation("Post", &["x"])})).is(200);
    public.put(&path, &json!({"fresh": "a field that the class did not have"})).is(200);
    public.delete(&path).is(200);
    let expected = "create Post 1, update Post 2, update Post 2, update Post 3, update Post 3, update Post 3, delete Post 3";
    assert_eq!(listener.words(&server), expected);

    public.put(&path, &json!({"n": 1})).is(404);
    public.delete(&path).is(404);
    public.post("/classes/Post", &json!({"n": "no number"})).is(400);
    public.post("/classes/Post", &json!({"objectId": "a", "n": 1})).is(201);
    public.post("/classes/Post", &json!({"objectId": "a", "n": 1})).is(400);
    server.class("Still", &json!({}));
    public.create("Still", &json!({"n": 1}));
    assert_eq!(listener.words(&server), "create Post 1");

    let hidden = server.master().create("Post", &json!({"n": 5, "ACL": private()}));
    public.put(&format!("/classes/Post/{hidden}"), &json!({"n": 6})).is(404);
    let master = server.master();
    let readable = master.create("Post", &json!({"n": 7, "ACL": {"*": {"read": true}}}));
    public.put(&format!("/classes/Post/{readable}"), &json!({"n": 8})).is(404);
    public.delete(&format!("/classes/Post/{readable}")).is(404);
    assert_eq!(listener.words(&server), "create Post 7");
    master.delete("/purge/Post").is(200);
    assert_eq!(listener.words(&server), "", "nobody is told object by object that all are gone");
}

#[test]
fn batches() {
    let (server, mut listener) = started();
    let public = server.public();
    let batch = |requests: &Value, transaction: bool| {
        public.post("/batch", &json!({"requests": requests, "transaction": transaction}))
    };
    batch(&json!([post(1), post(2)]), false).is(200);
    let mut told: Vec<Value> =
        listener.told(&server).iter().map(|event| event["object"]["n"].clone()).collect();
    told.sort_by_key(Value::as_i64);
    assert_eq!(told, [1, 2]);

    let change = |id: &str, n: i64| json!({"method": "PUT", "path": format!("/parse/classes/Post/{id}"), "body": {"n": n}});
    public.create("Post", &json!({"objectId": "a", "n": 1}));
    assert_eq!(listener.words(&server), "create Post 1");
    batch(&json!([post(2), change("a", 3), change("a", 4)]), true).is(200);
    assert_eq!(listener.words(&server), "create Post 2, update Post 3, update Post 4");
    let refused = batch(&json!([post(5), change("a", 6), change("nobody", 7)]), true);
    refused.is_refused();
    assert_eq!(listener.words(&server), "", "it was rolled back");
    public.put("/classes/Post/a", &json!({"n": 5})).is(200);
    let told = listener.told(&server);
    assert_eq!((&told[0]["original"]["n"], &told[0]["object"]["n"]), (&json!(4), &json!(5)));
}

#[test]
fn mutations_of_graphql() {
    let (server, mut listener) = started();
    let public = server.public();
    let made =
        public.graphql("mutation { createPost(input: {fields: {n: 1}}) { post { objectId } } }");
    let id = made.data("/createPost/post/objectId");
    public
        .graphql(&format!(
            "mutation {{ updatePost(input: {{id: {id}, fields: {{n: 2}}}}) {{ post {{ n }} }} }}"
        ))
        .data("");
    public
        .graphql(&format!("mutation {{ deletePost(input: {{id: {id}}}) {{ post {{ n }} }} }}"))
        .data("");
    assert_eq!(listener.words(&server), "create Post 1, update Post 2, delete Post 2");
}

/// Many write the same object at the same time: each is told with what the one before left behind.
#[test]
fn writes_that_meet() {
    let (server, mut listener) = started();
    server.public().create("Post", &json!({"objectId": "a", "n": 0}));
    let more = json!({"n": {"__op": "Increment", "amount": 1}});
    let together_with_others = json!({"transaction": true, "requests": [
        {"method": "PUT", "path": "/parse/classes/Post/a", "body": more},
    ]});
    together(8, |thread| {
        let public = server.public();
        for round in 0..20 {
            match (thread + round) % 3 {
                0 => public.post("/batch", &together_with_others).is(200),
                _ => public.put("/classes/Post/a", &more).is(200),
            };
        }
    });
    let told = listener.told(&server);
    assert_eq!(told.len(), 161);
    for (at, event) in told.iter().enumerate().skip(1) {
        assert_eq!((&event["original"]["n"], &event["object"]["n"]), (&json!(at - 1), &json!(at)));
    }
}

const ACCOUNTS: [&str; 3] = ["_User", "_Session", "_Role"];

fn with_session(server: &TestServer, token: &str) -> Caller {
    server.public().with("X-Parse-Session-Token", token)
}

#[test]
fn users_sessions_and_roles() {
    let server = server(&ACCOUNTS, &json!({"accountLockout": {"threshold": 5, "duration": 5}}));
    let mut listener = Listener::master(&server);
    listener.hear_all(&ACCOUNTS);
    let ann = Person::new(&server, "ann");
    assert_eq!(listener.words(&server), "create _User, create _Session");
    let public = server.public();
    let session = log_in(&public, "ann", PASSWORD, &json!({})).is(200).json();
    assert_eq!(listener.words(&server), "create _Session");
    log_in(&public, "ann", "wrong", &json!({})).is(404);
    assert_eq!(listener.words(&server), "", "how often it failed is nobody's business");
    log_in(&public, "ann", PASSWORD, &json!({})).is(200);
    assert_eq!(listener.words(&server), "create _Session");

    let token = session["sessionToken"].as_str().expect("a session token");
    let again = with_session(&server, token);
    again.post("/logout", &json!({})).is(200);
    assert_eq!(listener.words(&server), "delete _Session");
    let caller = with_session(&server, &ann.token);
    let path = format!("/users/{}", ann.id);
    caller.put(&path, &json!({"nick": "a"})).is(200);
    assert_eq!(listener.words(&server), "update _User");
    caller.put(&path, &json!({"password": "another-1"})).is(200);
    let told = listener.told(&server);
    let ops: Vec<String> = told
        .iter()
        .map(|event| format!("{} {}", event["op"], event["object"]["className"]).replace('"', ""))
        .collect();
    assert_eq!(ops[0], "update _User");
    assert_eq!(ops.iter().filter(|op| *op == "delete _Session").count(), 2, "{ops:?}");
    for event in &told {
        let text = event.to_string();
        assert!(!text.contains("\"password\":") && !text.contains("_hashed"), "{text}");
    }

    let master = server.master();
    let role = json!({"name": "r", "ACL": {"*": {"read": true}}, "users": add_relation("_User", &[&ann.id])});
    let role = master.post("/roles", &role).is(201).json()["objectId"].clone();
    let role = format!("/roles/{}", role.as_str().expect("an objectId"));
    let leave =
        json!({"users": {"__op": "RemoveRelation", "objects": [pointer("_User", &ann.id)]}});
    master.put(&role, &leave).is(200);
    master.delete(&role).is(200);
    assert_eq!(listener.words(&server), "create _Role, update _Role, delete _Role");

    master.delete(&path).is(200);
    let told = listener.words(&server);
    assert!(told.starts_with("delete _User"), "{told}");
    assert_eq!(master.get("/sessions").is(200).results(), Vec::<Value>::new());
}

/// Of a user, subscribers see what a find shows them: he himself, somebody else, and the holder of the master key.
#[test]
fn users_as_they_are_found() {
    let server = server(&["_User"], &json!({}));
    let protected = open_but_hiding(&["email", "plan"]);
    let fields = json!({"plan": {"type": "String"}, "nick": {"type": "String"}});
    let class = json!({"fields": fields, "classLevelPermissions": protected});
    server.master().put("/schemas/_User", &class).is(200);
    let ann = Person::new(&server, "ann");
    let bob = Person::new(&server, "bob");
    let sessions = [&ann, &bob].map(|person| with_session(&server, &person.token));
    let callers = [server.public(), server.master()].into_iter().chain(sessions);
    let mut listeners = vec![Listener::public(&server), Listener::master(&server)];
    listeners.extend([&ann, &bob].map(|person| Listener::of_session(&server, &person.token)));
    listeners.iter_mut().for_each(|listener| listener.hear_all(&["_User"]));
    let path = format!("/users/{}", ann.id);
    let anonymous = json!({"anonymous": {"id": "6b2e6a4a-ae37-4c1c-9d4b-7d2f8a1e0c11"}});
    let open = json!({"*": {"read": true}, ann.id.as_str(): {"read": true, "write": true}});
    let change = json!({"plan": "p", "nick": "n", "authData": anonymous, "ACL": open});
    with_session(&server, &ann.token).put(&path, &change).is(200);
    for (caller, listener) in callers.zip(&mut listeners) {
        let found = caller.find("_User", &json!({"where": {"objectId": ann.id}})).is(200).results();
        let mut told = listener.told(&server);
        assert_eq!((told.len(), found.len()), (1, 1), "{told:?}");
        let object = told[0]["object"].as_object_mut().expect("an object");
        object.remove("className");
        assert_eq!(told[0]["object"], found[0]);
    }
}

/// A role that is taken from somebody, and an object that its holders may read, change in one transaction: he is not told
/// of what he may not read any more.
#[test]
fn what_is_taken_and_what_is_written_together() {
    let server = server(&["Post"], &json!({}));
    server.class("Post", &json!({"n": {"type": "Number"}}));
    let ann = Person::new(&server, "ann");
    let master = server.master();
    let users = add_relation("_User", &[&ann.id]);
    let role = json!({"name": "r", "ACL": {}, "users": users});
    let role = master.post("/roles", &role).is(201).json()["objectId"].clone();
    let role = format!("/parse/roles/{}", role.as_str().expect("an objectId"));
    let post = master.create("Post", &json!({"n": 0, "ACL": {"role:r": {"read": true}}}));
    let post = format!("/parse/classes/Post/{post}");
    let mut listener = Listener::of_session(&server, &ann.token);
    listener.hear_all(&["Post"]);
    let both = |users: &Value, n: i64| {
        let requests = json!([
            {"method": "PUT", "path": role, "body": {"users": users}},
            {"method": "PUT", "path": post, "body": {"n": n}},
        ]);
        master.post("/batch", &json!({"requests": requests, "transaction": true})).is(200);
    };
    let nobody = json!({"__op": "RemoveRelation", "objects": [pointer("_User", &ann.id)]});
    for round in 1..=10 {
        both(&nobody, -round);
        assert_eq!(listener.words(&server), "");
        both(&users, round);
        assert_eq!(listener.words(&server), format!("update Post {round}"));
    }
}

const CODE: &str = r#"
Parse.Cloud.beforeSave('Entry', async request => {
  await new Parse.Object('Post').save({ n: 1 });
  if (request.object.get('refuse')) throw 'no';
});
Parse.Cloud.afterSave('Entry', () => new Parse.Object('Post').save({ n: 2 }));
Parse.Cloud.beforeSave('Post', request => { if (request.object.get('n') === 10) request.object.set('n', 11); });
Parse.Cloud.define('saveAll', () => Parse.Object.saveAll([10, 12].map(n => new Parse.Object('Post', { n }))));
Parse.Cloud.define('destroy', async () => {
  const post = await new Parse.Query('Post').equalTo('n', 12).first();
  post.increment('n');
  await post.save();
  await post.destroy();
});
"#;

#[test]
fn cloud_code() {
    let options = json!({"liveQuery": {"classNames": ["Post", "Fence"]}});
    let Some(server) = TestServer::with_cloud(CODE, &options) else { return };
    server.class("Post", &json!({"n": {"type": "Number"}}));
    server.class("Entry", &json!({"refuse": {"type": "Boolean"}}));
    let mut listener = Listener::public(&server);
    listener.hear_all(&["Post"]);
    let public = server.public();
    let entry = |refuse: bool| json!({"method": "POST", "path": "/parse/classes/Entry", "body": {"refuse": refuse}});
    public.create("Entry", &json!({}));
    assert_eq!(listener.words(&server), "create Post 1, create Post 2");
    public.post("/classes/Entry", &json!({"refuse": true})).is(400);
    assert_eq!(
        listener.words(&server),
        "create Post 1",
        "what a hook did outside of a transaction stays"
    );
    let transaction =
        |entries: Value| public.post("/batch", &json!({"requests": entries, "transaction": true}));
    transaction(json!([entry(false), entry(true)])).is_refused();
    assert_eq!(listener.words(&server), "");
    transaction(json!([entry(false), post(5)])).is(200);
    assert_eq!(listener.words(&server), "create Post 1, create Post 5, create Post 2");
    public.post("/functions/saveAll", &json!({})).is(200);
    let mut words: Vec<String> = listener.words(&server).split(", ").map(str::to_owned).collect();
    words.sort_unstable();
    assert_eq!(words, ["create Post 11", "create Post 12"]);
    public.post("/functions/destroy", &json!({})).is(200);
    assert_eq!(listener.words(&server), "update Post 13, delete Post 13");
}
