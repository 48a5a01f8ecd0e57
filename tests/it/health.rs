//! What load balancers and orchestrators ask, without any key.

use serde_json::json;

use crate::support::TestServer;

#[test]
fn alive_and_ready_need_no_key() {
    let server = TestServer::start();
    for path in ["/health", "/health/", "/health/ready", "/health/ready/"] {
        let answer = server.nobody().get(path);
        assert_eq!(answer.is(200).json(), json!({"status": "ok"}), "{path}");
    }
    server.nobody().send("HEAD", "/parse/health/ready", None).is(200);
    server.public().get("/health/else").is(404);
    let asked = server.statements_of(|| server.nobody().get("/health"));
    assert_eq!(asked, 0, "whether the process lives is no matter of its database");
}

#[test]
fn the_list_of_routes_holds_for_both() {
    let server = TestServer::with(&json!({"routeAllowList": ["health/ready"]}));
    server.nobody().get("/health/ready").is(200);
    server.nobody().get("/health").is(400);
    let server = TestServer::with(&json!({"routeAllowList": ["health"]}));
    server.nobody().get("/health/ready").is(400);
    server.nobody().get("/health").is(200);
}
