//! Triggers around people: signing up, logging in and out, forgetting a password; and around the configuration.

use serde_json::{Value, json};

use crate::support::{Mailing, SmtpServer, TestServer};

const CODE: &str = r#"
const log = async (what, seen) => new Parse.Object('Log').save({ what, seen: JSON.stringify(seen) }, { useMasterKey: true });
const told = request => ({
  json: request.object.toJSON(), user: request.user ? request.user.id : null, master: request.master,
  token: request.user ? request.user.getSessionToken() : null,
});
Parse.Cloud.beforeSave(Parse.User, async request => {
  const { object } = request;
  const mode = object.get('mode');
  if (object.get('username') === 'refused') throw new Parse.Error(9001, 'not you');
  await log('beforeSave', { ...told(request), original: !!request.original });
  if (mode === 'change') { object.set('username', 'changed'); object.set('password', 'other'); object.set('greeting', 'hello'); }
  if (mode === 'verify') object.set('emailVerified', true);
  if (mode === 'auth') object.set('authData', { anonymous: { id: 'stolen' } });
  if (mode === 'acl') object.setACL(new Parse.ACL({ '*': { read: true } }));
  if (object.get('password') === 'forbidden') throw new Parse.Error(9005, 'not this password');
});
Parse.Cloud.afterSave(Parse.User, async request => {
  // What it returned would be the answer.
  await log('afterSave', { ...told(request), original: !!request.original });
});
Parse.Cloud.beforeDelete(Parse.User, request => { if (request.object.get('keep')) throw new Parse.Error(9002, 'kept'); });
Parse.Cloud.beforeLogin(async request => {
  await log('beforeLogin', told(request));
  if (request.object.get('banned')) throw new Parse.Error(600, 'banned');
});
Parse.Cloud.afterLogin(async request => {
  await log('afterLogin', told(request));
  if (request.object.get('unlucky')) throw new Parse.Error(601, 'unlucky');
});
Parse.Cloud.afterLogout(request => log('afterLogout', told(request)));
Parse.Cloud.beforePasswordResetRequest(request => { if (request.object.get('banned')) throw new Parse.Error(602, 'no mail'); });
Parse.Cloud.beforeSave(Parse.Role, request => { request.object.set('label', 'role'); });
Parse.Cloud.beforeSave(Parse.Config, async request => {
  const attributes = request.object.attributes;
  await log('beforeConfig', { now: attributes, before: request.original ? request.original.attributes : null, master: request.master });
  if (attributes.a === 'refuse') throw new Parse.Error(9003, 'no');
});
Parse.Cloud.afterSave(Parse.Config, async request => { await log('afterConfig', { now: request.object.attributes }); });
"#;

fn start() -> Option<TestServer> {
    TestServer::with_cloud(CODE, &json!({"enableAnonymousUsers": true}))
}

fn log(server: &TestServer, what: &str) -> Vec<Value> {
    let parameters = json!({"where": {"what": what}, "order": "createdAt,objectId"});
    let entries = server.master().find("Log", &parameters).results();
    let seen = entries.iter().map(|entry| entry["seen"].as_str().expect("a text"));
    seen.map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

fn sign_up(server: &TestServer, name: &str, more: Value) -> Value {
    let mut body = more;
    body["username"] = json!(name);
    body["password"] = json!("pw");
    server.public().post("/users", &body).is(201).json()
}

fn log_in(server: &TestServer, name: &str, password: &str) -> crate::support::Answer {
    server.public().post("/login", &json!({"username": name, "password": password}))
}

#[test]
fn signing_up_is_heard_of() {
    let Some(server) = start() else { return };
    let refused = json!({"username": "refused", "password": "x"});
    server.public().post("/users", &refused).is(400).is_refused_with(&[9001]);
    let ada = sign_up(&server, "ada", json!({}));
    let before = log(&server, "beforeSave").remove(0);
    assert_eq!(before["json"], json!({"username": "ada", "password": "pw"}));
    let after = log(&server, "afterSave").remove(0);
    assert_eq!(after["json"]["username"], "ada");
    assert_eq!(after["json"]["sessionToken"], ada["sessionToken"]);
    assert_eq!(after["json"].get("password"), None);
    assert!(after["json"]["ACL"].get(ada["objectId"].as_str().unwrap()).is_some());

    let made = server
        .public()
        .post("/users", &json!({"username": "b", "password": "pw", "mode": "change"}));
    let made = made.is(201).json();
    assert_eq!((&made["username"], &made["greeting"]), (&json!("changed"), &json!("hello")));
    assert_eq!(made.get("password"), None, "a password is never told");
    log_in(&server, "changed", "other").is(200);
    log_in(&server, "b", "pw").is(404);
    let made = sign_up(&server, "c", json!({"mode": "acl"}));
    let id = made["objectId"].as_str().unwrap().to_owned();
    assert_eq!(made["ACL"], json!({"*": {"read": true}, id: {"read": true, "write": true}}));
    assert_eq!(sign_up(&server, "d", json!({"mode": "verify"}))["emailVerified"], true);
}

#[test]
fn only_providers_say_who_somebody_is_elsewhere() {
    let Some(server) = start() else { return };
    let guest = json!({"authData": {"anonymous": {"id": "stolen"}}});
    let first = server.public().post("/users", &guest).is(201).json();
    assert_eq!(log(&server, "beforeSave")[0]["json"], guest);
    let thief = sign_up(&server, "thief", json!({"mode": "auth"}));
    let stored = server.master().get(&format!("/users/{}", thief["objectId"].as_str().unwrap()));
    assert_eq!(stored.json().get("authData"), None);
    let again = server.public().post("/users", &guest).is(200).json();
    assert_eq!(again["objectId"], first["objectId"]);
    assert_eq!(log(&server, "beforeLogin").len(), 1, "whoever logs in by it logs in");
}

#[test]
fn logging_in_and_out_is_heard_of() {
    let Some(server) = start() else { return };
    sign_up(&server, "ada", json!({}));
    assert_eq!(log_in(&server, "ada", "wrong").is(404).code(), Some(101));
    let ada = log_in(&server, "ada", "pw").is(200).json();
    let (before, after) = (log(&server, "beforeLogin"), log(&server, "afterLogin"));
    assert_eq!((before.len(), after.len()), (1, 1), "not before the password is right");
    assert_eq!(before[0]["json"].get("sessionToken"), None);
    assert_eq!(after[0]["user"], ada["objectId"]);
    assert_eq!(
        (&after[0]["token"], &after[0]["json"]["sessionToken"]),
        (&ada["sessionToken"], &ada["sessionToken"])
    );
    let token = ada["sessionToken"].as_str().unwrap();
    let caller = server.public().with("X-Parse-Session-Token", token);
    caller.post("/logout", &json!({})).is(200);
    let out = log(&server, "afterLogout").remove(0);
    assert_eq!((&out["json"]["sessionToken"], &out["user"]), (&json!(token), &ada["objectId"]));
    caller.get("/users/me").is(400);

    sign_up(&server, "eve", json!({"banned": true}));
    let refused = log_in(&server, "eve", "pw").is(400).json();
    assert_eq!(refused, json!({"code": 600, "error": "banned"}));
    sign_up(&server, "bob", json!({"unlucky": true}));
    let sessions = || server.master().find("_Session", &json!({})).results().len();
    let before = sessions();
    log_in(&server, "bob", "pw").is(400).is_refused_with(&[601]);
    assert_eq!(sessions(), before, "whoever is not let in has no session");
    let id = sign_up(&server, "kim", json!({"keep": true}));
    let caller =
        server.public().with("X-Parse-Session-Token", id["sessionToken"].as_str().unwrap());
    caller
        .delete(&format!("/users/{}", id["objectId"].as_str().unwrap()))
        .is(400)
        .is_refused_with(&[9002]);
}

#[test]
fn changes_of_a_user_are_heard_of() {
    let Some(server) = start() else { return };
    let ada = sign_up(&server, "ada", json!({}));
    let (id, token) = (ada["objectId"].as_str().unwrap(), ada["sessionToken"].as_str().unwrap());
    let caller = server.public().with("X-Parse-Session-Token", token);
    let target = format!("/users/{id}");
    caller.put(&target, &json!({"emailVerified": true})).is(400).is_refused_with(&[119]);
    assert_eq!(
        caller.put(&target, &json!({"mode": "verify"})).is(200).json()["emailVerified"],
        true
    );
    caller.put(&target, &json!({"password": "forbidden"})).is(400).is_refused_with(&[9005]);
    let told = caller.put(&target, &json!({"mode": "none", "password": "new"})).is(200).json();
    let after = log(&server, "afterSave").pop().unwrap();
    assert_eq!(
        (&after["json"]["sessionToken"], &after["original"]),
        (&told["sessionToken"], &json!(true))
    );
    assert_eq!(after["json"].get("password"), None);
    log_in(&server, "ada", "new").is(200);
    server.public().put(&target, &json!({"x": 1})).is(400).is_refused_with(&[206]);
}

#[test]
fn the_configuration_and_roles_are_heard_of() {
    let Some(server) = start() else { return };
    let set = |params: Value| server.master().put("/config", &json!({"params": params}));
    set(json!({"a": 1, "b": "x"})).is(200);
    set(json!({"a": {"__op": "Delete"}, "c": 2})).is(200);
    set(json!({"a": "refuse"})).is(400).is_refused_with(&[9003]);
    let (before, after) = (log(&server, "beforeConfig"), log(&server, "afterConfig"));
    assert_eq!(before[0]["now"], json!({"a": 1, "b": "x"}));
    assert_eq!(
        (&before[1]["before"], &before[1]["master"]),
        (&json!({"a": 1, "b": "x"}), &json!(true))
    );
    assert_eq!(after[1]["now"], json!({"b": "x", "c": 2}));
    assert_eq!(server.master().get("/config").json()["params"], json!({"b": "x", "c": 2}));
    let role = json!({"name": "Boss", "ACL": {"*": {"read": true}}});
    assert_eq!(server.master().post("/roles", &role).is(201).json()["label"], "role");
}

#[test]
fn links_of_mails_are_heard_of() {
    let mails = SmtpServer::start();
    let options = json!({
        "appName": "It App", "publicServerURL": "http://it.example/parse", "verifyUserEmails": true,
        "emailAdapter": mails.adapter(),
    });
    let Some(server) = TestServer::with_cloud(CODE, &options) else { return };
    let mailing = Mailing { server, mails };
    let (_, token) = mailing.sign_up("ada", 0);
    mailing.visit("verify_email", &token).is(200);
    let before = log(&mailing.server, "beforeSave").pop().unwrap();
    assert_eq!(
        (&before["json"]["emailVerified"], &before["master"]),
        (&json!(true), &json!(false))
    );
    let token = mailing.request_reset("ada", 1);
    let form = [("new_password", "forbidden"), ("token", &*token)];
    mailing.submit("request_password_reset", &form);
    mailing.log_in("ada", "old-Secret1").is(200);
    let form = [("new_password", "new-Secret1"), ("token", &*token)];
    mailing.submit("request_password_reset", &form);
    mailing.log_in("ada", "new-Secret1").is(200);
    let after = log(&mailing.server, "afterSave").pop().unwrap();
    assert_eq!((&after["master"], &after["original"]), (&json!(true), &json!(true)));
    after.to_string().contains("new-Secret1").then(|| panic!("a password in afterSave"));

    let id = log_in(&mailing.server, "ada", "new-Secret1").json()["objectId"].clone();
    let target = format!("/users/{}", id.as_str().unwrap());
    mailing.server.master().put(&target, &json!({"banned": true})).is(200);
    let body = json!({"email": crate::support::address("ada")});
    mailing.server.public().post("/requestPasswordReset", &body).is(400).is_refused_with(&[602]);
}
