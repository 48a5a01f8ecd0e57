//! Distinct values, pipelines, plans.

use std::sync::Arc;

use super::world::{PERSON, Shown, World, json, query};
use crate::access::Plan;
use crate::query::{field_path, parse_pipeline};
use crate::schema::ClassSchema;
use crate::value::{Cell, Json, wire};

async fn cast(world: &World) -> Arc<ClassSchema> {
    let class = world.create_class("Person", PERSON).await;
    for (id, fields) in [
        (
            "ann",
            r#"{"name":"Ann","age":30,"born":{"__type":"Date","iso":"1990-05-01T00:00:00.000Z"},"tags":["a","b","c"],"nums":[1,2,3],"info":{"k":1,"n":{"deep":"x"}},"happy":true,"loc":{"__type":"GeoPoint","latitude":52.52,"longitude":13.405},"photo":{"__type":"File","name":"a.png"},"city":{"__type":"Pointer","className":"City","objectId":"berlin"}}"#,
        ),
        (
            "bob",
            r#"{"name":"Bob","age":40,"born":{"__type":"Date","iso":"1980-05-02T10:11:12.013Z"},"tags":["b"],"nums":[2],"info":{"k":2},"happy":false,"loc":{"__type":"GeoPoint","latitude":48.8566,"longitude":2.3522},"city":{"__type":"Pointer","className":"City","objectId":"paris"}}"#,
        ),
        (
            "cat",
            r#"{"name":"catherine","age":25,"tags":["c","d"],"nums":[],"city":{"__type":"Pointer","className":"City","objectId":"berlin"}}"#,
        ),
        (
            "dan",
            r#"{"name":"Dan","age":30,"tags":[{"x":1},"a"],"happy":true,"info":{"k":"str"},"city":{"__type":"Pointer","className":"City","objectId":"atlantis"}}"#,
        ),
        ("eve", r#"{"name":"Eve","nums":[3,2,1]}"#),
    ] {
        world.insert(&class, id, fields).await;
    }
    class
}

pub(in crate::storage) async fn distinct_values(world: World) {
    let class = cast(&world).await;
    let berlin = r#"{"__type":"Pointer","className":"City","objectId":"berlin"}"#;
    for (field, filter, expected) in [
        ("age", "{}", "[25,30,40]"),
        ("age", r#"{"name":{"$gt":"B"}}"#, "[25,30,40]"),
        ("name", r#"{"age":30}"#, r#"["Ann","Dan"]"#),
        ("tags", "{}", r#"["a","b","c","d",{"x":1}]"#),
        ("city", r#"{"age":{"$lte":30},"happy":{"$ne":true}}"#, &format!("[{berlin}]")),
        ("born", r#"{"age":30}"#, r#"[{"__type":"Date","iso":"1990-05-01T00:00:00.000Z"}]"#),
        ("happy", "{}", "[false,true]"),
        (
            "loc",
            r#"{"age":40}"#,
            r#"[{"__type":"GeoPoint","latitude":48.8566,"longitude":2.3522}]"#,
        ),
        ("info.k", "{}", r#"["str",1,2]"#),
        ("info.n", "{}", r#"[{"deep":"x"}]"#),
        ("friends", "{}", "[]"),
    ] {
        let path = field_path(field, &class).unwrap();
        let values = world.storage.distinct(query(&class, filter, ""), path).await.unwrap();
        let mut texts: Vec<String> = values.iter().map(Json::to_text).collect();
        texts.sort();
        let mut expected: Vec<String> =
            json(expected).as_array().unwrap().iter().map(Json::to_text).collect();
        expected.sort();
        assert_eq!(texts, expected, "{field}");
    }
}

/// The rows that leave a pipeline, in wire form.
async fn aggregate(world: &World, class: &Arc<ClassSchema>, stages: &str) -> Shown {
    let pipeline = parse_pipeline(&json(stages), class)
        .unwrap_or_else(|error| panic!("{stages}: {}", error.text()));
    let allowed = Plan::server(class).allow_pipeline(pipeline).unwrap();
    let rows = world
        .storage
        .aggregate(allowed)
        .await
        .unwrap_or_else(|error| panic!("{stages}: {}", error.log_text()));
    let mut out = Vec::new();
    for row in rows.rows() {
        let mut members = crate::value::Members::new();
        for (at, column) in rows.layout().columns.iter().enumerate() {
            if row.cell(at) != Cell::Null || column.name == "objectId" {
                let mut text = Vec::new();
                wire::write_cell(row.cell(at), &column.form, &wire::FileUrls::default(), &mut text);
                members.insert(column.name.to_string(), Json::parse(&text).unwrap());
            }
        }
        out.push(Json::Object(members).to_text());
    }
    Shown(out.join(" "))
}

pub(in crate::storage) async fn groups(world: World) {
    let class = cast(&world).await;
    for (stages, expected) in [
        (
            r#"[{"$group":{"_id":"$age","total":{"$sum":1}}},{"$sort":{"total":-1,"_id":1}}]"#,
            r#"{"objectId":30,"total":2} {"objectId":25,"total":1} {"objectId":40,"total":1} {"objectId":null,"total":1}"#,
        ),
        (
            r#"[{"$group":{"_id":null,"total":{"$sum":"$age"},"avg":{"$avg":"$age"},"min":{"$min":"$age"},"max":{"$max":"$age"}}}]"#,
            r#"{"objectId":null,"total":125,"avg":31.25,"min":25,"max":40}"#,
        ),
        (
            r#"[{"$group":{"_id":{"age":"$age","happy":"$happy"},"n":{"$sum":1}}},{"$sort":{"n":-1}},{"$limit":2}]"#,
            r#"{"objectId":{"age":30,"happy":true},"n":2} {"objectId":{"age":40,"happy":false},"n":1}"#,
        ),
        (
            r#"[{"$match":{"born":{"$exists":true}}},{"$group":{"_id":{"year":{"$year":"$born"},"month":{"$month":"$born"}},"n":{"$sum":1}}},{"$sort":{"n":1}}]"#,
            r#"{"objectId":{"year":1990,"month":5},"n":1} {"objectId":{"year":1980,"month":5},"n":1}"#,
        ),
        (
            r#"[{"$group":{"_id":{"$dayOfMonth":"$born"},"d":{"$first":"$born"}}},{"$sort":{"_id":1}}]"#,
            r#"{"objectId":1,"d":{"__type":"Date","iso":"1990-05-01T00:00:00.000Z"}} {"objectId":2,"d":{"__type":"Date","iso":"1980-05-02T10:11:12.013Z"}} {"objectId":null}"#,
        ),
        (
            r#"[{"$group":{"_id":"$city","n":{"$sum":1}}},{"$sort":{"_id":1}}]"#,
            r#"{"objectId":"atlantis","n":1} {"objectId":"berlin","n":2} {"objectId":"paris","n":1} {"objectId":null,"n":1}"#,
        ),
        (
            r#"[{"$sort":{"name":-1}},{"$group":{"_id":"$happy","first":{"$first":"$name"},"last":{"$last":"$name"},"all":{"$push":"$name"},"ages":{"$addToSet":"$age"}}},{"$sort":{"_id":1}}]"#,
            r#"{"objectId":false,"first":"Bob","last":"Bob","all":["Bob"],"ages":[40]} {"objectId":true,"first":"Dan","last":"Ann","all":["Dan","Ann"],"ages":[30]} {"objectId":null,"first":"catherine","last":"Eve","all":["catherine","Eve"],"ages":[25]}"#,
        ),
        (
            r#"[{"$match":{"age":40}},{"$group":{"_id":"$info.k","c":{"$push":"$city"},"l":{"$last":"$loc"},"f":{"$first":"$photo"},"o":{"$push":{"n":"$name","d":{"$dateToString":{"format":"%Y/%m/%d %H:%M:%S.%L %j","date":"$born"}}}},"s":{"$sum":"$info.k"}}}]"#,
            r#"{"objectId":2,"c":[{"__type":"Pointer","className":"City","objectId":"paris"}],"l":{"__type":"GeoPoint","latitude":48.8566,"longitude":2.3522},"o":[{"n":"Bob","d":"1980/05/02 10:11:12.013 123"}],"s":2}"#,
        ),
        (
            r#"[{"$group":{"_id":"x","n":{"$count":{}},"m":{"$max":"$info.k"},"e":{"$min":"$nothing"}}}]"#,
            r#"{"objectId":"x","n":5,"m":"str"}"#,
        ),
        (r#"[{"$match":{"age":1000}},{"$group":{"_id":null,"n":{"$sum":1}}}]"#, ""),
    ] {
        assert_eq!(aggregate(&world, &class, stages).await, expected, "{stages}");
    }
}

pub(in crate::storage) async fn stages(world: World) {
    let class = cast(&world).await;
    for (stages, expected) in [
        (
            r#"[{"$match":{"age":{"$gt":25}}},{"$sort":{"name":1}},{"$project":{"name":1,"age":1}}]"#,
            r#"{"objectId":"ann","name":"Ann","age":30} {"objectId":"bob","name":"Bob","age":40} {"objectId":"dan","name":"Dan","age":30}"#,
        ),
        (
            r#"[{"$match":{"$or":[{"name":"Ann"},{"name":"Bob"}]}},{"$project":{"name":1}},{"$sort":{"name":-1}}]"#,
            r#"{"objectId":"bob","name":"Bob"} {"objectId":"ann","name":"Ann"}"#,
        ),
        (
            r#"[{"$match":{"_p_city":"City$berlin"}},{"$project":{"name":1,"_id":1}}]"#,
            r#"{"objectId":"ann","name":"Ann"} {"objectId":"cat","name":"catherine"}"#,
        ),
        (
            r#"[{"$match":{"city":{"__type":"Pointer","className":"City","objectId":"paris"}}},{"$project":{"city":1,"l":"$loc"}}]"#,
            r#"{"objectId":"bob","city":{"__type":"Pointer","className":"City","objectId":"paris"},"l":{"__type":"GeoPoint","latitude":48.8566,"longitude":2.3522}}"#,
        ),
        (
            r#"[{"$match":{"name":"Ann"}},{"$project":{"name":1,"_id":0}}]"#,
            r#"{"objectId":null,"name":"Ann"}"#,
        ),
        (
            r#"[{"$match":{"name":"Ann"}},{"$project":{"label":"$name","k":"$info.k","y":{"$year":"$born"}}}]"#,
            r#"{"objectId":"ann","label":"Ann","k":1,"y":1990}"#,
        ),
        (
            r#"[{"$project":{"name":1}},{"$sort":{"name":-1}},{"$skip":1},{"$limit":2}]"#,
            r#"{"objectId":"eve","name":"Eve"} {"objectId":"dan","name":"Dan"}"#,
        ),
        (r#"[{"$match":{"age":30}},{"$count":"n"}]"#, r#"{"n":2}"#),
        (r#"[{"$match":{"age":1000}},{"$count":"n"}]"#, ""),
        (
            r#"[{"$match":{"_id":"ann"}},{"$project":{"createdAt":0,"updatedAt":0,"tags":0,"nums":0,"loc":0,"photo":0,"city":0,"born":0,"_id":0}}]"#,
            r#"{"objectId":null,"name":"Ann","age":30,"info":{"k":1,"n":{"deep":"x"}},"happy":true}"#,
        ),
        (
            r#"[{"$unwind":"$tags"},{"$group":{"_id":"$tags","n":{"$sum":1}}},{"$sort":{"n":-1,"_id":1}},{"$limit":3}]"#,
            r#"{"objectId":"a","n":2} {"objectId":"b","n":2} {"objectId":"c","n":2}"#,
        ),
        (
            r#"[{"$unwind":{"path":"$nums","includeArrayIndex":"at"}},{"$match":{"nums":{"$gte":3}}},{"$project":{"name":1,"nums":1,"at":1}}]"#,
            r#"{"objectId":"ann","name":"Ann","nums":3,"at":2} {"objectId":"eve","name":"Eve","nums":3,"at":0}"#,
        ),
        (
            r#"[{"$unwind":{"path":"$nums","preserveNullAndEmptyArrays":true}},{"$group":{"_id":null,"n":{"$sum":1},"s":{"$sum":"$nums"}}}]"#,
            r#"{"objectId":null,"n":9,"s":14}"#,
        ),
        (
            r#"[{"$match":{"name":"Ann"}},{"$addFields":{"y":{"$year":"$born"},"name":"other","g":"$loc"}},{"$project":{"name":1,"y":1,"g":1}}]"#,
            r#"{"objectId":"ann","name":"other","y":1990,"g":{"__type":"GeoPoint","latitude":52.52,"longitude":13.405}}"#,
        ),
        (
            r#"[{"$match":{"createdAt":{"$gte":{"$date":"2020-01-01T00:00:00.000Z"}}}},{"$match":{"name":{"$regex":"^A"}}},{"$unset":["tags","nums","info","loc","photo","city","born","createdAt","updatedAt"]}]"#,
            r#"{"objectId":"ann","name":"Ann","age":30,"happy":true}"#,
        ),
        (r#"[{"$sample":{"size":3}},{"$count":"n"}]"#, r#"{"n":3}"#),
        (
            r#"[{"$group":{"_id":"$age","n":{"$sum":1}}},{"$match":{"n":{"$gt":1}}},{"$project":{"double":"$n"}}]"#,
            r#"{"objectId":30,"double":2}"#,
        ),
    ] {
        assert_eq!(aggregate(&world, &class, stages).await, expected, "{stages}");
    }
    let all = aggregate(&world, &class, "[]").await;
    assert_eq!(all.matches("\"objectId\":\"").count(), 9, "five people, four pointers: {all}");
    let many = format!("[{}]", vec![r#"{"$match":{"age":30}},{"$skip":0}"#; 50].join(","));
    assert!(aggregate(&world, &class, &many).await.contains("\"Dan\""));
}

pub(in crate::storage) async fn plans_are_explained(world: World) {
    let class = cast(&world).await;
    let plan = world.storage.explain(query(&class, r#"{"objectId":"ann"}"#, "")).await.unwrap();
    assert!(!plan.is_null(), "{plan}");
    let before = world.storage.statements();
    world.storage.find(query(&class, r#"{"age":30}"#, "")).await.unwrap();
    assert_eq!(world.storage.statements(), before + 1);
}
