//! Sessions and roles that one server knows and the other one ends.

use serde_json::{Value, json};

use crate::support::people::{PASSWORD, Person, log_in};
use crate::support::{Caller, Pair, Shared, add_relation, pointer, soon};

on_every_database! {
    a_log_out_is_heard
    another_password_is_heard
    sessions_that_a_master_key_ends_are_heard
    a_user_who_is_deleted_is_heard
    members_who_come_and_go_are_heard
    roles_inside_roles_are_heard
    what_is_known_stays_known
}

/// Somebody whom both servers know.
fn known(pair: &Pair, name: &str) -> Person {
    let person = Person::new(&pair.one, name);
    soon("a session", || is_in(&person.caller(&pair.other)));
    assert!(is_in(&person.caller(&pair.one)));
    person
}

fn is_in(caller: &Caller) -> bool {
    let answer = caller.get("/users/me");
    assert!(answer.status == 200 || answer.code() == Some(209), "{answer}");
    answer.status == 200
}

fn is_out_soon(pair: &Pair, person: &Person) {
    for server in [&pair.one, &pair.other] {
        soon("the end of a session", || !is_in(&person.caller(server)));
    }
}

fn a_log_out_is_heard(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..4 {
        let person = known(&pair, &format!("ann{round}"));
        let stays = known(&pair, &format!("bob{round}"));
        person.caller(pair.server(round)).post("/logout", &json!({})).is(200);
        is_out_soon(&pair, &person);
        assert!(is_in(&stays.caller(&pair.one)) && is_in(&stays.caller(&pair.other)));
    }
}

fn another_password_is_heard(database: Shared) {
    let pair = Pair::new(database);
    let person = known(&pair, "ann");
    let changed = person.caller(&pair.one).put(&person.path(), &json!({"password": "another-1"}));
    let token = changed.is(200).json()["sessionToken"].as_str().expect("a token").to_owned();
    is_out_soon(&pair, &person);
    assert!(is_in(&pair.public(1).with("X-Parse-Session-Token", &token)));
    log_in(&pair.public(1), "ann", PASSWORD, &json!({})).is_refused_with(&[101]);
    log_in(&pair.public(1), "ann", "another-1", &json!({})).is(200);
}

fn sessions_that_a_master_key_ends_are_heard(database: Shared) {
    let pair = Pair::new(database);
    let (ann, bob) = (known(&pair, "ann"), known(&pair, "bob"));
    let of_ann = json!({"where": {"user": pointer("_User", &ann.id)}});
    let session = pair.master(1).find("_Session", &of_ann).is(200).each("objectId");
    let session = session[0].as_str().expect("an id");
    pair.master(1).delete(&format!("/sessions/{session}")).is(200);
    is_out_soon(&pair, &ann);
    assert!(is_in(&bob.caller(&pair.one)) && is_in(&bob.caller(&pair.other)));
    pair.master(0).delete("/purge/_Session").is(200);
    is_out_soon(&pair, &bob);
}

fn a_user_who_is_deleted_is_heard(database: Shared) {
    let pair = Pair::new(database);
    for round in 0..4 {
        let person = known(&pair, &format!("ann{round}"));
        pair.master(round).delete(&person.path()).is(200);
        is_out_soon(&pair, &person);
    }
}

/// A document that a role may read.
fn document(pair: &Pair, role: &str) -> String {
    let acl = json!({(format!("role:{role}")): {"read": true}});
    let id = pair.master(0).create("Doc", &json!({"role": role, "ACL": acl}));
    let path = format!("/classes/Doc/{id}");
    soon("a document", || pair.master(1).get(&path).status == 200);
    path
}

fn sees(caller: &Caller, path: &str) -> bool {
    let answer = caller.get(path);
    assert!(answer.status == 200 || answer.code() == Some(101), "{answer}");
    answer.status == 200
}

fn role(pair: &Pair, name: &str) -> String {
    pair.master(0).create("_Role", &json!({"name": name, "ACL": {}}))
}

fn change_role(pair: &Pair, number: usize, role: &str, change: &Value) {
    pair.master(number).put(&format!("/roles/{role}"), change).is(200);
}

fn remove_relation(class: &str, id: &str) -> Value {
    json!({"__op": "RemoveRelation", "objects": [pointer(class, id)]})
}

fn members_who_come_and_go_are_heard(database: Shared) {
    let pair = Pair::new(database);
    let (ann, editors) = (known(&pair, "ann"), role(&pair, "Editors"));
    let path = document(&pair, "Editors");
    for number in 0..4 {
        for server in [&pair.one, &pair.other] {
            assert!(!sees(&ann.caller(server), &path), "a role before it is given");
        }
        change_role(&pair, number, &editors, &json!({"users": add_relation("_User", &[&ann.id])}));
        for server in [&pair.one, &pair.other] {
            soon("a role", || sees(&ann.caller(server), &path));
        }
        change_role(
            &pair,
            number + 1,
            &editors,
            &json!({"users": remove_relation("_User", &ann.id)}),
        );
        for server in [&pair.one, &pair.other] {
            soon("the end of a role", || !sees(&ann.caller(server), &path));
        }
    }
}

fn roles_inside_roles_are_heard(database: Shared) {
    let pair = Pair::new(database);
    let ann = known(&pair, "ann");
    let (editors, readers) = (role(&pair, "Editors"), role(&pair, "Readers"));
    change_role(&pair, 0, &editors, &json!({"users": add_relation("_User", &[&ann.id])}));
    let path = document(&pair, "Readers");
    let seen_by_all = |expected: bool, what: &str| {
        for server in [&pair.one, &pair.other] {
            soon(what, || sees(&ann.caller(server), &path) == expected);
        }
    };
    seen_by_all(false, "nothing yet");
    change_role(&pair, 1, &readers, &json!({"roles": add_relation("_Role", &[&editors])}));
    seen_by_all(true, "a role inside a role");
    change_role(&pair, 0, &readers, &json!({"roles": remove_relation("_Role", &editors)}));
    seen_by_all(false, "the end of a role inside a role");
    change_role(&pair, 1, &readers, &json!({"roles": add_relation("_Role", &[&editors])}));
    seen_by_all(true, "a role inside a role, again");
    pair.master(0).delete(&format!("/roles/{editors}")).is(200);
    seen_by_all(false, "the end of the role in between");
}

/// What nobody changes is not asked for again, whatever else the other server does.
fn what_is_known_stays_known(database: Shared) {
    let is_precise = matches!(database, Shared::Postgres(_));
    let pair = Pair::new(database);
    let (ann, bob) = (known(&pair, "ann"), known(&pair, "bob"));
    let id = pair.master(0).create("Doc", &json!({"n": 1}));
    let path = format!("/classes/Doc/{id}");
    soon("a document", || pair.master(1).get(&path).status == 200);
    let look = || drop(ann.caller(&pair.other).get(&path).is(200));
    look();
    assert_eq!(pair.other.statements_of(look), 1);
    bob.caller(&pair.one).post("/logout", &json!({})).is(200);
    pair.master(0).put(&path, &json!({"n": 2})).is(200);
    soon("a change", || pair.master(1).get(&path).json()["n"] == json!(2));
    is_out_soon(&pair, &bob);
    if is_precise {
        assert_eq!(pair.other.statements_of(look), 1, "who has nothing to do with it is known");
    }
}
