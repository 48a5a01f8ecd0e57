//! Webhooks: what web servers are asked and what their answers mean. No cloud code runs here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::people::Person;
use crate::support::{MASTER_KEY, READ_ONLY_KEY, TestServer, soon};
use crate::web::{Answer, Asked, WebServer};

const KEY: &str = "it-webhook-key";

fn start(options: &Value) -> TestServer {
    let mut options = options.clone();
    options["webhookKey"] = json!(KEY);
    TestServer::with(&options)
}

/// A web server that answers every path with what stands after its first slash.
fn echo() -> WebServer {
    WebServer::start(|asked: &Asked| match asked.path.as_str() {
        "/ok" => Answer::Json(json!({"success": {"from": "webhook"}})),
        "/no" => Answer::Json(json!({"error": "the webhook says no"})),
        "/empty" => Answer::Json(json!({})),
        "/moved" => Answer::Text(302, "location: /ok\r\n", String::new()),
        "/broken" => Answer::Text(500, "", "<h1>secret stack</h1>".to_owned()),
        "/large" => Answer::Text(200, "", "x".repeat(70_000)),
        "/gone" => Answer::Nothing,
        "/silent" => Answer::Silence,
        other => Answer::Text(404, "", other.to_owned()),
    })
}

fn function(server: &TestServer, name: &str, url: &str) {
    server.master().post("/hooks/functions", &json!({"functionName": name, "url": url})).is(200);
}

fn trigger(server: &TestServer, class: &str, kind: &str, url: &str) {
    let hook = json!({"className": class, "triggerName": kind, "url": url});
    server.master().post("/hooks/triggers", &hook).is(200);
}

#[test]
fn a_function_is_asked_with_everything_but_keys() {
    let (server, web) = (start(&json!({})), echo());
    function(&server, "remote", &format!("{}/ok", web.origin()));
    let ada = Person::new(&server, "ada");
    let params = json!({"n": 1, "d": {"__type": "Date", "iso": "2015-06-21T18:02:52.249Z"}});
    let caller = ada.caller(&server).with("X-Custom", "yes");
    let answer = caller.post("/functions/remote", &params).is(200).json();
    assert_eq!(answer, json!({"result": {"from": "webhook"}}));
    server.master().post("/functions/remote", &json!({})).is(200);
    let asked = web.take();
    let [asked, by_master] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((asked.method.as_str(), asked.header("x-parse-webhook-key")), ("POST", Some(KEY)));
    let body = &asked.body;
    assert_eq!(body["params"], json!({"n": 1, "d": "2015-06-21T18:02:52.249Z"}));
    assert_eq!((&body["functionName"], &body["master"]), (&json!("remote"), &json!(false)));
    assert_eq!(body["user"]["objectId"], json!(ada.id));
    assert_eq!(body["user"].get("password"), None);
    assert_eq!(body["headers"]["x-custom"], "yes");
    assert_eq!(by_master.body["master"], true);
    assert!(!by_master.body.to_string().contains(MASTER_KEY), "{}", by_master.body);
}

#[test]
fn a_webhook_comes_before_a_function_of_the_same_name() {
    let code = "Parse.Cloud.define('both', () => 'cloud', { requireMaster: true });";
    let Some(server) = TestServer::with_cloud(code, &json!({})) else { return };
    let web = echo();
    let call = || server.public().post("/functions/both", &json!({}));
    call().is_refused_with(&[142]);
    function(&server, "both", &format!("{}/ok", web.origin()));
    assert_eq!(call().is(200).json(), json!({"result": {"from": "webhook"}}));
    server.master().put("/hooks/functions/both", &json!({"__op": "Delete"})).is(200);
    call().is_refused_with(&[142]);
}

#[test]
fn failures_are_told_without_what_is_behind_them() {
    let options = json!({"webhookTimeoutMs": 2_000, "webhookAnswerLimit": "64kb"});
    let (server, web) = (start(&options), echo());
    let text = |path: &str, code: i64, text: &str| {
        function(&server, path, &format!("{}/{path}", web.origin()));
        let answer = server.public().post(&format!("/functions/{path}"), &json!({}));
        assert_eq!(
            answer.hides("127.0.0.1").hides("stack").json(),
            json!({"code": code, "error": text})
        );
    };
    text("no", 141, "the webhook says no");
    text("moved", 141, "Webhook failed.");
    text("broken", 141, "Webhook failed.");
    text("large", 141, "Webhook answered too much.");
    text("gone", 141, "Webhook failed.");
    text("silent", 124, "Webhook took too long.");
    text("lost", 141, "Webhook failed.");
    let paths: Vec<String> = web.take().into_iter().map(|asked| asked.path).collect();
    let once = ["/no", "/moved", "/broken", "/large", "/gone", "/silent", "/lost"];
    assert_eq!(paths, once, "a function is asked once, and no redirect is followed");
    function(&server, "nobody", "http://127.0.0.1:9/x");
    let answer = server.public().post("/functions/nobody", &json!({})).is(400).json();
    assert_eq!(answer, json!({"code": 141, "error": "Webhook can not be reached."}));
    assert!(server.logged().contains("a webhook failed"), "{}", server.logged());
}

#[test]
fn who_only_reads_is_asked_again() {
    let server = start(&json!({}));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let web = WebServer::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => Answer::Text(503, "", "busy".to_owned()),
        _ => Answer::Json(json!({})),
    });
    trigger(&server, "Thing", "beforeFind", web.origin());
    server.public().find("Thing", &json!({})).is(200);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    trigger(&server, "Thing", "beforeSave", web.origin());
    server.public().post("/classes/Thing", &json!({})).is_refused_with(&[141]);
    assert_eq!(calls.load(Ordering::SeqCst), 3, "what may do something is asked once");
}

#[test]
fn what_is_saved_is_what_the_webhook_says() {
    let server = start(&json!({}));
    let web = WebServer::start(|asked: &Asked| {
        let object = &asked.body["object"];
        match object["mode"].as_str() {
            Some("refuse") => Answer::Json(json!({"error": {"code": 7, "message": "refused"}})),
            Some("keep") => Answer::Json(json!({"success": true})),
            Some("void") => Answer::Json(json!({"success": {}})),
            Some("change") => {
                let mut changed = object.clone();
                changed["by"] = json!("webhook");
                changed["objectId"] = json!("forgedForge");
                Answer::Json(json!({"success": changed}))
            }
            _ => Answer::Json(json!({"success": {"only": 1}})),
        }
    });
    trigger(&server, "Thing", "beforeSave", web.origin());
    let stored = |fields: Value| {
        let id = server.public().create("Thing", &fields);
        assert_ne!(id, "forgedForge");
        let mut object = server.public().get(&format!("/classes/Thing/{id}")).is(200).json();
        for name in ["objectId", "createdAt", "updatedAt"] {
            object.as_object_mut().unwrap().remove(name);
        }
        object
    };
    assert_eq!(stored(json!({"mode": "keep", "n": 1})), json!({"mode": "keep", "n": 1}));
    assert_eq!(stored(json!({"mode": "void", "n": 1})), json!({"mode": "void", "n": 1}));
    assert_eq!(stored(json!({"n": 1})), json!({"only": 1}));
    let changed = json!({"mode": "change", "n": 1, "by": "webhook"});
    assert_eq!(stored(json!({"mode": "change", "n": 1})), changed);
    let refused = server.public().post("/classes/Thing", &json!({"mode": "refuse"})).is(400);
    assert_eq!(refused.json(), json!({"code": 141, "error": "refused"}));
    web.take();
    let id = server.public().create("Thing", &json!({"mode": "keep", "o": {"a": 1}}));
    let path = format!("/classes/Thing/{id}");
    server.public().put(&path, &json!({"o.b": 2, "n": {"__op": "Increment", "amount": 3}})).is(200);
    let asked = web.take().pop().unwrap().body;
    assert_eq!(asked["object"]["o"], json!({"a": 1, "b": 2}));
    assert_eq!(asked["original"]["o"], json!({"a": 1}));
    assert_eq!(
        (&asked["object"]["objectId"], &asked["triggerName"]),
        (&json!(id), &json!("beforeSave"))
    );
    assert_eq!(server.public().get(&path).json()["n"], 3);
}

#[test]
fn cloud_code_runs_first_and_the_webhook_on_its_result() {
    let code =
        "Parse.Cloud.beforeSave('Thing', request => { request.object.set('steps', ['cloud']); });";
    let Some(server) = TestServer::with_cloud(code, &json!({})) else { return };
    let web = WebServer::start(|asked: &Asked| {
        let mut steps = asked.body["object"]["steps"].clone();
        steps.as_array_mut().expect("cloud code ran first").push(json!("webhook"));
        Answer::Json(json!({"success": {"steps": steps}}))
    });
    trigger(&server, "Thing", "beforeSave", web.origin());
    let id = server.public().create("Thing", &json!({}));
    let stored = server.public().get(&format!("/classes/Thing/{id}")).is(200).json();
    assert_eq!(stored["steps"], json!(["cloud", "webhook"]));
}

#[test]
fn only_a_master_who_may_write_registers_webhooks() {
    let server = start(&json!({"readOnlyMasterKey": READ_ONLY_KEY}));
    let hook = json!({"functionName": "f", "url": "http://127.0.0.1:9/"});
    let reader = server.public().with("X-Parse-Master-Key", READ_ONLY_KEY);
    for caller in [server.public(), Person::new(&server, "ada").caller(&server)] {
        caller.get("/hooks/functions").is(403);
        caller.get("/hooks/triggers/A/beforeSave").is(403);
        caller.post("/hooks/functions", &hook).is(403);
        caller.put("/hooks/functions/f", &hook).is(403);
        caller.put("/hooks/functions/f", &json!({"__op": "Delete"})).is(403);
    }
    reader.get("/hooks/functions").is(200);
    reader.post("/hooks/functions", &hook).is_refused_with(&[119]);
    reader.put("/hooks/functions/f", &hook).is_refused_with(&[119]);
    reader.put("/hooks/functions/f", &json!({"__op": "Delete"})).is_refused_with(&[119]);
    server.public().post("/classes/_Hooks", &hook).is_refused();
    assert_eq!(server.master().get("/hooks/functions").is(200).json(), json!([]));
}

#[test]
fn declarations_are_checked() {
    let server = start(&json!({}));
    let url = "http://127.0.0.1:9/";
    for bad in [
        json!({"functionName": "", "url": url}),
        json!({"functionName": 5, "url": url}),
        json!({"functionName": "f", "url": "notaurl"}),
        json!({"functionName": "f", "url": "file:///etc/passwd"}),
        json!({"functionName": "f", "url": 5}),
        json!({"className": "A", "triggerName": "beforeLogin", "url": url}),
        json!({"className": "_Session", "triggerName": "beforeSave", "url": url}),
        json!({"className": "_Hooks", "triggerName": "beforeSave", "url": url}),
        json!({"className": "A B", "triggerName": "beforeSave", "url": url}),
        json!({"className": "A", "url": url}),
    ] {
        let answer = server.master().post("/hooks/functions", &bad).is(400).json();
        assert_eq!(answer, json!({"code": 143, "error": "invalid hook declaration"}), "{bad}");
    }
}

#[test]
fn webhooks_outlive_a_restart_and_are_heard_of_elsewhere() {
    let directory = TempDir::new().unwrap();
    let uri = format!("sqlite:{}", directory.path().join("database.db").display());
    let options = json!({"databaseURI": uri, "cacheTTL": 250});
    let web = echo();
    let (one, other) = (start(&options), start(&options));
    let call = |server: &TestServer| server.public().post("/functions/remote", &json!({})).status;
    function(&one, "remote", &format!("{}/ok", web.origin()));
    assert_eq!(call(&one), 200);
    soon("a webhook of another server", || call(&other) == 200);
    one.stop();
    let again = start(&options);
    assert_eq!(call(&again), 200);
    again.master().put("/hooks/functions/remote", &json!({"__op": "Delete"})).is(200);
    assert_eq!(call(&again), 400);
    soon("a webhook is gone", || call(&other) == 400);
}

#[test]
fn the_graphql_schema_follows_the_functions() {
    let (server, web) = (start(&json!({"mountGraphQL": true})), echo());
    let call = "mutation { callCloudCode(input: {functionName: remote, clientMutationId: \"c\"}) { clientMutationId result } }";
    let names = || {
        let query = r#"{ __type(name: "CloudCodeFunction") { enumValues { name } } }"#;
        server.master().graphql(query).data("/__type")
    };
    assert_eq!(names(), Value::Null);
    server.public().graphql(call).is(400);
    function(&server, "remote", &format!("{}/ok", web.origin()));
    function(&server, "not a name", &format!("{}/ok", web.origin()));
    function(&server, "true", &format!("{}/ok", web.origin()));
    let answer = server.public().graphql(call);
    assert_eq!(
        answer.data("/callCloudCode"),
        json!({"clientMutationId": "c", "result": {"from": "webhook"}})
    );
    assert_eq!(names(), json!({"enumValues": [{"name": "remote"}]}));
    server
        .master()
        .put("/hooks/functions/remote", &json!({"url": format!("{}/no", web.origin())}))
        .is(200);
    let refused = server.public().graphql(call).json();
    assert_eq!(refused["errors"][0]["message"], "the webhook says no");
    assert_eq!(refused["errors"][0]["extensions"]["code"], 141);
    server.master().put("/hooks/functions/remote", &json!({"__op": "Delete"})).is(200);
    assert_eq!(names(), Value::Null);
    server.public().graphql(call).is(400);
}
