//! Attacks on LiveQuery: whoever subscribes hears what a find would tell him, and nothing else.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{
    LiveClient, MASTER_KEY, READ_ONLY_KEY, TestServer, add_relation, pointer, private,
};

/// A server at which every class is live, and at which the master key is worth something.
fn server(options: &Value) -> TestServer {
    let mut all = options.clone();
    all["liveQueryServerOptions"] =
        json!({"keyPairs": {"masterKey": MASTER_KEY, "javascriptKey": "js"}});
    TestServer::live(&[".*"], &all)
}

fn public(server: &TestServer) -> LiveClient {
    server.live_client_with(&json!({"javascriptKey": "js"}))
}

fn of(server: &TestServer, person: &Person) -> LiveClient {
    server.live_client_with(&json!({"javascriptKey": "js", "sessionToken": person.token}))
}

fn master(server: &TestServer) -> LiveClient {
    server.live_client_with(&json!({"masterKey": MASTER_KEY}))
}

/// A subscription that must be refused, and the refusal.
fn refused(client: &mut LiveClient, query: &Value, code: i64) -> Value {
    client.ask(&json!({"op": "subscribe", "requestId": 9, "query": query}));
    client.expect_error(code)
}

/// The rules of a class that everybody may use.
fn open() -> Value {
    let everybody = json!({"*": true});
    json!({
        "find": everybody, "get": everybody, "count": everybody, "create": everybody,
        "update": everybody, "delete": everybody, "addField": everybody,
    })
}

/// The same with one thing that nobody may do.
fn all_but(closed: &str) -> Value {
    changed(&open(), closed, json!({}))
}

fn changed(rules: &Value, name: &str, rule: Value) -> Value {
    let mut rules = rules.clone();
    rules[name] = rule;
    rules
}

#[test]
fn the_rules_of_a_class_hold_for_subscriptions() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    let closed = all_but("find");
    let number = json!({"n": {"type": "Number"}});
    server.class_with("Closed", &number, &closed);
    let signed_in = json!({"requiresAuthentication": true});
    server.class_with("SignedIn", &number, &changed(&closed, "find", signed_in));
    let hers = json!({anna.id.as_str(): true});
    server.class_with("Hers", &number, &changed(&closed, "find", hers));
    let all = json!({});
    let of_class = |class: &str| json!({"className": class, "where": {}});

    let mut nobody = public(&server);
    refused(&mut nobody, &of_class("Closed"), 119);
    refused(&mut nobody, &of_class("Hers"), 119);
    refused(&mut nobody, &of_class("SignedIn"), 101);
    let mut ben_hears = of(&server, &ben);
    refused(&mut ben_hears, &of_class("Closed"), 119);
    refused(&mut ben_hears, &of_class("Hers"), 119);
    ben_hears.subscribe(1, "SignedIn", &all);
    let mut anna_hears = of(&server, &anna);
    anna_hears.subscribe(1, "Hers", &all);
    server.master().create("Closed", &json!({"n": 1}));
    server.master().create("Hers", &json!({"n": 2}));
    server.master().create("SignedIn", &json!({"n": 3}));
    assert_eq!(anna_hears.expect("create", 1)["object"]["n"], 2);
    assert_eq!(ben_hears.expect("create", 1)["object"]["n"], 3);
    nobody.expect_silence(&server.master());

    let rules =
        json!({"classLevelPermissions": changed(&closed, "find", json!({ben.id.as_str(): true}))});
    server.master().put("/schemas/Hers", &rules).is(200);
    server.master().create("Hers", &json!({"n": 4}));
    anna_hears.expect_silence(&server.master());
}

#[test]
fn pointer_permissions_hold_for_each_row() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    let fields = json!({
        "n": {"type": "Number"},
        "owner": {"type": "Pointer", "targetClass": "_User"},
        "readers": {"type": "Array"},
    });
    let closed = changed(&all_but("find"), "get", json!({}));
    let by_owner = json!({"pointerFields": ["owner"]});
    let by_rule = changed(&changed(&closed, "find", by_owner.clone()), "get", by_owner);
    server.class_with("ByRule", &fields, &by_rule);
    let by_fields = changed(&closed, "readUserFields", json!(["owner", "readers"]));
    server.class_with("ByFields", &fields, &by_fields);

    for class in ["ByRule", "ByFields"] {
        let mut anna_hears = of(&server, &anna);
        let mut ben_hears = of(&server, &ben);
        anna_hears.subscribe(1, class, &json!({}));
        ben_hears.subscribe(1, class, &json!({}));
        let id =
            server.master().create(class, &json!({"n": 1, "owner": pointer("_User", &anna.id)}));
        let path = format!("/classes/{class}/{id}");
        let hers = anna_hears.expect("create", 1);
        assert_eq!(hers["object"]["n"], 1);
        server.master().put(&path, &json!({"n": 2, "owner": pointer("_User", &ben.id)})).is(200);
        let leaves = anna_hears.expect("leave", 1);
        assert_eq!(
            (&leaves["object"]["n"], &leaves["original"]["n"]),
            (&json!(1), &json!(1)),
            "{leaves}"
        );
        let enters = ben_hears.expect("enter", 1);
        assert_eq!((&enters["object"]["n"], enters.get("original")), (&json!(2), None), "{enters}");
        server.master().delete(&path).is(200);
        assert_eq!(ben_hears.expect("delete", 1)["object"]["n"], 2);
        anna_hears.expect_silence(&server.master());
    }
    let mut anna_hears = of(&server, &anna);
    anna_hears.subscribe(1, "ByFields", &json!({}));
    let readers = json!([pointer("_User", &anna.id)]);
    server.master().create("ByFields", &json!({"n": 7, "readers": readers}));
    assert_eq!(anna_hears.expect("create", 1)["object"]["n"], 7);
}

#[test]
fn hidden_fields_are_hidden_before_and_after() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    let fields = json!({
        "n": {"type": "Number"}, "secret": {"type": "String"},
        "owner": {"type": "Pointer", "targetClass": "_User"},
    });
    let hidden = json!({"*": ["secret"], "userField:owner": []});
    server.class_with("Post", &fields, &changed(&open(), "protectedFields", hidden));
    let mut clients = [public(&server), of(&server, &ben), of(&server, &anna), master(&server)];
    for client in &mut clients {
        client.subscribe(1, "Post", &json!({"n": {"$gt": 0}}));
        client.subscribe_with(
            2,
            "Post",
            &json!({}),
            &json!({"query": {
                "className": "Post", "where": {}, "keys": ["secret", "n"],
            }}),
        );
    }
    let owner = pointer("_User", &anna.id);
    let id = server.master().create("Post", &json!({"n": 1, "secret": "s1", "owner": owner}));
    let path = format!("/classes/Post/{id}");
    server.master().put(&path, &json!({"secret": "s2"})).is(200);
    server
        .master()
        .put(&path, &json!({"owner": pointer("_User", &ben.id), "secret": "s3"}))
        .is(200);
    server.master().put(&path, &json!({"n": 0})).is(200);
    server.master().delete(&path).is(200);
    let sees = [[false; 3], [false, false, true], [true, true, false], [true; 3]];
    for (client, [first, second, third]) in clients.iter_mut().zip(sees) {
        let secret = |is_seen: bool, text: &str| if is_seen { json!(text) } else { Value::Null };
        for (op, now, before) in [
            ("create", secret(first, "s1"), Value::Null),
            ("update", secret(second, "s2"), secret(first, "s1")),
            ("update", secret(third, "s3"), secret(second, "s2")),
            ("leave", secret(third, "s3"), secret(third, "s3")),
        ] {
            for _ in [1, 2] {
                let event = client.next();
                let is_leave = op == "leave" && event["requestId"] == 2;
                assert_eq!(event["op"], if is_leave { "update" } else { op }, "{event}");
                assert_eq!(
                    (&event["object"]["secret"], &event["original"]["secret"]),
                    (&now, &before),
                    "{event}"
                );
            }
        }
        let event = client.expect("delete", 2);
        assert_eq!(event["object"]["secret"], secret(third, "s3"), "{event}");
    }
}

#[test]
fn hidden_fields_can_not_be_asked_for() {
    let server = server(&json!({}));
    let anna = Person::new(&server, "anna");
    let fields = json!({"n": {"type": "Number"}, "secret": {"type": "Object"}});
    let hidden = json!({"*": ["secret"]});
    server.class_with("Post", &fields, &changed(&open(), "protectedFields", hidden));
    let mut clients = [public(&server), of(&server, &anna)];
    for client in &mut clients {
        for filter in [
            json!({"secret": 1}),
            json!({"secret": {"$exists": true}}),
            json!({"secret.inside": "x"}),
            json!({"$or": [{"n": 1}, {"secret": 1}]}),
            json!({"$and": [{"$or": [{"n": 1}, {"$nor": [{"secret.a.b": {"$gt": 1}}]}]}]}),
            json!({"secret": {"$not": {"$in": [1]}}}),
        ] {
            let error = refused(client, &json!({"className": "Post", "where": filter}), 119);
            assert_eq!((&error["reconnect"], &error["requestId"]), (&json!(false), &json!(9)));
        }
        for watch in [json!(["secret"]), json!(["n", "secret"]), json!(["secret.inside"])] {
            refused(client, &json!({"className": "Post", "where": {}, "watch": watch}), 119);
        }
        for filter in [
            json!({"n": {"$inQuery": {"className": "Post", "where": {"secret": 1}}}}),
            json!({"n": {"$select": {"query": {"className": "Post", "where": {}}, "key": "secret"}}}),
            json!({"$relatedTo": {"object": pointer("_Role", "x"), "key": "users"}}),
        ] {
            client.ask(&json!({"op": "subscribe", "requestId": 9, "query": {"className": "Post", "where": filter}}));
            assert_eq!(client.next()["op"], "error");
        }
    }
}

#[test]
fn accounts_show_no_internals() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    let open =
        json!({"ACL": {"*": {"read": true}, anna.id.as_str(): {"read": true, "write": true}}});
    server.master().put(&anna.path(), &open).is(200);
    let mut clients = [public(&server), of(&server, &ben), of(&server, &anna), master(&server)];
    for client in &mut clients {
        client.subscribe(1, "_User", &json!({}));
    }
    for client in &mut clients[..2] {
        let fields = [
            "_hashed_password",
            "password",
            "sessionToken",
            "_perishable_token",
            "authData",
            "authData.anonymous.id",
            "_auth_data_anonymous.id",
            "email",
        ];
        for (at, field) in fields.into_iter().enumerate() {
            let query = json!({"className": "_User", "where": {field: {"$exists": true}}});
            client.ask(&json!({"op": "subscribe", "requestId": 100 + at, "query": query}));
            // Whoever is not refused asks for what no object has.
            client.next();
        }
    }
    let account = json!({"nick": "a", "authData": {"anonymous": {"id": "the-secret-id"}}});
    anna.caller(&server).put(&anna.path(), &account).is(200);
    server.master().put(&anna.path(), &json!({"password": "another-password"})).is(200);
    server.master().delete(&anna.path()).is(200);
    for (at, client) in clients.iter_mut().enumerate() {
        for _ in 0..3 {
            let event = client.next();
            if event["op"] == "error" {
                assert_eq!(
                    (at, &event["code"]),
                    (2, &json!(209)),
                    "only her session has ended: {event}"
                );
                break;
            }
            assert_eq!(event["requestId"], 1, "{event}");
            let text = event.to_string();
            for word in [
                "_hashed",
                "password",
                "sessionToken",
                "_perishable",
                "_email_verify",
                "_failed",
                "_rperm",
                "_wperm",
                "_auth_data",
                "$2",
            ] {
                assert!(!text.contains(word), "{word} in {text}");
            }
            if at < 2 {
                assert!(!text.contains("the-secret-id") && !text.contains("authData"), "{text}");
                assert!(!text.contains("anna@example.com"), "{text}");
            }
        }
    }
}

#[test]
fn sessions_are_heard_of_by_their_owner_alone() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    refused(&mut public(&server), &json!({"className": "_Session", "where": {}}), 209);
    let mut ben_hears = of(&server, &ben);
    ben_hears.subscribe(1, "_Session", &json!({}));
    for filter in [
        json!({"sessionToken": anna.token}),
        json!({"sessionToken": {"$regex": "^r"}}),
        json!({"user": pointer("_User", &anna.id)}),
    ] {
        ben_hears.ask(&json!({"op": "subscribe", "requestId": 9, "query": {"className": "_Session", "where": filter}}));
        let answer = ben_hears.next();
        assert!(
            ["error", "subscribed"].contains(&answer["op"].as_str().unwrap_or_default()),
            "{answer}"
        );
    }
    crate::support::people::log_in(
        &server.public(),
        "anna",
        crate::support::people::PASSWORD,
        &json!({}),
    )
    .is(200);
    anna.caller(&server).post("/logout", &json!({})).is(200);
    ben_hears.expect_silence(&server.master());
    let answer = crate::support::people::log_in(
        &server.public(),
        "ben",
        crate::support::people::PASSWORD,
        &json!({}),
    )
    .is(200)
    .json();
    let event = ben_hears.expect("create", 1);
    assert_eq!(event["object"]["user"]["objectId"], ben.id, "{event}");
    let token = answer["sessionToken"].as_str().expect("a token");
    assert!(event["object"].get("sessionToken").is_none_or(|known| known == token), "{event}");
}

#[test]
fn classes_of_the_server_are_closed() {
    let server = server(&json!({}));
    let anna = Person::new(&server, "anna");
    let callers = [server.public(), anna.caller(&server)];
    for (client, caller) in [public(&server), of(&server, &anna)].iter_mut().zip(&callers) {
        for class in [
            "_Hooks",
            "_GlobalConfig",
            "_SCHEMA",
            "_JobStatus",
            "_JobSchedule",
            "_PushStatus",
            "_Audience",
            "_Idempotency",
            "_GraphQLConfig",
            "_Join:users:_Role",
            "_Installation",
        ] {
            let query = json!({"className": class, "where": {}});
            client.ask(&json!({"op": "subscribe", "requestId": 9, "query": query}));
            let answer = client.next();
            // A name that is none is that of a class without objects.
            let found = caller.find(class, &json!({})).json();
            let is_empty = found["results"] == json!([]);
            assert!(answer["op"] == "error" || is_empty, "{class}: {answer} {found}");
        }
    }
    server.master().put("/config", &json!({"params": {"a": 1}})).is(200);
    let mut nobody = public(&server);
    for class in ["", "a b", "constructor", "__proto__", "\u{0}", "Post'; --"] {
        nobody.ask(
            &json!({"op": "subscribe", "requestId": 9, "query": {"className": class, "where": {}}}),
        );
        nobody.next();
    }
    nobody.subscribe(1, "Post", &json!({}));
}

#[test]
fn lists_that_change_show_nothing_of_what_may_not_be_seen() {
    let server = server(&json!({}));
    let (anna, ben) = (Person::new(&server, "anna"), Person::new(&server, "ben"));
    let role = json!({"name": "crew", "ACL": private()});
    let role = server.master().post("/roles", &role).is(201).json();
    let role = format!("/roles/{}", role["objectId"].as_str().expect("an id"));
    let mut hears = of(&server, &anna);
    let mut nobody = public(&server);
    hears.subscribe(1, "Post", &json!({}));
    nobody.subscribe(1, "Post", &json!({}));
    let crew = json!({"role:crew": {"read": true}});
    let id = server.master().create("Post", &json!({"n": 1, "ACL": crew}));
    let path = format!("/classes/Post/{id}");
    hears.expect_silence(&server.master());
    server.master().put(&role, &json!({"users": add_relation("_User", &[&anna.id])})).is(200);
    server.master().put(&path, &json!({"n": 2})).is(200);
    let update = hears.expect("update", 1);
    assert_eq!((&update["object"]["n"], &update["original"]["n"]), (&json!(2), &json!(1)));
    let remove = json!({"__op": "RemoveRelation", "objects": [pointer("_User", &anna.id)]});
    server.master().put(&role, &json!({"users": remove})).is(200);
    server.master().put(&path, &json!({"n": 3})).is(200);
    hears.expect_silence(&server.master());
    let ben_only = json!({ben.id.as_str(): {"read": true}});
    server.master().put(&path, &json!({"n": 4, "ACL": {"*": {"read": true}}})).is(200);
    server.master().put(&path, &json!({"n": 5, "ACL": ben_only})).is(200);
    server.master().delete(&path).is(200);
    for client in [&mut hears, &mut nobody] {
        let enter = client.expect("enter", 1);
        assert_eq!((&enter["object"]["n"], enter.get("original")), (&json!(4), None), "{enter}");
        let leave = client.expect("leave", 1);
        assert_eq!(
            (&leave["object"]["n"], &leave["original"]["n"]),
            (&json!(4), &json!(4)),
            "{leave}"
        );
        assert!(!leave.to_string().contains(&ben.id), "{leave}");
        client.expect_silence(&server.master());
    }
}

#[test]
fn sessions_that_are_over_hear_nothing() {
    let server = server(&json!({}));
    type End = fn(&TestServer, &Person);
    let ends: [(&str, End); 4] = [
        ("out", |server, person| {
            person.caller(server).post("/logout", &json!({})).is(200);
        }),
        ("word", |server, person| {
            server.master().put(&person.path(), &json!({"password": "another-password"})).is(200);
        }),
        ("gone", |server, person| {
            server.master().delete(&person.path()).is(200);
        }),
        ("revoked", |server, person| {
            let filter = json!({"where": {"user": pointer("_User", &person.id)}});
            let sessions = server.master().find("_Session", &filter).is(200).json();
            let id = sessions["results"][0]["objectId"].as_str().expect("a session");
            server.master().delete(&format!("/sessions/{id}")).is(200);
        }),
    ];
    for (name, end) in ends {
        let person = Person::new(&server, name);
        let mut hears = of(&server, &person);
        hears.subscribe(1, "Post", &json!({}));
        let his = json!({person.id.as_str(): {"read": true}});
        server.master().create("Post", &json!({"n": 1, "ACL": his}));
        hears.expect("create", 1);
        end(&server, &person);
        server.master().create("Post", &json!({"n": 2, "ACL": his}));
        let error = hears.expect_error(209);
        assert_eq!(error["requestId"], 1, "{error}");
        hears.expect_answer("unsubscribed", 1);
        hears.subscribe(2, "Post", &json!({}));
        server.master().create("Post", &json!({"n": 3, "ACL": his}));
        server.master().create("Post", &json!({"n": 4}));
        assert_eq!(hears.expect("create", 2)["object"]["n"], 4, "{name}: he is nobody now");
    }
    for token in ["r:none", "", "' or 1=1"] {
        let mut hears =
            server.live_client_with(&json!({"javascriptKey": "js", "sessionToken": token}));
        refused(&mut hears, &json!({"className": "_Session", "where": {}}), 209);
    }
}

#[test]
fn operators_where_texts_belong() {
    let server = server(&json!({}));
    let anna = Person::new(&server, "anna");
    let mut client = public(&server);
    let smuggled = [
        json!({"$ne": null}),
        json!({"$regex": "^r"}),
        json!(["x"]),
        json!(5),
        json!(true),
        Value::Null,
    ];
    for value in &smuggled {
        let query = json!({"className": "Post", "where": {}});
        for message in [
            json!({"op": "subscribe", "requestId": 1, "query": query, "sessionToken": value}),
            json!({"op": "connect", "applicationId": "it-app", "javascriptKey": "js", "sessionToken": value}),
            json!({"op": "connect", "applicationId": "it-app", "masterKey": value}),
            json!({"op": "connect", "applicationId": value, "javascriptKey": "js"}),
            json!({"op": "connect", "applicationId": "it-app", "javascriptKey": "js", "installationId": value}),
            json!({"op": "subscribe", "requestId": 1, "query": {"className": value, "where": {}}}),
            json!({"op": "subscribe", "requestId": 1, "query": {"className": "Post", "where": {}, "keys": [value]}}),
            json!({"op": "subscribe", "requestId": 1, "query": {"className": "Post", "where": {}, "watch": [value]}}),
            json!({"op": value}),
        ] {
            client.ask(&message);
            let error = client.expect_error(1);
            assert_eq!(error["requestId"], Value::Null, "{message}: {error}");
        }
        if !value.is_number() {
            for op in ["subscribe", "unsubscribe", "update"] {
                client.ask(&json!({"op": op, "requestId": value, "query": query}));
                client.expect_error(1);
            }
        }
    }
    for message in [
        json!({"op": "subscribe", "requestId": 1, "query": {"className": "Post", "where": {}, "master": true}}),
        json!({"op": "subscribe", "requestId": 1, "query": {"className": "Post", "where": {}}, "masterKey": MASTER_KEY}),
        json!({"op": "connect", "applicationId": "it-app", "javascriptKey": "js", "user": anna.id}),
        json!({"op": "connect", "applicationId": "it-app", "javascriptKey": "js", "__proto__": {"masterKey": MASTER_KEY}}),
    ] {
        client.ask(&message);
        client.expect_error(1);
    }
    for class in ["Post", "_User"] {
        client.subscribe(1, class, &json!({}));
    }
}

#[test]
fn questions_that_cost_much_are_refused_or_cheap() {
    let server = server(&json!({"requestComplexity": {"queryDepth": 5}}));
    server.class("Post", &json!({"s": {"type": "String"}}));
    let mut client = public(&server);
    let mut deep = json!({"s": "x"});
    for _ in 0..20 {
        deep = json!({"$or": [deep]});
    }
    client.ask(
        &json!({"op": "subscribe", "requestId": 9, "query": {"className": "Post", "where": deep}}),
    );
    assert_eq!(client.next()["op"], "error");
    let deepest = format!(
        r#"{{"op":"subscribe","requestId":9,"query":{{"className":"Post","where":{}{}}}}}"#,
        r#"{"$or":["#.repeat(20_000),
        "]}".repeat(20_000)
    );
    client.socket.send_text(&deepest);
    let mut client = public(&server);
    for pattern in ["(", "[", "a{99999999}", "\\", "(?<"] {
        let filter = json!({"s": {"$regex": pattern}});
        client.ask(&json!({"op": "subscribe", "requestId": 9, "query": {"className": "Post", "where": filter}}));
        assert_eq!(client.next()["op"], "error", "{pattern}");
    }
    // Patterns that take exponential time elsewhere.
    for (id, pattern) in ["^(a+)+$", "^(a|a)*b$", "^(.*a){12}$"].into_iter().enumerate() {
        client.ask(&json!({"op": "subscribe", "requestId": id, "query": {"className": "Post", "where": {"s": {"$regex": pattern}}}}));
        client.next();
    }
    server.master().create("Post", &json!({"s": format!("{}!", "a".repeat(50_000))}));
    client.expect_silence(&server.master());
    for filter in [
        json!({"__proto__": {"a": 1}}),
        json!({"constructor": 1}),
        json!({"a.__proto__.b": 1}),
        json!({"s": {"__proto__": 1}}),
        json!({"s": {"$gt": {"__proto__": 1}}}),
        json!({"": 1}),
        json!({".": 1}),
    ] {
        client.ask(&json!({"op": "subscribe", "requestId": 9, "query": {"className": "Post", "where": filter}}));
        client.next();
    }
    client.subscribe(1, "Post", &json!({"s": "end"}));
    server.master().create("Post", &json!({"s": "end"}));
    assert_eq!(client.expect("create", 1)["object"]["s"], "end");
}

#[test]
fn a_master_key_is_worth_what_the_options_say() {
    let options =
        json!({"readOnlyMasterKey": READ_ONLY_KEY, "maintenanceKey": "the-maintenance-key"});
    let server = server(&options);
    let closed = all_but("find");
    server.class_with("Closed", &json!({"n": {"type": "Number"}}), &closed);
    let of_closed = json!({"className": "Closed", "where": {}});
    for key in [READ_ONLY_KEY, "the-maintenance-key", "wrong", ""] {
        let mut socket = crate::socket::Socket::open(server.origin(), "/parse");
        socket.send(&json!({"op": "connect", "applicationId": "it-app", "masterKey": key}));
        let answer = socket.next();
        assert_eq!(
            (&answer["op"], &answer["code"]),
            (&json!("error"), &json!(4)),
            "{key}: {answer}"
        );
        let with_both = json!({"masterKey": key, "javascriptKey": "js"});
        refused(&mut server.live_client_with(&with_both), &of_closed, 119);
    }
    let mut hears = master(&server);
    hears.subscribe(1, "Closed", &json!({}));
    server.master().create("Closed", &json!({"n": 1, "ACL": private()}));
    assert_eq!(hears.expect("create", 1)["object"]["n"], 1);
    for class in ["_Hooks", "_GlobalConfig", "_SCHEMA"] {
        hears.ask(
            &json!({"op": "subscribe", "requestId": 9, "query": {"className": class, "where": {}}}),
        );
        hears.next();
    }
    drop(server);

    let server = TestServer::with(&json!({
        "masterKeyIps": ["10.1.2.3"],
        "liveQuery": {"classNames": [".*"]},
        "liveQueryServerOptions": {"keyPairs": {"masterKey": MASTER_KEY}},
    }));
    let mut socket = crate::socket::Socket::open(server.origin(), "/parse");
    socket.send(&json!({"op": "connect", "applicationId": "it-app", "masterKey": MASTER_KEY}));
    let answer = socket.next();
    assert_eq!((&answer["op"], &answer["code"]), (&json!("error"), &json!(4)), "{answer}");
    drop(server);

    // Where no pair names the master key, it is worth nothing.
    let server = TestServer::live(&[".*"], &json!({}));
    server.class_with("Closed", &json!({}), &closed);
    refused(&mut server.live_client_with(&json!({"masterKey": MASTER_KEY})), &of_closed, 119);
}
