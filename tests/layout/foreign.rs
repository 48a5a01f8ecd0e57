//! Rows that parse-server wrote (`original.sql`) are served, and what is written beside them looks like them.

use serde_json::{Value, json};

use crate::postgres::TestDatabase;
use crate::process::Process;
use crate::server::{ask, ask_with};

const ORIGINAL: &str = include_str!("original.sql");

fn serve() -> Option<(TestDatabase, Process)> {
    let database = TestDatabase::create()?;
    database.psql(ORIGINAL).unwrap();
    let server = Process::parsimony(
        &database.uri(),
        &json!({"appName": "layout", "fileUpload": {"allowedFileUrlDomains": ["*"]}}),
    );
    Some((database, server))
}

fn get(server: &Process, path: &str) -> Value {
    ask(server, "GET", path, &Value::Null)
}

/// What the object `full` is in requests and answers.
fn full() -> Value {
    let date = json!({"__type": "Date", "iso": "2020-02-03T04:05:06.789Z"});
    let pointer = json!({"__type": "Pointer", "className": "Other", "objectId": "other"});
    let point = json!({"__type": "GeoPoint", "latitude": 1, "longitude": 2});
    let file = json!({"__type": "File", "name": "x.txt", "url": "http://x/x.txt"});
    let bytes = json!({"__type": "Bytes", "base64": "AQID"});
    json!({
        "s": "tex\"t\u{e9}\n", "n": 3.5, "b": true, "d": date,
        "o": {"a": 1, "b": [1, {"c": null}], "d": date, "p": pointer, "g": point, "f": file, "by": bytes, "n": null},
        "a": [1, "x", null, true, date, pointer, point, {"k": {"deep": 1}}, bytes, file],
        "g": {"__type": "GeoPoint", "latitude": 10.5, "longitude": -20.25},
        "pg": {"__type": "Polygon", "coordinates": [[0, 0], [0, 10], [20, 10], [0, 0]]},
        "by": {"__type": "Bytes", "base64": "AQIDBA=="},
        "p": pointer, "req": "x", "dd": {"__type": "Date", "iso": "2014-01-01T00:00:00.000Z"},
        "ACL": {"ann": {"read": true, "write": true}, "role:x": {"read": true}, "*": {"read": true}},
    })
}

#[test]
fn values_of_every_type_are_read() {
    let Some((_database, server)) = serve() else { return };
    let mut shown = get(&server, "/classes/Thing/full");
    let members = shown.as_object_mut().unwrap();
    assert_eq!(members.remove("objectId"), Some(json!("full")));
    assert_eq!(members.remove("createdAt"), Some(json!("2026-11-21T16:34:54.255Z")));
    assert_eq!(members.remove("updatedAt"), Some(json!("2026-11-21T16:34:54.279Z")));
    let relation = json!({"__type": "Relation", "className": "Other"});
    assert_eq!(members.remove("r"), Some(relation));
    let file = members.remove("f").unwrap();
    assert_eq!((&file["__type"], &file["name"]), (&json!("File"), &json!("abc_hello.txt")));
    assert_eq!(shown, full());
    let ids = |filter: Value| {
        let path =
            format!("/classes/Thing?keys=objectId&order=objectId&where={}", encoded(&filter));
        let found = get(&server, &path);
        let ids = found["results"].as_array().unwrap().iter();
        ids.map(|object| object["objectId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let pointer = json!({"__type": "Pointer", "className": "Other", "objectId": "other"});
    let date = json!({"__type": "Date", "iso": "2020-02-03T04:05:06.789Z"});
    assert_eq!(ids(json!({"p": pointer})), ["full"]);
    assert_eq!(ids(json!({"d": date})), ["full"]);
    assert_eq!(ids(json!({"d": {"$lt": date}})), ["old"]);
    assert_eq!(ids(json!({"a": date})), ["full"]);
    assert_eq!(ids(json!({"o.p": pointer})), ["full"]);
    assert_eq!(ids(json!({"by": full()["by"]})), ["full"]);
    assert_eq!(ids(json!({"g": full()["g"]})), ["full"]);
    assert_eq!(ids(json!({"pg": full()["pg"]})), ["full"]);
    assert_eq!(ids(json!({"s": {"$text": {"$search": {"$term": "texte"}}}})), Vec::<String>::new());
    assert_eq!(ids(json!({"n": {"$exists": false}})), ["closed", "nulls", "old"]);
    assert_eq!(get(&server, "/classes/Thing/old")["a"], json!([]));
    let related = json!({"$relatedTo": {"object": {"__type": "Pointer", "className": "Thing", "objectId": "full"}, "key": "r"}});
    let found = get(&server, &format!("/classes/Other?where={}", encoded(&related)));
    assert_eq!(found["results"][0]["name"], json!("other"));
    server.stop();
}

#[test]
fn users_sessions_and_roles_are_known() {
    let Some((database, server)) = serve() else { return };
    let login = json!({"username": "ann", "password": "pw2"});
    let user = ask_with(&server, ("X-Parse-Installation-Id", "i"), "POST", "/login", &login);
    assert_eq!((&user["objectId"], &user["nick"]), (&json!("ann"), &json!("n")));
    assert_eq!(user["emailVerified"], json!(false));
    let session = ("X-Parse-Session-Token", "r:b9046bbcbf9fc599e914ef7538fb3af4");
    let me = ask_with(&server, session, "GET", "/users/me", &Value::Null);
    assert_eq!(me["phone"], json!("1"));
    // He is in role x, to whom creating is allowed.
    ask_with(&server, session, "POST", "/classes/Thing", &json!({"req": "by ann"}));
    let roles = get(&server, "/roles?order=name");
    assert_eq!(roles["results"][1]["name"], json!("y"));
    let again = json!({"authData": {"anonymous": {"id": "anon-1"}}});
    let anonymous = ask(&server, "POST", "/users", &again);
    assert_eq!(anonymous["objectId"], json!("anon"));
    assert_eq!(get(&server, "/users/anon")["authData"], json!({"anonymous": {"id": "anon-1"}}));
    // A name, an address and an account are taken once.
    let indexes = database.psql("SELECT indexname FROM pg_indexes WHERE tablename = '_User' AND indexdef LIKE '%UNIQUE%' ORDER BY indexname COLLATE \"C\"").unwrap();
    let expected = [
        "_User:email:unique",
        "_User:username:unique",
        "_User_pkey",
        "_User_unique_authData_anonymous_id",
        "_User_unique_email",
        "_User_unique_username",
    ];
    assert_eq!(indexes.lines().collect::<Vec<_>>(), expected);
    server.stop();
}

#[test]
fn classes_without_a_description_are_known() {
    let Some((database, server)) = serve() else { return };
    let config = get(&server, "/config");
    assert_eq!(config["params"]["d"], json!({"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"}));
    assert_eq!(config["masterKeyOnly"], json!({"a": false, "b": true, "d": false}));
    ask(&server, "PUT", "/config", &json!({"params": {"a": 3}}));
    let params = database.psql("SELECT params ->> 'a' FROM \"_GlobalConfig\"").unwrap();
    assert_eq!(params, "3");
    let jobs = get(&server, "/classes/_JobStatus");
    assert_eq!(
        jobs["results"],
        json!([{
            "objectId": "job", "createdAt": "2026-11-21T16:34:54.357Z", "jobName": "job1", "source": "api",
            "status": "succeeded", "message": "done", "ACL": {},
            "finishedAt": {"__type": "Date", "iso": "2026-11-21T16:34:54.359Z"},
        }])
    );
    let made = ask(&server, "POST", "/classes/_Audience", &json!({"name": "all", "query": "{}"}));
    assert!(made["objectId"].is_string());
    let hooks = get(&server, "/classes/_Hooks?order=url");
    let hooks = hooks["results"].as_array().unwrap();
    assert_eq!((hooks.len(), &hooks[0]["functionName"]), (2, &json!("hf")));
    assert!(hooks.iter().all(|hook| hook["objectId"].as_str().is_some_and(|id| id.len() == 10)));
    let described = "SELECT count(*) FROM \"_SCHEMA\" WHERE \"className\" LIKE '\\_%'";
    assert_eq!(database.psql(described).unwrap(), "3");
    server.stop();
}

#[test]
fn class_schemas_are_read() {
    let Some((_database, server)) = serve() else { return };
    let thing = get(&server, "/schemas/Thing");
    assert_eq!(thing["fields"]["ACL"], json!({"type": "ACL"}));
    assert_eq!(
        thing["fields"]["req"],
        json!({"type": "String", "required": true, "defaultValue": "x"})
    );
    assert_eq!(
        thing["indexes"],
        json!({"_id_": {"_id": 1}, "i1": {"n": -1, "s": 1}, "t1": {"s": "text"}})
    );
    assert_eq!(thing["classLevelPermissions"]["create"], json!({"role:x": true}));
    let none = json!({});
    let partial = get(&server, "/schemas/Partial");
    assert_eq!(
        partial["classLevelPermissions"],
        json!({
            "find": {"*": true}, "get": none, "count": none, "create": none, "update": none, "delete": none,
            "addField": none, "protectedFields": none,
        })
    );
    let user = get(&server, "/schemas/_User");
    assert_eq!(user["fields"]["password"], json!({"type": "String"}));
    assert!(user["fields"].get("_hashed_password").is_none());
    server.stop();
}

#[test]
fn rows_beside_them_look_like_them() {
    let Some((database, server)) = serve() else { return };
    let mut object = full();
    object["f"] = json!({"__type": "File", "name": "abc_hello.txt"});
    let other = json!({"__type": "Pointer", "className": "Other", "objectId": "other"});
    object["r"] = json!({"__op": "AddRelation", "objects": [other]});
    let made = ask(&server, "POST", "/classes/Thing", &object);
    let id = made["objectId"].as_str().unwrap();
    let empty = ask(&server, "POST", "/classes/Thing", &json!({"req": "nulls", "s": null}));
    let empty = empty["objectId"].as_str().unwrap();
    let row = |id: &str| {
        let row = database
            .psql(&format!("SELECT to_jsonb(t) - 'objectId' - 'createdAt' - 'updatedAt' FROM \"Thing\" AS t WHERE \"objectId\" = '{id}'"))
            .unwrap();
        serde_json::from_str::<Value>(&row).unwrap()
    };
    // Who is named first in an access list says nothing.
    let sorted = |mut row: Value| {
        for list in ["_rperm", "_wperm"] {
            row[list].as_array_mut().unwrap().sort_by_key(|name| name.as_str().map(str::to_owned));
        }
        row
    };
    assert_eq!(sorted(row(id)), sorted(row("full")));
    assert_eq!(row(empty), row("nulls"));
    let joined =
        database.psql("SELECT count(*) FROM \"_Join:r:Thing\" WHERE \"relatedId\" = 'other'");
    assert_eq!(joined.unwrap(), "2");
    // A class as the original describes it.
    ask(
        &server,
        "POST",
        "/schemas/Other2",
        &json!({"className": "Other2", "fields": {"name": {"type": "String"}}}),
    );
    let described = "SELECT count(DISTINCT schema - 'className') FROM \"_SCHEMA\" WHERE \"className\" LIKE 'Other%'";
    assert_eq!(database.psql(described).unwrap(), "1");
    // What the description says besides stays.
    let strange = r#"UPDATE "_SCHEMA" SET schema = jsonb_set(schema, '{fields,strange}', '{"type": "Vector"}') || '{"more": 1}' WHERE "className" = 'Other'"#;
    database.psql(strange).unwrap();
    server.stop();
    let server = Process::parsimony(
        &database.uri(),
        &json!({"appName": "layout", "fileUpload": {"allowedFileUrlDomains": ["*"]}}),
    );
    let change = json!({"className": "Other", "fields": {"n": {"type": "Number"}, "name": {"__op": "Delete"}}});
    ask(&server, "PUT", "/schemas/Other", &change);
    let kept = "SELECT schema -> 'fields' -> 'strange' ->> 'type', schema ->> 'more', schema -> 'fields' ? 'name' FROM \"_SCHEMA\" WHERE \"className\" = 'Other'";
    assert_eq!(database.psql(kept).unwrap(), "Vector|1|f");
    server.stop();
}

/// A class whose table lacks a column, one that has another type, one without a table, and users whose names differ in
/// case only: what can be served is served.
#[test]
fn what_is_not_as_it_should_be_does_not_stop_the_server() {
    let Some(database) = TestDatabase::create() else { return };
    database.psql(ORIGINAL).unwrap();
    database
        .psql(
            r#"ALTER TABLE "Other" DROP COLUMN name; ALTER TABLE "Thing" ALTER COLUMN n TYPE text;
               DROP TABLE "Plain"; DROP TABLE "_Join:r:Thing"; CREATE TABLE "Stranger" (x int);
               INSERT INTO "_User" ("objectId", username) VALUES ('ann2', 'ANN')"#,
        )
        .unwrap();
    let server = Process::parsimony(
        &database.uri(),
        &json!({"appName": "layout", "fileUpload": {"allowedFileUrlDomains": ["*"]}}),
    );
    let made = ask(&server, "POST", "/classes/Other", &json!({"name": "again"}));
    assert!(made["objectId"].is_string());
    assert_eq!(
        get(&server, "/classes/Other?order=-createdAt")["results"][0]["name"],
        json!("again")
    );
    assert_eq!(get(&server, "/classes/Plain")["results"], json!([]));
    let thing = get(&server, "/classes/Thing/full");
    assert_eq!((&thing["b"], thing.get("n")), (&json!(true), None));
    let login = json!({"username": "ann", "password": "pw2"});
    assert_eq!(ask(&server, "POST", "/login", &login)["objectId"], json!("ann"));
    server.stop();
}

fn encoded(json: &Value) -> String {
    json.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}
