//! Start-up: what is wrong with the options is said before anything is served, and what they offer works.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{APP_ID, MASTER_KEY, TestServer, run};

const KEYS: [&str; 6] =
    ["--appId", APP_ID, "--masterKey", MASTER_KEY, "--databaseURI", "sqlite::memory:"];

/// Runs with bad options: the code is not 0, nothing is announced, and the complaint says this.
fn check_refused(arguments: &[&str], environment: &[(&str, &str)], expected: &[&str]) {
    let (code, stdout, stderr) = run(arguments, environment);
    assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    for text in expected {
        assert!(stderr.contains(text), "{arguments:?} should say `{text}`: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

fn with_keys<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&KEYS, arguments].concat()
}

#[test]
fn an_unknown_flag_names_the_nearest() {
    check_refused(&with_keys(&["--prot", "1"]), &[], &["unknown option `--prot`", "`--port`"]);
    check_refused(
        &with_keys(&["--master-key", "x"]),
        &[],
        &["unknown option `--master-key`", "`--masterKey`"],
    );
}

#[test]
fn providers_that_can_not_work_are_refused() {
    let auth = r#"{"gogle":{},"google":{},"demo":{"module":5},"mfa":{"options":["SMS"]}}"#;
    check_refused(
        &with_keys(&["--auth", auth]),
        &[],
        &[
            "`auth.gogle`: this provider is unknown",
            "`auth.google`: `clientId` is required",
            "`auth.demo`: `module` is neither the name of a module",
            "`auth.mfa`: `options`: codes by SMS (`sendSMS`) are not sent",
        ],
    );
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    let environment = [("PARSE_SERVER_APPLICATIONID", "x")];
    check_refused(
        &with_keys(&[]),
        &environment,
        &["PARSE_SERVER_APPLICATIONID", "`PARSE_SERVER_APPLICATION_ID`"],
    );
}

#[test]
fn an_unknown_key_of_the_file_names_the_nearest() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("config.json");
    fs::write(&file, json!({"alowOrigin": "*"}).to_string()).unwrap();
    check_refused(
        &with_keys(&[file.to_str().unwrap()]),
        &[],
        &["unknown option `alowOrigin`", "`allowOrigin`"],
    );
    fs::write(&file, "{").unwrap();
    check_refused(&with_keys(&[file.to_str().unwrap()]), &[], &["config.json"]);
    check_refused(&with_keys(&["no-such-file.json"]), &[], &["no-such-file.json"]);
}

#[test]
fn bad_values_say_what_is_expected() {
    check_refused(&with_keys(&["--port", "abc"]), &[], &["`port`", "integer", "abc"]);
    check_refused(&with_keys(&["--port", "70000"]), &[], &["`port`", "65535"]);
    check_refused(&with_keys(&["--maxUploadSize", "huge"]), &[], &["`maxUploadSize`", "20mb"]);
    check_refused(&with_keys(&["--masterKeyIps", "nowhere"]), &[], &["`masterKeyIps`", "nowhere"]);
    check_refused(&with_keys(&["--logLevel", "loud"]), &[], &["`logLevel`", "verbose"]);
    check_refused(&with_keys(&["--allowClientClassCreation", "perhaps"]), &[], &["perhaps"]);
    check_refused(&with_keys(&["--mountPath", "parse"]), &[], &["`mountPath`"]);
    check_refused(&with_keys(&["--graphQLPath", "/parse"]), &[], &["`mountPath`", "`graphQLPath`"]);
}

#[test]
fn what_is_required_is_named_with_its_variable() {
    check_refused(
        &["--masterKey", "m"],
        &[],
        &["`appId` is required", "PARSE_SERVER_APPLICATION_ID"],
    );
    check_refused(&["--appId", "a"], &[], &["`masterKey` is required", "PARSE_SERVER_MASTER_KEY"]);
}

#[test]
fn addresses_of_databases_say_what_is_wrong() {
    for (uri, missing) in [
        ("postgres://u:hush@h:x/d?max=0", "the port is no number"),
        ("postgres://u:hu#hush@h/d", "percent-encoded"),
        ("mongodb://u:hush@h/d", "MongoDB"),
        ("mysql://u:hush@h/d", "unknown kind"),
    ] {
        check_refused(
            &["--appId", "a", "--masterKey", "m", "--databaseURI", uri],
            &[],
            &["databaseURI", missing],
        );
        let (_, _, stderr) = run(&["--appId", "a", "--masterKey", "m", "--databaseURI", uri], &[]);
        assert!(!stderr.contains("hush"), "the password shows: {stderr}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let arguments = ["--prot", "1", "--maxLimit", "0", "--logLevel", "loud"];
    check_refused(&arguments, &[], &["--prot", "maxLimit", "logLevel", "appId", "masterKey"]);
}

#[test]
fn secrets_do_not_show_in_complaints() {
    let arguments =
        ["--appId", "a", "--masterKey", "hush-hush", "--readOnlyMasterKey", "hush-hush"];
    let (code, _, stderr) = run(&arguments, &[]);
    assert_ne!(code, Some(0));
    assert!(stderr.contains("must differ") && !stderr.contains("hush-hush"), "{stderr}");
}

#[test]
fn a_database_that_can_not_be_opened_ends_the_start() {
    let arguments = [
        "--appId",
        "a",
        "--masterKey",
        "m",
        "--port",
        "0",
        "--databaseURI",
        "sqlite:no/such/directory/x.db",
    ];
    let (code, stdout, stderr) = run(&arguments, &[]);
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(!stdout.contains("ready"), "{stdout}");
    assert!(!stderr.is_empty() && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn a_file_that_is_no_database_ends_the_start() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("x.db");
    fs::write(&file, "this is a letter to a friend\n".repeat(200)).unwrap();
    let uri = format!("sqlite:{}", file.display());
    let (code, stdout, stderr) =
        run(&["--appId", "a", "--masterKey", "m", "--port", "0", "--databaseURI", &uri], &[]);
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(!stdout.contains("ready") && !stderr.contains("panicked"), "{stdout} {stderr}");
    assert!(
        fs::read_to_string(&file).unwrap().starts_with("this is a letter"),
        "the file is left alone"
    );
}

#[test]
fn a_port_that_is_taken_ends_the_start() {
    let server = TestServer::start();
    let port = server.origin().rsplit(':').next().unwrap();
    let (code, _, stderr) = run(&with_keys(&["--host", "127.0.0.1", "--port", port]), &[]);
    assert!(code.is_some_and(|code| code != 0), "{code:?}");
    assert!(stderr.contains(port), "{stderr}");
}

#[test]
fn help_lists_every_option() {
    let (code, help, _) = run(&["--help"], &[]);
    assert_eq!(code, Some(0));
    let recorded =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/options.json"))
            .unwrap();
    let recorded: serde_json::Value = serde_json::from_str(&recorded).unwrap();
    for option in recorded["groups"]["ParseServerOptions"].as_array().unwrap() {
        let flag = format!("--{} ", option["name"].as_str().unwrap());
        assert!(help.contains(&flag), "{flag} is missing");
        if let Some(variable) = option["env"].as_str() {
            assert!(help.contains(&format!("[{variable}]")), "{variable} is missing");
        }
    }
    let (code, version, _) = run(&["--version"], &[]);
    assert_eq!((code, version.trim()), (Some(0), concat!("parsimony ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn dev_makes_a_key_that_works() {
    let config = json!({"databaseURI": "sqlite::memory:"});
    let server = TestServer::launch(&config, &["dev"]);
    let key = server
        .said()
        .iter()
        .find_map(|line| line.strip_prefix("master key "))
        .expect("a line with the key");
    let key = key.split(' ').next().unwrap();
    assert!(key.len() >= 32, "{key}");
    let master =
        server.nobody().with("X-Parse-Application-Id", "myAppId").with("X-Parse-Master-Key", key);
    master.get("/schemas").is(200);
    server
        .nobody()
        .with("X-Parse-Application-Id", "myAppId")
        .post("/classes/First", &json!({"s": "x"}))
        .is(201);
    server.nobody().send("GET", "/playground", None).is(200).hides(key);
    let other = TestServer::launch(&config, &["dev"]);
    assert!(!other.said().iter().any(|line| line.contains(key)), "every start makes its own key");
}

#[test]
fn options_without_effect_are_one_warning() {
    let server = TestServer::with(&json!({"cluster": 2, "pages": {"enableLocalization": true}}));
    let log = server.logged();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("no effect")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    for name in ["cluster", "pages.enableLocalization"] {
        assert!(warnings[0].contains(name), "{log}");
    }
}

#[test]
fn a_host_of_cloud_code_is_told_in_one_line_why_the_server_does_not_start() {
    for (port, expected) in [("abc", "option `port`"), ("70000", "option `port`")] {
        let (code, _, stderr) = run(&["--cloudHost", "unix:/nowhere/x.sock", "--port", port], &[]);
        assert_eq!(code, Some(2));
        let line = stderr.trim_end();
        assert!(!line.contains('\n'), "{stderr}");
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(told["startupError"]["kind"], "error");
        let message = told["startupError"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_environment_alone_is_enough() {
    let (code, _, stderr) = run(
        &["--port", "abc"],
        &[
            ("PARSE_SERVER_APPLICATION_ID", "a"),
            ("PARSE_SERVER_MASTER_KEY", "m"),
            ("PARSE_SERVER_DATABASE_URI", "sqlite::memory:"),
        ],
    );
    assert_eq!(code, Some(2));
    assert!(!stderr.contains("required"), "{stderr}");
}

#[test]
fn every_service_is_announced_before_ready() {
    let server = TestServer::with(
        &json!({"mountPlayground": true, "mountPath": "/api/1", "graphQLPath": "/gql", "metricsPath": "/numbers"}),
    );
    let origin = server.origin().to_owned();
    let expected = [
        format!("rest {origin}/api/1"),
        format!("graphql {origin}/gql"),
        format!("playground {origin}/playground"),
        format!("metrics {origin}/numbers"),
        format!("ready {origin}"),
    ];
    assert_eq!(server.said(), expected);
    server.public().send("GET", "/api/1/health", None).is(200);
    server.public().send("POST", "/gql", Some(b"{\"query\":\"{ health }\"}")).is(200);
    server.public().get("/health").is(404);
    server.stop();
}
