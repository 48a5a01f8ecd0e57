//! Classes and fields that two servers make and remove at the same time.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::support::{Pair, Shared, soon, together};

on_every_database! {
    a_class_that_both_make_is_one_class
    fields_that_both_make_are_all_there
    the_first_type_of_a_field_holds
    making_a_class_by_hand_and_by_an_object
    no_object_goes_with_its_class
    classes_change_under_readers_and_writers
    transactions_go_on_while_classes_change
}

const THREADS: usize = 8;

fn fields_of(pair: &Pair, number: usize, class: &str) -> Map<String, Value> {
    let class = pair.master(number).get(&format!("/schemas/{class}")).is(200).json();
    class["fields"].as_object().expect("fields").clone()
}

fn ids(pair: &Pair, number: usize, class: &str) -> Vec<Value> {
    pair.master(number).find(class, &json!({"limit": 1000})).is(200).each("objectId")
}

/// Both servers know the same.
fn agree(pair: &Pair) {
    let classes = |number: usize| {
        let classes = pair.master(number).get("/schemas").is(200).results();
        let named = classes.into_iter().map(|class| (class["className"].to_string(), class));
        named.collect::<BTreeMap<_, _>>()
    };
    soon("the same classes", || classes(0) == classes(1));
}

fn a_class_that_both_make_is_one_class(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..5 {
        let class = format!("Race{round}");
        let made = together(THREADS, |number| {
            pair.public(number).create(&class, &json!({"n": number, (format!("own{number}")): "x"}))
        });
        agree(&pair);
        for number in 0..2 {
            assert_eq!(ids(&pair, number, &class).len(), made.len());
            let fields = fields_of(&pair, number, &class);
            assert_eq!(fields.keys().filter(|name| name.starts_with("own")).count(), THREADS);
        }
    }
}

fn fields_that_both_make_are_all_there(database: Shared) {
    const ROUNDS: usize = 6;
    let pair = Pair::new(database);
    let created = together(THREADS, |number| {
        let caller = pair.public(number);
        let make = |round: usize| {
            let own = format!("own{number}x{round}");
            let fields = json!({&own: number, (format!("common{round}")): "x"});
            (caller.create("Shared", &fields), own, number)
        };
        (0..ROUNDS).map(make).collect::<Vec<_>>()
    });
    agree(&pair);
    let fields = fields_of(&pair, 0, "Shared");
    for (id, own, number) in created.into_iter().flatten() {
        assert_eq!(fields[&own], json!({"type": "Number"}));
        let object = pair.public(number + 1).get(&format!("/classes/Shared/{id}")).is(200).json();
        assert_eq!(object[&own], json!(number));
    }
    assert_eq!(fields.keys().filter(|name| name.starts_with("common")).count(), ROUNDS);
}

fn the_first_type_of_a_field_holds(database: Shared) {
    let pair = Pair::new(database);
    pair.one.class("Typed", &json!({}));
    for round in 0..4 {
        let field = format!("x{round}");
        let answers = together(THREADS, |number| {
            let value = if number % 2 == 0 { json!(1) } else { json!("text") };
            pair.public(number).post("/classes/Typed", &json!({&field: value, "round": round}))
        });
        agree(&pair);
        let kind = fields_of(&pair, 0, "Typed")[&field]["type"].clone();
        for (number, answer) in answers.into_iter().enumerate() {
            let own = if number % 2 == 0 { "Number" } else { "String" };
            match kind == own {
                true => assert_eq!(answer.status, 201, "{answer}"),
                false => answer.is_refused_with(&[111]),
            }
        }
        let found = pair.public(1).find("Typed", &json!({"where": {"round": round}})).results();
        assert_eq!(found.len(), THREADS / 2);
    }
}

fn making_a_class_by_hand_and_by_an_object(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..5 {
        let class = format!("Both{round}");
        let answers = together(THREADS, |number| match number {
            0 | 1 => {
                let fields = json!({"fields": {"n": {"type": "Number"}, "by": {"type": "String"}}});
                pair.master(number).post(&format!("/schemas/{class}"), &fields)
            }
            _ => pair.public(number).post(&format!("/classes/{class}"), &json!({"n": number})),
        });
        for (number, answer) in answers.into_iter().enumerate() {
            match number {
                0 | 1 if answer.is_refusal() => answer.is_refused_with(&[103]),
                0 | 1 => drop(answer.is(200)),
                _ => drop(answer.is(201)),
            }
        }
        agree(&pair);
        assert_eq!(fields_of(&pair, 1, &class)["n"], json!({"type": "Number"}));
        assert_eq!(ids(&pair, 1, &class).len(), THREADS - 2);
    }
}

/// A class that has objects is not removed; an object that was acknowledged is there, whoever removed what.
fn no_object_goes_with_its_class(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..8 {
        let class = format!("Gone{round}");
        pair.one.class(&class, &json!({"n": {"type": "Number"}}));
        agree(&pair);
        let answers = together(THREADS, |number| match number {
            0 | 1 => pair.master(number).delete(&format!("/schemas/{class}")),
            _ => pair.public(number).post(&format!("/classes/{class}"), &json!({"n": number})),
        });
        let mut made = Vec::new();
        for (number, answer) in answers.into_iter().enumerate() {
            match number {
                0 | 1 if answer.is_refusal() => answer.is_refused_with(&[255]),
                0 | 1 => drop(answer.is(200)),
                _ => made.push(answer.is(201).json()["objectId"].clone()),
            }
        }
        agree(&pair);
        for number in 0..2 {
            let found = ids(&pair, number, &class);
            assert!(made.iter().all(|id| found.contains(id)), "{made:?} but {found:?}");
        }
    }
}

fn classes_change_under_readers_and_writers(database: Shared) {
    const ROUNDS: usize = 12;
    let pair = Pair::new(database);
    pair.one.class("Busy", &json!({"n": {"type": "Number"}}));
    let id = pair.public(0).create("Busy", &json!({"n": 0}));
    agree(&pair);
    let path = format!("/classes/Busy/{id}");
    let count = |number: usize| {
        for _ in 0..ROUNDS {
            let change = json!({"n": {"__op": "Increment", "amount": 1}});
            pair.public(number).put(&path, &change).is(200);
        }
    };
    together(THREADS, |number| match number {
        // One adds fields, the other one removes them again.
        0 => {
            for round in 0..ROUNDS {
                let field = format!("f{round}");
                let fields = json!({"fields": {&field: {"type": "String"}}});
                pair.master(0).put("/schemas/Busy", &fields).is(200);
            }
        }
        1 => {
            for round in 0..ROUNDS {
                let field = format!("f{round}");
                soon("a field", || fields_of(&pair, 1, "Busy").contains_key(&field));
                let fields = json!({"fields": {&field: {"__op": "Delete"}}});
                pair.master(1).put("/schemas/Busy", &fields).is(200);
            }
        }
        2 | 3 => count(number),
        4 | 5 => {
            for round in 0..ROUNDS {
                let asked = json!({"where": {"n": {"$gte": 0}}, "order": "-n", "count": 1});
                assert_eq!(pair.public(number).find("Busy", &asked).is(200).results().len(), 1);
                let groups = json!({"pipeline": [{"$group": {"_id": null, "n": {"$sum": "$n"}}}]});
                let pipeline = json!({"pipeline": groups["pipeline"].to_string()});
                pair.master(number + round).ask("/aggregate/Busy", &pipeline).is(200);
            }
        }
        _ => {
            for _ in 0..ROUNDS {
                pair.public(number)
                    .graphql("{ busies { edges { node { n objectId } } } }")
                    .data("/busies/edges/0");
            }
        }
    });
    agree(&pair);
    assert_eq!(pair.public(1).get(&path).is(200).json()["n"], json!(2 * ROUNDS));
    assert!(!fields_of(&pair, 0, "Busy").keys().any(|name| name.starts_with('f')));
}

fn transactions_go_on_while_classes_change(database: Shared) {
    const ROUNDS: usize = 6;
    let pair = Pair::new(database);
    pair.one.class("Entry", &json!({"n": {"type": "Number"}}));
    agree(&pair);
    together(4, |number| {
        for round in 0..ROUNDS {
            if number < 2 {
                let (field, other) =
                    (format!("f{number}x{round}"), format!("Other{number}x{round}"));
                let entries = json!([
                    {"method": "POST", "path": "/parse/classes/Entry", "body": {"n": 1, &field: "x"}},
                    {"method": "POST", "path": (format!("/parse/classes/{other}")), "body": {"n": 1}},
                ]);
                let batch = json!({"requests": entries, "transaction": true});
                pair.public(number).post("/batch", &batch).is(200);
            } else {
                let fields =
                    json!({"fields": {(format!("g{number}x{round}")): {"type": "Number"}}});
                pair.master(number).put("/schemas/Entry", &fields).is(200);
            }
        }
    });
    agree(&pair);
    assert_eq!(ids(&pair, 0, "Entry").len(), 2 * ROUNDS);
    let fields = fields_of(&pair, 1, "Entry");
    let made = fields.keys().filter(|name| name.starts_with('f') || name.starts_with('g')).count();
    assert_eq!(made, 4 * ROUNDS);
}
