//! Proxy trust: a key counts from where its peer is, whatever forwarding headers a client invents.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use crate::support::{APP_ID, MASTER_KEY, READ_ONLY_KEY, TestServer};

const ALLOWED: &str = "10.1.1.1";

fn server(trust: &serde_json::Value) -> TestServer {
    TestServer::with(&json!({"masterKeyIps": [ALLOWED], "trustProxy": trust}))
}

/// Status of a master key's request with this forwarding header.
fn status(server: &TestServer, forwarded: &str) -> u16 {
    server.master().with("X-Forwarded-For", forwarded).get("/schemas").status
}

#[test]
fn forged_headers_are_not_believed() {
    let server = server(&json!([]));
    for header in [
        "X-Forwarded-For",
        "X-Real-IP",
        "X-Client-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
        "X-Cluster-Client-IP",
    ] {
        server.master().with(header, ALLOWED).get("/schemas").is(403);
    }
    server.master().with("Forwarded", "for=10.1.1.1").get("/schemas").is(403);
    server.master().get("/schemas").is(403);
}

#[test]
fn a_refused_address_is_refused_on_every_door() {
    let server = server(&json!([]));
    server.master().get("/classes/A").is(403);
    server.master().graphql("{ health }").is(403);
    let body = json!({"_method": "GET", "_ApplicationId": APP_ID, "_MasterKey": MASTER_KEY});
    server.nobody().post("/schemas", &body).is(403);
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{APP_ID}:{MASTER_KEY}")));
    server.nobody().with("Authorization", &basic).get("/schemas").is(403);
    server.public().get("/classes/A").is(200);
}

#[test]
fn only_the_address_that_the_proxy_named_counts() {
    let server = server(&json!(1));
    assert_eq!(status(&server, ALLOWED), 200);
    assert_eq!(status(&server, "6.6.6.6, 10.1.1.1"), 200);
    assert_eq!(status(&server, "10.1.1.1, 6.6.6.6"), 403);
    assert_eq!(status(&server, "10.1.1.1,10.1.1.1,6.6.6.6"), 403);
    let two_headers =
        server.master().with("X-Forwarded-For", ALLOWED).with("X-Forwarded-For", "6.6.6.6");
    two_headers.get("/schemas").is(403);
}

#[test]
fn what_is_no_address_does_not_move_trust_to_the_client() {
    let server = server(&json!(1));
    for named in
        ["unknown", "6.6.6.6:4711", "_hidden", "", "[2001:db8::1]:80", "6.6.6", "10.1.1.1x"]
    {
        assert_eq!(status(&server, &format!("10.1.1.1, {named}")), 403, "{named}");
    }
}

#[test]
fn trusted_ranges_end_where_the_chain_leaves_them() {
    let server = server(&json!(["loopback"]));
    assert_eq!(status(&server, ALLOWED), 200);
    assert_eq!(status(&server, "10.1.1.1, 127.0.0.1"), 200);
    assert_eq!(status(&server, "10.1.1.1, 6.6.6.6, 127.0.0.1"), 403);
}

#[test]
fn the_read_only_key_has_addresses_of_its_own() {
    let options = json!({"readOnlyMasterKey": READ_ONLY_KEY, "readOnlyMasterKeyIps": [ALLOWED], "trustProxy": 1});
    let server = TestServer::with(&options);
    let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
    reader.get("/schemas").is(403);
    reader.with("X-Forwarded-For", ALLOWED).get("/schemas").is(200);
    server.master().get("/schemas").is(200);
}

#[test]
fn metrics_are_for_this_machine_and_the_master_key() {
    let server = TestServer::with(&json!({"trustProxy": 1, "masterKeyIps": ["0.0.0.0/0"]}));
    let far = server.nobody().with("X-Forwarded-For", "6.6.6.6");
    far.send("GET", "/metrics", None).is(403);
    let forged = server.nobody().with("X-Forwarded-For", "127.0.0.1, 6.6.6.6");
    forged.send("GET", "/metrics", None).is(403);
    server.master().with("X-Forwarded-For", "6.6.6.6").send("GET", "/metrics", None).is(200);
    server.nobody().send("GET", "/metrics", None).is(200);
}
