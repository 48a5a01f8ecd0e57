//! SQL injection through identifiers: no text of a client becomes part of a statement.

use serde_json::{Value, json};

use crate::support::{Caller, TestServer, percent_encode, pointer, private};

const PAYLOADS: [&str; 16] = [
    "x'; DROP TABLE \"Victim\"; --",
    "x\"; DROP TABLE \"Victim\"; --",
    "x`; DELETE FROM Victim; --",
    "x'; UPDATE Victim SET s='owned' --",
    "s\" = 's' OR \"1\"=\"1",
    "s') OR ('1'='1",
    "s] OR 1=1; --",
    "x; SELECT * FROM sqlite_master",
    "(SELECT s FROM Victim LIMIT 1)",
    "s--",
    "s/**/",
    "1 OR 1=1",
    "s\\",
    "s\u{0}",
    "o.\"_rperm\"",
    "$[0]'\"",
];

/// A class with a public and a private object, which must look the same at the end of a test.
struct Victim {
    server: TestServer,
    id: String,
    before: Value,
}

impl Victim {
    fn new() -> Self {
        let server = TestServer::start();
        let fields = json!({
            "s": {"type": "String"}, "n": {"type": "Number"}, "o": {"type": "Object"}, "a": {"type": "Array"},
            "p": {"type": "Pointer", "targetClass": "Victim"}, "r": {"type": "Relation", "targetClass": "Victim"},
        });
        server.class("Victim", &fields);
        let master = server.master();
        let id =
            master.create("Victim", &json!({"s": "public", "n": 1, "o": {"k": 1}, "a": ["x"]}));
        master.create(
            "Victim",
            &json!({"s": "private", "n": 2, "p": pointer("Victim", &id), "ACL": private()}),
        );
        let before = Self::state(&server);
        Self { server, id, before }
    }

    fn state(server: &TestServer) -> Value {
        let master = server.master();
        let objects = master.get("/classes/Victim?order=n").is(200).results();
        json!([objects, master.get("/schemas").is(200).results()])
    }

    fn public(&self) -> Caller {
        self.server.public()
    }

    fn path(&self) -> String {
        format!("/classes/Victim/{}", self.id)
    }

    fn is_intact(&self) {
        assert_eq!(Self::state(&self.server), self.before);
    }
}

#[test]
fn field_names_in_writes() {
    let victim = Victim::new();
    let (public, master) = (victim.public(), victim.server.master());
    for payload in PAYLOADS.iter().copied().filter(|payload| !payload.contains('.')) {
        for value in
            [json!(1), json!({"__op": "Increment", "amount": 1}), json!({"__op": "Delete"})]
        {
            public.post("/classes/Victim", &json!({payload: value})).is_refused();
            public.put(&victim.path(), &json!({payload: value})).is_refused();
            master.put(&victim.path(), &json!({payload: value})).is_refused();
        }
    }
    victim.is_intact();
}

#[test]
fn dotted_keys_in_writes_stay_inside_their_field() {
    let victim = Victim::new();
    let public = victim.public();
    for payload in PAYLOADS.iter().filter(|payload| !payload.contains('.')) {
        let key = format!("o.{payload}");
        for value in
            [json!("v"), json!({"__op": "Increment", "amount": 1}), json!({"__op": "Delete"})]
        {
            public.put(&victim.path(), &json!({&key: value}));
        }
    }
    public.put(&victim.path(), &json!({"o": {"k": 1}})).is(200);
    let ignoring_time = |mut state: Value| {
        for object in state[0].as_array_mut().unwrap() {
            object["updatedAt"] = Value::Null;
        }
        state
    };
    assert_eq!(ignoring_time(Victim::state(&victim.server)), ignoring_time(victim.before.clone()));
}

#[test]
fn keys_of_where() {
    let victim = Victim::new();
    for payload in PAYLOADS {
        for key in [
            payload.to_owned(),
            format!("o.{payload}"),
            format!("a.{payload}"),
            format!("o.k.{payload}.k"),
        ] {
            for value in [
                json!(1),
                json!("s"),
                json!({"$gt": 0}),
                json!({"$exists": false}),
                json!({"$in": [1, "s"]}),
            ] {
                let filter = json!({"where": {&key: value}});
                victim.public().find("Victim", &filter).hides("private");
                victim.server.master().find("Victim", &filter);
            }
        }
    }
    victim.is_intact();
}

#[test]
fn values_of_where() {
    let victim = Victim::new();
    for payload in PAYLOADS {
        for value in [
            json!(payload),
            json!({"$ne": payload}),
            json!({"$in": [payload]}),
            json!({"$regex": format!("\\Q{payload}\\E")}),
            json!({"$text": {"$search": {"$term": payload}}}),
            json!({"$all": [payload]}),
            json!({"$select": {"query": {"className": "Victim", "where": {"s": payload}}, "key": payload}}),
        ] {
            for field in ["s", "o.k", "a", "objectId", "p", "n"] {
                victim.public().find("Victim", &json!({"where": {field: value}})).hides("private");
            }
        }
    }
    victim.is_intact();
}

#[test]
fn text_searches_are_words_and_not_a_language() {
    let victim = Victim::new();
    victim
        .server
        .master()
        .put("/schemas/Victim", &json!({"indexes": {"words": {"s": "text"}}}))
        .is(200);
    for term in [
        "\"",
        "\"public\" OR private",
        "s:private",
        "pri*",
        "NEAR(public private)",
        "^public",
        "-public",
        "(",
        "public AND",
    ] {
        let filter =
            json!({"where": {"s": {"$text": {"$search": {"$term": term}}}}, "order": "$score"});
        victim.public().find("Victim", &filter).is(200).hides("private");
    }
}

#[test]
fn order_keys_and_include() {
    let victim = Victim::new();
    for payload in PAYLOADS {
        for name in [
            payload.to_owned(),
            format!("-{payload}"),
            format!("o.{payload}"),
            format!("s,{payload}"),
            format!("p.{payload}"),
        ] {
            for parameter in [
                "order",
                "keys",
                "excludeKeys",
                "include",
                "hint",
                "comment",
                "redirectClassNameForKey",
            ] {
                victim.public().find("Victim", &json!({parameter: name})).hides("private");
                victim.server.master().find("Victim", &json!({parameter: name}));
            }
            victim
                .public()
                .find("Victim", &json!({"order": name, "count": 1, "limit": 0}))
                .hides("private");
        }
    }
    victim.is_intact();
}

#[test]
fn aggregations() {
    let victim = Victim::new();
    let master = victim.server.master();
    for payload in PAYLOADS {
        let expression = format!("${payload}");
        master.ask("/aggregate/Victim", &json!({"distinct": payload}));
        master.ask("/aggregate/Victim", &json!({"distinct": format!("o.{payload}")}));
        for stage in [
            json!({"$group": {"_id": expression}}),
            json!({"$group": {"_id": null, payload: {"$sum": "$n"}}}),
            json!({"$group": {"_id": null, "total": {"$sum": expression}}}),
            json!({"$group": {"_id": {payload: expression}}}),
            json!({"$match": {payload: 1}}),
            json!({"$match": {format!("o.{payload}"): 1}}),
            json!({"$sort": {payload: 1}}),
            json!({"$project": {payload: 1}}),
            json!({"$project": {"x": expression}}),
            json!({"$unwind": expression}),
            json!({"$count": payload}),
            json!({payload: 1}),
        ] {
            master.ask("/aggregate/Victim", &json!({"pipeline": [stage]}));
        }
    }
    victim.is_intact();
}

#[test]
fn names_in_schemas() {
    let victim = Victim::new();
    let master = victim.server.master();
    for payload in PAYLOADS {
        for change in [
            json!({"fields": {payload: {"type": "String"}}}),
            json!({"fields": {payload: {"__op": "Delete"}}}),
            json!({"fields": {"x": {"type": payload}}}),
            json!({"fields": {"x": {"type": "Pointer", "targetClass": payload}}}),
            json!({"fields": {"x": {"type": "Relation", "targetClass": payload}}}),
            json!({"indexes": {"i": {payload: 1}}}),
            json!({"indexes": {payload: {payload: 1}}}),
            json!({"indexes": {payload: {"__op": "Delete"}}}),
            json!({"classLevelPermissions": {payload: {"*": true}}}),
            json!({"classLevelPermissions": {"protectedFields": {"*": [payload]}}}),
        ] {
            master.put("/schemas/Victim", &change).is_refused();
        }
    }
    victim.is_intact();
}

#[test]
fn names_of_indexes() {
    let victim = Victim::new();
    let master = victim.server.master();
    for payload in PAYLOADS {
        let made = master.put("/schemas/Victim", &json!({"indexes": {payload: {"s": 1, "n": -1}}}));
        if made.status == 200 {
            master.find("Victim", &json!({"where": {"s": "public"}, "hint": payload})).is(200);
            master
                .put("/schemas/Victim", &json!({"indexes": {payload: {"__op": "Delete"}}}))
                .is(200);
        }
    }
    assert_eq!(Victim::state(&victim.server)[0], victim.before[0]);
}

#[test]
fn names_of_classes() {
    let victim = Victim::new();
    let (public, master) = (victim.public(), victim.server.master());
    for payload in PAYLOADS {
        let name = percent_encode(payload);
        for caller in [&public, &master] {
            caller.get(&format!("/classes/{name}")).hides("private");
            caller.get(&format!("/classes/{name}/x")).is_refused();
            caller.post(&format!("/classes/{name}"), &json!({"s": 1})).is_refused();
            caller.put(&format!("/classes/{name}/x"), &json!({"s": 1})).is_refused();
            caller.delete(&format!("/classes/{name}/x")).is_refused();
            caller.get(&format!("/schemas/{name}")).is_refused();
            caller.post(&format!("/schemas/{name}"), &json!({})).is_refused();
            caller.put(&format!("/schemas/{name}"), &json!({})).is_refused();
            caller.delete(&format!("/schemas/{name}")).is_refused();
            caller.ask(&format!("/aggregate/{name}"), &json!({"distinct": "s"})).hides("private");
            caller.delete(&format!("/purge/{name}"));
        }
        let anywhere = pointer(payload, "x");
        public.post("/classes/Victim", &json!({"x": anywhere})).is_refused();
        public
            .post("/classes/Victim", &json!({"x": {"__type": "Relation", "className": payload}}))
            .is_refused();
        for filter in [
            json!({"p": anywhere}),
            json!({"p": {"$inQuery": {"className": payload, "where": {}}}}),
            json!({"$relatedTo": {"object": anywhere, "key": "r"}}),
            json!({"$relatedTo": {"object": pointer("Victim", "x"), "key": payload}}),
        ] {
            public.find("Victim", &json!({"where": filter})).hides("private");
        }
    }
    victim.is_intact();
}

#[test]
fn ids() {
    let victim = Victim::new();
    for payload in PAYLOADS {
        let path = format!("/classes/Victim/{}", percent_encode(payload));
        // There are no such objects; PostgreSQL does not even take an id with NUL.
        let codes = [101, if payload.contains('\0') { 107 } else { 101 }];
        for caller in [victim.public(), victim.server.master()] {
            caller.get(&path).is_refused_with(&codes);
            caller.put(&path, &json!({"s": "owned"})).is_refused_with(&codes);
            caller.delete(&path).is_refused_with(&codes);
        }
    }
    victim.is_intact();
}

#[test]
fn names_and_values_in_graphql() {
    let victim = Victim::new();
    let (public, master) = (victim.public(), victim.server.master());
    for payload in PAYLOADS {
        let asked = "query($v: String!) {
            victims(where: {OR: [{s: {equalTo: $v}}, {o: {equalTo: {key: $v, value: 1}}},
                {s: {inQueryKey: {key: $v, query: {className: $v, where: {}}}}}]}) { count edges { node { s } } }
        }";
        public.graphql_with(asked, &json!({"v": payload})).hides("private");
        public
            .graphql_with("query($v: ID!) { victim(id: $v) { s } }", &json!({"v": payload}))
            .is_refused();
        public.graphql_with("query($v: ID!) { node(id: $v) { id } }", &json!({"v": payload}));
        let change = "mutation($v: ID!) { updateVictim(input: {id: $v, fields: {s: \"owned\"}}) { victim { s } } }";
        public.graphql_with(change, &json!({"v": payload})).is_refused();
        let class = "mutation($v: String!) { createClass(input: {name: $v}) { class { name } } }";
        master.graphql_with(class, &json!({"v": payload})).is_refused();
        let fields = "mutation($v: String!) { updateClass(input: {name: \"Victim\", schemaFields: {
            addStrings: [{name: $v}], addPointers: [{name: \"x\", targetClassName: $v}]}}) { class { name } } }";
        master.graphql_with(fields, &json!({"v": payload})).is_refused();
    }
    victim.is_intact();
}
