//! A server that does not hear what the other one does, because its line to the database is cut without a word.

use serde_json::{Value, json};

use crate::support::people::Person;
use crate::support::{Caller, Shared, TestServer, Wire, soon};

/// A server that hears everything, one behind a wire, and the wire.
struct Cut {
    one: TestServer,
    other: TestServer,
    wire: Wire,
    _database: Shared,
}

impl Cut {
    /// Nothing if there is no PostgreSQL.
    fn with(cache_ttl_ms: u64) -> Option<Self> {
        let database = Shared::postgres()?;
        let wire = Wire::to(&database.uri());
        let one = database.server(&json!({}));
        let other = database.server(&json!({"databaseURI": wire.uri(), "cacheTTL": cache_ttl_ms}));
        Some(Self { one, other, wire, _database: database })
    }
}

const FOR_EVER_MS: u64 = 86_400_000;

fn is_in(caller: &Caller) -> bool {
    let answer = caller.get("/users/me");
    assert!(answer.status == 200 || answer.code() == Some(209), "{answer}");
    answer.status == 200
}

#[test]
fn what_is_known_expires_while_nothing_is_heard() {
    let Some(cut) = Cut::with(500) else { return };
    for round in 0..2 {
        let ann = Person::new(&cut.one, &format!("ann{round}"));
        soon("a session", || is_in(&ann.caller(&cut.other)));
        cut.wire.cut();
        ann.caller(&cut.one).post("/logout", &json!({})).is(200);
        soon("the end of a session", || !is_in(&ann.caller(&cut.other)));
        cut.wire.mend();
    }
}

#[test]
fn classes_are_looked_at_while_nothing_is_heard() {
    let Some(cut) = Cut::with(500) else { return };
    cut.one.class("City", &json!({"name": {"type": "String"}}));
    let fields = || {
        let class = cut.other.master().get("/schemas/City");
        if class.status == 200 { class.json()["fields"].clone() } else { json!({}) }
    };
    soon("a class", || !fields()["name"].is_null());
    cut.wire.cut();
    let change = json!({"fields": {"people": {"type": "Number"}}});
    cut.one.master().put("/schemas/City", &change).is(200);
    soon("a field", || !fields()["people"].is_null());
}

#[test]
fn what_was_missed_is_made_up_for() {
    let Some(cut) = Cut::with(FOR_EVER_MS) else { return };
    cut.one.class("City", &json!({"name": {"type": "String"}}));
    for round in 0..2 {
        let ann = Person::new(&cut.one, &format!("ann{round}"));
        let me = ann.caller(&cut.other);
        soon("a session", || is_in(&me));
        cut.wire.cut();
        ann.caller(&cut.one).post("/logout", &json!({})).is(200);
        let field = format!("people{round}");
        let fields = json!({"fields": {&field: {"type": "Number"}}});
        cut.one.master().put("/schemas/City", &fields).is(200);
        cut.wire.mend();
        soon("the end of a session", || !is_in(&me));
        soon("a field", || {
            let class = cut.other.master().get("/schemas/City").is(200).json();
            !class["fields"][&field].is_null()
        });
    }
}

/// The server behind the wire has the classes of long ago; what it is asked is answered as if it had those in force.
#[test]
fn a_server_that_hears_nothing_is_right_all_the_same() {
    let Some(cut) = Cut::with(FOR_EVER_MS) else { return };
    let (one, other) = (cut.one.master(), cut.other.master());
    let columns =
        json!({"name": {"type": "String"}, "old": {"type": "Number"}, "turns": {"type": "Number"}});
    cut.one.class("City", &columns);
    let id = one.create("City", &json!({"name": "Ulm", "old": 1, "turns": 1}));
    let path = format!("/classes/City/{id}");
    let all = "{ cities { edges { node { name old turns } } } }";
    soon("a class", || other.get(&path).status == 200 && !other.graphql(all).is_refusal());
    let transaction = |change: Value| {
        let look = json!({"method": "GET", "path": format!("/parse{path}")});
        let write = json!({"method": "PUT", "path": format!("/parse{path}"), "body": change});
        other.post("/batch", &json!({"requests": [look, write], "transaction": true}))
    };
    // Every connection has prepared what is asked below.
    for _ in 0..20 {
        transaction(json!({"name": "Ulm"})).is(200);
    }
    cut.wire.cut();
    let change = |fields: Value| drop(one.put("/schemas/City", &json!({"fields": fields})).is(200));

    change(json!({"old": {"__op": "Delete"}, "turns": {"__op": "Delete"}}));
    change(json!({"turns": {"type": "Boolean"}, "fresh": {"type": "Number"}}));
    other.put(&path, &json!({"turns": 5})).is_refused_with(&[111]);
    change(json!({"later": {"type": "Number"}}));
    other.put(&path, &json!({"later": "text"})).is_refused_with(&[111]);
    transaction(json!({"turns": true, "fresh": 1})).is(200);
    assert_eq!(other.get(&path).is(200).json()["turns"], json!(true));

    change(json!({"fresh": {"__op": "Delete"}}));
    assert_eq!(other.find("City", &json!({"where": {"name": "Ulm"}})).is(200).results().len(), 1);
    change(json!({"later": {"__op": "Delete"}}));
    assert!(!other.graphql("{ cities { edges { node { name } } } }").is_refusal());
    change(json!({"fresh": {"type": "Number"}}));
    assert!(
        !other
            .graphql("mutation { createCity(input: {fields: {name: \"Bonn\"}}) { city { name } } }")
            .is_refusal()
    );
    change(json!({"turns": {"__op": "Delete"}}));
    other.ask("/aggregate/City", &json!({"distinct": "name"})).is(200);
    change(json!({"turns": {"type": "Array"}}));
    transaction(json!({"name": "Ulm"})).is(200);
    change(json!({"turns": {"__op": "Delete"}}));
    transaction(json!({"name": "Ulm"})).is(200);

    one.delete("/purge/City").is(200);
    one.delete("/schemas/City").is(200);
    other.get(&path).is_refused_with(&[101]);
    one.create("City", &json!({"name": 5}));
    other.post("/classes/City", &json!({"name": "text"})).is_refused_with(&[111]);
    other.create("City", &json!({"name": 6}));
    assert_eq!(one.get("/classes/City").is(200).results().len(), 2);
}
