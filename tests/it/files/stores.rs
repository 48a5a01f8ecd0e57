//! Where files are kept: the database, a directory, encrypted or not, across restarts and crashes.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use serde_json::json;
use tempfile::TempDir;

use super::{download, stored};
use crate::support::{APP_ID, Caller, MASTER_KEY, TestServer};

#[test]
fn files_survive_a_restart() {
    let directory = TempDir::new().unwrap();
    let server = TestServer::on_file(&directory, 0);
    let content = vec![7; 1_500_000];
    let name = stored(&server.master(), "a.bin", "application/octet-stream", &content);
    server.stop();
    let server = TestServer::on_file(&directory, 0);
    assert!(download(&server, &name).is(200).body == content);
}

#[test]
fn what_a_dying_server_was_sent_is_not_there() {
    let directory = TempDir::new().unwrap();
    let mut server = TestServer::on_file(&directory, 0);
    let address = server.origin().strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /parse/files/half.txt HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: {APP_ID}\r\n\
         X-Parse-Master-Key: {MASTER_KEY}\r\nContent-Type: text/plain\r\nContent-Length: 9000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; 5_000_000]).unwrap();
    server.kill();
    drop(stream);
    let server = TestServer::on_file(&directory, 0);
    assert_eq!(server.public().get("/schemas").status, 403);
    let kept = stored(&server.master(), "whole.txt", "text/plain", b"whole");
    assert_eq!(download(&server, &kept).is(200).text(), "whole");
    assert_eq!(download(&server, "half.txt").status, 404);
}

#[test]
fn a_client_that_hangs_up_leaves_nothing() {
    let server = TestServer::with(&json!({
        "preserveFileName": true,
        "filesAdapter": {"module": "@parse/fs-files-adapter", "options": {"filesSubDirectory": "a/b"}},
    }));
    let address = server.origin().strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /parse/files/half.txt HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: {APP_ID}\r\n\
         X-Parse-Master-Key: {MASTER_KEY}\r\nContent-Type: text/plain\r\nContent-Length: 9000000\r\n\r\n"
    );
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; 5_000_000]).unwrap();
    drop(stream);
    assert_eq!(stored(&server.master(), "whole.txt", "text/plain", b"whole"), "whole.txt");
    assert_eq!(download(&server, "half.txt").status, 404);
    assert_eq!(download(&server, "whole.txt").is(200).text(), "whole");
}

#[test]
fn a_directory_of_the_original_is_read() {
    for key in [None, Some("k3y")] {
        let options = match key {
            Some(key) => json!({"filesSubDirectory": "sub", "encryptionKey": key}),
            None => json!({"filesSubDirectory": "sub"}),
        };
        let server = TestServer::with(&json!({
            "filesAdapter": {"module": "@parse/fs-files-adapter", "options": options},
        }));
        let content: Vec<u8> = (0..300_000_u32).map(|number| (number % 241) as u8).collect();
        let name = stored(&server.master(), "a%20b.bin", "text/plain", &content);
        assert!(download(&server, &name.replace(' ', "%20")).is(200).body == content);
        let lies = server.directory().join("files/sub").join(name.replace(' ', "%20"));
        let bytes = fs::read(&lies).unwrap();
        assert_eq!(bytes == content, key.is_none(), "{key:?}");
        assert_eq!(bytes.len(), content.len() + if key.is_some() { 32 } else { 0 });
        let part = Caller::new(server.origin()).with("Range", "bytes=100000-100099");
        let part = part.get(&format!("/files/{APP_ID}/{}", name.replace(' ', "%20"))).is(206);
        assert!(part.body == content[100_000..100_100]);
    }
}

#[test]
fn files_in_the_database_can_be_encrypted() {
    let directory = TempDir::new().unwrap();
    let uri = format!("sqlite:{}", directory.path().join("database.db").display());
    let with =
        |key: Option<&str>| TestServer::with(&json!({"databaseURI": uri, "encryptionKey": key}));
    let server = with(None);
    let plain = stored(&server.master(), "plain.txt", "text/plain", b"a plain text");
    server.stop();
    let server = with(Some("key"));
    let secret = stored(&server.master(), "secret.txt", "text/plain", b"a secret text");
    assert_eq!(download(&server, &plain).is(200).text(), "a plain text");
    assert_eq!(download(&server, &secret).is(200).text(), "a secret text");
    server.stop();
    let bytes = fs::read(directory.path().join("database.db")).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"a plain text") && !holds(b"a secret text"));
}
