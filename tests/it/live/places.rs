//! Where LiveQuery is served, and how it ends.

use serde_json::json;

use crate::socket::Socket;
use crate::support::{APP_ID, LiveClient, MASTER_KEY, Shared, TestServer};

/// The origin in a line that announces a service.
fn announced(server: &TestServer) -> Option<String> {
    let line = server.said().iter().find_map(|line| line.strip_prefix("livequery ws://"))?;
    Some(format!("http://{line}"))
}

#[test]
fn the_port_of_the_api_has_it_under_any_path() {
    let server = TestServer::live(&["Post"], &json!({}));
    assert_eq!(announced(&server).as_deref(), Some(server.origin()));
    for path in ["/", "/parse", "/parse/", "/x/y?z=1", "/metrics"] {
        LiveClient::connect(Socket::open(server.origin(), path), &json!({}));
    }
}

#[test]
fn it_can_be_turned_off() {
    let server = TestServer::live(&["Post"], &json!({"startLiveQueryServer": false}));
    assert_eq!(announced(&server), None);
    let Err(refused) = Socket::try_open(server.origin(), "/parse", &[]) else { panic!("a socket") };
    assert_ne!(refused.status, 101);
    // As with parse-server nobody who does not ask for it has it.
    let server = TestServer::live(&["Post"], &json!({"compat": "9.10"}));
    assert_eq!(announced(&server), None);
}

#[test]
fn it_can_have_a_port_of_its_own() {
    let options = json!({"liveQueryServerOptions": {"port": 0}});
    let server = TestServer::live(&["Post"], &options);
    let origin = announced(&server).unwrap();
    assert_ne!(origin, server.origin());
    let mut client = LiveClient::connect(Socket::open(&origin, "/"), &json!({}));
    client.subscribe(1, "Post", &json!({}));
    server.public().create("Post", &json!({}));
    client.expect("create", 1);
    assert!(Socket::try_open(server.origin(), "/parse", &[]).is_err());
    // Nothing else is there.
    let caller = crate::support::Caller::new(&origin);
    caller.send("GET", "/health", None).is(200);
    caller.send("GET", "/", None).is(426);
    caller.send("POST", "/parse/classes/Post", Some(b"{}")).is(426);
}

#[test]
fn two_listeners_need_two_ports() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("config.json");
    let config = json!({
        "appId": APP_ID, "masterKey": MASTER_KEY, "port": 1400, "databaseURI": "sqlite::memory:",
        "liveQuery": {"classNames": ["A"]}, "liveQueryServerOptions": {"port": 1400},
    });
    std::fs::write(&file, config.to_string()).unwrap();
    let (code, _, said) = crate::support::run(&[file.to_str().unwrap()], &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("`port` and `liveQueryServerOptions.port` must differ"), "{said}");
}

#[test]
fn a_server_that_stops_says_so() {
    let mut server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    client.subscribe(1, "Post", &json!({}));
    let mut silent = Socket::open(server.origin(), "/");
    server.tell_to_stop();
    assert_eq!(client.closed(), (1001, "the server stops".to_owned()));
    assert_eq!(silent.closed(), Some(1001));
    server.wait_for_a_good_end();
}

#[test]
fn a_process_may_serve_nothing_else() {
    let Some(database) = Shared::sqlite() else { return };
    let main = database.server(&json!({}));
    main.class("Post", &json!({}));
    // The names of parse-server's own program.
    let options = json!({
        "appId": APP_ID,
        "masterKey": MASTER_KEY,
        "databaseURI": database.uri(),
        "keyPairs": {"javascriptKey": "JS"},
        "websocketTimeout": 5_000,
        "logLevel": "INFO",
    });
    let live = TestServer::launch(&options, &["live-query-server"]);
    assert_eq!(announced(&live).as_deref(), Some(live.origin()));
    assert_eq!(live.said().len(), 2, "{:?}", live.said());
    assert!(live.logged().contains("redisURL"), "{}", live.logged());
    live.nobody().send("GET", "/health", None).is(200);
    live.nobody().send("GET", "/parse/health/ready", None).is(200);
    live.public().get("/classes/Post").is(426);
    live.master().post("/classes/Post", &json!({})).is(426);
    live.master().graphql("{ __typename }").is(426);
    let mut client = live.live_client_with(&json!({"javascriptKey": "JS"}));
    // What it may ask is what the classes of the database say.
    client.subscribe(1, "Post", &json!({}));
    client.ask(&json!({
        "op": "subscribe", "requestId": 2, "query": {"className": "_Session", "where": {}},
    }));
    assert_eq!(client.next()["op"], "error");
    live.stop();
}
