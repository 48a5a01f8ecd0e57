//! Cloud code and GraphQL definitions that are loaded again while the server runs.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::app::App;
use crate::support::{Caller, TestServer};

const SOON: Duration = Duration::from_secs(60);

/// Asks again and again until the answer is the expected one.
fn becomes(caller: &Caller, query: &str, expected: &Value) {
    let deadline = Instant::now() + SOON;
    loop {
        let answer = caller.graphql(query).json();
        if answer["data"] == *expected {
            return;
        }
        assert!(Instant::now() < deadline, "{query}: {answer}");
        std::thread::yield_now();
    }
}

fn logs(server: &TestServer, text: &str) {
    let deadline = Instant::now() + SOON;
    while !server.logged().contains(text) {
        assert!(Instant::now() < deadline, "{text} is not in the log:\n{}", server.logged());
        std::thread::yield_now();
    }
}

fn hang_up(server: &TestServer) {
    let sent = Command::new("kill").args(["-HUP", &server.process_id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

const FIRST: &str = "Parse.Cloud.define('say', () => 'one');";
const SCHEMA: &str = "extend type Query { say: String @resolve }";

#[test]
fn a_signal_loads_both_again() {
    let Some(app) = App::with(FIRST) else { return };
    app.write("schema.graphql", SCHEMA);
    let server = app.start(&json!({}));
    let public = server.public();
    becomes(&public, "{ say }", &json!({"say": "one"}));
    app.write(
        "main.js",
        "Parse.Cloud.define('say', () => 'two'); Parse.Cloud.define('more', () => 'more');",
    );
    app.write("schema.graphql", "extend type Query { say: String @resolve more: String @resolve }");
    hang_up(&server);
    becomes(&public, "{ say more }", &json!({"say": "two", "more": "more"}));
    app.write("main.js", FIRST);
    app.write("schema.graphql", SCHEMA);
    hang_up(&server);
    becomes(&public, "{ say }", &json!({"say": "one"}));
    public.graphql("{ more }").is(400);
}

#[test]
fn what_is_broken_leaves_what_was_loaded() {
    let Some(app) = App::with(FIRST) else { return };
    app.write("schema.graphql", SCHEMA);
    let server = app.start(&json!({}));
    let public = server.public();
    app.write("main.js", "Parse.Cloud.define('say', () => 'two');\nthis is no JavaScript\n");
    app.write("schema.graphql", "extend type Query {\n  say: Nothing @resolve\n}");
    hang_up(&server);
    logs(&server, "main.js:2");
    logs(&server, "schema.graphql:2:8: there is no type Nothing");
    becomes(&public, "{ say }", &json!({"say": "one"}));
    app.write("main.js", "Parse.Cloud.define('say', () => 'three');");
    app.write("schema.graphql", "extend type Query { says: String @resolve(to: \"say\") }");
    hang_up(&server);
    becomes(&public, "{ says }", &json!({"says": "three"}));
}

#[test]
fn watched_files_are_loaded_when_they_change() {
    let Some(app) =
        App::with("const word = require('./word.js'); Parse.Cloud.define('say', () => word);")
    else {
        return;
    };
    app.write("word.js", "module.exports = 'one';");
    app.write("schema.graphql", SCHEMA);
    let server = app.start(&json!({"watch": true}));
    let public = server.public();
    becomes(&public, "{ say }", &json!({"say": "one"}));
    app.write("word.js", "module.exports = 'a second word';");
    becomes(&public, "{ say }", &json!({"say": "a second word"}));
    app.write("schema.graphql", "extend type Query { says: String @resolve(to: \"say\") }");
    becomes(&public, "{ says }", &json!({"says": "a second word"}));
    app.write("word.js", "module.exports = ;");
    logs(&server, "word.js:1");
    becomes(&public, "{ says }", &json!({"says": "a second word"}));
}

/// Calls that are under way when new code is loaded are answered by the code that began them.
#[test]
fn calls_under_way_are_finished_by_the_old_code() {
    let old = "Parse.Cloud.define('say', async () => { await new Promise(done => setTimeout(done, 1500)); return 'old'; });";
    let Some(app) = App::with(old) else { return };
    app.write(
        "schema.graphql",
        "extend type Query { say: String @resolve quick: String @resolve }",
    );
    let server = app.start(&json!({}));
    let public = server.public();
    std::thread::scope(|scope| {
        let begun = scope.spawn(|| server.public().graphql("{ say }").json());
        app.write(
            "main.js",
            "Parse.Cloud.define('say', () => 'new'); Parse.Cloud.define('quick', () => 'new');",
        );
        hang_up(&server);
        becomes(&public, "{ quick }", &json!({"quick": "new"}));
        let answer = begun.join().expect("the call ended");
        let said = &answer["data"]["say"];
        assert!(said == "old" || said == "new", "{answer}");
    });
    becomes(&public, "{ say }", &json!({"say": "new"}));
}
