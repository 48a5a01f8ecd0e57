//! The row filters of plans: every verb sees the same rows.

use std::sync::Arc;

use super::world::{World, ids, question, update_of};
use crate::access::{Plan, Principal, Protection, UserIdentity, WriteAccess};
use crate::query::{field_path, parse_pipeline};
use crate::schema::{ClassOperation, ClassSchema};
use crate::storage::{Change, Delete, Related, Written};
use crate::value::{Cell, FieldName, Json, ObjectId, Stored};

const FIELDS: &str = r#"{"n":{"type":"Number"},"secret":{"type":"String"},
    "owner":{"type":"Pointer","targetClass":"_User"},"owners":{"type":"Array"},
    "docs":{"type":"Relation","targetClass":"Doc"}}"#;

const PERMISSIONS: &str = r#"{"classLevelPermissions":{"find":{"pointerFields":["owner","owners"]},
    "count":{"pointerFields":["owner"]},"update":{"role:editor":true,"pointerFields":["owner"]},"delete":{"*":true},
    "writeUserFields":["owners"],
    "protectedFields":{"*":["secret","owner"],"userField:owner":[],"userField:owners":[]}}}"#;

fn user(id: &str, roles: &[&str]) -> Principal {
    let roles = roles.iter().map(|&role| role.to_owned()).collect();
    Principal::User(Arc::new(UserIdentity::new(ObjectId::from(id), roles)))
}

fn plan(class: &Arc<ClassSchema>, operation: ClassOperation, who: &Principal) -> Plan {
    Plan::compile(class, operation, who, &Protection::default()).unwrap()
}

/// Documents of ann and bob; `hers` is closed to her by its list, `both` names both.
async fn documents(world: &World) -> Arc<ClassSchema> {
    world.create_class("Doc", FIELDS).await;
    let class = world.change_class("Doc", PERMISSIONS).await;
    let pointer =
        |id: &str| format!(r#"{{"__type":"Pointer","className":"_User","objectId":"{id}"}}"#);
    let (ann, bob) = (pointer("ann"), pointer("bob"));
    let rows = [
        ("anns", format!(r#"{{"n":1,"secret":"s","owner":{ann}}}"#)),
        ("bobs", format!(r#"{{"n":2,"secret":"s","owner":{bob}}}"#)),
        ("both", format!(r#"{{"n":3,"secret":"s","owner":{bob},"owners":["ann",{ann},{bob}]}}"#)),
        (
            "hers",
            format!(r#"{{"n":4,"secret":"s","owner":{ann},"ACL":{{"bob":{{"read":true}}}}}}"#),
        ),
        ("none", r#"{"n":5,"secret":"s","owners":["ann",{"objectId":"ann"}]}"#.to_owned()),
    ];
    for (id, fields) in &rows {
        world.insert(&class, id, fields).await;
    }
    let every = rows
        .each_ref()
        .map(|(id, _)| format!(r#"{{"__type":"Pointer","className":"Doc","objectId":"{id}"}}"#));
    let folder = format!(r#"{{"docs":{{"__op":"AddRelation","objects":[{}]}}}}"#, every.join(","));
    world.insert(&class, "list", &folder).await;
    class
}

pub(in crate::storage) async fn rows_are_filtered_by_the_fields_that_name_a_user(world: World) {
    let class = documents(&world).await;
    let cases = [
        (user("ann", &[]), "anns both", 1),
        (user("bob", &[]), "bobs both", 2),
        (user("ann\"", &["ann"]), "", 0),
        (Principal::Public, "", 0),
    ];
    for (who, found, counted) in cases {
        let find = plan(&class, ClassOperation::Find, &who);
        let asked = || find.allow(question(&class, r#"{"n":{"$gt":0}}"#, "")).unwrap();
        assert_eq!(ids(&world.storage.find(asked()).await.unwrap()), found, "{who:?}");
        let related = Related {
            class: class.name.clone(),
            key: FieldName::from("docs"),
            owners: vec![ObjectId::from("list")],
        };
        let rows = world.storage.find_related(asked(), related.clone()).await.unwrap().rows;
        assert_eq!(ids(&rows), found, "{who:?}");
        let path = field_path("n", &class).unwrap();
        let values = world.storage.distinct(asked(), path).await.unwrap();
        assert_eq!(values.len(), found.split_whitespace().count(), "{who:?}");
        let stages = Json::parse(br#"[{"$count":"rows"}]"#).unwrap();
        let pipeline = find.allow_pipeline(parse_pipeline(&stages, &class).unwrap()).unwrap();
        let sum = world.storage.aggregate(pipeline).await.unwrap();
        let sum = if sum.is_empty() { Cell::Null } else { sum.row(0).field("rows").unwrap() };
        let expected = found.split_whitespace().count() as f64;
        assert_eq!(
            sum,
            if expected > 0.0 { Cell::Number(expected) } else { Cell::Null },
            "{who:?}"
        );

        let count = plan(&class, ClassOperation::Count, &who);
        let asked = || count.allow(question(&class, "{}", "")).unwrap();
        assert_eq!(world.storage.count(asked()).await.unwrap(), counted, "{who:?}");
        let counts = world.storage.count_related(asked(), related).await.unwrap();
        assert_eq!(counts[0].1, counted, "{who:?}");
    }
}

pub(in crate::storage) async fn changes_are_filtered_by_the_fields_that_name_a_user(world: World) {
    let class = documents(&world).await;
    let every = ["anns", "bobs", "both", "hers", "none"];
    let cases = [
        (user("ann", &[]), "anns both"),
        (user("bob", &[]), "bobs both"),
        (user("cid", &["editor"]), "anns bobs both none"),
        (user("cid", &[]), ""),
    ];
    for (who, expected) in cases {
        let plan = plan(&class, ClassOperation::Update, &who);
        let mut changed = Vec::new();
        for id in every {
            let change = update_of(&class, id, r#"{"n":{"__op":"Increment","amount":1}}"#, &["n"]);
            let change = Change::Update(plan.allow_change(change, WriteAccess::of_server()));
            let written = world.storage.write(vec![change]).await.unwrap().remove(0);
            if matches!(written, Written::Done(_)) {
                changed.push(id);
            }
        }
        assert_eq!(changed.join(" "), expected, "{who:?}");
    }
    let plan = plan(&class, ClassOperation::Delete, &user("ann", &[]));
    for (id, gone) in [("hers", false), ("none", true)] {
        let delete = Delete { class: Arc::clone(&class), id: ObjectId::from(id) };
        let change = Change::Delete(plan.allow_change(delete, WriteAccess::of_server()));
        let written = world.storage.write(vec![change]).await.unwrap().remove(0);
        assert_eq!(matches!(written, Written::Done(_)), gone, "{id}");
    }
}

pub(in crate::storage) async fn a_user_is_not_hidden_from_himself(world: World) {
    let class = world.class("_User").await;
    world.insert(&class, "ann", r#"{"username":"ann","ACL":{}}"#).await;
    world.insert(&class, "bob", r#"{"username":"bob","ACL":{}}"#).await;
    for (who, found) in [(user("ann", &[]), "ann"), (Principal::Public, "")] {
        let find = plan(&class, ClassOperation::Find, &who);
        let asked = find.allow(question(&class, "{}", "")).unwrap();
        assert_eq!(ids(&world.storage.find(asked).await.unwrap()), found);
    }
}

/// Columns that are read only to know what a row shows come with their rows and are not shown.
pub(in crate::storage) async fn columns_that_decide_are_read(world: World) {
    let class = documents(&world).await;
    let plan = plan(&class, ClassOperation::Find, &user("ann", &[]));
    let mut asked = question(&class, "{}", "");
    asked.columns = ["objectId", "secret"].map(FieldName::from).to_vec();
    let asked = plan.allow(asked).unwrap();
    let shown = |stored: Stored| {
        let objects = plan.reveal(stored);
        let names: Vec<String> = objects
            .iter()
            .map(|object| {
                let names = object.cells().map(|(_, column, _)| column.name.to_string());
                format!("{}: {}", object.id(), names.collect::<Vec<_>>().join(" "))
            })
            .collect();
        names.join(", ")
    };
    let expected = "anns: objectId secret, both: objectId secret";
    assert_eq!(shown(world.storage.find(asked.clone()).await.unwrap()), expected);
    let related = Related {
        class: class.name.clone(),
        key: FieldName::from("docs"),
        owners: vec![ObjectId::from("list")],
    };
    let rows = world.storage.find_related(asked, related).await.unwrap();
    assert_eq!(shown(rows.rows), expected);
}
