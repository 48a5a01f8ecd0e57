//! Internal classes: which classes a client can name is an allow-list by kind.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use crate::support::{TestServer, pointer};

const INTERNAL: [&str; 10] = [
    "_Hooks",
    "_GlobalConfig",
    "_GraphQLConfig",
    "_JobStatus",
    "_PushStatus",
    "_JobSchedule",
    "_Audience",
    "_Idempotency",
    "_Join:users:_Role",
    "_Join:roles:_Role",
];

#[test]
fn clients_can_not_touch_them() {
    let server = TestServer::start();
    let public = server.public();
    for class in INTERNAL {
        public.get(&format!("/classes/{class}")).is_refused_with(&[119]);
        public.get(&format!("/classes/{class}?count=1&limit=0")).is_refused_with(&[119]);
        public.get(&format!("/classes/{class}/x")).is_refused_with(&[119]);
        public.post(&format!("/classes/{class}"), &json!({"a": 1})).is_refused_with(&[119]);
        public.put(&format!("/classes/{class}/x"), &json!({"a": 1})).is_refused_with(&[119]);
        public.delete(&format!("/classes/{class}/x")).is_refused_with(&[119]);
        let entries = ["GET", "POST"]
            .map(|method| json!({"method": method, "path": format!("/parse/classes/{class}")}));
        for answer in
            public.post("/batch", &json!({"requests": entries})).is(200).json().as_array().unwrap()
        {
            assert_eq!(answer["error"]["code"], 119, "{class}");
        }
    }
}

#[test]
fn a_query_inside_a_query_does_not_reach_them() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    let public = server.public();
    for class in INTERNAL {
        let query = json!({"className": class, "where": {}});
        for filter in [
            json!({"s": {"$inQuery": query}}),
            json!({"s": {"$notInQuery": query}}),
            json!({"s": {"$select": {"query": query, "key": "url"}}}),
            json!({"$or": [{"s": {"$dontSelect": {"query": query, "key": "url"}}}]}),
        ] {
            public.find("Doc", &json!({"where": filter})).is_refused_with(&[119]);
        }
        let graphql = format!(
            "{{ docs(where: {{s: {{inQueryKey: {{key: \"url\", query: {{className: \"{class}\", where: {{}}}}}}}}}}) {{ count }} }}"
        );
        public.graphql(&graphql).is_refused_with(&[119]);
    }
}

#[test]
fn includes_do_not_reach_them() {
    let server = TestServer::start();
    let (public, master) = (server.public(), server.master());
    for (at, class) in
        ["_JobStatus", "_Audience", "_PushStatus", "_Hooks", "_Session"].iter().enumerate()
    {
        let field = format!("p{at}");
        let secret = master.post(
            &format!("/classes/{class}"),
            &json!({"objectId": "inner", "status": "hush-hush", "name": "hush-hush"}),
        );
        let id = secret.json()["objectId"].as_str().unwrap_or("inner").to_owned();
        // The server may also refuse to store such a pointer.
        public.post(
            "/classes/Doc",
            &json!({&field: pointer(class, &id), "list": [pointer(class, &id)]}),
        );
        for include in [field.as_str(), "list", "*"] {
            public.find("Doc", &json!({"include": include})).hides("hush-hush");
        }
        public.find("Doc", &json!({"includeAll": true})).hides("hush-hush");
        public
            .find("Doc", &json!({"keys": format!("{field}.status,{field}.name")}))
            .hides("hush-hush");
    }
}

#[test]
fn a_redirect_does_not_reach_them() {
    let server = TestServer::start();
    server.public().create("Doc", &json!({"s": "x"}));
    for key in INTERNAL.iter().chain(&["s", "_User", "className"]) {
        let found = server.public().find("Doc", &json!({"redirectClassNameForKey": key})).is(200);
        assert_eq!(found.results().len(), 1, "{key}: {found}");
    }
    server.master().put(
        "/schemas/Doc",
        &json!({"fields": {"r": {"type": "Relation", "targetClass": "_Audience"}}}),
    );
    let found = server.public().find("Doc", &json!({"redirectClassNameForKey": "r"}));
    assert!(found.code() == Some(119) || found.results().len() == 1, "{found}");
}

#[test]
fn relations_do_not_reach_them() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    for class in INTERNAL {
        let related = json!({"$relatedTo": {"object": pointer(class, "x"), "key": "users"}});
        let found = server.public().find("Doc", &json!({"where": related}));
        assert!(found.is_refusal() || found.results().is_empty(), "{found}");
    }
}

#[test]
fn the_catalog_is_no_class() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    for class in [
        "_SCHEMA",
        "_schema",
        "_parsimony",
        "sqlite_master",
        "sqlite_schema",
        "sqlite_sequence",
        "pragma_table_info",
    ] {
        for caller in [server.public(), server.master()] {
            caller.get(&format!("/classes/{class}")).hides("Doc").hides("CREATE");
            caller.get(&format!("/classes/{class}/Doc")).is_refused();
            caller.put(&format!("/classes/{class}/Doc"), &json!({"schema": {}})).is_refused();
            caller.delete(&format!("/classes/{class}/Doc")).is_refused();
        }
        // Some of the names are those of any class; then it is one, and not a table of the database.
        server.public().post(&format!("/classes/{class}"), &json!({"a": 1}));
        server.public().get(&format!("/classes/{class}")).hides("Doc").hides("CREATE");
    }
    server.master().get("/schemas/Doc").is(200);
    server.public().create("Doc", &json!({"s": "still there"}));
}

#[test]
fn the_class_route_is_no_way_past_the_rules_of_accounts() {
    let server = TestServer::start();
    for caller in [server.public(), server.master()] {
        caller
            .post("/classes/_User", &json!({"username": "u", "_hashed_password": "x"}))
            .is_refused();
        caller.put("/classes/_User/x", &json!({"username": "u"})).is_refused();
        caller.put("/classes/_Session/x", &json!({"sessionToken": "r:x"})).is_refused();
    }
    server.public().post("/classes/_Session", &json!({"sessionToken": "r:x"})).is_refused();
    server.public().get("/classes/_Session").is_refused();
    server.public().get("/classes/_Installation").is_refused_with(&[119]);
}

#[test]
fn routes_of_the_master_key() {
    let server = TestServer::start();
    server.class("Doc", &json!({"s": {"type": "String"}}));
    let public = server.public();
    for path in ["/schemas", "/schemas/Doc", "/aggregate/Doc?distinct=s", "/serverInfo"] {
        public.get(path).is(403);
        let body = json!({"_method": "GET"});
        public.post(path, &body).is(403);
    }
    public.post("/schemas/Other", &json!({})).is(403);
    public.put("/schemas/Doc", &json!({"fields": {"t": {"type": "String"}}})).is(403);
    public.delete("/schemas/Doc").is(403);
    public.delete("/purge/Doc").is(403);
    for query in [
        "{ classes { name } }",
        "{ class(name: \"Doc\") { name } }",
        "mutation { createClass(input: {name: \"X\"}) { class { name } } }",
        "mutation { updateClass(input: {name: \"Doc\"}) { class { name } } }",
        "mutation { deleteClass(input: {name: \"Doc\"}) { class { name } } }",
    ] {
        public.graphql(query).is_refused_with(&[119]);
    }
}

#[test]
fn global_ids_name_only_classes_of_the_schema() {
    let server = TestServer::start();
    for class in
        INTERNAL.iter().chain(&["_SCHEMA", "sqlite_master", "__proto__", "constructor", ""])
    {
        let id = BASE64_STANDARD.encode(format!("{class}:x"));
        server.public().graphql(&format!("{{ node(id: \"{id}\") {{ id }} }}")).is_refused();
    }
}
