//! The configuration that says which classes the GraphQL API shows, and how.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{READ_ONLY_KEY, TestServer};

fn put(server: &TestServer, config: &Value) {
    server.master().put("/graphql-config", &json!({"params": config})).is(200);
}

/// The names of the fields of a type, of an input's fields, or of an enum's values.
fn names(server: &TestServer, type_name: &str) -> Vec<String> {
    let query = format!(
        "{{ __type(name: \"{type_name}\") {{ fields {{ name }} inputFields {{ name }} enumValues {{ name }} }} }}"
    );
    let told = server.master().graphql(&query).is(200).json()["data"]["__type"].clone();
    let lists = ["fields", "inputFields", "enumValues"];
    let list = lists.iter().find_map(|list| told[list].as_array().cloned()).unwrap_or_default();
    list.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

fn has(server: &TestServer, type_name: &str, field: &str) -> bool {
    names(server, type_name).iter().any(|name| name == field)
}

fn start() -> TestServer {
    let server = TestServer::with(&json!({"readOnlyMasterKey": READ_ONLY_KEY}));
    server.class("Team", &json!({"name": {"type": "String"}, "city": {"type": "String"}, "captain": {"type": "Pointer", "targetClass": "Player"}}));
    server.class("Player", &json!({"name": {"type": "String"}}));
    server
}

#[test]
fn only_the_master_reads_and_writes_it() {
    let server = start();
    let config = json!({"params": {"enabledForClasses": []}});
    server.public().get("/graphql-config").is(403);
    server.public().put("/graphql-config", &config).is(403);
    let reader = server.public().with("x-parse-master-key", READ_ONLY_KEY);
    reader.get("/graphql-config").is(200);
    assert!(reader.put("/graphql-config", &config).is_refusal());
    assert_eq!(server.master().get("/graphql-config").is(200).json(), json!({}));
    server.public().get("/classes/_GraphQLConfig").is_refused();
}

#[test]
fn classes_that_are_not_shown_are_plain_objects_where_others_point_to_them() {
    let server = start();
    put(&server, &json!({"disabledForClasses": ["Player"]}));
    server.public().graphql("{ players { count } }").is(400);
    let told = server
        .master()
        .graphql("{ __type(name: \"Team\") { fields { name type { name } } } }")
        .json();
    let fields = told["data"]["__type"]["fields"].as_array().cloned().unwrap_or_default();
    let captain = fields.iter().find(|field| field["name"] == "captain").cloned();
    assert_eq!(captain.map(|field| field["type"]["name"].clone()), Some(json!("Object")));
    // REST shows what it always does.
    server.public().get("/classes/Player").is(200);
    put(&server, &json!({}));
    server.public().graphql("{ players { count } }").is(200);
}

#[test]
fn fields_and_names_are_as_they_are_configured() {
    let server = start();
    put(
        &server,
        &json!({"classConfigs": [{
            "className": "Team",
            "type": {
                "inputFields": {"create": ["name"], "update": []}, "outputFields": ["name"],
                "constraintFields": ["city"], "sortFields": [],
            },
            "query": {"getAlias": "oneTeam", "find": false},
            "mutation": {"createAlias": "addTeam", "destroy": false},
        }]}),
    );
    assert!(
        has(&server, "Team", "name")
            && has(&server, "Team", "objectId")
            && !has(&server, "Team", "city")
    );
    assert_eq!(names(&server, "CreateTeamFieldsInput"), ["ACL", "name"]);
    assert_eq!(names(&server, "UpdateTeamFieldsInput"), ["ACL"]);
    assert_eq!(names(&server, "TeamWhereInput"), ["city", "OR", "AND", "NOR"]);
    assert_eq!(names(&server, "TeamOrder"), ["id_ASC", "id_DESC"]);
    assert!(
        has(&server, "Query", "oneTeam")
            && !has(&server, "Query", "team")
            && !has(&server, "Query", "teams")
    );
    assert!(has(&server, "Mutation", "addTeam") && has(&server, "Mutation", "updateTeam"));
    assert!(!has(&server, "Mutation", "createTeam") && !has(&server, "Mutation", "deleteTeam"));
    let public = server.public();
    let made = public
        .graphql("mutation { addTeam(input: {fields: {name: \"Red\"}}) { team { id name } } }")
        .json();
    let id = made["data"]["addTeam"]["team"]["id"].as_str().unwrap_or_default().to_owned();
    let one = public.graphql(&format!("{{ oneTeam(id: \"{id}\") {{ name }} }}")).json();
    assert_eq!(one["data"]["oneTeam"]["name"], "Red");
    public.graphql("{ oneTeam(id: \"x\") { city } }").is(400);
}

/// A field of a class gives way to one that has its name already.
#[test]
fn a_name_that_is_taken_is_not_taken_again() {
    let server = start();
    put(
        &server,
        &json!({"classConfigs": [
            {"className": "Team", "query": {"getAlias": "health", "findAlias": "players"}},
            {"className": "Player", "query": {"getAlias": "team"}},
        ]}),
    );
    let told = server.public().graphql("{ health players { count } }").is(200).json();
    assert_eq!(told["data"]["health"], true);
}

#[test]
fn it_is_kept() {
    let directory = TempDir::new().expect("a temporary directory");
    let server = TestServer::on_file(&directory, 0);
    server.class("Team", &json!({"name": {"type": "String"}}));
    put(&server, &json!({"disabledForClasses": ["Team"]}));
    server.stop();
    let server = TestServer::on_file(&directory, 0);
    server.public().graphql("{ teams { count } }").is(400);
    assert_eq!(
        server.master().get("/graphql-config").json(),
        json!({"disabledForClasses": ["Team"]})
    );
}
