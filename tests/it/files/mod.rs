//! Files: upload, download, rules, triggers, over REST and GraphQL.

mod graphql;
mod hostile;
mod serving;
mod stores;
mod triggers;
mod uploads;

use serde_json::Value;

use crate::support::{APP_ID, Answer, Caller, TestServer};

/// Sends a file as the body of a request.
fn upload(caller: &Caller, name: &str, content_type: &str, content: &[u8]) -> Answer {
    caller.with("Content-Type", content_type).send(
        "POST",
        &format!("/parse/files/{name}"),
        Some(content),
    )
}

/// The name of a file that the server must accept.
fn stored(caller: &Caller, name: &str, content_type: &str, content: &[u8]) -> String {
    name_of(&upload(caller, name, content_type, content).is(201))
}

fn name_of(answer: &Answer) -> String {
    let json: Value = answer.json();
    json["name"].as_str().expect("a name").to_owned()
}

/// Asks for a file as a browser does: without any key.
fn download(server: &TestServer, name: &str) -> Answer {
    Caller::new(server.origin()).get(&format!("/files/{APP_ID}/{name}"))
}
