//! How files are served: parts of them, versions, and headers that keep browsers from running what somebody uploaded.

use serde_json::json;

use super::{download, stored, upload};
use crate::support::{APP_ID, Caller, TestServer};

#[test]
fn a_part_is_served() {
    let server = TestServer::start();
    let content: Vec<u8> = (0..700_000_u32).map(|number| (number % 249) as u8).collect();
    let name = stored(&server.master(), "film.mp4", "video/mp4", &content);
    let path = format!("/files/{APP_ID}/{name}");
    let ask = |range: &str| Caller::new(server.origin()).with("Range", range).get(&path);
    for (range, from, to) in [
        ("bytes=0-4", 0, 5),
        ("bytes=261119-261121", 261_119, 261_122),
        ("bytes=300000-", 300_000, 700_000),
        ("bytes=-10", 699_990, 700_000),
        ("bytes=0-9999999", 0, 700_000),
    ] {
        let part = ask(range).is(206);
        assert!(part.body == content[from..to], "{range}");
        let shown = format!("bytes {from}-{}/700000", to - 1);
        assert_eq!(part.header("content-range"), Some(shown.as_str()));
        assert_eq!(part.header("content-type"), Some("video/mp4"));
        assert_eq!(part.header("x-content-type-options"), Some("nosniff"));
    }
    let outside = ask("bytes=700000-").is(416);
    assert_eq!(outside.header("content-range"), Some("bytes */700000"));
    for nonsense in ["bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "lines=0-4", "bytes", "", "bytes=-"]
    {
        assert_eq!(ask(nonsense).is(200).body.len(), content.len(), "{nonsense}");
    }
    let head = Caller::new(server.origin()).send("HEAD", &format!("/parse{path}"), None).is(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("700000"), 0));
}

#[test]
fn who_has_a_file_does_not_get_it_again() {
    let server = TestServer::with(&json!({"preserveFileName": true}));
    stored(&server.master(), "a.txt", "text/plain", b"first");
    let tag = download(&server, "a.txt").is(200).header("etag").expect("a tag").to_owned();
    let ask = |name: &str, value: &str| {
        Caller::new(server.origin()).with(name, value).get(&format!("/files/{APP_ID}/a.txt"))
    };
    assert_eq!(ask("If-None-Match", &tag).status, 304);
    let rest = Caller::new(server.origin()).with("Range", "bytes=1-").with("If-Range", &tag);
    assert_eq!(rest.get(&format!("/files/{APP_ID}/a.txt")).is(206).body, b"irst");
    stored(&server.master(), "a.txt", "text/plain", b"second");
    assert_eq!(ask("If-None-Match", &tag).is(200).body, b"second");
    assert_eq!(rest.get(&format!("/files/{APP_ID}/a.txt")).is(200).body, b"second");
}

#[test]
fn nothing_that_runs_is_shown() {
    let server = TestServer::with(&json!({"preserveFileName": true}));
    let master = server.master();
    for (name, given, served, inert) in [
        ("a.png", "image/png", "image/png", true),
        ("a.txt", "text/html", "text/plain; charset=utf-8", true),
        ("a.json", "application/json", "application/json; charset=utf-8", true),
        ("a.pdf", "application/pdf", "application/pdf", true),
        ("a.mp3", "audio/mpeg", "audio/mpeg", true),
        ("a.html", "text/html", "text/html; charset=utf-8", false),
        ("a.HTML", "image/png", "text/html; charset=utf-8", false),
        ("a.svg", "image/png", "image/svg+xml", false),
        ("a.xml", "text/plain", "application/xml", false),
        ("a.xhtml", "text/plain", "application/xhtml+xml", false),
        ("a.js", "text/javascript", "text/javascript; charset=utf-8", false),
        ("a.foo", "text/html", "application/octet-stream", false),
        ("a.html.", "application/x-foo", "application/octet-stream", false),
        ("a.svg%20", "image/svg+xml", "application/octet-stream", false),
        ("noext", "application/x-foo", "application/octet-stream", false),
    ] {
        stored(&master, name, given, b"<script>alert(1)</script>");
        for range in [None, Some("bytes=0-3")] {
            let mut browser = Caller::new(server.origin());
            if let Some(range) = range {
                browser = browser.with("Range", range);
            }
            let answer = browser.get(&format!("/files/{APP_ID}/{name}"));
            assert_eq!(answer.header("content-type"), Some(served), "{name}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
            let attached =
                answer.header("content-disposition").unwrap_or("").starts_with("attachment");
            assert_eq!(attached, !inert, "{name}");
            let policy = answer.header("content-security-policy");
            assert!(
                policy.is_some_and(|policy| policy.contains("sandbox")) || name == "a.pdf",
                "{name}"
            );
        }
    }
}

#[test]
fn names_can_not_forge_headers() {
    let server = TestServer::with(&json!({"preserveFileName": true}));
    let name = stored(&server.master(), "a~b%20@c.html", "text/html", b"x");
    assert_eq!(name, "a~b @c.html");
    let answer = download(&server, "a~b%20%40c.html").is(200);
    let expected = "attachment; filename*=UTF-8''a~b%20%40c.html";
    assert_eq!(answer.header("content-disposition"), Some(expected));
}

#[test]
fn files_that_not_everybody_may_see_are_kept_by_nobody() {
    for (public, expected) in [(true, None), (false, Some("private"))] {
        let server = TestServer::with(&json!({"fileDownload": {"enableForPublic": public}}));
        let name = stored(&server.master(), "a.txt", "text/plain", b"x");
        let answer = server.master().get(&format!("/files/{APP_ID}/{name}")).is(200);
        assert_eq!(answer.header("cache-control"), expected);
    }
}

#[test]
fn who_is_nobody_reads_and_who_lies_does_not() {
    let server = TestServer::with(&json!({"restAPIKey": "rest"}));
    let name = stored(&server.master(), "a.txt", "text/plain", b"x");
    let path = format!("/files/{APP_ID}/{name}");
    download(&server, &name).is(200);
    let liar = Caller::new(server.origin()).with("X-Parse-Session-Token", "r:nobody");
    liar.get(&path).is_refused_with(&[209]);
    assert_eq!(Caller::new(server.origin()).get(&format!("/files/other/{name}")).status, 403);
    assert_eq!(
        Caller::new(server.origin()).get(&format!("/files/other/metadata/{name}")).status,
        403
    );
    // Who changes something needs his keys.
    assert_eq!(upload(&Caller::new(server.origin()), "a.txt", "text/plain", b"x").status, 403);
    assert_eq!(Caller::new(server.origin()).delete(&format!("/files/{name}")).status, 403);
    let details =
        Caller::new(server.origin()).get(&format!("/files/{APP_ID}/metadata/unknown.txt"));
    assert_eq!(details.is(200).json(), json!({}));
}
