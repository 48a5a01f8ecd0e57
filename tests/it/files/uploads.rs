//! What may be uploaded by whom, and how it comes.

use serde_json::json;

use super::{download, name_of, stored, upload};
use crate::support::{APP_ID, Caller, READ_ONLY_KEY, TestServer};

#[test]
fn a_file_comes_back_until_it_is_deleted() {
    let server = TestServer::start();
    let content: Vec<u8> = (0..600_000_u32).map(|number| (number % 253) as u8).collect();
    let name = stored(&server.master(), "a.bin", "application/octet-stream", &content);
    assert!(name.len() == 32 + "_a.bin".len() && name.ends_with("_a.bin"), "{name}");
    let answer = download(&server, &name).is(200);
    assert!(answer.body == content);
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    // A second one of that name is another file.
    let other = stored(&server.master(), "a.bin", "application/octet-stream", b"other");
    assert_ne!(name, other);
    let path = format!("/files/{name}");
    assert_eq!(server.public().delete(&path).status, 403);
    assert_eq!(server.master().delete(&path).is(200).body, b"");
    assert_eq!(download(&server, &name).is(404).text(), "File not found.");
    server.master().delete(&path).is_refused_with(&[153]);
    assert_eq!(download(&server, &other).is(200).body, b"other");
}

#[test]
fn sdks_send_json() {
    let server = TestServer::start();
    let caller = Caller::new(server.origin()).with("Content-Type", "text/plain");
    let send = |name: &str, body: serde_json::Value| {
        caller.send("POST", &format!("/parse/files/{name}"), Some(body.to_string().as_bytes()))
    };
    let keys = json!({"_ApplicationId": APP_ID, "_MasterKey": crate::support::MASTER_KEY});
    let with = |members: serde_json::Value| {
        let mut body = keys.clone();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let file = json!({"base64": "aGVsbG8=", "_ContentType": "image/png", "fileData": {
        "metadata": {"by": "ann"}, "tags": {"t": "1"}, "directory": "pictures/2024"}});
    let name = name_of(&send("picture", with(file)).is(201));
    assert!(name.starts_with("pictures/2024/") && name.ends_with("_picture.png"), "{name}");
    let answer = download(&server, &name).is(200);
    assert_eq!(
        (answer.text().as_str(), answer.header("content-type")),
        ("hello", Some("image/png"))
    );
    let escaped = name.replace('/', "%2F");
    assert_eq!(download(&server, &escaped).is(200).text(), "hello");
    let details = server.public().get(&format!("/files/{APP_ID}/metadata/{escaped}")).is(200);
    assert_eq!(details.json(), json!({"metadata": {"by": "ann"}, "tags": {"t": "1"}}));
    server.master().delete(&format!("/files/{escaped}")).is(200);
    download(&server, &name).is(404);

    for (body, code) in [
        (with(json!({"base64": ""})), 130),
        (with(json!({"_ContentType": "text/plain"})), 130),
        (with(json!({"base64": 5})), 130),
        (with(json!({"base64": "aGk=", "fileData": {"metadata": 5}})), 107),
        (with(json!({"base64": "aGk=", "fileData": {"metadata": {"constructor": 1}}})), 105),
        (with(json!({"base64": "aGk=", "fileData": {"tags": {"__proto__": {"a": 1}}}})), 105),
        (with(json!({"base64": "aGk=", "fileData": {"directory": "../x"}})), 122),
        (with(json!({"base64": "aGk=", "fileData": {"directory": "metadata"}})), 122),
    ] {
        send("a.txt", body).is_refused_with(&[code]);
    }
    for body in
        [json!({"base64": "aGk="}), json!([]), json!({"_ApplicationId": "other", "base64": "aGk="})]
    {
        assert_eq!(send("a.txt", body).status, 403);
    }
}

#[test]
fn only_the_master_chooses_a_directory() {
    let server = TestServer::with(&json!({"fileUpload": {"enableForPublic": true}}));
    let public = server.public().with("X-Parse-File-Directory", "a");
    upload(&public, "a.txt", "text/plain", b"x").is_refused_with(&[119]);
    let master = server.master().with("X-Parse-File-Directory", "a/b");
    assert!(stored(&master, "a.txt", "text/plain", b"x").starts_with("a/b/"));
}

#[test]
fn a_stream_brings_what_is_kept_beside_it_in_headers() {
    let server = TestServer::start();
    let stream = server.master().with("X-Parse-Upload-Mode", "stream");
    let told = stream
        .with("X-Parse-File-Metadata", r#"{"a":1}"#)
        .with("X-Parse-File-Tags", r#"{"t":"1"}"#);
    let name = stored(&told, "a.txt", "text/plain", b"hello");
    let details = server.public().get(&format!("/files/{APP_ID}/metadata/{name}"));
    assert_eq!(details.json(), json!({"metadata": {"a": 1}, "tags": {"t": "1"}}));
    for bad in ["nonsense", "5", "[]"] {
        let caller = stream.with("X-Parse-File-Metadata", bad);
        upload(&caller, "a.txt", "text/plain", b"x").is_refused_with(&[107]);
    }
    // Only a stream may be empty.
    let empty = stored(&stream, "empty.txt", "text/plain", b"");
    assert_eq!(download(&server, &empty).is(200).body, b"");
    upload(&server.master(), "empty.txt", "text/plain", b"").is_refused_with(&[130]);
}

#[test]
fn groups_of_callers_may_upload_or_not() {
    let groups = ["enableForPublic", "enableForAnonymousUser", "enableForAuthenticatedUser"];
    let texts = ["public", "anonymous user", "authenticated user"];
    for open in 0..groups.len() {
        let rules = serde_json::Map::from_iter(
            groups.iter().enumerate().map(|(at, name)| ((*name).to_owned(), json!(at == open))),
        );
        let server = TestServer::with(&json!({
            "fileUpload": rules, "fileDownload": rules, "readOnlyMasterKey": READ_ONLY_KEY}));
        let name = stored(&server.master(), "a.txt", "text/plain", b"x");
        let user = server.public().post("/users", &json!({"username": "u", "password": "p"}));
        let data =
            json!({"authData": {"anonymous": {"id": "aaaaaaaa-0000-0000-0000-000000000002"}}});
        let nobody = server.public().post("/users", &data);
        let session = |answer: crate::support::Answer| {
            let token = answer.json()["sessionToken"].as_str().expect("a token").to_owned();
            server.public().with("X-Parse-Session-Token", &token)
        };
        let callers = [server.public(), session(nobody), session(user)];
        for (at, caller) in callers.iter().enumerate() {
            let sent = upload(caller, "a.txt", "text/plain", b"x");
            let read = caller.get(&format!("/files/{APP_ID}/{name}"));
            let details = caller.get(&format!("/files/{APP_ID}/metadata/{name}"));
            let part = caller.with("Range", "bytes=0-0").get(&format!("/files/{APP_ID}/{name}"));
            if at == open {
                assert_eq!(
                    (sent.status, read.status, details.status, part.status),
                    (201, 200, 200, 206)
                );
                continue;
            }
            sent.is_refused_with(&[130]);
            assert!(
                sent.text().contains(&format!("File upload by {} is disabled.", texts[at])),
                "{sent}"
            );
            for refused in [read, details, part] {
                refused.is_refused_with(&[119]);
                let text = format!("File download by {} is disabled.", texts[at]);
                assert!(refused.text().contains(&text), "{refused}");
            }
        }
        let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
        assert_eq!(upload(&reader, "a.txt", "text/plain", b"x").status, 403);
        assert_eq!(reader.delete(&format!("/files/{name}")).status, 403);
        reader.get(&format!("/files/{APP_ID}/{name}")).is(200);
    }
}

#[test]
fn a_file_may_not_be_too_long() {
    let server = TestServer::with(
        &json!({"maxUploadSize": "100kb", "fileUpload": {"enableForPublic": true}}),
    );
    let public = server.public();
    let most = vec![b'x'; 102_400];
    let name = stored(&public, "a.txt", "text/plain", &most);
    assert_eq!(download(&server, &name).is(200).body.len(), most.len());
    let more = vec![b'x'; 102_401];
    assert_eq!(upload(&public, "a.txt", "text/plain", &more).status, 413);
    let stream = public.with("X-Parse-Upload-Mode", "stream");
    let refused = upload(&stream, "a.txt", "text/plain", &more);
    refused.is_refused_with(&[130]);
    assert!(
        refused.text().contains("File size exceeds maximum allowed: 102400 bytes."),
        "{refused}"
    );
    // Nor by chunks that do not say how many follow.
    let head = format!(
        "POST /parse/files/a.txt HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: {APP_ID}\r\n\
         Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for (chunks, status) in [(6, 201), (7, 413)] {
        let message = format!("{head}{}0\r\n\r\n", chunk.repeat(chunks));
        let answer =
            Caller::new(server.origin()).try_send_bytes(message.as_bytes(), false).unwrap();
        assert_eq!(answer.status, status, "{answer}");
    }
}

#[test]
fn names_stay_as_they_are_if_the_options_say_so() {
    let server = TestServer::with(&json!({"preserveFileName": true}));
    for content in [b"first".as_slice(), b"second"] {
        assert_eq!(stored(&server.master(), "a%20b.txt", "text/plain", content), "a b.txt");
        assert_eq!(download(&server, "a%20b.txt").is(200).body, content);
    }
    assert_eq!(stored(&server.master(), "noext", "image/png", b"x"), "noext.png");
    assert_eq!(stored(&server.master(), "noext", "application/x-foo", b"x"), "noext");
}
