//! Crash by malformed input: whatever bytes come, the answer is a refusal or a result, and the process lives.

use serde_json::json;

use crate::support::{Caller, TestServer};

fn server() -> TestServer {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}, "f": {"type": "File"}}));
    server.master().create("Doc", &json!({"s": "x"}));
    server
}

fn is_alive(caller: &Caller) {
    caller.get("/health").is(200);
}

const BODIES: [&[u8]; 30] = [
    b"{",
    b"[",
    b"]",
    b"{\"s\":}",
    b"{\"s\":1,}",
    b"{'s':1}",
    b"null",
    b"true",
    b"5",
    b"\"text\"",
    b"[]",
    b"[1,2]",
    b"[null]",
    b"{}{}",
    b"{\"s\":\"\xff\xfe\"}",
    b"\xff\xfe{\"s\":1}",
    b"\xef\xbb\xbf{\"s\":\"x\"}",
    b"{\"s\":\"\\ud800\"}",
    b"{\"s\":\"\\udc00\\ud800\"}",
    b"{\"s\":\"\\u0000\"}",
    b"{\"s\":NaN}",
    b"{\"s\":1e999}",
    b"{\"s\":-1e999}",
    b"{\"s\":\"a\",\"s\":\"b\"}",
    b"{\"\":1}",
    b"{\" \":1}",
    b"{\"s\":01}",
    b"{\"n\":123456789012345678901234567890}",
    b"\0\0\0\0",
    b"s=1&n=%zz",
];

#[test]
fn bodies() {
    let server = server();
    let public = server.public();
    for body in BODIES {
        for (method, target) in [
            ("POST", "/parse/classes/Doc"),
            ("PUT", "/parse/classes/Doc/x"),
            ("GET", "/parse/classes/Doc"),
            ("DELETE", "/parse/classes/Doc/x"),
            ("POST", "/parse/batch"),
            ("POST", "/parse/schemas/Doc"),
            ("PUT", "/parse/schemas/Doc"),
            ("POST", "/graphql"),
            ("GET", "/graphql"),
            ("POST", "/playground"),
        ] {
            public.send(method, target, Some(body));
            server.master().send(method, target, Some(body));
        }
    }
    is_alive(&public);
}

#[test]
fn content_types() {
    let server = server();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/json; charset=utf-16",
        "application/json; charset=\"",
        "application/graphql",
        "application/graphql-response+json",
        ";;;",
        "/",
    ] {
        let caller = server.public().with("Content-Type", content_type);
        for body in BODIES {
            caller.send("POST", "/parse/classes/Doc", Some(body));
            caller.send("POST", "/graphql", Some(body));
        }
        is_alive(&caller);
    }
}

#[test]
fn paths() {
    let server = server();
    for path in [
        "/",
        "//",
        "/parse",
        "/parse/",
        "/parse//",
        "/parse/classes",
        "/parse/classes/",
        "/parse/classes//x",
        "/parse/%",
        "/parse/%2",
        "/parse/%zz",
        "/parse/classes/%00",
        "/parse/classes/%ff%fe",
        "/parse/classes/%c3%28/x",
        "/parse/classes/Doc/%2e%2e%2f%2e%2e",
        "/parse/../etc/passwd",
        "/parse/classes/Doc/x/y/z",
        "/parse/classes/Doc?",
        "/parse/classes/Doc?&&&",
        "/parse/classes/Doc?=",
        "/parse/classes/Doc?where",
        "/parse/classes/Doc?where=",
        "/parse/classes/Doc?where=%",
        "/parse/classes/Doc?where=[]",
        "/parse/classes/Doc?where=5",
        "/parse/classes/Doc?limit=-1",
        "/parse/classes/Doc?limit=1e300",
        "/parse/classes/Doc?limit=x",
        "/parse/classes/Doc?skip=1e300",
        "/parse/classes/Doc?skip=-5",
        "/parse/classes/Doc?skip=1.5",
        "/parse/classes/Doc?count=x",
        "/parse/classes/Doc?order=",
        "/parse/classes/Doc?order=,,",
        "/parse/classes/Doc?order=-",
        "/parse/classes/Doc?include=.",
        "/parse/classes/Doc?include=a..b",
        "/parse/classes/Doc?keys=.",
        "/parse/classes/Doc?keys=s.",
        "/parse/classes/Doc?keys=.s",
        "/parse/classes/Doc?excludeKeys=..",
        "/parse/classes/Doc?include=s",
        "/parse/classes/Doc?include=s.t",
        "/parse/aggregate/Doc",
        "/parse/aggregate/Doc?distinct=",
        "/parse/aggregate/Doc?pipeline=",
        "/parse/aggregate/Doc?pipeline=[5]",
        "/parse/purge",
        "/parse/functions/x",
        "/parse/files/../x",
        "/parse/users/me",
        "/parse/sessions/me",
        "/parse/config",
        "/parse/jobs/x",
        "/graphql/",
        "/graphql/x",
        "/graphql?query",
        "/graphql?query=%7B",
        "/graphql?query=%7Bhealth%7D&variables=x",
        "/metrics/",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW", "TRACE"]
        {
            server.public().send(method, path, None);
            server.master().send(method, path, None);
        }
    }
    is_alive(&server.public());
}

#[test]
fn explain_hints_and_ranges() {
    let server = server();
    for caller in [server.public(), server.master()] {
        for explain in [
            json!(true),
            json!("executionStats"),
            json!("nope"),
            json!(5),
            json!({"verbosity": 1}),
            json!([]),
        ] {
            caller.find("Doc", &json!({"explain": explain}));
            caller.find("Doc", &json!({"explain": explain, "hint": {"s": 1}, "count": 1}));
            caller.find("Nowhere", &json!({"explain": explain}));
            caller.ask(
                "/aggregate/Doc",
                &json!({"explain": explain, "pipeline": [{"$match": {"s": "x"}}]}),
            );
        }
        for hint in [json!("nope"), json!("_id_"), json!({"s": 1}), json!(5), json!([])] {
            caller.find("Doc", &json!({"hint": hint}));
            caller.find("Doc", &json!({"hint": hint, "count": 1, "limit": 0}));
        }
        for range in
            ["bytes=0-", "bytes=-1", "bytes=5-1", "bytes=99999999999999999999-", "x", "bytes="]
        {
            caller.with("Range", range).get("/classes/Doc");
        }
    }
    is_alive(&server.public());
}

#[test]
fn heads() {
    let server = server();
    for head in [
        "GET /parse/health HTTP/1.1\r\n\r\n",
        "GET /parse/health HTTP/1.0\r\n\r\n",
        "GET /parse/health HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET http://other.example/parse/health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /parse/classes/Doc HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /parse/classes/Doc HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /parse/classes/Doc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /parse/classes/Doc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "GET /parse/health HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        "GET /parse/health HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: \u{1}\r\n\r\n",
        "\r\n\r\n\r\n",
        "nonsense\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        // The server may close the connection in place of an answer.
        if let Ok(answer) = server.nobody().try_send_all(head.as_bytes()) {
            assert!(answer.status < 500, "{head}: {answer}");
        }
        is_alive(&server.nobody());
    }
}

#[test]
fn header_values() {
    let server = server();
    for (name, value) in [
        ("X-Parse-Cloud-Context", "{"),
        ("X-Parse-Cloud-Context", "5"),
        ("X-Parse-Session-Token", "r:"),
        ("X-Parse-Installation-Id", "'; --"),
        ("X-Parse-Client-Version", "js99999999999999999999.1.1"),
        ("X-Parse-Request-Id", "'; DROP TABLE x; --"),
        ("X-Request-Id", "\"}{"),
        ("Authorization", "Basic"),
        ("Authorization", "Basic ====="),
        ("Authorization", "Basic gAAA"),
        ("Authorization", "Bearer x"),
        ("Origin", "null"),
        ("Accept-Encoding", "gzip;q=x"),
        ("Accept", ";"),
        ("If-None-Match", "\""),
        ("Expect", "100-continue"),
    ] {
        let caller = server.public().with(name, value);
        caller.get("/classes/Doc");
        caller.graphql("{ docs { count } }");
    }
    is_alive(&server.public());
}

#[test]
fn graphql_requests() {
    let server = server();
    let query =
        "query A($v: String) { docs(where: {s: {equalTo: $v}}) { count } } query B { health }";
    for body in [
        json!({"query": null}),
        json!({"query": 5}),
        json!({"query": {}}),
        json!({"query": ""}),
        json!({"query": "#"}),
        json!({"query": "{ health }", "variables": "x"}),
        json!({"query": "{ health }", "variables": []}),
        json!({"query": "{ health }", "variables": 5}),
        json!({"query": "{ health }", "operationName": 5}),
        json!({"query": "{ health }", "operationName": "Nope"}),
        json!({"query": "{ health }", "extensions": 5}),
        json!({"query": "{ health }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}),
        json!({"query": query}),
        json!({"query": query, "operationName": ""}),
        json!({"query": query, "operationName": "A", "variables": {"v": "\u{0}"}}),
        json!({"query": "subscription { health }"}),
        json!({"query": "type Query { x: Int }"}),
        json!({"query": "{ docs(where: null) { count } }"}),
        json!({"query": "{ docs(first: -1) { count } }"}),
        json!({"query": "{ docs(first: 99999999999) { count } }"}),
        json!({"query": "{ docs(skip: -1, last: -1, before: \"x\") { count } }"}),
        json!({"query": "{ docs(first: 2147483647, skip: 2147483647) { edges { cursor } } }"}),
        json!({"query": "{ docs(after: \"YXJyYXljb25uZWN0aW9uOi05OTk5OTk5OTk5OTk5OTk5OTk5\") { edges { cursor } } }"}),
        json!({"query": "{ docs(after: \"YXJyYXljb25uZWN0aW9uOjE4NDQ2NzQ0MDczNzA5NTUxNjE1\") { edges { cursor } } }"}),
        json!({"query": "{ node(id: \"\") { id } }"}),
        json!({"query": "{ node(id: \"/////w==\") { id } }"}),
        json!({"query": "mutation { createDoc(input: {fields: {f: {upload: null}}}) { doc { id } } }"}),
        json!({"query": "mutation { createDoc(input: null) { doc { id } } }"}),
        json!({"query": "\u{feff}{ health }"}),
        json!({"query": "{ health @skip }"}),
        json!({"query": "{ health @skip(if: null) }"}),
        json!([{"query": "{ health }"}, {"query": "{ health }"}]),
        json!([]),
        json!({}),
    ] {
        server.public().send("POST", "/graphql", Some(body.to_string().as_bytes()));
        server.master().send("POST", "/graphql", Some(body.to_string().as_bytes()));
    }
    is_alive(&server.public());
}

#[test]
fn multipart_requests_of_graphql() {
    let server = server();
    let caller = server.public().with("Content-Type", "multipart/form-data; boundary=b");
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let operations = part("operations", "{\"query\":\"{ health }\",\"variables\":{\"f\":null}}");
    for parts in [
        String::new(),
        operations.clone(),
        part("map", "{}"),
        operations.clone() + &part("map", "x"),
        operations.clone() + &part("map", "{\"0\":[\"variables.f\"]}"),
        operations.clone() + &part("map", "{\"0\":[\"variables.f.x.y\"]}") + &part("0", "x"),
        operations.clone() + &part("map", "{\"0\":[\"\"]}") + &part("0", "x"),
        operations.clone() + &part("map", "{\"0\":5}") + &part("0", "x"),
        part("map", "{}") + &operations,
        part("operations", "x") + &part("map", "{}"),
    ] {
        for end in ["--b--\r\n", "--b", ""] {
            caller.send("POST", "/graphql", Some(format!("{parts}{end}").as_bytes()));
        }
    }
    is_alive(&server.public());
}
