//! People come, prove who they are, change what they are and go; their sessions and roles.

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::request::{Caller, Request};
use crate::twins::Twins;
use crate::values::pointer;

const NAMES: [&str; 8] = ["ann", "bob", "Cat", "dan", "eve", "fay", "gus", "hal"];
const PASSWORDS: [&str; 3] = ["pw-one", "pw-two", ""];

/// Somebody, as far as is known.
struct Person {
    id: String,
    tokens: Vec<String>,
}

struct World {
    people: Vec<Person>,
    roles: Vec<String>,
    sessions: Vec<String>,
}

/// Sends so many requests.
pub(crate) fn run(twins: &mut Twins, dice: &mut Dice, count: usize) {
    let mut world = World { people: Vec::new(), roles: Vec::new(), sessions: Vec::new() };
    for _ in 0..3 {
        sign_up(twins, dice, &mut world);
    }
    unlinked(twins);
    named_twice(twins);
    while twins.sent() < count && !twins.is_lost() {
        match dice.below(22) {
            0 | 1 => sign_up(twins, dice, &mut world),
            2 | 3 => log_in(twins, dice, &mut world),
            4 => anonymous(twins, dice, &mut world),
            5..=7 => update(twins, dice, &mut world),
            8..=11 => read(twins, dice, &world),
            12 | 13 => sessions(twins, dice, &mut world),
            14 => log_out(twins, dice, &mut world),
            15..=18 => roles(twins, dice, &mut world),
            19 => remove(twins, dice, &mut world),
            _ => odd(twins, dice, &world),
        }
    }
}

/// A name that is taken, with an address that is none.
fn named_twice(twins: &mut Twins) {
    let zoe = |email: &str| json!({"username": "zoe", "password": "pw", "email": email});
    twins.send(&Request::post("users", zoe("zoe@example.com")));
    twins.send(&Request::post("users", zoe("no address")));
}

/// Somebody without an account of a provider any more.
fn unlinked(twins: &mut Twins) {
    let made = Request::post("users", json!({"authData": {"anonymous": {"id": "nobody's"}}}));
    let made = twins.send(&made);
    let path = format!("users/{}", made.text("objectId"));
    let session = Caller::Session(made.text("sessionToken"));
    let unlink = json!({"authData": {"anonymous": null}});
    twins.send(&Request::put(path.clone(), unlink).by(&session));
    twins.send(&Request::get(path).by(&Caller::Master));
}

fn caller(dice: &mut Dice, world: &World) -> Caller {
    match dice.below(5) {
        0 => Caller::Public,
        1 => Caller::Master,
        _ => session(dice, world),
    }
}

/// Somebody who is logged in, or was.
fn session(dice: &mut Dice, world: &World) -> Caller {
    let tokens: Vec<&String> = world.people.iter().flat_map(|person| &person.tokens).collect();
    match tokens.is_empty() || dice.one_in(20) {
        true => Caller::Session("r:00000000000000000000000000000000".to_owned()),
        false => Caller::Session((*dice.pick(&tokens)).clone()),
    }
}

fn somebody(dice: &mut Dice, world: &World) -> String {
    let ids: Vec<String> = world.people.iter().map(|person| person.id.clone()).collect();
    dice.target(&ids)
}

/// Notes the session that an answer brings.
fn keep(world: &mut World, body: &Value) {
    let (Some(id), Some(token)) = (body["objectId"].as_str(), body["sessionToken"].as_str()) else {
        return;
    };
    match world.people.iter_mut().find(|person| person.id == id) {
        Some(person) => person.tokens.push(token.to_owned()),
        None => world.people.push(Person { id: id.to_owned(), tokens: vec![token.to_owned()] }),
    }
}

fn email(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => json!("no address"),
        1 => json!(5),
        2 => Value::Null,
        _ => json!(format!("{}@example.com", dice.word(&NAMES))),
    }
}

fn sign_up(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let mut body = Map::new();
    let number = dice.below(3);
    body.insert("username".to_owned(), json!(format!("{}{number}", dice.word(&NAMES))));
    body.insert("password".to_owned(), json!(dice.word(&PASSWORDS)));
    if dice.one_in(3) {
        body.insert("email".to_owned(), email(dice));
    }
    if dice.one_in(4) {
        body.insert("nick".to_owned(), json!(dice.text()));
    }
    if dice.one_in(10) {
        body.remove(dice.word(&["username", "password"]));
    }
    let caller = if dice.one_in(5) { Caller::Master } else { Caller::Public };
    let path = dice.word(&["users", "users", "classes/_User"]);
    let made = twins.send(&Request::post(path, body.into()).by(&caller));
    if made.is_ok() {
        keep(world, &made.body);
    }
}

fn log_in(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let number = dice.below(3);
    let name = format!("{}{number}", dice.word(&NAMES));
    let password = dice.word(&PASSWORDS);
    let path = dice.word(&["login", "login", "login", "verifyPassword"]);
    let request = match dice.below(6) {
        0 if path == "login" => {
            Request::post(path, json!({"username": name, "password": password}))
        }
        1 => Request::get(path)
            .query("email", format!("{name}@example.com"))
            .query("password", password),
        2 => Request::get(path).query("username", name),
        3 if path == "login" => {
            Request::post(path, json!({"username": {"$ne": name}, "password": password}))
        }
        _ => Request::get(path).query("username", name).query("password", password),
    };
    let done = twins.send(&request);
    if done.is_ok() {
        keep(world, &done.body);
    }
}

fn anonymous(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let id = format!("anonymous-{}", dice.below(6));
    let data = match dice.below(6) {
        0 => json!({"anonymous": {}}),
        1 => json!({"anonymous": null}),
        2 => json!({"nope": {"id": id}}),
        _ => json!({"anonymous": {"id": id}}),
    };
    let caller = if dice.one_in(3) { session(dice, world) } else { Caller::Public };
    let made = twins.send(&Request::post("users", json!({"authData": data})).by(&caller));
    if made.is_ok() {
        keep(world, &made.body);
    }
}

fn update(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let id = somebody(dice, world);
    let number = dice.below(3);
    let body = match dice.below(9) {
        0 => json!({"password": "pw-one"}),
        1 => json!({"username": format!("{}{number}", dice.word(&NAMES))}),
        2 => json!({"email": email(dice)}),
        3 => json!({"authData": {"anonymous": null}}),
        4 => json!({"authData": {"anonymous": {"id": format!("anonymous-{number}")}}}),
        5 => json!({"emailVerified": true}),
        6 => json!({"ACL": {"*": {"read": true}}}),
        7 => json!({"sessionToken": "x", "nick": "y"}),
        _ => json!({"nick": dice.text(), "score": {"__op": "Increment", "amount": 1}}),
    };
    // Most people change themselves.
    let own: Vec<String> =
        world.people.iter().filter(|one| one.id == id).flat_map(|one| one.tokens.clone()).collect();
    let caller = match own.is_empty() || dice.one_in(3) {
        true => caller(dice, world),
        false => Caller::Session(dice.pick(&own).clone()),
    };
    let done = twins.send(&Request::put(format!("users/{id}"), body).by(&caller));
    if done.is_ok()
        && let Some(token) = done.body["sessionToken"].as_str()
    {
        keep(world, &json!({"objectId": id, "sessionToken": token}));
    }
    twins.send(&Request::get(format!("users/{id}")).by(&Caller::Master));
}

fn read(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let id = somebody(dice, world);
    let request = match dice.below(7) {
        0 | 1 => Request::get("users/me"),
        2 => Request::get(format!("users/{id}")),
        3 => Request::get("users").query("order", "createdAt").query("limit", json!(5)).ordered(),
        4 => Request::get("users").query("where", json!({"username": {"$regex": "^ann"}})).query("order", "createdAt").ordered(),
        5 => Request::get("users").query("where", json!({dice.word(&["email", "nick", "authData", "_hashed_password", "password"]): {"$exists": true}})).query("order", "createdAt").ordered(),
        _ => Request::get("classes/_User").query("keys", dice.word(&["username", "nick,email", "authData"])).query("order", "-createdAt").ordered(),
    };
    twins.send(&request.by(&caller(dice, world)));
}

fn sessions(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let caller = caller(dice, world);
    let session = dice.target(&world.sessions);
    let request = match dice.below(8) {
        0 | 1 => Request::get("sessions/me"),
        2 | 3 => {
            Request::get("sessions").query("order", "createdAt").query("limit", json!(20)).ordered()
        }
        4 => Request::post("sessions", json!({"note": "mine"})),
        5 => Request::put(format!("sessions/{session}"), json!({"note": "x", "sessionToken": "y"})),
        6 => Request::delete(format!("sessions/{session}")),
        _ => Request::get(format!("sessions/{session}")).query("include", "user"),
    };
    let done = twins.send(&request.by(&caller));
    if done.is_ok() {
        for found in done.body["results"].as_array().into_iter().flatten() {
            if let Some(id) = found["objectId"].as_str() {
                world.sessions.push(id.to_owned());
            }
        }
        world.sessions.dedup();
    }
}

fn log_out(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let caller = session(dice, world);
    twins.send(&Request::post("logout", json!({})).by(&caller));
    twins.send(&Request::get("users/me").by(&caller));
    if let Caller::Session(token) = caller
        && !dice.one_in(4)
    {
        world.people.iter_mut().for_each(|person| person.tokens.retain(|known| *known != token));
    }
}

fn roles(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let caller = caller(dice, world);
    let name = format!("Crew{}", dice.below(5));
    let users: Vec<Value> = dice.few(2, |dice| pointer("_User", &somebody(dice, world)));
    let role = dice.target(&world.roles);
    let request = match dice.below(8) {
        0 | 1 => {
            let mut body = json!({"name": name, "ACL": {"*": {"read": true}},
                "users": {"__op": "AddRelation", "objects": users}});
            if dice.one_in(5) {
                body["name"] =
                    dice.pick(&[json!("bad!name?"), json!(5), Value::Null, json!("")]).clone();
            }
            if dice.one_in(6) {
                body["ACL"] = Value::Null;
            }
            Request::post("roles", body)
        }
        2 => Request::put(
            format!("roles/{role}"),
            json!({"users": {"__op": "RemoveRelation", "objects": users}}),
        ),
        3 => Request::put(
            format!("roles/{role}"),
            json!({"roles": {"__op": "AddRelation", "objects": [pointer("_Role", &dice.target(&world.roles))]}}),
        ),
        4 => Request::put(format!("roles/{role}"), json!({"name": name})),
        5 => Request::get("roles").query("order", "name,createdAt").ordered(),
        6 => Request::get("users")
            .query(
                "where",
                json!({"$relatedTo": {"object": pointer("_Role", &role), "key": "users"}}),
            )
            .query("order", "createdAt")
            .ordered(),
        _ => Request::delete(format!("roles/{role}")),
    };
    let is_removal = request.method == "DELETE";
    let done = twins.send(&request.by(&caller));
    if done.is_ok() && done.status == 201 {
        world.roles.push(done.text("objectId"));
    }
    if done.is_ok() && is_removal {
        world.roles.retain(|known| *known != role);
    }
}

fn remove(twins: &mut Twins, dice: &mut Dice, world: &mut World) {
    let id = somebody(dice, world);
    let caller = caller(dice, world);
    // The original leaves the sessions of who is gone; here they end with him.
    let own = json!({"user": pointer("_User", &id)});
    let sessions = twins.tell(&Request::get("sessions").query("where", own).by(&Caller::Master));
    let done = twins.send(&Request::delete(format!("users/{id}")).by(&caller));
    if done.is_ok() {
        world.people.retain(|person| person.id != id);
        for session in sessions.body["results"].as_array().into_iter().flatten() {
            let id = session["objectId"].as_str().unwrap_or_default();
            twins.tell(&Request::delete(format!("sessions/{id}")).by(&Caller::Master));
        }
    }
}

/// Requests that nobody should make.
fn odd(twins: &mut Twins, dice: &mut Dice, world: &World) {
    let id = somebody(dice, world);
    let request = match dice.below(16) {
        0 => Request::post("requestPasswordReset", json!({"email": email(dice)})),
        1 => Request::post("verificationEmailRequest", json!({"email": "ann@example.com"})),
        2 => Request::post("users", json!({})),
        3 => Request::post("users", json!([])),
        4 => Request::get("login"),
        5 => Request::post("login", json!({"username": ["a"], "password": "x"})),
        6 => Request::post("loginAs", json!({"userId": id})),
        7 => Request::post("classes/_Session", json!({"sessionToken": "r:x"})),
        8 => Request::put(format!("classes/_User/{id}"), json!({"createdAt": "x"})),
        9 => Request::put(format!("users/{id}"), json!({"password": 5})),
        10 => Request::put(format!("users/{id}"), json!({"username": {"__op": "Delete"}})),
        11 => Request::get("users/me").header("X-Parse-Session-Token", "nonsense"),
        12 => Request::get("roles").query("where", json!({"users": pointer("_User", &id)})),
        13 => Request::post("users", json!({"authData": "x"})),
        14 => Request::post(
            "users",
            json!({"username": "z", "password": "z", "_perishable_token": "t"}),
        ),
        _ => Request::get("users").query("where", json!({"_session_token": "r:x"})),
    };
    twins.send(&request.by(&caller(dice, world)));
}
