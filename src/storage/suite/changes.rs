//! Inserts, updates, deletes.

use std::sync::Arc;

use super::world::{
    PERSON, Shown, World, delete, ids, insert, json, object, query, question, update, update_of,
};
use crate::access::{Plan, Principal, Protection, WriteAccess};
use crate::query::{parse_filter, resolve};
use crate::schema::{Assign, ClassOperation};
use crate::storage::{Change, Delete, Written};
use crate::value::{FieldName, Json, ObjectId, Stored, Value};

fn done(written: &Written) -> Option<&Stored> {
    match written {
        Written::Done(stored) => stored.as_ref(),
        Written::Missing => panic!("missing"),
    }
}

pub(in crate::storage) async fn every_type_comes_back(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let fields = r#"{"name":"Ann \"quoted\" é😀","age":-1.5,"born":{"__type":"Date","iso":"0001-02-03T04:05:06.007Z"},"tags":["a",1,null,{"b":[true]},{"__type":"Date","iso":"x"}],"info":{"k":{"l":[1,2.5,1e+21]}},"happy":false,"loc":{"__type":"GeoPoint","latitude":-40.5,"longitude":30.25},"area":{"__type":"Polygon","coordinates":[[0,0],[0,10],[10,10],[0,0]]},"photo":{"__type":"File","name":"a b.png"},"raw":{"__type":"Bytes","base64":"AAEC"},"city":{"__type":"Pointer","className":"City","objectId":"berlin"},"ACL":{"*":{"read":true},"role:x":{"read":true,"write":true}}}"#;
    world.insert(&class, "ann", fields).await;
    let found = world.object(&class, "ann").await;
    let (found, mut expected) =
        (Json::parse(found.as_bytes()).unwrap(), Json::parse(fields.as_bytes()).unwrap());
    if let Json::Object(members) = &mut expected {
        members.insert("objectId".to_owned(), Json::from("ann"));
        let url = Json::from([
            ("__type", Json::from("File")),
            ("name", Json::from("a b.png")),
            ("url", Json::from("a%20b.png")),
        ]);
        members.insert("photo".to_owned(), url);
    }
    assert_eq!(found, expected);
    let stored = world.storage.find(query(&class, "{}", "")).await.unwrap();
    let text = |field: &str| format!("{:?}", stored.row(0).field(field).unwrap());
    assert_eq!(text("createdAt"), text("updatedAt"));
    assert!(text("createdAt").contains("Date"));
    let mut empty = question(&class, "{}", "");
    empty.columns = Vec::new();
    let stored = world.storage.find(Plan::server(&class).allow(empty).unwrap()).await.unwrap();
    assert_eq!(object(&stored, 0), r#"{"objectId":"ann"}"#);
}

pub(in crate::storage) async fn update_assigns(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"name":"Ann","age":1,"ACL":{"*":{"read":true}},"loc":{"__type":"GeoPoint","latitude":1,"longitude":2}}"#).await;
    world.insert(&class, "bob", r#"{"name":"Bob"}"#).await;
    world.update(&class, "ann", r#"{"name":"Anna","age":{"__op":"Delete"},"happy":true,"loc":{"__type":"GeoPoint","latitude":3,"longitude":4},"ACL":{"u":{"write":true}},"tags":[1]}"#).await;
    assert_eq!(
        world.object(&class, "ann").await,
        r#"{"objectId":"ann","ACL":{"u":{"write":true}},"name":"Anna","tags":[1],"happy":true,"loc":{"__type":"GeoPoint","latitude":3,"longitude":4}}"#
    );
    assert_eq!(world.object(&class, "bob").await, r#"{"objectId":"bob","name":"Bob"}"#);
    world.update(&class, "ann", r#"{"loc":null,"ACL":null,"tags":null,"happy":null}"#).await;
    assert_eq!(world.object(&class, "ann").await, r#"{"objectId":"ann","name":"Anna"}"#);
    world.update(&class, "ann", "{}").await;
}

pub(in crate::storage) async fn relative_changes_return(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"nums":[1,1,"x"]}"#).await;
    let cases = [
        (r#"{"age":{"__op":"Increment","amount":2}}"#, "age", r#"{"objectId":"ann","age":2}"#),
        (r#"{"age":{"__op":"Increment","amount":-0.5}}"#, "age", r#"{"objectId":"ann","age":1.5}"#),
        (
            r#"{"nums":{"__op":"Add","objects":["y",{"k":1}]}}"#,
            "nums",
            r#"{"objectId":"ann","nums":[1,1,"x","y",{"k":1}]}"#,
        ),
        (
            r#"{"nums":{"__op":"AddUnique","objects":["x","z","z",{"k":1.0}]}}"#,
            "nums",
            r#"{"objectId":"ann","nums":[1,1,"x","y",{"k":1},"z"]}"#,
        ),
        (
            r#"{"nums":{"__op":"Remove","objects":[1,{"k":1},"nothere"]}}"#,
            "nums",
            r#"{"objectId":"ann","nums":["x","y","z"]}"#,
        ),
        (r#"{"tags":{"__op":"Add","objects":[1]}}"#, "tags", r#"{"objectId":"ann","tags":[1]}"#),
        (r#"{"name":"Ann"}"#, "name", r#"{"objectId":"ann","name":"Ann"}"#),
    ];
    for (fields, returning, expected) in cases {
        let written =
            world.storage.write(vec![update(&class, "ann", fields, &[returning])]).await.unwrap();
        assert_eq!(object(done(&written[0]).unwrap(), 0), expected, "{fields}");
    }
    world.update(&class, "ann", r#"{"tags":{"__op":"Delete"}}"#).await;
    let written = world
        .storage
        .write(vec![update(
            &class,
            "ann",
            r#"{"tags":{"__op":"Remove","objects":[1]}}"#,
            &["tags"],
        )])
        .await;
    assert_eq!(object(done(&written.unwrap()[0]).unwrap(), 0), r#"{"objectId":"ann","tags":[]}"#);
}

pub(in crate::storage) async fn paths_inside_objects(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world
        .insert(&class, "ann", r#"{"info":{"k":1,"n":{"deep":"x"},"s":"text","l":[1,{"a":1}]}}"#)
        .await;
    world.insert(&class, "bob", "{}").await;
    let info = |object: Shown| {
        Shown(object[object.find("\"info\":").map_or(0, |at| at + 7)..object.len() - 1].to_owned())
    };
    let cases = [
        ("ann", r#"{"info.k":2}"#, r#"{"k":2,"n":{"deep":"x"},"s":"text","l":[1,{"a":1}]}"#),
        (
            "ann",
            r#"{"info.n.other":[1],"info.k":{"__op":"Increment","amount":3}}"#,
            r#"{"k":5,"n":{"deep":"x","other":[1]},"s":"text","l":[1,{"a":1}]}"#,
        ),
        (
            "ann",
            r#"{"info.n.deep":{"__op":"Delete"},"info.nothing.there":{"__op":"Delete"}}"#,
            r#"{"k":5,"n":{"other":[1]},"s":"text","l":[1,{"a":1}]}"#,
        ),
        (
            "ann",
            r#"{"info.s.x":1,"info.l.1.a":2,"info.l.0":"first"}"#,
            r#"{"k":5,"n":{"other":[1]},"s":{"x":1},"l":["first",{"a":2}]}"#,
        ),
        ("bob", r#"{"info.a.b.c":{"__op":"Increment","amount":1}}"#, r#"{"a":{"b":{"c":1}}}"#),
    ];
    for (id, fields, expected) in cases {
        let written =
            world.storage.write(vec![update(&class, id, fields, &["info"])]).await.unwrap();
        assert_eq!(info(object(done(&written[0]).unwrap(), 0)), expected, "{fields}");
        assert_eq!(info(world.object(&class, id).await), expected, "{fields}");
    }
}

pub(in crate::storage) async fn guards_and_missing_rows(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world
        .insert(&class, "ann", r#"{"age":1,"ACL":{"*":{"read":true},"uAnn":{"write":true}}}"#)
        .await;
    assert!(matches!(world.update(&class, "nobody", r#"{"age":2}"#).await, Written::Missing));
    for (guard, hit) in [
        (r#"{"age":2}"#, false),
        (r#"{"age":1}"#, true),
        (r#"{"age":1}"#, false),
        (r#"{"age":{"$ne":1}}"#, true),
    ] {
        let mut change = update_of(&class, "ann", r#"{"age":5}"#, &[]);
        change.guard =
            resolve(&parse_filter(&Json::parse(guard.as_bytes()).unwrap()).unwrap(), &class)
                .unwrap();
        let written = world
            .storage
            .write(vec![Change::Update(
                Plan::server(&class).allow_change(change, WriteAccess::of_server()),
            )])
            .await
            .unwrap();
        assert_eq!(matches!(written[0], Written::Done(_)), hit, "{guard}");
    }
    let public =
        Plan::compile(&class, ClassOperation::Update, &Principal::Public, &Protection::default())
            .unwrap();
    let change = update_of(&class, "ann", r#"{"age":6}"#, &["age"]);
    let written = world
        .storage
        .write(vec![Change::Update(public.allow_change(change, WriteAccess::of_server()))])
        .await
        .unwrap();
    assert!(matches!(written[0], Written::Missing), "the row filter applies");
    let change = Delete { class: Arc::clone(&class), id: ObjectId::from("ann") };
    let written = world
        .storage
        .write(vec![Change::Delete(public.allow_change(change, WriteAccess::of_server()))])
        .await
        .unwrap();
    assert!(matches!(written[0], Written::Missing));
    assert_eq!(world.ids(&class, r#"{"age":5}"#).await, "ann");
}

pub(in crate::storage) async fn deletes_take_relations_along(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", "{}").await;
    let friends = r#"{"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"}]}}"#;
    world.insert(&class, "bob", friends).await;
    let written =
        world.storage.write(vec![delete(&class, "bob"), delete(&class, "nobody")]).await.unwrap();
    assert!(matches!(written[..], [Written::Done(None), Written::Missing]));
    world.insert(&class, "bob", "{}").await;
    let related = r#"{"$relatedTo":{"object":{"__type":"Pointer","className":"Person","objectId":"bob"},"key":"friends"}}"#;
    world.check(&class, &[("{}", "ann bob"), (related, "")]).await;
}

pub(in crate::storage) async fn all_changes_or_none(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"age":1}"#).await;
    let changes = vec![
        insert(&class, "bob", r#"{"age":2}"#),
        update(&class, "ann", r#"{"age":{"__op":"Increment","amount":1}}"#, &[]),
        insert(&class, "ann", "{}"),
    ];
    let refused = world.storage.write(changes).await.unwrap_err();
    assert_eq!(refused.code() as i32, 137);
    world.check(&class, &[("{}", "ann"), (r#"{"age":1}"#, "ann")]).await;
    let changes = vec![
        insert(&class, "bob", "{}"),
        update(&class, "bob", r#"{"age":3}"#, &["age"]),
        delete(&class, "ann"),
    ];
    let written = world.storage.write(changes).await.unwrap();
    assert_eq!(object(done(&written[1]).unwrap(), 0), r#"{"objectId":"bob","age":3}"#);
    assert_eq!(world.ids(&class, "{}").await, "bob");
    assert!(world.storage.write(Vec::new()).await.unwrap().is_empty());
}

pub(in crate::storage) async fn a_taken_id_is_refused(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"name":"first"}"#).await;
    let friends = r#"{"name":"second","friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"}]}}"#;
    for fields in [r#"{"name":"second"}"#, friends] {
        let refused = world.try_insert(&class, "ann", fields).await.unwrap_err();
        assert_eq!(
            (refused.code() as i32, refused.text()),
            (137, "A duplicate value for a field with unique values was provided")
        );
    }
    assert_eq!(world.object(&class, "ann").await, r#"{"objectId":"ann","name":"first"}"#);
    world.insert(&class, "ANN", "{}").await;
}

pub(in crate::storage) async fn relations_change_with_their_object(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let person =
        |id: &str| format!(r#"{{"__type":"Pointer","className":"Person","objectId":"{id}"}}"#);
    let related = format!(r#"{{"$relatedTo":{{"object":{},"key":"friends"}}}}"#, person("owner"));
    let many: Vec<String> = (0..2_500).map(|n| person(&format!("p{n}"))).collect();
    let op = |op: &str, objects: &str| {
        format!(r#"{{"friends":{{"__op":"{op}","objects":[{objects}]}}}}"#)
    };
    world.insert(&class, "owner", &op("AddRelation", &many.join(","))).await;
    for id in ["p1", "p2", "p2499"] {
        world.insert(&class, id, "{}").await;
    }
    world.check(&class, &[(&related, "p1 p2 p2499")]).await;
    world.update(&class, "owner", &op("AddRelation", &person("p1"))).await;
    world
        .update(&class, "owner", &op("RemoveRelation", &[person("p2"), person("nobody")].join(",")))
        .await;
    world.check(&class, &[(&related, "p1 p2499")]).await;
    world.update(&class, "owner", &op("RemoveRelation", &many.join(","))).await;
    world.check(&class, &[(&related, "")]).await;
    let missing = world.update(&class, "nobody", &op("AddRelation", &person("p1"))).await;
    assert!(matches!(missing, Written::Missing));
    let unowned = related.replace("owner", "nobody");
    world.check(&class, &[(&unowned, "")]).await;
}

pub(in crate::storage) async fn an_object_is_renamed(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", "{}").await;
    let friends = r#"{"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"}]}}"#;
    world.insert(&class, "bob", friends).await;
    let mut change = update_of(&class, "bob", "{}", &["name"]);
    change
        .row
        .columns
        .push((FieldName::from("objectId"), Assign::Set(Value::String("bobby".to_owned()))));
    let written = world
        .storage
        .write(vec![Change::Update(
            Plan::server(&class).allow_change(change, WriteAccess::of_server()),
        )])
        .await
        .unwrap();
    assert_eq!(ids(done(&written[0]).unwrap()), "bobby");
    let related = r#"{"$relatedTo":{"object":{"__type":"Pointer","className":"Person","objectId":"bobby"},"key":"friends"}}"#;
    world.check(&class, &[("{}", "ann bobby"), (related, "ann")]).await;
}

pub(in crate::storage) async fn concurrent_increments(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", "{}").await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..20 {
        let (storage, class) = (Arc::clone(&world.storage), Arc::clone(&class));
        tasks.spawn(async move {
            for _ in 0..25 {
                let fields = format!(r#"{{"age":{{"__op":"Increment","amount":1}},"info.t{task}":{{"__op":"Increment","amount":1}}}}"#);
                storage.write(vec![update(&class, "ann", &fields, &[])]).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    world.check(&class, &[(r#"{"age":500,"info.t0":25,"info.t19":25}"#, "ann")]).await;
}

pub(in crate::storage) async fn hostile_texts_stay_texts(world: World) {
    let class = world.create_class("Person", PERSON).await;
    for (at, text) in [
        r#"'; DROP TABLE \"Person\"; --"#,
        r#"\" OR 1=1 --"#,
        "%_\\\\",
        "$1 ? :a @b",
        "\\ud83d\\ude00",
    ]
    .iter()
    .enumerate()
    {
        let id = format!("i{at}");
        world
            .insert(
                &class,
                &id,
                &format!(r#"{{"name":"{text}","tags":["{text}"],"info":{{"k":"{text}"}}}}"#),
            )
            .await;
        for filter in ["name", "tags", "info.k"] {
            assert_eq!(
                world.ids(&class, &format!(r#"{{"{filter}":"{text}"}}"#)).await,
                id,
                "{filter} {text}"
            );
        }
        let read = Json::parse(world.object(&class, &id).await.as_bytes()).unwrap();
        assert_eq!(
            read.get("name").unwrap(),
            &Json::parse(format!("\"{text}\"").as_bytes()).unwrap()
        );
    }
    let hostile = "x\"'; DROP TABLE \"Person\"; --";
    let filter = Json::from([("objectId", Json::from(hostile))]).to_text();
    assert_eq!(world.ids(&class, &filter).await, "");
}

/// New objects that come together: each is made or refused for itself, whatever becomes of its neighbours.
pub(in crate::storage) async fn inserts_that_meet(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let fields = |at: usize| match at % 3 {
        0 => format!(r#"{{"age":{at}}}"#),
        1 => format!(r#"{{"age":{at},"name":"n{at}"}}"#),
        _ => format!(r#"{{"age":{at},"tags":[{at}]}}"#),
    };
    // Every id twice.
    let inserts: Vec<Change> =
        (0..120).map(|at| insert(&class, &format!("i{}", at / 2), &fields(at))).collect();
    let made = inserts.into_iter().map(|insert| world.storage.write(vec![insert]));
    let made = futures_util::future::join_all(made).await;
    for (at, pair) in made.chunks(2).enumerate() {
        let refused: Vec<i32> =
            pair.iter().filter_map(|made| Some(made.as_ref().err()?.code() as i32)).collect();
        assert_eq!(refused, [137], "i{at}");
    }
    assert_eq!(world.storage.count(query(&class, "{}", "")).await.unwrap(), 60);
    let found = world.storage.find(query(&class, "{}", "")).await.unwrap();
    for row in 0..found.len() {
        let object = json(&object(&found, row));
        let at = object.get("age").and_then(Json::as_number).unwrap() as usize;
        assert_eq!(object.get("objectId"), Some(&Json::from(format!("i{}", at / 2))));
        assert_eq!(object.get("name").is_some(), at % 3 == 1, "{object}");
        assert_eq!(object.get("tags").is_some(), at % 3 == 2, "{object}");
    }
}

/// Not every database can keep the character NUL: it comes back, or is refused in words.
pub(in crate::storage) async fn nul_is_kept_or_refused(world: World) {
    let class = world.create_class("Person", PERSON).await;
    for fields in [r#"{"name":"a\u0000b"}"#, r#"{"tags":["a\u0000b"]}"#] {
        match world.try_insert(&class, "nul", fields).await {
            Ok(()) => assert_eq!(world.ids(&class, fields).await, "nul"),
            Err(refused) => {
                assert_eq!(refused.code() as i32, 107, "{}", refused.log_text());
                let found = world.storage.find(query(&class, fields, "")).await;
                assert_eq!(found.unwrap_err().code() as i32, 107, "{fields}");
            }
        }
        world.storage.write(vec![delete(&class, "nul")]).await.unwrap();
    }
}
