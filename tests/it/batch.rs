//! Several requests in one, with and without a transaction.

use serde_json::{Value, json};

use crate::support::{Answer, Caller, TestServer, together};

fn entry(method: &str, path: &str, body: &Value) -> Value {
    json!({"method": method, "path": format!("/parse{path}"), "body": body})
}

fn create(class: &str, body: &Value) -> Value {
    entry("POST", &format!("/classes/{class}"), body)
}

fn batch(caller: &Caller, requests: &[Value]) -> Vec<Value> {
    let answers = caller.post("/batch", &json!({"requests": requests})).is(200).json();
    answers.as_array().expect("a list of answers").clone()
}

fn transaction(caller: &Caller, requests: &[Value]) -> Answer {
    caller.post("/batch", &json!({"requests": requests, "transaction": true}))
}

fn count(server: &TestServer, class: &str) -> Value {
    server.master().get(&format!("/classes/{class}?count=1&limit=0")).is(200).json()["count"]
        .clone()
}

#[test]
fn entries_answer_in_their_order_and_fail_alone() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    let public = server.public();
    server.class("Doc", &json!({"n": {"type": "Number"}}));
    let answers = batch(
        &public,
        &[
            create("Doc", &json!({"objectId": "one", "n": 1})),
            create("Doc", &json!({"objectId": "two", "n": "text"})),
            entry("GET", "/classes/Doc/nope", &json!({})),
            create("Doc", &json!({"objectId": "three", "n": 3})),
            entry("GET", "/classes/Nope?", &json!({})),
            create("bad-name", &json!({})),
        ],
    );
    let codes: Vec<Option<i64>> =
        answers.iter().map(|answer| answer["error"]["code"].as_i64()).collect();
    assert_eq!((codes[0], codes[1], codes[2], codes[3]), (None, Some(111), Some(101), None));
    assert_eq!(answers[0]["success"]["objectId"], "one");
    assert_eq!(answers[3]["success"]["objectId"], "three");
    assert_eq!(count(&server, "Doc"), 2);
}

#[test]
fn a_transaction_commits_all() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    let public = server.public();
    public.create("Doc", &json!({"objectId": "old", "n": 1}));
    let answer = transaction(
        &public,
        &[
            create("Doc", &json!({"objectId": "new", "n": 5, "fresh": "field"})),
            entry("PUT", "/classes/Doc/new", &json!({"n": {"__op": "Increment", "amount": 2}})),
            entry("GET", "/classes/Doc/new", &json!({})),
            entry("DELETE", "/classes/Doc/old", &json!({})),
            create("Other", &json!({"s": "x"})),
        ],
    );
    let json = answer.is(200).json();
    assert_eq!(json[1]["success"]["n"], 7);
    assert_eq!(json[2]["success"]["n"], 7, "it sees its own writes");
    assert_eq!((count(&server, "Doc"), count(&server, "Other")), (json!(1), json!(1)));
}

#[test]
fn a_transaction_that_fails_leaves_nothing_and_says_why() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    let public = server.public();
    server.class("Doc", &json!({"n": {"type": "Number"}}));
    server.class_with("Closed", &json!({}), &json!({"create": {}}));
    public.create("Doc", &json!({"objectId": "old", "n": 1}));
    let good = create("Doc", &json!({"objectId": "new", "n": 2}));
    for (bad, code) in [
        (create("Doc", &json!({"n": "text"})), 111),
        (create("Doc", &json!({"objectId": "old"})), 137),
        (create("Closed", &json!({})), 119),
        (create("_Hooks", &json!({})), 119),
        (entry("PUT", "/classes/Doc/nope", &json!({"n": 3})), 101),
        (entry("DELETE", "/classes/Doc/nope", &json!({})), 101),
        (create("Doc", &json!({"bad-name": 1})), 105),
        (create("Doc", &json!({"constructor": 1})), 105),
    ] {
        let update = entry("PUT", "/classes/Doc/old", &json!({"n": 100}));
        transaction(&public, &[good.clone(), update.clone(), bad.clone()]).is_refused_with(&[code]);
        transaction(&public, &[bad, good.clone(), update]).is_refused_with(&[code]);
        assert_eq!(count(&server, "Doc"), 1);
        assert_eq!(public.get("/classes/Doc/old").json()["n"], 1);
    }
    transaction(&public, &[good]).is(200);
}

#[test]
fn a_transaction_that_is_refused_makes_no_fields() {
    let server = TestServer::start();
    let closed = json!({"create": {}, "update": {}, "addField": {"*": true}, "find": {"*": true}, "get": {"*": true}});
    server.class_with("Closed", &json!({}), &closed);
    let public = server.public();
    transaction(&public, &[create("Closed", &json!({"sneaked": 1}))]).is_refused_with(&[119]);
    transaction(&public, &[entry("PUT", "/classes/Closed/x", &json!({"sneaked": 1}))])
        .is_refused_with(&[119]);
    transaction(&public, &[entry("PUT", "/classes/Nowhere/x", &json!({"sneaked": 1}))])
        .is_refused_with(&[101]);
    let fields = server.master().get("/schemas/Closed").json()["fields"].clone();
    assert_eq!(fields.get("sneaked"), None, "{fields}");
    server.master().get("/schemas/Nowhere").is_refused_with(&[103]);
}

#[test]
fn a_transaction_with_changes_of_classes_is_done_or_refused_as_a_whole() {
    let server = TestServer::start();
    server.class("Doc", &json!({"n": {"type": "Number"}}));
    let master = server.master();
    master.create("Doc", &json!({"n": 1}));
    let state = || [master.get("/schemas").json(), master.get("/classes/Doc").json()];
    for change in [
        entry("POST", "/schemas/Inside", &json!({})),
        entry("PUT", "/schemas/Doc", &json!({"fields": {"x": {"type": "String"}}})),
        entry("PUT", "/schemas/Doc", &json!({"classLevelPermissions": {"find": {}}})),
        entry("DELETE", "/schemas/Doc", &json!({})),
        entry("DELETE", "/purge/Doc", &json!({})),
    ] {
        let before = state();
        let answer = transaction(&master, &[create("Doc", &json!({"n": 5})), change]);
        assert_ne!(answer.code(), Some(124), "it waits for itself: {answer}");
        if answer.is_refusal() {
            assert_eq!(state(), before, "{answer}");
        }
    }
    transaction(&master, &[entry("GET", "/aggregate/Doc", &json!({"distinct": "n"}))]).is(200);
}

#[test]
fn transactions_at_the_same_time_do_not_mix() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    for id in ["left", "right"] {
        server.public().create("Sum", &json!({"objectId": id, "n": 0}));
    }
    together(8, |number| {
        let public = server.public();
        let add = |id: &str| {
            entry(
                "PUT",
                &format!("/classes/Sum/{id}"),
                &json!({"n": {"__op": "Increment", "amount": 1}}),
            )
        };
        for round in 0..10 {
            let mut requests = vec![add("left"), add("right")];
            let fails = (number + round) % 2 == 0;
            if fails {
                requests.push(entry("DELETE", "/classes/Sum/nope", &json!({})));
            }
            assert_eq!(transaction(&public, &requests).is_refusal(), fails);
        }
    });
    for id in ["left", "right"] {
        assert_eq!(server.public().get(&format!("/classes/Sum/{id}")).json()["n"], 40);
    }
}

#[test]
fn increments_at_the_same_time_all_count() {
    let server = TestServer::start();
    let id = server.public().create("Sum", &json!({"n": 0, "o": {"k": 0}, "l": []}));
    let path = format!("/classes/Sum/{id}");
    let mut seen: Vec<i64> = together(20, |number| {
        let increment = json!({"__op": "Increment", "amount": 1});
        let change = json!({"n": increment, "o.k": increment, "l": {"__op": "AddUnique", "objects": [number]}});
        server.public().put(&path, &change).is(200).json()["n"].as_i64().expect("a number")
    });
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<i64>>(), "every one got a value of its own");
    let stored = server.public().get(&path).json();
    assert_eq!(
        (&stored["n"], &stored["o"]["k"], stored["l"].as_array().unwrap().len()),
        (&json!(20), &json!(20), 20)
    );
}

#[test]
fn increments_of_one_batch_all_count() {
    let server = TestServer::start();
    let id = server.public().create("Sum", &json!({"n": 0}));
    let requests = vec![
        entry(
            "PUT",
            &format!("/classes/Sum/{id}"),
            &json!({"n": {"__op": "Increment", "amount": 2}})
        );
        20
    ];
    let answers = batch(&server.public(), &requests);
    assert!(answers.iter().all(|answer| answer["success"]["updatedAt"].is_string()));
    assert_eq!(server.public().get(&format!("/classes/Sum/{id}")).json()["n"], 40);
}

#[test]
fn an_id_is_taken_once() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    server.class("Doc", &json!({"n": {"type": "Number"}}));
    let answers = together(12, |number| {
        server.public().post("/classes/Doc", &json!({"objectId": "mine", "n": number}))
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    answers
        .into_iter()
        .filter(|answer| answer.status != 201)
        .for_each(|answer| answer.is_refused_with(&[137]));
    let answers = batch(&server.public(), &vec![create("Doc", &json!({"objectId": "ours"})); 3]);
    assert_eq!(answers.iter().filter(|answer| answer.get("success").is_some()).count(), 1);
    let renamed = server.public().put("/classes/Doc/ours", &json!({"objectId": "mine"}));
    renamed.is_refused_with(&[137]);
}
