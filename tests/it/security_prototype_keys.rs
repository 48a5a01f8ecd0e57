//! Prototype keys: the denied keys are refused with code 105 at every depth and on every way in.

use serde_json::{Value, json};

use crate::support::TestServer;

/// Objects with a denied key. Text, because a test must not depend on what a JSON library makes of them.
const DENIED: [&str; 5] = [
    r#"{"__proto__": {"isAdmin": true}}"#,
    r#"{"constructor": {"prototype": {"isAdmin": true}}}"#,
    r#"{"_bsontype": "Code", "code": "delete Object.prototype.evalFunctions"}"#,
    r#"{"\u005f_proto__": 1}"#,
    r#"{"construct\u006fr": null}"#,
];

fn server() -> TestServer {
    let server = TestServer::start();
    let fields = json!({
        "o": {"type": "Object"}, "a": {"type": "Array"}, "s": {"type": "String"}, "y": {"type": "Bytes"},
        "p": {"type": "Pointer", "targetClass": "Doc"}, "r": {"type": "Relation", "targetClass": "Doc"},
    });
    server.class("Doc", &fields);
    server
}

/// Bodies that hold a denied object somewhere.
fn hiding_places(denied: &str) -> Vec<String> {
    vec![
        denied.to_owned(),
        format!(r#"{{"o": {denied}}}"#),
        format!(r#"{{"o": {{"k": {{"k": {denied}}}}}}}"#),
        format!(r#"{{"s": "x", "o": {{"list": [1, [{{"k": {denied}}}]]}}}}"#),
        format!(r#"{{"a": [{denied}]}}"#),
        format!(r#"{{"a": [[[{denied}]]]}}"#),
        format!(r#"{{"new": {denied}}}"#),
        format!(r#"{{"o.k": {denied}}}"#),
        format!(r#"{{"a": {{"__op": "Add", "objects": [{denied}]}}}}"#),
        format!(r#"{{"a": {{"__op": "AddUnique", "objects": [{{"k": {denied}}}]}}}}"#),
        format!(r#"{{"a": {{"__op": "Remove", "objects": [{denied}]}}}}"#),
        format!(r#"{{"o": {{"__op": "SetOnInsert", "amount": {denied}}}}}"#),
        format!(r#"{{"y": {{"__type": "Bytes", "base64": {denied}}}}}"#),
    ]
}

#[test]
fn bodies_of_writes() {
    let server = server();
    let id = server.public().create("Doc", &json!({"s": "before"}));
    for denied in DENIED {
        for body in hiding_places(denied) {
            for caller in [server.public(), server.master()] {
                caller
                    .send("POST", "/parse/classes/Doc", Some(body.as_bytes()))
                    .is(400)
                    .is_refused_with(&[105]);
                caller
                    .send("POST", "/parse/classes/Fresh", Some(body.as_bytes()))
                    .is(400)
                    .is_refused_with(&[105]);
                caller
                    .send("PUT", &format!("/parse/classes/Doc/{id}"), Some(body.as_bytes()))
                    .is(400)
                    .is_refused_with(&[105]);
            }
        }
    }
    assert_eq!(server.public().get("/classes/Doc").results().len(), 1);
    server.master().get("/schemas/Fresh").is_refused_with(&[103]);
}

#[test]
fn dotted_keys() {
    let server = server();
    let id = server.public().create("Doc", &json!({"o": {"k": 1}}));
    for key in [
        "o.__proto__",
        "o.__proto__.isAdmin",
        "o.constructor",
        "o.constructor.prototype.isAdmin",
        "o.k.constructor",
    ] {
        for value in
            [json!(true), json!({"__op": "Increment", "amount": 1}), json!({"__op": "Delete"})]
        {
            server
                .public()
                .put(&format!("/classes/Doc/{id}"), &json!({key: value}))
                .is_refused_with(&[105]);
        }
    }
    let code = json!({"o._bsontype": "Code"});
    server.public().put(&format!("/classes/Doc/{id}"), &code).is_refused_with(&[105]);
}

#[test]
fn fields_are_not_made_of_them() {
    let server = server();
    for name in ["constructor", "__proto__"] {
        for value in
            ["1", "{}", "null", r#"{"__op": "Increment", "amount": 1}"#, r#"{"__op": "Delete"}"#]
        {
            let body = format!(r#"{{"{name}": {value}}}"#);
            server
                .public()
                .send("POST", "/parse/classes/Doc", Some(body.as_bytes()))
                .is_refused_with(&[105]);
            let entry =
                format!(r#"{{"method": "POST", "path": "/parse/classes/Doc", "body": {body}}}"#);
            for transaction in [true, false] {
                let batch = format!(r#"{{"requests": [{entry}], "transaction": {transaction}}}"#);
                let answer = server.public().send("POST", "/parse/batch", Some(batch.as_bytes()));
                let json = answer.json();
                let code = if transaction { &json["code"] } else { &json[0]["error"]["code"] };
                assert_eq!(code, 105, "{answer}");
            }
        }
    }
    let fields = server.master().get("/schemas/Doc").json()["fields"].clone();
    assert_eq!(fields.get("constructor"), None);
    assert_eq!(fields.get("__proto__"), None);
}

#[test]
fn batches() {
    let server = server();
    for denied in DENIED {
        for body in hiding_places(denied) {
            let entry =
                format!(r#"{{"method": "POST", "path": "/parse/classes/Doc", "body": {body}}}"#);
            let batch = format!(r#"{{"requests": [{entry}]}}"#);
            let answer = server.public().send("POST", "/parse/batch", Some(batch.as_bytes()));
            assert_eq!(answer.json()[0]["error"]["code"], 105, "{answer}");
            let batch = format!(r#"{{"requests": [{entry}], "transaction": true}}"#);
            server
                .public()
                .send("POST", "/parse/batch", Some(batch.as_bytes()))
                .is_refused_with(&[105]);
        }
    }
    assert!(server.public().get("/classes/Doc").results().is_empty());
}

#[test]
fn inputs_of_graphql() {
    let server = server();
    let id = server.public().create("Doc", &json!({"s": "before"}));
    for denied in [
        "{__proto__: {isAdmin: true}}",
        "{constructor: {prototype: 1}}",
        "{_bsontype: \"Code\", code: \"x\"}",
    ] {
        for fields in [
            format!("{{o: {denied}}}"),
            format!("{{o: {{k: [{{k: {denied}}}]}}}}"),
            format!("{{a: [{denied}]}}"),
            format!("{{p: {{createAndLink: {{o: {denied}}}}}}}"),
            format!("{{r: {{createAndAdd: [{{a: [{denied}]}}]}}}}"),
        ] {
            let create =
                format!("mutation {{ createDoc(input: {{fields: {fields}}}) {{ doc {{ id }} }} }}");
            server.public().graphql(&create).is_refused_with(&[105]);
            let update = format!(
                "mutation {{ updateDoc(input: {{id: \"{id}\", fields: {fields}}}) {{ doc {{ id }} }} }}"
            );
            server.public().graphql(&update).is_refused_with(&[105]);
        }
    }
    assert_eq!(
        server.public().get("/classes/Doc").results().len(),
        1,
        "nothing was written on the way"
    );
}

#[test]
fn variables_of_graphql() {
    let server = server();
    for denied in DENIED {
        for (kind, variables) in [
            ("CreateDocFieldsInput", format!(r#"{{"v": {{"o": {denied}}}}}"#)),
            ("CreateDocFieldsInput", format!(r#"{{"v": {{"a": [{{"k": {denied}}}]}}}}"#)),
            (
                "CreateDocFieldsInput",
                format!(r#"{{"v": {{"p": {{"createAndLink": {{"o": {denied}}}}}}}}}"#),
            ),
        ] {
            let query = format!(
                "mutation($v: {kind}) {{ createDoc(input: {{fields: $v}}) {{ doc {{ id }} }} }}"
            );
            let body = format!(r#"{{"query": {}, "variables": {variables}}}"#, Value::from(query));
            server.public().send("POST", "/graphql", Some(body.as_bytes())).is_refused_with(&[105]);
        }
    }
    assert!(server.public().get("/classes/Doc").results().is_empty());
}

#[test]
fn texts_that_only_look_like_them_are_data() {
    let server = server();
    let fields = json!({"s": "__proto__", "a": ["constructor", "Code"], "o": {"_bsontype": "ObjectID", "proto": 1}});
    let id = server.public().create("Doc", &fields);
    let stored = server.public().get(&format!("/classes/Doc/{id}")).json();
    assert_eq!((&stored["s"], &stored["a"]), (&fields["s"], &fields["a"]));
}

#[test]
fn a_list_of_ones_own() {
    let denylist = json!([{"key": "^bad"}, {"value": "worse"}, {"key": "^a$", "value": 1}]);
    let server = TestServer::with(&json!({"requestKeywordDenylist": denylist}));
    let public = server.public();
    for refused in [
        json!({"badKey": 1}),
        json!({"o": {"bad": 1}}),
        json!({"l": [{"x": "worse"}]}),
        json!({"s": "worse"}),
        json!({"a": 1}),
    ] {
        public.post("/classes/Doc", &refused).is_refused_with(&[105]);
    }
    for fine in [json!({"notbad": 1}), json!({"s": "worst"}), json!({"a": 2}), json!({"b": 1})] {
        public.post("/classes/Doc", &fine).is(201);
    }
}
