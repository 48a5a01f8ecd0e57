//! How much of everything a client may have, and what happens to one that wants more or does not read: it alone is closed,
//! with a reason, and everybody else is told everything.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::socket::{Received, Socket};
use crate::support::{LiveClient, TestServer, soon};

/// Nobody is slower than this.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_client_that_does_not_read_is_closed_and_harms_nobody() {
    let server = TestServer::live(&["Post"], &json!({"liveQuery": {"queueLength": 8}}));
    let writer = server.public();
    let mut slow = server.live_client();
    slow.subscribe(1, "Post", &json!({}));
    let mut quick = server.live_client();
    quick.subscribe(1, "Post", &json!({}));
    let text = "x".repeat(300_000);
    let deadline = Instant::now() + PATIENCE;
    let mut number = 0;
    while server.counter("parsimony_sockets_closed_total") == 0 {
        assert!(Instant::now() < deadline, "the slow one is still there");
        writer.create("Post", &json!({"n": number, "text": text}));
        assert_eq!(quick.expect("create", 1)["object"]["n"], number);
        number += 1;
    }
    let (code, reason) = slow.closed();
    assert_eq!((code, reason.as_str()), (1013, "too slow"));
    writer.create("Post", &json!({"n": -1}));
    assert_eq!(quick.expect("create", 1)["object"]["n"], -1);
    quick.expect_silence(&writer);
    assert_eq!(server.counter("parsimony_subscriptions"), 1);
}

#[test]
fn a_connection_has_so_many_subscriptions() {
    let options = json!({"liveQuery": {"subscriptionsPerConnection": 3}});
    let server = TestServer::live(&["Post"], &options);
    let mut client = server.live_client();
    for id in 1..=3 {
        client.subscribe(id, "Post", &json!({}));
    }
    let ask = |client: &mut LiveClient, id: i64| -> Value {
        let query = json!({"className": "Post", "where": {}});
        client.ask(&json!({"op": "subscribe", "requestId": id, "query": query}));
        client.next()
    };
    for id in 4..=500 {
        let refused = ask(&mut client, id);
        assert_eq!((&refused["op"], &refused["requestId"]), (&json!("error"), &json!(id)));
    }
    // One that is there may be changed, and one that is gone makes room.
    assert_eq!(ask(&mut client, 3)["op"], "subscribed");
    client.unsubscribe(1);
    assert_eq!(ask(&mut client, 4)["op"], "subscribed");
    assert_eq!(ask(&mut client, 5)["op"], "error");
    // Another connection has its own.
    server.live_client().subscribe(1, "Post", &json!({}));
}

#[test]
fn an_address_has_so_many_connections() {
    let options = json!({"liveQuery": {"connectionsPerAddress": 2}, "trustProxy": 1});
    let server = TestServer::live(&["Post"], &options);
    let open = |headers: &[(&str, &str)]| Socket::try_open(server.origin(), "/parse", headers);
    let first = server.live_client();
    // It counts whether or not anybody says who he is.
    let second = open(&[]).unwrap();
    let Err(refused) = open(&[]) else { panic!("a third connection") };
    assert_eq!(refused.status, 429);
    assert!(refused.answer.contains("too many connections"), "{}", refused.answer);
    // Behind a proxy that is trusted it is the client's address that counts.
    let elsewhere = [("X-Forwarded-For", "192.0.2.7")];
    LiveClient::connect(open(&elsewhere).unwrap(), &json!({}));
    drop(first);
    soon("there is room again", || open(&[]).is_ok());
    drop(second);
    server.public().get("/health").is(200);
}

#[test]
fn a_message_has_a_size() {
    let options = json!({"liveQuery": {"maxMessageSize": "1kb"}});
    let server = TestServer::live(&["Post"], &options);
    let long = "x".repeat(1_025);
    let mut client = server.live_client();
    client.socket.send_text(&long);
    assert_eq!(client.closed(), (1009, "the message is too large".to_owned()));
    // Also in pieces, and if it only says that it will be.
    let mut client = server.live_client();
    for first in [0x01, 0x00, 0x00, 0x00, 0x00] {
        // The server may have closed the socket before the last of them.
        let _ = client.socket.frame(first, &[b'x'; 300]);
    }
    assert_eq!(client.closed().0, 1009);
    let mut client = server.live_client();
    client.socket.raw(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0").unwrap();
    assert_eq!(client.closed().0, 1009);
    let mut client = server.live_client();
    client.socket.send_text(&long[..1_024]);
    client.expect_silence(&server.public());
}

#[test]
fn the_subscriptions_of_a_connection_take_so_much_room() {
    let options = json!({"liveQuery": {"maxMessageSize": "10kb"}});
    let server = TestServer::live(&["Post"], &options);
    let mut client = server.live_client();
    let filter = json!({"title": "x".repeat(9_000)});
    for id in 1..=4 {
        client.subscribe(id, "Post", &filter);
    }
    let query = json!({"className": "Post", "where": filter});
    client.ask(&json!({"op": "subscribe", "requestId": 5, "query": query}));
    let refused = client.expect_error(119);
    assert_eq!(refused["error"], "The subscriptions of a connection take 40960 bytes at most");
    client.subscribe(4, "Post", &filter);
    client.unsubscribe(1);
    client.subscribe(5, "Post", &filter);
    client.expect_silence(&server.public());
}

#[test]
fn floods_of_frames_are_answered_one_by_one() {
    let server = TestServer::live(&["Post"], &json!({}));
    let writer = server.public();
    let mut other = server.live_client();
    other.subscribe(1, "Post", &json!({}));
    let mut client = server.live_client();
    for _ in 0..3_000 {
        client.socket.ping(b"");
        client.socket.send_text("no message");
    }
    for _ in 0..1_000 {
        client.ask(&json!({"op": "flood"}));
    }
    writer.create("Post", &json!({}));
    other.expect("create", 1);
    let mut errors = 0;
    while errors < 1_000 {
        match client.socket.receive() {
            Received::Text(text) => {
                assert!(text.contains("flood"), "{text}");
                errors += 1;
            }
            Received::Pong(_) => {}
            other @ (Received::Binary(_)
            | Received::Ping(_)
            | Received::Closed(..)
            | Received::Gone) => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_gives_no_sign_of_life_is_closed() {
    let options = json!({"liveQueryServerOptions": {"websocketTimeout": 100}});
    let server = TestServer::live(&["Post"], &options);
    let mut client = server.live_client();
    for _ in 0..3 {
        assert!(matches!(client.socket.receive_any(), Received::Ping(_)));
    }
    client.subscribe(1, "Post", &json!({}));
    client.socket.ignore_pings();
    let (code, reason) = client.closed();
    assert_eq!((code, reason.as_str()), (1008, "no sign of life"));
}
