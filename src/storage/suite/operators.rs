//! Every operator on every type.

use std::sync::Arc;

use super::world::{PERSON, World};
use crate::schema::ClassSchema;

/// The cast of the recorded exchanges with the original.
async fn cast(world: &World) -> Arc<ClassSchema> {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", r#"{"name":"Ann","age":30,"born":{"__type":"Date","iso":"1990-05-01T00:00:00.000Z"},"tags":["a","b","c"],"nums":[1,2,3],"info":{"k":1,"n":{"deep":"x"},"l":[5,{"z":1}],"t":true},"happy":true,"loc":{"__type":"GeoPoint","latitude":52.52,"longitude":13.405},"area":{"__type":"Polygon","coordinates":[[0,0],[0,10],[10,10],[10,0]]},"photo":{"__type":"File","name":"a.png"},"raw":{"__type":"Bytes","base64":"AAA="},"city":{"__type":"Pointer","className":"City","objectId":"berlin"}}"#).await;
    world.insert(&class, "bob", r#"{"name":"Bob","age":40,"born":{"__type":"Date","iso":"1980-05-01T00:00:00.000Z"},"tags":["b"],"nums":[2],"info":{"k":2},"happy":false,"loc":{"__type":"GeoPoint","latitude":48.8566,"longitude":2.3522},"area":{"__type":"Polygon","coordinates":[[20,20],[20,30],[30,30],[30,20]]},"photo":{"__type":"File","name":"b.png"},"raw":{"__type":"Bytes","base64":"BBB="},"city":{"__type":"Pointer","className":"City","objectId":"paris"},"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"}]}}"#).await;
    world.insert(&class, "cat", r#"{"name":"catherine","age":25,"tags":["c","d"],"nums":[],"loc":{"__type":"GeoPoint","latitude":51.5074,"longitude":-0.1278},"city":{"__type":"Pointer","className":"City","objectId":"berlin"},"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"ann"},{"__type":"Pointer","className":"Person","objectId":"bob"}]}}"#).await;
    world.insert(&class, "dan", r#"{"name":"Dan","age":30,"tags":[{"x":1,"y":2},"a"],"happy":true,"info":{"k":"str","o":{"a":1,"b":2}},"city":{"__type":"Pointer","className":"City","objectId":"atlantis"}}"#).await;
    world.insert(&class, "eve", r#"{"name":"Eve O'Neil %_","nums":[3,2,1]}"#).await;
    class
}

pub(in crate::storage) async fn text_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"name":"Ann"}"#, "ann"),
                (r#"{"name":"ann"}"#, ""),
                (r#"{"name":{"$ne":"Ann"}}"#, "bob cat dan eve"),
                (r#"{"name":{"$gt":"B","$lt":"E"}}"#, "bob dan"),
                (r#"{"name":{"$gte":"Bob","$lte":"Dan"}}"#, "bob dan"),
                (r#"{"name":{"$gt":"Z"}}"#, "cat"),
                (r#"{"name":{"$in":["Ann","catherine","nobody"]}}"#, "ann cat"),
                (r#"{"name":{"$nin":["Ann","catherine"]}}"#, "bob dan eve"),
                (r#"{"name":null}"#, ""),
                (r#"{"objectId":"bob"}"#, "bob"),
                (r#"{"objectId":{"$in":["bob","ann"]}}"#, "ann bob"),
                (r#"{"name":"Eve O'Neil %_"}"#, "eve"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn number_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"age":30}"#, "ann dan"),
                (r#"{"age":30.0}"#, "ann dan"),
                (r#"{"age":"30"}"#, "ann dan"),
                (r#"{"age":{"$lt":30}}"#, "cat"),
                (r#"{"age":{"$lte":30}}"#, "ann cat dan"),
                (r#"{"age":{"$gt":30}}"#, "bob"),
                (r#"{"age":{"$gte":30}}"#, "ann bob dan"),
                (r#"{"age":{"$ne":30}}"#, "bob cat eve"),
                (r#"{"age":{"$gte":26,"$lt":40}}"#, "ann dan"),
                (r#"{"age":{"$in":[30,25]}}"#, "ann cat dan"),
                (r#"{"age":{"$in":[25,null]}}"#, "cat eve"),
                (r#"{"age":{"$in":[]}}"#, "eve"),
                (r#"{"age":{"$nin":[30,25]}}"#, "bob"),
                (r#"{"age":{"$nin":[]}}"#, "ann bob cat dan eve"),
                (r#"{"age":null}"#, "eve"),
                (r#"{"age":{"$ne":null}}"#, "ann bob cat dan"),
                (r#"{"age":{"$exists":true}}"#, "ann bob cat dan"),
                (r#"{"age":{"$exists":false}}"#, "eve"),
                (r#"{"age":"nonsense"}"#, ""),
                (r#"{"age":{"$not":{"$gt":30}}}"#, "ann cat dan eve"),
                (r#"{"age":{"$not":{"$gte":30,"$lt":35}}}"#, "bob cat eve"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn boolean_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"happy":true}"#, "ann dan"),
                (r#"{"happy":{"$ne":true}}"#, "bob cat eve"),
                (r#"{"happy":{"$in":[true,false]}}"#, "ann bob dan"),
                (r#"{"happy":{"$nin":[true]}}"#, "bob"),
                (r#"{"happy":{"$gt":false}}"#, "ann dan"),
                (r#"{"happy":1}"#, ""),
            ],
        )
        .await;
}

pub(in crate::storage) async fn date_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"born":{"$gte":{"__type":"Date","iso":"1985-01-01T00:00:00.000Z"}}}"#, "ann"),
                (r#"{"born":{"$gt":"1979-01-01T00:00:00.000Z"}}"#, "ann bob"),
                (r#"{"born":{"__type":"Date","iso":"1980-05-01T00:00:00.000Z"}}"#, "bob"),
                (r#"{"born":{"$in":[{"__type":"Date","iso":"1980-05-01T00:00:00.000Z"}]}}"#, "bob"),
                (
                    r#"{"born":{"$nin":[{"__type":"Date","iso":"1980-05-01T00:00:00.000Z"}]}}"#,
                    "ann",
                ),
                (
                    r#"{"born":{"$ne":{"__type":"Date","iso":"1980-05-01T00:00:00.000Z"}}}"#,
                    "ann cat dan eve",
                ),
                (r#"{"createdAt":{"$gt":"2015-01-01T00:00:00.000Z"}}"#, "ann bob cat dan eve"),
                (r#"{"updatedAt":{"$gt":"2055-01-01T00:00:00.000Z"}}"#, ""),
            ],
        )
        .await;
}

pub(in crate::storage) async fn pointer_tests(world: World) {
    let class = cast(&world).await;
    let berlin = r#"{"__type":"Pointer","className":"City","objectId":"berlin"}"#;
    world
        .check(
            &class,
            &[
                (&format!(r#"{{"city":{berlin}}}"#), "ann cat"),
                (r#"{"city":"berlin"}"#, "ann cat"),
                (&format!(r#"{{"city":{{"$ne":{berlin}}}}}"#), "bob dan eve"),
                (&format!(r#"{{"city":{{"$in":[{berlin}]}}}}"#), "ann cat"),
                (&format!(r#"{{"city":{{"$nin":[{berlin}]}}}}"#), "bob dan"),
                (r#"{"city":{"__type":"Pointer","className":"Country","objectId":"berlin"}}"#, ""),
                (r#"{"city":{"$exists":false}}"#, "eve"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn array_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"tags":"b"}"#, "ann bob"),
                (r#"{"nums":2}"#, "ann bob eve"),
                (r#"{"nums":2.0}"#, "ann bob eve"),
                (r#"{"nums":"2"}"#, ""),
                (r#"{"tags":{"y":2,"x":1}}"#, "dan"),
                (r#"{"tags":{"x":1}}"#, ""),
                (r#"{"nums":[2]}"#, "bob"),
                (r#"{"nums":[]}"#, "cat"),
                (r#"{"nums":{"$ne":[2]}}"#, "ann cat dan eve"),
                (r#"{"tags":{"$ne":"b"}}"#, "cat dan"),
                (r#"{"tags":{"$all":["a","b"]}}"#, "ann"),
                (r#"{"tags":{"$all":["c"]}}"#, "ann cat"),
                (r#"{"tags":{"$all":[]}}"#, ""),
                (r#"{"tags":{"$all":[{"$regex":"^[ab]"},{"$regex":"c"}]}}"#, "ann"),
                (r#"{"tags":{"$in":["a","d"]}}"#, "ann cat dan"),
                (r#"{"tags":{"$in":["d",null]}}"#, "cat eve"),
                (r#"{"tags":{"$nin":["a","d"]}}"#, "bob"),
                (r#"{"nums":{"$containedBy":[1,2,3,4]}}"#, "ann bob cat eve"),
                (r#"{"nums":{"$containedBy":[2]}}"#, "bob cat"),
                (r#"{"tags":{"$regex":"^d"}}"#, "cat"),
                (r#"{"tags":{"$exists":false}}"#, "eve"),
                (r#"{"nums":{"$gt":2}}"#, ""),
                (r#"{"tags.1":"b"}"#, "ann"),
                (r#"{"tags.0.x":1}"#, "dan"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn object_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"info":{"k":2}}"#, "bob"),
                (r#"{"info":{"k":2.0}}"#, "bob"),
                (r#"{"info":{"o":{"b":2,"a":1},"k":"str"}}"#, "dan"),
                (r#"{"info":{"$ne":{"k":2}}}"#, "ann cat dan eve"),
                (r#"{"info":{"$in":[{"k":2},{"k":3}]}}"#, "bob"),
                (r#"{"info":{"$exists":true}}"#, "ann bob dan"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn path_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"info.k":1}"#, "ann"),
                (r#"{"info.k":"str"}"#, "dan"),
                (r#"{"info.n.deep":"x"}"#, "ann"),
                (r#"{"info.l.1.z":1}"#, "ann"),
                (r#"{"info.l.0":5}"#, "ann"),
                (r#"{"info.t":true}"#, "ann"),
                (r#"{"info.t":1}"#, ""),
                (r#"{"info.k":{"$gt":1}}"#, "bob"),
                (r#"{"info.k":{"$gte":1}}"#, "ann bob"),
                (r#"{"info.k":{"$lt":"t"}}"#, "dan"),
                (r#"{"info.k":{"$ne":1}}"#, "bob cat dan eve"),
                (r#"{"info.k":{"$in":[1,"str"]}}"#, "ann dan"),
                (r#"{"info.l":{"$in":[5]}}"#, "ann"),
                (r#"{"info.k":{"$nin":[1,"str"]}}"#, "bob"),
                (r#"{"info.n":{"$exists":true}}"#, "ann"),
                (r#"{"info.n":{"$exists":false}}"#, "bob cat dan eve"),
                (r#"{"info.n":{"deep":"x"}}"#, "ann"),
                (r#"{"info.l":{"$all":[5]}}"#, "ann"),
                (r#"{"info.l":{"$containedBy":[5,{"z":1},6]}}"#, "ann"),
                (r#"{"info.k":{"$regex":"^s"}}"#, "dan"),
                (r#"{"name.x":{"$exists":false}}"#, "ann bob cat dan eve"),
                (r#"{"name.x":1}"#, ""),
                (r#"{"name.x":{"$ne":1}}"#, "ann bob cat dan eve"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn geo_tests(world: World) {
    let class = cast(&world).await;
    let near = r#""$nearSphere":{"__type":"GeoPoint","latitude":52,"longitude":13}"#;
    let point = |latitude: f64, longitude: f64| {
        format!(r#"{{"__type":"GeoPoint","latitude":{latitude},"longitude":{longitude}}}"#)
    };
    world
        .check(
            &class,
            &[
                (&format!(r#"{{"loc":{{{near},"$maxDistance":0.02}}}}"#), "ann"),
                (&format!(r#"{{"loc":{{{near},"$maxDistanceInKilometers":905}}}}"#), "ann bob cat"),
                (
                    &format!(
                        r#"{{"loc":{{"$within":{{"$box":[{},{}]}}}}}}"#,
                        point(47.0, 0.0),
                        point(53.0, 14.0)
                    ),
                    "ann bob",
                ),
                (
                    &format!(
                        r#"{{"loc":{{"$geoWithin":{{"$polygon":[{},{},{},{}]}}}}}}"#,
                        point(60.0, 0.0),
                        point(60.0, 20.0),
                        point(50.0, 20.0),
                        point(50.0, 0.0)
                    ),
                    "ann",
                ),
                (
                    &format!(
                        r#"{{"loc":{{"$geoWithin":{{"$centerSphere":[{},0.05]}}}}}}"#,
                        point(52.0, 13.0)
                    ),
                    "ann",
                ),
                (
                    &format!(
                        r#"{{"loc":{{"$geoWithin":{{"$centerSphere":[{},0.2]}}}}}}"#,
                        point(52.0, 13.0)
                    ),
                    "ann bob cat",
                ),
                (&format!(r#"{{"loc":{}}}"#, point(52.52, 13.405)), "ann"),
                (&format!(r#"{{"loc":{{"$ne":{}}}}}"#, point(52.52, 13.405)), "bob cat dan eve"),
                (&format!(r#"{{"loc":{{"$in":[{}]}}}}"#, point(48.8566, 2.3522)), "bob"),
                (r#"{"loc":{"$exists":true}}"#, "ann bob cat"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn polygon_tests(world: World) {
    let class = cast(&world).await;
    let point = |at: i32| format!(r#"{{"__type":"GeoPoint","latitude":{at},"longitude":{at}}}"#);
    world
        .check(
            &class,
            &[
                (&format!(r#"{{"area":{{"$geoIntersects":{{"$point":{}}}}}}}"#, point(5)), "ann"),
                (&format!(r#"{{"area":{{"$geoIntersects":{{"$point":{}}}}}}}"#, point(30)), "bob"),
                (&format!(r#"{{"area":{{"$geoIntersects":{{"$point":{}}}}}}}"#, point(15)), ""),
                (r#"{"area":{"__type":"Polygon","coordinates":[[0,0],[0,10],[10,10],[10,0],[0,0]]}}"#, "ann"),
                (r#"{"area":{"$exists":true}}"#, "ann bob"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn file_and_bytes_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"photo":"a.png"}"#, "ann"),
                (r#"{"photo":{"__type":"File","name":"b.png"}}"#, "bob"),
                (r#"{"photo":{"$in":["a.png","b.png"]}}"#, "ann bob"),
                (r#"{"raw":{"__type":"Bytes","base64":"AAA="}}"#, "ann"),
                (r#"{"raw":{"$ne":{"__type":"Bytes","base64":"AAA="}}}"#, "bob cat dan eve"),
                (r#"{"raw":{"$exists":true}}"#, "ann bob"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn pattern_tests(world: World) {
    let class = cast(&world).await;
    world
        .check(
            &class,
            &[
                (r#"{"name":{"$regex":"^A"}}"#, "ann"),
                (r#"{"name":{"$regex":"n$"}}"#, "ann dan"),
                (r#"{"name":{"$regex":"at"}}"#, "cat"),
                (r#"{"name":{"$regex":"^[A-D]"}}"#, "ann bob dan"),
                (r#"{"name":{"$regex":"^CAT","$options":"i"}}"#, "cat"),
                (r#"{"name":{"$regex":"^ A  # comment","$options":"x"}}"#, "ann"),
                (r#"{"name":{"$regex":"\\QO'Neil %_\\E"}}"#, "eve"),
                (r#"{"name":{"$regex":"^An+$"}}"#, "ann"),
                (r#"{"name":{"$regex":"^Anx?n"}}"#, "ann"),
                (r#"{"name":{"$regex":"^A|^B"}}"#, "ann bob"),
                (r#"{"objectId":{"$regex":"^"}}"#, "ann bob cat dan eve"),
                (r#"{"age":{"$regex":"3"}}"#, ""),
                (r#"{"name":{"$not":{"$regex":"^A"}}}"#, "bob cat dan eve"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn word_tests(world: World) {
    let class = world
        .create_class("Text", r#"{"plain":{"type":"String"},"indexed":{"type":"String"}}"#)
        .await;
    let texts = [
        ("fox", "The quick brown fox"),
        ("dog", "a lazy DOG and a quick dog"),
        ("cafe", "Café Müller"),
        ("none", ""),
    ];
    world
        .insert(&class, texts[0].0, &format!(r#"{{"plain":"{0}","indexed":"{0}"}}"#, texts[0].1))
        .await;
    let class = world.change_class("Text", r#"{"indexes":{"words":{"indexed":"text"}}}"#).await;
    for (id, text) in &texts[1..] {
        world.insert(&class, id, &format!(r#"{{"plain":"{text}","indexed":"{text}"}}"#)).await;
    }
    world.insert(&class, "empty", "{}").await;
    for field in ["plain", "indexed"] {
        let search = |term: &str, more: &str| {
            format!(r#"{{"{field}":{{"$text":{{"$search":{{"$term":"{term}"{more}}}}}}}}}"#)
        };
        world
            .check(
                &class,
                &[
                    (&search("quick", ""), "fox dog"),
                    (&search("QUICK dog", ""), "dog"),
                    (&search("qui", ""), ""),
                    (&search("cafe muller", ""), "cafe"),
                    (&search("?!", ""), ""),
                    (&search("dog", r#","$caseSensitive":true"#), "dog"),
                    (&search("Quick", r#","$caseSensitive":true"#), ""),
                    (&search("cafe", r#","$diacriticSensitive":true"#), ""),
                    (&search("café", r#","$diacriticSensitive":true"#), "cafe"),
                    (&search("a\\\" OR b", ""), ""),
                ],
            )
            .await;
    }
    world.update(&class, "fox", r#"{"indexed":"something else"}"#).await;
    world.update(&class, "dog", r#"{"indexed":{"__op":"Delete"}}"#).await;
    world.check(&class, &[(r#"{"indexed":{"$text":{"$search":{"$term":"quick"}}}}"#, "")]).await;
    world.check(&class, &[(r#"{"indexed":{"$text":{"$search":{"$term":"else"}}}}"#, "fox")]).await;
}

pub(in crate::storage) async fn logic_tests(world: World) {
    let class = cast(&world).await;
    let nested = (0..55).fold(r#"{"age":30}"#.to_owned(), |inner, level| {
        let operator = if level % 2 == 0 { "$and" } else { "$or" };
        format!(r#"{{"{operator}":[{inner},{{"name":"Ann"}}]}}"#)
    });
    world.check(&class, &[(&nested, "ann")]).await;
    let many: Vec<String> = (0..3_000).map(|n| format!(r#"{{"age":{n}}}"#)).collect();
    world
        .check(
            &class,
            &[
                (r#"{"$or":[{"name":"Ann"},{"age":40}]}"#, "ann bob"),
                (r#"{"$and":[{"age":30},{"happy":true}]}"#, "ann dan"),
                (r#"{"$nor":[{"name":"Ann"},{"age":40}]}"#, "cat dan"),
                (r#"{"$and":[{"$or":[{"name":"Ann"},{"name":"Bob"}]},{"age":{"$gt":35}}]}"#, "bob"),
                (r#"{"$or":[{"name":"Ann"},{"name":"Bob"}],"age":30}"#, "ann"),
                (r#"{"$nor":[{"age":{"$in":[40]}}]}"#, "ann cat dan"),
                (r#"{"$nor":[{"age":{"$exists":false}}]}"#, "ann bob cat dan"),
                (r#"{"$nor":[{"tags":"b"}]}"#, "cat dan"),
                (&format!(r#"{{"$or":[{}]}}"#, many.join(",")), "ann bob cat dan"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn relation_tests(world: World) {
    let class = cast(&world).await;
    let person =
        |id: &str| format!(r#"{{"__type":"Pointer","className":"Person","objectId":"{id}"}}"#);
    let related =
        |id: &str| format!(r#"{{"$relatedTo":{{"object":{},"key":"friends"}}}}"#, person(id));
    world
        .check(
            &class,
            &[
                (&related("bob"), "ann"),
                (&related("cat"), "ann bob"),
                (&related("ann"), ""),
                (&format!(r#"{{"friends":{}}}"#, person("ann")), "bob cat"),
                (
                    &format!(r#"{{"friends":{{"$in":[{},{}]}}}}"#, person("bob"), person("eve")),
                    "cat",
                ),
                (&format!(r#"{{"friends":{{"$ne":{}}}}}"#, person("bob")), "ann bob dan eve"),
                (&format!(r#"{{"$and":[{},{{"age":40}}]}}"#, related("cat")), "bob"),
            ],
        )
        .await;
}

pub(in crate::storage) async fn long_lists(world: World) {
    let class = cast(&world).await;
    for length in [1_usize, 2, 3, 31, 32, 33, 1_000, 20_000] {
        let numbers: Vec<String> = (0..length).map(|n| format!("{}", n as f64 + 0.1)).collect();
        let texts: Vec<String> = (0..length).map(|n| format!("\"x{n}\"")).collect();
        let cases = [
            (format!(r#"{{"age":{{"$in":[30,{}]}}}}"#, numbers.join(",")), "ann dan"),
            (format!(r#"{{"age":{{"$nin":[30,{}]}}}}"#, numbers.join(",")), "bob cat"),
            (format!(r#"{{"name":{{"$in":["Bob",{}]}}}}"#, texts.join(",")), "bob"),
            (format!(r#"{{"tags":{{"$in":["d",{}]}}}}"#, texts.join(",")), "cat"),
        ];
        for (filter, expected) in cases {
            assert_eq!(world.ids(&class, &filter).await, expected, "{length}");
        }
    }
}
