//! Frames and texts that no well-behaved client sends. The server says what is wrong, or passes it over; nobody else notices.

use serde_json::json;

use crate::socket::{Received, Socket};
use crate::support::{LiveClient, TestServer};

const FINAL_TEXT: u8 = 0x81;

/// What the server says of an operation that it does not know: what comes before it was passed over.
fn expect_nothing(client: &mut LiveClient) {
    client.ask(&json!({"op": "marker"}));
    let error = client.expect_error(1);
    assert_eq!(error["error"], r#"No enum match for: "marker""#, "{error}");
}

#[test]
fn texts_that_are_no_messages() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_message = format!(
        r#"{{"op":"subscribe","requestId":1,"query":{{"className":"Post","where":{{"a":{deep}}}}}}}"#
    );
    for text in
        ["", "{bad", "\u{0}", "{\"op\":\u{0}}", "nul", "[[[[", &deep, &deep_message, "1e999"]
    {
        client.socket.send_text(text);
        expect_nothing(&mut client);
    }
    for text in ["null", "5", "\"\\u0000\"", "[]", "{}", r#"{"op":{}}"#, r#"{"__proto__":1}"#] {
        client.socket.send_text(text);
        client.expect_error(1);
    }
    for name in ["\u{0}", "Post\u{0}", "__proto__", "a b", "_Join:users:_Role", "x'--"] {
        let query = json!({"className": name, "where": {}});
        client.ask(&json!({"op": "subscribe", "requestId": 1, "query": query}));
        let answer = client.next();
        assert_ne!(answer["code"], 1, "{answer}");
    }
    // Nested as deep as it is read, and deeper than a question may be.
    let filter = (0..40).fold(json!({"n": 1}), |inner, _| json!({"$or": [inner]}));
    let query = json!({"className": "Post", "where": filter});
    client.ask(&json!({"op": "subscribe", "requestId": 2, "query": query}));
    assert_eq!(client.next()["op"], "error");
    client.subscribe(3, "Post", &json!({"title": "\u{0}"}));
    client.expect_silence(&server.public());
}

#[test]
fn bytes_are_no_messages() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    client.socket.send_binary(br#"{"op":"unsubscribe","requestId":1}"#);
    let error = client.expect_error(1);
    assert_eq!(error["error"], "Missing required property: op", "{error}");
    client.socket.send_binary(b"");
    client.expect_error(1);
}

#[test]
fn a_message_may_come_in_pieces() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    let text =
        r#"{"op":"subscribe","requestId":1,"query":{"className":"Post","where":{"title":"ä"}}}"#;
    // Each byte by itself, with a ping between: a letter of two bytes is torn apart, too.
    let (first, rest) = text.as_bytes().split_first().unwrap();
    client.socket.frame(0x01, &[*first]).unwrap();
    client.socket.ping(b"still there?");
    assert_eq!(client.socket.receive(), Received::Pong(b"still there?".to_vec()));
    for byte in &rest[..rest.len() - 1] {
        client.socket.frame(0x00, &[*byte]).unwrap();
    }
    client.socket.frame(0x80, &[rest[rest.len() - 1]]).unwrap();
    client.expect_answer("subscribed", 1);
    server.public().create("Post", &json!({"title": "ä"}));
    client.expect("create", 1);
}

/// What is wrong, the frames with their first bytes, and the code with which the socket is closed.
type Wrong = (&'static str, &'static [(u8, &'static [u8])], u16);

#[test]
fn malformed_frames_close_the_socket_with_a_reason() {
    let server = TestServer::live(&["Post"], &json!({}));
    let writer = server.public();
    let mut other = server.live_client();
    other.subscribe(1, "Post", &json!({}));
    // What is sent, and the code with which the socket is closed.
    let wrong: &[Wrong] = &[
        ("a text that is not UTF-8", &[(FINAL_TEXT, b"{\"op\":\"\xff\"}")], 1007),
        ("half a letter at the end", &[(FINAL_TEXT, b"\xc3")], 1007),
        ("bits that mean nothing", &[(0xc1, b"{}")], 1002),
        ("a kind of message that is none", &[(0x83, b"{}")], 1002),
        ("a kind of control that is none", &[(0x8b, b"")], 1002),
        ("a continuation of nothing", &[(0x80, b"{}")], 1002),
        ("a message in a message", &[(0x01, b"{"), (FINAL_TEXT, b"}")], 1002),
        ("a ping in pieces", &[(0x09, b"a")], 1002),
        ("a ping that is too long", &[(0x89, &[b'a'; 126])], 1002),
    ];
    for (what, frames, code) in wrong {
        let mut client = server.live_client();
        for (first, content) in *frames {
            client.socket.frame(*first, content).unwrap();
        }
        let (closed, reason) = client.closed();
        assert_eq!(closed, *code, "{what}: {reason}");
        assert!(!reason.is_empty(), "{what}");
    }
    // A frame of a client is masked.
    let mut client = server.live_client();
    client.socket.raw(b"\x81\x02{}").unwrap();
    assert_eq!(client.closed().0, 1002);
    writer.create("Post", &json!({}));
    other.expect("create", 1);
}

#[test]
fn who_says_farewell_is_answered() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    client.socket.send_close(1000);
    assert_eq!(client.socket.closed(), Some(1000));
}

#[test]
fn handshakes_that_are_none() {
    let server = TestServer::live(&["Post"], &json!({}));
    let head = |rest: &str| {
        format!(
            "GET /parse HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{rest}\r\n"
        )
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (rest, status) in [
        (String::new(), 426),
        (format!("{key}Sec-WebSocket-Version: 12\r\n"), 426),
        ("Sec-WebSocket-Version: 13\r\n".to_owned(), 400),
        ("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n".to_owned(), 400),
    ] {
        let answer = server.nobody().try_send_bytes(head(&rest).as_bytes(), false).unwrap();
        assert_eq!(answer.status, status, "{rest}");
    }
    // What asks for something else stays an ordinary request.
    let plain =
        "GET /parse/health HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    assert_eq!(server.nobody().try_send_bytes(plain.as_bytes(), false).unwrap().status, 200);
    Socket::open(server.origin(), "/parse/classes/Post");
}
