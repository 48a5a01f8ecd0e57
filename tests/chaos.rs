//! The database fails in every way it can while it is used: what was acknowledged stays, what was refused was not
//! made, every answer is clear and comes in time, and nobody has to restart the server.
//!
//! Each test has a PostgreSQL server of its own. Where PostgreSQL is not installed nothing is tested here.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "chaos/client.rs"]
mod client;
#[path = "postgres/cluster.rs"]
mod cluster;
#[path = "chaos/connections.rs"]
mod connections;
#[path = "chaos/encryption.rs"]
mod encryption;
#[path = "chaos/full.rs"]
mod full;
#[path = "contract/http.rs"]
mod http;
mod process;
#[path = "chaos/stops.rs"]
mod stops;

use std::process::{Command, Stdio};

use client::Client;
use process::Process;
use serde_json::json;

/// What makes the insertion of an object wait: its id begins with `hold`.
const HOLD: &str = r#"
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF NEW."objectId" LIKE ''hold%'' THEN PERFORM pg_sleep(3600); END IF; RETURN NEW; END';
CREATE TRIGGER hold BEFORE INSERT ON "Item" FOR EACH ROW EXECUTE FUNCTION hold();
"#;

/// A server on a database, with a class to write to.
fn serve(uri: &str) -> Process {
    let options = json!({"allowClientClassCreation": true, "allowCustomObjectId": true});
    let server = Process::parsimony(uri, &options);
    let made = Client { origin: server.origin() }.create("first");
    assert_eq!(made.status, 201, "{made:?}");
    server
}

/// Starts a server that can not start: its exit code and what it complains of.
fn fail_to_start(uri: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_parsimony"))
        .args(["--appId", "a", "--masterKey", "m", "--port", "0", "--databaseURI", uri])
        .current_dir(directory.path())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(!stdout.contains("ready "), "{stdout}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{stderr}");
    (output.status.code(), stderr)
}
