//! Messages and answers: who may connect, what can be subscribed to, how a client comes back.

use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::people::Person;
use crate::support::{APP_ID, LiveClient, MASTER_KEY, TestServer, soon};

/// An error as parse-server says it: these members and no others.
fn error(text: &str, code: i64) -> Value {
    json!({"op": "error", "error": text, "code": code, "reconnect": true, "requestId": null})
}

#[test]
fn before_a_client_is_connected_it_can_do_nothing() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut socket = Socket::open(server.origin(), "/");
    let text = |wish: &str| {
        format!("Can not find this client, make sure you connect to server before {wish}")
    };
    let query = json!({"className": "Post", "where": {}});
    socket.send(&json!({"op": "subscribe", "requestId": 1, "query": query}));
    assert_eq!(socket.next(), error(&text("subscribing"), 2));
    socket.send(&json!({"op": "unsubscribe", "requestId": 1}));
    assert_eq!(socket.next(), error(&text("unsubscribing"), 2));
    socket.send(&json!({"op": "update", "requestId": 1, "query": query}));
    assert_eq!(socket.next(), error(&text("unsubscribing"), 2));
    assert_eq!(socket.next(), error(&text("subscribing"), 2));
    LiveClient::connect(socket, &json!({})).subscribe(1, "Post", &json!({}));
}

#[test]
fn names_are_echoed() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut socket =
        Socket::try_open(server.origin(), "/a/b?c=d", &[("Sec-WebSocket-Protocol", "one, two")])
            .unwrap();
    assert_eq!(socket.protocol(), Some("one"));
    socket.send(&json!({"op": "connect", "applicationId": APP_ID, "installationId": "phone"}));
    let connected = socket.next();
    let id = connected["clientId"].as_str().unwrap().to_owned();
    assert_eq!(connected, json!({"op": "connected", "clientId": id, "installationId": "phone"}));
    let is_uuid = id.len() == 36 && id.as_bytes()[14] == b'4' && id == id.to_lowercase();
    assert!(is_uuid, "{id}");
    for name in [json!(0), json!(-4), json!(1.5)] {
        let query = json!({"className": "Post", "where": {}});
        socket.send(&json!({"op": "subscribe", "requestId": name, "query": query}));
        let answer = socket.next();
        assert_eq!((&answer["op"], &answer["requestId"]), (&json!("subscribed"), &name));
        assert_eq!(answer["installationId"], "phone");
    }
    socket.send(&json!({"op": "unsubscribe", "requestId": 9}));
    let text = format!(
        "Cannot find subscription with clientId {id} subscriptionId 9. Make sure you subscribe to live query server before unsubscribing."
    );
    assert_eq!(socket.next(), error(&text, 2));
}

#[test]
fn a_new_question_under_the_same_name_takes_the_place_of_the_old_one() {
    let server = TestServer::live(&["Post"], &json!({}));
    let writer = server.public();
    let mut client = server.live_client();
    client.subscribe(1, "Post", &json!({"n": 1}));
    client.subscribe(1, "Post", &json!({"n": 2}));
    writer.create("Post", &json!({"n": 1}));
    writer.create("Post", &json!({"n": 2}));
    assert_eq!(client.expect("create", 1)["object"]["n"], 2);

    let query = json!({"className": "Post", "where": {"n": 3}});
    client.ask(&json!({"op": "update", "requestId": 1, "query": query}));
    client.expect_answer("subscribed", 1);
    writer.create("Post", &json!({"n": 2}));
    writer.create("Post", &json!({"n": 3}));
    assert_eq!(client.expect("create", 1)["object"]["n"], 3);

    // An update that is refused leaves nothing behind.
    let query = json!({"className": "Post", "where": {"$or": 5}});
    client.ask(&json!({"op": "update", "requestId": 1, "query": query}));
    let refused = client.expect_error(102);
    assert_eq!(
        (&refused["reconnect"], &refused["requestId"]),
        (&json!(false), &json!(1)),
        "{refused}"
    );
    writer.create("Post", &json!({"n": 3}));
    client.expect_silence(&writer);
}

#[test]
fn who_connects_anew_begins_anew() {
    let server = TestServer::live(&["Post"], &json!({}));
    let writer = server.public();
    let mut first = server.live_client();
    first.subscribe(1, "Post", &json!({}));
    let old = first.client_id().to_owned();
    let mut second = LiveClient::connect(first.socket, &json!({}));
    assert_ne!(second.client_id(), old);
    writer.create("Post", &json!({}));
    second.expect_silence(&writer);
    assert_eq!(server.counter("parsimony_subscriptions"), 0);
}

#[test]
fn one_key_of_the_pairs_is_enough() {
    let pairs = json!({"javascriptKey": "JS", "restAPIKey": "REST"});
    let options = json!({"liveQueryServerOptions": {"keyPairs": pairs}});
    let server = TestServer::live(&["Post"], &options);
    let refused = error("Key in request is not valid", 4);
    let connect = |members: &Value| {
        let mut socket = Socket::open(server.origin(), "/");
        let mut message = json!({"op": "connect", "applicationId": APP_ID});
        for (name, member) in members.as_object().unwrap() {
            message[name] = member.clone();
        }
        socket.send(&message);
        socket.next()
    };
    for wrong in [
        json!({}),
        json!({"javascriptKey": ""}),
        json!({"javascriptKey": "js"}),
        json!({"clientKey": "JS"}),
        json!({"masterKey": MASTER_KEY}),
    ] {
        assert_eq!(connect(&wrong), refused, "{wrong}");
    }
    for right in [
        json!({"javascriptKey": "JS"}),
        json!({"javascriptKey": "no", "restAPIKey": "REST"}),
        json!({"masterKey": "no", "restAPIKey": "REST"}),
    ] {
        assert_eq!(connect(&right)["op"], "connected", "{right}");
    }
}

#[test]
fn the_master_key_counts_as_one_of_the_pairs_and_from_the_right_address() {
    let secret = json!({"ACL": {}, "n": 1});
    let hears = |options: &Value| {
        let server = TestServer::live(&["Post"], options);
        let mut client = server.live_client_with(&json!({"masterKey": MASTER_KEY}));
        client.subscribe(1, "Post", &json!({}));
        server.public().create("Post", &secret);
        let mut maker = server.master();
        maker = maker.with("X-Parse-Installation-Id", "maker");
        match options.get("liveQueryServerOptions") {
            Some(_) => assert_eq!(client.expect("create", 1)["object"]["n"], 1),
            None => client.expect_silence(&maker),
        }
    };
    hears(&json!({}));
    let pairs = json!({"keyPairs": {"masterKey": MASTER_KEY}});
    hears(&json!({"liveQueryServerOptions": pairs}));

    let options = json!({"liveQueryServerOptions": pairs, "masterKeyIps": ["10.0.0.1"]});
    let server = TestServer::with(&{
        let mut options = options;
        options["liveQuery"] = json!({"classNames": ["Post"]});
        options
    });
    let mut socket = Socket::open(server.origin(), "/");
    socket.send(&json!({"op": "connect", "applicationId": APP_ID, "masterKey": MASTER_KEY}));
    assert_eq!(socket.next(), error("Key in request is not valid", 4));
    assert!(server.logged().contains("masterKeyIps"), "{}", server.logged());
}

#[test]
fn a_session_that_ends_ends_its_subscriptions_and_no_others() {
    let server = TestServer::live(&["Post"], &json!({}));
    let person = Person::new(&server, "ann");
    let writer = server.public();
    let mut client = server.live_client_with(&json!({"sessionToken": person.token}));
    client.subscribe(1, "Post", &json!({}));
    let mut other = server.live_client();
    other.subscribe(1, "Post", &json!({}));
    writer.create("Post", &json!({}));
    client.expect("create", 1);
    other.expect("create", 1);

    person.caller(&server).post("/logout", &json!({})).is(200);
    let ended = client.expect_error(209);
    assert_eq!(ended["requestId"], 1, "{ended}");
    assert_eq!(ended["reconnect"], false, "{ended}");
    client.expect_answer("unsubscribed", 1);
    writer.create("Post", &json!({}));
    other.expect("create", 1);
    // What is nobody's may be asked for by nobody: the marker of this is public.
    client.expect_silence(&writer);
}

#[test]
fn tokens_that_are_none_are_nobodys() {
    let server = TestServer::live(&["Post"], &json!({}));
    let person = Person::new(&server, "ann");
    let mut client = server.live_client_with(&json!({"sessionToken": person.token}));
    let with = |token: &str| json!({"sessionToken": token});
    client.subscribe_with(1, "Post", &json!({}), &with("r:nope"));
    client.subscribe_with(2, "Post", &json!({}), &with(""));
    let mine = json!({"ACL": {&person.id: {"read": true}}});
    server.public().create("Post", &mine);
    client.expect("create", 2);
    client.expect_silence(&server.public());
    for token in [json!({"$ne": null}), json!(5), json!(["r"]), json!(null)] {
        let query = json!({"className": "Post", "where": {}});
        client.ask(
            &json!({"op": "subscribe", "requestId": 3, "query": query, "sessionToken": token}),
        );
        client.expect_error(1);
    }
}

#[test]
fn who_comes_back_is_told_what_it_missed() {
    let server = TestServer::live(&["Post"], &json!({"liveQuery": {"logEvents": 5}}));
    let writer = server.public();
    let mut client = server.live_client();
    let subscribed = client.subscribe_with(1, "Post", &json!({}), &json!({"resume": true}));
    assert!(subscribed["sequence"].is_string(), "{subscribed}");
    assert_eq!(subscribed["resumed"], false, "{subscribed}");
    writer.create("Post", &json!({"n": 1}));
    let event = client.expect("create", 1);
    let known = event["sequence"].clone();
    assert!(known.is_string(), "{event}");
    drop(client);

    let id = writer.create("Post", &json!({"n": 2}));
    writer.put(&format!("/classes/Post/{id}"), &json!({"n": 3})).is(200);
    let mut client = server.live_client();
    let resume = json!({"resume": known});
    let subscribed = client.subscribe_with(7, "Post", &json!({}), &resume);
    assert_eq!(subscribed["resumed"], true, "{subscribed}");
    assert_eq!(client.expect("create", 7)["object"]["n"], 2);
    let last = client.expect("update", 7);
    assert_eq!((&last["object"]["n"], &last["original"]["n"]), (&json!(3), &json!(2)));
    assert_eq!(last["sequence"], subscribed["sequence"]);

    // Who does not ask is not told where events stand.
    let mut other = server.live_client();
    let subscribed = other.subscribe_with(1, "Post", &json!({}), &json!({}));
    assert_eq!(subscribed.as_object().unwrap().len(), 3, "{subscribed}");
    for n in 0..6 {
        writer.create("Post", &json!({"n": n}));
        assert_eq!(other.expect("create", 1).get("sequence"), None);
    }
    // More was missed than is kept; and what is no sequence at all.
    let mut late = server.live_client();
    for resume in [resume, json!({"resume": "elsewhere.3"}), json!({"resume": "\u{0}~~.."})] {
        let subscribed = late.subscribe_with(1, "Post", &json!({}), &resume);
        assert_eq!(subscribed["resumed"], false, "{subscribed}");
        assert!(subscribed["sequence"].is_string(), "{subscribed}");
    }
    late.expect_silence(&writer);
}

#[test]
fn what_is_open_is_counted() {
    let server = TestServer::live(&["Post"], &json!({}));
    let mut client = server.live_client();
    client.subscribe(1, "Post", &json!({}));
    client.subscribe(2, "Post", &json!({}));
    client.subscribe(2, "Post", &json!({"n": 1}));
    assert_eq!(server.counter("parsimony_sockets"), 1);
    assert_eq!(server.counter("parsimony_subscriptions"), 2);
    assert_eq!(server.counter("parsimony_socket_messages_total"), 8);
    client.unsubscribe(1);
    assert_eq!(server.counter("parsimony_subscriptions"), 1);
    drop(client);
    soon("the socket is closed", || server.counter("parsimony_sockets") == 0);
    assert_eq!(server.counter("parsimony_subscriptions"), 0);
    assert_eq!(server.counter("parsimony_sockets_closed_total"), 1);
}
