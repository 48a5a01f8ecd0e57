//! Subscriptions of GraphQL over graphql-transport-ws, said as messages: the protocol, and that nothing that holds for
//! requests holds less for a socket.

use serde_json::{Value, json};

use crate::socket::{Received, Socket};
use crate::support::people::Person;
use crate::support::{
    APP_ID, MASTER_KEY, READ_ONLY_KEY, TestServer, open_but_hiding, pointer, private,
};

const PATH: &str = "/graphql";
const PROTOCOL: (&str, &str) = ("Sec-WebSocket-Protocol", "graphql-transport-ws");
const ALL: &str =
    "subscription { postChanged { event sequence node { objectId title } original { title } } }";

fn server(options: &Value) -> TestServer {
    let mut all = options.clone();
    if all.get("liveQuery").is_none() {
        all["liveQuery"] = json!({"classNames": ["Post"]});
    }
    let server = TestServer::with(&all);
    let fields = json!({
        "title": {"type": "String"}, "secret": {"type": "String"}, "score": {"type": "Number"},
        "author": {"type": "Pointer", "targetClass": "_User"},
        "likers": {"type": "Relation", "targetClass": "_User"},
    });
    server.class("Post", &fields);
    server
}

/// A socket of the GraphQL API.
struct Client {
    socket: Socket,
}

impl Client {
    /// Not introduced yet.
    fn open(server: &TestServer) -> Self {
        let socket = Socket::try_open(server.origin(), PATH, &[PROTOCOL]).expect("a socket");
        assert_eq!(socket.protocol(), Some("graphql-transport-ws"));
        Self { socket }
    }

    /// Introduced with these members beside the application.
    fn with(server: &TestServer, members: &Value) -> Self {
        let mut client = Self::open(server);
        let mut payload = members.clone();
        payload["X-Parse-Application-Id"] = json!(APP_ID);
        client.socket.send(&json!({"type": "connection_init", "payload": payload}));
        assert_eq!(client.socket.next(), json!({"type": "connection_ack"}));
        client
    }

    fn public(server: &TestServer) -> Self {
        Self::with(server, &json!({}))
    }

    fn subscribe(&mut self, id: &str, query: &str) {
        self.subscribe_with(id, query, &json!({}));
    }

    fn subscribe_with(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({"query": query, "variables": variables});
        self.socket.send(&json!({"type": "subscribe", "id": id, "payload": payload}));
    }

    /// Subscribes from nothing, and waits until the server listens; where events stand.
    fn listen(&mut self, id: &str, arguments: &str, selection: &str) -> String {
        let query = format!(
            "subscription {{ postChanged(after: \"\" {arguments}) {{ event sequence {selection} }} }}"
        );
        self.subscribe(id, &query);
        let first = self.event(id);
        assert_eq!(first["event"], "REFETCH", "{first}");
        first["sequence"].as_str().expect("a sequence").to_owned()
    }

    /// The next message, which must be an answer of an operation without errors.
    fn event(&mut self, id: &str) -> Value {
        let message = self.socket.next();
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        message["payload"]["data"]["postChanged"].clone()
    }

    /// The next message, which must be the failure of an operation: its first error.
    fn failure(&mut self, id: &str) -> Value {
        let message = self.socket.next();
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
        message["payload"][0].clone()
    }

    /// Everything that was sent before has been dealt with, and nothing came of it.
    fn is_silent(&mut self) {
        self.socket.send(&json!({"type": "ping", "payload": {"fence": 1}}));
        assert_eq!(self.socket.next(), json!({"type": "pong", "payload": {"fence": 1}}));
    }

    fn closed(mut self, code: u16) {
        assert_eq!(self.socket.closed(), Some(code));
    }
}

#[test]
fn a_socket_speaks_the_protocol() {
    let server = server(&json!({}));
    let mut client = Client::public(&server);
    client.is_silent();
    client.socket.send(&json!({"type": "ping"}));
    assert_eq!(client.socket.next(), json!({"type": "pong"}));
    client.socket.send(&json!({"type": "pong"}));
    client.socket.send(&json!({"type": "complete", "id": "nothing"}));
    client.listen("a\"1", "", "node { title }");
    let writer = server.public();
    writer.create("Post", &json!({"title": "one"}));
    assert_eq!(client.event("a\"1")["node"], json!({"title": "one"}));
    client.socket.send(&json!({"type": "complete", "id": "a\"1"}));
    client.is_silent();
    writer.create("Post", &json!({"title": "two"}));
    client.listen("a\"1", "where: {title: {equalTo: \"three\"}}", "node { title }");
    client.subscribe("q", "{ health }");
    let answer = client.socket.next();
    assert_eq!(answer, json!({"type": "next", "id": "q", "payload": {"data": {"health": true}}}));
    assert_eq!(client.socket.next(), json!({"type": "complete", "id": "q"}));
    client.subscribe(
        "m",
        "mutation { createPost(input: {fields: {title: \"three\"}}) { post { title } } }",
    );
    let mut kinds: Vec<String> = (0..3).map(|_| client.socket.next().to_string()).collect();
    kinds.sort_unstable();
    assert!(
        kinds.iter().any(|text| text.contains("\"CREATE\"") && text.contains("three")),
        "{kinds:?}"
    );
    assert!(kinds.iter().any(|text| text.contains("complete")), "{kinds:?}");
}

#[test]
fn who_breaks_the_protocol_is_cut_off() {
    let server = server(&json!({}));
    let init = json!({"type": "connection_init", "payload": {"applicationId": APP_ID}}).to_string();
    let subscribe =
        |id: &str| json!({"type": "subscribe", "id": id, "payload": {"query": ALL}}).to_string();
    let cases: [(&[&str], u16); 9] = [
        (&["nope"], 4400),
        (&[r#"{"type":"start"}"#], 4400),
        (&[r#"{"type":"connection_init","payload":7}"#], 4400),
        (&[r#"{"type":"connection_init","payload":{"sessionToken":{"$ne":null}}}"#], 4400),
        (&[&init, &init], 4429),
        (&[&subscribe("1")], 4401),
        (&[&init, &subscribe("1"), &subscribe("1")], 4409),
        (&[r#"{"type":"connection_init"}"#], 4403),
        (&[r#"{"type":"connection_init","payload":{"applicationId":"other"}}"#], 4403),
    ];
    for (messages, code) in cases {
        let mut client = Client::open(&server);
        messages.iter().for_each(|message| client.socket.send_text(message));
        assert_eq!(client.socket.closed(), Some(code), "{messages:?}");
    }
    let mut client = Client::public(&server);
    client.socket.send_binary(b"{\"type\":\"ping\"}");
    client.closed(4400);
    let mut nested = Client::public(&server);
    let deep =
        format!("{{\"type\":\"ping\",\"payload\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    nested.socket.send_text(&deep);
    nested.closed(4400);
    let mut again = Client::public(&server);
    again.listen("1", "", "node { title }");
}

#[test]
fn who_says_nothing_is_cut_off() {
    let server = server(&json!({}));
    Client::open(&server).closed(4408);
}

#[test]
fn a_socket_needs_the_protocol() {
    let server = server(&json!({}));
    for headers in [&[][..], &[("Sec-WebSocket-Protocol", "graphql-ws")]] {
        let refused = Socket::try_open(server.origin(), PATH, headers).err().expect("a refusal");
        assert_eq!(refused.status, 400, "{}", refused.answer);
    }
    let both = [("Sec-WebSocket-Protocol", "other, graphql-transport-ws")];
    let socket = Socket::try_open(server.origin(), PATH, &both).expect("a socket");
    assert_eq!(socket.protocol(), Some("graphql-transport-ws"));
}

#[test]
fn keys_hold_as_for_requests() {
    let server = TestServer::with(&json!({
        "liveQuery": {"classNames": ["Post"]},
        "restAPIKey": "rest-key", "readOnlyMasterKey": READ_ONLY_KEY, "masterKeyIps": ["10.1.2.3"],
    }));
    server
        .public()
        .with("X-Parse-REST-API-Key", "rest-key")
        .create("Post", &json!({"title": "first"}));
    for payload in [
        json!({"applicationId": APP_ID}),
        json!({"applicationId": APP_ID, "restAPIKey": "other"}),
        json!({"applicationId": APP_ID, "masterKey": MASTER_KEY}),
        json!({"applicationId": APP_ID, "restAPIKey": "rest-key", "sessionToken": "r:none"}),
    ] {
        let mut client = Client::open(&server);
        client.socket.send(&json!({"type": "connection_init", "payload": payload}));
        assert_eq!(client.socket.closed(), Some(4403), "{payload}");
    }
    let mut client =
        Client::with(&server, &json!({"headers": {"X-Parse-REST-API-Key": "rest-key"}}));
    client.listen("1", "", "node { title }");
    let key = json!({"restAPIKey": "rest-key", "masterKey": READ_ONLY_KEY});
    let mut reader = Client::with(&server, &key);
    reader.subscribe("1", ALL);
    assert_eq!(reader.failure("1")["extensions"]["code"], 119);
    reader
        .subscribe("2", "mutation { createPost(input: {fields: {title: \"x\"}}) { post { id } } }");
    let answer = reader.socket.next();
    assert!(answer["payload"]["errors"][0]["message"].is_string(), "{answer}");
}

#[test]
fn the_list_of_routes_holds() {
    let server = TestServer::with(&json!({
        "liveQuery": {"classNames": ["Post"]}, "routeAllowList": ["classes/Post", "schemas/.*"],
    }));
    server.class("Post", &json!({"title": {"type": "String"}}));
    let mut client = Client::open(&server);
    client.socket.send(&json!({"type": "connection_init", "payload": {"applicationId": APP_ID}}));
    client.closed(4403);
    let mut master = Client::with(&server, &json!({"masterKey": MASTER_KEY}));
    master.listen("1", "", "node { title }");
}

#[test]
fn the_schema_is_as_closed_as_for_requests() {
    let server = server(&json!({}));
    let mut client = Client::public(&server);
    for query in [
        "{ __schema { types { name } } }",
        "{ ... on Query { __type(name: \"Post\") { name } } }",
        "subscription { __schema { types { name } } }",
        "subscription { ... on Subscription { __type(name: \"Post\") { name } } }",
    ] {
        client.subscribe("1", query);
        let failure = client.failure("1");
        assert!(failure["message"].is_string(), "{failure}");
    }
    client.subscribe("1", "subscription { postChange { event } }");
    let message = client.failure("1")["message"].to_string();
    assert!(
        !message.contains("Did you mean") && !message.contains("Subscription\\\""),
        "{message}"
    );
    let mut master = Client::with(&server, &json!({"masterKey": MASTER_KEY}));
    master.subscribe("1", "{ __type(name: \"PostChangedPayload\") { fields { name } } }");
    let answer = master.socket.next();
    assert_eq!(answer["payload"]["data"]["__type"]["fields"][0]["name"], "event", "{answer}");
}

#[test]
fn limits_of_documents_hold() {
    let server = server(&json!({"requestComplexity": {"graphQLDepth": 3, "graphQLFields": 10}}));
    let mut client = Client::public(&server);
    client.subscribe("1", "subscription { postChanged { node { author { username } } } }");
    assert!(client.failure("1")["message"].is_string());
    let aliases: String = (0..12).map(|number| format!("a{number}: title ")).collect();
    client.subscribe("1", &format!("subscription {{ postChanged {{ node {{ {aliases} }} }} }}"));
    assert!(client.failure("1")["message"].is_string());
    client.listen("1", "", "node { title }");
}

#[test]
fn rates_are_limited_whatever_carries_the_question() {
    let server = server(&json!({"rateLimit": [{
        "requestPath": "/classes/*path", "requestTimeWindow": 600_000, "requestCount": 2, "zone": "ip",
        "errorResponseMessage": "Too many", "includeInternalRequests": true,
    }]}));
    let mut client = Client::public(&server);
    client.subscribe("1", "{ posts { count } }");
    assert_eq!(client.socket.next()["type"], "next");
    assert_eq!(client.socket.next()["type"], "complete");
    client.listen("2", "", "node { title }");
    client.subscribe("3", ALL);
    assert_eq!(client.failure("3")["message"], "Too many");
}

#[test]
fn a_connection_has_not_any_number_of_operations() {
    let most = 20;
    let live = json!({"classNames": ["Post"], "subscriptionsPerConnection": most});
    let server = server(&json!({"liveQuery": live}));
    let mut client = Client::public(&server);
    for number in 0..most {
        client.subscribe(&number.to_string(), ALL);
    }
    client.subscribe("more", ALL);
    let failure = client.failure("more");
    assert!(failure["message"].as_str().is_some_and(|text| text.contains("at most")), "{failure}");
    for number in 0..most {
        client.socket.send(&json!({"type": "complete", "id": number.to_string()}));
    }
    client.is_silent();
    client.listen("again", "", "node { title }");
}

#[test]
fn what_is_too_large_and_who_does_not_read_are_closed() {
    let live = json!({"classNames": ["Post"], "maxMessageSize": "10kb", "queueLength": 100});
    let server = server(&json!({"liveQuery": live}));
    let mut large = Client::public(&server);
    large.socket.send_text(&" ".repeat(20_000));
    large.closed(1009);
    let (mut slow, mut other) = (Client::public(&server), Client::public(&server));
    slow.listen("1", "", "node { title }");
    other.listen("1", "where: {title: {equalTo: \"last\"}}", "node { title }");
    // More than the buffers of the system take, and the queue.
    let title = "x".repeat(32 * 1024);
    let create = json!({"method": "POST", "path": "/parse/classes/Post", "body": {"title": title}});
    let operations = vec![create; 50];
    for _ in 0..24 {
        server.public().post("/batch", &json!({"requests": operations})).is(200);
    }
    server.public().create("Post", &json!({"title": "last"}));
    assert_eq!(other.event("1")["node"]["title"], "last");
    slow.closed(1013);
}

#[test]
fn hidden_fields_stay_hidden_and_are_no_oracle() {
    let server = TestServer::with(&json!({"liveQuery": {"classNames": ["Post"]}}));
    let fields = json!({"title": {"type": "String"}, "secret": {"type": "String"}});
    server.class_with("Post", &fields, &open_but_hiding(&["secret"]));
    let mut client = Client::public(&server);
    client.listen("1", "", "node { title secret }");
    server.master().create("Post", &json!({"title": "a", "secret": "hush"}));
    assert_eq!(client.event("1")["node"], json!({"title": "a", "secret": null}));
    for arguments in [
        "where: {secret: {equalTo: \"hush\"}}",
        "where: {OR: [{AND: [{secret: {exists: true}}]}]}",
        "watch: [\"secret\"]",
        "watch: [\"secret.length\"]",
    ] {
        client.subscribe("2", &format!("subscription {{ postChanged({arguments}) {{ event }} }}"));
        assert_eq!(client.failure("2")["extensions"]["code"], 119, "{arguments}");
    }
}

#[test]
fn classes_that_may_not_be_found_may_not_be_subscribed_to() {
    let server = TestServer::with(&json!({"liveQuery": {"classNames": ["Post"]}}));
    let permissions =
        json!({"find": {"requiresAuthentication": true}, "get": {}, "create": {"*": true}});
    server.class_with("Post", &json!({"title": {"type": "String"}}), &permissions);
    let mut client = Client::public(&server);
    client.subscribe("1", ALL);
    assert_eq!(client.failure("1")["extensions"]["code"], 101);
    let ann = Person::new(&server, "ann");
    let mut hers = Client::with(&server, &json!({"sessionToken": ann.token}));
    hers.listen("1", "", "node { title }");
}

#[test]
fn pointers_and_relations_are_read_as_the_caller() {
    let server = server(&json!({}));
    let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
    let selection = "node { author { objectId } likers { count edges { node { objectId } } } }";
    let mut hers = Client::with(&server, &json!({"sessionToken": ann.token}));
    let mut public = Client::public(&server);
    hers.listen("1", "", selection);
    public.listen("1", "", selection);
    for person in [&ann, &bob] {
        let acl = json!({"ACL": {(person.id.as_str()): {"read": true, "write": true}}});
        server.master().put(&person.path(), &acl).is(200);
    }
    let likers = json!({"__op": "AddRelation", "objects": [pointer("_User", &ann.id), pointer("_User", &bob.id)]});
    server.master().create("Post", &json!({"author": pointer("_User", &ann.id), "likers": likers}));
    let seen = hers.event("1")["node"].clone();
    assert_eq!(seen["author"]["objectId"], json!(ann.id));
    assert_eq!(seen["likers"]["count"], 1, "{seen}");
    let seen = public.event("1")["node"].clone();
    assert_eq!((&seen["author"], &seen["likers"]["count"]), (&Value::Null, &json!(0)), "{seen}");
}

#[test]
fn a_session_that_ends_ends_the_subscription_and_not_the_socket() {
    let server = server(&json!({}));
    let ann = Person::new(&server, "ann");
    let mut client = Client::with(&server, &json!({"sessionToken": ann.token}));
    client.listen("1", "", "node { title }");
    ann.caller(&server).post("/logout", &json!({})).is(200);
    assert_eq!(client.failure("1")["extensions"]["code"], 209);
    client.subscribe("2", "{ health }");
    let failure = client.failure("2");
    assert_eq!(failure["message"], "Invalid session token", "{failure}");
    client.is_silent();
}

#[test]
fn objects_that_nobody_may_see_are_not_told_of() {
    let server = server(&json!({}));
    let mut client = Client::public(&server);
    client.listen("1", "", "node { title }");
    server.master().create("Post", &json!({"title": "hidden", "ACL": private()}));
    server.master().create("Post", &json!({"title": "seen"}));
    assert_eq!(client.event("1")["node"]["title"], "seen");
}

#[test]
fn who_comes_back_gets_what_was_missed() {
    let server = server(&json!({}));
    let sequence = Client::public(&server).listen("1", "", "node { title }");
    for title in ["a", "b", "c"] {
        server.public().create("Post", &json!({"title": title}));
    }
    let mut back = Client::public(&server);
    back.subscribe(
        "1",
        &format!(
            "subscription {{ postChanged(after: \"{sequence}\") {{ sequence node {{ title }} }} }}"
        ),
    );
    let missed: Vec<Value> = (0..3).map(|_| back.event("1")).collect();
    let titles: Vec<&Value> = missed.iter().map(|event| &event["node"]["title"]).collect();
    assert_eq!(titles, ["a", "b", "c"]);
    let after = missed[1]["sequence"].as_str().expect("a sequence");
    back.subscribe(
        "2",
        &format!("subscription {{ postChanged(after: \"{after}\") {{ node {{ title }} }} }}"),
    );
    assert_eq!(back.event("2")["node"]["title"], "c");
    for unknown in ["other.1", "nonsense"] {
        back.subscribe(
            "3",
            &format!(
                "subscription {{ postChanged(after: \"{unknown}\") {{ event node {{ title }} }} }}"
            ),
        );
        assert_eq!(back.event("3"), json!({"event": "REFETCH", "node": null}));
        back.socket.send(&json!({"type": "complete", "id": "3"}));
    }
}

#[test]
fn a_class_that_goes_takes_its_subscriptions_along() {
    let server = server(&json!({}));
    let mut client = Client::public(&server);
    client.listen("1", "", "node { title }");
    server.master().put("/schemas/Post", &json!({"fields": {"more": {"type": "String"}}})).is(200);
    server.public().create("Post", &json!({"title": "still", "more": "yes"}));
    assert_eq!(client.event("1")["node"]["title"], "still");
    client.subscribe("2", "subscription { postChanged(after: \"\") { event node { more } } }");
    assert_eq!(client.event("2")["event"], "REFETCH");
    server.master().put("/schemas/Post", &json!({"fields": {"more": {"__op": "Delete"}}})).is(200);
    assert!(client.failure("2")["message"].as_str().is_some_and(|text| text.contains("schema")));
    server.master().delete("/purge/Post").is(200);
    server.master().delete("/schemas/Post").is(200);
    assert!(client.failure("1")["message"].as_str().is_some_and(|text| text.contains("schema")));
    client.is_silent();
}

#[test]
fn a_class_that_is_not_shown_any_more_ends_its_subscriptions() {
    let server = server(&json!({}));
    let mut client = Client::public(&server);
    client.listen("1", "", "node { title }");
    let config = json!({"params": {"disabledForClasses": ["Post"]}});
    server.master().put("/graphql-config", &config).is(200);
    assert!(client.failure("1")["message"].as_str().is_some_and(|text| text.contains("schema")));
    client.subscribe("2", ALL);
    assert!(client.failure("2")["message"].is_string());
}

#[test]
fn a_server_that_stops_says_so() {
    let mut server = server(&json!({}));
    let mut client = Client::public(&server);
    client.listen("1", "", "node { title }");
    server.tell_to_stop();
    let end = loop {
        let received = client.socket.receive();
        if !matches!(received, Received::Text(_)) {
            break received;
        }
    };
    assert!(matches!(end, Received::Closed(Some(1001), _)), "{end:?}");
    drop(client);
    server.wait_for_a_good_end();
}

#[test]
fn a_subscription_needs_more_than_a_request() {
    let server = server(&json!({}));
    let answer = server.public().graphql(ALL);
    let message = answer.json()["errors"][0]["message"].clone();
    assert!(message.as_str().is_some_and(|text| text.contains("WebSocket")), "{message}");
}
