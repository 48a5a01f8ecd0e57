//! Triggers around saves and deletions: what they see, what they change, what the client is told of it.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{TestServer, open_but_hiding, pointer, private};

/// A class `Thing` whose hooks do what the object says, and tell in `Log` what they saw.
const CODE: &str = r#"
const saves = {
  modify: o => { o.set('added', 1); o.increment('n', 5); o.addUnique('tags', 'hooked'); o.unset('gone'); },
  revert: o => o.revert('a'),
  number: o => o.set('a', Number(o.get('a'))),
  text: o => o.set('a', 'text'),
  fresh: o => o.set('fresh', true),
  secret: o => o.set('secret', 'by hook'),
  keepSecret: o => o.revert('secret'),
  id: o => { o.id = 'chosenByHook'; },
  acl: o => o.setACL(new Parse.ACL({ '*': { read: true } })),
  constructor_: o => o.set('o', { constructor: 1 }),
  deep: o => o.set('o', { 'a.b': 1 }),
};
const log = async (what, seen) => new Parse.Object('Log').save({ what, seen: JSON.stringify(seen) }, { useMasterKey: true });
Parse.Cloud.beforeSave('Thing', async request => {
  const { object, original } = request;
  const mode = object.get('mode');
  if (mode === 'refuse') throw new Parse.Error(9001, 'no');
  if (mode === 'log') await log('beforeSave', {
    json: object.toJSON(), dirty: object.dirtyKeys().sort(), isNew: object.isNew(), existed: object.existed(),
    original: original ? original.toJSON() : null, master: request.master, user: request.user ? request.user.id : null,
    installation: request.installationId || null, context: request.context, trigger: request.triggerName,
  });
  if (saves[mode]) saves[mode](object);
  if (mode === 'replace') return { object: { a: 77, b: 'given' } };
  request.context.before = true;
});
Parse.Cloud.afterSave('Thing', async request => {
  const { object, original } = request;
  const mode = object.get('mode');
  if (mode === 'log') await log('afterSave', {
    json: object.toJSON(), dirty: object.dirtyKeys(), isNew: object.isNew(), existed: object.existed(),
    original: original ? original.toJSON() : null, context: request.context,
  });
  const after = object.get('after');
  if (after === 'throw') throw new Error('afterSave throws');
  if (after === 'set') object.set('virtual', { a: 1 });
  if (after === 'return') return { only: 'this' };
  if (after === 'fetch') await object.fetch({ useMasterKey: true });
});
Parse.Cloud.beforeDelete('Thing', async request => {
  if (request.object.get('keep')) throw new Parse.Error(9002, 'kept');
  request.context.seen = request.object.get('a');
});
Parse.Cloud.afterDelete('Thing', async request => {
  await log('afterDelete', { json: request.object.toJSON(), context: request.context });
  if (request.object.get('after') === 'throw') throw new Parse.Error(9003, 'too late');
});
Parse.Cloud.beforeSave('Deep', async request => {
  await new Parse.Object('Deep').save({ n: request.object.get('n') + 1 });
});
Parse.Cloud.beforeSave('Counted', async request => {
  await log('counted', {});
  if (request.object.get('grow')) request.object.set('grown' + request.object.get('grow'), 1);
});
Parse.Cloud.afterSave('OnlyAfter', request => { request.object.set('told', request.object.get('n')); });
"#;

fn start() -> Option<TestServer> {
    start_with(&json!({}))
}

fn start_with(options: &Value) -> Option<TestServer> {
    TestServer::with_cloud(CODE, options)
}

/// What hooks of a kind saw, in order.
fn log(server: &TestServer, what: &str) -> Vec<Value> {
    let entries = server
        .master()
        .find("Log", &json!({"where": {"what": what}, "order": "createdAt,objectId"}))
        .results();
    let seen = entries.iter().map(|entry| entry["seen"].as_str().expect("a text"));
    seen.map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

fn without(mut object: Value, names: &[&str]) -> Value {
    let members = object.as_object_mut().expect("an object");
    names.iter().for_each(|name| drop(members.remove(*name)));
    object
}

/// What the client is told besides id and time.
fn news(answer: &Value) -> Value {
    without(answer.clone(), &["objectId", "createdAt", "updatedAt"])
}

#[test]
fn a_new_object_is_shown_and_changed() {
    let Some(server) = start() else { return };
    let caller = server.public().with("X-Parse-Installation-Id", "phone");
    let caller = caller.with("X-Parse-Cloud-Context", r#"{"from":"client"}"#);
    let body = json!({"mode": "log", "a": 1, "p": pointer("Log", "x")});
    let made = caller.post("/classes/Thing", &body).is(201).json();
    assert_eq!(news(&made), json!({}));
    assert_eq!(
        log(&server, "beforeSave"),
        vec![json!({
            "json": {"mode": "log", "a": 1, "p": pointer("Log", "x")}, "dirty": ["a", "mode", "p"],
            "isNew": true, "existed": false, "original": null, "master": false, "user": null,
            "installation": "phone", "context": {"from": "client"}, "trigger": "beforeSave",
        })]
    );
    let after = log(&server, "afterSave").remove(0);
    assert_eq!(after["context"], json!({"from": "client", "before": true}));
    assert_eq!(after["json"]["objectId"], made["objectId"]);
    assert_eq!(after["json"]["updatedAt"], made["createdAt"]);
    assert_eq!((&after["original"], &after["dirty"]), (&Value::Null, &json!([])));
    assert_eq!(after["existed"], false, "it was made by this");

    let body = json!({"mode": "modify", "n": 1, "tags": ["own"], "gone": 1});
    let made = caller.post("/classes/Thing", &body).is(201).json();
    let expected =
        json!({"added": 1, "n": 6, "tags": ["own", "hooked"], "gone": {"__op": "Delete"}});
    assert_eq!(news(&made), expected);
    let id = made["objectId"].as_str().unwrap();
    let stored = server.public().get(&format!("/classes/Thing/{id}")).is(200).json();
    assert_eq!(
        news(&stored),
        json!({"mode": "modify", "added": 1, "n": 6, "tags": ["own", "hooked"]})
    );
}

#[test]
fn a_change_is_shown_with_what_was_stored() {
    let Some(server) = start() else { return };
    let id = server.public().create("Thing", &json!({"a": 1, "o": {"x": 1}, "n": 1}));
    let change = json!({"mode": "log", "a": 2, "o.y": 2, "n": {"__op": "Increment", "amount": 2}});
    let target = format!("/classes/Thing/{id}");
    let told = server.public().put(&target, &change).is(200).json();
    assert_eq!(told["n"], 3, "{told}");
    let before = log(&server, "beforeSave").remove(0);
    let dirty: Vec<&str> =
        before["dirty"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(dirty, ["a", "mode", "n", "o"]);
    assert_eq!((&before["isNew"], &before["existed"]), (&json!(false), &json!(true)));
    assert_eq!(before["json"]["o"], json!({"x": 1, "y": 2}));
    assert_eq!(before["original"]["a"], 1);
    assert_eq!(before["original"]["o"], json!({"x": 1}));
    let after = log(&server, "afterSave").remove(0);
    assert_eq!((&after["json"]["n"], &after["json"]["o"]), (&json!(3), &json!({"x": 1, "y": 2})));
    assert_eq!((&after["original"]["n"], &after["existed"]), (&json!(1), &json!(true)));
    let stored = server.public().get(&target).is(200).json();
    assert_eq!((&stored["n"], &stored["o"]), (&json!(3), &json!({"x": 1, "y": 2})));

    let told = server.public().put(&target, &json!({"mode": "modify", "gone": 1})).is(200).json();
    let expected = json!({"added": 1, "n": 8, "tags": ["hooked"], "gone": {"__op": "Delete"}});
    assert_eq!(news(&told), expected);
    let told = server.public().put(&target, &json!({"mode": "revert", "a": 9})).is(200).json();
    assert_eq!(news(&told), json!({"a": 2}));
    let told = server.public().put(&target, &json!({"mode": "replace", "a": 9})).is(200).json();
    assert_eq!((&told["a"], &told["b"]), (&json!(77), &json!("given")));
    server.public().put("/classes/Thing/nothere", &json!({"mode": "refuse"})).is(404);
}

#[test]
fn what_a_hook_sets_is_checked_like_what_a_client_sets() {
    let Some(server) = start() else { return };
    server.class_with("Thing", &json!({"a": {"type": "Number"}}), &open_but_hiding(&[]));
    let caller = server.public();
    let post = |body: Value| caller.post("/classes/Thing", &body);
    assert_eq!(
        post(json!({"mode": "refuse"})).is(400).json(),
        json!({"code": 9001, "error": "no"})
    );
    assert_eq!(post(json!({"mode": "text", "a": 1})).is(400).code(), Some(111));
    assert_eq!(post(json!({"mode": "deep"})).is(400).code(), Some(121));
    // What could change the prototypes of JavaScript is not there any more when the SDK has seen it.
    assert_eq!(news(&post(json!({"mode": "constructor_"})).is(201).json()), json!({"o": {}}));
    // A hook brings in order what does not fit.
    assert_eq!(news(&post(json!({"mode": "number", "a": "5"})).is(201).json()), json!({"a": 5}));
    assert_eq!(post(json!({"mode": "none", "a": "5"})).is(400).code(), Some(111));
    // It adds fields only where the client may.
    let closed = json!({"classLevelPermissions": {
        "find": {"*": true}, "get": {"*": true}, "create": {"*": true}, "update": {"*": true},
        "delete": {"*": true}, "addField": {},
    }});
    server.master().put("/schemas/Thing", &closed).is(200);
    assert_eq!(post(json!({"mode": "fresh"})).is(400).code(), Some(119));
    let made = post(json!({"mode": "id"})).is(201).json();
    assert_eq!(made["objectId"], "chosenByHook");
    let made = post(json!({"mode": "acl"})).is(201).json();
    assert_eq!(made["ACL"], json!({"*": {"read": true}}));
}

#[test]
fn hidden_fields_are_not_told() {
    let exempt = json!({"protectedFieldsTriggerExempt": true});
    let Some(server) = start_with(&exempt) else { return };
    let fields = json!({"secret": {"type": "String"}, "mode": {"type": "String"}});
    server.class_with("Thing", &fields, &open_but_hiding(&["secret"]));
    let id = server.master().create("Thing", &json!({"secret": "stored"}));
    let target = format!("/classes/Thing/{id}");
    let told = server.public().put(&target, &json!({"mode": "secret"})).is(200);
    told.hides("by hook");
    let stored = server.master().get(&target).json();
    assert_eq!(stored["secret"], "by hook");
    server.public().put(&target, &json!({"mode": "log"})).is(200).hides("by hook");
    let seen = log(&server, "beforeSave").remove(0);
    assert_eq!(seen["original"]["secret"], "by hook", "hooks see it");

    server.public().put(&target, &json!({"after": "fetch"})).is(200).hides("by hook");

    let exempt =
        json!({"protectedFieldsTriggerExempt": true, "protectedFieldsSaveResponseExempt": true});
    let Some(server) = start_with(&exempt) else { return };
    server.class_with("Thing", &fields, &open_but_hiding(&["secret"]));
    let id = server.master().create("Thing", &json!({"secret": "stored"}));
    let change = json!({"mode": "keepSecret", "secret": "guessed"});
    let told = server.public().put(&format!("/classes/Thing/{id}"), &change).is(200);
    told.hides("stored");

    let Some(server) = start_with(&json!({"protectedFieldsTriggerExempt": false})) else { return };
    server.class_with("Thing", &fields, &open_but_hiding(&["secret"]));
    let id = server.master().create("Thing", &json!({"secret": "stored"}));
    server.public().put(&format!("/classes/Thing/{id}"), &json!({"mode": "log"})).is(200);
    let seen = log(&server, "beforeSave").remove(0);
    assert_eq!(seen["original"].get("secret"), None, "hooks see what the caller sees");
}

#[test]
fn hooks_hear_of_nothing_that_the_caller_may_not_do() {
    let Some(server) = start() else { return };
    let ada = Person::new(&server, "ada");
    let id = server.master().create("Thing", &json!({"a": 1, "ACL": private()}));
    let target = format!("/classes/Thing/{id}");
    for caller in [server.public(), ada.caller(&server)] {
        assert_eq!(caller.put(&target, &json!({"mode": "log"})).is(404).code(), Some(101));
        assert_eq!(caller.delete(&target).is(404).code(), Some(101));
    }
    server.class_with("Log", &json!({"what": {"type": "String"}}), &open_but_hiding(&[]));
    assert_eq!(log(&server, "beforeSave"), Vec::<Value>::new());
    assert_eq!(log(&server, "afterDelete"), Vec::<Value>::new());
    let id = server.master().create("Thing", &json!({"ACL": {&ada.id: {"write": true}}}));
    ada.caller(&server).put(&format!("/classes/Thing/{id}"), &json!({"mode": "log"})).is(200);
    assert_eq!(log(&server, "beforeSave")[0]["user"], json!(ada.id));
}

#[test]
fn what_after_hooks_do_is_told_and_not_stored() {
    let Some(server) = start() else { return };
    let caller = server.public();
    let made = caller.post("/classes/Thing", &json!({"after": "set"})).is(201).json();
    assert_eq!(news(&made), json!({"virtual": {"a": 1}}));
    let target = format!("/classes/Thing/{}", made["objectId"].as_str().unwrap());
    assert_eq!(caller.get(&target).json().get("virtual"), None);
    let told = caller.put(&target, &json!({"a": 1})).is(200).json();
    assert_eq!(news(&told), json!({"virtual": {"a": 1}}));
    assert_eq!(
        caller.put(&target, &json!({"after": "return"})).is(200).json(),
        json!({"only": "this"})
    );
    let told = caller.put(&target, &json!({"after": "throw"})).is(200).json();
    assert_eq!(news(&told), json!({}));
    let made = caller.post("/classes/OnlyAfter", &json!({"n": 5})).is(201).json();
    assert_eq!(news(&made), json!({"told": 5}));
}

#[test]
fn deletions_are_refused_or_heard_of() {
    let Some(server) = start() else { return };
    let caller = server.public();
    let kept = caller.create("Thing", &json!({"keep": true}));
    let answer = caller.delete(&format!("/classes/Thing/{kept}")).is(400).json();
    assert_eq!(answer, json!({"code": 9002, "error": "kept"}));
    caller.get(&format!("/classes/Thing/{kept}")).is(200);
    let gone = caller.create("Thing", &json!({"a": 5}));
    caller.delete(&format!("/classes/Thing/{gone}")).is(200);
    let seen = log(&server, "afterDelete").remove(0);
    assert_eq!((&seen["json"]["objectId"], &seen["context"]), (&json!(gone), &json!({"seen": 5})));
    let answer = caller.delete(&format!("/classes/Thing/{gone}")).is(404).json();
    assert_eq!(answer, json!({"code": 101, "error": "Object not found for delete."}));
    let late = caller.create("Thing", &json!({"after": "throw"}));
    let answer = caller.delete(&format!("/classes/Thing/{late}")).is(400).json();
    assert_eq!(answer, json!({"code": 9003, "error": "too late"}));
    caller.get(&format!("/classes/Thing/{late}")).is(404);
}

#[test]
fn cloud_code_does_not_call_itself_without_end() {
    let Some(server) = start_with(&json!({"cloudDepthMax": 4})) else { return };
    server.class("Deep", &json!({"n": {"type": "Number"}}));
    let answer = server.public().post("/classes/Deep", &json!({"n": 1})).is(400);
    assert_eq!(answer.code(), Some(141));
    assert!(answer.text().contains("calls itself"), "{}", answer.text());
    assert_eq!(server.master().find("Deep", &json!({})).results(), Vec::<Value>::new());
}

#[test]
fn a_save_that_is_tried_again_is_heard_of_once() {
    let Some(server) = start() else { return };
    server.class_with(
        "Log",
        &json!({"what": {"type": "String"}, "seen": {"type": "String"}}),
        &open_but_hiding(&[]),
    );
    crate::support::together(8, |number| {
        let body = json!({"grow": format!("Field{number}"), format!("own{number}"): 1});
        server.public().post("/classes/Counted", &body).is(201);
    });
    assert_eq!(log(&server, "counted").len(), 8);
    let columns = server.master().get("/schemas/Counted").is(200).json();
    for number in 0..8 {
        assert_eq!(columns["fields"][format!("grownField{number}")]["type"], "Number");
    }
}

#[test]
fn graphql_runs_the_same_hooks() {
    let Some(server) = start() else { return };
    let fields = json!({
        "mode": {"type": "String"}, "a": {"type": "Number"}, "added": {"type": "Number"}, "n": {"type": "Number"},
        "tags": {"type": "Array"}, "gone": {"type": "String"}, "keep": {"type": "Boolean"},
    });
    server.class("Thing", &fields);
    let made = server.public().graphql(
        r#"mutation { createThing(input: {fields: {mode: "modify", gone: "x"}}) { thing { objectId added n gone } } }"#,
    );
    let thing = made.data("/createThing/thing");
    assert_eq!(without(thing, &["objectId"]), json!({"added": 1, "n": 5, "gone": null}));
    let refused = server
        .public()
        .graphql(r#"mutation { createThing(input: {fields: {mode: "refuse"}}) { thing { id } } }"#);
    let answer = refused.json();
    assert_eq!(answer["errors"][0]["message"], "no");
    assert_eq!(answer["errors"][0]["extensions"]["code"], 9001);
}
