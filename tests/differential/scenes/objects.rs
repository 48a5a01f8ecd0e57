//! Objects come, change and go: every field type, every operation, and input that is none.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::{Outcome, Twins};
use crate::values::{Kind, NOBODY, definitions, fields, pointer};

/// Where objects are made; renewed when both sides no longer have the same in it.
struct World {
    class: String,
    generation: usize,
    owners: Vec<String>,
    objects: Vec<String>,
    fields: Vec<(&'static str, Kind)>,
}

/// Sends so many requests.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let mut world = World {
        class: String::new(),
        generation: 0,
        owners: Vec::new(),
        objects: Vec::new(),
        fields: fields(),
    };
    for number in 0..4 {
        let made = twins
            .send(&Request::post("classes/Owner", json!({"rank": number})).by(&Caller::Master));
        world.owners.push(made.text("objectId"));
    }
    renew(twins, dice, &mut world);
    twins.send(&Request::delete(format!("classes/Absent/{NOBODY}")));
    let bytes = Request::put(
        format!("classes/{}/{NOBODY}", world.class),
        json!({"data": {"__type": "Bytes", "base64": "AA=="}}),
    );
    twins.send(&bytes.by(&Caller::Master));
    while twins.sent() < count && !twins.is_lost() {
        if world.objects.len() > 25 {
            renew(twins, dice, &mut world);
        }
        match dice.below(20) {
            0..=4 => create(twins, dice, &mut world),
            5..=10 => update(twins, dice, &mut world),
            11..=13 => read(twins, dice, &world),
            14 => remove(twins, dice, &mut world),
            15 | 16 => wrong_value(twins, dice, &mut world),
            17 => wrong_request(twins, dice, &world),
            18 => batch(twins, dice, &mut world),
            _ => implicit_class(twins, dice),
        }
    }
}

/// A class that both have alike.
fn renew(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    world.generation += 1;
    world.class = format!("Thing{}", world.generation);
    world.objects.clear();
    if dice.one_in(2) {
        let schema = json!({"className": world.class, "fields": definitions(&world.fields)});
        let path = format!("schemas/{}", world.class);
        twins.send(&Request::post(path, schema).by(&Caller::Master));
    }
    create_full(twins, dice, world);
    let schema = Request::get(format!("schemas/{}", world.class)).by(&Caller::Master);
    twins.send(&schema);
}

/// An object with a value in every field, which makes class and fields where there are none.
fn create_full(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let body: Map<String, Value> = world
        .fields
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), dice.value(kind, &world.owners)))
        .collect();
    let request = Request::post(format!("classes/{}", world.class), body.into());
    keep(world, &twins.send(&request.by(&Caller::Master)));
}

fn keep(world: &mut World, made: &Outcome) {
    if made.agreed && made.status == 201 {
        world.objects.push(made.text("objectId"));
    }
}

fn caller(dice: &mut Dice) -> Caller {
    if dice.one_in(2) { Caller::Master } else { Caller::Public }
}

fn create(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let mut body = Map::new();
    for (name, kind) in world.fields.clone() {
        if dice.one_in(3) {
            body.insert(name.to_owned(), new_value(dice, &kind, &world.owners));
        }
    }
    if dice.one_in(6) {
        body.insert("ACL".to_owned(), acl(dice));
    }
    let request = Request::post(format!("classes/{}", world.class), body.into());
    let made = twins.send(&request.by(&caller(dice)));
    keep(world, &made);
    if made.agreed && made.status == 201 {
        let path = format!("classes/{}/{}", world.class, made.text("objectId"));
        twins.send(&Request::get(path).by(&Caller::Master));
    } else if !made.agreed {
        renew(twins, dice, world);
    }
}

/// A value, an operation that makes one, or null.
fn new_value(dice: &mut Dice, kind: &Kind, owners: &[String]) -> Value {
    match (dice.below(12), kind) {
        (0, Kind::Relation(_)) => dice.value(kind, owners),
        (0, _) => Value::Null,
        (1, Kind::Number) => json!({"__op": "Increment", "amount": dice.number()}),
        (1, Kind::Set) => json!({"__op": "Add", "objects": dice.marks()}),
        (2, Kind::Set) => json!({"__op": "AddUnique", "objects": dice.marks()}),
        (3, Kind::Set) => json!({"__op": "Remove", "objects": dice.marks()}),
        (4, kind) if !matches!(kind, Kind::Relation(_)) => json!({"__op": "Delete"}),
        _ => dice.value(kind, owners),
    }
}

pub(crate) fn acl(dice: &mut Dice) -> Value {
    dice.pick(&[
        json!({"*": {"read": true, "write": true}}),
        json!({"*": {"read": true}}),
        json!({}),
        json!({"role:Crew": {"read": true, "write": true}, "*": {"read": true}}),
        json!({"*": {"write": true}}),
    ])
    .clone()
}

/// A change of a field with this value or one of its operations.
fn change(dice: &mut Dice, name: &str, kind: &Kind, owners: &[String]) -> (String, Value) {
    let value = match (dice.below(8), kind) {
        (0, Kind::Relation(_)) => {
            json!({"__op": "RemoveRelation", "objects": relatives(dice, owners)})
        }
        (1, Kind::Relation(_)) => json!({"__op": "Batch", "ops": [
            {"__op": "AddRelation", "objects": relatives(dice, owners)},
            {"__op": "RemoveRelation", "objects": relatives(dice, owners)},
        ]}),
        (_, Kind::Relation(_)) => dice.value(kind, owners),
        (0, _) | (_, Kind::Bytes) => json!({"__op": "Delete"}),
        (1, _) => Value::Null,
        (2..=4, Kind::Number) => {
            json!({"__op": "Increment", "amount": dice.pick(&[json!(1), json!(-2), json!(0.5), json!(0)])})
        }
        (2, Kind::Set) => json!({"__op": "Add", "objects": [dice.mark()]}),
        (3, Kind::Set) => json!({"__op": "AddUnique", "objects": dice.marks()}),
        (4, Kind::Set) => json!({"__op": "Remove", "objects": dice.marks()}),
        (2, Kind::Object) => {
            return (format!("{name}.{}", dice.word(&["a", "b", "c", "n"])), dice.json(1));
        }
        (3, Kind::Object) => {
            return (format!("{name}.{}", dice.word(&["a", "b", "n"])), json!({"__op": "Delete"}));
        }
        (4, Kind::Object) => {
            return (format!("{name}.n"), json!({"__op": "Increment", "amount": 2}));
        }
        _ => dice.value(kind, owners),
    };
    (name.to_owned(), value)
}

fn relatives(dice: &mut Dice, owners: &[String]) -> Value {
    dice.few(3, |dice| pointer("Owner", &dice.target(owners))).into()
}

fn update(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    if world.objects.is_empty() {
        return create_full(twins, dice, world);
    }
    let id = dice.pick(&world.objects).clone();
    let mut body = Map::new();
    for (name, kind) in world.fields.clone() {
        if dice.one_in(7) {
            let (name, value) = change(dice, name, &kind, &world.owners);
            body.insert(name, value);
        }
    }
    if dice.one_in(12) {
        body.insert("ACL".to_owned(), acl(dice));
    }
    let path = format!("classes/{}/{id}", world.class);
    let done = twins.send(&Request::put(path.clone(), body.into()).by(&caller(dice)));
    if done.agreed || (done.status < 300 && done.ours < 300) {
        twins.send(&Request::get(path).by(&Caller::Master));
    } else {
        renew(twins, dice, world);
    }
}

fn read(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let id = dice.target(&world.objects);
    let mut request = Request::get(format!("classes/{}/{id}", world.class));
    for (name, values) in [
        (
            "keys",
            ["text", "owner,number", "object.a,tags", "nope", "ACL", "objectId", "owner.rank"],
        ),
        ("excludeKeys", ["text", "number,list", "createdAt", "nope", "object", "ACL", "objectId"]),
        ("include", ["owner", "*", "nope", "text", "owner.nope", "list", "friends"]),
    ] {
        if dice.one_in(4) {
            request = request.query(name, dice.word(&values));
        }
    }
    if dice.one_in(10) {
        request = request.query("includeAll", "true");
    }
    twins.send(&request.by(&caller(dice)));
    if dice.one_in(3) {
        let related =
            json!({"$relatedTo": {"object": pointer(&world.class, &id), "key": "friends"}});
        let find = Request::get("classes/Owner").query("where", related);
        twins.send(&find.query("order", "rank").ordered().by(&caller(dice)));
    }
}

fn remove(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let id = dice.target(&world.objects);
    let path = format!("classes/{}/{id}", world.class);
    let done = twins.send(&Request::delete(path.clone()).by(&caller(dice)));
    if done.is_ok() {
        world.objects.retain(|known| *known != id);
        twins.send(&Request::get(path).by(&Caller::Master));
    }
}

/// A value of another type, or an operation that does not fit.
fn wrong_value(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let (name, kind) = match dice.below(8) {
        0 => ("data", Kind::Bytes),
        _ => dice.pick(&world.fields).clone(),
    };
    let other = dice.pick(&world.fields).1.clone();
    let value = match dice.below(3) {
        0 => dice.wrong(&kind),
        1 => dice.value(&other, &world.owners),
        _ => dice
            .pick(&[
                json!({"__op": "Increment", "amount": 1}),
                json!({"__op": "Increment", "amount": "x"}),
                json!({"__op": "Increment"}),
                json!({"__op": "Add", "objects": ["z"]}),
                json!({"__op": "Add", "objects": "z"}),
                json!({"__op": "AddUnique"}),
                json!({"__op": "Remove", "objects": {"a": 1}}),
                json!({"__op": "AddRelation", "objects": [pointer("Owner", "x")]}),
                json!({"__op": "AddRelation", "objects": []}),
                json!({"__op": "AddRelation", "objects": ["x"]}),
                json!({"__op": "RemoveRelation", "objects": [pointer("Elsewhere", "x")]}),
                json!({"__op": "Batch", "ops": []}),
                json!({"__op": "Nope"}),
                json!({"__op": 5}),
                json!({"__op": "SetOnInsert", "amount": "a"}),
                json!({"__type": "Nope"}),
                json!({"__type": "Relation", "className": "Owner"}),
            ])
            .clone(),
    };
    let body = json!({ name: value });
    let path = format!("classes/{}", world.class);
    let request = match world.objects.last() {
        Some(id) if dice.one_in(2) => Request::put(format!("{path}/{id}"), body),
        _ => Request::post(path, body),
    };
    let done = twins.send(&request.by(&caller(dice)));
    if !done.agreed {
        renew(twins, dice, world);
    } else if done.status == 201 {
        keep(world, &done);
        let path = format!("classes/{}/{}", world.class, done.text("objectId"));
        twins.send(&Request::get(path).by(&Caller::Master));
    }
}

/// Names, ids and bodies that are none.
fn wrong_request(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let class = &world.class;
    let id = dice.target(&world.objects);
    let object = format!("classes/{class}/{id}");
    let request = match dice.below(22) {
        0 => Request::post(format!("classes/{class}"), json!({})).text("{\"text\":"),
        1 => Request::post(format!("classes/{class}"), json!([1])),
        2 => Request::post(format!("classes/{class}"), json!("text")),
        3 => Request::post(format!("classes/{class}"), json!({"no such": 1})),
        4 => Request::post(format!("classes/{class}"), json!({"1st": 1})),
        5 => Request::post(format!("classes/{class}"), json!({"_id": "x"})),
        6 => Request::put(object, json!({"$text": 1})),
        7 => Request::put(
            object,
            json!({"createdAt": {"__type": "Date", "iso": "2014-03-04T05:06:07.089Z"}}),
        ),
        8 => Request::put(object, json!({"updatedAt": "2014-03-04T05:06:07.089Z"})),
        9 => Request::put(object, json!({"text.a": "x"})),
        10 => Request::put(object, json!({"ACL": "x"})),
        11 => Request::put(object, json!({"ACL": {"*": {"read": "yes"}}})),
        12 => Request::post(format!("classes/{class}"), json!({"objectId": NOBODY})),
        13 => Request::get(format!("classes/{class}/")),
        14 => Request::get(format!("classes/{class}/with space")),
        15 => Request::get("classes/1Bad"),
        16 => Request::get(format!("classes/Absent{}", dice.below(3))),
        17 => Request::put(format!("classes/Absent/{id}"), json!({"a": 1})),
        18 => Request::delete(format!("classes/Absent/{id}")),
        19 => Request::get(object).query("where", json!({"text": "a"})),
        20 => Request::get(object).query("nope", "1"),
        _ => Request::put(format!("classes/{class}"), json!({"text": "a"})),
    };
    twins.send(&request.by(&caller(dice)));
}

fn batch(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    if world.objects.is_empty() {
        return;
    }
    let mut ids = world.objects.clone();
    let mut entries = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let at = dice.below(ids.len());
        let id = ids[at].clone();
        entries.push(match dice.below(5) {
            0 | 1 => json!({"method": "POST", "path": format!("/parse/classes/{}", world.class),
                "body": {"number": dice.number(), "text": dice.text()}}),
            2 if ids.len() > 1 => {
                ids.remove(at);
                world.objects.retain(|known| *known != id);
                json!({"method": "DELETE", "path": format!("/parse/classes/{}/{id}", world.class)})
            }
            3 => {
                json!({"method": "PUT", "path": format!("/parse/classes/{}/{NOBODY}", world.class),
                "body": {"text": "x"}})
            }
            4 => {
                json!({"method": "GET", "path": format!("/parse/classes/{}/{NOBODY}", world.class)})
            }
            _ if ids.len() > 1 => {
                ids.remove(at);
                json!({"method": "PUT", "path": format!("/parse/classes/{}/{id}", world.class),
                    "body": {"number": {"__op": "Increment", "amount": 1}}})
            }
            _ => json!({"method": "PUT", "path": "/parse/classes/1Bad/x", "body": {}}),
        });
    }
    let done =
        twins.send(&Request::post("batch", json!({"requests": entries})).by(&Caller::Master));
    if !done.agreed {
        return renew(twins, dice, world);
    }
    for made in done.body.as_array().into_iter().flatten() {
        if let Some(id) = made["success"]["objectId"].as_str() {
            world.objects.push(id.to_owned());
        }
    }
}

/// A class or a field that is made by its first object, and by whom it may not.
fn implicit_class(twins: &mut Twins, dice: &mut Dice) {
    let class = format!("Made{}", dice.below(12));
    let field = dice.word(&["one", "two", "three"]);
    let kinds = fields();
    let (_, kind) = dice.pick(&kinds);
    let body = json!({ field: dice.value(kind, &[]) });
    twins.send(&Request::post(format!("classes/{class}"), body).by(&caller(dice)));
    twins.send(&Request::get(format!("schemas/{class}")).by(&Caller::Master));
}
