//! The GraphQL schema against the recorded one of parse-server 9.10.0: every type, field, argument,
//! input, enum value, interface and union member, with its type and nullability.
//!
//! `contract/graphql/sdl-pending.txt` lists what waits for a feature, `contract/graphql/sdl-additions.txt`
//! what this server has beyond. Both must be exact.

#[path = "contract/http.rs"]
mod http;
mod process;
#[path = "contract/sdl.rs"]
mod sdl;
#[path = "contract/server.rs"]
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use http::{Request, send};
use process::Process;
use sdl::{INTROSPECTION, Items, items_of_introspection, items_of_sdl};
use serde_json::{Value, json};
use server::data_directory;

#[test]
fn schema_without_classes() {
    let server = start(json!({})).expect("these options need no packages");
    let ours = introspect(&server);
    server.stop();
    let recorded = items_of_sdl(&read("schema.base.sdl"));
    check_missing(&recorded, &ours);
    let additions = lines_of(&read("sdl-additions.txt"));
    let unlisted: Vec<String> =
        beyond(&recorded, &ours).into_iter().filter(|item| !additions.contains(item)).collect();
    assert!(unlisted.is_empty(), "additions that are not listed:\n{}", unlisted.join("\n"));
}

#[test]
fn schema_with_classes() {
    let Some(server) = start(json!({ "cloud": "./cloud/graphql.js" })) else { return };
    let classes: Value = serde_json::from_str(&read("classes.json")).expect("classes.json is JSON");
    for class in classes["requests"].as_array().expect("classes.json has requests") {
        let name = class["className"].as_str().expect("a class has a name");
        post(&server, &format!("/parse/schemas/{name}"), class);
    }
    let ours = introspect(&server);
    server.stop();
    let recorded = items_of_sdl(&read("schema.sdl"));
    check_missing(&recorded, &ours);
    let additions: Vec<String> = lines_of(&read("sdl-additions.txt")).into_iter().collect();
    let beyond: Vec<String> = beyond(&recorded, &ours).into_iter().collect();
    assert_eq!(beyond.join("\n"), additions.join("\n"), "additions, and those that are listed");
}

#[test]
fn pending_items_are_recorded_ones() {
    let recorded = items_of_sdl(&read("schema.sdl"));
    for (item, feature) in pending() {
        assert!(recorded.iter().any(|known| known.names.contains(&item)), "no such item: {item}");
        assert!(["files"].contains(&feature.as_str()), "{item}: {feature}");
    }
}

/// All that is recorded is there or pending, and what is pending is not there.
fn check_missing(recorded: &Items, ours: &Items) {
    let pending = pending();
    let missing: Vec<&str> = recorded
        .difference(ours)
        .filter(|item| !item.names.iter().any(|name| pending.contains_key(name)))
        .map(|item| item.text.as_str())
        .collect();
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
    let there: Vec<&String> =
        pending.keys().filter(|name| ours.iter().any(|item| item.names.contains(*name))).collect();
    assert!(there.is_empty(), "listed as pending, but there: {there:?}");
}

fn beyond(recorded: &Items, ours: &Items) -> BTreeSet<String> {
    ours.difference(recorded).map(|item| item.text.clone()).collect()
}

fn pending() -> BTreeMap<String, String> {
    let lines = lines_of(&read("sdl-pending.txt"));
    let pairs = lines.iter().map(|line| line.split_once(" -- ").expect("`item -- feature`"));
    pairs.map(|(item, feature)| (item.to_owned(), feature.to_owned())).collect()
}

fn read(file: &str) -> String {
    let path = data_directory().join("graphql").join(file);
    fs::read_to_string(path).unwrap_or_else(|cause| panic!("{file}: {cause}"))
}

/// The lines that say something.
fn lines_of(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn start(mut options: Value) -> Option<Process> {
    options["appId"] = json!("contract-app");
    options["masterKey"] = json!("contract-master");
    options["mountGraphQL"] = json!(true);
    server::start(options.as_object().expect("options are an object"), "sqlite::memory:")
}

fn introspect(server: &Process) -> Items {
    items_of_introspection(&post(server, "/graphql", &json!({ "query": INTROSPECTION })))
}

/// Posts with the master key and demands success.
fn post(server: &Process, path: &str, body: &Value) -> Value {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = Request {
        method: "POST".to_owned(),
        target: path.to_owned(),
        headers: vec![
            header("X-Parse-Application-Id", "contract-app"),
            header("X-Parse-Master-Key", "contract-master"),
            header("Content-Type", "application/json"),
        ],
        body: Some(body.to_string().into_bytes()),
    };
    let answer = send(server.origin(), &request).expect("the server answers");
    let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
    assert!(answer.status == 200 && is_json, "{path}: {} {}", answer.status, answer.text());
    let json: Value = serde_json::from_slice(&answer.body).expect("the answer is JSON");
    assert!(json.get("errors").is_none(), "{path}: {json}");
    json
}
