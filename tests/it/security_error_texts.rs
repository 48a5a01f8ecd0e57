//! Error leaks: what the database or the program says of itself stays in the log. That no answer holds such text is
//! checked of every answer in every test; here is what most likely brings it up.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// Requests that a database complains about.
fn complaints(server: &TestServer) -> Vec<Answer> {
    server.class("Doc", &json!({"s": {"type": "String"}, "n": {"type": "Number"}}));
    let (public, master) = (server.public(), server.master());
    public.create("Doc", &json!({"objectId": "taken"}));
    let many: serde_json::Map<String, Value> =
        (0..3_000).map(|at| (format!("f{at}"), json!(at))).collect();
    vec![
        public.post("/classes/Doc", &json!({"objectId": "taken"})),
        public.post("/classes/Doc", &json!({"n": "text"})),
        public.post("/classes/Doc", &Value::Object(many)),
        public.post("/classes/Doc", &json!({"OBJECTID": "other", "S": 1})),
        public.put("/classes/Doc/taken", &json!({"n": {"__op": "Add", "objects": [1]}})),
        public.put("/classes/Doc/taken", &json!({"s": {"__op": "Increment", "amount": 1}})),
        public.find("Doc", &json!({"where": {"s": {"$regex": "["}}})),
        public.find("Doc", &json!({"where": {"s": {"$text": {"$search": {"$term": "\"AND ("}}}}})),
        public.find("Doc", &json!({"hint": "nope"})),
        public.find("Doc", &json!({"limit": 1e18, "skip": 1e19})),
        master.put("/schemas/Doc", &json!({"indexes": {"i": {"nope": 1}}})),
        master.put("/schemas/Doc", &json!({"indexes": {"i": {"__op": "Delete"}}})),
        master.put("/schemas/Doc", &json!({"fields": {"s": {"type": "Number"}}})),
        master.ask("/aggregate/Doc", &json!({"pipeline": [{"$group": {"_id": "$nope.deep"}}]})),
        master.ask(
            "/aggregate/Doc",
            &json!({"pipeline": [{"$project": {"x": {"$divide": [1, 0]}}}]}),
        ),
        public.graphql("{ docs(where: {s: {matchesRegex: \"[\"}}) { count } }"),
    ]
}

#[test]
fn database_texts_stay_inside() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    for answer in complaints(&server) {
        answer.hides("_seq").hides("UNIQUE").hides("altertab").hides("too many");
    }
}

#[test]
fn they_stay_inside_when_reasons_are_given() {
    let server = TestServer::with(
        &json!({"allowCustomObjectId": true, "enableSanitizedErrorResponse": false}),
    );
    for answer in complaints(&server) {
        answer.hides("_seq").hides("UNIQUE").hides("altertab").hides("too many");
    }
}

#[test]
fn refusals_do_not_say_why() {
    let server = TestServer::start();
    let closed =
        json!({"find": {}, "get": {}, "create": {}, "update": {}, "delete": {}, "count": {}});
    server.class_with("Closed", &json!({"s": {"type": "String"}}), &closed);
    let public = server.public();
    for answer in [
        public.get("/classes/Closed"),
        public.get("/classes/Closed/x"),
        public.post("/classes/Closed", &json!({})),
        public.put("/classes/Closed/x", &json!({})),
        public.delete("/classes/Closed/x"),
    ] {
        assert_eq!(answer.json(), json!({"code": 119, "error": "Permission denied"}));
    }
    let open = TestServer::with(&json!({"enableSanitizedErrorResponse": false}));
    open.class_with("Closed", &json!({}), &closed);
    assert!(
        open.public()
            .get("/classes/Closed")
            .text()
            .contains("Permission denied for action find on class Closed")
    );
}

#[test]
fn a_private_object_and_none_look_alike() {
    let server = TestServer::start();
    let id = server.public().create("Doc", &json!({"s": "x", "ACL": {}}));
    let (private, none) = (format!("/classes/Doc/{id}"), "/classes/Doc/abcdefghij".to_owned());
    let public = server.public();
    let both = |ask: &dyn Fn(&str) -> Answer| {
        let (one, other) = (ask(&private), ask(&none));
        assert_eq!((one.status, one.text()), (other.status, other.text()));
        one.is_refused_with(&[101]);
    };
    both(&|path| public.get(path));
    both(&|path| public.put(path, &json!({"s": "y"})));
    both(&|path| public.put(path, &json!({"n": {"__op": "Increment", "amount": 1}})));
    both(&|path| public.delete(path));
}
