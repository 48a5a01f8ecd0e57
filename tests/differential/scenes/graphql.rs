//! The same classes through GraphQL: gets, finds with conditions and windows, and mutations with nested objects.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::{Outcome, Twins};

const PLAYER: &str = "id objectId name number active born place { latitude longitude } tags { ... on Element { value } } \
    info team { id name } friends(order: [name_ASC, createdAt_ASC]) { count edges { node { name } } }";
const TEAM: &str = "id objectId name budget";

struct World {
    teams: Vec<String>,
    players: Vec<String>,
}

/// Sends so many requests.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let mut world = World { teams: Vec::new(), players: Vec::new() };
    let team = json!({"className": "Team", "fields": {
        "name": {"type": "String", "required": true}, "budget": {"type": "Number", "defaultValue": 5},
    }});
    let player = json!({"className": "Player", "fields": {
        "name": {"type": "String", "required": true}, "number": {"type": "Number"}, "active": {"type": "Boolean"},
        "born": {"type": "Date"}, "place": {"type": "GeoPoint"}, "tags": {"type": "Array"},
        "info": {"type": "Object"}, "area": {"type": "Polygon"}, "data": {"type": "Bytes"},
        "team": {"type": "Pointer", "targetClass": "Team"},
        "friends": {"type": "Relation", "targetClass": "Player"},
    }});
    twins.send(&Request::post("schemas/Team", team).by(&Caller::Master));
    twins.send(&Request::post("schemas/Player", player).by(&Caller::Master));
    for number in 0..4 {
        let fields = json!({"name": format!("team {number}")});
        let made = create(twins, "Team", TEAM, &fields, &Caller::Public);
        keep(&mut world.teams, &made, "Team");
    }
    for _ in 0..12 {
        create_player(twins, dice, &mut world);
    }
    while twins.sent() < count && !twins.is_lost() {
        match dice.below(14) {
            0..=4 => find(twins, dice, &world),
            5 | 6 => get(twins, dice, &world),
            7 | 8 => create_player(twins, dice, &mut world),
            9 | 10 => update(twins, dice, &mut world),
            11 => delete(twins, dice, &mut world),
            12 => below(twins, dice, &world),
            _ => odd(twins, dice, &world),
        }
    }
}

fn ask(twins: &mut Twins, query: &str, variables: &Value, caller: &Caller) -> Outcome {
    let body = json!({"query": query, "variables": variables});
    // The order of rows is always asked for.
    twins.send(&Request::post("/graphql", body).ordered().by(caller))
}

fn caller(dice: &mut Dice) -> Caller {
    if dice.one_in(3) { Caller::Master } else { Caller::Public }
}

fn create(
    twins: &mut Twins,
    class: &str,
    selection: &str,
    fields: &Value,
    caller: &Caller,
) -> Outcome {
    let lower = class.to_ascii_lowercase();
    let query = format!(
        "mutation M($f: Create{class}FieldsInput) {{ create{class}(input: {{fields: $f, clientMutationId: \"c\"}}) \
         {{ clientMutationId {lower} {{ {selection} }} }} }}"
    );
    ask(twins, &query, &json!({"f": fields}), caller)
}

fn keep(ids: &mut Vec<String>, made: &Outcome, class: &str) {
    let object = &made.body["data"][format!("create{class}")][class.to_ascii_lowercase()];
    if made.agreed
        && let Some(id) = object["objectId"].as_str()
    {
        ids.push(id.to_owned());
    }
}

/// An id as GraphQL knows it, or the bare one.
fn id(dice: &mut Dice, class: &str, ids: &[String]) -> String {
    let id = dice.target(ids);
    match id.strip_prefix("<id:") {
        Some(number) if !dice.one_in(6) => format!("<gid:{class}:{number}"),
        _ => id,
    }
}

fn player(dice: &mut Dice, world: &World, is_new: bool) -> Value {
    let mut fields = Map::new();
    if is_new && !dice.one_in(15) {
        fields.insert("name".to_owned(), json!(dice.text()));
    }
    for name in [
        "number", "active", "born", "place", "tags", "info", "area", "team", "friends", "name",
        "ACL",
    ] {
        if !dice.one_in(3) {
            continue;
        }
        let value = match name {
            "number" => dice.number(),
            "active" => json!(dice.one_in(2)),
            "born" => json!(dice.iso()),
            "place" => json!({"latitude": dice.below(80), "longitude": dice.below(170)}),
            "tags" => dice.marks(),
            "info" => dice.members(1),
            "area" => {
                let at = dice.below(40);
                json!([{"latitude": at, "longitude": 0}, {"latitude": at, "longitude": 9}, {"latitude": at + 5, "longitude": 9}])
            }
            "team" => match dice.below(4) {
                0 => json!({"createAndLink": {"name": "fresh", "budget": dice.number()}}),
                1 if dice.one_in(4) => json!({}),
                _ => json!({"link": id(dice, "Team", &world.teams)}),
            },
            "friends" => match dice.below(5) {
                0 => json!({"createAndAdd": [{"name": format!("nested {}", dice.below(9))}]}),
                1 if !is_new => json!({"remove": [id(dice, "Player", &world.players)]}),
                2 if dice.one_in(4) => json!({}),
                _ => json!({"add": dice.few(2, |dice| id(dice, "Player", &world.players))}),
            },
            "name" => json!(dice.text()),
            _ if dice.one_in(3) => json!({"public": {"read": true, "write": dice.one_in(2)}}),
            _ => continue,
        };
        let value = if name != "name" && dice.one_in(12) { Value::Null } else { value };
        fields.insert(name.to_owned(), value);
    }
    fields.into()
}

fn create_player(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let fields = player(dice, world, true);
    let made = create(twins, "Player", PLAYER, &fields, &caller(dice));
    keep(&mut world.players, &made, "Player");
    if !made.agreed {
        renew(twins, dice, world);
    }
}

/// Both lose their players when one has others than the other.
fn renew(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    twins.tell(&Request::delete("purge/Player").by(&Caller::Master));
    world.players.clear();
    for _ in 0..6 {
        create_player(twins, dice, world);
    }
}

fn update(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let query = format!(
        "mutation M($id: ID!, $f: UpdatePlayerFieldsInput) {{ updatePlayer(input: {{id: $id, fields: $f}}) \
         {{ player {{ {PLAYER} }} }} }}"
    );
    let id = id(dice, "Player", &world.players);
    let fields = player(dice, world, false);
    let done = ask(twins, &query, &json!({"id": id, "f": fields}), &caller(dice));
    if !done.agreed {
        renew(twins, dice, world);
    }
}

fn delete(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let id = id(dice, "Player", &world.players);
    let query = "mutation M($id: ID!) { deletePlayer(input: {id: $id}) { player { objectId name number } } }";
    let done = ask(twins, query, &json!({"id": id}), &caller(dice));
    let gone = &done.body["data"]["deletePlayer"]["player"]["objectId"];
    world.players.retain(|known| gone != known.as_str());
}

fn get(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let (class, ids) = match dice.one_in(4) {
        true => ("Team", &world.teams),
        false => ("Player", &world.players),
    };
    let id = id(dice, class, ids);
    let lower = class.to_ascii_lowercase();
    let fields = if class == "Team" { TEAM } else { PLAYER };
    let query = match dice.one_in(3) {
        true => format!(
            "query Q($id: ID!) {{ node(id: $id) {{ id __typename ... on {class} {{ {fields} }} }} }}"
        ),
        false => format!(
            "query Q($id: ID!) {{ {lower}(id: $id) {{ {fields} createdAt updatedAt ACL {{ users {{ userId }} public {{ read write }} }} }} }}"
        ),
    };
    ask(twins, &query, &json!({"id": id}), &caller(dice));
}

fn find(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let mut variables = json!({});
    let mut arguments = String::new();
    if !dice.one_in(4) {
        variables["w"] = condition(dice, world, 2);
        arguments.push_str("where: $w, ");
    }
    let order = dice.word(&[
        "name_ASC, createdAt_ASC",
        "number_DESC, name_ASC, createdAt_ASC",
        "born_ASC, name_ASC, createdAt_ASC",
        "active_DESC, name_ASC, createdAt_ASC",
        "name_DESC, createdAt_ASC",
    ]);
    arguments.push_str(&format!("order: [{order}]"));
    if dice.one_in(2) {
        let window = dice.word(&[
            "first: 3",
            "first: 0",
            "last: 2",
            "skip: 2",
            "skip: 1, first: 4",
            "first: 2, last: 2",
            "first: -1",
            "after: \"YXJyYXljb25uZWN0aW9uOjE=\"",
            "before: \"YXJyYXljb25uZWN0aW9uOjM=\"",
            "first: 2, after: \"YXJyYXljb25uZWN0aW9uOjE=\"",
            "last: 2, before: \"YXJyYXljb25uZWN0aW9uOjM=\"",
            "after: \"nonsense\"",
            "first: 1000000",
        ]);
        arguments.push_str(&format!(", {window}"));
    }
    let page = dice.word(&[
        "count",
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }",
        "count edges { cursor }",
    ]);
    let declared = if variables.get("w").is_some() { "($w: PlayerWhereInput)" } else { "" };
    let query = format!(
        "query Q{declared} {{ players({arguments}) {{ {page} edges {{ node {{ {PLAYER} }} }} }} }}"
    );
    // Without a condition, the original counts for the master key by the statistics of its database.
    let caller = if declared.is_empty() { Caller::Public } else { caller(dice) };
    ask(twins, &query, &variables, &caller);
}

/// A relation with a condition and an order.
fn below(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let id = id(dice, "Player", &world.players);
    let filter = condition(dice, world, 0);
    let query = "query Q($id: ID!, $w: PlayerWhereInput) { player(id: $id) { name \
        friends(where: $w, order: [name_DESC, createdAt_ASC], first: 3) { count pageInfo { hasNextPage } \
        edges { node { name team { name } friends(order: [createdAt_ASC]) { edges { node { objectId } } } } } } } }";
    ask(twins, query, &json!({"id": id, "w": filter}), &caller(dice));
}

fn condition(dice: &mut Dice, world: &World, depth: usize) -> Value {
    let mut all = Map::new();
    for _ in 0..1 + dice.below(2) {
        let (name, test) = match dice.below(if depth == 0 { 9 } else { 13 }) {
            0 | 1 => ("name", text_test(dice)),
            2 => ("number", {
                let name = dice.word(&[
                    "equalTo",
                    "notEqualTo",
                    "lessThan",
                    "lessThanOrEqualTo",
                    "greaterThan",
                    "greaterThanOrEqualTo",
                ]);
                json!({name: dice.number()})
            }),
            3 => ("number", json!({dice.word(&["in", "notIn"]): dice.few(3, Dice::number)})),
            4 => {
                ("active", json!({dice.word(&["equalTo", "notEqualTo", "exists"]): dice.one_in(2)}))
            }
            5 => (
                "born",
                json!({dice.word(&["lessThan", "greaterThan", "lessThanOrEqualTo"]): dice.iso()}),
            ),
            6 => (
                "tags",
                json!({dice.word(&["contains", "containedBy", "in"]): dice.few(4, Dice::mark)}),
            ),
            7 => ("place", place_test(dice)),
            8 => (
                "objectId",
                json!({dice.word(&["equalTo", "notEqualTo"]): id(dice, "Player", &world.players)}),
            ),
            9 => (
                dice.word(&["OR", "AND", "NOR"]),
                dice.few(2, |dice| condition(dice, world, depth - 1)).into(),
            ),
            10 => {
                ("team", json!({dice.word(&["have", "haveNot"]): {"name": {"equalTo": "team 1"}}}))
            }
            11 => ("team", json!({"exists": dice.one_in(2)})),
            _ => (
                "info",
                json!({dice.word(&["equalTo", "notEqualTo"]): {"key": dice.word(&["a", "b"]), "value": dice.text()}}),
            ),
        };
        all.insert(name.to_owned(), test);
    }
    all.into()
}

fn text_test(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 => json!({"matchesRegex": dice.word(&["^a", "b$", "[ab]", "o.n"]), "options": "i"}),
        1 => json!({dice.word(&["in", "notIn"]): dice.few(3, Dice::text)}),
        2 => json!({"exists": dice.one_in(2)}),
        _ => {
            json!({dice.word(&["equalTo", "notEqualTo", "lessThan", "greaterThanOrEqualTo"]): dice.text()})
        }
    }
}

fn place_test(dice: &mut Dice) -> Value {
    let mut point = || json!({"latitude": dice.below(80), "longitude": dice.below(170)});
    let (a, b, c) = (point(), point(), point());
    match dice.below(4) {
        0 => json!({"exists": true}),
        1 => {
            json!({"within": {"box": {"bottomLeft": {"latitude": 0, "longitude": 0}, "upperRight": a}}})
        }
        2 => json!({"geoWithin": {"polygon": [a, b, c]}}),
        _ => {
            json!({"geoWithin": {"centerSphere": {"center": a, "distance": dice.below(200) as f64 / 100.0}}})
        }
    }
}

/// Documents and variables that are not right.
fn odd(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let id = id(dice, "Player", &world.players);
    let (query, variables) = match dice.below(18) {
        0 => ("{ players { nope } }", json!({})),
        1 => ("{ nopes { count } }", json!({})),
        2 => ("query Q($id: ID!) { player(id: $id) { name } }", json!({})),
        3 => ("query Q($id: ID!) { player(id: $id) { name } }", json!({"id": {"a": 1}})),
        4 => (
            "query Q($w: PlayerWhereInput) { players(where: $w) { count } }",
            json!({"w": {"nope": {"equalTo": 1}}}),
        ),
        5 => (
            "query Q($w: PlayerWhereInput) { players(where: $w) { count } }",
            json!({"w": {"number": {"equalTo": "x"}}}),
        ),
        6 => (
            "query Q($w: PlayerWhereInput) { players(where: $w) { count } }",
            json!({"w": {"born": {"equalTo": "no date"}}}),
        ),
        7 => ("{ players(order: [nope_ASC]) { count } }", json!({})),
        8 => ("{ players(first: \"x\") { count } }", json!({})),
        9 => (
            "mutation M($f: CreatePlayerFieldsInput) { createPlayer(input: {fields: $f}) { player { id } } }",
            json!({"f": {"name": "x", "number": "y"}}),
        ),
        10 => (
            "mutation M($f: CreatePlayerFieldsInput) { createPlayer(input: {fields: $f}) { player { id } } }",
            json!({"f": {"name": "x", "place": {"latitude": 200, "longitude": 0}}}),
        ),
        11 => (
            "mutation M($id: ID!) { updatePlayer(input: {id: $id}) { player { id } } }",
            json!({"id": id}),
        ),
        12 => ("mutation { createPlayer(input: {}) { player { id } } }", json!({})),
        13 => ("{ players { count ", json!({})),
        14 => ("", json!({})),
        15 => ("query A { health } query B { health }", json!({})),
        16 => ("{ a: health b: health __typename }", json!({})),
        _ => ("query Q($n: Int) { players(first: $n) { count } }", json!({"n": 1.5})),
    };
    ask(twins, query, &variables, &caller(dice));
}
