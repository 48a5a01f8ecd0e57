//! Details of the REST API that SDKs and proxies rely on.

use serde_json::{Value, json};

use crate::support::{APP_ID, MASTER_KEY, TestServer, pointer, private};

#[test]
fn the_javascript_sdk_posts_everything_as_text() {
    let server = TestServer::start();
    let sdk = server.nobody().with("Content-Type", "text/plain");
    let keys = |mut body: Value| {
        body["_ApplicationId"] = json!(APP_ID);
        body["_ClientVersion"] = json!("js6.1.1");
        body["_InstallationId"] = json!("6a1d");
        body
    };
    let made = sdk.post("/classes/Doc", &keys(json!({"s": "x"}))).is(201).json();
    let path = format!("/classes/Doc/{}", made["objectId"].as_str().unwrap());
    sdk.post(&path, &keys(json!({"_method": "PUT", "s": "y"}))).is(200);
    let found = sdk
        .post("/classes/Doc", &keys(json!({"_method": "GET", "where": {"s": "y"}, "limit": 5})))
        .is(200);
    assert_eq!(found.each("s"), ["y"]);
    let stored = sdk.post(&path, &keys(json!({"_method": "GET"}))).is(200).json();
    assert_eq!(stored.as_object().unwrap().len(), 4, "no key became a field: {stored}");
    sdk.post(&path, &keys(json!({"_method": "DELETE"}))).is(200);
    sdk.post("/schemas", &keys(json!({"_method": "GET"}))).is(403);
    sdk.post("/schemas", &keys(json!({"_method": "GET", "_MasterKey": MASTER_KEY}))).is(200);
    sdk.post("/classes/Doc", &json!({"_method": "GET"})).is(403);
}

#[test]
fn the_method_is_overridden_in_a_post_only() {
    let server = TestServer::start();
    let public = server.public();
    let id = public.create("Doc", &json!({"s": "x"}));
    let path = format!("/classes/Doc/{id}");
    public.put(&path, &json!({"_method": "DELETE"})).is(200);
    public.with("X-HTTP-Method-Override", "DELETE").post(&path, &json!({})).is(404);
    public.send("GET", &format!("/parse{path}?_method=DELETE"), None).is_refused();
    public.get(&path).is(200);
}

#[test]
fn head_is_get_without_a_body() {
    let server = TestServer::start();
    let id = server.public().create("Doc", &json!({"s": "x"}));
    for target in ["/parse/health", "/parse/classes/Doc", &format!("/parse/classes/Doc/{id}")] {
        let (head, get) =
            (server.public().send("HEAD", target, None), server.public().send("GET", target, None));
        assert_eq!((head.status, get.status), (200, 200), "{target}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.body.is_empty());
    }
    server.public().send("HEAD", "/parse/classes/Doc/nope", None).is(404);
    server.nobody().send("HEAD", "/parse/classes/Doc", None).is(403);
}

#[test]
fn a_slash_at_the_end_changes_nothing() {
    let server = TestServer::start();
    let public = server.public();
    let id = public.post("/classes/Doc/", &json!({"s": "x"})).is(201).json()["objectId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(public.get(&format!("/classes/Doc/{id}/")).is(200).json()["s"], "x");
    assert_eq!(public.get("/classes/Doc/?limit=1").results().len(), 1);
    public.put(&format!("/classes/Doc/{id}/"), &json!({"s": "y"})).is(200);
    server.master().get("/schemas/").is(200);
    public.get("/health/").is(200);
    assert_eq!(
        public.send("POST", "/graphql/", Some(b"{\"query\":\"{ health }\"}")).data("/health"),
        true
    );
    public.get("/classes/Doc//").is(404);
}

#[test]
fn a_body_has_a_limit() {
    let server = TestServer::with(&json!({"jsonBodyLimit": "2kb"}));
    let public = server.public();
    let of = |bytes: usize| json!({"s": "x".repeat(bytes - "{\"s\":\"\"}".len())});
    public.post("/classes/Doc", &of(2_048)).is(201);
    let refused = public.post("/classes/Doc", &of(2_049)).is(413);
    assert!(refused.json()["error"].is_string(), "{refused}");
    public.send("POST", "/graphql", Some(" ".repeat(4_000).as_bytes())).is(413);
    let chunked = format!(
        "POST /parse/classes/Doc HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: {APP_ID}\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{}\r\n0\r\n\r\n",
        " ".repeat(4_096)
    );
    assert_eq!(server.nobody().try_send_bytes(chunked.as_bytes(), false).unwrap().status, 413);
    assert_eq!(server.master().get("/classes/Doc").results().len(), 1);
}

#[test]
fn request_ids_come_back() {
    let server = TestServer::start();
    let named = server.public().with("X-Request-Id", "trace-1_A");
    for answer in [
        named.get("/classes/Doc"),
        named.get("/nope"),
        named.graphql("{ nope }"),
        named.get("/health"),
    ] {
        assert_eq!(answer.header("x-request-id"), Some("trace-1_A"), "{answer}");
    }
    let long = "x".repeat(500);
    for bad in ["a b", "a\"b", "<x>", long.as_str()] {
        let made = server.public().with("X-Request-Id", bad).get("/health");
        assert_ne!(made.header("x-request-id"), Some(bad));
    }
    let own: Vec<_> = (0..2)
        .map(|_| server.public().get("/health").header("x-request-id").unwrap().to_owned())
        .collect();
    assert_ne!(own[0], own[1]);
}

#[test]
fn browsers_may_ask_first() {
    let server = TestServer::with(
        &json!({"allowOrigin": ["https://a.example", "https://b.example"], "allowHeaders": ["X-Mine"]}),
    );
    let b = server
        .nobody()
        .with("Origin", "https://b.example")
        .with("Access-Control-Request-Method", "POST");
    for target in ["/parse/classes/Doc", "/graphql", "/parse/nope"] {
        let answer = b.send("OPTIONS", target, None).is(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://b.example"));
        assert!(answer.header("access-control-allow-methods").unwrap().contains("DELETE"));
        assert!(answer.header("access-control-allow-headers").unwrap().contains("X-Mine"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let stranger = server.public().with("Origin", "https://evil.example");
    assert_eq!(
        stranger.get("/classes/Doc").header("access-control-allow-origin"),
        Some("https://a.example")
    );
    assert_eq!(
        stranger.graphql("{ health }").header("access-control-allow-origin"),
        Some("https://a.example")
    );
    let refused = server.nobody().with("Origin", "https://b.example").get("/classes/Doc").is(403);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://b.example"));
    assert_eq!(
        TestServer::start().public().get("/classes/Doc").header("access-control-allow-origin"),
        Some("*")
    );
}

#[test]
fn texts_of_all_scripts() {
    let server = TestServer::start();
    let public = server.public();
    for text in [
        "é",
        "e\u{301}",
        "日本語",
        "😀👩‍👩‍👧",
        "שלום",
        "\u{1f}\u{7f}",
        "\u{feff}",
        "\u{2028}",
        "'\"`\\%_",
        "",
        " ",
    ] {
        let id = public.create("Doc", &json!({"s": text, "o": {text: text}, "a": [text]}));
        let stored = public.get(&format!("/classes/Doc/{id}")).is(200).json();
        assert_eq!(
            (&stored["s"], &stored["o"], &stored["a"]),
            (&json!(text), &json!({text: text}), &json!([text]))
        );
        let found = public.find("Doc", &json!({"where": {"s": text}}));
        assert_eq!(found.each("objectId"), [json!(id)], "{text:?}");
        let found = public.find("Doc", &json!({"where": {"a": text}}));
        assert_eq!(found.each("objectId"), [json!(id)], "{text:?}");
        let query =
            "query($s: String) { docs(where: {s: {equalTo: $s}}) { edges { node { s } } } }";
        assert_eq!(
            public.graphql_with(query, &json!({"s": text})).data("/docs/edges/0/node/s"),
            json!(text)
        );
    }
}

/// PostgreSQL has no place for the character NUL in a text.
#[test]
fn nul_in_texts() {
    let server = TestServer::start();
    let public = server.public();
    for fields in
        [json!({"s": "\u{0}"}), json!({"o": {"\u{0}": "a\u{0}b"}}), json!({"a": ["\u{0}"]})]
    {
        let answer = public.post("/classes/Doc", &fields);
        if TestServer::is_on_postgres() {
            answer.is_refused_with(&[107]);
        } else {
            let id = answer.is(201).json()["objectId"].as_str().unwrap().to_owned();
            let stored = public.get(&format!("/classes/Doc/{id}")).is(200).json();
            fields
                .as_object()
                .unwrap()
                .iter()
                .for_each(|(name, value)| assert_eq!(stored[name], *value));
        }
    }
}

#[test]
fn numbers_of_all_sizes() {
    let server = TestServer::start();
    let public = server.public();
    for text in [
        "0",
        "-1",
        "0.1",
        "1e21",
        "1.7976931348623157e308",
        "5e-324",
        "9007199254740991",
        "-9007199254740993",
        "123456789012345680000",
    ] {
        let body = format!("{{\"n\":{text},\"a\":[{text}],\"o\":{{\"k\":{text}}}}}");
        let made = public.send("POST", "/parse/classes/Doc", Some(body.as_bytes())).is(201).json();
        let id = made["objectId"].as_str().unwrap().to_owned();
        let number: f64 = text.parse().unwrap();
        let stored = public.get(&format!("/classes/Doc/{id}")).is(200).json();
        for value in [&stored["n"], &stored["a"][0], &stored["o"]["k"]] {
            assert_eq!(value.as_f64(), Some(number), "{text}");
        }
        for filter in ["n", "o.k", "a"] {
            let found = public.find("Doc", &json!({"where": format!("{{\"{filter}\":{text}}}")}));
            assert_eq!(found.each("objectId"), [json!(id)], "{filter} {text}");
        }
    }
    let text = public.find("Doc", &json!({"where": {"n": 0}})).text();
    assert!(text.contains("\"n\":0,"), "as JavaScript prints it: {text}");
}

#[test]
fn an_object_may_be_readable_and_not_writable() {
    let server = TestServer::start();
    let public = server.public();
    let shown = public.create("Doc", &json!({"s": "shown", "ACL": {"*": {"read": true}}}));
    let hidden = public.create("Doc", &json!({"s": "hidden", "ACL": {"*": {"write": true}}}));
    assert_eq!(public.get("/classes/Doc").each("s"), ["shown"]);
    assert_eq!(public.get("/classes/Doc?count=1&limit=0").json()["count"], 1);
    public.put(&format!("/classes/Doc/{shown}"), &json!({"s": "x"})).is_refused_with(&[101]);
    public.delete(&format!("/classes/Doc/{shown}")).is_refused_with(&[101]);
    public.get(&format!("/classes/Doc/{hidden}")).is_refused_with(&[101]);
    public.put(&format!("/classes/Doc/{hidden}"), &json!({"s": "y"})).is(200);
    let list = public.get(&format!("/classes/Doc/{shown}")).json()["ACL"].clone();
    assert_eq!(list, json!({"*": {"read": true}}));
    public.put(&format!("/classes/Doc/{hidden}"), &json!({"ACL": private()})).is(200);
    public.put(&format!("/classes/Doc/{hidden}"), &json!({"s": "z"})).is_refused_with(&[101]);
    assert_eq!(server.master().get(&format!("/classes/Doc/{hidden}")).json()["s"], "y");
}

#[test]
fn included_objects_stand_under_their_own_lists() {
    let server = TestServer::start();
    let public = server.public();
    let sealed = public.create("Part", &json!({"s": "sealed", "ACL": private()}));
    let open = public.create("Part", &json!({"s": "open"}));
    public.create("Whole", &json!({"one": pointer("Part", &sealed), "other": pointer("Part", &open), "both": [pointer("Part", &sealed), pointer("Part", &open)]}));
    let found = public.find("Whole", &json!({"include": "one,other,both"})).is(200);
    found.hides("sealed");
    let whole = &found.results()[0];
    assert_eq!(whole["other"]["s"], "open");
    assert_eq!(whole.get("one"), None);
    let graphql = public.graphql(
        "{ wholes { edges { node { one { s } other { s } both { ... on Part { s } } } } } }",
    );
    graphql.hides("sealed");
    assert_eq!(graphql.data("/wholes/edges/0/node/other/s"), "open");
}

#[test]
fn pointers_in_lists_and_objects_are_followed() {
    let server = TestServer::start();
    let public = server.public();
    let leaf = public.create("Leaf", &json!({"s": "leaf"}));
    let part = public.create("Part", &json!({"s": "part", "leaf": pointer("Leaf", &leaf)}));
    let fields = json!({"list": [pointer("Part", &part), 5, pointer("Leaf", &leaf), pointer("Part", "nope")], "info": {"part": pointer("Part", &part), "n": 1}});
    public.create("Whole", &fields);
    let found = |include: &str| {
        public.find("Whole", &json!({"include": include})).is(200).results()[0].clone()
    };
    let whole = found("list.leaf,info.part.leaf");
    assert_eq!(whole["list"][0]["leaf"]["s"], "leaf");
    assert_eq!((&whole["list"][1], &whole["list"][2]["s"]), (&json!(5), &json!("leaf")));
    assert_eq!(whole["list"].as_array().unwrap().len(), 3, "what leads to nothing is left out");
    assert_eq!(
        (&whole["info"]["part"]["leaf"]["s"], &whole["info"]["n"]),
        (&json!("leaf"), &json!(1))
    );
    let whole = found("list");
    assert_eq!(whole["list"][0]["leaf"]["__type"], "Pointer");
    let whole = public.find("Whole", &json!({"keys": "list.s"})).is(200).results()[0].clone();
    assert_eq!((&whole["list"][0]["s"], whole["list"][0].get("leaf")), (&json!("part"), None));
    assert_eq!(whole.get("info"), None);
}

#[test]
fn keys_and_exclude_keys() {
    let server = TestServer::start();
    let public = server.public();
    let part = public.create("Part", &json!({"x": 1, "y": 2}));
    public.create("Doc", &json!({"a": 1, "b": 2, "o": {"k": 1}, "p": pointer("Part", &part)}));
    let names = |parameters: Value| {
        let object = public.find("Doc", &parameters).is(200).results()[0].clone();
        object
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| name.len() == 1)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(json!({"excludeKeys": "a,p"})), ["b", "o"]);
    assert_eq!(names(json!({"keys": "a,b", "excludeKeys": "b"})), ["a"]);
    assert_eq!(names(json!({"keys": "nothing"})), [""; 0]);
    assert_eq!(names(json!({"excludeKeys": "objectId,createdAt"})), ["a", "b", "o", "p"]);
    let object = public.find("Doc", &json!({"excludeKeys": "objectId"})).results()[0].clone();
    assert!(object["objectId"].is_string());
    let object =
        public.find("Doc", &json!({"include": "p", "excludeKeys": "p.x"})).results()[0].clone();
    assert_eq!((object["p"].get("x"), &object["p"]["y"]), (None, &json!(2)));
}

#[test]
fn an_answer_to_a_create_says_where_the_object_is() {
    let server = TestServer::start();
    let answer = server.public().post("/classes/Doc", &json!({"s": "x"})).is(201);
    let id = answer.json()["objectId"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.header("location"),
        Some(format!("{}/parse/classes/Doc/{id}", server.origin()).as_str())
    );
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let behind = TestServer::with(&json!({"serverURL": "https://api.example/v1/parse"}));
    let location = behind.public().post("/classes/Doc", &json!({})).is(201);
    assert!(
        location
            .header("location")
            .unwrap()
            .starts_with("https://api.example/v1/parse/classes/Doc/")
    );
}

#[test]
fn times_are_of_the_server() {
    let server = TestServer::start();
    let public = server.public();
    let long_ago = json!({"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"});
    let id = public.create("Doc", &json!({"s": "x"}));
    public
        .put(&format!("/classes/Doc/{id}"), &json!({"updatedAt": long_ago, "createdAt": long_ago}));
    let stored = public.get(&format!("/classes/Doc/{id}")).is(200);
    stored.hides("2001");
    assert!(
        stored.json()["createdAt"].as_str().unwrap()
            <= stored.json()["updatedAt"].as_str().unwrap()
    );
}

#[test]
fn groups_hold_only_what_they_compute() {
    let server = TestServer::start();
    server.class(
        "Doc",
        &json!({"n": {"type": "Number"}, "r": {"type": "Relation", "targetClass": "Doc"}}),
    );
    server.master().create("Doc", &json!({"n": 2}));
    let pipeline = json!({"pipeline": [{"$group": {"_id": null, "total": {"$sum": "$n"}}}]});
    let found = server.master().ask("/aggregate/Doc", &pipeline).is(200).json();
    assert_eq!(found, json!({"results": [{"objectId": null, "total": 2}]}));
    let pipeline = json!({"pipeline": [{"$project": {"n": 1, "_id": 0}}]});
    assert_eq!(
        server.master().ask("/aggregate/Doc", &pipeline).is(200).json(),
        json!({"results": [{"objectId": null, "n": 2}]})
    );
}

/// The SDKs get an object by asking for its id.
#[test]
fn to_ask_for_one_object_by_its_id_is_to_get_it() {
    let server = TestServer::start();
    let everybody = json!({"*": true});
    let (master, public) = (server.master(), server.public());
    for (class, permissions, is_found) in [
        ("Gettable", json!({"get": everybody}), true),
        ("Findable", json!({"find": everybody}), true),
        ("Closed", json!({}), false),
    ] {
        server.class_with(class, &json!({"s": {"type": "String"}}), &permissions);
        let id = master.create(class, &json!({"s": "x"}));
        let answer = public.find(class, &json!({"where": {"objectId": id}, "limit": 1}));
        match is_found {
            true => assert_eq!(answer.is(200).each("s"), ["x"]),
            false => answer.is_refused_with(&[119]),
        }
        let holder = format!("{class}Holder");
        master.create(&holder, &json!({"to": pointer(class, &id)}));
        master.create(&holder, &json!({"to": pointer(class, &master.create(class, &json!({})))}));
        let included = public.find(&holder, &json!({"include": "to", "order": "createdAt"}));
        match class {
            "Gettable" => assert_eq!(included.is(200).results()[0]["to"]["s"], "x"),
            _ => included.is_refused_with(&[119]),
        }
    }
    let other = json!({"where": {"s": "x", "objectId": {"$exists": true}}});
    public.find("Gettable", &other).is_refused_with(&[119]);
}
