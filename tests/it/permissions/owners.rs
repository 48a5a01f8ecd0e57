//! Relations as a side door, crossed: what a row relates to is for whoever may read the row, through every door.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::doors::refusal;
use super::fixture::{Target, World, devices};
use super::graphql_names::{Names, Roots};
use super::model::{
    CALLERS, Device, Grantee, Kind, OBJECT_NOT_FOUND, OPERATION_FORBIDDEN, Op, Outcome, Person,
    View, Who,
};
use super::{assert_none, on_targets};
use crate::support::{Answer, Caller, pointer};

/// A caller before one class of rows that each relate to one leaf, which everybody may read.
struct Scene<'a> {
    target: &'a Target,
    names: Names,
    caller: Caller,
    /// How the class refuses to get any row, if it does.
    refused: Option<i64>,
}

/// A way from rows to what they relate to.
struct Door {
    name: &'static str,
    expected: fn(&View<'_>) -> Outcome,
    ask: fn(&Scene<'_>) -> Outcome,
}

const DOORS: [Door; 9] = [
    Door { name: "$relatedTo", expected: of_readable, ask: related },
    Door { name: "count of $relatedTo", expected: of_readable, ask: related_count },
    Door { name: "$relatedTo in an $or", expected: of_readable, ask: related_in_or },
    Door { name: "where on the relation", expected: of_found, ask: backwards },
    Door { name: "relation of an object", expected: of_readable, ask: of_get },
    Door { name: "number of a relation", expected: of_readable, ask: number_of_get },
    Door { name: "relation of a node", expected: of_readable, ask: of_node },
    Door { name: "relations of a connection", expected: of_connection, ask: of_find },
    Door { name: "have", expected: of_found, ask: have },
];

fn labels<'a>(rows: impl IntoIterator<Item = &'a super::model::Row>) -> BTreeSet<String> {
    rows.into_iter().map(|row| row.label.to_owned()).collect()
}

/// Reading a relation is reading its owner by its id, and the relation's own field.
fn of_readable(view: &View<'_>) -> Outcome {
    match view.reach(Op::Get) {
        Err(code) => Outcome::Refused(code),
        Ok(_) if view.hidden().contains("leaves") => Outcome::Refused(OPERATION_FORBIDDEN),
        Ok(rows) => Outcome::Labels(labels(rows)),
    }
}

/// Rows that are found and could be got.
fn of_connection(view: &View<'_>) -> Outcome {
    match (view.reach(Op::Find), of_readable(view)) {
        (Err(code), _) | (Ok(_), Outcome::Refused(code)) => Outcome::Refused(code),
        (Ok(found), Outcome::Labels(readable)) => {
            Outcome::Labels(labels(found).intersection(&readable).cloned().collect())
        }
        (Ok(_), other) => other,
    }
}

/// A question about rows that uses the relation.
fn of_found(view: &View<'_>) -> Outcome {
    match view.reach(Op::Find) {
        Err(code) => Outcome::Refused(code),
        Ok(_) if view.hidden().contains("leaves") => Outcome::Refused(OPERATION_FORBIDDEN),
        Ok(rows) => Outcome::Labels(labels(rows)),
    }
}

/// What each row came to. All refusals must be the same; rows that are not there are left out.
fn each(scene: &Scene<'_>, ask: impl Fn(&str, &str) -> Result<bool, i64>) -> Outcome {
    let mut found = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for (label, id) in &scene.target.ids {
        match ask(label, id) {
            Ok(true) => drop(found.insert((*label).to_owned())),
            Ok(false) => {}
            Err(code) => drop(refused.insert(code)),
        }
    }
    match (refused.len(), found.is_empty()) {
        (0, _) => Outcome::Labels(found),
        (1, true) => Outcome::Refused(refused.pop_first().expect("one")),
        _ => panic!("some were refused with {refused:?}, these were not: {found:?}"),
    }
}

fn code(answer: &Answer) -> Option<i64> {
    match refusal(answer) {
        Some(Outcome::Refused(code)) => Some(code),
        _ => None,
    }
}

fn related_to(scene: &Scene<'_>, id: &str) -> Value {
    json!({"$relatedTo": {"object": pointer(&scene.target.class, id), "key": "leaves"}})
}

fn leaves(scene: &Scene<'_>, label: &str, filter: &Value) -> Result<bool, i64> {
    let answer = scene.caller.find("Leaf", &json!({"where": filter, "count": 1}));
    if let Some(code) = code(&answer) {
        return Err(code);
    }
    let found = answer.each("label");
    assert!(found.is_empty() || found == [label], "another leaf: {answer}");
    assert_eq!(answer.json()["count"], found.len(), "{answer}");
    Ok(!found.is_empty())
}

fn related(scene: &Scene<'_>) -> Outcome {
    each(scene, |label, id| leaves(scene, label, &related_to(scene, id)))
}

fn related_in_or(scene: &Scene<'_>) -> Outcome {
    each(scene, |label, id| {
        let never = json!({"label": "no such leaf"});
        leaves(scene, label, &json!({"$or": [never, {"$and": [related_to(scene, id)]}]}))
    })
}

fn related_count(scene: &Scene<'_>) -> Outcome {
    each(scene, |_, id| {
        let parameters = json!({"where": related_to(scene, id), "count": 1, "limit": 0});
        let answer = scene.caller.find("Leaf", &parameters);
        code(&answer).map_or_else(|| Ok(answer.json()["count"] == 1), Err)
    })
}

/// Rows by what they relate to.
fn backwards(scene: &Scene<'_>) -> Outcome {
    let filter = json!({"leaves": {"$inQuery": {"className": "Leaf", "where": {}}}});
    let answer = scene.caller.find(&scene.target.class, &json!({"where": filter}));
    refusal(&answer).unwrap_or_else(|| {
        let labels = answer.each("label");
        Outcome::Labels(labels.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    })
}

/// Whether an object shows its leaf.
fn shows(label: &str, object: &Value) -> bool {
    let edges = object["leaves"]["edges"].as_array().cloned().unwrap_or_default();
    let found: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["label"]).collect();
    assert!(found.is_empty() || found == [label], "another leaf: {object}");
    !found.is_empty()
}

/// Asks for one object of GraphQL. One that is not there is no refusal unless all are not.
fn one(
    scene: &Scene<'_>,
    ask: impl Fn(&str) -> (String, &'static str),
    is_shown: fn(&str, &Value) -> bool,
) -> Outcome {
    each(scene, |label, id| {
        let (query, at) = ask(id);
        let answer = scene.caller.graphql(&query);
        match code(&answer) {
            Some(OBJECT_NOT_FOUND) if scene.refused != Some(OBJECT_NOT_FOUND) => Ok(false),
            Some(code) => Err(code),
            None => Ok(is_shown(label, &answer.data(at))),
        }
    })
}

const EDGES: &str = "leaves { edges { node { label } } }";

fn of_get(scene: &Scene<'_>) -> Outcome {
    let get = &scene.names.get;
    one(scene, |id| (format!("{{ it: {get}(id: \"{id}\") {{ {EDGES} }} }}"), "/it"), shows)
}

fn number_of_get(scene: &Scene<'_>) -> Outcome {
    let get = &scene.names.get;
    let is_shown = |_: &str, object: &Value| object["leaves"]["count"] == 1;
    one(
        scene,
        |id| (format!("{{ it: {get}(id: \"{id}\") {{ leaves {{ count }} }} }}"), "/it"),
        is_shown,
    )
}

fn of_node(scene: &Scene<'_>) -> Outcome {
    let (class, object) = (&scene.target.class, &scene.names.object);
    let query = |id: &str| {
        let id = BASE64_STANDARD.encode(format!("{class}:{id}"));
        (format!("{{ it: node(id: \"{id}\") {{ ... on {object} {{ {EDGES} }} }} }}"), "/it")
    };
    one(scene, query, shows)
}

fn of_find(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let answer =
        scene.caller.graphql(&format!("{{ {find} {{ edges {{ node {{ label {EDGES} }} }} }} }}"));
    refusal(&answer).unwrap_or_else(|| {
        let edges = answer.data(&format!("/{find}/edges"));
        let rows = edges.as_array().expect("edges").iter().map(|edge| &edge["node"]);
        let label = |row: &Value| row["label"].as_str().expect("a label").to_owned();
        Outcome::Labels(rows.filter(|row| shows(&label(row), row)).map(label).collect())
    })
}

fn have(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(where: {{leaves: {{have: {{label: {{exists: true}}}}}}}}) {{ edges {{ node {{ label }} }} }} }}"
    ));
    refusal(&answer).unwrap_or_else(|| {
        let edges = answer.data(&format!("/{find}/edges"));
        let rows = edges.as_array().expect("edges").iter();
        Outcome::Labels(
            rows.filter_map(|edge| edge["node"]["label"].as_str()).map(str::to_owned).collect(),
        )
    })
}

/// Devices that hide the relation itself, and one whose rows are found by more than may get them.
fn more() -> Vec<Device> {
    use Grantee::{Authenticated, Everybody, Field, One};
    let hiding = |name, protected: Vec<(Grantee, Vec<&'static str>)>| Device {
        name,
        protected,
        ..Device::default()
    };
    vec![
        hiding("HideLeaf", vec![(Everybody, vec!["leaves"])]),
        hiding("HideLeafFromOther", vec![(Everybody, vec!["leaves"]), (One(Person::Ann), vec![])]),
        hiding("HideLeafFromUser", vec![(Authenticated, vec!["leaves"])]),
        Device {
            name: "FindMoreThanGet",
            rules: vec![(Op::Find, vec![Field("owners")]), (Op::Get, vec![Field("owner")])],
            ..Device::default()
        },
    ]
}

#[test]
fn relations_are_for_readers_of_their_owners() {
    let mut all = devices();
    all.retain(|device| !device.name.starts_with("Hide"));
    all.extend(more());
    let world = World::with_leaves(all);
    let roots = Roots::of(&world.caller(Who::Master));
    let wrong = on_targets(&world, |target| {
        let mut wrong = Vec::new();
        if target.kind != Kind::Plain || target.class.starts_with('_') {
            return wrong;
        }
        for who in CALLERS {
            let names = roots.names(&target.class).expect("the schema has the class");
            let view = target.seen_by(who);
            let refused = view.reach(Op::Get).err();
            let scene = Scene { target, names, caller: world.caller(who), refused };
            let view = View { fields: &["label", "secret", "secret2", "leaves"], ..view };
            for door in &DOORS {
                let (expected, was) =
                    ((door.expected)(&view), super::caught(|| (door.ask)(&scene)));
                if expected != was {
                    wrong.push(format!(
                        "{} through `{}` by {who:?}:\n  expected {expected:?}\n  was      {was:?}",
                        target.class, door.name
                    ));
                }
            }
        }
        wrong
    });
    assert_none(&wrong);
}
