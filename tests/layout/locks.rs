//! Class changes do not wait for ever for those who use the class.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::postgres::TestDatabase;
use crate::process::Process;
use crate::server::{answer, ask};

#[test]
fn a_class_in_a_long_transaction_is_not_changed_and_blocks_nobody() {
    let Some(database) = TestDatabase::create() else { return };
    let server = Process::parsimony(&database.uri(), &json!({"appName": "layout"}));
    ask(&server, "POST", "/classes/Busy", &json!({"a": 1}));
    let mut psql = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--no-align",
            "--tuples-only",
            "--dbname",
            &database.uri(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = psql.stdin.take().unwrap();
    let mut output = BufReader::new(psql.stdout.take().unwrap());
    input.write_all(b"BEGIN; SELECT count(*) FROM \"Busy\";\n").unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "1");

    let change = json!({"className": "Busy", "fields": {"b": {"type": "Number"}}});
    let refused = answer(&server, "PUT", "/schemas/Busy", &change);
    assert_eq!(refused["code"], json!(124), "{refused}");
    ask(&server, "POST", "/classes/Busy", &json!({"a": 2}));
    ask(&server, "POST", "/classes/Other", &json!({"a": 2}));

    input.write_all(b"COMMIT;\n\\q\n").unwrap();
    assert!(psql.wait().unwrap().success());
    ask(&server, "PUT", "/schemas/Busy", &change);
    server.stop();
}
