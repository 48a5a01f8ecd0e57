//! The same requests to parse-server 9.10.0 and to this server, each with a database of its own: what the databases have
//! in common, and what only one of them has, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::postgres::TestDatabase;
use crate::process::{self, Process};
use crate::server::{ask, ask_with};

const COLUMNS: &str = "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || \
    CASE WHEN a.attnotnull THEN ' not null' ELSE '' END FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid \
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped";
const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'";
const FUNCTIONS: &str = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
const SCHEMAS: &str =
    "SELECT \"className\" || ' ' || \"isParseClass\" || ' ' || schema::text FROM \"_SCHEMA\"";

/// Tables that the original makes at its first start, and we when something is written to them. Those of them that we
/// have made have the columns that every class has, which the original leaves out of three of them.
const FIRST_START: [&str; 8] = [
    "_Audience",
    "_GlobalConfig",
    "_GraphQLConfig",
    "_Hooks",
    "_Idempotency",
    "_JobSchedule",
    "_JobStatus",
    "_PushStatus",
];

/// The functions of the original's own statements, which it makes at every start, and one for a job of the operator's.
const ITS_FUNCTIONS: [&str; 8] = [
    "array_add",
    "array_add_unique",
    "array_contains",
    "array_contains_all",
    "array_contains_all_regex",
    "array_remove",
    "idempotency_delete_expired_records",
    "json_object_set_key",
];

/// Indexes of ours: a relation is asked for from its owner's side, too; sessions by token and by user; devices by what
/// they call themselves; and no two names or addresses may differ in the case of letters only, not even when two sign up
/// at the same moment.
const OUR_INDEXES: [&str; 12] = [
    r#"CREATE INDEX "_Installation:deviceToken" ON public."_Installation" USING btree ("deviceToken")"#,
    r#"CREATE INDEX "_Installation:installationId" ON public."_Installation" USING btree ("installationId")"#,
    r#"CREATE INDEX "_Join:r:Free:owningId" ON public."_Join:r:Free" USING btree ("owningId")"#,
    r#"CREATE INDEX "_Join:r:Thing:owningId" ON public."_Join:r:Thing" USING btree ("owningId")"#,
    r#"CREATE INDEX "_Join:roles:_Role:owningId" ON public."_Join:roles:_Role" USING btree ("owningId")"#,
    r#"CREATE INDEX "_Join:users:_Role:owningId" ON public."_Join:users:_Role" USING btree ("owningId")"#,
    r#"CREATE INDEX "_Session:user" ON public."_Session" USING btree ("user")"#,
    r#"CREATE UNIQUE INDEX "_Session:sessionToken:unique" ON public."_Session" USING btree ("sessionToken")"#,
    r#"CREATE UNIQUE INDEX "_User:email:unique" ON public."_User" USING btree (lower(email) varchar_pattern_ops)"#,
    r#"CREATE UNIQUE INDEX "_User:username:unique" ON public."_User" USING btree (lower(username) varchar_pattern_ops)"#,
    // The version of the classes.
    r#"CREATE UNIQUE INDEX "_VERSION_pkey" ON public."_VERSION" USING btree (id)"#,
    // The original makes no index where another class has one of that name.
    r#"CREATE INDEX "Free:i1" ON public."Free" USING btree (s)"#,
];

/// What an index is to the original, and to us: directions and words count.
const OTHER_INDEXES: [[&str; 2]; 2] = [
    [
        r#"CREATE INDEX i1 ON public."Thing" USING btree (s, n)"#,
        r#"CREATE INDEX i1 ON public."Thing" USING btree (s, n DESC)"#,
    ],
    [
        r#"CREATE INDEX t1 ON public."Thing" USING btree (s)"#,
        r#"CREATE INDEX t1 ON public."Thing" USING gin (to_tsvector('simple'::regconfig, regexp_replace(NORMALIZE(s, NFD), '[\u0300-\u036f]'::text, ''::text, 'g'::text)))"#,
    ],
];

fn write(server: &Process) {
    let master = |method: &str, path: &str, body: Value| ask(server, method, path, &body);
    let fields = json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "b": {"type": "Boolean"}, "d": {"type": "Date"},
        "o": {"type": "Object"}, "a": {"type": "Array"}, "g": {"type": "GeoPoint"}, "pg": {"type": "Polygon"},
        "f": {"type": "File"}, "by": {"type": "Bytes"}, "p": {"type": "Pointer", "targetClass": "Free"},
        "r": {"type": "Relation", "targetClass": "Free"}, "gone": {"type": "String"},
        "req": {"type": "String", "required": true, "defaultValue": "x"},
        "dd": {"type": "Date", "defaultValue": {"__type": "Date", "iso": "2014-01-01T00:00:00.000Z"}},
    });
    let permissions = json!({
        "find": {"*": true}, "get": {"requiresAuthentication": true}, "count": {}, "create": {"role:x": true}, "update": {},
        "delete": {}, "addField": {}, "protectedFields": {"*": ["s"]},
    });
    let indexes =
        json!({"i1": {"s": 1, "n": -1}, "t1": {"s": "text"}, "pp": {"p": 1}, "two": {"s": 1}});
    let class = json!({"className": "Thing", "fields": fields, "classLevelPermissions": permissions, "indexes": indexes});
    master("POST", "/schemas/Thing", class);
    let change = json!({"more": {"type": "Array"}});
    master("PUT", "/schemas/Thing", json!({"className": "Thing", "fields": change}));
    master(
        "PUT",
        "/schemas/Thing",
        json!({"className": "Thing", "indexes": {"two": {"__op": "Delete"}}}),
    );
    let free = json!({
        "s": "x", "n": 1, "b": true, "d": {"__type": "Date", "iso": "2020-02-03T04:05:06.789Z"}, "o": {"a": 1},
        "a": [1], "g": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}, "f": {"__type": "File", "name": "x.txt"},
        "pg": {"__type": "Polygon", "coordinates": [[0, 0], [0, 10], [20, 10]]}, "by": {"__type": "Bytes", "base64": "AQ=="},
        "p": {"__type": "Pointer", "className": "Thing", "objectId": "x"}, "nothing": null,
        "r": {"__op": "AddRelation", "objects": [{"__type": "Pointer", "className": "Thing", "objectId": "x"}]},
        "i": {"__op": "Increment", "amount": 1}, "u": {"__op": "AddUnique", "objects": [1]},
    });
    master("POST", "/classes/Free", free);
    master("PUT", "/schemas/Free", json!({"className": "Free", "indexes": {"i1": {"s": 1}}}));
    master("POST", "/schemas/Empty", json!({"className": "Empty"}));
    master(
        "POST",
        "/schemas/Gone",
        json!({"className": "Gone", "fields": {"r": {"type": "Relation", "targetClass": "Empty"}}}),
    );
    master("DELETE", "/schemas/Gone", Value::Null);
    let user =
        json!({"username": "ann", "password": "pw", "email": "ann@example.org", "phone": "1"});
    let client =
        |body: Value| ask_with(server, ("X-Parse-Installation-Id", "i"), "POST", "/users", &body);
    let user = client(user);
    client(json!({"authData": {"anonymous": {"id": "1"}}}));
    let user = json!({"__type": "Pointer", "className": "_User", "objectId": user["objectId"]});
    let role = json!({"name": "x", "ACL": {"*": {"read": true}}, "users": {"__op": "AddRelation", "objects": [user]}});
    master("POST", "/roles", role);
    master("POST", "/classes/_Installation", json!({"deviceType": "ios", "installationId": "1"}));
    master("PUT", "/config", json!({"params": {"a": 1}}));
}

/// The lines that statements answer in both databases: those of the original, and ours.
struct Pair(TestDatabase, TestDatabase);

impl Pair {
    fn lines(&self, sql: &str) -> [BTreeSet<String>; 2] {
        [&self.0, &self.1].map(|database| {
            database.psql(sql).unwrap().lines().map(str::to_owned).collect::<BTreeSet<_>>()
        })
    }

    /// What the original has alone, and what we have alone.
    fn differences(&self, sql: &str) -> [BTreeSet<String>; 2] {
        let [its, ours] = self.lines(sql);
        [&its - &ours, &ours - &its]
    }
}

fn make() -> Option<Pair> {
    let installed = process::parse_server()?;
    let pair = Pair(TestDatabase::create()?, TestDatabase::create()?);
    let options = json!({"appName": "layout", "allowClientClassCreation": true});
    for database in [&pair.0, &pair.1] {
        let server = if std::ptr::eq(database, &pair.0) {
            Process::original(&installed, &database.uri(), &options)
        } else {
            Process::parsimony(&database.uri(), &options)
        };
        write(&server);
        server.stop();
    }
    Some(pair)
}

fn strings<'s>(lines: impl IntoIterator<Item = &'s str>) -> BTreeSet<String> {
    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn both_servers_make_the_same_database() {
    let Some(pair) = make() else { return };

    let [mut its, mut ours] = pair.differences(COLUMNS);
    let is_of_first_start =
        |line: &String| FIRST_START.iter().any(|table| line.starts_with(&format!("{table}.")));
    its.retain(|line| !is_of_first_start(line));
    ours.retain(|line| !is_of_first_start(line) && !line.starts_with("_VERSION."));
    assert_eq!((its, ours), (BTreeSet::new(), BTreeSet::new()), "columns");

    let [its, ours] = pair.differences(INDEXES);
    let is_of_first_start = |line: &String| {
        FIRST_START.iter().any(|table| line.contains(&format!("ON public.\"{table}\" ")))
    };
    let its: BTreeSet<String> = its.into_iter().filter(|line| !is_of_first_start(line)).collect();
    assert_eq!(its, strings(OTHER_INDEXES.map(|[its, _]| its)), "indexes of the original");
    let expected = OUR_INDEXES.into_iter().chain(OTHER_INDEXES.map(|[_, ours]| ours));
    assert_eq!(ours, strings(expected), "indexes of ours");

    let [its, ours] = pair.lines(FUNCTIONS);
    assert_eq!(its, strings(ITS_FUNCTIONS), "functions of the original");
    assert!(ours.iter().all(|name| name.starts_with("parsimony_")), "{ours:?}");

    let [its, ours] = pair.lines(SCHEMAS).map(|lines| {
        let split = |line: String| {
            line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        };
        lines.into_iter().filter_map(split).collect::<BTreeMap<_, _>>()
    });
    for (class, described) in &its {
        assert_eq!(
            Some(&comparable(described)),
            ours.get(class).map(|text| comparable(text)).as_ref(),
            "{class}"
        );
    }
    assert_eq!(its.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
}

/// A description without what the original writes in two ways, depending on the request before: that a class has an access
/// list, and that everybody may do everything.
fn comparable(described: &str) -> (String, Value) {
    let (flag, json) = described.split_once(' ').unwrap();
    let mut json: Value = serde_json::from_str(json).unwrap();
    let fields = json["fields"].as_object_mut().unwrap();
    for name in ["ACL", "_rperm", "_wperm"] {
        fields.remove(name);
    }
    let open = json!({
        "ACL": {"*": {"read": true, "write": true}}, "find": {"*": true}, "get": {"*": true}, "count": {"*": true},
        "create": {"*": true}, "update": {"*": true}, "delete": {"*": true}, "addField": {"*": true},
        "protectedFields": {"*": []},
    });
    if json.get("classLevelPermissions") == Some(&open) {
        json.as_object_mut().unwrap().remove("classLevelPermissions");
    }
    (flag.to_owned(), json)
}
