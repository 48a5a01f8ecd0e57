//! Arbitrary JSON in the shapes that the server reads: values, operations, conditions.

use serde_json::{Value, json};

use super::{Random, pointer};

/// Fields of the class that is asked, ways into them, and names that are neither.
pub(crate) const FIELDS: [&str; 24] = [
    "s",
    "n",
    "b",
    "d",
    "o",
    "a",
    "g",
    "y",
    "f",
    "z",
    "p",
    "r",
    "objectId",
    "createdAt",
    "updatedAt",
    "ACL",
    "o.k",
    "o.k.deep",
    "a.0",
    "a.x.y",
    "s.x",
    "nothing",
    "nothing.x",
    "_rperm",
];
/// Operators of conditions, and what stands inside of some.
pub(crate) const OPERATORS: [&str; 31] = [
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$nin",
    "$all",
    "$containedBy",
    "$exists",
    "$regex",
    "$options",
    "$text",
    "$nearSphere",
    "$near",
    "$maxDistance",
    "$maxDistanceInKilometers",
    "$within",
    "$geoWithin",
    "$geoIntersects",
    "$not",
    "$inQuery",
    "$notInQuery",
    "$select",
    "$dontSelect",
    "$box",
    "$centerSphere",
    "$polygon",
    "$search",
    "$nope",
];
/// Texts that mean something somewhere.
pub(crate) const TEXTS: [&str; 16] = [
    "",
    "x",
    "text",
    "0",
    "-1",
    "true",
    "null",
    "2020-01-01T00:00:00.000Z",
    "^x",
    "[",
    "a\u{0}b",
    "é😀",
    "'; --",
    "$s",
    "__proto__",
    "YXJyYXljb25uZWN0aW9uOjE=",
];
const NUMBERS: [f64; 14] = [
    0.0,
    1.0,
    -1.0,
    0.5,
    1e18,
    -1e18,
    1e300,
    5e-324,
    180.0,
    181.0,
    -90.5,
    2_147_483_648.0,
    9_007_199_254_740_993.0,
    18_446_744_073_709_551_615.0,
];

/// Any JSON, often with a type or an operation on it.
pub(crate) fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 16 }) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 | 3 => json!(random.pick(&NUMBERS)),
        4 | 5 => json!(random.pick(&TEXTS)),
        6 | 7 => Value::Array((0..random.below(4)).map(|_| value(random, depth - 1)).collect()),
        8 => {
            json!({"__type": random.pick(&["Date", "Bytes", "File", "Object", "Nope"]), "iso": value(random, 0), "base64": value(random, 0), "name": value(random, 0)})
        }
        9 => {
            json!({"__type": "Date", "iso": random.pick(&["2020-01-01T00:00:00.000Z", "2020", "", "+99999-01-01", "2020-02-30"])})
        }
        10 => {
            json!({"__type": "GeoPoint", "latitude": value(random, 0), "longitude": random.pick(&NUMBERS)})
        }
        11 => {
            json!({"__type": "Pointer", "className": random.pick(&["Thing", "Other", "_User", "_Hooks", ""]), "objectId": random.pick(&TEXTS)})
        }
        12 => json!({"__type": "Polygon", "coordinates": value(random, depth - 1)}),
        13 => {
            json!({"__op": random.pick(&["Increment", "Add", "AddUnique", "Remove", "Delete", "AddRelation", "RemoveRelation", "Batch", "SetOnInsert", "Nope"]),
            "amount": value(random, 0), "objects": value(random, depth - 1), "ops": value(random, depth - 1), "value": value(random, 0)})
        }
        14 => conditions(random, depth - 1),
        _ => {
            let members = (0..random.below(4))
                .map(|_| (random.pick(&TEXTS).to_owned(), value(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

/// An object of operators; most of them with a value that is of the kind they want.
fn conditions(random: &mut Random, depth: usize) -> Value {
    let mut conditions = serde_json::Map::new();
    for _ in 0..=random.below(3) {
        let operator = random.pick(&OPERATORS);
        let given =
            if random.once_in(3) { value(random, depth) } else { fitting(random, operator, depth) };
        conditions.insert(operator.to_owned(), given);
    }
    Value::Object(conditions)
}

/// What an operator wants.
pub(crate) fn fitting(random: &mut Random, operator: &str, depth: usize) -> Value {
    let deeper = depth.saturating_sub(1);
    let list = |random: &mut Random| {
        Value::Array((0..random.below(5)).map(|_| value(random, deeper)).collect())
    };
    let point = |random: &mut Random| json!({"__type": "GeoPoint", "latitude": random.pick(&NUMBERS), "longitude": random.pick(&NUMBERS)});
    match operator {
        "$in" | "$nin" | "$all" | "$containedBy" => list(random),
        "$regex" => json!(random.pick(&["^x", "x$", "\\Qx", "(", "a|b", ".*", "(?i)x", "\\d+"])),
        "$options" => json!(random.pick(&["i", "m", "sx", "", "q"])),
        "$text" => {
            json!({"$search": {"$term": random.pick(&TEXTS), "$language": "en", "$caseSensitive": random.once_in(2)}})
        }
        "$nearSphere" | "$near" => point(random),
        "$within" => json!({"$box": [point(random), point(random)]}),
        "$geoWithin" if random.once_in(2) => {
            json!({"$centerSphere": [[random.pick(&NUMBERS), random.pick(&NUMBERS)], random.pick(&NUMBERS)]})
        }
        "$geoWithin" => json!({"$polygon": [point(random), point(random), point(random)]}),
        "$geoIntersects" => json!({"$point": point(random)}),
        "$not" => conditions(random, deeper),
        "$inQuery" | "$notInQuery" => {
            json!({"className": random.pick(&["Thing", "Other", "_Role"]), "where": filter(random, deeper), "limit": value(random, 0), "order": random.pick(&FIELDS)})
        }
        "$select" | "$dontSelect" => {
            json!({"query": {"className": "Thing", "where": filter(random, deeper)}, "key": random.pick(&FIELDS)})
        }
        _ => value(random, deeper),
    }
}

/// A `where`.
pub(crate) fn filter(random: &mut Random, depth: usize) -> Value {
    let mut filter = serde_json::Map::new();
    for _ in 0..random.below(4) {
        if depth > 0 && random.once_in(4) {
            let parts = (0..random.below(4)).map(|_| self::filter(random, depth - 1)).collect();
            filter.insert(random.pick(&["$or", "$and", "$nor"]).to_owned(), Value::Array(parts));
        } else if random.once_in(12) {
            let owner = pointer("Thing", random.pick(&TEXTS));
            filter.insert(
                "$relatedTo".to_owned(),
                json!({"object": owner, "key": random.pick(&FIELDS)}),
            );
        } else {
            let asked =
                if random.once_in(2) { conditions(random, depth) } else { value(random, depth) };
            filter.insert(random.pick(&FIELDS).to_owned(), asked);
        }
    }
    Value::Object(filter)
}
