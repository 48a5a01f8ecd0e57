//! What cloud code in Node hears of LiveQuery, refuses and changes; and that it shows nobody by accident what he may not see.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{LiveClient, MASTER_KEY, TestServer};

const CODE: &str = r#"
const heard = [];
const note = (word, request) => heard.push([word, request.event, request.clients, request.subscriptions, request.user?.id ?? null, request.useMasterKey, request.sessionToken !== undefined, request.installationId ?? null]);
Parse.Cloud.define('heard', () => heard.splice(0));
Parse.Cloud.onLiveQueryEvent(request => note('event', request));
Parse.Cloud.beforeConnect(request => {
  note('connect', request);
  if (request.installationId === 'text') throw 'by a text';
  if (request.installationId === 'error') throw new Parse.Error(777, 'by an error');
  if (request.installationId === 'object') throw { a: 1 };
});
Parse.Cloud.beforeSubscribe('Post', request => {
  heard.push(['subscribe', request.requestId, request.query.toJSON().where, request.user?.id ?? null]);
  if (request.requestId === 13) throw new Parse.Error(778, 'not this one');
  if (request.requestId === 14) request.query.equalTo('n', 1);
  if (request.requestId === 15) { request.query.select('n'); request.query.className = '_User'; }
});
Parse.Cloud.beforeSubscribe('Vip', () => {}, { requireUser: true });
Parse.Cloud.beforeSubscribe('Boss', () => {}, { requireMaster: true });
Parse.Cloud.afterLiveQueryEvent('Quiet', () => {}, { requireUser: true });
Parse.Cloud.afterLiveQueryEvent('Post', request => {
  const { object, original } = request;
  heard.push(['told', request.event, object.get('secret') ?? null, original ? original.get('secret') ?? null : null, request.sendEvent]);
  switch (object.get('s')) {
    case 'withhold': request.sendEvent = false; break;
    case 'forget': request.sendEvent = undefined; break;
    case 'throw': throw new Parse.Error(779, 'no');
    case 'change': object.set('n', 100); object.set('added', { deep: [1] }); object.unset('s'); original?.set('n', 99); break;
    case 'replace': request.object = new Parse.Object('Post', { n: 7 }); break;
    case 'nothing': request.object = null; break;
    case 'plain': request.object = { secret: 'x' }; break;
    case 'rename': request.event = 'delete'; break;
    case 'unknown': request.event = 'explode'; break;
    case 'copy': object.set('copied', object.get('secret')); break;
    case 'return': return false;
  }
});
"#;

fn server() -> Option<TestServer> {
    let server = TestServer::with_cloud(
        CODE,
        &json!({
            "liveQuery": {"classNames": [".*"]},
            "liveQueryServerOptions": {"keyPairs": {"masterKey": MASTER_KEY, "javascriptKey": "js"}},
        }),
    )?;
    let open = json!({"*": true});
    let rules = json!({
        "find": open, "get": open, "create": open, "update": open, "delete": open, "addField": open,
        "protectedFields": {"*": ["secret"]},
    });
    let fields = json!({
        "n": {"type": "Number"}, "s": {"type": "String"}, "secret": {"type": "String"},
        "copied": {"type": "String"},
    });
    server.class_with("Post", &fields, &rules);
    server.class("Marker", &json!({}));
    Some(server)
}

fn client(server: &TestServer, members: &Value) -> LiveClient {
    let mut all = members.clone();
    all["javascriptKey"] = json!("js");
    server.live_client_with(&all)
}

fn heard(server: &TestServer) -> Value {
    server.public().post("/functions/heard", &json!({})).is(200).json()["result"].clone()
}

/// The event without what every object has.
fn told(mut event: Value) -> Value {
    for name in ["object", "original"] {
        if let Some(object) = event.get_mut(name).and_then(Value::as_object_mut) {
            for every in ["objectId", "createdAt", "updatedAt", "className"] {
                object.remove(every);
            }
        }
    }
    json!([event["op"], event["object"], event["original"]])
}

#[test]
fn what_a_trigger_changes_shows_no_hidden_field() {
    let Some(server) = server() else { return };
    let mut hears = client(&server, &json!({}));
    hears.subscribe(1, "Post", &json!({}));
    heard(&server);
    let make = |word: &str| {
        server.master().create("Post", &json!({"n": 1, "s": word, "secret": "hidden"}))
    };
    for (word, expected) in [
        ("as it is", json!(["create", {"n": 1, "s": "as it is"}, null])),
        ("change", json!(["create", {"n": 100, "added": {"deep": [1]}}, null])),
        ("replace", json!(["create", {"n": 7}, null])),
        ("nothing", json!(["create", {"n": 1, "s": "nothing"}, null])),
        ("plain", json!(["create", {"n": 1, "s": "plain"}, null])),
        ("rename", json!(["delete", {"n": 1, "s": "rename"}, null])),
        ("unknown", json!(["create", {"n": 1, "s": "unknown"}, null])),
        ("copy", json!(["create", {"n": 1, "s": "copy", "copied": "hidden"}, null])),
        ("return", json!(["create", {"n": 1, "s": "return"}, null])),
    ] {
        make(word);
        assert_eq!(told(hears.next()), expected, "{word}");
        assert_eq!(heard(&server), json!([["told", "create", "hidden", null, true]]), "{word}");
    }
    make("withhold");
    make("forget");
    let id = make("throw");
    let error = hears.expect_error(779);
    assert_eq!(
        (&error["error"], &error["reconnect"], &error["requestId"]),
        (&json!("no"), &json!(false), &json!(1))
    );
    server.master().put(&format!("/classes/Post/{id}"), &json!({"s": "change"})).is(200);
    let expected = json!(["update", {"n": 100, "added": {"deep": [1]}}, {"n": 99, "s": "throw"}]);
    assert_eq!(told(hears.next()), expected);
    server.master().delete(&format!("/classes/Post/{id}")).is(200);
    assert_eq!(told(hears.next()), json!(["delete", {"n": 100, "added": {"deep": [1]}}, null]));

    let query = json!({"className": "Post", "where": {}, "keys": ["s", "secret"]});
    hears.subscribe_with(1, "Post", &json!({}), &json!({"query": query}));
    make("change");
    assert_eq!(told(hears.next()), json!(["create", {}, null]));
    make("copy");
    assert_eq!(told(hears.next()), json!(["create", {"s": "copy"}, null]));
}

#[test]
fn connections_are_refused_by_cloud_code() {
    let Some(server) = server() else { return };
    for (installation, error, code) in [
        ("text", json!("by a text"), 141),
        ("error", json!("by an error"), 777),
        ("object", json!({"a": 1}), 141),
    ] {
        let mut socket = crate::socket::Socket::open(server.origin(), "/parse");
        let connect = json!({"op": "connect", "applicationId": "it-app", "javascriptKey": "js", "installationId": installation});
        socket.send(&connect);
        let expected = json!({"op": "error", "error": error, "code": code, "reconnect": false, "requestId": null});
        assert_eq!(socket.next(), expected);
        socket.send(&json!({"op": "subscribe", "requestId": 1, "query": {"className": "Post", "where": {}}}));
        assert_eq!(socket.next()["code"], 2, "it is not connected");
    }
    heard(&server);
    let anna = Person::new(&server, "anna");
    let mut hears =
        client(&server, &json!({"sessionToken": anna.token, "installationId": "phone"}));
    hears.subscribe(1, "Post", &json!({}));
    hears.unsubscribe(1);
    let all = heard(&server);
    let of = |word: &str, event: &str| {
        let all = all.as_array().expect("a list");
        all.iter().find(|one| one[0] == word && one[1] == event).cloned().unwrap_or_default()
    };
    assert_eq!(
        of("connect", "connect"),
        json!(["connect", "connect", 0, 0, anna.id, false, true, "phone"]),
        "{all}"
    );
    assert_eq!(
        of("event", "connect"),
        json!(["event", "connect", 0, 0, anna.id, false, true, "phone"]),
        "{all}"
    );
    assert_eq!(
        of("event", "subscribe"),
        json!(["event", "subscribe", 1, 1, null, false, true, "phone"]),
        "{all}"
    );
    assert_eq!(
        of("event", "unsubscribe"),
        json!(["event", "unsubscribe", 1, 0, null, false, true, "phone"]),
        "{all}"
    );
}

#[test]
fn subscriptions_are_refused_and_changed_by_cloud_code() {
    let Some(server) = server() else { return };
    let anna = Person::new(&server, "anna");
    let mut hears = client(&server, &json!({}));
    let ask = |hears: &mut LiveClient, id: i64, class: &str| {
        hears.ask(&json!({"op": "subscribe", "requestId": id, "query": {"className": class, "where": {"s": "x"}, "watch": ["n"]}}));
    };
    ask(&mut hears, 13, "Post");
    let error = hears.expect_error(778);
    assert_eq!((&error["error"], &error["requestId"]), (&json!("not this one"), &json!(13)));
    ask(&mut hears, 14, "Post");
    hears.expect_answer("subscribed", 14);
    ask(&mut hears, 15, "Post");
    hears.expect_answer("subscribed", 15);
    for (class, code) in [("Vip", 142), ("Boss", 142)] {
        ask(&mut hears, 1, class);
        hears.expect_error(code);
    }
    let mut as_anna = client(&server, &json!({"sessionToken": anna.token}));
    ask(&mut as_anna, 1, "Vip");
    as_anna.expect_answer("subscribed", 1);
    let mut as_master = server.live_client_with(&json!({"masterKey": MASTER_KEY}));
    ask(&mut as_master, 1, "Boss");
    as_master.expect_answer("subscribed", 1);

    server.master().create("Post", &json!({"n": 2, "s": "x"}));
    assert_eq!(told(hears.expect("create", 15)), json!(["create", {"n": 2}, null]));
    server.master().create("Post", &json!({"n": 1, "s": "x"}));
    let mut both = [hears.next(), hears.next()];
    both.sort_by_key(|event| event["requestId"].as_i64());
    assert_eq!(told(both[0].clone()), json!(["create", {"n": 1, "s": "x"}, null]));
    assert_eq!(told(both[1].clone()), json!(["create", {"n": 1}, null]));

    hears.subscribe(16, "Quiet", &json!({}));
    server.master().create("Quiet", &json!({}));
    assert_eq!(hears.expect_error(142)["requestId"], 16);
}

#[test]
fn graphql_is_told_what_a_trigger_makes_of_an_event() {
    let Some(server) = server() else { return };
    let protocol = [("Sec-WebSocket-Protocol", "graphql-transport-ws")];
    let mut socket =
        crate::socket::Socket::try_open(server.origin(), "/graphql", &protocol).expect("a socket");
    let headers = json!({"X-Parse-Application-Id": "it-app"});
    socket.send(&json!({"type": "connection_init", "payload": headers}));
    assert_eq!(socket.next(), json!({"type": "connection_ack"}));
    let query =
        "subscription { postChanged(after: \"\") { event node { n s secret } original { n } } }";
    socket.send(&json!({"type": "subscribe", "id": "1", "payload": {"query": query}}));
    assert_eq!(socket.next()["payload"]["data"]["postChanged"]["event"], "REFETCH");
    let make = |word: &str| {
        server.master().create("Post", &json!({"n": 1, "s": word, "secret": "hidden"}))
    };
    for (word, node) in [
        ("as it is", json!({"n": 1, "s": "as it is", "secret": null})),
        ("change", json!({"n": 100, "s": null, "secret": null})),
    ] {
        make(word);
        let told = socket.next()["payload"]["data"]["postChanged"].clone();
        assert_eq!(told, json!({"event": "CREATE", "node": node, "original": null}));
    }
    make("withhold");
    make("throw");
    let refused = socket.next();
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], 779, "{refused}");
    make("copy");
    assert_eq!(socket.next()["payload"]["data"]["postChanged"]["node"]["s"], "copy");
}
