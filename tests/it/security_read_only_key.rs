//! The read-only master key reads everything and writes nothing, on any route and in any form.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::support::{APP_ID, Caller, READ_ONLY_KEY, TestServer, private};

/// An object that nobody else can read, and the state to compare with.
struct Archive {
    server: TestServer,
    id: String,
    before: Value,
}

impl Archive {
    fn new() -> Self {
        let server = TestServer::with(&json!({"readOnlyMasterKey": READ_ONLY_KEY}));
        server.class("Paper", &json!({"s": {"type": "String"}, "n": {"type": "Number"}}));
        server.class("Empty", &json!({}));
        let id = server.master().create("Paper", &json!({"s": "sealed", "n": 1, "ACL": private()}));
        let before = Self::state(&server);
        Self { server, id, before }
    }

    fn state(server: &TestServer) -> Value {
        let master = server.master();
        json!([
            master.get("/classes/Paper").is(200).results(),
            master.get("/schemas").is(200).results()
        ])
    }

    fn reader(&self) -> Caller {
        self.server.public().with("X-Parse-Master-Key", READ_ONLY_KEY)
    }

    fn path(&self) -> String {
        format!("/classes/Paper/{}", self.id)
    }

    /// Every write of the REST API: method, path, body.
    fn writes(&self) -> Vec<(&'static str, String, Value)> {
        vec![
            ("POST", "/classes/Paper".to_owned(), json!({"s": "new"})),
            ("POST", "/classes/Fresh".to_owned(), json!({"s": "new"})),
            ("PUT", self.path(), json!({"s": "new"})),
            ("PUT", self.path(), json!({"n": {"__op": "Increment", "amount": 1}})),
            ("PUT", self.path(), json!({"fresh": "field"})),
            ("DELETE", self.path(), json!({})),
            ("POST", "/schemas".to_owned(), json!({"className": "Fresh"})),
            ("POST", "/schemas/Fresh".to_owned(), json!({})),
            ("PUT", "/schemas/Paper".to_owned(), json!({"fields": {"fresh": {"type": "String"}}})),
            (
                "PUT",
                "/schemas/Paper".to_owned(),
                json!({"classLevelPermissions": {"find": {"*": true}}}),
            ),
            ("DELETE", "/schemas/Empty".to_owned(), json!({})),
            ("DELETE", "/purge/Paper".to_owned(), json!({})),
            ("POST", "/jobs/any".to_owned(), json!({})),
            ("POST", "/cloud_code/jobs".to_owned(), json!({"job_schedule": {"jobName": "any"}})),
            ("PUT", "/cloud_code/jobs/any".to_owned(), json!({"job_schedule": {"jobName": "any"}})),
            ("DELETE", "/cloud_code/jobs/any".to_owned(), json!({})),
        ]
    }

    fn is_intact(&self) {
        assert_eq!(Self::state(&self.server), self.before);
    }
}

#[test]
fn it_reads() {
    let archive = Archive::new();
    let reader = archive.reader();
    assert_eq!(reader.get(&archive.path()).is(200).json()["s"], "sealed");
    assert_eq!(reader.find("Paper", &json!({})).is(200).results().len(), 1);
    reader.get("/schemas").is(200);
    assert_eq!(reader.graphql("{ papers { count } }").data("/papers/count"), 1);
}

#[test]
fn no_route_lets_it_write() {
    let archive = Archive::new();
    let reader = archive.reader();
    for (method, path, body) in archive.writes() {
        let body = body.to_string();
        reader.send(method, &format!("/parse{path}"), Some(body.as_bytes())).is_refused();
    }
    archive.is_intact();
}

#[test]
fn no_override_of_the_method_lets_it_write() {
    let archive = Archive::new();
    for (method, path, mut body) in archive.writes() {
        body["_method"] = json!(method);
        archive.reader().post(&path, &body).is_refused();
    }
    archive.is_intact();
}

#[test]
fn the_key_in_the_body_or_as_a_password_is_the_same_key() {
    let archive = Archive::new();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{APP_ID}:{READ_ONLY_KEY}")));
    let by_password = archive.server.nobody().with("Authorization", &basic);
    assert_eq!(by_password.get("/schemas").status, 200);
    for (method, path, mut body) in archive.writes() {
        let plain = body.to_string();
        by_password.send(method, &format!("/parse{path}"), Some(plain.as_bytes())).is_refused();
        body["_method"] = json!(method);
        body["_ApplicationId"] = json!(APP_ID);
        body["_MasterKey"] = json!(READ_ONLY_KEY);
        archive.server.nobody().post(&path, &body).is_refused();
    }
    archive.is_intact();
}

#[test]
fn no_batch_lets_it_write() {
    let archive = Archive::new();
    for (method, path, body) in archive.writes() {
        let requests = json!([{"method": method, "path": format!("/parse{path}"), "body": body}]);
        let answer = archive.reader().post("/batch", &json!({"requests": requests}));
        assert!(answer.is_refusal() || answer.json()[0].get("error").is_some(), "{answer}");
        archive
            .reader()
            .post("/batch", &json!({"requests": requests, "transaction": true}))
            .is_refused();
    }
    archive.is_intact();
}

#[test]
fn no_mutation_lets_it_write() {
    let archive = Archive::new();
    let id = &archive.id;
    for mutation in [
        "createPaper(input: {fields: {s: \"new\"}}) { paper { id } }".to_owned(),
        format!("updatePaper(input: {{id: \"{id}\", fields: {{s: \"new\"}}}}) {{ paper {{ id }} }}"),
        format!("deletePaper(input: {{id: \"{id}\"}}) {{ paper {{ id }} }}"),
        "createClass(input: {name: \"Fresh\"}) { class { name } }".to_owned(),
        "updateClass(input: {name: \"Paper\", schemaFields: {addStrings: [{name: \"t\"}]}}) { class { name } }".to_owned(),
        "deleteClass(input: {name: \"Empty\"}) { class { name } }".to_owned(),
    ] {
        archive.reader().graphql(&format!("mutation {{ {mutation} }}")).is_refused_with(&[119]);
    }
    archive.is_intact();
}

#[test]
fn no_aggregation_writes() {
    let archive = Archive::new();
    for stage in [
        json!({"$out": "Fresh"}),
        json!({"$merge": {"into": "Paper"}}),
        json!({"$out": {"db": "x", "coll": "Paper"}}),
    ] {
        for caller in [archive.reader(), archive.server.master()] {
            caller.ask("/aggregate/Paper", &json!({"pipeline": [stage]})).is_refused();
            caller
                .ask("/aggregate/Paper", &json!({"pipeline": [{"$match": {"n": 1}}, stage]}))
                .is_refused();
        }
    }
    archive.is_intact();
}

#[test]
fn the_maintenance_key_is_no_master_key() {
    let server = TestServer::with(&json!({"maintenanceKey": "it-maintenance-key"}));
    server.class("Paper", &json!({"s": {"type": "String"}}));
    let keeper = server.public().with("X-Parse-Maintenance-Key", "it-maintenance-key");
    for path in ["/schemas", "/schemas/Paper", "/aggregate/Paper?distinct=s", "/serverInfo"] {
        keeper.get(path).is(403);
    }
    keeper.post("/schemas/Fresh", &json!({})).is(403);
    keeper.put("/schemas/Paper", &json!({"fields": {"t": {"type": "String"}}})).is(403);
    keeper.delete("/schemas/Paper").is(403);
    keeper.delete("/purge/Paper").is(403);
    keeper.graphql("{ classes { name } }").is_refused_with(&[119]);
    keeper
        .graphql("mutation { createClass(input: {name: \"Fresh\"}) { class { name } } }")
        .is_refused_with(&[119]);
}
