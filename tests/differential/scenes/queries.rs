//! Questions about a fixed set of objects: every operator on every type.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::Twins;
use crate::values::{Kind, definitions, fields, pointer};

const THINGS: usize = 40;
const OWNERS: usize = 8;

/// What can be asked about.
pub(crate) struct World {
    things: Vec<String>,
    owners: Vec<String>,
    fields: Vec<(&'static str, Kind)>,
}

/// Makes the objects, then asks.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let world = prepare(twins, dice);
    let included =
        Request::get("classes/Thing").query("keys", "owner.boss.name").query("include", "*");
    twins.send(&included.query("order", "createdAt").ordered().by(&Caller::Master));
    let compared =
        Request::get("classes/Thing").query("where", json!({"words": {"$gt": {"a": 1}}}));
    twins.send(&compared.by(&Caller::Master));
    while twins.sent() < count && !twins.is_lost() {
        let class = if dice.one_in(8) { "Owner" } else { "Thing" };
        let mut request = Request::get(format!("classes/{class}"));
        if !dice.one_in(12) {
            request = request.query("where", condition(dice, &world, class, 2));
        }
        request = options(dice, request, class);
        let caller = if dice.one_in(2) { Caller::Master } else { Caller::Public };
        let is_count_by_planner = caller == Caller::Master
            && request.query.iter().any(|(name, _)| name == "count")
            && !request.query.iter().any(|(name, _)| name == "where");
        twins.send(&request.by(if is_count_by_planner { &Caller::Public } else { &caller }));
    }
}

fn prepare(twins: &mut Twins, dice: &mut Dice) -> World {
    let fields = fields();
    let owner = json!({"className": "Owner", "fields": {
        "rank": {"type": "Number"}, "name": {"type": "String"},
        "boss": {"type": "Pointer", "targetClass": "Owner"},
    }});
    let thing = json!({"className": "Thing", "fields": definitions(&fields)});
    twins.send(&Request::post("schemas/Owner", owner).by(&Caller::Master));
    twins.send(&Request::post("schemas/Thing", thing).by(&Caller::Master));
    let mut world = World { things: Vec::new(), owners: Vec::new(), fields };
    for rank in 0..OWNERS {
        let mut body = json!({"rank": rank, "name": dice.text()});
        if rank > 0 && !dice.one_in(3) {
            body["boss"] = pointer("Owner", &dice.target(&world.owners));
        }
        world.owners.push(twins.send(&Request::post("classes/Owner", body)).text("objectId"));
    }
    for _ in 0..THINGS {
        let mut body = Map::new();
        for (name, kind) in &world.fields {
            if !dice.one_in(4) {
                body.insert((*name).to_owned(), dice.value(kind, &world.owners));
            }
        }
        if dice.one_in(10) {
            body.insert("ACL".to_owned(), json!({}));
        }
        let made = twins.send(&Request::post("classes/Thing", body.into()).by(&Caller::Master));
        world.things.push(made.text("objectId"));
    }
    world
}

/// Everything a find takes besides the condition.
fn options(dice: &mut Dice, mut request: Request, class: &str) -> Request {
    let orders = match class {
        "Owner" => ["rank", "-rank", "name", "-name", "-name,rank", "nope"],
        _ => ["text", "-number", "date,-text", "flag", "-date", "number,date"],
    };
    let mut is_ordered = false;
    if !dice.one_in(3) {
        request = request.query("order", format!("{},createdAt", dice.word(&orders)));
        is_ordered = true;
    }
    if is_ordered && dice.one_in(3) {
        request = request.query("limit", json!(dice.below(12)));
    }
    if is_ordered && dice.one_in(4) {
        request = request.query("skip", json!(dice.below(10)));
    }
    if dice.one_in(5) {
        request = request.query("count", "1");
    }
    for (name, values) in [
        (
            "keys",
            ["text", "owner,number", "object.a,tags", "nope", "owner.rank", "owner.boss.name"],
        ),
        (
            "excludeKeys",
            ["text", "number,list", "owner.rank", "nope", "object", "friends,createdAt"],
        ),
        ("include", ["owner", "*", "nope", "owner.boss", "owner.boss.boss,list", "boss"]),
    ] {
        if dice.one_in(4) {
            request = request.query(name, dice.word(&values));
        }
    }
    if dice.one_in(12) {
        request = request.query("includeAll", "true");
    }
    if is_ordered { request.ordered() } else { request }
}

/// A condition on a class.
pub(crate) fn condition(dice: &mut Dice, world: &World, class: &str, depth: usize) -> Value {
    let mut all = Map::new();
    for _ in 0..1 + dice.below(2) {
        let (name, test) = match dice.below(if depth == 0 { 14 } else { 18 }) {
            14 => (
                dice.word(&["$or", "$and", "$nor"]).to_owned(),
                Value::Array(dice.few(3, |dice| condition(dice, world, class, depth - 1))),
            ),
            15 if class == "Owner" => (
                "$relatedTo".to_owned(),
                json!({
                "object": pointer("Thing", &dice.target(&world.things)), "key": "friends"}),
            ),
            16 => ("objectId".to_owned(), id_test(dice, world, class)),
            17 => (
                "createdAt".to_owned(),
                json!({dice.word(&["$gt", "$lt"]): {"__type": "Date", "iso": dice.iso()}}),
            ),
            _ => field_test(dice, world, class, depth),
        };
        all.insert(name, test);
    }
    all.into()
}

fn id_test(dice: &mut Dice, world: &World, class: &str) -> Value {
    let ids = if class == "Owner" { &world.owners } else { &world.things };
    match dice.below(4) {
        0 => json!(dice.target(ids)),
        1 => json!({"$in": dice.few(4, |dice| dice.target(ids))}),
        2 => json!({"$nin": dice.few(4, |dice| dice.target(ids))}),
        _ => json!({"$ne": dice.target(ids)}),
    }
}

fn field_test(dice: &mut Dice, world: &World, class: &str, depth: usize) -> (String, Value) {
    let owner_fields =
        [("rank", Kind::Number), ("name", Kind::String), ("boss", Kind::Pointer("Owner"))];
    let fields = if class == "Owner" { &owner_fields[..] } else { &world.fields[..] };
    let (mut name, mut kind) = dice.pick(fields).clone();
    while matches!(kind, Kind::File | Kind::Bytes) && !dice.one_in(6) {
        (name, kind) = dice.pick(fields).clone();
    }
    if dice.one_in(25) {
        return ("nope".to_owned(), test(dice, world, &kind, depth));
    }
    if kind == Kind::Object && dice.one_in(2) {
        let path = dice.word(&["a", "b", "c", "a.b", "0", "nope"]);
        let plain = dice.pick(&[Kind::String, Kind::Number, Kind::Boolean]).clone();
        return (format!("{name}.{path}"), test(dice, world, &plain, depth));
    }
    (name.to_owned(), test(dice, world, &kind, depth))
}

/// A test that may be asked of a field of this type, and now and then one that may not.
fn test(dice: &mut Dice, world: &World, kind: &Kind, depth: usize) -> Value {
    let literal = |dice: &mut Dice| match kind {
        Kind::Relation(class) => pointer(class, &dice.target(&world.owners)),
        _ if dice.one_in(25) => dice.wrong(kind),
        Kind::Array | Kind::Set => dice.json(0),
        Kind::String
        | Kind::Number
        | Kind::Boolean
        | Kind::Date
        | Kind::Object
        | Kind::GeoPoint
        | Kind::Polygon
        | Kind::File
        | Kind::Bytes
        | Kind::Pointer(_) => dice.value(kind, &world.owners),
    };
    match dice.below(12) {
        0 | 1 => literal(dice),
        2 => json!({"$exists": dice.one_in(2)}),
        3 => json!({"$ne": literal(dice)}),
        4 => json!({dice.word(&["$in", "$nin"]): dice.few(4, literal)}),
        5 if dice.one_in(3) => Value::Null,
        5 => json!({dice.word(&["$eq", "$ne"]): literal(dice)}),
        _ if dice.one_in(20) => odd_test(dice),
        _ => match kind {
            Kind::String => text_test(dice, world, depth),
            Kind::Number | Kind::Date | Kind::Boolean => {
                let mut test = Map::new();
                for _ in 0..1 + dice.below(2) {
                    let name = dice.word(&["$lt", "$lte", "$gt", "$gte"]);
                    test.insert(name.to_owned(), literal(dice));
                }
                test.into()
            }
            Kind::Array | Kind::Set => match dice.below(4) {
                0 => json!({"$all": dice.marks()}),
                1 => json!({"$containedBy": dice.few(6, Dice::mark)}),
                2 => json!({"$all": [{"$regex": "^a"}]}),
                _ => json!({"$in": dice.few(3, Dice::mark)}),
            },
            Kind::GeoPoint => geo_test(dice),
            Kind::Polygon => json!({"$geoIntersects": {"$point": dice.point()}}),
            Kind::Pointer(_) => pointer_test(dice, world, depth),
            Kind::Object | Kind::File | Kind::Bytes | Kind::Relation(_) => literal(dice),
        },
    }
}

fn text_test(dice: &mut Dice, world: &World, depth: usize) -> Value {
    match dice.below(6) {
        0 => json!({dice.word(&["$lt", "$lte", "$gt", "$gte"]): dice.text()}),
        1 => {
            json!({"$text": {"$search": {"$term": dice.word(&["fox", "lazy", "Quick", "neil", "fox quick"])}}})
        }
        2 if depth > 0 => {
            let class = dice.word(&["Owner", "Thing"]);
            let key = if class == "Owner" { "name" } else { "words" };
            let query = json!({"className": class, "where": condition(dice, world, class, 0)});
            json!({dice.word(&["$select", "$dontSelect"]): {"query": query, "key": key}})
        }
        _ => {
            let pattern = dice.word(&[
                "^a",
                "b$",
                "a",
                "^a b",
                "[ab]",
                "A",
                "a|e",
                "^.$",
                "é",
                "\\Qa b\\E",
                "^\\Qa\\E",
                "a.b",
                "\\d+",
                "(?i)A",
                "%",
                "",
                "o.n",
                "^ ?the",
                "\\$1",
                "\\w+ \\w+",
            ]);
            let mut test = json!({"$regex": pattern});
            if dice.one_in(3) {
                test["$options"] = json!(dice.word(&["i", "m", "s", "x", "im", "ix", "q", ""]));
            }
            test
        }
    }
}

fn geo_test(dice: &mut Dice) -> Value {
    match dice.below(6) {
        0 => json!({"$nearSphere": dice.point()}),
        1 => {
            let unit = dice.word(&[
                "$maxDistance",
                "$maxDistanceInKilometers",
                "$maxDistanceInMiles",
                "$maxDistanceInRadians",
            ]);
            let distance = match unit {
                "$maxDistanceInKilometers" | "$maxDistanceInMiles" => json!(dice.below(9000)),
                _ => json!(dice.below(300) as f64 / 100.0),
            };
            json!({"$nearSphere": dice.point(), unit: distance})
        }
        2 => {
            let corners = [dice.below(80), dice.below(80), dice.below(160), dice.below(160)]
                .map(|at| at as f64);
            json!({"$within": {"$box": [
                {"__type": "GeoPoint", "latitude": -corners[0], "longitude": -corners[2]},
                {"__type": "GeoPoint", "latitude": corners[1], "longitude": corners[3]},
            ]}})
        }
        3 => json!({"$geoWithin": {"$polygon": [
            {"__type": "GeoPoint", "latitude": -(dice.below(80) as f64), "longitude": -(dice.below(160) as f64)},
            {"__type": "GeoPoint", "latitude": dice.below(80), "longitude": -(dice.below(160) as f64)},
            {"__type": "GeoPoint", "latitude": dice.below(80), "longitude": dice.below(160)},
        ]}}),
        4 => json!({"$geoWithin": {"$polygon": dice.polygon()}}),
        _ => {
            json!({"$geoWithin": {"$centerSphere": [dice.point(), dice.below(300) as f64 / 100.0]}})
        }
    }
}

fn pointer_test(dice: &mut Dice, world: &World, depth: usize) -> Value {
    if depth == 0 {
        return pointer("Owner", &dice.target(&world.owners));
    }
    let mut query =
        json!({"className": "Owner", "where": condition(dice, world, "Owner", depth - 1)});
    if dice.one_in(4) {
        query["limit"] = json!(100);
    }
    json!({dice.word(&["$inQuery", "$notInQuery"]): query})
}

/// What no operator takes.
fn odd_test(dice: &mut Dice) -> Value {
    dice.pick(&[
        json!({"$in": "a"}),
        json!({"$nin": {"a": 1}}),
        json!({"$all": "a"}),
        json!({"$exists": "yes"}),
        json!({"$regex": 5}),
        json!({"$regex": "("}),
        json!({"$regex": "a", "$options": "z"}),
        json!({"$options": "i"}),
        json!({"$nope": 1}),
        json!({"$gt": {"a": 1}}),
        json!({"$lt": [1]}),
        json!({"$gt": null}),
        json!({"$eq": null}),
        json!({"$in": [null]}),
        json!({"$in": []}),
        json!({"$nin": []}),
        json!({"$in": [[1]]}),
        json!({"$not": {"$gt": 1}}),
        json!({"$text": "a"}),
        json!({"$text": {"$search": {"$term": 5}}}),
        json!({"$nearSphere": {"__type": "GeoPoint", "latitude": 100, "longitude": 0}}),
        json!({"$nearSphere": [1, 2]}),
        json!({"$maxDistance": 5}),
        json!({"$within": {"$box": []}}),
        json!({"$geoWithin": {"$polygon": []}}),
        json!({"$geoWithin": {"$centerSphere": [[200, 0], 1]}}),
        json!({"$geoIntersects": {"$point": "x"}}),
        json!({"$containedBy": "a"}),
        json!({"$inQuery": {"className": "Owner"}}),
        json!({"$inQuery": {"where": {}}}),
        json!({"$select": {"query": {"className": "Owner"}, "key": "name"}}),
        json!({"$select": {"key": "name"}}),
        json!({"$gt": 1, "plain": 2}),
        json!({"__type": "Pointer", "className": "Owner"}),
        json!({"__type": "Nope"}),
    ])
    .clone()
}
