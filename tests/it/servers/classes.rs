//! What one server does to a class is seen by the other, through both doors.

use serde_json::{Value, json};

use crate::support::{Pair, Shared, soon};

on_every_database! {
    a_class_and_its_fields_come_and_go
    permissions_hold_on_the_other_server
    the_graphql_schema_follows
    a_server_that_has_not_heard_yet_tries_again
    objects_of_a_class_that_was_just_made_are_found
}

fn class_on(pair: &Pair, number: usize, class: &str) -> Option<Value> {
    let answer = pair.master(number).get(&format!("/schemas/{class}"));
    (answer.status == 200).then(|| answer.json())
}

fn has_field(pair: &Pair, number: usize, class: &str, field: &str, kind: &str) -> bool {
    class_on(pair, number, class).is_some_and(|class| class["fields"][field]["type"] == kind)
}

fn a_class_and_its_fields_come_and_go(database: Shared) {
    let pair = Pair::new(database);
    pair.one.class("City", &json!({"name": {"type": "String"}}));
    soon("a class", || has_field(&pair, 1, "City", "name", "String"));
    pair.public(1).create("City", &json!({"name": "Ulm", "people": 5}));
    soon("a field", || has_field(&pair, 0, "City", "people", "Number"));
    let gone = json!({"fields": {"people": {"__op": "Delete"}}});
    pair.master(0).put("/schemas/City", &gone).is(200);
    soon("the end of a field", || !has_field(&pair, 1, "City", "people", "Number"));
    let again = json!({"fields": {"people": {"type": "String"}}});
    pair.master(1).put("/schemas/City", &again).is(200);
    soon("a field of another type", || has_field(&pair, 0, "City", "people", "String"));
    pair.public(0).create("City", &json!({"people": "many"}));
    pair.public(1).post("/classes/City", &json!({"people": 5})).is_refused_with(&[111]);
    pair.master(0).delete("/purge/City").is(200);
    pair.master(0).delete("/schemas/City").is(200);
    soon("the end of a class", || class_on(&pair, 1, "City").is_none());
    assert_eq!(pair.public(1).get("/classes/City").is(200).results().len(), 0);
}

fn permissions_hold_on_the_other_server(database: Shared) {
    let pair = Pair::new(database);
    pair.one.class("Note", &json!({"text": {"type": "String"}}));
    let id = pair.public(0).create("Note", &json!({"text": "x"}));
    soon("a class", || class_on(&pair, 1, "Note").is_some());
    pair.public(1).get(&format!("/classes/Note/{id}")).is(200);
    let closed = json!({"classLevelPermissions": {"find": {}, "get": {}, "create": {"*": true}}});
    pair.master(0).put("/schemas/Note", &closed).is(200);
    soon("permissions", || pair.public(1).get(&format!("/classes/Note/{id}")).is_refusal());
    pair.public(1).get("/classes/Note").is_refused_with(&[119]);
    pair.master(1).get(&format!("/classes/Note/{id}")).is(200);
}

fn the_graphql_schema_follows(database: Shared) {
    let pair = Pair::new(database);
    let make = "mutation { createClass(input: {name: \"City\", schemaFields: {addStrings: [{name: \"name\"}]}}) { class { name } } }";
    pair.master(0).graphql(make).data("/createClass/class/name");
    let create = "mutation { createCity(input: {fields: {name: \"Ulm\"}}) { city { name } } }";
    soon("a type", || !pair.public(1).graphql(create).is_refusal());
    let names = "{ cities { edges { node { name } } } }";
    assert_eq!(pair.public(0).graphql(names).data("/cities/edges/0/node/name"), json!("Ulm"));
    let change = "mutation { updateClass(input: {name: \"City\", schemaFields: {addNumbers: [{name: \"people\"}], remove: [{name: \"name\"}]}}) { class { name } } }";
    pair.master(1).graphql(change).data("/updateClass/class/name");
    soon("another type", || pair.public(0).graphql(names).is_refusal());
    let people = "{ cities { edges { node { people } } } }";
    assert_eq!(pair.public(0).graphql(people).data("/cities/edges/0/node/people"), json!(null));
}

/// Nobody waits here until the other server has heard: what it knows is old, and every request is right all the same.
fn a_server_that_has_not_heard_yet_tries_again(database: Shared) {
    let pair = Pair::new(database);
    pair.one.class("City", &json!({"name": {"type": "String"}}));
    let id = pair.public(0).create("City", &json!({"name": "Ulm"}));
    soon("a class", || class_on(&pair, 1, "City").is_some());
    for round in 0..12 {
        let (here, there) = (round % 2, round % 2 + 1);
        let field = format!("field{round}");
        let column = json!({"fields": {&field: {"type": "Number"}}});
        pair.master(here).put("/schemas/City", &column).is(200);
        pair.public(there)
            .put(&format!("/classes/City/{id}"), &json!({&field: "text"}))
            .is_refused_with(&[111]);
        pair.public(there).put(&format!("/classes/City/{id}"), &json!({&field: round})).is(200);
        let found =
            pair.public(here).find("City", &json!({"where": {&field: round}, "order": field}));
        assert_eq!(found.each(&field), [json!(round)]);
        pair.master(here)
            .put("/schemas/City", &json!({"fields": {&field: {"__op": "Delete"}}}))
            .is(200);
        let answers = [
            pair.public(there).get(&format!("/classes/City/{id}")),
            pair.public(there).find("City", &json!({"where": {"name": "Ulm"}})),
            pair.public(there).graphql("{ cities { edges { node { name } } } }"),
            pair.master(there).ask("/aggregate/City", &json!({"distinct": "name"})),
            pair.public(there).put(&format!("/classes/City/{id}"), &json!({"name": "Ulm"})),
        ];
        for answer in answers {
            assert!(!answer.is_refusal(), "{answer}");
        }
    }
}

fn objects_of_a_class_that_was_just_made_are_found(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..5 {
        let class = format!("Round{round}");
        let id = pair.public(0).create(&class, &json!({"n": round, "tag": "x"}));
        let path = format!("/classes/{class}/{id}");
        soon("an object", || pair.public(1).get(&path).status == 200);
        pair.public(1)
            .put(&path, &json!({"n": {"__op": "Increment", "amount": 1}, "more": true}))
            .is(200);
        soon("a field of an object", || pair.public(0).get(&path).json()["more"] == json!(true));
    }
}
