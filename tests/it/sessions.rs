//! Sessions: how they come and go, and that the server knows at once, whatever it remembers.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::{PASSWORD, Person, log_in};
use crate::support::{Answer, Caller, TestServer, pointer, together};

/// What a request costs that is answered alike with and without a session.
fn cost(server: &TestServer, caller: &Caller) -> u64 {
    server.statements_of(|| caller.find("Doc", &json!({})).is(200))
}

fn with_token(server: &TestServer, token: &str) -> Caller {
    server.public().with("X-Parse-Session-Token", token)
}

fn token(answer: &Answer) -> String {
    answer.json()["sessionToken"]
        .as_str()
        .unwrap_or_else(|| panic!("no token: {answer}"))
        .to_owned()
}

/// A further session of a user, known to the server from a first request.
fn enter(server: &TestServer, person: &Person) -> Caller {
    let token = token(&log_in(&server.public(), &person.name, PASSWORD, &json!({})).is(200));
    let caller = with_token(server, &token);
    caller.get("/users/me").is(200);
    caller
}

fn session_of(caller: &Caller) -> Value {
    caller.get("/sessions/me").is(200).json()
}

fn path(session: &Value) -> String {
    format!("/sessions/{}", session["objectId"].as_str().expect("an id"))
}

fn is_out(caller: &Caller) {
    let answer = caller.get("/users/me");
    assert_eq!(answer.code(), Some(209), "{answer}");
    assert_eq!(caller.find("Doc", &json!({})).code(), Some(209));
    assert_eq!(caller.graphql("{ health }").code(), Some(209));
}

#[test]
fn a_session_says_how_it_came_to_be() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let check = |caller: &Caller, expected: Value| {
        let session = session_of(caller);
        assert_eq!(session["createdWith"], expected);
        assert_eq!(session["user"], pointer("_User", &ann.id));
        assert_eq!(session["expiresAt"]["__type"], "Date");
        assert!(session.get("ACL").is_none());
        assert!(session["sessionToken"].as_str().is_some_and(|token| token.starts_with("r:")));
    };
    check(&ann.caller(&server), json!({"action": "signup", "authProvider": "password"}));
    check(&enter(&server, &ann), json!({"action": "login", "authProvider": "password"}));
    let caller = ann.caller(&server);
    let made = with_token(&server, &token(&caller.post("/sessions", &json!({})).is(201)));
    check(&made, json!({"action": "create"}));
    let upgraded = token(&caller.post("/upgradeToRevocableSession", &json!({})).is(200));
    check(&with_token(&server, &upgraded), json!({"action": "upgrade"}));
    let lent = server.master().post("/loginAs", &json!({"userId": ann.id})).is(200);
    check(
        &with_token(&server, &token(&lent)),
        json!({"action": "login", "authProvider": "masterkey"}),
    );
}

#[test]
fn a_known_session_costs_nothing_and_an_unknown_one_little() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    let ann = Person::new(&server, "ann");
    for number in 0..10 {
        let fields = json!({"name": format!("role{number}"), "ACL": {},
            "users": {"__op": "AddRelation", "objects": [pointer("_User", &ann.id)]}});
        server.master().create("_Role", &fields);
    }
    let without = cost(&server, &server.public());
    let caller = ann.caller(&server);
    assert!(cost(&server, &caller) <= without + 3);
    assert_eq!(cost(&server, &caller), without);
    let get = || server.statements_of(|| caller.graphql("{ docs { count } }").data("/docs/count"));
    assert_eq!(get(), 1);
    // Another session of a known user does not ask for his roles again.
    let token = token(&log_in(&server.public(), "ann", PASSWORD, &json!({})).is(200));
    assert!(cost(&server, &with_token(&server, &token)) <= without + 2);
}

#[test]
fn logging_out_ends_one_session_and_no_other() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    let ann = Person::new(&server, "ann");
    let (first, second) = (enter(&server, &ann), enter(&server, &ann));
    let bob = Person::new(&server, "bob").caller(&server);
    bob.get("/users/me").is(200);
    let warm = cost(&server, &second);
    first.post("/logout", &json!({})).is(200);
    is_out(&first);
    assert_eq!(cost(&server, &second), warm, "the other session is still known");
    assert_eq!(cost(&server, &bob), warm, "the session of somebody else is still known");
    assert_eq!(first.post("/logout", &json!({})).code(), Some(209));
    assert_eq!(second.graphql("mutation { logOut(input: {}) { ok } }").data("/logOut/ok"), true);
    is_out(&second);
}

#[test]
fn deleting_a_session_logs_out_whatever_the_door() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let keeper = ann.caller(&server);
    let delete: [&dyn Fn(&Value); 5] = [
        &|session| drop(keeper.delete(&path(session)).is(200)),
        &|session| drop(server.master().delete(&path(session)).is(200)),
        &|session| {
            let id = session["objectId"].as_str().expect("an id");
            let mutation = format!(
                "mutation {{ deleteSession(input: {{id: \"{id}\"}}) {{ session {{ objectId }} }} }}"
            );
            keeper.graphql(&mutation).data("/deleteSession");
        },
        &|session| {
            let entry = json!({"method": "DELETE", "path": format!("/parse{}", path(session))});
            keeper.post("/batch", &json!({"requests": [entry]})).is(200);
        },
        &|session| {
            let entry = json!({"method": "DELETE", "path": format!("/parse{}", path(session))});
            let both = json!({"requests": [entry], "transaction": true});
            keeper.post("/batch", &both).is(200);
        },
    ];
    for delete in delete {
        let caller = enter(&server, &ann);
        delete(&session_of(&caller));
        is_out(&caller);
        keeper.get("/users/me").is(200);
    }
}

#[test]
fn a_transaction_that_is_undone_ends_no_session() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let (keeper, caller) = (ann.caller(&server), enter(&server, &ann));
    let entries = json!([
        {"method": "DELETE", "path": format!("/parse{}", path(&session_of(&caller)))},
        {"method": "DELETE", "path": "/parse/classes/Doc/nothing"},
    ]);
    keeper.post("/batch", &json!({"requests": entries, "transaction": true})).is_refused();
    caller.get("/users/me").is(200);
}

#[test]
fn an_installation_has_one_session_of_a_user() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let at = |installation: &str| {
        let caller = server.public().with("X-Parse-Installation-Id", installation);
        let token = token(&log_in(&caller, "ann", PASSWORD, &json!({})).is(200));
        let caller = with_token(&server, &token);
        assert_eq!(session_of(&caller)["installationId"], installation);
        caller.get("/users/me").is(200);
        caller
    };
    let (phone, tablet) = (at("phone"), at("tablet"));
    let phone_again = at("phone");
    is_out(&phone);
    for caller in [&tablet, &phone_again, &ann.caller(&server)] {
        caller.get("/users/me").is(200);
    }
    let bob = Person::new(&server, "bob");
    let caller = server.public().with("X-Parse-Installation-Id", "phone");
    log_in(&caller, &bob.name, PASSWORD, &json!({})).is(200);
    phone_again.get("/users/me").is(200);
}

#[test]
fn of_log_ins_at_once_on_one_installation_one_session_stays() {
    let server = TestServer::start();
    Person::new(&server, "ann");
    let tokens = together(12, |_| {
        let caller = server.public().with("X-Parse-Installation-Id", "phone");
        token(&log_in(&caller, "ann", PASSWORD, &json!({})).is(200))
    });
    let works = |token: &&String| !with_token(&server, token).get("/users/me").is_refusal();
    assert_eq!(tokens.iter().filter(works).count(), 1);
    let here = json!({"where": {"installationId": "phone"}});
    assert_eq!(server.master().find("_Session", &here).results().len(), 1);
}

#[test]
fn a_new_password_ends_all_sessions() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let (caller, other) = (ann.caller(&server), enter(&server, &ann));
    let fresh = token(&caller.put(&ann.path(), &json!({"password": "another"})).is(200));
    is_out(&caller);
    is_out(&other);
    with_token(&server, &fresh).get("/users/me").is(200);
}

#[test]
fn a_user_who_goes_takes_his_sessions_along() {
    let server = TestServer::with(&json!({"allowCustomObjectId": true}));
    let user = json!({"objectId": "chosen", "username": "ann", "password": PASSWORD});
    let first = with_token(&server, &token(&server.public().post("/users", &user).is(201)));
    first.get("/users/me").is(200);
    server.master().delete("/users/chosen").is(200);
    is_out(&first);
    // Somebody else with the same id is somebody else.
    let second = json!({"objectId": "chosen", "username": "eve", "password": PASSWORD});
    let second = with_token(&server, &token(&server.public().post("/users", &second).is(201)));
    second.get("/users/me").is(200);
    is_out(&first);
}

#[test]
fn a_purge_ends_all_sessions() {
    let server = TestServer::start();
    let caller = Person::new(&server, "ann").caller(&server);
    caller.get("/users/me").is(200);
    server.master().delete("/purge/_Session").is(200);
    is_out(&caller);
}

#[test]
fn what_a_master_key_changes_holds_at_once() {
    let server = TestServer::start();
    let (ann, bob) = (Person::new(&server, "ann"), Person::new(&server, "bob"));
    let caller = enter(&server, &ann);
    let place = path(&session_of(&caller));
    server.master().put(&place, &json!({"user": pointer("_User", &bob.id)})).is(200);
    assert_eq!(caller.get("/users/me").is(200).json()["objectId"], bob.id);
    let past = json!({"expiresAt": {"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"}});
    server.master().put(&place, &past).is(200);
    let refused = caller.get("/users/me");
    assert_eq!(refused.code(), Some(209));
    assert_eq!(refused.json()["error"], "Session token is expired.");
    assert_eq!(session_of(&caller)["user"], pointer("_User", &bob.id), "it can still be looked at");
}

#[test]
fn a_master_key_may_come_with_a_session() {
    let server = TestServer::start();
    let ann = Person::new(&server, "ann");
    let master = server.master().with("X-Parse-Session-Token", &ann.token);
    assert_eq!(master.get("/users/me").is(200).json()["objectId"], ann.id);
    let stranger = server.master().with("X-Parse-Session-Token", "r:nobody");
    stranger.get("/schemas").is(200);
    assert_eq!(stranger.get("/users/me").code(), Some(209));
    master.post("/logout", &json!({})).is(200);
    is_out(&ann.caller(&server));
}

#[test]
fn logging_in_does_not_ask_who_one_was() {
    let server = TestServer::start();
    Person::new(&server, "ann");
    let stale = with_token(&server, "r:00000000000000000000000000000000");
    let credentials = json!({"username": "ann", "password": PASSWORD});
    stale.post("/login", &credentials).is(200);
    stale.ask("/login", &credentials).is(200);
    for path in ["/classes/Doc", "/users", "/sessions", "/config"] {
        assert_eq!(stale.get(path).code(), Some(209), "{path}");
    }
    assert_eq!(stale.post("/users", &json!({"username": "b", "password": "p"})).code(), Some(209));
}

#[test]
fn sessions_last_as_long_as_the_options_say() {
    let server = TestServer::with(&json!({"expireInactiveSessions": false}));
    let session = session_of(&Person::new(&server, "ann").caller(&server));
    assert!(session.get("expiresAt").is_none(), "{session}");
    let server = TestServer::with(&json!({"sessionLength": 3600}));
    let session = session_of(&Person::new(&server, "ann").caller(&server));
    let millis = |field: &str| {
        let text = session[field]["iso"].as_str().or(session[field].as_str()).expect("a date");
        parsimony::value::Date::parse(text).expect("a date").millis()
    };
    assert_eq!(millis("expiresAt") - millis("createdAt"), 3_600_000);
}

/// Moves a session to the past, as a database that was not touched for a while has it.
fn age(directory: &TempDir, session: &Value, updated_at: &str, expires_at: &str) {
    let updated_at = json!(updated_at);
    let fields = json!({"updatedAt": updated_at, "expiresAt": expires_at});
    let path = directory.path().join("database.db");
    let database = rusqlite::Connection::open(path).expect("the database opens");
    let millis = |field: &str| {
        let text = fields[field].as_str().expect("a date");
        parsimony::value::Date::parse(text).expect("a date").millis()
    };
    let changed = database
        .execute(
            "UPDATE \"_Session\" SET \"updatedAt\" = ?1, \"expiresAt\" = ?2 WHERE \"objectId\" = ?3",
            (millis("updatedAt"), millis("expiresAt"), session["objectId"].as_str()),
        )
        .expect("the session is there");
    assert_eq!(changed, 1);
}

#[test]
fn a_session_in_use_is_extended_once_a_day() {
    const LAST_WEEK: &str = "2026-01-01T00:00:00.000Z";
    const FAR: &str = "2999-01-01T00:00:00.000Z";
    let directory = TempDir::new().expect("a temporary directory");
    let uri = format!("sqlite:{}", directory.path().join("database.db").display());
    let start =
        |extend: bool| TestServer::with(&json!({"databaseURI": uri, "extendSessionOnUse": extend}));
    let server = start(true);
    let ann = Person::new(&server, "ann");
    let session = session_of(&ann.caller(&server));
    let read = |server: &TestServer| server.master().get(&path(&session)).is(200).json();
    ann.caller(&server).get("/users/me").is(200);
    assert_eq!(read(&server), session, "it was opened today");
    server.stop();

    age(&directory, &session, LAST_WEEK, FAR);
    let server = start(false);
    ann.caller(&server).get("/users/me").is(200);
    assert_eq!(
        read(&server)["expiresAt"]["iso"],
        FAR,
        "it is not extended unless the options say so"
    );
    server.stop();

    let server = start(true);
    let caller = ann.caller(&server);
    together(8, |_| ann.caller(&server).get("/users/me").is(200));
    let extended = read(&server);
    assert_ne!(extended["expiresAt"]["iso"], FAR);
    assert!(extended["updatedAt"].as_str() > Some(LAST_WEEK));
    caller.get("/users/me").is(200);
    assert_eq!(read(&server), extended, "once is enough");
}
