//! Classes: made, changed, loaded, dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{PERSON, Words, World, ids, insert, query, question};
use crate::access::{Plan, WriteAccess};
use crate::schema::{ClassChange, ClassSchema, Field, FieldType};
use crate::storage::{ClassChanged, Related};
use crate::value::{ClassName, FieldName, ObjectId};

pub(in crate::storage) async fn classes_are_loaded_as_they_were_made(world: World) {
    let names = |snapshot: &crate::schema::Snapshot| {
        Words(snapshot.classes().map(|class| class.name.to_string()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(names(&world.storage.load().await.unwrap()), "_User _Role");
    world.create_class("Person", PERSON).await;
    world.create_class("Zoo", r#"{"n":{"type":"Number","required":true,"defaultValue":5}}"#).await;
    world.create_class("Ape", "{}").await;
    let class = world
        .change_class(
            "Zoo",
            r#"{"fields":{"s":{"type":"String"}},"classLevelPermissions":{"find":{"*":true}},"indexes":{"i":{"s":1,"n":-1}}}"#,
        )
        .await;
    let snapshot = world.storage.load().await.unwrap();
    assert_eq!(names(&snapshot), "_User _Role Person Zoo Ape");
    assert_eq!(snapshot.class("Zoo"), Some(&class));
    assert_eq!(class.field("n").unwrap().default, Some(crate::value::Value::Number(5.0)));
    assert!(class.field("n").unwrap().required);
    assert_eq!(class.indexes.keys().map(String::as_str).collect::<Vec<_>>(), ["_id_", "i"]);
    assert!(!class.permissions.rule(crate::schema::ClassOperation::Get).public);
}

pub(in crate::storage) async fn a_stale_version_is_noticed(world: World) {
    let version = world.storage.load().await.unwrap().version();
    let make = |name: &str| Arc::new(ClassChange::create_with(&ClassName::from(name), Vec::new()));
    assert_eq!(
        world.storage.change_class(version, make("A")).await.unwrap(),
        ClassChanged::To(version + 1)
    );
    assert_eq!(world.storage.change_class(version, make("B")).await.unwrap(), ClassChanged::Stale);
    assert!(world.storage.load().await.unwrap().class("B").is_none());
    assert_eq!(
        world.storage.change_class(version + 1, make("B")).await.unwrap(),
        ClassChanged::To(version + 2)
    );
}

pub(in crate::storage) async fn fields_come_and_go(world: World) {
    let before = world.create_class("City", r#"{"name":{"type":"String"}}"#).await;
    world.insert(&before, "old", r#"{"name":"Old"}"#).await;
    let fields = format!(r#"{{"fields":{}}}"#, PERSON.replace(r#""name":{"type":"String"},"#, ""));
    let class = world.change_class("City", &fields).await;
    world
        .insert(
            &class,
            "new",
            r#"{"name":"New","age":1,"loc":{"__type":"GeoPoint","latitude":1,"longitude":2}}"#,
        )
        .await;
    assert_eq!(world.object(&class, "old").await, r#"{"objectId":"old","name":"Old"}"#);
    world.check(&class, &[(r#"{"age":{"$exists":false}}"#, "old"), (r#"{"age":1}"#, "new")]).await;
    let gone: Vec<String> = ["age", "loc", "tags", "friends", "info"]
        .iter()
        .map(|name| format!(r#""{name}":{{"__op":"Delete"}}"#))
        .collect();
    let class =
        world.change_class("City", &format!(r#"{{"fields":{{{}}}}}"#, gone.join(","))).await;
    assert_eq!(world.object(&class, "new").await, r#"{"objectId":"new","name":"New"}"#);
    let class = world
        .change_class("City", r#"{"fields":{"age":{"type":"String"},"loc":{"type":"Array"}}}"#)
        .await;
    world
        .check(&class, &[(r#"{"age":{"$exists":true}}"#, ""), (r#"{"loc":{"$exists":true}}"#, "")])
        .await;
    world.update(&class, "new", r#"{"age":"text","loc":[1]}"#).await;
    assert_eq!(
        world.object(&class, "new").await,
        r#"{"objectId":"new","name":"New","age":"text","loc":[1]}"#
    );
}

pub(in crate::storage) async fn classes_change_under_readers(world: World) {
    let class = world.create_class("City", r#"{"name":{"type":"String"}}"#).await;
    for n in 0..50 {
        world.insert(&class, &format!("i{n}"), r#"{"name":"x"}"#).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (storage, class, stop) =
            (Arc::clone(&world.storage), Arc::clone(&class), Arc::clone(&stop));
        readers.spawn(async move {
            let mut reads = 0;
            while !stop.load(Ordering::Relaxed) {
                let found = storage.find(query(&class, r#"{"name":"x"}"#, "")).await.unwrap();
                assert!(found.len() >= 50);
                storage
                    .write(vec![insert(
                        &class,
                        &format!("r{:p}{reads}", &found),
                        r#"{"name":"y"}"#,
                    )])
                    .await
                    .ok();
                reads += 1;
            }
            reads
        });
    }
    for n in 0..20 {
        world.change_class("City", &format!(r#"{{"fields":{{"f{n}":{{"type":"Number"}}}},"indexes":{{"i{n}":{{"f{n}":1}}}}}}"#)).await;
    }
    stop.store(true, Ordering::Relaxed);
    assert!(readers.join_all().await.iter().all(|reads| *reads > 0));
    assert_eq!(world.ids(&world.class("City").await, r#"{"f19":{"$exists":true}}"#).await, "");
}

pub(in crate::storage) async fn unique_names(world: World) {
    let user = world.class("_User").await;
    world.insert(&user, "u1", r#"{"username":"ann","email":"ann@x.org"}"#).await;
    world.insert(&user, "u2", r#"{"username":"bob"}"#).await;
    world.insert(&user, "u3", r#"{"username":"eve"}"#).await;
    for fields in [
        r#"{"username":"ann"}"#,
        r#"{"username":"ANN"}"#,
        r#"{"username":"new","email":"Ann@X.org"}"#,
    ] {
        assert_eq!(
            world.try_insert(&user, "u4", fields).await.unwrap_err().code() as i32,
            137,
            "{fields}"
        );
    }
    let taken = world
        .storage
        .write(vec![super::world::update(&user, "u2", r#"{"username":"ann"}"#, &[])])
        .await;
    assert_eq!(taken.unwrap_err().code() as i32, 137);
    world.check(&user, &[(r#"{"username":"ann"}"#, "u1"), (r#"{"username":"ANN"}"#, "")]).await;
    let role = world.class("_Role").await;
    world.insert(&role, "r1", r#"{"name":"staff"}"#).await;
    world.insert(&role, "r2", r#"{"name":"Staff"}"#).await;
    assert_eq!(
        world.try_insert(&role, "r3", r#"{"name":"staff"}"#).await.unwrap_err().code() as i32,
        137
    );
}

pub(in crate::storage) async fn indexes_come_and_go(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"name":"Ann","age":3}"#).await;
    let class = world
        .change_class(
            "Person",
            r#"{"indexes":{"a":{"age":1,"name":-1},"b":{"loc":"2dsphere"},"c":{"name":"text"},"we\"ird; name":{"_p_city":1},"d":{"_created_at":-1}}}"#,
        )
        .await;
    let check =
        [(r#"{"age":3}"#, "ann"), (r#"{"name":{"$text":{"$search":{"$term":"ann"}}}}"#, "ann")];
    world.check(&class, &check).await;
    let class = world
        .change_class("Person", r#"{"indexes":{"a":{"__op":"Delete"},"b":{"__op":"Delete"},"c":{"__op":"Delete"},"we\"ird; name":{"__op":"Delete"}}}"#)
        .await;
    world.check(&class, &check).await;
    let class = world
        .change_class("Person", r#"{"indexes":{"a":{"age":1,"name":1},"t":{"name":"text"}}}"#)
        .await;
    let class = world
        .change_class(
            &class.name,
            r#"{"fields":{"age":{"__op":"Delete"},"name":{"__op":"Delete"}}}"#,
        )
        .await;
    world.insert(&class, "bob", "{}").await;
    let class = world
        .change_class(
            &class.name,
            r#"{"fields":{"age":{"type":"String"},"name":{"type":"String"}}}"#,
        )
        .await;
    world.insert(&class, "eve", r#"{"name":"Eve"}"#).await;
    world.check(&class, &[(r#"{"name":{"$text":{"$search":{"$term":"eve"}}}}"#, "eve")]).await;
}

pub(in crate::storage) async fn purge_and_drop(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let class = world.change_class(&class.name, r#"{"indexes":{"t":{"name":"text"}}}"#).await;
    let other = world.create_class("Other", "{}").await;
    world.insert(&other, "stays", "{}").await;
    let friends = r#"{"name":"x","friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"}]}}"#;
    world.insert(&class, "ann", friends).await;
    world.storage.purge(Arc::clone(&class), WriteAccess::of_server()).await.unwrap();
    world
        .check(&class, &[("{}", ""), (r#"{"name":{"$text":{"$search":{"$term":"x"}}}}"#, "")])
        .await;
    world.insert(&class, "ann", "{}").await;
    let related = r#"{"$relatedTo":{"object":{"__type":"Pointer","className":"Person","objectId":"ann"},"key":"friends"}}"#;
    world.check(&class, &[(related, "")]).await;
    world.storage.purge(Arc::clone(&class), WriteAccess::of_server()).await.unwrap();
    world.change(ClassChange::remove(&class)).await;
    assert!(world.storage.load().await.unwrap().class("Person").is_none());
    let class = world
        .create_class(
            "Person",
            r#"{"name":{"type":"Number"},"friends":{"type":"Relation","targetClass":"Person"}}"#,
        )
        .await;
    world.check(&class, &[("{}", ""), (related, "")]).await;
    world.insert(&class, "ann", r#"{"name":1}"#).await;
    assert_eq!(world.ids(&other, "{}").await, "stays");
}

/// Names that differ in the case of letters only: kept apart, or refused in words.
pub(in crate::storage) async fn names_that_differ_in_case(world: World) {
    let class = world.create_class("City", r#"{"name":{"type":"String"}}"#).await;
    world.insert(&class, "a", r#"{"name":"x"}"#).await;
    let mut version = world.storage.load().await.unwrap().version();
    let field = (FieldName::from("Name"), Field::plain(FieldType::Number));
    let changes = [
        ClassChange::add_fields(&class, vec![field]),
        ClassChange::create_with(&ClassName::from("CITY"), Vec::new()),
        ClassChange::create_with(&ClassName::from("sqlite_stat1"), Vec::new()),
    ];
    for change in changes {
        match world.storage.change_class(version, Arc::new(change)).await {
            Ok(changed) => {
                version += 1;
                assert_eq!(changed, ClassChanged::To(version));
            }
            Err(refused) => {
                assert!(matches!(refused.code() as i32, 103 | 105), "{}", refused.log_text())
            }
        }
    }
    assert_eq!(world.object(&class, "a").await, r#"{"objectId":"a","name":"x"}"#);
}

pub(in crate::storage) async fn related_pages(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let person =
        |id: &str| format!(r#"{{"__type":"Pointer","className":"Person","objectId":"{id}"}}"#);
    for n in 0..6 {
        world.insert(&class, &format!("p{n}"), &format!(r#"{{"age":{n}}}"#)).await;
    }
    for (owner, friends) in
        [("a", &["p0", "p1", "p2", "p3", "gone"][..]), ("b", &["p1", "p5"]), ("c", &[])]
    {
        let friends: Vec<String> = friends.iter().map(|id| person(id)).collect();
        let fields =
            format!(r#"{{"friends":{{"__op":"AddRelation","objects":[{}]}}}}"#, friends.join(","));
        world.insert(&class, owner, &fields).await;
    }
    let owners = ["c", "b", "nobody", "a"].map(ObjectId::from).to_vec();
    let relation = Related { class: class.name.clone(), key: FieldName::from("friends"), owners };
    let mut question = question(&class, r#"{"age":{"$gte":1}}"#, "-age");
    question.limit = Some(2);
    let found = world
        .storage
        .find_related(Plan::server(&class).allow(question.clone()).unwrap(), relation.clone())
        .await
        .unwrap();
    let mut pairs: Vec<(usize, &str)> =
        found.owners.iter().copied().zip(found.rows.rows().map(|row| row.id())).collect();
    pairs.sort_by_key(|(owner, _)| *owner);
    assert_eq!(pairs, [(1, "p5"), (1, "p1"), (3, "p3"), (3, "p2")]);
    question.skip = 2;
    let found = world
        .storage
        .find_related(Plan::server(&class).allow(question.clone()).unwrap(), relation.clone())
        .await
        .unwrap();
    assert_eq!((ids(&found.rows).as_str(), &found.owners[..]), ("p1", &[3][..]));
    let counts = world
        .storage
        .count_related(Plan::server(&class).allow(question).unwrap(), relation)
        .await
        .unwrap();
    let counts: Vec<(&str, u64)> = counts.iter().map(|(id, count)| (id.as_str(), *count)).collect();
    assert_eq!(counts, [("c", 0), ("b", 2), ("nobody", 0), ("a", 3)]);
    assert!(ClassSchema::new(ClassName::from("x")).relations().next().is_none());
}
