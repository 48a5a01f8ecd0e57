//! Attacks by names, types and paths of files (classes "Stored XSS by upload", "Crash by malformed input", "SSRF").

use serde_json::json;

use super::{download, stored, upload};
use crate::support::{APP_ID, Caller, TestServer};

#[test]
fn no_name_leads_anywhere_else() {
    let server = TestServer::with(&json!({
        "preserveFileName": true,
        "fileUpload": {"enableForPublic": true},
        "filesAdapter": {"module": "@parse/fs-files-adapter"},
    }));
    stored(&server.master(), "a.txt", "text/plain", b"x");
    for name in [
        "..%2Fconfig.json",
        "..%2F..%2Fconfig.json",
        "%2Fetc%2Fpasswd",
        "..",
        ".",
        "%2e%2e",
        "..%5Cconfig.json",
        "a%00.txt",
        ".hidden",
        "a%2F..%2F..%2Fconfig.json",
        "%2e%2e%2fconfig.json",
        "-rf",
        "a%0d%0ab.txt",
    ] {
        upload(&server.public(), name, "text/plain", b"x").is_refused_with(&[122]);
        let answer = download(&server, name);
        assert_eq!(answer.status, 404, "{name}: {answer}");
        let answer = server.master().delete(&format!("/files/{name}"));
        assert!(answer.status == 400, "{name}: {answer}");
        assert!(server.directory().join("config.json").exists());
    }
    let long = format!("{}.txt", "l".repeat(129));
    upload(&server.public(), &long, "text/plain", b"x").is_refused_with(&[122]);
    assert_eq!(download(&server, &"l".repeat(7_000)).status, 404);
    assert_eq!(download(&server, "%E0%A4%A").status, 404);
}

#[test]
fn markup_is_not_accepted_under_any_name() {
    let server = TestServer::with(&json!({"fileUpload": {"enableForPublic": true}}));
    let public = server.public();
    for (name, content_type) in [
        ("a.html", "text/plain"),
        ("a.htm", "image/png"),
        ("a.HtMl", "text/plain"),
        ("a.svg", "image/png"),
        ("a.svgz", "image/png"),
        ("a.xml", "text/plain"),
        ("a.xsl", "text/plain"),
        ("a.xslt", "text/plain"),
        ("a.xht", "text/plain"),
        ("a.xhtml", "text/plain"),
        ("a.shtml", "text/plain"),
        ("a.mathml", "text/plain"),
        ("a.rdf", "text/plain"),
        ("a.owl", "text/plain"),
        ("a.svg%20", "text/plain"),
        ("a.s%20vg", "text/plain"),
        ("a.foo", "text/html"),
        ("a.foo", "TEXT/HTML"),
        ("a.foo", "text/html;charset=utf-8"),
        ("a.foo", "text/html ; a=b"),
        ("a.foo", "image/svg+xml"),
        ("a.foo", "application/xhtml+xml"),
        ("a.foo", "application/xml"),
        ("a.html.", "text/html"),
        ("noext", "text/html"),
        ("noext", "text/ html"),
        ("noext", "text/html, text/plain"),
        ("noext", "garbage"),
        ("noext", "/"),
        ("noext", "text/"),
        ("a.", "text/html"),
        ("a.foo", "application/rdf+xml"),
        ("a.foo", "application/mathml+xml"),
    ] {
        upload(&public, name, content_type, b"<script>").is_refused_with(&[130]);
    }
    // The double extension and the lie are harmless: what counts is what is served.
    for (name, content_type) in [("a.html.txt", "text/html"), ("a.txt", "text/html")] {
        let name = stored(&public, name, content_type, b"<script>");
        let answer = download(&server, &name).is(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    // The holder of the master key may: it is served so that nothing of it runs.
    let page = stored(&server.master(), "a.html", "text/html", b"<script>");
    let answer = download(&server, &page).is(200);
    assert!(answer.header("content-disposition").is_some_and(|it| it.starts_with("attachment")));
    assert!(answer.header("content-security-policy").is_some_and(|it| it.contains("sandbox")));
}

#[test]
fn malformed_requests_do_no_harm() {
    let server = TestServer::with(&json!({"fileUpload": {"enableForPublic": true}}));
    let public = server.public();
    for path in ["/files", "/files/"] {
        public.post(path, &json!({})).is_refused_with(&[122]);
    }
    for (method, path) in [
        ("GET", "/parse/files"),
        ("GET", "/parse/files/"),
        ("GET", "/parse/files//"),
        ("PUT", "/parse/files/a.txt"),
        ("PATCH", "/parse/files/a.txt"),
        ("DELETE", "/parse/files"),
        ("DELETE", "/parse/files/"),
        ("GET", "/parse/files/it-app"),
        ("GET", "/parse/files/it-app/"),
        ("GET", "/parse/filesystem/a/b"),
        ("HEAD", "/parse/files/it-app/metadata/"),
        ("GET", "/parse/files/it-app/metadata"),
    ] {
        let answer = public.send(method, path, None);
        assert!((400..500).contains(&answer.status), "{method} {path}: {answer}");
    }
    let master = server.master();
    let raw = Caller::new(server.origin()).with("Content-Type", "text/plain");
    for body in
        ["", "x", "{", "[]", "null", "5", "{\"base64\":", "{\"_ApplicationId\":5}", "\u{feff}{}"]
    {
        let answer = raw.send("POST", "/parse/files/a.txt", Some(body.as_bytes()));
        assert_eq!(answer.status, 403, "{body}: {answer}");
    }
    let deep = format!(
        "{{\"_ApplicationId\":\"{APP_ID}\",\"base64\":\"aGk=\",\"fileData\":{}{}}}",
        "{\"metadata\":".repeat(100_000),
        "}".repeat(100_000)
    );
    assert_eq!(raw.send("POST", "/parse/files/a.txt", Some(deep.as_bytes())).status, 403);
    // The body is the content if the headers name the application, whatever it looks like.
    let json = br#"{"base64":"aGk=","_MasterKey":"x","_method":"DELETE"}"#;
    let name = stored(&master, "a.json", "application/json", json);
    assert_eq!(download(&server, &name).is(200).body, json);
}

/// Nothing is fetched for anybody.
#[test]
fn an_address_is_not_fetched() {
    let server = TestServer::with(&json!({"fileUpload": {"enableForPublic": true}}));
    let caller = Caller::new(server.origin()).with("Content-Type", "text/plain");
    let body = json!({"_ApplicationId": APP_ID, "_ContentType": "text/plain", "uri": format!("{}/parse/health", server.origin())});
    let answer = caller.send("POST", "/parse/files/a.txt", Some(body.to_string().as_bytes()));
    answer.is_refused_with(&[130]);
}
