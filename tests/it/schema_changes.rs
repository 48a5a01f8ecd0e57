//! Classes that change while others use them.

use serde_json::{Value, json};

use crate::support::{TestServer, together};

const THREADS: usize = 8;

fn fields_of(server: &TestServer, class: &str) -> serde_json::Map<String, Value> {
    server.master().get(&format!("/schemas/{class}")).is(200).json()["fields"]
        .as_object()
        .expect("fields")
        .clone()
}

#[test]
fn fields_made_at_the_same_time_are_all_there() {
    const ROUNDS: usize = 6;
    let server = TestServer::start();
    let created = together(THREADS, |number| {
        let caller = server.public();
        (0..ROUNDS)
            .map(|round| {
                let own = format!("own{number}x{round}");
                let id =
                    caller.create("Shared", &json!({&own: number, format!("common{round}"): "x"}));
                (id, own, number)
            })
            .collect::<Vec<_>>()
    });
    let fields = fields_of(&server, "Shared");
    for (id, own, number) in created.into_iter().flatten() {
        assert_eq!(fields[&own], json!({"type": "Number"}));
        assert_eq!(
            server.public().get(&format!("/classes/Shared/{id}")).is(200).json()[&own],
            json!(number)
        );
    }
    assert_eq!(fields.keys().filter(|name| name.starts_with("common")).count(), ROUNDS);
}

#[test]
fn a_class_made_by_all_at_once_is_one_class() {
    let server = TestServer::start();
    for round in 0..5 {
        together(THREADS, |number| {
            server.public().create(&format!("Race{round}"), &json!({"n": number}))
        });
        let found = server.public().get(&format!("/classes/Race{round}")).is(200);
        assert_eq!(found.results().len(), THREADS);
    }
    let classes = server.master().get("/schemas").results();
    assert_eq!(
        classes
            .iter()
            .filter(|class| class["className"].as_str().unwrap().starts_with("Race"))
            .count(),
        5
    );
}

#[test]
fn the_first_type_of_a_field_holds() {
    let server = TestServer::start();
    server.class("Typed", &json!({}));
    let answers = together(THREADS, |number| {
        let value = if number % 2 == 0 { json!(1) } else { json!("text") };
        server.public().post("/classes/Typed", &json!({"x": value}))
    });
    let kind = fields_of(&server, "Typed")["x"]["type"].clone();
    for (number, answer) in answers.into_iter().enumerate() {
        let own = if number % 2 == 0 { "Number" } else { "String" };
        match kind == own {
            true => assert_eq!(answer.status, 201, "{answer}"),
            false => answer.is_refused_with(&[111]),
        }
    }
    assert_eq!(server.public().get("/classes/Typed").results().len(), THREADS / 2);
}

#[test]
fn only_one_of_many_makes_a_class_by_the_schema_route() {
    let server = TestServer::start();
    let answers = together(THREADS, |_| {
        server.master().post("/schemas/Single", &json!({"fields": {"s": {"type": "String"}}}))
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    answers
        .into_iter()
        .filter(|answer| answer.status != 200)
        .for_each(|answer| answer.is_refused_with(&[103]));
}

#[test]
fn a_class_is_usable_in_the_next_request() {
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    for at in 0..10 {
        let create = format!(
            "mutation {{ createClass(input: {{name: \"Made{at}\", schemaFields: {{addStrings: [{{name: \"s\"}}]}}}}) {{ class {{ name }} }} }}"
        );
        master.graphql(&create).data("/createClass/class/name");
        let add = format!(
            "mutation {{ createMade{at}(input: {{fields: {{s: \"x\"}}}}) {{ made{at} {{ s }} }} }}"
        );
        assert_eq!(public.graphql(&add).data(&format!("/createMade{at}/made{at}/s")), "x");
        let update = format!(
            "mutation {{ updateClass(input: {{name: \"Made{at}\", schemaFields: {{addNumbers: [{{name: \"n\"}}], remove: [{{name: \"s\"}}]}}}}) {{ class {{ name }} }} }}"
        );
        master.graphql(&update).data("/updateClass/class/name");
        assert_eq!(
            public
                .graphql(&format!("{{ made{at}s {{ edges {{ node {{ n }} }} }} }}"))
                .data(&format!("/made{at}s/edges/0/node/n")),
            Value::Null
        );
        public
            .graphql(&format!("{{ made{at}s {{ edges {{ node {{ s }} }} }} }}"))
            .is(400)
            .is_refused();
    }
}

#[test]
fn what_rest_makes_graphql_has_in_the_next_request() {
    let server = TestServer::start();
    let public = server.public();
    for at in 0..10 {
        server.class(&format!("Rest{at}"), &json!({"s": {"type": "String"}}));
        assert_eq!(
            public
                .graphql(&format!("{{ rest{at}s(where: {{s: {{equalTo: \"x\"}}}}) {{ count }} }}"))
                .data(&format!("/rest{at}s/count")),
            0
        );
        public.create(&format!("Rest{at}"), &json!({"added": 1}));
        let found = public.graphql(&format!(
            "{{ rest{at}s(where: {{added: {{equalTo: 1}}}}) {{ edges {{ node {{ added }} }} }} }}"
        ));
        assert_eq!(found.data(&format!("/rest{at}s/edges/0/node/added")), 1);
        public.create(&format!("Client{at}"), &json!({"s": "x"}));
        assert_eq!(
            public
                .graphql(&format!("{{ client{at}s {{ count }} }}"))
                .data(&format!("/client{at}s/count")),
            1
        );
    }
}

#[test]
fn a_class_that_is_gone_can_come_back_as_another() {
    let server = TestServer::start();
    let master = server.master();
    for kind in ["String", "Number", "Array", "GeoPoint", "Relation", "String"] {
        server.class(
            "Phoenix",
            &json!({"x": {"type": kind, "targetClass": "Phoenix"}, kind: {"type": "Boolean"}}),
        );
        assert_eq!(master.graphql("{ phoenixes { count } }").data("/phoenixes/count"), 0);
        let fields = if kind == "String" { json!({"x": "text"}) } else { json!({kind: true}) };
        let id = master.create("Phoenix", &fields);
        master.delete("/schemas/Phoenix").is_refused_with(&[255]);
        master.delete(&format!("/classes/Phoenix/{id}")).is(200);
        master.delete("/schemas/Phoenix").is(200);
        master.get("/schemas/Phoenix").is_refused_with(&[103]);
        master.graphql("{ phoenixes { count } }").is(400).is_refused();
    }
}

#[test]
fn names_that_differ_in_case_only_do_not_mix() {
    let server = TestServer::start();
    let public = server.public();
    public.create("Doc", &json!({"s": "first"}));
    for class in ["doc", "DOC"] {
        // A server that can not tell them apart says so.
        let other = public.post(&format!("/classes/{class}"), &json!({"s": class}));
        assert!(other.status == 201 || other.code() == Some(103), "{other}");
    }
    for fields in
        [json!({"S": 1}), json!({"OBJECTID": "x"}), json!({"Acl": "y"}), json!({"CreatedAt": 1})]
    {
        let other = public.post("/classes/Doc", &fields);
        assert!(other.status == 201 || other.code() == Some(105), "{other}");
    }
    let together = public.post("/classes/Fresh", &json!({"s": "first", "S": 2}));
    assert!(together.status == 201 || together.code() == Some(105), "{together}");
    let found = public.find("Doc", &json!({"where": {"s": {"$exists": true}}})).is(200);
    assert_eq!(found.each("s"), ["first"]);
    let indexes = json!({"indexes": {"words": {"s": 1}, "WORDS": {"s": -1}}});
    server.master().put("/schemas/Doc", &indexes);
    server.class("Other", &json!({"s": {"type": "String"}}));
    server.master().put("/schemas/Other", &json!({"indexes": {"words": {"s": 1}}})).is(200);
}

#[test]
fn names_that_the_database_uses_itself() {
    let server = TestServer::start();
    let public = server.public();
    for name in ["sqlite_master", "sqlite_x", "SQLITE_SEQUENCE"] {
        let made = public.post(&format!("/classes/{name}"), &json!({"a": 1}));
        assert!(made.status == 201 || made.code() == Some(103), "{made}");
    }
    for name in
        ["select", "table", "rowid", "group", "order", "index", "main", "temp", "pragma_table_info"]
    {
        public.create(
            name,
            &json!({name: "x", "rowid": "y", "oid": 1, "seq": 2, "rank": 3, "value": 4, "key": 5}),
        );
        let asked =
            json!({"where": {name: {"$exists": true}, "rank": 3}, "order": "rowid,-oid,value"});
        let found = public.find(name, &asked).results();
        assert_eq!((found.len(), &found[0]["oid"]), (1, &json!(1)), "{name}");
        server
            .master()
            .put(&format!("/schemas/{name}"), &json!({"indexes": {name: {name: 1}}}))
            .is(200);
        server.master().delete(&format!("/purge/{name}")).is(200);
        server.master().delete(&format!("/schemas/{name}")).is(200);
    }
}

#[test]
fn a_deleted_field_forgets_its_values() {
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    let id = public.create("Doc", &json!({"x": "old", "y": 1}));
    master.put("/schemas/Doc", &json!({"fields": {"x": {"__op": "Delete"}}})).is(200);
    assert_eq!(public.get(&format!("/classes/Doc/{id}")).json().get("x"), None);
    public.create("Doc", &json!({"x": 5}));
    assert_eq!(fields_of(&server, "Doc")["x"], json!({"type": "Number"}));
    assert_eq!(public.get(&format!("/classes/Doc/{id}")).json().get("x"), None);
}

#[test]
fn readers_do_not_notice() {
    const CHANGES: usize = 40;
    let server = TestServer::start();
    let id = server.public().create("Stable", &json!({"s": "x", "n": 1}));
    together(THREADS, |number| {
        if number == 0 {
            let master = server.master();
            for change in 0..CHANGES {
                server.class(&format!("Moving{change}"), &json!({"s": {"type": "String"}}));
                master
                    .put(
                        "/schemas/Stable",
                        &json!({"fields": {format!("f{change}"): {"type": "String"}}}),
                    )
                    .is(200);
                master
                    .put(
                        "/schemas/Stable",
                        &json!({"fields": {format!("f{change}"): {"__op": "Delete"}}}),
                    )
                    .is(200);
                master.delete(&format!("/schemas/Moving{change}")).is(200);
            }
            return;
        }
        let caller = server.public();
        for _ in 0..2 * CHANGES {
            let found = caller.get("/classes/Stable?order=n&count=1").is(200);
            assert_eq!(
                (found.each("s"), found.json()["count"].clone()),
                (vec![json!("x")], json!(1))
            );
            assert_eq!(caller.get(&format!("/classes/Stable/{id}")).is(200).json()["n"], 1);
            assert_eq!(
                caller
                    .graphql("{ stables { edges { node { s } } } }")
                    .data("/stables/edges/0/node/s"),
                "x"
            );
            caller.put(&format!("/classes/Stable/{id}"), &json!({"n": 1})).is(200);
        }
    });
}

#[test]
fn five_hundred_classes() {
    const CLASSES: usize = 500;
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    for first in (0..CLASSES).step_by(100) {
        let entries = (first..first + 100).map(|at| {
            let fields = json!({"s": {"type": "String"}, "p": {"type": "Pointer", "targetClass": format!("Many{}", at / 2)}});
            json!({"method": "POST", "path": format!("/parse/schemas/Many{at}"), "body": {"fields": fields}})
        });
        let answers =
            master.post("/batch", &json!({"requests": entries.collect::<Vec<_>>()})).is(200).json();
        assert!(
            answers.as_array().unwrap().iter().all(|answer| answer.get("success").is_some()),
            "{answers}"
        );
    }
    let classes = master.get("/schemas").is(200).results();
    assert_eq!(
        classes
            .iter()
            .filter(|class| class["className"].as_str().unwrap().starts_with("Many"))
            .count(),
        CLASSES
    );
    assert_eq!(public.graphql("{ many499s { count } }").data("/many499s/count"), 0);
    let id = public.create("Many499", &json!({"s": "x"}));
    assert_eq!(server.statements_of(|| public.get(&format!("/classes/Many499/{id}")).is(200)), 1);
    assert_eq!(
        public
            .graphql("{ many499s { edges { node { s p { id } } } } }")
            .data("/many499s/edges/0/node/s"),
        "x"
    );
}

#[test]
fn nobody_changes_a_class_by_changing_what_he_may_not_change() {
    let server = TestServer::start();
    let master = server.master();
    let closed = master.create("Doc", &json!({"ACL": {}}));
    let open = master.create("Doc", &json!({}));
    let put = |id: &str, name: &str| {
        server.public().put(&format!("/classes/Doc/{id}"), &json!({name: 1}))
    };
    put(&closed, "first").is_refused_with(&[101]);
    put("nothing", "second").is_refused_with(&[101]);
    put(&open, "third").is(200);
    let batch = |path: String, name: &str| {
        let entry = json!({"method": "PUT", "path": path, "body": {name: 1}});
        server.public().post("/batch", &json!({"requests": [entry], "transaction": true}))
    };
    batch(format!("/parse/classes/Doc/{closed}"), "fourth").is_refused_with(&[101]);
    batch("/parse/users/somebody".to_owned(), "fifth").is_refused_with(&[206]);
    assert!(!fields_of(&server, "_User").contains_key("fifth"));
    let fields = fields_of(&server, "Doc");
    for name in ["first", "second", "fourth"] {
        assert!(!fields.contains_key(name), "{fields:?}");
    }
    assert!(fields.contains_key("third"), "{fields:?}");
}
