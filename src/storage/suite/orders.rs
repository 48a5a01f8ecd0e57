//! Orders.

use super::world::{PERSON, World, ids, query, question};
use crate::access::Plan;

pub(in crate::storage) async fn order_by_every_type(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let rows = [
        (
            "a",
            r#"{"name":"b","age":2,"born":{"__type":"Date","iso":"2002-01-01T00:00:00.000Z"},"happy":true,"city":{"__type":"Pointer","className":"City","objectId":"y"},"info":{"k":2,"t":"z"},"photo":{"__type":"File","name":"b"}}"#,
        ),
        (
            "b",
            r#"{"name":"B","age":10,"born":{"__type":"Date","iso":"2001-01-01T00:00:00.000Z"},"happy":false,"city":{"__type":"Pointer","className":"City","objectId":"x"},"info":{"k":10,"t":"Z"},"photo":{"__type":"File","name":"a"}}"#,
        ),
        (
            "c",
            r#"{"name":"é","age":-1.5,"born":{"__type":"Date","iso":"1969-01-01T00:00:00.000Z"},"happy":true,"city":{"__type":"Pointer","className":"City","objectId":"z"},"info":{"k":1.5,"t":"a"},"photo":{"__type":"File","name":"c"}}"#,
        ),
    ];
    for (id, fields) in rows {
        world.insert(&class, id, fields).await;
    }
    let cases = [
        ("name", "b a c"),
        ("-name", "c a b"),
        ("age", "c a b"),
        ("-age", "b a c"),
        ("born", "c b a"),
        ("-born", "a b c"),
        ("happy,age", "b c a"),
        ("-happy,-age", "a c b"),
        ("city", "b a c"),
        ("photo", "b a c"),
        ("info.k", "c a b"),
        ("-info.k", "b a c"),
        ("info.t", "b c a"),
        ("objectId", "a b c"),
        ("-objectId", "c b a"),
        ("createdAt,-objectId", "c b a"),
        ("nothing", "a b c"),
    ];
    for (order, expected) in cases {
        assert_eq!(world.sorted(&class, "{}", order).await, expected, "{order}");
    }
}

pub(in crate::storage) async fn empty_values_have_their_place(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "none", "{}").await;
    world.insert(&class, "one", r#"{"age":1,"info":{"k":1}}"#).await;
    world.insert(&class, "two", r#"{"age":2,"info":{"k":2}}"#).await;
    for field in ["age", "info.k"] {
        assert_eq!(world.sorted(&class, "{}", field).await, "one two none", "{field}");
        assert_eq!(
            world.sorted(&class, "{}", &format!("-{field}")).await,
            "none two one",
            "-{field}"
        );
    }
    world.change_class("Person", r#"{"indexes":{"byAge":{"age":1}}}"#).await;
    let class = world.class("Person").await;
    assert_eq!(world.sorted(&class, "{}", "age").await, "one two none");
    assert_eq!(world.sorted(&class, "{}", "-age").await, "none two one");
}

pub(in crate::storage) async fn near_points_come_first(world: World) {
    let class = world.create_class("Person", PERSON).await;
    for (id, latitude, longitude) in
        [("far", 10.0, 100.0), ("near", 52.0, 13.0), ("middle", 48.0, 2.0), ("date", 52.0, -179.0)]
    {
        let point = format!(
            r#"{{"name":"{id}","loc":{{"__type":"GeoPoint","latitude":{latitude},"longitude":{longitude}}}}}"#
        );
        world.insert(&class, id, &point).await;
    }
    world.insert(&class, "nowhere", "{}").await;
    let near = |longitude: f64| {
        format!(
            r#"{{"loc":{{"$nearSphere":{{"__type":"GeoPoint","latitude":52,"longitude":{longitude}}}}}}}"#
        )
    };
    assert_eq!(world.ids(&class, &near(13.1)).await, "near middle date far");
    assert_eq!(world.ids(&class, &near(179.0)).await, "date near far middle");
    assert_eq!(world.sorted(&class, &near(13.1), "name").await, "date far middle near");
    let mut limited = question(&class, &near(13.1), "");
    limited.limit = Some(1);
    assert_eq!(
        ids(&world.storage.find(Plan::server(&class).allow(limited).unwrap()).await.unwrap()),
        "near"
    );
    let within = near(179.0).replace("}}}", r#"},"$maxDistance":0.1}}"#);
    assert_eq!(world.ids(&class, &within).await, "date", "the angle crosses the date line");
}

pub(in crate::storage) async fn scores_rank(world: World) {
    let class = world
        .create_class("Text", r#"{"plain":{"type":"String"},"indexed":{"type":"String"}}"#)
        .await;
    let class =
        match world.change_class("Text", r#"{"indexes":{"words":{"indexed":"text"}}}"#).await {
            changed if changed.name == class.name => changed,
            _ => class,
        };
    for (id, text) in [
        ("once", "fox and hound and more words here"),
        ("often", "fox fox fox"),
        ("never", "hound"),
    ] {
        world.insert(&class, id, &format!(r#"{{"plain":"{text}","indexed":"{text}"}}"#)).await;
    }
    for field in ["plain", "indexed"] {
        let filter = format!(r#"{{"{field}":{{"$text":{{"$search":{{"$term":"fox"}}}}}}}}"#);
        let found = world.storage.find(query(&class, &filter, "$score")).await.unwrap();
        assert_eq!(ids(&found), "often once", "{field}");
    }
    let unsearched = world.storage.find(query(&class, "{}", "$score")).await.unwrap();
    assert_eq!(ids(&unsearched), "once often never");
}
