//! Groups, sums and different values of a fixed set of objects.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::Twins;

const ROWS: usize = 24;

/// Makes the objects, then asks.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let schema = json!({"className": "Sale", "fields": {
        "item": {"type": "String"}, "size": {"type": "String"}, "price": {"type": "Number"},
        "amount": {"type": "Number"}, "sold": {"type": "Boolean"}, "on": {"type": "Date"},
        "marks": {"type": "Array"},
    }});
    twins.send(&Request::post("schemas/Sale", schema).by(&Caller::Master));
    for number in 0..ROWS {
        let mut body = json!({
            "item": dice.word(&["pen", "ink", "map"]), "size": dice.word(&["S", "M", "L"]),
            "price": dice.below(9), "amount": number, "marks": dice.marks(),
            "on": {"__type": "Date", "iso": dice.iso()},
        });
        if dice.one_in(2) {
            body["sold"] = json!(dice.one_in(2));
        }
        twins.send(&Request::post("classes/Sale", body));
    }
    while twins.sent() < count && !twins.is_lost() {
        let caller = if dice.one_in(15) { Caller::Public } else { Caller::Master };
        let mut request = Request::get("aggregate/Sale");
        if dice.one_in(3) {
            request = request.query(
                "distinct",
                dice.word(&["item", "size", "price", "sold", "marks", "nope", "objectId.x"]),
            );
            if dice.one_in(2) {
                request = request.query("where", matching(dice));
            }
        } else {
            let stages = pipeline(dice);
            request = match dice.one_in(4) {
                true => match stages
                    .first()
                    .and_then(Value::as_object)
                    .and_then(|stage| stage.iter().next())
                {
                    Some((name, stage)) => request.query(name, stage.clone()),
                    None => request,
                },
                false => request.query("pipeline", Value::Array(stages)),
            };
        }
        twins.send(&request.by(&caller));
    }
}

fn matching(dice: &mut Dice) -> Value {
    match dice.below(6) {
        0 => json!({"item": dice.word(&["pen", "ink"])}),
        1 => json!({"price": {"$gt": dice.below(6)}}),
        2 => json!({"price": {"$gte": 2, "$lt": 3 + dice.below(6)}}),
        3 => json!({"item": "pen", "size": "S"}),
        4 => json!({"sold": true}),
        _ => json!({"price": dice.below(9)}),
    }
}

fn pipeline(dice: &mut Dice) -> Vec<Value> {
    let mut stages = Vec::new();
    if dice.one_in(2) {
        stages.push(json!({"$match": matching(dice)}));
    }
    let mut group = Map::new();
    let by = match dice.below(5) {
        0 => Value::Null,
        1 => json!({"item": "$item", "size": "$size"}),
        2 => json!("$size"),
        _ => json!("$item"),
    };
    group.insert("_id".to_owned(), by);
    for (name, sum) in [
        ("total", json!({"$sum": "$price"})),
        ("rows", json!({"$sum": 1})),
        ("least", json!({"$min": "$amount"})),
        ("most", json!({"$max": "$amount"})),
        ("mean", json!({"$avg": "$amount"})),
    ] {
        if dice.one_in(2) {
            group.insert(name.to_owned(), sum);
        }
    }
    if dice.one_in(12) {
        group.remove("_id");
    }
    if stages.is_empty() || !dice.one_in(8) {
        stages.push(json!({"$group": group}));
    }
    if dice.one_in(12) {
        stages.push(
            dice.pick(&[
                json!({"$nope": 1}),
                json!({"$group": "x"}),
                json!(5),
                json!({"$limit": -1}),
            ])
            .clone(),
        );
    }
    stages
}
