//! Changes that come from somebody who is no server of this kind: here `psql`, as the original would make them.

use serde_json::{Value, json};

use crate::postgres::TestDatabase;
use crate::support::people::Person;
use crate::support::{Caller, Pair, Shared, TestServer, soon};

/// Two servers on PostgreSQL, if there is one.
fn pair() -> Option<Pair> {
    Shared::postgres().map(Pair::new)
}

fn sql(pair: &Pair, script: &str) -> String {
    let Shared::Postgres(database) = &pair.database else { panic!("not PostgreSQL") };
    psql(database, script)
}

fn psql(database: &TestDatabase, script: &str) -> String {
    database.psql(script).unwrap_or_else(|cause| panic!("{script}: {cause}"))
}

fn servers(pair: &Pair) -> [&TestServer; 2] {
    [&pair.one, &pair.other]
}

fn field(server: &TestServer, class: &str, field: &str) -> Value {
    server.master().get(&format!("/schemas/{class}")).is(200).json()["fields"][field].clone()
}

fn is_in(caller: &Caller) -> bool {
    !caller.get("/users/me").is_refusal()
}

#[test]
fn a_field_that_another_program_adds_is_seen() {
    let Some(pair) = pair() else { return };
    pair.one.class("City", &json!({"name": {"type": "String"}}));
    let id = pair.public(0).create("City", &json!({"name": "Ulm"}));
    sql(
        &pair,
        r#"BEGIN; ALTER TABLE "City" ADD COLUMN "people" double precision;
           UPDATE "City" SET "people" = 5;
           UPDATE "_SCHEMA" SET "schema" = jsonb_set("schema", '{fields,people}', '{"type":"Number"}')
           WHERE "className" = 'City'; COMMIT"#,
    );
    for server in servers(&pair) {
        soon("a field", || field(server, "City", "people") == json!({"type": "Number"}));
        let city = server.public().get(&format!("/classes/City/{id}")).is(200).json();
        assert_eq!(city["people"], json!(5));
        let query = "{ cities { edges { node { people } } } }";
        soon("a field of a type", || !server.public().graphql(query).is_refusal());
    }
    // In the order of the original: the column goes with its description.
    sql(
        &pair,
        r#"BEGIN; UPDATE "_SCHEMA" SET "schema" = "schema" #- '{fields,people}' WHERE "className" = 'City';
           ALTER TABLE "City" DROP COLUMN "people"; COMMIT"#,
    );
    for server in servers(&pair) {
        let city = server.public().get(&format!("/classes/City/{id}")).is(200).json();
        assert!(city["name"].is_string(), "asked before the change was heard of, or after: {city}");
        soon("the end of a field", || field(server, "City", "people").is_null());
        server.public().put(&format!("/classes/City/{id}"), &json!({"name": "Bonn"})).is(200);
    }
}

#[test]
fn a_class_change_takes_part_in_the_version() {
    let Some(pair) = pair() else { return };
    pair.one.class("City", &json!({"name": {"type": "String"}}));
    for round in 0..6 {
        let column = format!("f{round}");
        sql(
            &pair,
            &format!(
                r#"BEGIN; ALTER TABLE "City" ADD COLUMN "{column}" text;
                   UPDATE "_SCHEMA" SET "schema" = jsonb_set("schema", '{{fields,{column}}}', '{{"type":"String"}}')
                   WHERE "className" = 'City'; COMMIT"#
            ),
        );
        // Nobody waits until the server has heard: it must not write back what it knew.
        let fields = json!({"fields": {(format!("g{round}")): {"type": "Number"}}});
        pair.master(round).put("/schemas/City", &fields).is(200);
        pair.public(round).post("/classes/City", &json!({&column: 5})).is_refused_with(&[111]);
    }
    for server in servers(&pair) {
        for round in 0..6 {
            soon("a field", || !field(server, "City", &format!("f{round}")).is_null());
            soon("a field", || !field(server, "City", &format!("g{round}")).is_null());
        }
    }
}

#[test]
fn sessions_and_roles_that_another_program_changes_are_heard() {
    let Some(pair) = pair() else { return };
    let people = ["ann", "bob", "cyd"].map(|name| Person::new(&pair.one, name));
    let acl = json!({"role:Editors": {"read": true}});
    let role = pair.master(0).create("_Role", &json!({"name": "Editors", "ACL": {}}));
    let doc = pair.master(0).create("Doc", &json!({"ACL": acl}));
    let path = format!("/classes/Doc/{doc}");
    let sees =
        |server: &TestServer, person: &Person| !person.caller(server).get(&path).is_refusal();
    let [ann, bob, cyd] = &people;
    for server in servers(&pair) {
        soon("a document", || server.master().get(&path).status == 200);
        assert!(people.iter().all(|person| is_in(&person.caller(server)) && !sees(server, person)));
    }
    sql(&pair, &format!(r#"INSERT INTO "_Join:users:_Role" VALUES ('{}', '{role}')"#, ann.id));
    for server in servers(&pair) {
        soon("a member", || sees(server, ann));
        assert!(!sees(server, bob));
    }
    sql(&pair, &format!(r#"UPDATE "_Role" SET "name" = 'Others' WHERE "objectId" = '{role}'"#));
    for server in servers(&pair) {
        soon("another name of a role", || !sees(server, ann));
    }
    sql(&pair, &format!(r#"DELETE FROM "_Session" WHERE "sessionToken" = '{}'"#, ann.token));
    sql(&pair, &format!(r#"DELETE FROM "_User" WHERE "objectId" = '{}'"#, bob.id));
    for server in servers(&pair) {
        soon("the end of a session", || !is_in(&ann.caller(server)));
        soon("the end of a user", || !is_in(&bob.caller(server)));
        assert!(is_in(&cyd.caller(server)));
    }
    sql(&pair, r#"TRUNCATE "_Session""#);
    for server in servers(&pair) {
        soon("the end of all sessions", || !is_in(&cyd.caller(server)));
    }
}

#[test]
fn a_line_that_is_cut_is_mended_and_nothing_is_missed() {
    let Some(pair) = pair() else { return };
    for round in 0..3 {
        let person = Person::new(&pair.one, &format!("ann{round}"));
        for server in servers(&pair) {
            soon("a session", || is_in(&person.caller(server)));
        }
        // Every connection is ended, and in the same moment somebody logs out and a class changes: nobody hears of it.
        sql(
            &pair,
            &format!(
                r#"BEGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid();
                   DELETE FROM "_Session" WHERE "sessionToken" = '{}';
                   UPDATE "_SCHEMA" SET "schema" = jsonb_set("schema", '{{fields,cut{round}}}', '{{"type":"String"}}')
                       WHERE "className" = '_User';
                   ALTER TABLE "_User" ADD COLUMN "cut{round}" text; COMMIT"#,
                person.token
            ),
        );
        for server in servers(&pair) {
            let me = person.caller(server);
            soon("the end of a session", || me.get("/users/me").code() == Some(209));
            soon("a field", || !field(server, "_User", &format!("cut{round}")).is_null());
        }
    }
}

#[test]
fn tables_that_another_program_makes_are_watched() {
    let Some(pair) = pair() else { return };
    // The original makes the class of sessions when the first user signs up.
    let tables = sql(&pair, r#"SELECT to_regclass('"_Session"') IS NULL"#);
    assert_eq!(tables, "t", "this test is about a table that is not there yet");
    let class = pair.one.master().get("/schemas/_User").is(200).json();
    assert_eq!(class["className"], json!("_User"));
    sql(
        &pair,
        r#"BEGIN; CREATE TABLE "_Session" ("objectId" text PRIMARY KEY, "createdAt" timestamptz, "updatedAt" timestamptz,
               "user" text, "installationId" text, "sessionToken" text, "expiresAt" timestamptz, "createdWith" jsonb,
               "_rperm" text[], "_wperm" text[]);
           INSERT INTO "_SCHEMA" VALUES ('_Session', '{"className":"_Session","fields":{"objectId":{"type":"String"},
               "createdAt":{"type":"Date"},"updatedAt":{"type":"Date"},"user":{"type":"Pointer","targetClass":"_User"},
               "installationId":{"type":"String"},"sessionToken":{"type":"String"},"expiresAt":{"type":"Date"},
               "createdWith":{"type":"Object"},"_rperm":{"type":"Array","contents":{"type":"String"}},
               "_wperm":{"type":"Array","contents":{"type":"String"}}}}', true); COMMIT"#,
    );
    let watched =
        r#"SELECT count(*) > 0 FROM pg_trigger WHERE tgrelid = to_regclass('"_Session"')"#;
    soon("triggers", || sql(&pair, watched) == "t");
    let person = Person::new(&pair.one, "ann");
    for server in servers(&pair) {
        soon("a session", || is_in(&person.caller(server)));
    }
    sql(&pair, r#"DELETE FROM "_Session""#);
    for server in servers(&pair) {
        soon("the end of a session", || !is_in(&person.caller(server)));
    }
}
