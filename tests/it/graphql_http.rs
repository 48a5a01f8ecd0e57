//! GraphQL over HTTP: how documents, variables and errors travel, and four defects that must not come back: an omitted
//! variable taken for null, fragments that multiply, errors without a path, a field resolved twice.

use serde_json::{Value, json};

use crate::support::{Caller, TestServer, add_relation, percent_encode, pointer};

fn server() -> TestServer {
    let server = TestServer::start();
    let fields = json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "a": {"type": "Array"}, "o": {"type": "Object"},
        "p": {"type": "Pointer", "targetClass": "Doc"}, "r": {"type": "Relation", "targetClass": "Doc"},
    });
    server.class("Doc", &fields);
    server
}

fn full(caller: &Caller) -> String {
    let other = caller.create("Doc", &json!({"s": "other"}));
    caller.create(
        "Doc",
        &json!({"s": "kept", "n": 1, "a": [1], "o": {"k": 1}, "p": pointer("Doc", &other)}),
    )
}

fn stored(caller: &Caller, id: &str) -> Value {
    let mut object = caller.get(&format!("/classes/Doc/{id}")).is(200).json();
    for name in ["objectId", "createdAt", "updatedAt", "r"] {
        object.as_object_mut().expect("an object").remove(name);
    }
    object
}

const UPDATE: &str =
    "mutation($id: ID!, $s: String, $n: Float, $a: [Any], $o: Object, $p: DocPointerInput) {
    updateDoc(input: {id: $id, fields: {s: $s, n: $n, a: $a, o: $o, p: $p}}) { doc { id } }
}";

#[test]
fn an_omitted_variable_changes_nothing() {
    let server = server();
    let public = server.public();
    let id = full(&public);
    let before = stored(&public, &id);
    public.graphql_with(UPDATE, &json!({"id": id})).data("/updateDoc/doc/id");
    assert_eq!(stored(&public, &id), before);
    public.graphql_with(UPDATE, &json!({"id": id, "n": 2})).data("/updateDoc/doc/id");
    let mut expected = before;
    expected["n"] = json!(2);
    assert_eq!(stored(&public, &id), expected);
}

#[test]
fn a_variable_that_is_null_unsets() {
    let server = server();
    let public = server.public();
    let id = full(&public);
    let nulls = json!({"id": id, "s": null, "n": null, "a": null, "o": null, "p": null});
    public.graphql_with(UPDATE, &nulls).data("/updateDoc/doc/id");
    assert_eq!(stored(&public, &id), json!({}));
}

#[test]
fn omitted_variables_of_a_create_leave_the_defaults() {
    let server = TestServer::start();
    server.class("Tea", &json!({"s": {"type": "String", "defaultValue": "green"}, "n": {"type": "Number", "defaultValue": 3}}));
    let query = "mutation($s: String, $n: Float) { createTea(input: {fields: {s: $s, n: $n}}) { tea { s n } } }";
    let made = server.public().graphql_with(query, &json!({"n": 5})).data("/createTea/tea");
    assert_eq!(made, json!({"s": "green", "n": 5}));
}

#[test]
fn omitted_variables_of_arguments_count_as_not_given() {
    let server = server();
    let public = server.public();
    full(&public);
    let query = "query($w: DocWhereInput, $f: Int, $o: [DocOrder!], $a: String, $in: String) {
        docs(where: $w, first: $f, order: $o, after: $a) { count }
        either: docs(where: {s: {equalTo: \"kept\", notEqualTo: $in}}) { count }
    }";
    let data = public.graphql(query).data("");
    assert_eq!(data, json!({"docs": {"count": 2}, "either": {"count": 1}}));
    let query = "query($s: String = \"kept\") { docs(where: {s: {equalTo: $s}}) { count } }";
    assert_eq!(public.graphql(query).data("/docs/count"), 1);
    assert_eq!(public.graphql_with(query, &json!({"s": "none"})).data("/docs/count"), 0);
}

#[test]
fn inside_a_variable_only_what_is_there_counts() {
    let server = server();
    let public = server.public();
    let id = full(&public);
    let before = stored(&public, &id);
    let query = "mutation($f: UpdateDocFieldsInput) { updateDoc(input: {id: \"ID\", fields: $f}) { doc { id } } }".replace("ID", &id);
    for variables in [json!({}), json!({"f": null}), json!({"f": {}})] {
        public.graphql_with(&query, &variables).data("/updateDoc/doc/id");
        assert_eq!(stored(&public, &id), before, "{variables}");
    }
    public.graphql_with(&query, &json!({"f": {"s": null}})).data("/updateDoc/doc/id");
    assert_eq!(stored(&public, &id).get("s"), None);
}

#[test]
fn fragments_do_not_multiply() {
    let server = server();
    full(&server.public());
    let mut text = "{ docs { edges { node { ...F0 } } } } fragment F40 on Doc { s }".to_owned();
    for level in 0..40 {
        text.push_str(&format!(" fragment F{level} on Doc {{ ...F{0} ...F{0} }}", level + 1));
    }
    server.public().graphql(&text).is_refused();
    server.master().graphql(&text).is_refused();
    assert_eq!(server.public().graphql("{ health }").data("/health"), true);
}

fn paths(answer: &crate::support::Answer) -> Vec<Value> {
    answer.json()["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["path"].clone())
        .collect()
}

#[test]
fn errors_carry_their_path_and_place() {
    let server = server();
    let answer = server.public().graphql("{\n  missing: doc(id: \"nope\") { s }\n}");
    assert_eq!(paths(&answer), [json!(["missing"])]);
    assert_eq!(answer.json()["errors"][0]["locations"], json!([{"line": 2, "column": 3}]));
    let two = "mutation { a: deleteDoc(input: {id: \"x\"}) { doc { id } } b: createDoc(input: {}) { doc { s } } c: deleteDoc(input: {id: \"y\"}) { doc { id } } }";
    let answer = server.public().graphql(two);
    assert_eq!(paths(&answer), [json!(["a"]), json!(["c"])]);
    assert_eq!(answer.json()["data"], json!({"a": null, "b": {"doc": {"s": null}}, "c": null}));
}

#[test]
fn errors_below_the_root_carry_the_whole_path() {
    let server = server();
    server.class_with(
        "Closed",
        &json!({"s": {"type": "String"}}),
        &json!({"find": {}, "get": {}, "create": {"*": true}}),
    );
    server.class("Owner", &json!({"r": {"type": "Relation", "targetClass": "Closed"}}));
    let inner = server.master().create("Closed", &json!({"s": "x"}));
    server.public().create("Owner", &json!({"r": add_relation("Closed", &[&inner])}));
    let answer = server
        .public()
        .graphql("{ owners { edges { node { related: r { edges { node { s } } } } } } }");
    let found = paths(&answer);
    assert!(found.contains(&json!(["owners", "edges", 0, "node", "related"])), "{answer}");
    answer.is_refused_with(&[119]);
}

#[test]
fn a_field_that_is_selected_twice_is_asked_once() {
    let server = server();
    let public = server.public();
    full(&public);
    let cost = |query: &str| server.statements_of(|| public.graphql(query).data(""));
    assert_eq!(cost("{ docs { edges { node { s } } } docs { edges { node { n } } } }"), 1);
    assert_eq!(
        cost(
            "{ ...A ...B } fragment A on Query { docs { edges { node { s } } } } fragment B on Query { docs { edges { node { p { s } } } } }"
        ),
        2
    );
    assert_eq!(cost("{ docs { edges { node { p { s } p { n } ... on Doc { p { id } } } } } }"), 2);
    assert_eq!(
        cost(
            "{ docs { edges { node { r { edges { node { s } } } r { edges { node { n } } } } } } }"
        ),
        2
    );
    assert_eq!(cost("{ a: docs { count } b: docs(first: 1) { edges { node { s } } } }"), 2);
    let both = public.graphql("{ docs(order: [s_ASC]) { edges { node { s } } } docs(order: [s_ASC]) { edges { node { n } } } }");
    assert_eq!(both.data("/docs/edges/0/node"), json!({"s": "kept", "n": 1}));
}

#[test]
fn documents_by_get() {
    let server = server();
    let public = server.public();
    full(&public);
    let query = percent_encode(
        "query A($s: String) { docs(where: {s: {equalTo: $s}}) { count } } query B { health }",
    );
    let variables = percent_encode(&json!({"s": "kept"}).to_string());
    let answer = public.send(
        "GET",
        &format!("/graphql?query={query}&operationName=A&variables={variables}"),
        None,
    );
    assert_eq!(answer.data("/docs/count"), 1);
    let answer = public.send("GET", &format!("/graphql?query={query}&operationName=B"), None);
    assert_eq!(answer.data("/health"), true);
    public.send("GET", &format!("/graphql?query={query}"), None).is(400).is_refused();
    public.send("GET", "/graphql", None).is_refused();
}

#[test]
fn statuses_and_types_of_answers() {
    let server = server();
    let public = server.public();
    assert_eq!(
        public.graphql("{ health }").header("content-type"),
        Some("application/json; charset=utf-8")
    );
    public.graphql("{").is(400).is_refused();
    public.graphql("{ nope }").is(400).is_refused();
    public
        .graphql_with("query($i: Int!) { docs(first: $i) { count } }", &json!({}))
        .is(400)
        .is_refused();
    public.graphql("{ doc(id: \"nope\") { id } }").is(200).is_refused_with(&[101]);
    let strict = public.with("Accept", "application/graphql-response+json");
    let answer = strict.graphql("{ health }").is(200);
    assert!(
        answer.header("content-type").unwrap().starts_with("application/graphql-response+json"),
        "{answer}"
    );
    strict.graphql("{ nope }").is(400).is_refused();
}

#[test]
fn the_same_document_with_other_variables() {
    let server = server();
    let public = server.public();
    let query = "mutation($s: String) { createDoc(input: {fields: {s: $s}}) { doc { s } } }";
    for s in ["a", "b", "é😀", "\"}{", "a"] {
        assert_eq!(public.graphql_with(query, &json!({"s": s})).data("/createDoc/doc/s"), s);
    }
    server.master().put("/schemas/Doc", &json!({"fields": {"s": {"__op": "Delete"}}})).is(200);
    public.graphql_with(query, &json!({"s": "a"})).is(400).is_refused();
    server.master().put("/schemas/Doc", &json!({"fields": {"s": {"type": "Number"}}})).is(200);
    public.graphql_with(query, &json!({"s": "a"})).is(400).is_refused();
    let numbers = query.replace("String", "Float");
    assert_eq!(public.graphql_with(&numbers, &json!({"s": 5})).data("/createDoc/doc/s"), 5);
}

#[test]
fn one_caller_does_not_get_the_answer_of_another() {
    let server = server();
    server.public().create("Doc", &json!({"s": "sealed", "ACL": {}}));
    let query = "{ docs { count edges { node { s } } } }";
    for _ in 0..3 {
        assert_eq!(server.master().graphql(query).data("/docs/count"), 1);
        let answer = server.public().graphql(query);
        answer.hides("sealed");
        assert_eq!(answer.data("/docs"), json!({"count": 0, "edges": []}));
    }
}
