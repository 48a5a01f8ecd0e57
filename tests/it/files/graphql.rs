//! Files over GraphQL: uploads that come with a request, and fields that hold files.

use serde_json::{Value, json};

use super::download;
use crate::support::{APP_ID, Answer, Caller, MASTER_KEY, TestServer};

const CREATE: &str = "mutation($upload: Upload!) { createFile(input: {upload: $upload, clientMutationId: \"m\"}) { clientMutationId fileInfo { __typename name url } } }";

/// Sends parts: a name, the name of a file if it is one, and the content.
fn send(caller: &Caller, parts: &[(&str, Option<&str>, &str)]) -> Answer {
    let mut form = String::new();
    for (name, file, content) in parts {
        let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
        form.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n"));
        form.push_str(&format!("Content-Type: text/plain\r\n\r\n{content}\r\n"));
    }
    form.push_str("--b--\r\n");
    let caller = caller.with("Content-Type", "multipart/form-data; boundary=b");
    caller.send("POST", "/graphql", Some(form.as_bytes()))
}

fn operations(query: &str, variables: &Value) -> String {
    json!({"query": query, "variables": variables}).to_string()
}

fn master(server: &TestServer) -> Caller {
    server.public().with("X-Parse-Master-Key", MASTER_KEY)
}

#[test]
fn a_file_is_created() {
    let server = TestServer::start();
    let operations = operations(CREATE, &json!({"upload": null}));
    let map = r#"{"0": ["variables.upload"]}"#;
    let long = "x".repeat(900_000);
    for content in ["hello", &long] {
        let parts =
            [("operations", None, &*operations), ("map", None, map), ("0", Some("a.txt"), content)];
        let answer = send(&master(&server), &parts).is(200);
        assert_eq!(answer.data("/createFile/clientMutationId"), "m");
        assert_eq!(answer.data("/createFile/fileInfo/__typename"), "FileInfo");
        let name = answer.data("/createFile/fileInfo/name").as_str().unwrap().to_owned();
        assert!(name.ends_with("_a.txt"), "{name}");
        let url = format!("{}/parse/files/{APP_ID}/{name}", server.origin());
        assert_eq!(answer.data("/createFile/fileInfo/url"), url);
        assert!(download(&server, &name).is(200).text() == content);
        let public = send(&server.public(), &parts).is(200);
        public.is_refused_with(&[130]);
        assert_eq!(public.json()["errors"][0]["message"], "File upload by public is disabled.");
    }
    // A file that did not come, and a value that is none.
    let missing = send(&master(&server), &[("operations", None, &*operations), ("map", None, map)]);
    assert_eq!(missing.json()["errors"][0]["message"], "File missing in the request.");
    for forged in [json!("x"), json!(0), json!({"a": 1}), json!([])] {
        let answer = master(&server).graphql_with(CREATE, &json!({"upload": forged}));
        assert_eq!(answer.status, 400, "{answer}");
    }
    let forged = master(&server).graphql_with(CREATE, &json!({"upload": {"$upload": 0}}));
    forged.is_refused_with(&[130]);
}

#[test]
fn files_are_set_read_and_taken_out_of_objects() {
    let server = TestServer::start();
    server.class("Att", &json!({"file": {"type": "File"}, "name": {"type": "String"}}));
    let create = "mutation($f: CreateAttFieldsInput) { createAtt(input: {fields: $f}) { att { id file { name url } } } }";
    let operations = operations(create, &json!({"f": {"file": {"upload": null}}}));
    let map = r#"{"f": ["variables.f.file.upload"]}"#;
    let parts =
        [("operations", None, &*operations), ("map", None, map), ("f", Some("a.txt"), "hello")];
    let answer = send(&master(&server), &parts).is(200);
    let file = answer.data("/createAtt/att/file");
    let name = file["name"].as_str().unwrap();
    assert_eq!(download(&server, name).is(200).text(), "hello");
    let id = answer.data("/createAtt/att/id");
    let by_name = json!({"f": {"file": {"file": name}}});
    let other = server.public().graphql_with(create, &by_name);
    assert_eq!(other.data("/createAtt/att/file"), file);
    let whole =
        json!({"f": {"file": {"file": {"__type": "File", "name": name, "url": file["url"]}}}});
    assert_eq!(server.public().graphql_with(create, &whole).data("/createAtt/att/file"), file);
    server.public().graphql_with(create, &json!({"f": {"file": {}}})).is_refused_with(&[130]);
    let update = "mutation($id: ID!) { updateAtt(input: {id: $id, fields: {file: null}}) { att { file { name } } } }";
    let gone = server.public().graphql_with(update, &json!({"id": id}));
    assert_eq!(gone.data("/updateAtt/att/file"), Value::Null);
    // The object does not know it any more; the file is still there.
    download(&server, name).is(200);
}

#[test]
fn bad_forms_are_refused() {
    let server = TestServer::with(&json!({"maxUploadSize": "100kb"}));
    let operations = operations(CREATE, &json!({"upload": null}));
    let operations = ("operations", None, &*operations);
    let map = ("map", None, r#"{"0": ["variables.upload"]}"#);
    let many: serde_json::Map<String, Value> =
        (0..17).map(|number| (number.to_string(), json!([]))).collect();
    let many = Value::Object(many).to_string();
    let long = "x".repeat(102_401);
    type Case<'a> = (&'a [(&'a str, Option<&'a str>, &'a str)], u16);
    let cases: &[Case<'_>] = &[
        (&[], 400),
        (&[map, operations], 400),
        (&[operations, ("map", None, "{")], 400),
        (&[operations, ("map", None, r#"{"0": ["variables.nothing"]}"#)], 400),
        (&[operations, ("map", None, r#"{"0": ["query"]}"#)], 400),
        (&[operations, ("map", None, &many)], 413),
        (&[operations, map, ("0", Some("a.txt"), &long)], 413),
    ];
    for (parts, status) in cases {
        let answer = send(&master(&server), parts);
        assert_eq!(answer.status, *status, "{answer}");
    }
    let html = send(&server.public(), &[operations, map, ("0", Some("a.html"), "x")]);
    html.is_refused_with(&[130]);
}
