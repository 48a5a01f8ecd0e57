//! Algorithmic denial of service: whatever is asked, the answer comes, and the server lives. Nothing here looks at a
//! clock; what takes exponential time does not end before the client gives up.

use serde_json::{Value, json};

use crate::support::{Caller, TestServer};

const FIELDS: [&str; 9] = ["s", "n", "b", "d", "o", "a", "g", "p", "o.k"];

fn server() -> TestServer {
    let server = TestServer::start();
    let fields = json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "b": {"type": "Boolean"}, "d": {"type": "Date"},
        "o": {"type": "Object"}, "a": {"type": "Array"}, "g": {"type": "GeoPoint"},
        "p": {"type": "Pointer", "targetClass": "Load"}, "y": {"type": "Polygon"},
    });
    server.class("Load", &fields);
    let values = json!({
        "s": "a".repeat(5_000), "n": 1, "b": true, "o": {"k": "v"}, "a": ["a".repeat(5_000), 1],
        "g": {"__type": "GeoPoint", "latitude": 1, "longitude": 1},
    });
    server.master().create("Load", &values);
    server
}

fn find(caller: &Caller, filter: &Value) {
    caller.find_by_post("Load", &json!({"where": filter}));
}

#[test]
fn nested_json() {
    let server = server();
    for (open, close) in [("[", "]"), ("{\"k\":", "}"), ("[{\"k\":", "}]"), ("[", "")] {
        for depth in [100, 200, 10_000, 200_000] {
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for body in [
                value.clone(),
                format!("{{\"o\":{{\"v\":{value}}}}}"),
                format!("{{\"_method\":\"GET\",\"where\":{{\"o\":{value}}}}}"),
                format!(
                    "{{\"requests\":[{{\"method\":\"POST\",\"path\":\"/parse/classes/Load\",\"body\":{value}}}]}}"
                ),
            ] {
                let answer =
                    server.public().send("POST", "/parse/classes/Load", Some(body.as_bytes()));
                assert!(answer.is_refusal() || depth == 100, "{answer}");
                server.public().send("POST", "/parse/batch", Some(body.as_bytes()));
            }
            let variables = format!(
                "{{\"query\":\"query($o: Object) {{ health }}\",\"variables\":{{\"o\":{value}}}}}"
            );
            server.public().send("POST", "/graphql", Some(variables.as_bytes()));
        }
        let deep = format!("{}1{}", open.repeat(2_000), close.repeat(2_000));
        server.public().find("Load", &json!({"where": deep})).is_refused();
    }
}

#[test]
fn nested_conditions() {
    let server = server();
    for operator in ["$or", "$and", "$nor"] {
        let filter =
            (0..50).fold(json!({"s": "x"}), |inner, _| json!({operator: [inner, {"n": 1}]}));
        find(&server.public(), &filter);
        find(&server.master(), &filter);
    }
    let filter = (0..100).fold(json!({"$gt": "x"}), |inner, _| json!({"$not": inner}));
    for field in FIELDS {
        find(&server.public(), &json!({field: filter}));
        find(&server.master(), &json!({field: filter}));
    }
}

#[test]
fn wide_conditions() {
    let server = server();
    for operator in ["$or", "$and", "$nor"] {
        for field in FIELDS {
            let parts: Vec<Value> = (0..1_500).map(|at| json!({field: {"$ne": at}})).collect();
            find(&server.public(), &json!({operator: parts}));
        }
        let parts: Vec<Value> = (0..33_000).map(|at| json!({"n": at})).collect();
        find(&server.public(), &json!({operator: parts}));
    }
    let many: serde_json::Map<String, Value> =
        (0..2_000).map(|at| (format!("o.k{at}"), json!(at))).collect();
    find(&server.public(), &Value::Object(many));
}

#[test]
fn long_lists() {
    let server = server();
    let values: [fn(usize) -> Value; 6] = [
        |at| json!(format!("v{at}")),
        |at| json!(at),
        |at| json!(at % 2 == 0),
        |_| json!({"__type": "GeoPoint", "latitude": 1, "longitude": 2}),
        |at| json!({"__type": "Pointer", "className": "Load", "objectId": format!("o{at}")}),
        |_| json!({"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"}),
    ];
    let public = server.public();
    for value in values {
        let list: Vec<Value> = (0..2_000).map(value).collect();
        for field in FIELDS {
            for operator in ["$in", "$nin", "$all", "$containedBy"] {
                find(&public, &json!({field: {operator: list}}));
            }
        }
        // As many as 32,766 values can be bound to a statement of SQLite.
        let list: Vec<Value> = (0..33_000).map(value).collect();
        for field in ["s", "n", "b", "a"] {
            find(&public, &json!({field: {"$in": list}}));
        }
    }
    let ids: Vec<Value> = (0..100_000).map(|at| json!(format!("id{at}"))).collect();
    find(&public, &json!({"objectId": {"$in": ids}}));
}

#[test]
fn catastrophic_patterns() {
    let server = server();
    for pattern in [
        "^(a+)+$!",
        "^(a|a)*$!",
        "^(a*)*b",
        "(a|aa)+$!",
        "^([a-zA-Z]+)*!",
        "(.*)*(.*)*(.*)*!",
        "^(a?){50}a{50}!",
        "(x+x+)+y",
    ] {
        for field in ["s", "a", "o.k", "n"] {
            server.public().find("Load", &json!({"where": {field: {"$regex": pattern}}})).is(200);
            server
                .public()
                .find("Load", &json!({"where": {field: {"$regex": pattern, "$options": "imsx"}}}))
                .is(200);
        }
        let query = "query($r: String) { loads(where: {s: {matchesRegex: $r}}) { count } }";
        server.public().graphql_with(query, &json!({"r": pattern})).data("/loads/count");
    }
    let (long, open) = ("a".repeat(100_000), "(".repeat(10_000));
    for pattern in [
        "(a{1000}){1000}",
        "((a{100}){100}){100}",
        "\\1",
        "(?=a)",
        "[",
        &long,
        &open,
        "\\p{Foo}",
        "(?P<",
    ] {
        server
            .public()
            .find_by_post("Load", &json!({"where": {"s": {"$regex": pattern}}}))
            .is_refused();
    }
}

#[test]
fn long_orders_keys_and_includes() {
    let server = server();
    for names in [vec!["s"; 5_000], vec!["o.k"; 5_000], vec!["-n"; 20_000], vec!["p"; 20_000]] {
        let names = names.join(",");
        for parameter in ["order", "keys", "excludeKeys", "include"] {
            for caller in [server.public(), server.master()] {
                caller.find_by_post("Load", &json!({parameter: names}));
            }
        }
    }
    let deep = vec!["p"; 20_000].join(".");
    for parameter in ["order", "keys", "excludeKeys", "include"] {
        server.public().find_by_post("Load", &json!({parameter: deep}));
        server.master().find_by_post("Load", &json!({parameter: deep.replace('p', "o")}));
    }
}

#[test]
fn long_dotted_keys() {
    let server = server();
    let id = server.public().create("Load", &json!({"o": {"k": 1}}));
    let path = format!("/classes/Load/{id}");
    for depth in [50, 500, 5_000, 50_000] {
        let key = format!("o{}", ".k".repeat(depth));
        for value in
            [json!(1), json!({"__op": "Increment", "amount": 1}), json!({"__op": "Delete"})]
        {
            server.public().put(&path, &json!({&key: value}));
            // What is stored stays JSON that clients can read; they stop at some depth.
            assert_eq!(server.public().get(&path).is(200).json()["objectId"], json!(id));
        }
        find(&server.public(), &json!({&key: 1}));
        find(&server.master(), &json!({&key: {"$exists": true}}));
        server.master().ask("/aggregate/Load", &json!({"distinct": &key[..key.len() % 8_000]}));
    }
}

#[test]
fn an_object_with_thousands_of_new_fields() {
    let server = server();
    for count in [500, 5_000] {
        let fields: serde_json::Map<String, Value> =
            (0..count).map(|at| (format!("f{count}x{at}"), json!(at))).collect();
        server.public().post("/classes/Wide", &Value::Object(fields));
    }
    server.public().create("Wide", &json!({"s": "x"}));
    server.public().get("/classes/Wide").is(200);
    server.public().create("Load", &json!({"s": "x"}));
}

#[test]
fn long_texts() {
    let server = server();
    let long = "word ".repeat(200_000);
    let id = server.public().create("Load", &json!({"s": long}));
    assert_eq!(
        server.public().get(&format!("/classes/Load/{id}")).is(200).json()["s"],
        json!(long)
    );
    find(&server.public(), &json!({"s": {"$text": {"$search": {"$term": long}}}}));
    find(&server.public(), &json!({"s": {"$gt": long}}));
    server.public().find_by_post("Load", &json!({"where": {"s": {"$in": [long]}}, "order": "s"}));
    server.public().post("/classes/Load", &json!({"z".repeat(100_000): 1})).is_refused();
    server.public().post(&format!("/classes/{}", "C".repeat(5_000)), &json!({"a": 1})).is_refused();
    server.public().get(&format!("/classes/Load/{}", "i".repeat(10_000))).is_refused_with(&[101]);
}

#[test]
fn large_shapes() {
    let server = server();
    let points: Vec<Value> =
        (0..4_000).map(|at| json!([f64::from(at) / 300.0, f64::from(at % 7)])).collect();
    let polygon = json!({"__type": "Polygon", "coordinates": points});
    server.public().post("/classes/Load", &json!({"y": polygon}));
    find(&server.public(), &json!({"g": {"$geoWithin": {"$polygon": polygon}}}));
    find(
        &server.public(),
        &json!({"y": {"$geoIntersects": {"$point": {"__type": "GeoPoint", "latitude": 1, "longitude": 1}}}}),
    );
}

#[test]
fn long_pipelines() {
    let server = server();
    let master = server.master();
    let stages =
        |stage: Value, count: usize| json!({"_method": "GET", "pipeline": vec![stage; count]});
    for stage in [
        json!({"$match": {"n": 1}}),
        json!({"$project": {"n": 1, "s": 1}}),
        json!({"$sort": {"n": 1}}),
        json!({"$limit": 5}),
        json!({"$group": {"_id": "$n"}}),
        json!({"$unwind": "$a"}),
    ] {
        for count in [20, 2_000] {
            master.post("/aggregate/Load", &stages(stage.clone(), count));
        }
    }
}

#[test]
fn endless_heads() {
    let server = server();
    let long = "x".repeat(60_000);
    server.public().get(&format!("/classes/{long}"));
    server.public().get(&format!("/classes/{long}/{long}")).is_refused();
    let many: Vec<String> = (0..500).map(|at| format!("X-Header-{at}: {at}\r\n")).collect();
    for head in [format!("X-Long: {}\r\n", "y".repeat(1_000_000)), many.concat()] {
        let message = format!("GET /parse/health HTTP/1.1\r\nHost: x\r\n{head}\r\n");
        // The server may close the connection in place of an answer.
        if let Ok(answer) = server.nobody().try_send_all(message.as_bytes()) {
            assert!(answer.status < 500, "{answer}");
        }
        server.nobody().get("/health").is(200);
    }
}
