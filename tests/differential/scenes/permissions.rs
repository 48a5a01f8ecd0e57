//! Who may do what: ACLs, class permissions, pointer permissions and protected fields, by different callers.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::Twins;
use crate::values::pointer;

const OBJECTS: usize = 6;
const REQUESTS_PER_CLASS: usize = 45;

struct World {
    /// Users with their sessions; the first is in the role Inner, which is in Outer, the second in Outer.
    people: Vec<(String, Caller)>,
    class: String,
    objects: Vec<String>,
    /// Whether users may see less of what is theirs than others.
    hides: bool,
    /// The two may not have the same fields any more.
    is_spoiled: bool,
}

/// Sends so many requests.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let mut world = World {
        people: people(twins),
        class: String::new(),
        objects: Vec::new(),
        hides: false,
        is_spoiled: false,
    };
    count_by_pointer(twins);
    let mut number = 0;
    while twins.sent() < count && !twins.is_lost() {
        number += 1;
        world.hides = dice.one_in(4);
        world.class = format!("{}{number}", if world.hides { "Hiding" } else { "Kept" });
        prepare(twins, dice, &mut world);
        let end = twins.sent() + REQUESTS_PER_CLASS;
        while twins.sent() < end && twins.sent() < count && !twins.is_lost() {
            ask(twins, dice, &mut world);
            if world.is_spoiled {
                break;
            }
        }
    }
}

/// A count that the public may only make through a pointer.
fn count_by_pointer(twins: &mut Twins) {
    let permissions = json!({"find": {"*": true}, "count": {"pointerFields": ["owner"]}});
    let schema = json!({"className": "Counted", "classLevelPermissions": permissions,
        "fields": {"owner": {"type": "Pointer", "targetClass": "_User"}}});
    twins.send(&Request::post("schemas/Counted", schema).by(&Caller::Master));
    let count = Request::get("classes/Counted").query("where", json!({"owner": {"$exists": true}}));
    twins.send(&count.query("count", "1"));
}

fn people(twins: &mut Twins) -> Vec<(String, Caller)> {
    let mut people = Vec::new();
    for name in ["ann", "bob", "cat"] {
        let made = twins.send(&Request::post("users", json!({"username": name, "password": "pw"})));
        people.push((made.text("objectId"), Caller::Session(made.text("sessionToken"))));
    }
    let role = |name: &str, person: &(String, Caller), roles: Value| {
        json!({"name": name, "ACL": {}, "roles": roles,
            "users": {"__op": "AddRelation", "objects": [pointer("_User", &person.0)]}})
    };
    let none = json!({"__op": "RemoveRelation", "objects": [pointer("_Role", "nobody0000")]});
    let inner =
        twins.send(&Request::post("roles", role("Inner", &people[0], none)).by(&Caller::Master));
    let within =
        json!({"__op": "AddRelation", "objects": [pointer("_Role", &inner.text("objectId"))]});
    twins.send(&Request::post("roles", role("Outer", &people[1], within)).by(&Caller::Master));
    people
}

/// A class with random permissions and objects in it.
fn prepare(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let fields = json!({
        "open": {"type": "String"}, "secret": {"type": "String"}, "count": {"type": "Number"},
        "owner": {"type": "Pointer", "targetClass": "_User"}, "crew": {"type": "Array"},
        "peer": {"type": "Pointer", "targetClass": &world.class},
    });
    let mut schema = json!({"className": &world.class, "fields": fields});
    if !dice.one_in(5) {
        schema["classLevelPermissions"] = permissions(dice, world);
    }
    twins.send(&Request::post(format!("schemas/{}", world.class), schema).by(&Caller::Master));
    world.objects.clear();
    world.is_spoiled = false;
    for number in 0..OBJECTS {
        let body = body(dice, world, number);
        let made = Request::post(format!("classes/{}", world.class), body).by(&Caller::Master);
        world.objects.push(twins.send(&made).text("objectId"));
    }
}

fn body(dice: &mut Dice, world: &World, number: usize) -> Value {
    let mut body = json!({"open": format!("open {number}"), "secret": format!("secret {}", number % 2), "count": number});
    if dice.one_in(2) {
        body["owner"] = pointer("_User", &dice.pick(&world.people).0.clone());
    }
    if dice.one_in(2) {
        body["crew"] =
            dice.few(2, |dice| pointer("_User", &dice.pick(&world.people).0.clone())).into();
    }
    if let Some(peer) = world.objects.last() {
        body["peer"] = pointer(&world.class, peer);
    }
    if !dice.one_in(3) {
        body["ACL"] = acl(dice, world);
    }
    body
}

fn acl(dice: &mut Dice, world: &World) -> Value {
    let mut acl = Map::new();
    for _ in 0..dice.below(3) {
        let who = grantee(dice, world);
        let what = dice
            .pick(&[
                json!({"read": true}),
                json!({"read": true, "write": true}),
                json!({"write": true}),
            ])
            .clone();
        acl.insert(who, what);
    }
    acl.into()
}

fn grantee(dice: &mut Dice, world: &World) -> String {
    match dice.below(5) {
        0 => "*".to_owned(),
        1 => format!("role:{}", dice.word(&["Inner", "Outer", "Nobody"])),
        _ => dice.pick(&world.people).0.clone(),
    }
}

fn permissions(dice: &mut Dice, world: &World) -> Value {
    let mut all = Map::new();
    for operation in ["find", "get", "count", "create", "update", "delete", "addField"] {
        let mut one = Map::new();
        for _ in 0..1 + dice.below(2) {
            match dice.below(6) {
                0 => one.insert("requiresAuthentication".to_owned(), json!(true)),
                1 if operation != "addField" && operation != "create" => {
                    one.insert("pointerFields".to_owned(), json!([dice.word(&["owner", "crew"])]))
                }
                2 => one.insert(grantee(dice, world), json!(true)),
                _ => one.insert("*".to_owned(), json!(true)),
            };
        }
        if dice.one_in(8) {
            one.clear();
        }
        if !dice.one_in(10) {
            all.insert(operation.to_owned(), one.into());
        }
    }
    if dice.one_in(5) {
        all.insert("readUserFields".to_owned(), json!(["owner"]));
    }
    if dice.one_in(6) {
        all.insert("writeUserFields".to_owned(), json!([dice.word(&["owner", "crew"])]));
    }
    if !dice.one_in(3) {
        all.insert("protectedFields".to_owned(), protected(dice, world));
    }
    all.into()
}

fn protected(dice: &mut Dice, world: &World) -> Value {
    let mut all = Map::new();
    for _ in 0..1 + dice.below(3) {
        let who = match dice.below(6) {
            0 => "authenticated".to_owned(),
            1 => format!("role:{}", dice.word(&["Inner", "Outer"])),
            2 | 3 => format!("userField:{}", dice.word(&["owner", "crew"])),
            4 => dice.pick(&world.people).0.clone(),
            _ => "*".to_owned(),
        };
        let fields: Vec<&str> =
            ["secret", "count", "owner"].into_iter().filter(|_| dice.one_in(2)).collect();
        all.insert(who, json!(fields));
    }
    if !world.hides && all.keys().any(|who| who.starts_with("userField:")) {
        all.insert("*".to_owned(), json!(["secret", "count", "owner"]));
    }
    all.into()
}

fn caller(dice: &mut Dice, world: &World) -> Caller {
    match dice.below(7) {
        0 | 1 => Caller::Public,
        2 => Caller::Master,
        _ => dice.pick(&world.people).1.clone(),
    }
}

fn ask(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let caller = caller(dice, world);
    let classes = format!("classes/{}", world.class);
    let id = dice.target(&world.objects);
    let object = format!("{classes}/{id}");
    match dice.below(14) {
        0..=4 => {
            twins.send(&find(dice, world, Request::get(classes)).by(&caller));
        }
        5 | 6 => {
            let mut request = Request::get(object);
            if dice.one_in(3) {
                request = request
                    .query("include", dice.word(&["owner", "peer", "peer.owner", "crew", "*"]));
            }
            if dice.one_in(3) {
                request = request.query(
                    "keys",
                    dice.word(&["open", "secret,owner", "owner.username", "peer.secret"]),
                );
            }
            twins.send(&request.by(&caller));
        }
        7 | 8 => {
            let number = dice.below(9);
            let body = match dice.below(5) {
                0 => json!({"secret": "changed"}),
                1 => json!({"ACL": acl(dice, world)}),
                2 => json!({"owner": pointer("_User", &dice.pick(&world.people).0.clone())}),
                3 if dice.one_in(4) => json!({format!("extra{number}"): 1}),
                _ => json!({"count": {"__op": "Increment", "amount": 1}}),
            };
            let adds = body
                .as_object()
                .is_some_and(|body| body.keys().any(|key| key.starts_with("extra")));
            let done = twins.send(&Request::put(object.clone(), body).by(&caller));
            // In the original, a refused change may have made the field.
            world.is_spoiled = adds && done.status >= 400;
            if done.status < 300 || !done.agreed {
                twins.send(&Request::get(object).by(&Caller::Master));
            }
        }
        9 | 10 => {
            let body = body(dice, world, 9);
            let made = twins.send(&Request::post(classes, body).by(&caller));
            if made.is_ok() && made.status == 201 {
                world.objects.push(made.text("objectId"));
            }
        }
        11 => {
            let done = twins.send(&Request::delete(object).by(&caller));
            if done.is_ok() {
                world.objects.retain(|known| *known != id);
            }
        }
        12 => {
            let request = Request::get(classes)
                .query("where", filter(dice, world))
                .query("count", "1")
                .query("limit", "0");
            twins.send(&request.by(&caller));
        }
        _ => change_permissions(twins, dice, world),
    }
}

fn find(dice: &mut Dice, world: &World, mut request: Request) -> Request {
    if dice.one_in(2) {
        request = request.query("where", filter(dice, world));
    }
    if dice.one_in(3) {
        request = request.query(
            "keys",
            dice.word(&["open", "secret,owner", "count", "owner.username", "peer.secret"]),
        );
    }
    if dice.one_in(3) {
        request =
            request.query("include", dice.word(&["owner", "peer", "peer.owner", "crew", "*"]));
    }
    if dice.one_in(5) {
        request = request.query("count", "1");
        if !request.query.iter().any(|(name, _)| name == "where") {
            request = request.query("where", json!({"count": {"$gte": 0}}));
        }
    }
    request
        .query(
            "order",
            dice.word(&["createdAt", "count,createdAt", "-createdAt", "secret,createdAt"]),
        )
        .ordered()
}

fn filter(dice: &mut Dice, world: &World) -> Value {
    let person = dice.pick(&world.people).0.clone();
    match dice.below(8) {
        0 => json!({"secret": "secret 1"}),
        1 => json!({"open": {"$regex": "^open"}}),
        2 => json!({"count": {"$lt": 4}}),
        3 => json!({"owner": pointer("_User", &person)}),
        4 => json!({"$or": [{"secret": "secret 0"}, {"count": 1}]}),
        5 => {
            json!({"peer": {"$inQuery": {"className": &world.class, "where": {"secret": "secret 0"}}}})
        }
        6 => json!({"owner": {"$inQuery": {"className": "_User", "where": {"username": "ann"}}}}),
        _ => json!({"crew": pointer("_User", &person)}),
    }
}

fn change_permissions(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let path = format!("schemas/{}", world.class);
    let change =
        json!({"className": &world.class, "classLevelPermissions": permissions(dice, world)});
    twins.send(&Request::put(path, change).by(&Caller::Master));
}
