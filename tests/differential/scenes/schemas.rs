//! Class schemas through their API, with objects in them; the config of the app; what only a master key may do.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::Twins;

const CLASSES: [&str; 4] = ["Alpha", "Beta", "Gamma", "Delta"];
const FIELDS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// Sends so many requests.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    refused(twins);
    while twins.sent() < count && !twins.is_lost() {
        let class = dice.word(&CLASSES);
        let path = format!("schemas/{class}");
        let caller = if dice.one_in(10) { Caller::Public } else { Caller::Master };
        match dice.below(16) {
            0..=2 => {
                twins.send(&Request::post(path.clone(), schema(dice, class)).by(&caller));
                look(twins, class);
            }
            3..=6 => {
                let done = twins.send(&Request::put(path, change(dice, class)).by(&caller));
                // In the original, a refused change may have done a part.
                if done.status < 400 { look(twins, class) } else { renew(twins, class) }
            }
            7 => {
                twins.send(&Request::get(path).by(&caller));
            }
            8 => {
                twins.send(&Request::get("schemas").by(&caller));
            }
            9 => {
                twins.send(&Request::delete(path).by(&caller));
            }
            10 => {
                twins.send(&Request::delete(format!("purge/{class}")).by(&caller));
            }
            11 | 12 => object(twins, dice, class),
            13 | 14 => config(twins, dice),
            _ => odd(twins, dice),
        }
    }
}

/// An object that may not be made, with a field that may not be added.
fn refused(twins: &mut Twins) {
    let permissions = json!({"create": {}, "addField": {"requiresAuthentication": true}});
    let schema = json!({"className": "Refused", "classLevelPermissions": permissions});
    twins.send(&Request::post("schemas/Refused", schema).by(&Caller::Master));
    twins.send(&Request::post("classes/Refused", json!({"one": 1})));
    renew(twins, "Refused");
}

/// The definition of a field, good or not.
fn definition(dice: &mut Dice) -> Value {
    let kind = dice.word(&[
        "String", "Number", "Boolean", "Date", "Object", "Array", "GeoPoint", "File", "Bytes",
        "Polygon",
    ]);
    match dice.below(14) {
        0 => json!({"type": "Pointer", "targetClass": dice.word(&CLASSES)}),
        1 => json!({"type": "Relation", "targetClass": dice.word(&CLASSES)}),
        2 => json!({"type": "Pointer"}),
        3 => json!({"type": "Nope"}),
        4 => json!({"type": "Pointer", "targetClass": "1bad"}),
        5 => json!({"type": "Number", "defaultValue": 5}),
        6 => json!({"type": "String", "required": true}),
        7 => json!({"type": "String", "defaultValue": 5}),
        8 => json!({"type": "Boolean", "required": true, "defaultValue": false}),
        9 if dice.one_in(3) => json!({"targetClass": "Alpha"}),
        _ => json!({"type": kind}),
    }
}

fn fields(dice: &mut Dice) -> Value {
    let mut fields = Map::new();
    for _ in 0..1 + dice.below(3) {
        let name = match dice.below(25) {
            0 => "1bad",
            1 => "objectId",
            2 => "with space",
            3 => "_hidden",
            _ => dice.word(&FIELDS),
        };
        fields.insert(name.to_owned(), definition(dice));
    }
    fields.into()
}

fn schema(dice: &mut Dice, class: &str) -> Value {
    let mut schema = json!({"className": class, "fields": fields(dice)});
    if dice.one_in(4) {
        schema["classLevelPermissions"] = permissions(dice);
    }
    if dice.one_in(15) {
        schema["className"] = json!("Other");
    }
    if dice.one_in(20) {
        schema["fields"] = json!("x");
    }
    schema
}

fn change(dice: &mut Dice, class: &str) -> Value {
    let mut change = json!({"className": class});
    if !dice.one_in(4) {
        let mut fields = fields(dice);
        if dice.one_in(2) {
            fields[dice.word(&FIELDS)] = json!({"__op": "Delete"});
        }
        change["fields"] = fields;
    }
    if dice.one_in(3) {
        change["classLevelPermissions"] = permissions(dice);
    }
    change
}

fn permissions(dice: &mut Dice) -> Value {
    let mut all = Map::new();
    for operation in ["find", "get", "count", "create", "update", "delete", "addField"] {
        let one = dice
            .pick(&[
                json!({"*": true}),
                json!({"*": true}),
                json!({}),
                json!({"requiresAuthentication": true}),
                json!({"role:Crew": true}),
            ])
            .clone();
        if !dice.one_in(4) {
            all.insert(operation.to_owned(), one);
        }
    }
    match dice.below(16) {
        0 => drop(all.insert("nope".to_owned(), json!({"*": true}))),
        1 => drop(all.insert("find".to_owned(), json!({"*": "yes"}))),
        2 => drop(all.insert("find".to_owned(), json!({"bad key!": true}))),
        3 => drop(all.insert("find".to_owned(), json!({"pointerFields": ["nope"]}))),
        4 => drop(all.insert("protectedFields".to_owned(), json!({"*": ["nope"]}))),
        5 => drop(all.insert("protectedFields".to_owned(), json!({"*": ["one"]}))),
        6 => drop(all.insert("protectedFields".to_owned(), json!({"*": ["objectId"]}))),
        7 => drop(all.insert("readUserFields".to_owned(), json!(["one"]))),
        8 => drop(all.insert("readUserFields".to_owned(), json!("one"))),
        9 => drop(all.insert("find".to_owned(), json!({"*": false}))),
        10 => drop(all.insert("get".to_owned(), json!("x"))),
        11 => drop(all.insert("ACL".to_owned(), json!({"*": {"read": true}}))),
        _ => {}
    }
    all.into()
}

fn object(twins: &mut Twins, dice: &mut Dice, class: &str) {
    let mut body = Map::new();
    for _ in 0..dice.below(3) {
        let value = dice
            .pick(&[json!("a"), json!(5), json!(true), json!([1]), json!({"a": 1}), Value::Null])
            .clone();
        body.insert(dice.word(&FIELDS).to_owned(), value);
    }
    let caller = if dice.one_in(2) { Caller::Master } else { Caller::Public };
    let made = twins.send(&Request::post(format!("classes/{class}"), body.into()).by(&caller));
    if !made.agreed || made.status >= 400 {
        renew(twins, class);
    }
    let find = Request::get(format!("classes/{class}")).query("order", "createdAt");
    twins.send(&find.ordered().by(&caller));
}

fn look(twins: &mut Twins, class: &str) {
    twins.send(&Request::get(format!("schemas/{class}")).by(&Caller::Master));
}

/// What the original has done of a refused change shows later: both lose the class.
fn renew(twins: &mut Twins, class: &str) {
    twins.tell(&Request::delete(format!("purge/{class}")).by(&Caller::Master));
    twins.tell(&Request::delete(format!("schemas/{class}")).by(&Caller::Master));
}

fn config(twins: &mut Twins, dice: &mut Dice) {
    let caller = if dice.one_in(4) { Caller::Public } else { Caller::Master };
    if dice.one_in(2) {
        let value = dice
            .pick(&[
                json!(1),
                json!("text"),
                json!([1, 2]),
                json!({"a": {"b": 1}}),
                json!(false),
                json!({"__type": "Date", "iso": "2014-03-04T05:06:07.089Z"}),
                json!({"__op": "Delete"}),
            ])
            .clone();
        let mut body = json!({"params": {dice.word(&FIELDS): value}});
        if dice.one_in(3) {
            body["masterKeyOnly"] = json!({dice.word(&FIELDS): dice.one_in(2)});
        }
        twins.send(&Request::put("config", body).by(&caller));
    }
    twins.send(&Request::get("config").by(&caller));
}

fn odd(twins: &mut Twins, dice: &mut Dice) {
    let request = match dice.below(13) {
        0 => Request::post("schemas/1bad", json!({"className": "1bad", "fields": {}})),
        1 => Request::post("schemas", json!({"className": dice.word(&CLASSES), "fields": {}})),
        2 => Request::post("schemas", json!({"fields": {}})),
        3 => Request::put("schemas/Nope", json!({"fields": {"a": {"type": "String"}}})),
        4 => Request::get("schemas/Nope"),
        5 => Request::delete("schemas/Nope"),
        6 => Request::get("schemas/_User"),
        7 => Request::put(
            "schemas/_Role",
            json!({"className": "_Role", "fields": {"name": {"__op": "Delete"}}}),
        ),
        8 => Request::get("health"),
        9 => Request::get("schemas/_Nope"),
        10 => Request::delete("purge/Nope"),
        11 => Request::post("schemas/_Mine", json!({"className": "_Mine", "fields": {}})),
        _ => Request::put("schemas/Alpha", json!([])),
    };
    twins.send(&request.by(&Caller::Master));
}
