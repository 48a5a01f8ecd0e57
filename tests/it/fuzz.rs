//! Random requests, the same in every run: none makes the server fail or drop the connection.

use serde_json::{Value, json};

use crate::support::arbitrary::{FIELDS, OPERATORS, TEXTS, filter, fitting, value};
use crate::support::{Random, percent_encode, pointer, things};

#[test]
fn random_conditions() {
    let (server, _) = things();
    let mut random = Random::new(1);
    let callers = [server.public(), server.master()];
    for round in 0..3_600 {
        let mut asked = json!({"where": filter(&mut random, 4)});
        if random.once_in(3) {
            asked["order"] = json!(random.pick(&FIELDS));
        }
        if random.once_in(4) {
            asked["count"] = json!(1);
        }
        if random.once_in(8) {
            asked["explain"] = json!(true);
        }
        callers[usize::from(round % 3 == 0)].find_by_post("Thing", &asked);
    }
}

#[test]
fn every_operator_on_every_field() {
    let (server, _) = things();
    let mut random = Random::new(2);
    let public = server.public();
    for field in FIELDS {
        for operator in OPERATORS {
            for _ in 0..3 {
                let condition = json!({operator: fitting(&mut random, operator, 2)});
                public.find_by_post("Thing", &json!({"where": {field: condition}}));
                public.find_by_post("Thing", &json!({"where": {field: {"$not": condition}}}));
            }
        }
    }
}

/// Every route, most of them with an object that exists.
fn route(random: &mut Random, id: &str) -> (&'static str, String) {
    let class = random.pick(&[
        "Thing",
        "Thing",
        "Thing",
        "Other",
        "_User",
        "_Role",
        "_Session",
        "_Hooks",
        "Bad-Name",
        "_Join:r:Thing",
    ]);
    let id = if random.once_in(4) { percent_encode(random.pick(&TEXTS)) } else { id.to_owned() };
    let routes = [
        ("GET", format!("/classes/{class}")),
        ("POST", format!("/classes/{class}")),
        ("GET", format!("/classes/{class}/{id}")),
        ("PUT", format!("/classes/{class}/{id}")),
        ("PUT", format!("/classes/Thing/{id}")),
        ("DELETE", format!("/classes/{class}/other")),
        ("GET", "/schemas".to_owned()),
        ("GET", format!("/schemas/{class}")),
        ("POST", "/schemas".to_owned()),
        ("POST", format!("/schemas/{class}")),
        ("PUT", format!("/schemas/{class}")),
        ("DELETE", format!("/schemas/{class}")),
        ("GET", format!("/aggregate/{class}")),
        ("DELETE", format!("/purge/{class}")),
        ("POST", "/batch".to_owned()),
        ("GET", "/serverInfo".to_owned()),
        ("GET", "/health".to_owned()),
    ];
    random.pick(&routes)
}

/// A body that some route takes, with some of it replaced.
fn body(random: &mut Random, id: &str) -> Value {
    let mut body = match random.below(6) {
        0 => {
            json!({"s": "x", "n": 1, "b": true, "o": {"k": 1}, "a": [1], "p": pointer("Thing", id), "g": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}})
        }
        1 => {
            json!({"className": "Other", "fields": {"x": {"type": "String", "required": true, "defaultValue": "d"}, "q": {"type": "Pointer", "targetClass": "Thing"}},
            "classLevelPermissions": {"find": {"*": true}, "protectedFields": {"*": ["x"]}}, "indexes": {"i": {"x": 1}}})
        }
        2 => {
            json!({"requests": [{"method": "POST", "path": "/parse/classes/Thing", "body": {"s": "x"}},
            {"method": "PUT", "path": format!("/parse/classes/Thing/{id}"), "body": {"n": 1}}], "transaction": true})
        }
        3 => {
            json!({"_method": "GET", "where": {"s": "x"}, "order": "s", "limit": 1, "skip": 1, "keys": "s", "include": "p", "count": 1})
        }
        4 => {
            json!({"_method": "GET", "pipeline": [{"$match": {"n": {"$gt": 0}}}, {"$group": {"_id": "$s", "total": {"$sum": "$n"}}},
            {"$sort": {"total": 1}}, {"$project": {"total": 1}}, {"$limit": 2}]})
        }
        _ => {
            json!({"n": {"__op": "Increment", "amount": 1}, "a": {"__op": "Add", "objects": [1]}, "ACL": {"*": {"read": true}}, "o.k": 2})
        }
    };
    for _ in 0..random.below(4) {
        mutate(random, &mut body);
    }
    body
}

/// Replaces, adds or removes something somewhere.
fn mutate(random: &mut Random, json: &mut Value) {
    if random.once_in(5) {
        *json = value(random, 3);
        return;
    }
    if let Some(members) = json.as_object_mut() {
        let keys: Vec<String> = members.keys().cloned().collect();
        if keys.is_empty() || random.once_in(6) {
            members.insert(random.pick(&FIELDS).to_owned(), value(random, 3));
        } else if random.once_in(6) {
            members.remove(&random.pick(&keys));
        } else if let Some(member) = members.get_mut(&random.pick(&keys)) {
            mutate(random, member);
        }
    } else if let Some(elements) = json.as_array_mut().filter(|elements| !elements.is_empty()) {
        let at = random.below(elements.len());
        mutate(random, &mut elements[at]);
    } else {
        *json = value(random, 2);
    }
}

#[test]
fn random_requests_to_every_route() {
    let (server, id) = things();
    let mut random = Random::new(3);
    let callers = [server.public(), server.master()];
    for round in 0..2_400 {
        let (method, path) = route(&mut random, &id);
        let mut text = body(&mut random, &id).to_string().into_bytes();
        if random.once_in(10) {
            let at = random.below(text.len());
            text[at] = random.next() as u8;
        }
        let target = match random.once_in(3) {
            true => format!(
                "/parse{path}?{}={}",
                random.pick(&["where", "order", "limit", "keys", "include", "x"]),
                percent_encode(&value(&mut random, 2).to_string())
            ),
            false => format!("/parse{path}"),
        };
        callers[usize::from(round % 2 == 0)].send(method, &target, Some(&text));
    }
    callers[1].get("/schemas").is(200);
}

#[test]
fn random_aggregations() {
    let (server, _) = things();
    let mut random = Random::new(4);
    let master = server.master();
    let expressions =
        ["$s", "$n", "$o.k", "$a", "$d", "$p", "$nothing", "$objectId", "$_id", "$", "n", ""];
    let functions = [
        "$sum",
        "$avg",
        "$min",
        "$max",
        "$first",
        "$last",
        "$push",
        "$addToSet",
        "$year",
        "$concat",
        "$divide",
        "$nope",
    ];
    for _ in 0..1_200 {
        let mut stages = Vec::new();
        for _ in 0..=random.below(3) {
            let expression = if random.once_in(4) {
                value(&mut random, 2)
            } else {
                json!(random.pick(&expressions))
            };
            let computed = json!({random.pick(&functions): expression});
            stages.push(match random.below(9) {
                0 => json!({"$match": filter(&mut random, 2)}),
                1 => json!({"$group": {"_id": expression, "x": computed}}),
                2 => json!({"$group": {"_id": {"k": expression}, "x": computed, "n": {"$sum": 1}}}),
                3 => json!({"$sort": {random.pick(&FIELDS): if random.once_in(4) { expression } else { json!(-1) }}}),
                4 => json!({"$project": {random.pick(&FIELDS): 1, "x": computed}}),
                5 => json!({"$unwind": expression}),
                6 => json!({random.pick(&["$limit", "$skip", "$sample", "$count"]): expression}),
                7 => json!({random.pick(&["$lookup", "$facet", "$out", "$addFields", "$geoNear"]): expression}),
                _ => value(&mut random, 2),
            });
        }
        master.post("/aggregate/Thing", &json!({"_method": "GET", "pipeline": stages}));
    }
    for field in FIELDS {
        master.ask("/aggregate/Thing", &json!({"distinct": field}));
        master
            .ask("/aggregate/Thing", &json!({"distinct": field, "where": filter(&mut random, 2)}));
    }
}
