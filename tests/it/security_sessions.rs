//! What was done to sessions elsewhere and must never work here: fields that belong to the server, sessions of
//! others, tokens that are none, keys that may only read, sessions that are over but still known.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::people::{PASSWORD, Person, log_in};
use crate::support::{Caller, READ_ONLY_KEY, TestServer, pointer};

/// Fields of a session that only the server writes.
const SERVER_OWNED: [&str; 6] =
    ["sessionToken", "user", "expiresAt", "createdWith", "installationId", "ACL"];

fn session_of(caller: &Caller) -> Value {
    caller.get("/sessions/me").is(200).json()
}

fn path(session: &Value) -> String {
    format!("/sessions/{}", session["objectId"].as_str().expect("an id"))
}

/// Values of every kind that somebody could send for a field of a session.
fn values(field: &str, stranger: &str) -> Vec<Value> {
    let mut values = vec![
        json!("x"),
        json!(null),
        json!({"__op": "Delete"}),
        json!({"__op": "SetOnInsert", "value": "x"}),
        json!({"__type": "Date", "iso": "2999-01-01T00:00:00.000Z"}),
        json!({"action": "login", "authProvider": "masterkey"}),
        json!({"*": {"read": true, "write": true}}),
        json!({(stranger): {"read": true, "write": true}}),
        pointer("_User", stranger),
    ];
    if field == "createdWith" {
        values.push(json!({"__op": "Add", "objects": ["x"]}));
    }
    values
}

#[test]
fn server_owned_fields_of_sessions_are_not_writable() {
    let server = TestServer::start();
    let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
    let caller = ann.caller(&server);
    let before = session_of(&caller);
    let place = path(&before);
    for field in SERVER_OWNED {
        for value in values(field, &bob.id) {
            let fields = json!({(field): value, "note": "x"});
            caller.put(&place, &fields).is_refused();
            caller.put(&format!("/classes/_Session/{}", &place[10..]), &fields).is_refused();
            let entry = json!({"method": "PUT", "path": format!("/parse{place}"), "body": fields});
            for transaction in [false, true] {
                let batch = json!({"requests": [entry], "transaction": transaction});
                let answer = caller.post("/batch", &batch);
                assert!(answer.is_refusal() || answer.json()[0].get("error").is_some(), "{answer}");
            }
        }
    }
    for field in
        ["createdWith.action", "user.objectId", "expiresAt.iso", "createdWith.authProvider"]
    {
        caller.put(&place, &json!({(field): "x"})).is_refused();
    }
    assert_eq!(session_of(&caller), before);
    caller.put(&place, &json!({"user": pointer("_User", &ann.id)})).is(200);
    let past = json!({"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"});
    caller.put(&place, &json!({"createdAt": past, "note": "x"})).is(200);
    let after = session_of(&caller);
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert_eq!(after["note"], "x");
}

#[test]
fn server_owned_fields_of_new_sessions_are_the_servers() {
    let server = TestServer::start();
    let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
    let caller = ann.caller(&server);
    let wanted = json!({
        "sessionToken": "r:chosen", "user": pointer("_User", &bob.id), "createdWith": {"action": "login"},
        "expiresAt": {"__type": "Date", "iso": "2999-01-01T00:00:00.000Z"},
        "createdAt": {"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"},
        "objectId": "chosen", "note": "mine",
    });
    for path in ["/sessions", "/classes/_Session"] {
        let made = caller.post(path, &wanted).is(201).json();
        assert_eq!(made["user"], pointer("_User", &ann.id));
        assert_eq!(made["createdWith"], json!({"action": "create"}));
        assert_eq!(made["note"], "mine");
        assert_ne!(made["sessionToken"], "r:chosen");
        assert_ne!(made["objectId"], "chosen");
        assert!(made["expiresAt"]["iso"].as_str().is_some_and(|date| date < "2999"), "{made}");
        let token = made["sessionToken"].as_str().expect("a token");
        let new = server.public().with("X-Parse-Session-Token", token);
        assert_eq!(new.get("/users/me").is(200).json()["objectId"], ann.id);
    }
    caller.post("/sessions", &json!({"ACL": {"*": {"read": true}}})).is_refused_with(&[105]);
    let chosen = server.public().with("X-Parse-Session-Token", "r:chosen");
    assert_eq!(chosen.get("/users/me").code(), Some(209));
    let mutation = "mutation { createSession(input: {fields: {sessionToken: \"r:chosen\"}}) { session { objectId } } }";
    caller.graphql(mutation);
    assert_eq!(chosen.get("/users/me").code(), Some(209));
    let mine =
        server.master().find("_Session", &json!({"where": {"user": pointer("_User", &bob.id)}}));
    assert_eq!(mine.results().len(), 1, "nobody opened a session for somebody else");
}

#[test]
fn sessions_of_others_are_out_of_reach() {
    let server = TestServer::start();
    let (ann, eve) = (Person::new(&server, "ann"), Person::new(&server, "eve"));
    let session = session_of(&ann.caller(&server));
    let id = session["objectId"].as_str().expect("an id");
    let caller = eve.caller(&server);
    let secret = &ann.token;
    server.class_with(
        "Doc",
        &json!({
            "session": {"type": "Pointer", "targetClass": "_Session"},
            "sessions": {"type": "Relation", "targetClass": "_Session"}, "text": {"type": "String"},
        }),
        &json!({"find": {"*": true}, "get": {"*": true}, "count": {"*": true}}),
    );
    let relation = json!({"__op": "AddRelation", "objects": [pointer("_Session", id)]});
    let doc = server.master().create(
        "Doc",
        &json!({"session": pointer("_Session", id), "sessions": relation, "text": secret}),
    );
    caller.get(&path(&session)).is_refused_with(&[101]);
    caller.put(&path(&session), &json!({"note": "x"})).is_refused_with(&[101]);
    caller.delete(&path(&session)).is_refused_with(&[101]);
    for filter in [
        json!({"objectId": id}),
        json!({"user": pointer("_User", &ann.id)}),
        json!({"sessionToken": secret}),
        json!({"sessionToken": {"$regex": "^r:"}, "user": {"$ne": pointer("_User", &eve.id)}}),
        json!({"$or": [{"objectId": id}, {"sessionToken": secret}]}),
        json!({"$relatedTo": {"object": pointer("Doc", &doc), "key": "sessions"}}),
    ] {
        let found = caller.find("_Session", &json!({"where": filter, "count": 1}));
        assert!(found.is_refusal() || found.json()["count"] == 0, "{filter}: {found}");
        let public = server.public().find("_Session", &json!({"where": filter, "count": 1}));
        public.is_refused_with(&[209]);
    }
    let hidden = |parameters: Value| {
        for caller in [&caller, &server.public()] {
            let found = caller.find("Doc", &parameters);
            let others = found.text().replace(&format!("\"text\":\"{secret}\""), "");
            assert!(!others.contains(secret.as_str()), "{parameters}: {found}");
        }
    };
    hidden(json!({"include": "session"}));
    hidden(json!({"include": "*"}));
    hidden(json!({"redirectClassNameForKey": "sessions"}));
    hidden(
        json!({"where": {"text": {"$select": {"query": {"className": "_Session", "where": {}}, "key": "sessionToken"}}}, "keys": "session"}),
    );
    let oracle = json!({"where": {"session": {"$inQuery": {"className": "_Session", "where": {"sessionToken": {"$regex": "^r:"}}}}}, "count": 1, "limit": 0});
    let found = caller.find("Doc", &oracle);
    assert!(found.is_refusal() || found.json()["count"] == 0, "{found}");
    caller.graphql("{ sessions { count edges { node { sessionToken } } } }").hides(secret);
    caller.graphql(&format!("{{ session(id: \"{id}\") {{ sessionToken }} }}")).hides(secret);
    caller
        .graphql("{ docs { edges { node { session { sessionToken } sessions { edges { node { sessionToken } } } } } } }")
        .hides(secret);
}

#[test]
fn a_session_that_is_over_is_refused_though_it_is_known() {
    let server = TestServer::with(&json!({"sessionLength": 1}));
    let caller = Person::new(&server, "ann").caller(&server);
    let mut uses = 0;
    let deadline = Instant::now() + Duration::from_secs(30);
    let refused = loop {
        let answer = caller.get("/users/me");
        if answer.is_refusal() {
            break answer;
        }
        uses += 1;
        assert!(Instant::now() < deadline, "the session does not end");
    };
    assert!(uses > 1, "it was known before it was over");
    assert_eq!(refused.json(), json!({"code": 209, "error": "Session token is expired."}));
    let statements = server.statements_of(|| caller.get("/classes/Doc").is(400));
    assert_eq!(statements, 0, "and still is");
}

#[test]
fn tokens_that_are_none_name_nobody() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    ann.caller(&server).get("/users/me").is(200);
    let long = "r:".repeat(3_000);
    let half = &ann.token[..10];
    let upper = ann.token.to_uppercase();
    for token in [
        "r:",
        "%",
        "r:%",
        "*",
        "null",
        "undefined",
        half,
        &upper,
        &long,
        "{\"$ne\":null}",
        "' OR '1'='1",
    ] {
        let caller = server.public().with("X-Parse-Session-Token", token);
        caller.get("/users/me").is_refused_with(&[209]);
        caller.get("/sessions/me").is_refused_with(&[209]);
        caller.post("/logout", &json!({})).is_refused_with(&[209]);
        caller.post("/upgradeToRevocableSession", &json!({})).is_refused_with(&[101, 209]);
        caller.graphql("{ health }").is_refused_with(&[209]);
    }
    for token in [json!({"$ne": null}), json!(["r:x"]), json!(5), json!(true)] {
        let body = json!({"_method": "GET", "_ApplicationId": "it-app", "_SessionToken": token});
        assert_eq!(server.nobody().post("/users/me", &body).status, 403);
        let body = json!({"_method": "GET", "_ApplicationId": "it-app", "_InstallationId": token});
        assert_eq!(server.nobody().post("/users/me", &body).status, 403);
    }
}

#[test]
fn ids_of_users_are_no_names_of_roles() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    server.class("Doc", &json!({"s": {"type": "String"}}));
    server.master().create("Doc", &json!({"s": "sealed", "ACL": {"role:admin": {"read": true}}}));
    server.master().create("Doc", &json!({"s": "sealed", "ACL": {"role:*": {"read": true}}}));
    for id in ["role:admin", "role:*", "role:"] {
        let user = json!({"objectId": id, "username": "eve", "password": PASSWORD});
        server.public().post("/users", &user).is_refused();
        server.public().post("/classes/_User", &user).is_refused();
        let made = server.master().post("/users", &user);
        if !made.is_refusal() {
            let token = log_in(&server.public(), "eve", PASSWORD, &json!({})).json();
            let token = token["sessionToken"].as_str().unwrap_or("none").to_owned();
            let eve = server.public().with("X-Parse-Session-Token", &token);
            eve.find("Doc", &json!({})).hides("sealed");
            server.master().delete(&format!("/users/{id}")).is(200);
        }
    }
    let eve = Person::new(&server, "eve2").caller(&server);
    eve.find("Doc", &json!({})).is(200).hides("sealed");
}

#[test]
fn the_read_only_key_opens_and_ends_no_session() {
    let server = TestServer::with(&json!({"readOnlyMasterKey": READ_ONLY_KEY}));
    let ann = Person::new(&server, "ann");
    let session = session_of(&ann.caller(&server));
    let role = server.master().create("_Role", &json!({"name": "Admins", "ACL": {}}));
    let state = || {
        let all =
            |class: &str| server.master().find(class, &json!({"order": "objectId"})).results();
        json!([all("_Session"), all("_Role"), all("_User")])
    };
    let before = state();
    let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
    let with_session = reader.with("X-Parse-Session-Token", &ann.token);
    for caller in [&reader, &with_session] {
        caller
            .post("/sessions", &json!({"user": pointer("_User", &ann.id)}))
            .is_refused_with(&[119]);
        caller.put(&path(&session), &json!({"note": "x"})).is_refused_with(&[119]);
        caller.delete(&path(&session)).is_refused_with(&[119]);
        caller.post("/roles", &json!({"name": "x", "ACL": {}})).is_refused_with(&[119]);
        caller.put(&format!("/roles/{role}"), &json!({"name": "x"})).is_refused_with(&[119]);
        caller.delete(&format!("/roles/{role}")).is_refused_with(&[119]);
        caller.post("/loginAs", &json!({"userId": ann.id})).is_refused_with(&[119]);
        caller.delete("/purge/_Session").is_refused_with(&[119]);
        caller.post("/upgradeToRevocableSession", &json!({})).is_refused();
        caller.post("/logout", &json!({}));
        caller.graphql("mutation { logOut(input: {}) { ok } }");
    }
    assert_eq!(state(), before);
    ann.caller(&server).get("/users/me").is(200);
}

#[test]
fn aggregation_is_for_the_read_only_key_only_if_it_is_said() {
    for (allowed, code) in [(json!(false), Some(119)), (json!(true), None)] {
        let server = TestServer::with(&json!({
            "readOnlyMasterKey": READ_ONLY_KEY, "allowAggregationForReadOnlyMasterKey": allowed,
        }));
        server.class("Doc", &json!({"s": {"type": "String"}}));
        server.master().create("Doc", &json!({"s": "x"}));
        let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
        assert_eq!(reader.get("/aggregate/Doc?distinct=s").code(), code);
        let pipeline = json!({"pipeline": [{"$group": {"_id": "$s"}}]});
        assert_eq!(reader.ask("/aggregate/Doc", &pipeline).code(), code);
        server.master().get("/aggregate/Doc?distinct=s").is(200);
    }
}

#[test]
fn routes_that_are_not_on_the_list_are_closed_on_every_path() {
    let server = TestServer::with(&json!({"routeAllowList": ["classes/Open.*", "batch", "users"]}));
    let public = server.public();
    public.create("Open1", &json!({"s": "x"}));
    let ann = Person::new(&server, "ann").caller(&server);
    for caller in [&public, &ann] {
        caller.get("/classes/Open1").is(200);
        caller.get("/classes/Op%65n1").is(200);
        for path in [
            "/classes/Closed",
            "/classes/Closed/Open1",
            "/classes",
            "/sessions/me",
            "/users/me",
            "/config",
            "/classes/Closed?x=/classes/Open1",
            "/classes/%2e%2e/Closed",
            "/health",
        ] {
            caller.get(path).is_refused_with(&[119]);
        }
        let body = json!({"_method": "GET"});
        caller.post("/classes/Closed", &body).is_refused_with(&[119]);
        let entry = |path: &str| json!({"requests": [{"method": "GET", "path": path}]});
        caller.post("/batch", &entry("/parse/classes/Closed")).is_refused_with(&[119]);
        caller.post("/batch", &entry("/parse/classes/Open1")).is(200);
        caller.graphql("{ health }").is_refused_with(&[119]);
    }
    server.master().get("/classes/Closed").is(200);
    assert_eq!(server.master().graphql("{ health }").data("/health"), true);
}

/// Sends a request and hangs up without waiting for the answer.
fn hang_up(server: &TestServer, method: &str, path: &str, token: &str, body: &str) {
    let address = server.origin().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    let length = body.len();
    let request = format!(
        "{method} /parse{path} HTTP/1.1\r\nHost: {address}\r\nX-Parse-Application-Id: it-app\r\n\
         X-Parse-Session-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("the request is sent");
}

#[test]
fn who_logs_out_and_hangs_up_is_out() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    for _ in 0..20 {
        let entered = log_in(&server.public(), "ann", PASSWORD, &json!({})).is(200).json();
        let token = entered["sessionToken"].as_str().expect("a token");
        let caller = server.public().with("X-Parse-Session-Token", token);
        let id = session_of(&caller)["objectId"].clone();
        caller.get("/users/me").is(200);
        hang_up(&server, "POST", "/logout", token, "");
        let master = server.master();
        let is_there =
            || !master.find("_Session", &json!({"where": {"objectId": id}})).results().is_empty();
        let deadline = Instant::now() + Duration::from_secs(5);
        while is_there() && Instant::now() < deadline {
            // Somebody who keeps asking must not make the server remember.
            caller.get("/users/me");
        }
        if !is_there() {
            // Others may see that the session is gone before its server hears that it is.
            let is_out = || caller.get("/users/me").code() == Some(209);
            while !is_out() && Instant::now() < deadline {}
            assert!(is_out(), "a session that is gone is still known");
        }
    }
    ann.caller(&server).get("/users/me").is(200);
}

#[test]
fn who_changes_his_password_and_hangs_up_has_no_older_session() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let enter = |password: &str| {
        let entered = log_in(&server.public(), "ann", password, &json!({}));
        entered.json()["sessionToken"].as_str().map(str::to_owned)
    };
    let mut password = PASSWORD.to_owned();
    for number in 0..6 {
        let (own, other) = (enter(&password).expect("a token"), enter(&password).expect("a token"));
        let other = server.public().with("X-Parse-Session-Token", &other);
        other.get("/users/me").is(200);
        let next = format!("password-{number}");
        hang_up(&server, "PUT", &ann.path(), &own, &json!({"password": next}).to_string());
        // Where the server had not read the request when its client was gone, nothing happened.
        let deadline = Instant::now() + Duration::from_secs(3);
        let changed = loop {
            match enter(&next) {
                Some(_) => break true,
                None if Instant::now() > deadline => break false,
                None => {}
            }
        };
        if changed {
            let deadline = Instant::now() + Duration::from_secs(20);
            while !other.get("/users/me").is_refusal() {
                assert!(Instant::now() < deadline, "a session of the old password is left");
            }
            password = next;
        }
    }
}
