//! What GraphQL tells of itself: the schema is for the master key, and errors name only what the client sent.

use serde_json::json;

use crate::support::{Caller, MASTER_KEY, READ_ONLY_KEY, TestServer, percent_encode};

fn server() -> TestServer {
    let server = TestServer::start();
    server.class("Vault", &json!({"password": {"type": "String"}, "o": {"type": "Object"}}));
    server
}

const INTROSPECTIONS: [&str; 12] = [
    "{ __schema { types { name } } }",
    "{ __type(name: \"Vault\") { fields { name } } }",
    "{ health alias: __schema { queryType { name } } }",
    "{ ... { __schema { types { name } } } }",
    "{ ... on Query { __type(name: \"Vault\") { name } } }",
    "{ ... on Query { ... on Query { ... { __type(name: \"Vault\") { name } } } } }",
    "query { ...F } fragment F on Query { __schema { types { name } } }",
    "query { ...F } fragment F on Query { ... { ...G } } fragment G on Query { health __type(name: \"Vault\") { name } }",
    "query A { health } query B { __schema { types { name } } }",
    "query($yes: Boolean = true) { __schema @include(if: $yes) { types { name } } }",
    "query($no: Boolean = false) { health __type(name: \"Vault\") @skip(if: $no) { name } }",
    "{ __schema { directives { name } } health }",
];

/// Runs a document that may hold two operations.
fn run(caller: &Caller, query: &str) -> crate::support::Answer {
    let mut body = json!({"query": query});
    if query.contains("query B") {
        body["operationName"] = json!("B");
    }
    caller.send("POST", "/graphql", Some(body.to_string().as_bytes()))
}

#[test]
fn introspection_is_for_the_master_key() {
    let server = server();
    for query in INTROSPECTIONS {
        run(&server.public(), query)
            .hides("VaultWhereInput")
            .hides("password")
            .hides("__typename")
            .is_refused();
        let answer = run(&server.master(), query);
        assert!(!answer.is_refusal(), "{answer}");
    }
    assert_eq!(
        server.public().graphql("{ __typename vaults { __typename count } }").data("/__typename"),
        "Query"
    );
}

#[test]
fn introspection_by_get_is_no_other_way() {
    let server = server();
    for query in INTROSPECTIONS {
        let target = format!(
            "/graphql?query={}&operationName={}",
            percent_encode(query),
            if query.contains("query B") { "B" } else { "" }
        );
        let answer = server.public().send("GET", &target, None);
        answer.hides("VaultWhereInput").hides("password").is_refused();
    }
}

#[test]
fn introspection_may_be_made_public() {
    let server = TestServer::with(&json!({"graphQLPublicIntrospection": true}));
    for query in INTROSPECTIONS.iter().filter(|query| !query.contains("Vault")) {
        assert!(!run(&server.public(), query).is_refusal(), "{query}");
    }
}

#[test]
fn errors_suggest_nothing() {
    let server = server();
    for (query, unsaid) in [
        ("{ vaultz { count } }", vec!["vaults", "Query"]),
        ("{ vaults { edges { node { passwort } } } }", vec!["password", "Vault\""]),
        ("{ vaults { cuont } }", vec!["count", "VaultConnection"]),
        ("{ vaults(wher: {}) { count } }", vec!["where"]),
        (
            "{ vaults(where: {passwort: {equalTo: \"x\"}}) { count } }",
            vec!["password", "VaultWhereInput"],
        ),
        (
            "{ vaults(where: {password: {equalToo: \"x\"}}) { count } }",
            vec!["equalTo\"", "StringWhereInput"],
        ),
        (
            "mutation { createVault(input: {fields: {passwort: \"x\"}}) { vault { id } } }",
            vec!["password", "CreateVaultFieldsInput"],
        ),
        ("mutation { creatVault(input: {}) { vault { id } } }", vec!["createVault", "Mutation"]),
        ("query { ...F } fragment F on Vualt { id }", vec!["Vault"]),
        ("{ ... on Vualt { id } }", vec!["Vault"]),
        ("query($v: VaultWhereInputs) { vaults(where: $v) { count } }", vec!["VaultWhereInput\""]),
        ("{ health @skp(if: true) }", vec!["skip"]),
    ] {
        let answer = server.public().graphql(query);
        answer.hides("Did you mean").hides("did you mean");
        for word in unsaid {
            answer.hides(word);
        }
        answer.is_refused();
    }
    let told = server.master().graphql("{ vaultz { count } }").text();
    assert!(told.contains("Did you mean"), "the master key may know: {told}");
}

#[test]
fn errors_of_variables_suggest_nothing() {
    let server = server();
    let query = "query($w: VaultWhereInput) { vaults(where: $w) { count } }";
    for variables in [
        json!({"w": {"passwort": {"equalTo": "x"}}}),
        json!({"w": {"password": {"equalToo": "x"}}}),
        json!({"w": {"password": 5}}),
    ] {
        let answer = server.public().graphql_with(query, &variables);
        answer.hides("id you mean").hides("StringWhereInput").is_refused();
    }
}

#[test]
fn the_playground_holds_no_key() {
    let server = TestServer::with(
        &json!({"mountPlayground": true, "readOnlyMasterKey": READ_ONLY_KEY, "clientKey": "it-client-key"}),
    );
    for caller in [server.nobody(), server.master()] {
        let page = caller.send("GET", "/playground", None).is(200);
        page.hides(MASTER_KEY).hides(READ_ONLY_KEY).hides("it-client-key");
    }
}

#[test]
fn what_is_not_mounted_is_not_there() {
    let server = TestServer::with(&json!({"mountGraphQL": false}));
    for path in ["/graphql", "/playground"] {
        server.master().send("GET", path, None).is(404);
        server.master().send("POST", path, Some(b"{\"query\":\"{ health }\"}")).is(404);
    }
    let server = TestServer::start();
    server.master().send("GET", "/playground", None).is(404);
}

#[test]
fn a_link_can_not_write() {
    let server = server();
    let query = percent_encode("mutation { createVault(input: {}) { vault { id } } }");
    for caller in [server.public(), server.master()] {
        caller.send("GET", &format!("/graphql?query={query}"), None).is_refused();
    }
    assert!(server.master().get("/classes/Vault").results().is_empty());
}

#[test]
fn callers_need_the_application_id() {
    let server = server();
    server.nobody().graphql("{ health }").is(403);
    server.nobody().with("X-Parse-Application-Id", "other").graphql("{ health }").is(403);
    server.nobody().with("X-Parse-Master-Key", MASTER_KEY).graphql("{ health }").is(403);
    server
        .public()
        .with("X-Parse-Master-Key", "wrong")
        .graphql("{ classes { name } }")
        .is_refused_with(&[119]);
}

#[test]
fn client_keys_guard_every_door() {
    let server =
        TestServer::with(&json!({"restAPIKey": "it-rest-key", "javascriptKey": "it-js-key"}));
    server.public().graphql("{ health }").is(403);
    server.public().get("/classes/A").is(403);
    server.public().post("/batch", &json!({"requests": []})).is(403);
    let caller = server.public().with("X-Parse-REST-API-Key", "it-rest-key");
    caller.graphql("{ health }").is(200);
    caller.get("/classes/A").is(200);
    server.public().with("X-Parse-REST-API-Key", "it-js-key").get("/classes/A").is(403);
    server.public().with("X-Parse-Javascript-Key", "it-js-key").get("/classes/A").is(200);
}
