//! Operator smuggling: a value never becomes an operator, an object never stands where a text belongs.

use serde_json::{Value, json};

use crate::support::{APP_ID, MASTER_KEY, TestServer, private};

/// What a client sends in place of a text.
fn smuggled() -> Vec<Value> {
    vec![
        json!({"$ne": null}),
        json!({"$gt": ""}),
        json!({"$regex": ".*"}),
        json!({"$exists": true}),
        json!(["x"]),
        json!(5),
        json!(true),
    ]
}

fn server() -> TestServer {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    server.class("Note", &json!({"s": {"type": "String"}, "p": {"type": "Pointer", "targetClass": "Note"}, "o": {"type": "Object"}}));
    server
        .master()
        .create("Note", &json!({"objectId": "seen", "s": "open", "o": {"k": {"deep": 1}}}));
    server
        .master()
        .create("Note", &json!({"objectId": "unseen", "s": "private", "ACL": private()}));
    server
}

#[test]
fn ids_of_new_objects_are_texts() {
    let server = server();
    for id in smuggled() {
        server.public().post("/classes/Note", &json!({"objectId": id})).is_refused();
        server.public().put("/classes/Note/seen", &json!({"objectId": id})).is_refused();
    }
}

#[test]
fn ids_in_pointers_are_texts() {
    let server = server();
    let public = server.public();
    for id in smuggled() {
        let pointer = json!({"__type": "Pointer", "className": "Note", "objectId": id});
        public.post("/classes/Note", &json!({"p": pointer})).is_refused();
        let related = json!({"$relatedTo": {"object": pointer, "key": "r"}});
        public.find("Note", &json!({"where": related})).is_refused();
        let found = public.find("Note", &json!({"where": {"p": pointer}}));
        assert!(found.is_refusal() || found.results().is_empty(), "{found}");
        let class = json!({"__type": "Pointer", "className": id, "objectId": "x"});
        public.post("/classes/Note", &json!({"p": class})).is_refused();
        let relation = json!({"__op": "AddRelation", "objects": [pointer]});
        public.put("/classes/Note/seen", &json!({"r": relation})).is_refused();
    }
}

#[test]
fn parameters_are_not_operators() {
    let server = server();
    for value in [json!({"$ne": null}), json!({"$gt": 0})] {
        for parameter in ["limit", "skip", "order"] {
            server.public().find("Note", &json!({parameter: value})).is_refused();
        }
        for parameter in
            ["keys", "include", "excludeKeys", "redirectClassNameForKey", "hint", "count"]
        {
            server.public().find("Note", &json!({parameter: value})).hides("private");
        }
        server.master().ask("/aggregate/Note", &json!({"distinct": value}));
    }
    server.public().get("/classes/Note?where[objectId][$ne]=x").is_refused_with(&[102]);
    server.public().get("/classes/Note/seen?where={}").is_refused_with(&[102]);
}

#[test]
fn operators_inside_of_literals_mean_nothing() {
    let server = server();
    for filter in [
        json!({"o": {"k": {"$ne": null}}}),
        json!({"o.k": {"deep": {"$gt": 0}}}),
        json!({"s": {"$in": [{"$ne": null}]}}),
        json!({"s": {"$eq": {"$ne": null}}}),
        json!({"objectId": {"$in": [{"$regex": ".*"}]}}),
    ] {
        let found = server.public().find("Note", &json!({"where": filter}));
        assert!(found.is_refusal() || found.results().is_empty(), "{found}");
    }
}

#[test]
fn operators_are_not_stored() {
    let server = server();
    let path = "/classes/Note/seen";
    for value in [
        json!({"$ne": null}),
        json!({"k": {"$gt": 1}}),
        json!({"a.b": 1}),
        json!({"k": [{"$gt": 1}]}),
    ] {
        server.public().put(path, &json!({"o": value})).is_refused_with(&[121]);
        server.public().post("/classes/Note", &json!({"o": value})).is_refused_with(&[121]);
        server.public().put(path, &json!({"list": [value]})).is_refused_with(&[121]);
        server
            .public()
            .put(path, &json!({"list": {"__op": "Add", "objects": [value]}}))
            .is_refused_with(&[121]);
        server.public().put(path, &json!({"o.x": value})).is_refused_with(&[121]);
    }
    let stored = server.public().get(path).is(200).json();
    assert_eq!(stored["o"], json!({"k": {"deep": 1}}));
}

#[test]
fn operations_run_only_at_the_top() {
    let server = server();
    let public = server.public();
    let increment = json!({"__op": "Increment", "amount": 5});
    for fields in [
        json!({"list": [increment]}),
        json!({"o": {"k": increment}}),
        json!({"list": [{"__op": "Delete"}]}),
        json!({"list": {"__op": "Add", "objects": [increment]}}),
        json!({"s": {"__op": {"$ne": null}}}),
    ] {
        public.put("/classes/Note/seen", &fields);
        let stored = public.get("/classes/Note/seen").is(200).json();
        assert_ne!(stored["o"]["k"], json!(5));
        assert_ne!(stored["list"], json!([5]));
        assert_eq!(stored["s"], "open");
    }
}

#[test]
fn keys_of_callers_are_texts() {
    let server = server();
    for key in smuggled() {
        let body = json!({"_method": "GET", "_ApplicationId": key, "_MasterKey": MASTER_KEY});
        server.nobody().post("/schemas", &body).is(403);
        let body = json!({"_method": "GET", "_ApplicationId": APP_ID, "_MasterKey": key});
        server.nobody().post("/schemas", &body).is(403);
        let body = json!({"_method": key, "_ApplicationId": APP_ID, "s": "posted"});
        server.nobody().post("/classes/Other", &body);
        let body = json!({"_method": "GET", "_ApplicationId": APP_ID, "_SessionToken": key});
        server.nobody().post("/classes/Note", &body).hides("private");
    }
}

#[test]
fn grants_are_kept_as_booleans() {
    let server = server();
    for grant in smuggled() {
        for list in [
            json!({"*": {"read": grant}}),
            json!({"*": grant}),
            json!({"*": {"read": true, "write": grant}}),
        ] {
            let answer =
                server.public().post("/classes/Note", &json!({"s": "granted", "ACL": list}));
            if answer.status == 201 {
                let id = answer.json()["objectId"].as_str().unwrap().to_owned();
                let kept =
                    server.master().get(&format!("/classes/Note/{id}")).json()["ACL"]["*"].clone();
                assert!(
                    kept.as_object()
                        .is_none_or(|rights| rights.values().all(|right| *right == json!(true))),
                    "{kept}"
                );
            }
        }
    }
}

#[test]
fn entries_of_a_batch_are_typed() {
    let server = server();
    for value in smuggled() {
        for entry in [
            json!({"method": "GET", "path": value}),
            json!({"method": value, "path": "/parse/classes/Note"}),
        ] {
            server.public().post("/batch", &json!({"requests": [entry]})).is_refused_with(&[107]);
        }
        server.public().post("/batch", &json!({"requests": value})).is_refused_with(&[107]);
        server.public().post("/batch", &json!({"requests": [value]})).is_refused_with(&[107]);
        let body =
            json!({"requests": [{"method": "POST", "path": "/parse/classes/Note", "body": value}]});
        server.public().post("/batch", &body);
    }
}

#[test]
fn arguments_of_graphql_are_typed() {
    let server = server();
    let public = server.public();
    for value in [json!({"$ne": null}), json!({"notEqualTo": ""}), json!(["x", "y"])] {
        for query in [
            "query($v: ID!) { note(id: $v) { s } }",
            "query($v: ID) { notes(where: {objectId: {equalTo: $v}}) { count } }",
            "query($v: String) { notes(where: {s: {equalTo: $v}}) { count } }",
            "query($v: Int) { notes(first: $v) { count } }",
            "query($v: String!) { notes(where: {s: {inQueryKey: {key: $v, query: {className: \"Note\", where: {}}}}}) { count } }",
            "mutation($v: ID!) { updateNote(input: {id: $v, fields: {s: \"x\"}}) { note { s } } }",
            "mutation($v: ID!) { deleteNote(input: {id: $v}) { note { s } } }",
            "mutation($v: String) { createNote(input: {fields: {s: $v}}) { note { s } } }",
        ] {
            public.graphql_with(query, &json!({"v": value})).is(400).is_refused();
        }
    }
    public.graphql("{ note(id: {ne: null}) { s } }").is(400).is_refused();
    public
        .graphql("{ notes(where: {objectId: {equalTo: {notEqualTo: \"\"}}}) { count } }")
        .is(400)
        .is_refused();
}

#[test]
fn objects_in_graphql_hold_no_operators() {
    let server = server();
    let query = "mutation($o: Object) { createNote(input: {fields: {o: $o}}) { note { id } } }";
    server.public().graphql_with(query, &json!({"o": {"$ne": null}})).is_refused_with(&[121]);
    let query =
        "query($v: Any!) { notes(where: {o: {equalTo: {key: \"k\", value: $v}}}) { count } }";
    let found = server.public().graphql_with(query, &json!({"v": {"$ne": null}}));
    assert!(found.is_refusal() || found.data("/notes/count") == json!(0), "{found}");
}
