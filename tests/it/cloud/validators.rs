//! Validators of functions and triggers: what their rules let pass, and what refusals say.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Answer, Caller, TestServer};

const CODE: &str = r#"
const define = (name, rules) => Parse.Cloud.define(name, request => request.params, rules);
define('user', { requireUser: true });
define('master', { requireMaster: true, requireUser: true });
define('validated', { requireUser: true, validateMasterKey: true });
define('skipped', { fields: ['q'], validateMasterKey: true, skipWithMasterKey: true });
define('anyRole', { requireAnyUserRoles: ['Boss', 'Chief'] });
define('anyRoleOf', { requireAnyUserRoles: async () => ['Boss', 'Chief'] });
define('allRoles', { requireAllUserRoles: ['Boss', 'Chief'] });
define('badRoles', { requireAnyUserRoles: () => { throw 'no roles today'; } });
define('keys', { requireUserKeys: ['nick', 'phone'] });
define('keyOptions', { requireUserKeys: { nick: { options: ['n', 'm'], error: 'wrong nick' } } });
define('keyFunction', { requireUserKeys: { nick: { options: value => value === 'n' } } });
define('listed', { fields: ['one', 'two'] });
define('typed', { fields: {
  text: { type: String }, number: { type: Number }, flag: { type: Boolean }, list: { type: Array },
  object: { type: Object }, date: { type: Date },
} });
define('options', { fields: {
  one: { options: 'x' }, many: { options: ['a', 1, null] }, pattern: { options: /^ab+$/i },
  asked: { options: value => value < 10 }, told: { options: value => value < 10, error: 'below 10' },
  thrown: { options: value => { throw 'not ' + value; } }, later: { options: async value => value === 'yes' },
  date: { options: value => value instanceof Date },
} });
define('defaults', { fields: { a: { default: 1, required: true }, b: { default: 0 }, c: { default: null } } });
Parse.Cloud.define('asked', () => 'passed', request => {
  if (request.params.with === 'parse') throw new Parse.Error(99, 'a Parse error');
  if (request.params.with === 'error') throw new Error('an error');
  if (request.params.with === 'nothing') throw undefined;
  if (request.params.with === 'number') throw 5;
});
Parse.Cloud.beforeSave('Guarded', () => {}, { fields: {
  name: { required: true, type: String }, level: { default: 1 }, locked: { constant: true, default: 'kept' },
  held: { constant: true },
} });
Parse.Cloud.beforeSave('Members', () => {}, { requireUser: true });
Parse.Cloud.beforeFind('Hidden', () => {}, { requireUser: true });
Parse.Cloud.beforeSave(Parse.User, () => {}, { requireUser: true, requireUserKeys: ['username'] });
Parse.Cloud.beforeDelete('Guarded', () => {}, { requireMaster: true });
"#;

const LOGIN: &str = "Validation failed. Please login to continue.";

fn start() -> Option<TestServer> {
    TestServer::with_cloud(CODE, &json!({}))
}

#[expect(clippy::needless_pass_by_value, reason = "parameters are written where they are sent")]
fn call(caller: &Caller, name: &str, params: Value) -> Answer {
    caller.post(&format!("/functions/{name}"), &params)
}

fn passes(caller: &Caller, name: &str, params: Value) -> Value {
    call(caller, name, params).is(200).json()["result"].clone()
}

fn refused(caller: &Caller, name: &str, params: Value, text: &str) {
    let answer = call(caller, name, params).is(400).json();
    assert_eq!(answer, json!({"code": 142, "error": text}), "{name}");
}

#[test]
fn rules_about_the_caller() {
    let Some(server) = start() else { return };
    let (public, master) = (server.public(), server.master());
    let ada = Person::new(&server, "ada").caller(&server);
    let none = || json!({});
    refused(&public, "user", none(), LOGIN);
    passes(&ada, "user", none());
    passes(&master, "user", none());
    refused(&public, "master", none(), LOGIN);
    let text = "Validation failed. Master key is required to complete this request.";
    refused(&ada, "master", none(), text);
    passes(&master, "master", none());
    refused(&master, "validated", none(), LOGIN);
    passes(&master, "skipped", none());
    refused(&ada, "skipped", none(), "Validation failed. Please specify data for q.");
}

#[test]
fn rules_about_roles() {
    let Some(server) = start() else { return };
    let ada = Person::new(&server, "ada");
    let caller = ada.caller(&server);
    let any = "Validation failed. User does not match the required roles.";
    let all = "Validation failed. User does not match all the required roles.";
    refused(&server.public(), "anyRole", json!({}), LOGIN);
    refused(&caller, "anyRole", json!({}), any);
    refused(&caller, "anyRoleOf", json!({}), any);
    refused(&caller, "badRoles", json!({}), "no roles today");
    let role = |name: &str| {
        let user = crate::support::pointer("_User", &ada.id);
        let users = json!({"__op": "AddRelation", "objects": [user]});
        let role = json!({"name": name, "ACL": {"*": {"read": true}}, "users": users});
        server.master().post("/roles", &role).is(201);
    };
    role("Boss");
    passes(&caller, "anyRole", json!({}));
    passes(&caller, "anyRoleOf", json!({}));
    refused(&caller, "allRoles", json!({}), all);
    role("Chief");
    passes(&caller, "allRoles", json!({}));
}

#[test]
fn rules_about_the_account() {
    let Some(server) = start() else { return };
    let ada = Person::new(&server, "ada");
    let caller = ada.caller(&server);
    let login = "Please login to make this request.";
    refused(&server.public(), "keys", json!({}), login);
    refused(&server.public(), "keyOptions", json!({}), login);
    let missing =
        |key: &str| format!("Validation failed. Please set data for {key} on your account.");
    refused(&caller, "keys", json!({}), &missing("nick"));
    refused(&caller, "keyOptions", json!({}), "wrong nick");
    caller.put(&ada.path(), &json!({"nick": "n"})).is(200);
    refused(&caller, "keys", json!({}), &missing("phone"));
    passes(&caller, "keyOptions", json!({}));
    passes(&caller, "keyFunction", json!({}));
    caller.put(&ada.path(), &json!({"nick": "other"})).is(200);
    refused(&caller, "keyFunction", json!({}), "Validation failed. Invalid value for nick.");
    passes(&server.master(), "keys", json!({}));
}

#[test]
fn rules_about_types() {
    let Some(server) = start() else { return };
    let public = server.public();
    let date = json!({"__type": "Date", "iso": "2015-06-21T18:02:52.249Z"});
    for (key, kind, right, wrong) in [
        ("text", "string", json!(""), json!(1)),
        ("number", "number", json!(1.5), json!("1")),
        ("flag", "boolean", json!(false), json!(0)),
        ("list", "array", json!([]), json!({})),
        ("object", "object", json!({}), json!([])),
        ("date", "date", date, json!("2015-06-21T18:02:52.249Z")),
    ] {
        passes(&public, "typed", json!({key: right}));
        let text = format!("Validation failed. Invalid type for {key}. Expected: {kind}");
        refused(&public, "typed", json!({key: wrong}), &text);
    }
    passes(&public, "typed", json!({}));
    let text = "Validation failed. Please specify data for two.";
    refused(&public, "listed", json!({"one": 1, "two": null}), text);
    passes(&public, "listed", json!({"one": 1, "two": 0}));
}

#[test]
fn rules_about_values() {
    let Some(server) = start() else { return };
    let public = server.public();
    let option = |key: &str, list: &str| {
        format!("Validation failed. Invalid option for {key}. Expected: {list}")
    };
    for passing in [
        json!({"one": "x"}),
        json!({"many": "a"}),
        json!({"many": 1}),
        json!({"many": null}),
        json!({"pattern": "ABB"}),
        json!({"asked": 9}),
        json!({"told": 9}),
        json!({"later": "yes"}),
        json!({"date": {"__type": "Date", "iso": "2015-06-21T18:02:52.249Z"}}),
    ] {
        passes(&public, "options", passing);
    }
    refused(&public, "options", json!({"one": "y"}), &option("one", "x"));
    refused(&public, "options", json!({"many": "1"}), &option("many", "a, 1, "));
    refused(&public, "options", json!({"pattern": "xab"}), &option("pattern", "/^ab+$/i"));
    let value = |key: &str| format!("Validation failed. Invalid value for {key}.");
    refused(&public, "options", json!({"asked": 10}), &value("asked"));
    refused(&public, "options", json!({"told": 10}), "below 10");
    refused(&public, "options", json!({"thrown": 1}), "not 1");
    refused(&public, "options", json!({"later": "no"}), &value("later"));
    refused(&public, "options", json!({"asked": {"$host": "x"}}), &value("asked"));
    assert_eq!(passes(&public, "defaults", json!({})), json!({"a": 1, "b": 0}));
    assert_eq!(passes(&public, "defaults", json!({"a": null, "b": 5})), json!({"a": 1, "b": 5}));
}

#[test]
fn validator_functions() {
    let Some(server) = start() else { return };
    let public = server.public();
    assert_eq!(passes(&public, "asked", json!({})), "passed");
    refused(&public, "asked", json!({"with": "error"}), "an error");
    refused(&public, "asked", json!({"with": "nothing"}), "Validation failed.");
    let answer = call(&public, "asked", json!({"with": "parse"})).is(400).json();
    assert_eq!(answer, json!({"code": 99, "error": "a Parse error"}));
    let answer = call(&public, "asked", json!({"with": "number"})).is(400).json();
    assert_eq!(answer, json!({"code": 142, "error": 5}));
    call(&server.master(), "asked", json!({"with": "error"})).is(400);
}

#[test]
fn validators_of_triggers() {
    let Some(server) = start() else { return };
    let public = server.public();
    let answer = public.post("/classes/Guarded", &json!({"name": "n", "locked": "mine"})).is(201);
    assert_eq!((&answer.json()["level"], &answer.json()["locked"]), (&json!(1), &json!("kept")));
    let id = answer.json()["objectId"].as_str().unwrap().to_owned();
    let path = format!("/classes/Guarded/{id}");
    let name = "Validation failed. Please specify data for name.";
    assert_eq!(public.post("/classes/Guarded", &json!({})).is(400).json()["error"], name);
    let wrong = "Validation failed. Invalid type for name. Expected: string";
    assert_eq!(public.put(&path, &json!({"name": 5})).is(400).json()["error"], wrong);
    public.put(&path, &json!({"name": {"__op": "Delete"}})).is(400);
    public
        .put(&path, &json!({"locked": "mine", "level": {"__op": "Increment", "amount": 1}}))
        .is(200);
    public.put(&path, &json!({"held": {"inside": 1}})).is(200);
    public.put(&path, &json!({"held.inside": 2})).is(200);
    let stored = public.get(&path).json();
    assert_eq!((&stored["locked"], &stored["level"]), (&json!("kept"), &json!(2)));
    assert_eq!(stored.get("held"), None, "a constant does not come by a way into it: {stored}");
    server.public().delete(&path).is(400);
    server.master().delete(&path).is(200);
}

#[test]
fn triggers_have_rules_about_the_caller() {
    let Some(server) = start() else { return };
    assert_eq!(server.public().post("/classes/Members", &json!({})).is(400).json()["error"], LOGIN);
    server.public().find("Hidden", &json!({})).is_refused_with(&[142]);
    server.public().graphql("{ viewer { user { id } } }").is_refused();
    // Whoever signs up is a user already.
    let ada = Person::new(&server, "ada").caller(&server);
    ada.post("/classes/Members", &json!({})).is(201);
    ada.find("Hidden", &json!({})).is(200);
    server.master().find("Hidden", &json!({})).is(200);
}
